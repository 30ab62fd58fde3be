using Appliance.Contract;

namespace Appliance.Risk;

/// <summary>What the gate learns from the ring: the market, answers, time, switches.</summary>
public sealed partial class Gate
{
    private Switches _switches = Switches.SessionDown;
    private GateVerdict _stopped = GateVerdict.SessionDown;
    private Int128 _clockSkewNs;
    private double _pnl, _carriedPnl;

    [Flags]
    private enum Switches { None = 0, Killed = 1, Paused = 2, SessionDown = 4, OrdersUnresolved = 8, JournalLost = 16, JournalBehind = 32, DailyLoss = 64, ClockSkew = 128, Unconfirmed = 256, Listing = 512 }

    /// <summary>Why no new order passes at all now; Approved when nothing stands against it.</summary>
    public GateVerdict Stopped => _stopped;
    public bool IsKilled => (_switches & Switches.Killed) != 0;
    public bool IsSessionUp => (_switches & Switches.SessionDown) == 0;

    /// <summary>Whether the instrument's last book event is too old to trade on.</summary>
    public bool IsStale(int instrument, long nowUtcNs) => nowUtcNs - _instruments[instrument].LastEventUtcNs > _instruments[instrument].StaleAfterNs;

    /// <summary>False while an order of the portfolio in the instrument would be held back whatever its terms: then what works is withdrawn, and nothing asked in vain.</summary>
    public bool IsOpenFor(ushort portfolio, int instrument, long nowUtcNs)
    {
        if (_stopped != GateVerdict.Approved || _orders.IsFrozen(instrument) || IsStale(instrument, nowUtcNs) || _instruments[instrument].IsRestricted) return false;
        ref GatePortfolio p = ref _portfolios[portfolio];
        if (_staleGreeksAfterNs != 0 && nowUtcNs - p.GreeksUtcNs > _staleGreeksAfterNs) return false;
        return p.Holds == PortfolioHolds.None || p.Held(nowUtcNs) == GateVerdict.Approved;
    }

    /// <summary>Why the portfolio is held back, Approved when it is not: for reports and the console.</summary>
    public GateVerdict HeldBack(ushort portfolio) => _portfolios[portfolio].Held(_nowUtcNs);

    /// <summary>Positions the run begins with; before the first intent.</summary>
    public void SetOpeningPosition(int instrument, long positionUnits)
    {
        if (positionUnits is < -InstrumentLimits.UnitsMax or > InstrumentLimits.UnitsMax) throw new ArgumentOutOfRangeException(nameof(positionUnits));
        _orders.SetOpeningPosition(instrument, positionUnits);
        Revalue(instrument);
    }

    /// <summary>The portfolio's share of it.</summary>
    public void SetOpeningHedge(ushort portfolio, long positionUnits)
    {
        if (positionUnits is < -InstrumentLimits.UnitsMax or > InstrumentLimits.UnitsMax) throw new ArgumentOutOfRangeException(nameof(positionUnits));
        _orders.SetOpeningHedge(portfolio, positionUnits);
    }

    /// <summary>The book after a market event of the instrument.</summary>
    public void OnTop(int instrument, in TopOfBook top)
    {
        ref GateInstrument i = ref _instruments[instrument];
        i.State = top.State;
        i.Status = top.Status;
        i.LastEventUtcNs = top.TimeUtcNs;
        i.LowerBandUnits = top.LowerBandUnits;
        i.UpperBandUnits = top.UpperBandUnits;
        if (top.State != BookState.Ready) return;
        if (top.BidPriceUnits is not (> 0 and < InstrumentLimits.UnitsMax) || top.AskPriceUnits is not (> 0 and < InstrumentLimits.UnitsMax))
        {
            // No collar can be drawn around such a market, and the last good mid is of another one.
            i.State = BookState.Incomplete;
            return;
        }
        long twiceMid = top.TwiceMidUnits;
        if (top.TimeUtcNs - i.DriftRolledUtcNs >= _driftWindowNs)
        {
            i.DriftTwiceMidUnits = i.NextDriftTwiceMidUnits != 0 ? i.NextDriftTwiceMidUnits : twiceMid;
            i.NextDriftTwiceMidUnits = twiceMid;
            i.DriftRolledUtcNs = top.TimeUtcNs;
        }
        if (twiceMid == i.LastGoodTwiceMidUnits) return;
        i.LastGoodTwiceMidUnits = twiceMid;
        ref readonly InstrumentExposure held = ref _orders.Exposure(instrument);
        if ((held.PositionUnits | held.WorkingBuyUnits | held.WorkingSellUnits) != 0) Revalue(instrument);
    }

