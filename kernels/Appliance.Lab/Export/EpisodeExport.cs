using System.Text.Json;
using Appliance.Lab.Baselines;
using Appliance.Lab.Costs;
using Appliance.Lab.Hedging;
using Appliance.Lab.Specification;

namespace Appliance.Lab.Export;

/// <summary>
/// Writes episodes as .npy arrays for notebooks: paths.npy [paths, steps + 1] (or [underlyings, paths, steps + 1]), states_NAME.npy for what else the market knows, prices.npy [paths, steps + 1, hedges],
/// hedges.npy [paths, steps, hedges], features.npy [paths, steps, features], owed.npy, costs.npy, loss.npy and pnl.npy [paths], and export.json. Each file is written under a name of its own
/// and takes its place when it is whole, export.json last, so that a folder without it is an export that did not end.
/// </summary>
public static class EpisodeExport
{
    /// <summary>What features.npy holds: with several hedges what was held of each, by its number.</summary>
    private static string[] FeatureNames(int hedges) =>
        ["spot", "yearsToExpiry", .. hedges == 1 ? ["previousHedge"] : Enumerable.Range(0, hedges).Select(h => $"previousHedge{h}"), "accruedPnl", "delta"];

    /// <returns>Paths written: fewer than asked for where a file holds fewer.</returns>
    public static int Write(LabSpecification s, IBlockPolicy strategy, int count, string folder, CancellationToken cancel)
    {
        var environment = new HedgingEnvironment(s, s.Evaluation.Seed);
        int paths = (int)Math.Min(count, environment.Simulator.PathsAvailable), steps = environment.Steps;
        var block = environment.NewBlock(paths);
        environment.Fill(block, 0);
        cancel.ThrowIfCancellationRequested();
        double[][][] holdings = [.. Enumerable.Range(0, environment.Instruments).Select(_ => Enumerable.Range(0, steps).Select(_ => new double[paths]).ToArray())];
        var result = new BlockResult(paths);
        string[] features = FeatureNames(environment.Instruments);
        var recorder = new FeatureRecorder(s, strategy, features.Length, paths, steps);
        new PnlEngine(environment, paths).Run(block, recorder.Open(environment, paths), result, 0, holdings);
        cancel.ThrowIfCancellationRequested();
        double premium = Backtest.Premium.Of(s) * environment.Growth[0];
        File.Delete(Path.Combine(folder, "export.json"));
        int series = environment.Simulator.Underlyings;
        Array(folder, "paths", series == 1 ? [paths, steps + 1] : [series, paths, steps + 1], Transposed(series, steps + 1, paths, (i, k) => block.Market.Row(i, k)));
        for (int i = series; i < environment.Simulator.Series.Count; i++)
        {
            int own = i;
            Array(folder, "states_" + environment.Simulator.Series[i], [paths, steps + 1], Transposed(1, steps + 1, paths, (_, k) => block.Market.Row(own, k)));
        }
        Array(folder, "prices", [paths, steps + 1, environment.Instruments], ByPath(environment.Instruments, steps + 1, paths, (i, k) => block.Price(i, k)));
        Array(folder, "hedges", [paths, steps, environment.Instruments], ByPath(environment.Instruments, steps, paths, (i, k) => holdings[i][k]));
        Array(folder, "features", [paths, steps, features.Length], recorder.Rows);
        Array(folder, "owed", [paths], block.Owed);
        Array(folder, "costs", [paths], result.Costs);
        Array(folder, "loss", [paths], result.Loss);
        Array(folder, "pnl", [paths], [.. result.Loss.Select(l => premium - l)]);
        Description(folder, s, environment, strategy.Name, features, paths, premium);
        return paths;
    }

    private static void Array(string folder, string name, int[] shape, double[] values)
    {
        string file = Path.Combine(folder, name + ".npy"), part = file + ".part";
        try { NpyFile.Write(part, values, shape); }
        catch (IOException)
        {
            // A disk that fills keeps no half array.
            File.Delete(part);
            throw;
        }
        File.Move(part, file, overwrite: true);
    }

    private delegate ReadOnlySpan<double> RowOf(int item, int step);

    /// <summary>[items, paths, steps] from rows that run along paths.</summary>
    private static double[] Transposed(int items, int steps, int paths, RowOf row)
    {
        var values = new double[(long)items * steps * paths];
        for (int i = 0; i < items; i++)
            for (int k = 0; k < steps; k++)
            {
                var from = row(i, k);
                for (int p = 0; p < paths; p++) values[((long)i * paths + p) * steps + k] = from[p];
            }
        return values;
    }

    /// <summary>[paths, steps, items] from rows that run along paths.</summary>
    private static double[] ByPath(int items, int steps, int paths, RowOf row)
    {
        var values = new double[(long)items * steps * paths];
        for (int i = 0; i < items; i++)
            for (int k = 0; k < steps; k++)
            {
                var from = row(i, k);
                for (int p = 0; p < paths; p++) values[((long)p * steps + k) * items + i] = from[p];
            }
        return values;
    }

