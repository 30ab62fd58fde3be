using System.CommandLine;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Appliance.Fix;
using Appliance.Host.Configuration;
using Appliance.Host.Native;

namespace Appliance.Host.Commands;

/// <summary>`appliance tls`: the companions that speak TLS, so that no process that trades has to, and the fingerprints that a desk file pins.</summary>
internal static class TlsCommand
{
    public static Command Make() => new("tls", """
        TLS beside the host: a session's companion, an acceptor's front, and the fingerprints to pin.

        Example: appliance tls pin fix.venue.example:4001
        """) { Connect(), Accept(), Pin() };

    private static Command Connect()
    {
        var socket = new Option<string>("--socket") { Description = "Where the local socket is made that the host connects to.", Required = true, HelpName = "FILE" };
        var tls = new TlsOptions("", "", "the venue's");
        var serverName = new Option<string>("--server-name") { Description = "The name asked for in the handshake and looked for in the certificate; left out, the host's.", DefaultValueFactory = _ => "", HelpName = "NAME" };
        var proxy = new Option<string?>("--proxy") { Description = "HTTP proxy on the way.", HelpName = "HOST:PORT" };
        var timeout = new Option<int>("--timeout-ms") { Description = "Bound of the connecting, and of the handshake.", DefaultValueFactory = _ => 3_000, HelpName = "MS" };
        var keysOf = new Option<string>("--keys-of") { Description = "Where in its desk file the host has these options, for messages.", DefaultValueFactory = _ => "venue.tls", HelpName = "KEY" };
        var companionOf = new Option<int>("--companion-of") { Description = "Process of the host; the companion ends when that process does.", HelpName = "PID" };
        var command = new Command("connect", """
            A session's companion: takes connections at a local socket, and leads each over TLS to the host that its CONNECT request names.
            A run starts it by itself where the desk file has venue.tls.

            Example: appliance tls connect --socket /dev/shm/desk.sock --pin 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
            """) { socket, serverName, proxy, timeout, keysOf, companionOf };
        foreach (var option in tls.All) command.Add(option);
        command.SetAction(parsed =>
        {
            // The host's messages speak of its desk file, those of a command line of its options.
            bool ofHost = parsed.GetValue(companionOf) > 0;
            using var identity = tls.Identity(parsed);
            FixEndpoint? via = parsed.GetValue(proxy) is { } text ? Endpoint("--proxy", text) : null;
            if (parsed.GetValue(timeout) is < 10 or > 60_000) throw new BadInputException($"--timeout-ms: saw {parsed.GetValue(timeout)}, allowed is 10 to 60000");
            using var relay = TlsRelay.Connecting(new TlsConnectOptions
            {
                SocketPath = parsed.GetValue(socket)!, Identity = identity, Trust = ofHost ? tls.Trust(parsed, parsed.GetValue(keysOf) + ".pins", parsed.GetValue(keysOf) + ".authority") : tls.Trust(parsed), ServerName = parsed.GetValue(serverName)!, Proxy = via,
                TimeoutMs = parsed.GetValue(timeout),
            }, Say);
            if (!ofHost) Console.WriteLine($"listening: {parsed.GetValue(socket)}");
            return WaitForEnd(parsed.GetValue(companionOf));
        });
        return command;
    }

    private static Command Accept()
    {
        var listen = new Option<string>("--listen") { Description = "Address and port that clients connect to by TLS; port 0 is not possible here.", Required = true, HelpName = "ADDRESS:PORT" };
        var to = new Option<string>("--to") { Description = "The acceptor behind, in plain TCP; it should be reached by no other way.", Required = true, HelpName = "HOST:PORT" };
        var tls = new TlsOptions("", "client-", "a client's");
        var command = new Command("accept", """
            An acceptor's front: takes TLS connections and leads each in plain TCP to an acceptor. With --client-pin or --client-authority only clients with such a certificate pass.

            Example: appliance tls accept --listen 0.0.0.0:4001 --to 127.0.0.1:5001 --certificate venue.pem --key venue.key
            """) { listen, to };
        foreach (var option in tls.All) command.Add(option);
        command.SetAction(parsed =>
        {
            using var identity = tls.Identity(parsed) ?? throw new BadInputException("--certificate: is missing; a TLS server shows a certificate");
            var trust = tls.Trust(parsed);
            using var relay = TlsRelay.Accepting(new TlsAcceptOptions
            {
                Listen = Endpoint("--listen", parsed.GetValue(listen)!), Target = Endpoint("--to", parsed.GetValue(to)!), Identity = identity, Clients = trust.IsMachines ? null : trust,
            }, Say);
            Console.WriteLine($"listening: TLS on {parsed.GetValue(listen)}, for {parsed.GetValue(to)}");
            return WaitForEnd(0);
        });
        return command;
    }

