using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Appliance.Perf.Networks;

/// <summary>oneDNN in a process of its own, asked line by line, so that its primitives are made once.</summary>
internal sealed class DnnlPeer : IDisposable
{
    private readonly Process _process;

    private DnnlPeer(string program)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["OMP_NUM_THREADS"] = "1";
        _process = Process.Start(start)!;
    }

    /// <summary>Null where the peer has not been built (make peers, with oneDNN's headers).</summary>
    public static DnnlPeer? Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder != null; folder = folder.Parent)
        {
            string program = Path.Combine(folder.FullName, "perf", "peers", "bin", "dnnl_networks");
            if (File.Exists(program)) return new DnnlPeer(program);
        }
        return null;
    }

    public (double P50Ns, double P99Ns, float First) Run(string name, int iterations)
    {
        _process.StandardInput.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name} {iterations}"));
        _process.StandardInput.Flush();
        string line = _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException($"dnnl_networks ended at {name}");
        using JsonDocument answer = JsonDocument.Parse(line);
        JsonElement root = answer.RootElement;
        return (root.GetProperty("p50").GetDouble(), root.GetProperty("p99").GetDouble(), root.GetProperty("first").GetSingle());
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }
}
