using Appliance.Contract;
using Appliance.Host.Threads;
using Appliance.Ingest;
using Appliance.Ingest.Mold;

namespace Appliance.Host.Latency;

/// <summary>
/// A closed loop at full speed: packets made and decoded on the polling thread by the decoder that live packets take, the next only when the one before is decided on. After
/// a packet that makes an order it waits for the venue's answer, so that every price move finds the hedge at rest.
/// </summary>
internal sealed class SyntheticSource<TSink>(SymbolMap symbols, TSink sink, RunSwitches switches, IRing<RingEvent> ring, SequencedClock time, long ticks, int orderEvery) : ITickSource where TSink : struct, IEventSink
{
    private readonly MoldItchDecoder _decoder = new(symbols, new FeedOptions { BookStart = BookStart.Complete });
    private readonly TickPattern _pattern = new(orderEvery);
    private readonly HostMonotonicClock _clock = new();
    private TSink _sink = sink;
    private BatchState _state;
    private bool _opened;

    public bool Ended => _pattern.Ticks >= ticks;
    public int MaxEventsPerPacket => _decoder.MaxEvents(1472);
    public SourceStatistics Statistics => _decoder.Statistics;

    public int Poll(int maxPackets)
    {
        if (Ended || !switches.SessionUp || _sink.RemainingCapacity < 64) return 0;
        if (switches.DecidedSequence < ring.Cursor || _pattern.IsTrigger && !switches.Quiet) return 0;
        ReadOnlySpan<byte> packet = _opened ? _pattern.Next() : _pattern.Opening();
        _opened = true;
        long nowNs = _clock.NowNs();
        var batch = new TickBatch<TSink, HostMonotonicClock>(ref _sink, ref _state, _clock, Statistics, 0, nowNs, time.At(nowNs));
        _decoder.Decode(packet, ref batch);
        Statistics.Packets++;
        return 1;
    }

    public void Dispose() { }
}
