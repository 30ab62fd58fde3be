using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Appliance.Lab.Training;

/// <summary>How trades are let through where the policy has a width.</summary>
public enum GateKind
{
    /// <summary>As the policy does: all or nothing, and no derivative to the width.</summary>
    Hard,
    /// <summary>By degrees, forwards and backwards: the smoothed objective whose slopes the surrogate takes, and by which they are checked. Trained on, it pays for what the policy cannot do, half a trade for half a fee.</summary>
    Soft,
    /// <summary>All or nothing on the way forwards, so that the loss is the policy's own; backwards by the slopes of the soft gate.</summary>
    Surrogate,
}

/// <summary>
/// Whether a trade of d is made at a width w: yes where |d| exceeds w. That jump has no derivative to w. The soft gate lets the share q = rⁿ / (1 + rⁿ), r = |d| / w, through and charges that share of
/// the cost per trade: 0 where nothing is wanted, a half at the width. The surrogate keeps the jump and takes q's slope backwards: a path near the width counts as far as q moves there. Half of these paths
/// have traded and half have not; what trading is worth to first order is nought seen from the target and twice the truth seen from the width, so that their mean is right to second order
/// (straight-through estimators in general: Bengio, Léonard and Courville, "Estimating or propagating gradients through stochastic neurons", 2013).
/// </summary>
internal readonly struct TradeGate(GateKind kind)
{
    /// <summary>n, a power of two: the slope reaches from half the width to twice it. Sharper gates leave fewer paths to learn from, and let a path's derivative grow from decision to decision.</summary>
    private const int Sharpness = 8;
    private const int Squarings = 2;
    /// <summary>Beyond this power of r a share is 0 or 1 to single precision.</summary>
    private const float PowerMax = 1e9f;
    private const float WidthMin = 1e-6f;
    private readonly GateKind _kind = kind;

    /// <summary>The share of a trade that is made.</summary>
    /// <param name="slope">r·dq/dr = n·q·(1 − q) of the soft gate; 0 for the hard one.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<float> Share(Vector512<float> distance, Vector512<float> width, out Vector512<float> slope)
    {
        Vector512<float> most = Vector512.Create(PowerMax), one = Vector512<float>.One, zero = Vector512<float>.Zero;
        Vector512<float> hard = Vector512.ConditionalSelect(Vector512.GreaterThan(distance, width), one, zero);
        slope = zero;
        if (_kind == GateKind.Hard) return hard;
        Vector512<float> ratio = distance / Vector512.Max(width, Vector512.Create(WidthMin)), power = Vector512.Min(ratio * ratio, most);
        for (int i = 0; i < Squarings; i++) power = Vector512.Min(power * power, most);
        Vector512<float> rest = one / (one + power), share = power * rest;
        slope = Vector512.Create((float)Sharpness) * share * rest;
        return _kind == GateKind.Soft ? share : hard;
    }

    /// <summary>x / w, for widths of nothing too.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> PerWidth(Vector512<float> x, Vector512<float> width) => x / Vector512.Max(width, Vector512.Create(WidthMin));
}
