using Appliance.Contract;
using Appliance.Ingest;
using Appliance.Ingest.Itch;
using Appliance.Ingest.Mold;
using Appliance.Venue.Matching;

namespace Appliance.Venue.Embedded;

/// <summary>Where finished datagrams go.</summary>
public interface IDatagramSink
{
    void Send(ReadOnlySpan<byte> datagram);
}

/// <summary>
/// The tape: what the matching engine does, as ITCH 5.0 in MoldUDP64, one packet a venue transaction (a transaction too long for one datagram takes several,
/// counted). Stock locate is the instrument's index plus one. Timestamps are nanoseconds since UTC midnight.
/// </summary>
internal sealed class TapePublisher
{
    private const long NanosecondsPerDay = 86_400_000_000_000;

    private readonly MoldPacketWriter _writer;
    private readonly IDatagramSink _sink;
    private readonly Symbol8[] _symbols;
    private readonly InstrumentDefinition[] _instruments;
    private ulong _timestampNs;

    public TapePublisher(string moldSession, IDatagramSink sink, IEnumerable<InstrumentDefinition> instruments)
    {
        _writer = new MoldPacketWriter(MoldSession.Parse(moldSession));
        _sink = sink;
        _instruments = instruments.ToArray();
        _symbols = _instruments.Select(i => Symbol8.Parse(i.Symbol)).ToArray();
    }

    public long Messages => (long)_writer.NextSequence - 1;
    public long Packets { get; private set; }
    public long SplitTransactions { get; private set; }

    /// <summary>The time of what is published next.</summary>
    public void At(long utcNs) => _timestampNs = (ulong)(utcNs % NanosecondsPerDay);

    /// <summary>Sends what the transaction has made, if anything.</summary>
    public bool EndTransaction()
    {
        if (_writer.Count == 0) return false;
        Flush();
        return true;
    }

    public void Heartbeat() => Flush();
    public void EndOfSession() => _sink.Send(_writer.EndOfSession().Span);

    public void SystemEvent(char code) => ItchEncoder.SystemEvent(Room(Ingest.Itch.SystemEvent.Length), 0, _timestampNs, code);

    public void Directory(int instrument) =>
        ItchEncoder.StockDirectory(Room(StockDirectory.Length), Locate(instrument), 0, _timestampNs, _symbols[instrument], (uint)_instruments[instrument].LotSizeUnits);

    /// <param name="state">T trading, H halted.</param>
    public void TradingAction(int instrument, char state) =>
        ItchEncoder.StockTradingAction(Room(StockTradingAction.Length), Locate(instrument), 0, _timestampNs, _symbols[instrument], state);

    public void Added(in BookOrder order) => ItchEncoder.AddOrder(Room(AddOrder.Length), Locate(order.Instrument), 0, _timestampNs, order.Reference,
        Letter(order.Side), (uint)order.QuantityUnits, _symbols[order.Instrument], (uint)order.PriceUnits);

    public void Executed(in MatchedTrade trade) => ItchEncoder.OrderExecuted(Room(OrderExecuted.Length), Locate(trade.Instrument), 0, _timestampNs,
        trade.MakerReference, (uint)trade.QuantityUnits, trade.MatchNumber);

    public void Reduced(in BookOrder order, long byUnits) =>
        ItchEncoder.OrderCancel(Room(OrderCancel.Length), Locate(order.Instrument), 0, _timestampNs, order.Reference, (uint)byUnits);

    public void Deleted(in BookOrder order) =>
        ItchEncoder.OrderDelete(Room(OrderDelete.Length), Locate(order.Instrument), 0, _timestampNs, order.Reference);

    public void Replaced(in BookOrder old, in BookOrder replacement) => ItchEncoder.OrderReplace(Room(OrderReplace.Length), Locate(old.Instrument), 0, _timestampNs,
        old.Reference, replacement.Reference, (uint)replacement.QuantityUnits, (uint)replacement.PriceUnits);

    public void Printed(in PrintedTrade trade) => ItchEncoder.NonCrossTrade(Room(NonCrossTrade.Length), Locate(trade.Instrument), 0, _timestampNs, 'B',
        (uint)trade.QuantityUnits, _symbols[trade.Instrument], (uint)trade.PriceUnits, trade.MatchNumber);

    private static ushort Locate(int instrument) => (ushort)(instrument + 1);
    private static char Letter(Side side) => side == Side.Buy ? 'B' : 'S';

    private Span<byte> Room(int length)
    {
        Span<byte> room = _writer.TryAppend(length);
        if (room.Length == length) return room;
        SplitTransactions++;
        Flush();
        return _writer.TryAppend(length);
    }

    private void Flush()
    {
        Packets++;
        _sink.Send(_writer.Finish().Span);
    }
}
