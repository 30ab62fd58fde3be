using Appliance.Contract;

namespace Appliance.Risk;

/// <summary>One change of a limit, as it travels through the ring: in the desk file's units.</summary>
/// <param name="Instrument">Index, or <see cref="RingEvent.AllInstruments"/>; for keys of an instrument.</param>
/// <param name="Portfolio">Index, or <see cref="RingEvent.AllPortfolios"/>; for keys of a portfolio.</param>
public readonly record struct LimitChange(LimitKey Key, ushort Instrument, ushort Portfolio, double Value);

/// <summary>
/// Limits change here and nowhere else, by an event of the ring, on the decision thread. Whoever puts the event there has asked <see cref="Problem"/> first; what it would
/// refuse changes nothing here either, so that a journal that was tampered with cannot widen a limit past its range.
/// </summary>
public sealed partial class Gate
{
    private readonly int _leastExecutionsCapacity;
    /// <summary>The highest message rate of the run: orders that went out at it may still have to be remembered as duplicates when the rate is lower and the window longer.</summary>
    private int _messagesMost;

    /// <summary>Changes that took effect, and those that were refused.</summary>
    public long LimitChanges { get; private set; }
    public long LimitChangesRefused { get; private set; }

    /// <summary>What is wrong with a change, in words; null when it may be made. Whoever sends changes may ask from his own thread: what is read here changes by those alone.</summary>
    public string? Problem(in LimitChange change)
    {
        double v = change.Value;
        LimitKey key = change.Key;
        bool isOfInstrument = change.Key is >= LimitKey.MaxOrderQuantity and <= LimitKey.Restricted, isOfPortfolio = change.Key is >= LimitKey.MaxHedge and <= LimitKey.UserRestricted;
        if (isOfInstrument && change.Instrument != RingEvent.AllInstruments && (change.Instrument >= _definitions.Length || _definitions[change.Instrument] is null)) return "there is no such instrument";
        if (isOfPortfolio && change.Portfolio != RingEvent.AllPortfolios && change.Portfolio >= _portfolios.Length) return "there is no such portfolio";
        return change.Key switch
        {
            LimitKey.MaxOrderQuantity or LimitKey.MaxPosition or LimitKey.MaxHedge => Between(0, 1e15),
            LimitKey.MaxOrderNotional => Between(1e-9, 1e15),
            LimitKey.CollarBps or LimitKey.DriftCollarBps => Whole(0, 10_000),
            LimitKey.StaleMilliseconds => Whole(1, 86_400_000),
            LimitKey.Restricted or LimitKey.UserRestricted or LimitKey.SelfMatchPrevention => Whole(0, 1),
            LimitKey.MaxAccountPosition or LimitKey.MaxExposure or LimitKey.MaxDailyLoss => Between(1e-9, 1e15),
            LimitKey.MessagesPerSecond => Whole(1, _rate.Capacity) ?? RoomForDuplicates(),
            LimitKey.MessagesPerMinute => Whole(0, _longRate.Capacity),
            LimitKey.RejectsPerMinute => Whole(0, _rejects.Capacity),
            LimitKey.CancelReserve => Whole(0, _rate.Capacity),
            LimitKey.MaxLiveOrders => Whole(1, _ordersMax),
            LimitKey.DuplicateWindowMilliseconds => Whole(0, 60_000) ?? RoomForDuplicates(),
            LimitKey.MaxClockSkewMilliseconds => Whole(1, 86_400_000),
            LimitKey.StaleGreeksMilliseconds => Whole(0, 86_400_000),
            LimitKey.MaxHedgeAttempts => Whole(0, 1_000_000),
            LimitKey.RepeatedExecutions => Whole(0, change.Portfolio < _portfolios.Length ? _portfolios[change.Portfolio].Executions.Capacity : _leastExecutionsCapacity),
            LimitKey.ProtectionQuantity or LimitKey.ProtectionDelta => Between(0, 1e15),
            LimitKey.ProtectionVega => Between(0, 1e15) ?? (v == 0 || Array.Exists(_instruments, i => i.VegaPerUnit != 0) ? null : PortfolioLimits.NoVega),
            LimitKey.ProtectionIntervalMilliseconds => Whole(1, 86_400_000),
            LimitKey.ProtectionFreezeMilliseconds => Whole(0, 86_400_000),
            _ => "there is no such limit",
        };

        string? Between(double least, double most) => v >= least && v <= most ? null : FormattableString.Invariant($"allowed are {least:R} to {most:R}");
        string? Whole(double least, double most) => v >= least && v <= most && v == Math.Floor(v) ? null : FormattableString.Invariant($"allowed are whole numbers from {least:R} to {most:R}");
        string? RoomForDuplicates()
        {
            long windowNs = key == LimitKey.DuplicateWindowMilliseconds ? (long)v * 1_000_000 : _recent.WindowNs;
            long messages = key == LimitKey.MessagesPerSecond ? Math.Max((long)v, _messagesMost) : _messagesMost;
            return DuplicateWindow.CapacityFor(windowNs, _rate.WindowNs, messages) <= _recent.Capacity ? null : $"the table of recent orders was sized at the start for {_recent.Capacity}; a restart with other limits makes it larger";
        }
    }

