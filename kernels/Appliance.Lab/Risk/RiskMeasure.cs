using Appliance.Lab.Specification;

namespace Appliance.Lab.Risk;

/// <summary>
/// The objectives as functions of a sample of losses L (positive is bad), each with a standard error by its influence function IF: the estimate is a mean of IF to first order, so its error
/// is sd(IF)/√n (Hampel, "The influence curve and its role in robust estimation", Journal of the American Statistical Association 69 (1974) 383–393).
/// <para>std-dev: sd L. mean-variance: E L + (a/2) Var L. mean-std: E L + k sd L. entropic: (1/a) log E e^{aL}. cvar: mean of the worst (1 − level) share,
/// min over t of t + E(L − t)⁺/(1 − level) (Rockafellar and Uryasev, "Optimization of conditional value-at-risk", Journal of Risk 2 (2000) 21–41). mean-cvar: (1 − w) E L + w CVaR.
/// mean-variance-cvar: E L + (a/2) Var L + w CVaR.
/// power: w0 − U⁻¹(E U(w0 − L)), U(x) = x^(1−γ)/(1−γ), log at γ = 1. expectile: the e with τ E(L − e)⁺ = (1 − τ) E(e − L)⁺ (Newey and Powell, Econometrica 55 (1987) 819–847).</para>
/// Sums run in path order, so a figure does not depend on threads.
/// </summary>
public static class RiskMeasure
{
    /// <param name="objective">Which measure.</param>
    /// <param name="losses">The sample. [paths]</param>
    /// <param name="thresholdSample">Losses of other paths, from which the CVaR's threshold comes, so that the estimate is not flattered by its own sample; empty takes the sample itself.</param>
    /// <param name="together">So many paths that follow one another were drawn together (<see cref="PathsTogether"/>); only groups are independent.</param>
    public static RiskEstimate Of(ObjectiveSpecification objective, ReadOnlySpan<double> losses, ReadOnlySpan<double> thresholdSample = default, int together = 1)
    {
        if (losses.Length == 0) throw new ArgumentException("A risk needs at least one loss.", nameof(losses));
        return objective.Kind switch
        {
            ObjectiveKind.StdDev => StdDev(losses, together),
            ObjectiveKind.MeanVariance => MeanVariance(losses, objective.RiskAversion, together),
            ObjectiveKind.MeanStd => MeanStd(losses, objective.K, together),
            ObjectiveKind.Entropic => Entropic(losses, objective.RiskAversion, together),
            ObjectiveKind.Cvar => MeanCvar(losses, objective.Level, 1, thresholdSample, together),
            ObjectiveKind.MeanCvar => MeanCvar(losses, objective.Level, objective.Weight, thresholdSample, together),
            ObjectiveKind.MeanVarianceCvar => MeanVarianceCvar(losses, objective, thresholdSample, together),
            ObjectiveKind.Power => Power(losses, objective.RiskAversion, objective.Wealth, together),
            ObjectiveKind.Expectile => Expectile(losses, objective.Tau, together),
            _ => throw new ArgumentOutOfRangeException(nameof(objective)),
        };
    }

    public static RiskEstimate Cvar(ReadOnlySpan<double> losses, double level, ReadOnlySpan<double> thresholdSample = default) => MeanCvar(losses, level, 1, thresholdSample, 1);

    /// <summary>
    /// Paths that are not independent of one another: antithetic pairs; runs of consecutive Sobol points, sixteen to thirty-two of them. Such a run is a net by itself, and runs fill one another's gaps, so errors that
    /// take them for independent are rather too large than too small (Owen, "Monte Carlo theory, methods and examples", 2013, chapter 17, has replicates instead).
    /// </summary>
    public static int PathsTogether(DrawScheme draws, int paths) => draws switch
    {
        DrawScheme.Antithetic => 2,
        DrawScheme.Sobol when paths >= 32 => 1 << (System.Numerics.BitOperations.Log2((uint)paths) - 4),
        _ => 1,
    };

    public static double Mean(ReadOnlySpan<double> x)
    {
        // Around the first value, so that a large common part does not eat the digits.
        double origin = x[0], sum = 0;
        foreach (double v in x) sum += v - origin;
        return origin + sum / x.Length;
    }

    /// <summary>Variance with divisor n, the variance of the sample as a distribution.</summary>
    public static double Variance(ReadOnlySpan<double> x, double mean)
    {
        double sum = 0;
        foreach (double v in x) sum += (v - mean) * (v - mean);
        return sum / x.Length;
    }

    /// <summary>The smallest value that at least the share <paramref name="level"/> of the sample does not exceed.</summary>
    public static double Quantile(ReadOnlySpan<double> x, double level)
    {
        double[] sorted = x.ToArray();
        Array.Sort(sorted);
        int index = (int)Math.Ceiling(level * sorted.Length - 1e-9) - 1;
        return sorted[Math.Clamp(index, 0, sorted.Length - 1)];
    }

    /// <summary>Sums over paths that were drawn together vary by themselves; with one path each this is sd(IF)/√n.</summary>
    private static RiskEstimate FromInfluence(double value, Span<double> influence, int together)
    {
        int n = influence.Length, groups = (n + together - 1) / together;
        if (groups < 2) return new RiskEstimate(value, double.NaN);
        double mean = Mean(influence);
        if (together == 1) return new RiskEstimate(value, Math.Sqrt(Variance(influence, mean) / (n - 1)));
        double squares = 0;
        for (int g = 0; g < groups; g++)
        {
            double sum = 0;
            foreach (double v in influence.Slice(g * together, Math.Min(together, n - g * together))) sum += v - mean;
            squares += sum * sum;
        }
        return new RiskEstimate(value, Math.Sqrt(squares * groups / (groups - 1.0)) / n);
    }

