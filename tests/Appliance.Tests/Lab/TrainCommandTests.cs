using Appliance.TestKit;

namespace Appliance.Tests.Lab;

/// <summary>`appliance train` as a user starts it: what it says, what it leaves, and its exit codes.</summary>
public sealed class TrainCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("appliance-train-").FullName;

    private string Specification(int epochs, string extra = "")
    {
        string file = Path.Combine(_folder, "spec.json");
        File.WriteAllText(file, $$"""
            {
              "market": { "model": "gbm", "spot": 1, "volatility": 0.2 },
              "time": { "steps": 10, "stepYears": 0.00273972602739726 },
              "liability": { "contract": "european", "right": "call", "strike": 1 },
              "hedges": [{ "instrument": "spot", "costs": { "proportional": 0.001 } }],
              "objective": { "kind": "entropic", "riskAversion": 10 },
              "policy": { "architecture": "ntb", "hidden": [8] {{extra}} },
              "training": { "paths": 8192, "epochs": {{epochs}}, "batch": 1024, "learningRate": 0.01, "seed": 4 },
              "evaluation": { "paths": 2000 }
            }
            """);
        return file;
    }

    private string Out(string name) => Path.Combine(_folder, name);

    [Fact]
    public void An_interrupted_run_goes_on_to_the_same_file()
    {
        // Some seconds of training, so that the signal finds it at work after its first epoch.
        string specification = Specification(epochs: 240);
        var (code, output, errors) = ApplianceProcess.Run("train", specification, "--out", Out("whole.safetensors"), "--report", Out("report.json"), "--threads", "1");
        Assert.True(code == 0, string.Join('\n', errors));
        Assert.Contains("memory ", output, StringComparison.Ordinal);
        Assert.Contains("held-back risk", output, StringComparison.Ordinal);
        Assert.Contains("judged on 2,000 held-back paths", output, StringComparison.Ordinal);
        foreach (string key in new[] { "risk", "riskStdErr", "gap", "mean", "stdDev", "cvar95", "cvar99", "costs", "rebalances", "sharpe", "annualisedVolatility", "worst" })
            Assert.Contains($"\"{key}\": ", File.ReadAllText(Out("report.json")), StringComparison.Ordinal);
        Assert.Contains("\"pathsPerSecond\"", File.ReadAllText(Out("report.json")), StringComparison.Ordinal);
        Assert.False(File.Exists(Out("whole.safetensors.state")));

        using (var cut = ApplianceProcess.Start("train", specification, "--out", Out("cut.safetensors"), "--threads", "2"))
        {
            cut.WaitUntil(() => cut.Output.Contains("epoch    1/240", StringComparison.Ordinal), "the first epoch");
            cut.Signal(ApplianceProcess.SignalInterrupt);
            Assert.Equal(130, cut.WaitForExit());
            Assert.Contains("--resume", cut.Errors, StringComparison.Ordinal);
        }
        Assert.True(File.Exists(Out("cut.safetensors")));
        Assert.Equal(0, ApplianceProcess.Run("train", specification, "--out", Out("cut.safetensors"), "--resume").Code);
        Assert.Equal(File.ReadAllBytes(Out("whole.safetensors")), File.ReadAllBytes(Out("cut.safetensors")));
    }

    [Fact]
    public void What_cannot_be_trained_is_said_before_anything_starts()
    {
        var (code, _, errors) = ApplianceProcess.Run("train", Specification(1, """, "features": ["vega"]"""), "--out", Out("none.safetensors"));
        Assert.Equal(2, code);
        Assert.Contains(errors, e => e.Contains("spec.json:7: policy.features: \"vega\"", StringComparison.Ordinal));
        (code, _, errors) = ApplianceProcess.Run("train", Specification(1), "--out", Out("none.safetensors"), "--resume");
        Assert.Equal(2, code);
        Assert.Contains(errors, e => e.Contains("no state to resume from", StringComparison.Ordinal));
        Assert.False(File.Exists(Out("none.safetensors")));
    }

    [Fact]
    public void A_policy_that_cannot_be_written_where_it_should_is_kept_elsewhere()
    {
        // In place of a full disk: a folder that stands where the new file would be written first.
        Directory.CreateDirectory(Out("p.safetensors.new"));
        var (code, _, errors) = ApplianceProcess.Run("train", Specification(1), "--out", Out("p.safetensors"), "--threads", "1");
        Assert.NotEqual(0, code);
        string said = string.Join('\n', errors), spare = said[(said.IndexOf("the trained policy is in ", StringComparison.Ordinal) + 25)..];
        spare = spare[..spare.IndexOf(": copy it", StringComparison.Ordinal)];
        Assert.Equal(0, ApplianceProcess.Run("policy", "verify", spare).Code);
        File.Delete(spare);
    }

    [Fact]
    public void A_policy_of_two_hedges_goes_from_training_to_backtest_and_export()
    {
        string specification = Out("two.json"), policy = Out("two.safetensors");
        File.WriteAllText(specification, """
            {
              "market": { "model": "heston", "spot": 100, "v0": 0.04, "kappa": 1, "theta": 0.04, "xi": 2, "rho": -0.7 },
              "time": { "steps": 10, "stepYears": 0.00273972602739726 },
              "liability": { "contract": "european", "right": "call", "strike": 100, "premium": "model" },
              "hedges": ["spot", "variance-swap"],
              "objective": { "kind": "cvar", "level": 0.5 },
              "policy": { "architecture": "mlp", "hidden": [8] },
              "training": { "paths": 8192, "epochs": 3, "batch": 512, "learningRate": 0.01 },
              "evaluation": { "paths": 2000, "resamples": 20 }
            }
            """);
        (int Code, string Output) Run(params string[] arguments)
        {
            var (code, output, errors) = ApplianceProcess.Run(arguments);
            Assert.True(code == 0, string.Join('\n', errors));
            return (code, output);
        }
        Assert.Contains("judged on 2,000 held-back paths, risk cvar 0.5", Run("train", specification, "--out", policy).Output, StringComparison.Ordinal);
        string shown = Run("policy", "show", policy).Output;
        Assert.Contains("hedge          spot: hedgePosition", shown, StringComparison.Ordinal);
        Assert.Contains("hedge          variance-swap: hedgePosition", shown, StringComparison.Ordinal);
        Assert.Contains("hedgePosition[1]", shown, StringComparison.Ordinal);
        Assert.Contains("verified", Run("policy", "verify", policy).Output, StringComparison.Ordinal);
        Assert.Contains("two: 2,000 held-back paths", Run("backtest", specification, "--policy", policy).Output, StringComparison.Ordinal);
        Assert.Contains("50 paths of two hedged by policy", Run("lab", "export", specification, "--policy", policy, "--count", "50", "--out", Out("export")).Output, StringComparison.Ordinal);
        // Without a policy file a rule that hedges is exported, and the others are named.
        string said = Run("lab", "export", specification, "--count", "50", "--out", Out("export")).Output;
        Assert.Contains("50 paths of two hedged by delta", said, StringComparison.Ordinal);
        Assert.Contains("also there: none; choose with --strategy NAME, or a trained policy with --policy FILE", said, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
