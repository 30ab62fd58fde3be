using System.Globalization;
using Appliance.Kernels.Pricing;
using Appliance.TestKit;
using Xunit.Abstractions;

namespace Appliance.Tests.Compute;

/// <summary>
/// Skips, saying so, unless APPLIANCE_QUANTLIB asks for the comparison ("tenth" in CI, "all" in `make verify`) and Debian's quantlib-python is installed.
/// </summary>
public sealed class QuantLibTheoryAttribute : TheoryAttribute
{
    public QuantLibTheoryAttribute()
    {
        if (QuantLibTests.Share == 0) Skip = "make verify runs the comparison with QuantLib";
        else if (QuantLibTests.Python == null) Skip = "QuantLib for Python is not installed (Debian: quantlib-python)";
    }
}

/// <summary>Random contracts of tests/reference/quantlib/contracts.py, priced by QuantLib 1.29 and by us. The seed changes with each run and is printed; APPLIANCE_SEED repeats one.</summary>
public class QuantLibTests(ITestOutputHelper output)
{
    /// <summary>The part of the full counts to run: 0, 0.1 or 1.</summary>
    internal static readonly double Share = Environment.GetEnvironmentVariable("APPLIANCE_QUANTLIB") switch { "all" => 1, "tenth" => 0.1, _ => 0 };

    internal static readonly string? Python = Share == 0 ? null : ReferenceScript.PythonWith("QuantLib");

    private static readonly int _seed = TestSeed.Rotating();

    /// <param name="type">What contracts.py draws.</param>
    /// <param name="count">In the full run.</param>
    /// <param name="tolerance">Of the price, relative to the larger of spot and strike (digitals: of what they pay).</param>
    /// <param name="greekTolerance">Relative to each Greek's natural size; zero where QuantLib's are not asked.</param>
    [QuantLibTheory]
    [InlineData("european", 100_000, 1e-13, 1e-9)]
    [InlineData("digital", 100_000, 1e-13, 1e-9)]
    [InlineData("barrier", 100_000, 1e-10, 0)]
    // QuantLib's normal is off by parts in 10^8 in the far tail, and (S/K)^(−2b/σ²) multiplies it: where the two differed by 1.09e-10 (seed 455507) 40 digits gave 16.518117291023624, ours, and not QuantLib's 16.518117252936303.
    [InlineData("lookback", 100_000, 1e-9, 0)]
    [InlineData("asian", 100_000, 1e-12, 0)]
    [InlineData("american", 2_000, 1e-6, 0)]
    [InlineData("heston", 100_000, 1e-8, 0)]
    [InlineData("bates", 100_000, 1e-8, 0)]
    [InlineData("merton", 100_000, 1e-10, 0)]
    public void Random_contracts_agree(string type, int count, double tolerance, double greekTolerance)
    {
        int asked = (int)(count * Share), rows = 0;
        double worst = 0, worstGreek = 0, alone = 0;
        var bad = new List<string>();
        string[]? header = null;
        foreach (string line in ReferenceScript.Run(Python!, "quantlib/contracts.py", type, asked, _seed))
        {
            string[] cells = line.Split(',');
            if (header == null)
            {
                header = cells;
                continue;
            }
            rows++;
            (OptionContract contract, MarketModel model) = ContractRows.Read(header, cells);
            PricingStatus status = Pricer.Price(in contract, in model, out Sensitivities ours);
            double Their(string name) => ContractRows.Number(header, cells, name);
            double scale = Math.Max(Math.Max(contract.Spot, contract.Strike), contract.Kind == ContractKind.CashDigital ? contract.Cash : 0);
            double error = Math.Abs(ours.Price - Their("price")) / scale;
            // The price alone may come by another way than the price with its Greeks.
            if (status == PricingStatus.Ok) status = Pricer.PriceOnly(in contract, in model, out alone);
            error = Math.Max(error, Math.Abs(alone - Their("price")) / scale);
            if (status != PricingStatus.Ok || !(error <= tolerance)) bad.Add($"{line}: {status}, {ours.Price:R}, off by {error:E2}");
            worst = Math.Max(worst, error);
            if (greekTolerance == 0) continue;
            double v = model.Volatility * Math.Sqrt(contract.Expiry), years = contract.Expiry;
            double unit = contract.Kind == ContractKind.CashDigital ? contract.Cash / contract.Spot : 1;
            // At constant forward rho is another derivative than QuantLib's, which moves the carry.
            (string Name, double Ours, double Scale)[] greeks =
            [
                ("delta", ours.Delta, unit * (1 + 1 / v)), ("gamma", ours.Gamma, unit * (1 + 1 / v) / (contract.Spot * v)), ("vega", ours.Vega, unit * scale * (Math.Sqrt(years) + 1 / model.Volatility)),
                ("theta", ours.Theta, unit * scale * (1 + v / years + 1 / (v * years))), ("rho", ours.Rho, unit * scale * (years + years / v)),
            ];
            foreach ((string name, double value, double size) in greeks)
            {
                if (name == "rho" && model.Kind == ModelKind.Black76) continue;
                double off = Math.Abs(value - Their("their-" + name)) / size;
                worstGreek = Math.Max(worstGreek, off);
                if (!(off <= greekTolerance)) bad.Add($"{line}: {name} {value:R}, off by {off:E2}");
            }
        }
        output.WriteLine($"{type}: seed {_seed}, {rows} contracts, price within {worst:E2}" + (greekTolerance == 0 ? "" : $", Greeks within {worstGreek:E2}"));
        Assert.True(rows >= asked * 0.9, $"contracts.py gave {rows} of {asked} contracts");
        Assert.True(bad.Count == 0, $"seed {_seed}, {bad.Count} of {rows}, worst {worst:E2}\n" + string.Join('\n', bad.Take(20)));
    }
}
