namespace Appliance.Lab.Specification;

public enum ObjectiveKind { StdDev, MeanVariance, MeanStd, Entropic, Cvar, MeanCvar, Power, Expectile, MeanVarianceCvar }

/// <summary>The risk that is minimised, of the loss L = payoff − trading gains + costs at maturity, gross of any premium.</summary>
public sealed record ObjectiveSpecification
{
    public required ObjectiveKind Kind { get; init; }
    /// <summary>a of mean-variance, mean-variance-cvar and entropic, per 1.0 of quote currency; the relative risk aversion of power.</summary>
    public double RiskAversion { get; init; } = 1;
    /// <summary>Level of cvar, mean-cvar and mean-variance-cvar, in (0, 1): 0.99 looks at the worst hundredth.</summary>
    public double Level { get; init; } = 0.95;
    /// <summary>k of mean-std.</summary>
    public double K { get; init; } = 1;
    /// <summary>w of mean-cvar, in [0, 1]; of mean-variance-cvar, at least 0.</summary>
    public double Weight { get; init; } = 0.5;
    /// <summary>τ of expectile, in (½, 1).</summary>
    public double Tau { get; init; } = 0.9;
    /// <summary>w0 of power: the wealth from which the loss is taken.</summary>
    public double Wealth { get; init; } = 1;
}
