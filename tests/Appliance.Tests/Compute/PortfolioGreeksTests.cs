using Appliance.Contract;
using Appliance.Flow.Compute;
using Appliance.Kernels;
using Appliance.Kernels.Scalar;
using Appliance.Strategy.Policies;
using Appliance.TestKit;

namespace Appliance.Tests.Compute;

/// <summary>The portfolio's Greeks: sums that are right, an expansion that keeps to its bound, expiries that settle, and one answer on every machine.</summary>
public class PortfolioGreeksTests
{
    private const long StartUtcNs = 1_723_161_255_000_000_000;
    private const double Spot = 61_700;
    private const long Day = 86_400_000_000_000;

    private static readonly PortfolioGreeksOptions _options = new() { DeltaErrorUnitsMax = 0.01 };

    private static PortfolioDefinition Book(int count, int seed, double rate = 0, double yield = 0)
    {
        var random = new Random(seed);
        double[] Array(Func<double> next) => Enumerable.Range(0, count).Select(_ => next()).ToArray();
        return new PortfolioDefinition
        {
            Name = "test", Rate = rate, Yield = yield,
            Strike = Array(() => 50_000 + 1000 * random.Next(25)),
            ExpiryUtcNs = Array(() => 1 + random.Next(60)).Select(days => StartUtcNs + (long)days * Day).ToArray(),
            CallPut = Array(() => 2 * random.Next(2) - 1),
            Quantity = Array(() => random.NextDouble() * 4 - 3),
            Volatility = Array(() => 0.45 + 0.2 * random.NextDouble()),
        };
    }

    private static (double Value, double Delta, double Gamma, double Vega, double Theta) Sum(PortfolioDefinition book, double spot, long utcNs)
    {
        (double Value, double Delta, double Gamma, double Vega, double Theta) sum = default;
        for (int i = 0; i < book.Count; i++)
        {
            double years = (book.ExpiryUtcNs[i] - utcNs) / PortfolioGreeks.NanosecondsPerYear;
            OptionGreeks g = BlackScholes.Evaluate(spot, book.Strike[i], years, book.Volatility[i], book.Rate, book.Yield, book.CallPut[i]);
            double n = book.Quantity[i];
            sum = (sum.Value + n * g.Price, sum.Delta + n * g.Delta, sum.Gamma + n * g.Gamma, sum.Vega + n * g.Vega, sum.Theta + n * g.Theta);
        }
        return sum;
    }

    [Theory]
    [InlineData(1, 0, 0)]
    [InlineData(8, 0, 0)]
    [InlineData(203, 0.03, 0.01)]
    public void Repricing_is_the_sum_over_options(int count, double rate, double yield)
    {
        PortfolioDefinition book = Book(count, 5, rate, yield);
        var greeks = new PortfolioGreeks(book, new CpuGreeksBackend(), _options);
        Assert.False(greeks.Move(Spot, StartUtcNs), "Before the first repricing there is nothing to expand around.");
        greeks.Reprice(Spot, StartUtcNs);
        var expected = Sum(book, Spot, StartUtcNs);
        Assert.Equal(expected.Value, greeks.Value, Math.Abs(expected.Value) * 1e-12 + 1e-7);
        Assert.Equal(expected.Delta, greeks.Delta, 1e-11);
        Assert.Equal(expected.Gamma, greeks.Gamma, 1e-15);
        Assert.Equal(expected.Vega, greeks.Vega, 1e-6);
        Assert.Equal(expected.Theta, greeks.Theta, 1e-6 * Math.Abs(expected.Theta));
        Assert.False(greeks.OnExpansion);
        Assert.False(greeks.WantsRepricing);
    }

    /// <summary>Wherever the expansion says that it may be decided on, the true delta lies within the bound; and it says so for moves that matter.</summary>
    [Theory]
    [InlineData(0, 0)]
    [InlineData(0.04, 0.01)]
    public void Inside_its_bound_the_expansion_is_within_its_bound(double rate, double yield)
    {
        var random = new Random(11);
        for (int b = 0; b < 20; b++)
        {
            PortfolioDefinition book = Book(200, b, rate, yield);
            var greeks = new PortfolioGreeks(book, new CpuGreeksBackend(), _options);
            greeks.Reprice(Spot, StartUtcNs);
            int inside = 0;
            for (int i = 0; i < 200; i++)
            {
                double spot = Spot + 400 * (random.NextDouble() - 0.5);
                long utcNs = StartUtcNs + (long)(random.NextDouble() * 600e9);
                if (!greeks.Move(spot, utcNs)) continue;
                inside++;
                var truth = Sum(book, spot, utcNs);
                Assert.True(Math.Abs(truth.Delta - greeks.Delta) <= greeks.DeltaErrorUnits + 1e-9, $"book {b}: delta {greeks.Delta}, truly {truth.Delta}, said to be within {greeks.DeltaErrorUnits} after {spot - Spot} and {utcNs - StartUtcNs} ns");
                Assert.True(Math.Abs(truth.Value - greeks.Value) <= 0.5 * greeks.DeltaErrorUnits * (Math.Abs(spot - Spot) + 1) + 0.02, $"book {b}: value {greeks.Value}, truly {truth.Value}");
            }
            Assert.True(inside > 20, $"book {b}: the bound allowed only {inside} of 200 moves");
        }
    }

