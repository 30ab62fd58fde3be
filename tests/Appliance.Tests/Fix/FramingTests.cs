using Appliance.Fix;
using FsCheck;
using FsCheck.Fluent;

namespace Appliance.Tests.Fix;

public class FramingTests
{
    private const int MaxBytes = 4096;

    private static List<byte[]> Frame(ReadOnlySpan<byte> stream, Func<int> nextChunk, out int garbage, out int garbled)
    {
        var messages = new List<byte[]>();
        var buffer = new List<byte>();
        garbage = garbled = 0;
        int at = 0;
        while (at < stream.Length)
        {
            int take = Math.Min(Math.Max(1, nextChunk()), stream.Length - at);
            buffer.AddRange(stream.Slice(at, take).ToArray());
            at += take;
            while (true)
            {
                byte[] held = [.. buffer];
                var status = FixFramer.Next(held, MaxBytes, out int length);
                if (status == FrameStatus.NeedMore)
                {
                    Assert.Equal(0, length);
                    break;
                }
                Assert.InRange(length, 1, held.Length);
                if (status == FrameStatus.Complete) messages.Add(held[..length]);
                else if (status == FrameStatus.Garbled) garbled++;
                else garbage += length;
                buffer.RemoveRange(0, length);
            }
        }
        return messages;
    }

    private static byte[] Sample(Random random, int i) =>
        FixSamples.Message($"35=D|49=A|56=B|34={i}|52=20231114-22:13:20.000|58={new string((char)('a' + random.Next(26)), random.Next(60))}|");

