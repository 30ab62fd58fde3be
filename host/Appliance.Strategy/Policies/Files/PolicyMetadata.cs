using Appliance.Kernels.Networks;
using Appliance.Strategy.Features;

namespace Appliance.Strategy.Policies.Files;

/// <summary>One input of a network: (value − Mean) / Scale.</summary>
/// <param name="Hedge">Of which hedge, for a feature that each hedge has (<see cref="FeatureCatalogue.IsOfHedge"/>) in a policy of several; else 0.</param>
public readonly record struct NormalisedFeature(FeatureId Feature, double Mean, double Scale, int Hedge = 0);

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

/// <summary>What of a dense layer is normalised over its values.</summary>
public enum NormPlace
{
    /// <summary>What comes in, after the activation below; scale and offset are part of the weights.</summary>
    Inputs,
    /// <summary>What the weights give, before the activation; with tensors for scale and offset.</summary>
    Outputs,
}

/// <summary>Layer normalisation at a dense layer: (x − mean) / √(variance + Epsilon).</summary>
/// <param name="Layer">Of the dense layers, from 0.</param>
public readonly record struct LayerNormEntry(int Layer, NormPlace Place, double Epsilon);

/// <summary>The two edges of a no-transaction band, each from its own output.</summary>
public readonly record struct BandMap(OutputMap Lower, OutputMap Upper);

/// <summary>One hedge of a policy of several: its instrument in words (spot, variance-swap), and the maps from its outputs to the position held of it, in 1.0 of it.</summary>
/// <param name="Target">Without a band: of its one output.</param>
/// <param name="Band">With a band: of its two outputs, the edges.</param>
public readonly record struct PolicyHedge(string Instrument, OutputMap Target, BandMap? Band)
{
    /// <summary>Of one output more: how far beyond the target, or the band, nothing is traded yet. None: traded at once.</summary>
    public OutputMap? HalfWidth { get; init; }
}

/// <summary>
/// The header metadata of a policy file. docs/policies.md describes every key, and the tensors that go with each architecture; <see cref="PolicyMetadataReader"/> and
/// <see cref="PolicyMetadataWriter"/> are the only places that know their text.
/// </summary>
public sealed record PolicyMetadata
{
    /// <summary>Of files of one hedge.</summary>
    public const string FormatVersion = "1";
    /// <summary>Of files of several hedges: with the key "hedges" in place of "target", "halfWidth" and "band".</summary>
    public const string SeveralHedgesVersion = "2";
    /// <summary>Of files with a half-width beside a band, or of several hedges: one output a hedge more. A reader that would leave it out would trade too often, so it must refuse.</summary>
    public const string WidthVersion = "3";
    internal const int HedgesMax = 64;

    public PolicyArchitecture Architecture { get; init; } = PolicyArchitecture.Mlp;
    /// <summary>Widths of a perceptron's hidden layers, or units of the recurrent layers from the input up.</summary>
    public required int[] HiddenSizes { get; init; }
    /// <summary>Widths of hidden dense layers between the last recurrent layer and the outputs; empty for perceptrons.</summary>
    public int[] HeadSizes { get; init; } = [];
    /// <summary>Between dense layers.</summary>
    public required Activation Activation { get; init; }
    /// <summary>Layer normalisations, each layer and place at most once; empty for none.</summary>
    public LayerNormEntry[] LayerNorms { get; init; } = [];
    public OutputTransform OutputTransform { get; init; } = OutputTransform.Identity;
    public required NormalisedFeature[] Features { get; init; }
    /// <summary>1: one network for all decisions; N: decision k has a perceptron of its own, the last one from decision N − 1 on.</summary>
    public int StepNetworks { get; init; } = 1;
    /// <summary>GRU: the reset gate after the product with the hidden weights (PyTorch) or before.</summary>
    public bool ResetGateAfter { get; init; } = true;
    public required TargetKind TargetKind { get; init; }
    /// <summary>Of the first output; unused with <see cref="Band"/>.</summary>
    public OutputMap Target { get; init; }
    /// <summary>Half-width of the no-trade band around the target, in 1.0 of the hedge instrument: with one output its offset, with two the map of the second. With <see cref="Band"/>: see <see cref="HasBandWidth"/>.</summary>
    public OutputMap HalfWidth { get; init; }
    /// <summary>A third output says, through <see cref="HalfWidth"/>, how far beyond the band's edges nothing is traded yet; what is traded then leads to the edge.</summary>
    public bool HasBandWidth { get; init; }
    /// <summary>For <see cref="PolicyArchitecture.Ntb"/> always, for recurrent networks where they learn a band: two outputs, the edges.</summary>
    public BandMap? Band { get; init; }
    /// <summary>The hedges of a policy of several, in the order of its outputs; empty for a policy of one, whose maps are <see cref="Target"/>, <see cref="HalfWidth"/> and <see cref="Band"/>.</summary>
    public PolicyHedge[] Hedges { get; init; } = [];
    public DecisionSchedule Schedule { get; init; } = DecisionSchedule.EveryMark;
    /// <summary>How weights stand in memory while the policy runs; the file holds fp32.</summary>
    public WeightFormat Weights { get; init; } = WeightFormat.Fp32;
    public required string Objective { get; init; }
    public required string MarketModel { get; init; }
    public required string TrainingSeed { get; init; }
    public required string ParentHash { get; init; }

