using System.Runtime.CompilerServices;
using Appliance.Contract;
using Appliance.Strategy.Features;

namespace Appliance.Flow.Market;

/// <summary>
/// All books and their features, as a function of the ring's events: the first stage of the decision thread. It reads no clock and allocates nothing after
/// construction. Orders and levels change at once; what other stages read (<see cref="Top"/>, <see cref="Features"/>, <see cref="Dirty"/>) changes only at a
/// decide mark, when the venue's transaction is whole, so that a book which is crossed in the midst of a transaction is seen by nobody. What stops trading (a halt,
/// a gap, a cleared book) is the exception: it shows in the top at once.
///
/// <para>Where to look: MarketState.Orders.cs for order-by-order feeds, MarketState.Levels.cs for level feeds, quotes and bridging, MarketState.Feed.cs for status,
/// bands, gaps and resets; <see cref="LevelSide"/> and <see cref="RestingOrders"/> for the data structures; <see cref="InstrumentBook"/> for how quote and depth
/// make one top. A new kind of market event is one case in <see cref="Apply"/>.</para>
/// </summary>
public sealed partial class MarketState
{
    private readonly InstrumentBook[] _books;
    private readonly TopOfBook[] _tops;
    private readonly FeatureTracker[] _features;
    private readonly RestingOrders _orders;
    private readonly ushort[] _touched, _dirty;
    private int _touchedCount, _dirtyCount;

    public MarketState(ReadOnlySpan<InstrumentDefinition> instruments, MarketOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        RequireRange(options.MaxOrders, 16, 1 << 26, nameof(options.MaxOrders));
        RequireRange(options.LevelsPerSide, 4, 1 << 20, nameof(options.LevelsPerSide));
        RequireRange(options.HeldEventsPerInstrument, 16, 1 << 22, nameof(options.HeldEventsPerInstrument));
        int count = instruments.Length;
        RequireRange(count, 1, RingEvent.AllInstruments, nameof(instruments));
        _books = new InstrumentBook[count];
        _tops = new TopOfBook[count];
        _features = new FeatureTracker[count];
        _touched = new ushort[count];
        _dirty = new ushort[count];
        bool anyOrders = false;
        for (int i = 0; i < count; i++)
        {
            if (instruments[i].Index != i)
                throw new ArgumentException($"Instrument {instruments[i].Symbol} stands at position {i} but says index {instruments[i].Index}.", nameof(instruments));
            InstrumentFeed feed = options.FeedOf(i);
            anyOrders |= feed.Feed == BookFeed.Orders;
            _books[i] = new InstrumentBook(feed, options);
            _features[i] = new FeatureTracker(instruments[i], options.Features);
            _tops[i] = new TopOfBook { UpperBandUnits = long.MaxValue, Status = feed.InitialStatus };
        }
        _orders = new RestingOrders(anyOrders ? options.MaxOrders : 1);
    }

    public MarketCounters Counters { get; } = new();

    public int InstrumentCount => _books.Length;

    /// <summary>Orders that rest now, over all order-by-order books.</summary>
    public int OrderCount => _orders.Count;

    /// <summary>The best of the book as of the instrument's last decide mark; its state and status also show at once what stops trading.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref readonly TopOfBook Top(int instrument) => ref _tops[instrument];

    /// <summary>The features as of the instrument's last decide mark with a ready book.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref readonly InstrumentFeatures Features(int instrument) => ref _features[instrument].Values;

    /// <summary>Instruments that decide marks have settled since the last <see cref="ClearDirty"/>, each once, in the order of their first event.</summary>
    public ReadOnlySpan<ushort> Dirty => _dirty.AsSpan(0, _dirtyCount);

    public void ClearDirty()
    {
        for (int i = 0; i < _dirtyCount; i++)
            _books[_dirty[i]].IsDirty = false;
        _dirtyCount = 0;
    }

    /// <summary>Copies the best levels of one side, best first. Where the quote stream is ahead of the depth its best comes first and the depth behind it follows.</summary>
    /// <returns>Levels copied, at most the span's length.</returns>
    public int CopyLevels(int instrument, Side side, Span<PriceLevel> into) => _books[instrument].CopyLevels(side, into);

    /// <summary>How many price levels the depth of one side holds.</summary>
    public int LevelCount(int instrument, Side side) => _books[instrument].SideOf(side).Count;

    /// <summary>What the depth has resting at a price; 0 when nothing.</summary>
    public long QuantityAt(int instrument, Side side, long priceUnits) => _books[instrument].SideOf(side).QuantityAt(priceUnits);

