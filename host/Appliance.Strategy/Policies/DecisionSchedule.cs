namespace Appliance.Strategy.Policies;

public enum ScheduleKind
{
    /// <summary>At every decide mark, timer and answer of the venue. For policies without memory.</summary>
    EveryMark,
    /// <summary>At fixed times, one step apart.</summary>
    Steps,
}

/// <summary>From where decision times are counted.</summary>
public enum ScheduleAnchor
{
    /// <summary>Decision 0 is the first time that the policy is asked.</summary>
    FirstDecision,
    /// <summary>Decision 0 lies Steps steps before the nearest expiry alive when the policy is first asked, so the last one is one step before expiry.</summary>
    Expiry,
}

/// <summary>
/// When a policy decides: inference and recurrent state advance only then, live as in training. Between two decision times the last answer stands. A decision time at which
/// nobody asked (no good book) is not made up for: the next question after it decides once, with the number of the latest decision time passed.
/// </summary>
/// <param name="StepYears">Between decisions, in years of 365 days. Above 0.</param>
/// <param name="Steps">Decisions in all, after which the policy wants no hedge; 0 for no end.</param>
public sealed record DecisionSchedule(ScheduleKind Kind, double StepYears, int Steps, ScheduleAnchor Anchor)
{
    public static DecisionSchedule EveryMark { get; } = new(ScheduleKind.EveryMark, 0, 0, ScheduleAnchor.FirstDecision);

    /// <summary>Years are of 365 days, as volatility marks are quoted.</summary>
    public const double NanosecondsPerYear = 365.0 * 86_400 * 1e9;

    /// <summary>Between two decision times, in whole nanoseconds of sequenced time.</summary>
    public long StepNs => (long)Math.Round(StepYears * NanosecondsPerYear);
}
