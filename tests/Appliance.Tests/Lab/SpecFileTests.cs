using System.Text;
using Appliance.Host.Configuration;
using Appliance.Lab.Specification;

namespace Appliance.Tests.Lab;

/// <summary>The specification file: what a good one means, and that a bad one is answered with line, key and cure.</summary>
public sealed class SpecFileTests
{
    internal const string Entropic = """
        {
          "market": { "model": "gbm", "spot": 1, "volatility": 0.2 },
          "time": { "steps": 30, "stepYears": 0.0027397260273972603 },
          "liability": { "contract": "european", "right": "call", "strike": 1 },
          "hedges": [{ "instrument": "spot", "costs": { "proportional": 0.001 } }],
          "objective": { "kind": "entropic", "riskAversion": 10 },
          "certificate": "dp"
        }
        """;

    internal static LabSpecification Good(string json)
    {
        var errors = new ConfigurationErrors();
        var specification = LabSpecificationFile.Parse(Encoding.UTF8.GetBytes(json), "lab.json", errors);
        Assert.Equal([], errors.Lines);
        return specification!;
    }

    /// <summary>What a reader of a paper would write is understood: capitals, separators and the field's other names; a matrix as rows.</summary>
    [Fact]
    public void NamesAreUnderstoodAsTheFieldWritesThem()
    {
        var s = Good("""
            {
              "market": { "model": "GBM", "spot": [100, 50], "volatility": [0.2, 0.3], "correlation": [[1, 0.5], [0.5, 1]] }, "time": { "steps": 2, "stepYears": 0.1 },
              "liability": { "contract": "European", "right": "Call", "strike": 100, "premium": "BS" }, "hedges": ["underlying", { "instrument": "Perp", "underlying": 1 }],
              "objective": { "kind": "meanVariance", "riskAversion": 1 }, "policy": { "architecture": "no-transaction-band" }, "baselines": ["no-hedge", "Whalley Wilmott"], "certificate": "DP"
            }
            """);
        Assert.Equal(MarketModel.Gbm, s.Market.Model);
        Assert.Equal([1, 0.5, 0.5, 1], s.Market.Correlation);
        Assert.Equal((ContractKind.European, true, PremiumKind.BlackScholes), (s.Liability.Contracts[0].Contract, s.Liability.Contracts[0].Call, s.Liability.Premium));
        Assert.Equal([HedgeKind.Spot, HedgeKind.Perpetual], s.Hedges.Select(h => h.Instrument));
        Assert.Equal((ObjectiveKind.MeanVariance, PolicyArchitecture.Ntb, CertificateKind.DynamicProgramme), (s.Objective.Kind, s.Policy.Architecture, s.Certificate));
        Assert.Equal([PolicyArchitecture.None, PolicyArchitecture.WhalleyWilmott], s.Baselines.Select(b => b.Kind));
        Assert.Equal(["none", "whalley-wilmott"], s.Baselines.Select(b => b.Name));
    }

    /// <summary>One impact with a decay is the impact that decays; two are told apart by their names.</summary>
    [Theory]
    [InlineData("\"permanent\": 0.01, \"decay\": 5", 0, 0.01)]
    [InlineData("\"permanent\": 0.01, \"transient\": 0.02, \"decay\": 5", 0.01, 0.02)]
    [InlineData("\"permanent\": 0.01", 0.01, 0)]
    public void DecayIsOfTheImpactThatIsNamed(string costs, double permanent, double transient)
    {
        var read = Good(Entropic.Replace("\"proportional\": 0.001", costs, StringComparison.Ordinal).Replace("\"certificate\": \"dp\"", "\"certificate\": \"none\"", StringComparison.Ordinal)).Hedges[0].Costs;
        Assert.Equal((permanent, transient), (read.Permanent, read.Transient));
    }

    [Fact]
    public void AGoodFileIsRead()
    {
        var s = Good(Entropic);
        Assert.Equal(MarketModel.Gbm, s.Market.Model);
        Assert.Equal([0.2], s.Market.Volatilities);
        Assert.Equal(30, s.Time.Steps);
        Assert.Equal(0.001, s.Hedges[0].Costs.Proportional);
        Assert.True(s.Hedges[0].Costs.IsSimple);
        Assert.Equal(ObjectiveKind.Entropic, s.Objective.Kind);
        Assert.Equal(10, s.Objective.RiskAversion);
        Assert.Equal(CertificateKind.DynamicProgramme, s.Certificate);
        Assert.Equal(["none", "delta"], s.Baselines.Select(b => b.Name));
        Assert.Equal([0.0], s.InitialHolding);
    }
}
