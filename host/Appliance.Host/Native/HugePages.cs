using System.Globalization;
using System.Runtime.InteropServices;

namespace Appliance.Host.Native;

/// <summary>
/// Gathers the process's private memory into pages of 2 MiB where the kernel can (madvise MADV_COLLAPSE, Linux 6.1): books, tables and histograms then need a few entries of
/// the processor's address cache instead of thousands, and a line that is far away costs one miss and not two. It is done once, before the hot threads start; a kernel that cannot
/// leaves everything as it is.
/// </summary>
internal static unsafe class HugePages
{
    private const long HugeBytes = 2 << 20;
    private const int Collapse = 25;
    /// <summary>Mappings with less in memory than this are left alone: a huge page would only make them bigger.</summary>
    private const long ResidentBytesMin = 1 << 20;
    /// <summary>More than this of one mapping is a reservation that fills later, or a table whose size the user chose.</summary>
    private const long BytesMax = 4L << 30;

    /// <returns>Bytes that now stand in huge pages.</returns>
    public static long Gather()
    {
        long gathered = 0;
        foreach (var (start, end) in Candidates())
        {
            long first = (start + HugeBytes - 1) & -HugeBytes;
            for (long at = first; at + HugeBytes <= Math.Min(end, first + BytesMax); at += HugeBytes)
                if (madvise((void*)at, (nuint)HugeBytes, Collapse) == 0) gathered += HugeBytes;
        }
        return gathered;
    }

    /// <summary>Anonymous private mappings that may be written and hold something, from /proc/self/smaps.</summary>
    private static List<(long Start, long End)> Candidates()
    {
        var found = new List<(long, long)>();
        string[] lines;
        try { lines = File.ReadAllLines("/proc/self/smaps"); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { return found; }
        (long Start, long End) current = default;
        foreach (string line in lines)
        {
            if (char.IsAsciiHexDigit(line[0]) && TryMapping(line, out var mapping, out bool fits))
            {
                current = fits ? mapping : default;
            }
            else if (current.End != 0 && line.StartsWith("Rss:", StringComparison.Ordinal))
            {
                long kilobytes = long.Parse(line.AsSpan(4).TrimEnd("kB").Trim(), CultureInfo.InvariantCulture);
                if (kilobytes * 1024 >= ResidentBytesMin) found.Add(current);
                current = default;
            }
        }
        return found;
    }

    /// <summary>"start-end rw-p offset device inode [name]".</summary>
    private static bool TryMapping(string line, out (long Start, long End) mapping, out bool fits)
    {
        mapping = default;
        fits = false;
        string[] parts = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length < 5) return false;
        int dash = parts[0].IndexOf('-');
        if (dash < 0 || !long.TryParse(parts[0].AsSpan(0, dash), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out long start)
            || !long.TryParse(parts[0].AsSpan(dash + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out long end)) return false;
        mapping = (start, end);
        bool isAnonymous = parts[4] == "0" && (parts.Length == 5 || parts[5].StartsWith("[anon", StringComparison.Ordinal) || parts[5] == "[heap]");
        fits = parts[1] == "rw-p" && isAnonymous && end - start >= HugeBytes;
        return true;
    }

    [DllImport("libc")] private static extern int madvise(void* address, nuint length, int advice);
}
