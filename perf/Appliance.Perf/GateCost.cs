using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Appliance.Contract;
using Appliance.Risk;

namespace Appliance.Perf;

/// <summary>
/// What the whole gate costs an order on the hot path, every control on: 10,000 instruments, 1,000 live orders, 64 portfolios. With: the gate learns the tick's top and judges the order that the tick
/// caused. Without: the same loop over the same data, the order handed through unjudged. Both are timed by the same clock order by order, in blocks that alternate; the answer is the difference of
/// the percentiles. Instruments come in random order, so their state is where it is in production: in the cache as far as it fits.
/// </summary>
internal static class GateCost
{
    private const int Instruments = 10_000, LiveOrders = 1_000, Portfolios = 64, BlockOrders = 2_000;
    private const long StartUtcNs = 1_700_000_000_000_000_000;

    public static int Run(string[] arguments)
    {
        int pairs = 40;
        for (int i = 0; i < arguments.Length; i++)
            if (arguments[i] == "--pairs" && i + 1 < arguments.Length && int.TryParse(arguments[++i], out int n) && n > 0) pairs = n;
            else throw new ArgumentException($"saw \"{arguments[i]}\", allowed is --pairs N");
        var result = Measure(pairs);
        var inv = CultureInfo.InvariantCulture;
        foreach (var (name, with, without) in new[] { ("p50", result.With50, result.Without50), ("p99", result.With99, result.Without99) })
            Console.WriteLine(string.Create(inv, $"gate  {name}: with {with:F0} ns, without {without:F0} ns, the gate {with - without:F0} ns"));
        Console.WriteLine(string.Create(inv, $"gate  p50 of the check alone {result.Check50:F0} ns; difference of p50 over {pairs} pairs: median {result.PairMedian:F0}, least {result.PairLeast:F0}, most {result.PairMost:F0} ns; {result.AllocatedBytes} bytes allocated; bound 100 ns: {(result.With50 - result.Without50 <= 100 ? "met" : "missed")}"));
        return 0;
    }

    /// <summary>Tiny, with its answers looked at.</summary>
    public static void Check()
    {
        var result = Measure(2);
        if (result.AllocatedBytes != 0) throw new InvalidOperationException($"The gate allocated {result.AllocatedBytes} bytes.");
    }

    private readonly record struct Result(double With50, double Without50, double With99, double Without99, double Check50, double PairMedian, double PairLeast, double PairMost, long AllocatedBytes);

    private static Result Measure(int pairs)
    {
        var bench = new Bench();
        bench.Block(with: true, new long[BlockOrders], new long[BlockOrders]);
        bench.Block(with: false, new long[BlockOrders], new long[BlockOrders]);
        long[] with = new long[pairs * BlockOrders], without = new long[pairs * BlockOrders], checks = new long[pairs * BlockOrders], ignored = new long[BlockOrders];
        double[] differences = new double[pairs];
        long allocated = 0;
        for (int pair = 0; pair < pairs; pair++)
        {
            Span<long> a = with.AsSpan(pair * BlockOrders, BlockOrders), b = without.AsSpan(pair * BlockOrders, BlockOrders);
            long before = GC.GetAllocatedBytesForCurrentThread();
            // Who goes first alternates, so that no drift of the machine favours one.
            if (pair % 2 == 0) bench.Block(true, a, checks.AsSpan(pair * BlockOrders, BlockOrders));
            bench.Block(false, b, ignored);
            if (pair % 2 != 0) bench.Block(true, a, checks.AsSpan(pair * BlockOrders, BlockOrders));
            allocated += GC.GetAllocatedBytesForCurrentThread() - before;
            differences[pair] = Percentile(a.ToArray(), 0.5) - Percentile(b.ToArray(), 0.5);
        }
        Array.Sort(differences);
        return new Result(Percentile(with, 0.5), Percentile(without, 0.5), Percentile(with, 0.99), Percentile(without, 0.99), Percentile(checks, 0.5),
            differences[pairs / 2], differences[0], differences[^1], allocated);
    }

    private static double Percentile(long[] stamps, double share)
    {
        Array.Sort(stamps);
        return stamps[(int)(share * (stamps.Length - 1))] * 1e9 / Stopwatch.Frequency;
    }

    private sealed class Bench
    {
        private readonly Gate _gate;
        private readonly int[] _order = new int[1 << 16];
        private readonly TopOfBook[] _tops = new TopOfBook[Instruments];
        private readonly Random _random = new(7);
        private long _nowUtcNs = StartUtcNs;
        private int _at;
        private long _handedThrough;

