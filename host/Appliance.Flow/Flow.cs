using System.Runtime.CompilerServices;
using Appliance.Contract;
using Appliance.Flow.Accounts;
using Appliance.Flow.Market;
using Appliance.Risk;

namespace Appliance.Flow;

/// <summary>
/// The decision thread: what happens to an event, in the order in which it happens. Start reading here.
/// <code>
/// event → market (books, features) → at a decide mark: compute (Greeks) → decide (target, intent) → gate (limits) → order out
///       → execution report: order table, account → decide again
///       → control: switches of the gate, timers
/// </code>
/// It is a deterministic function of the ring: time is the event's, and the clock that it is given stamps stages and decides nothing.
/// So a journal replays to the same orders.
/// </summary>
public sealed class Flow<TClock> : IRequestOut where TClock : struct, IMonotonicClock
{
    private readonly MarketState _market;
    private readonly Gate _gate;
    private readonly Account _account;
    private readonly OrdersHash _hash = new();
    private readonly PortfolioStage[] _portfolios;
    private readonly IOrderOut _out;
    private readonly StageLatency _latency;
    private readonly TClock _clock;
    private readonly EarlierRunOrders _earlier = new();
    private readonly VenueOrders _atVenue;
    private long _nowUtcNs;
    private readonly bool _sharesNetworks;
    private bool _overloaded, _stopping;
    // An order of the event in hand was given out; and when those were encoded that wait to leave with others.
    private bool _ordered;
    private readonly long[] _waitingEncodedNs;
    private int _waiting;

    public Flow(FlowOptions options, IComputeBackend compute, IOrderOut orderOut, StageLatency latency, TClock clock = default)
    {
        Options = options;
        _out = orderOut;
        _atVenue = new VenueOrders(options.Reconciliation);
        _latency = latency;
        _clock = clock;
        _market = new MarketState(options.Instruments, options.Market);
        _gate = new Gate(options.Instruments, options.Limits);
        var fees = new FeeSchedule[options.Instruments.Length];
        Array.Fill(fees, options.Fees);
        _account = new Account(options.Instruments, fees, options.Portfolios.Select(p => new AccountPortfolio(p.Name, p.Instrument, p.OpeningHedgeUnits)).ToArray());
        foreach (var group in options.Portfolios.GroupBy(p => p.Instrument))
            _gate.SetOpeningPosition(group.Key, group.Sum(p => p.OpeningHedgeUnits));
        for (int i = 0; i < options.Portfolios.Length; i++) _gate.SetOpeningHedge((ushort)i, options.Portfolios[i].OpeningHedgeUnits);
        _portfolios = options.Portfolios.Select((p, i) => new PortfolioStage(p, (ushort)i, options, compute, _gate, _account[i])).ToArray();
        _waitingEncodedNs = new long[_portfolios.Length];
        _sharesNetworks = Array.Exists(_portfolios, p => p.SharesNetwork);
    }

    public FlowOptions Options { get; }
    public MarketState Market => _market;
    public Gate Gate => _gate;
    public Account Account => _account;
    public OrdersHash Hash => _hash;
    public ReadOnlySpan<PortfolioStage> Portfolios => _portfolios;
    public FlowCounters Counters { get; } = new();
    /// <summary>Sequenced time, never decreasing.</summary>
    public long NowUtcNs => _nowUtcNs;
    public bool Ended { get; private set; }
    /// <summary>No order of ours is unfinished.</summary>
    public bool IsQuiet => _gate.Orders.LiveCount == 0;
    private static bool TakesStamps => typeof(TClock) != typeof(NoClock);

    /// <summary>Handles one event of the ring.</summary>
    public void OnEvent(ref RingEvent e, long sequence)
    {
        if (e.TimeUtcNs < _nowUtcNs)
        {
            // Two producers stamp independently; sequenced time is what the ring's order makes of it.
            RingEvent later = e;
            later.TimeUtcNs = _nowUtcNs;
            Handle(ref later, sequence);
            return;
        }
        _nowUtcNs = e.TimeUtcNs;
        Handle(ref e, sequence);
    }

    private void Handle(ref RingEvent e, long sequence)
    {
        Counters.Events++;
        if (e.Kind < EventKind.ExecutionReported)
        {
            OnMarket(ref e, sequence);
            return;
        }
        if (e.Kind < EventKind.Command) OnSession(ref e, sequence);
        else OnControl(ref e, sequence);
        if (_ordered) EndDecision(0);
    }

