using Appliance.Contract;
using Appliance.Ingest;
using Appliance.Ingest.Deep;
using Appliance.Ingest.Itch;
using Appliance.Ingest.Mold;
using Appliance.Ingest.Pcap;
using FsCheck;
using FsCheck.Fluent;

namespace Appliance.Tests.Ingest;

/// <summary>
/// Random and mutated bytes: no decoder throws, none reads beyond its input (which ends at an unmapped page), and none makes more events than it said it could.
/// </summary>
public class FuzzTests
{
    private const int Rounds = 20_000;
    private const int MaxBytes = 1_500;

    private static readonly byte[] s_itchTypes = [.. Enumerable.Range(0, 256).Select(i => (byte)i).Where(t => ItchMessage.LengthOf(t) > 0)];
    private static readonly byte[] s_deepTypes = [.. Enumerable.Range(0, 256).Select(i => (byte)i).Where(t => DeepMessage.LengthOf(t) > 0)];

    [Fact]
    public void Mold_and_itch()
    {
        var random = new Random(20_191_230);
        var decoder = new MoldItchDecoder(Desk.Symbols("AAPL", "MSFT", "A"), new FeedOptions { MidnightUtcNs = 0 });
        Run(random, decoder, () =>
        {
            byte[][] messages = Messages(random, s_itchTypes, type => ItchMessage.LengthOf(type), symbolAt: random.Next(2) == 0 ? 11 : 24);
            return WireBytes.Mold(random.Next(4) == 0 ? "OTHER" : "SESSION", (ulong)random.Next(0, 400), messages);
        });
        Assert.True(decoder.Statistics is { Messages: > 0, DecodeErrors: > 0, UnknownMessages: > 0, Gaps: > 0, SequenceResets: > 0, Duplicates: > 0, Ticks: > 0 });
    }

    [Fact]
    public void Iextp_and_deep()
    {
        var random = new Random(20_170_425);
        var decoder = new IexDeepDecoder(Desk.Symbols("AAPL", "MSFT", "A"), new FeedOptions());
        Run(random, decoder, () =>
        {
            byte[][] messages = Messages(random, s_deepTypes, type => DeepMessage.LengthOf(type), symbolAt: 10);
            return WireBytes.IexTp(random.Next(20) == 0 ? 2u : 1u, random.Next(-1, 400), random.Next(), messages);
        });
        Assert.True(decoder.Statistics is { Messages: > 0, DecodeErrors: > 0, UnknownMessages: > 0, Gaps: > 0, SequenceResets: > 0, Duplicates: > 0, Ticks: > 0 });
    }

