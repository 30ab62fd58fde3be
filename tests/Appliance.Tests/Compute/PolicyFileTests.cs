using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Appliance.Kernels.Networks;
using Appliance.Strategy.Features;
using Appliance.Strategy.Policies;
using Appliance.Strategy.Policies.Files;
using Appliance.TestKit;

namespace Appliance.Tests.Compute;

/// <summary>Policy files: what a good one decides, and what is said of a bad one.</summary>
public class PolicyFileTests
{
    /// <summary>Two inputs, no hidden layer, so that the expected decision can be written down.</summary>
    private static readonly PolicyMetadata _metadata = new()
    {
        HiddenSizes = [],
        Activation = Activation.Relu,
        Features = [new(FeatureId.Imbalance, 0.25, 0.5), new(FeatureId.HedgeRatio, 1, 2)],
        TargetKind = TargetKind.HedgeRatio,
        Target = new OutputMap(0.1, 1, 0.8, 1.2),
        HalfWidth = new OutputMap(0, 0.05, 0, 1),
        Objective = "none: a test", MarketModel = "none", TrainingSeed = "1", ParentHash = "",
    };

    private static readonly PolicyWeights _weights = PolicyWeights.Perceptron([new(2, 1, [2, -3], [0.5f])]);

    private static PortfolioState State(double imbalance, double held) => new()
    {
        Spot = 100, Delta = -4, ContractSize = 0.5, HedgePositionUnits = held, Market = new InstrumentFeatures { Imbalance = imbalance, Mid = 100 },
    };

    private static NetworkPolicy Parse(byte[] bytes) => NetworkPolicy.Parse("desk/test.safetensors", bytes);

    [Fact]
    public void Decides_as_its_file_says()
    {
        NetworkPolicy policy = Parse(PolicyFile.Write(_metadata, _weights));
        // imbalance (0.5 − 0.25)/0.5 = 0.5; hedge ratio 4·0.5/4 = 0.5, (0.5 − 1)/2 = −0.25; output 2·0.5 + 3·0.25 + 0.5 = 2.25; ratio 1 + 0.225 is held at 1.2.
        HedgeTarget target = policy.Decide(State(0.5, 4));
        Assert.Equal(1.2 * 8, target.TargetUnits, 6);
        Assert.Equal(target.TargetUnits - 0.05, target.LowerUnits, 12);
        Assert.Equal(target.TargetUnits + 0.05, target.UpperUnits, 12);
        // imbalance −0.5, hedge ratio 1: output −3 + 0 + 0.5 = −2.5, and 1 − 0.25 is held at 0.8; imbalance 0.25: output 0.5.
        Assert.Equal(0.8 * 8, policy.Decide(State(-0.5, 8)).TargetUnits, 6);
        Assert.Equal(1.05 * 8, policy.Decide(State(0.25, 8)).TargetUnits, 6);
    }

    [Fact]
    public void Positions_and_a_learned_band_work_too()
    {
        PolicyMetadata metadata = _metadata with { TargetKind = TargetKind.HedgePosition, Target = new OutputMap(1, 0, -5, 5), HalfWidth = new OutputMap(0.5, 0.1, 0, 0.4) };
        NetworkPolicy policy = Parse(PolicyFile.Write(metadata, PolicyWeights.Perceptron([new(2, 2, [1, 0, 0, 1], [0, 0])])));
        HedgeTarget target = policy.Decide(State(1.25, 8 + 0.4 * 8));
        Assert.Equal(2, target.TargetUnits, 6);
        Assert.Equal(2 + 0.1 + 0.5 * 0.2, target.UpperUnits, 6);
        Assert.Equal(2 - 0.4, policy.Decide(State(1.25, 80)).LowerUnits, 6);
    }

    [Fact]
    public void Every_metadata_key_survives_the_file()
    {
        NetworkPolicy policy = Parse(PolicyFile.Write(_metadata, _weights));
        PolicyMetadata read = policy.Metadata;
        Assert.Equal(_metadata.Features, read.Features);
        Assert.Equal(_metadata with { Features = read.Features, HiddenSizes = read.HiddenSizes, HeadSizes = read.HeadSizes, LayerNorms = read.LayerNorms }, read);
        Assert.Equal(64, policy.File.Sha256.Length);
    }

