namespace Appliance.Strategy.Policies;

/// <summary>Says of each question whether a decision time has come since the last one. Time is the state's, so it is the ring's.</summary>
internal sealed class DecisionClock(DecisionSchedule schedule)
{
    private readonly long _stepNs = schedule.StepNs;
    private long _startUtcNs, _nextUtcNs;
    private bool _hasStarted;

    /// <summary>Number of the latest decision time, from 0.</summary>
    public int Decision { get; private set; }
    /// <summary>All decisions of the schedule were due.</summary>
    public bool HasEnded { get; private set; }

    public bool IsDue(in PortfolioState state)
    {
        if (schedule.Kind == ScheduleKind.EveryMark) return true;
        if (!_hasStarted) Start(in state);
        else if (state.TimeUtcNs < _nextUtcNs) return false;
        // Before its first decision time (an expiry farther away than the policy was trained for) it decides at every step, as decision 0.
        long elapsed = state.TimeUtcNs - _startUtcNs;
        long step = elapsed >= 0 ? elapsed / _stepNs : -((-elapsed + _stepNs - 1) / _stepNs);
        _nextUtcNs = _startUtcNs + (step + 1) * _stepNs;
        Decision = (int)Math.Clamp(step, 0, int.MaxValue);
        HasEnded = schedule.Steps > 0 && step >= schedule.Steps;
        if (HasEnded) _nextUtcNs = long.MaxValue;
        return true;
    }

    private void Start(in PortfolioState state)
    {
        _hasStarted = true;
        // A portfolio without a live option has no expiry to count from.
        bool fromExpiry = schedule.Anchor == ScheduleAnchor.Expiry && state.ExpiryUtcNs != 0;
        _startUtcNs = fromExpiry ? state.ExpiryUtcNs - schedule.Steps * _stepNs : state.TimeUtcNs;
    }
}