    [Theory]
    [InlineData(1)]
    [InlineData(20261121)]
    public void Messages_come_whole_however_the_stream_is_cut(int seed)
    {
        var random = new Random(seed);
        var sent = Enumerable.Range(1, 50).Select(i => Sample(random, i)).ToList();
        byte[] stream = [.. sent.SelectMany(m => m)];
        foreach (int chunk in new[] { 1, 3, 17, 256, stream.Length })
        {
            var got = Frame(stream, () => chunk == 17 ? random.Next(1, 40) : chunk, out int garbage, out int garbled);
            Assert.Equal(sent, got);
            Assert.Equal((0, 0), (garbage, garbled));
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(20261122)]
    public void After_garbage_between_messages_the_next_whole_message_is_found(int seed)
    {
        var random = new Random(seed);
        for (int round = 0; round < 200; round++)
        {
            var sent = Enumerable.Range(1, 5).Select(i => Sample(random, i)).ToList();
            var stream = new List<byte>();
            foreach (byte[] message in sent)
            {
                byte[] noise = new byte[random.Next(0, 40)];
                random.NextBytes(noise);
                // Noise ends with a separator: only after one can a message begin in the middle of a stream.
                if (noise.Length > 0) noise[^1] = 1;
                stream.AddRange(noise);
                stream.AddRange(message);
            }
            Assert.Equal(sent, Frame(stream.ToArray(), () => random.Next(1, 64), out _, out _));
        }
    }

    [Theory]
    [InlineData(-30, 1)]
    [InlineData(-1, 1)]
    [InlineData(1, 1)]
    [InlineData(7, 1)]
    [InlineData(14, 2)]
    [InlineData(40, 2)]
    public void A_wrong_body_length_loses_that_message_and_at_most_the_one_that_it_reaches_into(int error, int lost)
    {
        byte[] Plain(int i) => FixSamples.Message($"35=0|49=A|56=B|34={i}|52=20231114-22:13:20.000|");
        string text = System.Text.Encoding.Latin1.GetString(Plain(1));
        int length = int.Parse(text[12..14], System.Globalization.CultureInfo.InvariantCulture) + error;
        byte[] wrong = System.Text.Encoding.Latin1.GetBytes(string.Concat(text.AsSpan(0, 12), length.ToString("00", System.Globalization.CultureInfo.InvariantCulture), text.AsSpan(14)));
        var sent = Enumerable.Range(2, 4).Select(Plain).ToList();
        var got = Frame([.. wrong, .. sent.SelectMany(m => m)], () => 5, out _, out _);
        Assert.Equal(sent.Skip(lost - 1), got);
    }

    [Fact]
    public void A_message_whose_third_field_is_not_its_type_is_garbled()
    {
        byte[] message = FixSamples.Message("34=1|35=0|49=A|56=B|52=20231114-22:13:20.000|");
        Assert.Equal(FrameStatus.Garbled, FixFramer.Next(message, MaxBytes, out int length));
        Assert.Equal(message.Length, length);
    }

    [Fact]
    public void A_wrong_checksum_is_told_apart_and_skipped()
    {
        byte[] message = FixSamples.Message("35=0|49=A|56=B|34=1|52=20231114-22:13:20.000|");
        byte[] wrong = [.. message];
        wrong[^2] = wrong[^2] == '9' ? (byte)'0' : (byte)(wrong[^2] + 1);
        var got = Frame([.. wrong, .. message], () => 9, out int garbage, out int garbled);
        Assert.Equal((1, 0, 1), (got.Count, garbage, garbled));
    }

    [Fact]
    public void A_body_length_beyond_the_bound_does_not_make_the_reader_wait()
    {
        Assert.Equal(FrameStatus.TooLong, FixFramer.Next("8=FIX.4.4\u00019=999999\u000135=0\u0001"u8, MaxBytes, out _));
        Assert.Equal(FrameStatus.Garbage, FixFramer.Next("8=FIX.4.4\u00019=99999999999\u0001"u8, MaxBytes, out _));
        Assert.Equal(FrameStatus.Garbage, FixFramer.Next("8=FIX.4.4\u00019=-5\u000135=0\u0001"u8, MaxBytes, out _));
    }

    /// <summary>One changed byte: the message is either refused, or the change left checksum and length right, which a single change of a byte outside them cannot.</summary>
    [Fact]
    public void No_single_changed_byte_passes()
    {
        byte[] message = FixSamples.Message("35=D|49=A|56=B|34=1|52=20231114-22:13:20.000|11=5|55=AAPL|54=1|38=100|44=187.25|60=20231114-22:13:20.000|40=2|");
        for (int at = 0; at < message.Length; at++)
            for (int change = 1; change < 256; change++)
            {
                byte[] damaged = [.. message];
                damaged[at] ^= (byte)change;
                Assert.NotEqual(FrameStatus.Complete, FixFramer.Next(damaged, MaxBytes, out _));
            }
    }

    /// <summary>Random mutations of a sound message, resealed so that the framer lets them pass: every decoder answers, none throws, and what is accepted is what the plain reader reads.</summary>
    [Fact]
    public void Decoders_never_throw_on_mutated_fields()
    {
        var symbols = FixSamples.Symbols();
        string[] seeds =
        [
            "35=D|49=A|56=B|34=1|52=20231114-22:13:20.000|11=5|55=AAPL|54=1|38=100|44=187.25|60=20231114-22:13:20.000|40=2|59=3|",
            "35=G|49=A|56=B|34=1|52=20231114-22:13:20.000|11=5|41=4|55=BTCUSDT|54=2|38=0.5|44=60000.1|60=20231114-22:13:20.000|40=2|",
            "35=8|49=A|56=B|34=1|52=20231114-22:13:20.000|37=1|17=2|11=5|150=F|39=1|55=AAPL|54=1|32=5|31=10.5|151=1|14=5|6=10.5|",
            "35=9|49=A|56=B|34=1|52=20231114-22:13:20.000|37=NONE|11=5|41=4|39=8|434=1|102=1|",
            "35=j|49=A|56=B|34=1|52=20231114-22:13:20.000|45=3|372=D|379=77|380=3|",
        ];
        var mutation = Gen.Zip(Gen.Choose(0, 400), Gen.Choose(0, 255)).ListOf().Select(l => l.Take(6).ToList());
        var cases = Gen.Zip(Gen.Elements(seeds), mutation).ToArbitrary();
        int accepted = 0, refused = 0;
        Prop.ForAll(cases, c =>
        {
            var (seed, edits) = c;
            byte[] body = System.Text.Encoding.Latin1.GetBytes(seed);
            foreach (var (at, value) in edits) body[5 + at % (body.Length - 5)] = (byte)value;
            byte[] message = FixSamples.Message(System.Text.Encoding.Latin1.GetString(body));
            var header = FixHeader.Read(message);
            bool sound = header.MsgType switch
            {
                FixMsgType.NewOrderSingle => RequestDecoder.NewOrder(message, in header, symbols, out var order).IsNone && CheckOrder(message, in order),
                FixMsgType.OrderCancelReplaceRequest => RequestDecoder.Replace(message, in header, symbols, out _).IsNone,
                FixMsgType.ExecutionReport => ReportDecoder.ExecutionReport(message, header.BodyStart).Problem < 0,
                FixMsgType.OrderCancelReject => ReportDecoder.OrderCancelReject(message, header.BodyStart).Problem < 0,
                _ => ReportDecoder.BusinessMessageReject(message, header.BodyStart).Problem < 0,
            };
            if (sound) accepted++;
            else refused++;
            return true;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(3_000));
        Assert.True(accepted > 100 && refused > 100, $"the mutations were one-sided: {accepted} accepted, {refused} refused");
    }

    private static bool CheckOrder(byte[] message, in NewOrderRequest order)
    {
        // What was taken must stand in the message: identifier and quantity compared through text.
        var fields = FixSamples.Fields(message);
        Assert.Equal(fields.Last(f => f.Tag == 11).Value, System.Text.Encoding.Latin1.GetString(order.ClientOrderId.Span));
        Assert.Equal(decimal.Parse(fields.Last(f => f.Tag == 38).Value, System.Globalization.CultureInfo.InvariantCulture) * FixSamples.Instruments[order.Instrument].QuantityUnitsPerOne, order.QuantityUnits);
        Assert.True(order.QuantityUnits > 0);
        return true;
    }
}
