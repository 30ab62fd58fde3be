using Appliance.Contract;
using Appliance.Flow;
using Appliance.Flow.Compute;
using Appliance.Flow.Market;
using Appliance.Risk;
using Appliance.Strategy.Policies;

namespace Appliance.Host.Threads;

/// <summary>
/// Keeps the order's road warm. Between two orders the processor forgets the code that makes one: milliseconds of polling, and whoever shares the core's caches, push it out, and the next
/// order then pays for hundreds of lines that must come from far away. So while nothing comes, a second flow of the same types plays one price move after another from books to encoded message,
/// on a small market of its own; the code stays near, and so does what the gateway keeps for encoding.
/// <para>
/// It can send nothing: its orders are approved by a gate of its own and end at <see cref="IOrderGateway.Rehearse"/>, which is given an intent, takes no sequence number and writes no store. It changes nothing that decides: the
/// live flow, its gate and its hash never hear of it. So replay and live agree whether it plays or not.
/// </para>
/// </summary>
internal sealed class Understudy
{
    private const long StepNs = 1_000_000_000;
    private const int Levels = 5;
    private readonly Flow<HostMonotonicClock> _live, _flow;
    private readonly Market _market;
    private readonly ScriptedPolicy _policy = new();
    private readonly RehearsalOut _out;
    private readonly BookFeed _feed;
    private readonly double _clipUnits;
    private readonly long _periodNs;
    private long _nextNs, _sequence, _timeUtcNs = 1_700_000_000_000_000_000;
    private ulong _nextReference = 1, _bid, _ask;
    private bool _high;

    private readonly record struct Market(InstrumentDefinition Instrument, long BasePriceUnits, long QuantityUnits);

    /// <param name="live">The first portfolio's instrument, feed and way of trading are played; what its next orders will be written to is read.</param>
    /// <param name="periodNs">The least time between two performances.</param>
    public Understudy(Flow<HostMonotonicClock> live, IComputeBackend compute, IRehearsable sender, long periodNs)
    {
        _live = live;
        FlowOptions like = live.Options;
        _periodNs = periodNs;
        FlowPortfolio model = like.Portfolios[0];
        InstrumentDefinition instrument = like.Instruments[model.Instrument] with { Index = 0 };
        _market = new Market(instrument, 10_000 * instrument.TickSizeUnits, 1_000 * instrument.LotSizeUnits);
        _clipUnits = 10.0 * instrument.LotSizeUnits / instrument.QuantityUnitsPerOne;
        _out = new RehearsalOut(sender, model.Instrument);
        // A bridged book's snapshot would have to be played too; its tops come from the same quotes.
        _feed = like.Market.FeedOf(model.Instrument).Feed is var feed && feed == BookFeed.BridgedLevels ? BookFeed.Quotes : feed;
        _flow = new Flow<HostMonotonicClock>(new FlowOptions
        {
            Instruments = [instrument],
            Portfolios =
            [
                new FlowPortfolio
                {
                    Name = "understudy", Instrument = 0, Policy = _policy, Greeks = new PortfolioGreeksOptions { DeltaErrorUnitsMax = 1, RepriceAfterNs = long.MaxValue / 4 },
                    Execution = model.Execution with { MinimumTradeUnits = 1, MaxChildUnits = InstrumentLimits.UnitsMax, RetryAfterNs = 1 },
                    Options = new PortfolioDefinition { Name = "understudy", Strike = [], ExpiryUtcNs = [], CallPut = [], Quantity = [], Volatility = [] },
                },
            ],
            Market = new MarketOptions { DefaultFeed = new InstrumentFeed(_feed, TradingStatus.Trading), MaxOrders = 64, LevelsPerSide = 16, HeldEventsPerInstrument = 16 },
            // Every control is on, so that the code of each is played, and none can trip.
            Limits = new GateLimits
            {
                OrderIdsMax = long.MaxValue / 2, OrderIdEpoch = 1, MaxMessagesPerLongWindow = 1_000_000, MaxRejectsPerLongWindow = 1_000_000, MaxAccountPosition = 1e25, MaxExposure = 1e25,
                StaleGreeksAfterNs = long.MaxValue / 4, MaxClockSkewNs = long.MaxValue, MaxDailyLoss = 1e25, RepeatWindowNs = 1_000_000,
                Instruments =
                [
                    new InstrumentLimits
                    {
                        Instrument = 0, MaxQuantityUnits = InstrumentLimits.UnitsMax, MaxNotional = 1e15m, MaxPositionUnits = InstrumentLimits.UnitsMax, CollarBasisPoints = 1_000_000, DriftCollarBasisPoints = 1_000_000,
                    },
                ],
                Portfolios =
                [
                    new PortfolioLimits
                    {
                        Portfolio = 0, HedgeAttemptsMax = 1_000, RepeatedExecutionsMax = 1_000, ProtectionQuantityUnits = InstrumentLimits.UnitsMax, ProtectionDelta = 1e25,
                        ProtectionIntervalNs = 1_000_000,
                    },
                ],
            },
            Fees = like.Fees, SamplesMax = 16,
        }, compute, _out, new StageLatency(1_000_000));
        Open();
    }

