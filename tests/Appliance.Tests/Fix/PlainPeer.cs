using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Appliance.Contract;
using Appliance.Fix;

namespace Appliance.Tests.Fix;

/// <summary>A FIX peer made of a plain socket and text, on either end of a connection: it shares only the framer with the code under test.</summary>
internal sealed class PlainPeer : IDisposable
{
    private readonly Socket _socket;
    private readonly List<byte> _received = [];
    private readonly byte[] _chunk = new byte[1 << 16];

    public PlainPeer(int port)
    {
        _socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _socket.Connect(IPAddress.Loopback, port);
        _socket.Blocking = false;
    }

    public PlainPeer(Socket accepted)
    {
        _socket = accepted;
        _socket.Blocking = false;
    }

    public void Send(string type, uint sequence, string body, string sender = "DESK", string target = "VENUE") =>
        _socket.Send(FixSamples.Message($"35={type}|49={sender}|56={target}|34={sequence}|52={SessionRig.TimeText(default(HostUtcClock).NowUtcNs())}|{body}"));

    /// <summary>Reads what is there now; false at the end of the stream.</summary>
    public bool Read()
    {
        try
        {
            int got = _socket.Receive(_chunk);
            _received.AddRange(_chunk.AsSpan(0, got));
            return got > 0;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.WouldBlock)
        {
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>The next whole message that was read, as text with '|', or null.</summary>
    public string? Next()
    {
        byte[] held = _received.Count > 8192 ? [.. _received.Take(8192)] : [.. _received];
        var status = FixFramer.Next(held, 8192, out int length);
        if (status == FrameStatus.NeedMore) return null;
        Assert.Equal(FrameStatus.Complete, status);
        FixSamples.AssertSound(held.AsSpan(0, length));
        _received.RemoveRange(0, length);
        return FixSamples.Show(held.AsSpan(0, length));
    }

    public string ReadMessage(IFixAcceptor acceptor)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            acceptor.Poll(default(HostMonotonicClock).NowNs(), default(HostUtcClock).NowUtcNs());
            Read();
            if (Next() is { } message) return message;
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(60), "no message came");
        }
    }

    public string ReadUntilClosed(IFixAcceptor acceptor)
    {
        long start = Stopwatch.GetTimestamp();
        while (Read())
        {
            acceptor.Poll(default(HostMonotonicClock).NowNs(), default(HostUtcClock).NowUtcNs());
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(60), "the connection did not end");
        }
        return FixSamples.Show(_received.ToArray());
    }

    public void Dispose() => _socket.Dispose();
}
