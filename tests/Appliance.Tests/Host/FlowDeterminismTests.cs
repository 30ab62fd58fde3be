using System.Text;
using Appliance.Contract;
using Appliance.Flow;
using Appliance.Host.Composition;
using Appliance.Host.Configuration;
using Appliance.Host.Threads;
using Appliance.Kernels.Networks;
using Appliance.Ring;
using Appliance.Strategy.Features;
using Appliance.Strategy.Policies;
using Appliance.Strategy.Policies.Files;
using Appliance.TestKit;

namespace Appliance.Tests.Host;

/// <summary>The flow as a function of the ring, without a process: a recorded ring decides again in other batches, whole or event by event.</summary>
public sealed class FlowDeterminismTests
{
    private static readonly Desk Desk = ParseDesk();
    private static readonly HardwareProfile Profile = ParseProfile();

    private static Desk ParseDesk()
    {
        var errors = new ConfigurationErrors();
        return Configured(Desk.Parse(Encoding.UTF8.GetBytes(WalkCapture.Desk), "walk.json", errors), errors);
    }

    private static HardwareProfile ParseProfile()
    {
        var errors = new ConfigurationErrors();
        return Configured(HardwareProfile.Parse("""{ "name": "test", "topology": "fused" }"""u8.ToArray(), "test.json", errors), errors);
    }

    private static T Configured<T>(T? value, ConfigurationErrors errors) where T : class
    {
        Assert.Empty(errors.Lines);
        return value!;
    }

    private static Flow<HostMonotonicClock> NewFlow(Desk? desk = null) => new(DeskComposer.Flow(desk ?? Desk, Profile, orderIdEpoch: 1), DeskComposer.Backend(Profile), new NoOrderOut(), new StageLatency(1_000_000_000));

    /// <summary>Ticks of a walking book with the answers of a venue that fills whole, so that orders follow one another; from a seed.</summary>
    private static RingEvent[] Recording(int seed, int steps, Desk? desk = null)
    {
        var random = new Random(seed);
        var events = new List<RingEvent>();
        var answers = new AnsweringVenue(events);
        var recording = new Flow<HostMonotonicClock>(DeskComposer.Flow(desk ?? Desk, Profile, orderIdEpoch: 1), DeskComposer.Backend(Profile), answers, new StageLatency(1_000_000_000));
        long time = 1_723_161_255_000_000_000, bid = 60_000_00000000, updateId = 100;
        Put(EventKind.SessionUp, (ref RingEvent _) => { });
        for (int step = 0; step < steps; step++)
        {
            long previous = updateId, old = bid;
            updateId += 3;
            bid += random.Next(-15, 16) * 10_000_000L;
            bool isFirst = step == 0;
            Put(isFirst ? EventKind.DepthSnapshot : EventKind.DepthUpdate, (ref RingEvent e) =>
            {
                ref var range = ref RingEvent.AsUpdateRange(ref e);
                (range.FirstUpdateId, range.LastUpdateId, range.PreviousUpdateId, range.Levels) = (previous + 1, isFirst ? updateId + 1 : updateId, previous, isFirst ? 2 : 4);
                // The first diff must reach over the snapshot's identifier, as the exchange's rule says.
            });
            if (!isFirst && old != bid)
            {
                Level(Side.Buy, old, 0, false);
                Level(Side.Sell, old + 10_000_000, 0, false);
            }
            Level(Side.Buy, bid, 5_00000000, false);
            Level(Side.Sell, bid + 10_000_000, 5_00000000, mark: !isFirst);
            if (isFirst) Put(EventKind.DepthSnapshotEnd, (ref RingEvent e) => { RingEvent.AsUpdateRange(ref e).LastUpdateId = updateId + 1; e.Flags = EventFlags.DecideMark | EventFlags.Snapshot; });
            if (step % 7 == 0) Put(EventKind.Timer, (ref RingEvent e) => RingEvent.AsControl(ref e).Code = 10);
        }
        Put(EventKind.EndOfInput, (ref RingEvent _) => { });
        return [.. events];

        void Level(Side side, long price, long quantity, bool mark) => Put(EventKind.LevelSet, (ref RingEvent e) =>
        {
            e.Side = side;
            e.Flags = mark ? EventFlags.DecideMark : EventFlags.None;
            ref var tick = ref RingEvent.AsTick(ref e);
            (tick.PriceUnits, tick.QuantityUnits) = (price, quantity);
        });

        void Put(EventKind kind, Fill fill)
        {
            time += random.Next(100_000, 3_000_000);
            RingEvent e = default;
            RingEvent.Begin(ref e, kind, kind >= EventKind.ExecutionReported ? RingEvent.AllInstruments : (ushort)0, 0, 0, time);
            fill(ref e);
            events.Add(e);
            Decide(events.Count - 1);
            // What the venue answers comes next in the ring, and may itself cause more.
            for (int next = answers.Take(time); next >= 0; next = answers.Take(time)) Decide(next);
        }

        void Decide(int at)
        {
            RingEvent e = events[at];
            recording.OnEvent(ref e, at);
            Assert.False(answers.IsDecisionOpen, $"event {at} left orders waiting for their decision's end");
        }
    }

