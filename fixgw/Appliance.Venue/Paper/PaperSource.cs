using Appliance.Contract;

namespace Appliance.Venue.Paper;

/// <summary>Where the wrapped source puts its events: a buffer from which <see cref="PaperSource{TSink}"/> lets them into the ring.</summary>
public readonly struct StagingSink(EventStaging staging) : IEventSink
{
    public long RemainingCapacity => staging.Room;
    public ref RingEvent Claim() => ref staging.Claim();
    public void Publish() => staging.Publish();
}

/// <summary>The events of the packet read last, before they are let into the ring. One thread.</summary>
public sealed class EventStaging
{
    private readonly RingEvent[] _events;
    private int _first;
    private int _end;

    /// <param name="eventsMax">Several times what one packet of the wrapped source can make, with the timers before it.</param>
    public EventStaging(int eventsMax = 1 << 15)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(eventsMax, 16);
        _events = TouchedArray.Of<RingEvent>(eventsMax);
    }

    public bool IsEmpty => _first == _end;
    internal int Capacity => _events.Length;
    internal int Room => IsEmpty ? _events.Length : _events.Length - _end;

    internal ref RingEvent Claim()
    {
        if (IsEmpty) _first = _end = 0;
        return ref _events[_end];
    }

    internal void Publish() => _end++;
    internal ref RingEvent Head => ref _events[_first];
    internal void Drop() => _first++;
}

/// <summary>
/// A capture in paper mode. It wraps the capture's source, shows each event to the <see cref="PaperVenue"/> and lets it into the ring, with the venue's reports at their sequenced times between.
/// <para>The protocol that makes fills independent of speed and topology: sequenced time passes only when the deciding thread has handled everything published so far.
/// So before an event with a later time than the last is let in, <c>consumersCaughtUp</c> must answer true: every consumer that can cause an order, and the sender
/// behind it, has released the last published event, and every order it caused has gone through <see cref="PaperVenue.Send"/>. Where it answers false, Poll returns what it has done and goes on at the next
/// call; it never waits. In the fused topology (Poll, then handle what was published, then Poll) the callback answers whether the ring is drained,
/// and each Poll lets in one instant of the capture.</para>
/// <para>Poll lets market events of one instant in together: requests that they cause arrive at least a nanosecond later.</para>
/// </summary>
public sealed class PaperSource<TSink> : ITickSource where TSink : struct, IEventSink
{
    private readonly ITickSource _inner;
    private readonly EventStaging _staging;
    private readonly PaperVenue _venue;
    private readonly Func<bool> _consumersCaughtUp;
    private readonly ushort _session;
    private TSink _sink;
    private long _timeUtcNs = long.MinValue;
    private bool _announced;
    private bool _endedVenue;

    /// <param name="inner">The capture's source, constructed over a StagingSink of <paramref name="staging"/>.</param>
    /// <param name="staging">Where the inner source puts its events.</param>
    /// <param name="venue">Fills our orders.</param>
    /// <param name="sink">The ring.</param>
    /// <param name="consumersCaughtUp">True when everything published has been decided on and sent; see the protocol above. Must have acquire semantics (a ring's released sequence has).</param>
    public PaperSource(ITickSource inner, EventStaging staging, PaperVenue venue, TSink sink, Func<bool> consumersCaughtUp)
    {
        _inner = inner;
        _staging = staging;
        _venue = venue;
        _sink = sink;
        _consumersCaughtUp = consumersCaughtUp;
        _session = venue.Session;
        if (inner.MaxEventsPerPacket > staging.Capacity)
            throw new ArgumentException($"One packet of the source can make {inner.MaxEventsPerPacket} events; the staging buffer holds {staging.Capacity}.");
    }

    public bool Ended => _inner.Ended && _staging.IsEmpty && _endedVenue;
    public int MaxEventsPerPacket => _inner.MaxEventsPerPacket;
    public SourceStatistics Statistics => _inner.Statistics;

    public int Poll(int maxPackets)
    {
        int packets = 0;
        bool published = false;
        while (true)
        {
            if (!_staging.IsEmpty)
            {
                if (!LetIn(ref published)) break;
                continue;
            }
            if (packets >= maxPackets) break;
            int taken = _inner.Poll(1);
            packets += taken;
            if (taken > 0 || !_staging.IsEmpty) continue;
            if (_inner.Ended) FinishVenue(ref published);
            break;
        }
        return packets > 0 ? packets : published ? 1 : 0;
    }

    public void Dispose() => _inner.Dispose();

    /// <summary>Lets staged events in up to where time would pass without leave; false when it must stop for now.</summary>
    private bool LetIn(ref bool published)
    {
        while (!_staging.IsEmpty)
        {
            ref RingEvent e = ref _staging.Head;
            if (!_announced)
            {
                if (!Announce(e.TimeUtcNs)) return false;
                published = true;
            }
            if (e.Kind == EventKind.EndOfInput && !DrainVenue(ref published)) return false;
            if (e.TimeUtcNs > _timeUtcNs)
            {
                if (!_consumersCaughtUp()) return false;
                while (_venue.TryNextDue(out long due, out bool isReport) && due < e.TimeUtcNs)
                {
                    if (!isReport) { _venue.Arrive(); continue; }
                    if (!PublishReport()) return false;
                    published = true;
                    // The report may cause an order that arrives before this event.
                    if (!_consumersCaughtUp()) return false;
                }
                _timeUtcNs = e.TimeUtcNs;
            }
            if (_sink.RemainingCapacity <= 0) return false;
            ref RingEvent slot = ref _sink.Claim();
            slot = e;
            // What the venue reported last may lie after the end of the capture.
            if (slot.TimeUtcNs < _timeUtcNs) slot.TimeUtcNs = _timeUtcNs;
            _venue.Observe(ref slot);
            _staging.Drop();
            _sink.Publish();
            published = true;
        }
        return true;
    }

    /// <summary>The paper session is up from the first instant on.</summary>
    private bool Announce(long timeUtcNs)
    {
        if (_sink.RemainingCapacity <= 0) return false;
        RingEvent.Begin(ref _sink.Claim(), EventKind.SessionUp, RingEvent.AllInstruments, _session, 0, timeUtcNs);
        _sink.Publish();
        _timeUtcNs = timeUtcNs;
        _announced = true;
        return true;
    }

    private bool PublishReport()
    {
        if (_sink.RemainingCapacity <= 0) return false;
        ref RingEvent slot = ref _sink.Claim();
        _venue.TakeReport(ref slot);
        _timeUtcNs = slot.TimeUtcNs;
        _sink.Publish();
        return true;
    }

    private void FinishVenue(ref bool published)
    {
        if (!_endedVenue) DrainVenue(ref published);
    }

    /// <summary>After the last market event: everything under way ends, and all reports are let in.</summary>
    private bool DrainVenue(ref bool published)
    {
        if (_endedVenue) return true;
        if (!_consumersCaughtUp()) return false;
        _venue.End(_timeUtcNs);
        while (_venue.HasReport)
        {
            if (!PublishReport()) return false;
            published = true;
        }
        _endedVenue = true;
        return true;
    }
}
