namespace Appliance.Lab.Training;

/// <summary>(1/a) log E e^{aL}: the weight is e^{a(L − c)} with c the risk of the batch before, divided by the batch's own sum, so that no lag is left in the gradient.</summary>
public sealed class EntropicObjective : TrainingObjective
{
    /// <summary>Beyond this exponent a weight stands still: one path must not overflow a batch.</summary>
    private const double ExponentMax = 60;
    private readonly double _riskAversion;

    public EntropicObjective(double riskAversion)
    {
        _riskAversion = riskAversion;
        State = new double[1];
    }

    public override void Begin(ReadOnlySpan<float> losses)
    {
        double greatest = double.NegativeInfinity, sum = 0;
        foreach (float l in losses) greatest = Math.Max(greatest, l);
        foreach (float l in losses) sum += Math.Exp(_riskAversion * (l - greatest));
        State[0] = greatest + Math.Log(sum / losses.Length) / _riskAversion;
    }

    public override void Weigh(ReadOnlySpan<float> losses, Span<float> weights, ref BatchSums sums)
    {
        for (int p = 0; p < losses.Length; p++)
        {
            double weight = Math.Exp(Math.Min(_riskAversion * (losses[p] - State[0]), ExponentMax));
            weights[p] = (float)weight;
            sums.A += weight;
        }
        sums.Paths += losses.Length;
    }

    public override void Weigh(ReadOnlySpan<float> losses, ReadOnlySpan<float> ratios, Span<float> weights, ref BatchSums sums)
    {
        for (int p = 0; p < losses.Length; p++)
        {
            double weight = ratios[p] * Math.Exp(Math.Min(_riskAversion * (losses[p] - State[0]), ExponentMax));
            weights[p] = (float)weight;
            sums.A += weight;
        }
        sums.Paths += losses.Length;
    }

    public override double Finish(in BatchSums sums, out double gradientScale)
    {
        gradientScale = 1 / sums.A;
        return State[0] += Math.Log(sums.A / sums.Paths) / _riskAversion;
    }
}

/// <summary>w0 − U⁻¹(E U(w0 − L)) with U(x) = x^(1−γ)/(1−γ): the weight is (W/c)^(−γ), c the certainty equivalent of the batch before, and the factor brings it to the batch's own.</summary>
public sealed class PowerObjective : TrainingObjective
{
    private readonly double _gamma, _wealth;
    private bool IsLog => Math.Abs(_gamma - 1) < 1e-12;

    public PowerObjective(double gamma, double wealth)
    {
        (_gamma, _wealth) = (gamma, wealth);
        State = new double[1];
    }

    public override void Begin(ReadOnlySpan<float> losses)
    {
        double sum = 0;
        foreach (float l in losses) sum += IsLog ? Math.Log(WealthAfter(l)) : Math.Pow(WealthAfter(l), 1 - _gamma);
        double mean = sum / losses.Length;
        State[0] = IsLog ? Math.Exp(mean) : Math.Pow(mean, 1 / (1 - _gamma));
    }

    public override void Weigh(ReadOnlySpan<float> losses, Span<float> weights, ref BatchSums sums)
    {
        for (int p = 0; p < losses.Length; p++)
        {
            double ratio = WealthAfter(losses[p]) / State[0];
            weights[p] = (float)Math.Pow(ratio, -_gamma);
            sums.A += IsLog ? Math.Log(ratio) : Math.Pow(ratio, 1 - _gamma);
        }
        sums.Paths += losses.Length;
    }

    public override double Finish(in BatchSums sums, out double gradientScale)
    {
        double mean = sums.A / sums.Paths;
        double ratio = IsLog ? Math.Exp(mean) : Math.Pow(mean, 1 / (1 - _gamma));
        // d(w0 − CE) = E[U′(W)·dL] / U′(CE), and U′(W) / U′(CE) = (W/c)^(−γ)·(CE/c)^γ.
        gradientScale = Math.Pow(ratio, _gamma) / sums.Paths;
        State[0] *= ratio;
        return _wealth - State[0];
    }

    private double WealthAfter(double loss)
    {
        double left = _wealth - loss;
        if (!(left > 0)) throw new TrainingStoppedException($"a path loses {loss:R} of the wealth {_wealth:R} (in the problem's units): power utility knows no ruin; raise objective.wealth");
        return left;
    }
}

/// <summary>The e with τ E(L − e)⁺ = (1 − τ) E(e − L)⁺: weights τ above and 1 − τ below the e of the batch before, divided by their own sum.</summary>
public sealed class ExpectileObjective : TrainingObjective
{
    private readonly double _tau;

    public ExpectileObjective(double tau)
    {
        _tau = tau;
        State = new double[1];
    }

    public override void Begin(ReadOnlySpan<float> losses)
    {
        double e = MeanOf(losses);
        for (int round = 0; round < 50; round++)
        {
            double weighted = 0, weights = 0;
            foreach (float l in losses)
            {
                double w = l > e ? _tau : 1 - _tau;
                weighted += w * l;
                weights += w;
            }
            e = weighted / weights;
        }
        State[0] = e;
    }

    public override void Weigh(ReadOnlySpan<float> losses, Span<float> weights, ref BatchSums sums)
    {
        for (int p = 0; p < losses.Length; p++)
        {
            double w = losses[p] > State[0] ? _tau : 1 - _tau;
            weights[p] = (float)w;
            sums.A += w;
            sums.B += w * losses[p];
        }
        sums.Paths += losses.Length;
    }

    public override double Finish(in BatchSums sums, out double gradientScale)
    {
        gradientScale = 1 / sums.A;
        return State[0] = sums.B / sums.A;
    }
}
