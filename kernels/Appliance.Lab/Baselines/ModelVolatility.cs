using Appliance.Lab.Markets;
using Appliance.Lab.Specification;

namespace Appliance.Lab.Baselines;

/// <summary>The one volatility at which Black-Scholes rules and premiums are computed under a model: what the file gives, else the deviation of the model's log return, a year.</summary>
public static class ModelVolatility
{
    public static double Of(MarketSpecification m, TimeSpecification time, int underlying = 0)
    {
        if (m.Model is MarketModel.Gbm or MarketModel.Merton) return m.Volatilities[underlying];
        if (m.HedgeVolatility > 0 && m.Model != MarketModel.Kou) return m.HedgeVolatility;
        double years = time.MaturityYears;
        switch (m.Model)
        {
            case MarketModel.Kou:
                double second = m.UpProbability * 2 / (m.UpRate * m.UpRate) + (1 - m.UpProbability) * 2 / (m.DownRate * m.DownRate);
                return Math.Sqrt(m.Volatilities[0] * m.Volatilities[0] + m.Lambda * second);
            case MarketModel.Heston or MarketModel.Bates:
                return Math.Sqrt(MeanReversion.MeanVariance(m.V0, m.Kappa, m.Theta, years) + m.Lambda * (m.JumpMean * m.JumpMean + m.JumpStdDev * m.JumpStdDev));
            case MarketModel.Sabr: return m.Alpha * Math.Pow(m.Spots[0], m.Beta - 1);
            case MarketModel.RoughBergomi: return Math.Sqrt(m.ForwardVariance);
            case MarketModel.Trinomial:
                double log = Math.Log(m.Up), mean = (m.Probabilities[0] - m.Probabilities[2]) * log;
                return Math.Sqrt(((m.Probabilities[0] + m.Probabilities[2]) * log * log - mean * mean) / time.StepYears);
            case MarketModel.RegimeSwitching: return m.RegimeVolatilities[m.InitialRegime];
            default: return HistoryVolatility.Of(m, time);
        }
    }
}
