using System.Net;
using System.Net.Sockets;
using Appliance.Contract;
using Appliance.Fix;

namespace Appliance.Tests.Fix;

/// <summary>Sessions over the TLS relays, with real sockets and certificates: the gateway's local socket, the relay of its companion, the venue's relay, the acceptor.</summary>
public sealed class TlsTests : IDisposable
{
    private static readonly Func<DateTime> Now = () => DateTime.UtcNow;
    private readonly TestCertificates _files = new();
    private readonly List<string> _said = [];
    private readonly List<IDisposable> _open = [];
    private LoopbackRig? _rig;
    private TlsRelay? _venue, _companion;

    public void Dispose()
    {
        _rig?.Dispose();
        _companion?.Dispose();
        _venue?.Dispose();
        foreach (var one in _open) one.Dispose();
        _files.Dispose();
    }

    private void Say(string line)
    {
        lock (_said) _said.Add(line);
    }

    private string Said { get { lock (_said) return string.Join('\n', _said); } }

    private TlsIdentity Identity(string name)
    {
        // A venue need not know that its certificate is out of time: its own check is given a time that suits.
        DateTime now = Now().AddDays(name switch { "expired" => -10, "early" => 10, _ => 0 });
        var identity = TlsIdentity.TryRead(new TlsIdentityFiles(_files.At(name + ".pem"), _files.At(name + ".key"), null), now, out string problem);
        Assert.True(identity is not null, problem);
        _open.Add(identity);
        return identity;
    }

    private TlsTrust Trust(string? pinned = null, string? authority = null) => TlsTrust.TryMake(pinned is null ? [] : [TlsTrust.KeyPin(_files.Certificate(pinned))], authority is null ? null : _files.At(authority), Now, "venue.tls.pins", "venue.tls.authority", out string problem)
        ?? throw new InvalidOperationException(problem);

    private void StartVenue(int acceptorPort, string certificate = "venue", TlsTrust? clients = null, int port = 0, int timeoutMs = 60_000) =>
        _venue = TlsRelay.Accepting(new TlsAcceptOptions { Listen = new FixEndpoint("127.0.0.1", port), Target = new FixEndpoint("127.0.0.1", acceptorPort), Identity = Identity(certificate), Clients = clients, TimeoutMs = timeoutMs }, Say);

    private void StartCompanion(TlsTrust trust, string? certificate = null, string serverName = "", int timeoutMs = 60_000) =>
        _companion = TlsRelay.Connecting(new TlsConnectOptions { SocketPath = _files.At("tls.sock"), Identity = certificate is null ? null : Identity(certificate), Trust = trust, ServerName = serverName, TimeoutMs = timeoutMs }, Say);

    private FixSessionOptions OverTls(FixSessionOptions options, int port, int timeoutMs = 60_000) => options with { Port = port, TlsCompanion = _files.At("tls.sock"), ConnectTimeoutMs = timeoutMs, ReconnectMaxMs = 20 };

    private void Trade()
    {
        int before = _rig!.Sink.Executions.Count();
        var order = _rig.Gate.New(0, Side.Buy, 1_000_000 + before * 100, 5);
        Assert.Equal(SendResult.Sent, _rig.Gateway.Send(in order));
        _rig.Until(() => _rig.Sink.Executions.Count() == before + 2, "two reports");
        Assert.Equal(order.ClientOrderId, _rig.Sink.Executions.Last().ClientOrderId);
    }

    [Fact]
    public void Orders_go_over_mutual_tls_and_either_relay_may_die()
    {
        StartCompanion(Trust("venue"), "desk");
        _rig = new LoopbackRig(change: o =>
        {
            StartVenue(o.Port, clients: Trust("desk"));
            return OverTls(o, _venue!.Port);
        });
        _rig.Up();
        for (int i = 0; i < 20; i++) Trade();

        // The host sees a venue's end as it sees a disconnect, and comes back when the venue does.
        int port = _venue!.Port;
        _venue.Dispose();
        _rig.Until(() => !_rig.Gateway.IsUp && _rig.Venue.Downs == 1, "the loss on both sides");
        _rig.Until(() => _rig.Gateway.LastConnectError is { } e && e.Contains("refused", StringComparison.OrdinalIgnoreCase), "the companion's word that nobody listens");
        Assert.StartsWith($"127.0.0.1:{port}: ", _rig.Gateway.LastConnectError, StringComparison.Ordinal);
        StartVenue(_rig.Port, clients: Trust("desk"), port: port);
        _rig.Up();
        Trade();

        // So it sees the end of the companion.
        _companion!.Dispose();
        _rig.Until(() => !_rig.Gateway.IsUp && _rig.Venue.Downs == 2, "the loss on both sides");
        _rig.Until(() => _rig.Gateway.LastConnectError is { } e && e.Contains("the TLS companion does not listen at", StringComparison.Ordinal), "the message about the companion");
        StartCompanion(Trust("venue"), "desk");
        _rig.Up();
        Trade();

        // The watchdog's pull reaches the venue through both.
        _rig.Gateway.ShutdownNow();
        _rig.Until(() => _rig.Venue.Downs == 3, "the loss at the venue");
    }

