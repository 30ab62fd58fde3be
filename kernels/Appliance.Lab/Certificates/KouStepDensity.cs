using System.Numerics;
using Appliance.Lab.Specification;

namespace Appliance.Lab.Certificates;

/// <summary>
/// Density of a step's log return under Kou's double-exponential jumps, less its drift: the characteristic function exp(−½v²hu² + λh(pη₁/(η₁ − iu) + (1 − p)η₂/(η₂ + iu) − 1)) (Kou, "A jump-diffusion model for
/// option pricing", Management Science 48 (2002) 1086–1101) inverted by the trapezoidal rule. Each tail is inverted at a tilt of half its own rate, f(x) = e^(−θx)/2π · ∫ e^(−iux) φ(u − iθ) du, so that it is right
/// relatively and not only absolutely. Tabulated as a logarithm, sixty nodes to a deviation of the diffusion, and read by a cubic: relative error below 1e-8 where tests compare.
/// </summary>
internal sealed class KouStepDensity
{
    private const int NodesPerDeviation = 60;
    /// <summary>e to the minus this is nothing beside one in double precision.</summary>
    private const double Vanishing = 40;
    private readonly double _variance, _mean, _up, _upRate, _downRate, _low, _spacing;
    private readonly double[] _logs;

    public KouStepDensity(MarketSpecification market, double years)
    {
        (_variance, _mean) = (market.Volatilities[0] * market.Volatilities[0] * years, market.Lambda * years);
        (_up, _upRate, _downRate) = (market.UpProbability, market.UpRate, market.DownRate);
        double deviation = Math.Sqrt(_variance);
        _spacing = deviation / NodesPerDeviation;
        (Lowest, Highest) = (-Reach(deviation, _downRate, 1 - _up), Reach(deviation, _upRate, _up));
        _low = Lowest - 2 * _spacing;
        _logs = new double[(int)Math.Ceiling((Highest - _low) / _spacing) + 4];
        double upTilt = 0.5 * _upRate, downTilt = 0.5 * _downRate;
        double[][] tables = [Values(0, out double frequencyStep), Values(upTilt, out _), Values(-downTilt, out _)];
        Parallel.For(0, _logs.Length, i =>
        {
            double x = _low + i * _spacing;
            // In the middle the diffusion rules and no tilt is needed; a tail that carries no jumps has nothing but the diffusion.
            bool middle = Math.Abs(x) < 4 * deviation;
            double tilt = middle ? 0 : x > 0 ? upTilt : -downTilt;
            double value = Invert(x, tables[middle ? 0 : x > 0 ? 1 : 2], frequencyStep) * Math.Exp(-tilt * x);
            _logs[i] = Math.Log(Math.Max(value, 1e-300));
        });
    }

    /// <summary>Where the density is known; beyond it is nothing that counts.</summary>
    public double Lowest { get; }
    public double Highest { get; }

    public double Of(double x)
    {
        if (x < Lowest || x > Highest) return 0;
        double place = (x - _low) / _spacing;
        int n = (int)place;
        Span<double> taps = stackalloc double[4];
        Numerics.CubicTaps(place - n, taps);
        return Math.Exp(taps[0] * _logs[n - 1] + taps[1] * _logs[n] + taps[2] * _logs[n + 1] + taps[3] * _logs[n + 2]);
    }

    /// <summary>Nine deviations, or as far as a jump's exponential tail matters.</summary>
    private double Reach(double deviation, double rate, double share) => 9 * deviation + (_mean * share > 0 ? Math.Max(0, Vanishing + Math.Log(_mean * share)) / rate : 0);

    /// <summary>φ(u − iθ) at the rule's frequencies, [real, imaginary] each.</summary>
    private double[] Values(double tilt, out double frequencyStep)
    {
        // The rule repeats the tilted density with this period; what comes over from the neighbours has decayed at half the slower rate.
        double period = 2 * (Highest - Lowest) + Vanishing / (0.5 * Math.Min(_upRate, _downRate));
        frequencyStep = 2 * Math.PI / period;
        int count = (int)Math.Ceiling(Math.Sqrt(2 * Vanishing / _variance) / frequencyStep);
        var values = new double[2 * count];
        for (int k = 0; k < count; k++)
        {
            var s = new Complex(tilt, k * frequencyStep);
            Complex phi = Complex.Exp(0.5 * _variance * s * s + _mean * (_up * _upRate / (_upRate - s) + (1 - _up) * _downRate / (_downRate + s) - 1));
            (values[2 * k], values[2 * k + 1]) = (phi.Real, phi.Imaginary);
        }
        return values;
    }

    private static double Invert(double x, double[] values, double frequencyStep)
    {
        Complex turn = Complex.FromPolarCoordinates(1, -frequencyStep * x), at = Complex.One;
        double sum = 0.5 * values[0];
        for (int k = 1; 2 * k < values.Length; k++)
        {
            // The turning's rounding is taken back now and then.
            at = (k & 31) == 0 ? Complex.FromPolarCoordinates(1, -k * frequencyStep * x) : at * turn;
            sum += at.Real * values[2 * k] - at.Imaginary * values[2 * k + 1];
        }
        return sum * frequencyStep / Math.PI;
    }
}
