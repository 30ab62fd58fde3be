using System.Runtime.CompilerServices;

namespace Appliance.Kernels.Networks;

/// <summary>
/// The inner loops of <see cref="PackedMatrix"/>: eight accumulators in flight, which hides the latency of a fused multiply-add on every processor that has AVX2. A block is 64, 32 or 16
/// outputs wide; its inputs are split into 2, 4 or 8 chains of equal length, so that a narrow block has eight accumulators, too. Of a block of 64 the weights of the first chain stand
/// before those of the second, so that a tile of rows that takes one chain reads one stream; of narrower blocks a step's eight groups of sixteen stand together.
/// </summary>
internal static unsafe class MatrixKernels<L, V, W> where V : struct where L : struct, IFloatLanes<V> where W : struct, IWeights<L, V>
{
    /// <summary>64 outputs, two chains.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Row64(byte* weights, nint steps, float* x, float* start, float* y, float* scale)
    {
        byte* second = W.At(weights, 2 * steps);
        for (int p = 0; p < 16; p += L.Width)
        {
            V a0 = L.All(0), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
            for (nint i = 0; i < steps; i++)
            {
                V xa = L.All(x[i]), xb = L.All(x[steps + i]);
                W.Load(weights, 2 * i, p, out V w0, out V w1);
                a0 = L.Fma(xa, w0, a0);
                a1 = L.Fma(xa, w1, a1);
                W.Load(weights, 2 * i + 1, p, out w0, out w1);
                a2 = L.Fma(xa, w0, a2);
                a3 = L.Fma(xa, w1, a3);
                W.Load(second, 2 * i, p, out w0, out w1);
                b0 = L.Fma(xb, w0, b0);
                b1 = L.Fma(xb, w1, b1);
                W.Load(second, 2 * i + 1, p, out w0, out w1);
                b2 = L.Fma(xb, w0, b2);
                b3 = L.Fma(xb, w1, b3);
            }
            Finish4(a0, a1, a2, a3, b0, b1, b2, b3, start + p, y + p, scale + p);
        }
    }

    /// <summary>
    /// As <see cref="Row64"/>, but of each chain only the steps listed: the second chain's lists (positions and inputs) stand <paramref name="chainSteps"/> + 1 behind the first's.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void RowPresent64(byte* weights, nint chainSteps, nint steps, int* at, float* x, float* start, float* y, float* scale)
    {
        byte* second = W.At(weights, 2 * chainSteps);
        int* atSecond = at + chainSteps + 1;
        float* xSecond = x + chainSteps + 1;
        for (int p = 0; p < 16; p += L.Width)
        {
            V a0 = L.All(0), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
            for (nint i = 0; i < steps; i++)
            {
                V xa = L.All(x[i]), xb = L.All(xSecond[i]);
                byte* wa = W.At(weights, 2 * (nint)at[i]), wb = W.At(second, 2 * (nint)atSecond[i]);
                W.Load(wa, 0, p, out V w0, out V w1);
                a0 = L.Fma(xa, w0, a0);
                a1 = L.Fma(xa, w1, a1);
                W.Load(wa, 1, p, out w0, out w1);
                a2 = L.Fma(xa, w0, a2);
                a3 = L.Fma(xa, w1, a3);
                W.Load(wb, 0, p, out w0, out w1);
                b0 = L.Fma(xb, w0, b0);
                b1 = L.Fma(xb, w1, b1);
                W.Load(wb, 1, p, out w0, out w1);
                b2 = L.Fma(xb, w0, b2);
                b3 = L.Fma(xb, w1, b3);
            }
            Finish4(a0, a1, a2, a3, b0, b1, b2, b3, start + p, y + p, scale + p);
        }
    }

