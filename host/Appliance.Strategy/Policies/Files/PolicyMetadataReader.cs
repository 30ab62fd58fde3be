using System.Globalization;
using System.Text.Json;
using Appliance.Kernels.Networks;
using Appliance.Strategy.Features;

namespace Appliance.Strategy.Policies.Files;

/// <summary>Reads a policy file's metadata; every fault is named with key, value seen and what is expected, all at once.</summary>
public static class PolicyMetadataReader
{
    internal const string LstmGates = "ifgo", GruGates = "rzn";
    internal const int WidthMax = 8192, LayersMax = 16, StepNetworksMax = 4096;

    /// <summary>Null when there was any fault; each is added to <paramref name="faults"/>.</summary>
    public static PolicyMetadata? TryRead(IReadOnlyDictionary<string, string> source, List<string> faults)
    {
        var reader = new Reader(source, faults);
        int before = faults.Count;
        string format = reader.Format();
        bool hasWidth = format == PolicyMetadata.WidthVersion, several = format == PolicyMetadata.SeveralHedgesVersion || hasWidth && source.ContainsKey("hedges");
        PolicyArchitecture architecture = reader.Word("architecture", PolicyArchitecture.Mlp);
        bool hasBand = !several && source.ContainsKey("band");
        if (hasWidth && !several && !hasBand) faults.Add($"metadata \"policyFormat\": {PolicyMetadata.WidthVersion} is of a \"halfWidth\" beside \"band\", or in each entry of \"hedges\"; a \"target\" with its half-width is of policyFormat {PolicyMetadata.FormatVersion}");
        if (hasBand && source.ContainsKey("target")) faults.Add("metadata \"band\" and \"target\" exclude one another");
        if (several)
            foreach (string key in (string[])["target", "halfWidth", "band"])
                if (source.ContainsKey(key)) faults.Add($"metadata \"{key}\" belongs to policyFormat 1{(key == "target" ? "" : " or 3, of one hedge")}; with several hedges each entry of \"hedges\" has its own");
        if (architecture == PolicyArchitecture.Lstm) reader.Exactly("gateOrder", LstmGates);
        if (architecture == PolicyArchitecture.Gru) reader.Exactly("gateOrder", GruGates);
        bool namesKind = !several && (hasBand || source.ContainsKey("target"));
        (PolicyHedge[] hedges, TargetKind severalKind) = several ? reader.Hedges(hasWidth) : ([], default);
        var metadata = new PolicyMetadata
        {
            Architecture = architecture,
            HiddenSizes = reader.Sizes("hiddenSizes"),
            HeadSizes = source.ContainsKey("headSizes") ? reader.Sizes("headSizes") : [],
            Activation = reader.Word("activation", Activation.Relu),
            LayerNorms = source.ContainsKey("layerNorms") ? reader.LayerNorms() : [],
            OutputTransform = source.ContainsKey("outputTransform") ? reader.Word("outputTransform", OutputTransform.Identity) : OutputTransform.Identity,
            Features = reader.Features(),
            StepNetworks = source.ContainsKey("stepNetworks") ? reader.Whole("stepNetworks", 1, StepNetworksMax) : 1,
            ResetGateAfter = !source.ContainsKey("resetGate") || reader.OneOf("resetGate", "after", "before"),
            TargetKind = several ? severalKind : namesKind ? reader.Kind(hasBand ? "band" : "target") : default,
            Target = several || hasBand || architecture == PolicyArchitecture.Ntb ? default : reader.Map("target"),
            HalfWidth = !several && (hasBand ? hasWidth : source.ContainsKey("halfWidth")) ? reader.Map("halfWidth") : default,
            HasBandWidth = hasBand && hasWidth,
            Band = hasBand ? reader.Band() : null,
            Hedges = hedges,
            Schedule = source.ContainsKey("schedule") ? reader.Schedule() : DecisionSchedule.EveryMark,
            Weights = source.ContainsKey("weights") ? reader.Word("weights", WeightFormat.Fp32) : WeightFormat.Fp32,
            Objective = reader.Text("objective"),
            MarketModel = reader.Text("marketModel"),
            TrainingSeed = reader.Text("trainingSeed"),
            ParentHash = reader.Text("parentHash"),
        };
        if (faults.Count == before) faults.AddRange(metadata.Contradictions());
        return faults.Count == before ? metadata : null;
    }

