using System.Runtime.CompilerServices;
using Appliance.Contract;

namespace Appliance.Flow.Market;

/// <summary>Status, price bands, gaps, resets and cleared books: rare events that may concern one instrument or every one of a source.</summary>
public sealed partial class MarketState
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ApplyRare(ref RingEvent e)
    {
        switch (e.Kind)
        {
            case EventKind.FeedGap:
                Counters.FeedGaps++;
                break;
            case EventKind.FeedReset:
                Counters.FeedResets++;
                break;
            case EventKind.BookCleared:
                Counters.BooksCleared++;
                break;
            case EventKind.StatusChanged:
                Counters.StatusChanges++;
                break;
            case EventKind.PriceBandSet:
                Counters.PriceBandChanges++;
                break;
            case EventKind.TradeBroken:
            case EventKind.AuctionIndicated:
                break;
            default:
                return;
        }
        ref Tick tick = ref RingEvent.AsTick(ref e);
        if (e.Instrument != RingEvent.AllInstruments)
        {
            InstrumentBook? book = Touch(e.Instrument, e.Source, e.TimeUtcNs);
            if (book is not null)
                ApplyRare(e.Instrument, book, ref tick);
            return;
        }
        for (ushort i = 0; i < _books.Length; i++)
        {
            // An instrument of which nobody has spoken may be this source's as well as another's.
            InstrumentBook book = _books[i];
            if (book.Sources != 0 && (book.Sources & (1UL << (e.Source & 63))) == 0)
                continue;
            ulong sources = book.Sources;
            Touch(i, e.Source, e.TimeUtcNs);
            book.Sources = sources;
            ApplyRare(i, book, ref tick);
        }
    }

    private void ApplyRare(ushort instrument, InstrumentBook book, ref Tick tick)
    {
        ref TopOfBook top = ref _tops[instrument];
        switch (tick.Kind)
        {
            case EventKind.FeedGap:
                // What was missed may be anything. A bridged feed can heal by another snapshot, to which diffs are held from here on.
                book.Complete = false;
                book.Bridge?.Reset();
                book.BatchOpen = false;
                top.State = BookState.Incomplete;
                break;
            case EventKind.FeedReset:
                // A stream that begins again at its first message tells the whole book again; one that begins elsewhere has told only a part.
                VoidBook(instrument, book, complete: book.StartsComplete && tick.Reference <= 1);
                break;
            case EventKind.BookCleared:
                VoidBook(instrument, book, complete: tick.Detail == 1);
                break;
            case EventKind.StatusChanged:
                top.Status = tick.Detail <= (uint)TradingStatus.Closed ? (TradingStatus)tick.Detail : TradingStatus.Unknown;
                break;
            case EventKind.PriceBandSet:
                if (tick.PriceUnits > tick.QuantityUnits)
                {
                    Counters.RejectedEvents++;
                    break;
                }
                top.LowerBandUnits = tick.PriceUnits;
                top.UpperBandUnits = tick.QuantityUnits;
                break;
        }
    }

    private void VoidBook(ushort instrument, InstrumentBook book, bool complete)
    {
        if (book.Feed == BookFeed.Orders)
            _orders.RemoveAll(instrument);
        book.Void(complete);
        _tops[instrument].State = BookState.Incomplete;
    }
}