    /// <summary>32 outputs, four chains.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Row32(byte* weights, nint steps, float* x, float* start, float* y, float* scale)
    {
        for (int p = 0; p < 16; p += L.Width)
        {
            V a0 = L.All(0), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, d0 = a0, d1 = a0;
            float* x1 = x + steps, x2 = x1 + steps, x3 = x2 + steps;
            for (nint i = 0; i < steps; i++)
            {
                W.Load(weights, 4 * i, p, out V w0, out V w1);
                a0 = L.Fma(L.All(x[i]), w0, a0);
                a1 = L.Fma(L.All(x[i]), w1, a1);
                W.Load(weights, 4 * i + 1, p, out w0, out w1);
                b0 = L.Fma(L.All(x1[i]), w0, b0);
                b1 = L.Fma(L.All(x1[i]), w1, b1);
                W.Load(weights, 4 * i + 2, p, out w0, out w1);
                c0 = L.Fma(L.All(x2[i]), w0, c0);
                c1 = L.Fma(L.All(x2[i]), w1, c1);
                W.Load(weights, 4 * i + 3, p, out w0, out w1);
                d0 = L.Fma(L.All(x3[i]), w0, d0);
                d1 = L.Fma(L.All(x3[i]), w1, d1);
            }
            L.Store(W.Finish(L.Add(L.Add(a0, b0), L.Add(c0, d0)), L.Load(start + p), scale + p), y + p);
            L.Store(W.Finish(L.Add(L.Add(a1, b1), L.Add(c1, d1)), L.Load(start + p + 16), scale + p + 16), y + p + 16);
        }
    }

    /// <summary>16 outputs, eight chains.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Row16(byte* weights, nint steps, float* x, float* start, float* y, float* scale)
    {
        for (int p = 0; p < 16; p += L.Width)
        {
            V a = L.All(0), b = a, c = a, d = a, e = a, f = a, g = a, h = a;
            float* x2 = x + 2 * steps, x4 = x2 + 2 * steps, x6 = x4 + 2 * steps;
            for (nint i = 0; i < steps; i++)
            {
                W.Load(weights, 4 * i, p, out V w0, out V w1);
                a = L.Fma(L.All(x[i]), w0, a);
                b = L.Fma(L.All(x[steps + i]), w1, b);
                W.Load(weights, 4 * i + 1, p, out w0, out w1);
                c = L.Fma(L.All(x2[i]), w0, c);
                d = L.Fma(L.All(x2[steps + i]), w1, d);
                W.Load(weights, 4 * i + 2, p, out w0, out w1);
                e = L.Fma(L.All(x4[i]), w0, e);
                f = L.Fma(L.All(x4[steps + i]), w1, f);
                W.Load(weights, 4 * i + 3, p, out w0, out w1);
                g = L.Fma(L.All(x6[i]), w0, g);
                h = L.Fma(L.All(x6[steps + i]), w1, h);
            }
            V sum = L.Add(L.Add(L.Add(a, b), L.Add(c, d)), L.Add(L.Add(e, f), L.Add(g, h)));
            L.Store(W.Finish(sum, L.Load(start + p), scale + p), y + p);
        }
    }

