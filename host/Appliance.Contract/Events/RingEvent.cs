using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Appliance.Contract;

/// <summary>
/// One slot of the ring: 64 bytes, a cache line. The first 24 bytes are the header that every kind shares; the other 40 are read through
/// the view that belongs to the kind (<see cref="AsTick"/>, <see cref="AsQuote"/>, ...). Spare bytes are named and zero.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = SizeBytes)]
public struct RingEvent
{
    public const int SizeBytes = 64;
    /// <summary>Instrument value of events that concern no single instrument.</summary>
    public const ushort AllInstruments = ushort.MaxValue;
    /// <summary>Source value of commands that concern every portfolio.</summary>
    public const ushort AllPortfolios = ushort.MaxValue;

    [FieldOffset(0)] public EventKind Kind;
    [FieldOffset(1)] public Side Side;
    [FieldOffset(2)] public EventFlags Flags;
    /// <summary>Index into the desk's instrument table.</summary>
    [FieldOffset(4)] public ushort Instrument;
    /// <summary>Index of the source or session that made the event.</summary>
    [FieldOffset(6)] public ushort Source;
    /// <summary>Monotonic nanoseconds at which the packet was received. For latency only: no decision reads it.</summary>
    [FieldOffset(8)] public long ReceivedNs;
    /// <summary>Sequenced time, UTC nanoseconds since 1970: wall clock at the run's start plus monotonic time since when live (<see cref="SequencedClock"/>), the capture's time when replayed; never decreasing. The one time decisions use.</summary>
    [FieldOffset(16)] public long TimeUtcNs;
    [FieldOffset(24)] private PayloadBytes _payload;

    [InlineArray(40)]
    private struct PayloadBytes { private byte _first; }

    public readonly bool IsDecideMark => (Flags & EventFlags.DecideMark) != 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ref Tick AsTick(ref RingEvent e) => ref Unsafe.As<RingEvent, Tick>(ref e);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ref Quote AsQuote(ref RingEvent e) => ref Unsafe.As<RingEvent, Quote>(ref e);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ref UpdateRange AsUpdateRange(ref RingEvent e) => ref Unsafe.As<RingEvent, UpdateRange>(ref e);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ref Execution AsExecution(ref RingEvent e) => ref Unsafe.As<RingEvent, Execution>(ref e);
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ref ControlEvent AsControl(ref RingEvent e) => ref Unsafe.As<RingEvent, ControlEvent>(ref e);

    /// <summary>Zeroes the slot and writes the header: the first thing a producer does with a claimed slot, so that no byte of an earlier event is journaled.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Begin(ref RingEvent e, EventKind kind, ushort instrument, ushort source, long receivedNs, long timeUtcNs)
    {
        e = default;
        e.Kind = kind;
        e.Instrument = instrument;
        e.Source = source;
        e.ReceivedNs = receivedNs;
        e.TimeUtcNs = timeUtcNs;
    }
}

/// <summary>One normalised market event. Prices and quantities are integers in the feed's fixed-point units (see <see cref="InstrumentDefinition"/>).</summary>
[StructLayout(LayoutKind.Explicit, Size = RingEvent.SizeBytes)]
public struct Tick
{
    [FieldOffset(0)] public EventKind Kind;
    [FieldOffset(1)] public Side Side;
    [FieldOffset(2)] public EventFlags Flags;
    [FieldOffset(4)] public ushort Instrument;
    [FieldOffset(6)] public ushort Source;
    [FieldOffset(8)] public long ReceivedNs;
    [FieldOffset(16)] public long TimeUtcNs;
    [FieldOffset(24)] public long PriceUnits;
    [FieldOffset(32)] public long QuantityUnits;
    /// <summary>The venue's order reference; for other kinds as <see cref="EventKind"/> says.</summary>
    [FieldOffset(40)] public ulong Reference;
    /// <summary>Match number, new order reference of a replace, or trade identifier.</summary>
    [FieldOffset(48)] public ulong Reference2;
    /// <summary>Nanoseconds from receipt to decoded, saturating.</summary>
    [FieldOffset(56)] public uint DecodeNs;
    [FieldOffset(60)] public uint Detail;
}

