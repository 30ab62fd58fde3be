using Appliance.Lab.Backtest;
using Appliance.Lab.Hedging;
using Appliance.Lab.Risk;
using Appliance.Lab.Specification;

namespace Appliance.Lab.Baselines;

/// <summary>Makes classical rules from a specification, and tunes those whose parameter is left open on training paths.</summary>
public static class BaselineFactory
{
    private const int TuningPathsMost = 20_000;

    /// <summary>Why a rule cannot be had for a specification; null when it can.</summary>
    public static string? WhyNot(LabSpecification s, StrategySpecification rule) => rule.Kind switch
    {
        PolicyArchitecture.None => null,
        PolicyArchitecture.HodgesNeuberger => Certificates.Certificate.WhyNot(s with { Certificate = CertificateKind.DynamicProgramme, Objective = new ObjectiveSpecification { Kind = ObjectiveKind.Entropic } })
            ?? (s.Hedges[0].Costs.Quadratic > 0 ? "hodges-neuberger knows proportional and fixed costs" : null),
        PolicyArchitecture.Mlp or PolicyArchitecture.Ntb or PolicyArchitecture.Lstm or PolicyArchitecture.Gru => "a network is trained, not made",
        _ => DeltaSource.WhyNot(s),
    };

    /// <summary>The rule, tuned on the paths of training.seed where its parameter is open.</summary>
    public static IBlockPolicy Make(LabSpecification s, StrategySpecification rule, CancellationToken cancel = default)
    {
        if (WhyNot(s, rule) is { } why) throw new ArgumentException($"{rule.Name}: {why}", nameof(rule));
        string name = rule.Name;
        switch (rule.Kind)
        {
            case PolicyArchitecture.None: return new ClassicalPolicy(name, ClassicalRule.None, null, 1, 0);
            case PolicyArchitecture.Delta: return new ClassicalPolicy(name, ClassicalRule.Delta, DeltaSource.Make(s, rule.Volatility), rule.Every, 0);
            case PolicyArchitecture.MinimumVarianceDelta: return new ClassicalPolicy(name, ClassicalRule.Delta, DeltaSource.Make(s, rule.Volatility, minimumVariance: true), rule.Every, 0);
            case PolicyArchitecture.Leland: return new ClassicalPolicy(name, ClassicalRule.Delta, DeltaSource.Make(s, LelandVolatility(s, rule)), rule.Every, 0);
            case PolicyArchitecture.DeltaThreshold:
            {
                var source = DeltaSource.Make(s, rule.Volatility);
                IBlockPolicy At(double threshold) => new ClassicalPolicy(name, ClassicalRule.Band, source, rule.Every, threshold);
                double scale = DeltaScale(s, source);
                return double.IsNaN(rule.Threshold) ? Tune(s, At, 1e-3 * scale, 2 * scale, cancel) : At(rule.Threshold);
            }
            case PolicyArchitecture.WhalleyWilmott:
            {
                var source = DeltaSource.Make(s, rule.Volatility);
                IBlockPolicy At(double a) => new ClassicalPolicy(name, ClassicalRule.WhalleyWilmott, source, rule.Every, a);
                if (!double.IsNaN(rule.RiskAversion)) return At(rule.RiskAversion);
                if (s.Objective.Kind == ObjectiveKind.Entropic) return At(s.Objective.RiskAversion);
                double money = DeltaScale(s, source) * s.Market.Spots[0];
                return Tune(s, At, 1e-2 / money, 1e5 / money, cancel);
            }
            case PolicyArchitecture.HodgesNeuberger:
            {
                double a = !double.IsNaN(rule.RiskAversion) ? rule.RiskAversion : s.Objective.Kind == ObjectiveKind.Entropic ? s.Objective.RiskAversion : double.NaN;
                if (!double.IsNaN(a)) return new HodgesNeubergerPolicy(name, s, a, rule.Every);
                double money = DeltaScale(s, DeltaSource.Make(s)) * s.Market.Spots[0];
                var tuned = (HodgesNeubergerPolicy)Tune(s, risk => new HodgesNeubergerPolicy(name, s, risk, rule.Every, HodgesNeubergerPolicy.HoldingsTuning), 1 / money, 300 / money, cancel, points: 6, rounds: 1);
                return new HodgesNeubergerPolicy(name, s, tuned.RiskAversion, rule.Every);
            }
            default: throw new ArgumentOutOfRangeException(nameof(rule), rule.Kind, "This rule is not classical.");
        }
    }

    /// <summary>
    /// σ̂² = σ²(1 ± √(2/π)·2c/(σ√Δt)), c the cost per side, Δt the time between rebalances; plus where we owe convexity, minus where we hold it
    /// (Leland, "Option pricing and replication with transactions costs", Journal of Finance 40 (1985) 1283–1301, whose k is the round trip, 2c).
    /// </summary>
    public static double LelandVolatility(LabSpecification s, StrategySpecification rule)
    {
        double volatility = double.IsNaN(rule.Volatility) ? ModelVolatility.Of(s.Market, s.Time) : rule.Volatility;
        double sign = s.Liability.Contracts.Sum(c => c.Position * c.Notional) <= 0 ? 1 : -1;
        double number = Math.Sqrt(2 / Math.PI) * 2 * s.Hedges[0].Costs.Proportional / (volatility * Math.Sqrt(s.Time.StepYears * rule.Every));
        return volatility * Math.Sqrt(Math.Max(0.01, 1 + sign * number));
    }

    /// <summary>The greatest delta met at the start, over a deviation of the price: the size in which thresholds are thought.</summary>
    internal static double DeltaScale(LabSpecification s, DeltaSource source)
    {
        var environment = new HedgingEnvironment(s, s.Training.Seed);
        var block = environment.NewBlock(256);
        environment.Fill(block, 0);
        double[] delta = new double[256];
        double greatest = 0;
        foreach (int step in new[] { 0, s.Time.Steps / 2 })
        {
            source.Evaluate(block, step, 0, delta, default);
            foreach (double d in delta) greatest = Math.Max(greatest, Math.Abs(d));
        }
        return greatest > 0 ? greatest : 1;
    }

    /// <summary>Least objective over a parameter, on a logarithmic grid of training paths and then on finer ones around the best.</summary>
    private static IBlockPolicy Tune(LabSpecification s, Func<double, IBlockPolicy> make, double low, double high, CancellationToken cancel, int points = 9, int rounds = 2)
    {
        int paths = (int)Math.Min(Math.Min(TuningPathsMost, Math.Max(s.Training.Paths, 1000)), 4e7 / s.Time.Steps);
        var environment = new HedgingEnvironment(s, s.Training.Seed);
        var best = make(low);
        double least = double.PositiveInfinity, from = Math.Log(low), to = Math.Log(high), at = from;
        for (int round = 0; round < rounds; round++)
        {
            double[] grid = [.. Enumerable.Range(0, points).Select(i => from + (to - from) * i / (points - 1))];
            IBlockPolicy[] candidates = [.. grid.Select(x => make(Math.Exp(x)))];
            var results = PathRunner.Run(environment, candidates, 0, paths, cancel: cancel);
            for (int i = 0; i < points; i++)
            {
                double risk = RiskMeasure.Of(s.Objective, results[i].Loss).Value;
                if (!(risk < least)) continue;
                (least, best, at) = (risk, candidates[i], grid[i]);
            }
            double step = (to - from) / (points - 1);
            (from, to) = (at - step, at + step);
        }
        return best;
    }
}
