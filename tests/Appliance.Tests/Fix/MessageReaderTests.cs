using System.Runtime.InteropServices;
using System.Text;
using Appliance.Fix;
using Xunit.Abstractions;

namespace Appliance.Tests.Fix;

/// <summary>
/// A session's reader, which learns its peer's order of fields, beside the plain framer, header and decoders: over sound and mutated messages it must give the same answers, whatever it has learned before.
/// 10^6 messages with APPLIANCE_FULL=1, else a tenth.
/// </summary>
public class MessageReaderTests(ITestOutputHelper output)
{
    private static readonly string[] Reports =
    [
        "35=8|49=VENUE|56=DESK|34=1000|52=20261121-15:30:00.123123|37=ORDER1|17=EXEC1|11=1700000000000000000|150=F|39=1|1=DESK1|55=AAPL|54=1|38=500|40=2|44=100.25|15=USD|59=0|32=10|31=100.25|30=XNAS|151=490|14=10|6=100.25|60=20261121-15:30:00.100|851=1|528=P|",
        "35=8|34=7|49=VENUE|52=20261121-15:30:59.999|56=DESK|6=0|11=12|14=0|17=E|37=O|38=100|39=0|40=2|54=2|55=ESZ6|150=0|151=100|",
        "35=8|49=VENUE|56=DESK|34=00000012|52=20261231-23:59:60.500|37=O|17=E|150=8|39=8|55=AAPL|54=1|14=0|151=0|6=0|103=99|58=not today|",
        "35=8|49=VENUE|56=DESK|34=3|50=SUB|57=X|52=20261121-15:30:07|37=O|17=E|20=0|150=1|39=1|55=AAPL|54=1|14=1|32=1|31=1.5|151=0|6=0|",
        "35=8|49=VENUE|56=DESK|34=3|43=Y|97=N|52=20261121-15:30:07.1|122=20261121-15:30:06|37=O|17=E|150=F|39=2|55=AAPL|54=1|14=1|32=1|31=1.5|151=0|6=0|",
        "35=8|49=VENUE|56=DESK|34=3|52=20261121-15:30:07.000001|37=O|17=E|150=F|39=2|55=AAPL|54=1|14=1|32=1|31=1.5|32=2|151=0|453=2|448=A|447=D|448=B|447=D|9001=x|12345=y|1234567=z|",
        "35=8|49=VENUE|56=DESK|34=3|52=20261121-15:30:07.000001|37=O|17=E|150=F|39=2|55=AAPL|54=1|14=1|32=1|31=1.5|151=0|354=5|355=a|b=c|6=0|",
        "35=8|49=VENUE|56=DESK|34=3|52=20261121-15:30:07.000001|37=O|17=E|150=0|39=A|55=AAPL|54=1|14=0|5=|58=|151=0|6=0|123456789=q|",
        "35=AE|49=VENUE|56=DESK|34=3|52=20261121-15:30:07.000001|571=1|55=AAPL|31=1|32=2|60=20261121-15:30:07|487=0|856=0|570=N|",
    ];

    private static readonly byte[][] Seeds =
        [.. new[] { FixVersion.Fix42, FixVersion.Fix44, FixVersion.Fix50Sp2 }.SelectMany(v => OwnMessages.Of(v)).Select(m => m.Message), .. Reports.Select(r => FixSamples.Message(r)), .. Reports.Select(r => FixSamples.Message(r, "FIXT.1.1"))];

