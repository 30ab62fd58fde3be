using System.Runtime.CompilerServices;
using Appliance.Contract;

namespace Appliance.Risk;

/// <summary>
/// The one way from an intent to the wire. It belongs to the decision thread and is a function of the ring: time comes with the intent, the market with
/// <see cref="OnTop"/>, answers with <see cref="OnExecution"/>. An approved order counts against every limit before it is sent; what then does not leave is
/// taken back by <see cref="OnUnsent"/>. Cancels count in the message rate but are never refused: an order that cannot be withdrawn is the worst of all.
/// </summary>
public sealed class Gate
{
    private const long IdsPerEpoch = 1_000_000_000;

    private readonly GateInstrument[] _instruments;
    private readonly OrderTable _orders;
    private readonly DuplicateWindow _recent;
    private readonly long[] _verdicts = new long[GateVerdicts.Count];
    private MessageRateWindow _rate;
    private readonly int _newMessagesMax;
    private readonly int _liveOrdersMax;
    private readonly double _maxDailyLoss;
    private ulong _lastId;
    private readonly ulong _epochEnd;
    private long _nowUtcNs;
    private Switches _switches = Switches.SessionDown;
    private GateVerdict _stopped = GateVerdict.SessionDown;

    [Flags]
    private enum Switches { None = 0, Killed = 1, Paused = 2, SessionDown = 4, OrdersUnresolved = 8, JournalLost = 16, JournalBehind = 32, DailyLoss = 64 }

    public Gate(ReadOnlySpan<InstrumentDefinition> instruments, GateLimits limits)
    {
        IReadOnlyList<string> problems = limits.Problems();
        if (problems.Count != 0) throw new ArgumentException(string.Join(' ', problems), nameof(limits));
        long recentOrders = DuplicateWindow.CapacityFor(limits);
        if (recentOrders > DuplicateWindow.CapacityMax)
            throw new ArgumentException("The duplicate window at this message rate holds more than a million orders.", nameof(limits));
        int table = 0;
        foreach (InstrumentDefinition definition in instruments) table = Math.Max(table, definition.Index + 1);
        _instruments = new GateInstrument[table];
        foreach (InstrumentDefinition definition in instruments)
            _instruments[definition.Index] = new GateInstrument(definition, limits.Instruments.FirstOrDefault(l => l.Instrument == definition.Index));
        foreach (InstrumentLimits l in limits.Instruments)
            if (l.Instrument >= table || !_instruments[l.Instrument].IsKnown)
                throw new ArgumentException($"There are limits for instrument {l.Instrument}, which the desk does not have.", nameof(limits));
        _orders = new OrderTable(limits.OrderTableCapacity, table, limits.AcknowledgeWithinNs);
        _recent = new DuplicateWindow(recentOrders, limits.DuplicateWindowNs);
        _rate = new MessageRateWindow(limits.MaxMessagesPerWindow, limits.MessageWindowNs);
        _newMessagesMax = limits.MaxMessagesPerWindow - limits.CancelReserveMessages;
        _liveOrdersMax = limits.MaxLiveOrders;
        _maxDailyLoss = limits.MaxDailyLoss;
        _lastId = limits.OrderIdEpoch * IdsPerEpoch;
        _epochEnd = _lastId + limits.OrderIdsMax;
    }

    public OrderTable Orders => _orders;

    /// <summary>Intents by verdict, indexed by <see cref="GateVerdict"/>.</summary>
    public ReadOnlySpan<long> Verdicts => _verdicts;

    public long Approved => _verdicts[0];

    public long Rejected
    {
        get
        {
            long sum = 0;
            for (int i = 1; i < _verdicts.Length; i++) sum += _verdicts[i];
            return sum;
        }
    }

    /// <summary>Why no new order passes at all now; Approved when nothing stands against it.</summary>
    public GateVerdict Stopped => _stopped;
    public bool IsKilled => (_switches & Switches.Killed) != 0;
    public bool IsSessionUp => (_switches & Switches.SessionDown) == 0;

    /// <summary>Whether the instrument's last book event is too old to trade on.</summary>
    public bool IsStale(int instrument, long nowUtcNs) => nowUtcNs - _instruments[instrument].LastEventUtcNs > _instruments[instrument].StaleAfterNs;

