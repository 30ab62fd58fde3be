using System.Text;
using System.Text.Json;
using Appliance.TestKit;

namespace Appliance.Tests.Compute;

/// <summary>`appliance greeks` as a user starts it: files, standard streams, exit codes.</summary>
public sealed class GreeksCommandTests : IDisposable
{
    private const string Row = "a,european,black-scholes,call,100,105,0.5,0.03,0.01,0.2,,,,,,,,,,,,,,,";
    private readonly string _folder = Directory.CreateTempSubdirectory("appliance-greeks-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_good_file_is_priced()
    {
        string results = PathOf("results.csv"), report = PathOf("report.json");
        var (code, text, errors) = ApplianceProcess.Run("greeks", "--in", Contracts(Row, Row), "--out", results, "--report", report);
        Assert.True(code == 0, string.Join('\n', errors));
        Assert.Contains("2 rows", text, StringComparison.Ordinal);
        Assert.Equal(3, File.ReadAllLines(results).Length);
        Assert.False(File.Exists(results + ".part"));
        using var json = JsonDocument.Parse(File.ReadAllText(report));
        Assert.Equal(2, json.RootElement.GetProperty("priced").GetInt64());
        Assert.Equal(2, json.RootElement.GetProperty("contracts").GetProperty("european").GetInt64());
        Assert.True(File.Exists(PathOf("report.html")));
    }

    [Fact]
    public void A_bad_row_makes_exit_code_one_and_standard_output_gets_all()
    {
        var (code, text, errors) = ApplianceProcess.Run("greeks", "--in", Contracts(Row, "b,nothing", Row), "--out", "-", "--backend", "scalar");
        Assert.Equal(1, code);
        string[] lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(4, lines.Length);
        Assert.EndsWith(",ok", lines[3].TrimEnd(), StringComparison.Ordinal);
        Assert.Contains(errors, line => line.Contains("1 of 3 rows were not priced", StringComparison.Ordinal) && line.Contains("line 3: the line has 2 fields", StringComparison.Ordinal));
    }

    [Fact]
    public void Bad_arguments_and_files_are_named_and_nothing_is_written()
    {
        string results = PathOf("results.csv");
        File.WriteAllText(PathOf("header.csv"), "id,contract\n");
        (string[] Arguments, string Reason)[] cases =
        [
            (["--in", PathOf("none.csv"), "--out", results], "there is no such file"),
            (["--in", PathOf("header.csv"), "--out", results], "missing columns model"),
            (["--in", _folder, "--out", results], "is a folder"),
            (["--in", Contracts(Row), "--out", results, "--backend", "abacus"], "abacus"),
            (["--in", Contracts(Row), "--out", Path.Combine(_folder, "no", "such", "folder.csv")], "cannot be written"),
            (["--in", Contracts(Row)], "--out"),
        ];
        foreach (var (arguments, reason) in cases)
        {
            var (code, _, errors) = ApplianceProcess.Run(["greeks", .. arguments]);
            Assert.True(code == 2, $"{string.Join(' ', arguments)}: {code}");
            Assert.Contains(errors, line => line.Contains(reason, StringComparison.Ordinal));
        }
        Assert.False(File.Exists(results));
        Assert.False(File.Exists(results + ".part"));
    }

    [Fact]
    public void A_full_disk_is_an_error_that_names_the_file()
    {
        var (code, _, errors) = ApplianceProcess.Run("greeks", "--in", Contracts(Row), "--out", "/dev/full");
        Assert.Equal(1, code);
        Assert.Contains(errors, line => line.Contains("/dev/full: not written", StringComparison.Ordinal));
    }

    [Fact]
    public void An_interruption_leaves_no_file()
    {
        // A pipe that nobody writes to any more, yet does not end: the process waits for its input when the signal comes.
        string results = PathOf("results.csv"), pipe = PathOf("pipe");
        using (var make = System.Diagnostics.Process.Start("mkfifo", pipe)) make.WaitForExit();
        using var process = ApplianceProcess.Start("greeks", "--in", pipe, "--out", results);
        using (var writer = new FileStream(pipe, FileMode.Open, FileAccess.Write))
        {
            writer.Write(Encoding.UTF8.GetBytes(GreeksStrictParser.Header + "\n" + string.Concat(Enumerable.Repeat(Row + "\n", 10_000))));
            writer.Flush();
            process.WaitUntil(() => File.Exists(results + ".part"), "the results are begun");
            process.Signal(ApplianceProcess.SignalInterrupt);
            Assert.Equal(130, process.WaitForExit());
        }
        Assert.False(File.Exists(results));
        Assert.False(File.Exists(results + ".part"));
    }

    private string PathOf(string name) => Path.Combine(_folder, name);

    private string Contracts(params string[] rows)
    {
        string path = PathOf($"contracts{Guid.NewGuid():N}.csv");
        File.WriteAllText(path, GreeksStrictParser.Header + "\n" + string.Join('\n', rows) + "\n");
        return path;
    }
}
