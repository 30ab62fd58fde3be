using System.Globalization;
using System.Text.Json;
using Appliance.Kernels.Networks;
using Appliance.Strategy.Features;

namespace Appliance.Strategy.Policies.Files;

/// <summary>The metadata as a file holds it: strings to strings, structured values as JSON. Keys that say nothing beyond their default are left out.</summary>
public static class PolicyMetadataWriter
{
    public static IReadOnlyList<KeyValuePair<string, string>> ToStrings(PolicyMetadata m)
    {
        var strings = new List<KeyValuePair<string, string>>
        {
            new("policyFormat", m.NeedsWidthVersion ? PolicyMetadata.WidthVersion : m.Hedges.Length > 0 ? PolicyMetadata.SeveralHedgesVersion : PolicyMetadata.FormatVersion),
            new("architecture", Word(m.Architecture)),
            new("hiddenSizes", List(m.HiddenSizes)),
        };
        void Add(string key, string value) => strings.Add(new(key, value));
        if (m.HeadSizes.Length > 0) Add("headSizes", List(m.HeadSizes));
        Add("activation", Word(m.Activation));
        if (m.Architecture == PolicyArchitecture.Lstm) Add("gateOrder", PolicyMetadataReader.LstmGates);
        if (m.Architecture == PolicyArchitecture.Gru)
        {
            Add("gateOrder", PolicyMetadataReader.GruGates);
            Add("resetGate", m.ResetGateAfter ? "after" : "before");
        }
        if (m.LayerNorms.Length > 0)
            Add("layerNorms", $"[{string.Join(",", m.LayerNorms.Select(n => $"{{\"layer\":{n.Layer},\"place\":\"{Word(n.Place)}\",\"epsilon\":{Number(n.Epsilon)}}}"))}]");
        if (m.OutputTransform != OutputTransform.Identity) Add("outputTransform", Word(m.OutputTransform));
        Add("features", $"[{string.Join(",", m.Features.Select(f => Feature(m, in f)))}]");
        if (m.StepNetworks > 1) Add("stepNetworks", m.StepNetworks.ToString(CultureInfo.InvariantCulture));
        if (m.Hedges.Length > 0) Add("hedges", $"[{string.Join(",", m.Hedges.Select(h => Hedge(m, in h)))}]");
        else if (m.Band is { } band)
        {
            Add("band", $"{{\"kind\":\"{Word(m.TargetKind)}\",\"lower\":{Map(band.Lower)},\"upper\":{Map(band.Upper)}}}");
            if (m.HasBandWidth) Add("halfWidth", Map(m.HalfWidth));
        }
        else
        {
            Add("target", $"{{\"kind\":\"{Word(m.TargetKind)}\",{Map(m.Target)[1..]}");
            Add("halfWidth", Map(m.HalfWidth));
        }
        if (m.Schedule.Kind == ScheduleKind.Steps)
            Add("schedule", $"{{\"kind\":\"steps\",\"stepYears\":{Number(m.Schedule.StepYears)},\"steps\":{m.Schedule.Steps},\"anchor\":\"{Word(m.Schedule.Anchor)}\"}}");
        if (m.Weights != WeightFormat.Fp32) Add("weights", Word(m.Weights));
        Add("objective", m.Objective);
        Add("marketModel", m.MarketModel);
        Add("trainingSeed", m.TrainingSeed);
        Add("parentHash", m.ParentHash);
        return strings;
    }

    /// <summary>The word of an enumeration's member in files: its name with a small first letter.</summary>
    internal static string Word<T>(T value) where T : struct, Enum
    {
        string name = value.ToString();
        return char.ToLowerInvariant(name[0]) + name[1..];
    }

    private static string Feature(PolicyMetadata m, in NormalisedFeature f)
    {
        string hedge = m.Hedges.Length > 0 && FeatureCatalogue.IsOfHedge(f.Feature) ? $",\"hedge\":{f.Hedge}" : "";
        return $"{{\"name\":\"{FeatureCatalogue.NameOf(f.Feature)}\",\"mean\":{Number(f.Mean)},\"scale\":{Number(f.Scale)}{hedge}}}";
    }

    private static string Hedge(PolicyMetadata m, in PolicyHedge hedge)
    {
        string start = $"{{\"instrument\":{JsonSerializer.Serialize(hedge.Instrument)},\"kind\":\"{Word(m.TargetKind)}\",";
        string width = hedge.HalfWidth is { } halfWidth ? $",\"halfWidth\":{Map(halfWidth)}" : "";
        return hedge.Band is { } band ? $"{start}\"lower\":{Map(band.Lower)},\"upper\":{Map(band.Upper)}{width}}}" : $"{start}\"target\":{Map(hedge.Target)}{width}}}";
    }

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private static string List(int[] sizes) => $"[{string.Join(",", sizes)}]";

    private static string Map(in OutputMap map) =>
        $"{{\"scale\":{Number(map.Scale)},\"offset\":{Number(map.Offset)},\"lower\":{Number(map.Lower)},\"upper\":{Number(map.Upper)}}}";
}
