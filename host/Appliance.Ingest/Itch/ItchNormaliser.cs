using System.Runtime.CompilerServices;
using Appliance.Contract;

namespace Appliance.Ingest.Itch;

/// <summary>
/// ITCH 5.0 messages to ring events. An instrument is known by its stock locate, learnt from Stock Directory messages and, because captures that
/// begin during the day have none, from the Stock field of orders and trades as well. Messages that change nothing an appliance decides on (market
/// participant positions, retail interest, Reg SHO, IPO quoting, circuit-breaker levels, direct listings) are counted and make no event.
/// </summary>
/// <remarks>
/// Choices: the side of a non-cross trade is not passed on (since 2014 it is always B, whatever the side). A Net Order Imbalance becomes AuctionIndicated with the near
/// price (the current reference price when there is none yet), the paired shares, the imbalance in Reference and its direction as side. A LULD auction collar becomes
/// PriceBandSet; a collar that was published while the stock did not trade ends when it trades again.
/// </remarks>
public sealed class ItchNormaliser
{
    private const ushort LocateUnknown = ushort.MaxValue;
    private const ushort LocateUnmapped = ushort.MaxValue - 1;

    private readonly ushort[] _instrumentByLocate = new ushort[65_536];
    private readonly bool[] _auctionCollarStands;
    private readonly FeedContinuity _feed;
    private readonly SourceStatistics _statistics;

    internal ItchNormaliser(FeedContinuity feed)
    {
        _feed = feed;
        _statistics = feed.Statistics;
        _auctionCollarStands = new bool[feed.Symbols.HighestIndex + 1];
        for (int type = 0; type < 256; type++)
            _statistics.MessageTypeNames[type] = ItchMessage.NameOf((byte)type);
        ForgetLocates();
    }

    /// <summary>Locates hold for one day, so for one session.</summary>
    public void ForgetLocates() => _instrumentByLocate.AsSpan().Fill(LocateUnknown);

    /// <summary>
    /// The most events that this many bytes of messages (each with a 2-byte length) can make, beside one status for each instrument: the densest are an
    /// order delete, one event in 21 bytes, and a trading action, which makes a status and may end a collar, two in 27 bytes.
    /// </summary>
    public static int MaxEvents(int bytes) => bytes * 2 / (StockTradingAction.Length + 2) + 2;

