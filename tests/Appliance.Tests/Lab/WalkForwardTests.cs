using System.Text.Json;
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
using Appliance.TestKit;

namespace Appliance.Tests.Lab;

/// <summary>Walk-forward: every stretch is judged by a policy that saw nothing of it.</summary>
public sealed class WalkForwardTests : IDisposable
{
    private const int Observations = 400;
    private readonly string _folder = Directory.CreateTempSubdirectory("walk-").FullName;
    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>A history of daily prices; from one observation on it may be another.</summary>
    private string History(string name, int otherFrom = int.MaxValue)
    {
        var random = new Random(5);
        double price = 50;
        string file = Path.Combine(_folder, name);
        File.WriteAllLines(file, ["close", .. Enumerable.Range(0, Observations).Select(i =>
        {
            price *= Math.Exp(0.02 * (random.NextDouble() + random.NextDouble() - 1) * (i < otherFrom ? 1 : 3));
            return FormattableString.Invariant($"{price:R}");
        })]);
        return file;
    }

    private string Specification(string history, string evaluation = "\"walkForward\": 3", string baselines = "[\"none\", \"delta\"]")
    {
        string file = Path.Combine(_folder, "spec.json");
        File.WriteAllText(file, $$"""
            {
              "market": { "model": "bootstrap", "spot": 100, "file": "{{history}}", "blockLength": 5, "trainingShare": 0.5, "windowStride": 8 },
              "time": { "steps": 10, "stepYears": 0.004 },
              "liability": { "strike": 100, "premium": "black-scholes" },
              "hedges": [{ "instrument": "spot", "costs": { "proportional": 0.002 } }],
              "objective": { "kind": "cvar", "level": 0.8 },
              "policy": { "architecture": "ntb", "hidden": [8] },
              "training": { "paths": 2048, "epochs": 2, "batch": 512, "learningRate": 0.01 },
              "evaluation": { "paths": 1000, "resamples": 20, {{evaluation}} },
              "baselines": {{baselines}}
            }
            """);
        return file;
    }

    [Fact]
    public void Stretches_cover_all_windows_and_train_on_what_was_before_them()
    {
        LabSpecification s = LabSpecificationFile.Require(Specification(History("a.csv"), "\"walkForward\": 4, \"walkForwardHistory\": 150"));
        double[] returns = PriceHistory.Read(s.Market).LogReturns();
        IReadOnlyList<WalkForwardCut> cuts = WalkForward.Cuts(s);
        var whole = new HedgingEnvironment(s, s.Evaluation.Seed);
        Assert.Equal(whole.Simulator.PathsAvailable, cuts.Sum(c => c.Paths));
        EpisodeBlock all = whole.NewBlock((int)whole.Simulator.PathsAvailable);
        whole.Fill(all, 0);
        int next = 0;
        foreach (WalkForwardCut cut in cuts)
        {
            Assert.Equal(next, cut.FirstPath);
            next += cut.Paths;
            Assert.Equal(199 + cut.FirstPath * 8, cut.Training.To);
            Assert.Equal(150, cut.Training.To - cut.Training.From);
            var part = new HedgingEnvironment(cut.Specification, cut.Specification.Evaluation.Seed);
            Assert.Equal(cut.Paths, part.Simulator.PathsAvailable);
            EpisodeBlock block = part.NewBlock(cut.Paths);
            part.Fill(block, 0);
            for (int p = 0; p < cut.Paths; p++)
                for (int step = 0; step <= 10; step++) Assert.Equal(all.Price(0, step)[cut.FirstPath + p], block.Price(0, step)[p], 1e-9);
            // Rules are told the volatility of the training's returns.
            double[] before = returns[cut.Training.From..cut.Training.To];
            double mean = before.Average(), deviation = Math.Sqrt(before.Sum(r => (r - mean) * (r - mean)) / (before.Length - 1) / 0.004);
            Assert.Equal(deviation, ModelVolatility.Of(cut.Specification.Market, cut.Specification.Time), 1e-9);
        }
    }

