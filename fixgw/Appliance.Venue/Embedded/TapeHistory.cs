using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Appliance.Ingest.Mold;

namespace Appliance.Venue.Embedded;

/// <summary>
/// Between the tape and its lines: keeps each packet that was published, sends it by every line, and answers re-requests (MoldUDP64: a request names session, first message and count; the
/// answer is one downstream packet by unicast, with as many of the messages as fit). A share of each line's packets may be dropped by chance, to try what receivers make of it. The oldest packets
/// go when the history is full; what is no more there is not answered.
/// </summary>
internal sealed class TapeHistory : IDatagramSink, IDisposable
{
    private readonly IDatagramSink[] _lines;
    private readonly double _dropShare;
    private readonly Random _chance;
    private readonly Socket? _socket;
    private readonly long _bytesMax;
    private readonly List<(ulong First, byte[] Packet)> _packets = [];
    private readonly byte[] _request = new byte[64];
    private readonly byte[] _answer = new byte[MoldPacketWriter.DefaultMaxDatagramBytes];
    private readonly SocketAddress _from = new(AddressFamily.InterNetwork);
    private int _oldest;
    private long _bytes;

    /// <param name="requestPort">UDP port of the re-request server; 0 takes a free one, below 0 there is none.</param>
    public TapeHistory(IDatagramSink[] lines, double dropShare, ulong seed, string interfaceAddress, int requestPort, long bytesMax)
    {
        _lines = lines;
        _dropShare = dropShare;
        _chance = new Random((int)(seed % int.MaxValue));
        _bytesMax = bytesMax;
        if (requestPort < 0) return;
        _socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { Blocking = false, SendBufferSize = 4 << 20 };
        _socket.Bind(new IPEndPoint(IPAddress.Parse(interfaceAddress), requestPort));
    }

    /// <summary>The port that questions come to; 0 without a server.</summary>
    public int Port => _socket is null ? 0 : ((IPEndPoint)_socket.LocalEndPoint!).Port;
    public long Dropped { get; private set; }
    public long Requests { get; private set; }
    public long Answered { get; private set; }

    public void Send(ReadOnlySpan<byte> datagram)
    {
        foreach (IDatagramSink line in _lines)
        {
            if (_dropShare > 0 && _chance.NextDouble() < _dropShare) Dropped++;
            else line.Send(datagram);
        }
        if (_socket is null || !MoldHeader.TryRead(datagram, out MoldHeader header) || header.MessageCount == 0) return;
        _packets.Add((header.Sequence, datagram.ToArray()));
        _bytes += datagram.Length;
        while (_bytes > _bytesMax)
        {
            _bytes -= _packets[_oldest].Packet.Length;
            _packets[_oldest++] = default;
        }
        if (_oldest <= _packets.Count / 2) return;
        _packets.RemoveRange(0, _oldest);
        _oldest = 0;
    }

    /// <summary>Answers what was asked since the last call, at most <paramref name="most"/> questions.</summary>
    /// <returns>Questions taken.</returns>
    public int Serve(int most = 64)
    {
        int taken = 0;
        while (_socket is not null && taken < most && _socket.Available > 0)
        {
            int length;
            try { length = _socket.ReceiveFrom(_request, SocketFlags.None, _from); }
            // A receiver that is gone, or a question longer than any.
            catch (SocketException) { length = 0; }
            taken++;
            if (!MoldHeader.TryRead(_request.AsSpan(0, length), out MoldHeader asked)) continue;
            Requests++;
            int answer = Answer(in asked);
            if (answer == 0) continue;
            try { _socket.SendTo(_answer.AsSpan(0, answer), SocketFlags.None, _from); }
            catch (SocketException) { continue; }
            Answered++;
        }
        return taken;
    }

    /// <summary>Writes the answer: messages from the one asked for on, as many as were asked for and fit. 0 where the history does not hold the first, or the session is another.</summary>
    private int Answer(in MoldHeader asked)
    {
        int at = PacketWith(asked.Sequence);
        if (at < 0) return 0;
        int length = MoldHeader.Length;
        ushort count = 0;
        ulong sequence = _packets[at].First;
        for (; at < _packets.Count; at++)
        {
            ReadOnlySpan<byte> packet = _packets[at].Packet;
            MoldHeader.TryRead(packet, out MoldHeader header);
            if (header.Session != asked.Session) return 0;
            int place = MoldHeader.Length;
            for (int i = 0; i < header.MessageCount; i++, sequence++)
            {
                int size = 2 + BinaryPrimitives.ReadUInt16BigEndian(packet[place..]);
                if (sequence >= asked.Sequence)
                {
                    if (count == asked.MessageCount || length + size > _answer.Length) return Finish(in asked, count, length);
                    packet.Slice(place, size).CopyTo(_answer.AsSpan(length));
                    length += size;
                    count++;
                }
                place += size;
            }
        }
        return Finish(in asked, count, length);
    }

    private int Finish(in MoldHeader asked, ushort count, int length)
    {
        if (count == 0) return 0;
        new MoldHeader(asked.Session, asked.Sequence, count).WriteTo(_answer);
        return length;
    }

    /// <summary>Index of the packet that holds this message, or −1.</summary>
    private int PacketWith(ulong sequence)
    {
        int low = _oldest, high = _packets.Count - 1;
        if (low > high || sequence < _packets[low].First) return -1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            if (_packets[middle].First <= sequence) low = middle;
            else high = middle - 1;
        }
        MoldHeader.TryRead(_packets[low].Packet, out MoldHeader header);
        return sequence < header.Sequence + (ulong)header.MessageCount ? low : -1;
    }

    public void Dispose() => _socket?.Dispose();
}