    private static Command Pin()
    {
        var what = new Argument<string>("what") { Description = "A server that speaks TLS, HOST:PORT, or a file with a certificate, PEM or DER.", HelpName = "HOST:PORT|FILE" };
        var serverName = new Option<string>("--server-name") { Description = "The name asked for in the handshake; left out, the host's.", DefaultValueFactory = _ => "", HelpName = "NAME" };
        var command = new Command("pin", """
            Print a certificate's subject, names, time, and the SHA-256 of its public key and of itself, as venue.tls.pins and --pin take them.
            What a network shows may be anybody's: compare with what the venue tells you by another way.

            Example: appliance tls pin fix.venue.example:4001
            """) { what, serverName };
        command.SetAction(parsed =>
        {
            string text = parsed.GetValue(what)!;
            using X509Certificate2 certificate = File.Exists(text) ? OfFile(text) : FixEndpoint.TryParse(text, out var endpoint) ? OfServer(endpoint, parsed.GetValue(serverName)!)
                : throw new BadInputException($"{text}: there is no such file, and it is no HOST:PORT");
            Console.WriteLine($"subject      {certificate.Subject}");
            Console.WriteLine($"issuer       {certificate.Issuer}");
            string names = string.Join(", ", certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(e => e.EnumerateDnsNames()));
            if (names != "") Console.WriteLine($"names        {names}");
            Console.WriteLine($"valid        {certificate.NotBefore.ToUniversalTime():yyyy-MM-dd HH:mm} to {certificate.NotAfter.ToUniversalTime():yyyy-MM-dd HH:mm} UTC");
            Console.WriteLine($"public key   {TlsTrust.KeyPin(certificate)}    stays when the certificate is renewed with the same key");
            Console.WriteLine($"certificate  {TlsTrust.CertificatePin(certificate)}");
            return ExitCode.Done;
        });
        return command;
    }

    private static X509Certificate2 OfFile(string file)
    {
        try { return X509CertificateLoader.LoadCertificateFromFile(file); }
        catch (CryptographicException e) { throw new BadInputException($"{file}: holds no certificate that can be read ({e.Message}); PEM or DER is needed"); }
    }

    private static X509Certificate2 OfServer(FixEndpoint server, string serverName)
    {
        X509Certificate2? seen = null;
        try
        {
            using var client = new TcpClient();
            if (!client.ConnectAsync(server.Host, server.Port).Wait(10_000)) throw new IOException($"{server}: no answer within 10 seconds");
            client.ReceiveTimeout = client.SendTimeout = 10_000;
            using var stream = new SslStream(client.GetStream());
            stream.AuthenticateAsClient(new SslClientAuthenticationOptions
            {
                TargetHost = serverName != "" ? serverName : server.Host, CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
                // Whoever it is: the user compares.
                RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                {
                    seen = certificate is null ? null : new X509Certificate2(certificate);
                    return true;
                },
            });
        }
        // A server that wants a certificate of ours has shown its own before it says so.
        catch (Exception e) when (seen is null && e is AuthenticationException or SocketException or AggregateException or IOException) { throw new IOException($"{server}: {(e is AggregateException a ? a.InnerException!.Message : e.Message)}"); }
        catch (Exception e) when (e is AuthenticationException or IOException) { _ = e; }
        return seen ?? throw new IOException($"{server}: showed no certificate");
    }

    internal static FixEndpoint Endpoint(string option, string text) => FixEndpoint.TryParse(text, out var endpoint) ? endpoint : throw new BadInputException($"{option}: saw \"{text}\", allowed is HOST:PORT");

    /// <summary>In a line of its own, as the host's warnings stand.</summary>
    internal static void Say(string line) => Console.Error.WriteLine($"tls        {line}");

    /// <summary>Until it is asked to end, or its host is gone.</summary>
    private static int WaitForEnd(int host)
    {
        using var over = new ManualResetEventSlim();
        int code = ExitCode.Done;
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => { context.Cancel = true; over.Set(); });
        // A terminal that closes, and Ctrl-C, reach the whole process group; a companion leaves it to the host to end the session first.
        using var hangup = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context => { context.Cancel = true; if (host == 0) over.Set(); });
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context =>
        {
            context.Cancel = true;
            if (host != 0) return;
            code = ExitCode.Interrupted;
            over.Set();
        });
        using var watch = host == 0 ? null : new Timer(_ => { if (Linux.kill(host, 0) != 0) over.Set(); }, null, 500, 500);
        over.Wait();
        return code;
    }
}
