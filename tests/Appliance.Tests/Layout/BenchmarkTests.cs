using System.Diagnostics;

namespace Appliance.Tests.Layout;

/// <summary>Benchmarks time nothing here; they only must run.</summary>
public class BenchmarkTests
{
    [Fact]
    public async Task Every_benchmark_runs_small_and_its_answer_is_right()
    {
        // The build leaves it beside this program, under the same configuration and framework.
        string program = AppContext.BaseDirectory.Replace(Path.Combine("tests", "Appliance.Tests"), Path.Combine("perf", "Appliance.Perf")) + "Appliance.Perf.dll";
        Assert.True(File.Exists(program), $"{program} is not built: make build");
        using var process = Process.Start(new ProcessStartInfo("dotnet", [program, "check"]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        try { await process.WaitForExitAsync(patience.Token); }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail("the check still ran after five minutes");
        }
        Assert.True(process.ExitCode == 0, $"exit code {process.ExitCode}: {await output}{await errors}");
        Assert.Contains("every benchmark ran", await output);
    }
}
