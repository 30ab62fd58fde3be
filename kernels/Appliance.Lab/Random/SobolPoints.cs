using System.Numerics;

namespace Appliance.Lab.Random;

/// <summary>
/// Sobol's sequence in many dimensions, 32 bits, with a digital shift from the seed, which leaves the net's uniformity and makes estimates unbiased. The first ten dimensions bear the direction numbers of Joe and Kuo,
/// "Constructing Sobol sequences with better two-dimensional projections", SIAM Journal on Scientific Computing 30 (2008) 2635–2654; later ones take the next primitive polynomials over GF(2) and odd initial numbers
/// drawn once: behind a Brownian bridge they carry little variance.
/// </summary>
public sealed class SobolPoints
{
    private static readonly uint[][] _initial = [[1], [1], [1, 3], [1, 3, 1], [1, 1, 1], [1, 1, 3, 3], [1, 3, 5, 13], [1, 1, 5, 5, 17], [1, 1, 5, 5, 5], [1, 1, 7, 11, 19]];
    private readonly uint[] _directions;
    private readonly uint[] _shift;

    public SobolPoints(int dimensions, ulong seed)
    {
        Dimensions = dimensions;
        _directions = new uint[dimensions * 32];
        _shift = new uint[dimensions];
        for (int bit = 0; bit < 32; bit++) _directions[bit] = 1u << (31 - bit);
        uint polynomial = 2;
        for (int d = 1; d < dimensions; d++)
        {
            do polynomial++;
            while (!IsPrimitive(polynomial));
            int degree = 31 - BitOperations.LeadingZeroCount(polynomial);
            var m = new uint[32];
            for (int i = 0; i < degree; i++)
                m[i] = d < _initial.Length ? _initial[d][i] : Odd(d, i);
            for (int i = degree; i < 32; i++)
            {
                uint value = m[i - degree] ^ (m[i - degree] << degree);
                for (int k = 1; k < degree; k++)
                    if ((polynomial >> (degree - k) & 1) != 0) value ^= m[i - k] << k;
                m[i] = value;
            }
            for (int i = 0; i < 32; i++) _directions[d * 32 + i] = m[i] << (31 - i);
        }
        for (int d = 0; d < dimensions; d++)
        {
            Philox.Block((uint)d, 0, 0, 0x50B01, (uint)seed, (uint)(seed >> 32), out ulong first, out _);
            _shift[d] = (uint)(first >> 32);
        }
    }

    public int Dimensions { get; }

    /// <summary>Coordinate of a point, the middle of one of 2^32 cells of (0, 1). Points beyond 2^32 repeat.</summary>
    public double At(long point, int dimension)
    {
        uint x = _shift[dimension];
        int row = dimension * 32;
        for (uint bits = (uint)point; bits != 0; bits &= bits - 1) x ^= _directions[row + BitOperations.TrailingZeroCount(bits)];
        return (x + 0.5) * (1.0 / 4294967296.0);
    }

    private static uint Odd(int dimension, int index)
    {
        Philox.Block((uint)dimension, (uint)index, 0, 0x0DD, 20080101, 0, out ulong first, out _);
        return (uint)(first >> 32) & ((1u << (index + 1)) - 1) | 1;
    }

    /// <summary>Whether x generates the whole multiplicative group of GF(2)[x] modulo the polynomial: its order is 2^degree − 1 and no proper divisor of it.</summary>
    internal static bool IsPrimitive(uint polynomial)
    {
        int degree = 31 - BitOperations.LeadingZeroCount(polynomial);
        if ((polynomial & 1) == 0) return false;
        uint order = (1u << degree) - 1;
        if (Power(order, polynomial, degree) != 1) return false;
        uint left = order;
        for (uint f = 2; f * f <= left; f++)
        {
            if (left % f != 0) continue;
            while (left % f == 0) left /= f;
            if (Power(order / f, polynomial, degree) == 1) return false;
        }
        return left <= 1 || left == order || Power(order / left, polynomial, degree) != 1;
    }

    /// <summary>x^exponent modulo the polynomial.</summary>
    private static uint Power(uint exponent, uint polynomial, int degree)
    {
        uint result = 1, factor = degree == 1 ? 1u : 2u;
        for (; exponent != 0; exponent >>= 1)
        {
            if ((exponent & 1) != 0) result = Multiply(result, factor, polynomial, degree);
            factor = Multiply(factor, factor, polynomial, degree);
        }
        return result;
    }

    private static uint Multiply(uint a, uint b, uint polynomial, int degree)
    {
        uint sum = 0;
        for (; b != 0; b >>= 1)
        {
            if ((b & 1) != 0) sum ^= a;
            a <<= 1;
            if ((a >> degree & 1) != 0) a ^= polynomial;
        }
        return sum;
    }
}
