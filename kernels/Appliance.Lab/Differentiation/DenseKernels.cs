using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Appliance.Lab.Differentiation;

/// <summary>
/// The three products of a dense layer over a block of paths. A block's rows are [units, paths], paths neighbouring, so that one weight meets sixteen paths in a register:
/// y = W·x + b forward, dx = Wᵀ·dy backward (the same routine on the transpose), and dW += dy·xᵀ, which sums over paths.
/// Units are padded to multiples of four by zero weights; paths are a multiple of 64. Each sum runs in one stated order, whatever the number of threads.
/// The blocking (4 outputs × 64 paths in sixteen accumulators) is that of Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", ACM TOMS 34 (2008), on registers only:
/// layers here are so small that a tile's inputs and the weights stay in the first cache.
/// </summary>
public static unsafe class DenseKernels
{
    /// <summary>Paths that one pass of the innermost loop takes; a block holds a multiple of it.</summary>
    public const int PathTile = 64;
    /// <summary>Units are padded to this.</summary>
    public const int UnitTile = 4;
    private const int Lanes = 16;

    public static int Padded(int units) => (units + UnitTile - 1) / UnitTile * UnitTile;

    /// <summary>y[o, p] = bias[o] + Σ_i w[o, i]·x[i, p], i rising.</summary>
    /// <param name="weight">[outputs / 4, inputs, 4]: four outputs' weights of one input are neighbours.</param>
    /// <param name="bias">[outputs]; null for none.</param>
    /// <param name="x">[inputs, paths].</param>
    /// <param name="y">[outputs, paths], written.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Apply(float* weight, float* bias, int inputs, int outputs, float* x, float* y, int paths)
    {
        for (int p = 0; p < paths; p += PathTile)
        {
            float* w = weight;
            for (int o = 0; o < outputs; o += UnitTile)
            {
                Vector512<float> a0, b0, c0, d0;
                if (bias is null) a0 = b0 = c0 = d0 = Vector512<float>.Zero;
                else
                {
                    a0 = Vector512.Create(bias[o]);
                    b0 = Vector512.Create(bias[o + 1]);
                    c0 = Vector512.Create(bias[o + 2]);
                    d0 = Vector512.Create(bias[o + 3]);
                }
                Vector512<float> a1 = a0, a2 = a0, a3 = a0, b1 = b0, b2 = b0, b3 = b0, c1 = c0, c2 = c0, c3 = c0, d1 = d0, d2 = d0, d3 = d0;
                float* from = x + p;
                for (int i = 0; i < inputs; i++)
                {
                    Vector512<float> x0 = Vector512.Load(from), x1 = Vector512.Load(from + 16), x2 = Vector512.Load(from + 32), x3 = Vector512.Load(from + 48);
                    Vector512<float> wa = Vector512.Create(w[0]);
                    a0 = Vector512.FusedMultiplyAdd(wa, x0, a0);
                    a1 = Vector512.FusedMultiplyAdd(wa, x1, a1);
                    a2 = Vector512.FusedMultiplyAdd(wa, x2, a2);
                    a3 = Vector512.FusedMultiplyAdd(wa, x3, a3);
                    Vector512<float> wb = Vector512.Create(w[1]);
                    b0 = Vector512.FusedMultiplyAdd(wb, x0, b0);
                    b1 = Vector512.FusedMultiplyAdd(wb, x1, b1);
                    b2 = Vector512.FusedMultiplyAdd(wb, x2, b2);
                    b3 = Vector512.FusedMultiplyAdd(wb, x3, b3);
                    Vector512<float> wc = Vector512.Create(w[2]);
                    c0 = Vector512.FusedMultiplyAdd(wc, x0, c0);
                    c1 = Vector512.FusedMultiplyAdd(wc, x1, c1);
                    c2 = Vector512.FusedMultiplyAdd(wc, x2, c2);
                    c3 = Vector512.FusedMultiplyAdd(wc, x3, c3);
                    Vector512<float> wd = Vector512.Create(w[3]);
                    d0 = Vector512.FusedMultiplyAdd(wd, x0, d0);
                    d1 = Vector512.FusedMultiplyAdd(wd, x1, d1);
                    d2 = Vector512.FusedMultiplyAdd(wd, x2, d2);
                    d3 = Vector512.FusedMultiplyAdd(wd, x3, d3);
                    w += UnitTile;
                    from += paths;
                }
                float* to = y + (long)o * paths + p;
                a0.Store(to); a1.Store(to + 16); a2.Store(to + 32); a3.Store(to + 48);
                to += paths;
                b0.Store(to); b1.Store(to + 16); b2.Store(to + 32); b3.Store(to + 48);
                to += paths;
                c0.Store(to); c1.Store(to + 16); c2.Store(to + 32); c3.Store(to + 48);
                to += paths;
                d0.Store(to); d1.Store(to + 16); d2.Store(to + 32); d3.Store(to + 48);
            }
        }
    }

