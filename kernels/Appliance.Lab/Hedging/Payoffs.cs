using Appliance.Lab.Markets;
using Appliance.Lab.Specification;

namespace Appliance.Lab.Hedging;

/// <summary>
/// What we owe at maturity on each path: minus position × notional × payoff, summed over contracts; an earlier expiry's payoff accrues at the rate. Barriers, lookbacks and averages are
/// watched at the decision steps: barriers and extrema from the start on, averages over steps 1 … expiry.
/// </summary>
public static class Payoffs
{
    public static void Owed(LabSpecification specification, PathBlock paths, ReadOnlySpan<double> growth, Span<double> owed)
    {
        owed.Clear();
        foreach (var contract in specification.Liability.Contracts)
        {
            int expiry = contract.ExpiryStep < 0 ? paths.Steps : contract.ExpiryStep;
            double scale = -contract.Position * contract.Notional * growth[expiry];
            Add(contract, paths, expiry, scale, owed);
        }
    }

    private static void Add(ContractSpecification c, PathBlock paths, int expiry, double scale, Span<double> owed)
    {
        var last = paths.Row(c.Underlying, expiry);
        for (int i = 0; i < owed.Length; i++)
        {
            double payoff = c.Contract switch
            {
                ContractKind.European => Vanilla(c, last[i], c.Strike),
                ContractKind.CashDigital => (c.Call ? last[i] > c.Strike : last[i] < c.Strike) ? c.Cash : 0,
                ContractKind.AssetDigital => (c.Call ? last[i] > c.Strike : last[i] < c.Strike) ? last[i] : 0,
                ContractKind.DownAndOut or ContractKind.UpAndOut => Touched(c, paths, expiry, i) ? c.Rebate : Vanilla(c, last[i], c.Strike),
                ContractKind.DownAndIn or ContractKind.UpAndIn => Touched(c, paths, expiry, i) ? Vanilla(c, last[i], c.Strike) : c.Rebate,
                ContractKind.LookbackFixed => Vanilla(c, Extremum(paths, c.Underlying, expiry, i, greatest: c.Call), c.Strike),
                ContractKind.LookbackFloating => c.Call ? last[i] - Extremum(paths, c.Underlying, expiry, i, greatest: false) : Extremum(paths, c.Underlying, expiry, i, greatest: true) - last[i],
                ContractKind.AsianArithmetic => Vanilla(c, Average(paths, c.Underlying, expiry, i), c.Strike),
                ContractKind.AsianGeometric => Vanilla(c, GeometricAverage(paths, c.Underlying, expiry, i), c.Strike),
                ContractKind.Basket => Vanilla(c, Basket(c, paths, expiry, i), c.Strike),
                _ => throw new ArgumentOutOfRangeException(nameof(c), c.Contract, "This contract has no payoff here."),
            };
            owed[i] += scale * payoff;
        }
    }

    private static double Vanilla(ContractSpecification c, double price, double strike) => Math.Max(c.Call ? price - strike : strike - price, 0);

    private static bool Touched(ContractSpecification c, PathBlock paths, int expiry, int path)
    {
        bool down = c.Contract is ContractKind.DownAndOut or ContractKind.DownAndIn;
        for (int k = 0; k <= expiry; k++)
        {
            double s = paths.Row(c.Underlying, k)[path];
            if (down ? s <= c.Barrier : s >= c.Barrier) return true;
        }
        return false;
    }

    private static double Extremum(PathBlock paths, int series, int expiry, int path, bool greatest)
    {
        double extremum = paths.Row(series, 0)[path];
        for (int k = 1; k <= expiry; k++)
        {
            double s = paths.Row(series, k)[path];
            extremum = greatest ? Math.Max(extremum, s) : Math.Min(extremum, s);
        }
        return extremum;
    }

    private static double Average(PathBlock paths, int series, int expiry, int path)
    {
        double sum = 0;
        for (int k = 1; k <= expiry; k++) sum += paths.Row(series, k)[path];
        return sum / expiry;
    }

    private static double GeometricAverage(PathBlock paths, int series, int expiry, int path)
    {
        double sum = 0;
        for (int k = 1; k <= expiry; k++) sum += Math.Log(paths.Row(series, k)[path]);
        return Math.Exp(sum / expiry);
    }

    private static double Basket(ContractSpecification c, PathBlock paths, int expiry, int path)
    {
        double sum = 0;
        for (int u = 0; u < c.Weights.Count; u++) sum += c.Weights[u] * paths.Row(u, expiry)[path];
        return sum;
    }
}
