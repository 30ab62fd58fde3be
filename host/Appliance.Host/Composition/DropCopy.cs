using System.Globalization;
using Appliance.Contract;
using Appliance.Fix;
using Appliance.Host.Configuration;
using Appliance.Host.Native;

namespace Appliance.Host.Composition;

/// <summary>
/// The venue's copy of our executions, read over a session of its own and held against our own record, on a thread of its own that sleeps between looks. It stands outside of the ring: what it finds
/// is counted, named and shown, and changes a decision only as a command of the ring, which <see cref="PauseWanted"/> asks the supervisor for.
/// </summary>
internal sealed class DropCopy : IWatchedSession, IDisposable
{
    private const int LookEveryMicroseconds = 1_000;
    /// <summary>How long the end of a run waits for copies that are under way.</summary>
    private const long EndWithinNs = 2_000_000_000;
    /// <summary>As many executions as the order session's thread may be ahead of this one.</summary>
    private const int TapCapacity = 1 << 14;

    private readonly InstrumentDefinition[] _instruments;
    private readonly DropCopySettings _settings;
    private readonly DropCopySession _session;
    private readonly TlsCompanion? _tls;
    private readonly Thread _thread;
    private int _ending;
    private long _paused;
    private int _named;

    private DropCopy(DropCopySettings settings, DropCopySession session, TlsCompanion? tls, SessionSchedule? schedule, ExecutionTap tap, InstrumentDefinition[] instruments)
    {
        (_settings, _session, _tls, Tap, _instruments) = (settings, session, tls, tap, instruments);
        Watch = new SessionWatch(this, "drop copy", settings.TargetCompId, tls is not null, schedule, Console.Error.WriteLine);
        _thread = new Thread(Run) { Name = "dropcopy", IsBackground = true };
    }

    /// <summary>Where the order session's executions go for the comparison.</summary>
    public ExecutionTap Tap { get; }
    public string? Failure { get; private set; }
    /// <summary>1 down, 2 up: what the board shows.</summary>
    public int State => _session.IsUp ? 2 : 1;
    public DropCopyCounters Counters => _session.Monitor.Counters;
    public bool IsUp => _session.IsUp;
    public string? LastConnectError => _session.LastConnectError;
    FixSessionCounters IWatchedSession.Counters => _session.SessionCounters;
    /// <summary>Why it is down, on the terminal.</summary>
    public SessionWatch Watch { get; }

    /// <param name="orders">The order session, as it will be opened.</param>
    /// <param name="sessionFolder">Where the order session keeps what outlives a run.</param>
    public static DropCopy Make(Desk desk, DropCopySettings settings, FixSessionOptions orders, int port, InstrumentDefinition[] instruments, string sessionFolder)
    {
        TransportSettings way = settings.Transport;
        TlsCompanion? tls = way.Tls is null ? null : new TlsCompanion(way, sessionFolder, ofCopy: true);
        try { return Make(desk, settings, orders, port, instruments, tls); }
        catch
        {
            tls?.Dispose();
            throw;
        }
    }

    private static DropCopy Make(Desk desk, DropCopySettings settings, FixSessionOptions orders, int port, InstrumentDefinition[] instruments, TlsCompanion? tls)
    {
        TransportSettings way = settings.Transport;
        var options = new FixSessionOptions
        {
            Index = 1, Host = settings.Host, Port = settings.Port > 0 ? settings.Port : port, SenderCompId = settings.SenderCompId, TargetCompId = settings.TargetCompId, Version = settings.Version,
            HeartbeatSeconds = settings.HeartbeatSeconds, ResetSequenceNumbersOnLogon = settings.ResetOnLogon, LogonFields = [.. settings.LogonTags.Select(t => new KeyValuePair<int, string>(t.Tag, t.Value))],
            ComputedLogonFields = settings.LogonSignature, HeaderFields = [.. settings.HeaderTags.Select(t => new KeyValuePair<int, string>(t.Tag, t.Value))], VenueRepeats = settings.AsksForResends,
            BackupHosts = way.BackupHosts, Proxy = tls is null ? way.Proxy : null, TlsCompanion = tls?.SocketPath, ReconnectFirstMs = way.ReconnectFirstMs, ReconnectMaxMs = way.ReconnectLongestMs, ConnectTimeoutMs = way.ConnectTimeoutMs,
            Schedule = orders.Schedule, SendingTimeToleranceSeconds = orders.SendingTimeToleranceSeconds, Microseconds = orders.Microseconds, Store = orders.Store, StoreDirectory = orders.StoreDirectory,
            ReconnectSeed = orders.ReconnectSeed + 1,
        };
        if (options.Check() is { Count: > 0 } wrong) throw new BadInputException([.. wrong.Select(w => $"{desk.File}: venue.dropCopy: {w}")]);
        long nowUtcNs = default(HostUtcClock).NowUtcNs();
        var copy = new DropCopyOptions
        {
            Account = settings.Account, MatchWithinNs = settings.MatchWithinMs * 1_000_000L, RecordBeginsUtcNs = Math.Min(nowUtcNs, orders.StorePath is { } path ? DropCopySession.BeginOf(path) : long.MaxValue),
        };
        var tap = new ExecutionTap(TapCapacity);
        // What earlier runs of both sessions were told stands in their stores, and nowhere else under the executions' own names.
        string? ours = orders.StorePath, theirs = options.StorePath;
        var monitor = new DropCopyMonitor(copy.Capacity, copy.MatchWithinNs);
        if (ours is not null && theirs is not null) DropCopySession.Seed(monitor, ours, theirs, copy, instruments, default(HostMonotonicClock).NowNs());
        return new DropCopy(settings, new DropCopySession(options, copy, instruments, tap, monitor), tls, orders.Schedule, tap, instruments);
    }

