using System.Globalization;
using Appliance.Kernels;
using Appliance.Kernels.ImpliedVolatility;
using Appliance.Kernels.Pricing;
using Appliance.TestKit;
using Xunit.Abstractions;

namespace Appliance.Tests.Compute;

/// <summary>Implied volatility against 60-digit prices, there and back through the pricer, at the bounds, and the batch against the solver.</summary>
public class ImpliedVolatilityTests(ITestOutputHelper output)
{
    private const double Ulp = 2.3e-16;

    [Fact]
    public void Prices_of_sixty_digits_give_their_volatility_back()
    {
        double worst = 0, worstUnits = 0;
        foreach (double[] row in ImpliedVolatilityValues.Rows)
        {
            double wanted = row[5], amplified = row[6];
            var status = ImpliedVolatilitySolver.Solve(row[0], row[1], row[2], row[3], row[4], out double volatility);
            string where = string.Join(' ', row.Select(x => x.ToString("R", CultureInfo.InvariantCulture)));
            Assert.True(status == ImpliedVolatilityStatus.Ok, $"{status}: {where}");
            double error = Math.Abs(volatility / wanted - 1);
            // The price is rounded, by half a unit, and the part above the payoff is what is left of it.
            double units = error / (Ulp * (1 + amplified));
            Assert.True(error <= 1e-12 && units <= 8, $"{error:G3}, {units:G3} units: {where}");
            worst = Math.Max(worst, error);
            worstUnits = Math.Max(worstUnits, units);
        }
        output.WriteLine($"{ImpliedVolatilityValues.Rows.Length} rows: largest relative error {worst:G3}, {worstUnits:F1} units of what the price tells");
    }

    [Fact]
    public void There_and_back_through_the_pricer()
    {
        bool full = Environment.GetEnvironmentVariable("APPLIANCE_FULL") == "1";
        int seed = TestSeed.Rotating();
        int count = full ? 500_000 : 25_000, solved = 0;
        output.WriteLine($"{count} options, APPLIANCE_SEED={seed}");
        var random = new Random(seed);
        double worst = 0;
        for (int i = 0; i < count; i++)
        {
            double strike = 100, forward = 100 * Math.Exp((2 * random.NextDouble() - 1) * Math.Log(8)), years = Math.Exp(Math.Log(1.0 / 365) + random.NextDouble() * Math.Log(30 * 365));
            double vol = Math.Exp(Math.Log(0.01) + random.NextDouble() * Math.Log(300));
            // Out of the money: the price of the other right is this one plus the payoff, whose digits hide it.
            double sign = forward <= strike ? 1 : -1;
            var contract = new OptionContract { Kind = ContractKind.European, Right = sign > 0 ? OptionRight.Call : OptionRight.Put, Spot = forward, Strike = strike, Expiry = years };
            Assert.Equal(PricingStatus.Ok, Pricer.Price(in contract, new MarketModel { Kind = ModelKind.Black76, Volatility = vol }, out var s));
            double amplified = s.Price / (s.Vega * vol);
            // Here the price no longer represents the volatility.
            if (s.Price < 1e-285 || !(amplified < 1000)) continue;
            var status = ImpliedVolatilitySolver.Solve(s.Price, forward, strike, years, sign, out double found);
            double error = Math.Abs(found / vol - 1);
            Assert.True(status == ImpliedVolatilityStatus.Ok && error <= 1e-12 * Math.Max(1, amplified), $"{status} {error:G3} amplified {amplified:G3}: F {forward:R} T {years:R} vol {vol:R} price {s.Price:R} seed {seed}");
            worst = Math.Max(worst, error / Math.Max(1, amplified));
            solved++;
        }
        output.WriteLine($"{solved} solved, largest relative error {worst:G3} (per amplification)");
        Assert.True(solved > count / 2);
    }