    /// <summary>
    /// One chain of a 64-wide block for six rows, from zero to its last step: twenty-four accumulators, four registers of weights, one of inputs, for registers of sixteen floats. The first
    /// chain leaves row r's sums at sums[64r], the second takes them from there to the end.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tile6(byte* weights, nint steps, float* x, nint xStride, float* sums, in TileEnd end)
    {
        V a0 = L.All(0), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0, c0 = a0, c1 = a0, c2 = a0, c3 = a0, d0 = a0, d1 = a0, d2 = a0, d3 = a0, e0 = a0, e1 = a0, e2 = a0, e3 = a0, f0 = a0, f1 = a0, f2 = a0, f3 = a0;
        float* xb = x + xStride, xc = xb + xStride, xd = xc + xStride, xe = xd + xStride, xf = xe + xStride;
        for (nint i = 0; i < steps; i++)
        {
            W.Load(weights, 2 * i, 0, out V w0, out V w1);
            W.Load(weights, 2 * i + 1, 0, out V w2, out V w3);
            V r = L.All(x[i]);
            a0 = L.Fma(r, w0, a0);
            a1 = L.Fma(r, w1, a1);
            a2 = L.Fma(r, w2, a2);
            a3 = L.Fma(r, w3, a3);
            r = L.All(xb[i]);
            b0 = L.Fma(r, w0, b0);
            b1 = L.Fma(r, w1, b1);
            b2 = L.Fma(r, w2, b2);
            b3 = L.Fma(r, w3, b3);
            r = L.All(xc[i]);
            c0 = L.Fma(r, w0, c0);
            c1 = L.Fma(r, w1, c1);
            c2 = L.Fma(r, w2, c2);
            c3 = L.Fma(r, w3, c3);
            r = L.All(xd[i]);
            d0 = L.Fma(r, w0, d0);
            d1 = L.Fma(r, w1, d1);
            d2 = L.Fma(r, w2, d2);
            d3 = L.Fma(r, w3, d3);
            r = L.All(xe[i]);
            e0 = L.Fma(r, w0, e0);
            e1 = L.Fma(r, w1, e1);
            e2 = L.Fma(r, w2, e2);
            e3 = L.Fma(r, w3, e3);
            r = L.All(xf[i]);
            f0 = L.Fma(r, w0, f0);
            f1 = L.Fma(r, w1, f1);
            f2 = L.Fma(r, w2, f2);
            f3 = L.Fma(r, w3, f3);
        }
        if (end.Y == null)
        {
            Store4(a0, a1, a2, a3, sums);
            Store4(b0, b1, b2, b3, sums + 64);
            Store4(c0, c1, c2, c3, sums + 128);
            Store4(d0, d1, d2, d3, sums + 192);
            Store4(e0, e1, e2, e3, sums + 256);
            Store4(f0, f1, f2, f3, sums + 320);
            return;
        }
        Close4(sums, a0, a1, a2, a3, end.Start, end.Y, end.Scale);
        Close4(sums + 64, b0, b1, b2, b3, end.Start + end.StartStride, end.Y + end.YStride, end.Scale);
        Close4(sums + 128, c0, c1, c2, c3, end.Start + 2 * end.StartStride, end.Y + 2 * end.YStride, end.Scale);
        Close4(sums + 192, d0, d1, d2, d3, end.Start + 3 * end.StartStride, end.Y + 3 * end.YStride, end.Scale);
        Close4(sums + 256, e0, e1, e2, e3, end.Start + 4 * end.StartStride, end.Y + 4 * end.YStride, end.Scale);
        Close4(sums + 320, f0, f1, f2, f3, end.Start + 5 * end.StartStride, end.Y + 5 * end.YStride, end.Scale);
    }

    /// <summary>As <see cref="Tile6"/> for four rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tile4(byte* weights, nint steps, float* x, nint xStride, float* sums, in TileEnd end)
    {
        V a0 = L.All(0), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0, c0 = a0, c1 = a0, c2 = a0, c3 = a0, d0 = a0, d1 = a0, d2 = a0, d3 = a0;
        float* xb = x + xStride, xc = xb + xStride, xd = xc + xStride;
        for (nint i = 0; i < steps; i++)
        {
            W.Load(weights, 2 * i, 0, out V w0, out V w1);
            W.Load(weights, 2 * i + 1, 0, out V w2, out V w3);
            V r = L.All(x[i]);
            a0 = L.Fma(r, w0, a0);
            a1 = L.Fma(r, w1, a1);
            a2 = L.Fma(r, w2, a2);
            a3 = L.Fma(r, w3, a3);
            r = L.All(xb[i]);
            b0 = L.Fma(r, w0, b0);
            b1 = L.Fma(r, w1, b1);
            b2 = L.Fma(r, w2, b2);
            b3 = L.Fma(r, w3, b3);
            r = L.All(xc[i]);
            c0 = L.Fma(r, w0, c0);
            c1 = L.Fma(r, w1, c1);
            c2 = L.Fma(r, w2, c2);
            c3 = L.Fma(r, w3, c3);
            r = L.All(xd[i]);
            d0 = L.Fma(r, w0, d0);
            d1 = L.Fma(r, w1, d1);
            d2 = L.Fma(r, w2, d2);
            d3 = L.Fma(r, w3, d3);
        }
        if (end.Y == null)
        {
            Store4(a0, a1, a2, a3, sums);
            Store4(b0, b1, b2, b3, sums + 64);
            Store4(c0, c1, c2, c3, sums + 128);
            Store4(d0, d1, d2, d3, sums + 192);
            return;
        }
        Close4(sums, a0, a1, a2, a3, end.Start, end.Y, end.Scale);
        Close4(sums + 64, b0, b1, b2, b3, end.Start + end.StartStride, end.Y + end.YStride, end.Scale);
        Close4(sums + 128, c0, c1, c2, c3, end.Start + 2 * end.StartStride, end.Y + 2 * end.YStride, end.Scale);
        Close4(sums + 192, d0, d1, d2, d3, end.Start + 3 * end.StartStride, end.Y + 3 * end.YStride, end.Scale);
    }

