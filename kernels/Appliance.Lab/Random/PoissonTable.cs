namespace Appliance.Lab.Random;

/// <summary>Poisson numbers of one mean by inversion of the distribution, tabulated until it is within 1e-17 of one. Mean at most 100.</summary>
public sealed class PoissonTable
{
    private readonly double[] _cumulative;

    public PoissonTable(double mean)
    {
        if (!(mean >= 0 && mean <= 100)) throw new ArgumentOutOfRangeException(nameof(mean), mean, "The mean count of jumps in one step must lie in [0, 100].");
        var cumulative = new List<double>();
        double term = Math.Exp(-mean), sum = term;
        cumulative.Add(sum);
        for (int n = 1; n < 400 && !(n > mean && term < 1e-18); n++)
        {
            term *= mean / n;
            sum += term;
            cumulative.Add(sum);
        }
        _cumulative = [.. cumulative];
    }

    /// <summary>Uniforms up to this have no event.</summary>
    public double NoneProbability => _cumulative[0];

    public int Count(double uniform)
    {
        int n = 0;
        while (n < _cumulative.Length - 1 && uniform > _cumulative[n]) n++;
        return n;
    }
}
