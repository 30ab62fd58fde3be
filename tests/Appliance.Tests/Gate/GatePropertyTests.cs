using Appliance.Contract;
using Appliance.Risk;
using static Appliance.Tests.Gates.GateBench;

namespace Appliance.Tests.Gates;

/// <summary>
/// No interleaving of intents, answers, repetitions, unsent orders, limit changes, disconnects, clock steps, re-enablings and kills lets an order out that breaks a limit: judged
/// against <see cref="NaiveLimits"/> at each intent, both ways, and against the true position of a venue that knows more than the desk.
/// </summary>
public class GatePropertyTests
{
    private const int Steps = 6_000;

    [Fact]
    public void Approved_orders_break_no_limit_and_held_ones_would_have()
    {
        var met = new HashSet<GateVerdict>();
        int approvals = 0;
        for (int seed = 1; seed <= 10; seed++) approvals += Run(seed, Steps, met);
        Assert.True(approvals > 1_000, $"only {approvals} approvals, so the runs show little");
        // The runs say something about a control only if it held something back.
        GateVerdict[] notHere =
        [
            GateVerdict.OrdersUnresolved, GateVerdict.JournalLost, GateVerdict.JournalBehind, GateVerdict.InvalidIntent, GateVerdict.InvalidIdentifier,
            GateVerdict.UnknownInstrument, GateVerdict.UnknownPortfolio, GateVerdict.InstrumentNotAllowed, GateVerdict.InstrumentFrozen, GateVerdict.InvalidPrice, GateVerdict.InvalidQuantity,
            GateVerdict.OrderTableFull, GateVerdict.UnknownOrder, GateVerdict.AmendChangesOrder,
        ];
        Assert.Equal("", string.Join(' ', Enum.GetValues<GateVerdict>().Except(met).Except(notHere)));
    }

    [Fact]
    public void The_same_with_a_seed_that_rotates_with_the_day() => Run((int)(DateTime.UtcNow.Ticks / TimeSpan.TicksPerDay), Steps, []);

