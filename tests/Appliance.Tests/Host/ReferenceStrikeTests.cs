using System.Text;
using Appliance.Host.Composition;
using Appliance.Host.Configuration;
using Appliance.Kernels.Networks;
using Appliance.Strategy.Features;
using Appliance.Strategy.Policies.Files;

namespace Appliance.Tests.Host;

/// <summary>What a desk file and its policy file must agree on. The feature moneyness needs a strike: the desk file's, else the one that all options have, else none and a clear word. And a portfolio trades one instrument.</summary>
public sealed class ReferenceStrikeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("strike").FullName;

    public ReferenceStrikeTests()
    {
        var metadata = new PolicyMetadata
        {
            HiddenSizes = [], Activation = Activation.Relu, Features = [new(FeatureId.Moneyness, 0, 1)], TargetKind = TargetKind.HedgeRatio, Target = new OutputMap(0.1, 1, 0.8, 1.2),
            HalfWidth = new OutputMap(0, 0.05, 0, 1), Objective = "none: a test", MarketModel = "none", TrainingSeed = "1", ParentHash = "",
        };
        File.WriteAllBytes(Path.Combine(_folder, "policy.safetensors"), PolicyFile.Write(metadata, PolicyWeights.Perceptron([new DenseLayer(1, 1, [1], [0])])));
    }

    public void Dispose() => Directory.Delete(_folder, true);

    [Theory]
    [InlineData("", 61000, 61000)]
    [InlineData(", \"referenceStrike\": 60500", 61000, 60500)]
    [InlineData(", \"referenceStrike\": 60500", 60000, 60500)]
    public void The_stated_strike_or_the_only_one_counts(string stated, double secondStrike, double expected) =>
        Assert.Equal(expected, DeskComposer.Flow(Desk(stated, 61000, secondStrike), Profile(), 1).Portfolios[0].Options.ReferenceStrike);

    [Fact]
    public void Several_strikes_and_none_stated_is_said_with_the_key_that_mends_it()
    {
        var refused = Assert.Throws<BadInputException>(() => DeskComposer.Flow(Desk("", 61000, 60000), Profile(), 1));
        Assert.Contains("policy.referenceStrike", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_policy_of_several_hedges_is_refused_by_file_key_and_cure()
    {
        var map = new OutputMap(1, 0, -2, 2);
        var metadata = new PolicyMetadata
        {
            HiddenSizes = [], Activation = Activation.Relu, Features = [new(FeatureId.Spot, 0, 1)], TargetKind = TargetKind.HedgePosition, Hedges = [new("spot", map, null), new("variance-swap", map, null)],
            Objective = "none: a test", MarketModel = "heston", TrainingSeed = "1", ParentHash = "",
        };
        string file = Path.Combine(_folder, "policy.safetensors");
        File.WriteAllBytes(file, PolicyFile.Write(metadata, PolicyWeights.Perceptron([new DenseLayer(1, 2, [1, 1], [0, 0])])));
        string said = Assert.Throws<BadInputException>(() => DeskComposer.Flow(Desk("", 61000), Profile(), 1)).Message;
        Assert.StartsWith(file, said, StringComparison.Ordinal);
        Assert.Contains("metadata \"hedges\": it holds the hedges of 2 instruments (spot, variance-swap), but portfolio net trades one, BTCUSDT: train a policy whose specification names one hedge", said, StringComparison.Ordinal);
        Assert.Contains("policy.file", said, StringComparison.Ordinal);
    }

    private Desk Desk(string stated, params double[] strikes)
    {
        string options = string.Join(", ", strikes.Select(k => $$"""{ "right": "call", "strike": {{k}}, "expiry": "2024-08-10T08:00:00Z", "quantity": -1, "volatility": 0.5 }"""));
        string text = $$"""
            {
              "name": "strike", "currency": "USDT", "feed": { "kind": "binance-usdm" }, "venue": { "kind": "paper" },
              "instruments": [ { "symbol": "BTCUSDT", "priceUnitsPerOne": 100000000, "quantityUnitsPerOne": 100000000, "tickSize": 0.1, "lotSize": 0.001 } ],
              "portfolios": [ { "name": "net", "underlying": "BTCUSDT", "policy": { "kind": "mlp", "file": "policy.safetensors"{{stated}} }, "execution": {}, "options": [ {{options}} ] } ],
              "limits": { "maxOrderQuantity": 5, "maxOrderNotional": 500000, "maxPosition": 1000, "messagesPerSecond": 1000, "maxDailyLoss": 1e9 }
            }
            """;
        var errors = new ConfigurationErrors();
        var desk = Appliance.Host.Configuration.Desk.Parse(Encoding.UTF8.GetBytes(text), Path.Combine(_folder, "desk.json"), errors);
        Assert.Empty(errors.Lines);
        return desk!;
    }

    private static HardwareProfile Profile()
    {
        var errors = new ConfigurationErrors();
        return HardwareProfile.Parse("""{ "name": "test", "topology": "fused" }"""u8.ToArray(), "test.json", errors)!;
    }
}