    private delegate void Fill(ref RingEvent e);

    /// <summary>Fills each order whole at its price, in the events that follow.</summary>
    private sealed class AnsweringVenue(List<RingEvent> events) : IOrderOut
    {
        private readonly Queue<Execution> _answers = new();
        public bool IsDecisionOpen { get; private set; }
        public long LastEncodedNs => 0;
        public long LastSentNs => 0;

        public SendResult Send(in ApprovedOrder order)
        {
            IsDecisionOpen = true;
            bool cancels = order.Kind == OrderRequestKind.Cancel;
            _answers.Enqueue(new Execution
            {
                Kind = EventKind.ExecutionReported, Side = order.Side, Instrument = order.Instrument, ClientOrderId = order.ClientOrderId,
                ExecutionKind = cancels ? ExecutionKind.Cancelled : ExecutionKind.Trade, OrderStatus = cancels ? OrderStatus.Cancelled : OrderStatus.Filled,
                LastPriceUnits = cancels ? 0 : order.PriceUnits, LastQuantityUnits = cancels ? 0 : order.QuantityUnits, CumulativeQuantityUnits = cancels ? 0 : order.QuantityUnits,
            });
            return SendResult.Sent;
        }

        public void EndDecision() => IsDecisionOpen = false;

        public int Take(long time)
        {
            if (!_answers.TryDequeue(out Execution answer)) return -1;
            answer.TimeUtcNs = time;
            events.Add(System.Runtime.CompilerServices.Unsafe.As<Execution, RingEvent>(ref answer));
            return events.Count - 1;
        }
    }

