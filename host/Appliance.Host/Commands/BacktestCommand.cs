using System.CommandLine;
using System.Runtime.InteropServices;
using Appliance.Host.Configuration;
using Appliance.Host.Reports;
using Appliance.Lab.Backtest;
using Appliance.Lab.Baselines;
using Appliance.Lab.Episodes;
using Appliance.Lab.Hedging;
using Appliance.Lab.Markets;
using Appliance.Lab.Specification;
using Appliance.Lab.Training;
using Appliance.Strategy.Policies.Files;
using PolicyArchitecture = Appliance.Lab.Specification.PolicyArchitecture;

namespace Appliance.Host.Commands;

/// <summary>`appliance backtest`: strategies on held-back paths, beside the exact optimum where there is one.</summary>
internal static class BacktestCommand
{
    public static Command Make()
    {
        var file = SpecificationArgument();
        var policies = new Option<string[]>("--policy") { Description = "Policy file (safetensors) to test; may be given several times, then as NAME=FILE. Left out, the specification's classical rule, if it names one.", HelpName = "[NAME=]FILE" };
        var paths = PathsOption();
        var count = new Option<int?>("--evaluation-paths") { Description = "Held-back paths, in place of evaluation.paths.", HelpName = "N" };
        var certificate = new Option<string?>("--certificate") { Description = "none, dp or lp, in place of the file's.", HelpName = "KIND" };
        var report = CommandLineOptions.Report();
        var command = new Command("backtest", """
            Hedge held-back paths with a policy and with classical rules, and say what each risked, earned and paid, with confidence intervals, beside the exact optimum where a
            certificate is asked for. Rules whose parameter is left open are tuned on training paths.

            Example: appliance backtest desk/lab/entropic-call.json --policy out/policy.safetensors --report out/backtest.json
            """) { file, policies, paths, count, certificate, report };
        command.SetAction(parsed => Run(parsed.GetValue(file)!, parsed.GetValue(policies) ?? [], parsed.GetValue(paths), parsed.GetValue(count), parsed.GetValue(certificate), parsed.GetValue(report)));
        return command;
    }

    public static Argument<string> SpecificationArgument() => new("specification") { Description = "Lab specification (JSON with comments); desk/lab/ has examples.", HelpName = "SPEC" };
    public static Option<string?> PolicyOption() => new("--policy") { Description = "Policy file (safetensors) to test; left out, the specification's classical rule, if it names one.", HelpName = "FILE" };
    public static Option<string?> PathsOption() => new("--paths") { Description = "Paths to use in place of the model's: .npy [paths, steps + 1] or CSV, a path a line.", HelpName = "FILE" };

    private static int Run(string file, string[] policyFiles, string? pathsFile, int? count, string? certificate, string? report)
    {
        var specification = Specification(file, pathsFile, count, certificate);
        OutputPlace.RequireReport(report);
        if (specification.Evaluation.WalkForward > 0) return Guarded(file, cancel => WalkForwardRun.Run(specification, policyFiles, report, cancel));
        return Guarded(file, cancel =>
        {
            var (strategies, notes) = Strategies(specification, policyFiles, cancel);
            Console.Error.WriteLine(FormattableString.Invariant($"memory     {PathRunner.Bytes(new HedgingEnvironment(specification, specification.Evaluation.Seed), strategies.Count, specification.Evaluation.Paths, Environment.ProcessorCount) / 1e6:N0} MB for {specification.Evaluation.Paths:N0} paths, {strategies.Count} strategies, {Environment.ProcessorCount} threads"));
            using var progress = new PathProgress(specification.Evaluation.Paths);
            var result = Evaluation.Run(specification, strategies, notes, progress: progress.Done, cancel: cancel);
            result = result with { Robustness = LabRobustness.Run(specification, strategies, result.Premium, cancel) };
            if (specification.Evaluation.Importance is not null && specification.Market.Model != MarketModel.Paths) result = result with { Tilted = Tilted(specification, strategies, result, cancel) };
            if (report is not null)
            {
                var (curves, paths) = Frontier.Of(specification, result.Premium, cancel);
                result = result with { Frontier = curves, FrontierPaths = paths };
            }
            progress.End();
            LabSummary.Print(Console.Out, result);
            if (report is not null) LabReport.Write(report, result);
            return ExitCode.Done;
        });
    }

    private static Dictionary<string, TiltedFigures> Tilted(LabSpecification s, List<IBlockPolicy> strategies, BacktestReport report, CancellationToken cancel)
    {
        TiltedFigures[] figures = TiltedEvaluation.Of(s, strategies, report.Paths, report.Premium * Math.Exp(s.Market.Rate * s.Time.MaturityYears), cancel: cancel);
        return strategies.Select((strategy, i) => (strategy.Name, figures[i])).ToDictionary(p => p.Name, p => p.Item2);
    }

