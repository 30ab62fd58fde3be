using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Appliance.Fix;

/// <summary>A host's connection to a venue: its request says whom, and the answer says whether the venue is there and is who it should be.</summary>
internal sealed class OutgoingRelay(TlsRelay relay, Socket near, TlsConnectOptions options) : RelayConnection(relay, near)
{
    private FixEndpoint _target;

    protected override string Peer => _target.ToString();

    protected override string EndedUnheard => options.Identity is null
        ? " before it said anything: if no Logon of ours displeased it, it wants a client certificate, and none is named"
        : $" before it said anything: if no Logon of ours displeased it, it does not take this client's certificate, {options.Identity.Certificate.Subject}";

    protected override (SslStream Tls, Stream Plain)? Open()
    {
        var local = new NetworkStream(Near);
        Near.ReceiveTimeout = options.TimeoutMs;
        try
        {
            if (Tunnel.ReadRequest(local) is not { } target) return null;
            _target = target;
            var tls = Connect(out string? problem);
            if (problem is not null) Relay.SayOnce($"{target}: {problem}");
            else Relay.NoteConnected($"{target}: connected by {(tls!.SslProtocol == SslProtocols.Tls13 ? "TLS 1.3" : "TLS 1.2")}, {tls.NegotiatedCipherSuite}, to {tls.RemoteCertificate?.Subject}");
            local.Write(Tunnel.Answer(problem is null ? null : $"{target}: {problem}", Relay.TakeLastEnd()));
            Near.ReceiveTimeout = 0;
            return tls is null ? null : (tls, local);
        }
        catch (Exception e) when (IsEnd(e)) { return null; }
    }

    private SslStream? Connect(out string? problem)
    {
        var socket = Connector.Connect(options.Proxy ?? _target, options.TimeoutMs, out problem);
        if (socket is null)
        {
            problem = problem!.StartsWith(_target.ToString(), StringComparison.Ordinal) ? problem[(_target.ToString().Length + 2)..] : problem;
            return null;
        }
        if (options.Proxy is { } proxy && Tunnel.Open(socket, _target, options.TimeoutMs, out _) is { } said)
        {
            problem = $"the proxy {proxy} {said}";
            socket.Dispose();
            return null;
        }
        var far = socket.ToSocket();
        Adopt(far);
        string name = options.ServerName != "" ? options.ServerName : _target.Host;
        string? wrong = null;
        var tls = new SslStream(new NetworkStream(far));
        var handshake = new SslClientAuthenticationOptions
        {
            TargetHost = name, ClientCertificateContext = options.Identity?.Context, EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13, CertificateChainPolicy = options.Trust.ChainPolicy(),
            // Each connection proves anew who is there.
            AllowTlsResume = false, AllowRenegotiation = false,
            RemoteCertificateValidationCallback = (_, certificate, chain, errors) => (wrong = options.Trust.Judge(certificate, chain, errors, name)) is null,
        };
        problem = Handshake(far, options.TimeoutMs, () => tls.AuthenticateAsClient(handshake), () => wrong);
        return problem is null ? tls : null;
    }
}
