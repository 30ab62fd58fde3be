using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Appliance.Contract;
using Appliance.Flow;
using Appliance.Host.Board;
using Appliance.Host.Configuration;
using Appliance.Host.Native;
using Appliance.Host.Reports;
using Appliance.Host.Threads;
using Appliance.Ingest.Journal;
using Appliance.Ring;
using Appliance.Ring.Disruptor;
using Appliance.Risk;

namespace Appliance.Host.Composition;

/// <summary>
/// One run of the host process, from checked files to a report: composes the stages, starts the threads that the topology wants, supervises them, ends
/// them in order. Read <see cref="Execute"/> from top to bottom.
/// </summary>
internal sealed partial class HostRun : IDisposable
{
    private readonly RunRequest _request;
    private readonly HardwareProfile _profile;
    private readonly Desk _desk;
    private readonly List<string> _warnings = [];
    private readonly List<HotThread> _threads = [];
    private readonly List<ThreadMeter> _meters = [];
    private readonly StageLatency _latency = new(1_000_000_000);
    private readonly StageLatency _gatewayLatency = new(1_000_000_000);
    private readonly RunSwitches _switches = new();
    private readonly OutFolderLock _lock;
    private readonly SequencedClock _time = SequencedClock.Start(default(HostMonotonicClock), default(HostUtcClock));
    private readonly SharedBoard _board;
    private readonly SignalHandlers _signals;
    private readonly Venues _venue;
    private readonly CommandSlot _commands = new();
    private Operators? _operators;
    private UnknownOrders _unknownOrders = null!;
    private DayResult? _day;
    private Action _publishOpening = () => { };

    private FlowOptions _options = null!;
    private Flow<HostMonotonicClock> _flow = null!;
    private IComputeBackend? _compute;
    private IRing<RingEvent> _ring = null!;
    private ITickSource _source = null!;
    private IOrderGateway _gateway = null!;
    private JournalWriter? _journal;
    private JournalReader? _replayed;
    private string? _journalPath;
    private Companions? _companions;
    private bool _replayDiffers, _ordersLeft;
    private Func<(long Sent, long Unsent)> _sendCounts = () => (0, 0);

    private HostRun(RunRequest request)
    {
        Linux.IgnoreFileSizeSignal();
        _request = request;
        _profile = request.Profile;
        _desk = request.Desk;
        Commands.OutputPlace.RequireFolder("--out", request.OutFolder);
        Commands.OutputPlace.RequireReport(request.Report);
        _lock = OutFolderLock.Take(request.OutFolder);
        // A forgotten kill file would end the run before its first order.
        if (!IsReplay && File.Exists(KillFile)) throw new BadInputException($"{KillFile}: a kill is standing; remove the file to trade again");
        _signals = ListenToSignals();
        _board = SharedBoard.Create(Commands.ConsoleCommand.BoardPath(request.OutFolder));
        if (Volatile.Read(ref _killAsked) != 0) _board.Kill.Set();
        KeepOffSpinningCores();
        _venue = new Venues(request, _warnings, _time);
    }

    /// <summary>This thread supervises, and starts the companions and the threads that no profile places: none of them is to share the core of one that spins.</summary>
    private void KeepOffSpinningCores()
    {
        int[] spinning = [.. new[] { _profile.Hot, _profile.Decide, _profile.Gateway }.Where(t => t.Core >= 0 && t.Wait == RingWait.BusySpin).Select(t => t.Core)];
        if (IsLive && spinning.Length > 0 && Linux.KeepThisThreadOff(spinning) is not 0 and int errno)
            _warnings.Add($"the supervisor may share the cores of hot threads: {Linux.Message(errno)}");
    }

    /// <returns>The exit code.</returns>
    public static int Execute(RunRequest request, out RunResult? result)
    {
        result = null;
        using var run = new HostRun(request);
        try { run.Compose(); }
        catch (IOException) when (Volatile.Read(ref run._signal) == (int)PosixSignal.SIGINT)
        {
            // Ctrl-C reaches the whole process group, and so a venue that has only just been started and does not listen to signals yet.
            return ExitCode.Interrupted;
        }
        using var companions = run._companions = run.StartCompanions();
        run.StartThreads();
        int code = run.Supervise();
        if (!run.EndThreads()) run.EndProcess();
        run.LogOut();
        run._venue.DropCopy?.End();
        if (run._flow.Counters.OrdersResolved > 0) run._venue.MarkResolved();
        result = run.Collect();
        return run.Conclude(result, code);
    }