    [Fact]
    public void Layer_normalisation_survives_the_file_and_must_fit_its_tensors()
    {
        PolicyMetadata metadata = _metadata with { HiddenSizes = [3], LayerNorms = [new(0, NormPlace.Outputs, 1e-5), new(1, NormPlace.Inputs, 1e-3)] };
        var norm = new LayerNorm([1, 2, 0.5f], [0, -1, 1], 1e-5f);
        var weights = PolicyWeights.Perceptron([new(2, 3, [1, 2, 3, -1, 0, 1], [0, 0, 1]) { OutputNorm = norm }, new(3, 1, [1, 1, 2], [0]) { InputEpsilon = 1e-3f }]);
        byte[] bytes = PolicyFile.Write(metadata, weights);
        PolicyFile read = PolicyFile.Parse("norm", bytes);
        Assert.Equal(metadata.LayerNorms, read.Metadata.LayerNorms);
        Assert.Equal(metadata.LayerNorms.Select(n => (float)n.Epsilon), read.Weights.LayerNorms.Select(n => (float)n.Epsilon));
        Assert.Equal(norm.Scale, read.Weights.Dense[0][0].OutputNorm!.Scale);
        Assert.Equal(norm.Offset, read.Weights.Dense[0][0].OutputNorm!.Offset);
        Assert.Equal(weights.Parameters, read.Weights.Parameters);
        // What metadata and weights say apart from one another is refused, both ways.
        Assert.Throws<ArgumentException>(() => PolicyFile.Write(metadata with { LayerNorms = [] }, weights));
        string said = string.Join(" ", Assert.Throws<PolicyFileException>(() => PolicyFile.Parse("norm", EditHeader(bytes, "layer\\u0022:0", "layer\\u0022:1"))).Faults);
        Assert.Contains("tensor \"layers.1.normWeight\" is missing, expected F32 [1]", said);
        Assert.Contains("tensor \"layers.0.normWeight\" is not expected", said);
        foreach (LayerNormEntry[] bad in new LayerNormEntry[][] { [new(2, NormPlace.Inputs, 1e-5)], [new(0, NormPlace.Inputs, 0)], [new(0, NormPlace.Inputs, 1e-5), new(0, NormPlace.Inputs, 1e-5)] })
            Assert.NotEmpty((metadata with { LayerNorms = bad }).Contradictions());
    }

    [Fact]
    public void Something_that_is_no_number_holds_the_position()
    {
        NetworkPolicy policy = Parse(PolicyFile.Write(_metadata, _weights));
        HedgeTarget target = policy.Decide(State(double.NaN, 3));
        Assert.Equal(new HedgeTarget(3, 3, 3), target);
        Assert.Equal(1, policy.NonFiniteDecisions);
    }

    [Fact]
    public void Every_feature_of_the_catalogue_can_be_read()
    {
        PortfolioState state = State(0.5, 3);
        foreach (string name in FeatureCatalogue.Names)
        {
            Assert.True(FeatureCatalogue.TryFind(name, out FeatureId feature));
            Assert.True(double.IsFinite(PolicyFeatures.Read(feature, in state)), name);
        }
    }

