using Appliance.Lab.Backtest;
using Appliance.Lab.Baselines;
using Appliance.Lab.Hedging;
using Appliance.Lab.Markets;
using Appliance.Lab.Risk;
using Appliance.TestKit;

namespace Appliance.Tests.Lab;

/// <summary>Real history behind the bootstrap.</summary>
public sealed class SimHistoryTests
{
    private static double LogDeviation(IEnumerable<double> returns)
    {
        double[] r = [.. returns];
        return Math.Sqrt(RiskMeasure.Variance(r, RiskMeasure.Mean(r)));
    }

    [SharedDataFact("history/pyportfolioopt_spy_prices.csv")]
    public void PathsFromHistoryHaveItsVolatilityAndHedgingPays()
    {
        string file = SharedData.Find("history/pyportfolioopt_spy_prices.csv");
        var s = SimMarketTests.With($$"""{ "model": "bootstrap", "spot": 100, "file": "{{file}}", "column": "SPY", "trainingShare": 0.7 }""", steps: 21, stepYears: 1 / 252.0, liability: """{ "strike": 100, "premium": "black-scholes" }""");
        var history = PriceHistory.Read(s.Market);
        double[] late = history.EvaluationReturns(s.Market), early = history.TrainingReturns(s.Market);
        Assert.Equal(history.Prices.Length - 1, late.Length + early.Length);
        var environment = new HedgingEnvironment(s, s.Evaluation.Seed);
        var block = environment.NewBlock(4000);
        environment.Fill(block, 0);
        double drawn = LogDeviation(Enumerable.Range(0, 4000).SelectMany(p => Enumerable.Range(0, 21).Select(k => Math.Log(block.Market.Row(0, k + 1)[p] / block.Market.Row(0, k)[p]))));
        Assert.Equal(LogDeviation(late), drawn, 0.03 * LogDeviation(late));
        // Volatility for the rules comes from the training part alone.
        Assert.Equal(LogDeviation(early) * Math.Sqrt(252), ModelVolatility.Of(s.Market, s.Time), 1e-3);
        var delta = BaselineFactory.Make(s, new() { Kind = Appliance.Lab.Specification.PolicyArchitecture.Delta, Name = "delta" });
        var none = BaselineFactory.Make(s, new() { Kind = Appliance.Lab.Specification.PolicyArchitecture.None, Name = "none" });
        var results = PathRunner.Run(environment, [delta, none], 0, 10_000);
        Assert.True(RiskMeasure.Of(s.Objective, results[0].Loss).Value < 0.5 * RiskMeasure.Of(s.Objective, results[1].Loss).Value);
    }

    [Fact]
    public void WindowsAreTheHistoryItself()
    {
        string folder = Directory.CreateTempSubdirectory("windows-").FullName;
        string file = Path.Combine(folder, "prices.csv");
        double[] prices = [.. Enumerable.Range(0, 101).Select(i => 50 + i + 10 * Math.Sin(i))];
        File.WriteAllLines(file, ["day,close", .. prices.Select((p, i) => FormattableString.Invariant($"{i},{p:R}"))]);
        var s = SimMarketTests.With($$"""{ "model": "bootstrap", "spot": 100, "file": "{{file}}", "trainingShare": 0.5, "windowStride": 7, "volatility": 0.3 }""", steps: 20, stepYears: 1 / 252.0);
        var environment = new HedgingEnvironment(s, s.Evaluation.Seed);
        // 50 returns are judged: windows begin at 0, 7, …, 28 of them.
        Assert.Equal(5, environment.Simulator.PathsAvailable);
        var block = environment.NewBlock(5);
        environment.Fill(block, 0);
        for (int path = 0; path < 5; path++)
            for (int step = 0; step <= 20; step++) Assert.Equal(100 * prices[50 + 7 * path + step] / prices[50 + 7 * path], block.Market.Row(0, step)[path], 1e-9);
        // Training goes on drawing blocks from the first half, without end.
        Assert.Equal(long.MaxValue, new HedgingEnvironment(s, s.Training.Seed).Simulator.PathsAvailable);
        var tooLong = s with { Time = s.Time with { Steps = 51 } };
        Assert.Contains("windowStride", Assert.Throws<MarketDataException>(() => new HedgingEnvironment(tooLong, s.Evaluation.Seed)).Message, StringComparison.Ordinal);
        Directory.Delete(folder, recursive: true);
    }
}