    [Fact]
    public void Far_from_the_money_too()
    {
        int solved = 0;
        foreach (double log in new[] { 3.0, 6, 9.9, 10.1, 15, 30, 80, 150, 220 })
            foreach (double deviation in new[] { 0.5, 1, 2, 3.5, 5, 8, 12, 18, 25, 40 })
                foreach (double sign in new[] { 1.0, -1.0 })
                {
                    double forward = Math.Exp(-sign * log / 2), strike = 1 / forward;
                    var contract = new OptionContract { Kind = ContractKind.European, Right = sign > 0 ? OptionRight.Call : OptionRight.Put, Spot = forward, Strike = strike, Expiry = 1 };
                    if (Pricer.Price(in contract, new MarketModel { Kind = ModelKind.Black76, Volatility = deviation }, out var s) != PricingStatus.Ok) continue;
                    double smaller = Math.Min(forward, strike), amplified = s.Price / (s.Vega * deviation);
                    if (s.Price < 1e-280 || s.Price / smaller < 1e-280 || !(amplified < 1000)) continue;
                    Assert.Equal(ImpliedVolatilityStatus.Ok, ImpliedVolatilitySolver.Solve(s.Price, forward, strike, 1, sign, out double found));
                    Assert.True(Math.Abs(found / deviation - 1) <= 1e-12 * Math.Max(1, amplified), $"ln {log} deviation {deviation}: {found:R} amplified {amplified}");
                    solved++;
                }
        Assert.True(solved > 60, $"only {solved}");
    }

    [Theory]
    [InlineData(5.0, 100.0, 100.0, 1.0, 1.0, ImpliedVolatilityStatus.Ok)]
    [InlineData(10.0, 110.0, 100.0, 1.0, 1.0, ImpliedVolatilityStatus.NoTimeValue)]
    [InlineData(9.999, 110.0, 100.0, 1.0, 1.0, ImpliedVolatilityStatus.BelowIntrinsic)]
    [InlineData(0.0, 90.0, 100.0, 1.0, 1.0, ImpliedVolatilityStatus.NoTimeValue)]
    [InlineData(-1.0, 90.0, 100.0, 1.0, 1.0, ImpliedVolatilityStatus.BelowIntrinsic)]
    [InlineData(1e-291, 1.0, 1.5, 1.0, 1.0, ImpliedVolatilityStatus.NoTimeValue)]
    [InlineData(1e-289, 1.0, 1.5, 1.0, 1.0, ImpliedVolatilityStatus.Ok)]
    [InlineData(90.0, 90.0, 100.0, 1.0, 1.0, ImpliedVolatilityStatus.AboveMaximum)]
    [InlineData(100.0, 90.0, 100.0, 1.0, -1.0, ImpliedVolatilityStatus.AboveMaximum)]
    [InlineData(101.0, 90.0, 100.0, 1.0, -1.0, ImpliedVolatilityStatus.AboveMaximum)]
    [InlineData(5.0, 0.0, 100.0, 1.0, 1.0, ImpliedVolatilityStatus.BadInput)]
    [InlineData(5.0, 100.0, -1.0, 1.0, 1.0, ImpliedVolatilityStatus.BadInput)]
    [InlineData(5.0, 100.0, 100.0, 0.0, 1.0, ImpliedVolatilityStatus.BadInput)]
    [InlineData(5.0, 100.0, 100.0, -1.0, 1.0, ImpliedVolatilityStatus.BadInput)]
    [InlineData(double.NaN, 100.0, 100.0, 1.0, 1.0, ImpliedVolatilityStatus.BadInput)]
    [InlineData(5.0, double.PositiveInfinity, 100.0, 1.0, 1.0, ImpliedVolatilityStatus.BadInput)]
    [InlineData(5.0, 100.0, 100.0, 1.0, 0.0, ImpliedVolatilityStatus.BadInput)]
    public void Bounds(double price, double forward, double strike, double years, double sign, ImpliedVolatilityStatus wanted)
    {
        Assert.Equal(wanted, ImpliedVolatilitySolver.Solve(price, forward, strike, years, sign, out double volatility));
        if (wanted == ImpliedVolatilityStatus.Ok) Assert.True(volatility > 0 && double.IsFinite(volatility));
        else
        {
            Assert.Equal(0, volatility);
            Assert.NotEqual("unknown status", wanted.Describe());
        }
    }

    [Fact]
    public void At_the_money_the_volatility_is_the_normal_quantile()
    {
        // c = 2Φ(s/2) − 1 when forward and strike are one: Φ(0.1) − Φ(−0.1) from a table of fifteen digits (Abramowitz and Stegun, table 26.1).
        Assert.Equal(ImpliedVolatilityStatus.Ok, ImpliedVolatilitySolver.Solve(2 * 0.539827837277029 - 1, 1, 1, 1, 1, out double volatility));
        Assert.Equal(0.2, volatility, 1e-14);
    }

