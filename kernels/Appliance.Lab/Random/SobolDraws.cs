using Appliance.Lab.Markets;

namespace Appliance.Lab.Random;

/// <summary>
/// Normals from Sobol points through a Brownian bridge: the first coordinates set where each Brownian motion ends, the next its middle, and so on, so that the best coordinates carry most of the variance
/// (Caflisch, Morokoff and Owen, Journal of Computational Finance 1 (1997) 27–46; Glasserman 2004, section 5.5.2). What comes out are increments in units of a step's deviation, which a simulator cannot tell from independent
/// normals. Uniforms (variances, jumps) stay Philox numbers.
/// </summary>
public sealed class SobolDraws : DrawSource
{
    private readonly SobolPoints _points;
    private readonly PhiloxDraws _rest;
    private readonly int _streams, _indexes;
    private readonly int[] _point, _left, _right;
    private readonly double[] _leftWeight, _rightWeight, _deviation;

    public SobolDraws(ulong seed, int normalStreams, int uniformStreams, int indexes)
    {
        (_streams, _indexes) = (normalStreams, indexes);
        _points = new SobolPoints(Math.Max(1, normalStreams * indexes), seed);
        _rest = new PhiloxDraws(new RandomField(seed), 0, uniformStreams);
        (_point, _left, _right) = (new int[indexes], new int[indexes], new int[indexes]);
        (_leftWeight, _rightWeight, _deviation) = (new double[indexes], new double[indexes], new double[indexes]);
        Plan();
    }

    public override int ScratchRows => _rest.ScratchRows + _streams * (_indexes + 1);

    public override ReadOnlySpan<double> Normals(PathBlock block, long firstPath, int stream, int index)
    {
        if (index == 0) Build(block, firstPath, stream);
        return Row(block, stream, index);
    }

    public override ReadOnlySpan<double> Drawn(PathBlock block, int stream, int index) => Row(block, stream, index);
    public override ReadOnlySpan<double> Uniforms(PathBlock block, long firstPath, int stream, int index) => _rest.Uniforms(block, firstPath, stream, index);
    public override double Uniform(long path, int stream, int index) => _rest.Uniform(path, stream, index);

    private Span<double> Row(PathBlock block, int stream, int index) => block.Scratch(_rest.ScratchRows + stream * (_indexes + 1) + index);

    /// <summary>The order of the bridge over times 1 … indexes: the end, then the middle of the widest gap, from the left.</summary>
    private void Plan()
    {
        var set = new bool[_indexes + 1];
        set[0] = true;
        (_point[0], _left[0], _right[0], _deviation[0]) = (_indexes, 0, -1, Math.Sqrt(_indexes));
        set[_indexes] = true;
        int next = 1;
        var gaps = new Queue<(int Left, int Right)>();
        gaps.Enqueue((0, _indexes));
        while (next < _indexes)
        {
            var (left, right) = gaps.Dequeue();
            if (right - left < 2) continue;
            int middle = (left + right) / 2;
            (_point[next], _left[next], _right[next]) = (middle, left, right);
            double width = right - left;
            (_leftWeight[next], _rightWeight[next]) = ((right - middle) / width, (middle - left) / width);
            _deviation[next] = Math.Sqrt((middle - left) * (right - middle) / width);
            next++;
            gaps.Enqueue((left, middle));
            gaps.Enqueue((middle, right));
        }
    }

    private void Build(PathBlock block, long firstPath, int stream)
    {
        // Row i holds W at time i + 1 while the bridge is built; then rows become increments, from the last back.
        for (int d = 0; d < _indexes; d++)
        {
            var row = Row(block, stream, _point[d] - 1);
            int dimension = d * _streams + stream;
            for (int p = 0; p < row.Length; p++) row[p] = _deviation[d] * InverseNormal.Of(_points.At(firstPath + p, dimension));
            if (_left[d] > 0) RowMath.AddScaled(row, Row(block, stream, _left[d] - 1), _leftWeight[d]);
            if (_right[d] > 0) RowMath.AddScaled(row, Row(block, stream, _right[d] - 1), _rightWeight[d]);
        }
        for (int i = _indexes - 1; i > 0; i--) RowMath.AddScaled(Row(block, stream, i), Row(block, stream, i - 1), -1);
    }
}
