using System.Runtime.CompilerServices;
using Appliance.Contract;
using Appliance.Kernels.Simd;
using Appliance.Strategy.Policies;

namespace Appliance.Flow.Compute;

/// <summary>When a portfolio's expansion may be trusted. The figures belong to the desk file.</summary>
public sealed record PortfolioGreeksOptions
{
    /// <summary>
    /// The largest estimated error of delta, in 1.0 of the underlying, with which a decision may be taken on the expansion; past it the full repricing
    /// comes first. A tenth of the policy's band is a good value. Zero reprices before every decision.
    /// </summary>
    public required double DeltaErrorUnitsMax { get; init; }
    /// <summary>After a decision, a repricing is wanted once the estimated error is above this share of the bound. (0, 1].</summary>
    public double RepriceShare { get; init; } = 0.25;
    /// <summary>A repricing is wanted at the latest this long after the last one (sequenced time), so that Greeks other than delta stay fresh.</summary>
    public long RepriceAfterNs { get; init; } = 1_000_000_000;
}

/// <summary>
/// The Greeks of one portfolio. A tick moves them first by their expansion around the last full repricing (the anchor), at a cost that does not
/// depend on the number of options; the full repricing follows after the order has left, or comes first where the expansion is past its bound.
/// <para>Expansion, with x = spot moved and t = time passed: V = V₀ + Δx + ½Γx² + Θt + Χxt and delta = Δ + Γx + Χt, where charm
/// Χ = ∂Δ/∂t = ∂Θ/∂S = qΔ − (r − q)SΓ − σ²SΓ − ½σ²S²·speed, which is the Black-Scholes equation differentiated to S.</para>
/// <para>Error estimate of delta: ½·Σ|n·speed|·x² + Σ|n·Γ|/τ·|x|·t + ½·Σ|n·Χ|/τ·t², with n the position and τ the option's time to expiry: the third derivative, and
/// the time derivatives of Γ and Χ by their order of magnitude. Sums are gross, so that longs and shorts that cancel now do not hide what they become.
/// The value's error from spot is a third of delta's times |x|, so the one bound serves both.</para>
/// <para>An option whose expiry has come is settled at the first repricing at or after it: fixed at its payoff at that spot, without delta from then on.</para>
/// </summary>
public sealed class PortfolioGreeks
{
    /// <summary>Years are of 365 days, as the volatility marks are quoted.</summary>
    public const double NanosecondsPerYear = 365.0 * 86_400 * 1e9;

    private readonly IComputeBackend _backend;
    private readonly PortfolioGreeksOptions _options;
    private readonly double _rate, _yield, _logReferenceStrike;
    // Sorted by expiry, the latest first: what expires leaves from the end.
    private readonly long[] _expiryUtcNs;
    private readonly double[] _quantity;
    private readonly double[] _strike, _years, _volatility, _callPut;
    private readonly double[] _price, _delta, _gamma, _vega, _theta, _speed;

    private int _live;
    private double _settledValue;
    private double _anchorSpot, _anchorValue, _anchorDelta, _charm;
    private long _anchorUtcNs, _nextExpiryUtcNs = long.MaxValue;
    private double _grossSpeed, _grossGammaPerNs, _grossCharmPerNs, _charmPerNs, _thetaPerNs;
    private double _errorUnits, _deltaErrorUnitsMax;
    private bool _hasAnchor;

