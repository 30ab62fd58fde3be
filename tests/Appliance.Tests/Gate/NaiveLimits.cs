using System.Numerics;
using Appliance.Contract;
using Appliance.Risk;

namespace Appliance.Tests.Gates;

/// <summary>
/// What the gate should know and say, recomputed from nothing each time: whole histories in lists, exact big numbers, no incremental sums. Written from the
/// rules (docs/risk.md), not from the gate's code. NaiveLimits.History.cs keeps what happened.
/// </summary>
internal sealed partial class NaiveLimits(GateLimits limits, IReadOnlyList<InstrumentDefinition> instruments)
{
    private GateLimits _limits = limits;
    private readonly BigInteger[] _lastGoodTwiceMid = new BigInteger[8];
    public readonly TopOfBook?[] Tops = new TopOfBook?[8];

    /// <summary>Reasons whose money lies within rounding of its bound: the gate counts in whole hundredths, this model exactly, so either answer is right.</summary>
    public readonly HashSet<GateVerdict> Doubtful = [];

    private InstrumentLimits Bounds(int instrument) => _limits.Instruments.Single(l => l.Instrument == instrument);
    private PortfolioLimits Of(ushort portfolio) => _limits.Portfolios.SingleOrDefault(l => l.Portfolio == portfolio) ?? new PortfolioLimits { Portfolio = portfolio };
    public long MaxPosition(int instrument) => Bounds(instrument).MaxPositionUnits;

    /// <summary>Every reason that speaks against the intent.</summary>
    public HashSet<GateVerdict> Against(OrderIntent intent, long now)
    {
        Doubtful.Clear();
        var against = new HashSet<GateVerdict>();
        void Unless(bool holds, GateVerdict otherwise) { if (!holds) against.Add(otherwise); }
        Order? target = intent.Kind == OrderRequestKind.New ? null : Find(intent.OriginalClientOrderId);
        if (target is { IsDone: true }) against.Add(GateVerdict.OrderDone);
        if (intent.Kind == OrderRequestKind.Cancel)
        {
            if (target is null) return [GateVerdict.UnknownOrder];
            Unless(target.CancelId == 0, GateVerdict.CancelOutstanding);
            return against;
        }
        Unless(!IsKilled, GateVerdict.Killed);
        Unless(!IsPaused, GateVerdict.Paused);
        Unless(IsSessionUp, GateVerdict.SessionDown);
        Unless(Math.Abs(ClockSkewNs) <= _limits.MaxClockSkewNs, GateVerdict.ClockSkew);
        Unless(!IsLossStopped, GateVerdict.DailyLoss);
        bool isStopped = against.Overlaps([GateVerdict.Killed, GateVerdict.Paused, GateVerdict.SessionDown, GateVerdict.ClockSkew, GateVerdict.DailyLoss]);
        if (intent.Kind == OrderRequestKind.Amend && target is null) return [GateVerdict.UnknownOrder, .. against];
        if (target is null && !isStopped) Throttle(intent.Portfolio, now);
        Unless(!Of(intent.Portfolio).IsUserRestricted, GateVerdict.UserRestricted);
        Unless(!_throttled.Contains(intent.Portfolio), GateVerdict.RepeatedExecution);
        Unless(!_outOfAttempts.Contains(intent.Portfolio), GateVerdict.HedgeAttempts);
        Unless(now >= _frozenUntil.GetValueOrDefault(intent.Portfolio, long.MinValue), GateVerdict.MarketMakerProtection);

        InstrumentLimits bounds = Bounds(intent.Instrument);
        InstrumentDefinition definition = instruments.Single(i => i.Index == intent.Instrument);
        Unless(!bounds.IsRestricted, GateVerdict.InstrumentRestricted);
        Unless(intent.PriceUnits > 0, GateVerdict.InvalidPrice);
        Unless(intent.QuantityUnits > 0, GateVerdict.InvalidQuantity);
        Unless(intent.PriceUnits % definition.TickSizeUnits == 0, GateVerdict.PriceOffTick);
        Unless(intent.QuantityUnits % definition.LotSizeUnits == 0, GateVerdict.QuantityOffLot);
        Unless(intent.QuantityUnits <= bounds.MaxQuantityUnits, GateVerdict.MaxQuantity);
        decimal notional = (decimal)intent.PriceUnits / definition.PriceUnitsPerOne * ((decimal)intent.QuantityUnits / definition.QuantityUnitsPerOne);
        Unless(notional <= bounds.MaxNotional, GateVerdict.MaxNotional);
        if (Tops[intent.Instrument] is not { } top) against.Add(GateVerdict.BookNotReady);
        else
        {
            Unless(top.State == BookState.Ready, GateVerdict.BookNotReady);
            Unless(top.Status == TradingStatus.Trading, GateVerdict.NotTrading);
            Unless(now - top.TimeUtcNs <= bounds.StaleAfterNs, GateVerdict.StaleData);
            Unless(intent.PriceUnits >= top.LowerBandUnits && intent.PriceUnits <= top.UpperBandUnits, GateVerdict.PriceBand);
            BigInteger mid = _lastGoodTwiceMid[intent.Instrument], before = DriftReference(intent.Instrument);
            Unless(BigInteger.Abs(2 * (BigInteger)intent.PriceUnits - mid) * 10_000 <= mid * bounds.CollarBasisPoints, GateVerdict.PriceCollar);
            Unless(bounds.DriftCollarBasisPoints == 0 || BigInteger.Abs(2 * (BigInteger)intent.PriceUnits - before) * 10_000 <= before * bounds.DriftCollarBasisPoints, GateVerdict.PriceDrift);
        }
        Unless(_limits.StaleGreeksAfterNs == 0 || now - Greeks.GetValueOrDefault(intent.Portfolio, long.MinValue / 2) <= _limits.StaleGreeksAfterNs, GateVerdict.StaleGreeks);

        long own = target is null ? intent.QuantityUnits : Math.Max(target.Worst, intent.QuantityUnits - target.Filled);
        long added = own - (target?.Worst ?? 0);
        if (added > 0) AgainstExposure(intent, added, bounds, against);
        Unless(!_limits.PreventsSelfMatch || !WouldMatchOwn(intent), GateVerdict.SelfMatch);
        Unless(_messageTimes.Count(t => now - t < _limits.MessageWindowNs) < _limits.MaxMessagesPerWindow - _limits.CancelReserveMessages, GateVerdict.MessageRate);
        Unless(_limits.MaxMessagesPerLongWindow == 0 || _messageTimes.Count(t => now - t < _limits.LongWindowNs) < _limits.MaxMessagesPerLongWindow, GateVerdict.MessageRateLong);
        Unless(_limits.MaxRejectsPerLongWindow == 0 || _rejectTimes.Count(t => now - t < _limits.LongWindowNs) < _limits.MaxRejectsPerLongWindow, GateVerdict.RejectRate);
        if (target is null)
        {
            Unless(Live < _limits.MaxLiveOrders, GateVerdict.MaxLiveOrders);
            Unless(!_news.Any(n => now - n.Time < _limits.DuplicateWindowNs && n.Intent.Portfolio == intent.Portfolio && n.Intent.Instrument == intent.Instrument
                && n.Intent.Side == intent.Side && n.Intent.PriceUnits == intent.PriceUnits && n.Intent.QuantityUnits == intent.QuantityUnits), GateVerdict.DuplicateOrder);
        }
        else
        {
            Unless(target.IsAcknowledged && target.AmendId == 0 && target.CancelId == 0, GateVerdict.RequestOutstanding);
            Unless(intent.QuantityUnits > target.Filled, GateVerdict.AmendBelowFilled);
        }
        return against;
    }

