namespace Appliance.Lab.Training;

/// <summary>
/// (1 − w) E L + w CVaR. The threshold is the batch's own quantile, exactly (the minimiser of Rockafellar and Uryasev's formula on the batch). With a mean in it every
/// <see cref="BulkEvery"/>-th path stands for the others outside the tail: unbiased, and the mean is the easy part.
/// </summary>
public sealed class CvarObjective : TrainingObjective
{
    public const int BulkEvery = 8;
    private readonly double _level, _weight;
    private float[] _sorted = [];
    private int[] _order = [];

    public CvarObjective(double level, double weight) => (_level, _weight) = (level, weight);

    public override bool LooksAtTail => true;
    public override void Begin(ReadOnlySpan<float> losses) { }
    public override void Weigh(ReadOnlySpan<float> losses, Span<float> weights, ref BatchSums sums) => throw new NotSupportedException("The tail is found in the whole batch.");
    public override double Finish(in BatchSums sums, out double gradientScale) => throw new NotSupportedException("The tail is found in the whole batch.");

    public override double WeighSample(ReadOnlySpan<float> losses, ReadOnlySpan<float> ratios, Span<float> weights)
    {
        if (!ratios.IsEmpty) return WeighRatios(losses, ratios, weights);
        int n = losses.Length;
        if (_sorted.Length != n) _sorted = new float[n];
        losses.CopyTo(_sorted);
        Array.Sort(_sorted);
        double tail = (1 - _level) * n;
        int whole = Math.Clamp((int)Math.Floor(tail + 1e-9), 1, n);
        float threshold = _sorted[n - whole];
        // Paths that tie at the threshold share what is left of the tail.
        int above = 0, ties = 0;
        foreach (float l in losses)
        {
            if (l > threshold) above++;
            else if (l == threshold) ties++;
        }
        tail = Math.Max(tail, 1);
        double each = _weight / tail, tied = _weight * Math.Max(tail - above, 0) / (tail * ties);
        double mean = 0, risk = 0;
        for (int p = 0; p < n; p++)
        {
            double w = losses[p] > threshold ? each : losses[p] == threshold ? Math.Min(tied, each) : 0;
            risk += w * losses[p];
            mean += losses[p];
            if (_weight < 1 && p % BulkEvery == 0) w += (1 - _weight) * BulkEvery / n;
            weights[p] = (float)w;
        }
        return risk + (1 - _weight) * mean / n;
    }

    /// <summary>
    /// The tail is then the worst paths whose ratios sum to 1 − level of the number of paths: the quantile is told by the side that was sampled well (Glynn, "Importance sampling for Monte Carlo
    /// estimation of quantiles", 1996). Paths that tie at the border share what is left of it.
    /// </summary>
    private double WeighRatios(ReadOnlySpan<float> losses, ReadOnlySpan<float> ratios, Span<float> weights)
    {
        int n = losses.Length;
        if (_sorted.Length != n) (_sorted, _order) = (new float[n], new int[n]);
        for (int p = 0; p < n; p++) (_sorted[p], _order[p]) = (-losses[p], p);
        Array.Sort(_sorted, _order);
        double tail = Math.Max((1 - _level) * n, 1), taken = 0, risk = 0, mean = 0;
        weights.Clear();
        for (int first = 0, next; first < n && taken < tail; first = next)
        {
            double mass = 0;
            for (next = first; next < n && _sorted[next] == _sorted[first]; next++) mass += ratios[_order[next]];
            double share = Math.Min(1, (tail - taken) / mass) * _weight / tail;
            for (int i = first; i < next; i++) weights[_order[i]] = (float)(share * ratios[_order[i]]);
            risk -= share * mass * _sorted[first];
            taken += mass;
        }
        if (_weight == 1) return risk;
        for (int p = 0; p < n; p++)
        {
            mean += (double)ratios[p] * losses[p];
            if (p % BulkEvery == 0) weights[p] += (float)((1 - _weight) * BulkEvery / n * ratios[p]);
        }
        return risk + (1 - _weight) * mean / n;
    }
}
