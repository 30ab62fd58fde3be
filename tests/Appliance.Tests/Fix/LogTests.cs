using System.Text;
using Appliance.Fix;

namespace Appliance.Tests.Fix;

/// <summary>Logs: messages are found in every common form, printed with names, and checked.</summary>
public class LogTests
{
    private const string Body = "35=D|49=DESK|56=VENUE|34=2|52=20231114-22:13:20.000|11=5|55=AAPL|54=1|38=100|40=2|44=1.5|60=20231114-22:13:20.000|453=1|448=X|447=D|452=1|58=a=b|";

    private static string Plain(string body) => Encoding.Latin1.GetString(FixSamples.Message(body));

    [Theory]
    [InlineData("{0}")]
    [InlineData("{0}{0}")]
    [InlineData("2026-11-21 10:00:00.1 OUT {0}\n2026-11-21 10:00:00.2 IN  {0}\n")]
    [InlineData("<out> {0}\r\n\r\nnothing here\r\n<in> {0}\r\n")]
    public void Messages_are_found_with_any_separator(string layout)
    {
        string message = Plain(Body);
        int count = layout.Split("{0}").Length - 1;
        foreach (string separator in new[] { "\u0001", "|", "^A" })
        {
            byte[] log = Encoding.Latin1.GetBytes(layout.Replace("{0}", message.Replace("\u0001", separator, StringComparison.Ordinal), StringComparison.Ordinal));
            var found = FixLogReader.Read(log).ToList();
            Assert.Equal(count, found.Count);
            Assert.All(found, f => Assert.Equal(message, Encoding.Latin1.GetString(f.Message)));
        }
    }

    /// <summary>However a log is cut into pieces, the messages, their lines and what stands before them are the same as read at once.</summary>
    [Fact]
    public void A_log_is_read_in_pieces_of_any_size()
    {
        string message = Plain(Body), odd = Plain(Body.Replace("448=X", "448=FIXDESK", StringComparison.Ordinal).Replace("58=a=b", "58=see 8=FIX.4.4", StringComparison.Ordinal));
        foreach (string separator in new[] { "\u0001", "|", "^A" })
        {
            string one = message.Replace("\u0001", separator, StringComparison.Ordinal), other = odd.Replace("\u0001", separator, StringComparison.Ordinal);
            byte[] log = Encoding.Latin1.GetBytes($"began\n10:00 OUT {one}\n{other}{one}{one}\nnothing\n\n<in> {one[..70]}\n10:01 IN {other}\nend");
            var whole = FixLogReader.Read(log).ToList();
            Assert.Equal([message, odd, message, message, message[..70].Length.ToString(), odd], whole.Select((e, i) => i == 4 ? "70" : Encoding.Latin1.GetString(e.Message)));
            Assert.Equal([(2, "10:00 OUT"), (3, ""), (3, ""), (3, ""), (6, "<in>"), (7, "10:01 IN")], whole.Select(e => (e.Line, e.Prefix)));
            for (int piece = 16; piece < log.Length + 2; piece += 1 + piece / 40)
            {
                var pieces = FixLogReader.Read(new MemoryStream(log), piece).ToList();
                Assert.Equal(whole.Select(e => (e.Line, e.Prefix, Encoding.Latin1.GetString(e.Message))), pieces.Select(e => (e.Line, e.Prefix, Encoding.Latin1.GetString(e.Message))));
            }
        }
    }

    [Fact]
    public void A_check_tells_a_wrong_length_with_the_right_one()
    {
        string good = Plain(Body);
        int length = int.Parse(good.Split('\u0001')[1][2..]);
        string longer = good.Replace($"\u00019={length}\u0001", $"\u00019={length + 3}\u0001", StringComparison.Ordinal);
        var check = new LogCheck(null, new FixValidationOptions { Level = FixValidation.Full });
        string told = Assert.Single(check.Check(FixLogReader.Read(Encoding.Latin1.GetBytes(longer)).Single()));
        Assert.StartsWith($"BodyLength (9) is {length + 3}, the body has {length} bytes; CheckSum (10) is ", told, StringComparison.Ordinal);
        int sum = longer[..^7].Sum(c => c) % 256;
        Assert.Equal($"BodyLength (9) is {length + 3}, the body has {length} bytes", Assert.Single(check.Check(FixLogReader.Read(Encoding.Latin1.GetBytes($"{longer[..^7]}10={sum:000}\u0001")).Single())));
    }

