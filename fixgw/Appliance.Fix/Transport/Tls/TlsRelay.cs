using System.Net;
using System.Net.Sockets;

namespace Appliance.Fix;

/// <summary>
/// Carries bytes between plain connections and TLS. SslStream allocates with every record, so this runs in a process of its own (`appliance tls`), or in the venue's, never in the host
/// that trades. Each connection has two threads that block in the kernel, one a direction: that wakes sooner than the runtime's pool, and sessions are few.
/// </summary>
public sealed class TlsRelay : IDisposable
{
    private readonly Socket _listener;
    private readonly Func<TlsRelay, Socket, RelayConnection> _make;
    private readonly int _maxConnections;
    private readonly Action<string> _say;
    private readonly Thread _accepting;
    private readonly List<RelayConnection> _connections = [];
    private volatile bool _stopping;
    private readonly HashSet<string> _saidBefore = [];
    private string? _lastEnd;

    private TlsRelay(Socket listener, int maxConnections, Action<string> say, Func<TlsRelay, Socket, RelayConnection> make)
    {
        (_listener, _maxConnections, _say, _make) = (listener, maxConnections, say, make);
        _accepting = new Thread(Accept) { IsBackground = true, Name = "tls-accept" };
        _accepting.Start();
    }

    /// <param name="say">Told in a line each what an operator should know; from any thread.</param>
    public static TlsRelay Connecting(TlsConnectOptions options, Action<string> say)
    {
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            File.Delete(options.SocketPath);
            listener.Bind(new UnixDomainSocketEndPoint(options.SocketPath));
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(options.SocketPath, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            listener.Listen(16);
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            listener.Dispose();
            throw new IOException($"{options.SocketPath}: no socket can be made there: {e.Message}");
        }
        return new TlsRelay(listener, 64, say, (relay, near) => new OutgoingRelay(relay, near, options));
    }

    /// <param name="say">Told in a line each what an operator should know; from any thread.</param>
    public static TlsRelay Accepting(TlsAcceptOptions options, Action<string> say)
    {
        if (!IPAddress.TryParse(options.Listen.Host, out var address)) throw new IOException($"cannot listen on {options.Listen}: an address of this machine is needed, such as 0.0.0.0 for all");
        var listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            listener.Bind(new IPEndPoint(address, options.Listen.Port));
            listener.Listen(64);
        }
        catch (SocketException e)
        {
            listener.Dispose();
            throw new IOException($"cannot listen on {options.Listen}: {e.Message}{(e.SocketErrorCode == SocketError.AddressAlreadyInUse ? "; another program has the port: name another, or 0 for any" : "")}");
        }
        return new TlsRelay(listener, options.MaxConnections, say, (relay, near) => new IncomingRelay(relay, near, options));
    }

    /// <summary>The port that is listened on; 0 with a local socket.</summary>
    public int Port => _listener.LocalEndPoint is IPEndPoint at ? at.Port : 0;
    /// <summary>Connections closed because there were too many, or because their handshake failed.</summary>
    public long Refused => Interlocked.Read(ref _refused);
    private long _refused;

    public int Connections
    {
        get { lock (_connections) return _connections.Count; }
    }

    private void Accept()
    {
        while (true)
        {
            Socket near;
            try { near = _listener.Accept(); }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                if (_stopping) return;
                // Descriptors have run out, or the peer was gone before it was taken: neither ends the companion.
                _say($"a connection could not be taken: {e.Message}");
                Thread.Sleep(100);
                continue;
            }
            RelayConnection? connection = null;
            lock (_connections)
            {
                if (!_stopping && _connections.Count < _maxConnections) _connections.Add(connection = _make(this, near));
            }
            if (connection is null)
            {
                NoteRefused();
                near.Dispose();
                continue;
            }
            connection.Start();
        }
    }

    internal void NoteRefused() => Interlocked.Increment(ref _refused);

    internal void NoteOver(RelayConnection connection)
    {
        lock (_connections) _connections.Remove(connection);
    }

    internal void Say(string text) => _say(text);

    /// <summary>Says what a host is told at each of its attempts, which may be many: each thing once, until a connection stood.</summary>
    internal void SayOnce(string text)
    {
        lock (_saidBefore)
            if (_saidBefore.Count >= 64 || !_saidBefore.Add(text)) return;
        _say(text);
    }

    internal void NoteConnected(string text)
    {
        lock (_saidBefore) _saidBefore.Clear();
        _say(text);
    }

    /// <summary>Why a connection ended, where the one who asks for the next will want to know.</summary>
    internal void NoteEnd(string why) => Volatile.Write(ref _lastEnd, why);

    internal string? TakeLastEnd() => Interlocked.Exchange(ref _lastEnd, null);

    public void Dispose()
    {
        if (_stopping) return;
        _stopping = true;
        _listener.Dispose();
        RelayConnection[] open;
        lock (_connections) open = [.. _connections];
        foreach (var connection in open) connection.Cut();
        _accepting.Join(1_000);
        foreach (var connection in open) connection.Join(1_000);
    }
}
