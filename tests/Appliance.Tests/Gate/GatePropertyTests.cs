using Appliance.Contract;
using Appliance.Risk;
using static Appliance.Tests.Gates.GateBench;

namespace Appliance.Tests.Gates;

/// <summary>
/// No sequence of intents, answers, repetitions, unsent orders and kills lets an order out that breaks a limit: judged against
/// <see cref="NaiveLimits"/> at each intent, both ways, and against the true position of a venue that knows more than the desk.
/// </summary>
public class GatePropertyTests
{
    [Theory]
    [InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6), InlineData(7), InlineData(8)]
    public void Approved_orders_break_no_limit_and_held_ones_would_have(int seed) => Run(seed, 2_500);

    [Fact]
    public void The_same_with_a_seed_that_rotates_with_the_day() => Run((int)(DateTime.UtcNow.Ticks / TimeSpan.TicksPerDay), 2_500);

    private static void Run(int seed, int steps)
    {
        var random = new Random(seed);
        InstrumentDefinition[] instruments = [Share, Other, Coin];
        GateLimits limits = Limits with
        {
            MaxMessagesPerWindow = random.Next(4, 40),
            CancelReserveMessages = random.Next(0, 4),
            MaxLiveOrders = random.Next(2, 12),
            OrderTableCapacity = 1 << 13,
            AcknowledgeWithinNs = long.MaxValue,
            Instruments = [.. Limits.Instruments.Select(l => l with { IsAllowed = true })],
        };
        var gate = new Gate(instruments, limits);
        gate.OnSession(true);
        var model = new NaiveLimits(limits, instruments);
        var venue = new NaiveVenue(random);
        var ids = new List<ulong>();
        long now = Start;
        int approvals = 0;
        var seen = new HashSet<GateVerdict>();
        for (int step = 0; step < steps; step++)
        {
            now += random.Next(5) == 0 ? random.NextInt64(Second) : random.NextInt64(20 * Millisecond);
            switch (random.Next(12))
            {
                case 0 or 1: MoveMarket(random, gate, model, now); break;
                case 2 or 3: venue.Step(); venue.Step(); break;
                case 4 or 5:
                    for (int i = 0; i < 3 && venue.TryDeliver(out Execution report); i++)
                    {
                        report.TimeUtcNs = now;
                        gate.OnExecution(in report);
                        model.OnExecution(in report);
                    }
                    break;
                case 6 when random.Next(10) == 0:
                    model.IsStopped = !model.IsStopped;
                    gate.SetTradingPaused(model.IsStopped);
                    break;
                case 7 when step > steps - 200 && !model.IsKilled:
                    model.IsKilled = true;
                    gate.SetKilled();
                    break;
                default:
                    OrderIntent intent = Propose(random, model, ids, now);
                    HashSet<GateVerdict> against = model.Against(intent, now);
                    GateVerdict verdict = gate.Check(in intent, out ApprovedOrder approved);
                    seen.Add(verdict);
                    if (verdict == GateVerdict.Approved)
                        Assert.True(against.Count == 0, $"seed {seed} step {step}: {intent.Kind} passed against {string.Join(", ", against)}");
                    else
                        Assert.True(against.Contains(verdict), $"seed {seed} step {step}: {intent.Kind} held for {verdict}, but against it stand [{string.Join(", ", against)}]");
                    Assert.Equal(verdict == GateVerdict.Approved, approved.IsApproved);
                    if (!approved.IsApproved) break;
                    approvals++;
                    ids.Add(approved.ClientOrderId);
                    model.OnApproved(intent, in approved, now);
                    if (approved.Kind == OrderRequestKind.Cancel) model.NoteCancel(in approved);
                    if (random.Next(15) == 0)
                    {
                        gate.OnUnsent(new Execution { Kind = EventKind.OrderUnsent, ClientOrderId = approved.ClientOrderId, TimeUtcNs = now });
                        model.OnUnsent(approved.ClientOrderId);
                    }
                    else venue.Receive(in approved);
                    break;
            }
            foreach (InstrumentDefinition instrument in instruments)
            {
                ref readonly InstrumentExposure known = ref gate.Orders.Exposure(instrument.Index);
                string where = $"seed {seed} step {step} instrument {instrument.Index}";
                Assert.True(model.Position[instrument.Index] == known.PositionUnits, $"{where}: position {known.PositionUnits}, naively {model.Position[instrument.Index]}");
                Assert.True(model.Working(instrument.Index, Side.Buy) == known.WorkingBuyUnits, $"{where}: working buys {known.WorkingBuyUnits}, naively {model.Working(instrument.Index, Side.Buy)}");
                Assert.True(model.Working(instrument.Index, Side.Sell) == known.WorkingSellUnits, $"{where}: working sells");
                // What the venue could do in the worst case, before the desk hears of it, stays within the limit.
                long bound = limits.Instruments.Single(l => l.Instrument == instrument.Index).MaxPositionUnits;
                Assert.InRange(venue.Position[instrument.Index] + venue.Worst(instrument.Index, Side.Buy), -bound, bound);
                Assert.InRange(venue.Position[instrument.Index] - venue.Worst(instrument.Index, Side.Sell), -bound, bound);
            }
            Assert.Equal(model.Live, gate.Orders.LiveCount);
        }
        Assert.True(approvals > 100, $"seed {seed}: only {approvals} approvals, so the run shows little");
        Assert.True(seen.Count >= 10, $"seed {seed}: only {seen.Count} kinds of verdict were met");
    }

    private static void MoveMarket(Random random, Gate gate, NaiveLimits model, long now)
    {
        for (int instrument = 0; instrument < 3; instrument++)
        {
            if (random.Next(3) == 0) continue;
            long mid = instrument == 2 ? 60_000_00000000 + random.NextInt64(-50, 51) * 10_000_000 : 1_000_000 + random.NextInt64(-60, 61) * 100;
            var top = new TopOfBook
            {
                BidPriceUnits = mid - 100, AskPriceUnits = mid + random.Next(0, 200), BidQuantityUnits = 10, AskQuantityUnits = 10, TimeUtcNs = now,
                State = random.Next(12) == 0 ? (BookState)random.Next(4) : BookState.Ready,
                Status = random.Next(15) == 0 ? (TradingStatus)random.Next(8) : TradingStatus.Trading,
                LowerBandUnits = random.Next(5) == 0 ? mid - 5_000 : 0, UpperBandUnits = random.Next(5) == 0 ? mid + 5_000 : long.MaxValue,
            };
            gate.OnTop(instrument, in top);
            model.OnTop(instrument, top);
        }
    }

    private static OrderIntent Propose(Random random, NaiveLimits model, List<ulong> ids, long now)
    {
        ushort instrument = (ushort)(random.Next(3) == 0 ? 2 : random.Next(2));
        bool isCoin = instrument == 2;
        long quantity = isCoin ? random.NextInt64(1, 30) * 1_000_000 : random.Next(1, 40) * 10;
        long price = isCoin ? 60_000_00000000 + random.NextInt64(-60, 61) * 10_000_000 * 6 : 1_000_000 + random.NextInt64(-140, 141) * 100;
        if (random.Next(25) == 0) price += 1;
        if (random.Next(25) == 0) quantity += isCoin ? 1 : 5;
        if (random.Next(25) == 0) quantity *= 10;
        var intent = new OrderIntent
        {
            Kind = OrderRequestKind.New, Side = random.Next(2) == 0 ? Side.Buy : Side.Sell, Instrument = instrument, Portfolio = (ushort)random.Next(2),
            PriceUnits = price, QuantityUnits = quantity, TimeUtcNs = now, TimeInForce = TimeInForce.Day,
        };
        int what = random.Next(10);
        if (what >= 4 && ids.Count > 0)
        {
            ulong[] live = [.. model.LiveIds];
            ulong id = live.Length > 0 && random.Next(6) != 0 ? live[random.Next(live.Length)] : ids[random.Next(ids.Count)];
            intent.OriginalClientOrderId = id;
            intent.Kind = what < 7 ? OrderRequestKind.Amend : OrderRequestKind.Cancel;
            if (intent.Kind == OrderRequestKind.Amend && model.Like(id) is { } terms)
                (intent.Side, intent.Instrument, intent.Portfolio) = (terms.Side, terms.Instrument, terms.Portfolio);
        }
        return intent;
    }
}
