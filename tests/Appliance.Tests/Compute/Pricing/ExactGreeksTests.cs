using System.Globalization;
using Appliance.Kernels.Pricing;
using Appliance.TestKit;
using Xunit.Abstractions;

namespace Appliance.Tests.Compute;

/// <summary>Skips, saying so, unless `make verify` or CI asks for it and Python has mpmath.</summary>
public sealed class ExactGreeksTheoryAttribute : TheoryAttribute
{
    public ExactGreeksTheoryAttribute()
    {
        if (QuantLibTests.Share == 0) Skip = "make verify draws more contracts than those checked in";
        else if (ExactGreeksTests.Python == null) Skip = "mpmath is not installed (Debian: python3-mpmath)";
    }
}

/// <summary>
/// Nine figures of every contract and model beside 50-digit arithmetic that shares no formula with the kernels (tests/reference/kernels/greeks): prices by other ways, Greeks by differences of
/// those prices; Americans beside QuantLib's prices on a fine scheme, by tests/reference/quantlib/american_greeks.py. 12 to 150 contracts a type, a quarter at an edge, are checked in; `make verify` draws others.
/// <para>Errors are relative to what each figure's terms naturally are, with P the largest of spot, strike and extremum (a cash digital's cash), v = σ√T, w = 1 + v, g = |b| + |r|: price P; delta P(1 + 1/v)/S;
/// gamma P(1 + 1/v)/(S²v); vega P·w/σ; theta P(g + w/T); rho P·T(1 + 1/v); vanna delta's·w/σ; volga P·w²/σ²; charm delta's·(g + w/T). Near a zero of a figure no arithmetic of doubles keeps
/// digits relative to the figure itself.</para>
/// </summary>
public class ExactGreeksTests(ITestOutputHelper output)
{
    internal static readonly string? Python = QuantLibTests.Share == 0 ? null : ReferenceScript.PythonWith("mpmath");

    private static readonly int _seed = TestSeed.Rotating();

    /// <summary>What a type is allowed: of price, delta and gamma, and of the Greeks that are differences where it has such.</summary>
    private static (double Closed, double Differences) Tolerance(string type) => type switch
    {
        // Near b = 0 interpolated, and divided by b.
        "lookback" => (1e-11, 1e-11),
        "heston" => (1e-10, 1e-10),
        // Jumps of nearly one size are hard to integrate.
        "bates" => (1e-9, 1e-9),
        // Five-point differences.
        "asian-of-two" => (1e-11, 1e-7),
        "asian-continuous" => (3e-9, 1e-7),
        // QuantLib's prices through differences of their own; its scheme is fine, not exact.
        "american" => (1e-8, 1e-6),
        _ => (1e-12, 1e-12),
    };

    [Theory]
    [InlineData("digital")]
    [InlineData("barrier")]
    [InlineData("lookback")]
    [InlineData("asian-geometric")]
    [InlineData("asian-of-two")]
    [InlineData("asian-continuous")]
    [InlineData("merton")]
    [InlineData("heston")]
    [InlineData("bates")]
    [InlineData("american")]
    public void Contracts_that_are_checked_in_agree(string type)
    {
        string[] lines = File.ReadAllLines(ReferenceScript.Find($"tests/Appliance.Tests/Compute/Pricing/exact/{type}.csv"));
        Assert.True(Compare(type, lines, "checked in") >= 12);
    }

    [ExactGreeksTheory]
    [InlineData("digital", 5_000)]
    [InlineData("barrier", 5_000)]
    [InlineData("lookback", 60)]
    [InlineData("asian-geometric", 3_000)]
    [InlineData("asian-of-two", 40)]
    [InlineData("asian-continuous", 60)]
    [InlineData("merton", 1_000)]
    [InlineData("heston", 60)]
    [InlineData("bates", 60)]
    public void Random_contracts_agree(string type, int count)
    {
        int asked = Math.Max(6, (int)(count * QuantLibTests.Share));
        Assert.Equal(asked, Compare(type, ReferenceScript.Run(Python!, "kernels/greeks/contracts.py", type, asked, _seed), $"seed {_seed}"));
    }

