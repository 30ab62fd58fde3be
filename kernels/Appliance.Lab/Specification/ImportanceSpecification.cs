namespace Appliance.Lab.Specification;

/// <summary>
/// From which markets paths are drawn where tails matter: a share of them from the market itself, the rest from the same market with its first Brownian motion drifting or moving more widely and its jumps coming more often. Each path then counts
/// by the ratio of its density under the market to that under the mixture, which is never more than 1/<see cref="PlainShare"/>.
/// </summary>
public sealed record ImportanceSpecification
{
    public const double PlainShareAtFirst = 0.5;

    /// <summary>Where the first Brownian motion ends in the mean, in its standard deviations over the whole life, one tilted market each; empty leaves its drift.</summary>
    public IReadOnlyList<double> Shifts { get; init; } = [];
    /// <summary>By how much the first Brownian motion moves more widely in the tilted markets: what a hedged book loses by is mostly this.</summary>
    public double VolatilityFactor { get; init; } = 1;
    /// <summary>Intensity of jumps in the tilted markets as a multiple of the market's own (merton, kou, bates).</summary>
    public double JumpFactor { get; init; } = 1;
    /// <summary>Share of paths from the market itself, in (0, 1).</summary>
    public double PlainShare { get; init; } = PlainShareAtFirst;

    /// <summary>What a specification whose paths cannot be drawn so may have instead, with the key below "importance"; null where they can.</summary>
    public (string Key, string Allowed)? Fault(LabSpecification s)
    {
        if (s.Market.Model is MarketModel.Bootstrap or MarketModel.Paths) return ("shifts", "no importance sampling: paths from history or a file have no density to be drawn by");
        if (JumpFactor != 1 && !(s.Market.Model is MarketModel.Merton or MarketModel.Kou or MarketModel.Bates && s.Market.Lambda > 0))
            return ("jumpFactor", "1: only merton, kou and bates with a lambda above 0 have jumps");
        if (VolatilityFactor != 1 && s.Market.Model == MarketModel.Trinomial) return ("volatilityFactor", "1: a tree's moves have their sizes");
        if (Shifts.Count == 0 && VolatilityFactor == 1 && JumpFactor == 1) return ("shifts", "a list with a shift, or a volatilityFactor or jumpFactor other than 1; without any nothing is tilted");
        if (s.Objective.Kind is not (ObjectiveKind.Cvar or ObjectiveKind.MeanCvar or ObjectiveKind.MeanVarianceCvar or ObjectiveKind.Entropic))
            return ("shifts", "no importance sampling under this objective: it is for cvar, mean-cvar, mean-variance-cvar and entropic");
        return null;
    }
}