    /// <summary>Positions the run begins with; before the first intent.</summary>
    public void SetOpeningPosition(int instrument, long positionUnits)
    {
        if (positionUnits is < -InstrumentLimits.UnitsMax or > InstrumentLimits.UnitsMax) throw new ArgumentOutOfRangeException(nameof(positionUnits));
        _orders.SetOpeningPosition(instrument, positionUnits);
    }

    /// <summary>Reads what the next new order of this instrument will be judged by and written to, so that it is near when it comes. Changes nothing.</summary>
    /// <returns>A number without meaning, so that no compiler leaves the reading out.</returns>
    public long Approach(int instrument)
    {
        ref readonly GateInstrument i = ref _instruments[instrument];
        return i.LastEventUtcNs + i.UpperBandUnits + i.MaxPositionUnits + _orders.Approach(instrument, _lastId + 1) + _rate.Approach() + _verdicts[0] + (long)_epochEnd;
    }

    /// <summary>Judges one intent. An intent without a client order id is given the next one; with one, it must rise above all before it.</summary>
    public GateVerdict Check(in OrderIntent intent, out ApprovedOrder approved)
    {
        if (intent.TimeUtcNs > _nowUtcNs) _nowUtcNs = intent.TimeUtcNs;
        OrderIntent order = intent;
        GateVerdict verdict = intent.Kind switch
        {
            OrderRequestKind.New => CheckNew(ref order),
            OrderRequestKind.Amend => CheckAmend(ref order),
            OrderRequestKind.Cancel => CheckCancel(ref order),
            _ => GateVerdict.InvalidIntent,
        };
        _verdicts[(int)verdict]++;
        approved = verdict == GateVerdict.Approved ? new ApprovedOrder(in order) : default;
        return verdict;
    }

    private GateVerdict CheckNew(ref OrderIntent order)
    {
        if (_stopped != GateVerdict.Approved) return _stopped;
        if (order.Side is not (Side.Buy or Side.Sell) || order.TimeInForce > TimeInForce.GoodTillCancel) return GateVerdict.InvalidIntent;
        if (!IsIdFree(order.ClientOrderId)) return GateVerdict.InvalidIdentifier;
        if (order.Instrument >= _instruments.Length) return GateVerdict.UnknownInstrument;
        ref GateInstrument instrument = ref _instruments[order.Instrument];
        GateVerdict verdict = CheckTerms(in instrument, in order);
        if (verdict != GateVerdict.Approved) return verdict;
        if (IsBeyondPosition(in instrument, in order, order.QuantityUnits)) return GateVerdict.PositionLimit;
        if (_orders.LiveCount >= _liveOrdersMax) return GateVerdict.MaxLiveOrders;
        if (_recent.Contains(in order, _nowUtcNs)) return GateVerdict.DuplicateOrder;
        if (!_rate.HasRoom(_newMessagesMax, _nowUtcNs)) return GateVerdict.MessageRate;

        ulong id = order.ClientOrderId != 0 ? order.ClientOrderId : _lastId + 1;
        order.ClientOrderId = id;
        order.OriginalClientOrderId = 0;
        if (_orders.OpenNew(in order, instrument.LastGoodTwiceMidUnits, _nowUtcNs) < 0) return GateVerdict.OrderTableFull;
        Count(id);
        _recent.Add(in order, _nowUtcNs);
        return GateVerdict.Approved;
    }

