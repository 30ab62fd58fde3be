namespace Appliance.Lab.Markets;

/// <summary>What a mean-reverting variance is expected to do.</summary>
internal static class MeanReversion
{
    /// <summary>(1 − e^(−κτ))/κ, in years; τ where κ vanishes.</summary>
    public static double EffectiveYears(double kappa, double years)
    {
        double x = kappa * years;
        return x > 1e-4 ? (1 - Math.Exp(-x)) / kappa : years * (1 - 0.5 * x + x * x / 6);
    }

    /// <summary>Mean variance expected over the next τ years from v: θ + (v − θ)(1 − e^(−κτ))/(κτ).</summary>
    public static double MeanVariance(double variance, double kappa, double theta, double years) => years > 0 ? theta + (variance - theta) * EffectiveYears(kappa, years) / years : variance;
}
