using System.Runtime.CompilerServices;
using Appliance.Contract;
using Appliance.Flow;
using Appliance.Flow.Compute;
using Appliance.Flow.Decide;
using Appliance.Flow.Market;
using Appliance.Kernels;
using Appliance.Lab.Specification;
using Appliance.Risk;
using Appliance.Strategy.Policies;

namespace Appliance.Tests.Lab;

/// <summary>
/// One simulated episode through the live flow in simulated time: quotes at the decision times, the real gate, executor and account, and a venue that fills each order whole at the mid, for a
/// fee that is the specification's proportional cost. The clock is the events' own.
/// </summary>
internal sealed class TrainLiveEpisode : IOrderOut
{
    public const long PriceUnitsPerOne = 1_000_000_000, QuantityUnitsPerOne = 1_000_000, LotUnits = 100;
    public const double Lot = (double)LotUnits / QuantityUnitsPerOne;
    private const long StartUtcNs = 1_700_000_000_000_000_000;
    private readonly Flow<NoClock> _flow;
    private readonly Queue<Execution> _answers = new();
    private readonly long _stepNs;
    private long _sequence, _midUnits;

    public TrainLiveEpisode(LabSpecification specification, IHedgePolicy policy)
    {
        ContractSpecification option = specification.Liability.Contracts[0];
        TimeSpecification time = specification.Time;
        _stepNs = (long)Math.Round(time.StepYears * DecisionSchedule.NanosecondsPerYear);
        var instrument = new InstrumentDefinition(0, "SIM", PriceUnitsPerOne, QuantityUnitsPerOne, 1, LotUnits, 1);
        var definition = new PortfolioDefinition
        {
            Name = "episode", Strike = [option.Strike], ExpiryUtcNs = [StartUtcNs + time.Steps * _stepNs], CallPut = [option.Call ? 1.0 : -1.0],
            Quantity = [option.Position * option.Notional], Volatility = [specification.Market.Volatilities[0]], ReferenceStrike = option.Strike,
        };
        _flow = new Flow<NoClock>(new FlowOptions
        {
            Instruments = [instrument],
            Portfolios =
            [
                new FlowPortfolio
                {
                    Name = "episode", Instrument = 0, Options = definition, Policy = policy, Execution = new HedgeExecutionOptions { MaxChildUnits = 1_000_000_000 },
                    Greeks = new PortfolioGreeksOptions { DeltaErrorUnitsMax = 0 },
                },
            ],
            Market = new MarketOptions { DefaultFeed = new InstrumentFeed(BookFeed.Quotes, TradingStatus.Trading), MaxOrders = 16, LevelsPerSide = 4, HeldEventsPerInstrument = 16 },
            Limits = new GateLimits
            {
                Instruments = [new InstrumentLimits { Instrument = 0, MaxQuantityUnits = 1_000_000_000, MaxNotional = 1_000_000m, MaxPositionUnits = 1_000_000_000, CollarBasisPoints = 1_000, StaleAfterNs = long.MaxValue }],
                MaxMessagesPerWindow = 1_000, MaxLiveOrders = 4, OrderTableCapacity = 16, DuplicateWindowNs = 0, AcknowledgeWithinNs = long.MaxValue,
            },
            Fees = new FeeSchedule(specification.Hedges[0].Costs.Proportional * 1e4, specification.Hedges[0].Costs.Proportional * 1e4),
            SamplesMax = 16,
        }, new CpuGreeksBackend(), this, new StageLatency(1_000_000_000));
        Send(EventKind.SessionUp, StartUtcNs, RingEvent.AllInstruments, default);
    }

    public long LastEncodedNs => 0;
    public long LastSentNs => 0;
    public double Held => _flow.Account[0].HedgeUnits;
    public long Orders { get; private set; }

    /// <summary>Gains of the hedge at this price less its fees.</summary>
    public double PnlAt(double price) => _flow.Account[0].HedgePnlAt(price);

    /// <summary>A quote one unit each side of the mid at a decision time; on return every order that it caused is answered.</summary>
    public void Quote(int step, long midUnits)
    {
        _midUnits = midUnits;
        long time = StartUtcNs + step * _stepNs;
        var quote = new Quote { BidPriceUnits = midUnits - 1, AskPriceUnits = midUnits + 1, BidQuantityUnits = LotUnits, AskQuantityUnits = LotUnits };
        RingEvent e = Unsafe.As<Quote, RingEvent>(ref quote);
        Send(EventKind.QuoteSet, time, 0, e, EventFlags.DecideMark);
        while (_answers.TryDequeue(out Execution answer)) Send(EventKind.ExecutionReported, time, 0, Unsafe.As<Execution, RingEvent>(ref answer));
    }

    public SendResult Send(in ApprovedOrder order)
    {
        Orders++;
        _answers.Enqueue(new Execution
        {
            Side = order.Side, ClientOrderId = order.ClientOrderId, ExecutionKind = ExecutionKind.Trade, OrderStatus = OrderStatus.Filled, LastPriceUnits = _midUnits,
            LastQuantityUnits = order.QuantityUnits, CumulativeQuantityUnits = order.QuantityUnits,
        });
        return SendResult.Sent;
    }

    private void Send(EventKind kind, long time, ushort instrument, RingEvent e, EventFlags flags = EventFlags.None)
    {
        (e.Kind, e.Instrument, e.TimeUtcNs, e.Flags) = (kind, instrument, time, flags);
        _flow.OnEvent(ref e, _sequence++);
    }
}
