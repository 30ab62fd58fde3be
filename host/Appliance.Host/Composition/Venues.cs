using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Appliance.Contract;
using Appliance.Fix;
using Appliance.Fix.QuickFix;
using Appliance.Flow;
using Appliance.Flow.Accounts;
using Appliance.Host.Configuration;
using Appliance.Host.Reports;
using Appliance.Ingest;
using Appliance.Ingest.Deep;
using Appliance.Ingest.Journal;
using Appliance.Ingest.Mold;
using Appliance.Ingest.Pcap;
using Appliance.Ingest.Soup;
using Appliance.Ingest.Udp;
using Appliance.Venue.Paper;
using Appliance.Venue.Statements;

namespace Appliance.Host.Composition;

/// <summary>
/// The outside of a run as the desk file names it: the embedded venue beside the host, a FIX venue, or paper fills from a capture. Makes the source and
/// the gateway, and asks for the statement at the end.
/// </summary>
internal sealed class Venues : IDisposable
{
    private readonly RunRequest _request;
    private readonly Desk _desk;
    private readonly List<string> _warnings;
    private readonly SequencedClock _time;
    private readonly bool _paper;
    private readonly OrderLog? _orderLog;
    private Process? _venue;
    private int _feedPort, _feedPortB, _fixPort, _recoveryPort, _venueId;
    private string? _statementFile, _session;
    private PaperVenue? _paperVenue;
    private IFixGatewayView? _fix;
    private TlsCompanion? _tls;

    public Venues(RunRequest request, List<string> warnings, SequencedClock time)
    {
        _time = time;
        _request = request;
        _desk = request.Desk;
        _warnings = warnings;
        if (request.Journal is not null) return;
        _paper = request.Capture is not null;
        _feedPort = request.FeedPort > 0 ? request.FeedPort : _desk.Feed.Port;
        (_feedPortB, _recoveryPort) = (_desk.Feed.Recovery.PortB, _desk.Feed.Recovery.Port);
        _fixPort = request.FixPort > 0 ? request.FixPort : _desk.Fix.Port;
        if (_paper) return;
        if (_desk.VenueKind == "paper")
            throw new BadInputException($"{_desk.File}: venue.kind: saw \"paper\", which fills from replayed market data; allowed with it is --capture FILE");
        if (_desk.Feed.Kind.StartsWith("binance", StringComparison.Ordinal) || _desk.Feed.Kind == "itch50-file")
            throw new BadInputException($"{_desk.File}: feed.kind: saw \"{_desk.Feed.Kind}\", which is played from a file; allowed with it is --capture FILE");
        if (IsEmbedded) SessionFolder.Delete(request.OutFolder, _desk.Fix);
        _session = SessionFolder.Open(request.OutFolder, _desk.Fix);
        _orderLog = new OrderLog(Path.Combine(_session, "orders.log"), request.Profile.OrderLogMegabytes * ((1 << 20) / 64), (uint)(default(HostUtcClock).NowUtcNs() / 1_000_000_000));
        // A rig that stands in for an embedded venue begins anew with each run; a venue of the world does not.
        if (_desk.VenueKind == "fix") Recovery = SessionRecovery.Of(_desk, _session, Path.Combine(request.OutFolder, "journals"), _orderLog);
        if (Recovery is null && _desk.VenueKind == "fix" && _orderLog.HadOrders) OpeningPositions.RequireStated(_desk, request.OpeningPositions, Path.Combine(_session, "orders.log"), _orderLog.CountOfEarlierRuns);
        if (IsEmbedded) StartEmbedded();
    }

    /// <summary>The epoch of this run's client order ids: from the order log, which never gives one twice. A capture's is always the first, so that two runs agree.</summary>
    public ulong OrderIdEpoch() => _orderLog?.Epoch ?? 1;

    /// <summary>Where the session with a venue of the world keeps what outlives a run; null without one.</summary>
    public string? SessionFolderOfVenue => _desk.VenueKind == "fix" ? _session : null;

    /// <summary>What an earlier run of the session left; null when none left a state, or none needs to be.</summary>
    public SessionRecovery? Recovery { get; }

    /// <summary>Writes down what this run begins with. From then on the earlier runs' records are not needed, and the log begins anew.</summary>
    public void RecordState(FlowOptions options)
    {
        if (_session is null || _desk.VenueKind != "fix" || (Recovery is null && _orderLog!.CountOfEarlierRuns > 0)) return;
        SessionRecovery.StateOf(_desk, options, Recovery?.Orders ?? [], _orderLog!.Epoch, Recovery?.NextIncoming ?? 0).Write(_session);
        if (Recovery is null) return;
        _orderLog.Forget();
        foreach (string line in Recovery.Describe()) Console.Error.WriteLine($"restart    {line}");
        _warnings.AddRange(Recovery.Problems);
    }