    [Theory]
    [InlineData("venue", "stranger", "", "venue.tls.pins", "not among venue.tls.pins", "somebody may be in between")]
    [InlineData("expired", "expired", "", "expired on", "UTC; it has to be renewed there", "CN=expired")]
    [InlineData("early", "early", "", "is valid from", "this machine's clock", "CN=early")]
    [InlineData("venue", null, "other.example", "is for venue.example", "\"other.example\" was asked for", "server name")]
    [InlineData("stranger", null, "", "CN=Stranger", "is for no host name", "pin the certificate (venue.tls.pins)")]
    public void A_venue_that_is_not_who_it_should_be_is_refused_with_the_cure(string certificate, string? pinned, string serverName, params string[] expected)
    {
        StartCompanion(Trust(pinned, pinned is null ? "authority.pem" : null), serverName: serverName);
        _rig = new LoopbackRig(change: o =>
        {
            StartVenue(o.Port, certificate);
            return OverTls(o, _venue!.Port);
        });
        _rig.Until(() => _rig.Gateway.LastConnectError is not null, "the refusal");
        Assert.All(expected, e => Assert.Contains(e, _rig.Gateway.LastConnectError, StringComparison.Ordinal));
        Assert.StartsWith($"127.0.0.1:{_venue!.Port}: ", _rig.Gateway.LastConnectError, StringComparison.Ordinal);
        Assert.Equal(0, _rig.Venue.Ups);
    }

    [Theory]
    [InlineData("authority.pem", "venue.example", true)]
    [InlineData("stranger.pem", "venue.example", false)]
    [InlineData(null, "venue.example", false)]
    public void Without_pins_the_chain_must_end_at_an_authority_that_is_trusted(string? authority, string serverName, bool isGood)
    {
        StartCompanion(Trust(authority: authority), serverName: serverName);
        _rig = new LoopbackRig(change: o =>
        {
            StartVenue(o.Port);
            return OverTls(o, _venue!.Port);
        });
        if (isGood)
        {
            _rig.Up();
            Trade();
            return;
        }
        _rig.Until(() => _rig.Gateway.LastConnectError is not null, "the refusal");
        Assert.Contains($"was issued by CN=Test Authority, whom {(authority is null ? "this machine does not trust" : "venue.tls.authority does not hold")}; pin it (venue.tls.pins)", _rig.Gateway.LastConnectError, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "showed no certificate")]
    [InlineData("stranger", "not among")]
    public void A_client_that_is_not_who_it_should_be_never_reaches_the_acceptor_and_is_told_by_tls(string? certificate, string said)
    {
        StartCompanion(Trust("venue"), certificate);
        _rig = new LoopbackRig(change: o =>
        {
            StartVenue(o.Port, clients: Trust("desk"));
            return OverTls(o, _venue!.Port);
        });
        _rig.Until(() => _rig.Gateway.LastConnectError is not null, "the refusal");
        // In TLS 1.3 a client hears of it after its own handshake is done: the companion says so with the next connection.
        Assert.Contains(certificate is null ? "wants a client certificate, and none is named" : "does not take this client's certificate, CN=Stranger", _rig.Gateway.LastConnectError, StringComparison.Ordinal);
        Assert.Contains(said, Said, StringComparison.Ordinal);
        Assert.Equal((0, 0), (_rig.Venue.Ups, _rig.Acceptor!.SessionCount));
        Assert.Equal(0, _rig.Acceptor.Refused);
    }