    public void Start() => _thread.Start();

    private void Run()
    {
        var clock = default(HostMonotonicClock);
        var utc = default(HostUtcClock);
        try
        {
            while (Volatile.Read(ref _ending) == 0)
            {
                _session.Poll(clock.NowNs(), utc.NowUtcNs());
                Linux.SleepMicroseconds(LookEveryMicroseconds);
            }
            long until = clock.NowNs() + EndWithinNs;
            while (clock.NowNs() < until && _session.IsUp && _session.Monitor.Counters.Pending > 0) Turn();
            if (_session.IsUp) _session.Logout();
            until = clock.NowNs() + EndWithinNs;
            while (clock.NowNs() < until && _session.State != FixSessionState.Disconnected) Turn();
        }
        catch (Exception e)
        {
            // Trading goes on without a second record; that there is none any more must be seen.
            Failure = e.ToString();
        }

        void Turn()
        {
            _session.Poll(clock.NowNs(), utc.NowUtcNs());
            Linux.SleepMicroseconds(LookEveryMicroseconds);
        }
    }

    /// <summary>Ends the session in order; the order session must have ended before, so that nothing new is awaited.</summary>
    public void End()
    {
        Volatile.Write(ref _ending, 1);
        if (_thread.IsAlive) _thread.Join((int)(3 * EndWithinNs / 1_000_000));
    }

    /// <summary>True once for each difference that is to pause trading.</summary>
    public bool PauseWanted()
    {
        long found = _session.Monitor.Differences;
        if (!_settings.Halts || found == _paused) return false;
        _paused = found;
        return true;
    }

    /// <summary>A line for each difference that was not named before; at most the first 64 are.</summary>
    public IEnumerable<string> News()
    {
        for (; _named < _session.Monitor.Found.Length; _named++) yield return Describe(in _session.Monitor.Found[_named]);
    }

    public bool HasNews => _named < _session.Monitor.Found.Length;

    private string Describe(in FoundDifference found) => found.Kind switch
    {
        CopyDifference.UnknownToUs => $"drop copy: {Words(in found.Copy)}, which the order session has not told us of",
        CopyDifference.MissingInCopy => $"drop copy: {Words(in found.Ours)} is not in the copy",
        _ => $"drop copy: {Words(in found.Ours)}; the copy has {Words(in found.Copy)}",
    };

    private string Words(in SeenExecution e)
    {
        InstrumentDefinition i = _instruments[e.Instrument];
        string what = e.Kind switch { ExecutionKind.TradeCancelled => "bust", ExecutionKind.TradeCorrected => "correction", _ => "fill" };
        return string.Create(CultureInfo.InvariantCulture, $"{what} {e.ExecutionId} of order {e.ClientOrderId}, {i.Symbol} {e.Side.ToString().ToLowerInvariant()} {(decimal)e.QuantityUnits / i.QuantityUnitsPerOne} at {(decimal)e.PriceUnits / i.PriceUnitsPerOne}");
    }

    /// <summary>For the report, in the order of its keys.</summary>
    public IReadOnlyList<(string, long)> Facts()
    {
        var c = Counters;
        var r = _session.Read;
        return
        [
            ("sessionUps", r.SessionUps), ("ours", c.Ours), ("copies", c.Copies), ("matched", c.Matched), ("unknownToUs", c.UnknownToUs), ("missingInCopy", c.MissingInCopy), ("disagreements", c.Disagreements),
            ("open", c.Open), ("resolvedLate", c.ResolvedLate), ("pending", c.Pending), ("repeated", c.Repeated), ("forgotten", c.Forgotten), ("recordLost", _session.Lost), ("beforeRecord", r.BeforeRecord),
            ("foreignAccounts", r.ForeignAccounts), ("unknownSymbols", r.UnknownSymbols), ("unreadable", r.Unreadable), ("otherReports", r.OtherReports), ("otherMessages", r.OtherMessages),
            .. _tls is null ? [] : ((string, long)[])[("tlsCompanionRestarts", _tls.Restarts)],
        ];
    }

    public IEnumerable<(string, long)> Alarms()
    {
        yield return ("dropCopyUnknownFills", Counters.UnknownToUs);
        yield return ("dropCopyMissingFills", Counters.MissingInCopy);
        yield return ("dropCopyDisagreements", Counters.Disagreements);
        yield return ("dropCopyRecordLost", _session.Lost + Counters.Forgotten);
    }

    public string? Problem => Failure is { } failure ? $"the drop copy is read no more: {failure}"
        : _session.Read.SessionUps == 0 ? $"the drop-copy session never came up ({Watch.LastReason ?? "no connection failed, no logon was answered"}); our record was held against nothing" : null;

    public void Dispose()
    {
        End();
        // A thread that did not end still uses them.
        if (!_thread.IsAlive) _session.Dispose();
        _tls?.Dispose();
    }
}
