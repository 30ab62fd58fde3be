using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Appliance.Kernels.Simd;

/// <summary>
/// What the expansion of a portfolio around a repricing needs beyond the Greeks' own sums: charm, and the gross sums that bound its error.
/// One pass, eight partial sums each, folded in one order (<see cref="PortfolioSums"/>).
/// </summary>
/// <param name="Charm">Σ n·∂Δ/∂t, per year.</param>
/// <param name="GrossSpeed">Σ |n·speed|.</param>
/// <param name="GrossGammaPerYear">Σ |n·Γ|/τ.</param>
/// <param name="GrossCharmPerYearSquared">Σ |n·Χ|/τ.</param>
public readonly record struct ExpansionSums(double Charm, double GrossSpeed, double GrossGammaPerYear, double GrossCharmPerYearSquared)
{
    /// <summary>Charm is qΔ − SΓ(r − q + σ²) − ½σ²S²·speed: the Black-Scholes equation differentiated to spot.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static ExpansionSums Of(
        double spot, double rate, double yield, int paddedCount, double[] quantity, double[] volatility, double[] years, double[] delta, double[] gamma, double[] speed)
    {
        if (paddedCount % PortfolioSums.Block != 0 || quantity.Length < paddedCount || volatility.Length < paddedCount || years.Length < paddedCount
            || delta.Length < paddedCount || gamma.Length < paddedCount || speed.Length < paddedCount)
            throw new ArgumentException($"The arrays do not hold {paddedCount} options, or that is no multiple of {PortfolioSums.Block}.");
        ref double quantities = ref MemoryMarshal.GetArrayDataReference(quantity);
        ref double volatilities = ref MemoryMarshal.GetArrayDataReference(volatility);
        ref double times = ref MemoryMarshal.GetArrayDataReference(years);
        ref double deltas = ref MemoryMarshal.GetArrayDataReference(delta);
        ref double gammas = ref MemoryMarshal.GetArrayDataReference(gamma);
        ref double speeds = ref MemoryMarshal.GetArrayDataReference(speed);

        Vector512<double> charmSum = Vector512<double>.Zero, grossSpeed = charmSum, grossGamma = charmSum, grossCharm = charmSum;
        Vector512<double> carry = Vector512.Create(rate - yield), yields = Vector512.Create(yield);
        Vector512<double> spots = Vector512.Create(spot), minusHalfSquare = Vector512.Create(-0.5 * spot * spot);
        // A minute is the shortest time by which time's effects are scaled: padding has no time at all, and the last minute is repriced by RepriceAfterNs.
        Vector512<double> yearsMin = Vector512.Create(1.0 / (365 * 24 * 60));
        for (nuint i = 0; i < (nuint)paddedCount; i += PortfolioSums.Block)
        {
            Vector512<double> n = Vector512.LoadUnsafe(ref quantities, i);
            Vector512<double> volatilityHere = Vector512.LoadUnsafe(ref volatilities, i);
            Vector512<double> variance = volatilityHere * volatilityHere;
            Vector512<double> gammaHere = Vector512.LoadUnsafe(ref gammas, i);
            Vector512<double> speedHere = Vector512.LoadUnsafe(ref speeds, i);
            Vector512<double> tau = Vector512.Max(Vector512.LoadUnsafe(ref times, i), yearsMin);
            Vector512<double> charm = yields * Vector512.LoadUnsafe(ref deltas, i) - spots * gammaHere * (carry + variance) + minusHalfSquare * variance * speedHere;
            Vector512<double> weightedCharm = n * charm;
            charmSum += weightedCharm;
            grossSpeed += Vector512.Abs(n * speedHere);
            grossGamma += Vector512.Abs(n * gammaHere) / tau;
            grossCharm += Vector512.Abs(weightedCharm) / tau;
        }
        return new ExpansionSums(
            PortfolioSums.Fold(charmSum), PortfolioSums.Fold(grossSpeed), PortfolioSums.Fold(grossGamma), PortfolioSums.Fold(grossCharm));
    }
}
