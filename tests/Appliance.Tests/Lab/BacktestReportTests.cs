using System.Text.Json;
using Appliance.Host.Reports;
using Appliance.Lab.Backtest;
using Appliance.Lab.Baselines;
using Appliance.Lab.Risk;
using Appliance.Lab.Specification;

namespace Appliance.Tests.Lab;

/// <summary>The backtest as a whole: its figures, its intervals and its files.</summary>
public sealed class BacktestReportTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("backtest-").FullName;
    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static LabSpecification Problem => CertificateTreeTests.Tree(0.005) with
    {
        Evaluation = new EvaluationSpecification { Paths = 20_000, Resamples = 100 },
        Liability = new LiabilitySpecification { Contracts = [new ContractSpecification { Contract = ContractKind.European, Strike = 100 }], PremiumAmount = 3.4 },
        Baselines = [new() { Kind = PolicyArchitecture.None, Name = "none" }, new() { Kind = PolicyArchitecture.Delta, Name = "delta" }, new() { Kind = PolicyArchitecture.DeltaThreshold, Name = "delta-threshold" }],
    };

    private static BacktestReport Run(LabSpecification s) => Evaluation.Run(s, [.. s.Baselines.Select(b => BaselineFactory.Make(s, b))], []);

    [Fact]
    public void TheReportHasItsKeysAndItsFiguresAgree()
    {
        var report = Run(Problem);
        string file = Path.Combine(_folder, "r.json");
        LabReport.Write(file, report);
        Assert.True(new FileInfo(Path.Combine(_folder, "r.html")).Length > 10_000);
        using var json = JsonDocument.Parse(File.ReadAllText(file));
        var root = json.RootElement;
        Assert.Equal(4.698194, root.GetProperty("optimum").GetProperty("risk").GetDouble(), 1e-5);
        Assert.Contains("linear programme", root.GetProperty("optimum").GetProperty("method").GetString()!, StringComparison.Ordinal);
        Assert.True(root.GetProperty("optimum").GetProperty("gridError").GetDouble() < 1e-5);
        double none = root.GetProperty("noHedge").GetProperty("risk").GetDouble(), optimum = 4.698194;
        foreach (string name in new[] { "none", "delta", "delta-threshold" })
        {
            var s = root.GetProperty("strategies").GetProperty(name);
            foreach (string key in new[] { "risk", "riskStdErr", "gap", "mean", "stdDev", "cvar95", "cvar99", "costs", "rebalances", "sharpe", "annualisedVolatility", "worst", "turnover" })
                Assert.Equal(JsonValueKind.Number, s.GetProperty(key).ValueKind);
            double risk = s.GetProperty("risk").GetDouble(), sd = s.GetProperty("stdDev").GetDouble(), mean = s.GetProperty("mean").GetDouble();
            Assert.True(risk >= optimum - 4 * s.GetProperty("riskStdErr").GetDouble());
            Assert.Equal((risk - optimum) / (none - optimum), s.GetProperty("gap").GetDouble(), 1e-4);
            Assert.Equal(sd / Math.Sqrt(0.02), s.GetProperty("annualisedVolatility").GetDouble(), 1e-9 * sd);
            Assert.Equal(mean / sd / Math.Sqrt(0.02), s.GetProperty("sharpe").GetDouble(), 1e-9);
            Assert.True(s.GetProperty("worst").GetDouble() >= s.GetProperty("cvar99").GetDouble());
            foreach (string key in new[] { "mean", "stdDev", "cvar95", "costs" })
            {
                var interval = s.GetProperty("intervals").GetProperty(key);
                Assert.InRange(s.GetProperty(key).GetDouble(), interval[0].GetDouble() - 1e-12, interval[1].GetDouble() + 1e-12);
            }
            Assert.Equal(name != "delta", s.TryGetProperty("pairedToDelta", out var paired));
            if (name == "delta") continue;
            Assert.Equal(mean - root.GetProperty("strategies").GetProperty("delta").GetProperty("mean").GetDouble(), paired.GetProperty("mean").GetProperty("difference").GetDouble(), 1e-10);
        }
        Assert.Equal(0, root.GetProperty("strategies").GetProperty("none").GetProperty("rebalances").GetDouble());
    }

    [Fact]
    public void TheFrontierHoldsTheRulesOverTheirParametersOnTheSamePaths()
    {
        var report = Run(Problem);
        var (curves, paths) = Frontier.Of(Problem, report.Premium);
        Assert.Equal(["delta", "delta-threshold", "whalley-wilmott"], curves.Select(c => c.Rule));
        Assert.Equal(20_000, paths);
        // Delta at every step is among the strategies: the same figures.
        StrategyStatistics delta = report.Strategies.Single(s => s.Name == "delta");
        FrontierPoint first = curves[0].Points[0];
        Assert.Equal(1, first.Parameter);
        Assert.Equal(delta.Figures["costs"].Value, first.Costs, 1e-9);
        Assert.Equal(delta.Figures["stdDev"].Value, first.StdDev, 1e-9);
        Assert.Equal(delta.Figures["cvar99"].Value, first.Cvar99, 0.02);
        // A wider band trades less.
        Assert.True(curves[1].Points[^1].Costs < curves[1].Points[0].Costs);
        Assert.Empty(Frontier.Of(Problem with { Hedges = [new HedgeSpecification()] }, report.Premium).Curves);
        string file = Path.Combine(_folder, "f.json");
        LabReport.Write(file, report with { Frontier = curves, FrontierPaths = paths });
        using var json = JsonDocument.Parse(File.ReadAllText(file));
        Assert.Equal(first.Risk, json.RootElement.GetProperty("frontier").GetProperty("delta")[0].GetProperty("risk").GetDouble());
        Assert.Contains("the dashed line is the frontier of all", File.ReadAllText(Path.ChangeExtension(file, ".html")), StringComparison.Ordinal);
        // Of five points two are dearer than another and no safer.
        Assert.Equal([(1.0, 9.0), (2, 5), (4, 1)], ScatterPlot.Efficient([(4, 1), (2, 5), (3, 6), (1, 9), (5, 1)]));
    }

    [Fact]
    public void IntervalsAreAsWideAsTheSpreadOfIndependentRuns()
    {
        var s = Problem with { Certificate = CertificateKind.None, Evaluation = new EvaluationSpecification { Paths = 4_000, Resamples = 200 }, Baselines = [new() { Kind = PolicyArchitecture.Delta, Name = "delta" }] };
        double[] means = new double[40], tails = new double[40];
        double meanWidth = 0, tailWidth = 0;
        for (int i = 0; i < means.Length; i++)
        {
            var figures = Run(s with { Evaluation = s.Evaluation with { Seed = 500 + (ulong)i } }).Strategies[0].Figures;
            (means[i], tails[i]) = (figures["mean"].Value, figures["cvar95"].Value);
            meanWidth += (figures["mean"].Interval.High - figures["mean"].Interval.Low) / 40;
            tailWidth += (figures["cvar95"].Interval.High - figures["cvar95"].Interval.Low) / 40;
        }
        double Sd(double[] x) => Math.Sqrt(RiskMeasure.Variance(x, RiskMeasure.Mean(x)));
        // A 95 % interval is 3.92 deviations wide; forty runs tell a deviation to 11 %.
        Assert.InRange(meanWidth / (3.92 * Sd(means)), 0.7, 1.45);
        Assert.InRange(tailWidth / (3.92 * Sd(tails)), 0.7, 1.45);
    }

    [Fact]
    public void TheMarkedVolatilityOfAnUnhedgedCallIsItsDeltasWorth()
    {
        var s = SimMarketTests.With("""{ "model": "gbm", "spot": 100, "volatility": 0.2 }""", steps: 50, stepYears: 0.0002, liability: """{ "strike": 60, "premium": "model" }""") with
        {
            Evaluation = new EvaluationSpecification { Paths = 2_000, Resamples = 20 }, Baselines = [new() { Kind = PolicyArchitecture.None, Name = "none" }, new() { Kind = PolicyArchitecture.Delta, Name = "delta" }],
        };
        var report = Run(s);
        // So deep in the money the call moves as the share: 20 % of 100 a year; hedged it does not move.
        Assert.Equal(20, report.Strategies[0].MarkedToModelVolatility, 0.3);
        Assert.InRange(report.Strategies[1].MarkedToModelVolatility, 0, 0.01);
        Assert.Equal(40, report.Premium, 1e-6);
    }
}
