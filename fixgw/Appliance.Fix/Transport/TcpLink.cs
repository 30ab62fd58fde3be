using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Appliance.Fix;

/// <summary>
/// One TCP connection of a session, polled by its owner: a receive buffer, and a queue for what the socket did not take. Never blocks, allocates nothing after
/// construction; a new connection takes the place of the old one in the same buffers.
/// </summary>
internal sealed unsafe class TcpLink : IDisposable
{
    /// <summary>What is held goes out at this length at the latest, so that the first of many answers does not wait for all.</summary>
    private const int HeldBytesMax = 16_384;

    private readonly byte[] _receive, _queue;
    private readonly byte* _receiveAt, _queueAt;
    private int _receiveStart, _receiveEnd, _queueStart, _queueEnd;
    private volatile SocketHandle? _socket;
    private int _fd = -1;
    private bool _isHolding, _isRefused;

    public TcpLink(int receiveBytes, int queueBytes)
    {
        _receive = Pinned(receiveBytes, out _receiveAt);
        _queue = Pinned(queueBytes, out _queueAt);
    }

    private static byte[] Pinned(int length, out byte* at)
    {
        byte[] buffer = GC.AllocateUninitializedArray<byte>(length, pinned: true);
        buffer.AsSpan().Fill(0xFF); // Touches every page before the link is hot.
        at = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(buffer));
        return buffer;
    }

    public bool IsOpen => _fd >= 0;
    /// <summary>Something that was accepted did not find room in the socket, and waits.</summary>
    public bool HasBacklog => _isRefused;
    public ReadOnlySpan<byte> Received => new(_receiveAt + _receiveStart, _receiveEnd - _receiveStart);

    /// <param name="alreadyRead">Bytes of the connection that were read before it came here.</param>
    public void Attach(SocketHandle socket, ReadOnlySpan<byte> alreadyRead = default)
    {
        Close();
        _receiveStart = _receiveEnd = 0;
        alreadyRead.CopyTo(_receive);
        _receiveEnd = alreadyRead.Length;
        _fd = socket.Fd;
        _socket = socket;
    }

    public void Close()
    {
        _fd = -1;
        var socket = _socket;
        _socket = null;
        socket?.Dispose();
        _queueStart = _queueEnd = 0;
        _isRefused = false;
    }

    /// <summary>From here to <see cref="Release"/>, messages that may be queued are kept, to leave by one write.</summary>
    public void Hold() => _isHolding = true;

    /// <summary>Writes what was held, as far as the socket takes it; false when the connection is gone.</summary>
    public bool Release()
    {
        _isHolding = false;
        return Flush();
    }

    /// <summary>From any thread.</summary>
    public void ShutdownSocket() => _socket?.Shutdown();

    public LinkWrite Write(ReadOnlySpan<byte> message, bool mayQueue)
    {
        if (_fd < 0)
            return LinkWrite.Failed;
        int written = 0;
        if (_isHolding && mayQueue && !_isRefused && Enqueue(message))
            return _queueEnd - _queueStart < HeldBytesMax || Flush() ? LinkWrite.Accepted : LinkWrite.Failed;
        if (_queueEnd > _queueStart)
        {
            // What was begun earlier goes first; a message never overtakes the rest of another.
            if (!Flush())
                return LinkWrite.Failed;
            if (_queueEnd > _queueStart)
                return mayQueue && Enqueue(message) ? LinkWrite.Accepted : LinkWrite.Refused;
        }
        fixed (byte* at = message) written = SendSome(at, message.Length);
        if (written == message.Length)
            return LinkWrite.Accepted;
        if (written < 0)
            return LinkWrite.Failed;
        if (written == 0 && !mayQueue)
            return LinkWrite.Refused;
        // The queue is empty here and longer than any message, so a begun message always finds room for its rest.
        _isRefused = true;
        return Enqueue(message[written..]) ? LinkWrite.Accepted : LinkWrite.Refused;
    }

    /// <summary>Hands the socket as much as it takes now and keeps nothing.</summary>
    /// <returns>Bytes taken; 0 when there is no room or something queued comes first; −1 when the connection is gone.</returns>
    public int WriteSome(ReadOnlySpan<byte> messages)
    {
        if (_fd < 0 || _queueEnd > _queueStart && !Flush())
            return -1;
        if (_queueEnd > _queueStart)
            return 0;
        fixed (byte* at = messages) return SendSome(at, messages.Length);
    }

    /// <summary>Sends what is queued, as far as the socket takes it; false when the connection is gone.</summary>
    public bool Flush()
    {
        while (_queueEnd > _queueStart)
        {
            int written = SendSome(_queueAt + _queueStart, _queueEnd - _queueStart);
            if (written < 0)
                return false;
            if (written == 0)
            {
                _isRefused = true;
                return true;
            }
            _queueStart += written;
        }
        _queueStart = _queueEnd = 0;
        _isRefused = false;
        return true;
    }

    private bool Enqueue(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _queue.Length - _queueEnd && _queueStart > 0)
        {
            new ReadOnlySpan<byte>(_queueAt + _queueStart, _queueEnd - _queueStart).CopyTo(_queue);
            _queueEnd -= _queueStart;
            _queueStart = 0;
        }
        if (bytes.Length > _queue.Length - _queueEnd)
            return false;
        bytes.CopyTo(_queue.AsSpan(_queueEnd));
        _queueEnd += bytes.Length;
        return true;
    }

    /// <returns>Bytes taken by the socket, 0 when it is full, −1 when the connection is gone.</returns>
    private int SendSome(byte* at, int length)
    {
        while (true)
        {
            nint sent = Libc.send(_fd, at, (nuint)length, Libc.MsgDontWait | Libc.MsgNoSignal);
            if (sent >= 0)
                return (int)sent;
            int errno = Marshal.GetLastPInvokeError();
            if (errno == Libc.ErrorInterrupted)
                continue;
            return errno == Libc.ErrorAgain ? 0 : -1;
        }
    }

    /// <summary>Reads once what the socket has, behind what is still unread.</summary>
    /// <returns>Bytes read; 0 when there is nothing now; −1 when the peer has closed or the connection failed.</returns>
    public int Receive()
    {
        if (_receiveStart == _receiveEnd)
        {
            _receiveStart = _receiveEnd = 0;
        }
        else if (_receive.Length - _receiveEnd < _receive.Length / 4)
        {
            new ReadOnlySpan<byte>(_receiveAt + _receiveStart, _receiveEnd - _receiveStart).CopyTo(_receive);
            _receiveEnd -= _receiveStart;
            _receiveStart = 0;
        }
        int room = _receive.Length - _receiveEnd;
        if (room == 0)
            return 0;
        nint got = Libc.recv(_fd, _receiveAt + _receiveEnd, (nuint)room, Libc.MsgDontWait);
        if (got > 0)
        {
            _receiveEnd += (int)got;
            return (int)got;
        }
        if (got == 0)
            return -1;
        int errno = Marshal.GetLastSystemError();
        return errno is Libc.ErrorAgain or Libc.ErrorInterrupted ? 0 : -1;
    }

    public void Consume(int bytes) => _receiveStart += bytes;

    public void Dispose() => Close();
}
