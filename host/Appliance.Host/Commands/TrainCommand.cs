using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Appliance.Host.Configuration;
using Appliance.Host.Reports;
using Appliance.Kernels.Ilgpu;
using Appliance.Lab.Training;

namespace Appliance.Host.Commands;

/// <summary>`appliance train`: a policy for a specification's market, liability and risk, as the file that the live flow runs.</summary>
internal static class TrainCommand
{
    public static Command Make()
    {
        var specification = new Argument<string>("specification") { Description = "Lab specification (JSON with comments); desk/lab/ has examples.", HelpName = "SPEC" };
        var outFile = new Option<string>("--out") { Description = "Policy file to write. While training runs its state stands beside it, with .state after the name.", DefaultValueFactory = _ => Path.Combine("out", "policy.safetensors"), HelpName = "FILE" };
        var report = new Option<string?>("--report") { Description = "Report to write (JSON).", HelpName = "FILE.json" };
        var resume = new Option<bool>("--resume") { Description = "Go on from the state beside the policy file; the result is the same as without the interruption." };
        var threads = new Option<int>("--threads") { Description = "Threads, 1 to 16; 0 takes what the specification says, and all cores where it says nothing. The result does not depend on it." };
        var backend = new Option<string>("--backend") { Description = "What computes gradients: cpu, or ilgpu (mlp and ntb, where that adapter is built). Both train on the same paths; losses have the same bits, gradients differ by rounding.", DefaultValueFactory = _ => "cpu", HelpName = "NAME" };
        backend.AcceptOnlyFromAmong("cpu", "ilgpu");
        var device = new Option<string>("--device") { Description = "With --backend ilgpu: cuda, opencl, cpu (ILGPU's simulator: no speed) or auto, the first of these that is here.", DefaultValueFactory = _ => "auto", HelpName = "NAME" };
        device.AcceptOnlyFromAmong("auto", "cuda", "opencl", "cpu");
        var command = new Command("train", """
            Train a hedging policy for the risk that a specification states, by gradients through the whole hedge. Says how much memory it will take before it starts, a line an
            epoch while it runs, and how far the policy is from not hedging at the end. Ctrl-C keeps the best policy so far and the state to go on from.

            Example: appliance train desk/lab/entropic-call.json --out out/policy.safetensors --report out/train.json
            """) { specification, outFile, report, resume, threads, backend, device };
        command.SetAction(parsed => Run(parsed.GetValue(specification)!, parsed.GetValue(outFile)!, parsed.GetValue(report), parsed.GetValue(resume), parsed.GetValue(threads),
            parsed.GetValue(backend) == "ilgpu", parsed.GetResult(device) is { Implicit: false } ? parsed.GetValue(device) : null));
        return command;
    }