    /// <summary>What waited to leave with others leaves now.</summary>
    private void EndDecision(long receivedNs)
    {
        _ordered = false;
        _out.EndDecision();
        if (_waiting == 0) return;
        long sentNs = _out.LastSentNs;
        foreach (long encodedNs in _waitingEncodedNs.AsSpan(0, _waiting))
        {
            _latency[Stage.Sent].Record(sentNs - encodedNs);
            _latency[Stage.TickToSent].Record(sentNs - receivedNs);
        }
        _waiting = 0;
    }

    /// <summary>
    /// Reads what the next order of each portfolio would be made from and written to, so that it is near when it comes. For idle moments; it changes nothing, and nothing decides by it.
    /// </summary>
    /// <returns>A number without meaning, so that no compiler leaves the reading out.</returns>
    public long Approach()
    {
        long read = 0;
        Span<PriceLevel> best = stackalloc PriceLevel[2];
        foreach (var portfolio in _portfolios)
        {
            int instrument = portfolio.Instrument;
            read += _market.CopyLevels(instrument, Side.Buy, best) + best[0].QuantityUnits;
            read += _market.CopyLevels(instrument, Side.Sell, best) + best[0].QuantityUnits;
            read += _market.Top(instrument).TimeUtcNs + portfolio.Approach();
            _gate.Prefetch(instrument);
            _gate.PrefetchOrder(portfolio.Index);
        }
        return read;
    }

    // ---- market -------------------------------------------------------------------------------------------------

    private void OnMarket(ref RingEvent e, long sequence)
    {
        if (!e.IsDecideMark)
        {
            _market.Apply(ref e);
            return;
        }
        long consumedNs = _clock.NowNs();
        _gate.Prefetch(e.Instrument);
        _market.Apply(ref e);
        ReadOnlySpan<ushort> dirty = _market.Dirty;
        foreach (ushort instrument in dirty)
            _gate.OnTop(instrument, in _market.Top(instrument));
        Counters.DecideMarks++;
        if (_overloaded) Counters.MarksSkipped++;
        else
        {
            var stamps = new StageStamps { ReceivedNs = e.ReceivedNs, ConsumedNs = consumedNs, FeaturedNs = _clock.NowNs() };
            if (TakesStamps) RecordArrival(ref e, in stamps);
            if (_sharesNetworks) GatherShared(dirty);
            foreach (var portfolio in _portfolios)
            {
                if (!dirty.Contains(portfolio.Instrument)) continue;
                Decide(portfolio, ref e, sequence, ref stamps);
                // The next portfolio's pricing begins here; what it waited for this one shows in its tickToOrder alone.
                stamps.FeaturedNs = _clock.NowNs();
            }
            if (_ordered) EndDecision(e.ReceivedNs);
            // The orders have left; now there is time for what they did not need.
            CatchUp();
        }
        _market.ClearDirty();
    }

    /// <summary>Portfolios with one network between them: their features become rows of one call, which the first that decides makes.</summary>
    private void GatherShared(ReadOnlySpan<ushort> dirty)
    {
        foreach (var portfolio in _portfolios)
        {
            if (portfolio.SharesNetwork && dirty.Contains(portfolio.Instrument) && _market.Top(portfolio.Instrument).State == BookState.Ready)
                portfolio.Gather(in _market.Features(portfolio.Instrument), _nowUtcNs);
        }
    }

    private void CatchUp()
    {
        foreach (var portfolio in _portfolios) portfolio.CatchUp();
    }

    private void RecordArrival(ref RingEvent e, in StageStamps stamps)
    {
        uint decodeNs = RingEvent.AsTick(ref e).DecodeNs;
        _latency[Stage.Decoded].Record(decodeNs);
        _latency[Stage.Consumed].Record(stamps.ConsumedNs - e.ReceivedNs - decodeNs);
        _latency[Stage.Featured].Record(stamps.FeaturedNs - stamps.ConsumedNs);
    }

    // ---- decide -------------------------------------------------------------------------------------------------