    private void AgainstExposure(OrderIntent intent, long added, InstrumentLimits bounds, HashSet<GateVerdict> against)
    {
        bool isBuy = intent.Side == Side.Buy;
        int sign = isBuy ? 1 : -1;
        BigInteger worst = (BigInteger)sign * Position[intent.Instrument] + Working(intent.Instrument, intent.Side) + added;
        if (worst > bounds.MaxPositionUnits) against.Add(GateVerdict.PositionLimit);
        BigInteger hedge = (BigInteger)sign * Hedge.GetValueOrDefault(intent.Portfolio) + _orders.Where(o => o.Terms.Portfolio == intent.Portfolio && o.Terms.Side == intent.Side).Sum(o => o.Worst) + added;
        if (hedge > Of(intent.Portfolio).MaxHedgeUnits) against.Add(GateVerdict.HedgeSize);

        decimal account = 0, exposure = 0, exposureBefore = 0, gross = 0, grossBefore = 0;
        foreach (InstrumentDefinition i in instruments)
        {
            decimal price = (decimal)_lastGoodTwiceMid[i.Index] / 2 / i.PriceUnitsPerOne * (decimal)i.ContractSize;
            decimal Worth(long units) => units / (decimal)i.QuantityUnitsPerOne * price;
            decimal bought = Worth(Position[i.Index] + Working(i.Index, Side.Buy)), sold = Worth(Position[i.Index] - Working(i.Index, Side.Sell));
            decimal before = Math.Max(Math.Abs(bought), Math.Abs(sold));
            if (i.Index == intent.Instrument) (bought, sold) = isBuy ? (bought + Worth(added), sold) : (bought, sold - Worth(added));
            decimal after = Math.Max(Math.Abs(bought), Math.Abs(sold));
            account += isBuy ? bought : -sold;
            exposure += after;
            exposureBefore += before;
            if (i.Index == intent.Instrument) (gross, grossBefore) = (after, before);
        }
        // Each instrument is rounded to a hundredth once.
        decimal rounding = 0.01m * instruments.Count;
        Judge(account, _limits.MaxAccountPosition, GateVerdict.AccountPosition);
        if (gross > grossBefore) Judge(exposure, _limits.MaxExposure, GateVerdict.CreditThreshold);

        void Judge(decimal value, double bound, GateVerdict verdict)
        {
            if (double.IsInfinity(bound)) return;
            if (value > (decimal)bound) against.Add(verdict);
            if (Math.Abs(value - (decimal)bound) <= rounding) Doubtful.Add(verdict);
        }
    }

