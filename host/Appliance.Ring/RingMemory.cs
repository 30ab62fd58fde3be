using System.Runtime.CompilerServices;

namespace Appliance.Ring;

/// <summary>
/// The block that holds every word of a ring that ever changes: control lines first, then the publication flags of a ring with many
/// producers, then the slots. It is one pinned array of the runtime, so that a reference into it keeps it alive and nothing can be used after it is
/// freed; every part starts on a 128-byte border and every page has been written before the ring is handed out. The ring's managed objects hold pointers into it, written
/// once, and so share their own cache lines without harm.
/// </summary>
internal sealed unsafe class RingMemory
{
    private const int AlignmentBytes = RingSequence.SizeBytes;

    private readonly byte[] _block;
    private readonly byte* _start;
    private readonly byte* _end;
    private byte* _next;

    public RingMemory(long sizeBytes)
    {
        _block = GC.AllocateArray<byte>(checked((int)(sizeBytes + AlignmentBytes)), pinned: true);
        byte* first = (byte*)Unsafe.AsPointer(ref System.Runtime.InteropServices.MemoryMarshal.GetArrayDataReference(_block));
        _start = (byte*)(((nuint)first + AlignmentBytes - 1) & ~(nuint)(AlignmentBytes - 1));
        _end = _start + sizeBytes;
        _next = _start;
        // The runtime hands out fresh pages that the kernel has not yet backed; writing them here takes the page faults now.
        _block.AsSpan().Fill(0xFF);
        _block.AsSpan().Clear();
    }

    public static long RoundUp(long sizeBytes) => (sizeBytes + AlignmentBytes - 1) & ~(long)(AlignmentBytes - 1);

    /// <summary>The next <paramref name="sizeBytes"/> of the block, zeroed, on an own 128-byte border.</summary>
    public byte* Take(long sizeBytes)
    {
        byte* part = _next;
        byte* next = part + RoundUp(sizeBytes);
        if (next > _end) throw new InvalidOperationException("The ring's memory was sized for fewer parts than it is asked for.");
        _next = next;
        return part;
    }

    public RingSequence* TakeSequence()
    {
        var sequence = (RingSequence*)Take(RingSequence.SizeBytes);
        sequence->Value = RingSequence.None;
        return sequence;
    }
}
