using Appliance.Contract;
using Appliance.Ingest;
using Appliance.TestKit;

namespace Appliance.Tests.Ingest;

/// <summary>Runs a decoder over datagrams as a source does, and gathers the events.</summary>
internal sealed class Decoding<TDecoder>(TDecoder decoder) where TDecoder : struct, IDatagramDecoder
{
    public const long ReceivedUtcNs = 1_700_000_000_000_000_000;
    private readonly EventCollector _collector = new();
    private BatchState _state;

    public SourceStatistics Statistics => decoder.Statistics;
    public List<RingEvent> Events => _collector.Events;

    /// <summary>The events of this datagram alone.</summary>
    public RingEvent[] Take(ReadOnlySpan<byte> datagram)
    {
        int before = Events.Count;
        EventCollector.Sink sink = _collector.AsSink();
        decoder.Statistics.Packets++;
        var batch = new TickBatch<EventCollector.Sink, NoClock>(ref sink, ref _state, default, decoder.Statistics, 3, 0, ReceivedUtcNs);
        decoder.Decode(datagram, ref batch);
        batch.Flush();
        return [.. Events.Skip(before)];
    }
}

internal static class Desk
{
    public static SymbolMap Symbols(params ReadOnlySpan<string> symbols)
    {
        var instruments = new InstrumentDefinition[symbols.Length];
        for (int i = 0; i < symbols.Length; i++)
            instruments[i] = new InstrumentDefinition((ushort)i, symbols[i], 10_000, 1, 100, 1, 1);
        return new SymbolMap(instruments);
    }

    public static Tick AsTick(this RingEvent e) => RingEvent.AsTick(ref e);
}
