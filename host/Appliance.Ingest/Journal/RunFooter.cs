using Appliance.Contract;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Appliance.Ingest.Journal;

/// <summary>
/// The view of <see cref="EventKind.RunFooter"/>: what the recording host says of the run it recorded, for comparison after a replay. It is the
/// journal's last record, after EndOfInput, and no decision reads it.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = RingEvent.SizeBytes)]
public struct RunFooter
{
    public const int OrdersSha256Bytes = 32;

    [FieldOffset(0)] public EventKind Kind;
    [FieldOffset(1)] public Side Side;
    [FieldOffset(2)] public EventFlags Flags;
    [FieldOffset(4)] public ushort Instrument;
    [FieldOffset(6)] public ushort Source;
    [FieldOffset(8)] public long ReceivedNs;
    [FieldOffset(16)] public long TimeUtcNs;
    [FieldOffset(24)] private Sha256Bytes _ordersSha256;
    /// <summary>How many approved orders the hash covers.</summary>
    [FieldOffset(56)] public long Orders;

    [InlineArray(OrdersSha256Bytes)]
    private struct Sha256Bytes { private byte _first; }

    [UnscopedRef]
    public Span<byte> OrdersSha256 => _ordersSha256;

    public static ref RunFooter In(ref RingEvent e) => ref Unsafe.As<RingEvent, RunFooter>(ref e);

    public static RingEvent Create(ReadOnlySpan<byte> ordersSha256, long orders, long timeUtcNs)
    {
        if (ordersSha256.Length != OrdersSha256Bytes) throw new ArgumentException("A SHA-256 has 32 bytes.", nameof(ordersSha256));
        RingEvent e = default;
        RingEvent.Begin(ref e, EventKind.RunFooter, RingEvent.AllInstruments, 0, 0, timeUtcNs);
        ordersSha256.CopyTo(In(ref e).OrdersSha256);
        In(ref e).Orders = orders;
        return e;
    }
}