    public PortfolioGreeks(PortfolioDefinition definition, IComputeBackend backend, PortfolioGreeksOptions options)
    {
        IReadOnlyList<string> faults = definition.Faults();
        if (faults.Count > 0) throw new ArgumentException(string.Join(Environment.NewLine, faults), nameof(definition));
        if (!(options.DeltaErrorUnitsMax >= 0)) throw new ArgumentException("DeltaErrorUnitsMax must be zero or more.", nameof(options));
        if (!(options.RepriceShare > 0 && options.RepriceShare <= 1)) throw new ArgumentException("RepriceShare must lie in (0, 1].", nameof(options));
        if (!backend.CompletesInCall)
            throw new ArgumentException($"The backend {backend.Name} answers later; PortfolioGreeks needs one that completes in the call.", nameof(backend));
        _backend = backend;
        _options = options;
        _deltaErrorUnitsMax = options.DeltaErrorUnitsMax;
        Name = definition.Name;
        _rate = definition.Rate;
        _yield = definition.Yield;
        _logReferenceStrike = definition.ReferenceStrike > 0 ? Kernels.Scalar.Elementary.Log(definition.ReferenceStrike) : double.NaN;

        int n = definition.Count, padded = PortfolioSums.Padded(n);
        // A stable order: by expiry from the latest, then as given.
        int[] order = Enumerable.Range(0, n).OrderByDescending(i => definition.ExpiryUtcNs[i]).ToArray();
        _expiryUtcNs = new long[padded];
        double[] Filled(double[]? source, double padding)
        {
            var values = new double[padded];
            for (int i = 0; i < padded; i++) values[i] = source is not null && i < n ? source[order[i]] : padding;
            return values;
        }
        for (int i = 0; i < padded; i++) _expiryUtcNs[i] = i < n ? definition.ExpiryUtcNs[order[i]] : long.MinValue;
        _quantity = Filled(definition.Quantity, 0);
        _strike = Filled(definition.Strike, 1);
        _volatility = Filled(definition.Volatility, 0);
        _callPut = Filled(definition.CallPut, 1);
        _years = Filled(null, 0);
        _price = Filled(null, 0);
        _delta = Filled(null, 0);
        _gamma = Filled(null, 0);
        _vega = Filled(null, 0);
        _theta = Filled(null, 0);
        _speed = Filled(null, 0);
        _live = n;
    }

    public string Name { get; }

    /// <summary>Sum of position × price at the volatility marks, settled options at their payoff; quote currency.</summary>
    public double Value { get; private set; }
    /// <summary>In 1.0 of the underlying.</summary>
    public double Delta { get; private set; }
    /// <summary>As of the last repricing, in 1.0 of the underlying per 1.0 of quote currency.</summary>
    public double Gamma { get; private set; }
    /// <summary>As of the last repricing, quote currency per 1.00 of volatility.</summary>
    public double Vega { get; private set; }
    /// <summary>As of the last repricing, quote currency per year.</summary>
    public double Theta { get; private set; }
    /// <summary>As of the last repricing: the portfolio's third derivative to spot.</summary>
    public double Speed { get; private set; }
    /// <summary>Where Value and Delta stand.</summary>
    public double Spot { get; private set; }
    public long TimeUtcNs { get; private set; }
    /// <summary>When the last full repricing was, which the expansion leans on.</summary>
    public long AnchorUtcNs => _anchorUtcNs;
    /// <summary>True while Value and Delta come from the expansion and not from a repricing at this very spot and time.</summary>
    public bool OnExpansion { get; private set; }
    /// <summary>Estimated error of Delta, in 1.0 of the underlying.</summary>
    public double DeltaErrorUnits => _errorUnits;

    /// <summary>The bound in force. A flow whose policy has a band that breathes may set it after a decision, to a share of the band's half-width.</summary>
    public double DeltaErrorUnitsMax
    {
        get => _deltaErrorUnitsMax;
        set => _deltaErrorUnitsMax = Math.Max(0, value);
    }

    /// <summary>Options not yet expired.</summary>
    public int LiveOptions => _live;
    /// <summary>Years of 365 days to the nearest expiry among live options; 0 when none is left.</summary>
    public double YearsToExpiry => _live == 0 ? 0 : Math.Max(0, (_expiryUtcNs[_live - 1] - TimeUtcNs) / NanosecondsPerYear);
    public long Repricings { get; private set; }
    public long Moves { get; private set; }

    /// <summary>
    /// True when a repricing is worth its time now that the order has left: the expansion used up its share of the bound, or the anchor has grown old.
    /// </summary>
    public bool WantsRepricing =>
        OnExpansion && (_errorUnits > _options.RepriceShare * _deltaErrorUnitsMax || TimeUtcNs - _anchorUtcNs >= _options.RepriceAfterNs);

    /// <summary>Moves Value and Delta to this spot and time by the expansion.</summary>
    /// <returns>
    /// False when the expansion may not be decided on: its error estimate is past the bound, an option expired, or nothing was priced yet. Reprice before deciding.
    /// </returns>
    public bool Move(double spot, long timeUtcNs)
    {
        if (!_hasAnchor) return false;
        double moved = spot - _anchorSpot;
        double passedNs = timeUtcNs - _anchorUtcNs;
        double distance = Math.Abs(moved);
        Spot = spot;
        TimeUtcNs = timeUtcNs;
        Delta = _anchorDelta + Gamma * moved + _charmPerNs * passedNs;
        Value = _anchorValue + moved * (_anchorDelta + 0.5 * Gamma * moved + _charmPerNs * passedNs) + _thetaPerNs * passedNs;
        _errorUnits = 0.5 * _grossSpeed * distance * distance + passedNs * (_grossGammaPerNs * distance + 0.5 * _grossCharmPerNs * passedNs);
        OnExpansion = moved != 0 || passedNs != 0;
        Moves++;
        return _errorUnits <= _deltaErrorUnitsMax && timeUtcNs < _nextExpiryUtcNs;
    }

