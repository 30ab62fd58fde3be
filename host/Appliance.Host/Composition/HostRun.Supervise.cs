using System.Runtime.InteropServices;
using System.Text;
using Appliance.Contract;
using Appliance.Host.Board;
using Appliance.Host.Commands;
using Appliance.Host.Configuration;
using Appliance.Host.Native;
using Appliance.Host.Threads;

namespace Appliance.Host.Composition;

/// <summary>
/// The supervisor: the host's first thread, which never trades. It opens the measured window, watches the decision's heartbeat, the kill file and the
/// clock, and shows the run on the board. In the measured window it allocates nothing.
/// </summary>
internal sealed partial class HostRun
{
    private const int TurnMicroseconds = 20_000;
    private int _signal, _killAsked, _faultThread;
    private string? _stalled;
    private bool _venueFailed;
    private int _gc0, _gc1, _gc2;
    private long _allocatedAtOpen, _ticksAtOpen;
    private long _gc0InWindow, _gc1InWindow, _gc2InWindow, _allocatedInWindow, _ticksInWindow;
    private long _startedNs, _endedNs;
    private BoardSnapshot _snapshot;

    private int Supervise()
    {
        var clock = default(HostMonotonicClock);
        _startedNs = clock.NowNs();
        byte[] killFile = Encoding.UTF8.GetBytes(KillFile + '\0');
        PrepareSnapshot();
        bool windowOpen = _switches.Measuring;
        if (windowOpen) OpenWindow();
        long openNs = _startedNs + (long)(Math.Min(_request.WarmUpSeconds, _request.Seconds > 0 ? _request.Seconds / 2 : double.MaxValue) * 1e9);
        long endNs = IsLive && _request.Seconds > 0 ? _startedNs + (long)(_request.Seconds * 1e9) : long.MaxValue;
        var fault = _request.Fault;
        long faultNs = long.MaxValue;
        long showNs = _startedNs, showStagesNs = _startedNs;
        long giveUpNs = long.MaxValue;
        bool fallen = false, withdrawing = false;
        var watchdog = new Watchdog(HotThreads, _profile.WatchdogMilliseconds * 1_000_000L, TurnMicroseconds * 1_000L, _startedNs);
        while (!_switches.Ended)
        {
            Linux.SleepMicroseconds(TurnMicroseconds);
            long now = clock.NowNs();
            if (!windowOpen && now >= openNs)
            {
                windowOpen = true;
                OpenWindow();
                _switches.Measuring = true;
            }
            if (Linux.Exists(killFile)) _board.Kill.Set();
            _operators?.Turn(ref _board.Requests);
            WatchSessions(now);
            _day?.Note(_flow.Account.Pnl, _time.At(now));
            if (fault is not null && faultNs == long.MaxValue && _sendCounts().Sent > 0) faultNs = now + (long)(fault.AfterSeconds * 1e9);
            if (now >= faultNs)
            {
                _switches.Inject(_faultThread, fault!.Kind);
                fault = null;
                faultNs = long.MaxValue;
            }

            long countedNs = watchdog.Turn(now);
            for (int thread = 0; thread < HotThreads; thread++)
            {
                // A thread that has left stands still, too; that case is below.
                if (!watchdog.Observe(thread, _switches.HeartbeatOf(thread), countedNs) || _switches.SocketsShut || IsReplay || !_threads[thread].IsAlive || _stalled == _threads[thread].Name) continue;
                _stalled = _threads[thread].Name;
                // While the threads that decide and send go on, our own cancels are better than the venue's.
                if (_threads[thread] != DecidingThread && _threads[thread] != SendingThread) Withdraw();
                else ShutSockets();
            }
            if (!fallen && !AllAlive() && !_switches.Ended)
            {
                fallen = true;
                if (!DecidingThread.IsAlive || !SendingThread.IsAlive)
                {
                    // Nothing of ours can withdraw an order any more: the venue must, on disconnect.
                    ShutSockets();
                    break;
                }
                Withdraw();
            }
            if (withdrawing && _flow.Gate.IsKilled && _switches.Quiet && _switches.DecidedSequence >= _ring.Cursor) break;

            _venueFailed = _venueFailed || _venue.EmbeddedFailed;
            // A host whose sockets are shut can only end, and so can one whose embedded venue is gone.
            if (now >= endNs || Volatile.Read(ref _signal) != 0 || _switches.SocketsShut || _venueFailed)
            {
                long within = _switches.SocketsShut ? ReturnWithinNs : GiveUpAfterNs;
                if (!_switches.StopRequested || giveUpNs > now + within) giveUpNs = now + within;
                _switches.StopRequested = true;
            }
            if (now >= giveUpNs) break;
            if (now >= showNs)
            {
                showNs = now + ShowEveryNs;
                if (now >= showStagesNs)
                {
                    showStagesNs = now + ShowStagesEveryNs;
                    ReadStages();
                }
                Show(now);
                NameUnknownOrders();
            }
        }
        _endedNs = clock.NowNs();
        if (windowOpen) CloseWindow();
        _switches.Measuring = false;
        WarnOfFault(fallen, withdrawing);
        if (!_switches.Ended)
        {
            if (!withdrawing && !_switches.SocketsShut) _warnings.Add("the run did not end in time after it was asked to; trading was killed and the order sockets were shut");
            // What still works at the venue after that can only be cancelled by the venue.
            if (!withdrawing || !_switches.Quiet) ShutSockets();
            _switches.Ended = true;
            return ExitCode.Failed;
        }
        if (_switches.SocketsShut || withdrawing) return ExitCode.Failed;
        return Volatile.Read(ref _signal) == (int)PosixSignal.SIGINT ? ExitCode.Interrupted : ExitCode.Done;

        // The kill needs no ingest thread: the deciding thread sees it and withdraws what works.
        void Withdraw()
        {
            withdrawing = true;
            _board.Kill.Set();
            _switches.StopRequested = true;
            giveUpNs = clock.NowNs() + WithdrawWithinNs;
        }
    }

