namespace Appliance.Kernels.Pricing.Closed;

/// <summary>Gauss-Legendre rules on [−1, 1], computed once by Newton's method on the three-term recurrence (Press et al., "Numerical Recipes", 3rd ed. 2007, section 4.6).</summary>
internal static class GaussLegendre
{
    private static readonly (double[] Nodes, double[] Weights) _rule64 = Rule(64);

    public static ReadOnlySpan<double> Nodes64 => _rule64.Nodes;
    public static ReadOnlySpan<double> Weights64 => _rule64.Weights;

    /// <summary>Nodes rising; each good to the last place but one. The platform's cosine only starts the iteration, whose end does not depend on it.</summary>
    public static (double[] Nodes, double[] Weights) Rule(int count)
    {
        var nodes = new double[count];
        var weights = new double[count];
        for (int i = 0; i < (count + 1) / 2; i++)
        {
            double x = Math.Cos(Math.PI * (i + 0.75) / (count + 0.5)), slope = 1;
            for (int iteration = 0; iteration < 8; iteration++)
            {
                double before = 1, now = x;
                for (int k = 2; k <= count; k++) (before, now) = (now, ((2 * k - 1) * x * now - (k - 1) * before) / k);
                slope = count * (x * now - before) / (x * x - 1);
                x -= now / slope;
            }
            if (2 * i + 1 == count) x = 0;
            nodes[count - 1 - i] = x;
            nodes[i] = -x;
            weights[i] = weights[count - 1 - i] = 2 / ((1 - x * x) * slope * slope);
        }
        return (nodes, weights);
    }
}