    private static RiskEstimate StdDev(ReadOnlySpan<double> x, int together)
    {
        double m = Mean(x), s = Math.Sqrt(Variance(x, m));
        var influence = new double[x.Length];
        if (s > 0)
            for (int i = 0; i < x.Length; i++) influence[i] = (x[i] - m) * (x[i] - m) / (2 * s);
        return FromInfluence(s, influence, together);
    }

    private static RiskEstimate MeanVariance(ReadOnlySpan<double> x, double a, int together)
    {
        double m = Mean(x), v = Variance(x, m);
        var influence = new double[x.Length];
        for (int i = 0; i < x.Length; i++) influence[i] = x[i] + 0.5 * a * (x[i] - m) * (x[i] - m);
        return FromInfluence(m + 0.5 * a * v, influence, together);
    }

    private static RiskEstimate MeanStd(ReadOnlySpan<double> x, double k, int together)
    {
        double m = Mean(x), s = Math.Sqrt(Variance(x, m));
        var influence = new double[x.Length];
        for (int i = 0; i < x.Length; i++) influence[i] = x[i] + (s > 0 ? k * (x[i] - m) * (x[i] - m) / (2 * s) : 0);
        return FromInfluence(m + k * s, influence, together);
    }

    private static RiskEstimate Entropic(ReadOnlySpan<double> x, double a, int together)
    {
        // Exponentials are taken relative to the greatest loss, so that none overflows.
        double greatest = double.NegativeInfinity;
        foreach (double v in x) greatest = Math.Max(greatest, v);
        var influence = new double[x.Length];
        double sum = 0;
        for (int i = 0; i < x.Length; i++) sum += influence[i] = Math.Exp(a * (x[i] - greatest));
        double mean = sum / x.Length;
        for (int i = 0; i < influence.Length; i++) influence[i] /= a * mean;
        return FromInfluence(greatest + Math.Log(mean) / a, influence, together);
    }

    private static RiskEstimate MeanCvar(ReadOnlySpan<double> x, double level, double weight, ReadOnlySpan<double> thresholdSample, int together)
    {
        double threshold = Quantile(thresholdSample.IsEmpty ? x : thresholdSample, level);
        var influence = new double[x.Length];
        for (int i = 0; i < x.Length; i++)
            influence[i] = (1 - weight) * x[i] + weight * (threshold + Math.Max(x[i] - threshold, 0) / (1 - level));
        return FromInfluence(Mean(influence), influence, together);
    }

    private static RiskEstimate MeanVarianceCvar(ReadOnlySpan<double> x, ObjectiveSpecification o, ReadOnlySpan<double> thresholdSample, int together)
    {
        double m = Mean(x), v = Variance(x, m), threshold = Quantile(thresholdSample.IsEmpty ? x : thresholdSample, o.Level), excess = 0;
        var influence = new double[x.Length];
        for (int i = 0; i < x.Length; i++)
        {
            double over = Math.Max(x[i] - threshold, 0) / (1 - o.Level), off = x[i] - m;
            excess += over;
            influence[i] = off + 0.5 * o.RiskAversion * off * off + o.Weight * over;
        }
        return FromInfluence(m + 0.5 * o.RiskAversion * v + o.Weight * (threshold + excess / x.Length), influence, together);
    }

    private static RiskEstimate Power(ReadOnlySpan<double> x, double gamma, double wealth, int together)
    {
        var influence = new double[x.Length];
        bool log = Math.Abs(gamma - 1) < 1e-12;
        double sum = 0;
        for (int i = 0; i < x.Length; i++)
        {
            double w = wealth - x[i];
            // Ruin has no utility: the certainty equivalent is then no number, and saying infinity is honest.
            if (w <= 0) return new RiskEstimate(double.PositiveInfinity, double.NaN);
            sum += influence[i] = log ? Math.Log(w) : Math.Pow(w, 1 - gamma) / (1 - gamma);
        }
        double utility = sum / x.Length;
        double equivalent = log ? Math.Exp(utility) : Math.Pow((1 - gamma) * utility, 1 / (1 - gamma));
        double slope = Math.Pow(equivalent, gamma);
        for (int i = 0; i < influence.Length; i++) influence[i] *= -slope;
        return FromInfluence(wealth - equivalent, influence, together);
    }

    private static RiskEstimate Expectile(ReadOnlySpan<double> x, double tau, int together)
    {
        // The defining function is piecewise linear and decreasing in e: Newton's step from any point lands beyond no kink twice, so a few steps end it.
        double e = Mean(x), slope = 1;
        for (int round = 0; round < 200; round++)
        {
            double above = 0, below = 0;
            int countAbove = 0;
            foreach (double v in x)
            {
                if (v > e) { above += v - e; countAbove++; }
                else below += e - v;
            }
            slope = tau * countAbove + (1 - tau) * (x.Length - countAbove);
            double move = (tau * above - (1 - tau) * below) / slope;
            e += move;
            if (Math.Abs(move) <= 1e-15 * (1 + Math.Abs(e))) break;
        }
        slope /= x.Length;
        var influence = new double[x.Length];
        for (int i = 0; i < x.Length; i++) influence[i] = (x[i] > e ? tau * (x[i] - e) : (1 - tau) * (x[i] - e)) / slope;
        return FromInfluence(e, influence, together);
    }
}
