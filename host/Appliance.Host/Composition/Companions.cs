using System.Diagnostics;

namespace Appliance.Host.Composition;

/// <summary>The console beside a run. If it dies the host trades on.</summary>
internal sealed class Companions(RunRequest request) : IDisposable
{
    private Process? _console;

    public void StartConsole() => _console = OwnExecutable.Start(["console", "--out", request.OutFolder]);

    /// <summary>Lets it show the last state and end by itself.</summary>
    public void WaitForConsole() => _console?.WaitForExit(3_000);

    public void Dispose()
    {
        if (_console is null) return;
        if (!_console.WaitForExit(1_000)) _console.Kill();
        _console.Dispose();
    }
}
