using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Appliance.Perf.Fix;

/// <summary>The programs of perf/peers/fix: QuickFIX C++, the venue that every contender talks to, and the floor.</summary>
internal static class FixPeers
{
    /// <summary>The compiled program, or null: make peers, for QuickFIX with Debian's libquickfix-dev.</summary>
    public static string? Find(string name)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder != null; folder = folder.Parent)
        {
            string program = Path.Combine(folder.FullName, "perf", "peers", "bin", name);
            if (File.Exists(program)) return program;
        }
        return null;
    }

    /// <summary>Runs a program that prints one line of JSON, on the given core (below zero: on any).</summary>
    public static JsonElement Run(string program, int cpu, params IEnumerable<object> arguments)
    {
        string[] words = [.. arguments.Select(a => string.Create(CultureInfo.InvariantCulture, $"{a}"))];
        var start = cpu < 0 ? new ProcessStartInfo(program, words) : new ProcessStartInfo("taskset", ["-c", cpu.ToString(CultureInfo.InvariantCulture), program, .. words]);
        start.RedirectStandardOutput = true;
        using Process process = Process.Start(start)!;
        string line = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{Path.GetFileName(program)} {string.Join(' ', words)} ended with {process.ExitCode}: {line}");
        using JsonDocument answer = JsonDocument.Parse(line);
        return answer.RootElement.Clone();
    }

    /// <summary>A folder for stores: in memory where there is such a file system, as the host's own session is, and the same for every contender.</summary>
    public static string StoreFolder() => Directory.CreateDirectory(Path.Combine(Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"appliance-perf-{Environment.ProcessId}-{Guid.NewGuid():N}")).FullName;
}

/// <summary>The venue of the round trip, a process of its own on a core of its own.</summary>
internal sealed class AckVenue : IDisposable
{
    private readonly Process _process;

    public AckVenue(string program, params string[] arguments)
    {
        _process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        string? line = _process.StandardOutput.ReadLine();
        Port = int.TryParse(line, CultureInfo.InvariantCulture, out int port) ? port : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} did not say its port");
    }

    public int Port { get; }

    public void Dispose()
    {
        // It ends with its connection; one that nobody connected to would wait for ever.
        if (!_process.WaitForExit(2_000)) _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