    /// <summary>From the portfolio's Greeks to at most a few orders, each through the gate. The only place that sends.</summary>
    private void Decide(PortfolioStage portfolio, ref RingEvent e, long sequence, ref StageStamps stamps)
    {
        ref readonly TopOfBook top = ref _market.Top(portfolio.Instrument);
        if (top.State == BookState.Ready)
        {
            _gate.PrefetchOrder(portfolio.Index);
            portfolio.Price(in _market.Features(portfolio.Instrument), _nowUtcNs);
            _gate.OnGreeks(portfolio.Index, portfolio.Greeks.AnchorUtcNs);
            Counters.Decisions++;
            if (portfolio.OnExpansion) Counters.DecisionsOnExpansion++;
        }
        if (!portfolio.HasTarget) return;
        stamps.PricedNs = _clock.NowNs();
        bool ordered = false;
        while (portfolio.Next(in top, in e, sequence, out OrderIntent intent))
        {
            stamps.DecidedNs = _clock.NowNs();
            Counters.Intents++;
            GateVerdict verdict = _gate.Check(in intent, out ApprovedOrder approved);
            portfolio.OnVerdict(verdict, in intent, in approved);
            if (verdict != GateVerdict.Approved) continue;
            stamps.GatedNs = _clock.NowNs();
            SendResult result = _out.Send(in approved);
            _ordered = true;
            // After the send: the block of records is hashed now and then, and the order need not wait for that.
            _gate.Settle();
            _hash.Add(in approved);
            if (result == SendResult.Sent && !ordered && TakesStamps && e.Kind < EventKind.ExecutionReported) RecordOrder(in stamps);
            ordered = true;
        }
        if (!ordered && stamps.FeaturedNs != 0 && TakesStamps) _latency[Stage.Priced].Record(stamps.PricedNs - stamps.FeaturedNs);
        portfolio.Mark(_nowUtcNs);
    }

