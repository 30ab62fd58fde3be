using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Appliance.Contract;

namespace Appliance.Risk;

/// <summary>
/// Every order from approval on, in records of fixed number. The gate writes it before an order leaves and when an answer comes; others only read.
/// Done records stay until they are reused, oldest first, so that a late fill finds its order.
/// Answers are applied in OrderTable.Executions.cs.
/// </summary>
public sealed partial class OrderTable
{
    private const long FilledUnitsMax = InstrumentLimits.UnitsMax;
    /// <summary>No position and no side's working orders come to more, so that a sum of both stays within 64 bits.</summary>
    private const long SumUnitsMax = 1L << 61;

    private readonly OrderRecord[] _records;
    private readonly InstrumentExposure[] _exposures;
    private readonly PortfolioExposure[] _portfolios;
    /// <summary>Slots free or done, in the order in which they may be reused.</summary>
    private readonly int[] _reuse;
    private int _reuseHead, _reuseCount;
    private readonly int[] _live;
    private int _liveCount;
    /// <summary>Request id to slot, by the id's low bits: ids rise by one, so a collision means that thousands of requests lie between, and a scan then finds the order.</summary>
    private readonly IndexEntry[] _index;
    private readonly int _indexMask;
    private readonly long _acknowledgeWithinNs;
    private long _nowUtcNs;

    public OrderTable(int capacity, int instruments, int portfolios, long acknowledgeWithinNs)
    {
        if (!int.IsPow2(capacity)) throw new ArgumentException("The capacity must be a power of two.", nameof(capacity));
        _records = new OrderRecord[capacity];
        _exposures = new InstrumentExposure[instruments];
        for (int i = 0; i < instruments; i++) (_exposures[i].FirstLive, _exposures[i].LastNewUtcNs) = (-1, long.MinValue / 2);
        _portfolios = new PortfolioExposure[portfolios];
        _reuse = new int[capacity];
        _live = new int[capacity];
        _index = new IndexEntry[capacity * 8];
        _indexMask = capacity * 8 - 1;
        _index.AsSpan().Clear();
        _acknowledgeWithinNs = acknowledgeWithinNs;
        for (int slot = 0; slot < capacity; slot++)
        {
            _reuse[slot] = slot;
            _records[slot].InReuseQueue = true;
        }
        _reuseCount = capacity;
    }

    /// <summary>Which order a request belongs to. The slot may have been given to another order since; the count of its uses says so, and a late answer then counts as unknown.</summary>
    private struct IndexEntry
    {
        public ulong Id;
        public int Slot;
        public uint Use;
    }

    /// <summary>What the table met; each is a counter of a report.</summary>
    public OrderTableCounters Counters;

    public int Capacity => _records.Length;
    public int LiveCount => _liveCount;
    public int Instruments => _exposures.Length;

    public ref readonly OrderRecord this[int slot] => ref _records[slot];
    public ref readonly InstrumentExposure Exposure(int instrument) => ref _exposures[instrument];
    public ref readonly PortfolioExposure PortfolioExposure(int portfolio) => ref _portfolios[portfolio];
    internal ref InstrumentExposure ExposureOf(int instrument) => ref _exposures[instrument];

    /// <summary>The slot of the live order number <paramref name="index"/>, 0 to LiveCount − 1, in no order.</summary>
    public int LiveSlot(int index) => _live[index];

    public bool IsFrozen(int instrument) => _exposures[instrument].OverdueOrders != 0;

