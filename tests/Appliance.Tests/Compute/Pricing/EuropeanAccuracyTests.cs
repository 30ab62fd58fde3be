using Appliance.Kernels;
using Appliance.Kernels.Pricing;

namespace Appliance.Tests.Compute;

/// <summary>European options against values of 340 digits, in the corners that a formula taken at its word gets wrong.</summary>
public class EuropeanAccuracyTests
{
    private static readonly string[] _names = ["price", "delta", "gamma", "vega", "theta", "rho", "vanna", "volga", "charm"];

    private static double[] Values(in Sensitivities s) => [s.Price, s.Delta, s.Gamma, s.Vega, s.Theta, s.Rho, s.Vanna, s.Volga, s.Charm];

    internal static (OptionContract, MarketModel) Option(double spot, double strike, double years, double volatility, double rate, double yield, double sign) =>
        (new OptionContract { Kind = ContractKind.European, Right = sign > 0 ? OptionRight.Call : OptionRight.Put, Spot = spot, Strike = strike, Expiry = years },
            new MarketModel { Kind = ModelKind.BlackScholes, Rate = rate, Yield = yield, Volatility = volatility });

    /// <summary>
    /// The price to 1e-13 of the larger of spot and strike, and everything to 1e-12 of its largest term, the price included, except where the inputs themselves do not hold that: with
    /// next to no deviation a rounding of the carry moves d by 1e-16/v.
    /// </summary>
    [Fact]
    public void Nine_figures_agree_with_340_digits_over_the_grid()
    {
        var bad = new List<string>();
        double worst = 0, worstAbsolute = 0;
        for (int row = 0; row < EuropeanGrid.Rows.Length; row++)
        {
            double[] r = EuropeanGrid.Rows[row];
            (OptionContract contract, MarketModel model) = Option(r[0], r[1], r[2], r[3], r[4], r[5], r[6]);
            Assert.Equal(PricingStatus.Ok, Pricer.Price(in contract, in model, out Sensitivities result));
            double[] values = Values(in result);
            double carryError = 1e-16 * Math.Abs((r[4] - r[5]) * r[2]) / (r[3] * Math.Sqrt(r[2]));
            double d = (Math.Abs(Math.Log(r[0] / r[1])) + Math.Abs((r[4] - r[5]) * r[2])) / (r[3] * Math.Sqrt(r[2]));
            double tolerance = 1e-12 + 2 * carryError * (1 + d);
            worstAbsolute = Math.Max(worstAbsolute, Math.Abs(values[0] - r[7]) / Math.Max(r[0], r[1]));
            for (int i = 0; i < 9; i++)
            {
                // What is smaller than the smallest normal number has lost digits by its nature.
                double error = Math.Max(0, Math.Abs(values[i] - r[7 + i]) - 1e-300 * Math.Max(1, r[0])) / Math.Max(r[16 + i], 1e-300);
                worst = Math.Max(worst, error);
                if (!(error <= tolerance)) bad.Add($"row {row} ({string.Join(", ", r[..7])}) {_names[i]}: {values[i]:R}, expected {r[7 + i]:R}, error {error:E2}");
            }
        }
        Assert.True(bad.Count == 0, string.Join('\n', bad.Take(40)) + $"\n{bad.Count} in all; worst {worst:E2}");
        Assert.True(worstAbsolute <= 1e-15, $"price off by {worstAbsolute:E2} of the larger of spot and strike");
    }

    /// <summary>One formula: every width gives the bits of the scalar, in the wings and at the limits too.</summary>
    [Theory]
    [InlineData(KernelWidth.Simd256)]
    [InlineData(KernelWidth.Simd512)]
    [InlineData(KernelWidth.Scalar)]
    public void A_batch_has_the_bits_of_the_options_priced_one_by_one(KernelWidth width)
    {
        if (!CpuGreeksBackend.IsSupported(width)) return;
        var random = new Random(11);
        int n = EuropeanGrid.Rows.Length + 3003;
        double[][] column = Enumerable.Range(0, 16).Select(_ => new double[n]).ToArray();
        for (int i = 0; i < n; i++)
        {
            double[] r = i < EuropeanGrid.Rows.Length ? EuropeanGrid.Rows[i] :
                [100, 100 * Math.Exp(random.NextDouble() * 4 - 2), i % 7 == 0 ? 0 : Math.Pow(10, random.NextDouble() * 6 - 4), i % 11 == 0 ? 0 : Math.Pow(10, 3 * random.NextDouble() - 2),
                    random.NextDouble() * 0.2 - 0.05, random.NextDouble() * 0.1 - 0.03, random.Next(2) * 2 - 1];
            for (int j = 0; j < 7; j++) column[j][i] = r[j];
        }
        var batch = new EuropeanBatch
        {
            Spot = column[0], Strike = column[1], Expiry = column[2], Volatility = column[3], Rate = column[4], Yield = column[5], Sign = column[6],
            Price = column[7], Delta = column[8], Gamma = column[9], Vega = column[10], Theta = column[11], Rho = column[12], Vanna = column[13], Volga = column[14], Charm = column[15],
        };
        batch.Evaluate(width);
        for (int i = 0; i < n; i++)
        {
            (OptionContract contract, MarketModel model) = Option(column[0][i], column[1][i], column[2][i], column[3][i], column[4][i], column[5][i], column[6][i]);
            Pricer.Price(in contract, in model, out Sensitivities one);
            double[] values = Values(in one);
            for (int j = 0; j < 9; j++)
                Assert.True(BitConverter.DoubleToInt64Bits(values[j]) == BitConverter.DoubleToInt64Bits(column[7 + j][i]), $"option {i} {_names[j]}: {values[j]:R} alone, {column[7 + j][i]:R} in the batch");
        }
    }
}
