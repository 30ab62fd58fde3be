using System.Runtime.CompilerServices;

namespace Appliance.Kernels.Simd;

/// <summary>The parameters of the log price's characteristic function, Heston's with Merton's jumps, and the contour it is integrated on.</summary>
internal readonly record struct HestonIntegrand(
    double Kappa, double Theta, double Xi, double Rho, double V0, double Lambda, double JumpMean, double JumpVariance, double Years, double LogMoneyness, double ControlVariance,
    double Scale, double Cos, double Sin, double PayoffConstant, double PayoffSlope)
{
    /// <summary>What the jumps' mean growth takes from the drift, per jump: e^(m + δ²/2) − 1.</summary>
    public double JumpCompensator { get; init; }

    /// <summary>A rule of a wider step than this does not see every turn that the jumps give to the integrand, and may settle by chance.</summary>
    public double StepMax { get; init; }

    /// <summary>Up to this u the jumps may bring back an integrand that has all but vanished.</summary>
    public double Reach { get; init; }
}

/// <summary>The integrals from which price and Greeks are made; <see cref="Pricing.Fourier.HestonPricer"/> says of what.</summary>
internal struct HestonIntegrals
{
    public double Value, S, SS, D, DD, SD, Time, STime;

    public readonly HestonIntegrals Plus(in HestonIntegrals b) => new()
    {
        Value = Value + b.Value, S = S + b.S, SS = SS + b.SS, D = D + b.D, DD = DD + b.DD, SD = SD + b.SD, Time = Time + b.Time, STime = STime + b.STime,
    };

    public readonly HestonIntegrals Times(double factor) => new()
    {
        Value = Value * factor, S = S * factor, SS = SS * factor, D = D * factor, DD = DD * factor, SD = SD * factor, Time = Time * factor, STime = STime * factor,
    };
}

/// <summary>Points y ≥ 0 of the trapezoidal rule on the contour u = b·(sinh(y + iθ) − i·sin θ); of <see cref="Cosh"/>, which weighs them, the one at y = 0 counts half.</summary>
internal readonly record struct HestonNodes(double[] Sinh, double[] CoshLessOne, double[] Cosh);

/// <summary>
/// Heston's characteristic function on the contour u = b·(sinh(y + iθ) − i·sin θ), shifted to u − i/2, over any lane width, in the form that keeps to one branch of the logarithm (Albrecher,
/// Mayer, Schoutens and Tistaert, "The little Heston trap", Wilmott January 2007) and divides by ξ² only what is of its order, so that ξ → 0 is no special case.
/// <para>A chunk of up to <see cref="ChunkNodes"/> nodes goes through the stages together, its figures between them in a buffer of <see cref="BufferLength"/> doubles: one method for all would exceed what
/// the compiler inlines, and the registers of a chunk hide each other's latencies.</para>
/// </summary>
internal static class HestonLanes<L, V> where L : struct, ILanes<V> where V : struct
{
    public const int ChunkNodes = 16, BufferLength = 2 * ChunkNodes * SlotCount, PartialLength = 8 * 8;

    /// <summary>Complex figures of a chunk: the real parts of all nodes, then the imaginary ones. Those whose exponentials are taken together stand side by side.</summary>
    private const int U = 0, W = 1, Step = 2, Beta = 3, D = 4, E = 5, Jump = 6, Q = 7, Slope = 8, Logarithm = 9, Phi = 10, Control = 11, Time = 12, SlotCount = 13;