    /// <summary>The slot of the order that has or had this id; −1 when none does.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Find(ulong clientOrderId)
    {
        int at = (int)(clientOrderId & (uint)_indexMask);
        ref IndexEntry entry = ref _index[at];
        return entry.Id == clientOrderId && clientOrderId != 0 && _records[entry.Slot].Use == entry.Use ? entry.Slot : FindByScan(clientOrderId);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int FindByScan(ulong id)
    {
        if (id == 0) return -1;
        for (int slot = 0; slot < _records.Length; slot++)
        {
            ref OrderRecord r = ref _records[slot];
            if (r.FirstId == id || r.CurrentId == id || r.PendingAmendId == id || r.PendingCancelId == id) return slot;
        }
        return -1;
    }

    /// <summary>Asks for the memory of an instrument's sums, before the market moves them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal unsafe void Prefetch(int instrument)
    {
        if (Sse.IsSupported) CacheLines.Prefetch(ref _exposures[instrument]);
    }

    /// <summary>
    /// Asks for the memory that the next order with that id will be written to: the slot that is reused next, which is the one not touched for longest, the one after, and the id's place. Changes nothing.
    /// </summary>
    internal unsafe void PrefetchNext(int portfolio, ulong nextId)
    {
        if (!Sse.IsSupported) return;
        int mask = _records.Length - 1;
        CacheLines.Prefetch(ref _records[_reuse[_reuseHead]]);
        CacheLines.Prefetch(ref _records[_reuse[(_reuseHead + 1) & mask]]);
        CacheLines.Prefetch(ref _portfolios[portfolio]);
        Sse.Prefetch0(Unsafe.AsPointer(ref _index[(int)(nextId & (uint)_indexMask)]));
        Sse.Prefetch0(Unsafe.AsPointer(ref _live[_liveCount & mask]));
    }

    internal void SetOpeningPosition(int instrument, long positionUnits) => _exposures[instrument].PositionUnits = positionUnits;
    internal void SetOpeningHedge(int portfolio, long positionUnits) => _portfolios[portfolio].PositionUnits = positionUnits;

    internal int OpenNew(in OrderIntent intent, ulong id, long decisionTwiceMidUnits, long nowUtcNs)
    {
        int slot = TakeSlot();
        if (slot < 0) return -1;
        ref OrderRecord r = ref _records[slot];
        uint use = r.Use + 1;
        r = default;
        r.Use = use;
        r.FirstId = r.CurrentId = id;
        r.PriceUnits = intent.PriceUnits;
        r.QuantityUnits = intent.QuantityUnits;
        r.DecisionTwiceMidUnits = decisionTwiceMidUnits;
        r.OpenedUtcNs = nowUtcNs;
        r.Instrument = intent.Instrument;
        r.Portfolio = intent.Portfolio;
        r.Side = intent.Side;
        r.TimeInForce = intent.TimeInForce;
        Index(id, slot);
        AddLive(slot);
        ConsiderBest(in r);
        Recount(ref r);
        return slot;
    }

    internal void OpenAmend(int slot, in OrderIntent intent, ulong id, long decisionTwiceMidUnits, long nowUtcNs)
    {
        ref OrderRecord r = ref _records[slot];
        r.PendingAmendId = id;
        r.PendingPriceUnits = intent.PriceUnits;
        r.PendingQuantityUnits = intent.QuantityUnits;
        r.DecisionTwiceMidUnits = decisionTwiceMidUnits;
        r.AmendSentUtcNs = nowUtcNs;
        Index(id, slot);
        ConsiderPending(in r);
        Recount(ref r);
    }

    internal void OpenCancel(int slot, ulong cancelId, ulong namesId, long nowUtcNs)
    {
        ref OrderRecord r = ref _records[slot];
        r.PendingCancelId = cancelId;
        r.CancelNamesId = namesId;
        r.CancelSentUtcNs = nowUtcNs;
        Index(cancelId, slot);
    }

    private void Index(ulong id, int slot)
    {
        int at = (int)(id & (uint)_indexMask);
        ref IndexEntry entry = ref _index[at];
        entry.Id = id;
        entry.Slot = slot;
        entry.Use = _records[slot].Use;
    }

    private int TakeSlot()
    {
        while (_reuseCount > 0)
        {
            int slot = _reuse[_reuseHead];
            _reuseHead = (_reuseHead + 1) & (_records.Length - 1);
            _reuseCount--;
            ref OrderRecord r = ref _records[slot];
            r.InReuseQueue = false;
            // A filled order that the venue's answer to an amend reopened is live again, and enters the queue anew when it ends.
            if (r.FirstId == 0) return slot;
            if (!r.IsDone) continue;
            Counters.RecordsReused++;
            return slot;
        }
        return -1;
    }

    /// <summary>Brings the sums into line with what the record says now. Every change of a record ends here.</summary>
    private void Recount(ref OrderRecord r)
    {
        ref InstrumentExposure exposure = ref _exposures[r.Instrument];
        ref PortfolioExposure portfolio = ref _portfolios[r.Portfolio];
        long worst = r.WorstLeavesUnits;
        long change = worst - r.ExposureUnits;
        r.ExposureUnits = worst;
        if (r.Side == Side.Buy)
        {
            exposure.WorkingBuyUnits += change;
            portfolio.WorkingBuyUnits += change;
        }
        else
        {
            exposure.WorkingSellUnits += change;
            portfolio.WorkingSellUnits += change;
        }
        if (r.IsOverdue && !IsPastBound(in r))
        {
            r.IsOverdue = false;
            exposure.OverdueOrders--;
        }
    }

    /// <summary>Whether so much more may work on a side. Our own orders are within the position limits; what a venue lists or restates, and what a file restores, is held to this.</summary>
    private bool HasRoomToWork(int instrument, int portfolio, Side side, long moreUnits)
    {
        ref InstrumentExposure exposure = ref _exposures[instrument];
        ref PortfolioExposure hedge = ref _portfolios[portfolio];
        long most = side == Side.Buy ? Math.Max(exposure.WorkingBuyUnits, hedge.WorkingBuyUnits) : Math.Max(exposure.WorkingSellUnits, hedge.WorkingSellUnits);
        return moreUnits <= SumUnitsMax - most;
    }

    private bool IsPastBound(in OrderRecord r)
    {
        long oldest = r.OldestUnansweredUtcNs;
        return oldest != long.MaxValue && _nowUtcNs - oldest > _acknowledgeWithinNs;
    }

    /// <summary>Sequenced time moves on: requests unanswered past the bound freeze their instruments.</summary>
    internal void OnTime(long nowUtcNs)
    {
        if (nowUtcNs > _nowUtcNs) _nowUtcNs = nowUtcNs;
        for (int i = 0; i < _liveCount; i++)
        {
            ref OrderRecord r = ref _records[_live[i]];
            if (r.IsOverdue || !IsPastBound(in r)) continue;
            r.IsOverdue = true;
            _exposures[r.Instrument].OverdueOrders++;
            Counters.AcknowledgementsOverdue++;
        }
    }
}

/// <summary>What came back from the venue, and what was odd about it.</summary>
public struct OrderTableCounters
{
    public long Fills, Filled, Cancelled, RejectedByVenue, AmendsRefused, CancelsRefused, Unsent, RecordsReused;
    /// <summary>An answer under an id that no record has; fills among them still change the position.</summary>
    public long UnknownIds, UnknownFills;
    /// <summary>Executions of such orders that moved no position: possible repetitions, and corrections that do not say what was. Whoever reads this compares with the venue's statement.</summary>
    public long UnbookedExecutions;
    /// <summary>Repetitions that changed nothing.</summary>
    public long Repeated;
    /// <summary>Fills that came after the order's end.</summary>
    public long LateFills;
    /// <summary>Fills known only from a cumulative quantity, without a trade report of their own; priced at the order's limit.</summary>
    public long InferredFills;
    /// <summary>Fills beyond the order's quantity.</summary>
    public long Overfills;
    /// <summary>Orders that the venue listed and nobody here knew; those for which the table had no room; those that had ended here, and work there all the same.</summary>
    public long UnknownOrders, UnknownOrdersUntaken, ContradictedEnds;
    public long UnsolicitedCancels, BustedTrades, CorrectedTrades, Restated, Reopened;
    /// <summary>Instrument or side differs from the order's (the order's is believed), or a quantity out of all bounds (ignored).</summary>
    public long Malformed;
    /// <summary>Requests unanswered past the bound: each is an alarm.</summary>
    public long AcknowledgementsOverdue;
}
