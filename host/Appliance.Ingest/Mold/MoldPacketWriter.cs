using System.Buffers.Binary;

namespace Appliance.Ingest.Mold;

/// <summary>
/// Fills one MoldUDP64 packet after another in a buffer made once, and keeps the session's sequence. A caller appends the messages of one
/// transaction, sends <see cref="Finish"/>'s bytes, and begins again; the decide mark of the receiver is the packet's end.
/// </summary>
public sealed class MoldPacketWriter
{
    /// <summary>What fits an Ethernet frame of 1,500 bytes with IPv4 and UDP headers.</summary>
    public const int DefaultMaxDatagramBytes = 1472;

    private readonly byte[] _buffer;
    private readonly MoldSession _session;
    private int _length = MoldHeader.Length;
    private ushort _count;

    public MoldPacketWriter(MoldSession session, int maxDatagramBytes = DefaultMaxDatagramBytes, ulong firstSequence = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxDatagramBytes, MoldHeader.Length + 2);
        _session = session;
        _buffer = GC.AllocateArray<byte>(maxDatagramBytes, pinned: true);
        NextSequence = firstSequence;
    }

    /// <summary>The sequence number of the first message that is not yet in a finished packet.</summary>
    public ulong NextSequence { get; private set; }

    /// <summary>Messages in the packet that is being filled.</summary>
    public int Count => _count;

    /// <summary>Room for a message of this length: write it whole. Empty when the packet is too full: finish and send it first.</summary>
    public Span<byte> TryAppend(int messageLength)
    {
        if (_length + 2 + messageLength > _buffer.Length || _count >= MoldHeader.EndOfSessionCount - 1)
            return default;
        BinaryPrimitives.WriteUInt16BigEndian(_buffer.AsSpan(_length), (ushort)messageLength);
        Span<byte> room = _buffer.AsSpan(_length + 2, messageLength);
        _length += 2 + messageLength;
        _count++;
        return room;
    }

    public bool TryAppend(ReadOnlySpan<byte> message)
    {
        Span<byte> room = TryAppend(message.Length);
        if (room.Length != message.Length)
            return false;
        message.CopyTo(room);
        return true;
    }

    /// <summary>The packet's bytes, valid until the next append; a packet with no message is a heartbeat.</summary>
    public ReadOnlyMemory<byte> Finish()
    {
        new MoldHeader(_session, NextSequence, _count).WriteTo(_buffer);
        int length = _length;
        NextSequence += _count;
        _length = MoldHeader.Length;
        _count = 0;
        return _buffer.AsMemory(0, length);
    }

    /// <summary>The packet that says the session is over; nothing may be waiting in the writer.</summary>
    public ReadOnlyMemory<byte> EndOfSession()
    {
        if (_count != 0)
            throw new InvalidOperationException("messages wait in the packet: finish and send it before the end of the session");
        new MoldHeader(_session, NextSequence, MoldHeader.EndOfSessionCount).WriteTo(_buffer);
        return _buffer.AsMemory(0, MoldHeader.Length);
    }
}
