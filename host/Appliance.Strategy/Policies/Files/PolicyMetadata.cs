using Appliance.Kernels.Networks;
using Appliance.Strategy.Features;

namespace Appliance.Strategy.Policies.Files;

/// <summary>One input of a network: (value − Mean) / Scale.</summary>
public readonly record struct NormalisedFeature(FeatureId Feature, double Mean, double Scale);

/// <summary>From a network's transformed output to a figure: Offset + Scale × output, held within [Lower, Upper].</summary>
public readonly record struct OutputMap(double Scale, double Offset, double Lower, double Upper)
{
    public double Apply(double output) => Math.Min(Math.Max(Offset + Scale * output, Lower), Upper);
}

/// <summary>What stands inside the file.</summary>
public enum PolicyArchitecture
{
    /// <summary>A perceptron; its first output is the target, a second one the half-width of the band.</summary>
    Mlp,
    /// <summary>A perceptron whose two outputs are the edges of the no-transaction band, to which the hedge held is clamped.</summary>
    Ntb,
    Lstm,
    Gru,
}

/// <summary>What a mapped output means as a hedge position.</summary>
public enum TargetKind
{
    /// <summary>A multiple of the hedge that makes delta zero.</summary>
    HedgeRatio,
    /// <summary>The hedge position itself, in 1.0 of the hedge instrument.</summary>
    HedgePosition,
    /// <summary>What is added to the hedge that makes delta zero, in 1.0 of the hedge instrument.</summary>
    HedgeOffset,
}

/// <summary>Stands between the network's last layer and the output maps; computed in double precision.</summary>
public enum OutputTransform
{
    Identity,
    Relu,
    /// <summary>x above zero, x / 100 below.</summary>
    LeakyRelu,
    /// <summary>ln(1 + eˣ).</summary>
    Softplus,
    Sigmoid,
    Tanh,
}

/// <summary>The two edges of a no-transaction band, each from its own output.</summary>
public readonly record struct BandMap(OutputMap Lower, OutputMap Upper);

/// <summary>
/// The header metadata of a policy file. docs/policies.md describes every key, and the tensors that go with each architecture; <see cref="PolicyMetadataReader"/> and
/// <see cref="PolicyMetadataWriter"/> are the only places that know their text.
/// </summary>
public sealed record PolicyMetadata
{
    public const string FormatVersion = "1";

    public PolicyArchitecture Architecture { get; init; } = PolicyArchitecture.Mlp;
    /// <summary>Widths of a perceptron's hidden layers, or units of the recurrent layers from the input up.</summary>
    public required int[] HiddenSizes { get; init; }
    /// <summary>Widths of hidden dense layers between the last recurrent layer and the outputs; empty for perceptrons.</summary>
    public int[] HeadSizes { get; init; } = [];
    /// <summary>Between dense layers.</summary>
    public required Activation Activation { get; init; }
    public OutputTransform OutputTransform { get; init; } = OutputTransform.Identity;
    public required NormalisedFeature[] Features { get; init; }
    /// <summary>1: one network for all decisions; N: decision k has a perceptron of its own, the last one from decision N − 1 on.</summary>
    public int StepNetworks { get; init; } = 1;
    /// <summary>GRU: the reset gate after the product with the hidden weights (PyTorch) or before.</summary>
    public bool ResetGateAfter { get; init; } = true;
    public required TargetKind TargetKind { get; init; }
    /// <summary>Of the first output; unused with <see cref="Band"/>.</summary>
    public OutputMap Target { get; init; }
    /// <summary>Half-width of the no-trade band around the target, in 1.0 of the hedge instrument: with one output its offset, with two the map of the second. Unused with <see cref="Band"/>.</summary>
    public OutputMap HalfWidth { get; init; }
    /// <summary>For <see cref="PolicyArchitecture.Ntb"/> always, for recurrent networks where they learn a band: two outputs, the edges.</summary>
    public BandMap? Band { get; init; }
    public DecisionSchedule Schedule { get; init; } = DecisionSchedule.EveryMark;
    /// <summary>How weights stand in memory while the policy runs; the file holds fp32.</summary>
    public WeightFormat Weights { get; init; } = WeightFormat.Fp32;
    public required string Objective { get; init; }
    public required string MarketModel { get; init; }
    public required string TrainingSeed { get; init; }
    public required string ParentHash { get; init; }

    public bool IsRecurrent => Architecture is PolicyArchitecture.Lstm or PolicyArchitecture.Gru;

    /// <summary>Everything that contradicts itself, in words.</summary>
    public IEnumerable<string> Contradictions()
    {
        if (Architecture == PolicyArchitecture.Ntb && Band is null) yield return "architecture ntb needs metadata \"band\"";
        if (Architecture == PolicyArchitecture.Mlp && Band is not null) yield return "metadata \"band\" belongs to architecture ntb, lstm or gru, not to mlp";
        if (IsRecurrent && HiddenSizes.Length == 0) yield return "a recurrent network has at least one layer in \"hiddenSizes\"";
        if (!IsRecurrent && HeadSizes.Length > 0) yield return "\"headSizes\" belongs to lstm and gru";
        if (IsRecurrent && StepNetworks > 1) yield return "\"stepNetworks\" belongs to mlp and ntb: a recurrent network carries its own state";
        if (IsRecurrent && Schedule.Kind == ScheduleKind.EveryMark) yield return "a recurrent network needs a \"schedule\" of kind steps: its state advances at decision times only";
        if (StepNetworks > 1 && Schedule.Kind == ScheduleKind.EveryMark) yield return "\"stepNetworks\" needs a \"schedule\" of kind steps: it says which network is due";
    }
}