    private readonly struct Reader(IReadOnlyDictionary<string, string> source, List<string> faults)
    {
        public string Text(string key)
        {
            if (source.TryGetValue(key, out string? value)) return value;
            faults.Add($"metadata \"{key}\" is missing");
            return "";
        }

        public void Exactly(string key, string expected)
        {
            string seen = Text(key);
            if (source.ContainsKey(key) && seen != expected) Wrong(key, seen, $"\"{expected}\"");
        }

        public string Format()
        {
            string seen = Text("policyFormat");
            if (source.ContainsKey("policyFormat") && seen is not (PolicyMetadata.FormatVersion or PolicyMetadata.SeveralHedgesVersion or PolicyMetadata.WidthVersion))
                Wrong("policyFormat", seen, $"\"{PolicyMetadata.FormatVersion}\", \"{PolicyMetadata.SeveralHedgesVersion}\" for several hedges, or \"{PolicyMetadata.WidthVersion}\" for a half-width beside a band or of several hedges");
            return seen;
        }

        public bool OneOf(string key, string yes, string no)
        {
            string seen = Text(key);
            if (seen != yes && seen != no) Wrong(key, seen, $"{yes} or {no}");
            return seen == yes;
        }

        public T Word<T>(string key, T fallback) where T : struct, Enum
        {
            string seen = Text(key);
            foreach (T value in Enum.GetValues<T>())
                if (PolicyMetadataWriter.Word(value) == seen) return value;
            if (source.ContainsKey(key)) Wrong(key, seen, Listed<T>());
            return fallback;
        }

        public int Whole(string key, int min, int max)
        {
            string seen = Text(key);
            if (int.TryParse(seen, NumberStyles.None, CultureInfo.InvariantCulture, out int n) && n >= min && n <= max) return n;
            Wrong(key, seen, $"a whole number from {min} to {max}");
            return min;
        }

        public int[] Sizes(string key)
        {
            int[]? sizes = Json(key, $"a list of at most {LayersMax} whole numbers up to {WidthMax}, such as [32,32]", root =>
            {
                var list = new int[root.GetArrayLength()];
                for (int i = 0; i < list.Length; i++) list[i] = root[i].GetInt32();
                return list.All(n => n is > 0 and <= WidthMax) && list.Length <= LayersMax ? list : null;
            });
            return sizes ?? [];
        }

        public LayerNormEntry[] LayerNorms() => Json("layerNorms", "a list of {\"layer\",\"place\",\"epsilon\"} with place inputs or outputs", root =>
        {
            var list = new LayerNormEntry[root.GetArrayLength()];
            for (int i = 0; i < list.Length; i++)
            {
                NormPlace? place = root[i].GetProperty("place").GetString() switch { "inputs" => NormPlace.Inputs, "outputs" => NormPlace.Outputs, _ => null };
                if (place is null) return null;
                list[i] = new LayerNormEntry(root[i].GetProperty("layer").GetInt32(), place.Value, root[i].GetProperty("epsilon").GetDouble());
            }
            return list;
        }) ?? [];

        public NormalisedFeature[] Features()
        {
            List<string> found = faults;
            return Json("features", "a list of {\"name\",\"mean\",\"scale\"} with scale above zero", root =>
            {
                var list = new NormalisedFeature[root.GetArrayLength()];
                for (int i = 0; i < list.Length; i++)
                {
                    string name = root[i].GetProperty("name").GetString() ?? "";
                    double mean = root[i].GetProperty("mean").GetDouble(), scale = root[i].GetProperty("scale").GetDouble();
                    if (!FeatureCatalogue.TryFind(name, out FeatureId feature))
                        found.Add($"metadata \"features\" entry {i}: unknown feature \"{name}\"; known are {string.Join(", ", FeatureCatalogue.Names.ToArray())}");
                    if (!(scale > 0) || !double.IsFinite(scale) || !double.IsFinite(mean))
                        found.Add($"metadata \"features\" entry {i} (\"{name}\"): seen mean {mean} and scale {scale}, expected a finite mean and a scale above zero");
                    list[i] = new NormalisedFeature(feature, mean, scale, root[i].TryGetProperty("hedge", out JsonElement hedge) ? hedge.GetInt32() : 0);
                }
                return list.Length > 0 ? list : null;
            }) ?? [];
        }

        public TargetKind Kind(string key)
        {
            string kind = Json(key, "an object with \"kind\"", root => root.GetProperty("kind").GetString()) ?? "";
            foreach (TargetKind value in Enum.GetValues<TargetKind>())
                if (PolicyMetadataWriter.Word(value) == kind) return value;
            if (kind != "") Wrong(key, kind, "kind " + Listed<TargetKind>());
            return default;
        }

        public OutputMap Map(string key) => Json(key, MapExpected, root =>
            ReadMap(root) is { } map && (key != "halfWidth" || map.Lower >= 0) ? map : (OutputMap?)null) ?? default;

        public BandMap Band() => Json("band", "an object with \"kind\", \"lower\" and \"upper\", the last two each " + MapExpected, root =>
            ReadMap(root.GetProperty("lower")) is { } lower && ReadMap(root.GetProperty("upper")) is { } upper ? new BandMap(lower, upper) : (BandMap?)null) ?? default;

        /// <summary>Every entry with its instrument, its kind, and either one target or the two edges of a band.</summary>
        public (PolicyHedge[] Hedges, TargetKind Kind) Hedges(bool hasWidth)
        {
            TargetKind kind = default;
            PolicyHedge[] hedges = Json("hedges", $"a list of 2 to {PolicyMetadata.HedgesMax} entries {{\"instrument\",\"kind\":\"hedgePosition\",\"target\"}} or with \"lower\" and \"upper\" in place of target{(hasWidth ? " and \"halfWidth\"" : "")}, each {MapExpected}", root =>
            {
                var list = new PolicyHedge[root.GetArrayLength()];
                for (int i = 0; i < list.Length; i++)
                {
                    string instrument = root[i].GetProperty("instrument").GetString() ?? "";
                    bool isBand = !root[i].TryGetProperty("target", out JsonElement target);
                    OutputMap? lower = ReadMap(isBand ? root[i].GetProperty("lower") : target), upper = isBand ? ReadMap(root[i].GetProperty("upper")) : lower;
                    OutputMap? width = hasWidth ? ReadMap(root[i].GetProperty("halfWidth")) : null;
                    if (hasWidth && !(width?.Lower >= 0)) return null;
                    if (instrument == "" || lower is null || upper is null || root[i].GetProperty("kind").GetString() != PolicyMetadataWriter.Word(TargetKind.HedgePosition)) return null;
                    kind = TargetKind.HedgePosition;
                    list[i] = new PolicyHedge(instrument, isBand ? default : lower.Value, isBand ? new BandMap(lower.Value, upper.Value) : null) { HalfWidth = width };
                }
                return list.Length is > 0 and <= PolicyMetadata.HedgesMax ? list : null;
            }) ?? [];
            return (hedges, kind);
        }

        public DecisionSchedule Schedule() => Json("schedule",
            "{\"kind\":\"everyMark\"}, or an object with kind steps, \"stepYears\" above zero, \"steps\" (whole, 0 for no end) and \"anchor\" firstDecision or, with steps above 0, expiry", root =>
        {
            string? kind = root.GetProperty("kind").GetString();
            if (kind == "everyMark") return DecisionSchedule.EveryMark;
            double step = root.GetProperty("stepYears").GetDouble();
            int steps = root.GetProperty("steps").GetInt32();
            ScheduleAnchor? anchor = root.GetProperty("anchor").GetString() switch { "firstDecision" => ScheduleAnchor.FirstDecision, "expiry" => ScheduleAnchor.Expiry, _ => null };
            var schedule = new DecisionSchedule(ScheduleKind.Steps, step, steps, anchor ?? default);
            // Below a microsecond a step is a mistake; 200 years are the reach of time in nanoseconds.
            bool sound = kind == "steps" && step * DecisionSchedule.NanosecondsPerYear is >= 1000 and <= 6e18 && steps >= 0 && anchor is not null
                && (anchor != ScheduleAnchor.Expiry || steps > 0) && Math.Max(1, steps) * step <= 200;
            return sound ? schedule : null;
        }) ?? DecisionSchedule.EveryMark;

        private const string MapExpected = "an object with finite \"scale\", \"offset\", \"lower\" and \"upper\", lower not above upper";

        private static OutputMap? ReadMap(JsonElement root)
        {
            var map = new OutputMap(root.GetProperty("scale").GetDouble(), root.GetProperty("offset").GetDouble(), root.GetProperty("lower").GetDouble(), root.GetProperty("upper").GetDouble());
            return double.IsFinite(map.Scale) && double.IsFinite(map.Offset) && double.IsFinite(map.Lower) && double.IsFinite(map.Upper) && map.Lower <= map.Upper ? map : null;
        }

        private T? Json<T>(string key, string expected, Func<JsonElement, T?> read)
        {
            if (!source.TryGetValue(key, out string? text))
            {
                faults.Add($"metadata \"{key}\" is missing");
                return default;
            }
            try
            {
                using JsonDocument document = JsonDocument.Parse(text);
                if (read(document.RootElement) is { } value) return value;
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
            {
                // One sentence serves for every way in which the value can be of another shape.
            }
            Wrong(key, text, expected);
            return default;
        }

        private static string Listed<T>() where T : struct, Enum
        {
            string[] words = [.. Enum.GetValues<T>().Select(PolicyMetadataWriter.Word)];
            return $"{string.Join(", ", words[..^1])} or {words[^1]}";
        }

        private void Wrong(string key, string seen, string expected) => faults.Add($"metadata \"{key}\": seen {seen}, expected {expected}");
    }
}
