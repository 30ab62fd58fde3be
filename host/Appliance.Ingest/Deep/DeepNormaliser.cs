using System.Runtime.CompilerServices;
using Appliance.Contract;

namespace Appliance.Ingest.Deep;

/// <summary>
/// DEEP 1.0 messages to ring events. Price levels become LevelSet; trading status and operational halt one StatusChanged; trades and breaks Trade and TradeBroken (the trade's id in
/// Reference2); auction information AuctionIndicated with the indicative clearing price. Messages that change nothing an appliance decides on (short-sale test,
/// security directory and events, official prices, retail liquidity) are counted and make no event.
/// </summary>
/// <remarks>
/// A transaction that changes several levels says so by its event flags: until the update that carries "event processing complete" no decide mark is set, because between the updates the
/// book may stand crossed. In recordings half of the transactions that are left open this way are never completed, so one also ends at the first message of another symbol or
/// time, and at a heartbeat. (Of 1,142 open updates in the recording of 2017-04-25, 532 go on at the same time, all but one in the same segment; the rest are just left.)
/// Everything outside such a transaction is marked at the end of its segment.
/// </remarks>
public sealed class DeepNormaliser
{
    /// <summary>Extended hours (0x40), odd lot (0x20) and single-price cross (0x08) trades do not make a last sale.</summary>
    private const int NotLastSaleConditions = 0x40 | 0x20 | 0x08;

    private readonly FeedContinuity _feed;
    private readonly SourceStatistics _statistics;
    private long _openTimestamp;
    private Symbol8 _openSymbol;

    internal DeepNormaliser(FeedContinuity feed)
    {
        _feed = feed;
        _statistics = feed.Statistics;
        for (int type = 0; type < 256; type++)
            _statistics.MessageTypeNames[type] = DeepMessage.NameOf((byte)type);
    }

    /// <summary>Inside a venue transaction whose last price level update has not come yet.</summary>
    public bool TransactionIsOpen { get; private set; }

    /// <summary>What was open is void: after a gap or a reset its end may never come.</summary>
    public void ForgetTransaction() => TransactionIsOpen = false;

    /// <summary>
    /// The most events that this many bytes of messages can make beside two statuses for each instrument: the densest is an operational halt, 20 bytes; the
    /// end of a transaction may add one.
    /// </summary>
    public static int MaxEvents(int bytes) => bytes / (OperationalHaltStatus.Length + 2) + bytes / (PriceLevelUpdate.Length + 2) + 2;

    public void Apply<TSink, TClock>(ReadOnlySpan<byte> message, ref TickBatch<TSink, TClock> batch)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock
    {
        _statistics.Messages++;
        if (message.IsEmpty)
        {
            _feed.Error("a DEEP message of length 0", 0);
            return;
        }
        byte type = message[0];
        _statistics.MessageTypeCounts[type]++;
        int length = DeepMessage.LengthOf(type);
        if (length == 0)
        {
            _statistics.UnknownMessages++;
            return;
        }
        if (message.Length < length)
        {
            _feed.Error("a DEEP message shorter than its type's length, type byte", type);
            return;
        }
        if (TransactionIsOpen && !BelongsToTransaction(message))
            EndTransaction(ref batch);
        switch (type)
        {
            case PriceLevelUpdate.BuyType: OnLevel(new PriceLevelUpdate(message), Side.Buy, ref batch); break;
            case PriceLevelUpdate.SellType: OnLevel(new PriceLevelUpdate(message), Side.Sell, ref batch); break;
            case TradeReport.Type: OnTrade(new TradeReport(message), EventKind.Trade, ref batch); break;
            case TradeReport.BreakType: OnTrade(new TradeReport(message), EventKind.TradeBroken, ref batch); break;
            case TradingStatusMessage.Type: OnTradingStatus(new TradingStatusMessage(message), ref batch); break;
            case OperationalHaltStatus.Type: OnOperationalHalt(new OperationalHaltStatus(message), ref batch); break;
            case SystemEvent.Type: OnSystemEvent(new SystemEvent(message), ref batch); break;
            case AuctionInformation.Type: OnAuction(new AuctionInformation(message), ref batch); break;
        }
    }