    private static int Run(string file, string outFile, string? report, bool resume, int threads, bool onDevice, string? device)
    {
        if (device is not null && !onDevice) throw new BadInputException($"--device {device}: goes with --backend ilgpu alone");
        // Never a silent fallback to another backend: the adapter is there, and so is the device, or it is said.
        if (onDevice) IlgpuAdapter.Status.Require();
        if (threads is < 0 or > 16) throw new BadInputException($"--threads: seen {threads}, allowed are 1 to 16, or 0 for all cores");
        var specification = LabSpecificationFile.Require(file);
        SpecifiedProblem problem;
        try { problem = new SpecifiedProblem(specification); }
        catch (TrainingProblemException e) { throw new BadInputException(KeyLines.Of(file, e.Lines)); }
        int chosen = threads > 0 ? threads : specification.Training.Threads > 0 ? specification.Training.Threads : Environment.ProcessorCount;
        string stateFile = outFile + ".state";
        TrainingState? state = resume ? ReadState(stateFile, SHA256.HashData(specification.Bytes), problem.Shape.Parameters) : null;
        OutputPlace.RequireFile("--out", outFile);
        OutputPlace.RequireFile("--report", report);

        long bytes = new TrainingPlan(problem).Bytes(problem, chosen);
        Say($"memory     {bytes / 1e6:N0} MB for {problem.Problem.Steps} steps, {problem.Problem.Inputs.Length} features, {problem.Shape.Parameters:N0} parameters, {chosen} threads");
        long available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        if (bytes > available)
            throw new BadInputException(KeyLines.Of(file, $"{file}: training.paths: training would take {bytes / 1e6:N0} MB and the machine offers {available / 1e6:N0} MB; lower training.paths, which are held in memory an epoch at a time"));
        if (onDevice && DeviceBatchGradient.WhyNot(problem.Problem, problem.Shape) is { } why) throw new BadInputException($"{file}: --backend ilgpu: {why}");
        using var run = onDevice ? OnDevice(problem, chosen, device ?? "auto") : new TrainingRun(problem, chosen);
        if (run.Device != "") Say($"device     {run.Device}");
        using var interrupt = new CancellationTokenSource();
        using var onInt = PosixSignalRegistration.Create(PosixSignal.SIGINT, c => { c.Cancel = true; interrupt.Cancel(); });
        using var onTerm = PosixSignalRegistration.Create(PosixSignal.SIGTERM, c => { c.Cancel = true; interrupt.Cancel(); });
        if (state is not null) Say($"resumed    after epoch {state.Epoch} of {run.Plan.Epochs} and {state.Batch} batches");
        var result = run.Execute(state, s => Keep(stateFile, s), p => Say(Line(p)), interrupt.Token);

        WritePolicy(outFile, problem.ToPolicyFile(result.Parameters));
        if (result.Outcome == TrainingOutcome.Done) File.Delete(stateFile);
        Say(FormattableString.Invariant($"trained    {result.EpochsDone} epochs in {result.Seconds:N1} s, {result.PathsPerSecond:N0} paths/s on {result.Threads} threads"));
        Say($"policy     {outFile}");
        TrainingJudgement? judgement = null;
        if (result.Outcome == TrainingOutcome.Done)
        {
            judgement = TrainingJudgement.Of(specification, outFile, chosen);
            foreach (string line in judgement.Lines()) Say(line);
        }
        if (report is not null) TrainingReport.Write(report, specification, outFile, problem, result, judgement);
        switch (result.Outcome)
        {
            case TrainingOutcome.Interrupted:
                Console.Error.WriteLine($"appliance train: {result.Reason}; {outFile} is the best policy so far; go on with --resume");
                return ExitCode.Interrupted;
            case TrainingOutcome.Stopped:
                Console.Error.WriteLine($"appliance train: {result.Reason}; {outFile} is the last good policy");
                return ExitCode.Failed;
            default: return ExitCode.Done;
        }
    }

    private static TrainingRun OnDevice(SpecifiedProblem problem, int threads, string device)
    {
        try { return new TrainingRun(problem, threads, (plain, paths, recorded, most) => IlgpuAdapter.CreateHedge(new IlgpuOptions { Device = device }, plain, paths, recorded, most)); }
        catch (IlgpuDeviceException e) { throw new BadInputException($"--device {device}: {e.Message}"); }
    }

    private static TrainingState ReadState(string file, byte[] specificationSha256, int parameters)
    {
        byte[] bytes;
        try { bytes = File.ReadAllBytes(file); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{file}: {(e is FileNotFoundException or DirectoryNotFoundException ? "there is no state to resume from" : e.Message)}; leave out --resume, or name the interrupted run's policy file with --out");
        }
        return TrainingState.TryRead(bytes, specificationSha256, parameters, out string problem) ?? throw new BadInputException($"{file}: {problem}");
    }

    /// <summary>A disk that is full at the end must not take the training: the policy then goes to the folder for temporary files, and the run fails saying where it is.</summary>
    private static void WritePolicy(string file, byte[] policy)
    {
        try { AtomicFile.Write(file, policy); }
        catch (IOException e)
        {
            string spare = Path.Combine(Path.GetTempPath(), $"{Path.GetFileNameWithoutExtension(file)}-{Environment.ProcessId}{Path.GetExtension(file)}");
            try { AtomicFile.Write(spare, policy); }
            catch (IOException) { throw e; }
            throw new IOException($"{e.Message}; the trained policy is in {spare}: copy it where there is room", e);
        }
    }

    /// <summary>A state that cannot be written (a full disk) does not end a run that may still succeed: it is said, and the state before stays.</summary>
    private static void Keep(string file, TrainingState state)
    {
        try { AtomicFile.Write(file, state.ToBytes()); }
        catch (IOException e) { Console.Error.WriteLine($"appliance train: {e.Message}; training goes on, and could be resumed from the state before only"); }
    }

    private static string Line(in TrainingProgress p) => string.Create(CultureInfo.InvariantCulture,
        $"epoch {p.Epoch,4}/{p.Epochs}  loss {p.Loss,12:G7}  held-back risk {p.HeldBackRisk,12:G7}  {p.PathsPerSecond,9:N0} paths/s  {Math.Ceiling(p.Remaining.TotalSeconds),5:N0} s left");

    private static void Say(string line) => Console.WriteLine(line);
}