    /// <summary>The checked specification with the command line's changes.</summary>
    public static LabSpecification Specification(string file, string? pathsFile, int? count, string? certificate)
    {
        var specification = LabSpecificationFile.Require(file);
        if (pathsFile is not null)
        {
            if (!File.Exists(pathsFile)) throw new BadInputException($"--paths: {pathsFile}: there is no such file");
            for (int h = 0; h < specification.Hedges.Count; h++)
                if (specification.Hedges[h].Instrument == HedgeKind.VarianceSwap || specification.Hedges[h].Instrument == HedgeKind.Option && specification.Market.Model != MarketModel.Gbm)
                    throw new BadInputException($"{file}: hedges[{h}]: {specification.Hedges[h].Describe()} is priced from more of the market than the prices that --paths gives; leave it out, or leave out --paths");
            double volatility = ModelVolatility.Of(specification.Market, specification.Time);
            specification = specification with { Market = specification.Market with { Model = MarketModel.Paths, DataFile = pathsFile, HedgeVolatility = volatility } };
        }
        if (count is { } n)
        {
            if (n is < 10 or > 1_000_000_000) throw new BadInputException($"--evaluation-paths: saw {n}, allowed are 10 to 1,000,000,000");
            specification = specification with { Evaluation = specification.Evaluation with { Paths = n } };
        }
        if (certificate is null) return specification;
        if (certificate is not ("none" or "dp" or "lp")) throw new BadInputException($"--certificate: saw \"{certificate}\", allowed are none, dp, lp");
        return specification with { Certificate = certificate switch { "dp" => CertificateKind.DynamicProgramme, "lp" => CertificateKind.LinearProgramme, _ => CertificateKind.None } };
    }

    /// <summary>The policy and the baselines, tuned; what could not be made is said in the notes.</summary>
    public static (List<IBlockPolicy> Strategies, List<string> Notes) Strategies(LabSpecification s, IReadOnlyList<string> policyFiles, CancellationToken cancel)
    {
        List<IBlockPolicy> strategies = [];
        List<string> notes = [];
        foreach (string given in policyFiles)
        {
            var policy = PolicyOf(given, s);
            if (strategies.Any(p => p.Name == policy.Name) || s.Baselines.Any(b => b.Name == policy.Name))
                throw new BadInputException($"--policy: {given}: the name \"{policy.Name}\" is taken; give each policy its own, as in --policy tail=out/tail.safetensors");
            strategies.Add(policy);
        }
        bool isNetwork = s.Policy.Architecture is PolicyArchitecture.Mlp or PolicyArchitecture.Ntb or PolicyArchitecture.Lstm or PolicyArchitecture.Gru;
        if (policyFiles.Count == 0 && !isNetwork)
        {
            if (BaselineFactory.WhyNot(s, s.Policy.Rule) is { } why) throw new BadInputException(KeyLines.Of(s.File, $"{s.File}: policy.architecture: {why}"));
            strategies.Add(BaselineFactory.Make(s, s.Policy.Rule, cancel));
        }
        if (policyFiles.Count == 0 && isNetwork) notes.Add("the policy is a network and no --policy names its file: only baselines are tested");
        foreach (var baseline in s.Baselines)
            if (BaselineFactory.WhyNot(s, baseline) is { } why) notes.Add($"baseline {baseline.Name} is left out: {why}");
            else strategies.Add(BaselineFactory.Make(s, baseline, cancel));
        if (strategies.Count == 0) throw new BadInputException([$"{s.File}: nothing to test; name a classical rule under baselines or give --policy", .. notes]);
        return (strategies, notes);
    }

    /// <summary>A file, or NAME=FILE.</summary>
    private static FilePolicy PolicyOf(string given, LabSpecification s)
    {
        int equals = given.IndexOf('=');
        bool named = equals > 0 && !File.Exists(given);
        string file = named ? given[(equals + 1)..] : given, name = named ? given[..equals] : "policy";
        if (!File.Exists(file)) throw new BadInputException($"--policy: {file}: there is no such file; `appliance train` makes one");
        try { return new FilePolicy(PolicyFile.Load(file), s, name); }
        catch (PolicyFileException e) { throw new BadInputException($"--policy: {e.Message}"); }
        catch (TrainingProblemException e) { throw new BadInputException(KeyLines.Of(s.File, e.Lines)); }
    }

    /// <summary>Runs with Ctrl-C as a cancellation, and turns what is wrong with a file into its exit code.</summary>
    public static int Guarded(string file, Func<CancellationToken, int> work)
    {
        using var interrupt = new CancellationTokenSource();
        using var onInt = PosixSignalRegistration.Create(PosixSignal.SIGINT, c => { c.Cancel = true; interrupt.Cancel(); });
        using var onTerm = PosixSignalRegistration.Create(PosixSignal.SIGTERM, c => { c.Cancel = true; interrupt.Cancel(); });
        try { return work(interrupt.Token); }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("interrupted; no report was written");
            return ExitCode.Interrupted;
        }
        catch (AggregateException e) when (e.Flatten().InnerExceptions is [var first, ..])
        {
            if (first is MarketDataException or ArgumentException) throw new BadInputException(KeyLines.Of(file, $"{file}: {Said(first)}"));
            throw;
        }
        catch (MarketDataException e) { throw new BadInputException(e.Message); }
        catch (ArgumentException e) { throw new BadInputException(KeyLines.Of(file, $"{file}: {Said(e)}")); }
    }

    /// <summary>The message without the name of a parameter of the code, which tells a user nothing.</summary>
    private static string Said(Exception e) => e is ArgumentException { ParamName: { } name } ? e.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal) : e.Message;
}
