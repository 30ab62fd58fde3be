using Appliance.Lab.Markets;

namespace Appliance.Lab.Certificates;

/// <summary>
/// Log expectations of exponentials over a lattice's nodes, a row of holdings at a time, whose exponents may differ by thousands: nodes are cut into chunks, each chunk keeps exponentials over
/// its own greatest exponent, and chunks are put together with a moving reference. One exponential a node and one a chunk met, instead of one for every weight.
/// </summary>
internal sealed class ScaledExponentials
{
    private const int ChunkNodes = 64;
    /// <summary>Below this sum what was lost to underflow could matter (a window that ends inside a chunk need not hold its greatest exponent): the chunk is then summed anew.</summary>
    private const double TooSmall = 1e-250;
    private readonly double[] _exponents, _scaled, _greatest;
    private readonly int _nodes, _holdings;

    /// <param name="exponents">[nodes, holdings]; kept.</param>
    public ScaledExponentials(double[] exponents, int nodes, int holdings)
    {
        (_exponents, _nodes, _holdings) = (exponents, nodes, holdings);
        int chunks = (nodes + ChunkNodes - 1) / ChunkNodes;
        _scaled = new double[exponents.Length];
        _greatest = new double[chunks * holdings];
        Parallel.For(0, chunks, c =>
        {
            int from = c * ChunkNodes, to = Math.Min(nodes, from + ChunkNodes);
            var greatest = _greatest.AsSpan(c * holdings, holdings);
            greatest.Fill(double.NegativeInfinity);
            for (int q = from; q < to; q++)
                for (int j = 0; j < holdings; j++) greatest[j] = Math.Max(greatest[j], exponents[q * holdings + j]);
            for (int q = from; q < to; q++)
                for (int j = 0; j < holdings; j++) _scaled[q * holdings + j] = Math.Exp(exponents[q * holdings + j] - greatest[j]);
        });
    }

    /// <summary>log Σ_w weights[w]·exp(exponent at node first + w), for each holding; what would lie beyond the edge stands on it.</summary>
    /// <param name="scratch">[2·holdings].</param>
    public void LogExpectation(ReadOnlySpan<double> weights, int first, Span<double> log, Span<double> scratch)
    {
        var sum = scratch[.._holdings];
        var part = scratch.Slice(_holdings, _holdings);
        sum.Clear();
        log.Fill(double.NegativeInfinity);
        for (int w = 0; w < weights.Length;)
        {
            int chunk = Node(first + w) / ChunkNodes, end = w;
            part.Clear();
            for (; end < weights.Length && Node(first + end) / ChunkNodes == chunk; end++) RowMath.AddScaled(part, _scaled.AsSpan(Node(first + end) * _holdings, _holdings), weights[end]);
            var greatest = _greatest.AsSpan(chunk * _holdings, _holdings);
            for (int j = 0; j < part.Length; j++)
            {
                double at = greatest[j], own = part[j];
                if (own < TooSmall) (at, own) = Anew(weights[w..end], first + w, j);
                // log holds the moving reference until the end.
                if (at > log[j]) (sum[j], log[j]) = (sum[j] * Math.Exp(log[j] - at) + own, at);
                else sum[j] += own * Math.Exp(at - log[j]);
            }
            w = end;
        }
        for (int j = 0; j < sum.Length; j++) log[j] += Math.Log(sum[j]);
    }

    private int Node(int node) => Math.Clamp(node, 0, _nodes - 1);

    private (double Greatest, double Sum) Anew(ReadOnlySpan<double> weights, int first, int holding)
    {
        double greatest = double.NegativeInfinity, sum = 0;
        for (int w = 0; w < weights.Length; w++) greatest = Math.Max(greatest, _exponents[Node(first + w) * _holdings + holding]);
        for (int w = 0; w < weights.Length; w++) sum += weights[w] * Math.Exp(_exponents[Node(first + w) * _holdings + holding] - greatest);
        return (greatest, sum);
    }
}
