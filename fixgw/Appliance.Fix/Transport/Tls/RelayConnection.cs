using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Appliance.Fix;

/// <summary>
/// One connection of a relay, from its opening to its end. Whatever ends either side ends both, at once: the host must see a venue that is gone, and the venue a host that is gone, for
/// then it cancels on disconnect.
/// </summary>
internal abstract class RelayConnection(TlsRelay relay, Socket near)
{
    private const int BufferBytes = 1 << 15;
    private const int FarewellMs = 500;

    private Thread? _toTls, _fromTls;
    private volatile Socket? _other;
    private int _ended;
    private volatile bool _cut;

    protected TlsRelay Relay { get; } = relay;
    /// <summary>The connection that came in.</summary>
    protected Socket Near { get; } = near;
    /// <summary>Whom we speak with, for messages.</summary>
    protected abstract string Peer { get; }

    /// <summary>What an end means that came before a single byte did: in TLS 1.3 a client's certificate is judged after the client has done with the handshake, and not every server says so by an alert.</summary>
    protected virtual string EndedUnheard => "";

    /// <summary>Opens the other side, and shakes hands on the one that is TLS.</summary>
    /// <returns>Null when there is nothing to carry; what there is to say about it was said.</returns>
    protected abstract (SslStream Tls, Stream Plain)? Open();

    /// <summary>The socket on the other side, so that a cut reaches it.</summary>
    protected void Adopt(Socket other)
    {
        _other = other;
        if (_cut) Cut();
    }

    public void Start()
    {
        _toTls = new Thread(Run) { IsBackground = true, Name = "tls-out" };
        _toTls.Start();
    }

    private void Run()
    {
        try
        {
            if (Open() is not { } pair)
            {
                if (!_cut) Relay.NoteRefused();
                return;
            }
            _fromTls = new Thread(() => Carry(pair.Tls, pair.Plain, readsTls: true)) { IsBackground = true, Name = "tls-in" };
            _fromTls.Start();
            Carry(pair.Plain, pair.Tls, readsTls: false);
            // Only this thread writes to the TLS side, so only it may say farewell there.
            try { pair.Tls.ShutdownAsync().Wait(FarewellMs); }
            catch (Exception e) when (IsEnd(e) || e is AggregateException) { _ = e; }
            Cut();
            _fromTls.Join();
        }
        finally
        {
            Near.Dispose();
            _other?.Dispose();
            Relay.NoteOver(this);
        }
    }

    private void Carry(Stream from, Stream to, bool readsTls)
    {
        byte[] buffer = new byte[BufferBytes];
        bool any = false;
        try
        {
            int got;
            while ((got = from.Read(buffer, 0, buffer.Length)) > 0)
            {
                any = true;
                to.Write(buffer, 0, got);
            }
            if (readsTls) NoteEnd($"{Peer} ended the connection{(any ? "" : EndedUnheard)}");
        }
        catch (Exception e) when (IsEnd(e))
        {
            // A server that refuses while bytes of ours lie unread resets the connection, and the reset may overtake its alert.
            if (readsTls) NoteEnd(Alert(e) is { } alert ? $"{Peer} {alert}" : $"{Peer}: {Innermost(e).Message}{(any ? "" : EndedUnheard)}");
        }
        // What was carried over so far is still read there: a shutdown takes nothing back.
        if (readsTls) Cut();
    }

    /// <summary>The first to see the end says why; what follows from it is no news.</summary>
    private void NoteEnd(string why)
    {
        if (_cut || Interlocked.Exchange(ref _ended, 1) != 0) return;
        Relay.NoteEnd(why);
        Relay.Say(why);
    }

    public void Cut()
    {
        _cut = true;
        Shut(Near);
        if (_other is { } other) Shut(other);
    }

    public void Join(int milliseconds) => _toTls?.Join(milliseconds);

    protected bool IsCut => _cut;

    private static void Shut(Socket socket)
    {
        try { socket.Shutdown(SocketShutdown.Both); }
        catch (Exception e) when (IsEnd(e)) { _ = e; }
    }

    protected static bool IsEnd(Exception e) => e is IOException or SocketException or ObjectDisposedException or AuthenticationException or InvalidOperationException;

    /// <summary>Shakes hands within the bound; past it the socket is shut under the handshake.</summary>
    /// <param name="judged">What was found wrong with the other end's certificate, if that is what failed.</param>
    /// <returns>Null when it succeeded; otherwise what went wrong.</returns>
    protected string? Handshake(Socket socket, int timeoutMs, Action shake, Func<string?> judged)
    {
        bool late = false;
        using var guard = new Timer(_ =>
        {
            late = true;
            Shut(socket);
        }, null, timeoutMs, Timeout.Infinite);
        try
        {
            shake();
            return late ? $"did not finish the TLS handshake within {timeoutMs} ms" : null;
        }
        catch (Exception e) when (IsEnd(e))
        {
            if (judged() is { } wrong) return wrong;
            if (late) return $"did not finish the TLS handshake within {timeoutMs} ms: it may not speak TLS on that port";
            if (Alert(e) is { } alert) return alert;
            string all = All(e);
            if (all.Contains("frame", StringComparison.Ordinal) || all.Contains("wrong version number", StringComparison.Ordinal) || all.Contains("unsupported protocol", StringComparison.Ordinal) || all.Contains("packet length", StringComparison.Ordinal))
                return "does not speak TLS 1.2 or 1.3 on that port";
            if (all.Contains("EOF", StringComparison.Ordinal) || all.Contains("reset", StringComparison.OrdinalIgnoreCase) || all.Contains("closed", StringComparison.Ordinal))
                return "ended the connection in the TLS handshake: it may not know this address, or want a client certificate";
            return $"TLS handshake: {Innermost(e).Message}";
        }
    }

    /// <summary>What the other end's alert means, with the cure; null when the exception is no alert.</summary>
    private static string? Alert(Exception e)
    {
        string all = All(e);
        int at = all.IndexOf("alert ", StringComparison.Ordinal);
        if (at < 0) return null;
        string name = all[(at + 6)..].Split('\n', 2)[0].Trim();
        string cure = name switch
        {
            _ when name.Contains("certificate required", StringComparison.Ordinal) || name.Contains("handshake failure", StringComparison.Ordinal) => "; it may want a client certificate: name certificate and key",
            _ when name.Contains("unknown ca", StringComparison.Ordinal) || name.Contains("certificate", StringComparison.Ordinal) => "; it does not take this client's certificate: ask there which is registered",
            _ when name.Contains("unrecognized name", StringComparison.Ordinal) => "; it does not know the server name",
            _ => "",
        };
        return $"refused by TLS alert \"{name}\"{cure}";
    }

    private static Exception Innermost(Exception e) => e.InnerException is { } inner ? Innermost(inner) : e;

    private static string All(Exception e) => e.InnerException is { } inner ? $"{e.Message}\n{All(inner)}" : e.Message;
}