    /// <summary>As <see cref="Tile6"/> for two rows, at any width: eight accumulators fit the sixteen registers of AVX2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tile2(byte* weights, nint steps, float* x, nint xStride, float* sums, in TileEnd end)
    {
        float* xb = x + xStride;
        for (int p = 0; p < 16; p += L.Width)
        {
            V a0 = L.All(0), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
            for (nint i = 0; i < steps; i++)
            {
                V r = L.All(x[i]), s = L.All(xb[i]);
                W.Load(weights, 2 * i, p, out V w0, out V w1);
                a0 = L.Fma(r, w0, a0);
                a1 = L.Fma(r, w1, a1);
                b0 = L.Fma(s, w0, b0);
                b1 = L.Fma(s, w1, b1);
                W.Load(weights, 2 * i + 1, p, out w0, out w1);
                a2 = L.Fma(r, w0, a2);
                a3 = L.Fma(r, w1, a3);
                b2 = L.Fma(s, w0, b2);
                b3 = L.Fma(s, w1, b3);
            }
            if (end.Y == null)
            {
                Store4(a0, a1, a2, a3, sums + p);
                Store4(b0, b1, b2, b3, sums + p + 64);
                continue;
            }
            Close4(sums + p, a0, a1, a2, a3, end.Start + p, end.Y + p, end.Scale + p);
            Close4(sums + p + 64, b0, b1, b2, b3, end.Start + end.StartStride + p, end.Y + end.YStride + p, end.Scale + p);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish4(V a0, V a1, V a2, V a3, V b0, V b1, V b2, V b3, float* start, float* y, float* scale)
    {
        L.Store(W.Finish(L.Add(a0, b0), L.Load(start), scale), y);
        L.Store(W.Finish(L.Add(a1, b1), L.Load(start + 16), scale + 16), y + 16);
        L.Store(W.Finish(L.Add(a2, b2), L.Load(start + 32), scale + 32), y + 32);
        L.Store(W.Finish(L.Add(a3, b3), L.Load(start + 48), scale + 48), y + 48);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store4(V a, V b, V c, V d, float* to)
    {
        L.Store(a, to);
        L.Store(b, to + 16);
        L.Store(c, to + 32);
        L.Store(d, to + 48);
    }

    /// <summary>start + (chain 0, whose sums wait in memory, + chain 1).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Close4(float* first, V b0, V b1, V b2, V b3, float* start, float* y, float* scale) =>
        Finish4(L.Load(first), L.Load(first + 16), L.Load(first + 32), L.Load(first + 48), b0, b1, b2, b3, start, y, scale);
}

/// <summary>Where a tile's second chain puts the finished sums; <see cref="Y"/> is null for the first chain, whose sums wait.</summary>
internal readonly unsafe struct TileEnd(float* start, nint startStride, float* y, nint yStride, float* scale)
{
    public readonly float* Start = start, Y = y, Scale = scale;
    public readonly nint StartStride = startStride, YStride = yStride;
}
