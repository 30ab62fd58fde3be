using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Appliance.Kernels.Networks;

/// <summary>What stands between a network's layers.</summary>
public enum Activation
{
    /// <summary>max(0, x); a NaN becomes 0.</summary>
    Relu,
    /// <summary>tanh x, absolute error below 2e-7.</summary>
    Tanh,
    /// <summary>x / (1 + e^(−x)), relative error below 4e-7. Elfwing, Uchibe and Doya, Neural Networks 107 (2018).</summary>
    Silu,
    /// <summary>1 / (1 + e^(−x)), relative error below 4e-7 where x is above −87.</summary>
    Sigmoid,
}

/// <summary>
/// Activations on eight floats. Like all kernels here made only of exactly specified operations in one order, so that the bits do not depend on the machine.
/// </summary>
internal static class ActivationLanes
{
    /// <summary>Applies it to the first <paramref name="paddedCount"/> values (a multiple of eight) in place; neighbouring registers do not wait for one another.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Apply(Activation activation, float[] values, int paddedCount)
    {
        ref float x = ref MemoryMarshal.GetArrayDataReference(values);
        nuint count = (nuint)paddedCount;
        switch (activation)
        {
            case Activation.Relu:
                for (nuint i = 0; i < count; i += 8) Relu(Vector256.LoadUnsafe(ref x, i)).StoreUnsafe(ref x, i);
                break;
            case Activation.Tanh:
                for (nuint i = 0; i < count; i += 8) Tanh(Vector256.LoadUnsafe(ref x, i)).StoreUnsafe(ref x, i);
                break;
            case Activation.Silu:
                for (nuint i = 0; i < count; i += 8) Silu(Vector256.LoadUnsafe(ref x, i)).StoreUnsafe(ref x, i);
                break;
            default:
                for (nuint i = 0; i < count; i += 8) Sigmoid(Vector256.LoadUnsafe(ref x, i)).StoreUnsafe(ref x, i);
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Relu(Vector256<float> x) =>
        Vector256.ConditionalSelect(Vector256.GreaterThan(x, Vector256<float>.Zero), x, Vector256<float>.Zero);

    /// <summary>1 − 2/(e^(2x) + 1).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Tanh(Vector256<float> x)
    {
        Vector256<float> one = Vector256.Create(1f), two = Vector256.Create(2f);
        return one - two / (Exp(x + x) + one);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Silu(Vector256<float> x) => x / (Vector256.Create(1f) + Exp(-x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Sigmoid(Vector256<float> x) => Vector256.Create(1f) / (Vector256.Create(1f) + Exp(-x));

    /// <summary>
    /// e^x for |x| up to 87, held at that bound beyond it; relative error below 2e-7. x = k·ln 2 + r, e^r by its Taylor polynomial of degree 7 on |r| ≤ ½ ln 2.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Exp(Vector256<float> x)
    {
        Vector256<float> limit = Vector256.Create(87f);
        x = Vector256.ConditionalSelect(Vector256.GreaterThan(x, limit), limit, x);
        x = Vector256.ConditionalSelect(Vector256.LessThan(x, -limit), -limit, x);
        // 1.5·2^23: adding it rounds to an integer that stands in the low bits.
        Vector256<float> rounder = Vector256.Create(12582912f);
        Vector256<float> shifted = Vector256.FusedMultiplyAdd(x, Vector256.Create(1.44269504f), rounder);
        Vector256<float> k = shifted - rounder;
        // ln 2 in 16 bits, so that k times it is exact, and what is left.
        Vector256<float> r = Vector256.FusedMultiplyAdd(-k, Vector256.Create(0.693145752f), x);
        r = Vector256.FusedMultiplyAdd(-k, Vector256.Create(1.42860677e-6f), r);
        Vector256<float> p = Vector256.Create(1f / 5040);
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(1f / 720));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(1f / 120));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(1f / 24));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(1f / 6));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(0.5f));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(1f));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(1f));
        Vector256<float> power = ((shifted.AsInt32() + Vector256.Create(127)) << 23).AsSingle();
        return p * power;
    }
}