    private GateVerdict CheckAmend(ref OrderIntent order)
    {
        if (_stopped != GateVerdict.Approved) return _stopped;
        if (!IsIdFree(order.ClientOrderId)) return GateVerdict.InvalidIdentifier;
        int slot = _orders.Find(order.OriginalClientOrderId);
        if (slot < 0) return GateVerdict.UnknownOrder;
        ref readonly OrderRecord record = ref _orders[slot];
        if (record.IsDone) return GateVerdict.OrderDone;
        if (!record.IsAcknowledged || record.PendingAmendId != 0 || record.PendingCancelId != 0) return GateVerdict.RequestOutstanding;
        if (order.Side != record.Side || order.Instrument != record.Instrument || order.Portfolio != record.Portfolio
            || order.TimeInForce != record.TimeInForce) return GateVerdict.AmendChangesOrder;
        ref GateInstrument instrument = ref _instruments[order.Instrument];
        GateVerdict verdict = CheckTerms(in instrument, in order);
        if (verdict != GateVerdict.Approved) return verdict;
        if (order.QuantityUnits <= record.CumulativeQuantityUnits) return GateVerdict.AmendBelowFilled;
        // Until the venue has answered, either the old or the new terms may fill: the larger counts.
        long worst = Math.Max(order.QuantityUnits - record.CumulativeQuantityUnits, record.ExposureUnits);
        if (IsBeyondPosition(in instrument, in order, worst - record.ExposureUnits)) return GateVerdict.PositionLimit;
        if (!_rate.HasRoom(_newMessagesMax, _nowUtcNs)) return GateVerdict.MessageRate;

        ulong id = order.ClientOrderId != 0 ? order.ClientOrderId : _lastId + 1;
        order.ClientOrderId = id;
        order.OriginalClientOrderId = record.CurrentId;
        _orders.OpenAmend(slot, in order, instrument.LastGoodTwiceMidUnits, _nowUtcNs);
        Count(id);
        return GateVerdict.Approved;
    }

    /// <summary>No limit and no switch holds a cancel back; only that there is nothing to cancel, or that a cancel is on its way.</summary>
    private GateVerdict CheckCancel(ref OrderIntent order)
    {
        if (!IsIdFree(order.ClientOrderId)) return GateVerdict.InvalidIdentifier;
        int slot = _orders.Find(order.OriginalClientOrderId);
        if (slot < 0) return GateVerdict.UnknownOrder;
        ref readonly OrderRecord record = ref _orders[slot];
        if (record.IsDone) return GateVerdict.OrderDone;
        if (record.PendingCancelId != 0) return GateVerdict.CancelOutstanding;

        ulong id = order.ClientOrderId != 0 ? order.ClientOrderId : _lastId + 1;
        order.ClientOrderId = id;
        // FIX 4.4 appendix D chains optimistically: a request names the last one sent that was not refused, so an amend still unanswered.
        order.OriginalClientOrderId = record.PendingAmendId != 0 ? record.PendingAmendId : record.CurrentId;
        order.Instrument = record.Instrument;
        order.Portfolio = record.Portfolio;
        order.Side = record.Side;
        order.TimeInForce = record.TimeInForce;
        order.PriceUnits = record.PriceUnits;
        order.QuantityUnits = record.QuantityUnits;
        _orders.OpenCancel(slot, id, order.OriginalClientOrderId, _nowUtcNs);
        Count(id);
        return GateVerdict.Approved;
    }

    /// <summary>What a new order and an amend have in common: the terms against the instrument's rules and the market.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private GateVerdict CheckTerms(in GateInstrument i, in OrderIntent order)
    {
        if (!i.IsKnown) return GateVerdict.UnknownInstrument;
        if (!i.IsAllowed) return GateVerdict.InstrumentNotAllowed;
        if (_orders.IsFrozen(order.Instrument)) return GateVerdict.InstrumentFrozen;
        long price = order.PriceUnits, quantity = order.QuantityUnits;
        if (price is <= 0 or > InstrumentLimits.UnitsMax) return GateVerdict.InvalidPrice;
        if (price % i.TickSizeUnits != 0) return GateVerdict.PriceOffTick;
        if (quantity is <= 0) return GateVerdict.InvalidQuantity;
        if (quantity > i.MaxQuantityUnits) return GateVerdict.MaxQuantity;
        if (quantity % i.LotSizeUnits != 0) return GateVerdict.QuantityOffLot;
        if ((Int128)price * quantity > i.MaxNotionalRaw) return GateVerdict.MaxNotional;

        if (i.State != BookState.Ready || i.LastGoodTwiceMidUnits <= 0) return GateVerdict.BookNotReady;
        if (i.Status != TradingStatus.Trading) return GateVerdict.NotTrading;
        if (_nowUtcNs - i.LastEventUtcNs > i.StaleAfterNs) return GateVerdict.StaleData;
        if (price < i.LowerBandUnits || price > i.UpperBandUnits) return GateVerdict.PriceBand;
        // |2p − 2m| × 10,000 against 2m × basis points: the same as |p − m| / m, without a division or a lost half.
        long twiceDistance = Math.Abs(2 * price - i.LastGoodTwiceMidUnits);
        if ((Int128)twiceDistance * 10_000 > (Int128)i.LastGoodTwiceMidUnits * i.CollarBasisPoints) return GateVerdict.PriceCollar;
        return GateVerdict.Approved;
    }