    /// <returns>Approvals.</returns>
    private static int Run(int seed, int steps, HashSet<GateVerdict> seen)
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
            Instruments = [.. Limits.Instruments.Select(l => l with { IsAllowed = true, DriftCollarBasisPoints = random.Next(2) * random.Next(60, 120) })],
            PreventsSelfMatch = true, DriftWindowNs = Second, MaxClockSkewNs = 50 * Millisecond,
            MaxMessagesPerLongWindow = random.Next(2) * 60, LongWindowNs = 30 * Second, MaxRejectsPerLongWindow = random.Next(2) * 20, RepeatWindowNs = 20 * Second,
            MaxExposure = random.Next(2) == 0 ? double.PositiveInfinity : random.Next(100_000, 400_000), MaxAccountPosition = random.Next(2) == 0 ? double.PositiveInfinity : random.Next(50_000, 200_000),
            StaleGreeksAfterNs = random.Next(2) * 4 * Second,
            Portfolios = [.. Enumerable.Range(0, 2).Select(p => new PortfolioLimits
            {
                Portfolio = (ushort)p, RepeatedExecutionsMax = random.Next(2) * 6, HedgeAttemptsMax = random.Next(2) * 5, MaxHedgeUnits = random.Next(2) == 0 ? InstrumentLimits.UnitsMax : 100_000_000,
                // Deltas are multiples of 2^-4 × 10^-6 × 10^6 only by chance; the bound lies between two of them.
                ProtectionQuantityUnits = random.Next(2) * 300_000_000, ProtectionDelta = p == 0 ? 150.0000001 : 0, ProtectionIntervalNs = Second, ProtectionFreezeNs = p * Second,
            })],
        };
        var gate = new Gate(instruments, limits);
        gate.OnSession(true);
        var model = new NaiveLimits(limits, instruments);
        var venue = new NaiveVenue(random);
        var ids = new List<ulong>();
        long now = Start;
        OrderIntent last = Propose(random, model, ids, now);
        int approvals = 0;
        long[] loosest = [.. instruments.Select(i => model.MaxPosition(i.Index))];
        for (int step = 0; step < steps; step++)
        {
            // Every second seed is a burst, in which rates and windows fill; the others let things grow stale.
            now += random.Next(seed % 2 == 0 ? 60 : 5) == 0 ? random.NextInt64(Second) : random.NextInt64(seed % 2 == 0 ? 4 * Millisecond : 20 * Millisecond);
            switch (random.Next(14))
            {
                case 0 or 1: MoveMarket(random, gate, model, now); break;
                case 2 or 3: venue.Step(); venue.Step(); break;
                case 4 or 5:
                    for (int i = 0; i < 3 && venue.TryDeliver(out Execution report); i++)
                    {
                        report.TimeUtcNs = now;
                        gate.OnExecution(in report);
                        model.OnExecution(in report, now);
                    }
                    break;
                case 6 when random.Next(10) == 0:
                    model.IsPaused = !model.IsPaused && random.Next(3) == 0;
                    gate.SetTradingPaused(model.IsPaused);
                    break;
                case 12 or 11: Operate(random, gate, model, now); break;
                case 13 when random.Next(12) == 0:
                    LimitChange change = Proposed(random);
                    if (gate.Problem(in change) is not null) break;
                    gate.Apply(in change);
                    model.Change(change);
                    loosest = [.. instruments.Select(i => Math.Max(loosest[i.Index], model.MaxPosition(i.Index)))];
                    break;
                case 7 when step > steps - 200 && !model.IsKilled:
                    model.IsKilled = true;
                    gate.SetKilled();
                    break;
                default:
                    OrderIntent intent = random.Next(12) == 0 ? last : Propose(random, model, ids, now);
                    intent.TimeUtcNs = now;
                    last = intent;
                    HashSet<GateVerdict> against = model.Against(intent, now);
                    GateVerdict verdict = gate.Check(in intent, out ApprovedOrder approved);
                    seen.Add(verdict);
                    if (verdict == GateVerdict.Approved)
                        Assert.True(against.IsSubsetOf(model.Doubtful), $"seed {seed} step {step}: {intent.Kind} passed against {string.Join(", ", against)}");
                    else
                        Assert.True(against.Contains(verdict) || model.Doubtful.Contains(verdict), $"seed {seed} step {step}: {intent.Kind} held for {verdict}, but against it stand [{string.Join(", ", against)}]");
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
                long bound = loosest[instrument.Index];
                Assert.InRange(venue.Position[instrument.Index] + venue.Worst(instrument.Index, Side.Buy), -bound, bound);
                Assert.InRange(venue.Position[instrument.Index] - venue.Worst(instrument.Index, Side.Sell), -bound, bound);
            }
            Assert.Equal(model.Live, gate.Orders.LiveCount);
        }
        return approvals;
    }

    /// <summary>What operators, clocks and wires do.</summary>
    private static void Operate(Random random, Gate gate, NaiveLimits model, long now)
    {
        ushort portfolio = (ushort)random.Next(2);
        switch (random.Next(8))
        {
            case 6:
                model.IsLossStopped = true;
                gate.OnDailyPnl(-1_000_000);
                if (random.Next(4) == 0) return;
                // Made good, or the limit raised: a named person lets trading go on, and with it every throttle.
                gate.OnDailyPnl(0);
                model.IsLossStopped = false;
                model.Enable(0);
                model.Enable(1);
                gate.Enable(RingEvent.AllPortfolios);
                break;
            case 0:
                model.IsSessionUp = !model.IsSessionUp || random.Next(8) != 0;
                gate.OnSession(model.IsSessionUp);
                break;
            case 1:
                long step = random.NextInt64(-40, 41) * Millisecond;
                model.ClockSkewNs += step;
                gate.OnClockStep(step);
                if (random.Next(4) == 0) return;
                model.ClockSkewNs = 0;
                gate.AcceptClock();
                break;
            case 2:
                model.Enable(portfolio);
                gate.Enable(portfolio);
                break;
            case 3:
                model.ResetProtection(portfolio);
                gate.ResetProtection(portfolio);
                break;
            default:
                model.Greeks[portfolio] = now;
                gate.OnGreeks(portfolio, now);
                break;
        }
    }

    private static LimitChange Proposed(Random random)
    {
        ushort instrument = (ushort)random.Next(3);
        ushort portfolio = (ushort)random.Next(2);
        bool isCoin = instrument == 2;
        LimitKey[] keys =
        [
            LimitKey.MaxOrderQuantity, LimitKey.MaxOrderNotional, LimitKey.CollarBps, LimitKey.DriftCollarBps, LimitKey.MaxPosition, LimitKey.StaleMilliseconds, LimitKey.Restricted,
            LimitKey.MaxAccountPosition, LimitKey.MaxExposure, LimitKey.MessagesPerSecond, LimitKey.CancelReserve, LimitKey.MaxLiveOrders, LimitKey.DuplicateWindowMilliseconds,
            LimitKey.SelfMatchPrevention, LimitKey.MaxClockSkewMilliseconds, LimitKey.MaxHedge, LimitKey.MaxHedgeAttempts, LimitKey.RepeatedExecutions, LimitKey.UserRestricted,
        ];
        LimitKey key = keys[random.Next(keys.Length)];
        double value = key switch
        {
            LimitKey.MaxOrderQuantity => isCoin ? random.Next(1, 20) : random.Next(10, 50) * 10,
            LimitKey.MaxOrderNotional => random.Next(30_000, 60_000),
            LimitKey.CollarBps => random.Next(60, 140),
            LimitKey.DriftCollarBps => random.Next(2) * random.Next(60, 120),
            LimitKey.MaxPosition => isCoin ? random.Next(10, 60) : random.Next(50, 120) * 10,
            LimitKey.StaleMilliseconds => random.Next(1_000, 4_000),
            LimitKey.Restricted or LimitKey.UserRestricted => random.Next(3) == 0 ? 1 : 0,
            LimitKey.RepeatedExecutions => random.Next(3, 12),
            LimitKey.SelfMatchPrevention => random.Next(2),
            LimitKey.MaxAccountPosition or LimitKey.MaxExposure => random.Next(4) == 0 ? random.Next(50_000, 300_000) : 1e9,
            LimitKey.MessagesPerSecond => random.Next(10, 40),
            LimitKey.CancelReserve => random.Next(0, 4),
            LimitKey.MaxLiveOrders => random.Next(2, 12),
            LimitKey.DuplicateWindowMilliseconds => random.Next(0, 100),
            LimitKey.MaxClockSkewMilliseconds => random.Next(20, 100),
            LimitKey.MaxHedge => random.Next(3) == 0 ? random.Next(1_000_000, 200_000_000) : 1e12,
            _ => random.Next(2) * random.Next(10, 60),
        };
        return new LimitChange(key, instrument, portfolio, value);
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
