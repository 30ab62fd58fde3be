using System.Globalization;
using Appliance.Lab.Specification;

namespace Appliance.Host.Configuration;

/// <summary>Reads and checks a lab specification: JSON with comments, every mistake at once with file, line, key, what was seen and what is allowed.</summary>
internal static class LabSpecificationFile
{
    public static LabSpecification? Load(string file, ConfigurationErrors errors)
    {
        byte[]? bytes = InputFile.TryRead(file, errors);
        return bytes is null ? null : Parse(bytes, file, errors);
    }

    /// <summary>Reads it or throws with every mistake.</summary>
    public static LabSpecification Require(string file)
    {
        var errors = new ConfigurationErrors();
        var specification = Load(file, errors);
        if (errors.Count > 0) throw new BadInputException([.. errors.Lines]);
        return specification!;
    }

    public static LabSpecification? Parse(byte[] bytes, string file, ConfigurationErrors errors)
    {
        int before = errors.Count;
        var o = ConfigurationObject.Parse(bytes, file, LabSpecificationKeys.Keys, errors);
        if (o is null) return null;
        var time = o.Object("time");
        var market = LabMarketReader.Read(o.Object("market"), time, file);
        var liability = LabLiabilityReader.Read(o.Object("liability"), market, (int)time.Integer("steps"), file, errors);
        var hedges = LabLiabilityReader.Hedges(o, market, time.Integer("steps") * time.Number("stepYears"), file);
        var specification = new LabSpecification
        {
            File = file, Bytes = bytes, Name = o.Text("name") is { Length: > 0 } name ? name : Path.GetFileNameWithoutExtension(file),
            Market = market, Time = new TimeSpecification((int)time.Integer("steps"), time.Number("stepYears"), (int)time.Integer("substeps")),
            Liability = liability, Hedges = hedges, InitialHolding = InitialHolding(o, hedges), LiquidateAtEnd = o.Flag("liquidateAtEnd"),
            Objective = Objective(o.Object("objective")), Policy = Policy(o.Object("policy")), Training = Training(o.Object("training")), Evaluation = Evaluation(o, file),
            Baselines = Baselines(o), Certificate = o.Text("certificate") switch { "dp" => CertificateKind.DynamicProgramme, "lp" => CertificateKind.LinearProgramme, _ => CertificateKind.None },
        };
        foreach (string part in (string[])["training", "evaluation"])
            if ((part == "training" ? specification.Training.Importance : specification.Evaluation.Importance)?.Fault(specification) is { } fault)
            {
                var importance = o.Object(part).Object("importance");
                importance.Error(fault.Key, importance.Given(fault.Key) ? "a value" : "nothing", fault.Allowed);
            }
        return errors.Count > before ? null : specification;
    }

    private static double[] InitialHolding(ConfigurationObject o, IReadOnlyList<HedgeSpecification> hedges)
    {
        var given = o.Numbers("initialHolding");
        if (given.Count == 1) return [.. hedges.Select(_ => given[0])];
        if (o.Has("initialHolding") && given.Count != hedges.Count) o.Error("initialHolding", $"{given.Count} numbers", $"one number, or one for each of the {hedges.Count} hedges");
        return [.. given];
    }

    private static ObjectiveSpecification Objective(ConfigurationObject o)
    {
        string kind = o.Text("kind");
        string[] wanted = kind switch
        {
            "mean-variance" or "entropic" => ["riskAversion"],
            "mean-std" => ["k"],
            "cvar" => ["level"],
            "mean-cvar" => ["level", "weight"],
            "mean-variance-cvar" => ["riskAversion", "level", "weight"],
            "power" => ["riskAversion", "wealth"],
            "expectile" => ["tau"],
            _ => [],
        };
        if (kind != "") RequireExactly(o, wanted, ["riskAversion", "level", "k", "weight", "tau", "wealth"], $"the objective \"{kind}\"");
        if (kind == "mean-cvar" && o.Number("weight") > 1) o.Error("weight", o.Number("weight").ToString(CultureInfo.InvariantCulture), "a number from 0 to 1: the mean has the rest");
        return new ObjectiveSpecification
        {
            Kind = (ObjectiveKind)Math.Max(0, Array.IndexOf(LabSpecificationKeys.Objectives, kind)), RiskAversion = o.Number("riskAversion"), Level = o.Number("level"),
            K = o.Number("k"), Weight = o.Number("weight"), Tau = o.Number("tau"), Wealth = o.Number("wealth"),
        };
    }

    /// <summary>Of a group of optional keys, those wanted must be given and the others must not: a key that would be ignored is a mistake of its writer.</summary>
    internal static void RequireExactly(ConfigurationObject o, string[] wanted, string[] group, string why)
    {
        foreach (string key in group)
        {
            if (wanted.Contains(key) && !o.Given(key)) o.Error(key, "nothing", $"a value: {why} needs it");
            if (!wanted.Contains(key) && o.Given(key)) o.Error(key, "a value", $"nothing: {why} does not use it" + (wanted.Length > 0 ? $", it uses {string.Join(", ", wanted)}" : ""));
        }
    }

    private static PolicySpecification Policy(ConfigurationObject o)
    {
        foreach (double units in o.Numbers("hidden"))
            if (units != Math.Floor(units)) o.Error("hidden", units.ToString(CultureInfo.InvariantCulture), "whole numbers");
        string architecture = o.Text("architecture");
        foreach (string feature in o.Texts("features"))
            if (!Strategy.Features.FeatureCatalogue.TryFind(feature, out _, out _))
                o.Error("features", $"\"{feature}\"", "one of " + string.Join(", ", Strategy.Features.FeatureCatalogue.Names.ToArray()) + "; with several hedges mid and hedgePosition are those of each, mid[1] and hedgePosition[1] those of the second");
        return new PolicySpecification
        {
            Architecture = Architecture(architecture), Hidden = [.. o.Numbers("hidden").Select(h => (int)h)], Features = o.Texts("features"), Activation = o.Text("activation"),
            NetworkPerStep = o.Flag("networkPerStep"), LearnInitialHolding = o.Flag("learnInitialHolding"), Rule = Rule(o, Architecture(architecture), "policy"),
        };
    }

