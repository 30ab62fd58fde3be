using System.Runtime.CompilerServices;

namespace Appliance.Kernels.Simd;

/// <summary>The parameters of the log price's characteristic function, Heston's with Merton's jumps, and the contour it is integrated on.</summary>
internal readonly record struct HestonIntegrand(
    double Kappa, double Theta, double Xi, double Rho, double V0, double Lambda, double JumpMean, double JumpVariance, double Years, double LogMoneyness, double ControlVariance,
    double Cos, double Sin, double PayoffConstant, double PayoffSlope)
{
    /// <summary>What the jumps' mean growth takes from the drift, per jump: e^(m + δ²/2) − 1.</summary>
    public double JumpCompensator { get; init; }
}

/// <summary>The integrals from which price and Greeks are made; <see cref="Pricing.Fourier.HestonPricer"/> says of what.</summary>
internal struct HestonIntegrals
{
    public double Value, S, SS, D, DD, SD, Time, STime;
}

/// <summary>
/// Heston's characteristic function on the contour u = x·e^(iθ), shifted to u − i/2, over any lane width, in the form that keeps to one branch of the logarithm (Albrecher, Mayer, Schoutens
/// and Tistaert, "The little Heston trap", Wilmott January 2007) and divides by ξ² only what is of its order, so that ξ → 0 is no special case.
/// </summary>
internal static class HestonLanes<L, V> where L : struct, ILanes<V> where V : struct
{
    /// <summary>ψ, D and the time derivative of ψ, for ln E[(S_T/F)^(i(u − i/2))] = ψ(u).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ComplexLanes<L, V> Exponent(in HestonIntegrand p, ComplexLanes<L, V> u, ComplexLanes<L, V> w, bool timeToo, out ComplexLanes<L, V> slope, out ComplexLanes<L, V> time)
    {
        double xiSquare = p.Xi * p.Xi;
        // β = κ − ρξ·i(u − i/2) = κ − ρξ/2 − iρξu.
        var beta = new ComplexLanes<L, V>(L.Fma(L.All(p.Rho * p.Xi), u.Im, L.All(p.Kappa - 0.5 * p.Rho * p.Xi)), L.Multiply(L.All(-p.Rho * p.Xi), u.Re));
        ComplexLanes<L, V> d = ComplexLanes<L, V>.Sqrt(beta * beta + w * xiSquare);
        ComplexLanes<L, V> e = ComplexLanes<L, V>.Exp(d * -p.Years);
        var rest = new ComplexLanes<L, V>(L.Subtract(L.All(1.0), e.Re), L.Negate(e.Im));
        ComplexLanes<L, V> sum = beta + d;
        ComplexLanes<L, V> q = w / sum;
        // (β − d) = −ξ²w/(β + d): the difference never appears.
        slope = w * -1.0 * rest / (sum + q * xiSquare * e);
        ComplexLanes<L, V> logarithm = ComplexLanes<L, V>.LogOnePlus(q * rest / (d * 2.0) * -xiSquare);
        ComplexLanes<L, V> reversion = (q * p.Years + logarithm * (2.0 / xiSquare)) * (-p.Kappa * p.Theta);
        ComplexLanes<L, V> psi = reversion + slope * p.V0;
        time = default;
        if (timeToo) time = slope * (p.Kappa * p.Theta) + (w * -0.5 - beta * slope + slope * slope * (0.5 * xiSquare)) * p.V0;
        if (p.Lambda > 0)
        {
            // i(u − i/2) = ½ + iu; the jump's exponent is λT(e^((½ + iu)m + ½δ²(½ + iu)²) − 1 − (½ + iu)k).
            var s = new ComplexLanes<L, V>(L.Subtract(L.All(0.5), u.Im), u.Re);
            ComplexLanes<L, V> jump = ComplexLanes<L, V>.Exp(s * p.JumpMean + s * s * (0.5 * p.JumpVariance));
            jump = (jump + -1.0 - s * p.JumpCompensator) * p.Lambda;
            psi += jump * p.Years;
            time += jump;
        }
        return psi;
    }

