using System.Net;
using System.Runtime.InteropServices;

namespace Appliance.Fix;

/// <summary>Name resolution and connecting, on a thread of its own: both block, and resolution allocates. The owner asks and later takes the result.</summary>
internal sealed class Connector : IDisposable
{
    private const int Idle = 0, Working = 1, Done = 2;

    private readonly string _hostName;
    private readonly int _port, _timeoutMs;
    private readonly AutoResetEvent _wake = new(false);
    private readonly Thread _thread;
    private volatile int _state;
    private volatile bool _stopping;
    private SocketHandle? _result;

    public Connector(string hostName, int port, int timeoutMs)
    {
        _hostName = hostName;
        _port = port;
        _timeoutMs = timeoutMs;
        _thread = new Thread(Run) { IsBackground = true, Name = "fix-connect" };
        _thread.Start();
    }

    /// <summary>Why the last attempt failed, for a watcher.</summary>
    public string? LastError { get; private set; }

    public bool IsIdle => _state == Idle;

    public void Begin()
    {
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
        try
        {
            int errno = 0;
            var addresses = IPAddress.TryParse(_hostName, out var address) ? [address] : Dns.GetHostAddresses(_hostName);
            foreach (var candidate in addresses)
            {
                var socket = SocketHandle.Connect(candidate, _port, _timeoutMs, out errno);
                if (socket is not null)
                    return socket;
            }
            LastError = $"{_hostName}:{_port}: {Marshal.GetPInvokeErrorMessage(errno)}";
        }
        catch (System.Net.Sockets.SocketException e)
        {
            LastError = $"{_hostName}: {e.Message}";
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
