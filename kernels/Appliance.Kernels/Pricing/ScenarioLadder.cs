namespace Appliance.Kernels.Pricing;

/// <summary>
/// Sums over a portfolio, and its ladder: value and Greeks with every spot moved by a factor and every volatility by an amount (Black-Scholes, Black-76, Merton: σ; Heston, Bates: √v₀).
/// </summary>
public static class ScenarioLadder
{
    /// <summary>Σ quantity·sensitivity, in the order given. False, with the index of the first contract that has no price, leaves no sum.</summary>
    public static PricingStatus Aggregate(
        ReadOnlySpan<OptionContract> contracts, ReadOnlySpan<MarketModel> models, ReadOnlySpan<double> quantities, out Sensitivities total, out int failedAt) =>
        Sum(contracts, models, quantities, 1, 0, out total, out failedAt);

    /// <param name="spotFactors">1 for the market as it is; [spots].</param>
    /// <param name="volatilityShifts">Added to each volatility; one that would fall below zero stands at zero; [volatilities].</param>
    /// <param name="cells">Row by row, [spots × volatilities].</param>
    public static PricingStatus Evaluate(
        ReadOnlySpan<OptionContract> contracts, ReadOnlySpan<MarketModel> models, ReadOnlySpan<double> quantities, ReadOnlySpan<double> spotFactors,
        ReadOnlySpan<double> volatilityShifts, Span<Sensitivities> cells, out int failedAt)
    {
        if (cells.Length < spotFactors.Length * volatilityShifts.Length) throw new ArgumentException("The ladder's cells must hold every pair of a spot factor and a volatility shift.");
        failedAt = -1;
        int cell = 0;
        foreach (double factor in spotFactors)
            foreach (double shift in volatilityShifts)
            {
                PricingStatus status = Sum(contracts, models, quantities, factor, shift, out cells[cell++], out failedAt);
                if (status != PricingStatus.Ok) return status;
            }
        return PricingStatus.Ok;
    }

    private static PricingStatus Sum(
        ReadOnlySpan<OptionContract> contracts, ReadOnlySpan<MarketModel> models, ReadOnlySpan<double> quantities, double spotFactor, double shift, out Sensitivities total, out int failedAt)
    {
        if (models.Length < contracts.Length || quantities.Length < contracts.Length) throw new ArgumentException("Every contract needs its model and its quantity.");
        double price = 0, delta = 0, gamma = 0, vega = 0, theta = 0, rho = 0, vanna = 0, volga = 0, charm = 0;
        total = default;
        for (int i = 0; i < contracts.Length; i++)
        {
            OptionContract contract = contracts[i];
            MarketModel model = models[i];
            contract.Spot *= spotFactor;
            Extend(ref contract);
            if (shift != 0)
            {
                model.Volatility = Math.Max(0, model.Volatility + shift);
                double root = Math.Max(0, Math.Sqrt(model.V0) + shift);
                model.V0 = root * root;
            }
            PricingStatus status = Pricer.Price(in contract, in model, out Sensitivities s);
            if (status != PricingStatus.Ok)
            {
                failedAt = i;
                return status;
            }
            double n = quantities[i];
            price += n * s.Price;
            delta += n * s.Delta;
            gamma += n * s.Gamma;
            vega += n * s.Vega;
            theta += n * s.Theta;
            rho += n * s.Rho;
            vanna += n * s.Vanna;
            volga += n * s.Volga;
            charm += n * s.Charm;
        }
        failedAt = -1;
        total = new Sensitivities(price, delta, gamma, vega, theta, rho, vanna, volga, charm);
        return PricingStatus.Ok;
    }

    /// <summary>A spot moved past a lookback's extremum is its new extremum.</summary>
    private static void Extend(ref OptionContract contract)
    {
        if (contract.Extremum == 0 || contract.Kind is not (ContractKind.LookbackFixed or ContractKind.LookbackFloating)) return;
        bool maximum = (contract.Kind == ContractKind.LookbackFixed) == (contract.Right == OptionRight.Call);
        contract.Extremum = maximum ? Math.Max(contract.Extremum, contract.Spot) : Math.Min(contract.Extremum, contract.Spot);
    }
}