    [Fact]
    public void Its_answers_are_those_of_the_plain_readers()
    {
        int count = SoakCounts.Full ? 1_000_000 : 100_000, seed = SoakCounts.Seed(output, count);
        var random = new Random(seed);
        var symbols = FixSamples.Symbols();
        var reader = new FixMessageReader();
        byte[] buffer = new byte[4096];
        long complete = 0, decoded = 0, recognised = 0;
        for (int i = 0; i < count; i++)
        {
            // A new peer now and then; and an array of its own length, so that whoever reads beyond it meets another object.
            if (i % 5_000 == 0)
            {
                recognised += reader.Recognised;
                reader = new FixMessageReader();
            }
            int length = FuzzTests.Mutate(random, Values(random, Seeds[random.Next(Seeds.Length)]), buffer, reseal: random.Next(8) != 0, edits: Math.Max(0, random.Next(-3, 3)));
            byte[] stream = random.Next(4) switch
            {
                0 => [.. buffer.AsSpan(0, length), .. Seeds[0].AsSpan(0, random.Next(Seeds[0].Length))],
                1 when random.Next(8) == 0 => buffer[..random.Next(length)],
                _ => buffer[..length],
            };
            int longest = random.Next(16) == 0 ? random.Next(100, 400) : 4096;
            var status = reader.Next(stream, longest, out int taken);
            var expected = FixFramer.Next(stream, longest, out int plainly);
            string Where() => $"seed {seed}, case {i}: {FixSamples.Show(stream)}";
            Assert.True(status == expected && taken == plainly, $"{status} {taken}, plainly {expected} {plainly}; {Where()}");
            if (status != FrameStatus.Complete) continue;
            complete++;
            ReadOnlySpan<byte> message = stream.AsSpan(0, taken);
            reader.Header(message, out var header);
            var plain = FixHeader.Read(message);
            Assert.True(IsSame(in header, in plain, message), $"another header; {Where()}");
            ReportDecoder.ExecutionReport(message, in header, out var report);
            var reference = ReportDecoder.ExecutionReport(message, plain.BodyStart);
            Assert.True(IsSame(in report, in reference), $"another report; {Where()}");
            if (report.Problem < 0) decoded++;
            Assert.True(RequestDecoder.NewOrder(message, in header, symbols, out var order) == RequestDecoder.NewOrder(message, in plain, symbols, out var plainOrder) && IsSame(in order, in plainOrder), $"another order; {Where()}");
            Assert.True(RequestDecoder.Cancel(message, in header, symbols, out var cancel) == RequestDecoder.Cancel(message, in plain, symbols, out var plainCancel) && IsSame(in cancel, in plainCancel), $"another cancel; {Where()}");
            Assert.True(RequestDecoder.Replace(message, in header, symbols, out var replace) == RequestDecoder.Replace(message, in plain, symbols, out var plainReplace) && IsSame(in replace, in plainReplace), $"another replace; {Where()}");
            Assert.True(RequestDecoder.Status(message, in header, symbols, out cancel) == RequestDecoder.Status(message, in plain, symbols, out plainCancel) && IsSame(in cancel, in plainCancel), $"another question; {Where()}");
        }
        output.WriteLine($"{complete:N0} complete, {recognised:N0} recognised, {decoded:N0} reports sound");
        Assert.True(complete > count / 2 && recognised > count / 10 && decoded > count / 10, $"one-sided: {complete} complete, {recognised} recognised, {decoded} reports sound of {count}");
    }

    [Fact]
    public void What_was_recognised_before_is_recognised_again_and_what_announces_data_never()
    {
        var reader = new FixMessageReader();
        for (int round = 0; round < 4; round++)
        {
            for (int i = 0; i < Reports.Length; i++)
            {
                byte[] message = FixSamples.Message(Reports[i].Replace("34=", $"34={round + 1}", StringComparison.Ordinal));
                long before = reader.Recognised;
                Assert.Equal(FrameStatus.Complete, reader.Next(message, 4096, out int length));
                reader.Header(message.AsSpan(0, length), out var header);
                Assert.Equal(uint.Parse($"{round + 1}{Reports[i].Split("34=")[1].Split('|')[0]}", System.Globalization.CultureInfo.InvariantCulture), header.Sequence);
                // The sixth repeats a field that is looked for, the seventh has data, the eighth a tag that fits no word, the last is of a type with two characters.
                Assert.True((round > 0 && i is not (5 or 6 or 7)) == (reader.Recognised > before), $"round {round}, report {i}");
            }
        }
    }