    /// <summary>Adds Re(integrand·du/dy) at <paramref name="count"/> nodes, a multiple of eight, to eight partial sums of each integral (of the first three alone without Greeks).</summary>
    /// <returns>The square of the integrand's size at the last node.</returns>
    public static double Add(in HestonIntegrand p, in HestonNodes nodes, int from, int count, bool greeks, Span<double> buffer, Span<double> partial)
    {
        if (buffer.Length < BufferLength || partial.Length < PartialLength || count > ChunkNodes || from + count > nodes.Sinh.Length) ThrowShort();
        ref double at = ref buffer[0];
        Root(in p, in nodes, from, count, ref at);
        Exponentials(ref at, E, p.Lambda > 0 ? 2 : 1, count);
        Riccati(in p, count, ref at);
        Logarithms(count, ref at);
        Exponent(in p, count, greeks, ref at);
        Exponentials(ref at, Phi, 2, count);
        return greeks ? AddAll(in p, count, ref at, ref partial[0]) : AddPrice(in p, count, ref at, ref partial[0]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ComplexLanes<L, V> Get(ref double buffer, int slot, int i)
    {
        ref double at = ref Unsafe.Add(ref buffer, 2 * ChunkNodes * slot + i);
        return new(L.Load(in at), L.Load(in Unsafe.Add(ref at, ChunkNodes)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(ref double buffer, int slot, int i, ComplexLanes<L, V> value)
    {
        ref double at = ref Unsafe.Add(ref buffer, 2 * ChunkNodes * slot + i);
        L.Store(value.Re, ref at);
        L.Store(value.Im, ref Unsafe.Add(ref at, ChunkNodes));
    }

    /// <summary>½ + iu.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ComplexLanes<L, V> Shifted(ComplexLanes<L, V> u) => new(L.Subtract(L.All(0.5), u.Im), u.Re);

    /// <summary>The nodes and Riccati's root d, with the arguments of e^(−dT) and of the jump's exponential e^(sm + ½δ²s²).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Root(in HestonIntegrand p, in HestonNodes nodes, int from, int count, ref double buffer)
    {
        V along = L.All(p.Scale * p.Cos), across = L.All(p.Scale * p.Sin), slope = L.All(p.Rho * p.Xi), start = L.All(p.Kappa - 0.5 * p.Rho * p.Xi);
        double xiSquare = p.Xi * p.Xi, minusYears = -p.Years;
        for (int i = 0; i < count; i += L.Width)
        {
            V sinh = L.Load(in nodes.Sinh[from + i]);
            var u = new ComplexLanes<L, V>(L.Multiply(sinh, along), L.Multiply(L.Load(in nodes.CoshLessOne[from + i]), across));
            var step = new ComplexLanes<L, V>(L.Multiply(L.Load(in nodes.Cosh[from + i]), along), L.Multiply(sinh, across));
            ComplexLanes<L, V> w = u * u + 0.25;
            // β = κ − ρξ·i(u − i/2) = κ − ρξ/2 − iρξu.
            var beta = new ComplexLanes<L, V>(L.Fma(slope, u.Im, start), L.Negate(L.Multiply(slope, u.Re)));
            ComplexLanes<L, V> d = ComplexLanes<L, V>.Sqrt(beta * beta + w * xiSquare);
            Put(ref buffer, U, i, u);
            Put(ref buffer, Step, i, step);
            Put(ref buffer, W, i, w);
            Put(ref buffer, Beta, i, beta);
            Put(ref buffer, D, i, d);
            Put(ref buffer, E, i, d * minusYears);
            if (!(p.Lambda > 0)) continue;
            ComplexLanes<L, V> s = Shifted(u);
            Put(ref buffer, Jump, i, s * p.JumpMean + s * s * (0.5 * p.JumpVariance));
        }
    }

    /// <summary>What has underflowed has no phase: far out the phase is beyond what <see cref="ComplexLanes{L,V}.SinCos"/> takes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Exponentials(ref double buffer, int slot, int slots, int count)
    {
        V underflow = L.All(-745.0), zero = L.All(0.0);
        for (int end = slot + slots; slot < end; slot++)
            for (int i = 0; i < count; i += L.Width)
            {
                ComplexLanes<L, V> z = Get(ref buffer, slot, i);
                Put(ref buffer, slot, i, ComplexLanes<L, V>.Exp(new(z.Re, L.WhereGreater(underflow, z.Re, zero, z.Im))));
            }
    }

    /// <summary>D of ψ = C + D·v₀, and the argument of the logarithm in C.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Riccati(in HestonIntegrand p, int count, ref double buffer)
    {
        double xiSquare = p.Xi * p.Xi;
        V one = L.All(1.0);
        for (int i = 0; i < count; i += L.Width)
        {
            ComplexLanes<L, V> w = Get(ref buffer, W, i), d = Get(ref buffer, D, i), e = Get(ref buffer, E, i);
            var rest = new ComplexLanes<L, V>(L.Subtract(one, e.Re), L.Negate(e.Im));
            ComplexLanes<L, V> sum = Get(ref buffer, Beta, i) + d;
            // (β − d) = −ξ²w/(β + d): the difference never appears.
            ComplexLanes<L, V> q = w / sum;
            ComplexLanes<L, V> wRest = w * rest;
            Put(ref buffer, Q, i, q);
            Put(ref buffer, Slope, i, wRest * -1.0 / (sum + q * e * xiSquare));
            Put(ref buffer, Logarithm, i, q * rest / d * (-0.5 * xiSquare));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Logarithms(int count, ref double buffer)
    {
        for (int i = 0; i < count; i += L.Width) Put(ref buffer, Logarithm, i, ComplexLanes<L, V>.LogOnePlus(Get(ref buffer, Logarithm, i)));
    }

    /// <summary>ψ + sω and the control variate's exponent; with Greeks also the time derivative of ψ, which is Riccati's right-hand side.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Exponent(in HestonIntegrand p, int count, bool greeks, ref double buffer)
    {
        double xiSquare = p.Xi * p.Xi, reversion = -p.Kappa * p.Theta;
        for (int i = 0; i < count; i += L.Width)
        {
            ComplexLanes<L, V> w = Get(ref buffer, W, i), slope = Get(ref buffer, Slope, i), s = Shifted(Get(ref buffer, U, i));
            ComplexLanes<L, V> psi = Get(ref buffer, Q, i) * (reversion * p.Years) + Get(ref buffer, Logarithm, i) * (reversion * 2.0 / xiSquare) + slope * p.V0;
            ComplexLanes<L, V> jump = default;
            if (p.Lambda > 0)
            {
                // The jumps add λT(e^(sm + ½δ²s²) − 1 − sk) with k their compensator.
                jump = (Get(ref buffer, Jump, i) + -1.0 - s * p.JumpCompensator) * p.Lambda;
                psi += jump * p.Years;
            }
            ComplexLanes<L, V> moneyness = s * p.LogMoneyness;
            Put(ref buffer, Phi, i, psi + moneyness);
            Put(ref buffer, Control, i, w * (-0.5 * p.ControlVariance) + moneyness);
            if (!greeks) continue;
            ComplexLanes<L, V> time = slope * -reversion + (w * -0.5 - Get(ref buffer, Beta, i) * slope + slope * slope * (0.5 * xiSquare)) * p.V0;
            Put(ref buffer, Time, i, p.Lambda > 0 ? time + jump : time);
        }
    }

    /// <summary>(payoff's transform)/(u² + ¼)·du/dy.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ComplexLanes<L, V> Factor(in HestonIntegrand p, ComplexLanes<L, V> s, int i, ref double buffer) =>
        (s * p.PayoffSlope + p.PayoffConstant) * Get(ref buffer, Step, i) / Get(ref buffer, W, i);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double AddPrice(in HestonIntegrand p, int count, ref double buffer, ref double partial)
    {
        for (int i = 0; i < count; i += L.Width)
        {
            ComplexLanes<L, V> s = Shifted(Get(ref buffer, U, i));
            ComplexLanes<L, V> difference = (Get(ref buffer, Phi, i) - Get(ref buffer, Control, i)) * Factor(in p, s, i, ref buffer);
            Put(ref buffer, Phi, i, difference);
            ComplexLanes<L, V> sDifference = s * difference;
            Add(ref partial, 0, i, difference.Re);
            Add(ref partial, 1, i, sDifference.Re);
            Add(ref partial, 2, i, (s * sDifference).Re);
        }
        return SizeSquare(ref buffer, count - 1);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double AddAll(in HestonIntegrand p, int count, ref double buffer, ref double partial)
    {
        for (int i = 0; i < count; i += L.Width)
        {
            ComplexLanes<L, V> s = Shifted(Get(ref buffer, U, i)), factor = Factor(in p, s, i, ref buffer), phi = Get(ref buffer, Phi, i), slope = Get(ref buffer, Slope, i);
            ComplexLanes<L, V> difference = (phi - Get(ref buffer, Control, i)) * factor;
            phi *= factor;
            Put(ref buffer, Phi, i, difference);
            ComplexLanes<L, V> sDifference = s * difference, dPhi = slope * phi, timePhi = Get(ref buffer, Time, i) * phi;
            Add(ref partial, 0, i, difference.Re);
            Add(ref partial, 1, i, sDifference.Re);
            Add(ref partial, 2, i, (s * sDifference).Re);
            Add(ref partial, 3, i, dPhi.Re);
            Add(ref partial, 4, i, (slope * dPhi).Re);
            Add(ref partial, 5, i, (s * dPhi).Re);
            Add(ref partial, 6, i, timePhi.Re);
            Add(ref partial, 7, i, (s * timePhi).Re);
        }
        return SizeSquare(ref buffer, count - 1);
    }

    private static double SizeSquare(ref double buffer, int node)
    {
        double re = Unsafe.Add(ref buffer, 2 * ChunkNodes * Phi + node), im = Unsafe.Add(ref buffer, 2 * ChunkNodes * Phi + ChunkNodes + node);
        return re * re + im * im;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(ref double partial, int which, int i, V value)
    {
        ref double at = ref Unsafe.Add(ref partial, 8 * which + i % 8);
        L.Store(L.Add(L.Load(in at), value), ref at);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ThrowShort() => throw new ArgumentException("The buffers do not hold a chunk of nodes.");
}
