using Appliance.Contract;
using Appliance.Flow.Accounts;
using Appliance.Flow.Decide;
using Appliance.Risk;
using Appliance.Strategy.Policies;
using Appliance.Tests.Gates;

namespace Appliance.Tests.Decide;

/// <summary>An executor with its gate, account and a market that a script moves; plays the part of the flow.</summary>
internal sealed class ExecutorBench
{
    public const long Millisecond = 1_000_000, Second = 1_000_000_000;
    /// <summary>Prices in 1/10,000, ticks of 0.01, single shares.</summary>
    public static readonly InstrumentDefinition Share = new(0, "AAA", 10_000, 1, 100, 1, 1);

    private long _sequence;

    public ExecutorBench(HedgeExecutionOptions? options = null, GateLimits? limits = null, InstrumentDefinition? instrument = null)
    {
        Instrument = instrument ?? Share;
        Gate = new Gate([Instrument], limits ?? Limits);
        Gate.OnSession(true);
        Account = new Account([Instrument], [FeeSchedule.None], [new("p", Instrument.Index)]);
        Executor = new HedgeExecutor(0, Instrument, options ?? new(), Gate, Account[0]);
        Market(999_900, 1_000_100);
    }

    public static GateLimits Limits { get; } = new()
    {
        Instruments = [new() { Instrument = 0, MaxQuantityUnits = 10_000, MaxNotional = 10_000_000, MaxPositionUnits = 50_000, CollarBasisPoints = 500, StaleAfterNs = 10 * Second }],
        MaxMessagesPerWindow = 1_000, DuplicateWindowNs = 0, AcknowledgeWithinNs = 200 * Millisecond,
    };

    public InstrumentDefinition Instrument { get; }
    public Gate Gate { get; }
    public Account Account { get; }
    public HedgeExecutor Executor { get; }
    public TopOfBook Top;
    public HedgeTarget Target;
    public long Now = GateBench.Start;
    public readonly List<ApprovedOrder> Sent = [];

    public void Want(double target, double halfBand = 0) => Target = new HedgeTarget(target, target - halfBand, target + halfBand);

    public void Market(long bid, long ask, BookState state = BookState.Ready, TradingStatus status = TradingStatus.Trading)
    {
        Top = new TopOfBook
        {
            BidPriceUnits = bid, AskPriceUnits = ask, BidQuantityUnits = 100, AskQuantityUnits = 100, TimeUtcNs = Now, UpperBandUnits = long.MaxValue,
            State = state, Status = status,
        };
        Gate.OnTop(0, in Top);
    }

    /// <summary>A decide mark: everything that the executor wants, through the gate. Returns what the gate approved.</summary>
    public ApprovedOrder[] Decide()
    {
        var cause = new RingEvent { Kind = EventKind.TransactionEnd, TimeUtcNs = Now, ReceivedNs = 42 };
        var approved = new List<ApprovedOrder>();
        Gate.OnTimer(Now);
        for (int rounds = 0; Executor.Next(in Target, in Top, in cause, _sequence, out OrderIntent intent); rounds++)
        {
            Assert.True(rounds < 10, "the executor does not come to an end");
            Assert.Equal((_sequence, Now, 42L), (intent.RingSequence, intent.TimeUtcNs, intent.ReceivedNs));
            GateVerdict verdict = Gate.Check(in intent, out ApprovedOrder order);
            Executor.OnVerdict(verdict, in intent, in order);
            if (verdict == GateVerdict.Approved) approved.Add(order);
        }
        _sequence++;
        Sent.AddRange(approved);
        return [.. approved];
    }

    public ApprovedOrder DecideOne() => Assert.Single(Decide());
    public void DecideNothing() => Assert.Empty(Decide());
    public void Pass(long ns) => Now += ns;

    public void Report(in ApprovedOrder request, ExecutionKind kind, long cumulative = 0, long last = 0, OrderStatus status = OrderStatus.Unknown)
    {
        ExecutionEffect effect = Gate.OnExecution(new Execution
        {
            Kind = EventKind.ExecutionReported, TimeUtcNs = Now, ClientOrderId = request.ClientOrderId, ExecutionKind = kind, OrderStatus = status, Side = request.Side,
            CumulativeQuantityUnits = cumulative, LastQuantityUnits = last, LastPriceUnits = request.PriceUnits,
        });
        Account.OnExecution(in effect);
    }

    public void Acknowledge(in ApprovedOrder order) => Report(in order, ExecutionKind.New, status: OrderStatus.New);
    public void FillWhole(in ApprovedOrder order) => Report(in order, ExecutionKind.Trade, order.QuantityUnits, order.QuantityUnits, OrderStatus.Filled);
    public void Unsent(in ApprovedOrder order) => Gate.OnUnsent(new Execution { Kind = EventKind.OrderUnsent, TimeUtcNs = Now, ClientOrderId = order.ClientOrderId });
}