    private static PolicyArchitecture Architecture(string name) => name switch
    {
        "ntb" => PolicyArchitecture.Ntb, "lstm" => PolicyArchitecture.Lstm, "gru" => PolicyArchitecture.Gru, "delta" => PolicyArchitecture.Delta,
        "delta-threshold" => PolicyArchitecture.DeltaThreshold, "whalley-wilmott" => PolicyArchitecture.WhalleyWilmott, "leland" => PolicyArchitecture.Leland,
        "minimum-variance-delta" => PolicyArchitecture.MinimumVarianceDelta, "hodges-neuberger" => PolicyArchitecture.HodgesNeuberger, "none" => PolicyArchitecture.None,
        _ => PolicyArchitecture.Mlp,
    };

    private static StrategySpecification Rule(ConfigurationObject o, PolicyArchitecture kind, string name) => new()
    {
        Kind = kind, Name = name, Every = (int)o.Integer("every"), Threshold = OrNaN(o, "threshold"), RiskAversion = OrNaN(o, "riskAversion"), Volatility = OrNaN(o, "volatility"),
    };

    private static double OrNaN(ConfigurationObject o, string key) => o.Has(key) ? o.Number(key) : double.NaN;

    private static List<StrategySpecification> Baselines(ConfigurationObject o)
    {
        var baselines = new List<StrategySpecification>();
        foreach (var b in o.List("baselines"))
        {
            string name = b.Text("name") is { Length: > 0 } given ? given : b.Text("kind") + (b.Integer("every") > 1 ? $"-every-{b.Integer("every")}" : "");
            if (name == "policy" || baselines.Any(s => s.Name == name)) b.Error("name", $"\"{name}\"", "a name that no other strategy of the report has");
            baselines.Add(Rule(b, Architecture(b.Text("kind")), name));
        }
        return baselines;
    }

    private static TrainingSpecification Training(ConfigurationObject o)
    {
        if (o.Given("batch") && o.Has("batch", "paths") && o.Integer("batch") > o.Integer("paths")) o.Error("batch", $"{o.Integer("batch")}", $"at most training.paths, {o.Integer("paths")}");
        return new TrainingSpecification
        {
            Paths = (int)o.Integer("paths"), Epochs = (int)o.Integer("epochs"), Batch = (int)Math.Min(o.Integer("batch"), o.Integer("paths")), LearningRate = o.Number("learningRate"), Seed = (ulong)o.Integer("seed"),
            ClipNorm = o.Number("clipNorm"), AveragingShare = o.Number("averagingShare"), CoarseStepFactor = (int)o.Integer("coarseStepFactor"), Importance = Importance(o.Object("importance")),
            Teacher = o.Text("teacher") is "none" ? "" : o.Text("teacher"), Threads = (int)o.Integer("threads"),
        };
    }

    /// <summary>Null where none of its keys is given.</summary>
    private static ImportanceSpecification? Importance(ConfigurationObject o)
    {
        if (!((string[])["shifts", "volatilityFactor", "jumpFactor", "plainShare"]).Any(o.Given)) return null;
        return new ImportanceSpecification { Shifts = o.Numbers("shifts"), VolatilityFactor = o.Number("volatilityFactor"), JumpFactor = o.Number("jumpFactor"), PlainShare = o.Number("plainShare") };
    }

    private static EvaluationSpecification Evaluation(ConfigurationObject root, string file)
    {
        var o = root.Object("evaluation");
        if (o.Has("seed") && root.Object("training").Has("seed") && o.Integer("seed") == root.Object("training").Integer("seed"))
            o.Error("seed", $"{o.Integer("seed")}", "another seed than training.seed: held-back paths must not be the training's");
        var market = root.Object("market");
        if (o.Integer("walkForward") > 0 && (market.Text("model") != "bootstrap" || market.Integer("windowStride") == 0 || !(market.Number("trainingShare") < 1)))
            o.Error("walkForward", $"{o.Integer("walkForward")}", "0, or a market of model bootstrap with windowStride above 0 and a trainingShare below 1: policies are trained on the history before the windows that judge them");
        if (o.Integer("walkForward") == 0 && o.Integer("walkForwardHistory") > 0) o.Error("walkForwardHistory", $"{o.Integer("walkForwardHistory")}", "0, or walkForward above 0, which uses it");
        foreach (string other in o.Texts("robustness"))
            if (!File.Exists(RelativeTo(file, other))) o.Error("robustness", $"\"{other}\"", "the name of a file that exists, relative to this one");
        return new EvaluationSpecification
        {
            Paths = (int)o.Integer("paths"), Seed = (ulong)o.Integer("seed"), Resamples = (int)o.Integer("resamples"), WalkForward = (int)o.Integer("walkForward"), WalkForwardHistory = (int)o.Integer("walkForwardHistory"), Importance = Importance(o.Object("importance")), Robustness = [.. o.Texts("robustness").Select(r => RelativeTo(file, r))],
        };
    }

    internal static string RelativeTo(string file, string name) => Path.IsPathRooted(name) ? name : Path.Combine(Path.GetDirectoryName(Path.GetFullPath(file)) ?? ".", name);
}
