using Appliance.Lab.Specification;

namespace Appliance.Lab.Certificates;

/// <summary>The liability on a lattice: payoffs that depend on the last price alone.</summary>
internal static class LatticeLiability
{
    public static double[] Growth(LabSpecification specification) =>
        [.. Enumerable.Range(0, specification.Time.Steps + 1).Select(k => Math.Exp(specification.Market.Rate * (specification.Time.Steps - k) * specification.Time.StepYears))];

    public static bool Knows(LabSpecification specification) =>
        specification.Liability.Contracts.All(c => c.Contract is ContractKind.European or ContractKind.CashDigital or ContractKind.AssetDigital && (c.ExpiryStep < 0 || c.ExpiryStep == specification.Time.Steps));

    /// <summary>What is owed at each last node.</summary>
    public static double[] Owed(LabSpecification specification, SpotLattice lattice)
    {
        var prices = lattice.Prices(lattice.Steps);
        var owed = new double[prices.Length];
        foreach (var c in specification.Liability.Contracts)
            for (int q = 0; q < owed.Length; q++) owed[q] -= c.Position * c.Notional * Payoff(c, prices[q]);
        return owed;
    }

    public static double Payoff(ContractSpecification c, double price)
    {
        bool inside = c.Call ? price > c.Strike : price < c.Strike;
        return !inside ? 0 : c.Contract switch { ContractKind.CashDigital => c.Cash, ContractKind.AssetDigital => price, _ => Math.Abs(price - c.Strike) };
    }

    /// <summary>Expected owed at every node of every step: the centre around which hedged losses move. [step][node]</summary>
    public static double[][] Expected(LabSpecification specification, SpotLattice lattice)
    {
        var expected = new double[lattice.Steps + 1][];
        expected[lattice.Steps] = Owed(specification, lattice);
        for (int step = lattice.Steps - 1; step >= 0; step--)
        {
            expected[step] = new double[lattice.Nodes(step)];
            for (int i = 0; i < expected[step].Length; i++) expected[step][i] = Expect(lattice, step, i, expected[step + 1]);
        }
        return expected;
    }

    public static double Expect(SpotLattice lattice, int step, int node, ReadOnlySpan<double> next)
    {
        var weights = lattice.Transition(step, node, out int first);
        double sum = 0;
        for (int w = 0; w < weights.Length; w++) sum += weights[w] * next[Math.Clamp(first + w, 0, next.Length - 1)];
        return sum;
    }

    public static double ExpectFromRoot(SpotLattice lattice, double[] last)
    {
        double[] next = last;
        for (int step = lattice.Steps - 1; step >= 0; step--)
        {
            var own = new double[lattice.Nodes(step)];
            for (int i = 0; i < own.Length; i++) own[i] = Expect(lattice, step, i, next);
            next = own;
        }
        return next[SpotLattice.Root];
    }

    /// <summary>Even nodes over the holdings that may be optimal: the slopes of the expected liability before the last step, widened, within the hedge's bounds.</summary>
    public static double[] Holdings(LabSpecification specification, SpotLattice lattice, int count)
    {
        double[][] expected = Expected(specification, lattice);
        double low = 0, high = 0;
        for (int step = Math.Max(0, lattice.Steps - 2); step < lattice.Steps; step++)
        {
            var prices = lattice.Prices(step);
            for (int i = 1; i < prices.Length; i++)
            {
                double slope = (expected[step][i] - expected[step][i - 1]) / (prices[i] - prices[i - 1]);
                low = Math.Min(low, slope);
                high = Math.Max(high, slope);
            }
        }
        if (lattice.Steps == 1)
        {
            var prices = lattice.Prices(1);
            for (int i = 1; i < prices.Length; i++)
            {
                double slope = (expected[1][i] - expected[1][i - 1]) / (prices[i] - prices[i - 1]);
                low = Math.Min(low, slope);
                high = Math.Max(high, slope);
            }
        }
        // A drift, or a taste for risk, asks for more than the liability does.
        bool tree = specification.Market.Model == MarketModel.Trinomial;
        double spare = 0.05 * (high - low), excess = (tree ? 0 : specification.Market.Drift) - specification.Market.Rate;
        double variance = specification.Market.Volatilities.Count > 0 ? specification.Market.Volatilities[0] * specification.Market.Volatilities[0] : 0;
        bool isLocal = specification.Objective.Kind is ObjectiveKind.Entropic or ObjectiveKind.MeanVariance;
        if (tree && isLocal)
        {
            // A tree's drift and variance are those of its probabilities.
            double up = specification.Market.Up, years = specification.Time.StepYears;
            IReadOnlyList<double> p = specification.Market.Probabilities;
            double mean = p[0] * up + p[1] + p[2] / up;
            excess += Math.Log(mean) / years;
            variance = (p[0] * up * up + p[1] + p[2] / (up * up) - mean * mean) / years;
        }
        double speculative = 0;
        if (excess != 0 && variance > 0 && isLocal) speculative = 1.5 * Math.Abs(excess) / (specification.Objective.RiskAversion * variance * specification.Market.Spots[0]);
        else if (excess != 0) speculative = high - low;
        low = Math.Min(low - spare, specification.InitialHolding[0]) - speculative;
        high = Math.Max(high + spare, specification.InitialHolding[0]) + speculative;
        HedgeSpecification hedge = specification.Hedges[0];
        // Bounds that lie beyond all of this leave the holdings next to them.
        double width = high - low, lowest = Math.Max(low, hedge.LowestHolding), highest = Math.Min(high, hedge.HighestHolding);
        if (lowest >= highest) (lowest, highest) = hedge.LowestHolding > high ? (hedge.LowestHolding, Math.Min(hedge.LowestHolding + width, hedge.HighestHolding)) : (Math.Max(hedge.HighestHolding - width, hedge.LowestHolding), hedge.HighestHolding);
        return Nodes(lowest, highest, count, hedge);
    }

    /// <summary>
    /// Even nodes from low to high, nothing among them: to hold nothing is where costs have their kink, and with a fixed cost their jump, so that a grid that only comes near it would charge the sale of a rest forever.
    /// The grid grows by less than a node for it, or shrinks where bounds forbid to grow.
    /// </summary>
    private static double[] Nodes(double low, double high, int count, HedgeSpecification hedge)
    {
        double spacing = (high - low) / (count - 1);
        if (!(low < 0 && high > 0)) return [.. Enumerable.Range(0, count).Select(j => low + j * spacing)];
        int below = Math.Clamp((int)Math.Round(-low / spacing), 1, count - 2), above = count - 1 - below;
        double wide = Math.Max(-low / below, high / above), narrow = Math.Min(-low / below, high / above);
        double chosen = -wide * below < hedge.LowestHolding || wide * above > hedge.HighestHolding ? narrow : wide;
        return [.. Enumerable.Range(0, count).Select(j => (j - below) * chosen)];
    }
}