    /// <summary>The limit as it stands, in the desk file's units; of the first instrument or portfolio when all are asked for.</summary>
    public double Current(LimitKey key, ushort instrument, ushort portfolio)
    {
        int at = instrument < _instruments.Length ? instrument : Array.FindIndex(_instruments, x => x.IsAllowed);
        ref readonly GateInstrument i = ref _instruments[Math.Max(at, 0)];
        InstrumentDefinition definition = _definitions[Math.Max(at, 0)] ?? _definitions.First(d => d is not null)!;
        ref readonly GatePortfolio p = ref _portfolios[portfolio < _portfolios.Length ? portfolio : 0];
        double hedgeUnits = p.Instrument >= 0 ? _definitions[p.Instrument]!.QuantityUnitsPerOne : 1;
        return key switch
        {
            LimitKey.MaxOrderQuantity => (double)i.MaxQuantityUnits / definition.QuantityUnitsPerOne,
            LimitKey.MaxOrderNotional => (double)i.MaxNotionalRaw / definition.PriceUnitsPerOne / definition.QuantityUnitsPerOne * definition.ContractSize,
            LimitKey.CollarBps => i.CollarBasisPoints,
            LimitKey.DriftCollarBps => i.DriftCollarBasisPoints,
            LimitKey.MaxPosition => (double)i.MaxPositionUnits / definition.QuantityUnitsPerOne,
            LimitKey.StaleMilliseconds => i.StaleAfterNs / 1e6,
            LimitKey.Restricted => i.IsRestricted ? 1 : 0,
            LimitKey.MaxAccountPosition => _maxAccountPosition,
            LimitKey.MaxExposure => _maxExposure,
            LimitKey.MessagesPerSecond => _messagesMax,
            LimitKey.MessagesPerMinute => _longMessagesMax,
            LimitKey.CancelReserve => _cancelReserve,
            LimitKey.RejectsPerMinute => _rejectsMax,
            LimitKey.MaxLiveOrders => _liveOrdersMax,
            LimitKey.DuplicateWindowMilliseconds => _recent.WindowNs / 1e6,
            LimitKey.MaxDailyLoss => _maxDailyLoss,
            LimitKey.MaxClockSkewMilliseconds => _maxClockSkewNs / 1e6,
            LimitKey.SelfMatchPrevention => _preventsSelfMatch ? 1 : 0,
            LimitKey.StaleGreeksMilliseconds => _staleGreeksAfterNs / 1e6,
            LimitKey.MaxHedge => p.MaxHedgeUnits / hedgeUnits,
            LimitKey.MaxHedgeAttempts => p.HedgeAttemptsMax,
            LimitKey.RepeatedExecutions => p.RepeatedExecutionsMax,
            LimitKey.ProtectionQuantity => p.ProtectionQuantityUnits / hedgeUnits,
            LimitKey.ProtectionDelta => p.ProtectionDelta,
            LimitKey.ProtectionVega => p.ProtectionVega,
            LimitKey.ProtectionIntervalMilliseconds => p.ProtectionIntervalNs / 1e6,
            LimitKey.ProtectionFreezeMilliseconds => p.ProtectionFreezeNs / 1e6,
            LimitKey.UserRestricted => (p.Holds & PortfolioHolds.UserRestricted) != 0 ? 1 : 0,
            _ => double.NaN,
        };
    }