        public Bench()
        {
            var definitions = new InstrumentDefinition[Instruments];
            for (int i = 0; i < Instruments; i++) definitions[i] = new InstrumentDefinition((ushort)i, $"I{i}", 10_000, 1, 100, 1, 1);
            _gate = new Gate(definitions, new GateLimits
            {
                Instruments = [.. definitions.Select(d => new InstrumentLimits
                {
                    Instrument = d.Index, MaxQuantityUnits = 10_000, MaxNotional = 1_000_000m, MaxPositionUnits = 1_000_000, CollarBasisPoints = 100, DriftCollarBasisPoints = 1_000, StaleAfterNs = 3_600_000_000_000,
                })],
                PortfolioCapacity = Portfolios,
                Portfolios = [.. Enumerable.Range(0, Portfolios).Select(p => new PortfolioLimits
                {
                    Portfolio = (ushort)p, MaxHedgeUnits = 1_000_000_000, HedgeAttemptsMax = 1_000_000, RepeatedExecutionsMax = 1_000_000, ProtectionQuantityUnits = 1_000_000_000, ProtectionDelta = 1e9, ProtectionVega = 1e9,
                })],
                MaxMessagesPerWindow = 10_000, MaxMessagesPerLongWindow = 500_000, MaxRejectsPerLongWindow = 10_000, CancelReserveMessages = 1_000, MaxLiveOrders = 4_096, OrderTableCapacity = 8_192,
                DuplicateWindowNs = 50_000_000, MaxAccountPosition = 1e14, MaxExposure = 1e14, StaleGreeksAfterNs = 3_600_000_000_000, MaxClockSkewNs = 1_000_000_000, MaxDailyLoss = 1e12,
                AcknowledgeWithinNs = 3_600_000_000_000,
            });
            _gate.OnSession(true);
            for (int i = 0; i < Instruments; i++)
            {
                _tops[i] = new TopOfBook
                {
                    BidPriceUnits = 1_000_000, BidQuantityUnits = 100, AskPriceUnits = 1_000_100, AskQuantityUnits = 100, TimeUtcNs = _nowUtcNs, UpperBandUnits = long.MaxValue, State = BookState.Ready, Status = TradingStatus.Trading,
                };
                _gate.OnTop(i, in _tops[i]);
            }
            for (int p = 0; p < Portfolios; p++) _gate.OnGreeks((ushort)p, _nowUtcNs);
            for (int i = 0; i < _order.Length; i++) _order[i] = _random.Next(Instruments);
            // The orders that stand meanwhile: bids a way below, on a tenth of the instruments, positions beside them.
            for (int i = 0; i < LiveOrders; i++)
            {
                _gate.SetOpeningPosition(i * 10, 100);
                OrderIntent resting = Intent(i * 10, 995_000);
                _nowUtcNs += 1_000_000;
                if (_gate.Check(in resting, out ApprovedOrder approved) != GateVerdict.Approved) throw new InvalidOperationException("A resting order was held back.");
                _gate.OnExecution(new Execution { ClientOrderId = approved.ClientOrderId, ExecutionKind = ExecutionKind.New, OrderStatus = OrderStatus.New, Instrument = approved.Instrument, Side = approved.Side, TimeUtcNs = _nowUtcNs });
            }
        }

        private OrderIntent Intent(int instrument, long priceUnits) => new()
        {
            Kind = OrderRequestKind.New, Side = Side.Buy, TimeInForce = TimeInForce.ImmediateOrCancel, Instrument = (ushort)instrument, Portfolio = (ushort)(instrument % Portfolios), PriceUnits = priceUnits,
            QuantityUnits = 100 + _at % 8_000, TimeUtcNs = _nowUtcNs,
        };

        /// <param name="stamps">Of each order: clock ticks from the tick's top to the verdict, or to the order handed through.</param>
        /// <param name="checks">Of the check alone.</param>
        public void Block(bool with, Span<long> stamps, Span<long> checks)
        {
            for (int i = 0; i < stamps.Length; i++)
            {
                int instrument = _order[_at++ & (_order.Length - 1)];
                _nowUtcNs += 200_000;
                ref TopOfBook top = ref _tops[instrument];
                long move = (_at & 1) == 0 ? 100 : -100;
                top.BidPriceUnits = 1_000_000 + move;
                top.AskPriceUnits = 1_000_100 + move;
                top.TimeUtcNs = _nowUtcNs;
                OrderIntent intent = Intent(instrument, top.AskPriceUnits);
                long began = Stopwatch.GetTimestamp();
                if (!with)
                {
                    HandThrough(in intent);
                    stamps[i] = Stopwatch.GetTimestamp() - began;
                    continue;
                }
                _gate.OnTop(instrument, in top);
                long topped = Stopwatch.GetTimestamp();
                GateVerdict verdict = _gate.Check(in intent, out ApprovedOrder approved);
                long judged = Stopwatch.GetTimestamp();
                // The stamp between the two costs as much as the one at the end: it is taken off again.
                stamps[i] = judged - began - (topped - began > StampTicks ? StampTicks : 0);
                checks[i] = judged - topped;
                if (verdict != GateVerdict.Approved) throw new InvalidOperationException($"An order was held back: {GateVerdicts.Name(verdict)}.");
                // It ends before the next, half of them filled, so that a thousand orders live all the time and positions move.
                bool fills = (_at & 2) != 0;
                _gate.OnExecution(new Execution
                {
                    ClientOrderId = approved.ClientOrderId, ExecutionKind = fills ? ExecutionKind.Trade : ExecutionKind.Cancelled, OrderStatus = fills ? OrderStatus.Filled : OrderStatus.Cancelled,
                    CumulativeQuantityUnits = fills ? approved.QuantityUnits : 0, LastQuantityUnits = fills ? approved.QuantityUnits : 0, LastPriceUnits = approved.PriceUnits, Instrument = approved.Instrument,
                    Side = approved.Side, TimeUtcNs = _nowUtcNs,
                });
            }
        }

        private static readonly long StampTicks = CostOfAStamp();

        private static long CostOfAStamp()
        {
            long[] costs = new long[10_001];
            for (int i = 0; i < costs.Length; i++)
            {
                long first = Stopwatch.GetTimestamp();
                costs[i] = Stopwatch.GetTimestamp() - first;
            }
            Array.Sort(costs);
            return costs[costs.Length / 2];
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private void HandThrough(in OrderIntent intent) => _handedThrough += intent.QuantityUnits;
    }
}
