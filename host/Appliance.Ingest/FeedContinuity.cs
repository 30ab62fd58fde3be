using System.Runtime.CompilerServices;
using Appliance.Contract;

namespace Appliance.Ingest;

/// <summary>What a sequence verdict means to the books: counts it and tells the market in events.</summary>
internal sealed class FeedContinuity(SymbolMap symbols, FeedOptions options, SourceStatistics statistics)
{
    public readonly SourceStatistics Statistics = statistics;
    public readonly SymbolMap Symbols = symbols;
    public readonly FeedOptions Options = options;
    public readonly TradingStatusTable Status = new(symbols);

    /// <summary>Gap or reset, BookCleared, and one status of each instrument.</summary>
    public int MaxEvents => 3 + Symbols.Count;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Begin<TSink, TClock>(bool fromFirstMessage, ref TickBatch<TSink, TClock> batch)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock
    {
        bool complete = Options.BookStart switch
        {
            BookStart.Complete => true,
            BookStart.Incomplete => false,
            _ => fromFirstMessage,
        };
        RingEvent.AsTick(ref batch.Begin(EventKind.BookCleared, RingEvent.AllInstruments)).Detail = complete ? 1u : 0u;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Gap<TSink, TClock>(ulong firstMissing, ulong missing, ref TickBatch<TSink, TClock> batch)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock
    {
        Statistics.Gaps++;
        Statistics.MissingMessages += (long)missing;
        ref Tick tick = ref RingEvent.AsTick(ref batch.Begin(EventKind.FeedGap, RingEvent.AllInstruments));
        tick.Reference = firstMissing;
        tick.QuantityUnits = (long)missing;
    }

    /// <summary>The sequence began again: what stood in the books is void, and no status is known until the venue states it again.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Reset<TSink, TClock>(ulong sequence, ref TickBatch<TSink, TClock> batch)
        where TSink : struct, IEventSink where TClock : struct, IMonotonicClock
    {
        Statistics.SequenceResets++;
        RingEvent.AsTick(ref batch.Begin(EventKind.FeedReset, RingEvent.AllInstruments)).Reference = sequence;
        bool complete = Options.BookStart != BookStart.Incomplete && sequence == 1;
        RingEvent.AsTick(ref batch.Begin(EventKind.BookCleared, RingEvent.AllInstruments)).Detail = complete ? 1u : 0u;
        Status.SetAll(TradingStatus.Unknown, ref batch);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Error(string what, long where)
    {
        Statistics.DecodeErrors++;
        Statistics.FirstError ??= $"{what} (packet {Statistics.Packets}, {where})";
    }

    /// <summary>How far the venue's clock is ahead of ours.</summary>
    public void ObserveVenueTime(long venueUtcNs, long receivedUtcNs)
    {
        long lead = venueUtcNs - receivedUtcNs;
        if (lead < Statistics.VenueClockLeadNsMin)
            Statistics.VenueClockLeadNsMin = lead;
        if (lead > Statistics.VenueClockLeadNsMax)
            Statistics.VenueClockLeadNsMax = lead;
    }
}
