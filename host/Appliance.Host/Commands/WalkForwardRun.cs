using System.Security.Cryptography;
using Appliance.Host.Configuration;
using Appliance.Host.Reports;
using Appliance.Lab.Backtest;
using Appliance.Lab.Episodes;
using Appliance.Lab.Hedging;
using Appliance.Lab.Specification;
using Appliance.Lab.Training;
using Appliance.Strategy.Policies.Files;
using PolicyArchitecture = Appliance.Lab.Specification.PolicyArchitecture;

namespace Appliance.Host.Commands;

/// <summary>
/// `appliance backtest` of a specification with evaluation.walkForward: trains a policy before each stretch, judges it there, and reports all. Each policy is kept in a file as soon as it is trained, under a name
/// that follows from the specification, the history and the stretch; a run that begins again finds it there and does not train it anew.
/// </summary>
internal static class WalkForwardRun
{
    public static int Run(LabSpecification s, string[] policyFiles, string? report, CancellationToken cancel)
    {
        IReadOnlyList<WalkForwardCut> cuts = WalkForward.Cuts(s);
        bool trains = s.Policy.Architecture is PolicyArchitecture.Mlp or PolicyArchitecture.Ntb or PolicyArchitecture.Lstm or PolicyArchitecture.Gru;
        if (trains && policyFiles.Any(p => !p.Contains('='))) throw new BadInputException("--policy: each stretch has a policy of its own, named policy; give files that stand beside it as NAME=FILE");
        string folder = report is null ? Path.Combine("out", "walk-forward", s.Name) : Path.ChangeExtension(report, null) + "-policies";
        int threads = s.Training.Threads > 0 ? s.Training.Threads : Environment.ProcessorCount;
        if (trains)
        {
            OutputPlace.RequireFolder("evaluation.walkForward", folder);
            Announce(s, cuts, folder, threads);
        }
        byte[] history = SHA256.HashData(File.ReadAllBytes(s.Market.DataFile));
        double seconds = 0;
        int trained = 0;
        BacktestReport result;
        try { result = WalkForward.Run(s, cuts, Strategies, [], cancel: cancel); }
        catch (OperationCanceledException) when (trains)
        {
            Console.Error.WriteLine($"interrupted; the policies of the stretches done are in {folder}, and the same command goes on from them");
            return ExitCode.Interrupted;
        }
        catch (TrainingStoppedException e)
        {
            Console.Error.WriteLine($"appliance backtest: {s.File}: {e.Message}; the policies of the stretches before are in {folder}");
            return ExitCode.Failed;
        }
        LabSummary.Print(Console.Out, result);
        if (report is not null) LabReport.Write(report, result);
        return ExitCode.Done;

        WalkForwardStrategies Strategies(WalkForwardCut cut)
        {
            cancel.ThrowIfCancellationRequested();
            LabSpecification own = cut.Specification;
            List<IBlockPolicy> strategies = [.. Rules(own, policyFiles, trains, cancel)];
            if (!trains) return new WalkForwardStrategies(strategies, "", null);
            string file = Path.Combine(folder, Name(s, history, cut));
            TrainingResult? training = File.Exists(file) ? null : Train(own, file, threads, cancel);
            if (training is not null) (seconds, trained) = (seconds + training.Seconds, trained + 1);
            string said = training is null ? "its policy was trained before" : FormattableString.Invariant($"trained in {training.Seconds:N1} s, held-back risk {training.HeldBackRisk:G7}; about {seconds / trained * (cuts.Count - cut.Number):N0} s left");
            Console.Error.WriteLine($"stretch {cut.Number,3}/{cuts.Count}  returns {cut.Training.From} to {cut.Training.To}: {said}");
            return new WalkForwardStrategies([new FilePolicy(PolicyFile.Load(file), own), .. strategies], file, training);
        }
    }

    /// <summary>The rules, tuned on the history before the stretch, the files that stand beside, and the classical policy where the specification names one.</summary>

    private static List<IBlockPolicy> Rules(LabSpecification own, string[] policyFiles, bool trains, CancellationToken cancel)
    {
        if (trains && policyFiles.Length == 0 && own.Baselines.Count == 0) return [];
        return BacktestCommand.Strategies(own, policyFiles, cancel).Strategies;
    }

    /// <summary>What it will cost, before it starts.</summary>
    private static void Announce(LabSpecification s, IReadOnlyList<WalkForwardCut> cuts, string folder, int threads)
    {
        SpecifiedProblem problem = Problem(cuts[0].Specification);
        var plan = new TrainingPlan(problem);
        Console.Error.WriteLine(FormattableString.Invariant(
            $"walk       {cuts.Count} stretches of {cuts.Min(c => c.Paths)} to {cuts.Max(c => c.Paths)} windows; {cuts.Count} trainings of {plan.Epochs} epochs, {cuts.Count * plan.Epochs * plan.PathsPerEpoch:N0} paths of {s.Time.Steps} steps in all, {plan.Bytes(problem, threads) / 1e6:N0} MB, {threads} threads; policies in {folder}"));
    }

    private static SpecifiedProblem Problem(LabSpecification s)
    {
        try { return new SpecifiedProblem(s); }
        catch (TrainingProblemException e) { throw new BadInputException(KeyLines.Of(s.File, e.Lines)); }
    }

    private static TrainingResult Train(LabSpecification own, string file, int threads, CancellationToken cancel)
    {
        SpecifiedProblem problem = Problem(own);
        using var run = new TrainingRun(problem, threads);
        TrainingResult result = run.Execute(null, null, null, cancel);
        if (result.Outcome == TrainingOutcome.Interrupted) throw new OperationCanceledException(result.Reason, cancel);
        if (result.Outcome == TrainingOutcome.Stopped) throw new TrainingStoppedException(result.Reason);
        AtomicFile.Write(file, problem.ToPolicyFile(result.Parameters));
        return result;
    }

    /// <summary>A file's name holds the hash of everything that its training depends on.</summary>
    private static string Name(LabSpecification s, byte[] history, WalkForwardCut cut)
    {
        byte[] all = [.. SHA256.HashData(s.Bytes), .. history, .. BitConverter.GetBytes(cut.Training.From), .. BitConverter.GetBytes(cut.Training.To)];
        return $"stretch-{cut.Number:000}-{Convert.ToHexStringLower(SHA256.HashData(all))[..12]}.safetensors";
    }
}