    private bool WouldMatchOwn(OrderIntent intent) => _orders.Any(o => !o.IsDone && o.Terms.Instrument == intent.Instrument && o.Terms.Side != intent.Side
        && Prices(o).Any(p => intent.Side == Side.Buy ? intent.PriceUnits >= p : intent.PriceUnits <= p));

    private static IEnumerable<long> Prices(Order o) => o.AmendId != 0 ? [o.Terms.PriceUnits, o.AmendedPrice] : [o.Terms.PriceUnits];

    /// <summary>The mid of one to two windows ago: windows begin with the first event after the last one's end.</summary>
    private BigInteger DriftReference(int instrument)
    {
        BigInteger reference = 0, next = 0;
        long began = long.MinValue / 2;
        foreach (var (time, twiceMid) in _mids[instrument])
        {
            if (time - began < _limits.DriftWindowNs) continue;
            reference = next == 0 ? twiceMid : next;
            (next, began) = (twiceMid, time);
        }
        return reference;
    }

    private void Throttle(ushort portfolio, long now)
    {
        PortfolioLimits bounds = Of(portfolio);
        if (bounds.RepeatedExecutionsMax != 0 && _executions.Count(e => e.Portfolio == portfolio && now - e.Time < _limits.RepeatWindowNs) >= bounds.RepeatedExecutionsMax) _throttled.Add(portfolio);
        if (bounds.HedgeAttemptsMax != 0 && _attempts.GetValueOrDefault(portfolio) >= bounds.HedgeAttemptsMax) _outOfAttempts.Add(portfolio);
    }

    /// <summary>A change of a limit, as the operator's guide says it: units of the desk file.</summary>
    public void Change(LimitChange c)
    {
        long Units(double value) => (long)Math.Round(value * instruments.Single(i => i.Index == c.Instrument).QuantityUnitsPerOne);
        _limits = c.Key switch
        {
            LimitKey.MaxOrderQuantity => Each(l => l with { MaxQuantityUnits = Units(c.Value) }),
            LimitKey.MaxOrderNotional => Each(l => l with { MaxNotional = (decimal)c.Value }),
            LimitKey.CollarBps => Each(l => l with { CollarBasisPoints = (int)c.Value }),
            LimitKey.DriftCollarBps => Each(l => l with { DriftCollarBasisPoints = (int)c.Value }),
            LimitKey.MaxPosition => Each(l => l with { MaxPositionUnits = Units(c.Value) }),
            LimitKey.StaleMilliseconds => Each(l => l with { StaleAfterNs = (long)c.Value * 1_000_000 }),
            LimitKey.Restricted => Each(l => l with { IsRestricted = c.Value == 1 }),
            LimitKey.MaxAccountPosition => _limits with { MaxAccountPosition = c.Value },
            LimitKey.MaxExposure => _limits with { MaxExposure = c.Value },
            LimitKey.MessagesPerSecond => _limits with { MaxMessagesPerWindow = (int)c.Value },
            LimitKey.CancelReserve => _limits with { CancelReserveMessages = (int)c.Value },
            LimitKey.MaxLiveOrders => _limits with { MaxLiveOrders = (int)c.Value },
            LimitKey.DuplicateWindowMilliseconds => _limits with { DuplicateWindowNs = (long)c.Value * 1_000_000 },
            LimitKey.SelfMatchPrevention => _limits with { PreventsSelfMatch = c.Value == 1 },
            LimitKey.MaxClockSkewMilliseconds => _limits with { MaxClockSkewNs = (long)c.Value * 1_000_000 },
            LimitKey.MaxHedge => Per(l => l with { MaxHedgeUnits = (long)c.Value }),
            LimitKey.MaxHedgeAttempts => Per(l => l with { HedgeAttemptsMax = (int)c.Value }),
            LimitKey.RepeatedExecutions => Per(l => l with { RepeatedExecutionsMax = (int)c.Value }),
            LimitKey.UserRestricted => Per(l => l with { IsUserRestricted = c.Value == 1 }),
            _ => throw new ArgumentOutOfRangeException(nameof(c), c.Key, "The model does not know this key."),
        };

        GateLimits Each(Func<InstrumentLimits, InstrumentLimits> change) => _limits with { Instruments = [.. _limits.Instruments.Select(l => l.Instrument == c.Instrument ? change(l) : l)] };
        GateLimits Per(Func<PortfolioLimits, PortfolioLimits> change) => _limits with { Portfolios = [.. _limits.Portfolios.Select(l => l.Portfolio == c.Portfolio ? change(l) : l)] };
    }
}
