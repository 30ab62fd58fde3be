using System.Runtime.CompilerServices;

namespace Appliance.Kernels.Networks;

/// <summary>
/// Activations and the gates of recurrent layers, on registers of floats. Made only of exactly specified operations in one order, so that the bits do not depend on the machine.
/// Gates that are multiplied share one division: σ(a)·tanh(b) = (e^2b − 1) / ((1 + e^−a)·(e^2b + 1)).
/// </summary>
internal static unsafe class ActivationLanes<L, V> where V : struct where L : struct, IFloatLanes<V>
{
    /// <summary>Applies it to <paramref name="paddedCount"/> values (a multiple of sixteen) in place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Apply(Activation activation, float* values, nint paddedCount)
    {
        switch (activation)
        {
            case Activation.Relu:
                for (nint i = 0; i < paddedCount; i += L.Width) L.Store(L.Largest(L.Load(values + i), L.All(0)), values + i);
                break;
            case Activation.Tanh:
                for (nint i = 0; i < paddedCount; i += L.Width) L.Store(Tanh(L.Load(values + i)), values + i);
                break;
            case Activation.Silu:
                for (nint i = 0; i < paddedCount; i += L.Width) L.Store(Silu(L.Load(values + i)), values + i);
                break;
            default:
                for (nint i = 0; i < paddedCount; i += L.Width) L.Store(Sigmoid(L.Load(values + i)), values + i);
                break;
        }
    }

    /// <summary>to = a + b, of <paramref name="paddedCount"/> values (a multiple of sixteen).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(float* a, float* b, float* to, nint paddedCount)
    {
        for (nint i = 0; i < paddedCount; i += L.Width) L.Store(L.Add(L.Load(a + i), L.Load(b + i)), to + i);
    }

    /// <summary>1 − 2/(e^(2x) + 1).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Tanh(V x) => L.Subtract(L.All(1), L.Divide(L.All(2), L.Add(Exp(L.Add(x, x)), L.All(1))));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Silu(V x) => L.Divide(x, L.Add(L.All(1), Exp(L.Subtract(L.All(0), x))));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Sigmoid(V x) => L.Divide(L.All(1), L.Add(L.All(1), Exp(L.Subtract(L.All(0), x))));

    /// <summary>
    /// e^x for |x| up to 87, held at that bound beyond it, NaN for NaN; relative error below 2e-7. x = k·ln 2 + r; e^r = 1 + r + r²·p(r), p of degree 4 within 1e-8
    /// (tests/reference/networks/exp_coefficients.py).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Exp(V x) => ExpWithin(x, 87);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V ExpWithin(V x, float limit)
    {
        x = L.Largest(L.All(-limit), L.Least(L.All(limit), x));
        // 1.5·2^23: adding it rounds to an integer that stands in the low bits.
        V rounder = L.All(12582912f);
        V shifted = L.Fma(x, L.All(1.44269504f), rounder);
        V k = L.Subtract(shifted, rounder);
        // ln 2 in 16 bits, so that k times it is exact, and what is left.
        V r = L.Fma(k, L.All(-0.693145752f), x);
        r = L.Fma(k, L.All(-1.42860677e-6f), r);
        V p = L.Fma(L.All(0.0013926175888627768f), r, L.All(0.008363173343241215f));
        p = L.Fma(p, r, L.All(0.041666556149721146f));
        p = L.Fma(p, r, L.All(0.16666577756404877f));
        p = L.Fma(p, r, L.All(0.5f));
        p = L.Fma(L.Multiply(r, r), p, r);
        V power = L.PowerOfTwo(shifted);
        return L.Fma(p, power, power);
    }

    /// <summary>σ(gate)·tanh(value), absolute error below 2e-7. Exponents are held at 43, where both are 1 or 0 in single precision, so that the product of denominators stays finite.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V GatedTanh(V gate, V value)
    {
        V one = L.All(1);
        V g = ExpWithin(L.Subtract(L.All(0), gate), 43), v = ExpWithin(L.Add(value, value), 43);
        return L.Divide(L.Subtract(v, one), L.Multiply(L.Add(one, g), L.Add(v, one)));
    }

    /// <summary>One LSTM step of <paramref name="units"/> units: gates [i, f, g, o] of that many each; c and h are replaced up to the next multiple of sixteen.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Lstm(float* gates, nint units, float* hidden, float* cell)
    {
        for (nint u = 0; u < units; u += L.Width)
        {
            V c = LstmCell(L.Load(gates + u), L.Load(gates + units + u), L.Load(gates + 2 * units + u), L.Load(cell + u));
            L.Store(c, cell + u);
            L.Store(GatedTanh(L.Load(gates + 3 * units + u), c), hidden + u);
        }
    }

    /// <summary>c' = σ(forget)·c + σ(input)·tanh(candidate), from the gates' sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V LstmCell(V input, V forget, V candidate, V cell)
    {
        V kept = L.Divide(cell, L.Add(L.All(1), Exp(L.Subtract(L.All(0), forget))));
        return L.Add(kept, GatedTanh(input, candidate));
    }

    /// <summary>The end of a GRU step: h' = n + z∘(h − n), n = tanh(input + r∘candidate); <paramref name="gates"/> holds the sums of r and z.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void GruResetAfter(float* gates, float* input, float* candidate, nint units, float* hidden)
    {
        for (nint u = 0; u < units; u += L.Width)
        {
            V r = Sigmoid(L.Load(gates + u)), z = Sigmoid(L.Load(gates + units + u));
            V n = Tanh(L.Fma(r, L.Load(candidate + u), L.Load(input + u)));
            L.Store(L.Fma(z, L.Subtract(L.Load(hidden + u), n), n), hidden + u);
        }
    }

    /// <summary>r∘h, for the reset gate before the product.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void GruReset(float* gates, nint units, float* hidden, float* product)
    {
        for (nint u = 0; u < units; u += L.Width) L.Store(L.Multiply(Sigmoid(L.Load(gates + u)), L.Load(hidden + u)), product + u);
    }

    /// <summary>The end of a GRU step with the reset gate before the product: h' = n + z∘(h − n), n = tanh(candidate).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void GruResetBefore(float* gates, float* candidate, nint units, float* hidden)
    {
        for (nint u = 0; u < units; u += L.Width)
        {
            V z = Sigmoid(L.Load(gates + units + u)), n = Tanh(L.Load(candidate + u));
            L.Store(L.Fma(z, L.Subtract(L.Load(hidden + u), n), n), hidden + u);
        }
    }
}
