using System.Globalization;
using System.Text.Json;
using Appliance.Kernels.Networks;
using Appliance.Strategy.Features;

namespace Appliance.Strategy.Policies.Files;

/// <summary>One input of a network: (value − Mean) / Scale.</summary>
public readonly record struct NormalisedFeature(FeatureId Feature, double Mean, double Scale);

/// <summary>From a network's raw output to a figure: Offset + Scale × output, held within [Lower, Upper].</summary>
public readonly record struct OutputMap(double Scale, double Offset, double Lower, double Upper)
{
    public double Apply(double output) => Math.Min(Math.Max(Offset + Scale * output, Lower), Upper);
}

/// <summary>What a network's first output means.</summary>
public enum TargetKind
{
    /// <summary>A multiple of the hedge that makes delta zero.</summary>
    HedgeRatio,
    /// <summary>The hedge position itself, in 1.0 of the hedge instrument.</summary>
    HedgePosition,
}

/// <summary>
/// The header metadata of a policy file, all values strings: "policyFormat" = "1"; "architecture" = "mlp"; "hiddenSizes" = "[32,32]"; "activation" = "relu", "tanh" or
/// "silu"; "features" = [{"name","mean","scale"}, …] in input order, names from <see cref="FeatureCatalogue"/>; "target" = {"kind","scale","offset","lower","upper"};
/// "halfWidth" = {"scale","offset","lower","upper"} of the no-trade band in 1.0 of the hedge instrument: with one network output its offset is the half-width, with two it
/// maps the second; and where it came from: "objective", "marketModel", "trainingSeed", "parentHash" (empty for none).
/// </summary>
public sealed record PolicyMetadata
{
    public const string FormatVersion = "1";

    public required int[] HiddenSizes { get; init; }
    public required Activation Activation { get; init; }
    public required NormalisedFeature[] Features { get; init; }
    public required TargetKind TargetKind { get; init; }
    public required OutputMap Target { get; init; }
    public required OutputMap HalfWidth { get; init; }
    public required string Objective { get; init; }
    public required string MarketModel { get; init; }
    public required string TrainingSeed { get; init; }
    public required string ParentHash { get; init; }

    /// <summary>The metadata as a file holds it.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> ToStrings()
    {
        static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);
        static string Map(in OutputMap map) =>
            $"\"scale\":{Number(map.Scale)},\"offset\":{Number(map.Offset)},\"lower\":{Number(map.Lower)},\"upper\":{Number(map.Upper)}}}";
        string features = string.Join(",", Features.Select(f =>
            $"{{\"name\":\"{FeatureCatalogue.NameOf(f.Feature)}\",\"mean\":{Number(f.Mean)},\"scale\":{Number(f.Scale)}}}"));
        return
        [
            new("policyFormat", FormatVersion),
            new("architecture", "mlp"),
            new("hiddenSizes", $"[{string.Join(",", HiddenSizes)}]"),
            new("activation", Activation.ToString().ToLowerInvariant()),
            new("features", $"[{features}]"),
            new("target", $"{{\"kind\":\"{(TargetKind == TargetKind.HedgeRatio ? "hedgeRatio" : "hedgePosition")}\",{Map(Target)}"),
            new("halfWidth", $"{{{Map(HalfWidth)}"),
            new("objective", Objective),
            new("marketModel", MarketModel),
            new("trainingSeed", TrainingSeed),
            new("parentHash", ParentHash),
        ];
    }

    /// <summary>Reads the metadata; every fault is added to <paramref name="faults"/> with key, value seen and what is expected. Null when there was any.</summary>
    public static PolicyMetadata? TryRead(IReadOnlyDictionary<string, string> source, List<string> faults)
    {
        var reader = new Reader(source, faults);
        int before = faults.Count;
        reader.Exactly("policyFormat", FormatVersion);
        reader.Exactly("architecture", "mlp");
        var metadata = new PolicyMetadata
        {
            HiddenSizes = reader.HiddenSizes(),
            Activation = reader.Activation(),
            Features = reader.Features(),
            TargetKind = reader.TargetKind(),
            Target = reader.Map("target"),
            HalfWidth = reader.Map("halfWidth"),
            Objective = reader.Text("objective"),
            MarketModel = reader.Text("marketModel"),
            TrainingSeed = reader.Text("trainingSeed"),
            ParentHash = reader.Text("parentHash"),
        };
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

        public int[] HiddenSizes()
        {
            int[]? sizes = Json("hiddenSizes", "a list of whole numbers such as [32,32]", root =>
            {
                var list = new int[root.GetArrayLength()];
                for (int i = 0; i < list.Length; i++) list[i] = root[i].GetInt32();
                return list.All(n => n is > 0 and <= 4096) && list.Length <= 16 ? list : null;
            });
            return sizes ?? [];
        }

        public Activation Activation()
        {
            string seen = Text("activation");
            switch (seen)
            {
                case "relu": return Kernels.Networks.Activation.Relu;
                case "tanh": return Kernels.Networks.Activation.Tanh;
                case "silu": return Kernels.Networks.Activation.Silu;
            }
            if (source.ContainsKey("activation")) Wrong("activation", seen, "relu, tanh or silu");
            return default;
        }

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
                    list[i] = new NormalisedFeature(feature, mean, scale);
                }
                return list.Length > 0 ? list : null;
            }) ?? [];
        }

        public TargetKind TargetKind()
        {
            string? kind = source.ContainsKey("target") ? Json("target", "an object with \"kind\"", root => root.GetProperty("kind").GetString()) : null;
            if (kind is not (null or "hedgeRatio" or "hedgePosition")) Wrong("target", kind, "kind hedgeRatio or hedgePosition");
            return kind == "hedgePosition" ? Files.TargetKind.HedgePosition : Files.TargetKind.HedgeRatio;
        }

        public OutputMap Map(string key) => Json<OutputMap?>(key, "an object with finite \"scale\", \"offset\", \"lower\" and \"upper\", lower not above upper", root =>
        {
            var map = new OutputMap(
                root.GetProperty("scale").GetDouble(), root.GetProperty("offset").GetDouble(), root.GetProperty("lower").GetDouble(), root.GetProperty("upper").GetDouble());
            bool sound = double.IsFinite(map.Scale) && double.IsFinite(map.Offset) && double.IsFinite(map.Lower) && double.IsFinite(map.Upper) && map.Lower <= map.Upper;
            return sound && (key != "halfWidth" || map.Lower >= 0) ? map : null;
        }) ?? default;

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

        private void Wrong(string key, string seen, string expected) => faults.Add($"metadata \"{key}\": seen {seen}, expected {expected}");
    }
}