    /// <summary>Re ψ(u) + Re(iuω) at u = x·e^(iθ): how far the integrand has decayed.</summary>
    public static V Decay(in HestonIntegrand p, V x)
    {
        var u = new ComplexLanes<L, V>(L.Multiply(x, L.All(p.Cos)), L.Multiply(x, L.All(p.Sin)));
        ComplexLanes<L, V> psi = Exponent(in p, u, u * u + 0.25, false, out _, out _);
        return L.Subtract(psi.Re, L.Multiply(u.Im, L.All(p.LogMoneyness)));
    }

    /// <summary>Sums weight·Re(integrand) over the nodes, whose count is a multiple of eight; eight partial sums each, folded in one order, so that every width gives the same bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static HestonIntegrals Sum(in HestonIntegrand p, double scale, ReadOnlySpan<double> nodes, ReadOnlySpan<double> weights, bool greeks)
    {
        Span<double> partial = stackalloc double[8 * 8];
        partial.Clear();
        for (int i = 0; i < nodes.Length; i += L.Width)
        {
            V x = L.Multiply(L.Load(in nodes[i]), L.All(scale)), weight = L.Multiply(L.Load(in weights[i]), L.All(scale));
            var u = new ComplexLanes<L, V>(L.Multiply(x, L.All(p.Cos)), L.Multiply(x, L.All(p.Sin)));
            ComplexLanes<L, V> w = u * u + 0.25;
            ComplexLanes<L, V> psi = Exponent(in p, u, w, greeks, out ComplexLanes<L, V> slope, out ComplexLanes<L, V> time);
            var s = new ComplexLanes<L, V>(L.Subtract(L.All(0.5), u.Im), u.Re);
            ComplexLanes<L, V> moneyness = s * p.LogMoneyness;
            ComplexLanes<L, V> phi = ComplexLanes<L, V>.Exp(psi + moneyness);
            ComplexLanes<L, V> control = ComplexLanes<L, V>.Exp(w * (-0.5 * p.ControlVariance) + moneyness);
            // du = e^(iθ) dx.
            ComplexLanes<L, V> factor = (s * p.PayoffSlope + p.PayoffConstant) / w * ComplexLanes<L, V>.Of(p.Cos, p.Sin);
            factor = new(L.Multiply(factor.Re, weight), L.Multiply(factor.Im, weight));
            ComplexLanes<L, V> difference = (phi - control) * factor;
            int lane = i % 8;
            Add(partial, 0, lane, difference.Re);
            if (!greeks) continue;
            phi *= factor;
            ComplexLanes<L, V> sDifference = s * difference, dPhi = slope * phi, timePhi = time * phi;
            Add(partial, 1, lane, sDifference.Re);
            Add(partial, 2, lane, (s * sDifference).Re);
            Add(partial, 3, lane, dPhi.Re);
            Add(partial, 4, lane, (slope * dPhi).Re);
            Add(partial, 5, lane, (s * dPhi).Re);
            Add(partial, 6, lane, timePhi.Re);
            Add(partial, 7, lane, (s * timePhi).Re);
        }
        return new HestonIntegrals
        {
            Value = Fold(partial, 0), S = Fold(partial, 1), SS = Fold(partial, 2), D = Fold(partial, 3), DD = Fold(partial, 4), SD = Fold(partial, 5), Time = Fold(partial, 6),
            STime = Fold(partial, 7),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(Span<double> partial, int which, int lane, V value)
    {
        ref double at = ref partial[8 * which + lane];
        L.Store(L.Add(L.Load(in at), value), ref at);
    }

    private static double Fold(Span<double> partial, int which)
    {
        Span<double> p = partial.Slice(8 * which, 8);
        return (p[0] + p[4] + (p[2] + p[6])) + (p[1] + p[5] + (p[3] + p[7]));
    }
}
