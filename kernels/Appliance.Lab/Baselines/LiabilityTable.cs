using Appliance.Lab.Specification;

namespace Appliance.Lab.Baselines;

/// <summary>
/// What is owed, its delta and gamma as functions of the price at every step, on even nodes of the log price with cubics between, so that a path costs a look-up and not a series. Nodes reach eight
/// deviations to either side and stand an eighth of a step's deviation apart or closer where the number of steps allows; beyond them the ends hold.
/// </summary>
public sealed class LiabilityTable
{
    private readonly double _low, _inverseSpacing;
    private readonly int _nodes;
    private readonly double[][] _value, _delta, _gamma;

    public LiabilityTable(LabSpecification specification, int underlying, double volatility, bool withJumps)
    {
        var (market, time) = (specification.Market, specification.Time);
        double jumps = withJumps ? market.Lambda * (market.JumpMean * market.JumpMean + market.JumpStdDev * market.JumpStdDev) : 0;
        double deviation = Math.Sqrt((volatility * volatility + jumps) * time.MaturityYears), reach = Math.Max(8 * deviation + Math.Abs(market.Drift) * time.MaturityYears, 0.01);
        double step = Math.Max(volatility, 1e-4) * Math.Sqrt(time.StepYears);
        _nodes = (int)Math.Clamp(2 * reach / (step / 8), 801, 4001);
        _low = Math.Log(market.Spots[underlying]) - reach;
        double spacing = 2 * reach / (_nodes - 1);
        _inverseSpacing = 1 / spacing;
        (_value, _delta, _gamma) = (new double[time.Steps + 1][], new double[time.Steps + 1][], new double[time.Steps + 1][]);
        Parallel.For(0, time.Steps + 1, k =>
        {
            double[] value = new double[_nodes], delta = new double[_nodes], gamma = new double[_nodes];
            for (int i = 0; i < _nodes; i++) (value[i], delta[i], gamma[i]) = ClosedForms.Owed(specification, underlying, Math.Exp(_low + i * spacing), k, volatility, withJumps);
            (_value[k], _delta[k], _gamma[k]) = (value, delta, gamma);
        });
    }

    public void Values(int step, ReadOnlySpan<double> spot, Span<double> target) => Read(_value[step], spot, target);
    public void Deltas(int step, ReadOnlySpan<double> spot, Span<double> target) => Read(_delta[step], spot, target);
    public void Gammas(int step, ReadOnlySpan<double> spot, Span<double> target) => Read(_gamma[step], spot, target);

    private void Read(double[] table, ReadOnlySpan<double> spot, Span<double> target)
    {
        for (int p = 0; p < spot.Length; p++)
        {
            double place = Math.Clamp((Kernels.Scalar.Elementary.Log(spot[p]) - _low) * _inverseSpacing, 0, _nodes - 1);
            int i = Math.Clamp((int)place, 1, _nodes - 3);
            double t = place - i, a = table[i - 1], b = table[i], c = table[i + 1], d = table[i + 2];
            // Lagrange's cubic in Newton's form.
            double ab = b - a, bc = c - b, cd = d - c, abc = 0.5 * (bc - ab), bcd = 0.5 * (cd - bc), abcd = (bcd - abc) / 3;
            target[p] = a + (t + 1) * (ab + t * (abc + (t - 1) * abcd));
        }
    }
}
