using System.Numerics;
using System.Runtime.CompilerServices;

namespace Appliance.Risk;

/// <summary>
/// Whether a number is a multiple of a constant, by one multiplication in place of a division that takes ten times as long. With d = 2^k · m, m odd, n is a multiple of d exactly when
/// n · m⁻¹ mod 2^64, rotated right by k, is at most ⌊(2^64 − 1) / d⌋. Granlund and Montgomery, Division by Invariant Integers using Multiplication (1994), section 9.
/// </summary>
internal readonly struct Divisor
{
    private readonly ulong _inverse, _quotientMax;
    private readonly int _twos;

    /// <param name="divisor">Above zero.</param>
    public Divisor(long divisor)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(divisor);
        _twos = BitOperations.TrailingZeroCount(divisor);
        ulong odd = (ulong)divisor >> _twos;
        // Newton's iteration doubles the correct bits: an odd number is its own inverse to 3 bits, then 6, 12, 24, 48, 96.
        ulong inverse = odd;
        for (int i = 0; i < 5; i++) inverse *= 2 - odd * inverse;
        _inverse = inverse;
        _quotientMax = ulong.MaxValue / (ulong)divisor;
    }

    /// <param name="number">Zero or above.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Divides(long number) => BitOperations.RotateRight((ulong)number * _inverse, _twos) <= _quotientMax;
}
