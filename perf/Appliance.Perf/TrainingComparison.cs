using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using Appliance.Contract;
using Appliance.Kernels.Hedging;
using Appliance.Kernels.Networks;
using Appliance.Lab.Differentiation;
using Appliance.Lab.Training;

namespace Appliance.Perf;

/// <summary>
/// Training throughput beside PyTorch: the same network (3 inputs, hidden 32 and 32, ReLU), thirty steps, proportional costs, entropic risk; both sides forwards and back from the same weights
/// and paths, loss and gradient compared first. PyTorch takes the best of its batches, and is put beside itself as a control; ours the batch of the specification that `make lab` trains.
/// </summary>
internal static class TrainingComparison
{
    private const int Steps = 30, PathsPerBlock = 256, Blocks = 16, CheckedPaths = 2048;
    private const float Cost = 0.001f, MoneynessFactor = 20;
    private const double RiskAversion = 10;
    private static readonly int[] _hidden = [32, 32];

    public static int Run(string[] arguments)
    {
        int pairs = 10;
        double seconds = 1;
        for (int i = 0; i + 1 < arguments.Length; i += 2)
        {
            if (arguments[i] == "--pairs") pairs = int.Parse(arguments[i + 1], System.Globalization.CultureInfo.InvariantCulture);
            else if (arguments[i] == "--seconds") seconds = double.Parse(arguments[i + 1], System.Globalization.CultureInfo.InvariantCulture);
            else throw new ArgumentException($"unknown option {arguments[i]}; known are --pairs and --seconds");
        }
        (HedgeProblem problem, NetworkShape shape, double[] parameters) = Setting();
        using PathPool pool = Paths(problem, Blocks);
        string folder = Path.Combine(Path.GetTempPath(), $"appliance-torch-{Environment.ProcessId}");
        Directory.CreateDirectory(folder);
        try
        {
            Write(folder, problem, pool, parameters);
            if (!Torch(folder, ["check"], out JsonElement answer)) return 0;
            Compare(folder, problem, shape, parameters, pool, answer);
            double Ours(int threads) => OurRate(problem, shape, parameters, pool, threads, seconds);
            double Peer(int batch) => Torch(folder, ["time", $"{batch}", seconds.ToString(System.Globalization.CultureInfo.InvariantCulture), "2"], out JsonElement rate) ? rate.GetProperty("pathsPerSecond").GetDouble() : double.NaN;
            int best = 0;
            double bestRate = 0;
            foreach (int batch in (int[])[1000, 3000, 10_000, 30_000, 100_000])
            {
                double rate = Peer(batch);
                Console.WriteLine($"torch, 2 threads, batch {batch,7:N0}: {rate,9:N0} paths/s");
                if (rate > bestRate) (best, bestRate) = (batch, rate);
            }
            var ratios = new List<double>();
            var (scaling, control) = (new List<double>(), new List<double>());
            for (int k = 0; k < pairs; k++)
            {
                double two = Ours(2), peer = Peer(best), one = Ours(1), again = Peer(best);
                control.Add(again / peer);
                ratios.Add(two / peer);
                scaling.Add(two / one);
                Console.WriteLine($"pair {k + 1}: ours {two:N0} paths/s on two threads, {one:N0} on one; torch {peer:N0} and {again:N0}");
            }
            RatioEstimate ratio = PairedRatio.Estimate(ratios), two1 = PairedRatio.Estimate(scaling), itself = PairedRatio.Estimate(control);
            Console.WriteLine($"ours / torch (batch {best:N0}, its best): median {ratio.Median:F2} [{ratio.Low:F2}, {ratio.High:F2}]; two threads / one: {two1.Median:F2} [{two1.Low:F2}, {two1.High:F2}]");
            Console.WriteLine($"torch / itself: {itself.Median:F3} [{itself.Low:F3}, {itself.High:F3}]: {(itself.Median is >= 0.95 and <= 1.05 ? "a verdict may be given" : "outside 0.95 to 1.05, so no verdict")}");
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Tiny, without PyTorch: the engine's risk falls when it goes down its gradient.</summary>
    public static void Check()
    {
        (HedgeProblem problem, NetworkShape shape, double[] parameters) = Setting();
        using PathPool pool = Paths(problem, 1);
        using var batch = new BatchGradient(problem, shape, new EntropicObjective(RiskAversion), PathsPerBlock, 1, 1);
        batch.SetParameters(parameters);
        double before = batch.Compute(pool, [0]);
        double square = batch.Gradient.Sum(g => g * g);
        batch.SetParameters([.. parameters.Zip(batch.Gradient, (p, g) => p - 1e-4 * g / Math.Sqrt(square))]);
        double after = batch.Compute(pool, [0]);
        if (!(after < before)) throw new InvalidOperationException($"training: a step down the gradient went from {before:R} to {after:R}");
    }

    private static (HedgeProblem, NetworkShape, double[]) Setting()
    {
        var problem = new HedgeProblem
        {
            Steps = Steps, Hedges = 1, PathRows = 1,
            Inputs = [new(InputKind.PathRow), new(InputKind.StepConstant, StepValues: [.. Enumerable.Range(0, Steps).Select(k => 1f - (float)k / Steps)]), new(InputKind.Holding)],
            Head = new HedgeHead(false, OutputMeaning.Position, OutputSquash.Identity, [new HoldingMap(1, 0, float.NegativeInfinity, float.PositiveInfinity)]),
            Growth = [.. Enumerable.Repeat(1f, Steps + 1)], Proportional = [Cost], Quadratic = [0], Fixed = [0], InitialHolding = [0], MoneyScale = 1, PriceScale = [1],
        };
        var shape = new NetworkShape(3, [], RecurrentKind.Lstm, _hidden, 1, Activation.Relu);
        double[] parameters = shape.Initialise(1);
        for (int i = 0; i < parameters.Length; i++) parameters[i] = (float)parameters[i];
        return (problem, shape, parameters);
    }

    private static PathPool Paths(HedgeProblem problem, int blocks)
    {
        var random = new Random(7);
        var pool = new PathPool(blocks, problem.BlockRows, PathsPerBlock);
        double deviation = 0.2 * Math.Sqrt(1 / 365.0);
        for (int b = 0; b < blocks; b++)
        {
            for (int p = 0; p < PathsPerBlock; p++)
            {
                double log = 0;
                for (int k = 0; k <= Steps; k++)
                {
                    float price = (float)Math.Exp(log);
                    pool.Row(b, problem.PriceRow(k, 0))[p] = price;
                    if (k < Steps) pool.Row(b, problem.PathRow(k, 0))[p] = MathF.Log(price) * MoneynessFactor;
                    else pool.Row(b, problem.OwedRow)[p] = MathF.Max(price - 1, 0);
                    log += deviation * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()) - 0.5 * deviation * deviation;
                }
            }
        }
        return pool;
    }

    private static double OurRate(HedgeProblem problem, NetworkShape shape, double[] parameters, PathPool pool, int threads, double seconds)
    {
        using var batch = new BatchGradient(problem, shape, new EntropicObjective(RiskAversion), PathsPerBlock, Blocks, threads);
        int[] blocks = [.. Enumerable.Range(0, Blocks)];
        batch.SetParameters(parameters);
        for (int k = 0; k < 3; k++) batch.Compute(pool, blocks);
        var watch = Stopwatch.StartNew();
        long done = 0;
        while (watch.Elapsed.TotalSeconds < seconds)
        {
            batch.SetParameters(parameters);
            batch.Compute(pool, blocks);
            done++;
        }
        return done * Blocks * PathsPerBlock / watch.Elapsed.TotalSeconds;
    }

    private static void Write(string folder, HedgeProblem problem, PathPool pool, double[] parameters)
    {
        void Put(string name, IEnumerable<float> values) => File.WriteAllBytes(Path.Combine(folder, name), MemoryMarshal.AsBytes<float>(values.ToArray()).ToArray());
        IEnumerable<float> Row(int row) => Enumerable.Range(0, CheckedPaths / PathsPerBlock).SelectMany(b => pool.Row(b, row).ToArray());
        Put("prices.f32", Enumerable.Range(0, Steps + 1).SelectMany(k => Row(problem.PriceRow(k, 0))));
        Put("owed.f32", Row(problem.OwedRow));
        Put("weights.f32", parameters.Select(p => (float)p));
        File.WriteAllText(Path.Combine(folder, "shape.json"),
            FormattableString.Invariant($$"""{"steps":{{Steps}},"paths":{{CheckedPaths}},"hidden":[{{string.Join(",", _hidden)}}],"cost":{{Cost}},"riskAversion":{{RiskAversion}},"moneynessFactor":{{MoneynessFactor}}}"""));
    }

    private static void Compare(string folder, HedgeProblem problem, NetworkShape shape, double[] parameters, PathPool pool, JsonElement answer)
    {
        using var batch = new BatchGradient(problem, shape, new EntropicObjective(RiskAversion), PathsPerBlock, Blocks, 2);
        batch.SetParameters(parameters);
        double loss = batch.Compute(pool, [.. Enumerable.Range(0, CheckedPaths / PathsPerBlock)]), theirs = answer.GetProperty("loss").GetDouble();
        float[] gradient = MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(Path.Combine(folder, "torch_gradient.f32"))).ToArray();
        double off = Math.Sqrt(batch.Gradient.Zip(gradient, (a, b) => (a - b) * (a - b)).Sum()), norm = Math.Sqrt(gradient.Sum(g => (double)g * g));
        Console.WriteLine($"loss {loss:G9}, torch {answer.GetProperty("torch").GetString()} {theirs:G9}: relative difference {Math.Abs(loss / theirs - 1):E1}; gradient: {off / norm:E1} of its norm");
        if (!(Math.Abs(loss / theirs - 1) < 1e-4 && off < 1e-4 * norm)) throw new InvalidOperationException("training: the two sides do not compute the same thing");
    }

    private static bool Torch(string folder, string[] arguments, out JsonElement answer)
    {
        answer = default;
        string? root = AppContext.BaseDirectory;
        while (root is not null && !File.Exists(Path.Combine(root, "perf", "peers", "torch_hedge.py"))) root = Path.GetDirectoryName(root);
        var start = new ProcessStartInfo("/usr/bin/python3") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])[Path.Combine(root ?? ".", "perf", "peers", "torch_hedge.py"), folder, .. arguments]) start.ArgumentList.Add(argument);
        start.Environment["OPENBLAS_NUM_THREADS"] = "2";
        try
        {
            using Process process = Process.Start(start)!;
            string text = process.StandardOutput.ReadToEnd(), error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode == 0)
            {
                answer = JsonDocument.Parse(text).RootElement.Clone();
                return true;
            }
            Console.WriteLine($"skipped: PyTorch did not answer; Debian's python3-torch and libopenblas0 are needed: {error.Split('\n').LastOrDefault(l => l.Length > 0)}");
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            Console.WriteLine($"skipped: no python3: {e.Message}");
        }
        return false;
    }
}
