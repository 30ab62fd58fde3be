using System.Runtime.CompilerServices;
using Appliance.Contract;
using Appliance.Flow.Accounts;
using Appliance.Risk;
using Appliance.Strategy.Policies;

namespace Appliance.Flow.Decide;

/// <summary>
/// Trades one portfolio's hedge towards the policy's target with one child order at a time. At a decide mark or timer the flow calls <see cref="Next"/> until
/// it answers false, puts each intent before the gate, and tells the verdict with <see cref="OnVerdict"/>. What became of the child is read from the
/// gate's order table, so no other call is needed. A function of the ring: time is the event's, and nothing is remembered but the child and the waits.
/// <para>
/// Inside the band nothing is wanted, and a working child is withdrawn. Outside, the wanted trade leads to the target, rounded to the nearest lot.
/// Switches of the gate, a frozen instrument, a stale book or one that cannot be traded withdraw what works and place nothing. Refusals are not
/// tried again before <see cref="HedgeExecutionOptions.RetryAfterNs"/>.
/// </para>
/// </summary>
public sealed class HedgeExecutor
{
    private readonly ushort _portfolio;
    private readonly InstrumentDefinition _instrument;
    private readonly HedgeExecutionOptions _options;
    private readonly Gate _gate;
    private readonly OrderTable _orders;
    private readonly PortfolioAccount _account;
    private readonly ChildPricing _pricing;
    private readonly long _lotUnits;
    private readonly long _leastTradeUnits;
    private readonly long _mostTradeUnits;

    private ulong _childId;
    private int _refusalsSeen;
    private bool _withdrawing;
    private bool _awaitsVerdict;
    private long _tradeNotBeforeUtcNs;
    private long _cancelNotBeforeUtcNs;
    private Side _attemptSide;
    private long _attemptSinceUtcNs;
    private bool _escalated;
    private bool _wasFrozen;

    public HedgeExecutor(ushort portfolio, InstrumentDefinition instrument, HedgeExecutionOptions options, Gate gate, PortfolioAccount account)
    {
        IReadOnlyList<string> problems = options.Problems();
        if (problems.Count != 0) throw new ArgumentException(string.Join(' ', problems), nameof(options));
        if (account.HedgeInstrument.Index != instrument.Index) throw new ArgumentException("The account hedges with another instrument.", nameof(account));
        _portfolio = portfolio;
        _instrument = instrument;
        _options = options;
        _gate = gate;
        _orders = gate.Orders;
        _account = account;
        _pricing = new ChildPricing(instrument, options);
        _lotUnits = instrument.LotSizeUnits;
        _leastTradeUnits = Math.Max(options.MinimumTradeUnits, _lotUnits);
        _mostTradeUnits = options.MaxChildUnits - options.MaxChildUnits % _lotUnits;
        if (_mostTradeUnits < _leastTradeUnits) throw new ArgumentException("MaxChildUnits is below one lot.", nameof(options));
    }

    /// <summary>What the executor did and met; each is a counter of a report.</summary>
    public HedgeExecutorCounters Counters;

    /// <summary>The first id of the child that works or waits; 0 when there is none.</summary>
    public ulong ChildId => _childId;

    /// <summary>Takes up an order of an earlier run as its child.</summary>
    /// <returns>False when it has one already.</returns>
    internal bool Adopt(in OrderRecord order)
    {
        if (_childId != 0 && _childId != order.FirstId) return false;
        _childId = order.FirstId;
        _refusalsSeen = order.RefusedRequests;
        _withdrawing = order.PendingCancelId != 0;
        BeginAttempt(order.Side, order.OpenedUtcNs);
        return true;
    }

    /// <summary>The next thing wanted, if any.</summary>
    public bool Next(in HedgeTarget target, in TopOfBook top, in RingEvent cause, long sequence, out OrderIntent intent)
    {
        if (_awaitsVerdict) ThrowAwaitsVerdict();
        intent = default;
        long now = cause.TimeUtcNs;
        int slot = ChildSlot(now);
        bool isFrozen = _orders.IsFrozen(_instrument.Index);
        if (isFrozen && !_wasFrozen) Counters.Freezes++;
        _wasFrozen = isFrozen;
        // Until the venue has said how an earlier run's orders stand they are left as they are; a kill waits for nobody.
        if (!_gate.IsSessionUp || (_gate.AwaitsConfirmation && !_gate.IsKilled)) return false;
        bool mayTrade = top.IsTradable && _gate.IsOpenFor(_portfolio, _instrument.Index, now);
        bool wanted = slot < 0
            ? mayTrade && WantsNew(in target, in top, now, ref intent)
            : WantsChange(slot, mayTrade, in target, in top, now, ref intent);
        if (!wanted) return false;
        intent.Portfolio = _portfolio;
        intent.Instrument = _instrument.Index;
        intent.RingSequence = sequence;
        // Tick to order is measured from ticks: what an answer of the venue or a timer causes bears no stamp.
        intent.ReceivedNs = cause.Kind < EventKind.ExecutionReported ? cause.ReceivedNs : 0;
        intent.TimeUtcNs = now;
        _awaitsVerdict = true;
        return true;
    }

