using Appliance.Contract;
using System.Runtime.InteropServices;

namespace Appliance.Host.Threads;

/// <summary>
/// The words by which a run's threads hear of one another: each written by one thread (the supervisor or the loop named), padded apart.
/// None of them is read by a decision; what they cause enters the ring as an event first.
/// </summary>
internal sealed class RunSwitches
{
    [StructLayout(LayoutKind.Explicit, Size = 704)]
    private struct Words
    {
        [FieldOffset(64)] public int StopRequested;
        [FieldOffset(128)] public int Ended;
        [FieldOffset(192)] public long Heartbeat;
        [FieldOffset(256)] public long DecidedSequence;
        [FieldOffset(320)] public int SocketsShut;
        [FieldOffset(384)] public int Measuring;
        [FieldOffset(448)] public int Stall;
        [FieldOffset(512)] public long SequencedUtcNs;
        [FieldOffset(576)] public int Quiet;
        [FieldOffset(640)] public int SessionUp;
    }

    private Words _words;

    /// <summary>The supervisor asks for an orderly end: working orders cancelled, then the end of input.</summary>
    public bool StopRequested { get => Volatile.Read(ref _words.StopRequested) != 0; set => Volatile.Write(ref _words.StopRequested, value ? 1 : 0); }

    /// <summary>Set by the deciding thread after EndOfInput: loops leave.</summary>
    public bool Ended { get => Volatile.Read(ref _words.Ended) != 0; set => Volatile.Write(ref _words.Ended, value ? 1 : 0); }

    /// <summary>Rises with every turn of the deciding loop; the watchdog looks at it.</summary>
    public long Heartbeat => Volatile.Read(ref _words.Heartbeat);
    public void Beat() => Volatile.Write(ref _words.Heartbeat, _words.Heartbeat + 1);

    /// <summary>The highest sequence the deciding thread has handled.</summary>
    public long DecidedSequence { get => Volatile.Read(ref _words.DecidedSequence); set => Volatile.Write(ref _words.DecidedSequence, value); }

    /// <summary>Sequenced time of the last event decided on, for events that the ingest thread makes itself while a capture plays.</summary>
    public long SequencedUtcNs { get => Volatile.Read(ref _words.SequencedUtcNs); set => Volatile.Write(ref _words.SequencedUtcNs, value); }

    /// <summary>The watchdog cut the order sockets.</summary>
    public bool SocketsShut { get => Volatile.Read(ref _words.SocketsShut) != 0; set => Volatile.Write(ref _words.SocketsShut, value ? 1 : 0); }

    /// <summary>The measured window is open: stage latencies and memory counters are taken.</summary>
    public bool Measuring { get => Volatile.Read(ref _words.Measuring) != 0; set => Volatile.Write(ref _words.Measuring, value ? 1 : 0); }

    /// <summary>Set by the deciding thread: no order of ours is unfinished.</summary>
    public bool Quiet { get => Volatile.Read(ref _words.Quiet) != 0; set => Volatile.Write(ref _words.Quiet, value ? 1 : 0); }

    /// <summary>Fault injection (`run --stall-after`): the deciding thread loops for this many milliseconds, so that the watchdog can be seen at work.</summary>
    public int StallMilliseconds { get => Volatile.Read(ref _words.Stall); set => Volatile.Write(ref _words.Stall, value); }

    /// <summary>Set by the deciding thread: the order session is up.</summary>
    public bool SessionUp { get => Volatile.Read(ref _words.SessionUp) != 0; set => Volatile.Write(ref _words.SessionUp, value ? 1 : 0); }

    public RunSwitches() => _words.DecidedSequence = -1;
}
