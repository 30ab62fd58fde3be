namespace Appliance.Risk;

/// <summary>
/// The fills of one portfolio within its protection interval, and what they come to: quantity gross, delta and vega net. A fill of time t counts at t and up to,
/// not including, t + interval. Market-maker protection as option venues offer it: when a bound is reached, whoever filled so much is stopped.
/// </summary>
internal struct ProtectionWindow
{
    private struct Fill
    {
        public long TimeUtcNs;
        public long QuantityUnits;
        public double Delta;
        public double Vega;
    }

    /// <summary>Fills kept; more than this within one interval trip the protection by themselves.</summary>
    public const int Capacity = 1024;

    private readonly Fill[] _fills;
    private long _oldest, _count;

    public ProtectionWindow() => _fills = new Fill[Capacity];

    public long QuantityUnits { get; private set; }
    public double Delta { get; private set; }
    public double Vega { get; private set; }

    /// <returns>False when there are more fills than can be kept.</returns>
    public bool Add(long nowUtcNs, long intervalNs, long quantityUnits, double delta, double vega)
    {
        Expire(nowUtcNs, intervalNs);
        if (_count == Capacity) return false;
        _fills[(int)((_oldest + _count++) & (Capacity - 1))] = new Fill { TimeUtcNs = nowUtcNs, QuantityUnits = quantityUnits, Delta = delta, Vega = vega };
        QuantityUnits += quantityUnits;
        Delta += delta;
        Vega += vega;
        return true;
    }

    private void Expire(long nowUtcNs, long intervalNs)
    {
        while (_count > 0)
        {
            ref Fill fill = ref _fills[(int)(_oldest & (Capacity - 1))];
            if (nowUtcNs - fill.TimeUtcNs < intervalNs) return;
            QuantityUnits -= fill.QuantityUnits;
            Delta -= fill.Delta;
            Vega -= fill.Vega;
            _oldest++;
            _count--;
        }
        // What rounding left of the sums goes with the last fill.
        (QuantityUnits, Delta, Vega) = (0, 0, 0);
    }

    public void Clear() => (_oldest, _count, QuantityUnits, Delta, Vega) = (0, 0, 0, 0, 0);
}