    private void OnLevel<TSink, TClock>(PriceLevelUpdate m, Side side, ref TickBatch<TSink, TClock> batch)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock
    {
        if (!TryFind(m.Symbol, out ushort instrument))
            return;
        ref Tick tick = ref RingEvent.AsTick(ref batch.Begin(EventKind.LevelSet, instrument));
        tick.Side = side;
        tick.PriceUnits = m.Price;
        tick.QuantityUnits = m.Size;
        if ((m.EventFlags & PriceLevelUpdate.EventComplete) != 0)
        {
            EndTransaction(ref batch);
            return;
        }
        TransactionIsOpen = true;
        _openTimestamp = m.Timestamp;
        _openSymbol = m.Symbol;
    }

    /// <summary>The venue goes on to something else, or says that it is idle: what was open has ended.</summary>
    public void EndTransaction<TSink, TClock>(ref TickBatch<TSink, TClock> batch)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock
    {
        TransactionIsOpen = false;
        batch.Mark();
    }

    // Every message with a symbol has it at the same place.
    private bool BelongsToTransaction(ReadOnlySpan<byte> message) =>
        message.Length >= SecurityEvent.Length && new SecurityEvent(message) is var m && m.Timestamp == _openTimestamp && m.Symbol == _openSymbol;

    private void OnTrade<TSink, TClock>(TradeReport m, EventKind kind, ref TickBatch<TSink, TClock> batch)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock
    {
        if (!TryFind(m.Symbol, out ushort instrument))
            return;
        ref Tick tick = ref RingEvent.AsTick(ref batch.Begin(kind, instrument));
        if ((m.SaleConditionFlags & NotLastSaleConditions) != 0)
            tick.Flags = EventFlags.NotLastSale;
        tick.PriceUnits = m.Price;
        tick.QuantityUnits = m.Size;
        tick.Reference2 = (ulong)m.TradeId;
    }

    private void OnTradingStatus<TSink, TClock>(TradingStatusMessage m, ref TickBatch<TSink, TClock> batch)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock
    {
        if (!TryFind(m.Symbol, out ushort instrument))
            return;
        TradingStatus status = m.TradingStatus switch
        {
            (byte)'T' => TradingStatus.Trading,
            (byte)'H' => TradingStatus.Halted,
            (byte)'P' => TradingStatus.Paused,
            (byte)'O' => TradingStatus.Auction,
            _ => TradingStatus.Unknown,
        };
        _feed.Status.SetTrading(instrument, status, ref batch);
    }

    private void OnOperationalHalt<TSink, TClock>(OperationalHaltStatus m, ref TickBatch<TSink, TClock> batch)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock
    {
        if (TryFind(m.Symbol, out ushort instrument))
            _feed.Status.SetOperationalHalt(instrument, m.Status == 'O', ref batch);
    }

    private void OnSystemEvent<TSink, TClock>(SystemEvent m, ref TickBatch<TSink, TClock> batch)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock
    {
        // E ends system hours, C ends the messages: no order can execute any more.
        if (m.SystemEventCode is (byte)'E' or (byte)'C')
            _feed.Status.SetAll(TradingStatus.Closed, ref batch);
    }

    private void OnAuction<TSink, TClock>(AuctionInformation m, ref TickBatch<TSink, TClock> batch)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock
    {
        if (!TryFind(m.Symbol, out ushort instrument))
            return;
        ref Tick tick = ref RingEvent.AsTick(ref batch.Begin(EventKind.AuctionIndicated, instrument));
        tick.Side = m.ImbalanceSide switch { (byte)'B' => Side.Buy, (byte)'S' => Side.Sell, _ => Side.None };
        tick.PriceUnits = m.IndicativeClearingPrice;
        tick.QuantityUnits = m.PairedShares;
        tick.Reference = m.ImbalanceShares;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryFind(Symbol8 symbol, out ushort instrument)
    {
        if (_feed.Symbols.TryFind(symbol, out instrument))
            return true;
        _statistics.IgnoredMessages++;
        return false;
    }
}
