namespace Appliance.Strategy.Features;

/// <summary>Constants of the features' update rules. They belong to the desk file: a policy is trained for one set of them.</summary>
public sealed record FeatureOptions
{
    /// <summary>
    /// Spacing of the mid samples whose returns make the volatility, in nanoseconds of sequenced time. One second by default: far longer than the
    /// bid-ask bounce, whose variance per sample is constant and so would dominate at tick spacing. Range: 1 ms to 1 h.
    /// </summary>
    public long VolatilitySampleNs { get; init; } = 1_000_000_000;

    /// <summary>Half-life of a squared return's weight, in seconds. 60 by default, so that the volatility follows the minute. Range: above 0.</summary>
    public double VolatilityHalfLifeSeconds { get; init; } = 60;

    /// <summary>A silence longer than this (seconds) is an outage, not a quiet market: sampling starts anew after it, without a return across it.</summary>
    public double VolatilityMaxSilenceSeconds { get; init; } = 300;

    /// <summary>Trading seconds in a year, for annualising. The default, 365 days of 24 hours, suits crypto; exchange-traded shares have 252 × 6.5 × 3600.</summary>
    public double SecondsPerYear { get; init; } = 365.0 * 86_400;

    /// <summary>Half-life of a trade's weight in the signed flow, in seconds. Range: above 0.</summary>
    public double FlowHalfLifeSeconds { get; init; } = 10;
}
