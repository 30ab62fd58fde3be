namespace Appliance.Lab.Training;

/// <summary>
/// Adam (Kingma and Ba, ICLR 2015) with β₁ = 0.9, β₂ = 0.999 in double precision, the gradient held to a norm, the rate warmed up over the first hundredth of the steps and then let down
/// along a half cosine to a hundredth (Loshchilov and Hutter, "SGDR", ICLR 2017, without restarts), and the mean of the weights over the last share of the steps
/// (Polyak and Juditsky, SIAM Journal on Control and Optimization 30 (1992)).
/// </summary>
public sealed class AdamOptimiser
{
    private const double Beta1 = 0.9, Beta2 = 0.999, Epsilon = 1e-8, FloorShare = 0.01;
    private readonly double _rate, _clipNorm;
    private readonly long _steps, _warmSteps, _averageFrom;

    public AdamOptimiser(double[] parameters, double rate, double clipNorm, long steps, double averagingShare)
    {
        Parameters = parameters;
        (_rate, _clipNorm, _steps) = (rate, clipNorm, Math.Max(steps, 1));
        _warmSteps = Math.Max(1, _steps / 100);
        _averageFrom = averagingShare > 0 ? (long)Math.Floor(_steps * (1 - averagingShare)) : long.MaxValue;
        First = new double[parameters.Length];
        Second = new double[parameters.Length];
        Average = new double[parameters.Length];
    }

    public double[] Parameters { get; }
    public double[] First { get; }
    public double[] Second { get; }
    /// <summary>The mean of the weights, once <see cref="Averaged"/> is above 0.</summary>
    public double[] Average { get; }
    public long Averaged { get; set; }
    public long Step { get; set; }

    public double RateAt(long step)
    {
        if (step < _warmSteps) return _rate * (step + 1) / _warmSteps;
        double done = (double)(step - _warmSteps) / Math.Max(1, _steps - _warmSteps);
        return _rate * (FloorShare + (1 - FloorShare) * 0.5 * (1 + Math.Cos(Math.PI * Math.Min(done, 1))));
    }

    /// <summary>One step down the gradient. Returns the gradient's norm before clipping.</summary>
    public double Move(ReadOnlySpan<double> gradient)
    {
        double square = 0;
        foreach (double g in gradient) square += g * g;
        double norm = Math.Sqrt(square);
        if (!double.IsFinite(norm)) return norm;
        double clip = _clipNorm > 0 && norm > _clipNorm ? _clipNorm / norm : 1;
        double rate = RateAt(Step);
        Step++;
        double correct1 = 1 - Math.Pow(Beta1, Step), correct2 = 1 - Math.Pow(Beta2, Step);
        for (int i = 0; i < gradient.Length; i++)
        {
            double g = gradient[i] * clip;
            First[i] = Beta1 * First[i] + (1 - Beta1) * g;
            Second[i] = Beta2 * Second[i] + (1 - Beta2) * g * g;
            Parameters[i] -= rate * (First[i] / correct1) / (Math.Sqrt(Second[i] / correct2) + Epsilon);
        }
        if (Step > _averageFrom)
        {
            Averaged++;
            for (int i = 0; i < Average.Length; i++) Average[i] += (Parameters[i] - Average[i]) / Averaged;
        }
        return norm;
    }
}