    private static void Run<TDecoder>(Random random, TDecoder decoder, Func<byte[]> make) where TDecoder : struct, IDatagramDecoder
    {
        using var guarded = new GuardedBytes(MaxBytes * 3);
        var decoding = new Decoding<TDecoder>(decoder);
        for (int round = 0; round < Rounds; round++)
        {
            byte[] bytes = make();
            if (bytes.Length > MaxBytes * 3)
                continue;
            for (int damage = random.Next(4); damage > 0; damage--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            int length = random.Next(3) == 0 ? random.Next(bytes.Length + 1) : bytes.Length;
            RingEvent[] events = decoding.Take(guarded.Place(bytes.AsSpan(0, length)));
            Assert.True(events.Length <= decoder.MaxEvents(length), $"round {round}: {events.Length} events of {length} bytes, at most {decoder.MaxEvents(length)} were promised");
            decoding.Events.Clear();
        }
    }

    private static byte[][] Messages(Random random, byte[] types, Func<byte, int> lengthOf, int symbolAt)
    {
        var messages = new byte[random.Next(20)][];
        for (int i = 0; i < messages.Length; i++)
        {
            byte type = random.Next(30) == 0 ? (byte)random.Next(256) : types[random.Next(types.Length)];
            int length = lengthOf(type) is > 0 and var known ? Math.Max(0, known + (random.Next(10) == 0 ? random.Next(-3, 4) : 0)) : random.Next(50);
            var message = new byte[length];
            random.NextBytes(message);
            if (length > 0)
                message[0] = type;
            if (length >= symbolAt + 8)
                "AAPL    "u8.CopyTo(message.AsSpan(symbolAt));
            messages[i] = message;
        }
        return messages;
    }

    [Fact]
    public void Frames()
    {
        var random = new Random(7);
        using var guarded = new GuardedBytes(MaxBytes);
        int found = 0;
        for (int round = 0; round < Rounds; round++)
        {
            byte[] frame = WireBytes.Frame(new byte[random.Next(40)], random.Next(3));
            for (int damage = random.Next(6); damage > 0; damage--)
                frame[random.Next(frame.Length)] = (byte)random.Next(256);
            ReadOnlySpan<byte> placed = guarded.Place(frame.AsSpan(0, random.Next(frame.Length + 1)));
            int link = new[] { 1, 1, 1, 113, 276, 101, 0, 9 }[random.Next(8)];
            if (UdpFrame.TryParse(placed, link, out UdpFrame udp))
            {
                found++;
                foreach (byte b in udp.Payload)
                    found += b & 0;
            }
        }
        Assert.InRange(found, 1, Rounds);
    }

    [Fact]
    public void Capture_files()
    {
        var random = new Random(11);
        byte[] frame = WireBytes.Frame(WireBytes.Mold(1));
        byte[][] files =
        [
            CaptureBytes.Pcap(false, false, 1, (1_000, frame), (2_000, frame), (3_000, frame)),
            CaptureBytes.Pcapng(true, 9, ns => (ulong)ns, (1_000, frame), (2_000, frame), (3_000, frame)),
        ];
        long packets = 0;
        for (int round = 0; round < 5_000; round++)
        {
            byte[] file = [.. files[round & 1]];
            for (int damage = random.Next(1, 5); damage > 0; damage--)
                file[random.Next(24, file.Length)] = (byte)random.Next(256);
            using var reader = new CaptureReader(new StreamWindow(new MemoryStream(file, 0, random.Next(24, file.Length + 1)), StreamWindow.DefaultBytes / 2), "fuzz");
            while (reader.Read())
            {
                UdpFrame.TryParse(reader.Data, reader.LinkType, out _);
                packets++;
            }
        }
        Assert.InRange(packets, 1, 15_000);
    }

    [Fact]
    public void Encoded_orders_read_back_the_same() => Prop.ForAll<ulong, uint, ulong>((reference, shares, second) =>
    {
        Span<byte> room = stackalloc byte[64];
        uint price = (uint)(second >> 7) ^ (uint)reference;
        ulong time = second & 0xFFFF_FFFF_FFFF;
        ushort locate = (ushort)shares, tracking = (ushort)price;
        Symbol8 stock = Symbol8.Parse($"S{shares % 10_000_000}");
        bool same = true;

        var add = new AddOrderWithMpid(room[..ItchEncoder.AddOrderWithMpid(room, locate, tracking, time, reference, 'S', shares, stock, price, "ABCD")]);
        same &= add.StockLocate == locate && add.TrackingNumber == tracking && add.Timestamp == time && add.OrderReferenceNumber == reference
            && add.BuySellIndicator == 'S' && add.Shares == shares && add.Stock == stock && add.Price == price && add.Attribution.SequenceEqual("ABCD"u8);
        var replace = new OrderReplace(room[..ItchEncoder.OrderReplace(room, locate, tracking, time, reference, second, shares, price)]);
        same &= replace.OriginalOrderReferenceNumber == reference && replace.NewOrderReferenceNumber == second && replace.Shares == shares && replace.Price == price;
        var executed = new OrderExecutedWithPrice(room[..ItchEncoder.OrderExecutedWithPrice(room, locate, tracking, time, reference, shares, second, 'Y', price)]);
        same &= executed.OrderReferenceNumber == reference && executed.ExecutedShares == shares && executed.MatchNumber == second && executed.Printable == 'Y'
            && executed.ExecutionPrice == price;
        var trade = new NonCrossTrade(room[..ItchEncoder.NonCrossTrade(room, locate, tracking, time, 'B', shares, stock, price, second, reference)]);
        same &= trade.OrderReferenceNumber == reference && trade.Shares == shares && trade.Stock == stock && trade.Price == price && trade.MatchNumber == second;
        var collar = new LuldAuctionCollar(room[..ItchEncoder.LuldAuctionCollar(room, locate, tracking, time, stock, price, shares, (uint)second, 3)]);
        same &= collar.AuctionCollarReferencePrice == price && collar.UpperAuctionCollarPrice == shares && collar.LowerAuctionCollarPrice == (uint)second
            && collar.AuctionCollarExtension == 3;
        return same;
    }).QuickCheckThrowOnFailure();
}