    private static void Description(string folder, LabSpecification s, HedgingEnvironment environment, string strategy, string[] features, int paths, double premium)
    {
        string file = Path.Combine(folder, "export.json"), part = file + ".part";
        using (var stream = File.Create(part))
        using (var w = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            w.WriteStartObject();
            w.WriteString("specification", s.Name);
            w.WriteString("strategy", strategy);
            w.WriteNumber("paths", paths);
            w.WriteNumber("steps", environment.Steps);
            w.WriteNumber("stepYears", s.Time.StepYears);
            w.WriteNumber("rate", s.Market.Rate);
            w.WriteNumber("premiumAtMaturity", premium);
            w.WriteBoolean("liquidateAtEnd", s.LiquidateAtEnd);
            w.WriteStartArray("hedges");
            foreach (var h in s.Hedges) w.WriteStringValue(h.Describe());
            w.WriteEndArray();
            w.WriteStartArray("initialHolding");
            foreach (double h in s.InitialHolding) w.WriteNumberValue(h);
            w.WriteEndArray();
            w.WriteStartArray("costs");
            foreach (var h in s.Hedges)
            {
                w.WriteStartObject();
                w.WriteNumber("proportional", h.Costs.Proportional);
                w.WriteNumber("fixed", h.Costs.Fixed);
                w.WriteNumber("quadratic", h.Costs.Quadratic);
                w.WriteNumber("fundingRate", h.Instrument == HedgeKind.Perpetual ? h.FundingRate : 0);
                w.WriteNumber("carryShare", HedgingEnvironment.CarryShare(s, h));
                w.WriteBoolean("simple", h.Costs.IsSimple);
                w.WriteBoolean("movesPrice", h.Costs.Permanent != 0 || h.Costs.Transient != 0);
                w.WriteEndObject();
            }
            w.WriteEndArray();
            w.WriteStartArray("features");
            foreach (string f in features) w.WriteStringValue(f);
            w.WriteEndArray();
            w.WriteStartObject("objective");
            w.WriteString("kind", s.Objective.Kind switch
            {
                ObjectiveKind.StdDev => "std-dev", ObjectiveKind.MeanVariance => "mean-variance", ObjectiveKind.MeanStd => "mean-std", ObjectiveKind.Entropic => "entropic",
                ObjectiveKind.Cvar => "cvar", ObjectiveKind.MeanCvar => "mean-cvar", ObjectiveKind.Power => "power",
                ObjectiveKind.MeanVarianceCvar => "mean-variance-cvar", _ => "expectile",
            });
            w.WriteNumber("riskAversion", s.Objective.RiskAversion);
            w.WriteNumber("level", s.Objective.Level);
            w.WriteNumber("k", s.Objective.K);
            w.WriteNumber("weight", s.Objective.Weight);
            w.WriteNumber("tau", s.Objective.Tau);
            w.WriteNumber("wealth", s.Objective.Wealth);
            w.WriteEndObject();
            w.WriteEndObject();
        }
        File.Move(part, file, overwrite: true);
    }

    /// <summary>Stands before a policy and writes down what it could see at each decision.</summary>
    private sealed class FeatureRecorder(LabSpecification s, IBlockPolicy inner, int width, int paths, int steps) : IBlockPolicy
    {
        public string Name => inner.Name;
        public double[] Rows { get; } = new double[(long)paths * steps * width];

        public IBlockPolicySession Open(HedgingEnvironment environment, int count) => new Session(this, inner.Open(environment, count), DeltaSource.WhyNot(s) is null ? DeltaSource.Make(s) : null, count, width, s.Time);

        private sealed class Session(FeatureRecorder owner, IBlockPolicySession inner, DeltaSource? delta, int count, int width, TimeSpecification time) : IBlockPolicySession
        {
            private readonly double[] _delta = new double[count];

            public void Begin(EpisodeBlock block) => inner.Begin(block);

            public void Decide(EpisodeBlock block, int step, HoldingBook book)
            {
                if (delta is null) _delta.AsSpan().Fill(double.NaN);
                else delta.Evaluate(block, step, 0, _delta, default);
                var spot = block.Market.Row(0, step);
                for (int p = 0; p < count; p++)
                {
                    var row = owner.Rows.AsSpan((p * time.Steps + step) * width, width);
                    (row[0], row[1], row[^2], row[^1]) = (spot[p], (time.Steps - step) * time.StepYears, book.AccruedPnl[p], _delta[p]);
                    for (int h = 0; h < book.Holding.Length; h++) row[2 + h] = book.Holding[h][p];
                }
                inner.Decide(block, step, book);
            }
        }
    }
}
