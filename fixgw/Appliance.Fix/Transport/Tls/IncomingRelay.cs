using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Appliance.Fix;

/// <summary>A client's connection to an acceptor behind the relay. Nothing of it reaches the acceptor before the handshake has told who it is.</summary>
internal sealed class IncomingRelay(TlsRelay relay, Socket near, TlsAcceptOptions options) : RelayConnection(relay, near)
{
    private readonly string _peer = near.RemoteEndPoint?.ToString() ?? "a client that is gone";

    protected override string Peer => _peer;

    protected override (SslStream Tls, Stream Plain)? Open()
    {
        Near.NoDelay = true;
        Near.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        string? wrong = null;
        var tls = new SslStream(new NetworkStream(Near));
        var handshake = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = options.Identity.Context, ClientCertificateRequired = options.Clients is not null, EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            CertificateChainPolicy = options.Clients?.ChainPolicy(), AllowTlsResume = false, AllowRenegotiation = false,
            RemoteCertificateValidationCallback = (_, certificate, chain, errors) => options.Clients is null || (wrong = options.Clients.Judge(certificate, chain, errors, "")) is null,
        };
        if (Handshake(Near, options.TimeoutMs, () => tls.AuthenticateAsServer(handshake), () => wrong) is { } problem)
        {
            if (!IsCut) Relay.Say($"{_peer}: refused: {problem}");
            return null;
        }
        var socket = Connector.Connect(options.Target, options.TimeoutMs, out string? unreachable);
        if (socket is null)
        {
            Relay.Say($"{_peer}: turned away, the acceptor is not there: {unreachable}");
            return null;
        }
        var far = socket.ToSocket();
        Adopt(far);
        return (tls, new NetworkStream(far));
    }
}
