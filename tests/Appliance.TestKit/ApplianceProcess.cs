using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Xunit;

namespace Appliance.TestKit;

/// <summary>
/// The built executable as a process of its own, as a user starts it: what it prints is kept, every wait is bounded, and nothing of it outlives the test.
/// </summary>
public sealed class ApplianceProcess : IDisposable
{
    public const int SignalHangUp = 1, SignalInterrupt = 2, SignalKill = 9, SignalUser1 = 10, SignalTerminate = 15;
    /// <summary>For a machine that is busy with other things: a bound for a broken test, not a measure.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(180);

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();

    private ApplianceProcess(string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "appliance.dll"));
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Keep(_output, line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(_errors, line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public int Id => _process.Id;
    public bool HasExited => _process.HasExited;
    public string Output { get { lock (_output) return _output.ToString(); } }
    public string Errors { get { lock (_errors) return _errors.ToString(); } }
    /// <summary>Non-empty lines of the error stream.</summary>
    public string[] ErrorLines => Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    public static ApplianceProcess Start(params string[] arguments) => new(arguments);

    /// <summary>Starts it and waits for its end.</summary>
    public static (int Code, string Output, string[] Errors) Run(params string[] arguments)
    {
        using var process = Start(arguments);
        int code = process.WaitForExit();
        return (code, process.Output, process.ErrorLines);
    }

    /// <returns>The exit code.</returns>
    public int WaitForExit()
    {
        if (!_process.WaitForExit(Patience)) Assert.Fail($"The process did not end within {Patience.TotalSeconds} s.\n{Output}\n{Errors}");
        // Without a bound it also waits for the last lines of output.
        _process.WaitForExit();
        return _process.ExitCode;
    }

    /// <summary>Waits, while the process lives, until the condition holds.</summary>
    public void WaitUntil(Func<bool> condition, string what)
    {
        var waited = Stopwatch.StartNew();
        while (!condition())
        {
            // What came about just before the end came about.
            if (_process.WaitForExit(10) && !condition()) Assert.Fail($"The process ended with {_process.ExitCode} before: {what}.\n{Output}\n{Errors}");
            if (waited.Elapsed > Patience) Assert.Fail($"After {Patience.TotalSeconds} s still not: {what}.\n{Output}\n{Errors}");
        }
    }

    public void Signal(int signal) => Assert.Equal(0, kill(_process.Id, signal));

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
        }
        _process.Dispose();
    }

    private static void Keep(StringBuilder into, string? line)
    {
        if (line is null) return;
        lock (into) into.AppendLine(line);
    }

    [DllImport("libc")] private static extern int kill(int process, int signal);
}
