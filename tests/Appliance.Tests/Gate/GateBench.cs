using Appliance.Contract;
using Appliance.Risk;

namespace Appliance.Tests.Gates;

/// <summary>
/// A gate with every control on and round limits, a ready market at 100.00, and short ways to say orders and answers. The namespace is Gates, not Gate,
/// so that the class Gate keeps its short name in every test.
/// </summary>
internal sealed class GateBench
{
    public const long Start = 1_700_000_000_000_000_000;
    public const long Second = 1_000_000_000, Millisecond = 1_000_000;
    /// <summary>Prices in 1/10,000, ticks of 0.01, lots of 10 shares.</summary>
    public static readonly InstrumentDefinition Share = new(0, "AAA", 10_000, 1, 100, 10, 1);
    /// <summary>Not on the allow-list.</summary>
    public static readonly InstrumentDefinition Other = new(1, "BBB", 10_000, 1, 100, 1, 1);
    /// <summary>Prices and quantities in 10^-8, as Binance.</summary>
    public static readonly InstrumentDefinition Coin = new(2, "BTC", 100_000_000, 100_000_000, 10_000_000, 100_000, 1);

    public static readonly GateLimits Limits = new()
    {
        Instruments =
        [
            new() { Instrument = 0, MaxQuantityUnits = 500, MaxNotional = 40_000m, MaxPositionUnits = 1_000, CollarBasisPoints = 100, StaleAfterNs = Second },
            new() { Instrument = 1, MaxQuantityUnits = 500, MaxNotional = 40_000m, MaxPositionUnits = 1_000, CollarBasisPoints = 100, IsAllowed = false },
            new() { Instrument = 2, MaxQuantityUnits = 1_000_000_000, MaxNotional = 100_000m, MaxPositionUnits = 5_000_000_000, CollarBasisPoints = 50 },
        ],
        MaxMessagesPerWindow = 10, MessageWindowNs = Second, CancelReserveMessages = 3, MaxLiveOrders = 4, DuplicateWindowNs = 100 * Millisecond,
        MaxDailyLoss = 1_000, AcknowledgeWithinNs = 200 * Millisecond, OrderIdEpoch = 7, OrderTableCapacity = 16,
        // Controls that most tests would stumble over are switched on by the tests that are about them.
        PreventsSelfMatch = false,
    };

    private long _sequence;

    public GateBench(GateLimits? limits = null)
    {
        Gate = new Gate([Share, Other, Coin], limits ?? Limits);
        Gate.OnSession(true);
        Market(0, 1_000_000);
        Market(1, 1_000_000);
        Market(2, 60_000_00000000);
    }

    public Gate Gate { get; }
    public OrderTable Orders => Gate.Orders;
    public long Now { get; set; } = Start;

    public void Market(int instrument, long mid, BookState state = BookState.Ready, TradingStatus status = TradingStatus.Trading,
        long lowerBand = 0, long upperBand = long.MaxValue) =>
        Gate.OnTop(instrument, new TopOfBook
        {
            BidPriceUnits = mid - 100, BidQuantityUnits = 100, AskPriceUnits = mid + 100, AskQuantityUnits = 100, TimeUtcNs = Now,
            LowerBandUnits = lowerBand, UpperBandUnits = upperBand, State = state, Status = status,
        });

    public OrderIntent Intent(long quantity = 10, long price = 1_000_000, Side side = Side.Buy, ushort instrument = 0, ushort portfolio = 0, TimeInForce tif = TimeInForce.Day) => new()
    {
        Kind = OrderRequestKind.New, Side = side, TimeInForce = tif, Instrument = instrument, Portfolio = portfolio, PriceUnits = price, QuantityUnits = quantity,
        TimeUtcNs = Now, RingSequence = _sequence++,
    };

    public GateVerdict Check(OrderIntent intent, out ApprovedOrder approved)
    {
        intent.TimeUtcNs = Now;
        return Gate.Check(in intent, out approved);
    }

    public GateVerdict TryNew(long quantity = 10, long price = 1_000_000, Side side = Side.Buy, ushort instrument = 0, ushort portfolio = 0) =>
        Check(Intent(quantity, price, side, instrument, portfolio), out _);

    public ApprovedOrder New(long quantity = 10, long price = 1_000_000, Side side = Side.Buy, ushort instrument = 0, ushort portfolio = 0, TimeInForce tif = TimeInForce.Day)
    {
        Assert.Equal(GateVerdict.Approved, Check(Intent(quantity, price, side, instrument, portfolio, tif), out ApprovedOrder approved));
        return approved;
    }

    /// <summary>An order that the venue has acknowledged.</summary>
    public ApprovedOrder Live(long quantity = 10, long price = 1_000_000, Side side = Side.Buy)
    {
        ApprovedOrder order = New(quantity, price, side);
        Report(order.ClientOrderId, ExecutionKind.New);
        return order;
    }

    public GateVerdict TryAmend(in ApprovedOrder order, long quantity, long price, out ApprovedOrder approved)
    {
        OrderIntent intent = Intent(quantity, price, order.Side, order.Instrument, order.Portfolio, order.TimeInForce);
        intent.Kind = OrderRequestKind.Amend;
        intent.OriginalClientOrderId = order.ClientOrderId;
        return Check(intent, out approved);
    }

    public ApprovedOrder Amend(in ApprovedOrder order, long quantity, long price = 1_000_000)
    {
        Assert.Equal(GateVerdict.Approved, TryAmend(in order, quantity, price, out ApprovedOrder approved));
        return approved;
    }

    public GateVerdict TryCancel(ulong id, out ApprovedOrder approved) =>
        Check(new OrderIntent { Kind = OrderRequestKind.Cancel, OriginalClientOrderId = id }, out approved);

    public ApprovedOrder Cancel(in ApprovedOrder order)
    {
        Assert.Equal(GateVerdict.Approved, TryCancel(order.ClientOrderId, out ApprovedOrder approved));
        return approved;
    }

    public ExecutionEffect Report(ulong id, ExecutionKind kind, long cumulative = 0, long last = 0, long price = 1_000_000, OrderStatus status = OrderStatus.Unknown,
        EventFlags flags = 0, Side side = Side.None, ushort instrument = RingEvent.AllInstruments) =>
        Gate.OnExecution(new Execution
        {
            Kind = EventKind.ExecutionReported, Instrument = instrument, Side = side, Flags = flags, TimeUtcNs = Now, ClientOrderId = id, ExecutionKind = kind,
            OrderStatus = status, CumulativeQuantityUnits = cumulative, LastQuantityUnits = last, LastPriceUnits = price,
        });

    public ExecutionEffect Fill(ulong id, long cumulative, long last, EventFlags flags = 0) =>
        Report(id, ExecutionKind.Trade, cumulative, last, status: OrderStatus.PartiallyFilled, flags: flags);

    public void Unsent(ulong id) => Gate.OnUnsent(new Execution
    {
        Kind = EventKind.OrderUnsent, TimeUtcNs = Now, ClientOrderId = id, Reason = (ushort)SendResult.BackPressure,
    });

    public OrderRecord Record(in ApprovedOrder order) => Orders[Orders.Find(order.ClientOrderId)];
    public InstrumentExposure Exposure(int instrument = 0) => Orders.Exposure(instrument);
}
