using Appliance.Lab.Hedging;
using Appliance.Lab.Risk;
using Appliance.Lab.Specification;

namespace Appliance.Tests.Lab;

/// <summary>The risk measures, against closed forms of a normal loss and sums by hand.</summary>
public sealed class SimRiskTests
{
    private static ObjectiveSpecification Objective(ObjectiveKind kind) => new() { Kind = kind, RiskAversion = 0.5, Level = 0.9, K = 1.5, Weight = 0.3, Tau = 0.8, Wealth = 10 };

    /// <summary>Errors of draws that belong together, against how much the estimate really moves from seed to seed: a call that is not hedged, whose pairs hang together and whose Sobol points are far from independent.</summary>
    [Theory]
    [InlineData("random", 0.85, 1.15)]
    [InlineData("antithetic", 0.85, 1.15)]
    [InlineData("sobol", 0.9, 6)]
    public void StandardErrorsAreThoseOfTheDraws(string draws, double least, double most)
    {
        const int seeds = 300, paths = 1024;
        var s = SimMarketTests.With($$"""{ "model": "gbm", "spot": 100, "volatility": 0.2, "draws": "{{draws}}" }""", steps: 2);
        var objective = new ObjectiveSpecification { Kind = ObjectiveKind.Entropic, RiskAversion = 0.02 };
        double sum = 0, square = 0, variance = 0, plain = 0;
        var block = new HedgingEnvironment(s, 1).NewBlock(paths);
        for (int seed = 0; seed < seeds; seed++)
        {
            new HedgingEnvironment(s, 7_000 + (ulong)seed).Fill(block, 0);
            RiskEstimate risk = RiskMeasure.Of(objective, block.Owed, together: RiskMeasure.PathsTogether(s.Market.Draws, paths));
            (sum, square, variance) = (sum + risk.Value, square + risk.Value * risk.Value, variance + risk.StdErr * risk.StdErr);
            double independent = RiskMeasure.Of(objective, block.Owed).StdErr;
            plain += independent * independent;
        }
        double moved = Math.Sqrt(square / seeds - sum / seeds * (sum / seeds)), stated = Math.Sqrt(variance / seeds);
        Assert.True(stated / moved >= least && stated / moved <= most, $"stated {stated}, moved {moved}");
        // Taken for independent they would say far too much.
        if (draws != "random") Assert.True(stated < 0.8 * Math.Sqrt(plain / seeds), $"stated {stated}, independent {Math.Sqrt(plain / seeds)}, moved {moved}");
    }

    [Fact]
    public void SmallSamplesByHand()
    {
        double[] x = [1, 2, 3, 4, 10];
        // Mean 4, variance 10 (divisor n).
        Assert.Equal(Math.Sqrt(10), RiskMeasure.Of(Objective(ObjectiveKind.StdDev), x).Value, 1e-14);
        Assert.Equal(4 + 0.25 * 10, RiskMeasure.Of(Objective(ObjectiveKind.MeanVariance), x).Value, 1e-14);
        Assert.Equal(4 + 1.5 * Math.Sqrt(10), RiskMeasure.Of(Objective(ObjectiveKind.MeanStd), x).Value, 1e-14);
        Assert.Equal(2 * Math.Log(x.Average(v => Math.Exp(0.5 * v))), RiskMeasure.Of(Objective(ObjectiveKind.Entropic), x).Value, 1e-13);
        Assert.Equal(7, RiskMeasure.Of(Objective(ObjectiveKind.Cvar) with { Level = 0.6 }, x).Value, 1e-14);
        // The worst half of five: 10, 4 and half of 3.
        Assert.Equal((10 + 4 + 1.5) / 2.5, RiskMeasure.Of(Objective(ObjectiveKind.Cvar) with { Level = 0.5 }, x).Value, 1e-14);
        Assert.Equal(0.7 * 4 + 0.3 * 7, RiskMeasure.Of(Objective(ObjectiveKind.MeanCvar) with { Level = 0.6 }, x).Value, 1e-14);
        Assert.Equal(4 + 0.25 * 10 + 0.3 * 7, RiskMeasure.Of(Objective(ObjectiveKind.MeanVarianceCvar) with { Level = 0.6 }, x).Value, 1e-14);
        double e = RiskMeasure.Of(Objective(ObjectiveKind.Expectile), x).Value;
        Assert.Equal(0, x.Sum(v => v > e ? 0.8 * (v - e) : 0.2 * (v - e)), 1e-12);
        double[] y = [1, 2, 3];
        double equivalent = Math.Pow(y.Average(v => Math.Pow(10 - v, 0.5)), 2);
        Assert.Equal(10 - equivalent, RiskMeasure.Of(Objective(ObjectiveKind.Power), y).Value, 1e-12);
        Assert.Equal(10 - Math.Exp(y.Average(v => Math.Log(10 - v))), RiskMeasure.Of(Objective(ObjectiveKind.Power) with { RiskAversion = 1 }, y).Value, 1e-12);
        Assert.Equal(double.PositiveInfinity, RiskMeasure.Of(Objective(ObjectiveKind.Power), x).Value);
    }

    [Theory]
    [InlineData(ObjectiveKind.StdDev)]
    [InlineData(ObjectiveKind.MeanVariance)]
    [InlineData(ObjectiveKind.MeanStd)]
    [InlineData(ObjectiveKind.Entropic)]
    [InlineData(ObjectiveKind.Cvar)]
    [InlineData(ObjectiveKind.MeanCvar)]
    [InlineData(ObjectiveKind.MeanVarianceCvar)]
    [InlineData(ObjectiveKind.Expectile)]
    [InlineData(ObjectiveKind.Power)]
    public void StandardErrorsAreTheSpreadOfIndependentSamples(ObjectiveKind kind)
    {
        var field = new Appliance.Lab.Random.RandomField(11);
        const int Samples = 300, Size = 1000;
        double[] values = new double[Samples];
        double stated = 0;
        for (int s = 0; s < Samples; s++)
        {
            double[] x = [.. Enumerable.Range(0, Size).Select(i => field.Normal(s, 0, i))];
            var risk = RiskMeasure.Of(Objective(kind), x);
            values[s] = risk.Value;
            stated += risk.StdErr / Samples;
        }
        double seen = Math.Sqrt(RiskMeasure.Variance(values, RiskMeasure.Mean(values)));
        // 300 samples tell a deviation to 4 %; three of those.
        Assert.InRange(stated / seen, 0.87, 1.15);
    }

    [Fact]
    public void AnIndependentThresholdBoundsCvarFromAbove()
    {
        double[] x = [.. Enumerable.Range(1, 1000).Select(i => (double)i)];
        double own = RiskMeasure.Cvar(x, 0.95).Value;
        Assert.Equal(975.5, own, 1e-10);
        Assert.True(RiskMeasure.Cvar(x, 0.95, [.. x.Select(v => v - 20)]).Value > own);
    }
}