    [Fact]
    public void Deciding_allocates_nothing()
    {
        NetworkPolicy policy = Parse(PolicyFile.Write(_metadata, _weights));
        PortfolioState state = State(0.5, 4);
        policy.Decide(in state);
        using var pause = new CollectorPause();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++) policy.Decide(in state);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        object control = new();
        Assert.NotEqual(before, GC.GetAllocatedBytesForCurrentThread());
        GC.KeepAlive(control);
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        string path = Path.Combine(Path.GetTempPath(), $"no-such-policy-{Guid.NewGuid():N}.safetensors");
        Assert.Contains(path, Assert.Throws<PolicyFileException>(() => PolicyFile.Load(path)).Message);
    }

    [Fact]
    public void A_file_cut_anywhere_is_refused_as_truncated()
    {
        byte[] bytes = PolicyFile.Write(_metadata, _weights);
        for (int length = 0; length < bytes.Length; length++)
        {
            var refusal = Assert.Throws<PolicyFileException>(() => Parse(bytes[..length]));
            Assert.Contains("desk/test.safetensors", refusal.Message);
            Assert.Contains("truncated", refusal.Message);
        }
    }

    /// <summary>Each row: what is done to the header's text, and what must be said.</summary>
    [Theory]
    [InlineData("\"F32\"", "\"F16\"", "tensor \"layers.0.weight\": seen F16 [1,2], expected F32 [1,2]")]
    [InlineData("\"shape\":[1,2]", "\"shape\":[2,1]", "tensor \"layers.0.weight\": seen F32 [2,1], expected F32 [1,2]")]
    [InlineData("layers.0.bias", "layers.9.bias", "tensor \"layers.0.bias\" is missing, expected F32 [1]")]
    [InlineData("layers.0.bias", "layers.9.bias", "tensor \"layers.9.bias\" is not expected")]
    [InlineData("\"shape\":[1,2]", "\"shape\":[1,x]", "the header is not JSON")]
    [InlineData("\"data_offsets\":[0,8]", "\"data_offsets\":[0,9]", "tensor \"layers.0.bias\" begins at data byte 8")]
    [InlineData("\"data_offsets\":[8,12]", "\"data_offsets\":[8,16]", "truncated: tensor \"layers.0.bias\" ends at data byte 16")]
    [InlineData("\"data_offsets\":[8,12]", "\"data_offsets\":[8,11]", "bytes after the last tensor")]
    [InlineData("\"dtype\":\"F32\",\"shape\":[1,2]", "\"shape\":[1,2]", "expected an object with dtype, shape and two data_offsets")]
    [InlineData("imbalance", "imbalanced", "unknown feature \"imbalanced\"; known are mid, microprice")]
    [InlineData("\"architecture\":\"mlp\"", "\"architecture\":\"cnn\"", "metadata \"architecture\": seen cnn, expected mlp, ntb, lstm or gru")]
    [InlineData("\"activation\":\"relu\"", "\"activation\":\"gelu\"", "metadata \"activation\": seen gelu, expected relu, tanh, silu or sigmoid")]
    [InlineData("\"policyFormat\":\"1\"", "\"policyFormat\":\"4\"", "metadata \"policyFormat\": seen 4, expected \"1\", \"2\" for several hedges, or \"3\" for a half-width beside a band")]
    [InlineData("\"policyFormat\":\"1\"", "\"policyFormat\":\"3\"", "metadata \"policyFormat\": 3 is of a \"halfWidth\" beside \"band\"")]
    [InlineData("\"hiddenSizes\":\"[]\"", "\"hiddenSizes\":\"none\"", "metadata \"hiddenSizes\": seen none, expected a list of at most 16 whole numbers")]
    [InlineData("\"objective\"", "\"objectiv\"", "metadata \"objective\" is missing")]
    [InlineData("\"__metadata__\":{", "\"__metadata__\":{\"n\":3,", "metadata \"n\" is Number, not a string")]
    public void A_bad_file_is_refused_with_place_seen_and_expected(string find, string replace, string said)
    {
        byte[] bad = EditHeader(PolicyFile.Write(_metadata, _weights), find, replace);
        var refusal = Assert.Throws<PolicyFileException>(() => Parse(bad));
        Assert.Contains("desk/test.safetensors: ", refusal.Message);
        Assert.Contains(said, refusal.Message);
    }

    [Fact]
    public void Numbers_that_cannot_be_are_refused()
    {
        var infinite = Assert.Throws<PolicyFileException>(() => Parse(PolicyFile.Write(_metadata, PolicyWeights.Perceptron([new(2, 1, [2, float.PositiveInfinity], [0])]))));
        Assert.Contains("tensor \"layers.0.weight\": element 1 is", infinite.Message);
        var scale = Assert.Throws<PolicyFileException>(() => Parse(PolicyFile.Write(_metadata with { Features = [new(FeatureId.Imbalance, 0, 0), new(FeatureId.Mid, 0, 1)] }, _weights)));
        Assert.Contains("entry 0 (\"imbalance\"): seen mean 0 and scale 0", scale.Message);
        var bounds = Assert.Throws<PolicyFileException>(() => Parse(PolicyFile.Write(_metadata with { Target = new OutputMap(1, 0, 2, 1) }, _weights)));
        Assert.Contains("metadata \"target\"", bounds.Message);
    }

    /// <summary>All faults at once: a user mends a file in one go.</summary>
    [Fact]
    public void Every_fault_is_named_at_once()
    {
        byte[] bad = EditHeader(EditHeader(EditHeader(PolicyFile.Write(_metadata, _weights), "\"relu\"", "\"gelu\""), "imbalance", "balance"), "\"mlp\"", "\"cnn\"");
        Assert.Equal(3, Assert.Throws<PolicyFileException>(() => Parse(bad)).Faults.Count);
    }

    [Fact]
    public void Random_damage_never_escapes_as_another_exception()
    {
        byte[] good = PolicyFile.Write(_metadata, _weights);
        var random = new Random(99);
        for (int i = 0; i < 5000; i++)
        {
            byte[] bad = (byte[])good.Clone();
            for (int n = random.Next(1, 4); n > 0; n--) bad[random.Next(bad.Length)] = (byte)random.Next(256);
            try
            {
                Parse(bad).Decide(State(0.5, 4));
            }
            catch (PolicyFileException e)
            {
                Assert.NotEmpty(e.Faults);
            }
        }
    }

    private static byte[] EditHeader(byte[] file, string find, string replace)
    {
        int length = (int)BinaryPrimitives.ReadInt64LittleEndian(file);
        string header = Encoding.UTF8.GetString(file, 8, length);
        // Metadata values are strings within JSON, where quotes are escaped; the rest is plain.
        string edited = header.Contains(find, StringComparison.Ordinal) ? ReplaceFirst(header, find, replace) : throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"{find} is not in {header}"));
        byte[] bytes = Encoding.UTF8.GetBytes(edited);
        var result = new byte[8 + bytes.Length + file.Length - 8 - length];
        BinaryPrimitives.WriteInt64LittleEndian(result, bytes.Length);
        bytes.CopyTo(result, 8);
        file.AsSpan(8 + length).CopyTo(result.AsSpan(8 + bytes.Length));
        return result;
    }

    private static string ReplaceFirst(string text, string find, string replace)
    {
        int at = text.IndexOf(find, StringComparison.Ordinal);
        return string.Concat(text.AsSpan(0, at), replace, text.AsSpan(at + find.Length));
    }
}
