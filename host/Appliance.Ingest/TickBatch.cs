using System.Runtime.CompilerServices;
using Appliance.Contract;

namespace Appliance.Ingest;

/// <summary>
/// The events of one packet on their way into the ring. The newest event stays claimed and unpublished until the next one begins or the packet
/// ends, so that the decide mark can be set on the last event of a transaction although it is known only afterwards that it was the last.
/// A mark that falls due when nothing is held back goes out as a <see cref="EventKind.TransactionEnd"/>.
/// </summary>
public ref struct TickBatch<TSink, TClock>
    where TSink : struct, IEventSink
    where TClock : struct, IMonotonicClock
{
    private readonly ref TSink _sink;
    private readonly ref BatchState _state;
    private readonly SourceStatistics _statistics;
    private readonly TClock _clock;
    private ref RingEvent _held;
    private bool _isHeld;

    public readonly ushort Source;
    public readonly long ReceivedNs;
    public readonly long TimeUtcNs;

    public TickBatch(ref TSink sink, ref BatchState state, TClock clock, SourceStatistics statistics, ushort source, long receivedNs, long timeUtcNs)
    {
        _sink = ref sink;
        _state = ref state;
        _clock = clock;
        _statistics = statistics;
        Source = source;
        ReceivedNs = receivedNs;
        TimeUtcNs = timeUtcNs;
    }

    /// <summary>Claims the next event and writes its header; the caller fills the rest before it begins another or ends the batch.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref RingEvent Begin(EventKind kind, ushort instrument)
    {
        if (_isHeld)
        {
            PublishHeld();
            _state.HasUnmarked = true;
        }
        _held = ref _sink.Claim();
        RingEvent.Begin(ref _held, kind, instrument, Source, ReceivedNs, TimeUtcNs);
        _isHeld = true;
        return ref _held;
    }

    /// <summary>The venue's transaction ends here: marks the newest event, or says so by an event of its own when that one is already out.</summary>
    public void Mark()
    {
        if (!_isHeld)
        {
            if (!_state.HasUnmarked)
                return;
            Begin(EventKind.TransactionEnd, RingEvent.AllInstruments);
        }
        _held.Flags |= EventFlags.DecideMark;
        PublishHeld();
        _state.HasUnmarked = false;
    }

    /// <summary>The packet ends inside a transaction: lets the newest event go unmarked.</summary>
    public void Flush()
    {
        if (!_isHeld)
            return;
        PublishHeld();
        _state.HasUnmarked = true;
    }

    // Every kind that goes through a batch keeps its decode time at the same place (asserted by the layout tests).
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void PublishHeld()
    {
        if (ReceivedNs != 0)
        {
            long decodeNs = _clock.NowNs() - ReceivedNs;
            RingEvent.AsTick(ref _held).DecodeNs = (uint)Math.Clamp(decodeNs, 0, uint.MaxValue);
        }
        _sink.Publish();
        _isHeld = false;
        _statistics.Ticks++;
    }
}

/// <summary>What a batch hands on to the next packet's batch of the same source.</summary>
public struct BatchState
{
    /// <summary>Events went out since the last decide mark.</summary>
    public bool HasUnmarked;
}
