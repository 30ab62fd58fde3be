using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Appliance.Kernels.Networks;

namespace Appliance.Lab.Differentiation;

/// <summary>
/// Activations and their derivatives over rows of paths: the formulas of the kernels' networks, sixteen at a time, so that what was trained is what trades to within
/// rounding. <see cref="Forward"/> works in place for ReLU and tanh, whose derivative needs only the value; SiLU keeps its argument, from which its derivative is made.
/// </summary>
public static unsafe class PathActivations
{
    private const int Lanes = 16;

    /// <summary>Whether the derivative wants the argument kept beside the value.</summary>
    public static bool KeepsArgument(Activation activation) => activation == Activation.Silu;

    /// <param name="z">The arguments; may be the same memory as <paramref name="a"/> unless the activation keeps its argument.</param>
    /// <param name="a">The values, written.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Forward(Activation activation, float* z, float* a, long count)
    {
        switch (activation)
        {
            case Activation.Relu:
                for (long i = 0; i < count; i += Lanes) Vector512.Max(Vector512.Load(z + i), Vector512<float>.Zero).Store(a + i);
                break;
            case Activation.Tanh:
                for (long i = 0; i < count; i += Lanes) Tanh(Vector512.Load(z + i)).Store(a + i);
                break;
            default:
                for (long i = 0; i < count; i += Lanes)
                {
                    Vector512<float> v = Vector512.Load(z + i);
                    (v * Sigmoid(v)).Store(a + i);
                }
                break;
        }
    }

    /// <summary>d ← d · f′, where d is the loss's derivative to the values on entry and to the arguments on return.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Backward(Activation activation, float* z, float* a, float* d, long count)
    {
        switch (activation)
        {
            case Activation.Relu:
                for (long i = 0; i < count; i += Lanes)
                    Vector512.ConditionalSelect(Vector512.GreaterThan(Vector512.Load(a + i), Vector512<float>.Zero), Vector512.Load(d + i), Vector512<float>.Zero).Store(d + i);
                break;
            case Activation.Tanh:
                for (long i = 0; i < count; i += Lanes)
                {
                    Vector512<float> v = Vector512.Load(a + i);
                    (Vector512.Load(d + i) * Vector512.FusedMultiplyAdd(-v, v, Vector512<float>.One)).Store(d + i);
                }
                break;
            default:
                for (long i = 0; i < count; i += Lanes)
                {
                    Vector512<float> v = Vector512.Load(z + i), s = Sigmoid(v);
                    // (x·s)′ = s·(1 + x·(1 − s)).
                    Vector512<float> slope = s * Vector512.FusedMultiplyAdd(v, Vector512<float>.One - s, Vector512<float>.One);
                    (Vector512.Load(d + i) * slope).Store(d + i);
                }
                break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Sigmoid(Vector512<float> x) => Vector512<float>.One / (Vector512<float>.One + Exp(-x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Tanh(Vector512<float> x)
    {
        Vector512<float> two = Vector512.Create(2f);
        return Vector512<float>.One - two / (Exp(x + x) + Vector512<float>.One);
    }

    /// <summary>ln(1 + e^x), without overflow: max(x, 0) + ln(1 + e^(−|x|)), the logarithm by its artanh series, absolute error below 3e-7.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Softplus(Vector512<float> x)
    {
        Vector512<float> e = Exp(-Vector512.Abs(x));
        // ln(1 + e) = 2 artanh(e / (2 + e)), the argument at most 1/3.
        Vector512<float> s = e / (Vector512.Create(2f) + e), q = s * s;
        Vector512<float> p = Vector512.Create(2f / 13);
        p = Vector512.FusedMultiplyAdd(p, q, Vector512.Create(2f / 11));
        p = Vector512.FusedMultiplyAdd(p, q, Vector512.Create(2f / 9));
        p = Vector512.FusedMultiplyAdd(p, q, Vector512.Create(2f / 7));
        p = Vector512.FusedMultiplyAdd(p, q, Vector512.Create(2f / 5));
        p = Vector512.FusedMultiplyAdd(p, q, Vector512.Create(2f / 3));
        p = Vector512.FusedMultiplyAdd(p, q, Vector512.Create(2f));
        return Vector512.FusedMultiplyAdd(p, s, Vector512.Max(x, Vector512<float>.Zero));
    }

    /// <summary>The kernels' single-precision e^x (ActivationLanes.Exp), on sixteen lanes: held at ±87, relative error below 2e-7.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp(Vector512<float> x)
    {
        Vector512<float> limit = Vector512.Create(87f);
        x = Vector512.ConditionalSelect(Vector512.GreaterThan(x, limit), limit, x);
        x = Vector512.ConditionalSelect(Vector512.LessThan(x, -limit), -limit, x);
        Vector512<float> rounder = Vector512.Create(12582912f);
        Vector512<float> shifted = Vector512.FusedMultiplyAdd(x, Vector512.Create(1.44269504f), rounder);
        Vector512<float> k = shifted - rounder;
        Vector512<float> r = Vector512.FusedMultiplyAdd(-k, Vector512.Create(0.693145752f), x);
        r = Vector512.FusedMultiplyAdd(-k, Vector512.Create(1.42860677e-6f), r);
        Vector512<float> p = Vector512.Create(1f / 5040);
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1f / 720));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1f / 120));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1f / 24));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1f / 6));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(0.5f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1f));
        Vector512<float> power = ((shifted.AsInt32() + Vector512.Create(127)) << 23).AsSingle();
        return p * power;
    }
}
