using System.Net;
using System.Net.Sockets;
using Appliance.Fix;

namespace Appliance.TestKit.Conformance;

/// <summary>The scripted peer's end of one TCP connection: bytes out, whole messages in, never blocking.</summary>
internal sealed class ScriptSocket : IDisposable
{
    private readonly Socket _socket;
    private readonly byte[] _chunk = new byte[1 << 16];
    private byte[] _held = new byte[1 << 16];
    private int _length;

    public ScriptSocket(Socket socket)
    {
        _socket = socket;
        _socket.NoDelay = true;
        _socket.Blocking = false;
    }

    public static ScriptSocket Connect(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(IPAddress.Loopback, port);
        return new ScriptSocket(socket);
    }

    public bool IsClosed { get; private set; }
    public bool HasData => _length > 0;

    /// <summary>Sends all of it; false when the connection is gone.</summary>
    public bool Send(ReadOnlySpan<byte> bytes)
    {
        try
        {
            while (!bytes.IsEmpty) bytes = bytes[_socket.Send(bytes)..];
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Reads what is there.</summary>
    public void Read()
    {
        while (!IsClosed)
        {
            int got = _socket.Receive(_chunk, SocketFlags.None, out var error);
            if (error == SocketError.WouldBlock) return;
            if (error != SocketError.Success || got == 0)
            {
                IsClosed = true;
                return;
            }
            if (_held.Length - _length < got) Array.Resize(ref _held, _held.Length * 2 + got);
            _chunk.AsSpan(0, got).CopyTo(_held.AsSpan(_length));
            _length += got;
        }
    }

    /// <summary>The next message; null when none is whole yet. What is no sound message is returned as it stands, with a false verdict.</summary>
    public byte[]? Next(out bool sound)
    {
        sound = false;
        var status = FixFramer.Next(_held.AsSpan(0, _length), _held.Length, out int length);
        if (status == FrameStatus.NeedMore) return null;
        sound = status == FrameStatus.Complete;
        byte[] message = _held[..length];
        _held.AsSpan(length, _length - length).CopyTo(_held);
        _length -= length;
        return message;
    }

    public void Dispose() => _socket.Dispose();
}
