using System.Net;
using System.Runtime.InteropServices;

namespace Appliance.Fix;

/// <summary>
/// Name resolution and connecting, on a thread of its own for each session: both block, and resolution allocates. The owner asks for one of the session's hosts and later takes the
/// result. Where the options name a proxy, or the socket of a TLS companion, the connection is asked for there.
/// </summary>
internal sealed class Connector : IDisposable
{
    private const int Idle = 0, Working = 1, Done = 2;

    private readonly FixEndpoint[] _hosts;
    private readonly FixEndpoint? _proxy;
    private readonly string? _companion;
    private readonly int _timeoutMs;
    private readonly AutoResetEvent _wake = new(false);
    private readonly Thread _thread;
    private volatile int _state;
    private volatile bool _stopping;
    private SocketHandle? _result;
    private int _host;

    public Connector(FixSessionOptions options)
    {
        _hosts = [.. options.Hosts];
        _proxy = options.Proxy;
        _companion = options.TlsCompanion;
        _timeoutMs = options.ConnectTimeoutMs;
        _thread = new Thread(Run) { IsBackground = true, Name = "fix-connect" };
        _thread.Start();
    }

    /// <summary>Why the last attempt failed, for a watcher.</summary>
    public string? LastError { get; private set; }

    public bool IsIdle => _state == Idle;

    /// <summary>The host that the last attempt went to.</summary>
    public FixEndpoint Target => _hosts[_host];

    public void Begin(int host)
    {
        _host = host;
        _state = Working;
        _wake.Set();
    }

    /// <summary>True when an attempt has ended; the socket is null when it failed.</summary>
    public bool TryTake(out SocketHandle? socket)
    {
        socket = null;
        if (_state != Done)
            return false;
        socket = _result;
        _result = null;
        _state = Idle;
        return true;
    }

    private void Run()
    {
        while (true)
        {
            _wake.WaitOne();
            if (_stopping)
                return;
            _result = TryConnect();
            _state = Done;
        }
    }

    private SocketHandle? TryConnect()
    {
        var target = _hosts[_host];
        SocketHandle? socket;
        string? problem;
        if (_companion is not null)
        {
            socket = SocketHandle.ConnectLocal(_companion, out int errno);
            problem = socket is null ? $"the TLS companion does not listen at {_companion}: {Marshal.GetPInvokeErrorMessage(errno)}" : null;
            // It resolves, connects and shakes hands, each within the bound.
            if (socket is not null)
            {
                string? said = Tunnel.Open(socket, target, 3 * _timeoutMs, out string? ended);
                if (said is not null) problem = said.StartsWith(target.ToString(), StringComparison.Ordinal) ? said : $"{target}: the TLS companion {said}";
                if (ended is not null) LastError = ended;
            }
        }
        else
        {
            socket = Connect(_proxy ?? target, _timeoutMs, out problem);
            if (socket is not null && _proxy is { } proxy && Tunnel.Open(socket, target, _timeoutMs, out _) is { } said) problem = $"{target}: the proxy {proxy} {said}";
        }
        if (problem is null)
            return socket;
        LastError = problem;
        socket?.Dispose();
        return null;
    }

    /// <summary>Tries the addresses of a name in turn.</summary>
    public static SocketHandle? Connect(FixEndpoint endpoint, int timeoutMs, out string? problem)
    {
        try
        {
            int errno = 0;
            var addresses = IPAddress.TryParse(endpoint.Host, out var address) ? [address] : Dns.GetHostAddresses(endpoint.Host);
            foreach (var candidate in addresses)
            {
                var socket = SocketHandle.Connect(candidate, endpoint.Port, timeoutMs, out errno);
                if (socket is null) continue;
                problem = null;
                return socket;
            }
            // What a time-out of connect(2) is called is the name of a state, not of what happened.
            problem = $"{endpoint}: {(errno is Libc.ErrorInProgress or Libc.ErrorAgain ? $"no answer within {timeoutMs} ms" : Marshal.GetPInvokeErrorMessage(errno))}";
        }
        catch (System.Net.Sockets.SocketException e)
        {
            problem = $"{endpoint.Host}: {e.Message}";
        }
        return null;
    }

    public void Dispose()
    {
        if (_stopping)
            return;
        _stopping = true;
        _wake.Set();
        // A connect under way ends by its time-out; the thread is a background one and its socket is closed here if it came.
        if (_thread.Join(100))
        {
            _result?.Dispose();
            _wake.Dispose();
        }
    }
}