    [Theory]
    [InlineData(100.0, 1e-3)]
    [InlineData(61_700.3, 1e-13)]
    [InlineData(0.7, 1e-20)]
    [InlineData(3.3, 1e-280)]
    public void At_the_money_a_small_price_is_in_proportion(double forward, double share)
    {
        // c = 2Φ(s/2) − 1 = s/√(2π)·(1 − s²/24 + …).
        double wanted = share * 2.5066282746310002;
        Assert.Equal(ImpliedVolatilityStatus.Ok, ImpliedVolatilitySolver.Solve(forward * share, forward, forward, 1, 1, out double volatility));
        Assert.Equal(1 + wanted * wanted / 24, volatility / wanted, 1e-12);
    }

    [Fact]
    public void A_dearer_option_has_more_volatility()
    {
        foreach (double forward in new[] { 20.0, 70, 99.9, 100, 140, 700 })
        {
            double before = 0, most = Math.Min(forward, 100);
            for (int i = 1; i < 20_000; i++)
            {
                double price = most * i / 20_000 + Math.Max(0, forward - 100);
                if (ImpliedVolatilitySolver.Solve(price, forward, 100, 0.5, 1, out double volatility) != ImpliedVolatilityStatus.Ok) continue;
                Assert.True(volatility > before, $"F {forward} price {price:R}: {volatility:R} after {before:R}");
                before = volatility;
            }
            Assert.True(before > 2);
        }
    }

    [Theory]
    [InlineData(KernelWidth.Scalar)]
    [InlineData(KernelWidth.Simd256)]
    [InlineData(KernelWidth.Simd512)]
    public void The_batch_gives_the_solvers_bits(KernelWidth width)
    {
        if (!CpuGreeksBackend.IsSupported(width)) return;
        var random = new Random(20_260_103);
        var batch = new ImpliedVolatilityBatch(width);
        foreach (int n in new[] { 0, 1, 7, 8, 9, 255, 256, 257, 4_001 })
        {
            double[] price = new double[n], forward = new double[n], strike = new double[n], years = new double[n], sign = new double[n], found = new double[n];
            var status = new ImpliedVolatilityStatus[n];
            for (int i = 0; i < n; i++)
            {
                strike[i] = 100 * Math.Exp(random.NextDouble() * 6 - 3);
                forward[i] = random.Next(8) == 0 ? strike[i] : random.Next(20) == 0 ? strike[i] * 1e20 : 100 * Math.Exp(random.NextDouble() * 2 - 1);
                years[i] = random.Next(30) == 0 ? 0 : random.NextDouble() * 3;
                sign[i] = random.Next(2) * 2 - 1;
                double smaller = Math.Min(forward[i], strike[i]), share = random.Next(7) switch { 0 or 1 => random.NextDouble(), 2 or 3 => Math.Exp(-random.NextDouble() * 700), 4 or 5 => 1.1 - Math.Exp(-random.NextDouble() * 5), _ => -0.1 };
                price[i] = random.Next(25) == 0 ? double.NaN : smaller * share + Math.Max(0, sign[i] * (forward[i] - strike[i]));
            }
            batch.Solve(price, forward, strike, years, sign, found, status);
            for (int i = 0; i < n; i++)
            {
                Assert.Equal(ImpliedVolatilitySolver.Solve(price[i], forward[i], strike[i], years[i], sign[i], out double one), status[i]);
                Assert.True(one == found[i], $"{i} of {n}: {one:R} {found[i]:R} at {price[i]:R} {forward[i]:R} {strike[i]:R}");
            }
            if (n > 1000) Assert.Equal(5, status.Distinct().Count());
        }
    }

    [Fact]
    public void The_batch_allocates_nothing()
    {
        var batch = new ImpliedVolatilityBatch();
        double[] price = [.. Enumerable.Range(1, 500).Select(i => i * 0.1)], forward = [.. price.Select(_ => 100.0)], strike = [.. price.Select((_, i) => 60.0 + i)], years = [.. price.Select(_ => 0.5)];
        double[] sign = [.. price.Select(_ => 1.0)], found = new double[500];
        var status = new ImpliedVolatilityStatus[500];
        batch.Solve(price, forward, strike, years, sign, found, status);
        long before = GC.GetAllocatedBytesForCurrentThread();
        batch.Solve(price, forward, strike, years, sign, found, status);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.Contains(ImpliedVolatilityStatus.Ok, status);
    }
}
