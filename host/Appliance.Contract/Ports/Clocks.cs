namespace Appliance.Contract;

/// <summary>Monotonic nanoseconds, for intervals. A struct type parameter, so that a replay compiles the stamps away.</summary>
public interface IMonotonicClock
{
    long NowNs();
}

/// <summary>UTC nanoseconds since 1970, for wire times and sequenced time.</summary>
public interface IUtcClock
{
    long NowUtcNs();
}