    public void Apply<TSink, TClock>(ReadOnlySpan<byte> message, ref TickBatch<TSink, TClock> batch)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock
    {
        _statistics.Messages++;
        if (message.IsEmpty)
        {
            _feed.Error("an ITCH message of length 0", 0);
            return;
        }
        byte type = message[0];
        _statistics.MessageTypeCounts[type]++;
        int length = ItchMessage.LengthOf(type);
        if (length == 0)
        {
            _statistics.UnknownMessages++;
            return;
        }
        if (message.Length < length)
        {
            _feed.Error("an ITCH message shorter than its type's length, type byte", type);
            return;
        }
        switch (type)
        {
            case AddOrder.Type or AddOrderWithMpid.Type: OnAdd(new AddOrder(message), ref batch); break;
            case OrderDelete.Type: OnDelete(new OrderDelete(message), ref batch); break;
            case OrderReplace.Type: OnReplace(new OrderReplace(message), ref batch); break;
            case OrderExecuted.Type: OnExecuted(new OrderExecuted(message), ref batch); break;
            case OrderCancel.Type: OnCancel(new OrderCancel(message), ref batch); break;
            case OrderExecutedWithPrice.Type: OnExecutedWithPrice(new OrderExecutedWithPrice(message), ref batch); break;
            case NonCrossTrade.Type: OnTrade(new NonCrossTrade(message), ref batch); break;
            default: ApplyRare(message, type, ref batch); break;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ApplyRare<TSink, TClock>(ReadOnlySpan<byte> message, byte type, ref TickBatch<TSink, TClock> batch)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock
    {
        switch (type)
        {
            case SystemEvent.Type: OnSystemEvent(new SystemEvent(message), ref batch); break;
            case StockDirectory.Type: OnDirectory(new StockDirectory(message)); break;
            case StockTradingAction.Type: OnTradingAction(new StockTradingAction(message), ref batch); break;
            case OperationalHalt.Type: OnOperationalHalt(new OperationalHalt(message), ref batch); break;
            case LuldAuctionCollar.Type: OnAuctionCollar(new LuldAuctionCollar(message), ref batch); break;
            case CrossTrade.Type: OnCrossTrade(new CrossTrade(message), ref batch); break;
            case BrokenTrade.Type: OnBrokenTrade(new BrokenTrade(message), ref batch); break;
            case NetOrderImbalance.Type: OnImbalance(new NetOrderImbalance(message), ref batch); break;
        }
    }

    private void OnAdd<TSink, TClock>(AddOrder m, ref TickBatch<TSink, TClock> batch)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock
    {
        if (!TryFind(m.StockLocate, m.Stock, out ushort instrument))
            return;
        ref Tick tick = ref RingEvent.AsTick(ref batch.Begin(EventKind.OrderAdded, instrument));
        tick.Side = SideOf(m.BuySellIndicator);
        tick.PriceUnits = m.Price;
        tick.QuantityUnits = m.Shares;
        tick.Reference = m.OrderReferenceNumber;
    }

    private void OnDelete<TSink, TClock>(OrderDelete m, ref TickBatch<TSink, TClock> batch)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock
    {
        if (TryFind(m.StockLocate, out ushort instrument))
            RingEvent.AsTick(ref batch.Begin(EventKind.OrderDeleted, instrument)).Reference = m.OrderReferenceNumber;
    }

    private void OnReplace<TSink, TClock>(OrderReplace m, ref TickBatch<TSink, TClock> batch)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock
    {
        if (!TryFind(m.StockLocate, out ushort instrument))
            return;
        ref Tick tick = ref RingEvent.AsTick(ref batch.Begin(EventKind.OrderReplaced, instrument));
        tick.PriceUnits = m.Price;
        tick.QuantityUnits = m.Shares;
        tick.Reference = m.OriginalOrderReferenceNumber;
        tick.Reference2 = m.NewOrderReferenceNumber;
    }

    private void OnExecuted<TSink, TClock>(OrderExecuted m, ref TickBatch<TSink, TClock> batch)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock
    {
        if (!TryFind(m.StockLocate, out ushort instrument))
            return;
        ref Tick tick = ref RingEvent.AsTick(ref batch.Begin(EventKind.OrderExecuted, instrument));
        tick.QuantityUnits = m.ExecutedShares;
        tick.Reference = m.OrderReferenceNumber;
        tick.Reference2 = m.MatchNumber;
    }

    private void OnExecutedWithPrice<TSink, TClock>(OrderExecutedWithPrice m, ref TickBatch<TSink, TClock> batch)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock
    {
        if (!TryFind(m.StockLocate, out ushort instrument))
            return;
        ref Tick tick = ref RingEvent.AsTick(ref batch.Begin(EventKind.OrderExecutedAtPrice, instrument));
        // Shares that are not printable come again in a cross trade's total.
        if (m.Printable != 'Y')
            tick.Flags = EventFlags.NotLastSale;
        tick.PriceUnits = m.ExecutionPrice;
        tick.QuantityUnits = m.ExecutedShares;
        tick.Reference = m.OrderReferenceNumber;
        tick.Reference2 = m.MatchNumber;
    }

    private void OnCancel<TSink, TClock>(OrderCancel m, ref TickBatch<TSink, TClock> batch)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock
    {
        if (!TryFind(m.StockLocate, out ushort instrument))
            return;
        ref Tick tick = ref RingEvent.AsTick(ref batch.Begin(EventKind.OrderReduced, instrument));
        tick.QuantityUnits = m.CanceledShares;
        tick.Reference = m.OrderReferenceNumber;
    }

    private void OnTrade<TSink, TClock>(NonCrossTrade m, ref TickBatch<TSink, TClock> batch)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock
    {
        if (!TryFind(m.StockLocate, m.Stock, out ushort instrument))
            return;
        ref Tick tick = ref RingEvent.AsTick(ref batch.Begin(EventKind.Trade, instrument));
        tick.Flags = EventFlags.NonDisplayed;
        tick.PriceUnits = m.Price;
        tick.QuantityUnits = m.Shares;
        tick.Reference = m.OrderReferenceNumber;
        tick.Reference2 = m.MatchNumber;
    }

    private void OnCrossTrade<TSink, TClock>(CrossTrade m, ref TickBatch<TSink, TClock> batch)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock
    {
        // A cross that found no shares is published with quantity zero: no trade.
        if (!TryFind(m.StockLocate, m.Stock, out ushort instrument) || m.Shares == 0)
            return;
        ref Tick tick = ref RingEvent.AsTick(ref batch.Begin(EventKind.Trade, instrument));
        tick.Flags = EventFlags.NotLastSale;
        tick.PriceUnits = m.CrossPrice;
        tick.QuantityUnits = (long)m.Shares;
        tick.Reference2 = m.MatchNumber;
    }

    private void OnBrokenTrade<TSink, TClock>(BrokenTrade m, ref TickBatch<TSink, TClock> batch)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock
    {
        if (TryFind(m.StockLocate, out ushort instrument))
            RingEvent.AsTick(ref batch.Begin(EventKind.TradeBroken, instrument)).Reference2 = m.MatchNumber;
    }

    private void OnImbalance<TSink, TClock>(NetOrderImbalance m, ref TickBatch<TSink, TClock> batch)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock
    {
        if (!TryFind(m.StockLocate, m.Stock, out ushort instrument))
            return;
        ref Tick tick = ref RingEvent.AsTick(ref batch.Begin(EventKind.AuctionIndicated, instrument));
        tick.Side = SideOf(m.ImbalanceDirection);
        tick.PriceUnits = m.NearPrice != 0 ? m.NearPrice : m.CurrentReferencePrice;
        tick.QuantityUnits = (long)m.PairedShares;
        tick.Reference = m.ImbalanceShares;
    }

    private void OnDirectory(StockDirectory m) => Learn(m.StockLocate, m.Stock);

    private void OnSystemEvent<TSink, TClock>(SystemEvent m, ref TickBatch<TSink, TClock> batch)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock
    {
        if (m.EventCode is (byte)'E' or (byte)'C')
            _feed.Status.SetAll(TradingStatus.Closed, ref batch);
    }

    private void OnTradingAction<TSink, TClock>(StockTradingAction m, ref TickBatch<TSink, TClock> batch)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock
    {
        if (!TryFind(m.StockLocate, m.Stock, out ushort instrument))
            return;
        TradingStatus status = m.TradingState switch
        {
            (byte)'T' => TradingStatus.Trading,
            (byte)'H' => TradingStatus.Halted,
            (byte)'P' => TradingStatus.Paused,
            (byte)'Q' => TradingStatus.QuoteOnly,
            _ => TradingStatus.Unknown,
        };
        if (status == TradingStatus.Trading && _auctionCollarStands[instrument])
        {
            _auctionCollarStands[instrument] = false;
            RingEvent.AsTick(ref batch.Begin(EventKind.PriceBandSet, instrument)).QuantityUnits = long.MaxValue;
        }
        _feed.Status.SetTrading(instrument, status, ref batch);
    }

    private void OnOperationalHalt<TSink, TClock>(OperationalHalt m, ref TickBatch<TSink, TClock> batch)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock
    {
        // Market code Q is Nasdaq itself; halts of its sister markets (B, X) do not stop trading here.
        if (m.MarketCode == 'Q' && TryFind(m.StockLocate, m.Stock, out ushort instrument))
            _feed.Status.SetOperationalHalt(instrument, m.OperationalHaltAction == 'H', ref batch);
    }

    private void OnAuctionCollar<TSink, TClock>(LuldAuctionCollar m, ref TickBatch<TSink, TClock> batch)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock
    {
        if (!TryFind(m.StockLocate, m.Stock, out ushort instrument))
            return;
        _auctionCollarStands[instrument] = _feed.Status.Of(instrument) != TradingStatus.Trading;
        ref Tick tick = ref RingEvent.AsTick(ref batch.Begin(EventKind.PriceBandSet, instrument));
        tick.PriceUnits = m.LowerAuctionCollarPrice;
        tick.QuantityUnits = m.UpperAuctionCollarPrice;
        tick.Reference = m.AuctionCollarReferencePrice;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryFind(ushort locate, out ushort instrument)
    {
        instrument = _instrumentByLocate[locate];
        if (instrument < LocateUnmapped)
            return true;
        _statistics.IgnoredMessages++;
        return false;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryFind(ushort locate, Symbol8 stock, out ushort instrument)
    {
        instrument = _instrumentByLocate[locate];
        if (instrument == LocateUnknown)
            instrument = Learn(locate, stock);
        if (instrument < LocateUnmapped)
            return true;
        _statistics.IgnoredMessages++;
        return false;
    }

    // Locate 0 belongs to no stock: a feed that leaves it zero is looked up by symbol each time, and its executions cannot be followed.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private ushort Learn(ushort locate, Symbol8 stock)
    {
        if (!_feed.Symbols.TryFind(stock, out ushort instrument))
            instrument = LocateUnmapped;
        if (locate != 0)
            _instrumentByLocate[locate] = instrument;
        return instrument;
    }

    private static Side SideOf(byte indicator) => indicator switch
    {
        (byte)'B' => Side.Buy,
        (byte)'S' => Side.Sell,
        _ => Side.None,
    };
}
