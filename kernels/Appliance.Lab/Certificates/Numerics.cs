namespace Appliance.Lab.Certificates;

/// <summary>Small steps that the programmes share: minima and values between nodes.</summary>
internal static class Numerics
{
    /// <summary>The least value of a curve given at even nodes: the least node, lowered by the parabola through it and its neighbours.</summary>
    public static double LeastByParabola(ReadOnlySpan<double> nodes, ReadOnlySpan<double> values, out double at)
    {
        int best = 0;
        for (int j = 1; j < values.Length; j++)
            if (values[j] < values[best]) best = j;
        at = nodes[best];
        if (best == 0 || best == values.Length - 1) return values[best];
        double least = ParabolaLeast(values[best - 1], values[best], values[best + 1], out double offset);
        at += offset * (nodes[best + 1] - nodes[best]);
        return least;
    }

    /// <summary>The least value of the parabola through (−1, a), (0, b), (1, c), of which b is the least.</summary>
    public static double ParabolaLeast(double a, double b, double c, out double offset)
    {
        double curvature = a - 2 * b + c;
        if (!(curvature > 0))
        {
            offset = 0;
            return b;
        }
        offset = Math.Clamp(0.5 * (a - c) / curvature, -1, 1);
        return b + 0.5 * offset * (c - a) + 0.5 * offset * offset * curvature;
    }

    /// <summary>Cubic through the four nodes around x, at even nodes.</summary>
    public static double Interpolate(ReadOnlySpan<double> nodes, ReadOnlySpan<double> values, double x)
    {
        double step = nodes[1] - nodes[0];
        int j = Math.Clamp((int)Math.Floor((x - nodes[0]) / step) - 1, 0, nodes.Length - 4);
        Span<double> taps = stackalloc double[4];
        CubicTaps((x - nodes[j + 1]) / step, taps);
        return taps[0] * values[j] + taps[1] * values[j + 1] + taps[2] * values[j + 2] + taps[3] * values[j + 3];
    }

    /// <summary>Weights of Lagrange's cubic at t in units of the spacing, for nodes −1, 0, 1, 2.</summary>
    public static void CubicTaps(double t, Span<double> taps)
    {
        taps[0] = -t * (t - 1) * (t - 2) / 6;
        taps[1] = (t + 1) * (t - 1) * (t - 2) / 2;
        taps[2] = -(t + 1) * t * (t - 2) / 2;
        taps[3] = (t + 1) * t * (t - 1) / 6;
    }
}
