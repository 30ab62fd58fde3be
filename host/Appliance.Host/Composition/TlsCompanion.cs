using System.Diagnostics;
using Appliance.Host.Configuration;

namespace Appliance.Host.Composition;

/// <summary>
/// The process beside the host that speaks TLS with the venue, and the thread that starts it again whenever it ends. While it is away the session is down, as with any lost connection,
/// and the gateway's connector goes on asking for it. The host allocates for it only at such an end, when it cannot trade anyway.
/// </summary>
internal sealed class TlsCompanion : IDisposable
{
    private const int FirstPauseMs = 100, LongestPauseMs = 5_000, StartWithinMs = 60_000;

    private readonly string[] _arguments;
    private readonly string _whose, _meanwhile;
    private readonly Thread _watching;
    private readonly ManualResetEventSlim _stopping = new();
    private volatile Process _process;
    private int _restarts;

    /// <summary>Starts it and waits until it listens.</summary>
    /// <param name="ofCopy">Whether it is the drop copy's, and not the order session's.</param>
    public TlsCompanion(TransportSettings transport, string sessionFolder, bool ofCopy = false)
    {
        (_whose, _meanwhile) = ofCopy ? ("the drop copy's TLS companion", "no copy is read") : ("the TLS companion", "no order leaves");
        SocketPath = Path.Combine(sessionFolder, ofCopy ? "tls-copy.sock" : "tls.sock");
        _arguments = [.. Arguments(transport, SocketPath)];
        File.Delete(SocketPath);
        _process = OwnExecutable.Start(_arguments);
        var waited = Stopwatch.StartNew();
        while (!File.Exists(SocketPath))
        {
            if (_process.HasExited) throw new IOException($"{_whose} ended with exit code {_process.ExitCode} before it listened; what it said stands above");
            if (waited.ElapsedMilliseconds > StartWithinMs)
            {
                _process.Kill();
                throw new IOException($"{_whose} did not listen at {SocketPath} within {StartWithinMs / 1000} seconds");
            }
            Native.Linux.SleepMicroseconds(5_000);
        }
        // Started by the thread that keeps off the spinning cores, so that the companions it starts do, too.
        _watching = new Thread(Watch) { IsBackground = true, Name = "tls-companion" };
        _watching.Start();
    }

    public string SocketPath { get; }
    /// <summary>How often it was started again.</summary>
    public int Restarts => Volatile.Read(ref _restarts);

    private static IEnumerable<string> Arguments(TransportSettings transport, string socket)
    {
        TlsSettings tls = transport.Tls!;
        foreach (string argument in new[] { "tls", "connect", "--socket", socket, "--timeout-ms", transport.ConnectTimeoutMs.ToString(), "--keys-of", tls.Path, "--companion-of", Environment.ProcessId.ToString() }) yield return argument;
        foreach (var (option, value) in tls.Pins.Select(p => ("--pin", p)).Concat(
        [
            ("--authority", tls.AuthorityFile ?? ""), ("--server-name", tls.ServerName), ("--certificate", tls.Identity?.CertificateFile ?? ""), ("--key", tls.Identity?.KeyFile ?? ""),
            ("--key-password-file", tls.Identity?.PasswordFile ?? ""), ("--proxy", transport.Proxy?.ToString() ?? ""),
        ]))
        {
            if (value == "") continue;
            yield return option;
            yield return value;
        }
    }

    private void Watch()
    {
        int pauseMs = FirstPauseMs;
        while (true)
        {
            var waited = Stopwatch.StartNew();
            _process.WaitForExit();
            if (_stopping.IsSet) return;
            // One that lived for a while is a new case.
            if (waited.ElapsedMilliseconds > 60_000) pauseMs = FirstPauseMs;
            Console.Error.WriteLine($"warning    {_whose} ended with exit code {_process.ExitCode}: {_meanwhile} until it is back; it is started again in {pauseMs} ms");
            if (_stopping.Wait(pauseMs)) return;
            pauseMs = Math.Min(LongestPauseMs, pauseMs * 2);
            _process.Dispose();
            _process = OwnExecutable.Start(_arguments);
            Interlocked.Increment(ref _restarts);
        }
    }

    public void Dispose()
    {
        _stopping.Set();
        try
        {
            if (!_process.HasExited)
            {
                Native.Linux.kill(_process.Id, 15);
                if (!_process.WaitForExit(3_000)) _process.Kill();
            }
        }
        catch (InvalidOperationException) { } // Between two companions: the watching thread finds the flag.
        _watching.Join(1_000);
        if (!_process.HasExited) _process.Kill();
        _process.Dispose();
        File.Delete(SocketPath);
    }
}
