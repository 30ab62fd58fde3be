using Appliance.Lab.Specification;

namespace Appliance.Lab.Markets;

/// <summary>Deviation a year of the log returns of a file: of the training part of a history, or of the first steps of given paths.</summary>
public static class HistoryVolatility
{
    public static double Of(MarketSpecification market, TimeSpecification time)
    {
        double[] returns = market.Model == MarketModel.Bootstrap ? PriceHistory.Read(market).TrainingReturns(market) : PathFile.Read(market.DataFile, time.Steps, market.Spots).SampleReturns(100_000);
        double mean = returns.Average();
        return Math.Sqrt(returns.Sum(r => (r - mean) * (r - mean)) / Math.Max(1, returns.Length - 1) / time.StepYears);
    }
}