    private void WarnOfFault(bool fallen, bool withdrawing)
    {
        string? what = _stalled is not null ? $"thread {_stalled} stood still for more than {_profile.WatchdogMilliseconds} ms" : fallen ? "a thread failed" : null;
        if (what is null) return;
        if (withdrawing && !_switches.SocketsShut) _warnings.Add(_switches.Quiet ? $"{what}; trading was killed and working orders were withdrawn" : $"{what}; trading was killed, but not every working order was withdrawn in time: the order sockets were shut, the venue cancels on disconnect");
        else if (_stalled is not null) _warnings.Add($"{what}; the watchdog killed trading and shut the order sockets, the venue cancels on disconnect");
        else _warnings.Add("the thread that decides or sends failed; trading was killed and the order sockets were shut, the venue cancels on disconnect");
    }

    /// <summary>A difference between our record and the venue's copy is named, and pauses trading where the desk says so: a command of the ring, recorded before it takes effect like every other.</summary>
    private void WatchSessions(long now)
    {
        if (!IsLive) return;
        long utcNs = _time.At(now);
        _venue.Watch?.Turn(utcNs);
        if (_venue.DropCopy is not { } copy) return;
        copy.Watch.Turn(utcNs);
        if (copy.HasNews) NameDifferences(copy);
        if (copy.PauseWanted()) _operators?.PauseFor("drop-copy");
    }

    private void NameDifferences(DropCopy copy)
    {
        foreach (string line in copy.News())
        {
            Console.Error.WriteLine($"warning    {line}");
            _warnings.Add(line);
        }
    }

    private void NameUnknownOrders()
    {
        if (!_unknownOrders.HasNews(_flow.Gate.Orders)) return;
        foreach (string line in _unknownOrders.News(_flow.Gate.Orders, _venue.Found))
        {
            Console.Error.WriteLine($"warning    {line}");
            _warnings.Add(line);
        }
    }