    /// <summary>Takes one event of the ring; those that are no market data are ignored.</summary>
    public void Apply(ref RingEvent e)
    {
        switch (e.Kind)
        {
            case EventKind.OrderAdded:
                AddOrder(ref RingEvent.AsTick(ref e));
                break;
            case EventKind.OrderExecuted:
            case EventKind.OrderExecutedAtPrice:
                ExecuteOrder(ref RingEvent.AsTick(ref e));
                break;
            case EventKind.OrderReduced:
                ReduceOrder(ref RingEvent.AsTick(ref e));
                break;
            case EventKind.OrderDeleted:
                DeleteOrder(ref RingEvent.AsTick(ref e));
                break;
            case EventKind.OrderReplaced:
                ReplaceOrder(ref RingEvent.AsTick(ref e));
                break;
            case EventKind.LevelSet:
                SetLevel(ref RingEvent.AsTick(ref e));
                break;
            case EventKind.QuoteSet:
                SetQuote(ref RingEvent.AsQuote(ref e));
                break;
            case EventKind.Trade:
                TakeTrade(ref RingEvent.AsTick(ref e));
                break;
            case EventKind.DepthUpdate:
                OpenUpdate(ref RingEvent.AsUpdateRange(ref e));
                break;
            case EventKind.DepthSnapshot:
                OpenSnapshot(ref RingEvent.AsUpdateRange(ref e));
                break;
            case EventKind.DepthSnapshotEnd:
                CloseSnapshot(ref e);
                break;
            case EventKind.TransactionEnd:
                break;
            default:
                if (e.Kind is EventKind.None or > EventKind.TransactionEnd)
                    return;
                ApplyRare(ref e);
                break;
        }
        if (e.IsDecideMark)
            Settle(e.Source);
    }

    /// <summary>The book that an event concerns, marked as touched; null for an instrument out of range, which is counted.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private InstrumentBook? Touch(ushort instrument, ushort source, long timeUtcNs)
    {
        InstrumentBook[] books = _books;
        if (instrument >= books.Length)
        {
            Counters.RejectedEvents++;
            return null;
        }
        InstrumentBook book = books[instrument];
        book.LastTimeUtcNs = timeUtcNs;
        book.LastSource = source;
        book.Sources |= 1UL << (source & 63);
        if (!book.IsTouched)
        {
            book.IsTouched = true;
            _touched[_touchedCount++] = instrument;
        }
        return book;
    }

    /// <summary>A source's transaction is whole: tops and features of the instruments it touched follow their books. Another source's open transaction stays open.</summary>
    private void Settle(ushort source)
    {
        int kept = 0;
        for (int i = 0; i < _touchedCount; i++)
        {
            ushort instrument = _touched[i];
            InstrumentBook book = _books[instrument];
            if (book.LastSource != source)
            {
                _touched[kept++] = instrument;
                continue;
            }
            book.IsTouched = false;
            if (book.BatchOpen)
                CloseBatch(book);
            Settle(instrument, book);
        }
        if (kept != _touchedCount)
            Counters.SettledMarks++;
        _touchedCount = kept;
    }

    private void Settle(ushort instrument, InstrumentBook book)
    {
        ref TopOfBook top = ref _tops[instrument];
        if (book.Complete && (book.Bids.IsEmpty || book.Asks.IsEmpty || book.Bids.HasOverflowed || book.Asks.HasOverflowed))
            CheckRoom(book);
        book.WriteTop(ref top);
        if (top.State == BookState.Ready && top.Status is (TradingStatus.Trading or TradingStatus.Unknown))
        {
            _features[instrument].OnReady(in top);
        }
        else
        {
            if (top.State == BookState.Crossed)
                Counters.Crossed++;
            _features[instrument].OnNotReady();
        }
        if (!book.IsDirty)
        {
            book.IsDirty = true;
            _dirty[_dirtyCount++] = instrument;
        }
    }

    /// <summary>A book that ran out of room, or of what it had room for, is no longer whole.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void CheckRoom(InstrumentBook book)
    {
        if (book.Bids.HasOverflowed || book.Asks.HasOverflowed)
        {
            book.Complete = false;
        }
        else if (book.Bids.IsExhausted || book.Asks.IsExhausted)
        {
            book.Complete = false;
            Counters.LevelsExhausted++;
        }
    }

    private static void RequireRange(int value, int least, int most, string name)
    {
        if (value < least || value > most)
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be from {least} to {most}.");
    }
}
