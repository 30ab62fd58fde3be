using Appliance.Lab.Specification;

namespace Appliance.Lab.Risk;

/// <summary>
/// Risks of a sample whose paths count by ratios of densities (importance sampling): E_p[X] is the mean of ratio·X. Standard errors by the influence function, as in <see cref="RiskMeasure"/>, times the ratio. Sums divide by the number of
/// paths and not by that of the ratios, so that means, and CVaR at a given threshold, are unbiased.
/// </summary>
public static class WeightedRisk
{
    /// <param name="objective">cvar, mean-cvar, mean-variance-cvar or entropic.</param>
    /// <param name="losses">[paths].</param>
    /// <param name="ratios">[paths], of mean 1.</param>
    /// <param name="threshold">CVaR's threshold, from other paths; NaN takes the sample's own quantile.</param>
    public static RiskEstimate Of(ObjectiveSpecification objective, ReadOnlySpan<double> losses, ReadOnlySpan<double> ratios, double threshold = double.NaN)
    {
        if (losses.Length == 0 || losses.Length != ratios.Length) throw new ArgumentException($"{losses.Length} losses and {ratios.Length} ratios.", nameof(ratios));
        if (objective.Kind == ObjectiveKind.Entropic) return Entropic(losses, ratios, objective.RiskAversion);
        double t = double.IsNaN(threshold) ? Quantile(losses, ratios, objective.Level) : threshold;
        return objective.Kind switch
        {
            ObjectiveKind.Cvar => MeanVarianceCvar(losses, ratios, 0, 0, 1, objective.Level, t),
            ObjectiveKind.MeanCvar => MeanVarianceCvar(losses, ratios, 1 - objective.Weight, 0, objective.Weight, objective.Level, t),
            ObjectiveKind.MeanVarianceCvar => MeanVarianceCvar(losses, ratios, 1, objective.RiskAversion, objective.Weight, objective.Level, t),
            _ => throw new ArgumentOutOfRangeException(nameof(objective), objective.Kind, "This risk is not sampled by importance."),
        };
    }

    public static RiskEstimate Cvar(ReadOnlySpan<double> losses, ReadOnlySpan<double> ratios, double level, double threshold = double.NaN) =>
        Of(new ObjectiveSpecification { Kind = ObjectiveKind.Cvar, Level = level }, losses, ratios, threshold);

    /// <summary>The least loss beyond which lies at most 1 − level, told by the sum of the ratios of worse ones (Glynn, "Importance sampling for Monte Carlo estimation of quantiles", 1996).</summary>
    public static double Quantile(ReadOnlySpan<double> losses, ReadOnlySpan<double> ratios, double level)
    {
        var keys = new double[losses.Length];
        double[] counts = ratios.ToArray();
        for (int p = 0; p < keys.Length; p++) keys[p] = -losses[p];
        Array.Sort(keys, counts);
        double left = (1 - level) * losses.Length + 1e-9;
        int at = 0;
        while (at < keys.Length - 1 && (left -= counts[at]) >= 0) at++;
        return -keys[at];
    }

    /// <summary>How many paths drawn from the market would give a mean of as even weights: (Σ ratio)²/Σ ratio².</summary>
    public static double EffectivePaths(ReadOnlySpan<double> ratios)
    {
        double sum = 0, square = 0;
        foreach (double r in ratios) (sum, square) = (sum + r, square + r * r);
        return sum * sum / square;
    }

    private static RiskEstimate MeanVarianceCvar(ReadOnlySpan<double> x, ReadOnlySpan<double> ratios, double meanWeight, double aversion, double cvarWeight, double level, double threshold)
    {
        // Around the threshold, near which the paths lie that were asked for: what the ratios' own noise is multiplied by stays small.
        int n = x.Length;
        double mean = 0, variance = 0;
        for (int i = 0; i < n; i++) mean += ratios[i] * (x[i] - threshold);
        mean = threshold + mean / n;
        for (int i = 0; i < n; i++) variance += ratios[i] * (x[i] - mean) * (x[i] - mean);
        variance /= n;
        var influence = new double[n];
        double value = 0;
        for (int i = 0; i < n; i++)
        {
            double off = x[i] - mean;
            double tail = cvarWeight * Math.Max(x[i] - threshold, 0) / (1 - level);
            influence[i] = ratios[i] * (tail + meanWeight * (x[i] - threshold) + 0.5 * aversion * off * off);
            value += ratios[i] * tail;
        }
        return new RiskEstimate(meanWeight * mean + 0.5 * aversion * variance + cvarWeight * threshold + value / n, StdErr(influence));
    }

    private static RiskEstimate Entropic(ReadOnlySpan<double> x, ReadOnlySpan<double> ratios, double a)
    {
        double greatest = double.NegativeInfinity, sum = 0;
        foreach (double v in x) greatest = Math.Max(greatest, v);
        var influence = new double[x.Length];
        for (int i = 0; i < x.Length; i++) sum += influence[i] = ratios[i] * Math.Exp(a * (x[i] - greatest));
        double mean = sum / x.Length;
        for (int i = 0; i < influence.Length; i++) influence[i] /= a * mean;
        return new RiskEstimate(greatest + Math.Log(mean) / a, StdErr(influence));
    }

    private static double StdErr(double[] influence) => influence.Length < 2 ? double.NaN : Math.Sqrt(RiskMeasure.Variance(influence, RiskMeasure.Mean(influence)) / (influence.Length - 1));
}