    /// <summary>A thread that cannot be ended still uses the ring, the board and the stores: what is known is reported, and the process ends with all of them in place.</summary>
    [DoesNotReturn]
    private void EndProcess()
    {
        try
        {
            LogOut();
            Conclude(Collect(), ExitCode.Failed);
        }
        catch (Exception e) { Console.Error.WriteLine($"error      the report could not be made: {e.Message}"); }
        Environment.Exit(ExitCode.Failed);
    }

    // ---- composition --------------------------------------------------------------------------------------------

    private bool IsReplay => _request.Journal is not null;
    private bool IsLive => _request.Capture is null && !IsReplay;

    private void Compose()
    {
        if (_request.Journal is { } journal)
            _replayed = JournalReader.TryOpen(journal, out string? problem) ?? throw new BadInputException(problem ?? $"{journal}: cannot be read");
        ulong epoch = _replayed?.Header.OrderIdEpoch ?? _venue.OrderIdEpoch();
        var options = DeskComposer.Flow(_desk, _profile, epoch);
        if (_venue.Recovery is { } recovery) options = recovery.Apply(options);
        _options = _replayed is null ? OpeningPositions.Stated(options, _request.OpeningPositions) : OpeningPositions.Recorded(options, _replayed.Header.OpeningPositions);
        if (_profile.LockMemory && Linux.LockAllMemory() is not 0 and int errno)
            _warnings.Add($"memory is not locked: {Linux.Message(errno)}");

        if (_profile.RingImplementation == "disruptor") ComposeOver(new PortRing(DisruptorAdapter.CreateRing<RingEvent>(new DisruptorRingOptions { Capacity = _profile.RingCapacity, ManyProducers = _profile.Topology != Topology.Fused, AllowsParking = _profile.Hot.Wait == RingWait.Parking || _profile.Decide.Wait == RingWait.Parking || _profile.Journal.Wait == RingWait.Parking })));
        else if (_profile.Topology == Topology.Fused) ComposeOver(new SingleRing(Embedded(RingProducers.Single)));
        else ComposeOver(new SharedRing(Embedded(RingProducers.Multiple)));
    }

    private EmbeddedRing<RingEvent> Embedded(RingProducers producers) => new(new RingOptions { Capacity = _profile.RingCapacity, Producers = producers, SleepUsPerSlice = _profile.JournalPauseMicroseconds });

