namespace Appliance.Risk;

/// <summary>Why a portfolio is held back although its order is sound. The lowest bit that is set gives the verdict.</summary>
[Flags]
internal enum PortfolioHolds : byte { None = 0, UserRestricted = 1, RepeatedExecution = 2, HedgeAttempts = 4, Protection = 8 }

/// <summary>A portfolio as the gate sees it: its limits, and what its orders did of late.</summary>
internal struct GatePortfolio
{
    public PortfolioHolds Holds;
    public int HedgeAttemptsMax;
    public int RepeatedExecutionsMax;
    /// <summary>New orders approved since the last fill.</summary>
    public int AttemptsSinceFill;
    public long MaxHedgeUnits;
    /// <summary>When the Greeks that it decides on were priced in full.</summary>
    public long GreeksUtcNs;
    public long ProtectionQuantityUnits;
    public double ProtectionDelta;
    public double ProtectionVega;
    public long ProtectionIntervalNs;
    /// <summary>0 freezes until a person resets.</summary>
    public long ProtectionFreezeNs;
    public long FrozenUntilUtcNs;
    public MessageRateWindow Executions;
    public ProtectionWindow Fills;
    /// <summary>The instrument that it hedges with; −1 when the limits do not say.</summary>
    public int Instrument;

    public GatePortfolio(PortfolioLimits limits, long repeatWindowNs)
    {
        Instrument = limits.Instrument;
        Holds = limits.IsUserRestricted ? PortfolioHolds.UserRestricted : PortfolioHolds.None;
        HedgeAttemptsMax = limits.HedgeAttemptsMax;
        RepeatedExecutionsMax = limits.RepeatedExecutionsMax;
        MaxHedgeUnits = limits.MaxHedgeUnits;
        GreeksUtcNs = long.MinValue / 2;
        ProtectionQuantityUnits = limits.ProtectionQuantityUnits;
        ProtectionDelta = limits.ProtectionDelta;
        ProtectionVega = limits.ProtectionVega;
        ProtectionIntervalNs = limits.ProtectionIntervalNs;
        ProtectionFreezeNs = limits.ProtectionFreezeNs;
        Executions = new MessageRateWindow(limits.RepeatedExecutionsMax, repeatWindowNs);
        Fills = new ProtectionWindow();
    }

    public readonly bool HasProtection => ProtectionQuantityUnits != 0 || ProtectionDelta != 0 || ProtectionVega != 0;

    public void Hold(PortfolioHolds which, bool on) => Holds = on ? Holds | which : Holds & ~which;

    /// <summary>The first reason to hold the portfolio back; a freeze whose time is over ends here.</summary>
    public GateVerdict Held(long nowUtcNs)
    {
        if ((Holds & PortfolioHolds.Protection) != 0 && nowUtcNs >= FrozenUntilUtcNs) ResetProtection();
        return (Holds & PortfolioHolds.UserRestricted) != 0 ? GateVerdict.UserRestricted
            : (Holds & PortfolioHolds.RepeatedExecution) != 0 ? GateVerdict.RepeatedExecution
            : (Holds & PortfolioHolds.HedgeAttempts) != 0 ? GateVerdict.HedgeAttempts
            : (Holds & PortfolioHolds.Protection) != 0 ? GateVerdict.MarketMakerProtection
            : GateVerdict.Approved;
    }

    public void ResetProtection()
    {
        Hold(PortfolioHolds.Protection, false);
        Fills.Clear();
    }

    /// <summary>A named person lets it trade again after a throttle.</summary>
    public void Enable()
    {
        Hold(PortfolioHolds.RepeatedExecution | PortfolioHolds.HedgeAttempts, false);
        Executions.Clear();
        AttemptsSinceFill = 0;
    }

    /// <param name="quantityUnits">Above zero.</param>
    public void OnFill(long nowUtcNs, long quantityUnits, double delta, double vega)
    {
        AttemptsSinceFill = 0;
        Hold(PortfolioHolds.HedgeAttempts, false);
        if (!HasProtection) return;
        // A freeze whose time is over ends before the fill counts, whoever looks first.
        if ((Holds & PortfolioHolds.Protection) != 0 && nowUtcNs >= FrozenUntilUtcNs) ResetProtection();
        bool fits = Fills.Add(nowUtcNs, ProtectionIntervalNs, quantityUnits, delta, vega);
        bool trips = !fits
            || (ProtectionQuantityUnits != 0 && Fills.QuantityUnits >= ProtectionQuantityUnits)
            // Asked so that a Greek that is no number trips: nobody can say that the bound holds.
            || (ProtectionDelta != 0 && !(Math.Abs(Fills.Delta) < ProtectionDelta))
            || (ProtectionVega != 0 && !(Math.Abs(Fills.Vega) < ProtectionVega));
        if (!trips) return;
        Hold(PortfolioHolds.Protection, true);
        FrozenUntilUtcNs = ProtectionFreezeNs == 0 ? long.MaxValue : nowUtcNs + ProtectionFreezeNs;
    }
}