    [Fact]
    public void A_peer_that_never_writes_the_same_way_twice_is_read_all_the_same()
    {
        var reader = new FixMessageReader();
        var random = new Random(43);
        string[] body = "37=O|17=E|150=F|39=2|55=AAPL|54=1|14=1|32=1|31=1.5|151=0|6=1.5|60=20261121-15:30:07|1=A|59=0|40=2".Split('|');
        for (int i = 1; i <= 5_000; i++)
        {
            random.Shuffle(body);
            byte[] message = FixSamples.Message($"35=8|49=VENUE|56=DESK|34={i}|52=20261121-15:30:07.000001|{string.Join('|', body)}|");
            Assert.Equal(FrameStatus.Complete, reader.Next(message, 4096, out _));
            reader.Header(message, out var header);
            ReportDecoder.ExecutionReport(message, in header, out var report);
            Assert.True(header.Sequence == i && report.Problem < 0 && report.LastPrice.SequenceEqual("1.5"u8) && report.ExecutionId.SequenceEqual("E"u8), $"message {i}");
        }
    }

    /// <summary>Other digits in the values, and now and then more or fewer of them: what a peer's next message has.</summary>
    private static byte[] Values(Random random, byte[] seed)
    {
        string[] fields = Encoding.Latin1.GetString(seed).Split('\u0001');
        for (int i = 3; i < fields.Length - 2; i++)
        {
            int equals = fields[i].IndexOf('=');
            if (equals < 0 || random.Next(2) == 0) continue;
            char[] value = fields[i][(equals + 1)..].ToCharArray();
            for (int k = 0; k < value.Length; k++)
                if (char.IsAsciiDigit(value[k]) && random.Next(4) == 0) value[k] = (char)('0' + random.Next(10));
            string text = new(value);
            if (text.Length > 0 && text.All(char.IsAsciiDigit) && random.Next(4) == 0) text = random.Next(2) == 0 ? text + random.Next(1_000) : text[1..];
            fields[i] = fields[i][..(equals + 1)] + text;
        }
        return Encoding.Latin1.GetBytes(string.Join('\u0001', fields));
    }

    private static bool IsSame(in FixHeader a, in FixHeader b, ReadOnlySpan<byte> message) =>
        a.MsgType == b.MsgType && a.Sequence == b.Sequence && a.HasSequence == b.HasSequence && a.PossDup == b.PossDup && a.PossResend == b.PossResend && a.SendingTimeUtcNs == b.SendingTimeUtcNs
        && a.OrigSendingTimeUtcNs == b.OrigSendingTimeUtcNs && a.BodyStart == b.BodyStart && a.RejectReason == b.RejectReason && a.RejectTag == b.RejectTag
        && a.BeginString(message) == b.BeginString(message) && a.Sender(message) == b.Sender(message) && a.Target(message) == b.Target(message) && a.ApplVerId(message) == b.ApplVerId(message);

    private static bool IsSame(in DecodedReport a, in DecodedReport b) =>
        a.Problem == b.Problem && a.ProblemTag == b.ProblemTag && a.Kind == b.Kind && a.Status == b.Status && a.Side == b.Side && a.Reason == b.Reason && a.RefSequence == b.RefSequence && a.AddedLiquidity == b.AddedLiquidity
        && Is(a.ClientOrderId, b.ClientOrderId) && Is(a.OriginalClientOrderId, b.OriginalClientOrderId) && Is(a.Symbol, b.Symbol) && Is(a.OrderId, b.OrderId) && Is(a.ExecutionId, b.ExecutionId)
        && Is(a.ExecutionReference, b.ExecutionReference) && Is(a.LastPrice, b.LastPrice) && Is(a.LastQuantity, b.LastQuantity) && Is(a.CumulativeQuantity, b.CumulativeQuantity) && Is(a.Price, b.Price)
        && Is(a.OrderQuantity, b.OrderQuantity);

    private static bool Is(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b) => a.SequenceEqual(b);

    private static bool IsSame<T>(in T a, in T b) where T : unmanaged => MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in a)).SequenceEqual(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in b)));
}
