using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Appliance.Kernels.Hedging;
using Appliance.Lab.Differentiation;

namespace Appliance.Lab.Training;

/// <summary>One output of the network as a holding, and the holding's derivative to the output.</summary>
internal readonly unsafe struct HeadEdge
{
    private readonly OutputSquash _squash;
    private readonly OutputMeaning _meaning;
    private readonly Vector512<float> _scale, _offset, _lower, _upper;

    public HeadEdge(HedgeHead head, in HoldingMap map)
    {
        (_squash, _meaning) = (head.Squash, head.Meaning);
        _scale = Vector512.Create(map.Scale);
        _offset = Vector512.Create(map.Offset);
        _lower = Vector512.Create(map.Lower);
        _upper = Vector512.Create(map.Upper);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<float> Value(float* output, float* neutral, int path)
    {
        Vector512<float> mapped = Distance(output, path);
        return _meaning switch
        {
            OutputMeaning.Position => mapped,
            OutputMeaning.NeutralOffset => mapped + Vector512.Load(neutral + path),
            _ => mapped * Vector512.Load(neutral + path),
        };
    }

    /// <summary>The output as a distance, whatever holdings mean.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<float> Distance(float* output, int path) =>
        Vector512.Min(Vector512.Max(Vector512.FusedMultiplyAdd(_scale, Squashed(Vector512.Load(output + path)), _offset), _lower), _upper);

    /// <summary>The distance's derivative to the output.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<float> DistanceSlope(float* output, int path)
    {
        Vector512<float> x = Vector512.Load(output + path), value = Vector512.FusedMultiplyAdd(_scale, Squashed(x), _offset);
        return Vector512.ConditionalSelect(Vector512.Equals(value, Vector512.Min(Vector512.Max(value, _lower), _upper)), _scale * SquashedSlope(x), Vector512<float>.Zero);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<float> Slope(float* output, float* neutral, int path)
    {
        Vector512<float> slope = DistanceSlope(output, path);
        return _meaning == OutputMeaning.NeutralMultiple ? slope * Vector512.Load(neutral + path) : slope;
    }

    /// <summary>Edges that cross both become their middle, as PolicyOutputs has it; returns where they did.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Uncross(ref Vector512<float> lower, ref Vector512<float> upper)
    {
        Vector512<float> crossed = Vector512.GreaterThan(lower, upper), middle = Vector512.Create(0.5f) * (lower + upper);
        lower = Vector512.ConditionalSelect(crossed, middle, lower);
        upper = Vector512.ConditionalSelect(crossed, middle, upper);
        return crossed;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector512<float> Squashed(Vector512<float> x) => _squash switch
    {
        OutputSquash.Identity => x,
        OutputSquash.Softplus => PathActivations.Softplus(x),
        OutputSquash.Sigmoid => PathActivations.Sigmoid(x),
        _ => PathActivations.Tanh(x),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector512<float> SquashedSlope(Vector512<float> x)
    {
        Vector512<float> one = Vector512<float>.One;
        switch (_squash)
        {
            case OutputSquash.Identity: return one;
            case OutputSquash.Softplus: return PathActivations.Sigmoid(x);
            case OutputSquash.Sigmoid:
                Vector512<float> s = PathActivations.Sigmoid(x);
                return s * (one - s);
            default:
                Vector512<float> t = PathActivations.Tanh(x);
                return one - t * t;
        }
    }
}
