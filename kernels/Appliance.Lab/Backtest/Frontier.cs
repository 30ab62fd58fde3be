using Appliance.Lab.Baselines;
using Appliance.Lab.Costs;
using Appliance.Lab.Hedging;
using Appliance.Lab.Risk;
using Appliance.Lab.Specification;

namespace Appliance.Lab.Backtest;

/// <summary>One setting of a rule: its mean cost, and its risk and P&amp;L figures on the same paths.</summary>
/// <param name="Parameter">Threshold in units, risk aversion, or steps between decisions.</param>
public readonly record struct FrontierPoint(double Parameter, double Costs, double Risk, double StdDev, double Cvar95, double Cvar99);

/// <summary>A rule over the range of its parameter.</summary>
public sealed record FrontierCurve(string Rule, string Parameter, IReadOnlyList<FrontierPoint> Points);

/// <summary>
/// Cost against risk: each classical rule with a parameter, over the whole range of it, on the first held-back paths. A policy below and to the left of every curve has what no setting of a rule has. Only where trading
/// costs something.
/// </summary>
public static class Frontier
{
    private const int Points = 8;
    private static readonly int[] _every = [1, 2, 5, 10, 21, 63, 126];

    /// <returns>Curves, and on how many paths; none where rules have no delta or trading is free.</returns>
    public static (IReadOnlyList<FrontierCurve> Curves, int Paths) Of(LabSpecification s, double premium, CancellationToken cancel = default)
    {
        CostSpecification costs = s.Hedges[0].Costs;
        if (DeltaSource.WhyNot(s) is not null || costs is { Proportional: 0, Fixed: 0, Quadratic: 0 }) return ([], 0);
        var environment = new HedgingEnvironment(s, s.Evaluation.Seed);
        // A few seconds on two cores, whatever the number of steps.
        int paths = (int)Math.Min(Math.Min(s.Evaluation.Paths, environment.Simulator.PathsAvailable), Math.Clamp(3_000_000 / s.Time.Steps, 2_000, 20_000));
        DeltaSource delta = DeltaSource.Make(s);
        double scale = BaselineFactory.DeltaScale(s, delta), money = scale * s.Market.Spots[0], final = premium * environment.Growth[0];
        var curves = new List<FrontierCurve>
        {
            Curve("delta", "steps between decisions", [.. _every.Where(n => n < s.Time.Steps).Select(n => (double)n)], n => new ClassicalPolicy("", ClassicalRule.Delta, delta, (int)n, 0)),
            Curve("delta-threshold", "threshold in units", Logarithmic(0.01 * scale, 1.5 * scale), t => new ClassicalPolicy("", ClassicalRule.Band, delta, 1, t)),
        };
        if (costs.Proportional > 0) curves.Add(Curve("whalley-wilmott", "risk aversion", Logarithmic(0.03 / money, 3e4 / money), a => new ClassicalPolicy("", ClassicalRule.WhalleyWilmott, delta, 1, a)));
        return (curves, paths);

        FrontierCurve Curve(string rule, string parameter, double[] settings, Func<double, IBlockPolicy> make)
        {
            BlockResult[] results = PathRunner.Run(environment, [.. settings.Select(make)], 0, paths, cancel: cancel);
            return new FrontierCurve(rule, parameter, [.. results.Select((r, i) => Point(s, settings[i], r, final))]);
        }
    }

    private static double[] Logarithmic(double low, double high) => [.. Enumerable.Range(0, Points).Select(i => low * Math.Pow(high / low, i / (Points - 1.0)))];

    private static FrontierPoint Point(LabSpecification s, double parameter, BlockResult r, double premium)
    {
        double mean = RiskMeasure.Mean(r.Loss);
        double Cvar(double level) => RiskMeasure.Of(new ObjectiveSpecification { Kind = ObjectiveKind.Cvar, Level = level }, r.Loss).Value - premium;
        return new FrontierPoint(parameter, r.Costs.Average(), RiskMeasure.Of(s.Objective, r.Loss).Value, Math.Sqrt(RiskMeasure.Variance(r.Loss, mean)), Cvar(0.95), Cvar(0.99));
    }
}
