using Appliance.Contract;
using Appliance.Risk;
using Appliance.Strategy.Policies;

namespace Appliance.Flow.Accounts;

/// <summary>
/// One portfolio's profit and loss, and how well it was hedged. Options are valued at the marks that the caller gives; the hedge at its mid.
/// <list type="bullet">
/// <item>optionPnl = option value − its first value.</item>
/// <item>costs = fees + Σ side × (fill price − mid at decision) × quantity: the half-spread, slippage and impact paid.</item>
/// <item>hedgePnl = hedge position and its cash at mid, costs put back: what the hedge would have made had it traded at the mids it was decided at.</item>
/// <item>pnl = optionPnl + hedgePnl − costs.</item>
/// </list>
/// P&amp;L begins at the first mark: an opening position is valued at that mid. Increments are taken at whole seconds of sequenced time, each from the
/// last mark before it; a second without events has the increment 0. Delta and band are weighted by time, each value holding until the next.
/// Every method belongs to the decision thread.
/// </summary>
public sealed class PortfolioAccount
{
    private const long NsPerSecond = 1_000_000_000;

    private readonly InstrumentDefinition _instrument;
    private readonly double _rawPerOne;
    private readonly double _halfLot;
    private InstrumentLedger _ledger;
    private double _cash, _fees, _crossing;
    private double _openingHedgeValue, _openingOptionValue;
    private double _optionDelta, _mid;
    private HedgeTarget _target;
    private bool _isMarked;
    private long _lastTimeUtcNs, _second;
    private double _hedgedAtSecond, _unhedgedAtSecond;
    private double _absDeltaTime, _inBandTime, _time;
    private RunningDeviation _hedged, _unhedged;

    public PortfolioAccount(string name, ushort index, InstrumentDefinition hedgeInstrument, long openingPositionUnits = 0)
    {
        Name = name;
        Index = index;
        _instrument = hedgeInstrument;
        _rawPerOne = (double)hedgeInstrument.PriceUnitsPerOne * hedgeInstrument.QuantityUnitsPerOne / hedgeInstrument.ContractSize;
        _halfLot = 0.5 * hedgeInstrument.LotSizeUnits / hedgeInstrument.QuantityUnitsPerOne;
        _ledger.PositionUnits = openingPositionUnits;
        OpeningPositionUnits = openingPositionUnits;
    }

    public string Name { get; }
    public ushort Index { get; }
    public InstrumentDefinition HedgeInstrument => _instrument;
    public long OpeningPositionUnits { get; }
    public ref readonly InstrumentLedger Ledger => ref _ledger;
    public long PositionUnits => _ledger.PositionUnits;
    /// <summary>The hedge held, in 1.0 of the hedge instrument, signed.</summary>
    public double HedgeUnits => (double)_ledger.PositionUnits / _instrument.QuantityUnitsPerOne;
    /// <summary>Options' delta plus the hedge's, in 1.0 of the underlying.</summary>
    public double NetDelta => _optionDelta + HedgeUnits * _instrument.ContractSize;

    /// <summary>Child orders that filled at least in part.</summary>
    public long Rebalances { get; private set; }
    public double OptionPnl { get; private set; }
    public double HedgePnl { get; private set; }
    public double Costs => _fees + _crossing;
    public double Fees => _fees;
    public double Pnl => OptionPnl + HedgePnl - Costs;
    /// <summary>What the hedge has made after all costs were it marked at this mid; 0 before the first mark.</summary>
    public double HedgePnlAt(double mid) => _isMarked ? _cash + mid * HedgeUnits * _instrument.ContractSize - _openingHedgeValue - _fees : 0;
    public double RealisedPnl => (double)_ledger.RealisedRaw / _rawPerOne;
    public double UnrealisedPnl => (_mid * HedgeUnits * _instrument.ContractSize) - (double)_ledger.OpenCostRaw / _rawPerOne;
    public double HedgedPnlStdDev => _hedged.StdDev;
    public double HedgedPnlMean => _hedged.Mean;
    public double UnhedgedPnlStdDev => _unhedged.StdDev;
    public long Seconds => _hedged.Count;
    public double AbsDeltaMean => _time > 0 ? _absDeltaTime / _time : Math.Abs(NetDelta);
    public double AbsDeltaMax { get; private set; }
    /// <summary>Share of the marked time in which the hedge lay in the policy's band, widened by half a lot each side since nothing smaller can be traded.</summary>
    public double ShareOfTimeInBand => _time > 0 ? _inBandTime / _time : 1;

