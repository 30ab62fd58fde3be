using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Appliance.Kernels.Simd;

namespace Appliance.Kernels.Pricing;

/// <summary>
/// European options under Black-Scholes-Merton in arrays, each with its own spot, rate and yield. The same bits as <see cref="Pricer"/> gives one by one, at every width.
/// Inputs are not checked: spot and strike between 1e-100 and 1e100, the rest as <see cref="OptionContract"/> and <see cref="MarketModel"/> say.
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
        int n = Spot.Length;
        bool secondOrder = !Vanna.IsEmpty;
        if (width == KernelWidth.Widest)
            width = Vector512.IsHardwareAccelerated ? KernelWidth.Simd512 : Vector256.IsHardwareAccelerated ? KernelWidth.Simd256 : KernelWidth.Scalar;
        int done = width switch
        {
            KernelWidth.Simd512 => secondOrder ? RunAll<Lanes512, Vector512<double>>(0, n) : RunFirst<Lanes512, Vector512<double>>(0, n),
            KernelWidth.Simd256 => secondOrder ? RunAll<Lanes256, Vector256<double>>(0, n) : RunFirst<Lanes256, Vector256<double>>(0, n),
            _ => 0,
        };
        if (secondOrder) RunAll<ScalarLanes, double>(done, n);
        else RunFirst<ScalarLanes, double>(done, n);
    }

    internal readonly void CheckLengths()
    {
        int n = Spot.Length;
        if (Strike.Length < n || Expiry.Length < n || Volatility.Length < n || Rate.Length < n || Yield.Length < n || Sign.Length < n || Price.Length < n || Delta.Length < n
            || Gamma.Length < n || Vega.Length < n || Theta.Length < n || Rho.Length < n || !Vanna.IsEmpty && (Vanna.Length < n || Volga.Length < n || Charm.Length < n))
            ThrowShort(n);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly int RunFirst<L, V>(int from, int to) where L : struct, ILanes<V> where V : struct
    {
        int i = from;
        for (; i <= to - L.Width; i += L.Width)
        {
            Load<L, V>(i, out EuropeanInputs<V> input);
            EuropeanLanes<L, V>.Evaluate(in input, false, out EuropeanOutputs<V> output);
            StoreFirst<L, V>(i, in output);
        }
        return i;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly int RunAll<L, V>(int from, int to) where L : struct, ILanes<V> where V : struct
    {
        int i = from;
        for (; i <= to - L.Width; i += L.Width)
        {
            Load<L, V>(i, out EuropeanInputs<V> input);
            EuropeanLanes<L, V>.Evaluate(in input, true, out EuropeanOutputs<V> output);
            StoreFirst<L, V>(i, in output);
            L.Store(output.Vanna, ref At(Vanna, i));
            L.Store(output.Volga, ref At(Volga, i));
            L.Store(output.Charm, ref At(Charm, i));
        }
        return i;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void Load<L, V>(int i, out EuropeanInputs<V> input) where L : struct, ILanes<V> where V : struct
    {
        input.Spot = L.Load(ref At(Spot, i));
        input.Strike = L.Load(ref At(Strike, i));
        V strikeMin = L.All(European.StrikeMin);
        input.Strike = L.WhereGreater(input.Strike, strikeMin, input.Strike, strikeMin);
        input.Years = L.Load(ref At(Expiry, i));
        input.Volatility = L.Load(ref At(Volatility, i));
        input.Rate = L.Load(ref At(Rate, i));
        input.Yield = L.Load(ref At(Yield, i));
        input.Sign = L.Load(ref At(Sign, i));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void StoreFirst<L, V>(int i, in EuropeanOutputs<V> output) where L : struct, ILanes<V> where V : struct
    {
        L.Store(output.Price, ref At(Price, i));
        L.Store(output.Delta, ref At(Delta, i));
        L.Store(output.Gamma, ref At(Gamma, i));
        L.Store(output.Vega, ref At(Vega, i));
        L.Store(output.Theta, ref At(Theta, i));
        L.Store(output.Rho, ref At(Rho, i));
    }

    // Lengths were checked at the start; the register's reach is checked by the loop's bound.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ref double At(ReadOnlySpan<double> span, int i) => ref Unsafe.Add(ref MemoryMarshal.GetReference(span), i);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ThrowShort(int count) => throw new ArgumentException($"Every array of the batch must hold its {count} options.");
}