    /// <summary>
    /// Found by these contracts' kin: jumps of nearly one size bring Bates's integrand back at multiples of 2π/m, between the points of a coarse rule, whose halving then settled by chance
    /// (parts in 10⁵ of the payment); and a rebate's quadrature lost a quarter of gamma next to the barrier. Exact values by contracts.py's arithmetic.
    /// </summary>
    [Theory]
    [InlineData("european,bates,call,100,30.1,9.97,0.03,0.01,,,,,,,,,0.34,0.01,1.09,0.12,0.218,1.16,0.234,0", 70.16690184880626, 0.8821230840877667, 0.0005688937045344599)]
    [InlineData("cash-digital,bates,call,100,30.1,9.97,0.03,0.01,,,,100,,,,,0.34,0.01,1.09,0.12,0.218,1.16,0.234,0", 59.951516810532894, 0.18900123074234546, -0.0038892604717654993)]
    [InlineData("european,bates,call,100,38.3,8.76,0.03,0.01,,,,,,,,,0.48,0.017,1.09,-0.71,0.224,1.14,0.276,0.008", 66.06854498347941, 0.8731144396601972, 0.0009277024882051575)]
    [InlineData("cash-digital,bates,call,100,38.3,8.76,0.03,0.01,,,,100,,,,,0.48,0.017,1.09,-0.71,0.224,1.14,0.276,0.008", 55.464488205066104, 0.2422199708107461, -0.005590371554585126)]
    [InlineData("asset-digital,bates,call,147.94,130.24,0.0408811,-0.05,0.04,,,,,,,,,1.807,0.0802,1.111,-0.92,0.2141,1.22,-0.136,0.009", 133.19256617592146, 2.3018014701069283, -0.1042547240413157)]
    [InlineData("down-and-out,black76,call,103.7,79.95,8.57776,-0.0212,0,0.1627,103.6352,4.21,,,,,,,,,,,,,", 4.307026378062992, 1.4973001209826138, -0.0006364472252854138)]
    public void Counterexamples_agree(string row, double price, double delta, double gamma)
    {
        string[] header = "contract,model,right,spot,strike,expiry,rate,yield,vol,barrier,rebate,cash,extremum,fixings,elapsedFixings,runningAverage,kappa,theta,xi,rho,v0,lambda,jumpMean,jumpStdDev".Split(',');
        (OptionContract contract, MarketModel model) = ContractRows.Read(header, row.Split(','));
        Assert.Equal(PricingStatus.Ok, Pricer.Price(in contract, in model, out Sensitivities s));
        Assert.Equal(PricingStatus.Ok, Pricer.PriceOnly(in contract, in model, out double alone));
        Assert.Equal(price, s.Price, 1e-8);
        Assert.Equal(price, alone, 1e-7);
        Assert.Equal(delta, s.Delta, 1e-9);
        Assert.Equal(gamma, s.Gamma, 1e-9);
    }

    private static readonly string[] _names = ["price", "delta", "gamma", "vega", "theta", "rho", "vanna", "volga", "charm"];

    private int Compare(string type, IEnumerable<string> lines, string from)
    {
        (double closed, double differences) = Tolerance(type);
        var worst = new double[9];
        var bad = new List<string>();
        string[]? header = null;
        int rows = 0;
        foreach (string line in lines)
        {
            string[] cells = line.Split(',');
            if (header == null)
            {
                header = cells;
                continue;
            }
            rows++;
            (OptionContract contract, MarketModel model) = ContractRows.Read(header, cells);
            PricingStatus status = Pricer.Price(in contract, in model, out Sensitivities s);
            if (status != PricingStatus.Ok) bad.Add($"{line}: {status}");
            double[] ours = [s.Price, s.Delta, s.Gamma, s.Vega, s.Theta, s.Rho, s.Vanna, s.Volga, s.Charm], sizes = Sizes(in contract, in model);
            for (int i = 0; i < 9; i++)
            {
                double error = Math.Abs(ours[i] - ContractRows.Number(header, cells, "exact-" + _names[i])) / sizes[i];
                worst[i] = Math.Max(worst[i], error);
                if (!(error <= (i < 3 ? closed : differences))) bad.Add($"{line}: {_names[i]} {ours[i]:R}, off by {error:E1}");
            }
        }
        output.WriteLine($"{type}: {from}, {rows} contracts, " + string.Join(", ", _names.Select((name, i) => $"{name} {worst[i]:E1}")));
        Assert.True(bad.Count == 0, $"{type}, {from}: {bad.Count} figures\n" + string.Join('\n', bad.Take(20)));
        return rows;
    }

    private static double[] Sizes(in OptionContract c, in MarketModel m)
    {
        double years = c.Expiry, volatility = m.Kind is ModelKind.Heston or ModelKind.Bates ? Math.Sqrt(Math.Max(m.V0, m.Theta)) : m.Volatility, v = volatility * Math.Sqrt(years), w = 1 + v;
        double g = Math.Abs(m.Rate) + (m.Kind == ModelKind.Black76 ? 0 : Math.Abs(m.Rate - m.Yield));
        double p = c.Kind == ContractKind.CashDigital ? c.Cash : Math.Max(c.Spot, Math.Max(c.Strike, c.Extremum)), delta = p / c.Spot * (1 + 1 / v);
        return [p, delta, delta / (c.Spot * v), p * w / volatility, p * (g + w / years), p * years * (1 + 1 / v), delta * w / volatility, p * w * w / (volatility * volatility), delta * (g + w / years)];
    }
}
