using System.Runtime.InteropServices;
using Appliance.Contract;

namespace Appliance.Flow.Market;

/// <summary>How far a bridged level feed has come.</summary>
internal enum BridgePhase : byte
{
    /// <summary>Diffs are held until a snapshot comes.</summary>
    AwaitingSnapshot = 0,
    /// <summary>A snapshot's levels are being read.</summary>
    LoadingSnapshot = 1,
    /// <summary>The snapshot stands, and no diff yet reached it.</summary>
    AwaitingFirst = 2,
    /// <summary>The chain of identifiers is unbroken since the snapshot: the book is whole.</summary>
    Bridged = 3,
}

/// <summary>What to do with an update of a bridged feed.</summary>
internal enum UpdateVerdict : byte { Apply = 0, Stale = 1, Hold = 2, Break = 3 }

/// <summary>A held header or level: 32 bytes.</summary>
[StructLayout(LayoutKind.Explicit, Size = 32)]
internal struct HeldEvent
{
    /// <summary>First update identifier, or price.</summary>
    [FieldOffset(0)] public long FirstUpdateIdOrPrice;
    /// <summary>Last update identifier, or quantity.</summary>
    [FieldOffset(8)] public long LastUpdateIdOrQuantity;
    [FieldOffset(16)] public long PreviousUpdateId;
    /// <summary>None for a header.</summary>
    [FieldOffset(24)] public Side Side;
    [FieldOffset(25)] public byte Spare0;
    [FieldOffset(26)] public ushort Spare1;
    [FieldOffset(28)] public int Spare2;
}

/// <summary>
/// Joins level diffs to a snapshot by the venue's update identifiers. With the snapshot's lastUpdateId L and a diff's first identifier U, last u and, of
/// futures, previous pu (0 marks a spot feed, which has none):
/// <list type="bullet">
/// <item>a diff is older than the snapshot and dropped when u &lt; L (futures) or u ≤ L (spot);</item>
/// <item>the first that is applied must have U ≤ L ≤ u (futures) or U ≤ L + 1 ≤ u (spot);</item>
/// <item>every later one must have pu equal to the u before (futures) or U equal to it plus one (spot); one whose u is not above it is a repetition and dropped.</item>
/// </list>
/// Anything else is a break: the book is not whole until another snapshot, and diffs are held from the one that broke. Source: Binance, "How to manage a local
/// order book correctly", in the documents of the spot and of the futures websocket market streams.
/// The held diffs stand in a ring made at start.
/// </summary>
internal sealed class DepthBridge
{
    private readonly HeldEvent[] _held;
    private readonly int _mask;
    private int _head, _count;
    /// <summary>The update being written lost its header to make room: the rest of it is dropped too.</summary>
    private bool _writingLost;

    public DepthBridge(int heldEvents)
    {
        int size = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)heldEvents);
        _held = new HeldEvent[size];
        // Written once, so that no page of memory is first touched on the hot path.
        _held.AsSpan().Clear();
        _mask = size - 1;
    }

    public BridgePhase Phase;
    /// <summary>The u that the book has reached: of the last update applied, or of the snapshot before one was.</summary>
    public long LastUpdateId;
    public int HeldCount => _count;

    /// <summary>Back to the beginning: nothing held, waiting for a snapshot.</summary>
    public void Reset()
    {
        Phase = BridgePhase.AwaitingSnapshot;
        LastUpdateId = 0;
        _head = _count = 0;
        _writingLost = true;
    }

    public UpdateVerdict Judge(long first, long last, long previous)
    {
        bool futures = previous != 0;
        switch (Phase)
        {
            case BridgePhase.Bridged:
                if (last <= LastUpdateId)
                    return UpdateVerdict.Stale;
                return (futures ? previous == LastUpdateId : first == LastUpdateId + 1) ? UpdateVerdict.Apply : UpdateVerdict.Break;
            case BridgePhase.AwaitingFirst:
                long needed = futures ? LastUpdateId : LastUpdateId + 1;
                if (last < needed)
                    return UpdateVerdict.Stale;
                return first <= needed ? UpdateVerdict.Apply : UpdateVerdict.Break;
            default:
                return UpdateVerdict.Hold;
        }
    }

    /// <summary>Holds a diff's header; its levels follow by <see cref="HoldLevel"/>.</summary>
    /// <returns>Updates dropped to make room.</returns>
    public int HoldHeader(in UpdateRange update)
    {
        _writingLost = false;
        return Push(new HeldEvent { FirstUpdateIdOrPrice = update.FirstUpdateId, LastUpdateIdOrQuantity = update.LastUpdateId, PreviousUpdateId = update.PreviousUpdateId });
    }

    public int HoldLevel(Side side, long priceUnits, long quantityUnits) =>
        _writingLost ? 0 : Push(new HeldEvent { FirstUpdateIdOrPrice = priceUnits, LastUpdateIdOrQuantity = quantityUnits, Side = side });

    /// <summary>The oldest held event; only while <see cref="HeldCount"/> is above zero.</summary>
    public ref readonly HeldEvent Oldest => ref _held[_head];

    public void DropOldest()
    {
        _head = (_head + 1) & _mask;
        _count--;
    }

    /// <summary>Drops the oldest header and its levels.</summary>
    public void DropOldestUpdate()
    {
        DropOldest();
        while (_count > 0 && Oldest.Side != Side.None)
            DropOldest();
    }

    private int Push(in HeldEvent held)
    {
        int dropped = 0;
        if (_count == _held.Length)
        {
            DropOldestUpdate();
            dropped = 1;
            if (_count == 0 && held.Side != Side.None)
            {
                _writingLost = true;
                return dropped;
            }
        }
        _held[(_head + _count) & _mask] = held;
        _count++;
        return dropped;
    }
}