/// <summary>Best bid and ask of a top-of-book stream.</summary>
[StructLayout(LayoutKind.Explicit, Size = RingEvent.SizeBytes)]
public struct Quote
{
    [FieldOffset(0)] public EventKind Kind;
    [FieldOffset(1)] public Side Side;
    [FieldOffset(2)] public EventFlags Flags;
    [FieldOffset(4)] public ushort Instrument;
    [FieldOffset(6)] public ushort Source;
    [FieldOffset(8)] public long ReceivedNs;
    [FieldOffset(16)] public long TimeUtcNs;
    [FieldOffset(24)] public long BidPriceUnits;
    [FieldOffset(32)] public long BidQuantityUnits;
    [FieldOffset(40)] public long AskPriceUnits;
    [FieldOffset(48)] public long AskQuantityUnits;
    [FieldOffset(56)] public uint DecodeNs;
    /// <summary>Low 32 bits of the venue's update identifier; compare by signed difference.</summary>
    [FieldOffset(60)] public uint UpdateIdLow;
}

/// <summary>The identifiers of a depth update or snapshot.</summary>
[StructLayout(LayoutKind.Explicit, Size = RingEvent.SizeBytes)]
public struct UpdateRange
{
    [FieldOffset(0)] public EventKind Kind;
    [FieldOffset(1)] public Side Side;
    [FieldOffset(2)] public EventFlags Flags;
    [FieldOffset(4)] public ushort Instrument;
    [FieldOffset(6)] public ushort Source;
    [FieldOffset(8)] public long ReceivedNs;
    [FieldOffset(16)] public long TimeUtcNs;
    /// <summary>Binance U.</summary>
    [FieldOffset(24)] public long FirstUpdateId;
    /// <summary>Binance u; lastUpdateId of a snapshot.</summary>
    [FieldOffset(32)] public long LastUpdateId;
    /// <summary>Binance pu; 0 where the feed has none (spot).</summary>
    [FieldOffset(40)] public long PreviousUpdateId;
    /// <summary>How many LevelSet events follow.</summary>
    [FieldOffset(48)] public int Levels;
    [FieldOffset(52)] public int Spare0;
    [FieldOffset(56)] public uint DecodeNs;
    [FieldOffset(60)] public uint Spare1;
}

/// <summary>What the order session said: an execution report or a reject of one of our requests, or the session's own state.</summary>
[StructLayout(LayoutKind.Explicit, Size = RingEvent.SizeBytes)]
public struct Execution
{
    [FieldOffset(0)] public EventKind Kind;
    [FieldOffset(1)] public Side Side;
    [FieldOffset(2)] public EventFlags Flags;
    [FieldOffset(4)] public ushort Instrument;
    /// <summary>Index of the session.</summary>
    [FieldOffset(6)] public ushort Source;
    [FieldOffset(8)] public long ReceivedNs;
    [FieldOffset(16)] public long TimeUtcNs;
    /// <summary>ClOrdID of the request this answers: of the new id in an amend.</summary>
    [FieldOffset(24)] public ulong ClientOrderId;
    /// <summary>LastPx in the instrument's price units; for an unsolicited restatement the order's price.</summary>
    [FieldOffset(32)] public long LastPriceUnits;
    /// <summary>LastQty in the instrument's quantity units; for an unsolicited restatement the order's total.</summary>
    [FieldOffset(40)] public long LastQuantityUnits;
    [FieldOffset(48)] public long CumulativeQuantityUnits;
    [FieldOffset(56)] public ExecutionKind ExecutionKind;
    [FieldOffset(57)] public OrderStatus OrderStatus;
    /// <summary>The venue's reason (OrdRejReason, CxlRejReason, BusinessRejectReason, SessionRejectReason), or a SendResult of OrderUnsent.</summary>
    [FieldOffset(58)] public ushort Reason;
    /// <summary>Low 32 bits of the session's inbound sequence number, 0 where none.</summary>
    [FieldOffset(60)] public uint SessionSequence;
}

/// <summary>
/// Commands, timers, overload, journal state. A command that changes a limit, or names a portfolio, has the instrument in Instrument (or AllInstruments), the portfolio
/// in Source (or AllPortfolios), the <see cref="LimitKey"/> in Value1, the new value as a double's bits in Value2, and the operator's name, ASCII, in Value3 and Value4.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = RingEvent.SizeBytes)]
public struct ControlEvent
{
    [FieldOffset(0)] public EventKind Kind;
    [FieldOffset(1)] public Side Side;
    [FieldOffset(2)] public EventFlags Flags;
    [FieldOffset(4)] public ushort Instrument;
    [FieldOffset(6)] public ushort Source;
    [FieldOffset(8)] public long ReceivedNs;
    [FieldOffset(16)] public long TimeUtcNs;
    [FieldOffset(24)] public long Value1;
    [FieldOffset(32)] public long Value2;
    [FieldOffset(40)] public long Value3;
    [FieldOffset(48)] public long Value4;
    [FieldOffset(56)] public int Code;
    [FieldOffset(60)] public int Spare;
}
