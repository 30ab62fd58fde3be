using System.Runtime.InteropServices;
using System.Text.Json;
using Appliance.Contract;
using Appliance.Fix;
using Appliance.Venue.Statements;

namespace Appliance.Venue.Embedded;

/// <summary>Why a venue ended.</summary>
public enum VenueEnd : byte { None = 0, Duration, Stopped, Signal, ClientsGone }

/// <summary>
/// The embedded venue as a process runs it: the core with real sockets and clocks, one thread, sleeping between steps. Its options say when it opens and ends.
/// It may allocate (reports of sessions, statements): it lives in a companion process, never in the one that trades.
/// </summary>
public sealed class EmbeddedVenue : IDisposable
{
    private const long LogoutPatienceNs = 1_000_000_000;
    private const long LongestSleepNs = 1_000_000;

    private readonly VenueOptions _options;
    private readonly MulticastSender _feed;
    private readonly MulticastSender? _secondFeed;
    private readonly TapeHistory _history;
    private readonly FixAcceptor<VenueCore> _acceptor;
    private volatile VenueEnd _asked;
    private long _statementNs;

    public EmbeddedVenue(VenueOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        HostMonotonicClock monotonic = default;
        HostUtcClock utc = default;
        _feed = new MulticastSender(options.Group, options.GroupPort, options.Interface);
        _secondFeed = options.SecondGroup is { } second ? new MulticastSender(second, options.SecondGroupPort, options.SecondInterface) : null;
        _history = new TapeHistory(_secondFeed is null ? [_feed] : [_feed, _secondFeed], options.DropShare, options.Seed, options.Interface, options.RecoveryPort, options.HistoryBytesMax);
        Core = new VenueCore(options, _history, utc.NowUtcNs());
        _acceptor = new FixAcceptor<VenueCore>(options.Fix, options.Instruments.Select(i => i.Definition).ToArray(), Core);
        Core.Attach(_acceptor);
        Core.At(monotonic.NowNs(), utc.NowUtcNs());
        FixPort = options.Front?.Invoke(_acceptor.Port) ?? _acceptor.Port;
        if (options.ReadyFile is { } path) WriteReady(path);
    }

    public VenueCore Core { get; }
    /// <summary>The port that FIX clients connect to.</summary>
    public int FixPort { get; }
    /// <summary>Datagrams that the kernel did not take.</summary>
    public long RefusedDatagrams => _feed.Refused + (_secondFeed?.Refused ?? 0);
    /// <summary>The port that re-requests come to; 0 without a server.</summary>
    public int RecoveryPort => _history.Port;

    /// <summary>Asks a running venue to end; any thread.</summary>
    public void Stop() => _asked = VenueEnd.Stopped;

    /// <summary>Opens the market without waiting for a logon; the venue's own thread, or before Run.</summary>
    public void Open() => Core.Open(default(HostMonotonicClock).NowNs(), default(HostUtcClock).NowUtcNs());