    /// <summary>Orders of an earlier run that may stand at the venue; while there are any, trading stays off.</summary>
    public IReadOnlyList<OrderLogRecord> MaybeSent { get; private set; } = [];

    // ---- the embedded venue -------------------------------------------------------------------------------------

    private bool IsEmbedded => _desk.VenueKind == "embedded" && _request.FixPort == 0;

    private void StartEmbedded()
    {
        string folder = Path.Combine(_request.OutFolder, "venue");
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(folder);
        string ready = Path.Combine(folder, "ready.json");
        _statementFile = Path.Combine(folder, "statement.json");
        if (_feedPort == 0) _feedPort = FreeUdpPort();
        if (_feedPortB == 0) _feedPortB = FreeUdpPort();
        _venue = OwnExecutable.Start(["venue", "--desk", _desk.File, "--out", folder, "--feed-port", _feedPort.ToString(), "--feed-port-b", _feedPortB.ToString(), "--fix-port", _fixPort.ToString(), "--companion-of", Environment.ProcessId.ToString(), .. _request.VenueArguments]);
        _venueId = _venue.Id;
        _fixPort = WaitForReady(ready);
    }

    /// <summary>The embedded venue ended by itself, and not because its own time was over: what remains of the run has no market. Cheap enough for each turn of the supervisor, and allocates nothing while the venue lives.</summary>
    public bool EmbeddedFailed => _venue is not null && Native.Linux.kill(_venueId, 0) != 0 && _venue.HasExited && _venue.ExitCode != 0;

    private int WaitForReady(string ready)
    {
        var waited = Stopwatch.StartNew();
        while (waited.Elapsed.TotalSeconds < 30)
        {
            if (File.Exists(ready))
            {
                using var json = JsonDocument.Parse(File.ReadAllText(ready));
                if (_recoveryPort == 0) _recoveryPort = json.RootElement.GetProperty("recoveryPort").GetInt32();
                return json.RootElement.GetProperty("fixPort").GetInt32();
            }
            if (_venue!.HasExited && _venue.ExitCode == ExitCode.BadInput) throw new BadInputException("the embedded venue did not start; what is wrong stands above");
            if (_venue.HasExited) throw new IOException($"the embedded venue ended with exit code {_venue.ExitCode} before it listened");
            Native.Linux.SleepMicroseconds(20_000);
        }
        throw new IOException("the embedded venue did not listen within 30 seconds");
    }

    private static int FreeUdpPort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    // ---- source and gateway -------------------------------------------------------------------------------------

    public ITickSource Source<TSink>(HardwareProfile profile, TSink sink, Func<bool> caughtUp, Threads.RunSwitches switches, IRing<RingEvent> ring) where TSink : struct, IEventSink
    {
        var symbols = new SymbolMap(_desk.Instruments);
        if (_request.SyntheticTicks > 0) return new Latency.SyntheticSource<TSink>(symbols, sink, switches, ring, _time, _request.SyntheticTicks, _request.SyntheticOrderEvery);
        if (_request.Capture is { } capture)
        {
            var staging = new EventStaging();
            var options = new CaptureOptions { Path = capture, Speed = _request.Speed, TimerPeriodMs = profile.TimerMilliseconds, Feed = new FeedOptions { BookStart = BookStart.Complete } };
            ITickSource inner;
            try { inner = CaptureOpener.Open(options, symbols, new StagingSink(staging), default(HostMonotonicClock)); }
            catch (CaptureFormatException e) { throw new BadInputException(e.Message); }
            return new PaperSource<TSink>(inner, staging, _paperVenue!, sink, caughtUp);
        }
        if (_desk.Feed.Kind == "itch50-soupbintcp") return SoupSource(symbols, sink);
        var udp = new UdpOptions { Group = _desk.Feed.Group, Port = _feedPort, Interface = _desk.Feed.Interface, ReceiveBufferBytes = profile.ReceiveBufferBytes, BusyPollMicroseconds = profile.BusyPollMicroseconds, BatchPackets = profile.PacketsPerPoll };
        if (_desk.Feed.Recovery is { IsOn: true } recovery && _desk.Feed.Kind == "itch50-moldudp64")
        {
            // A venue that somebody else started chose its ports itself: they must be told.
            if (recovery.HasServer && _recoveryPort == 0) throw new BadInputException($"{_desk.File}: feed.recoveryPort: saw 0, allowed is the re-request server's port (ready.json in the venue's folder says it) where the venue is not started by this run");
            if (recovery.HasSecondLine && _feedPortB == 0) throw new BadInputException($"{_desk.File}: feed.portB: saw 0, allowed is the second line's port where the venue is not started by this run");
            UdpOptions? second = recovery.HasSecondLine ? udp with { Group = recovery.GroupB, Port = _feedPortB, Interface = recovery.InterfaceB } : null;
            var server = recovery.HasServer ? new IPEndPoint(IPAddress.Parse(recovery.Host), _recoveryPort) : null;
            return new RecoveringUdpSource<TSink, HostMonotonicClock, HostUtcClock>(udp, second, server, recovery.Options with { HeldPackets = profile.HeldPackets }, symbols, new FeedOptions(), sink, default, default, _time);
        }
        return _desk.Feed.Kind == "iex-deep"
            ? new UdpSource<TSink, HostMonotonicClock, HostUtcClock, IexDeepDecoder>(udp, new IexDeepDecoder(symbols, new FeedOptions()), sink, default, default, _time)
            : new UdpSource<TSink, HostMonotonicClock, HostUtcClock, MoldItchDecoder>(udp, new MoldItchDecoder(symbols, new FeedOptions()), sink, default, default, _time);
    }

