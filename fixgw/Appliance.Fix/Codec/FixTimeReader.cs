using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Appliance.Fix;

/// <summary>
/// Reads UTCTimestamp fields as <see cref="FixTimestamp.TryParse"/> does, remembering the last one's text down to the tens of seconds: of most others only the seconds and what follows are left to read.
/// </summary>
internal struct FixTimeReader
{
    // "YYYYMMDD-HH:MM:S" as last read, and its time.
    private const int PrefixLength = 16;
    private Vector128<byte> _prefix;
    private long _prefixUtcNs;

    /// <summary>Begins with a prefix that is sound: any other, zeros among them, would be taken for one that was read.</summary>
    public FixTimeReader() => _prefix = Vector128.LoadUnsafe(ref MemoryMarshal.GetReference("19700101-00:00:0"u8));

    public bool TryParse(ReadOnlySpan<byte> text, out long utcNs)
    {
        // Three or six decimals, nearly always.
        if (text.Length is 21 or 24)
        {
            ref byte first = ref MemoryMarshal.GetReference(text);
            // "s.ffffff", or "m:ss.fff" of which the last five are looked at: all made into "00ffffff" and "s.".
            ulong word = text.Length == 24 ? Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref first, PrefixLength))
                : Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref first, 13)) >> 24 | 0x3030_3000_0000_0000;
            uint second = (uint)(word & 0xFF) - '0';
            if (Vector128.LoadUnsafe(ref first) == _prefix && second <= 9 && (word >> 8 & 0xFF) == '.' && FixNumber.EightDigits(word & ~0xFFFFUL | 0x3030, out ulong microseconds))
            {
                utcNs = _prefixUtcNs + second * 1_000_000_000L + (long)microseconds * 1_000;
                return true;
            }
        }
        if (!FixTimestamp.TryParse(text, out utcNs)) return false;
        Remember(text, utcNs);
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Remember(ReadOnlySpan<byte> text, long utcNs)
    {
        // Of the tens that are six only one second is sound.
        if (text[PrefixLength - 1] == (byte)'6') return;
        _prefix = Vector128.LoadUnsafe(ref MemoryMarshal.GetReference(text));
        _prefixUtcNs = utcNs - utcNs % 1_000_000_000 - (text[PrefixLength] - '0') * 1_000_000_000L;
    }
}
