using System.Buffers.Binary;
using System.Text;
using Appliance.Contract;
using Appliance.Venue.Embedded;

namespace Appliance.Tests.Venue;

/// <summary>
/// Books rebuilt from the tape's bytes alone, decoded here after the public ITCH 5.0 and MoldUDP64 specifications (offsets written out, nothing shared with
/// the product's decoders), and checked as they are read: sequence, known references, quantities, and no crossed book at a packet's end.
/// </summary>
internal sealed class TapeBook : IDatagramSink
{
    public sealed record Order(string Symbol, Side Side, long Price, long Quantity, long Arrival);

    private long _arrivals;

    public Dictionary<ulong, Order> Orders { get; } = [];
    public Dictionary<int, string> Symbols { get; } = [];
    public Dictionary<string, char> Status { get; } = [];
    public Dictionary<char, long> Counts { get; } = [];
    public string SystemEvents { get; private set; } = "";
    public ulong NextSequence { get; private set; } = 1;
    public string Session { get; private set; } = "";
    public bool Ended { get; private set; }
    public long Packets { get; private set; }
    public long Heartbeats { get; private set; }
    public long OneSided { get; private set; }
    /// <summary>Set once the opening book stands: from then on both sides must show.</summary>
    public bool Opened { get; private set; }
    public List<byte[]> Datagrams { get; } = [];
    public ulong LastTimestampNs { get; private set; }

    public void Send(ReadOnlySpan<byte> datagram)
    {
        Assert.False(Ended, "A datagram after the end of the session.");
        Datagrams.Add(datagram.ToArray());
        Packets++;
        string session = Encoding.ASCII.GetString(datagram[..10]);
        Assert.True(Session.Length == 0 || Session == session);
        Session = session;
        Assert.Equal(NextSequence, BinaryPrimitives.ReadUInt64BigEndian(datagram[10..]));
        int count = BinaryPrimitives.ReadUInt16BigEndian(datagram[18..]);
        if (count == 0xFFFF) { Ended = true; return; }
        if (count == 0) { Heartbeats++; return; }
        int at = 20;
        var touched = new HashSet<string>();
        for (int i = 0; i < count; i++)
        {
            int length = BinaryPrimitives.ReadUInt16BigEndian(datagram[at..]);
            if (Take(datagram.Slice(at + 2, length)) is { } symbol) touched.Add(symbol);
            at += 2 + length;
        }
        Assert.Equal(datagram.Length, at);
        NextSequence += (ulong)count;
        foreach (string symbol in touched) Check(symbol);
    }

    /// <summary>A side as (price, orders by time of arrival), best first.</summary>
    public List<(long Price, List<(ulong Reference, long Quantity)> Queue)> Levels(string symbol, Side side) =>
        Orders.Where(o => o.Value.Symbol == symbol && o.Value.Side == side).GroupBy(o => o.Value.Price).OrderBy(g => side == Side.Buy ? -g.Key : g.Key)
            .Select(g => (g.Key, g.OrderBy(o => o.Value.Arrival).Select(o => (o.Key, o.Value.Quantity)).ToList())).ToList();

    private void Check(string symbol)
    {
        var bids = Orders.Values.Where(o => o.Symbol == symbol && o.Side == Side.Buy).Select(o => o.Price).DefaultIfEmpty(0).Max();
        var asks = Orders.Values.Where(o => o.Symbol == symbol && o.Side == Side.Sell).Select(o => o.Price).DefaultIfEmpty(long.MaxValue).Min();
        Assert.True(bids < asks, $"{symbol} is crossed: {bids} {asks}");
        if (Opened && (bids == 0 || asks == long.MaxValue)) OneSided++;
    }

    private string? Take(ReadOnlySpan<byte> m)
    {
        char type = (char)m[0];
        Counts[type] = Counts.GetValueOrDefault(type) + 1;
        int locate = BinaryPrimitives.ReadUInt16BigEndian(m[1..]);
        Assert.Equal(0, BinaryPrimitives.ReadUInt16BigEndian(m[3..]));
        ulong time = ((ulong)BinaryPrimitives.ReadUInt16BigEndian(m[5..]) << 32) | BinaryPrimitives.ReadUInt32BigEndian(m[7..]);
        Assert.True(time >= LastTimestampNs);
        LastTimestampNs = time;
        ulong Reference(ReadOnlySpan<byte> span, int offset) => BinaryPrimitives.ReadUInt64BigEndian(span[offset..]);
        long Number(ReadOnlySpan<byte> span, int offset) => BinaryPrimitives.ReadUInt32BigEndian(span[offset..]);
        switch (type)
        {
            case 'S':
                Assert.Equal(12, m.Length);
                SystemEvents += (char)m[11];
                if (m[11] == 'Q') Opened = true;
                return null;
            case 'R':
                Assert.Equal(39, m.Length);
                Symbols.Add(locate, Encoding.ASCII.GetString(m.Slice(11, 8)).TrimEnd());
                return null;
            case 'H':
                Assert.Equal(25, m.Length);
                Assert.Equal(Symbols[locate], Encoding.ASCII.GetString(m.Slice(11, 8)).TrimEnd());
                Status[Symbols[locate]] = (char)m[19];
                return null;
            case 'A':
                Assert.Equal(36, m.Length);
                Assert.Equal(Symbols[locate], Encoding.ASCII.GetString(m.Slice(24, 8)).TrimEnd());
                Orders.Add(Reference(m, 11), new(Symbols[locate], m[19] == 'B' ? Side.Buy : Side.Sell, Number(m, 32), Number(m, 20), _arrivals++));
                return Symbols[locate];
            case 'E':
                Assert.Equal(31, m.Length);
                Reduce(Reference(m, 11), Number(m, 19), locate);
                return Symbols[locate];
            case 'X':
                Assert.Equal(23, m.Length);
                Reduce(Reference(m, 11), Number(m, 19), locate);
                return Symbols[locate];
            case 'D':
                Assert.Equal(19, m.Length);
                Assert.Equal(Symbols[locate], Orders[Reference(m, 11)].Symbol);
                Orders.Remove(Reference(m, 11));
                return Symbols[locate];
            case 'U':
                {
                    Assert.Equal(35, m.Length);
                    Order old = Orders[Reference(m, 11)];
                    Orders.Remove(Reference(m, 11));
                    Orders.Add(Reference(m, 19), old with { Quantity = Number(m, 27), Price = Number(m, 31), Arrival = _arrivals++ });
                    return Symbols[locate];
                }
            case 'P':
                Assert.Equal(44, m.Length);
                return null;
            default:
                throw new InvalidOperationException($"The tape bears a message of type '{type}', which the venue does not send.");
        }
    }

    private void Reduce(ulong reference, long by, int locate)
    {
        Order order = Orders[reference];
        Assert.Equal(Symbols[locate], order.Symbol);
        Assert.InRange(by, 1, order.Quantity);
        if (by == order.Quantity) Orders.Remove(reference);
        else Orders[reference] = order with { Quantity = order.Quantity - by };
    }
}