    /// <summary>When the Greeks that the portfolio decides on were last priced in full.</summary>
    public void OnGreeks(ushort portfolio, long pricedUtcNs) => _portfolios[portfolio].GreeksUtcNs = pricedUtcNs;

    /// <summary>The venue's answer, applied to the order table; the caller hands the effect on to the account.</summary>
    public ExecutionEffect OnExecution(in Execution e)
    {
        // Here and wherever else a record or a window may change: the order is counted as it was approved.
        if (_unsettledSlot >= 0) Settle();
        if (e.TimeUtcNs > _nowUtcNs) _nowUtcNs = e.TimeUtcNs;
        ExecutionEffect effect = (e.Flags & EventFlags.Listed) == 0 ? _orders.OnExecution(in e) : OnListed(in e);
        if (effect.Instrument < _instruments.Length) Revalue(effect.Instrument);
        if (effect.FilledUnits != 0)
        {
            // A bust need not repeat the price; of an order that nobody remembers the mid is nearest.
            if (!effect.IsKnown && effect.PriceUnits == 0) effect = effect with { PriceUnits = _instruments[effect.Instrument].LastGoodTwiceMidUnits / 2 };
            OnFill(in effect);
        }
        if ((_switches & Switches.Unconfirmed) != 0) Switch(Switches.Unconfirmed, _orders.UnconfirmedCount > 0);
        // Also while the control is off: it may be switched on for what is counted here.
        if (effect.IsReject) _rejects.Add(_nowUtcNs);
        return effect;
    }

    private ExecutionEffect OnListed(in Execution e)
    {
        long untaken = _orders.Counters.UnknownOrdersUntaken;
        // An order of nobody's counts to the first portfolio that hedges with the instrument, as its fills do; to the first of all where none does: it has to count somewhere.
        ExecutionEffect effect = _orders.OnListed(in e, e.Instrument < _firstPortfolio.Length ? Math.Max(0, _firstPortfolio[e.Instrument]) : 0);
        if (_orders.Counters.UnknownOrdersUntaken != untaken) Switch(Switches.OrdersUnresolved, true);
        return effect;
    }

    /// <summary>The venue is asked which of our orders stand: until it has answered, new ones wait.</summary>
    public void BeginListing()
    {
        _orders.BeginListing();
        Switch(Switches.Listing, true);
    }

    /// <param name="isComplete">True when it has listed all of them: what it did not list is unconfirmed. False when it does not answer such questions.</param>
    public void EndListing(bool isComplete)
    {
        if (isComplete) _orders.EndListing();
        Switch(Switches.Unconfirmed, _orders.UnconfirmedCount > 0);
        Switch(Switches.Listing, false);
    }

    private void OnFill(in ExecutionEffect effect)
    {
        int portfolio = effect.Portfolio;
        if (portfolio == ExecutionEffect.NoPortfolio && (portfolio = _firstPortfolio[effect.Instrument]) >= 0)
            _orders.MoveHedge(portfolio, effect.Side, effect.FilledUnits);
        // A busted trade takes no protection back: what tripped it did happen. A corrected one was counted when it did.
        if (portfolio < 0 || portfolio >= _portfolios.Length || effect.FilledUnits < 0 || effect.IsCorrection) return;
        ref readonly GateInstrument i = ref _instruments[effect.Instrument];
        long signed = effect.Side == Side.Buy ? effect.FilledUnits : -effect.FilledUnits;
        _portfolios[portfolio].OnFill(_nowUtcNs, effect.FilledUnits, signed * i.DeltaPerUnit, signed * i.VegaPerUnit);
    }

    /// <summary>An approved order that did not leave: its exposure ends, its message still counts.</summary>
    public void OnUnsent(in Execution e)
    {
        if (_unsettledSlot >= 0) Settle();
        int slot = _orders.OnUnsent(in e);
        if (slot < 0) return;
        Revalue(_orders[slot].Instrument);
        if ((_switches & Switches.Unconfirmed) != 0) Switch(Switches.Unconfirmed, _orders.UnconfirmedCount > 0);
    }

    /// <summary>An order of an earlier run, before the session comes up: it counts against every limit, and new orders wait until the venue has said how it stands.</summary>
    /// <returns>The order's slot; −1 when it could not be taken up.</returns>
    public int OnRestored(in Execution e)
    {
        if (_unsettledSlot >= 0) Settle();
        int slot = _orders.Restore(in e, e.TimeUtcNs);
        if (slot >= 0) Revalue(_orders[slot].Instrument);
        // One that found no room is one more that somebody has to settle.
        else _switches |= Switches.OrdersUnresolved;
        Switch(Switches.Unconfirmed, _orders.UnconfirmedCount > 0);
        return slot;
    }

