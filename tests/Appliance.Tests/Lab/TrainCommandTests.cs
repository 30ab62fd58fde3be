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
        Assert.Contains(errors, e => e.Contains("policy.features: \"vega\"", StringComparison.Ordinal));
        (code, _, errors) = ApplianceProcess.Run("train", Specification(1), "--out", Out("none.safetensors"), "--resume");
        Assert.Equal(2, code);
        Assert.Contains(errors, e => e.Contains("no state to resume from", StringComparison.Ordinal));
        Assert.False(File.Exists(Out("none.safetensors")));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
