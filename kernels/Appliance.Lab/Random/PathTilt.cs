using System.Runtime.CompilerServices;
using Appliance.Lab.Markets;
using Appliance.Lab.Specification;

namespace Appliance.Lab.Random;

/// <summary>
/// Importance sampling of paths by a mixture that holds the market itself (defensive: Hesterberg, Technometrics 37 (1995) 185–194; Owen and Zhou, Journal of the American Statistical Association 95 (2000) 135–143).
/// A path is drawn from component j with probability α_j; a tilted one's n normals of stream 0 have the mean m_j/√n and the deviation v, and its jumps the intensity f·λ. By Girsanov's formula and that for Poisson processes
/// <para>q_j/p = v^(−n) exp(Σz²/2 − Σ(z − m_j/√n)²/(2v²)) · f^N e^(−(f − 1)λT), N the number of jumps,</para>
/// and a path's ratio is 1/Σ α_j q_j/p, whatever component it came from: E_q[ratio·X] = E_p[X], and ratio ≤ 1/α_0 (Glasserman, "Monte Carlo Methods in Financial Engineering", Springer 2004, section 4.6).
/// The component is a function of seed and path alone, so that any path can be drawn by itself, as ever.
/// </summary>
public sealed class PathTilt
{
    /// <summary>Stream of the field in which a path's component is drawn, far above the simulators' own.</summary>
    private const int ComponentStream = 1024;
    private readonly RandomField _field;
    private readonly double[] _cumulative, _share, _mean, _slope, _offset;
    private readonly double _logFactor, _jumpOffset, _squareSlope;

    /// <param name="means">What a component gives to each normal, or a tree's θ; the first is 0.</param>
    /// <param name="slopes">Of the log of q_j/p in the sum of the normals or of the net steps.</param>
    /// <param name="offsets">What is taken off it.</param>
    /// <param name="squareSlope">Of the same in the sum of the normals' squares, for all but the first.</param>
    private PathTilt(ImportanceSpecification importance, ulong seed, double[] means, double[] slopes, double[] offsets, double squareSlope, double jumpsExpected)
    {
        _field = new RandomField(seed);
        (_mean, _slope, _offset, _squareSlope) = (means, slopes, offsets, squareSlope);
        int tilted = slopes.Length - 1;
        _share = [importance.PlainShare, .. Enumerable.Repeat((1 - importance.PlainShare) / tilted, tilted)];
        _cumulative = new double[_share.Length];
        double sum = 0;
        for (int j = 0; j < _share.Length; j++) _cumulative[j] = sum += _share[j];
        (JumpFactor, VolatilityFactor) = (importance.JumpFactor, importance.VolatilityFactor);
        _logFactor = Math.Log(JumpFactor);
        _jumpOffset = (JumpFactor - 1) * jumpsExpected;
    }

    public double JumpFactor { get; }
    public double VolatilityFactor { get; }
    public int Components => _slope.Length;

    /// <summary>For a market with a Brownian motion on <paramref name="indexes"/> increments.</summary>
    public static PathTilt OfNormals(ImportanceSpecification importance, ulong seed, int indexes, double jumpsExpected)
    {
        double[] shifts = [0, .. importance.Shifts.Count > 0 ? importance.Shifts : [0.0]];
        double v = importance.VolatilityFactor, n = indexes;
        double[] means = [.. shifts.Select(m => m / Math.Sqrt(n))];
        return new PathTilt(importance, seed, means, [.. means.Select(m => m / (v * v))], [.. shifts.Select(m => 0.5 * m * m / (v * v) + n * Math.Log(v))], 0.5 - 0.5 / (v * v), jumpsExpected);
    }

    /// <summary>For a tree whose steps are d = 1, 0, −1: q(d) = p(d) e^(θd)/M(θ), θ such that the end moves by about the shift.</summary>
    public static PathTilt OfTree(ImportanceSpecification importance, ulong seed, int steps, IReadOnlyList<double> probabilities)
    {
        double mean = probabilities[0] - probabilities[2], deviation = Math.Sqrt(Math.Max(probabilities[0] + probabilities[2] - mean * mean, 1e-300));
        double[] theta = [0, .. importance.Shifts.Select(m => m / (deviation * Math.Sqrt(steps)))];
        return new PathTilt(importance, seed, theta, theta, [.. theta.Select(t => steps * Math.Log(Moment(probabilities, t)))], 0, 0);
    }

