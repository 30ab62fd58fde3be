using System.Globalization;
using System.Security.Cryptography;
using Appliance.Kernels.Networks;
using Appliance.Strategy.Features;
using Appliance.Strategy.Policies;
using Appliance.Strategy.Policies.Files;

namespace Appliance.Host.Commands;

/// <summary>What `appliance policy` prints about a policy file.</summary>
internal static class PolicyReport
{
    /// <summary>The fast form of fp32 may be off by this, relative to the larger of 1 and the answer; summation in single precision stays far below it.</summary>
    private const double Fp32Tolerance = 1e-4;

    public static string Sha256Of(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    public static void Show(PolicyFile file)
    {
        PolicyMetadata m = file.Metadata;
        void Line(string what, string value) => Console.WriteLine($"{what,-14} {value}");
        Line("policy", file.Path);
        Line("sha256", file.Sha256);
        Line("architecture", Architecture(file));
        if (m.LayerNorms.Length > 0) Line("normalised", string.Join(", ", m.LayerNorms.Select(n => $"the {Word(n.Place)} of dense layer {n.Layer}")));
        Line("features", string.Join(", ", m.Features.Select(f => f is { Mean: 0, Scale: 1 } ? Name(m, in f) : string.Create(CultureInfo.InvariantCulture, $"({Name(m, in f)} - {f.Mean}) / {f.Scale}"))));
        if (m.Hedges.Length > 0)
            foreach (PolicyHedge hedge in m.Hedges)
                Line("hedge", hedge.Instrument + (hedge.Band is { } edges ? $": {Word(m.TargetKind)}, band from {Text(edges.Lower)} to {Text(edges.Upper)}{Transform(m)}" : $": {Word(m.TargetKind)}, {Text(hedge.Target)}{Transform(m)}") + (hedge.HalfWidth is { } beyond ? $"; half-width {Text(beyond)}" : ""));
        else Line("output", m.Band is { } band ? $"{Word(m.TargetKind)}, band from {Text(band.Lower)} to {Text(band.Upper)}{Transform(m)}{(m.HasBandWidth ? $"; half-width {Text(m.HalfWidth)}" : "")}" : $"{Word(m.TargetKind)}, {Text(m.Target)}{Transform(m)}; half-width {(file.Weights.Outputs == 2 ? Text(m.HalfWidth) : m.HalfWidth.Apply(0).ToString(CultureInfo.InvariantCulture))}");
        Line("decides", m.Schedule.Kind == ScheduleKind.EveryMark ? "at every mark" : string.Create(CultureInfo.InvariantCulture, $"every {m.Schedule.StepYears} years{(m.Schedule.Steps > 0 ? $", {m.Schedule.Steps} times" : "")}, counted from {(m.Schedule.Anchor == ScheduleAnchor.Expiry ? "the nearest expiry backwards" : "the first decision")}"));
        long bytes = WeightBytes(file, m.Weights);
        Line("weights", string.Create(CultureInfo.InvariantCulture, $"{file.Weights.Parameters:N0} numbers; {bytes:N0} bytes as {m.Weights.ToString().ToLowerInvariant()} in memory ({(m.StepNetworks > 1 ? "one step's network; " : "")}{Cache(bytes)})"));
        foreach (var (what, text) in new[] { ("objective", m.Objective), ("market model", m.MarketModel), ("seed", m.TrainingSeed), ("made from", m.ParentHash) })
            if (text != "") Line(what, text);
    }

    /// <summary>True when the file agrees with its own formula.</summary>
    public static bool Verify(PolicyFile file, int samples)
    {
        Console.WriteLine($"{file.Path}: structure and numbers are sound; {(file.HasWeightsHash ? "the weights have the hash that the header states" : "the header states no hash of the weights")}; sha256 {file.Sha256}");
        bool agrees = true;
        foreach (WeightFormat format in Enum.GetValues<WeightFormat>())
        {
            var (worst, scale) = Worst(file, format, samples);
            bool own = format == file.Metadata.Weights;
            bool good = format != WeightFormat.Fp32 || worst <= Fp32Tolerance * Math.Max(1, scale);
            agrees &= good;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {format.ToString().ToLowerInvariant(),-5} largest error against double precision {worst:E2} over {samples:N0} steps, raw outputs up to {scale:G3}{(own ? ", as this policy runs" : "")}{(good ? "" : ": TOO LARGE")}"));
        }
        Console.WriteLine(agrees ? $"{file.Path}: verified" : $"{file.Path}: the fast form does not agree with the formula");
        return agrees;
    }

    /// <summary>The largest difference of raw outputs on inputs drawn from a fixed seed, standard normal as normalised features are.</summary>
    private static (double Worst, double Scale) Worst(PolicyFile file, WeightFormat format, int samples)
    {
        PolicyWeights w = file.Weights;
        bool recurrent = w.Recurrent.Count > 0;
        var random = new Random(20260102);
        int features = file.Metadata.Features.Length;
        float[] input = new float[features], output = new float[w.Outputs];
        double worst = 0, scale = 0;
        var network = recurrent ? new RecurrentNetwork(w.Recurrent, w.Dense[0], file.Metadata.Activation, format, 1) : null;
        Mlp[] perceptrons = recurrent ? [] : Mlp.Several(w.Dense, file.Metadata.Activation, format);
        var state = new float[network?.StateLength ?? 0];
        var exactState = new double[state.Length];
        for (int s = 0; s < samples; s++)
        {
            for (int i = 0; i < features; i++) input[i] = (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
            double[] x = [.. input.Select(v => (double)v)];
            IReadOnlyList<DenseLayer> dense = w.Dense[s % w.Dense.Count];
            if (network is not null)
            {
                network.Step(input, state, output);
                x = NetworkReference.Advance(w.Recurrent, x, exactState);
            }
            else perceptrons[s % perceptrons.Length].Infer(input, output);
            double[] exact = NetworkReference.Dense(dense, file.Metadata.Activation, x);
            for (int o = 0; o < output.Length; o++)
            {
                double error = Math.Abs(output[o] - exact[o]);
                worst = double.IsNaN(error) ? double.PositiveInfinity : Math.Max(worst, error);
                scale = Math.Max(scale, Math.Abs(exact[o]));
            }
        }
        return (worst, scale);
    }

    private static long WeightBytes(PolicyFile file, WeightFormat format) => file.Weights.Recurrent.Count > 0
        ? new RecurrentNetwork(file.Weights.Recurrent, file.Weights.Dense[0], file.Metadata.Activation, format, 1).WeightBytes
        : new Mlp(file.Weights.Dense[0], file.Metadata.Activation, format).WeightBytes;

    /// <summary>Which data cache of core 0 holds this many bytes, by what the kernel says of it; half of a level is left to everything else.</summary>
    private static string Cache(long bytes)
    {
        foreach (var (level, size) in Caches())
            if (bytes <= size / 2) return $"lives in the level-{level} cache of {size / 1024:N0} KiB";
        var all = Caches().ToArray();
        if (all.Length == 0) return "the sizes of the caches are not known here";
        var (largest, kib) = (all[^1].Level, all[^1].Bytes / 1024);
        foreach (var (level, size) in all)
            if (bytes <= size) return $"fills more than half of the level-{level} cache of {size / 1024:N0} KiB";
        return $"larger than the level-{largest} cache of {kib:N0} KiB";
    }

    private static IEnumerable<(int Level, long Bytes)> Caches()
    {
        const string root = "/sys/devices/system/cpu/cpu0/cache";
        for (int i = 0; System.IO.File.Exists($"{root}/index{i}/size"); i++)
        {
            string Read(string name) => System.IO.File.ReadAllText($"{root}/index{i}/{name}").Trim();
            if (Read("type") is "Instruction" || !int.TryParse(Read("level"), out int level)) continue;
            string size = Read("size");
            long unit = size.EndsWith('K') ? 1024 : size.EndsWith('M') ? 1 << 20 : 1;
            if (long.TryParse(size.TrimEnd('K', 'M'), out long n)) yield return (level, n * unit);
        }
    }

    private static string Architecture(PolicyFile file)
    {
        PolicyMetadata m = file.Metadata;
        string hidden = string.Join("-", m.HiddenSizes);
        string dense = string.Join("-", m.HeadSizes.Append(file.Weights.Outputs));
        string name = m.Architecture.ToString().ToLowerInvariant();
        return m.IsRecurrent
            ? $"{name} {m.Features.Length} > {hidden} units > dense {dense}{(m.HeadSizes.Length > 0 ? $" ({Word(m.Activation)})" : "")}{(m.Architecture == PolicyArchitecture.Gru ? $", reset gate {(m.ResetGateAfter ? "after" : "before")} the product" : "")}"
            : $"{name} {string.Join("-", m.HiddenSizes.Prepend(m.Features.Length).Append(file.Weights.Outputs))}, {Word(m.Activation)}{(m.StepNetworks > 1 ? $", {m.StepNetworks} networks, one a step" : "")}";
    }

    private static string Name(PolicyMetadata m, in NormalisedFeature f) => FeatureCatalogue.NameOf(f.Feature) + (m.Hedges.Length > 0 && FeatureCatalogue.IsOfHedge(f.Feature) ? $"[{f.Hedge}]" : "");

    private static string Transform(PolicyMetadata m) => m.OutputTransform == OutputTransform.Identity ? "" : $" after {Word(m.OutputTransform)}";

    private static string Text(in OutputMap map) => string.Create(CultureInfo.InvariantCulture, $"{map.Offset} + {map.Scale} x output within [{map.Lower}, {map.Upper}]");

    private static string Word<T>(T value) where T : struct, Enum => char.ToLowerInvariant(value.ToString()[0]) + value.ToString()[1..];
}
