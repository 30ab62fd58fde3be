namespace Appliance.Venue.Embedded;

/// <summary>
/// Our own generator, so that a seed means the same run on every runtime: SplitMix64 (G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number
/// generators", OOPSLA 2014), a counter passed through a mixing function.
/// </summary>
internal struct VenueRandom(ulong seed)
{
    private ulong _state = seed;

    public ulong Next()
    {
        ulong z = _state += 0x9E3779B97F4A7C15UL;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }

    /// <summary>Uniform in [0, 1), 53 bits.</summary>
    public double NextDouble() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in 0 … <paramref name="below"/> − 1; the bias of the multiplication (2⁻³²) does not matter to a simulation.</summary>
    public int NextInt(int below) => (int)(((Next() >> 32) * (ulong)below) >> 32);

    /// <summary>Exponential with mean 1.</summary>
    public double NextExponential() => -Math.Log(1.0 - NextDouble());

    /// <summary>Standard normal by Box and Muller's transform (Annals of Mathematical Statistics 29, 1958).</summary>
    public double NextNormal() => Math.Sqrt(2.0 * NextExponential()) * Math.Cos(2.0 * Math.PI * NextDouble());
}