    private ITickSource SoupSource<TSink>(SymbolMap symbols, TSink sink) where TSink : struct, IEventSink
    {
        var options = new SoupOptions { Host = _desk.Feed.Host, Port = _feedPort, Username = _desk.Feed.UserName, Password = _desk.Feed.Password, Session = _desk.Feed.Session };
        try { return new SoupSource<TSink, HostMonotonicClock, HostUtcClock>(options, symbols, sink, default, default, _time); }
        catch (ArgumentException e) { throw new BadInputException($"{_desk.File}: feed: {e.Message}"); }
    }

    public IOrderGateway Gateway<TSink>(InstrumentDefinition[] instruments, FeeSchedule fees, TSink sink) where TSink : struct, IEventSink
    {
        if (_paper)
        {
            // The order is encoded as it would be, so that a paper run measures that stage too.
            var header = new FixHeaderTemplate(_desk.Fix.SenderCompId, _desk.Fix.TargetCompId, _desk.Fix.Microseconds, _desk.Fix.Version);
            var encoder = new OrderEncoder(header, new SymbolTable(instruments), _desk.Fix.Account, string.Concat(_desk.Fix.OrderTags.Select(t => $"{t.Tag}={t.Value}\u0001")));
            var buffer = GC.AllocateArray<byte>(1024, pinned: true);
            uint sequence = 0;
            int Encode(in ApprovedOrder order)
            {
                var intent = new OrderIntent
                {
                    Kind = order.Kind, Side = order.Side, TimeInForce = order.TimeInForce, Instrument = order.Instrument, Portfolio = order.Portfolio, PriceUnits = order.PriceUnits, QuantityUnits = order.QuantityUnits,
                    ClientOrderId = order.ClientOrderId, OriginalClientOrderId = order.OriginalClientOrderId, RingSequence = order.RingSequence, ReceivedNs = order.ReceivedNs, TimeUtcNs = order.TimeUtcNs,
                };
                return encoder.Encode(buffer, in intent, ++sequence, order.TimeUtcNs);
            }
            long latencyNs = Math.Max(1, _desk.Paper.LatencyMicroseconds * 1_000);
            return _paperVenue = new PaperVenue(instruments, new PaperOptions { OrderLatencyNs = latencyNs, ReportLatencyNs = latencyNs, Fees = fees }, Encode);
        }
        var transport = _desk.Fix.Transport;
        if (transport.Tls is not null && _request.Profile.GatewayImplementation != "quickfix") _tls = new TlsCompanion(transport, _session!);
        var options = new FixSessionOptions
        {
            BackupHosts = transport.BackupHosts, Proxy = _tls is null ? transport.Proxy : null, TlsCompanion = _tls?.SocketPath, ReconnectFirstMs = transport.ReconnectFirstMs, ReconnectMaxMs = transport.ReconnectLongestMs, ConnectTimeoutMs = transport.ConnectTimeoutMs,
            Host = _desk.Fix.Host, Port = _fixPort, SenderCompId = _desk.Fix.SenderCompId, TargetCompId = _desk.Fix.TargetCompId, Account = _desk.Fix.Account, HeartbeatSeconds = _desk.Fix.HeartbeatSeconds,
            ResetSequenceNumbersOnLogon = _desk.Fix.ResetOnLogon, LogonFields = [.. _desk.Fix.LogonTags.Select(t => new KeyValuePair<int, string>(t.Tag, t.Value))],
            Version = _desk.Fix.Version, Validation = _desk.Fix.Validation, Dictionaries = _desk.Fix.Dictionaries, Schedule = _desk.Fix.Schedule,
            ComputedLogonFields = _desk.Fix.LogonSignature, VenueRepeats = _desk.Fix.AsksForResends,
            HeaderFields = [.. _desk.Fix.HeaderTags.Select(t => new KeyValuePair<int, string>(t.Tag, t.Value))], OrderFields = [.. _desk.Fix.OrderTags.Select(t => new KeyValuePair<int, string>(t.Tag, t.Value))], UseNextExpectedSequence = _desk.Fix.UseNextExpectedSequence, TestSession = _desk.Fix.TestSession,
            ResendApplicationMessages = _desk.Fix.ResendMessages, ResendChunk = _desk.Fix.ResendChunk, SendingTimeToleranceSeconds = _desk.Fix.SendingTimeToleranceSeconds, Microseconds = _desk.Fix.Microseconds,
            Store = _request.Profile.FixStore, MessageLog = MessageLogOf(),
            // In memory nothing that is flushed would survive the power.
            StoreDirectory = _request.Profile.FixStore.Durability == StoreDurability.PageCache ? _session : SessionFolder.OnDisk(_request.OutFolder, _desk.Fix),
            // A venue that begins its numbers anew with each logon has nothing to repeat.
            NextIncomingAtMost = _desk.Fix.ResetOnLogon ? 0 : Recovery?.NextIncoming ?? 0,
        };
        if (options.Check() is { Count: > 0 } wrong) throw new BadInputException([.. wrong.Select(w => $"{_desk.File}: venue: {w}")]);
        FindMaybeSent(instruments);
        if (_request.Profile.GatewayImplementation == "quickfix")
        {
            if (QuickFixGateway.Unsupported(_desk).ToList() is { Count: > 0 } unsupported) throw new BadInputException(unsupported);
            _warnings.Add(QuickFixGateway.Waiver);
            var adapted = QuickFixAdapter.CreateGateway(QuickFixGateway.Options(options), instruments, sink, default(HostMonotonicClock), new QuickFixOrderRecord(_orderLog!), _time);
            _fix = new QuickFixGatewayView(adapted, options.Version);
            return adapted;
        }
        if (_desk.Fix.DropCopy is { } copy) DropCopy = Composition.DropCopy.Make(_desk, copy, options, _fixPort, instruments, _session!);
        var gateway = new FixOrderGateway<TSink, HostMonotonicClock>(options, instruments, sink, default, _orderLog, _time, DropCopy?.Tap);
        var view = new FixGatewayView<TSink>(gateway, options.Version);
        _fix = view;
        Watch = new SessionWatch(view, "session", options.TargetCompId, _tls is not null, options.Schedule, Console.Error.WriteLine);
        return gateway;
    }