    private int HotThreadNamed(string name)
    {
        int at = _threads.FindIndex(t => t.Name == name);
        return at >= 0 ? at : throw new BadInputException($"--fault: saw thread \"{name}\", allowed with this profile is {string.Join(", ", _threads.Select(t => t.Name))}");
    }

    private const long ShowEveryNs = 250_000_000;

    /// <summary>
    /// Reading the histograms takes their cache lines from the hot thread and about a millisecond of this one, so nobody's console is served seldom: a run that brings
    /// its own gets them twice a second, another every five seconds. The counters are a few lines.
    /// </summary>
    private long ShowStagesEveryNs => _request.ShowConsole ? 500_000_000 : 5_000_000_000;

    private const int SignalUser1 = 10;
    private const long GiveUpAfterNs = 10_000_000_000;
    private const long WithdrawWithinNs = 3_000_000_000;
    /// <summary>How long a thread whose sockets were shut may take to come back, for the sake of the journal's last events.</summary>
    private const long ReturnWithinNs = 2_000_000_000;

    private string KillFile => Path.Combine(_request.OutFolder, "KILL");

    /// <summary>From before the board, the venue and the first thread to after the last: a run that can be seen meets no signal by the default, which ends a process where it stands.</summary>
    private SignalHandlers ListenToSignals() => new(
        PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupted), PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupted),
        // A terminal that is closed, or its connection: whoever wants the host to outlive that starts it with nohup, which the runtime respects.
        PosixSignalRegistration.Create(PosixSignal.SIGHUP, Interrupted), PosixSignalRegistration.Create((PosixSignal)SignalUser1, KillBySignal));

    private sealed record SignalHandlers(params PosixSignalRegistration[] Registrations) : IDisposable
    {
        public void Dispose()
        {
            foreach (var registration in Registrations) registration.Dispose();
        }
    }

    private void Interrupted(PosixSignalContext context)
    {
        context.Cancel = true;
        Interlocked.CompareExchange(ref _signal, (int)context.Signal, 0);
    }

    private void KillBySignal(PosixSignalContext context)
    {
        context.Cancel = true;
        Volatile.Write(ref _killAsked, 1);
        // Before there is a board: its maker looks at the word.
        _board?.Kill.Set();
    }

    private bool AllAlive()
    {
        foreach (var thread in _threads)
            if (!thread.IsAlive) return false;
        return true;
    }

    /// <summary>A hot thread is stuck or gone: what of ours still runs is told to withdraw, and the venue must cancel, on disconnect.</summary>
    private void ShutSockets()
    {
        _switches.SocketsShut = true;
        _board.Kill.Set();
        _venue.ShutSockets();
    }

    private void OpenWindow()
    {
        _gc0 = GC.CollectionCount(0);
        _gc1 = GC.CollectionCount(1);
        _gc2 = GC.CollectionCount(2);
        _ticksAtOpen = _source.Statistics.Ticks;
        _allocatedAtOpen = GC.GetTotalAllocatedBytes(false);
    }

    private void CloseWindow()
    {
        _allocatedInWindow = GC.GetTotalAllocatedBytes(false) - _allocatedAtOpen;
        _ticksInWindow = _source.Statistics.Ticks - _ticksAtOpen;
        (_gc0InWindow, _gc1InWindow, _gc2InWindow) = (GC.CollectionCount(0) - _gc0, GC.CollectionCount(1) - _gc1, GC.CollectionCount(2) - _gc2);
    }

    private void PrepareSnapshot()
    {
        _snapshot.Desk.Set(_desk.Name);
        _snapshot.Profile.Set(_profile.Name);
        _snapshot.PortfolioCount = Math.Min(8, _flow.Portfolios.Length);
        for (int i = 0; i < _snapshot.PortfolioCount; i++)
        {
            _snapshot.Portfolios[i].Name.Set(_flow.Portfolios[i].Name);
            _snapshot.Portfolios[i].Underlying.Set(_desk.Instruments[_flow.Portfolios[i].Instrument].Symbol);
        }
        ReadStages();
        Show(default(HostMonotonicClock).NowNs());
    }

    /// <summary>Reads the other threads' words without asking them: a figure may be of the tick before its neighbour's.</summary>
    private void Show(long now)
    {
        ref var s = ref _snapshot;
        var c = _flow.Counters;
        var source = _source.Statistics;
        s.ElapsedNs = now - _startedNs;
        s.RunNs = (long)(_request.Seconds * 1e9);
        s.TimeUtcNs = _flow.NowUtcNs;
        (s.Packets, s.Messages, s.Ticks, s.Gaps) = (source.Packets, source.Messages, source.Ticks, source.Gaps);
        (s.Intents, s.Approved, s.RejectedByGate) = (c.Intents, _flow.Gate.Approved, c.Intents - _flow.Gate.Approved);
        s.Sent = _sendCounts().Sent;
        (s.Filled, s.Cancelled, s.RejectedByVenue) = (c.Fills, c.Cancelled, c.RejectedByVenue);
        s.JournalLag = _journal is null ? 0 : _journal.Status.LagEvents(_ring.Cursor);
        (s.Gc0, s.Gc1, s.Gc2) = (GC.CollectionCount(0) - _gc0, GC.CollectionCount(1) - _gc1, GC.CollectionCount(2) - _gc2);
        s.LiveOrders = _flow.Gate.Orders.LiveCount;
        s.UnknownOrders = _flow.Gate.Orders.FoundCount;
        if (_venue.DropCopy is { } copy) (s.DropCopyState, s.DropCopyOpen, s.DropCopyMatched) = (copy.State, copy.Counters.Open, copy.Counters.Matched);
        s.SessionUp = _flow.Gate.IsSessionUp ? 1 : 0;
        s.HeldBackBy = (int)_flow.Gate.Stopped;
        s.Killed = _board.Kill.IsSet ? 1 : 0;
        s.Stopped = _switches.Ended ? 1 : 0;
        for (int i = 0; i < s.PortfolioCount; i++)
        {
            var portfolio = _flow.Portfolios[i];
            ref var p = ref s.Portfolios[i];
            (p.Mid, p.HedgePosition, p.DeltaBefore, p.DeltaAfter) = (portfolio.Mid, portfolio.Account.HedgeUnits, portfolio.Greeks.Delta, portfolio.Account.NetDelta);
            (p.Gamma, p.Vega, p.Value) = (portfolio.Greeks.Gamma, portfolio.Greeks.Vega, portfolio.Greeks.Value);
            (p.Pnl, p.OptionPnl, p.HedgePnl, p.Costs) = (portfolio.Account.Pnl, portfolio.Account.OptionPnl, portfolio.Account.HedgePnl, portfolio.Account.Costs);
            p.Rebalances = portfolio.Account.Rebalances;
        }
        _board.Publish(in s);
    }

    private void ReadStages()
    {
        for (int i = 0; i < StageLatency.StageCount; i++)
        {
            var h = HistogramOf((Stage)i);
            _snapshot.Stages[i] = new BoardStage { Count = h.Count, P50 = h.ValueAtPercentile(50), P90 = h.ValueAtPercentile(90), P99 = h.ValueAtPercentile(99), Max = h.Max };
        }
    }

    /// <summary>In the staged topology the gateway's thread keeps the last stages.</summary>
    private HdrHistogram HistogramOf(Stage stage) =>
        _profile.Topology == Configuration.Topology.Staged && (stage is Stage.Encoded or Stage.Sent or Stage.TickToOrder or Stage.TickToSent) ? _gatewayLatency[stage] : _latency[stage];
}
