using Jet = Appliance.Kernels.Simd.Jet<Appliance.Kernels.Simd.ScalarLanes, double>;

namespace Appliance.Kernels.Pricing.Closed;

/// <summary>
/// E[e^(−rτ); τ ≤ T] for the time τ at which a barrier is hit: what one unit paid at the hit is worth (F of Haug 2007, section 4.17.1).
/// <para>With μ = b/σ² − ½, L = ln(S/H), a = |L|/v and κ = (μ² + 2r/σ²)v²/2 the density of τ, taken in z = |L|/(σ√τ), gives F = 2e^(−μL)·∫ φ(z)·e^(−κ(a/z)²) dz over z &gt; a, an entire
/// function of κ. The closed form holds √κ, which has no derivative at zero and no real value below it, as strongly negative rates make it; there the integral is taken instead: next to the
/// barrier by its series in κ, whose terms have one sign for κ ≤ 0, further away by quadrature of an integrand that is smooth there.</para>
/// </summary>
internal static class HitDiscount
{
    /// <summary>Above this the closed form has lost no more than three digits of its second derivatives, and elsewhere the others are exact.</summary>
    private const double KappaMin = 0.005;
    /// <summary>Up to here the series' recurrence makes no error larger, and from here on 64 points have the integral to the last place.</summary>
    private const double NearMax = 1.5;
    private const double InverseSqrt2Pi = 0.3989422804014327;

    /// <param name="eta">+1: the barrier is below the spot.</param>
    public static Jet Price(in JetMarket m, in Jet mu, in Jet logSpotBarrier, double eta)
    {
        Jet square = mu * mu + 2.0 * (m.Rate / (m.Volatility * m.Volatility));
        Jet kappa = 0.5 * (square * m.Deviation * m.Deviation), tilt = -(mu * logSpotBarrier);
        if (kappa.Value > KappaMin)
        {
            Jet lambda = Jet.Sqrt(in square), lambdaV = lambda * m.Deviation, z = lambdaV - logSpotBarrier / m.Deviation, turn = lambda * logSpotBarrier;
            return Jet.ExpTimesCdf(tilt - turn, eta * z) + Jet.ExpTimesCdf(tilt + turn, eta * (z - 2.0 * lambdaV));
        }
        Jet distance = eta * (logSpotBarrier / m.Deviation);
        return distance.Value <= NearMax ? Near(in tilt, in kappa, in distance) : Far(in tilt, in kappa, in distance);
    }

    /// <summary>Σ (−κ)^j/j!·2I_j, I_j = ∫ φ(z)(a/z)^(2j) dz; by parts I_0 = Φ(−a), (2j + 1)·I_(j+1) = a·φ(a) − a²·I_j, which for a² below 2j + 1 makes no error larger.</summary>
    private static Jet Near(in Jet tilt, in Jet kappa, in Jet distance)
    {
        Jet square = distance * distance, edge = distance * (InverseSqrt2Pi * Jet.Exp(-0.5 * square)), moment = Jet.Cdf(-distance), power = Jet.Constant(1.0), sum = moment;
        double size = Math.Abs(kappa.Value);
        for (int j = 0; j < 3000; j++)
        {
            moment = (edge - square * moment) * (1.0 / (2 * j + 1));
            power *= kappa * (-1.0 / (j + 1));
            sum += power * moment;
            // Second derivatives of κ^j are j² of it: ten terms more than the values need.
            if (j > size + 10 && Math.Abs(power.Value) * (j + 1) * (j + 1) < 1e-22 * (1 + sum.Value) && j > 12) break;
        }
        return 2.0 * (Jet.Exp(in tilt) * sum);
    }

    /// <summary>Gauss and Legendre over z = a … √(a² + 90), where φ has fallen by e^45.</summary>
    private static Jet Far(in Jet tilt, in Jet kappa, in Jet distance)
    {
        Jet sum = default, square = distance * distance, scaled = kappa * square;
        double reach = 90 / (Math.Sqrt(distance.Value * distance.Value + 90) + distance.Value);
        ReadOnlySpan<double> nodes = GaussLegendre.Nodes64, weights = GaussLegendre.Weights64;
        for (int i = 0; i < nodes.Length; i++)
        {
            // The nodes move with a, which keeps them above it.
            Jet z = distance + 0.5 * reach * (1 + nodes[i]), zSquare = z * z;
            sum += weights[i] * Jet.Exp(tilt - 0.5 * zSquare - scaled / zSquare);
        }
        return reach * InverseSqrt2Pi * sum;
    }
}