    private static (string Hash, long Orders) Decide(RingEvent[] events, int batchLimit, int publishAtOnce, Desk? desk = null)
    {
        using var ring = new EmbeddedRing<RingEvent>(new RingOptions { Capacity = 1 << 16, Producers = RingProducers.Single });
        var reader = new InlineReader<RingEvent>(ring.AddReader("decide", RingWait.Yielding));
        ring.Freeze();
        var flow = NewFlow(desk);
        var end = new DecideEnd<InlineReader<RingEvent>>(reader, flow, batchLimit, new RunSwitches());
        var sink = new RingEventSink(ring.SingleProducer);
        for (int i = 0; i < events.Length; i++)
        {
            sink.Claim() = events[i];
            sink.Publish();
            if ((i + 1) % publishAtOnce != 0 && i + 1 != events.Length) continue;
            while (end.HandleAvailable() > 0) { }
        }
        Assert.True(flow.Ended);
        return (flow.Hash.CurrentHex(), flow.Hash.Orders);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void The_same_events_give_the_same_orders_in_whatever_batches_they_come(int seed)
    {
        RingEvent[] events = Recording(seed, 600);
        var (hash, orders) = Decide(events, batchLimit: 256, publishAtOnce: 1);
        Assert.True(orders > 50, $"{orders} orders");
        foreach (var (batchLimit, publishAtOnce) in new[] { (1, 1), (1, 1_000), (256, 1_000), (7, 13), (256, 100_000) })
            Assert.Equal((hash, orders), Decide(events, batchLimit, publishAtOnce));
    }

    [Fact]
    public void One_price_changed_changes_the_orders()
    {
        RingEvent[] events = Recording(4, 600);
        var (hash, _) = Decide(events, 256, 1);
        int at = Array.FindIndex(events, events.Length / 2, e => e.Kind == EventKind.LevelSet && e.IsDecideMark);
        // Both sides of the touch move together: the book stays whole, the mid differs.
        RingEvent.AsTick(ref events[at - 1]).PriceUnits += 50_00000000;
        RingEvent.AsTick(ref events[at]).PriceUnits += 50_00000000;
        Assert.NotEqual(hash, Decide(events, 256, 1).Hash);
    }

    /// <summary>A desk whose two portfolios have the same policy file, so that one call answers both; a step of the schedule is two milliseconds of the recording.</summary>
    private static Desk NetworkDesk(PolicyArchitecture architecture)
    {
        var random = new Random(31);
        float[] Draw(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() - 0.5))];
        bool recurrent = architecture is PolicyArchitecture.Lstm or PolicyArchitecture.Gru, band = architecture == PolicyArchitecture.Ntb;
        RecurrentKind kind = architecture == PolicyArchitecture.Lstm ? RecurrentKind.Lstm : RecurrentKind.GruResetAfter;
        int gates = RecurrentLayer.GatesOf(kind), outputs = band ? 2 : 1;
        var metadata = new PolicyMetadata
        {
            Architecture = architecture, HiddenSizes = [12], Activation = Activation.Tanh,
            Features = [new(FeatureId.Spot, 60_000, 10), new(FeatureId.HedgePosition, 0, 50), new(FeatureId.Delta, 0, 50)],
            TargetKind = TargetKind.HedgeOffset, Target = new OutputMap(band ? 0 : 8, 0, -20, 20), HalfWidth = new OutputMap(0, 0.02, 0, 1),
            Band = band ? new BandMap(new OutputMap(8, -0.05, -20, 20), new OutputMap(8, 0.05, -20, 20)) : null,
            Schedule = recurrent ? new DecisionSchedule(ScheduleKind.Steps, 2e6 / DecisionSchedule.NanosecondsPerYear, 0, ScheduleAnchor.FirstDecision) : DecisionSchedule.EveryMark,
            Objective = "", MarketModel = "", TrainingSeed = "31", ParentHash = "",
        };
        // The two edges are one number and its offsets: a band that is narrow enough to trade often.
        float[] last = Draw(12), bias = Draw(1);
        PolicyWeights weights = recurrent
            ? new PolicyWeights([new RecurrentLayer(kind, 3, 12, Draw(gates * 36), Draw(gates * 144), Draw(gates * 12), Draw(gates * 12))], [[new DenseLayer(12, 1, Draw(12), Draw(1))]])
            : PolicyWeights.Perceptron([new DenseLayer(3, 12, Draw(36), Draw(12)), new DenseLayer(12, outputs, band ? [.. last, .. last] : last, band ? [.. bias, .. bias] : bias)]);
        byte[] policy = PolicyFile.Write(metadata, weights);
        string word = architecture.ToString().ToLowerInvariant();
        string text = WalkCapture.Desk.Replace("\"kind\": \"delta-threshold\", \"threshold\": 0.02", $"\"kind\": \"{word}\", \"file\": \"policy.safetensors\"", StringComparison.Ordinal);
        var errors = new ConfigurationErrors();
        return Configured(Desk.Parse(Encoding.UTF8.GetBytes(text), "network.json", errors, [("policy.safetensors", policy), ("policy.safetensors", policy)]), errors);
    }

    [Theory]
    [InlineData(PolicyArchitecture.Mlp)]
    [InlineData(PolicyArchitecture.Ntb)]
    [InlineData(PolicyArchitecture.Lstm)]
    [InlineData(PolicyArchitecture.Gru)]
    public void Networks_decide_the_same_orders_again_with_the_state_that_each_portfolio_carries(PolicyArchitecture architecture)
    {
        Desk desk = NetworkDesk(architecture);
        RingEvent[] events = Recording(7, 400, desk);
        var (hash, orders) = Decide(events, batchLimit: 256, publishAtOnce: 1, desk);
        Assert.True(orders > 50, $"{orders} orders");
        foreach (var (batchLimit, publishAtOnce) in new[] { (1, 1_000), (7, 13), (256, 100_000) })
            Assert.Equal((hash, orders), Decide(events, batchLimit, publishAtOnce, desk));
        // The two portfolios share the network's weights, are answered together, and carry their own state at the pace of the schedule.
        var flow = NewFlow(desk);
        for (int i = 0; i < events.Length; i++)
        {
            RingEvent e = events[i];
            flow.OnEvent(ref e, i);
        }
        NetworkPolicy[] policies = [.. flow.Portfolios.ToArray().Select(p => (NetworkPolicy)p.Policy)];
        Assert.All(policies, p => Assert.True(p.IsShared));
        Assert.All(policies, p => Assert.Equal(0, p.NonFiniteDecisions));
        if (architecture is not (PolicyArchitecture.Lstm or PolicyArchitecture.Gru)) return;
        double spanNs = events[^1].TimeUtcNs - events[0].TimeUtcNs;
        Assert.All(policies, p => Assert.InRange(p.Inferences, 100, spanNs / 2e6 + 1));
        Assert.False(policies[0].State.SequenceEqual(policies[1].State));
    }
}