    /// <summary>The same composition over any kind of ring: the type parameters let the JIT see through sink and reader.</summary>
    private void ComposeOver<TSink, TReader>(RingKind<TSink, TReader> kind) where TSink : struct, IEventSink where TReader : struct, IRingReader<RingEvent>
    {
        _ring = kind.Ring;
        var journalReader = _request.WriteJournal && !IsReplay ? kind.AddPlainReader("journal", _profile.Journal.Wait) : null;
        var decideReader = kind.AddReader("decide", (_profile.Topology == Topology.Fused ? _profile.Hot : _profile.Decide).Wait);
        kind.Freeze();
        if (journalReader is not null) _journal = StartJournal(journalReader);

        // Each producer leaves room to those behind it: the source to the ingest loop's own events, these to the venue's answers, these to what the deciding thread says itself.
        // Fused has one producing thread; there a kill comes last, for it must find room when answers have filled the rest.
        const int own = IngestLoop<TSink>.OwnRoom;
        long reserve = _profile.RingCapacity / 16;
        var (sourceReserve, loopReserve, gatewayReserve) = _profile.Topology switch
        {
            Topology.Fused => (2L * own, 0L, (long)own),
            Topology.Paired => (reserve, reserve - own, 0L),
            _ => (reserve, reserve - own, reserve / 2),
        };
        var sourceSink = kind.NewSink(sourceReserve);
        var gatewaySink = kind.NewSink(gatewayReserve);
        var kill = _board.Kill;
        OrderRing? orderRing = _profile.Topology == Topology.Staged ? new OrderRing(_profile.Gateway.Wait) : null;
        Func<bool> caughtUp = orderRing is null
            ? () => _switches.DecidedSequence >= _ring.Cursor
            : () => _switches.DecidedSequence >= _ring.Cursor && orderRing.IsDrained;
        _gateway = IsReplay ? new NoGateway() : _venue.Gateway(_desk.Instruments, DeskComposer.Fees(_desk), gatewaySink);
        _source = _replayed is not null
            ? new JournalSource<TSink>(_replayed, new JournalSourceOptions(_request.Speed), sourceSink)
            : _venue.Source(_profile, sourceSink, caughtUp, _switches, _ring);
        CheckRoom();

        var sender = new OrderSender<TSink>(_gateway, kill, gatewaySink);
        OrderSender<TSink>? early = orderRing is null ? null : new OrderSender<TSink>(orderRing, kill, kind.NewSink(0));
        IOrderOut orderOut = IsReplay ? new NoOrderOut() : early ?? sender;
        _sendCounts = () => (sender.Sent, sender.Unsent + (early?.Unsent ?? 0));
        _compute = DeskComposer.Backend(_profile);
        _unknownOrders = new UnknownOrders(_desk.Instruments);
        _flow = new Flow<HostMonotonicClock>(_options, _compute, orderOut, _latency);
        if (IsReplay || _desk.VenueKind == "paper") _switches.Measuring = true;

        var opening = new List<RingEvent>();
        if (!IsReplay)
        {
            _operators = new Operators(_desk, _flow.Gate, new AuditLog(Path.Combine(_request.OutFolder, "audit.log")), _commands, _switches, () => _venue.Found, _board.Kill);
            // A capture is played as its files say, so that two runs of it agree.
            RingEvent[] changed = _operators.Restore(_warnings);
            if (IsLive) opening.AddRange(changed);
            opening.AddRange(_venue.Recovery?.Orders ?? []);
            _venue.RecordState(_options);
            if (_venue.SessionFolderOfVenue is { } session)
            {
                _day = new DayResult(session, default(HostUtcClock).NowUtcNs());
                if (_day.CarriedPnl != 0)
                {
                    ControlEvent carried = CommandSlot.Make(OperatorCommand.CarryPnl, value: _day.CarriedPnl);
                    opening.Add(System.Runtime.CompilerServices.Unsafe.As<ControlEvent, RingEvent>(ref carried));
                }
            }
        }
        var ingest = new IngestLoop<TSink>(_source, kind.NewSink(loopReserve), _ring, _journal?.Status, kill, _board, _switches, _time, new IngestOptions
        {
            PacketsPerPoll = _profile.PacketsPerPoll, TimerNs = _profile.TimerMilliseconds * 1_000_000L, IsLive = IsLive, IsReplay = IsReplay,
            UnresolvedOrders = _venue.MaybeSent.Count, Opening = [.. opening], Commands = _commands, JournalLagEvents = (long)(_profile.JournalLagRingShare * _profile.RingCapacity), OverloadEvents = (long)(_profile.OverloadRingShare * _profile.RingCapacity),
        });
        if (opening.Count > _profile.RingCapacity / 4)
            throw new BadInputException($"{_profile.File}: ring.capacity: saw {_profile.RingCapacity}, but the run begins with {opening.Count} events (orders of an earlier run, changed limits); allowed is at least four times as many");
        _publishOpening = ingest.PublishOpening;
        var decide = new DecideEnd<TReader>(decideReader, _flow, _profile.BatchLimit, _switches);
        long pollNs = _profile.GatewayPollMicroseconds * 1_000L;
        KillSwitch? watchedKill = IsReplay ? null : kill;
        var liveTime = IsLive ? _time : null;
        switch (_profile.Topology)
        {
            case Topology.Fused:
                var fused = new FusedLoop<TSink, TReader>(ingest, decide, _gateway, sender, Duties(0), _switches, pollNs, _profile.Hot.Wait, Understudy(_profile.Hot, sender));
                AddThread("hot", _profile.Hot, fused.Run);
                Rehearsal.Prepare(fused, _flow, _options);
                break;
            case Topology.Paired:
                var pairedIngest = new IngestThreadLoop<TSink>(0, ingest, _switches, NewMeter(), _profile.Hot.Wait);
                var paired = new DecideThreadLoop<TSink, TReader>(decide, _gateway, sender, watchedKill, liveTime, Duties(1), _switches, pollNs, _profile.Decide.Wait, Understudy(_profile.Decide, sender));
                AddThread("hot", _profile.Hot, pairedIngest.Run);
                AddThread("decide", _profile.Decide, paired.Run);
                Rehearsal.Prepare(pairedIngest, paired, _flow);
                break;
            case Topology.Staged:
                var stagedIngest = new IngestThreadLoop<TSink>(0, ingest, _switches, NewMeter(), _profile.Hot.Wait);
                var stagedDecide = new DecideThreadLoop<TSink, TReader>(decide, null, early!, watchedKill, liveTime, Duties(1), _switches, pollNs, _profile.Decide.Wait, null);
                var stagedGateway = new GatewayThreadLoop<TSink>(2, orderRing!, _gateway, sender, _gatewayLatency, _switches, NewMeter(), pollNs, _profile.Gateway.Wait);
                AddThread("hot", _profile.Hot, stagedIngest.Run);
                AddThread("decide", _profile.Decide, stagedDecide.Run);
                AddThread("gateway", _profile.Gateway, stagedGateway.Run);
                Rehearsal.Prepare(stagedIngest, stagedDecide, stagedGateway, _flow);
                break;
        }
        if (_request.Fault is { } fault) _faultThread = HotThreadNamed(fault.Thread);
        if (_journal is not null) AddThread("journal", _profile.Journal, _journal.Run);
    }

