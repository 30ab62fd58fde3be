using System.Diagnostics;
using System.Text;

namespace Appliance.Interop.JsPureFix;

/// <summary>Where jspurefix is: out/jspurefix of the checkout, put there by .ci/run, or the folder that APPLIANCE_JSPUREFIX names.</summary>
internal static class Installation
{
    public const string Version = "5.11.4";

    public static string Folder { get; } = Environment.GetEnvironmentVariable("APPLIANCE_JSPUREFIX") is { Length: > 0 } given ? given : Path.Combine(Checkout(), "out", "jspurefix");

    /// <summary>Why the tests cannot run here; null when they can.</summary>
    public static string? Absent { get; } =
        !File.Exists(Path.Combine(Folder, "node_modules", "jspurefix", "package.json")) ? $"jspurefix is not in {Folder}: npm install --prefix out/jspurefix --ignore-scripts jspurefix@{Version}"
        : Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(p => File.Exists(Path.Combine(p, "node"))) ? null : "node is not on the path";

    private static string Checkout()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
            if (File.Exists(Path.Combine(at.FullName, "Appliance.sln"))) return at.FullName;
        return AppContext.BaseDirectory;
    }
}

/// <summary>A fact that needs jspurefix, from npm, and is skipped, saying so, without it.</summary>
public sealed class JsPureFixFactAttribute : FactAttribute
{
    public JsPureFixFactAttribute() => Skip = Installation.Absent;
}

/// <summary>peer.js: an initiator or acceptor on jspurefix, started, killed without a warning, and started again over its own store.</summary>
internal sealed class JsPureFixPeer(string role, int port, string store) : IDisposable
{
    private readonly StringBuilder _output = new("\n");
    private Process? _process;

    public string Output
    {
        get
        {
            lock (_output) return _output.ToString();
        }
    }

    /// <summary>How often it said that.</summary>
    public int Count(string text) => Output.Split(text).Length - 1;

    /// <summary>The numbers that its next message and ours bear, as its store's file has them; null while there is none, or it is being written.</summary>
    public (uint Outgoing, uint Incoming)? StoredNumbers()
    {
        string[] numbers = Directory.GetFiles(store, "*.seqnums").Select(File.ReadAllText).FirstOrDefault("").Split(':');
        return numbers.Length == 2 && uint.TryParse(numbers[0].Trim(), out uint outgoing) && uint.TryParse(numbers[1].Trim(), out uint incoming) ? (outgoing, incoming) : null;
    }

    public void Start()
    {
        Directory.CreateDirectory(store);
        _process = Process.Start(new ProcessStartInfo("node", [Path.Combine(AppContext.BaseDirectory, "JsPureFix", "peer.js"), role, port.ToString(System.Globalization.CultureInfo.InvariantCulture), store])
        {
            WorkingDirectory = Installation.Folder, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true,
        })!;
        _process.OutputDataReceived += Keep;
        _process.ErrorDataReceived += Keep;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (_output) _output.Append(line.Data).Append('\n');
    }

    public void Say(string line)
    {
        _process!.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
    }

    public void Kill()
    {
        if (_process is null) return;
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _process = null;
    }

    public void Dispose() => Kill();
}