    [Fact]
    public void A_policy_does_not_know_what_comes_after_its_stretch_begins()
    {
        byte[] Policy(string history, int stretch)
        {
            var problem = new SpecifiedProblem(WalkForward.Cuts(LabSpecificationFile.Require(Specification(history)))[stretch].Specification);
            using var run = new TrainingRun(problem, 2);
            return problem.ToPolicyFile(run.Execute(null, null, null, default).Parameters);
        }
        int begin = WalkForward.Cuts(LabSpecificationFile.Require(Specification(History("a.csv"))))[1].Training.To;
        string same = History("a.csv"), other = History("b.csv", otherFrom: begin + 1);
        Assert.Equal(Policy(same, 1), Policy(other, 1));
        Assert.NotEqual(Policy(same, 2), Policy(other, 2));
    }

    [Fact]
    public void What_is_reported_is_all_stretches_with_their_own_premiums()
    {
        LabSpecification s = LabSpecificationFile.Require(Specification(History("a.csv", otherFrom: 300)));
        IReadOnlyList<WalkForwardCut> cuts = WalkForward.Cuts(s);
        BacktestReport report = WalkForward.Run(s, cuts, cut => new WalkForwardStrategies([.. s.Baselines.Select(b => BaselineFactory.Make(cut.Specification, b))], "", null), []);
        double sum = 0, costs = 0;
        var losses = new List<double>();
        foreach (WalkForwardCut cut in cuts)
        {
            var environment = new HedgingEnvironment(cut.Specification, s.Evaluation.Seed);
            var delta = PathRunner.Run(environment, [BaselineFactory.Make(cut.Specification, s.Baselines[1])], 0, cut.Paths)[0];
            double premium = Premium.Of(cut.Specification);
            sum += delta.Loss.Sum(l => premium - l);
            costs += delta.Costs.Sum();
            losses.AddRange(delta.Loss);
        }
        StrategyStatistics judged = report.Strategies.Single(x => x.Name == "delta");
        Assert.Equal(report.Paths, losses.Count);
        Assert.Equal(sum / losses.Count, judged.Figures["mean"].Value, 1e-9);
        Assert.Equal(costs / losses.Count, judged.Figures["costs"].Value, 1e-9);
        Assert.Equal(Appliance.Lab.Risk.RiskMeasure.Of(s.Objective, losses.ToArray()).Value, judged.Risk, 1e-9);
        // The market grew wilder, and so did what was asked for the option.
        Assert.True(report.WalkForward[^1].Premium > 1.1 * report.WalkForward[0].Premium);
        Assert.Equal(report.Strategies.Single(x => x.Name == "none").Risk, report.NoHedgeRisk, 1e-12);
    }

    [Fact]
    public void The_command_trains_each_stretch_once_and_reports_them()
    {
        string specification = Specification(History("a.csv")), report = Path.Combine(_folder, "walk.json");
        var (code, output, errors) = ApplianceProcess.Run("backtest", specification, "--report", report);
        Assert.True(code == 0, string.Join('\n', errors));
        Assert.Contains(errors, e => e.Contains("3 trainings of 2 epochs, 12,288 paths of 10 steps in all", StringComparison.Ordinal));
        Assert.Contains("stretch   3: 8 windows after returns 0 to", output, StringComparison.Ordinal);
        using var json = JsonDocument.Parse(File.ReadAllText(report));
        JsonElement[] stretches = [.. json.RootElement.GetProperty("walkForward").GetProperty("stretches").EnumerateArray()];
        Assert.Equal(3, stretches.Length);
        foreach (JsonElement stretch in stretches)
        {
            Assert.True(stretch.GetProperty("training").GetProperty("seconds").GetDouble() > 0);
            Assert.Equal(JsonValueKind.Number, stretch.GetProperty("strategies").GetProperty("policy").GetProperty("risk").ValueKind);
            PolicyFile.Load(stretch.GetProperty("policy").GetString()!);
        }
        Assert.Contains("Risk of each stretch", File.ReadAllText(Path.ChangeExtension(report, ".html")), StringComparison.Ordinal);
        double risk = json.RootElement.GetProperty("strategies").GetProperty("policy").GetProperty("risk").GetDouble();

        // Begun again it finds what it trained, and says the same.
        (code, _, errors) = ApplianceProcess.Run("backtest", specification, "--report", report);
        Assert.Equal(0, code);
        Assert.Equal(3, errors.Count(e => e.Contains("its policy was trained before", StringComparison.Ordinal)));
        using var again = JsonDocument.Parse(File.ReadAllText(report));
        Assert.Equal(risk, again.RootElement.GetProperty("strategies").GetProperty("policy").GetProperty("risk").GetDouble());
    }
}
