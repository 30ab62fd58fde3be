using Appliance.Contract;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Appliance.Host.Threads;

/// <summary>
/// The words by which a run's threads hear of one another: each written by one thread (the supervisor or the loop named), padded apart.
/// None of them is read by a decision; what they cause enters the ring as an event first.
/// </summary>
internal sealed class RunSwitches
{
    [StructLayout(LayoutKind.Explicit, Size = 896)]
    private struct Words
    {
        [FieldOffset(64)] public int StopRequested;
        [FieldOffset(128)] public int Ended;
        [FieldOffset(192)] public HeartbeatLines Heartbeats;
        [FieldOffset(384)] public long DecidedSequence;
        [FieldOffset(448)] public int SocketsShut;
        [FieldOffset(512)] public int Measuring;
        [FieldOffset(576)] public long Fault;
        [FieldOffset(640)] public long SequencedUtcNs;
        [FieldOffset(704)] public int Quiet;
        [FieldOffset(768)] public int SessionUp;
    }

    /// <summary>A cache line for each hot thread's count.</summary>
    [InlineArray(HotThreadsMax * WordsPerLine)]
    private struct HeartbeatLines { private long _first; }

    private const int WordsPerLine = 8;

    /// <summary>The most hot threads a topology has: ingest, decision, gateway.</summary>
    public const int HotThreadsMax = 3;

    private Words _words;

    /// <summary>The supervisor asks for an orderly end: working orders cancelled, then the end of input.</summary>
    public bool StopRequested { get => Volatile.Read(ref _words.StopRequested) != 0; set => Volatile.Write(ref _words.StopRequested, value ? 1 : 0); }

    /// <summary>Set by the deciding thread after EndOfInput: loops leave.</summary>
    public bool Ended { get => Volatile.Read(ref _words.Ended) != 0; set => Volatile.Write(ref _words.Ended, value ? 1 : 0); }

    /// <summary>Rises with every turn of that hot thread's loop; the watchdog looks at it. Threads are numbered in the order in which the run starts them.</summary>
    public long HeartbeatOf(int thread) => Volatile.Read(ref _words.Heartbeats[thread * WordsPerLine]);
    public void Beat(int thread)
    {
        ref long beats = ref _words.Heartbeats[thread * WordsPerLine];
        Volatile.Write(ref beats, beats + 1);
        if (Volatile.Read(ref _words.Fault) != 0) Suffer(thread);
    }

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

    /// <summary>Fault injection (`run --fault`): that hot thread meets the fault at its next heartbeat.</summary>
    public void Inject(int thread, FaultKind fault) => Volatile.Write(ref _words.Fault, ((long)thread << 32) + (int)fault);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Suffer(int thread)
    {
        long word = Volatile.Read(ref _words.Fault);
        if (word >> 32 != thread) return;
        Volatile.Write(ref _words.Fault, 0);
        var fault = (FaultKind)(int)word;
        if (fault == FaultKind.Throw) throw new InvalidOperationException("This failure was injected by --fault.");
        var clock = default(HostMonotonicClock);
        long until = fault == FaultKind.Hang ? long.MaxValue : clock.NowNs() + InjectedFault.StallNs;
        while (clock.NowNs() < until) { }
    }

    /// <summary>Set by the deciding thread: the order session is up.</summary>
    public bool SessionUp { get => Volatile.Read(ref _words.SessionUp) != 0; set => Volatile.Write(ref _words.SessionUp, value ? 1 : 0); }

    public RunSwitches() => _words.DecidedSequence = -1;
}
