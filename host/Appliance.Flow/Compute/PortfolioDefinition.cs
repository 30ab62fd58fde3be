namespace Appliance.Flow.Compute;

/// <summary>
/// The options of one portfolio, structure of arrays of equal length, as of the start of a run. Checked by <see cref="PortfolioGreeks"/>, which copies them.
/// </summary>
public sealed record PortfolioDefinition
{
    public required string Name { get; init; }
    /// <summary>Continuously compounded, per year.</summary>
    public double Rate { get; init; }
    public double Yield { get; init; }
    public required double[] Strike { get; init; }
    public required long[] ExpiryUtcNs { get; init; }
    /// <summary>+1 call, −1 put.</summary>
    public required double[] CallPut { get; init; }
    /// <summary>Signed, in 1.0 of the underlying (contracts × multiplier): below zero is sold.</summary>
    public required double[] Quantity { get; init; }
    /// <summary>The desk's mark, per √year.</summary>
    public required double[] Volatility { get; init; }
    /// <summary>The strike against which the feature "moneyness" is taken; 0 for none.</summary>
    public double ReferenceStrike { get; init; }

    public int Count => Strike.Length;

    /// <summary>Every fault in words, with the option's index; empty when there is none.</summary>
    public IReadOnlyList<string> Faults()
    {
        var faults = new List<string>();
        int n = Strike.Length;
        if (ExpiryUtcNs.Length != n || CallPut.Length != n || Quantity.Length != n || Volatility.Length != n)
        {
            faults.Add($"Portfolio {Name}: the arrays differ in length: {n} strikes, {ExpiryUtcNs.Length} expiries, {CallPut.Length} rights, {Quantity.Length} quantities, {Volatility.Length} volatilities.");
            return faults;
        }
        for (int i = 0; i < n; i++)
        {
            if (!(Strike[i] > 1e-100 && Strike[i] < 1e100)) faults.Add($"Portfolio {Name}, option {i}: strike {Strike[i]} is not a positive number.");
            if (CallPut[i] != 1 && CallPut[i] != -1) faults.Add($"Portfolio {Name}, option {i}: the right must be +1 (call) or -1 (put), not {CallPut[i]}.");
            if (!double.IsFinite(Quantity[i])) faults.Add($"Portfolio {Name}, option {i}: quantity {Quantity[i]} is not finite.");
            if (!(Volatility[i] >= 0 && Volatility[i] <= 10)) faults.Add($"Portfolio {Name}, option {i}: volatility {Volatility[i]} lies outside [0, 10].");
        }
        if (!double.IsFinite(Rate) || !double.IsFinite(Yield)) faults.Add($"Portfolio {Name}: rate {Rate} or yield {Yield} is not finite.");
        return faults;
    }
}
