using System.Runtime.CompilerServices;
using Appliance.Contract;

namespace Appliance.Risk;

/// <summary>
/// The one way from an intent to the wire. It belongs to the decision thread and is a function of the ring: time comes with the intent, the market with
/// <see cref="OnTop"/>, answers with <see cref="OnExecution"/>. An approved order counts against every limit before it is sent; what then does not leave is
/// taken back by <see cref="OnUnsent"/>. Cancels count in the message rate but are never refused: an order that cannot be withdrawn is the worst of all.
/// This file judges; Gate.State.cs takes what the ring says, Gate.Exposure.cs values positions, Gate.Changes.cs changes limits.
/// </summary>
public sealed partial class Gate
{
    private const long IdsPerEpoch = 1_000_000_000;

    private readonly InstrumentDefinition?[] _definitions;
    private readonly GateInstrument[] _instruments;
    private readonly GatePortfolio[] _portfolios;
    private readonly int[] _firstPortfolio;
    private readonly OrderTable _orders;
    private readonly DuplicateWindow _recent;
    private readonly long[] _verdicts = new long[GateVerdicts.Count];
    private MessageRateWindow _rate, _longRate, _rejects;
    private readonly int _ordersMax;
    private int _messagesMax, _cancelReserve, _newMessagesMax, _longMessagesMax, _rejectsMax, _liveOrdersMax;
    private readonly long _driftWindowNs;
    private long _staleGreeksAfterNs, _maxClockSkewNs;
    private bool _preventsSelfMatch;
    private double _maxAccountPosition, _maxExposure, _maxDailyLoss;
    private ulong _lastId;
    /// <summary>Ids end here; those of new orders and amends end earlier, so that what works can still be withdrawn under an id of its own.</summary>
    private readonly ulong _epochEnd, _newIdsEnd;
    private long _nowUtcNs;
    /// <summary>The order that <see cref="Settle"/> has not remembered yet; −1 when there is none.</summary>
    private int _unsettledSlot = -1;