    /// <summary>
    /// Whether the worst case on the order's side passes the limit with <paramref name="addedUnits"/> more at work. Only that side is judged, so an order that
    /// leads back from beyond the limit may go. No term exceeds 2^61 and there are three of them, so nothing overflows.
    /// </summary>
    private bool IsBeyondPosition(in GateInstrument i, in OrderIntent order, long addedUnits)
    {
        ref readonly InstrumentExposure exposure = ref _orders.Exposure(order.Instrument);
        return order.Side == Side.Buy
            ? exposure.PositionUnits + exposure.WorkingBuyUnits + addedUnits > i.MaxPositionUnits
            : exposure.PositionUnits - exposure.WorkingSellUnits - addedUnits < -i.MaxPositionUnits;
    }

    private bool IsIdFree(ulong id) => id == 0 ? _lastId + 1 < _epochEnd : id > _lastId;

    private void Count(ulong id)
    {
        _lastId = id;
        _rate.Add(_nowUtcNs);
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
        if (top.State == BookState.Ready && top.BidPriceUnits is > 0 and < InstrumentLimits.UnitsMax && top.AskPriceUnits is > 0 and < InstrumentLimits.UnitsMax)
            i.LastGoodTwiceMidUnits = top.TwiceMidUnits;
    }

    /// <summary>The venue's answer, applied to the order table; the caller hands the effect on to the account.</summary>
    public ExecutionEffect OnExecution(in Execution e) => _orders.OnExecution(in e);

    /// <summary>An approved order that did not leave: its exposure ends, its message still counts.</summary>
    public void OnUnsent(in Execution e) => _orders.OnUnsent(in e);

    public void OnTimer(long timeUtcNs)
    {
        if (timeUtcNs > _nowUtcNs) _nowUtcNs = timeUtcNs;
        _orders.OnTime(_nowUtcNs);
    }

    public void OnSession(bool up) => Switch(Switches.SessionDown, !up);
    /// <summary>For good: nothing takes a kill back.</summary>
    public void SetKilled() => Switch(Switches.Killed, true);
    public void SetTradingPaused(bool paused) => Switch(Switches.Paused, paused);
    public void SetOrdersUnresolved(bool unresolved) => Switch(Switches.OrdersUnresolved, unresolved);
    public void SetJournalBehind(bool behind) => Switch(Switches.JournalBehind, behind);
    public void SetJournalLost() => Switch(Switches.JournalLost, true);

    /// <summary>Profit and loss of the day so far. A loss at the limit, or a figure that is no number, stops new orders for the rest of the run.</summary>
    public void OnDailyPnl(double pnl)
    {
        if (!(pnl > -_maxDailyLoss)) Switch(Switches.DailyLoss, true);
    }

    private void Switch(Switches which, bool on)
    {
        _switches = on ? _switches | which : _switches & ~which;
        _stopped = _switches == Switches.None ? GateVerdict.Approved : FirstReason(_switches);
    }

    private static GateVerdict FirstReason(Switches on) =>
        (on & Switches.Killed) != 0 ? GateVerdict.Killed
        : (on & Switches.Paused) != 0 ? GateVerdict.Paused
        : (on & Switches.SessionDown) != 0 ? GateVerdict.SessionDown
        : (on & Switches.OrdersUnresolved) != 0 ? GateVerdict.OrdersUnresolved
        : (on & Switches.JournalLost) != 0 ? GateVerdict.JournalLost
        : (on & Switches.JournalBehind) != 0 ? GateVerdict.JournalBehind
        : GateVerdict.DailyLoss;
}