    /// <summary>Runs until its duration is over, its clients are gone for long enough, SIGTERM or SIGINT comes, or Stop is called; then closes the market, logs clients out and writes the statement.</summary>
    /// <param name="handlesSignals">Whether SIGTERM and SIGINT end the venue in order; false leaves them to the caller.</param>
    public VenueEnd Run(bool handlesSignals = true)
    {
        using PosixSignalRegistration? terminate = handlesSignals ? PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal) : null;
        using PosixSignalRegistration? interrupt = handlesSignals ? PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal) : null;
        VenueEnd end;
        while (true)
        {
            long nextNs = Step();
            end = EndReason();
            if (end != VenueEnd.None) break;
            Idle(nextNs);
        }
        Finish(end);
        return end;
    }

    /// <summary>One turn of the loop; returns when there is more to do. For callers that bring their own loop.</summary>
    public long Step()
    {
        long nowNs = default(HostMonotonicClock).NowNs(), utcNs = default(HostUtcClock).NowUtcNs();
        Core.At(nowNs, utcNs);
        int handled = _acceptor.Poll(nowNs, utcNs) + _history.Serve();
        long next = Core.Advance(nowNs, utcNs);
        // The last statement stays the last, also when a caller goes on polling to see clients leave.
        if (_options.StatementFile is not null && !Core.IsClosed && (Core.StatementDue || (Core.IsOpen && nowNs - _statementNs > (long)(_options.StatementEverySeconds * 1e9))))
        {
            WriteStatement(Core.StatementDue ? "disconnect" : "periodic", final: false);
            Core.StatementDue = false;
            _statementNs = nowNs;
        }
        return handled > 0 ? nowNs : next;
    }

    /// <summary>Closes the market, tells clients, and writes the last statement.</summary>
    public void Finish(VenueEnd end)
    {
        HostMonotonicClock monotonic = default;
        HostUtcClock utc = default;
        Core.Close(monotonic.NowNs(), utc.NowUtcNs());
        // What the close has reported goes out before the logout that follows it.
        for (int session = 0; session < _acceptor.SessionCount; session++)
            if (_acceptor.IsUp(session)) _acceptor.Logout(session, "the market is closed"u8);
        long patienceNs = monotonic.NowNs() + LogoutPatienceNs;
        while (Core.SessionsUp > 0 && monotonic.NowNs() < patienceNs)
        {
            Core.At(monotonic.NowNs(), utc.NowUtcNs());
            if (_acceptor.Poll(monotonic.NowNs(), utc.NowUtcNs()) + _history.Serve() == 0) Idle(long.MaxValue);
        }
        WriteStatement(end switch { VenueEnd.Duration => "duration", VenueEnd.Signal => "signal", VenueEnd.ClientsGone => "clientsGone", _ => "stopped" }, final: true);
    }

    public void Dispose()
    {
        _acceptor.Dispose();
        Core.Dispose();
        _history.Dispose();
        _feed.Dispose();
        _secondFeed?.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        _asked = VenueEnd.Signal;
    }

    private VenueEnd EndReason()
    {
        if (_asked != VenueEnd.None) return _asked;
        long nowNs = default(HostMonotonicClock).NowNs();
        if (_options.DurationSeconds > 0 && Core.IsOpen && nowNs - Core.OpenedNs >= (long)(_options.DurationSeconds * 1e9)) return VenueEnd.Duration;
        if (_options.EndsWithoutClientsSeconds > 0 && Core.AloneSinceNs != 0 && nowNs - Core.AloneSinceNs >= (long)(_options.EndsWithoutClientsSeconds * 1e9))
            return VenueEnd.ClientsGone;
        return VenueEnd.None;
    }

    private void Idle(long nextNs)
    {
        long waitNs = Math.Min(nextNs - default(HostMonotonicClock).NowNs(), Math.Min(_options.IdleSleepMicros * 1_000L, LongestSleepNs));
        if (_options.IdleSleepMicros == 0) Thread.Yield();
        else if (waitNs > 0) SleepNs(waitNs);
    }

    private void WriteStatement(string reason, bool final)
    {
        if (_options.StatementFile is not { } path) return;
        StatementFile.Write(path, Core.Ledger, "embedded", reason, final, default(HostUtcClock).NowUtcNs(), json =>
        {
            json.WriteString("venue", _options.Fix.CompId);
            json.WriteNumber("seed", _options.Seed);
            json.WriteStartObject("tape");
            json.WriteString("moldSession", Core.MoldSessionName);
            json.WriteNumber("packets", Core.TapePackets);
            json.WriteNumber("messages", Core.TapeMessages);
            json.WriteNumber("transactions", Core.Transactions);
            json.WriteNumber("splitTransactions", Core.SplitTransactions);
            json.WriteNumber("refusedDatagrams", RefusedDatagrams);
            json.WriteNumber("droppedDatagrams", _history.Dropped);
            json.WriteNumber("recoveryRequests", _history.Requests);
            json.WriteNumber("recoveryAnswers", _history.Answered);
            json.WriteEndObject();
            json.WriteNumber("disconnects", Core.Disconnects);
        });
    }

    private void WriteReady(string path)
    {
        string beside = path + ".tmp";
        using (var stream = new FileStream(beside, FileMode.Create, FileAccess.Write))
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteNumber("fixPort", FixPort);
            json.WriteString("group", _options.Group);
            json.WriteNumber("groupPort", _options.GroupPort);
            json.WriteString("interface", _options.Interface);
            json.WriteNumber("recoveryPort", RecoveryPort);
            json.WriteString("moldSession", Core.MoldSessionName);
            json.WriteNumber("processId", Environment.ProcessId);
            json.WriteEndObject();
        }
        File.Move(beside, path, overwrite: true);
    }

    /// <summary>The runtime sleeps in whole milliseconds; a venue that shares two cores needs shorter naps.</summary>
    private static unsafe void SleepNs(long nanoseconds)
    {
        long* request = stackalloc long[2];
        request[0] = nanoseconds / 1_000_000_000;
        request[1] = nanoseconds % 1_000_000_000;
        // A signal may cut the nap short; the loop does not mind.
        _ = nanosleep(request, null);
    }

    [DllImport("libc")]
    private static extern unsafe int nanosleep(long* request, long* remaining);
}