    [Fact]
    public void A_port_that_does_not_speak_tls_is_named_as_one()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(8);
        // Says something of its own to whoever comes, as a mail or FIX server without TLS may.
        var plain = new Thread(() =>
        {
            try
            {
                while (true)
                {
                    using var one = listener.Accept();
                    one.Receive(new byte[64]);
                    one.Send("220 this is another service\r\n"u8);
                    one.Receive(new byte[1024]);
                }
            }
            catch (SocketException) { }
        }) { IsBackground = true };
        plain.Start();
        StartCompanion(Trust("venue"));
        _rig = new LoopbackRig(change: o => OverTls(o, ((IPEndPoint)listener.LocalEndPoint!).Port));
        _rig.Until(() => _rig.Gateway.LastConnectError is not null, "the refusal");
        Assert.Contains("does not speak TLS 1.2 or 1.3 on that port", _rig.Gateway.LastConnectError, StringComparison.Ordinal);
    }

    [Fact]
    public void A_venue_that_never_shakes_hands_is_given_up()
    {
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        silent.Listen(64);
        StartCompanion(Trust("venue"), timeoutMs: 200);
        _rig = new LoopbackRig(change: o => OverTls(o, ((IPEndPoint)silent.LocalEndPoint!).Port, 20_000));
        _rig.Until(() => _rig.Gateway.LastConnectError is not null, "the refusal");
        Assert.Contains("did not finish the TLS handshake within 200 ms", _rig.Gateway.LastConnectError, StringComparison.Ordinal);
    }

    [Fact]
    public void Clients_that_never_shake_hands_are_cut_off_and_too_many_are_closed()
    {
        _rig = new LoopbackRig();
        _venue = TlsRelay.Accepting(new TlsAcceptOptions { Listen = new FixEndpoint("127.0.0.1", 0), Target = new FixEndpoint("127.0.0.1", _rig.Port), Identity = Identity("venue"), TimeoutMs = 300, MaxConnections = 3 }, Say);
        var idle = Enumerable.Range(0, 5).Select(_ => new PlainPeer(_venue.Port)).ToList();
        _rig.Until(() => _venue.Refused == 5 && _venue.Connections == 0, "all five to be closed");
        foreach (var peer in idle) peer.Dispose();
        Assert.Equal(3, Said.Split('\n').Count(l => l.Contains("did not finish the TLS handshake within 300 ms", StringComparison.Ordinal)));
        Assert.Equal(0, _rig.Acceptor!.Refused);
    }

    [Theory]
    [InlineData("desk.pem", "desk.key", null, "")]
    [InlineData("desk.pem", "desk.locked.key", "password", "")]
    [InlineData("desk.both.pem", null, null, "")]
    [InlineData("desk.p12", null, "password", "")]
    [InlineData("none.pem", "desk.key", null, "none.pem: there is no such file; name the file that holds the certificate")]
    [InlineData("desk.pem", "none.key", null, "none.key: there is no such file; name the file that holds the private key")]
    [InlineData("desk.pem", "desk.locked.key", "nowhere", "nowhere: there is no such file; name the file that holds the password")]
    [InlineData("desk.pem", "desk.locked.key", "empty", "empty: is empty; it must hold the password of the key")]
    [InlineData("desk.pem", "desk.locked.key", null, "desk.locked.key: the key is encrypted; name the file that holds its password")]
    [InlineData("desk.pem", "desk.locked.key", "wrong-password", "wrong-password is wrong, or the key is not that of")]
    [InlineData("desk.pem", "desk.key", "password", "desk.key: the key is not encrypted, and a password is named")]
    [InlineData("desk.pem", "venue.key", null, "venue.key: the key cannot be used")]
    [InlineData("desk.pem", null, null, "desk.pem: holds no private key; name the key's file beside the certificate's")]
    [InlineData("desk.key", "desk.key", null, "desk.key: holds no certificate")]
    [InlineData("desk.p12", null, "wrong-password", "the password is wrong, or the file is damaged")]
    [InlineData("desk.p12", null, null, "name the file that holds its password")]
    [InlineData("expired.pem", "expired.key", null, "expired.pem: the certificate CN=expired expired on")]
    [InlineData("early.pem", "early.key", null, "early.pem: the certificate CN=early is valid from")]
    public void An_identity_is_read_or_what_is_wrong_with_it_is_named(string certificate, string? key, string? password, string expected)
    {
        using var identity = TlsIdentity.TryRead(new TlsIdentityFiles(_files.At(certificate), key is null ? null : _files.At(key), password is null ? null : _files.At(password)), Now(), out string problem);
        Assert.Equal(expected == "", identity is not null);
        Assert.Contains(expected, problem, StringComparison.Ordinal);
        if (identity is not null) Assert.Equal(("CN=desk", true), (identity.Certificate.Subject, identity.Certificate.HasPrivateKey));
    }

    [Theory]
    [InlineData("abc", null, "venue.tls.pins: \"abc\" is no SHA-256")]
    [InlineData(null, "nowhere.pem", "nowhere.pem: there is no such file")]
    [InlineData(null, "empty", "empty: holds no certificate")]
    public void What_is_wrong_with_the_trust_is_named(string? pin, string? authority, string expected)
    {
        Assert.Null(TlsTrust.TryMake(pin is null ? [] : [pin], authority is null ? null : _files.At(authority), Now, "venue.tls.pins", "venue.tls.authority", out string problem));
        Assert.Contains(expected, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificates_own_print_is_a_pin_too_with_colons_and_capitals_as_openssl_writes_it()
    {
        string print = string.Join(':', Convert.FromHexString(TlsTrust.CertificatePin(_files.Certificate("venue"))).Select(b => b.ToString("X2", null)));
        StartCompanion(TlsTrust.TryMake([print], null, Now, "p", "a", out _)!);
        _rig = new LoopbackRig(change: o =>
        {
            StartVenue(o.Port);
            return OverTls(o, _venue!.Port);
        });
        _rig.Up();
    }
}
