using Appliance.Contract;
using Appliance.Flow.Accounts;
using Appliance.Flow.Compute;
using Appliance.Flow.Decide;
using Appliance.Risk;
using Appliance.Strategy.Features;
using Appliance.Strategy.Policies;

namespace Appliance.Flow;

/// <summary>One portfolio on its way through a decide mark: priced, given a target, traded towards it, accounted for.</summary>
public sealed class PortfolioStage
{
    private readonly PortfolioGreeks _greeks;
    private readonly IHedgePolicy _policy;
    private readonly NetworkPolicy? _network;
    private readonly HedgeExecutor _executor;
    private readonly PortfolioAccount _account;
    private PortfolioState _state;
    private HedgeTarget _target;
    private bool _isGathered;

    internal PortfolioStage(FlowPortfolio portfolio, ushort index, FlowOptions options, IComputeBackend compute, Gate gate, PortfolioAccount account)
    {
        Name = portfolio.Name;
        Index = index;
        OptionCount = portfolio.Options.Count;
        Instrument = portfolio.Instrument;
        InstrumentDefinition instrument = options.Instruments[portfolio.Instrument];
        _greeks = new PortfolioGreeks(portfolio.Options, compute, portfolio.Greeks);
        _policy = portfolio.Policy;
        _network = portfolio.Policy as NetworkPolicy;
        SharesNetwork = _network is { IsShared: true };
        _account = account;
        _executor = new HedgeExecutor(index, instrument, portfolio.Execution, gate, account);
        _state.ContractSize = instrument.ContractSize;
        Series = new SampleSeries(options.SamplesMax, options.SamplePeriodNs);
    }

    public string Name { get; }
    /// <summary>The portfolio's number, in intents and in the gate.</summary>
    public ushort Index { get; }
    public ushort Instrument { get; }
    public PortfolioGreeks Greeks => _greeks;
    public PortfolioAccount Account => _account;
    public HedgeExecutor Executor => _executor;
    public IHedgePolicy Policy => _policy;
    public SampleSeries Series { get; }
    public HedgeTarget Target => _target;
    public double Mid => _state.Market.Mid;
    /// <summary>False until the first good book.</summary>
    public bool HasTarget { get; private set; }
    public bool OnExpansion => _greeks.OnExpansion;
    public int OptionCount { get; }

    /// <summary>Its network serves other portfolios, too: at a decide mark they are gathered first, so that one call answers all.</summary>
    internal bool SharesNetwork { get; }

    /// <summary>Greeks at this mid, by the expansion where its bound allows; then the policy's target.</summary>
    internal void Price(in InstrumentFeatures market, long timeUtcNs)
    {
        if (!_isGathered) Observe(in market, timeUtcNs);
        _isGathered = false;
        _target = _policy.Decide(in _state);
        HasTarget = true;
    }

    /// <summary>The first half of <see cref="Price"/>, for portfolios that share a network.</summary>
    internal void Gather(in InstrumentFeatures market, long timeUtcNs)
    {
        Observe(in market, timeUtcNs);
        _network!.Gather(in _state);
        _isGathered = true;
    }

    private void Observe(in InstrumentFeatures market, long timeUtcNs)
    {
        _greeks.MoveOrReprice(market.Mid, timeUtcNs);
        _greeks.Fill(ref _state);
        _state.TimeUtcNs = timeUtcNs;
        _state.HedgePositionUnits = _account.HedgeUnits;
        _state.AccruedPnl = _account.HedgePnlAt(market.Mid);
        _state.Market = market;
    }

    /// <summary>Reads what a decision reads; see <see cref="Flow{TClock}.Approach"/>.</summary>
    internal long Approach() => (long)_executor.ChildId + _account.PositionUnits + (_greeks.OnExpansion ? 1 : 0) + (long)_target.UpperUnits;

    /// <summary>The next thing to do towards the target; call until it answers false.</summary>
    internal bool Next(in TopOfBook top, in RingEvent cause, long sequence, out OrderIntent intent) => _executor.Next(in _target, in top, in cause, sequence, out intent);

    internal bool Adopt(in OrderRecord order) => _executor.Adopt(in order);

    internal void OnVerdict(GateVerdict verdict, in OrderIntent intent, in ApprovedOrder approved) => _executor.OnVerdict(verdict, in intent, in approved);

    internal void Mark(long timeUtcNs) => _account.Mark(timeUtcNs, _greeks.Value, _greeks.Delta, _state.Market.Mid, in _target);

    /// <summary>What the orders that have left did not need and the next decision will.</summary>
    internal void CatchUp()
    {
        if (_greeks.WantsRepricing) _greeks.Reprice(_greeks.Spot, _greeks.TimeUtcNs);
        _network?.Prepare();
    }

    internal void Sample(long timeUtcNs)
    {
        if (!HasTarget || !Series.IsDue(timeUtcNs)) return;
        Series.Add(timeUtcNs, Mid, _account.HedgeUnits, _greeks.Delta, _account.NetDelta, _account.Pnl, _account.OptionPnl);
    }
}