    /// <summary>For a live run whose deciding thread has its core to itself: a capture's next packet is always there, and who gives its core away has others to think of.</summary>
    private Understudy? Understudy(ThreadPlacement deciding, IRehearsable sender) =>
        IsLive && _profile.RehearseMicroseconds > 0 && deciding.Wait == RingWait.BusySpin ? new Understudy(_flow, DeskComposer.RehearsalBackend(_profile), sender, _profile.RehearseMicroseconds * 1_000L) : null;

    private LoopDuties Duties(int thread) => new(thread, _switches, NewMeter(), _latency);

    private ThreadMeter NewMeter()
    {
        var meter = new ThreadMeter();
        _meters.Add(meter);
        return meter;
    }

    private void AddThread(string name, ThreadPlacement placement, Action body) => _threads.Add(new HotThread(name, placement, body));

    private void CheckRoom()
    {
        if (_source.MaxEventsPerPacket > _profile.RingCapacity / 4)
            throw new BadInputException($"{_profile.File}: ring.capacity: saw {_profile.RingCapacity}, but one packet of this source can make {_source.MaxEventsPerPacket} events; allowed is at least {4 * System.Numerics.BitOperations.RoundUpToPowerOf2((uint)_source.MaxEventsPerPacket)}");
    }

    private JournalWriter StartJournal(IRingReader<RingEvent> reader)
    {
        string folder = Path.Combine(_request.OutFolder, "journals");
        Directory.CreateDirectory(folder);
        string name = string.Concat(_desk.Name.Select(c => char.IsLetterOrDigit(c) || c is '-' or '_' ? c : '-'));
        _journalPath = Path.Combine(folder, $"{DateTime.UtcNow:yyyyMMdd'T'HHmmss'.'fff}-{name}.journal");
        IJournalFile? file = PosixJournalFile.TryCreate(_journalPath, out string? problem);
        if (file is null) throw new BadInputException(problem!);
        if (_request.JournalBytesMax > 0) file = new BoundedJournalFile(file, _request.JournalBytesMax);
        var header = new JournalHeader
        {
            Desk = new PinnedFile(_desk.File, _desk.Bytes), Profile = new PinnedFile(_profile.File, _profile.Bytes),
            Policies = [.. _desk.Portfolios.Where(p => p.Policy.File != "").Select(p => new PinnedFile(p.Policy.File, p.Policy.Bytes))],
            OpeningPositions = [.. _options.Portfolios.Select((p, i) => new OpeningPosition((ushort)i, p.Instrument, p.OpeningHedgeUnits, 0))],
            InstrumentCount = (uint)_desk.Instruments.Length, OrderIdEpoch = _options.Limits.OrderIdEpoch, Build = BuildIdentity.Build, InstructionSet = BuildIdentity.InstructionSet,
            StartedUtcNs = default(HostUtcClock).NowUtcNs(),
        };
        var options = new JournalOptions { Durability = _profile.JournalDurability, SyncIntervalMs = _profile.JournalSyncMilliseconds };
        return JournalWriter.TryStart(file, header, reader, options, out problem) ?? throw new BadInputException(problem!);
    }