    /// <summary>Makes the change. What works already and is now beyond a limit stays; nothing may be added to it.</summary>
    public void Apply(in LimitChange change)
    {
        if (_unsettledSlot >= 0) Settle();
        if (Problem(in change) is not null)
        {
            LimitChangesRefused++;
            return;
        }
        LimitChanges++;
        if (change.Key <= LimitKey.Restricted)
        {
            for (int i = 0; i < _instruments.Length; i++)
                if (_definitions[i] is { } definition && (change.Instrument == RingEvent.AllInstruments || change.Instrument == i)) Apply(ref _instruments[i], definition, in change);
        }
        else if (change.Key >= LimitKey.MaxHedge)
        {
            for (int p = 0; p < _portfolios.Length; p++)
                if (change.Portfolio == RingEvent.AllPortfolios || change.Portfolio == p) Apply(ref _portfolios[p], in change);
        }
        else Apply(in change, (int)Math.Min(change.Value, int.MaxValue));
    }

    private static void Apply(ref GateInstrument i, InstrumentDefinition definition, in LimitChange change)
    {
        switch (change.Key)
        {
            case LimitKey.MaxOrderQuantity: i.MaxQuantityUnits = InstrumentLimits.ToUnits(change.Value, definition.QuantityUnitsPerOne); break;
            case LimitKey.MaxOrderNotional: i.MaxNotionalRaw = GateInstrument.ToRaw((decimal)change.Value, definition); break;
            case LimitKey.CollarBps: i.CollarBasisPoints = (int)change.Value; break;
            case LimitKey.DriftCollarBps: i.DriftCollarBasisPoints = (int)change.Value; break;
            case LimitKey.MaxPosition: i.MaxPositionUnits = InstrumentLimits.ToUnits(change.Value, definition.QuantityUnitsPerOne); break;
            case LimitKey.StaleMilliseconds: i.StaleAfterNs = (long)change.Value * 1_000_000; break;
            case LimitKey.Restricted: i.IsRestricted = change.Value != 0; break;
        }
    }

    private void Apply(in LimitChange change, int whole)
    {
        switch (change.Key)
        {
            case LimitKey.MaxAccountPosition: (_maxAccountPosition, _maxAccountCents) = (change.Value, ToCents(change.Value)); break;
            case LimitKey.MaxExposure: (_maxExposure, _maxExposureCents) = (change.Value, ToCents(change.Value)); break;
            case LimitKey.MessagesPerSecond: (_messagesMax, _newMessagesMax, _messagesMost) = (whole, whole - _cancelReserve, Math.Max(_messagesMost, whole)); break;
            case LimitKey.MessagesPerMinute: _longMessagesMax = whole; break;
            case LimitKey.CancelReserve: (_cancelReserve, _newMessagesMax) = (whole, _messagesMax - whole); break;
            case LimitKey.RejectsPerMinute: _rejectsMax = whole; break;
            case LimitKey.MaxLiveOrders: _liveOrdersMax = whole; break;
            case LimitKey.DuplicateWindowMilliseconds: _recent.SetWindow(whole * 1_000_000L); break;
            case LimitKey.MaxDailyLoss: _maxDailyLoss = change.Value; break;
            case LimitKey.MaxClockSkewMilliseconds:
                _maxClockSkewNs = whole * 1_000_000L;
                OnClockStep(0);
                break;
            case LimitKey.SelfMatchPrevention: _preventsSelfMatch = whole != 0; break;
            case LimitKey.StaleGreeksMilliseconds: _staleGreeksAfterNs = whole * 1_000_000L; break;
        }
    }

    private void Apply(ref GatePortfolio p, in LimitChange change)
    {
        long hedgeUnits = p.Instrument >= 0 ? _definitions[p.Instrument]!.QuantityUnitsPerOne : 1;
        switch (change.Key)
        {
            case LimitKey.MaxHedge: p.MaxHedgeUnits = InstrumentLimits.ToUnits(change.Value, hedgeUnits); break;
            case LimitKey.MaxHedgeAttempts: p.HedgeAttemptsMax = (int)change.Value; break;
            case LimitKey.RepeatedExecutions: p.RepeatedExecutionsMax = (int)change.Value; break;
            case LimitKey.ProtectionQuantity: p.ProtectionQuantityUnits = InstrumentLimits.ToUnitsOrOff(change.Value, hedgeUnits); break;
            case LimitKey.ProtectionDelta: p.ProtectionDelta = change.Value; break;
            case LimitKey.ProtectionVega: p.ProtectionVega = change.Value; break;
            case LimitKey.ProtectionIntervalMilliseconds: p.ProtectionIntervalNs = (long)change.Value * 1_000_000; break;
            case LimitKey.ProtectionFreezeMilliseconds: p.ProtectionFreezeNs = (long)change.Value * 1_000_000; break;
            case LimitKey.UserRestricted: p.Hold(PortfolioHolds.UserRestricted, change.Value != 0); break;
        }
    }
}
