using Appliance.Contract;
using Appliance.TestKit;
using Appliance.Venue.Paper;

namespace Appliance.Tests.Venue;

/// <summary>A capture made by hand: packets of events, one packet a poll.</summary>
internal sealed class ScriptedSource(EventStaging staging, IReadOnlyList<RingEvent[]> packets, Func<bool>? ready = null) : ITickSource
{
    private readonly StagingSink _sink = new(staging);
    private int _next;

    public bool Ended => _next == packets.Count;
    public int MaxEventsPerPacket => 64;
    public SourceStatistics Statistics { get; } = new() { Kind = "script" };

    public int Poll(int maxPackets)
    {
        int taken = 0;
        for (; taken < maxPackets && _next < packets.Count && ready?.Invoke() != false; taken++)
        {
            foreach (RingEvent e in packets[_next])
            {
                _sink.Claim() = e;
                _sink.Publish();
            }
            _next++;
        }
        return taken;
    }

    public void Dispose() { }
}

/// <summary>Events by hand, and a run of them through the paper venue with a decider that reacts to each published event.</summary>
internal sealed class PaperScript
{
    public const long Start = WideGate.StartUtcNs;
    public static readonly InstrumentDefinition Share = new(0, "ACME", 10_000, 1, 100, 1, 1);

    private readonly List<RingEvent[]> _packets = [];
    private readonly EventStaging _staging = new(1024);

    public PaperScript(PaperOptions? options = null)
    {
        Venue = new PaperVenue([Share], options ?? new PaperOptions { OrderLatencyNs = 100, ReportLatencyNs = 50, LevelsMax = 64, BookOrdersMax = 64, HeldEventsMax = 64, TakesStamps = false });
    }

    public PaperVenue Venue { get; }
    public WideGate Gate { get; } = new(Share);
    /// <summary>What the ring got.</summary>
    public List<RingEvent> Ring { get; } = [];
    public List<Execution> Reports { get; } = [];
    /// <summary>Called for each event as the decision thread would see it, once it stands in the ring.</summary>
    public Action<PaperScript, RingEvent> Decide { get; set; } = (_, _) => { };

    /// <summary>A packet at a time after the start; its last event bears the decide mark.</summary>
    public PaperScript At(long ns, params RingEvent[] events)
    {
        for (int i = 0; i < events.Length; i++)
        {
            events[i].TimeUtcNs = Start + ns;
            if (i == events.Length - 1) events[i].Flags |= EventFlags.DecideMark;
        }
        _packets.Add(events);
        return this;
    }

    public static RingEvent Level(Side side, long price, long quantity) => Tick(EventKind.LevelSet, side, price, quantity);
    public static RingEvent Trade(long price, long quantity, Side aggressor) => Tick(EventKind.Trade, aggressor, price, quantity);
    public static RingEvent Add(ulong reference, Side side, long price, long quantity) => Tick(EventKind.OrderAdded, side, price, quantity, reference);
    public static RingEvent Execute(ulong reference, long quantity) => Tick(EventKind.OrderExecuted, Side.None, 0, quantity, reference);
    public static RingEvent Reduce(ulong reference, long quantity) => Tick(EventKind.OrderReduced, Side.None, 0, quantity, reference);
    public static RingEvent Delete(ulong reference) => Tick(EventKind.OrderDeleted, Side.None, 0, 0, reference);
    public static RingEvent Status(TradingStatus status) => Tick(EventKind.StatusChanged, Side.None, 0, 0, 0, (uint)status);
    public static RingEvent Idle() => Tick(EventKind.TransactionEnd, Side.None, 0, 0);

    public static RingEvent Tick(EventKind kind, Side side, long price, long quantity, ulong reference = 0, uint detail = 0)
    {
        var e = default(RingEvent);
        RingEvent.Begin(ref e, kind, 0, 0, 0, 0);
        ref Tick tick = ref RingEvent.AsTick(ref e);
        (tick.Side, tick.PriceUnits, tick.QuantityUnits, tick.Reference, tick.Detail) = (side, price, quantity, reference, detail);
        return e;
    }