    public Gate(ReadOnlySpan<InstrumentDefinition> instruments, GateLimits limits)
    {
        IReadOnlyList<string> problems = limits.Problems();
        if (problems.Count != 0) throw new ArgumentException(string.Join(' ', problems), nameof(limits));
        long recentOrders = DuplicateWindow.CapacityFor(limits);
        int table = 0;
        foreach (InstrumentDefinition definition in instruments) table = Math.Max(table, definition.Index + 1);
        _instruments = new GateInstrument[table];
        _definitions = new InstrumentDefinition?[table];
        var byInstrument = limits.Instruments.ToDictionary(l => l.Instrument);
        foreach (InstrumentDefinition definition in instruments)
        {
            _instruments[definition.Index] = new GateInstrument(definition, byInstrument.GetValueOrDefault(definition.Index));
            _definitions[definition.Index] = definition;
        }
        foreach (InstrumentLimits l in limits.Instruments)
            if (l.Instrument >= table || !_instruments[l.Instrument].IsKnown)
                throw new ArgumentException($"There are limits for instrument {l.Instrument}, which the desk does not have.", nameof(limits));
        _portfolios = new GatePortfolio[limits.PortfolioCapacity];
        _firstPortfolio = new int[table];
        Array.Fill(_firstPortfolio, -1);
        for (int p = 0; p < _portfolios.Length; p++)
        {
            PortfolioLimits l = limits.Portfolios.FirstOrDefault(x => x.Portfolio == p) ?? new PortfolioLimits { Portfolio = (ushort)p };
            if (l.Instrument >= table) throw new ArgumentException($"Portfolio {p} hedges with instrument {l.Instrument}, which the desk does not have.", nameof(limits));
            _portfolios[p] = new GatePortfolio(l, limits.RepeatWindowNs);
            if (l.Instrument >= 0 && _firstPortfolio[l.Instrument] < 0) _firstPortfolio[l.Instrument] = p;
        }
        _leastExecutionsCapacity = _portfolios.Min(p => p.Executions.Capacity);
        _orders = new OrderTable(limits.OrderTableCapacity, table, _portfolios.Length, limits.AcknowledgeWithinNs);
        _recent = new DuplicateWindow(recentOrders, limits.DuplicateWindowNs);
        _rate = new MessageRateWindow(limits.MaxMessagesPerWindow, limits.MessageWindowNs);
        _longRate = new MessageRateWindow(limits.MaxMessagesPerLongWindow, limits.LongWindowNs);
        _rejects = new MessageRateWindow(limits.MaxRejectsPerLongWindow, limits.LongWindowNs);
        _ordersMax = limits.OrderTableCapacity / 2;
        _messagesMost = limits.MaxMessagesPerWindow;
        (_messagesMax, _cancelReserve, _newMessagesMax) = (limits.MaxMessagesPerWindow, limits.CancelReserveMessages, limits.MaxMessagesPerWindow - limits.CancelReserveMessages);
        (_longMessagesMax, _rejectsMax, _liveOrdersMax) = (limits.MaxMessagesPerLongWindow, limits.MaxRejectsPerLongWindow, limits.MaxLiveOrders);
        (_driftWindowNs, _staleGreeksAfterNs, _maxClockSkewNs) = (limits.DriftWindowNs, limits.StaleGreeksAfterNs, limits.MaxClockSkewNs);
        (_maxAccountPosition, _maxExposure, _maxDailyLoss) = (limits.MaxAccountPosition, limits.MaxExposure, limits.MaxDailyLoss);
        (_maxAccountCents, _maxExposureCents) = (ToCents(_maxAccountPosition), ToCents(_maxExposure));
        _preventsSelfMatch = limits.PreventsSelfMatch;
        _lastId = limits.OrderIdEpoch * IdsPerEpoch;
        _epochEnd = _lastId + limits.OrderIdsMax;
        _newIdsEnd = _epochEnd - Math.Min(limits.OrderIdsMax / 2, 4 * (ulong)limits.OrderTableCapacity);
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

    /// <summary>Asks for the memory that a market event of the instrument changes here. For the moment it is seen, while the books are still being brought up.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Prefetch(int instrument)
    {
        if ((uint)instrument >= (uint)_instruments.Length) return;
        CacheLines.Prefetch(ref _instruments[instrument]);
        _orders.Prefetch(instrument);
    }

    /// <summary>Asks for the memory that a new order of the portfolio would be judged by and written to: for the moment before its price is known. Changes nothing.</summary>
    public void PrefetchOrder(ushort portfolio)
    {
        if (portfolio >= _portfolios.Length) return;
        CacheLines.Prefetch(ref _portfolios[portfolio]);
        _orders.PrefetchNext(portfolio, _lastId + 1);
    }

    /// <summary>Judges one intent. An intent without a client order id is given the next one; with one, it must rise above all before it.</summary>
    public GateVerdict Check(in OrderIntent intent, out ApprovedOrder approved)
    {
        if (_unsettledSlot >= 0) Settle();
        if (intent.TimeUtcNs > _nowUtcNs) _nowUtcNs = intent.TimeUtcNs;
        approved = default;
        ulong id = 0, originalId = 0;
        GateVerdict verdict;
        switch (intent.Kind)
        {
            case OrderRequestKind.New: verdict = CheckNew(in intent, ref id); break;
            case OrderRequestKind.Amend: verdict = CheckAmend(in intent, ref id, ref originalId); break;
            case OrderRequestKind.Cancel or OrderRequestKind.Status or OrderRequestKind.MassStatus:
                OrderIntent request = intent;
                verdict = intent.Kind switch { OrderRequestKind.Cancel => CheckCancel(ref request), OrderRequestKind.Status => CheckStatus(ref request), _ => CheckMassStatus(ref request) };
                _verdicts[(int)verdict]++;
                if (verdict == GateVerdict.Approved) approved.Approve(in request, request.ClientOrderId, request.OriginalClientOrderId);
                return verdict;
            default: verdict = GateVerdict.InvalidIntent; break;
        }
        _verdicts[(int)verdict]++;
        if (verdict == GateVerdict.Approved) approved.Approve(in intent, id, originalId);
        return verdict;
    }

    /// <summary>
    /// Counts the last approved order where only the next one asks: message rates, the portfolio's throttle, the orders that a duplicate is known by. To be called when the order has left, which need
    /// not wait for it; the next <see cref="Check"/>, or what else could change the order or a window before, does what was left undone.
    /// </summary>
    public void Settle()
    {
        if (_unsettledSlot < 0) return;
        ref readonly OrderRecord order = ref _orders[_unsettledSlot];
        _recent.Add(in order, order.OpenedUtcNs);
        _portfolios[order.Portfolio].Executions.Add(order.OpenedUtcNs);
        CountMessage(order.OpenedUtcNs);
        _unsettledSlot = -1;
    }

    private GateVerdict CheckNew(in OrderIntent order, ref ulong id)
    {
        if (_stopped != GateVerdict.Approved) return _stopped;
        if (order.Side is not (Side.Buy or Side.Sell) || order.TimeInForce > TimeInForce.GoodTillCancel) return GateVerdict.InvalidIntent;
        if (!IsNewIdFree(order.ClientOrderId)) return GateVerdict.InvalidIdentifier;
        if (order.Instrument >= _instruments.Length) return GateVerdict.UnknownInstrument;
        if (order.Portfolio >= _portfolios.Length) return GateVerdict.UnknownPortfolio;
        ref GateInstrument instrument = ref _instruments[order.Instrument];
        ref GatePortfolio portfolio = ref _portfolios[order.Portfolio];
        GateVerdict verdict = CheckThrottles(ref portfolio);
        if (verdict == GateVerdict.Approved) verdict = CheckTerms(in instrument, in portfolio, in order);
        long sideCents = 0;
        if (verdict == GateVerdict.Approved) verdict = CheckExposure(in instrument, in portfolio, in order, order.QuantityUnits, out sideCents);
        if (verdict != GateVerdict.Approved) return verdict;
        if (_orders.LiveCount >= _liveOrdersMax) return GateVerdict.MaxLiveOrders;
        if (_preventsSelfMatch && _orders.WouldMatchOwn(order.Instrument, order.Side, order.PriceUnits)) return GateVerdict.SelfMatch;
        // Most instruments had no order within the window: then the table of recent orders need not be asked.
        if (_nowUtcNs - _orders.Exposure(order.Instrument).LastNewUtcNs < _recent.WindowNs && _recent.Contains(in order, _nowUtcNs)) return GateVerdict.DuplicateOrder;
        verdict = CheckRates();
        if (verdict != GateVerdict.Approved) return verdict;

        id = order.ClientOrderId != 0 ? order.ClientOrderId : _lastId + 1;
        int slot = _orders.OpenNew(in order, id, instrument.LastGoodTwiceMidUnits, _nowUtcNs);
        if (slot < 0) return GateVerdict.OrderTableFull;
        ref InstrumentExposure held = ref _orders.ExposureOf(order.Instrument);
        held.LastNewUtcNs = _nowUtcNs;
        Worsen(ref held, order.Side, sideCents);
        _lastId = id;
        _unsettledSlot = slot;
        portfolio.AttemptsSinceFill++;
        return GateVerdict.Approved;
    }

    private GateVerdict CheckAmend(in OrderIntent order, ref ulong id, ref ulong originalId)
    {
        if (_stopped != GateVerdict.Approved) return _stopped;
        if (!IsNewIdFree(order.ClientOrderId)) return GateVerdict.InvalidIdentifier;
        int slot = _orders.Find(order.OriginalClientOrderId);
        if (slot < 0) return GateVerdict.UnknownOrder;
        ref readonly OrderRecord record = ref _orders[slot];
        if (record.IsDone) return GateVerdict.OrderDone;
        if (!record.IsAcknowledged || record.PendingAmendId != 0 || record.PendingCancelId != 0) return GateVerdict.RequestOutstanding;
        if (order.Side != record.Side || order.Instrument != record.Instrument || order.Portfolio != record.Portfolio
            || order.TimeInForce != record.TimeInForce) return GateVerdict.AmendChangesOrder;
        ref GateInstrument instrument = ref _instruments[order.Instrument];
        ref GatePortfolio portfolio = ref _portfolios[order.Portfolio];
        GateVerdict verdict = portfolio.Holds == PortfolioHolds.None ? GateVerdict.Approved : portfolio.Held(_nowUtcNs);
        if (verdict == GateVerdict.Approved) verdict = CheckTerms(in instrument, in portfolio, in order);
        if (verdict != GateVerdict.Approved) return verdict;
        if (order.QuantityUnits <= record.CumulativeQuantityUnits) return GateVerdict.AmendBelowFilled;
        // Until the venue has answered, either the old or the new terms may fill: the larger counts. What adds nothing passes although a limit was lowered below what works.
        long added = Math.Max(order.QuantityUnits - record.CumulativeQuantityUnits, record.ExposureUnits) - record.ExposureUnits;
        if (added > 0) verdict = CheckExposure(in instrument, in portfolio, in order, added, out _);
        if (verdict != GateVerdict.Approved) return verdict;
        if (_preventsSelfMatch && _orders.WouldMatchOwn(order.Instrument, order.Side, order.PriceUnits)) return GateVerdict.SelfMatch;
        verdict = CheckRates();
        if (verdict != GateVerdict.Approved) return verdict;

        id = order.ClientOrderId != 0 ? order.ClientOrderId : _lastId + 1;
        originalId = record.CurrentId;
        _orders.OpenAmend(slot, in order, id, instrument.LastGoodTwiceMidUnits, _nowUtcNs);
        Revalue(order.Instrument);
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
        Describe(in record, ref order);
        _orders.OpenCancel(slot, id, order.OriginalClientOrderId, _nowUtcNs);
        Count(id);
        return GateVerdict.Approved;
    }

    /// <summary>A question about an order counts as a message and is held back only when there is nothing to ask about. It bears the order's own id.</summary>
    private GateVerdict CheckStatus(ref OrderIntent order)
    {
        int slot = _orders.Find(order.OriginalClientOrderId);
        if (slot < 0) return GateVerdict.UnknownOrder;
        ref readonly OrderRecord record = ref _orders[slot];
        if (record.IsDone) return GateVerdict.OrderDone;
        order.ClientOrderId = record.CurrentId;
        order.OriginalClientOrderId = 0;
        Describe(in record, ref order);
        CountMessage(_nowUtcNs);
        return GateVerdict.Approved;
    }

    /// <summary>A question about all orders is a message with an id of its own.</summary>
    private GateVerdict CheckMassStatus(ref OrderIntent request)
    {
        if (!IsIdFree(request.ClientOrderId)) return GateVerdict.InvalidIdentifier;
        ulong id = request.ClientOrderId != 0 ? request.ClientOrderId : _lastId + 1;
        request.ClientOrderId = id;
        request.OriginalClientOrderId = 0;
        Count(id);
        return GateVerdict.Approved;
    }

    /// <summary>A request about an order states the order's own terms, whatever the intent said.</summary>
    private static void Describe(in OrderRecord record, ref OrderIntent request)
    {
        request.Instrument = record.Instrument;
        request.Portfolio = record.Portfolio;
        request.Side = record.Side;
        request.TimeInForce = record.TimeInForce;
        request.PriceUnits = record.PriceUnits;
        request.QuantityUnits = record.QuantityUnits;
    }

    /// <summary>Whether the portfolio may place orders at all. A throttle that is reached holds it until somebody enables it, so it is judged before the order that would pass it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private GateVerdict CheckThrottles(ref GatePortfolio portfolio)
    {
        if (portfolio.RepeatedExecutionsMax != 0 && !portfolio.Executions.HasRoom(portfolio.RepeatedExecutionsMax, _nowUtcNs)) portfolio.Hold(PortfolioHolds.RepeatedExecution, true);
        if (portfolio.HedgeAttemptsMax != 0 && portfolio.AttemptsSinceFill >= portfolio.HedgeAttemptsMax) portfolio.Hold(PortfolioHolds.HedgeAttempts, true);
        return portfolio.Holds == PortfolioHolds.None ? GateVerdict.Approved : portfolio.Held(_nowUtcNs);
    }

    /// <summary>What a new order and an amend have in common: the terms against the instrument's rules and the market.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private GateVerdict CheckTerms(in GateInstrument i, in GatePortfolio portfolio, in OrderIntent order)
    {
        if (!i.IsKnown) return GateVerdict.UnknownInstrument;
        if (!i.IsAllowed) return GateVerdict.InstrumentNotAllowed;
        if (i.IsRestricted) return GateVerdict.InstrumentRestricted;
        if (_orders.IsFrozen(order.Instrument)) return GateVerdict.InstrumentFrozen;
        long price = order.PriceUnits, quantity = order.QuantityUnits;
        if (price is <= 0 or > InstrumentLimits.UnitsMax) return GateVerdict.InvalidPrice;
        if (!i.Tick.Divides(price)) return GateVerdict.PriceOffTick;
        if (quantity is <= 0) return GateVerdict.InvalidQuantity;
        if (quantity > i.MaxQuantityUnits) return GateVerdict.MaxQuantity;
        if (!i.Lot.Divides(quantity)) return GateVerdict.QuantityOffLot;
        if (Math.BigMul(price, quantity) > i.MaxNotionalRaw) return GateVerdict.MaxNotional;

        if (i.State != BookState.Ready || i.LastGoodTwiceMidUnits <= 0) return GateVerdict.BookNotReady;
        if (i.Status != TradingStatus.Trading) return GateVerdict.NotTrading;
        if (_nowUtcNs - i.LastEventUtcNs > i.StaleAfterNs) return GateVerdict.StaleData;
        if (price < i.LowerBandUnits || price > i.UpperBandUnits) return GateVerdict.PriceBand;
        if (IsBeyond(price, i.LastGoodTwiceMidUnits, i.CollarBasisPoints)) return GateVerdict.PriceCollar;
        if (i.DriftCollarBasisPoints != 0 && IsBeyond(price, i.DriftTwiceMidUnits, i.DriftCollarBasisPoints)) return GateVerdict.PriceDrift;
        if (_staleGreeksAfterNs != 0 && _nowUtcNs - portfolio.GreeksUtcNs > _staleGreeksAfterNs) return GateVerdict.StaleGreeks;
        return GateVerdict.Approved;
    }

    /// <summary>|2p − 2m| × 10,000 against 2m × basis points: the same as |p − m| / m, without a division or a lost half.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsBeyond(long priceUnits, long twiceMidUnits, int basisPoints)
    {
        long twiceDistance = Math.Abs(2 * priceUnits - twiceMidUnits);
        // Nearly always both products fit: neither factor has more than 40 bits then.
        if (((twiceDistance | twiceMidUnits) >> 40) == 0 && basisPoints < 1 << 23) return twiceDistance * 10_000 > twiceMidUnits * basisPoints;
        return Math.BigMul(twiceDistance, 10_000L) > Math.BigMul(twiceMidUnits, (long)basisPoints);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private GateVerdict CheckRates()
    {
        if (!_rate.HasRoom(_newMessagesMax, _nowUtcNs)) return GateVerdict.MessageRate;
        if (_longMessagesMax != 0 && !_longRate.HasRoom(_longMessagesMax, _nowUtcNs)) return GateVerdict.MessageRateLong;
        if (_rejectsMax != 0 && !_rejects.HasRoom(_rejectsMax, _nowUtcNs)) return GateVerdict.RejectRate;
        return GateVerdict.Approved;
    }

    private bool IsNewIdFree(ulong id) => id == 0 ? _lastId + 1 < _newIdsEnd : id > _lastId;
    private bool IsIdFree(ulong id) => id == 0 ? _lastId + 1 < _epochEnd : id > _lastId;

    private void Count(ulong id)
    {
        _lastId = id;
        CountMessage(_nowUtcNs);
    }

    private void CountMessage(long timeUtcNs)
    {
        _rate.Add(timeUtcNs);
        // Also while the control is off: it may be switched on for what is counted here.
        _longRate.Add(timeUtcNs);
    }
}