    /// <summary>What the gate said of the intent that <see cref="Next"/> gave last.</summary>
    public void OnVerdict(GateVerdict verdict, in OrderIntent intent, in ApprovedOrder approved)
    {
        _awaitsVerdict = false;
        if (verdict == GateVerdict.Approved)
        {
            switch (intent.Kind)
            {
                case OrderRequestKind.New:
                    Counters.NewOrders++;
                    _childId = approved.ClientOrderId;
                    _refusalsSeen = 0;
                    _withdrawing = false;
                    break;
                case OrderRequestKind.Amend: Counters.Amends++; break;
                case OrderRequestKind.Cancel: Counters.Cancels++; _withdrawing = true; break;
            }
            return;
        }
        Counters.GateRejects++;
        if (intent.Kind == OrderRequestKind.Cancel) _cancelNotBeforeUtcNs = intent.TimeUtcNs + _options.RetryAfterNs;
        else _tradeNotBeforeUtcNs = intent.TimeUtcNs + _options.RetryAfterNs;
    }

    /// <summary>The live child's slot, or −1; takes note of how the last one ended and of refused requests.</summary>
    private int ChildSlot(long now)
    {
        if (_childId == 0) return -1;
        int slot = _orders.Find(_childId);
        if (slot < 0 || _orders[slot].FirstId != _childId) { _childId = 0; return -1; }
        ref readonly OrderRecord child = ref _orders[slot];
        if (child.IsDone)
        {
            bool isRefused = child.End is OrderEnd.Rejected or OrderEnd.Unsent or OrderEnd.UnknownToVenue;
            if (isRefused) Counters.VenueRejects++;
            // An order that the venue ended of itself, or that found too little to take, is no reason to send the next at once.
            if (isRefused || (child.End != OrderEnd.Filled && !_withdrawing)) _tradeNotBeforeUtcNs = now + _options.RetryAfterNs;
            _childId = 0;
            return -1;
        }
        if (child.RefusedRequests != _refusalsSeen)
        {
            Counters.VenueRejects += child.RefusedRequests - _refusalsSeen;
            _refusalsSeen = child.RefusedRequests;
            _withdrawing = false;
            _tradeNotBeforeUtcNs = _cancelNotBeforeUtcNs = now + _options.RetryAfterNs;
        }
        return slot;
    }

    private bool WantsNew(in HedgeTarget target, in TopOfBook top, long now, ref OrderIntent intent)
    {
        long wanted = WantedUnits(in target);
        if (wanted == 0)
        {
            _attemptSide = Side.None;
            _escalated = false;
            return false;
        }
        if (now < _tradeNotBeforeUtcNs) return false;
        Side side = wanted > 0 ? Side.Buy : Side.Sell;
        if (side != _attemptSide) BeginAttempt(side, now);
        bool takes = _options.Style == HedgeStyle.Taking || MustEscalate(in target, now);
        intent.Kind = OrderRequestKind.New;
        intent.Side = side;
        intent.QuantityUnits = Math.Abs(wanted);
        intent.TimeInForce = takes ? TimeInForce.ImmediateOrCancel : TimeInForce.Day;
        intent.PriceUnits = takes ? _pricing.Taking(side, in top) : _pricing.Joining(side, in top);
        return true;
    }

