using System.Diagnostics;
using Appliance.Lab.Backtest;
using Appliance.Lab.Baselines;
using Appliance.Lab.Export;
using Appliance.Lab.Hedging;
using Appliance.Lab.Markets;
using Appliance.Lab.Risk;
using Appliance.Lab.Specification;
using Appliance.Tests.Layout;

namespace Appliance.Tests.Lab;

/// <summary>Arrays out and in.</summary>
public sealed class ExportTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("export-").FullName;
    public void Dispose() => Directory.Delete(_folder, recursive: true);
    private string At(string name) => Path.Combine(_folder, name);

    private static LabSpecification Problem => BaselineTests.Cao with { Market = BaselineTests.Cao.Market with { Rate = 0.03 }, Hedges = [new HedgeSpecification { Costs = new CostSpecification { Proportional = 0.01, Fixed = 0.02, Quadratic = 0.001 } }] };

    [Fact]
    public void AnArrayComesBackAsItWent()
    {
        double[] values = [1.5, -2, double.Epsilon, 4e300, 5, 6];
        NpyFile.Write(At("a.npy"), values, 2, 3);
        var back = NpyFile.Read(At("a.npy"));
        Assert.Equal([2, 3], back.Shape);
        Assert.Equal(values, back.Values);
        // The data begin at a multiple of 64 bytes, as numpy wants for mapping.
        Assert.Equal(48, (new FileInfo(At("a.npy")).Length) % 64);
    }

    [Theory]
    [InlineData("text", "does not begin with the mark")]
    [InlineData("short", "says it holds 6 numbers, but 3 are there")]
    [InlineData("type", "has the type <i8; '<f8' and '<f4' are allowed")]
    [InlineData("order", "is in Fortran order")]
    public void ABadArrayIsAnswered(string what, string answer)
    {
        NpyFile.Write(At("a.npy"), [1, 2, 3, 4, 5, 6], 2, 3);
        byte[] bytes = File.ReadAllBytes(At("a.npy"));
        string header = System.Text.Encoding.Latin1.GetString(bytes);
        bytes = what switch
        {
            "text" => "1,2,3\n4,5,6\n"u8.ToArray(),
            "short" => bytes[..^24],
            "type" => System.Text.Encoding.Latin1.GetBytes(header.Replace("<f8", "<i8")),
            _ => System.Text.Encoding.Latin1.GetBytes(header.Replace("False", "True ")),
        };
        File.WriteAllBytes(At("b.npy"), bytes);
        Assert.Contains(answer, Assert.Throws<NpyFormatException>(() => NpyFile.Read(At("b.npy"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ExportedPathsReadBackGiveTheSameLosses()
    {
        var rule = BaselineFactory.Make(Problem, new StrategySpecification { Kind = PolicyArchitecture.Delta, Name = "delta" });
        Assert.Equal(500, EpisodeExport.Write(Problem, rule, 500, _folder, CancellationToken.None));
        double[] loss = NpyFile.Read(At("loss.npy")).Values, pnl = NpyFile.Read(At("pnl.npy")).Values;
        double premium = Premium.Of(Problem) * Math.Exp(0.03 * 0.08);
        for (int p = 0; p < 500; p++) Assert.Equal(premium - loss[p], pnl[p], 1e-12);
        var again = Problem with { Market = Problem.Market with { Model = MarketModel.Paths, DataFile = At("paths.npy"), HedgeVolatility = 0.2 } };
        var environment = new HedgingEnvironment(again, again.Evaluation.Seed);
        Assert.Equal(500, environment.Simulator.PathsAvailable);
        var rerun = PathRunner.Run(environment, [BaselineFactory.Make(again, new StrategySpecification { Kind = PolicyArchitecture.Delta, Name = "delta" })], 0, 500)[0];
        for (int p = 0; p < 500; p++) Assert.Equal(loss[p], rerun.Loss[p], 1e-6);
    }

    [Fact]
    public void PathsOfTheWrongShapeOrSignAreAnswered()
    {
        NpyFile.Write(At("p.npy"), [1, 2, 3, 4], 2, 2);
        var problem = Problem with { Market = Problem.Market with { Model = MarketModel.Paths, DataFile = At("p.npy") } };
        Assert.Contains("saw the shape (2, 2), allowed is (paths, 21)", Assert.Throws<MarketDataException>(() => new HedgingEnvironment(problem, 1)).Message, StringComparison.Ordinal);
        File.WriteAllText(At("p.csv"), string.Join('\n', Enumerable.Range(0, 3).Select(i => string.Join(',', Enumerable.Range(0, 21).Select(k => i == 2 && k == 7 ? "-4" : "100")))));
        problem = problem with { Market = problem.Market with { DataFile = At("p.csv") } };
        Assert.Contains("path 2, step 7: saw -4, allowed is a price above zero", Assert.Throws<MarketDataException>(() => new HedgingEnvironment(problem, 1)).Message, StringComparison.Ordinal);
    }

    [NumpyFact]
    public void NumpyAloneRecomputesTheRisk()
    {
        foreach (var kind in Enum.GetValues<ObjectiveKind>())
        {
            var s = Problem with { Objective = new ObjectiveSpecification { Kind = kind, RiskAversion = 0.2, Level = 0.9, K = 1, Weight = 0.4, Tau = 0.8, Wealth = 1000 } };
            EpisodeExport.Write(s, BaselineFactory.Make(s, new StrategySpecification { Kind = PolicyArchitecture.Delta, Name = "delta" }), 400, _folder, CancellationToken.None);
            double ours = RiskMeasure.Of(s.Objective, NpyFile.Read(At("loss.npy")).Values).Value;
            var (code, output) = Python(Path.Combine(Repository.Root, "docs/recompute_risk.py"), _folder);
            Assert.True(code == 0, output);
            string line = output.Split('\n').First(l => l.StartsWith("risk", StringComparison.Ordinal));
            Assert.Equal(ours, double.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture), 1e-8 * Math.Abs(ours));
        }
    }

    /// <summary>docs/recompute_risk.py finds in this folder the losses that are written there; where there is no numpy it is not asked.</summary>
    internal static void NumpyAgrees(string folder)
    {
        if (Python("-c", "import numpy").Code != 0) return;
        var (code, output) = Python(Path.Combine(Repository.Root, "docs/recompute_risk.py"), folder);
        Assert.True(code == 0, output);
    }

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class NumpyFactAttribute : FactAttribute
    {
        public NumpyFactAttribute()
        {
            if (Python("-c", "import numpy").Code != 0) Skip = "python3 with numpy is not here (Debian: python3-numpy)";
        }
    }

    private static (int Code, string Output) Python(params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(File.Exists("/usr/bin/python3") ? "/usr/bin/python3" : "python3", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            string output = process.StandardOutput.ReadToEnd() + process.StandardError.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, output);
        }
        catch (System.ComponentModel.Win32Exception) { return (127, "there is no python3"); }
    }
}
