using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Appliance.Contract;
using Appliance.Fix;

namespace Appliance.Interop;

/// <summary>A test that needs OpenSSL's command line; skipped, saying so, where it is not installed.</summary>
public sealed class OpenSslTheoryAttribute : TheoryAttribute
{
    public OpenSslTheoryAttribute()
    {
        if (!File.Exists("/usr/bin/openssl")) Skip = "openssl is not installed";
    }
}

/// <summary>Our signatures, and our TLS relays beside OpenSSL's own server and client, with certificates that OpenSSL made, in both versions of TLS and with a certificate asked of the client.</summary>
public sealed class OpenSslTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("openssl").FullName;
    private readonly List<string> _said = [];
    private readonly List<IDisposable> _open = [];

    public OpenSslTests()
    {
        if (!File.Exists("/usr/bin/openssl")) return;
        foreach (string name in new[] { "venue", "desk" })
        {
            using var made = Start($"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {name}.key -out {name}.pem -days 2 -subj /CN={name} -addext subjectAltName=DNS:{name}.example");
            Assert.True(made.WaitForExit(60_000) && made.ExitCode == 0, "openssl made no certificate");
        }
    }

    public void Dispose()
    {
        foreach (var one in Enumerable.Reverse(_open)) one.Dispose();
        Directory.Delete(_folder, true);
    }

    private string At(string name) => Path.Combine(_folder, name);

    private Process Start(string arguments) => Process.Start(new ProcessStartInfo("/usr/bin/openssl", arguments) { WorkingDirectory = _folder, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;

    private sealed class Peer : IDisposable
    {
        private readonly Process _process;
        private readonly StringBuilder _text = new();

        public Peer(Process process)
        {
            _process = process;
            foreach (var stream in new[] { process.StandardOutput.BaseStream, process.StandardError.BaseStream })
                new Thread(() =>
                {
                    byte[] buffer = new byte[4096];
                    try
                    {
                        int got;
                        while ((got = stream.Read(buffer)) > 0)
                            lock (_text) _text.Append(Encoding.Latin1.GetString(buffer, 0, got));
                    }
                    catch (Exception e) when (e is IOException or ObjectDisposedException) { _ = e; }
                }) { IsBackground = true }.Start();
        }

        public string Text { get { lock (_text) return _text.ToString(); } }
        public bool HasExited => _process.HasExited;

        public void Write(byte[] bytes)
        {
            _process.StandardInput.BaseStream.Write(bytes);
            _process.StandardInput.BaseStream.Flush();
        }

        public void Dispose()
        {
            if (!_process.HasExited) _process.Kill();
            _process.WaitForExit();
            _process.Dispose();
        }
    }

    private Peer Run(string arguments)
    {
        var peer = new Peer(Start(arguments));
        _open.Add(peer);
        return peer;
    }

    private T Keep<T>(T one) where T : IDisposable
    {
        _open.Add(one);
        return one;
    }

    private void Say(string line)
    {
        lock (_said) _said.Add(line);
    }

    private string Said { get { lock (_said) return string.Join('\n', _said); } }

    private TlsIdentity Identity(string name) => Keep(TlsIdentity.TryRead(new TlsIdentityFiles(At(name + ".pem"), At(name + ".key"), null), DateTime.UtcNow, out string problem) ?? throw new InvalidOperationException(problem));

    private TlsTrust TrustIn(string name) => TlsTrust.TryMake([], At(name + ".pem"), () => DateTime.UtcNow, "pins", "authority", out string problem) ?? throw new InvalidOperationException(problem);

    /// <summary>The print as OpenSSL writes it.</summary>
    private string FingerprintOf(string name)
    {
        using var peer = Start($"x509 -in {name}.pem -noout -fingerprint -sha256");
        string line = peer.StandardOutput.ReadToEnd();
        peer.WaitForExit();
        return line.Trim().Split('=')[1];
    }

    private static byte[] Message(string type, uint sequence, string sender, string target, string body)
    {
        string fields = $"35={type}|49={sender}|56={target}|34={sequence}|52={DateTime.UtcNow:yyyyMMdd-HH:mm:ss.fff}|{body}".Replace('|', '\u0001');
        string text = $"8=FIX.4.4\u00019={fields.Length}\u0001{fields}";
        return Encoding.ASCII.GetBytes($"{text}10={text.Sum(c => c) % 256:000}\u0001");
    }

    private static void Until(Func<bool> condition, Action step, Func<string> where)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            step();
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(60), "waited in vain: " + where());
            Thread.Yield();
        }
    }

    [OpenSslTheory]
    [InlineData("-tls1_2", "TLS 1.2")]
    [InlineData("-tls1_3", "TLS 1.3")]
    public void Our_session_logs_on_at_openssls_server_which_asks_for_our_certificate(string version, string named)
    {
        int port;
        using (var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            port = ((IPEndPoint)probe.LocalEndPoint!).Port;
        }
        var server = Run($"s_server -accept 127.0.0.1:{port} -cert venue.pem -key venue.key -Verify 1 -verify_return_error -CAfile desk.pem {version} -quiet");
        TlsTrust trust = TlsTrust.TryMake([FingerprintOf("venue")], null, () => DateTime.UtcNow, "pins", "authority", out _)!;
        Keep(TlsRelay.Connecting(new TlsConnectOptions { SocketPath = At("tls.sock"), Identity = Identity("desk"), Trust = trust, TimeoutMs = 30_000 }, Say));
        using var desk = new FixSessionInitiator<Nobody>(new FixSessionOptions
        {
            Host = "127.0.0.1", Port = port, TlsCompanion = At("tls.sock"), SenderCompId = "DESK", TargetCompId = "VENUE", SynchroniseAfterLogon = false, Store = StoreOptions.OfMegabytes(1), ReconnectMaxMs = 100, ConnectTimeoutMs = 30_000,
        }, default);
        void Poll() => desk.Poll(default(HostMonotonicClock).NowNs(), default(HostUtcClock).NowUtcNs());
        string Where() => $"{desk.State}, {desk.LastConnectError}, {Said}, {server.Text}";
        Until(() => server.Text.Contains("35=A\u000149=DESK\u000156=VENUE\u0001", StringComparison.Ordinal), Poll, Where);
        server.Write(Message("A", 1, "VENUE", "DESK", "98=0|108=10|"));
        Until(() => desk.IsUp, Poll, Where);
        Assert.Contains($"connected by {named}, ", Said, StringComparison.Ordinal);
        server.Write(Message("1", 2, "VENUE", "DESK", "112=are you there|"));
        Until(() => server.Text.Contains("112=are you there\u0001", StringComparison.Ordinal), Poll, Where);
    }

    [OpenSslTheory]
    [InlineData("-tls1_2", true)]
    [InlineData("-tls1_3", true)]
    [InlineData("-tls1_2", false)]
    [InlineData("-tls1_3", false)]
    public void Openssls_client_logs_on_at_our_acceptor_with_its_certificate_and_not_without(string version, bool showsCertificate)
    {
        using var acceptor = new FixSessionAcceptor<Nobody>(new FixAcceptorOptions { CompId = "VENUE", Counterparties = ["DESK"], Store = StoreOptions.OfMegabytes(1) }, default);
        var front = Keep(TlsRelay.Accepting(new TlsAcceptOptions { Listen = new FixEndpoint("127.0.0.1", 0), Target = new FixEndpoint("127.0.0.1", acceptor.Port), Identity = Identity("venue"), Clients = TrustIn("desk"), TimeoutMs = 30_000 }, Say));
        var client = Run($"s_client -connect 127.0.0.1:{front.Port} -CAfile venue.pem -verify_return_error -verify_hostname venue.example -servername venue.example {version} -quiet{(showsCertificate ? " -cert desk.pem -key desk.key" : "")}");
        void Poll() => acceptor.Poll(default(HostMonotonicClock).NowNs(), default(HostUtcClock).NowUtcNs());
        string Where() => $"{Said}, {client.Text}";
        try { client.Write(Message("A", 1, "DESK", "VENUE", "98=0|108=10|")); }
        catch (IOException) { } // One that was turned away may be gone already.
        if (showsCertificate)
        {
            Until(() => client.Text.Contains("35=A\u000149=VENUE\u000156=DESK\u0001", StringComparison.Ordinal), Poll, Where);
            Assert.True(acceptor.IsUp(0));
            return;
        }
        Until(() => client.HasExited && front.Refused == 1, Poll, Where);
        Assert.Contains("showed no certificate", Said, StringComparison.Ordinal);
        Assert.DoesNotContain("35=A", client.Text, StringComparison.Ordinal);
        Assert.Equal(0, acceptor.SessionCount);
    }

    /// <summary>Keys that OpenSSL's command line makes, as files; it verifies what we sign with them, and not another text.</summary>
    [OpenSslTheory]
    [InlineData(LogonAlgorithm.Ed25519, "-algorithm ed25519", "pkeyutl -verify -pubin -inkey sign.pub -rawin -in text -sigfile signature")]
    [InlineData(LogonAlgorithm.RsaSha256, "-algorithm RSA -pkeyopt rsa_keygen_bits:2048", "dgst -sha256 -verify sign.pub -signature signature text")]
    [InlineData(LogonAlgorithm.RsaPssSha256, "-algorithm RSA -pkeyopt rsa_keygen_bits:3072", "dgst -sha256 -verify sign.pub -signature signature -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 text")]
    public void Openssl_verifies_what_a_logon_is_signed_with(LogonAlgorithm algorithm, string made, string verify)
    {
        int Ends(string arguments)
        {
            using var process = Start(arguments);
            process.StandardOutput.ReadToEnd();
            Assert.True(process.WaitForExit(60_000));
            return process.ExitCode;
        }
        Assert.Equal(0, Ends($"genpkey {made} -out sign.pem"));
        Assert.Equal(0, Ends("pkey -in sign.pem -pubout -out sign.pub"));
        string pem = File.ReadAllText(At("sign.pem"));
        using var key = LogonKey.TryMake(algorithm, Convert.FromBase64String(pem[System.Security.Cryptography.PemEncoding.Find(pem).Base64Data]), out string problem);
        Assert.True(key is not null, problem);
        byte[] text = Encoding.ASCII.GetBytes("A\u0001DESK\u0001VENUE\u00011\u000120261122-00:00:00.000"), signature = new byte[LogonKey.SignatureBytesMax];
        int length = key.Sign(text, signature);
        File.WriteAllBytes(At("signature"), signature[..length]);
        File.WriteAllBytes(At("text"), text);
        Assert.Equal(0, Ends(verify));
        text[0] ^= 1;
        File.WriteAllBytes(At("text"), text);
        Assert.NotEqual(0, Ends(verify));
    }

    private readonly struct Nobody : IFixApplication
    {
        public byte[]? OnLogon(int session, in FixHeader header, ReadOnlySpan<byte> message) => null;
        public void OnSessionUp(int session) { }
        public void OnSessionDown(int session, FixDownReason reason) { }
        public void OnMessage(int session, in FixHeader header, ReadOnlySpan<byte> message) { }
    }
}