    private bool WantsChange(int slot, bool mayTrade, in HedgeTarget target, in TopOfBook top, long now, ref OrderIntent intent)
    {
        ref readonly OrderRecord child = ref _orders[slot];
        bool isImmediate = child.TimeInForce is TimeInForce.ImmediateOrCancel or TimeInForce.FillOrKill;
        if (!mayTrade)
        {
            // An immediate order is answered by itself; only a kill or an answer overdue makes it worth a cancel.
            return (!isImmediate || _gate.IsKilled || child.IsOverdue) && WantsCancel(in child, now, ref intent);
        }
        if (isImmediate || child.State != OrderState.Live) return false;

        long wanted = WantedUnits(in target);
        Side side = wanted > 0 ? Side.Buy : Side.Sell;
        if (wanted == 0 || side != child.Side || MustEscalate(in target, now)) return WantsCancel(in child, now, ref intent);

        long price = _pricing.Joining(side, in top);
        bool priceMoved = _pricing.TicksBetween(price, child.PriceUnits) > _options.AmendAfterTicks;
        bool sizeMoved = Math.Abs(Math.Abs(wanted) - child.LeavesUnits) >= _leastTradeUnits;
        if ((!priceMoved && !sizeMoved) || now < _tradeNotBeforeUtcNs) return false;
        intent.Kind = OrderRequestKind.Amend;
        intent.Side = side;
        intent.TimeInForce = child.TimeInForce;
        intent.PriceUnits = priceMoved ? price : child.PriceUnits;
        intent.QuantityUnits = child.CumulativeQuantityUnits + Math.Abs(wanted);
        intent.OriginalClientOrderId = child.CurrentId;
        return true;
    }

    private bool WantsCancel(in OrderRecord child, long now, ref OrderIntent intent)
    {
        if (child.PendingCancelId != 0 || now < _cancelNotBeforeUtcNs) return false;
        intent.Kind = OrderRequestKind.Cancel;
        intent.Side = child.Side;
        intent.OriginalClientOrderId = child.CurrentId;
        return true;
    }

    /// <summary>The trade that leads to the target, signed, in whole lots; 0 inside the band, below the least trade, and for a target that is no number.</summary>
    private long WantedUnits(in HedgeTarget target)
    {
        if (!double.IsFinite(target.TargetUnits) || double.IsNaN(target.LowerUnits) || double.IsNaN(target.UpperUnits))
        {
            Counters.InvalidTargets++;
            return 0;
        }
        if (target.IsInside(_account.HedgeUnits)) return 0;
        const double bound = InstrumentLimits.UnitsMax;
        long targetUnits = (long)Math.Round(Math.Clamp(target.TargetUnits * _instrument.QuantityUnitsPerOne, -bound, bound));
        long off = targetUnits - _account.PositionUnits;
        // Halves are rounded down: half a lot away is as near as lots come, and a lot traded would be half a lot away on the other side, and so for ever.
        long size = (Math.Abs(off) + (_lotUnits - 1) / 2) / _lotUnits * _lotUnits;
        if (size < _leastTradeUnits) return 0;
        size = Math.Min(size, _mostTradeUnits);
        return off > 0 ? size : -size;
    }

    /// <summary>Whether patience has run out: for the rest of this attempt, until the hedge is inside its band, orders take.</summary>
    private bool MustEscalate(in HedgeTarget target, long now)
    {
        if (_escalated) return true;
        double held = _account.HedgeUnits;
        double halfWidth = 0.5 * (target.UpperUnits - target.LowerUnits);
        double beyond = held > target.UpperUnits ? held - target.UpperUnits : target.LowerUnits - held;
        bool tooFar = halfWidth > 0 && beyond > _options.EscalateBandMultiple * halfWidth;
        bool tooLong = now - _attemptSinceUtcNs > _options.EscalateAfterNs;
        if (!tooFar && !tooLong) return false;
        _escalated = true;
        Counters.Escalations++;
        return true;
    }

    private void BeginAttempt(Side side, long now)
    {
        _attemptSide = side;
        _attemptSinceUtcNs = now;
        _escalated = false;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ThrowAwaitsVerdict() => throw new InvalidOperationException("The executor was not told the gate's verdict on its last intent.");
}

/// <summary>Counts of one executor.</summary>
public struct HedgeExecutorCounters
{
    public long NewOrders, Amends, Cancels, GateRejects;
    /// <summary>Orders, amends and cancels refused by the venue or never sent.</summary>
    public long VenueRejects;
    /// <summary>Passive attempts that went over to taking.</summary>
    public long Escalations;
    /// <summary>Times the instrument was found frozen over a request unanswered past the bound: an alarm.</summary>
    public long Freezes;
    /// <summary>Targets of the policy that were no number.</summary>
    public long InvalidTargets;
}
