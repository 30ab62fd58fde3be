using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Appliance.Kernels.Simd;

namespace Appliance.Kernels.Pricing;

/// <summary>
/// European options under Black-Scholes-Merton in arrays, each with its own spot, rate and yield. The same bits as <see cref="Pricer"/> gives one by one, at every width.
/// Results must not share memory with inputs, which are read until the end. Inputs are not checked: spot and strike between 1e-100 and 1e100, the rest as <see cref="OptionContract"/> and <see cref="MarketModel"/> say.
/// For Black-76 pass the rate as the yield too; its rho is then −Expiry·Price, not what <see cref="Rho"/> holds.
/// </summary>
public ref struct EuropeanBatch
{
    public ReadOnlySpan<double> Spot, Strike, Expiry, Volatility, Rate, Yield;

    /// <summary>+1 call, −1 put.</summary>
    public ReadOnlySpan<double> Sign;

    public Span<double> Price, Delta, Gamma, Vega, Theta, Rho;

    /// <summary>Leave all three empty where they are not wanted.</summary>
    public Span<double> Vanna, Volga, Charm;

    /// <summary>Prices every option; the count is that of <see cref="Spot"/>.</summary>
    public readonly void Evaluate(KernelWidth width = KernelWidth.Widest)
    {
        CheckLengths();
        if (width == KernelWidth.Widest)
            width = Vector512.IsHardwareAccelerated ? KernelWidth.Simd512 : Vector256.IsHardwareAccelerated ? KernelWidth.Simd256 : KernelWidth.Scalar;
        int done = width switch
        {
            KernelWidth.Simd512 => EuropeanStages<Lanes512, Vector512<double>>.Run(in this),
            KernelWidth.Simd256 => EuropeanStages<Lanes256, Vector256<double>>.Run(in this),
            _ => 0,
        };
        RunRest(done);
    }

    internal readonly void CheckLengths()
    {
        int n = Spot.Length;
        if (Strike.Length < n || Expiry.Length < n || Volatility.Length < n || Rate.Length < n || Yield.Length < n || Sign.Length < n || Price.Length < n || Delta.Length < n
            || Gamma.Length < n || Vega.Length < n || Theta.Length < n || Rho.Length < n || !Vanna.IsEmpty && (Vanna.Length < n || Volga.Length < n || Charm.Length < n))
            ThrowShort(n);
    }

    /// <summary>One by one, what does not fill a register.</summary>
    private readonly void RunRest(int from)
    {
        for (int i = from; i < Spot.Length; i++)
        {
            var input = new EuropeanInputs<double>
            {
                Spot = Spot[i], Strike = Strike[i] > European.StrikeMin ? Strike[i] : European.StrikeMin, Years = Expiry[i], Volatility = Volatility[i], Rate = Rate[i], Yield = Yield[i], Sign = Sign[i],
            };
            EuropeanLanes<ScalarLanes, double>.Evaluate(in input, true, out EuropeanOutputs<double> output);
            (Price[i], Delta[i], Gamma[i], Vega[i], Theta[i], Rho[i]) = (output.Price, output.Delta, output.Gamma, output.Vega, output.Theta, output.Rho);
            if (Vanna.IsEmpty) continue;
            (Vanna[i], Volga[i], Charm[i]) = (output.Vanna, output.Volga, output.Charm);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ThrowShort(int count) => throw new ArgumentException($"Every array of the batch must hold its {count} options.");
}
