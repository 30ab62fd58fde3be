using System.Text;
using Appliance.Fix;
using Appliance.TestKit;

namespace Appliance.Tests.Fix;

/// <summary>Dictionaries: what is read, what is refused with file and line, and what a message is checked for.</summary>
public class DictionaryTests
{
    private static readonly FixVersion[] Shipped = [FixVersion.Fix42, FixVersion.Fix44, FixVersion.Fix50, FixVersion.Fix50Sp1, FixVersion.Fix50Sp2];

    [Fact]
    public void The_shipped_dictionaries_have_the_messages_that_we_speak()
    {
        foreach (var version in Shipped)
        {
            var dictionaries = FixDictionaries.Shipped(version);
            Assert.Equal(version, dictionaries.Version);
            foreach (uint type in new uint[] { '0', '1', '2', '3', '4', '5', 'A', 'D', 'F', 'G', 'H', '8', '9', 'j' })
                Assert.NotNull(dictionaries.For(type).Message(type));
            Assert.Equal(version != FixVersion.Fix42, dictionaries.Application.Message(FixMsgType.OrderMassStatusRequest) is not null);
        }
    }

    [Theory]
    [InlineData("<fix type='FIX' major='4' minor='4'>", ":1: this is no well-formed XML")]
    [InlineData("<other/>", ":1: the root element is <other>")]
    [InlineData("<fix type='FIX' minor='4'></fix>", ":1: <fix> has no attribute major")]
    [InlineData("<fix major='4' minor='4'>\n<messages/></fix>", ":1: there is no <fields>")]
    [InlineData("<fix major='4' minor='4'>\n<messages/>\n<fields><field number='0' name='A' type='INT'/></fields></fix>", ":3: number '0' of field A is no tag")]
    [InlineData("<fix major='4' minor='4'>\n<messages/>\n<fields><field number='1' name='A' type='INT'/>\n<field number='1' name='B' type='INT'/></fields></fix>", ":4: tag 1 is defined twice")]
    [InlineData("<fix major='4' minor='4'>\n<messages><message name='M' msgtype='X'>\n<field name='B' required='N'/></message></messages><fields><field number='1' name='A' type='INT'/></fields></fix>", ":3: field B is not defined")]
    [InlineData("<fix major='4' minor='4'>\n<messages><message name='M' msgtype='X'>\n<component name='C' required='N'/></message></messages><fields><field number='1' name='A' type='INT'/></fields></fix>", ":3: component C is not defined")]
    [InlineData("<fix major='4' minor='4'><messages><message name='M' msgtype='X'><component name='C' required='N'/></message></messages>\n<components><component name='C'><component name='C'/></component></components><fields><field number='1' name='A' type='INT'/></fields></fix>", "nested without end")]
    public void A_dictionary_that_cannot_be_used_names_file_and_line(string xml, string told)
    {
        var thrown = Assert.Throws<FixDictionaryException>(() => FixDictionaryReader.Read(new MemoryStream(Encoding.UTF8.GetBytes(xml)), "venue.xml"));
        Assert.StartsWith("venue.xml", thrown.Message, StringComparison.Ordinal);
        Assert.Contains(told, thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_and_a_wrong_pair_are_told()
    {
        Assert.Contains("nowhere.xml", Assert.Throws<FixDictionaryException>(() => FixDictionaryReader.Read("nowhere.xml")).Message, StringComparison.Ordinal);
        var five = FixDictionaries.Shipped(FixVersion.Fix50);
        Assert.Contains("transport", Assert.Throws<ArgumentException>(() => new FixDictionaries(five.Application)).Message, StringComparison.Ordinal);
        Assert.Contains("transport", Assert.Throws<ArgumentException>(() => new FixDictionaries(five.Transport)).Message, StringComparison.Ordinal);
        Assert.Contains("no transport dictionary", Assert.Throws<ArgumentException>(() => new FixDictionaries(FixDictionaries.Shipped(FixVersion.Fix44).Application, five.Transport)).Message, StringComparison.Ordinal);
    }

    private const string Head = "35=D|49=A|56=B|34=1|52=20231114-22:13:20.000|", Order = "11=5|55=AAPL|54=1|38=100|40=2|44=1.5|60=20231114-22:13:20.000|";

    [Theory]
    [InlineData(Head + Order, -1, 0)]
    [InlineData(Head + Order + "453=2|448=X|447=D|452=1|448=Y|447=D|452=3|", -1, 0)]
    [InlineData(Head + Order + "453=0|", -1, 0)]
    [InlineData(Head + Order + "453=2|448=X|447=D|452=1|", 16, 453)]
    [InlineData(Head + Order + "453=1|448=X|447=D|452=1|448=Y|", 16, 453)]
    [InlineData(Head + Order + "453=1|447=D|448=X|452=1|", 16, 453)]
    [InlineData(Head + Order + "453=1|447=D|452=1|", 15, 447)]
    [InlineData(Head + Order + "453=1|448=X|452=z|", 6, 452)]
    [InlineData(Head + Order + "453=1|448=X|452=1|452=2|", 13, 452)]
    [InlineData(Head + Order + "11=6|", 13, 11)]
    [InlineData(Head + "55=AAPL|54=1|38=100|40=2|60=20231114-22:13:20.000|", 1, 11)]
    [InlineData(Head + Order + "59=x|", 5, 59)]
    [InlineData(Head + Order + "99=1.5.5|", 6, 99)]
    [InlineData(Head + Order + "99=+1|", 6, 99)]
    [InlineData(Head + Order + "126=20231399-10:00:00|", 6, 126)]
    [InlineData(Head + Order + "432=20230230|", 6, 432)]
    [InlineData(Head + Order + "200=202313|", 6, 200)]
    [InlineData(Head + Order + "200=202312w2|", -1, 0)]
    [InlineData(Head + Order + "114=y|", 6, 114)]
    [InlineData(Head + Order + "58=|", 4, 58)]
    [InlineData(Head + Order + "7=1|", 2, 7)]
    [InlineData(Head + Order + "4999=1|", 0, 4999)]
    [InlineData(Head + Order + "9999=1|", 0, 9999)]
    [InlineData(Head + Order + "-7=1|", 0, -7)]
    [InlineData(Head + Order + "50=X|", 14, 50)]
    [InlineData("35=D|49=A|56=B|34=1|52=20231114-22:13:20.000|50=|" + Order, 4, 50)]
    [InlineData("35=D|49=A|56=B|34=1|52=20231114-22:13:20.000|50=X|50=Y|" + Order, 13, 50)]
    [InlineData("35=zz|49=A|56=B|34=1|52=20231114-22:13:20.000|", 11, 0)]
    public void A_message_is_checked_for_everything_that_the_dictionary_says(string body, int reason, int tag)
    {
        var validator = new MessageValidator(FixDictionaries.Shipped(FixVersion.Fix44), new FixValidationOptions { Level = FixValidation.Full });
        Assert.Equal(new FixVerdict(reason, tag), Check(validator, body));
    }

    [Fact]
    public void Levels_and_options_check_less()
    {
        var dictionaries = FixDictionaries.Shipped(FixVersion.Fix44);
        var structural = new MessageValidator(dictionaries, new FixValidationOptions { Level = FixValidation.Structural });
        Assert.True(Check(structural, Head + "59=x|4999=1|").IsNone);
        Assert.Equal(new FixVerdict(SessionRejectReason.TagWithoutValue, 59), Check(structural, Head + "59=|"));
        Assert.Equal(new FixVerdict(SessionRejectReason.TagOutOfOrder, 50), Check(structural, Head + "59=0|50=X|"));
        var lenient = new MessageValidator(dictionaries, new FixValidationOptions { Level = FixValidation.Full, CheckUserTags = false, AllowUnknownFields = true, CheckValuesPresent = false, CheckFieldOrder = false });
        Assert.True(Check(lenient, Head + Order + "9999=1|4999=1|58=|50=X|").IsNone);
        var strict = new MessageValidator(dictionaries, new FixValidationOptions { Level = FixValidation.Full, CheckGroupOrder = true });
        Assert.Equal(new FixVerdict(SessionRejectReason.GroupOutOfOrder, 447), Check(strict, Head + Order + "453=1|448=X|452=1|447=D|"));
    }

    [Fact]
    public void Transport_and_application_are_checked_by_their_own_dictionaries()
    {
        var validator = new MessageValidator(FixDictionaries.Shipped(FixVersion.Fix50Sp2), new FixValidationOptions { Level = FixValidation.Full });
        Assert.True(Check(validator, Head.Replace("49=", "1128=9|49=", StringComparison.Ordinal) + Order, "FIXT.1.1").IsNone);
        Assert.Equal(new FixVerdict(SessionRejectReason.RequiredTagMissing, 1137), Check(validator, "35=A|49=A|56=B|34=1|52=20231114-22:13:20.000|98=0|108=30|", "FIXT.1.1"));
        Assert.Equal(new FixVerdict(SessionRejectReason.TagNotDefinedForMessage, 58), Check(validator, "35=0|49=A|56=B|34=1|52=20231114-22:13:20.000|58=x|", "FIXT.1.1"));
    }

    /// <summary>What we write ourselves is what the dictionaries, ours and QuickFIX's, allow: orders of every kind in every version.</summary>
    [SharedDataFact("fix/FIX44.xml")]
    public void Our_own_messages_pass_the_public_dictionaries()
    {
        foreach (var (version, file) in new[] { (FixVersion.Fix42, "fix/FIX42.xml"), (FixVersion.Fix44, "fix/FIX44.xml") })
            OwnMessagesPass(version, new FixDictionaries(FixDictionaryReader.Read(SharedData.Find(file))));
    }

    [Fact]
    public void Our_own_messages_pass_our_own_dictionaries()
    {
        foreach (var version in Shipped) OwnMessagesPass(version, FixDictionaries.Shipped(version));
    }

    private static void OwnMessagesPass(FixVersion version, FixDictionaries dictionaries)
    {
        var validator = new MessageValidator(dictionaries, new FixValidationOptions { Level = FixValidation.Full, CheckGroupOrder = true });
        foreach (var (name, message) in OwnMessages.Of(version))
        {
            Assert.Equal(FrameStatus.Complete, FixFramer.Next(message, 4096, out _));
            var header = FixHeader.Read(message);
            Assert.Equal((version.Name, name, FixVerdict.None), (version.Name, name, validator.Check(message, in header)));
        }
    }

    [Fact]
    public void A_check_allocates_nothing()
    {
        var validator = new MessageValidator(FixDictionaries.Shipped(FixVersion.Fix44), new FixValidationOptions { Level = FixValidation.Full });
        byte[] message = FixSamples.Message(Head + Order + "453=2|448=X|447=D|452=1|448=Y|447=D|452=3|");
        var header = FixHeader.Read(message);
        for (int i = 0; i < 100; i++) validator.Check(message, in header);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10_000; i++) validator.Check(message, in header);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static FixVerdict Check(MessageValidator validator, string body, string beginString = "FIX.4.4")
    {
        byte[] message = FixSamples.Message(body, beginString);
        var header = FixHeader.Read(message);
        return validator.Check(message, in header);
    }
}
