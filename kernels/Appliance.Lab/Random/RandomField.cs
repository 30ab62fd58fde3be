using Appliance.Lab.Markets;

namespace Appliance.Lab.Random;

/// <summary>
/// The random numbers of all paths as a field over (path, stream, index): a stream is one use (the first Brownian motion, jump counts, …), an index its place along the path, mostly the step.
/// Counter {path low, path high, index / 2, stream}, key the seed; index's lowest bit picks the half of the block. With antithetic pairs path 2k + 1 is the mirror image of path 2k.
/// </summary>
public sealed class RandomField(ulong seed, bool antithetic = false)
{
    private readonly uint _key0 = (uint)seed, _key1 = (uint)(seed >> 32);

    public double Uniform(long path, int stream, int index)
    {
        ulong own = (ulong)(antithetic ? path >> 1 : path);
        Philox.Block((uint)own, (uint)(own >> 32), (uint)index >> 1, (uint)stream, _key0, _key1, out ulong first, out ulong second);
        double u = Philox.ToUniform((index & 1) == 0 ? first : second);
        return antithetic && (path & 1) != 0 ? 1 - u : u;
    }

    public double Normal(long path, int stream, int index) => InverseNormal.Of(Uniform(path, stream, index));

    /// <summary>Uniform numbers of consecutive paths at an even index and the odd one after it.</summary>
    public void UniformPair(long firstPath, int stream, int evenIndex, Span<double> even, Span<double> odd)
    {
        int done = antithetic ? 0 : PhiloxRows.Uniforms((ulong)firstPath, (uint)evenIndex >> 1, (uint)stream, _key0, _key1, even, odd);
        for (int i = done; i < even.Length; i++)
        {
            long path = firstPath + i;
            ulong own = (ulong)(antithetic ? path >> 1 : path);
            Philox.Block((uint)own, (uint)(own >> 32), (uint)evenIndex >> 1, (uint)stream, _key0, _key1, out ulong first, out ulong second);
            double u = Philox.ToUniform(first), w = Philox.ToUniform(second);
            bool mirrored = antithetic && (path & 1) != 0;
            even[i] = mirrored ? 1 - u : u;
            odd[i] = mirrored ? 1 - w : w;
        }
    }

    /// <summary>Normal numbers of consecutive paths at an even index and the odd one after it.</summary>
    public void NormalPair(long firstPath, int stream, int evenIndex, Span<double> even, Span<double> odd)
    {
        UniformPair(firstPath, stream, evenIndex, even, odd);
        RowMath.ToNormal(even);
        RowMath.ToNormal(odd);
    }
}