    /// <summary>The error of delta is of third order in the price: halving the move divides it by four; that of the value by eight.</summary>
    [Fact]
    public void The_expansion_is_of_second_order()
    {
        PortfolioDefinition book = Book(200, 3);
        var greeks = new PortfolioGreeks(book, new CpuGreeksBackend(), new PortfolioGreeksOptions { DeltaErrorUnitsMax = 1 });
        greeks.Reprice(Spot, StartUtcNs);
        (double Delta, double Value) Error(double move)
        {
            greeks.Move(Spot + move, StartUtcNs);
            var truth = Sum(book, Spot + move, StartUtcNs);
            return (truth.Delta - greeks.Delta, truth.Value - greeks.Value);
        }
        (double delta, double value) = Error(100);
        (double deltaHalf, double valueHalf) = Error(50);
        Assert.InRange(delta / deltaHalf, 3.5, 4.5);
        Assert.InRange(value / valueHalf, 7, 9);
    }

    /// <summary>Charm comes from the Black-Scholes equation; here it is met with the difference of two full repricings.</summary>
    [Theory]
    [InlineData(0, 0)]
    [InlineData(0.05, 0.02)]
    public void Time_moves_delta_by_charm(double rate, double yield)
    {
        PortfolioDefinition book = Book(200, 9, rate, yield);
        var greeks = new PortfolioGreeks(book, new CpuGreeksBackend(), new PortfolioGreeksOptions { DeltaErrorUnitsMax = 1 });
        greeks.Reprice(Spot, StartUtcNs);
        double before = greeks.Delta, valueBefore = greeks.Value;
        const long minute = 60_000_000_000;
        greeks.Move(Spot, StartUtcNs + minute);
        var truth = Sum(book, Spot, StartUtcNs + minute);
        Assert.Equal(truth.Delta - before, greeks.Delta - before, 0.01 * Math.Abs(truth.Delta - before));
        Assert.Equal(truth.Value - valueBefore, greeks.Value - valueBefore, 0.01 * Math.Abs(truth.Value - valueBefore));
    }

    [Fact]
    public void A_far_move_asks_for_a_repricing_first_and_a_near_one_for_one_afterwards()
    {
        var greeks = new PortfolioGreeks(Book(200, 4), new CpuGreeksBackend(), _options);
        greeks.Reprice(Spot, StartUtcNs);
        Assert.True(greeks.Move(Spot + 0.1, StartUtcNs + 1000));
        Assert.True(greeks.OnExpansion);
        Assert.False(greeks.WantsRepricing);
        double move = 0.1;
        while (greeks.Move(Spot + move, StartUtcNs + 1000) && !greeks.WantsRepricing) move *= 1.1;
        Assert.True(greeks.Move(Spot + move, StartUtcNs + 1000), "A repricing is wanted afterwards before it is needed first.");
        Assert.InRange(greeks.DeltaErrorUnits, 0.25 * 0.01, 0.01);
        Assert.False(greeks.Move(Spot * 1.2, StartUtcNs + 1000));
        Assert.True(greeks.Move(Spot, StartUtcNs + 1_000_000_000));
        Assert.True(greeks.WantsRepricing, "An old anchor wants a repricing.");
        greeks.MoveOrReprice(Spot * 1.2, StartUtcNs + 1000);
        Assert.False(greeks.OnExpansion);
        Assert.Equal(2, greeks.Repricings);
    }

