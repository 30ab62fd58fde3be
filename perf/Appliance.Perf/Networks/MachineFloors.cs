using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Appliance.Perf.Networks;

/// <summary>
/// What this core gives at best, measured in the run whose figures are put beside it: fused multiply-adds from registers alone, and bytes that stream through the registers from a block of memory as large as a
/// network's weights, read again and again, in pages of 2 MiB where the system has them. Least of many blocks: on a shared machine the others' noise only ever adds.
/// </summary>
internal static unsafe class MachineFloors
{
    private const int AdviceHuge = 14;

    /// <summary>Single-precision multiply-adds in a nanosecond.</summary>
    public static double MultiplyAddsPerNs()
    {
        double least = double.MaxValue;
        for (int block = 0; block < 50; block++)
        {
            long begin = Stopwatch.GetTimestamp();
            Sink = Vector512.IsHardwareAccelerated ? Chains512() : Chains256();
            least = Math.Min(least, (Stopwatch.GetTimestamp() - begin) * 1e9 / Stopwatch.Frequency);
        }
        return 8.0 * Rounds * (Vector512.IsHardwareAccelerated ? 16 : 8) / least;
    }

    /// <summary>Bytes in a nanosecond out of a block of this many.</summary>
    public static double BytesPerNs(long bytes)
    {
        bytes = (bytes + 511) / 512 * 512;
        nuint reserved = (nuint)((bytes + (2 << 20) - 1) / (2 << 20) * (2 << 20));
        byte* block = (byte*)NativeMemory.AlignedAlloc(reserved, 2 << 20);
        if (OperatingSystem.IsLinux()) _ = madvise(block, reserved, AdviceHuge);
        NativeMemory.Clear(block, reserved);
        double least = double.MaxValue;
        for (int i = 0; i < 200; i++)
        {
            long begin = Stopwatch.GetTimestamp();
            Sink = Read((float*)block, bytes / sizeof(float));
            least = Math.Min(least, (Stopwatch.GetTimestamp() - begin) * 1e9 / Stopwatch.Frequency);
        }
        NativeMemory.AlignedFree(block);
        return bytes / least;
    }

    /// <summary>Which data caches of core 0 it takes to hold this many bytes, by what the kernel says of them.</summary>
    public static string Cache(long bytes)
    {
        string? below = null;
        const string root = "/sys/devices/system/cpu/cpu0/cache";
        for (int i = 0; File.Exists($"{root}/index{i}/size"); i++)
        {
            if (File.ReadAllText($"{root}/index{i}/type").Trim() == "Instruction") continue;
            string level = "L" + File.ReadAllText($"{root}/index{i}/level").Trim(), size = File.ReadAllText($"{root}/index{i}/size").Trim();
            if (!long.TryParse(size.TrimEnd('K', 'M'), out long n)) return "?";
            n *= size.EndsWith('M') ? 1 << 20 : 1024;
            // What barely exceeds a level still lives in it for the most part.
            if (bytes <= n) return below ?? level;
            below = bytes <= 2 * n ? level + "+" : null;
        }
        return "memory";
    }

    /// <summary>Where results go that nobody reads, so that no compiler leaves the work out.</summary>
    public static float Sink { get; private set; }

    private const int Rounds = 20_000;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Chains512()
    {
        Vector512<float> x = Vector512.Create(0.999f), y = Vector512.Create(1e-3f), a = y, b = y, c = y, d = y, e = y, f = y, g = y, h = y;
        for (int i = 0; i < Rounds; i++)
        {
            a = Vector512.FusedMultiplyAdd(x, y, a);
            b = Vector512.FusedMultiplyAdd(x, y, b);
            c = Vector512.FusedMultiplyAdd(x, y, c);
            d = Vector512.FusedMultiplyAdd(x, y, d);
            e = Vector512.FusedMultiplyAdd(x, y, e);
            f = Vector512.FusedMultiplyAdd(x, y, f);
            g = Vector512.FusedMultiplyAdd(x, y, g);
            h = Vector512.FusedMultiplyAdd(x, y, h);
        }
        return Vector512.Sum(a + b + c + d + e + f + g + h);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Chains256()
    {
        Vector256<float> x = Vector256.Create(0.999f), y = Vector256.Create(1e-3f), a = y, b = y, c = y, d = y, e = y, f = y, g = y, h = y;
        for (int i = 0; i < Rounds; i++)
        {
            a = Vector256.FusedMultiplyAdd(x, y, a);
            b = Vector256.FusedMultiplyAdd(x, y, b);
            c = Vector256.FusedMultiplyAdd(x, y, c);
            d = Vector256.FusedMultiplyAdd(x, y, d);
            e = Vector256.FusedMultiplyAdd(x, y, e);
            f = Vector256.FusedMultiplyAdd(x, y, f);
            g = Vector256.FusedMultiplyAdd(x, y, g);
            h = Vector256.FusedMultiplyAdd(x, y, h);
        }
        return Vector256.Sum(a + b + c + d + e + f + g + h);
    }

    private static float Read(float* from, long count)
    {
        Vector512<float> a = default, b = a, c = a, d = a, e = a, f = a, g = a, h = a, x = Vector512.Create(1.5f);
        for (long i = 0; i < count; i += 128)
        {
            a = Vector512.FusedMultiplyAdd(Vector512.Load(from + i), x, a);
            b = Vector512.FusedMultiplyAdd(Vector512.Load(from + i + 16), x, b);
            c = Vector512.FusedMultiplyAdd(Vector512.Load(from + i + 32), x, c);
            d = Vector512.FusedMultiplyAdd(Vector512.Load(from + i + 48), x, d);
            e = Vector512.FusedMultiplyAdd(Vector512.Load(from + i + 64), x, e);
            f = Vector512.FusedMultiplyAdd(Vector512.Load(from + i + 80), x, f);
            g = Vector512.FusedMultiplyAdd(Vector512.Load(from + i + 96), x, g);
            h = Vector512.FusedMultiplyAdd(Vector512.Load(from + i + 112), x, h);
        }
        return Vector512.Sum(a + b + c + d + e + f + g + h);
    }

    [DllImport("libc")] private static extern int madvise(void* address, nuint length, int advice);
}