    /// <summary>Instruments whose positions the policy says.</summary>
    public int HedgeCount => Math.Max(1, Hedges.Length);
    /// <summary>Outputs are edges to which the positions held are clamped.</summary>
    public bool HasBand => Hedges.Length > 0 ? Hedges[0].Band is not null : Band is not null;

    /// <summary>Its files are of <see cref="WidthVersion"/>.</summary>
    public bool NeedsWidthVersion => HasBandWidth || Hedges.Any(h => h.HalfWidth is not null);

    public bool IsRecurrent => Architecture is PolicyArchitecture.Lstm or PolicyArchitecture.Gru;

    /// <summary>Everything that contradicts itself, in words.</summary>
    public IEnumerable<string> Contradictions()
    {
        string band = Hedges.Length > 0 ? "a band in each entry of \"hedges\"" : "metadata \"band\"";
        if (Architecture == PolicyArchitecture.Ntb && !HasBand) yield return $"architecture ntb needs {band}";
        if (Architecture == PolicyArchitecture.Mlp && HasBand) yield return $"{band} belongs to architecture ntb, lstm or gru, not to mlp";
        if (Hedges.Length == 1) yield return "metadata \"hedges\" has one entry; a policy of one hedge is of policyFormat 1, with \"target\" or \"band\"";
        if (HasBandWidth && Band is null) yield return "a width beside a band needs metadata \"band\"";
        if (Hedges.Any(h => h.HalfWidth is null != Hedges[0].HalfWidth is null)) yield return "metadata \"hedges\": some entries have a halfWidth and some have not";
        if (Hedges.Any(h => h.Band is null == HasBand)) yield return "metadata \"hedges\": some entries have a band and some have not";
        if (Hedges.Length > 0 && TargetKind != TargetKind.HedgePosition) yield return "metadata \"hedges\": outputs of several hedges are positions; kind hedgePosition is allowed";
        foreach (NormalisedFeature f in Features)
        {
            string name = FeatureCatalogue.NameOf(f.Feature);
            if (f.Hedge < 0 || f.Hedge >= HedgeCount) yield return $"feature \"{name}\" is of hedge {f.Hedge}; there are {HedgeCount}, counted from 0";
            if (f.Hedge != 0 && !FeatureCatalogue.IsOfHedge(f.Feature)) yield return $"feature \"{name}\" belongs to no hedge: leave out \"hedge\"";
            if (Hedges.Length > 0 && f.Feature == FeatureId.HedgeRatio) yield return "feature \"hedgeRatio\" is of policies of one hedge; take \"hedgePosition\"";
        }
        if (IsRecurrent && HiddenSizes.Length == 0) yield return "a recurrent network has at least one layer in \"hiddenSizes\"";
        if (!IsRecurrent && HeadSizes.Length > 0) yield return "\"headSizes\" belongs to lstm and gru";
        if (IsRecurrent && StepNetworks > 1) yield return "\"stepNetworks\" belongs to mlp and ntb: a recurrent network carries its own state";
        if (IsRecurrent && Schedule.Kind == ScheduleKind.EveryMark) yield return "a recurrent network needs a \"schedule\" of kind steps: its state advances at decision times only";
        if (StepNetworks > 1 && LayerNorms.Length > 0) yield return "\"layerNorms\" and \"stepNetworks\" exclude one another";
        int denseLayers = (IsRecurrent ? HeadSizes.Length : HiddenSizes.Length) + 1;
        foreach (LayerNormEntry n in LayerNorms)
        {
            if (n.Layer < 0 || n.Layer >= denseLayers) yield return $"\"layerNorms\" names layer {n.Layer}; the dense layers are 0 to {denseLayers - 1}";
            if (!((float)n.Epsilon > 0) || !float.IsFinite((float)n.Epsilon)) yield return $"\"layerNorms\": the epsilon of layer {n.Layer} is {n.Epsilon}, expected a number above zero";
        }
        if (LayerNorms.DistinctBy(n => (n.Layer, n.Place)).Count() != LayerNorms.Length) yield return "\"layerNorms\" names one place of a layer twice";
        if (StepNetworks > 1 && Schedule.Kind == ScheduleKind.EveryMark) yield return "\"stepNetworks\" needs a \"schedule\" of kind steps: it says which network is due";
    }
}