    [Fact]
    public void Expired_options_are_fixed_at_their_payoff()
    {
        PortfolioDefinition book = Book(9, 1) with
        {
            Strike = [100, 100, 100, 100, 100, 100, 100, 100, 100],
            ExpiryUtcNs = [1000, 3000, 1000, 2000, 1000, 1000, 1000, 1000, 1000],
            CallPut = [1, 1, -1, 1, 1, 1, 1, 1, 1],
            Quantity = [-2, 1, 5, 10, 0, 0, 0, 0, 0],
        };
        var greeks = new PortfolioGreeks(book, new CpuGreeksBackend(), new PortfolioGreeksOptions { DeltaErrorUnitsMax = 1e9 });
        greeks.Reprice(103, 0);
        Assert.Equal(9, greeks.LiveOptions);
        Assert.True(greeks.Move(103, 999));
        Assert.False(greeks.Move(103, 1000), "An expiry is never expanded over.");
        greeks.Reprice(103, 1000);
        Assert.Equal(2, greeks.LiveOptions);
        // Settled: −2 calls at 3, 5 puts at 0; the live calls are a microsecond from expiry, so at their payoff within their time value.
        Assert.Equal(-2 * 3 + (1 + 10) * 3, greeks.Value, 1e-3);
        Assert.Equal(11, greeks.Delta, 1e-9);
        greeks.Reprice(90, 2500);
        Assert.Equal(1, greeks.LiveOptions);
        // The first two keep the payoff of their own day; the third expired at 90 worthless.
        Assert.Equal(-6, greeks.Value, 1e-3);
        greeks.Reprice(110, 5000);
        Assert.Equal(0, greeks.LiveOptions);
        Assert.Equal(-6 + 10, greeks.Value, 1e-12);
        Assert.Equal(0, greeks.Delta);
        Assert.Equal(0, greeks.Gamma);
        Assert.Equal(0, greeks.YearsToExpiry);
        Assert.True(greeks.Move(200, 6000));
        Assert.Equal(4, greeks.Value, 1e-12);
    }

    /// <summary>A replay may run on a machine with other registers: the same path must give the same bits.</summary>
    [Fact]
    public void Every_register_width_walks_the_same_path()
    {
        KernelWidth[] widths = Enum.GetValues<KernelWidth>().Where(CpuGreeksBackend.IsSupported).ToArray();
        List<long>[] paths = widths.Select(width =>
        {
            var greeks = new PortfolioGreeks(Book(201, 8, 0.01, 0), new CpuGreeksBackend(width), _options);
            var random = new Random(1);
            double spot = Spot;
            var bits = new List<long>();
            for (long t = 0; t < 2000; t++)
            {
                spot *= 1 + 2e-4 * (random.NextDouble() - 0.5);
                long utcNs = StartUtcNs + t * 100_000_000;
                greeks.MoveOrReprice(spot, utcNs);
                bits.AddRange([BitConverter.DoubleToInt64Bits(greeks.Value), BitConverter.DoubleToInt64Bits(greeks.Delta), BitConverter.DoubleToInt64Bits(greeks.DeltaErrorUnits)]);
                if (greeks.WantsRepricing) greeks.Reprice(spot, utcNs);
            }
            // The first tick finds nothing to expand around.
            Assert.Equal(1999, greeks.Moves);
            Assert.InRange(greeks.Repricings, 100, 1900);
            return bits;
        }).ToArray();
        foreach (List<long> path in paths) Assert.Equal(paths[0], path);
    }

    [Fact]
    public void Moving_and_repricing_allocate_nothing()
    {
        var greeks = new PortfolioGreeks(Book(200, 8), new CpuGreeksBackend(), _options);
        PortfolioState state = default;
        void Step(int i)
        {
            if (!greeks.Move(Spot + i % 50, StartUtcNs + i)) greeks.Reprice(Spot + i % 50, StartUtcNs + i);
            if (i % 10 == 0) greeks.Reprice(Spot + i % 50, StartUtcNs + i);
            greeks.Fill(ref state);
        }
        Step(0);
        Step(1);
        using var pause = new CollectorPause();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++) Step(i);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        object control = new();
        Assert.NotEqual(before, GC.GetAllocatedBytesForCurrentThread());
        GC.KeepAlive(control);
        Assert.Equal(greeks.Delta, state.Delta);
        Assert.Equal(greeks.Value, state.Value);
        Assert.True(state.YearsToExpiry > 0);
    }

    [Fact]
    public void A_faulty_definition_is_refused_with_every_fault()
    {
        PortfolioDefinition book = Book(3, 1) with { Strike = [0, 100, 100], CallPut = [1, 2, 1], Volatility = [0.5, 0.5, double.NaN] };
        var refusal = Assert.Throws<ArgumentException>(() => new PortfolioGreeks(book, new CpuGreeksBackend(), _options));
        Assert.Contains("option 0: strike 0", refusal.Message);
        Assert.Contains("option 1: the right", refusal.Message);
        Assert.Contains("option 2: volatility NaN", refusal.Message);
        Assert.Throws<ArgumentException>(() => new PortfolioGreeks(Book(3, 1) with { Quantity = [1] }, new CpuGreeksBackend(), _options));
        var greeks = new PortfolioGreeks(Book(3, 1), new CpuGreeksBackend(), _options);
        Assert.Throws<ArgumentOutOfRangeException>(() => greeks.Reprice(0, StartUtcNs));
        Assert.Throws<ArgumentException>(() => new PortfolioGreeks(Book(3, 1), new LaterBackend(), _options));
    }

    private sealed class LaterBackend : IComputeBackend
    {
        public string Name => "later";
        public bool CompletesInCall => false;
        public long Submit(in GreeksBatch batch) => 1;
        public bool TryCollect(long ticket) => false;
        public void Dispose() { }
    }
}