    /// <summary>A fill of the hedge; <paramref name="signedUnits"/> above zero bought. A busted trade comes with the opposite sign, its fee negated.</summary>
    internal void Fill(in ExecutionEffect effect, long signedUnits, long feeMoneyUnits)
    {
        Integrate(effect.TimeUtcNs);
        if (_isMarked) CrossSeconds(effect.TimeUtcNs);
        // An opening position gets its cost at the first mark; before it, fills are rare enough to be marked at their own price.
        _ledger.Fill(signedUnits, effect.PriceUnits, feeMoneyUnits);
        _cash = (double)_ledger.CashRaw / _rawPerOne;
        _fees = (double)_ledger.FeesMoneyUnits / FeeSchedule.MoneyUnitsPerOne;
        if (effect.DecisionTwiceMidUnits != 0)
            _crossing += (effect.PriceUnits - 0.5 * effect.DecisionTwiceMidUnits) * signedUnits / _rawPerOne;
        if (effect.IsFirstFill) Rebalances++;
        if (_isMarked) Revalue();
    }

    /// <summary>The portfolio as of an event: option value and delta at the marks, the hedge's mid, and the policy's band.</summary>
    /// <param name="optionDelta">In 1.0 of the underlying, position-weighted.</param>
    public void Mark(long timeUtcNs, double optionValue, double optionDelta, double mid, in HedgeTarget target)
    {
        if (_isMarked) Integrate(timeUtcNs);
        else Begin(timeUtcNs, optionValue, mid);
        CrossSeconds(timeUtcNs);
        _optionDelta = optionDelta;
        _mid = mid;
        _target = target;
        OptionPnl = optionValue - _openingOptionValue;
        Revalue();
    }

    private void Begin(long timeUtcNs, double optionValue, double mid)
    {
        _isMarked = true;
        _openingOptionValue = optionValue;
        _openingHedgeValue = mid * OpeningPositionUnits / _instrument.QuantityUnitsPerOne * _instrument.ContractSize;
        _lastTimeUtcNs = timeUtcNs;
        _second = timeUtcNs / NsPerSecond;
        if (OpeningPositionUnits != 0) _ledger.OpenCostRaw += (Int128)OpeningPositionUnits * (long)Math.Round(mid * _instrument.PriceUnitsPerOne);
    }

    private void Revalue()
    {
        HedgePnl = _cash + _mid * HedgeUnits * _instrument.ContractSize - _openingHedgeValue + _crossing;
        AbsDeltaMax = Math.Max(AbsDeltaMax, Math.Abs(NetDelta));
    }

    /// <summary>Carries the state held since the last event forward to now.</summary>
    private void Integrate(long timeUtcNs)
    {
        if (!_isMarked || timeUtcNs <= _lastTimeUtcNs) return;
        double passed = timeUtcNs - _lastTimeUtcNs;
        _lastTimeUtcNs = timeUtcNs;
        _time += passed;
        _absDeltaTime += passed * Math.Abs(NetDelta);
        double held = HedgeUnits;
        if (held >= _target.LowerUnits - _halfLot && held <= _target.UpperUnits + _halfLot) _inBandTime += passed;
    }

    private void CrossSeconds(long timeUtcNs)
    {
        long second = timeUtcNs / NsPerSecond;
        long crossed = second - _second;
        if (crossed <= 0) return;
        double hedged = Pnl, unhedged = OptionPnl;
        _hedged.Add(hedged - _hedgedAtSecond);
        _unhedged.Add(unhedged - _unhedgedAtSecond);
        _hedged.AddZeros(crossed - 1);
        _unhedged.AddZeros(crossed - 1);
        _hedgedAtSecond = hedged;
        _unhedgedAtSecond = unhedged;
        _second = second;
    }
}
