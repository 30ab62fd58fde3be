using Appliance.Contract;
using Appliance.Risk;
using static Appliance.Tests.Gates.GateBench;

namespace Appliance.Tests.Gates;

/// <summary>
/// The sums that the gate keeps up by what changes, against the same recomputed from nothing: every live record, every fill, the last good mid. Whatever order tops, orders, amends, fills, busts,
/// corrections, restatements, repetitions, cancels, unsent requests and fills of nobody's order come in.
/// </summary>
public class ExposureSumTests
{
    private static readonly InstrumentDefinition[] s_instruments = [Share, Other, Coin];

    [Fact]
    public void What_is_kept_up_is_what_a_recount_finds()
    {
        int approvals = 0;
        for (int seed = 1; seed <= 12; seed++) approvals += Run(seed);
        Run((int)(DateTime.UtcNow.Ticks / TimeSpan.TicksPerDay));
        Assert.True(approvals > 1_000, $"only {approvals} approvals");
    }

    private static int Run(int seed)
    {
        var random = new Random(seed);
        var bench = new GateBench(Limits with
        {
            MaxMessagesPerWindow = 100_000, CancelReserveMessages = 0, MaxLiveOrders = 20, OrderTableCapacity = 64, DuplicateWindowNs = 0, AcknowledgeWithinNs = long.MaxValue / 4, MaxExposure = 5e7,
            Instruments = [.. Limits.Instruments.Select(l => l with
            {
                IsAllowed = true, MaxQuantityUnits = 10_000_000_000, MaxPositionUnits = 100_000_000_000, MaxNotional = 1e12m, CollarBasisPoints = 10_000, StaleAfterNs = 1_000_000 * Second,
            })],
        });
        long[] twiceMids = [2_000_000, 2_000_000, 2 * 60_000_00000000], positions = new long[3];
        var known = new List<ApprovedOrder>();
        int approvals = 0;
        for (int step = 0; step < 3_000; step++)
        {
            bench.Now += random.NextInt64(2 * Millisecond);
            switch (random.Next(10))
            {
                case 0 or 1:
                    int moved = random.Next(3);
                    bool ready = random.Next(5) != 0;
                    long mid = twiceMids[moved] / 2 + random.Next(-5, 6) * 100;
                    bench.Market(moved, mid, ready ? BookState.Ready : BookState.Incomplete);
                    if (ready) twiceMids[moved] = 2 * mid;
                    break;
                case 2 or 3 or 4:
                    ushort instrument = (ushort)random.Next(3);
                    long lot = s_instruments[instrument].LotSizeUnits, tick = s_instruments[instrument].TickSizeUnits;
                    OrderIntent intent = bench.Intent(lot * random.Next(1, 4_000), twiceMids[instrument] / 2 / tick * tick, random.Next(2) == 0 ? Side.Buy : Side.Sell, instrument, (ushort)random.Next(2));
                    if (bench.Check(intent, out ApprovedOrder approved) != GateVerdict.Approved) break;
                    approvals++;
                    known.Add(approved);
                    if (random.Next(2) == 0) bench.Gate.Settle();
                    break;
                case 5 when known.Count > 0:
                    ApprovedOrder amended = known[random.Next(known.Count)];
                    if (bench.TryAmend(in amended, s_instruments[amended.Instrument].LotSizeUnits * random.Next(1, 6_000), amended.PriceUnits, out ApprovedOrder amend) == GateVerdict.Approved) known.Add(amend);
                    break;
                case 6 when known.Count > 0:
                    if (bench.TryCancel(known[random.Next(known.Count)].ClientOrderId, out ApprovedOrder cancel) == GateVerdict.Approved) known.Add(cancel);
                    break;
                case 7 when random.Next(6) == 0:
                    if (random.Next(2) == 0 && known.Count > 0) bench.Unsent(known[random.Next(known.Count)].ClientOrderId);
                    else Count(positions, bench.Report(999, ExecutionKind.Trade, last: random.Next(1, 500) * 10, side: random.Next(2) == 0 ? Side.Buy : Side.Sell, instrument: (ushort)random.Next(3)));
                    break;
                default:
                    if (known.Count == 0) break;
                    Count(positions, Answer(random, bench, known[^random.Next(1, Math.Min(known.Count, 12) + 1)]));
                    break;
            }
            Recount(bench, twiceMids, positions, $"seed {seed} step {step}");
        }
        return approvals;
    }

