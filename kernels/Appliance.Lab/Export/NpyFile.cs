using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Appliance.Lab.Export;

/// <summary>An array as read from a .npy file: its shape and its numbers, row by row.</summary>
public sealed record NpyArray(int[] Shape, double[] Values);

/// <summary>A .npy file that cannot be read; the message says what stands there and what is allowed.</summary>
public sealed class NpyFormatException(string message) : Exception(message);

/// <summary>
/// NumPy's .npy format, versions 1 and 2, little-endian float32 or float64 in row-major order (NumPy Enhancement Proposal 1, "A simple file format for NumPy arrays").
/// </summary>
public static class NpyFile
{
    /// <summary>A writer of a [shape] array of float64 that is filled row after row, so that no array need be held whole.</summary>
    public static Stream Create(string file, params int[] shape)
    {
        var stream = new FileStream(file, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
        string sizes = string.Join(", ", shape.Select(n => n.ToString(CultureInfo.InvariantCulture))) + (shape.Length == 1 ? "," : "");
        string header = $"{{'descr': '<f8', 'fortran_order': False, 'shape': ({sizes}), }}";
        // The data begin at a multiple of 64 bytes, after magic, version and length (10 bytes) and a line feed.
        header = header.PadRight((10 + header.Length + 1 + 63) / 64 * 64 - 11) + "\n";
        stream.Write([0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', 1, 0, (byte)(header.Length & 255), (byte)(header.Length >> 8)]);
        stream.Write(Encoding.ASCII.GetBytes(header));
        return stream;
    }

    public static void Write(string file, ReadOnlySpan<double> values, params int[] shape)
    {
        using var stream = Create(file, shape);
        stream.Write(MemoryMarshal.AsBytes(values));
    }

    public static NpyArray Read(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20);
        Span<byte> start = stackalloc byte[12];
        if (stream.ReadAtLeast(start[..10], 10, throwOnEndOfStream: false) < 10 || start[0] != 0x93 || !start[1..6].SequenceEqual("NUMPY"u8)) throw new NpyFormatException("is not a .npy file: it does not begin with the mark of one");
        int length;
        if (start[6] == 1) length = start[8] | start[9] << 8;
        else
        {
            if (stream.ReadAtLeast(start[10..12], 2, throwOnEndOfStream: false) < 2) throw new NpyFormatException("ends within its header");
            length = start[8] | start[9] << 8 | start[10] << 16 | start[11] << 24;
        }
        if (length is <= 0 or > 1 << 20) throw new NpyFormatException($"says its header has {length} bytes; at most a million are allowed");
        byte[] text = new byte[length];
        if (stream.ReadAtLeast(text, length, throwOnEndOfStream: false) < length) throw new NpyFormatException("ends within its header");
        var (type, shape) = Header(Encoding.ASCII.GetString(text));
        long count = 1;
        foreach (int n in shape) count = checked(count * n);
        int size = type == "<f8" ? 8 : 4;
        if (count * size > stream.Length - stream.Position) throw new NpyFormatException($"says it holds {count} numbers, but {(stream.Length - stream.Position) / size} are there");
        if (count > Array.MaxLength) throw new NpyFormatException($"holds {count} numbers; at most {Array.MaxLength} fit");
        var values = new double[count];
        if (size == 8) stream.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));
        else
        {
            var narrow = new float[count];
            stream.ReadExactly(MemoryMarshal.AsBytes(narrow.AsSpan()));
            for (long i = 0; i < count; i++) values[i] = narrow[i];
        }
        return new NpyArray(shape, values);
    }

    private static (string Type, int[] Shape) Header(string header)
    {
        string type = Between(header, "'descr':", ",").Trim().Trim('\'');
        if (type is not ("<f8" or "<f4")) throw new NpyFormatException($"has the type {type}; '<f8' and '<f4' are allowed: save it with .astype(\"float64\")");
        if (Between(header, "'fortran_order':", ",").Trim() != "False") throw new NpyFormatException("is in Fortran order; C order is allowed: save numpy.ascontiguousarray of it");
        var shape = new List<int>();
        foreach (string part in Between(header, "'shape':", ")").Trim().TrimStart('(').Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            shape.Add(int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int n) ? n : throw new NpyFormatException($"has the shape entry {part}, which is no whole number"));
        return (type, [.. shape]);
    }

    private static string Between(string text, string after, string before)
    {
        int from = text.IndexOf(after, StringComparison.Ordinal);
        int to = from < 0 ? -1 : text.IndexOf(before, from + after.Length, StringComparison.Ordinal);
        return to < 0 ? throw new NpyFormatException($"has a header without {after.TrimEnd(':')}") : text[(from + after.Length)..to];
    }
}