    /// <summary>Performances in which no order was made: a script that the flow does not follow warms nothing.</summary>
    public long Missed { get; private set; }
    public long Performances { get; private set; }
    /// <summary>Without meaning: it makes the reading of the live flow's memory count.</summary>
    public long Read { get; private set; }

    /// <summary>Plays one price move, its order and its fill, if it is time; to be called when there is nothing else to do.</summary>
    public void PlayIfDue(long nowNs)
    {
        if (nowNs < _nextNs) return;
        _nextNs = nowNs + _periodNs;
        Play(nowNs);
    }

    private void Play(long nowNs)
    {
        Performances++;
        _timeUtcNs += StepNs;
        long before = _out.Orders;
        _high = !_high;
        _policy.TargetUnits = _high ? _clipUnits : 0;
        Move(nowNs);
        if (_out.Orders == before) Missed++;
        else Fill(nowNs);
        Read += _live.Approach();
    }

    private void Open()
    {
        RingEvent e = default;
        RingEvent.Begin(ref e, EventKind.SessionUp, RingEvent.AllInstruments, 0, 0, _timeUtcNs);
        _flow.OnEvent(ref e, _sequence++);
        long tick = _market.Instrument.TickSizeUnits;
        for (int level = Levels; level >= 1 && _feed != BookFeed.Quotes; level--)
        {
            Rest(Side.Buy, _market.BasePriceUnits - (level - 1) * tick, isLast: false);
            Rest(Side.Sell, _market.BasePriceUnits + level * tick, isLast: level == 1);
        }
    }

    private void Rest(Side side, long priceUnits, bool isLast)
    {
        RingEvent e = default;
        RingEvent.Begin(ref e, _feed == BookFeed.Orders ? EventKind.OrderAdded : EventKind.LevelSet, 0, 0, 0, _timeUtcNs);
        ref Tick tick = ref RingEvent.AsTick(ref e);
        tick.Side = side;
        tick.PriceUnits = priceUnits;
        tick.QuantityUnits = _market.QuantityUnits;
        tick.Reference = _nextReference;
        if (side == Side.Buy) _bid = _nextReference++;
        else _ask = _nextReference++;
        if (isLast) tick.Flags = EventFlags.DecideMark;
        _flow.OnEvent(ref e, _sequence++);
    }

