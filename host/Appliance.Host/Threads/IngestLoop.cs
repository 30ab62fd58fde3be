using Appliance.Contract;
using Appliance.Host.Board;
using Appliance.Ingest;
using Appliance.Ingest.Journal;
using Appliance.Risk;

namespace Appliance.Host.Threads;

/// <summary>What the ingest loop needs to know of its run.</summary>
internal sealed record IngestOptions
{
    public required int PacketsPerPoll { get; init; }
    public required long TimerNs { get; init; }
    /// <summary>False while a capture or a journal plays: its own events bring the timers, and events made here bear its time.</summary>
    public required bool IsLive { get; init; }
    /// <summary>True for a journal: every event comes from it, none is made here.</summary>
    public required bool IsReplay { get; init; }
    public required long JournalLagEvents { get; init; }
    public required long OverloadEvents { get; init; }
    /// <summary>How long the orderly end may wait for answers to cancels.</summary>
    public long StopWithinNs { get; init; } = 2_000_000_000;
    /// <summary>Orders of an earlier run that may stand at the venue.</summary>
    public int UnresolvedOrders { get; init; }
    /// <summary>What the ring begins with: limits that were changed before the restart, orders that were restored. At most a quarter of the ring; live runs only.</summary>
    public RingEvent[] Opening { get; init; } = [];
    /// <summary>Commands that were audited and now become events; null where nobody commands.</summary>
    public CommandSlot? Commands { get; init; }
}

