using System.Diagnostics;
using System.Text;
using Appliance.Fix;
using Appliance.TestKit;

namespace Appliance.Interop;

/// <summary>Where Debian puts the prebuilt examples.</summary>
internal static class QuickFixExamples
{
    private const string Folder = "/usr/share/doc/libquickfix-doc/examples";

    public static string Archive(string name) => $"{Folder}/{name}/C++/.libs/{name}.gz" is var nested && File.Exists(nested) ? nested : $"{Folder}/{name}/.libs/{name}.gz";
}

/// <summary>A fact that needs one of Debian's prebuilt QuickFIX examples (packages libquickfix-doc and libquickfix17) and is skipped, saying so, without it.</summary>
public sealed class QuickFixFactAttribute : FactAttribute
{
    public QuickFixFactAttribute(string program)
    {
        if (!File.Exists(QuickFixExamples.Archive(program))) Skip = $"{QuickFixExamples.Archive(program)} is absent: install libquickfix-doc and libquickfix17";
    }
}

/// <summary>A theory that needs one of Debian's prebuilt QuickFIX examples.</summary>
public sealed class QuickFixTheoryAttribute : TheoryAttribute
{
    public QuickFixTheoryAttribute(string program)
    {
        if (!File.Exists(QuickFixExamples.Archive(program))) Skip = $"{QuickFixExamples.Archive(program)} is absent: install libquickfix-doc and libquickfix17";
    }
}

/// <summary>One of QuickFIX's example programs: unpacked, started, killed without a warning, started again over its own store. Prompts are answered by their text.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
internal sealed class QuickFixProgram
{
    private readonly string _program, _settings;
    private readonly StringBuilder _output = new();
    private Process? _process;
    private int _answered;

    public QuickFixProgram(string name, string folder, string settings)
    {
        _program = Path.Combine(folder, name);
        _settings = Path.Combine(folder, $"{name}.cfg");
        // Unpacked by another process: written in this one, a child started meanwhile would hold the file open for writing, and the kernel starts no such file (ETXTBSY).
        using (var unpack = Process.Start("sh", ["-c", "gzip -dc \"$1\" > \"$2\"", "sh", QuickFixExamples.Archive(name), _program]))
        {
            unpack.WaitForExit();
            if (unpack.ExitCode != 0) throw new IOException($"{QuickFixExamples.Archive(name)} could not be unpacked");
        }
        File.SetUnixFileMode(_program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.WriteAllText(_settings, settings);
    }

    /// <summary>What to answer to a prompt, by its text; a queue that is empty leaves the prompt waiting.</summary>
    public Dictionary<string, Queue<string>> Answers { get; } = [];

    public string Output
    {
        get
        {
            lock (_output) return _output.ToString();
        }
    }

    public void Start()
    {
        _answered = Output.Length;
        _process = Process.Start(new ProcessStartInfo(_program, _settings) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true })!;
        var reader = new Thread(Read) { IsBackground = true };
        reader.Start(_process);
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginErrorReadLine();
    }

    private void Read(object? process)
    {
        var from = ((Process)process!).StandardOutput;
        char[] chunk = new char[4096];
        int got;
        while ((got = from.Read(chunk)) > 0)
            lock (_output) _output.Append(chunk, 0, got);
    }

    /// <summary>Answers the first prompt not answered yet, if an answer to it is there. Log lines may stand behind it: the program writes them from another thread.</summary>
    public void Answer()
    {
        string text = Output;
        int at = text.Length;
        string? next = null;
        foreach (string prompt in Answers.Keys)
        {
            int found = text.IndexOf(prompt, _answered, StringComparison.Ordinal);
            if (found >= 0 && found < at) (at, next) = (found, prompt);
        }
        if (next is null || !Answers[next].TryDequeue(out string? answer)) return;
        _answered = at + next.Length;
        _process!.StandardInput.WriteLine(answer);
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

    public static string Acceptor(string folder, int port, FixVersion version, string own, string peer) => $"""
        [DEFAULT]
        ConnectionType=acceptor
        SocketAcceptPort={port}
        SocketReuseAddress=Y
        {Common(folder)}

        [SESSION]
        {Session(version, own, peer)}

        """;

    public static string Initiator(string folder, int port, FixVersion version, string own, string peer) => $"""
        [DEFAULT]
        ConnectionType=initiator
        SocketConnectHost=127.0.0.1
        SocketConnectPort={port}
        ReconnectInterval=1
        HeartBtInt=10
        {Common(folder)}

        [SESSION]
        {Session(version, own, peer)}

        """;

    private static string Common(string folder) => $"""
        StartTime=00:00:00
        EndTime=00:00:00
        FileStorePath={folder}/store
        FileLogPath={folder}/log
        """;

    private static string Session(FixVersion version, string own, string peer)
    {
        // With the dictionary QuickFIX also checks every field of ours.
        string file = $"fix/{version.Name.Replace(".", "", StringComparison.Ordinal)}.xml";
        string dictionary = !version.IsFixt && SharedData.TryFind(file, out string path) ? $"UseDataDictionary=Y\nDataDictionary={path}" : "UseDataDictionary=N";
        return $"BeginString={version.BeginString}\nSenderCompID={own}\nTargetCompID={peer}\n{(version.IsFixt ? $"DefaultApplVerID={version.Name}\n" : "")}{dictionary}";
    }
}
