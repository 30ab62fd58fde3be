using System.Buffers.Binary;

namespace Appliance.Ingest.Pcap;

/// <summary>
/// Reads pcap (microseconds or nanoseconds, either byte order) and pcapng, one packet after another, in place. A file that breaks off inside a record ends
/// there with <see cref="TornTail"/>; a record whose lengths cannot be true ends the file with <see cref="Damage"/>, because what follows cannot be found.
/// Sources: pcap and pcapng, IETF drafts draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng.
/// </summary>
public sealed partial class CaptureReader : IDisposable
{
    /// <summary>No link of ours carries longer frames; a longer record is damage.</summary>
    public const int MaxRecordBytes = 256 * 1024;

    private const int PcapFileHeaderBytes = 24;
    private const int PcapRecordHeaderBytes = 16;

    private readonly StreamWindow _window;
    private readonly bool _isPcapng;
    private readonly long _fractionNs;
    private bool _isBigEndian;
    private int _packetBytes;
    private int _recordBytes;
    private int _dataOffset;
    private bool _ended;

    public CaptureReader(StreamWindow window, string name)
    {
        _window = window;
        if (!window.Ensure(PcapFileHeaderBytes))
            throw new CaptureFormatException(name, $"{window.Available} bytes, too short for a capture's header", "pcap or pcapng, plain or gzip");
        uint magic = BinaryPrimitives.ReadUInt32LittleEndian(window.Span);
        switch (magic)
        {
            case 0xA1B2C3D4: _fractionNs = 1_000; break;
            case 0xA1B23C4D: _fractionNs = 1; break;
            case 0xD4C3B2A1: _fractionNs = 1_000; _isBigEndian = true; break;
            case 0x4D3CB2A1: _fractionNs = 1; _isBigEndian = true; break;
            case SectionHeaderBlock: _isPcapng = true; return;
            default:
                throw new CaptureFormatException(name, $"it begins with 0x{magic:X8} (little-endian)", "pcap or pcapng, plain or gzip");
        }
        // The upper half of the field says how long a frame check sequence is; ours are not interested.
        LinkType = (int)(U32(window.Span[20..]) & 0xFFFF);
        window.Advance(PcapFileHeaderBytes);
    }

    public static CaptureReader OpenFile(string path)
    {
        StreamWindow window = StreamWindow.OpenFile(path);
        try
        {
            return new CaptureReader(window, path);
        }
        catch
        {
            window.Dispose();
            throw;
        }
    }

    /// <summary>Whether a file begins like a capture, by its first four bytes.</summary>
    public static bool IsCapture(ReadOnlySpan<byte> head) => head.Length >= 4
        && BinaryPrimitives.ReadUInt32LittleEndian(head) is 0xA1B2C3D4 or 0xA1B23C4D or 0xD4C3B2A1 or 0x4D3CB2A1 or SectionHeaderBlock;

    /// <summary>The current packet's captured bytes, valid until the next read.</summary>
    public ReadOnlySpan<byte> Data => _window.Span.Slice(_dataOffset, _packetBytes);

    /// <summary>The current packet's time, UTC nanoseconds since 1970.</summary>
    public long TimeUtcNs { get; private set; }

    /// <summary>The length the current packet had on the wire; more than <see cref="Data"/> holds when the capture cut packets short.</summary>
    public int WireBytes { get; private set; }

    public int LinkType { get; private set; }

    /// <summary>Packets read so far.</summary>
    public long Packets { get; private set; }

    public bool TornTail { get; private set; }

    /// <summary>What is wrong with the file, where; null while nothing is.</summary>
    public string? Damage { get; private set; }

    /// <summary>Steps to the next packet; false at the end.</summary>
    public bool Read()
    {
        if (_ended)
            return false;
        _window.Advance(_recordBytes);
        _recordBytes = _packetBytes = _dataOffset = 0;
        bool found = _isPcapng ? ReadPcapng() : ReadPcap();
        if (found)
            Packets++;
        else
            _ended = true;
        return found;
    }

    private bool ReadPcap()
    {
        if (!_window.Ensure(PcapRecordHeaderBytes))
            return EndOrTear();
        ReadOnlySpan<byte> header = _window.Span;
        long seconds = U32(header);
        long fraction = U32(header[4..]);
        uint captured = U32(header[8..]);
        if (captured > MaxRecordBytes)
            return Damaged($"a record of {captured} bytes; at most {MaxRecordBytes} can be true");
        if (!_window.Ensure(PcapRecordHeaderBytes + (int)captured))
            return EndOrTear();
        TimeUtcNs = seconds * 1_000_000_000 + fraction * _fractionNs;
        WireBytes = (int)Math.Min(U32(_window.Span[12..]), int.MaxValue);
        return Found(PcapRecordHeaderBytes, (int)captured, PcapRecordHeaderBytes + (int)captured);
    }

    private bool Found(int dataOffset, int packetBytes, int recordBytes)
    {
        _dataOffset = dataOffset;
        _packetBytes = packetBytes;
        _recordBytes = recordBytes;
        return true;
    }

    private bool EndOrTear()
    {
        TornTail = _window.Available > 0 || _window.WasCut;
        return false;
    }

    private bool Damaged(string what)
    {
        Damage = $"at byte {_window.Position}: {what}";
        return false;
    }

    private uint U32(ReadOnlySpan<byte> at) => _isBigEndian ? BinaryPrimitives.ReadUInt32BigEndian(at) : BinaryPrimitives.ReadUInt32LittleEndian(at);

    private ushort U16(ReadOnlySpan<byte> at) => _isBigEndian ? BinaryPrimitives.ReadUInt16BigEndian(at) : BinaryPrimitives.ReadUInt16LittleEndian(at);

    public void Dispose() => _window.Dispose();
}
