using System.IO.Compression;

namespace Appliance.Ingest.Binance;

/// <param name="SourceIndex">What stands in <see cref="Appliance.Contract.RingEvent.Source"/>.</param>
/// <param name="TimerPeriodMs">Milliseconds of capture time between Timer events, 1 to 60,000; 0 for none.</param>
/// <param name="Speed">0: as fast as the ring takes it; 1: at the recorded pace; 10: ten times that.</param>
/// <param name="LineBytesMax">The longest line that is read; a longer one is skipped and counted as an error. The longest seen, a snapshot of 2,000 levels, has 64,066 bytes.</param>
/// <param name="LevelsMax">The most levels one message may carry (both sides); with it the ring's least size is known. The futures venues' snapshots have at most 2,000.</param>
public sealed record BinanceCaptureOptions(
    ushort SourceIndex = 0, int TimerPeriodMs = 10, double Speed = 0, int LineBytesMax = 256 * 1024, int LevelsMax = 4_096)
{
    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfNegative(TimerPeriodMs);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(TimerPeriodMs, 60_000);
        ArgumentOutOfRangeException.ThrowIfNegative(Speed);
        ArgumentOutOfRangeException.ThrowIfLessThan(LineBytesMax, 1_024);
        ArgumentOutOfRangeException.ThrowIfLessThan(LevelsMax, 1);
    }
}

/// <summary>Opening and recognising a capture.</summary>
public static class BinanceCapture
{
    private const int FileBufferBytes = 1 << 20;

    /// <summary>Opens a file for reading, through gzip when its first two bytes are gzip's. Throws what opening a file throws.</summary>
    public static Stream Open(string path)
    {
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, FileBufferBytes, FileOptions.SequentialScan);
        try
        {
            bool isGzip = file.ReadByte() == 0x1F && file.ReadByte() == 0x8B;
            file.Position = 0;
            return isGzip ? new GZipStream(file, CompressionMode.Decompress) : file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Whether a file's (unpacked) first bytes look like a capture's first line: a receive time in nanoseconds, a space, an object.</summary>
    public static bool LooksLike(ReadOnlySpan<byte> firstLine) =>
        BinanceLine.TrySplit(firstLine, out _, out ReadOnlySpan<byte> json) && json.Length > 0 && json[0] == '{';
}

/// <summary>The recorder's envelope around the exchange's JSON.</summary>
internal static class BinanceLine
{
    /// <summary>2001-09-09 in nanoseconds: a smaller receive time is in another unit.</summary>
    private const long ReceiveTimeNsMin = 1_000_000_000_000_000_000;
    private const int ReceiveTimeDigits = 19;

    public static bool TrySplit(ReadOnlySpan<byte> line, out long receiveUtcNs, out ReadOnlySpan<byte> json)
    {
        receiveUtcNs = 0;
        json = default;
        if (line.Length <= ReceiveTimeDigits || line[ReceiveTimeDigits] != ' ') return false;
        ulong value = 0;
        foreach (byte one in line[..ReceiveTimeDigits])
        {
            uint digit = (uint)one - '0';
            if (digit > 9) return false;
            value = value * 10 + digit;
        }
        if (value is < ReceiveTimeNsMin or > long.MaxValue) return false;
        receiveUtcNs = (long)value;
        json = line[(ReceiveTimeDigits + 1)..];
        return true;
    }
}