    /// <summary>
    /// sums[o, i, lane] += Σ dy[o, p]·x[i, p] over the paths p ≡ lane (mod 16), rising; and biasSums[o, lane] += Σ dy[o, p]. <see cref="FoldLanes"/> makes one number of sixteen,
    /// once a group of blocks and not once a step.
    /// </summary>
    /// <param name="sums">[outputs / 4, inputs / 4, 4, 4, 16].</param>
    /// <param name="biasSums">[outputs, 16].</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AccumulateWeights(float* dy, float* x, int inputs, int outputs, float* sums, float* biasSums, int paths)
    {
        for (int o = 0; o < outputs; o += UnitTile)
        {
            float* da = dy + (long)o * paths, db = da + paths, dc = db + paths, dd = dc + paths;
            for (int i = 0; i < inputs; i += UnitTile)
            {
                float* x0 = x + (long)i * paths, x1 = x0 + paths, x2 = x1 + paths, x3 = x2 + paths;
                Vector512<float> a0 = Vector512.Load(sums), a1 = Vector512.Load(sums + 16), a2 = Vector512.Load(sums + 32), a3 = Vector512.Load(sums + 48);
                Vector512<float> b0 = Vector512.Load(sums + 64), b1 = Vector512.Load(sums + 80), b2 = Vector512.Load(sums + 96), b3 = Vector512.Load(sums + 112);
                Vector512<float> c0 = Vector512.Load(sums + 128), c1 = Vector512.Load(sums + 144), c2 = Vector512.Load(sums + 160), c3 = Vector512.Load(sums + 176);
                Vector512<float> d0 = Vector512.Load(sums + 192), d1 = Vector512.Load(sums + 208), d2 = Vector512.Load(sums + 224), d3 = Vector512.Load(sums + 240);
                for (int p = 0; p < paths; p += Lanes)
                {
                    Vector512<float> v0 = Vector512.Load(x0 + p), v1 = Vector512.Load(x1 + p), v2 = Vector512.Load(x2 + p), v3 = Vector512.Load(x3 + p);
                    Vector512<float> g = Vector512.Load(da + p);
                    a0 = Vector512.FusedMultiplyAdd(g, v0, a0);
                    a1 = Vector512.FusedMultiplyAdd(g, v1, a1);
                    a2 = Vector512.FusedMultiplyAdd(g, v2, a2);
                    a3 = Vector512.FusedMultiplyAdd(g, v3, a3);
                    g = Vector512.Load(db + p);
                    b0 = Vector512.FusedMultiplyAdd(g, v0, b0);
                    b1 = Vector512.FusedMultiplyAdd(g, v1, b1);
                    b2 = Vector512.FusedMultiplyAdd(g, v2, b2);
                    b3 = Vector512.FusedMultiplyAdd(g, v3, b3);
                    g = Vector512.Load(dc + p);
                    c0 = Vector512.FusedMultiplyAdd(g, v0, c0);
                    c1 = Vector512.FusedMultiplyAdd(g, v1, c1);
                    c2 = Vector512.FusedMultiplyAdd(g, v2, c2);
                    c3 = Vector512.FusedMultiplyAdd(g, v3, c3);
                    g = Vector512.Load(dd + p);
                    d0 = Vector512.FusedMultiplyAdd(g, v0, d0);
                    d1 = Vector512.FusedMultiplyAdd(g, v1, d1);
                    d2 = Vector512.FusedMultiplyAdd(g, v2, d2);
                    d3 = Vector512.FusedMultiplyAdd(g, v3, d3);
                }
                a0.Store(sums); a1.Store(sums + 16); a2.Store(sums + 32); a3.Store(sums + 48);
                b0.Store(sums + 64); b1.Store(sums + 80); b2.Store(sums + 96); b3.Store(sums + 112);
                c0.Store(sums + 128); c1.Store(sums + 144); c2.Store(sums + 160); c3.Store(sums + 176);
                d0.Store(sums + 192); d1.Store(sums + 208); d2.Store(sums + 224); d3.Store(sums + 240);
                sums += UnitTile * UnitTile * Lanes;
            }
            for (int k = 0; k < UnitTile; k++)
            {
                float* row = da + (long)k * paths;
                Vector512<float> sum = Vector512.Load(biasSums);
                for (int p = 0; p < paths; p += Lanes) sum += Vector512.Load(row + p);
                sum.Store(biasSums);
                biasSums += Lanes;
            }
        }
    }

    /// <summary>The sixteen lanes' sum in double precision, lane by lane.</summary>
    public static double FoldLanes(float* lanes)
    {
        double sum = 0;
        for (int l = 0; l < Lanes; l++) sum += lanes[l];
        return sum;
    }
}