    private MessageLogOptions? MessageLogOf() => _request.Profile.MessageLogMegabytes == 0 ? null : new()
    {
        Directory = Path.Combine(_request.OutFolder, "messages"), FileMegabytes = _request.Profile.MessageLogMegabytes, SecretTags = [.. SecretFields.Usual, .. _desk.Fix.SecretLogonTags],
    };

    /// <summary>Logged orders of earlier runs for which no journal holds a final answer.</summary>
    private void FindMaybeSent(InstrumentDefinition[] instruments)
    {
        if (_orderLog is null || _orderLog.CountOfEarlierRuns == 0 || Recovery is not null) return;
        var earlier = new EarlierOrders(_orderLog);
        string folder = Path.Combine(_request.OutFolder, "journals");
        foreach (string file in Directory.Exists(folder) ? Directory.GetFiles(folder, "*.journal") : [])
        {
            using var reader = JournalReader.TryOpen(file, out _);
            RingEvent e = default;
            while (reader is not null && reader.Read(ref e) == JournalRead.Event) earlier.See(ref e);
        }
        MaybeSent = earlier.MaybeSent();
        if (MaybeSent.Count == 0)
        {
            _orderLog.Forget();
            return;
        }
        // Said at once, for the operator has to settle them while the run waits, and again with the other warnings at its end.
        var lines = MaybeSent.Take(MaybeSentShown).Select(r => EarlierOrders.Describe(in r, instruments)).ToList();
        lines.Add($"{MaybeSent.Count} requests of an earlier run may stand at the venue; no new order until they are settled there and `appliance console --send resolved` says so");
        foreach (string line in lines) Console.Error.WriteLine($"warning    {line}");
        _warnings.AddRange(lines);
    }