    /// <summary>E e^(θd) of one step of a tree.</summary>
    internal static double Moment(IReadOnlyList<double> probabilities, double theta) => probabilities[0] * Math.Exp(theta) + probabilities[1] + probabilities[2] * Math.Exp(-theta);

    /// <summary>Which market a path comes from; 0 is the one that is meant.</summary>
    public int ComponentOf(long path)
    {
        double u = _field.Uniform(path, ComponentStream, 0);
        int j = 0;
        while (j < _cumulative.Length - 1 && u >= _cumulative[j]) j++;
        return j;
    }

    /// <summary>The mean that a component gives to each normal; of a tree its θ.</summary>
    public double MeanOf(int component) => _mean[component];

    internal void Begin(PathBlock block, long firstPath)
    {
        for (int p = 0; p < block.Paths; p++) block.TiltComponent[p] = (byte)ComponentOf(firstPath + p);
        block.TiltSum.AsSpan().Clear();
        block.TiltSquares.AsSpan().Clear();
        block.JumpCount.AsSpan().Clear();
    }

    /// <summary>The ratios, from the sum of the normals (of a tree, the net steps) and the jumps that the simulator noted.</summary>
    internal void End(PathBlock block)
    {
        Span<double> ratios = block.RatioRow;
        for (int p = 0; p < ratios.Length; p++)
        {
            double jumps = JumpFactor == 1 ? 0 : block.JumpCount[p] * _logFactor - _jumpOffset, density = _share[0];
            for (int j = 1; j < _share.Length; j++) density += _share[j] * Math.Exp(_slope[j] * block.TiltSum[p] + _squareSlope * block.TiltSquares[p] - _offset[j] + jumps);
            ratios[p] = 1 / density;
        }
    }
}

/// <summary>Draws whose first stream of normals has the mean and deviation that a path's component gives it, and that sum up what they gave.</summary>
public sealed class TiltedDraws(DrawSource inner, PathTilt tilt) : DrawSource
{
    public override int ScratchRows => inner.ScratchRows + 1;

    public override ReadOnlySpan<double> Normals(PathBlock block, long firstPath, int stream, int index)
    {
        ReadOnlySpan<double> plain = inner.Normals(block, firstPath, stream, index);
        if (stream != 0) return plain;
        Span<double> shifted = block.Scratch(inner.ScratchRows);
        for (int p = 0; p < shifted.Length; p++)
        {
            int component = block.TiltComponent[p];
            double z = component == 0 ? plain[p] : Math.FusedMultiplyAdd(tilt.VolatilityFactor, plain[p], tilt.MeanOf(component));
            shifted[p] = z;
            block.TiltSum[p] += z;
            block.TiltSquares[p] += z * z;
        }
        return shifted;
    }

    public override ReadOnlySpan<double> Drawn(PathBlock block, int stream, int index) => stream == 0 ? block.Scratch(inner.ScratchRows) : inner.Drawn(block, stream, index);
    public override ReadOnlySpan<double> Uniforms(PathBlock block, long firstPath, int stream, int index) => inner.Uniforms(block, firstPath, stream, index);
    public override double Uniform(long path, int stream, int index) => inner.Uniform(path, stream, index);
}

/// <summary>Numbers of jumps in a step, under the market or, on a path that is tilted, with their intensity multiplied.</summary>
internal sealed class JumpCounts
{
    private readonly PoissonTable _plain;
    private readonly PoissonTable? _tilted;
    private readonly double _noneSurely;

    public JumpCounts(double mean, PathTilt? tilt)
    {
        _plain = new PoissonTable(mean);
        _tilted = tilt is null || tilt.JumpFactor == 1 ? null : new PoissonTable(mean * tilt.JumpFactor);
        _noneSurely = Math.Min(_plain.NoneProbability, (_tilted ?? _plain).NoneProbability);
    }

    /// <summary>Nearly all steps have none: that is told by one comparison.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Count(PathBlock block, int path, double uniform) => uniform <= _noneSurely ? 0 : Find(block, path, uniform);

    private int Find(PathBlock block, int path, double uniform)
    {
        PoissonTable table = _tilted is not null && block.TiltComponent[path] != 0 ? _tilted : _plain;
        int count = table.Count(uniform);
        if (_tilted is not null) block.JumpCount[path] += count;
        return count;
    }
}
