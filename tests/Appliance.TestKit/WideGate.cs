using Appliance.Contract;
using Appliance.Risk;

namespace Appliance.TestKit;

/// <summary>
/// The real gate with limits so wide that any sensible order passes: suites of other stages get their approved orders here, for there is no bypass.
/// The session is up and every instrument's book is ready at the given prices. Times default to a fixed instant.
/// </summary>
public sealed class WideGate
{
    public const long StartUtcNs = 1_700_000_000_000_000_000;

    private readonly InstrumentDefinition[] _instruments;
    private long _ringSequence;

    public WideGate(params ReadOnlySpan<InstrumentDefinition> instruments) : this(instruments, epoch: 1) { }

    public WideGate(ReadOnlySpan<InstrumentDefinition> instruments, ulong epoch)
    {
        _instruments = instruments.ToArray();
        Gate = new Gate(_instruments, Limits(_instruments, epoch));
        Gate.OnSession(true);
        foreach (InstrumentDefinition instrument in _instruments) SetMid(instrument.Index, 100 * instrument.PriceUnitsPerOne);
    }

    public Gate Gate { get; }
    public long NowUtcNs { get; set; } = StartUtcNs;

    public static GateLimits Limits(IReadOnlyList<InstrumentDefinition> instruments, ulong epoch = 1) => new()
    {
        Instruments = [.. instruments.Select(i => new InstrumentLimits
        {
            Instrument = i.Index, MaxQuantityUnits = InstrumentLimits.UnitsMax, MaxNotional = 1_000_000_000_000m,
            MaxPositionUnits = InstrumentLimits.UnitsMax, CollarBasisPoints = 1_000_000, StaleAfterNs = long.MaxValue,
        })],
        MaxMessagesPerWindow = 1_000_000, CancelReserveMessages = 0, MessageWindowNs = 1, MaxLiveOrders = 1 << 14, DuplicateWindowNs = 0, PreventsSelfMatch = false,
        AcknowledgeWithinNs = long.MaxValue, OrderIdEpoch = epoch, OrderTableCapacity = 1 << 15,
    };

    /// <summary>A ready book one tick each side of the price.</summary>
    public void SetMid(ushort instrument, long priceUnits)
    {
        InstrumentDefinition definition = _instruments.Single(i => i.Index == instrument);
        Gate.OnTop(instrument, new TopOfBook
        {
            BidPriceUnits = priceUnits - definition.TickSizeUnits, BidQuantityUnits = definition.LotSizeUnits,
            AskPriceUnits = priceUnits + definition.TickSizeUnits, AskQuantityUnits = definition.LotSizeUnits,
            TimeUtcNs = NowUtcNs, UpperBandUnits = long.MaxValue, State = BookState.Ready, Status = TradingStatus.Trading,
        });
    }

    public ApprovedOrder New(ushort instrument, Side side, long priceUnits, long quantityUnits, TimeInForce timeInForce = TimeInForce.Day, ushort portfolio = 0) =>
        Approve(new OrderIntent
        {
            Kind = OrderRequestKind.New, Side = side, TimeInForce = timeInForce, Instrument = instrument, Portfolio = portfolio,
            PriceUnits = priceUnits, QuantityUnits = quantityUnits,
        });

    /// <summary>An amend of an order made here. The gate wants it acknowledged first: with <paramref name="acknowledge"/> the acknowledgement is played in.</summary>
    public ApprovedOrder Amend(in ApprovedOrder original, long priceUnits, long quantityUnits, bool acknowledge = true)
    {
        if (acknowledge) Report(in original, ExecutionKind.New, OrderStatus.New);
        return Approve(new OrderIntent
        {
            Kind = OrderRequestKind.Amend, Side = original.Side, TimeInForce = original.TimeInForce, Instrument = original.Instrument,
            Portfolio = original.Portfolio, PriceUnits = priceUnits, QuantityUnits = quantityUnits, OriginalClientOrderId = original.ClientOrderId,
        });
    }

    public ApprovedOrder Cancel(in ApprovedOrder original) =>
        Approve(new OrderIntent { Kind = OrderRequestKind.Cancel, Instrument = original.Instrument, OriginalClientOrderId = original.ClientOrderId });

    /// <summary>Plays an execution event into the gate, as the flow would.</summary>
    public ExecutionEffect Report(in ApprovedOrder request, ExecutionKind kind, OrderStatus status, long lastUnits = 0, long cumulativeUnits = 0, long lastPriceUnits = 0) =>
        Gate.OnExecution(new Execution
        {
            Kind = EventKind.ExecutionReported, Side = request.Side, Instrument = request.Instrument, TimeUtcNs = NowUtcNs, ClientOrderId = request.ClientOrderId,
            ExecutionKind = kind, OrderStatus = status, LastQuantityUnits = lastUnits, CumulativeQuantityUnits = cumulativeUnits, LastPriceUnits = lastPriceUnits,
        });

    public ApprovedOrder Approve(OrderIntent intent)
    {
        intent.TimeUtcNs = NowUtcNs;
        intent.RingSequence = _ringSequence++;
        GateVerdict verdict = Gate.Check(in intent, out ApprovedOrder approved);
        return verdict == GateVerdict.Approved
            ? approved
            : throw new InvalidOperationException($"The wide gate held an order back: {GateVerdicts.Name(verdict)}.");
    }
}