/// <summary>
/// The duties of the thread that polls the source: packets into the ring, and beside them the events that only this side can see: timers, operator
/// commands, the kill flag, the journal's state, overload. One <see cref="Turn"/> never blocks. In the fused topology the decision follows on the same thread.
/// </summary>
/// <param name="sink">For this loop's own events. It sees at least <see cref="OwnRoom"/> slots more than the source's, which may fill the ring as far as it can.</param>
internal sealed class IngestLoop<TSink>(ITickSource source, TSink sink, IRing<RingEvent> ring, JournalStatus? journal, KillSwitch kill, SharedBoard? board, RunSwitches switches, SequencedClock time, IngestOptions options)
    where TSink : struct, IEventSink
{
    private const long LookEveryNs = 20_000;
    /// <summary>More than one look makes. What it needs is left by the source's sink, in ranks: timers stop first in a ring that nobody empties, then the rest; a kill takes the last slot.</summary>
    private const int EventsPerLook = 16;
    /// <summary>Slots that the source's sink leaves to this loop's own events.</summary>
    public const int OwnRoom = 4 * EventsPerLook;
    private readonly HostMonotonicClock _clock = new();
    private WallClockWatch<HostMonotonicClock, HostUtcClock> _wallClock;
    private TSink _sink = sink;
    private long _nextLookNs, _nextTimerNs, _stopDeadlineNs;
    private bool _begun, _killSeen, _behind, _lost, _overloaded, _stopping;

    /// <summary>True once EndOfInput is in the ring: nothing more comes.</summary>
    public bool Done { get; private set; }
    public long ClockSteps { get; private set; }

    /// <summary>Called once, before any thread runs: what the ring begins with must come before the first word of the venue.</summary>
    public void PublishOpening()
    {
        long now = _clock.NowNs();
        foreach (ref RingEvent opening in options.Opening.AsSpan())
        {
            ref RingEvent e = ref _sink.Claim();
            e = opening;
            (e.ReceivedNs, e.TimeUtcNs) = (now, time.At(now));
            _sink.Publish();
        }
    }

    /// <returns>Packets and events made.</returns>
    public int Turn()
    {
        if (Done) return 0;
        int made = 0;
        if (options.IsReplay) return Replay();
        long now = _clock.NowNs();
        if (now >= _nextLookNs) made += Look(now);
        if (Done) return made;
        // A capture can wait, and must: what a slow disk does to a live run would make two runs of one capture differ.
        if (!options.IsLive && journal is not null && !_lost && journal.LagEvents(ring.Cursor) > options.JournalLagEvents) return made;
        made += source.Poll(options.PacketsPerPoll);
        return made;
    }

    private int Replay()
    {
        int made = source.Poll(options.PacketsPerPoll);
        // A journal without its end (the host was killed) still ends here, so that consumers can finish.
        if (source.Ended || switches.StopRequested)
        {
            if (_sink.RemainingCapacity < 1) return made;
            Publish(EventKind.EndOfInput, 0, 0, _clock.NowNs());
            Done = true;
        }
        return made;
    }

    /// <summary>What need not be looked at on every turn. Each finding becomes an event.</summary>
    private int Look(long now)
    {
        _nextLookNs = now + LookEveryNs;
        int made = 0;
        if (!_killSeen && kill.IsSet && _sink.RemainingCapacity > 0)
        {
            _killSeen = true;
            Publish(EventKind.KillObserved, 0, 0, now);
            made++;
        }
        if (_sink.RemainingCapacity < EventsPerLook) return made;
        if (!_begun)
        {
            _begun = true;
            if (options.UnresolvedOrders > 0)
            {
                Publish(EventKind.OrdersUnresolved, 0, options.UnresolvedOrders, now);
                made++;
            }
        }
        if (options.IsLive && now >= _nextTimerNs && _sink.RemainingCapacity >= 2 * EventsPerLook)
        {
            _nextTimerNs = Math.Max(_nextTimerNs + options.TimerNs, now);
            made += WatchClock(now);
            Publish(EventKind.Timer, (int)(options.TimerNs / 1_000_000), 0, now);
            made++;
        }
        if (board is not null && board.TryTake(out var command))
        {
            if (command == OperatorCommand.Stop) switches.StopRequested = true;
            else
            {
                Publish(EventKind.Command, (int)command, 0, now);
                made++;
            }
        }
        if (options.Commands is { } commands && commands.TryTake(out ControlEvent asked))
        {
            ref RingEvent e = ref _sink.Claim();
            e = System.Runtime.CompilerServices.Unsafe.As<ControlEvent, RingEvent>(ref asked);
            (e.ReceivedNs, e.TimeUtcNs) = (now, options.IsLive ? time.At(now) : switches.SequencedUtcNs);
            _sink.Publish();
            made++;
        }
        if (journal is not null) made += WatchJournal(now);
        if (options.IsLive) made += WatchBacklog(now);
        if (_stopping || switches.StopRequested || source.Ended) made += EndOrderly(now);
        return made;
    }

    /// <summary>A step of the wall clock is an event: wire times jump, sequenced time does not.</summary>
    private int WatchClock(long now)
    {
        long step = _wallClock.Look(now);
        if (step == 0) return 0;
        ClockSteps++;
        Publish(EventKind.ClockStepped, 0, step, now);
        return 1;
    }

    private int WatchJournal(long now)
    {
        if (!_lost && journal!.IsLost)
        {
            _lost = true;
            Publish(EventKind.JournalLost, journal.FailedErrno, 0, now);
            return 1;
        }
        if (_lost) return 0;
        if (!options.IsLive) return 0;
        long lag = journal!.LagEvents(ring.Cursor);
        bool behind = _behind ? lag > options.JournalLagEvents / 2 : lag > options.JournalLagEvents;
        if (behind == _behind) return 0;
        _behind = behind;
        Publish(behind ? EventKind.JournalBehind : EventKind.JournalCaughtUp, 0, lag, now);
        return 1;
    }

    private int WatchBacklog(long now)
    {
        long waiting = ring.Cursor - switches.DecidedSequence;
        bool overloaded = _overloaded ? waiting > options.OverloadEvents / 2 : waiting > options.OverloadEvents;
        if (overloaded == _overloaded) return 0;
        _overloaded = overloaded;
        Publish(overloaded ? EventKind.OverloadBegan : EventKind.OverloadEnded, 0, waiting, now);
        return 1;
    }

    /// <summary>First the command that cancels what works; then, once all is answered or the time is over, the end of input.</summary>
    private int EndOrderly(long now)
    {
        if (!_stopping)
        {
            _stopping = true;
            _stopDeadlineNs = now + options.StopWithinNs;
            Publish(EventKind.Command, (int)OperatorCommand.Stop, 0, now);
            return 1;
        }
        bool caughtUp = switches.DecidedSequence >= ring.Cursor;
        if (!(caughtUp && switches.Quiet) && now < _stopDeadlineNs) return 0;
        Publish(EventKind.EndOfInput, 0, 0, now);
        Done = true;
        return 1;
    }

    private void Publish(EventKind kind, int code, long value, long now)
    {
        ref RingEvent e = ref _sink.Claim();
        RingEvent.Begin(ref e, kind, RingEvent.AllInstruments, 0, now, options.IsLive ? time.At(now) : switches.SequencedUtcNs);
        ref ControlEvent control = ref RingEvent.AsControl(ref e);
        control.Code = code;
        control.Value1 = value;
        _sink.Publish();
    }
}