    private Companions StartCompanions()
    {
        var companions = new Companions(_request);
        if (IsLive && _request.ShowConsole) companions.StartConsole();
        return companions;
    }

    private void StartThreads()
    {
        // One collection now, with everything allocated, so that none is due in the measured window.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        if (_profile.HugePages && IsLive) HugePages.Gather();
        _publishOpening();
        _venue.DropCopy?.Start();
        foreach (var thread in _threads) thread.Start();
        _warnings.AddRange(_threads.Where(t => t.Warning is not null).Select(t => t.Warning!));
    }

    private const int SlowToEndMs = 2_000;

    /// <returns>False when a thread could not be ended: it still uses what the run made.</returns>
    private bool EndThreads()
    {
        // One that stood still already had its time to come back.
        int patienceMs = _stalled is null ? 5_000 : 500;
        foreach (var thread in _threads.Where(t => !IsJournal(t))) End(thread, patienceMs);
        _journal?.RequestStop();
        foreach (var thread in _threads.Where(IsJournal)) End(thread, 30_000);
        foreach (var thread in _threads.Where(t => t.Failure is not null)) _warnings.Add($"thread {thread.Name} failed: {thread.Failure}");
        foreach (var thread in _threads.Where(t => t.IsAlive)) _warnings.Add($"thread {thread.Name} did not end; the process ends under it, and the journal has no footer");
        return !_threads.Any(t => t.IsAlive);
    }

    private void End(HotThread thread, int patienceMs)
    {
        var clock = default(HostMonotonicClock);
        long asked = clock.NowNs();
        bool ended = thread.Join(patienceMs);
        long tookMs = (clock.NowNs() - asked) / 1_000_000;
        if (ended && tookMs > SlowToEndMs) _warnings.Add($"thread {thread.Name} took {tookMs:N0} ms to end");
    }

    /// <summary>In peace with the venue, where the thread that owned the session has left it whole.</summary>
    private void LogOut()
    {
        if (CanTalkToVenue) _venue.Logout();
    }

    private HotThread DecidingThread => _threads[_profile.Topology == Topology.Fused ? 0 : 1];
    private HotThread SendingThread => _threads[_profile.Topology switch { Topology.Fused => 0, Topology.Paired => 1, _ => 2 }];
    private int HotThreads => _threads.Count - (_journal is null ? 0 : 1);

    /// <summary>After a fault in the thread that owned it, or a cut, nothing polite can be said to the venue.</summary>
    private bool CanTalkToVenue => !_switches.SocketsShut && SendingThread.Failure is null && !SendingThread.IsAlive;

    private bool IsJournal(HotThread thread) => _journal is not null && thread == _threads[^1];

    public void Dispose()
    {
        // First: the runtime flushes a mapped file as it closes it, and locked pages cannot be flushed.
        Linux.UnlockAllMemory();
        _day?.Dispose();
        _gateway?.Dispose();
        _source?.Dispose();
        _journal?.Dispose();
        _venue.Dispose();
        _ring?.Dispose();
        _compute?.Dispose();
        _signals.Dispose();
        _board.Dispose();
        _lock.Dispose();
    }
}
