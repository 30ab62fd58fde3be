using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Appliance.Kernels.Simd;
using Appliance.Lab.Random;

namespace Appliance.Lab.Markets;

/// <summary>Functions of whole rows, at the width that the processor has and with the same bits at each. Exp and log are the kernels' own, so that a path is the same on every machine.</summary>
internal static class RowMath
{
    /// <summary>next = previous · e^(drift + deviation · normal).</summary>
    public static void LogNormalStep(ReadOnlySpan<double> previous, ReadOnlySpan<double> normals, double drift, double deviation, Span<double> next)
    {
        int done = Vector512.IsHardwareAccelerated ? LogNormal<Lanes512, Vector512<double>>(previous, normals, drift, deviation, next, 0)
            : Vector256.IsHardwareAccelerated ? LogNormal<Lanes256, Vector256<double>>(previous, normals, drift, deviation, next, 0) : 0;
        LogNormal<ScalarLanes, double>(previous, normals, drift, deviation, next, done);
    }

    /// <summary>Uniforms become normals in place.</summary>
    public static void ToNormal(Span<double> row)
    {
        int done = Vector512.IsHardwareAccelerated ? Invert<Lanes512, Vector512<double>>(row, 0) : Vector256.IsHardwareAccelerated ? Invert<Lanes256, Vector256<double>>(row, 0) : 0;
        Invert<ScalarLanes, double>(row, done);
    }

    /// <summary>sum += weight · row, each element by one fused multiply-add, whatever the vector width.</summary>
    public static void AddScaled(Span<double> sum, ReadOnlySpan<double> row, double weight)
    {
        ref double s = ref MemoryMarshal.GetReference(sum);
        ref double r = ref MemoryMarshal.GetReference(row);
        int i = 0;
        var w = Vector256.Create(weight);
        for (; i <= sum.Length - 4; i += 4)
            Vector256.FusedMultiplyAdd(w, Vector256.LoadUnsafe(ref r, (nuint)i), Vector256.LoadUnsafe(ref s, (nuint)i)).StoreUnsafe(ref s, (nuint)i);
        for (; i < sum.Length; i++) sum[i] = Math.FusedMultiplyAdd(weight, row[i], sum[i]);
    }

    private static int LogNormal<L, V>(ReadOnlySpan<double> previous, ReadOnlySpan<double> normals, double drift, double deviation, Span<double> next, int from) where L : struct, ILanes<V> where V : struct
    {
        V d = L.All(drift), v = L.All(deviation);
        int i = from;
        for (; i <= next.Length - L.Width; i += L.Width)
            L.Store(L.Multiply(L.Load(in previous[i]), ElementaryLanes<L, V>.Exp(L.Fma(v, L.Load(in normals[i]), d))), ref next[i]);
        return i;
    }

    private static int Invert<L, V>(Span<double> row, int from) where L : struct, ILanes<V> where V : struct
    {
        int i = from;
        for (; i <= row.Length - L.Width; i += L.Width) L.Store(InverseNormalLanes<L, V>.Of(L.Load(in row[i])), ref row[i]);
        return i;
    }

    /// <summary>target[i] += a·row[i] + b·row[i + 1] + c·row[i + 2] + d·row[i + 3]; the row has three numbers more than the target.</summary>
    public static void AddFiltered(Span<double> target, ReadOnlySpan<double> row, double a, double b, double c, double d)
    {
        if (row.Length < target.Length + 3) throw new ArgumentException("A filtered row has three numbers more than its target.", nameof(row));
        ref double to = ref MemoryMarshal.GetReference(target);
        ref double from = ref MemoryMarshal.GetReference(row);
        int i = 0;
        Vector512<double> va = Vector512.Create(a), vb = Vector512.Create(b), vc = Vector512.Create(c), vd = Vector512.Create(d);
        for (; i <= target.Length - Vector512<double>.Count; i += Vector512<double>.Count)
        {
            Vector512<double> sum = Vector512.FusedMultiplyAdd(Vector512.LoadUnsafe(ref from, (nuint)i), va, Vector512.LoadUnsafe(ref to, (nuint)i));
            sum = Vector512.FusedMultiplyAdd(Vector512.LoadUnsafe(ref from, (nuint)(i + 1)), vb, sum);
            sum = Vector512.FusedMultiplyAdd(Vector512.LoadUnsafe(ref from, (nuint)(i + 2)), vc, sum);
            Vector512.FusedMultiplyAdd(Vector512.LoadUnsafe(ref from, (nuint)(i + 3)), vd, sum).StoreUnsafe(ref to, (nuint)i);
        }
        for (; i < target.Length; i++)
            target[i] = Math.FusedMultiplyAdd(row[i + 3], d, Math.FusedMultiplyAdd(row[i + 2], c, Math.FusedMultiplyAdd(row[i + 1], b, Math.FusedMultiplyAdd(row[i], a, target[i]))));
    }
}