    /// <summary>A request that no policy made: a question about an order of an earlier run, or the cancel of one that nobody owns. Through the gate like every other.</summary>
    void IRequestOut.Request(in OrderIntent intent)
    {
        Counters.Intents++;
        if (_gate.Check(in intent, out ApprovedOrder approved) != GateVerdict.Approved) return;
        _out.Send(in approved);
        _ordered = true;
        _hash.Add(in approved);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void RecordOrder(in StageStamps s)
    {
        _latency[Stage.Priced].Record(s.PricedNs - s.FeaturedNs);
        _latency[Stage.Decided].Record(s.DecidedNs - s.PricedNs);
        _latency[Stage.Gated].Record(s.GatedNs - s.DecidedNs);
        long encodedNs = _out.LastEncodedNs, sentNs = _out.LastSentNs;
        if (encodedNs == 0) return; // Another thread encodes and records these.
        _latency[Stage.Encoded].Record(encodedNs - s.GatedNs);
        _latency[Stage.TickToOrder].Record(encodedNs - s.ReceivedNs);
        if (sentNs < encodedNs)
        {
            _waitingEncodedNs[_waiting++] = encodedNs;
            return;
        }
        _latency[Stage.Sent].Record(sentNs - encodedNs);
        _latency[Stage.TickToSent].Record(sentNs - s.ReceivedNs);
    }

    // ---- the order session --------------------------------------------------------------------------------------

    private void OnSession(ref RingEvent e, long sequence)
    {
        ref Execution execution = ref RingEvent.AsExecution(ref e);
        switch (e.Kind)
        {
            case EventKind.ExecutionReported:
                ExecutionEffect effect = _gate.OnExecution(in execution);
                _account.OnExecution(in effect);
                Counters.Count(in execution, in effect);
                if ((e.Flags & EventFlags.MoreFollows) == 0) Again(effect.Instrument, ref e, sequence);
                break;
            case EventKind.OrderUnsent:
                _gate.OnUnsent(in execution);
                Counters.Unsent++;
                break;
            case EventKind.SessionUp:
                _gate.OnSession(true);
                Counters.SessionUps++;
                _atVenue.OnSessionUp(_gate);
                AskVenue(in e, sequence);
                break;
            case EventKind.SessionDown:
                _gate.OnSession(false);
                Counters.SessionDowns++;
                _earlier.AskAgain();
                _atVenue.OnSessionDown();
                break;
            case EventKind.OrderRestored:
                _earlier.Restore(_gate, _portfolios, in execution);
                Counters.OrdersRestored++;
                break;
            case EventKind.MassStatusEnded:
                _atVenue.OnEnded(_gate, Counters, in execution);
                AskVenue(in e, sequence);
                break;
            case EventKind.OrdersUnresolved:
                _gate.SetOrdersUnresolved(true);
                break;
        }
    }

    private void AskVenue(in RingEvent e, long sequence)
    {
        _atVenue.Turn(_gate, Counters, this, in e, sequence);
        if (!_atVenue.IsUnderWay) _earlier.Turn(_gate, _portfolios, this, in e, sequence);
    }

    /// <summary>An answer of the venue may leave more to do: the rest of a hedge, or a cancel that is now allowed.</summary>
    private void Again(int instrument, ref RingEvent e, long sequence)
    {
        StageStamps stamps = default;
        foreach (var portfolio in _portfolios)
        {
            if (portfolio.Instrument == instrument) Decide(portfolio, ref e, sequence, ref stamps);
        }
    }

    // ---- control ------------------------------------------------------------------------------------------------

    private void OnControl(ref RingEvent e, long sequence)
    {
        ref ControlEvent control = ref RingEvent.AsControl(ref e);
        switch (e.Kind)
        {
            case EventKind.Timer:
                Counters.Timers++;
                _gate.OnTimer(_nowUtcNs);
                _gate.OnDailyPnl(_account.Pnl);
                foreach (var portfolio in _portfolios) portfolio.Sample(_nowUtcNs);
                AskVenue(in e, sequence);
                DecideAll(ref e, sequence);
                // Time alone wears the expansion out, too: without a tick the anchor would grow old.
                CatchUp();
                break;
            case EventKind.Command:
                OnCommand(in control, in e, sequence);
                DecideAll(ref e, sequence);
                break;
            case EventKind.KillObserved:
                Kill();
                DecideAll(ref e, sequence);
                break;
            case EventKind.JournalBehind: _gate.SetJournalBehind(true); Counters.JournalBehind++; break;
            case EventKind.JournalCaughtUp: _gate.SetJournalBehind(false); break;
            case EventKind.JournalLost: _gate.SetJournalLost(); Counters.JournalLost++; break;
            case EventKind.OverloadBegan: _overloaded = true; Counters.Overloads++; break;
            case EventKind.OverloadEnded: _overloaded = false; break;
            case EventKind.ClockStepped:
                Counters.ClockSteps++;
                _gate.OnClockStep(control.Value1);
                break;
            case EventKind.EndOfInput: Ended = true; break;
        }
    }

    private void OnCommand(in ControlEvent control, in RingEvent e, long sequence)
    {
        switch ((OperatorCommand)control.Code)
        {
            case OperatorCommand.Kill: Kill(); break;
            case OperatorCommand.Resolved:
                Counters.OrdersResolved++;
                _atVenue.Settle();
                _gate.SetOrdersUnresolved(false);
                break;
            case OperatorCommand.Pause: _gate.SetTradingPaused(true); break;
            case OperatorCommand.Resume when !_stopping: _gate.SetTradingPaused(false); break;
            case OperatorCommand.Stop:
                _stopping = true;
                _gate.SetTradingPaused(true);
                break;
            case OperatorCommand.SetLimit:
                _gate.Apply(new LimitChange((LimitKey)control.Value1, control.Instrument, control.Source, BitConverter.Int64BitsToDouble(control.Value2)));
                break;
            case OperatorCommand.Enable: _gate.Enable(control.Source); break;
            case OperatorCommand.ResetProtection: _gate.ResetProtection(control.Source); break;
            case OperatorCommand.AcceptClock: _gate.AcceptClock(); break;
            case OperatorCommand.CancelUnknown: VenueOrders.Withdraw(_gate, this, (ulong)control.Value1, in e, sequence); break;
            case OperatorCommand.CarryPnl: _gate.CarryPnl(BitConverter.Int64BitsToDouble(control.Value2)); break;
        }
    }

    private void Kill()
    {
        if (!_gate.IsKilled) Counters.Kills++;
        _gate.SetKilled();
    }

    private void DecideAll(ref RingEvent e, long sequence)
    {
        // Overload skips decisions, not the withdrawal of orders while trading is stopped.
        if (_overloaded && e.Kind == EventKind.Timer && _gate.Stopped == GateVerdict.Approved) return;
        StageStamps stamps = default;
        foreach (var portfolio in _portfolios) Decide(portfolio, ref e, sequence, ref stamps);
    }

    private struct StageStamps
    {
        public long ReceivedNs, ConsumedNs, FeaturedNs, PricedNs, DecidedNs, GatedNs;
    }
}
