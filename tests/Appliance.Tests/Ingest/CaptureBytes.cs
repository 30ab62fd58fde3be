namespace Appliance.Tests.Ingest;

/// <summary>Builds pcap and pcapng files in memory.</summary>
internal static class CaptureBytes
{
    public static byte[] Pcap(bool bigEndian, bool nanoseconds, int linkType, params ReadOnlySpan<(long TimeNs, byte[] Frame)> packets)
    {
        var file = new WireBytes(bigEndian).N(4, nanoseconds ? 0xA1B23C4D : 0xA1B2C3D4).N(2, 2).N(2, 4).N(4, 0).N(4, 0).N(4, 65_535).N(4, (ulong)linkType);
        foreach ((long timeNs, byte[] frame) in packets)
        {
            file.N(4, (ulong)(timeNs / 1_000_000_000)).N(4, (ulong)(timeNs % 1_000_000_000 / (nanoseconds ? 1 : 1_000)))
                .N(4, (ulong)frame.Length).N(4, (ulong)frame.Length).Raw(frame);
        }
        return file.Done();
    }

    /// <param name="resolution">if_tsresol, or −1 to leave the option out (microseconds).</param>
    public static byte[] Pcapng(bool bigEndian, int resolution, Func<long, ulong> toUnits, params ReadOnlySpan<(long TimeNs, byte[] Frame)> packets)
    {
        var file = new WireBytes(bigEndian).N(4, 0x0A0D0D0A).N(4, 28).N(4, 0x1A2B3C4D).N(2, 1).N(2, 0).N(8, ulong.MaxValue).N(4, 28);
        uint interfaceBytes = resolution < 0 ? 20u : 32u;
        file.N(4, 1).N(4, interfaceBytes).N(2, 1).N(2, 0).N(4, 0);
        if (resolution >= 0)
            file.N(2, 9).N(2, 1).N(1, (ulong)resolution).N(3, 0).N(2, 0).N(2, 0);
        file.N(4, interfaceBytes);
        foreach ((long timeNs, byte[] frame) in packets)
        {
            ulong units = toUnits(timeNs);
            int padding = (4 - frame.Length % 4) % 4;
            uint bytes = (uint)(32 + frame.Length + padding);
            file.N(4, 6).N(4, bytes).N(4, 0).N(4, units >> 32).N(4, units & 0xFFFFFFFF).N(4, (ulong)frame.Length).N(4, (ulong)frame.Length)
                .Raw(frame).Raw(new byte[padding]).N(4, bytes);
        }
        return file.Done();
    }
}