    /// <summary>Anything that a venue may say of the order, at times nonsense.</summary>
    private static ExecutionEffect Answer(Random random, GateBench bench, ApprovedOrder order)
    {
        int slot = bench.Orders.Find(order.ClientOrderId);
        long filled = slot >= 0 ? bench.Orders[slot].CumulativeQuantityUnits : 0, quantity = slot >= 0 ? bench.Orders[slot].QuantityUnits : 0;
        ExecutionKind[] kinds =
        [
            ExecutionKind.New, ExecutionKind.New, ExecutionKind.Trade, ExecutionKind.Trade, ExecutionKind.Trade, ExecutionKind.Replaced, ExecutionKind.Replaced, ExecutionKind.Cancelled, ExecutionKind.Cancelled,
            ExecutionKind.Expired, ExecutionKind.Rejected, ExecutionKind.AmendRejected, ExecutionKind.CancelRejected, ExecutionKind.TradeCancelled, ExecutionKind.TradeCorrected, ExecutionKind.Restated, ExecutionKind.Status,
        ];
        ExecutionKind kind = kinds[random.Next(kinds.Length)];
        long cumulative = kind is ExecutionKind.TradeCancelled or ExecutionKind.TradeCorrected ? (long)(filled * random.NextDouble())
            : kind == ExecutionKind.Trade && quantity > filled ? random.Next(2) == 0 ? quantity : filled + random.NextInt64(1, quantity - filled + 1) : filled;
        OrderStatus status = kind == ExecutionKind.Trade && cumulative >= quantity ? OrderStatus.Filled : random.Next(4) == 0 ? (OrderStatus)random.Next(10) : OrderStatus.PartiallyFilled;
        long last = kind == ExecutionKind.Restated ? random.Next(2) * (quantity / 2 + 1) : Math.Abs(cumulative - filled);
        return bench.Report(order.ClientOrderId, kind, cumulative, last, order.PriceUnits, status, random.Next(8) == 0 ? EventFlags.PossibleDuplicate : 0);
    }

    private static void Count(long[] positions, ExecutionEffect effect)
    {
        if (effect.FilledUnits != 0) positions[effect.Instrument] += effect.Side == Side.Buy ? effect.FilledUnits : -effect.FilledUnits;
    }

    private static void Recount(GateBench bench, long[] twiceMids, long[] positions, string where)
    {
        long[] buys = new long[3], sells = new long[3], hedgeBuys = new long[2], hedgeSells = new long[2];
        for (int i = 0; i < bench.Orders.LiveCount; i++)
        {
            OrderRecord r = bench.Orders[bench.Orders.LiveSlot(i)];
            Assert.False(r.IsDone);
            long worst = Math.Max(0, Math.Max(r.QuantityUnits, r.PendingAmendId != 0 ? r.PendingQuantityUnits : 0) - r.CumulativeQuantityUnits);
            (r.Side == Side.Buy ? buys : sells)[r.Instrument] += worst;
            (r.Side == Side.Buy ? hedgeBuys : hedgeSells)[r.Portfolio] += worst;
        }
        Int128 buyWorst = 0, sellWorst = 0, gross = 0;
        foreach (InstrumentDefinition d in s_instruments)
        {
            int i = d.Index;
            InstrumentExposure held = bench.Exposure(i);
            Assert.True((positions[i], buys[i], sells[i]) == (held.PositionUnits, held.WorkingBuyUnits, held.WorkingSellUnits),
                $"{where} instrument {i}: {held.PositionUnits} held, {held.WorkingBuyUnits} and {held.WorkingSellUnits} at work; recounted {positions[i]}, {buys[i]}, {sells[i]}");
            double centsPerUnit = twiceMids[i] * (100 * d.ContractSize / (2.0 * d.PriceUnitsPerOne * d.QuantityUnitsPerOne));
            long buy = (long)Math.Round((positions[i] + buys[i]) * centsPerUnit), sell = (long)Math.Round((positions[i] - sells[i]) * centsPerUnit);
            (buyWorst, sellWorst, gross) = (buyWorst + buy, sellWorst + sell, gross + Math.Max(Math.Abs(buy), Math.Abs(sell)));
        }
        Assert.True(((double)buyWorst / 100, (double)sellWorst / 100, (double)gross / 100) == (bench.Gate.AccountBuyWorst, bench.Gate.AccountSellWorst, bench.Gate.Exposure),
            $"{where}: kept {bench.Gate.AccountBuyWorst}, {bench.Gate.AccountSellWorst}, {bench.Gate.Exposure}; recounted {(double)buyWorst / 100}, {(double)sellWorst / 100}, {(double)gross / 100}");
        for (int p = 0; p < 2; p++)
            Assert.True((hedgeBuys[p], hedgeSells[p]) == (bench.Orders.PortfolioExposure(p).WorkingBuyUnits, bench.Orders.PortfolioExposure(p).WorkingSellUnits), $"{where} portfolio {p}");
    }
}
