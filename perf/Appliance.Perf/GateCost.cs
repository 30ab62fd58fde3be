using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Appliance.Contract;
using Appliance.Flow.Compute;
using Appliance.Flow.Market;
using Appliance.Kernels;
using Appliance.Risk;

namespace Appliance.Perf;

/// <summary>
/// What the whole gate costs an order on the hot path, every control on: 10,000 instruments, 1,000 live orders, 64 portfolios of 200 options. A quote comes, the books and features are brought up, the
/// portfolio's Greeks moved, an order made. With: the gate is called where the decision thread calls it, before and after the books, before the Greeks, and to judge. Without: the same over the same
/// data, the order handed through unjudged. Both are timed by the same clock from the quote to the verdict, in blocks that alternate; the answer is the difference of the percentiles. Instruments come
/// in random order, so their state is where it is in production: in the cache as far as it fits.
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
        Console.WriteLine(string.Create(inv, $"gate  after the verdict, what only the next order asks for (Settle): p50 {result.After50:F0} ns, p99 {result.After99:F0} ns, with one reading of the clock"));
        Console.WriteLine(string.Create(inv, $"gate  difference of p50 over {pairs} pairs: median {result.PairMedian:F0}, least {result.PairLeast:F0}, most {result.PairMost:F0} ns; {result.AllocatedBytes} bytes allocated; bound 100 ns: {(result.With50 - result.Without50 <= 100 ? "met" : "missed")}"));
        return 0;
    }

    /// <summary>Tiny, with its answers looked at.</summary>
    public static void Check()
    {
        var result = Measure(2);
        if (result.AllocatedBytes != 0) throw new InvalidOperationException($"The gate allocated {result.AllocatedBytes} bytes.");
    }

    private readonly record struct Result(double With50, double Without50, double With99, double Without99, double After50, double After99, double PairMedian, double PairLeast, double PairMost, long AllocatedBytes);

    private static Result Measure(int pairs)
    {
        var bench = new Bench();
        bench.Block(with: true, new long[BlockOrders], new long[BlockOrders]);
        bench.Block(with: false, new long[BlockOrders], []);
        long[] with = new long[pairs * BlockOrders], without = new long[pairs * BlockOrders], after = new long[pairs * BlockOrders];
        double[] differences = new double[pairs];
        long allocated = 0;
        for (int pair = 0; pair < pairs; pair++)
        {
            Span<long> a = with.AsSpan(pair * BlockOrders, BlockOrders), b = without.AsSpan(pair * BlockOrders, BlockOrders), c = after.AsSpan(pair * BlockOrders, BlockOrders);
            long before = GC.GetAllocatedBytesForCurrentThread();
            // Who goes first alternates, so that no drift of the machine favours one.
            if (pair % 2 == 0) bench.Block(true, a, c);
            bench.Block(false, b, []);
            if (pair % 2 != 0) bench.Block(true, a, c);
            allocated += GC.GetAllocatedBytesForCurrentThread() - before;
            differences[pair] = Percentile(a.ToArray(), 0.5) - Percentile(b.ToArray(), 0.5);
        }
        Array.Sort(differences);
        return new Result(Percentile(with, 0.5), Percentile(without, 0.5), Percentile(with, 0.99), Percentile(without, 0.99),
            Percentile(after, 0.5), Percentile(after, 0.99), differences[pairs / 2], differences[0], differences[^1], allocated);
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
        private readonly MarketState _market;
        private readonly PortfolioGreeks[] _greeks = new PortfolioGreeks[Portfolios];
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
                    // An option's, so that every bound of the protection is on.
                    VegaPerUnit = 1e-6,
                })],
                PortfolioCapacity = Portfolios,
                Portfolios = [.. Enumerable.Range(0, Portfolios).Select(p => new PortfolioLimits
                {
                    Portfolio = (ushort)p, MaxHedgeUnits = 1_000_000_000, HedgeAttemptsMax = 1_000_000, RepeatedExecutionsMax = 500, ProtectionQuantityUnits = 1_000_000_000, ProtectionDelta = 1e9, ProtectionVega = 1e9,
                })],
                MaxMessagesPerWindow = 10_000, MaxMessagesPerLongWindow = 500_000, MaxRejectsPerLongWindow = 10_000, CancelReserveMessages = 1_000, MaxLiveOrders = 4_096, OrderTableCapacity = 8_192,
                DuplicateWindowNs = 50_000_000, MaxAccountPosition = 1e14, MaxExposure = 1e14, StaleGreeksAfterNs = 3_600_000_000_000, MaxClockSkewNs = 1_000_000_000, MaxDailyLoss = 1e12,
                AcknowledgeWithinNs = 3_600_000_000_000, RepeatWindowNs = 1_000_000_000,
            });
            _gate.OnSession(true);
            _market = new MarketState(definitions, new MarketOptions { DefaultFeed = new InstrumentFeed(BookFeed.Quotes, TradingStatus.Trading), MaxOrders = 16, LevelsPerSide = 4, HeldEventsPerInstrument = 16 });
            for (int i = 0; i < Instruments; i++)
            {
                RingEvent quote = QuoteOf(i, 0);
                _market.Apply(ref quote);
                _gate.OnTop(i, in _market.Top(i));
                _market.ClearDirty();
            }
            for (int p = 0; p < Portfolios; p++)
            {
                _greeks[p] = new PortfolioGreeks(OptionsOf(p), new CpuGreeksBackend(), new PortfolioGreeksOptions { DeltaErrorUnitsMax = 1e9, RepriceAfterNs = long.MaxValue / 4 });
                _greeks[p].Reprice(10_000.5, _nowUtcNs);
                _gate.OnGreeks((ushort)p, _nowUtcNs);
            }
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

        /// <summary>Best bid and ask, a tick around where they were.</summary>
        private RingEvent QuoteOf(int instrument, long move)
        {
            RingEvent e = default;
            RingEvent.Begin(ref e, EventKind.QuoteSet, (ushort)instrument, 0, 0, _nowUtcNs);
            ref Quote quote = ref RingEvent.AsQuote(ref e);
            quote.Flags = EventFlags.DecideMark;
            quote.BidPriceUnits = 1_000_000 + move;
            quote.AskPriceUnits = 1_000_100 + move;
            quote.BidQuantityUnits = quote.AskQuantityUnits = 100;
            return e;
        }

        private static PortfolioDefinition OptionsOf(int portfolio)
        {
            const int options = 200;
            long inAMonth = StartUtcNs + 30L * 86_400 * 1_000_000_000;
            return new PortfolioDefinition
            {
                Name = $"P{portfolio}", Strike = [.. Enumerable.Range(0, options).Select(i => 9_000.0 + 10 * i)], ExpiryUtcNs = [.. Enumerable.Repeat(inAMonth, options)],
                CallPut = [.. Enumerable.Range(0, options).Select(i => i % 2 == 0 ? 1.0 : -1)], Quantity = [.. Enumerable.Repeat(-1.0, options)], Volatility = [.. Enumerable.Repeat(0.3, options)],
            };
        }

        private OrderIntent Intent(int instrument, long priceUnits) => new()
        {
            Kind = OrderRequestKind.New, Side = Side.Buy, TimeInForce = TimeInForce.ImmediateOrCancel, Instrument = (ushort)instrument, Portfolio = (ushort)(instrument % Portfolios), PriceUnits = priceUnits,
            QuantityUnits = 100 + _at % 8_000, TimeUtcNs = _nowUtcNs,
        };

        /// <param name="stamps">Of each order: clock ticks from the quote to the verdict, or to the order handed through.</param>
        /// <param name="after">Of each judged order: clock ticks that the gate took once the order could leave.</param>
        public void Block(bool with, Span<long> stamps, Span<long> after)
        {
            for (int i = 0; i < stamps.Length; i++)
            {
                int instrument = _order[_at++ & (_order.Length - 1)];
                _nowUtcNs += 200_000;
                int portfolio = instrument % Portfolios;
                RingEvent quote = QuoteOf(instrument, (_at & 1) == 0 ? 100 : -100);
                long began = Stopwatch.GetTimestamp();
                if (!with)
                {
                    _market.Apply(ref quote);
                    _greeks[portfolio].MoveOrReprice(_market.Features(instrument).Mid, _nowUtcNs);
                    OrderIntent unjudged = Intent(instrument, _market.Top(instrument).AskPriceUnits);
                    HandThrough(in unjudged);
                    stamps[i] = Stopwatch.GetTimestamp() - began;
                    _market.ClearDirty();
                    continue;
                }
                _gate.Prefetch(instrument);
                _market.Apply(ref quote);
                _gate.OnTop(instrument, in _market.Top(instrument));
                _gate.PrefetchOrder((ushort)portfolio);
                _greeks[portfolio].MoveOrReprice(_market.Features(instrument).Mid, _nowUtcNs);
                _gate.OnGreeks((ushort)portfolio, _greeks[portfolio].AnchorUtcNs);
                OrderIntent intent = Intent(instrument, _market.Top(instrument).AskPriceUnits);
                GateVerdict verdict = _gate.Check(in intent, out ApprovedOrder approved);
                long judged = Stopwatch.GetTimestamp();
                stamps[i] = judged - began;
                _gate.Settle();
                after[i] = Stopwatch.GetTimestamp() - judged;
                _market.ClearDirty();
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

        [MethodImpl(MethodImplOptions.NoInlining)]
        private void HandThrough(in OrderIntent intent) => _handedThrough += intent.QuantityUnits;
    }
}