    /// <summary>Prices every live option at this spot and time and makes it the anchor of later moves.</summary>
    public void Reprice(double spot, long timeUtcNs)
    {
        if (!(spot > 0)) ThrowBadSpot(spot);
        if (_live > 0 && _expiryUtcNs[_live - 1] <= timeUtcNs) Settle(spot, timeUtcNs);
        int padded = PortfolioSums.Padded(_live);
        for (int i = 0; i < _live; i++) _years[i] = (_expiryUtcNs[i] - timeUtcNs) / NanosecondsPerYear;
        _backend.Submit(new GreeksBatch
        {
            Spot = spot, Rate = _rate, Yield = _yield, Count = padded, Strike = _strike, Years = _years, Volatility = _volatility, CallPut = _callPut,
            Price = _price, Delta = _delta, Gamma = _gamma, Vega = _vega, Theta = _theta, Speed = _speed,
        });

        Value = _anchorValue = _settledValue + PortfolioSums.Weighted(_quantity, _price, padded);
        Delta = _anchorDelta = PortfolioSums.Weighted(_quantity, _delta, padded);
        Gamma = PortfolioSums.Weighted(_quantity, _gamma, padded);
        Vega = PortfolioSums.Weighted(_quantity, _vega, padded);
        Theta = PortfolioSums.Weighted(_quantity, _theta, padded);
        Speed = PortfolioSums.Weighted(_quantity, _speed, padded);
        var bounds = ExpansionSums.Of(spot, _rate, _yield, padded, _quantity, _volatility, _years, _delta, _gamma, _speed);
        _grossSpeed = bounds.GrossSpeed;
        _grossGammaPerNs = bounds.GrossGammaPerYear / NanosecondsPerYear;
        _grossCharmPerNs = bounds.GrossCharmPerYearSquared / (NanosecondsPerYear * NanosecondsPerYear);
        _charm = bounds.Charm;
        _charmPerNs = _charm / NanosecondsPerYear;
        _thetaPerNs = Theta / NanosecondsPerYear;

        _anchorSpot = Spot = spot;
        _anchorUtcNs = TimeUtcNs = timeUtcNs;
        _nextExpiryUtcNs = _live > 0 ? _expiryUtcNs[_live - 1] : long.MaxValue;
        _errorUnits = 0;
        OnExpansion = false;
        _hasAnchor = true;
        Repricings++;
    }

    /// <summary>Brings the Greeks to this spot and time for a decision: by the expansion where its bound allows, else by a full repricing.</summary>
    public void MoveOrReprice(double spot, long timeUtcNs)
    {
        if (!Move(spot, timeUtcNs)) Reprice(spot, timeUtcNs);
    }

    /// <summary>Writes what this stage knows into a policy's input; the hedge and the market are others'.</summary>
    public void Fill(ref PortfolioState state)
    {
        state.Spot = Spot;
        state.Delta = Delta;
        state.Gamma = Gamma;
        state.Vega = Vega;
        state.Theta = Theta;
        state.Value = Value;
        state.YearsToExpiry = YearsToExpiry;
        state.ExpiryUtcNs = _live > 0 ? _expiryUtcNs[_live - 1] : 0;
        state.Moneyness = double.IsNaN(_logReferenceStrike) ? 0 : Kernels.Scalar.Elementary.Log(Spot) - _logReferenceStrike;
    }

    /// <summary>Fixes at their payoff the options whose expiry has come; they are at the end of the arrays.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Settle(double spot, long timeUtcNs)
    {
        while (_live > 0 && _expiryUtcNs[_live - 1] <= timeUtcNs)
        {
            int i = --_live;
            double payoff = Math.Max(0, _callPut[i] * (spot - _strike[i]));
            _settledValue += _quantity[i] * payoff;
            _quantity[i] = 0;
            _years[i] = 0;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ThrowBadSpot(double spot) => throw new ArgumentOutOfRangeException(nameof(spot), spot, "A portfolio is priced at a positive spot.");
}
