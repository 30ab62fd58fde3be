using Appliance.Host.Configuration;
using Appliance.Lab.Backtest;
using Appliance.Lab.Certificates;
using Appliance.Lab.Hedging;
using Appliance.Lab.Specification;

namespace Appliance.Host.Reports;

/// <summary>The robustness matrix: strategies as they are, made for one market, on the markets of other specifications with the same times and liability.</summary>
internal static class LabRobustness
{
    public static Dictionary<string, IReadOnlyList<StrategyStatistics>> Run(LabSpecification s, IReadOnlyList<IBlockPolicy> strategies, double premium, CancellationToken cancel)
    {
        var matrix = new Dictionary<string, IReadOnlyList<StrategyStatistics>>();
        foreach (string file in s.Evaluation.Robustness)
        {
            var market = LabSpecificationFile.Require(file).Market;
            if (market.Spots.Count != s.Market.Spots.Count) throw new BadInputException($"{s.File}: evaluation.robustness: {file} has {market.Spots.Count} underlyings, allowed are {s.Market.Spots.Count}, as here");
            var other = s with { Market = market };
            var environment = new HedgingEnvironment(other, s.Evaluation.Seed);
            int paths = (int)Math.Min(s.Evaluation.Paths, environment.Simulator.PathsAvailable);
            var (_, statistics) = Evaluation.Statistics(other, environment, strategies, paths, premium * environment.Growth[0], CertificateResult.None(""), null, cancel);
            matrix[Path.GetFileNameWithoutExtension(file)] = statistics;
        }
        return matrix;
    }
}