    /// <summary>Best bid and ask go up or down by a tick together.</summary>
    private void Move(long nowNs)
    {
        long tick = _market.Instrument.TickSizeUnits, bid = _market.BasePriceUnits + (_high ? tick : 0), ask = bid + tick;
        switch (_feed)
        {
            case BookFeed.Orders when _high:
                Replace(ref _ask, ask, nowNs, isLast: false);
                Replace(ref _bid, bid, nowNs, isLast: true);
                break;
            case BookFeed.Orders:
                Replace(ref _bid, bid, nowNs, isLast: false);
                Replace(ref _ask, ask, nowNs, isLast: true);
                break;
            case BookFeed.Levels:
                // The level between the two positions of the touch is an ask while low and a bid while high.
                long middle = _market.BasePriceUnits + tick;
                SetLevel(_high ? Side.Sell : Side.Buy, middle, 0, nowNs, isLast: false);
                SetLevel(_high ? Side.Buy : Side.Sell, middle, _market.QuantityUnits, nowNs, isLast: true);
                break;
            default:
                RingEvent e = default;
                RingEvent.Begin(ref e, EventKind.QuoteSet, 0, 0, nowNs, _timeUtcNs);
                ref Quote quote = ref RingEvent.AsQuote(ref e);
                quote.Flags = EventFlags.DecideMark;
                quote.BidPriceUnits = bid;
                quote.AskPriceUnits = ask;
                quote.BidQuantityUnits = quote.AskQuantityUnits = _market.QuantityUnits;
                quote.UpdateIdLow = (uint)Performances;
                _flow.OnEvent(ref e, _sequence++);
                break;
        }
    }

    private void Replace(ref ulong reference, long priceUnits, long nowNs, bool isLast)
    {
        RingEvent e = default;
        RingEvent.Begin(ref e, EventKind.OrderReplaced, 0, 0, nowNs, _timeUtcNs);
        ref Tick tick = ref RingEvent.AsTick(ref e);
        tick.Reference = reference;
        tick.Reference2 = reference = _nextReference++;
        tick.PriceUnits = priceUnits;
        tick.QuantityUnits = _market.QuantityUnits;
        if (isLast) tick.Flags = EventFlags.DecideMark;
        _flow.OnEvent(ref e, _sequence++);
    }

    private void SetLevel(Side side, long priceUnits, long quantityUnits, long nowNs, bool isLast)
    {
        RingEvent e = default;
        RingEvent.Begin(ref e, EventKind.LevelSet, 0, 0, nowNs, _timeUtcNs);
        ref Tick tick = ref RingEvent.AsTick(ref e);
        tick.Side = side;
        tick.PriceUnits = priceUnits;
        tick.QuantityUnits = quantityUnits;
        if (isLast) tick.Flags = EventFlags.DecideMark;
        _flow.OnEvent(ref e, _sequence++);
    }

    private void Fill(long nowNs)
    {
        RingEvent e = default;
        RingEvent.Begin(ref e, EventKind.ExecutionReported, 0, 0, nowNs, _timeUtcNs);
        ref Execution execution = ref RingEvent.AsExecution(ref e);
        execution.Side = _out.Last.Side;
        execution.ClientOrderId = _out.Last.ClientOrderId;
        execution.LastPriceUnits = _out.Last.PriceUnits;
        execution.LastQuantityUnits = execution.CumulativeQuantityUnits = _out.Last.QuantityUnits;
        execution.ExecutionKind = ExecutionKind.Trade;
        execution.OrderStatus = OrderStatus.Filled;
        _flow.OnEvent(ref e, _sequence++);
    }

    /// <summary>Where the understudy's orders end.</summary>
    private sealed class RehearsalOut(IRehearsable sender, ushort instrument) : IOrderOut
    {
        public OrderIntent Last;
        public long Orders { get; private set; }
        public long LastEncodedNs { get; private set; }
        public long LastSentNs => LastEncodedNs;

        public SendResult Send(in ApprovedOrder order)
        {
            Last.Kind = order.Kind;
            Last.Side = order.Side;
            Last.TimeInForce = order.TimeInForce;
            // The live desk's index: the gateway's templates are by instrument.
            Last.Instrument = instrument;
            Last.PriceUnits = order.PriceUnits;
            Last.QuantityUnits = order.QuantityUnits;
            Last.ClientOrderId = order.ClientOrderId;
            Last.OriginalClientOrderId = order.OriginalClientOrderId;
            sender.Rehearse(in Last);
            LastEncodedNs = default(HostMonotonicClock).NowNs();
            Orders++;
            return SendResult.Sent;
        }
    }

    private sealed class ScriptedPolicy : IHedgePolicy
    {
        public double TargetUnits;
        public string Name => "scripted";
        public HedgeTarget Decide(in PortfolioState state) => new(TargetUnits, TargetUnits, TargetUnits);
    }
}