    private const int MaybeSentShown = 20;

    /// <summary>The operator said that they are settled: the next start need not ask again.</summary>
    public void MarkResolved()
    {
        if (MaybeSent.Count > 0) _orderLog!.MarkEarlierResolved();
    }

    /// <summary>Why the order session is down, on the terminal; null where there is none, or an adapter's.</summary>
    public SessionWatch? Watch { get; private set; }

    /// <summary>The venue's copy of our executions; null where the desk has none.</summary>
    public DropCopy? DropCopy { get; private set; }

    /// <summary>Names of orders that the venue listed and nobody here knew.</summary>
    public FoundOrders? Found => _fix?.Found;

    public void ShutSockets() => _fix?.ShutdownNow();

    /// <summary>Logs out and waits for the answer, on the caller's thread, once the loops have ended.</summary>
    public void Logout()
    {
        if (_fix is null || !_fix.IsUp) return;
        var clock = default(HostMonotonicClock);
        var utc = default(HostUtcClock);
        _fix.Logout(clock.NowNs(), utc.NowUtcNs());
        long until = clock.NowNs() + 2_000_000_000;
        while (clock.NowNs() < until && _fix.State != FixSessionState.Disconnected)
        {
            _fix.Poll(clock.NowNs(), utc.NowUtcNs());
            Native.Linux.SleepMicroseconds(1_000);
        }
    }

    // ---- what the outside says at the end -----------------------------------------------------------------------

    /// <summary>Where orders go by FIX; null without such a session.</summary>
    public string? OrderSession => _fix is null ? null : $"{_desk.Fix.Host}:{_fixPort}";

    public IReadOnlyList<(string, string)> Facts(FlowCounters counters)
    {
        var facts = new List<(string, string)> { ("venue", _request.Journal is not null ? "journal" : _paper ? "paper" : _desk.VenueKind), ("sessionUps", counters.SessionUps.ToString()), ("sessionDowns", counters.SessionDowns.ToString()) };
        if (_fix is not null) facts.AddRange(_fix.Facts());
        if (Watch?.LastReason is { } reason) facts.Add(("lastReasonDown", reason));
        if (_tls is not null) facts.Add(("tlsCompanionRestarts", _tls.Restarts.ToString()));
        return facts;
    }

    public StatementCheck? Compare(Account account, InstrumentDefinition[] instruments)
    {
        string? file = _statementFile;
        if (_paper)
        {
            file = Path.Combine(_request.OutFolder, "paper-statement.json");
            StatementFile.Write(file, _paperVenue!.Ledger, "paper", "end", final: true, default(HostUtcClock).NowUtcNs());
        }
        else if (_venue is not null)
        {
            if (!_venue.HasExited) Native.Linux.kill(_venue.Id, 15);
            else if (EmbeddedFailed) _warnings.Add($"the embedded venue ended by itself in mid-run, with exit code {_venue.ExitCode}{(_venue.ExitCode > 128 ? $" (signal {_venue.ExitCode - 128})" : "")}: from then on there was no market, and there is no statement to compare with; what it said of it stands above");
            if (!_venue.WaitForExit(10_000)) _warnings.Add("the embedded venue did not end when asked to");
        }
        if (file is null) return null;
        if (!File.Exists(file)) return new StatementCheck(false, false, ["the venue left no statement"], file);
        return StatementReader.Compare(file, _paper ? "PAPER" : _desk.Fix.SenderCompId, account, instruments);
    }

    public void Dispose()
    {
        DropCopy?.Dispose();
        if (_venue is not null)
        {
            if (!_venue.HasExited)
            {
                Native.Linux.kill(_venue.Id, 15);
                if (!_venue.WaitForExit(3_000)) _venue.Kill();
            }
            _venue.Dispose();
        }
        _tls?.Dispose();
        _orderLog?.Dispose();
        // What an embedded venue knew of the session ended with it.
        if (IsEmbedded && _session is not null) SessionFolder.Delete(_request.OutFolder, _desk.Fix);
    }
}