    public static RingEvent Quote(long bid, long bidQuantity, long ask, long askQuantity, uint id)
    {
        var e = default(RingEvent);
        RingEvent.Begin(ref e, EventKind.QuoteSet, 0, 0, 0, 0);
        ref Quote quote = ref RingEvent.AsQuote(ref e);
        (quote.BidPriceUnits, quote.BidQuantityUnits, quote.AskPriceUnits, quote.AskQuantityUnits, quote.UpdateIdLow) = (bid, bidQuantity, ask, askQuantity, id);
        return e;
    }

    public static RingEvent Range(EventKind kind, long first, long last, long previous)
    {
        var e = default(RingEvent);
        RingEvent.Begin(ref e, kind, 0, 0, 0, 0);
        ref UpdateRange range = ref RingEvent.AsUpdateRange(ref e);
        (range.FirstUpdateId, range.LastUpdateId, range.PreviousUpdateId) = (first, last, previous);
        return e;
    }

    /// <summary>Decides on the event that stands in the ring at <paramref name="e"/>'s time.</summary>
    public ApprovedOrder Send(in RingEvent e, Side side, long price, long quantity, TimeInForce timeInForce = TimeInForce.Day)
    {
        Gate.NowUtcNs = e.TimeUtcNs;
        ApprovedOrder order = Gate.New(0, side, price, quantity, timeInForce);
        Assert.Equal(SendResult.Sent, Venue.Send(in order));
        return order;
    }

    public void Amend(in RingEvent e, in ApprovedOrder original, long price, long quantity)
    {
        Gate.NowUtcNs = e.TimeUtcNs;
        Assert.Equal(SendResult.Sent, Venue.Send(Gate.Amend(in original, price, quantity)));
    }

    public void Cancel(in RingEvent e, in ApprovedOrder original)
    {
        Gate.NowUtcNs = e.TimeUtcNs;
        Assert.Equal(SendResult.Sent, Venue.Send(Gate.Cancel(in original)));
    }

    /// <param name="eventsAStep">Events the decider handles between two polls: the ring is caught up only when it has handled all.</param>
    /// <param name="packetsAPoll">Packets that each poll may take.</param>
    /// <param name="room">Free slots of the ring at each poll.</param>
    /// <param name="ready">Whether the capture gives its next packet now (pacing).</param>
    public PaperScript Run(int eventsAStep = int.MaxValue, int packetsAPoll = 1, int room = int.MaxValue, Func<bool>? ready = null)
    {
        var collector = new EventCollector();
        int handled = 0;
        using var source = new PaperSource<EventCollector.Sink>(new ScriptedSource(_staging, _packets, ready), _staging, Venue, collector.AsSink(), () => handled == collector.Events.Count);
        for (int poll = 0; !source.Ended || handled < collector.Events.Count; poll++)
        {
            Assert.True(poll < 1_000_000, "The paper source stands still.");
            collector.Room = room;
            source.Poll(packetsAPoll);
            for (int step = 0; step < eventsAStep && handled < collector.Events.Count; step++)
            {
                RingEvent e = collector.Events[handled];
                Decide(this, e);
                handled++;
            }
        }
        foreach (RingEvent published in collector.Events)
        {
            RingEvent e = published;
            Ring.Add(e);
            if (e.Kind == EventKind.ExecutionReported) Reports.Add(RingEvent.AsExecution(ref e));
        }
        for (int i = 1; i < Ring.Count; i++)
            Assert.True(Ring[i].TimeUtcNs >= Ring[i - 1].TimeUtcNs, "Sequenced time went back.");
        return this;
    }

    /// <summary>The reports as text: "time kind quantity@price cumulative maker".</summary>
    public IEnumerable<string> Told => Reports.Select(r => r.ExecutionKind == ExecutionKind.Trade
        ? $"{r.TimeUtcNs - Start} {r.ExecutionKind} {r.LastQuantityUnits}@{r.LastPriceUnits} cum {r.CumulativeQuantityUnits}{((r.Flags & EventFlags.AddedLiquidity) != 0 ? " maker" : "")}"
        : $"{r.TimeUtcNs - Start} {r.ExecutionKind}");

    /// <summary>Sends once, when the first event at this time after the start is decided on.</summary>
    public PaperScript OnceAt(long ns, Action<PaperScript, RingEvent> act)
    {
        Action<PaperScript, RingEvent> before = Decide;
        bool done = false;
        Decide = (script, e) =>
        {
            before(script, e);
            if (done || e.TimeUtcNs != Start + ns || !e.IsDecideMark) return;
            done = true;
            act(script, e);
        };
        return this;
    }
}