    [Fact]
    public void A_line_that_lost_its_last_separator_is_whole_all_the_same()
    {
        string message = Plain(Body);
        var found = FixLogReader.Read(Encoding.Latin1.GetBytes($"x {message.Replace('\u0001', '|')[..^1]}\ny {message.Replace('\u0001', '|')}")).ToList();
        Assert.Equal([message, message], found.Select(f => Encoding.Latin1.GetString(f.Message)));
        Assert.Equal(["x", "y"], found.Select(f => f.Prefix));
        Assert.Equal([1, 2], found.Select(f => f.Line));
    }

    [Fact]
    public void A_message_is_printed_with_names_meanings_and_groups_indented()
    {
        var entry = FixLogReader.Read(FixSamples.Message(Body)).Single();
        var header = FixHeader.Read(entry.Message);
        using var text = new StringWriter();
        MessagePrinter.Print(text, entry, new DictionaryChoice(null).For(entry.Message, in header));
        string shown = text.ToString();
        Assert.Contains("NewOrderSingle (D)  DESK to VENUE, number 2", shown, StringComparison.Ordinal);
        Assert.Matches(@"\n +54 Side +1 \(Buy\)", shown);
        Assert.Matches(@"\n +35 MsgType +D \(NewOrderSingle\)", shown);
        Assert.Matches(@"\n {6}453 NoPartyIDs +1\n {8}448 PartyID +X\n", shown);
        Assert.Matches(@"\n {8}452 PartyRole +1\n {7}58 Text +a=b\n", shown);
    }

    [Fact]
    public void A_check_tells_frames_fields_and_numbers()
    {
        string good = Plain(Body), wrongSum = good[..^4] + "000\u0001";
        if (wrongSum == good) wrongSum = good[..^4] + "001\u0001";
        var lines = new[]
        {
            good, Plain(Body.Replace("34=2|", "34=3|", StringComparison.Ordinal)), Plain(Body.Replace("34=2|", "34=5|", StringComparison.Ordinal)), wrongSum,
            Plain(Body.Replace("34=2|", "34=6|", StringComparison.Ordinal).Replace("54=1|", "54=Z|", StringComparison.Ordinal)), Plain(Body.Replace("34=2|", "34=6|", StringComparison.Ordinal)),
            Plain("35=4|49=DESK|56=VENUE|34=7|52=20231114-22:13:20.000|36=20|123=Y|"), Plain(Body.Replace("34=2|", "34=20|", StringComparison.Ordinal)), good[..60],
        };
        var check = new LogCheck(null, new FixValidationOptions { Level = FixValidation.Full });
        var told = FixLogReader.Read(Encoding.Latin1.GetBytes(string.Join('\n', lines))).Select(e => string.Join("; ", check.Check(e))).ToList();
        Assert.Equal(9, told.Count);
        Assert.Equal("", told[0]);
        Assert.Equal("", told[1]);
        Assert.Equal("MsgSeqNum (34) is 5, after 3 a gap", told[2]);
        Assert.StartsWith("CheckSum (10) is 00", told[3], StringComparison.Ordinal);
        Assert.Equal("Value is incorrect (out of range) for this tag: Side (54)", told[4]);
        Assert.Equal("MsgSeqNum (34) is 6, after 6 without PossDupFlag", told[5]);
        Assert.Equal("", told[6]);
        Assert.Equal("", told[7]);
        Assert.Contains("cut short", told[8], StringComparison.Ordinal);
    }

    [Fact]
    public void Under_fixt_the_logon_says_which_application_version_the_log_speaks()
    {
        var choice = new DictionaryChoice(null);
        byte[] logon = FixSamples.Message("35=A|49=A|56=B|34=1|52=20231114-22:13:20.000|98=0|108=30|1137=7|", "FIXT.1.1");
        byte[] order = FixSamples.Message("35=D|49=A|56=B|34=2|52=20231114-22:13:20.000|", "FIXT.1.1"), marked = FixSamples.Message("35=D|1128=8|49=A|56=B|34=2|52=20231114-22:13:20.000|", "FIXT.1.1");
        FixVersion VersionOf(byte[] message)
        {
            var header = FixHeader.Read(message);
            return choice.For(message, in header)!.Version;
        }
        Assert.Equal(FixVersion.Fix50Sp2, VersionOf(order));
        Assert.Equal(FixVersion.Fix50, VersionOf(logon));
        Assert.Equal(FixVersion.Fix50, VersionOf(order));
        Assert.Equal(FixVersion.Fix50Sp1, VersionOf(marked));
    }
}
