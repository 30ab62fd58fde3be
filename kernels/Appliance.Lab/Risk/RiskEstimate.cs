namespace Appliance.Lab.Risk;

/// <param name="Value">The estimated risk, quote currency at maturity.</param>
/// <param name="StdErr">Its standard error, from the spread of the influence function over paths.</param>
public readonly record struct RiskEstimate(double Value, double StdErr);
