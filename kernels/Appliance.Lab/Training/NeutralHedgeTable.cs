using Appliance.Kernels.Scalar;
using Appliance.Lab.Specification;

namespace Appliance.Lab.Training;

/// <summary>
/// The model's delta, gamma and value of the whole liability at each decision step as functions of the spot, tabulated so that millions of path points cost a look-up each.
/// European options and cash digitals under GBM and under Merton's jump diffusion, whose price is that of GBM averaged over the number of jumps (Merton, Journal of Financial Economics 3
/// (1976), 125–144): given n jumps ln S_T is normal with variance σ²τ + n s² around ln S + (r − λk − σ²/2)τ + n m.
/// Nodes are even in asinh(ln(S/K) / σ√τ) up to |ln(S/K)| = 3, linear between: within 2e-5 of the formula in delta (for a notional of 1), as its test asserts.
/// </summary>
public sealed class NeutralHedgeTable
{
    private const int Nodes = 1025;
    private const double LogReach = 3;
    private const double PoissonTail = 1e-12;
    private readonly LabSpecification _specification;
    private readonly double _logStrike;
    private readonly double[] _width, _nodesPerUnit;
    private readonly float[][] _delta, _gamma, _value;

    public NeutralHedgeTable(LabSpecification specification)
    {
        _specification = specification;
        TimeSpecification time = specification.Time;
        MarketSpecification market = specification.Market;
        _logStrike = Math.Log(specification.Liability.Contracts[0].Strike);
        _width = new double[time.Steps];
        _nodesPerUnit = new double[time.Steps];
        (_delta, _gamma, _value) = (new float[time.Steps][], new float[time.Steps][], new float[time.Steps][]);
        for (int step = 0; step < time.Steps; step++)
        {
            double years = (time.Steps - step) * time.StepYears;
            double width = _width[step] = market.Volatilities[0] * Math.Sqrt(years);
            double reach = Math.Asinh(LogReach / width);
            _nodesPerUnit[step] = (Nodes - 1) / (2 * reach);
            var (delta, gamma, value) = (new float[Nodes], new float[Nodes], new float[Nodes]);
            for (int i = 0; i < Nodes; i++)
            {
                double spot = Math.Exp(_logStrike + width * Math.Sinh(-reach + i / _nodesPerUnit[step]));
                (double v, double d, double g) = Exact(spot, step);
                (value[i], delta[i], gamma[i]) = ((float)v, (float)d, (float)g);
            }
            (_delta[step], _gamma[step], _value[step]) = (delta, gamma, value);
        }
    }

    /// <summary>Why there is none for this specification; null where there is.</summary>
    public static string? Problem(LabSpecification specification)
    {
        if (specification.Market.Model is not (MarketModel.Gbm or MarketModel.Merton)) return "the model's delta is known for gbm and merton";
        if (specification.Market.Spots.Count != 1) return "the model's delta is known for one underlying";
        if (specification.Liability.Contracts.Any(c => c.Contract is not (ContractKind.European or ContractKind.CashDigital) || c.ExpiryStep >= 0 && c.ExpiryStep != specification.Time.Steps))
            return "the model's delta is known for European options and cash digitals that expire at maturity";
        return null;
    }

    /// <summary>Delta of the options held (short ones are negative), in units of the underlying. What hedges is its negative.</summary>
    public double Delta(double logSpot, int step) => Read(_delta[step], logSpot, step);
    public double Gamma(double logSpot, int step) => Read(_gamma[step], logSpot, step);
    public double Value(double logSpot, int step) => Read(_value[step], logSpot, step);

    /// <summary>Value, delta and gamma by the formula itself.</summary>
    public (double Value, double Delta, double Gamma) Exact(double spot, int step)
    {
        MarketSpecification market = _specification.Market;
        double years = (_specification.Time.Steps - step) * _specification.Time.StepYears, rate = market.Rate;
        double lambda = market.Model == MarketModel.Merton ? market.Lambda : 0;
        double k = Math.Exp(market.JumpMean + 0.5 * market.JumpStdDev * market.JumpStdDev) - 1;
        double discount = Math.Exp(-rate * years), variance = market.Volatilities[0] * market.Volatilities[0] * years;
        double value = 0, delta = 0, gamma = 0, probability = Math.Exp(-lambda * years), left = 1;
        for (int n = 0; n < 200 && left > PoissonTail; n++)
        {
            double total = variance + n * market.JumpStdDev * market.JumpStdDev, root = Math.Sqrt(total);
            double forward = spot * Math.Exp((rate - lambda * k) * years + n * (market.JumpMean + 0.5 * market.JumpStdDev * market.JumpStdDev));
            foreach (ContractSpecification c in _specification.Liability.Contracts)
            {
                double size = c.Position * c.Notional * probability * discount, w = c.Call ? 1 : -1;
                double d1 = Math.Log(forward / c.Strike) / root + 0.5 * root, d2 = d1 - root;
                if (c.Contract == ContractKind.European)
                {
                    double inForward = Elementary.NormalCdf(w * d1);
                    value += size * w * (forward * inForward - c.Strike * Elementary.NormalCdf(w * d2));
                    delta += size * w * inForward * forward / spot;
                    gamma += size * Elementary.NormalPdf(d1) * forward / (spot * spot * root);
                }
                else
                {
                    double density = size * c.Cash * w * Elementary.NormalPdf(d2) / (spot * root);
                    value += size * c.Cash * Elementary.NormalCdf(w * d2);
                    delta += density;
                    gamma -= density * (1 + d2 / root) / spot;
                }
            }
            left -= probability;
            probability *= lambda * years / (n + 1);
        }
        return (value, delta, gamma);
    }

    private double Read(float[] table, double logSpot, int step)
    {
        double at = Math.Asinh((logSpot - _logStrike) / _width[step]) * _nodesPerUnit[step] + (Nodes - 1) / 2;
        if (!(at > 0)) return table[0];
        if (at >= Nodes - 1) return table[^1];
        int node = (int)at;
        double share = at - node;
        return table[node] + share * (table[node + 1] - table[node]);
    }
}
