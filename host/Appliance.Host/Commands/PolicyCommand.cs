using System.CommandLine;
using System.Globalization;
using Appliance.Host.Configuration;
using Appliance.Host.Onnx;
using Appliance.Kernels.Networks;
using Appliance.Strategy.Features;
using Appliance.Strategy.Policies;
using Appliance.Strategy.Policies.Files;

namespace Appliance.Host.Commands;

/// <summary>`appliance policy import|show|verify`: policy files made from ONNX, looked into, and checked.</summary>
internal static class PolicyCommand
{
    public static Command Make() => new("policy", """
        Policy files: import one from ONNX, show what is in it, verify it. docs/policies.md says what a policy file holds.

        Example: appliance policy import model.onnx --features spot:100:20,yearsToExpiry,hedgePosition --out policy.safetensors
        """)
    { Import(), Show(), Verify() };

    private static Argument<string> File() => new("file") { Description = "Policy file (safetensors).", HelpName = "FILE" };

    // ---- import -------------------------------------------------------------------------------------------------

    private static Command Import()
    {
        var model = new Argument<string>("model") { Description = "ONNX file, as PyTorch or Keras exports it.", HelpName = "MODEL.onnx" };
        var features = new Option<string>("--features") { Description = "The model's inputs in order, by comma: NAME or NAME:MEAN:SCALE for an input that the model expects normalised as (value - MEAN) / SCALE.", Required = true, HelpName = "LIST" };
        var output = new Option<string>("--out") { Description = "Policy file to write.", Required = true, HelpName = "FILE" };
        var target = new Option<string>("--target") { Description = "What outputs mean: hedgePosition, hedgeRatio (a multiple of the hedge that makes delta zero) or hedgeOffset (added to it).", DefaultValueFactory = _ => "hedgePosition", HelpName = "KIND" };
        var band = new Option<bool>("--band") { Description = "The two outputs are the edges of a no-transaction band." };
        var lower = new Option<double?>("--lower") { Description = "Outputs are held at or above this; by default as the model clips them.", HelpName = "NUMBER" };
        var upper = new Option<double?>("--upper") { Description = "Outputs are held at or below this.", HelpName = "NUMBER" };
        var stepYears = new Option<double?>("--step-years") { Description = "Time between decisions in years of 365 days; recurrent networks advance only then (1/365 by default), others decide at every mark by default.", HelpName = "YEARS" };
        var steps = new Option<int>("--steps") { Description = "Decisions in all; 0 for no end.", DefaultValueFactory = _ => 0, HelpName = "N" };
        var anchor = new Option<string>("--anchor") { Description = "Decisions count from firstDecision, or back from the nearest expiry (needs --steps).", DefaultValueFactory = _ => "firstDecision", HelpName = "ANCHOR" };
        var weights = new Option<string>("--weights") { Description = "How weights stand in memory: fp32, bf16 or int8.", DefaultValueFactory = _ => "fp32", HelpName = "FORMAT" };
        var objective = new Option<string>("--objective") { Description = "What it was trained for; kept in the file.", DefaultValueFactory = _ => "", HelpName = "TEXT" };
        var market = new Option<string>("--market-model") { Description = "What it was trained on; kept in the file.", DefaultValueFactory = _ => "", HelpName = "TEXT" };
        var command = new Command("import", $"""
            Make a policy file of an ONNX file. Layers, recurrences, normalisation and a final Clip are recognised; an operator that a policy cannot hold is named with its node.
            Features are named as in the catalogue: {string.Join(", ", FeatureCatalogue.Names.ToArray())}.

            Example: appliance policy import model.onnx --features spot:100:20,yearsToExpiry,hedgePosition --out policy.safetensors
            """) { model, features, output, target, band, lower, upper, stepYears, steps, anchor, weights, objective, market };
        command.SetAction(parsed =>
        {
            string path = parsed.GetValue(model)!, to = parsed.GetValue(output)!;
            NormalisedFeature[] list = Features(parsed.GetValue(features)!);
            TargetKind kind = Word<TargetKind>("--target", parsed.GetValue(target)!);
            WeightFormat format = Word<WeightFormat>("--weights", parsed.GetValue(weights)!);
            ScheduleAnchor from = Word<ScheduleAnchor>("--anchor", parsed.GetValue(anchor)!);
            OnnxPolicy onnx;
            try { onnx = OnnxImport.Read(InputFile.Read(path), list.Length); }
            catch (OnnxException e) { throw new BadInputException($"{path}: {e.Message}"); }
            bool isBand = parsed.GetValue(band), hasTwo = onnx.OutputMaps.Length == 2;
            if (isBand && !hasTwo) throw new BadInputException($"--band: {path} has one output; a band has two, its edges");
            OutputMap[] maps = [.. onnx.OutputMaps.Select(m => Bounded(m, parsed.GetValue(lower), parsed.GetValue(upper)))];
            bool recurrent = onnx.Weights.Recurrent.Count > 0;
            double? years = parsed.GetValue(stepYears);
            if (recurrent && years is null) Console.WriteLine("a recurrent network advances at decision times: one a day; give --step-years for another step");
            if (!recurrent && years is null && parsed.GetValue(steps) != 0) throw new BadInputException("--steps: needs --step-years, the time between two decisions");
            var metadata = new PolicyMetadata
            {
                Architecture = isBand && !recurrent ? PolicyArchitecture.Ntb : onnx.Architecture,
                HiddenSizes = recurrent ? [.. onnx.Weights.Recurrent.Select(l => l.Units)] : Hidden(onnx),
                HeadSizes = recurrent ? Hidden(onnx) : [],
                Activation = onnx.Activation, LayerNorms = onnx.Weights.LayerNorms, OutputTransform = onnx.Transform, ResetGateAfter = onnx.ResetGateAfter, Weights = format, TargetKind = kind,
                // The user's normalisation comes before the model's own.
                Features = [.. list.Select((f, i) => new NormalisedFeature(f.Feature, f.Mean + f.Scale * onnx.Normalisation[i].Mean, f.Scale * onnx.Normalisation[i].Scale))],
                Target = isBand ? default : maps[0],
                HalfWidth = isBand ? default : hasTwo ? maps[1] with { Lower = Math.Max(0, maps[1].Lower), Upper = Math.Max(0, maps[1].Upper) } : default,
                Band = isBand ? new BandMap(maps[0], maps[1]) : null,
                Schedule = recurrent || years is not null ? new DecisionSchedule(ScheduleKind.Steps, years ?? 1.0 / 365, parsed.GetValue(steps), from) : DecisionSchedule.EveryMark,
                Objective = parsed.GetValue(objective)!, MarketModel = parsed.GetValue(market)!, TrainingSeed = "", ParentHash = PolicyReport.Sha256Of(InputFile.Read(path)),
            };
            byte[] bytes = PolicyFile.Write(metadata, onnx.Weights);
            // What is written is read again before it is left: bounds and schedules that cannot be are refused by the one place that knows.
            PolicyFile file = Parsed(to, bytes);
            try { System.IO.File.WriteAllBytes(to, bytes); }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException) { throw new BadInputException($"{to}: cannot be written: {e.Message}"); }
            PolicyReport.Show(file);
            return ExitCode.Done;
        });
        return command;
    }

    private static int[] Hidden(OnnxPolicy onnx) => [.. onnx.Weights.Dense[0].SkipLast(1).Select(l => l.Outputs)];

    private static OutputMap Bounded(OutputMap map, double? lower, double? upper)
    {
        OutputMap bounded = map with { Lower = lower is { } l ? Math.Max(l, map.Lower) : map.Lower, Upper = upper is { } u ? Math.Min(u, map.Upper) : map.Upper };
        return bounded.Lower <= bounded.Upper ? bounded : throw new BadInputException(string.Create(CultureInfo.InvariantCulture, $"--lower, --upper: outputs between {bounded.Lower} and {bounded.Upper} do not exist; the model's own Clip is {map.Lower} to {map.Upper}"));
    }

    private static NormalisedFeature[] Features(string text)
    {
        var faults = new List<string>();
        var list = new List<NormalisedFeature>();
        foreach (string entry in text.Split(',', StringSplitOptions.TrimEntries))
        {
            string[] parts = entry.Split(':');
            if (!FeatureCatalogue.TryFind(parts[0], out FeatureId feature)) faults.Add($"--features: unknown feature \"{parts[0]}\"; known are {string.Join(", ", FeatureCatalogue.Names.ToArray())}");
            double mean = 0, scale = 1;
            if (parts.Length != 1 && (parts.Length != 3 || !Number(parts[1], out mean) || !Number(parts[2], out scale) || !(scale > 0)))
                faults.Add($"--features: saw \"{entry}\", allowed is NAME or NAME:MEAN:SCALE with a scale above zero");
            list.Add(new NormalisedFeature(feature, mean, scale));
        }
        return faults.Count == 0 ? [.. list] : throw new BadInputException(faults);
    }

    private static bool Number(string text, out double value) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && double.IsFinite(value);

    private static T Word<T>(string option, string text) where T : struct, Enum
    {
        foreach (T value in Enum.GetValues<T>())
            if (string.Equals(value.ToString(), text, StringComparison.OrdinalIgnoreCase)) return value;
        throw new BadInputException($"{option}: saw \"{text}\", allowed are {string.Join(", ", Enum.GetValues<T>().Select(v => char.ToLowerInvariant(v.ToString()[0]) + v.ToString()[1..]))}");
    }

    private static PolicyFile Parsed(string path, byte[] bytes)
    {
        try { return PolicyFile.Parse(path, bytes); }
        catch (PolicyFileException e) { throw new BadInputException([.. e.Faults.Select(f => $"{e.File}: {f}")]); }
    }

    // ---- show and verify ----------------------------------------------------------------------------------------

    private static Command Show()
    {
        var file = File();
        var command = new Command("show", """
            What a policy file holds: architecture, features, outputs, schedule, sizes, and the cache in which its weights live on this machine.

            Example: appliance policy show policy.safetensors
            """) { file };
        command.SetAction(parsed =>
        {
            PolicyReport.Show(Parsed(parsed.GetValue(file)!, InputFile.Read(parsed.GetValue(file)!)));
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Verify()
    {
        var file = File();
        var samples = new Option<int>("--samples") { Description = "Steps on which the fast form is compared with the formula in double precision.", DefaultValueFactory = _ => 200, HelpName = "N" };
        var command = new Command("verify", """
            Check a policy file: structure, finite weights, the weights' hash, and that the fast single-precision form agrees with the same formula in double precision, with its
            weights as they stand in memory and in each narrower format. Exit code 1 when it does not agree, 2 when the file cannot be used.

            Example: appliance policy verify policy.safetensors
            """) { file, samples };
        command.SetAction(parsed =>
        {
            int count = parsed.GetValue(samples);
            if (count is < 1 or > 1_000_000) throw new BadInputException($"--samples: saw {count}, allowed is 1 to 1000000");
            return PolicyReport.Verify(Parsed(parsed.GetValue(file)!, InputFile.Read(parsed.GetValue(file)!)), count) ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }
}
