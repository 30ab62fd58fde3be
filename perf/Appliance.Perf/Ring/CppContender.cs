using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Appliance.Perf.Ring;

/// <summary>The C++ programs of perf/peers, one process a run.</summary>
public sealed class CppContender(int itemBytes, string folder, int cpuA, int cpuB) : Contender("C++ queue", cpuA, cpuB)
{
    public override double HopNs(int rounds) => RunPeer(folder, "spsc", "hop", itemBytes, rounds, HopCapacity, CpuA, CpuB);
    public override double ThroughputNs(long events) => RunPeer(folder, "spsc", "throughput", itemBytes, events, ThroughputCapacity, CpuA, CpuB);
    public double RawHopNs(int rounds) => RunPeer(folder, "raw_hop", rounds, CpuA, CpuB);

    /// <summary>perf/peers/bin, found from the program upwards; null where the peers have not been built (make peers).</summary>
    public static string? FindFolder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder != null; folder = folder.Parent)
        {
            string bin = Path.Combine(folder.FullName, "perf", "peers", "bin");
            if (File.Exists(Path.Combine(bin, "spsc")) && File.Exists(Path.Combine(bin, "raw_hop"))) return bin;
        }
        return null;
    }

    private static double RunPeer(string folder, string program, params object[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(folder, program)) { RedirectStandardOutput = true };
        foreach (object argument in arguments) start.ArgumentList.Add(Convert.ToString(argument, CultureInfo.InvariantCulture)!);
        using Process process = Process.Start(start)!;
        string line = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{program} ended with {process.ExitCode}: {line}");
        using JsonDocument answer = JsonDocument.Parse(line);
        return answer.RootElement.GetProperty("ns").GetDouble();
    }
}
