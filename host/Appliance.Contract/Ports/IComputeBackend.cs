namespace Appliance.Contract;

/// <summary>
/// Greeks of European options, structure of arrays. A CPU backend completes in <see cref="Submit"/>; an accelerator is polled by
/// <see cref="TryCollect"/> until its deadline. Spans are of equal length; outputs are per one option, unsigned by position.
/// Units: delta per 1.0 of spot, vega per 1.00 of volatility, theta per year forward in calendar time, all in quote currency.
/// </summary>
public interface IComputeBackend : IDisposable
{
    string Name { get; }
    /// <summary>True when Submit leaves the results in place before it returns.</summary>
    bool CompletesInCall { get; }
    /// <returns>A ticket for TryCollect; 0 when the results are already there.</returns>
    long Submit(in GreeksBatch batch);
    bool TryCollect(long ticket);
}

/// <summary>One call's inputs and outputs; the arrays are owned by the caller, made at start and page-touched.</summary>
public readonly struct GreeksBatch
{
    public required double Spot { get; init; }
    /// <summary>Continuously compounded, per year.</summary>
    public required double Rate { get; init; }
    public required double Yield { get; init; }
    public required int Count { get; init; }
    public required double[] Strike { get; init; }
    /// <summary>Years to expiry, as of now.</summary>
    public required double[] Years { get; init; }
    public required double[] Volatility { get; init; }
    /// <summary>+1 call, −1 put.</summary>
    public required double[] CallPut { get; init; }
    public required double[] Price { get; init; }
    public required double[] Delta { get; init; }
    public required double[] Gamma { get; init; }
    public required double[] Vega { get; init; }
    public required double[] Theta { get; init; }
    /// <summary>Third derivative to spot: bounds the second-order expansion's error.</summary>
    public required double[] Speed { get; init; }
}
