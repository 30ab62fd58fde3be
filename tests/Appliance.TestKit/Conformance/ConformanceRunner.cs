using System.Diagnostics;
using Appliance.Contract;
using Appliance.Fix;

namespace Appliance.TestKit.Conformance;

/// <summary>How one script ended; Reason is null when it passed.</summary>
public sealed record ScriptResult(string Name, string? Reason)
{
    public bool Passed => Reason is null;
}

/// <summary>
/// Runs acceptance scripts against this project's acceptor over TCP on loopback, each with an acceptor and stores of its own. The engine's clock is the runner's: by default
/// it is moved on only while a step waits and nothing arrives, so that a script of half a minute takes a fraction of a second and no slow machine fails one; in real time
/// it is the machine's.
/// </summary>
public sealed partial class ConformanceRunner
{
    private const long StepNs = 50_000_000, PatienceNs = 60_000_000_000, DisconnectPatienceNs = 15_000_000_000;
    private static readonly TimeSpan RealPerStep = TimeSpan.FromMilliseconds(0.5);

    private readonly FixDictionaries _dictionaries;
    private readonly bool _realTime;
    private readonly string _ownId;
    private readonly List<string> _peerIds;
    private readonly long _startRealNs = default(HostMonotonicClock).NowNs(), _startUtcNs = default(HostUtcClock).NowUtcNs();
    private long _virtualNs;

    /// <param name="scripts">All scripts of the run: the CompIDs of both sides are taken from what they expect.</param>
    public ConformanceRunner(FixDictionaries dictionaries, IReadOnlyList<ScriptFile> scripts, bool realTime = false)
    {
        _dictionaries = dictionaries;
        _realTime = realTime;
        var expected = scripts.SelectMany(s => s.Steps).Where(s => s.Action == ScriptAction.Expect).ToList();
        _ownId = expected.Select(s => ScriptFile.FieldOf(s.Text, 49)).OfType<string>().GroupBy(i => i).OrderByDescending(g => g.Count()).FirstOrDefault()?.Key
            ?? throw new ScriptException("no script expects a message, so nothing says what the acceptor's CompID is");
        _peerIds = [.. expected.Select(s => ScriptFile.FieldOf(s.Text, 56)).OfType<string>().Where(i => i.Length > 0).Distinct()];
    }

    private long NowNs => _realTime ? default(HostMonotonicClock).NowNs() - _startRealNs + 1 : _virtualNs + 1;
    private long UtcNs => _startUtcNs + NowNs;

    public ScriptResult Run(ScriptFile script)
    {
        Acceptor? acceptor = null;
        var options = new FixAcceptorOptions
        {
            CompId = _ownId, Counterparties = _peerIds, Versions = [_dictionaries.Version], Dictionaries = _ => _dictionaries, Microseconds = false, ResetSequenceNumbersOnLogon = true,
            Store = StoreOptions.OfMegabytes(1), Validation = new FixValidationOptions { Level = FixValidation.Full },
        };
        var application = new EchoApplication(_dictionaries, session => new Port(acceptor!.Sessions, session));
        using var sessions = new FixSessionAcceptor<EchoApplication>(options, application);
        acceptor = new Acceptor(sessions);
        var sockets = new Dictionary<int, ScriptSocket>();
        try
        {
            foreach (var step in script.Steps)
                if (Perform(step, sessions, sockets) is { } reason)
                    return new ScriptResult(script.Name, $"line {step.Line}: {reason}");
            return new ScriptResult(script.Name, null);
        }
        finally
        {
            foreach (var socket in sockets.Values) socket.Dispose();
        }
    }

    private string? Perform(ScriptStep step, FixSessionAcceptor<EchoApplication> sessions, Dictionary<int, ScriptSocket> sockets)
    {
        if (step.Action == ScriptAction.Connect)
        {
            if (sockets.Remove(step.Connection, out var old)) old.Dispose();
            sockets[step.Connection] = ScriptSocket.Connect(sessions.Port);
            return null;
        }
        if (step.Action == ScriptAction.ExpectConnect) return "the script waits for a connection of ours, and an acceptor makes none";
        if (!sockets.TryGetValue(step.Connection, out var socket)) return $"there is no connection {step.Connection}";
        switch (step.Action)
        {
            case ScriptAction.Disconnect:
                socket.Dispose();
                sockets.Remove(step.Connection);
                sessions.Poll(NowNs, UtcNs);
                return null;
            case ScriptAction.Send:
                return socket.Send(ScriptFile.Complete(step.Text, DateTime.UnixEpoch.AddTicks(UtcNs / 100))) ? null : "the connection was closed before this message could be sent";
            case ScriptAction.Expect:
                return Expect(step.Text, () => sessions.Poll(NowNs, UtcNs), socket);
            default:
                return ExpectDisconnect(() => sessions.Poll(NowNs, UtcNs), socket);
        }
    }

    internal string? Expect(string text, Action poll, ScriptSocket socket)
    {
        byte[]? message = null;
        bool sound = false;
        bool came = Wait(poll, socket, PatienceNs, () => (message = socket.Next(out sound)) is not null);
        if (!came || message is null) return socket.IsClosed ? $"disconnected; expected {text.Replace('\u0001', '|')}" : $"nothing came; expected {text.Replace('\u0001', '|')}";
        if (!sound) return $"what came is no sound message: {MessageComparison.Show(message)}";
        return MessageComparison.Difference(text, message) is { } difference ? $"{difference}\n      expected {text.Replace('\u0001', '|')}\n      received {MessageComparison.Show(message)}" : null;
    }

    internal string? ExpectDisconnect(Action poll, ScriptSocket socket)
    {
        bool over = Wait(poll, socket, DisconnectPatienceNs, () => socket.IsClosed || socket.HasData);
        if (socket.HasData) return $"expected the connection to end, and received {MessageComparison.Show(socket.Next(out _) ?? [])}";
        return over ? null : "the connection stays";
    }

    /// <summary>Polls the engine and reads the socket until the condition holds, the peer closes, or the patience is over, which is counted by the engine's clock.</summary>
    private bool Wait(Action poll, ScriptSocket socket, long patienceNs, Func<bool> done)
    {
        long until = NowNs + patienceNs, since = Stopwatch.GetTimestamp();
        while (true)
        {
            poll();
            socket.Read();
            if (done()) return true;
            if (socket.IsClosed || NowNs > until) return false;
            if (_realTime)
            {
                Thread.Yield();
            }
            else if (Stopwatch.GetElapsedTime(since) >= RealPerStep)
            {
                // Nothing is under way any more: time may pass.
                _virtualNs += StepNs;
                since = Stopwatch.GetTimestamp();
            }
        }
    }

    private sealed record Acceptor(FixSessionAcceptor<EchoApplication> Sessions);

    private sealed class Port(FixSessionAcceptor<EchoApplication> sessions, int session) : IEchoPort
    {
        public FixHeaderTemplate Header => sessions.Header(session);
        public long UtcNs => sessions.UtcNs;
        public Span<byte> NextBuffer(out uint sequence) => sessions.NextBuffer(session, out sequence);
        public void Send(int length, uint type) => sessions.Send(session, length, type);
    }
}