    /// <summary>The venue is still to say how orders stand: those of an earlier run, or all of them.</summary>
    public bool AwaitsConfirmation => (_switches & (Switches.Unconfirmed | Switches.Listing)) != 0;

    public void OnTimer(long timeUtcNs)
    {
        if (timeUtcNs > _nowUtcNs) _nowUtcNs = timeUtcNs;
        _orders.OnTime(_nowUtcNs);
    }

    /// <summary>The wall clock stepped by so much; steps add up, and a step back mends. The sum has more bits than a step, so that no step wraps it round to nothing.</summary>
    public void OnClockStep(long stepNs)
    {
        _clockSkewNs += stepNs;
        Switch(Switches.ClockSkew, Int128.Abs(_clockSkewNs) > _maxClockSkewNs);
    }

    /// <summary>A person says that the clock is right as it stands.</summary>
    public void AcceptClock()
    {
        _clockSkewNs = 0;
        Switch(Switches.ClockSkew, false);
    }

    /// <summary>A person enables a portfolio that a throttle holds; all of them: the daily loss stops no more, either, unless it still stands at its limit.</summary>
    public void Enable(ushort portfolio)
    {
        if (_unsettledSlot >= 0) Settle();
        if (portfolio < _portfolios.Length) { _portfolios[portfolio].Enable(); return; }
        if (portfolio != RingEvent.AllPortfolios) return;
        for (int p = 0; p < _portfolios.Length; p++) _portfolios[p].Enable();
        Switch(Switches.DailyLoss, IsDailyLossAtLimit);
    }

    public void ResetProtection(ushort portfolio)
    {
        if (portfolio < _portfolios.Length) _portfolios[portfolio].ResetProtection();
        else if (portfolio == RingEvent.AllPortfolios)
            for (int p = 0; p < _portfolios.Length; p++) _portfolios[p].ResetProtection();
    }

    public void OnSession(bool up) => Switch(Switches.SessionDown, !up);
    /// <summary>For good: nothing takes a kill back.</summary>
    public void SetKilled() => Switch(Switches.Killed, true);
    public void SetTradingPaused(bool paused) => Switch(Switches.Paused, paused);
    public void SetOrdersUnresolved(bool unresolved)
    {
        if (!unresolved)
        {
            _orders.ConfirmAll();
            Switch(Switches.Unconfirmed | Switches.Listing, false);
        }
        Switch(Switches.OrdersUnresolved, unresolved);
    }
    public void SetJournalBehind(bool behind) => Switch(Switches.JournalBehind, behind);
    public void SetJournalLost() => Switch(Switches.JournalLost, true);

    /// <summary>What earlier runs of the day made; it counts with this run's.</summary>
    public void CarryPnl(double pnl) => _carriedPnl = pnl;

    /// <summary>Profit and loss of the run so far. A day's loss at the limit, or a figure that is no number, stops new orders until a person enables them.</summary>
    public void OnDailyPnl(double pnl)
    {
        _pnl = pnl;
        if (IsDailyLossAtLimit) Switch(Switches.DailyLoss, true);
    }

    /// <summary>Whether the day's loss, as of the last look, is at its limit or beyond, or no number: then nobody enables it. May be asked from any thread.</summary>
    public bool IsDailyLossAtLimit => !(_pnl + _carriedPnl > -_maxDailyLoss);

    private void Switch(Switches which, bool on)
    {
        _switches = on ? _switches | which : _switches & ~which;
        _stopped = _switches == Switches.None ? GateVerdict.Approved : FirstReason(_switches);
    }

    private static GateVerdict FirstReason(Switches on) =>
        (on & Switches.Killed) != 0 ? GateVerdict.Killed
        : (on & Switches.Paused) != 0 ? GateVerdict.Paused
        : (on & Switches.SessionDown) != 0 ? GateVerdict.SessionDown
        : (on & (Switches.OrdersUnresolved | Switches.Unconfirmed | Switches.Listing)) != 0 ? GateVerdict.OrdersUnresolved
        : (on & Switches.JournalLost) != 0 ? GateVerdict.JournalLost
        : (on & Switches.JournalBehind) != 0 ? GateVerdict.JournalBehind
        : (on & Switches.DailyLoss) != 0 ? GateVerdict.DailyLoss
        : GateVerdict.ClockSkew;
}
