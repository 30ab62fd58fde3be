using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Appliance.Contract;
using Appliance.Fix;

namespace Appliance.Perf.Fix;

/// <summary>
/// The verb `fix-tls`: what TLS in a companion adds to a round trip. One thread spins over the gateway and an acceptor; the orders go once straight over loopback TCP, once through `appliance tls
/// connect` and `appliance tls accept`, each a process of its own, with certificates on both sides. That is TLS at both ends: what a desk adds by its own companion is about a half.
/// </summary>
internal static class FixTlsCost
{
    public static int Run(string[] args)
    {
        int pairs = 10, orders = 2_000, cpu = 0;
        for (int i = 0; i + 1 < args.Length; i += 2)
        {
            int value = int.Parse(args[i + 1], CultureInfo.InvariantCulture);
            switch (args[i])
            {
                case "--pairs": pairs = value; break;
                case "--orders": orders = value; break;
                case "--cpu": cpu = value; break;
                default: throw new ArgumentException($"no option {args[i]}; there are --pairs, --orders, --cpu");
            }
        }
        // The companions get a core on which nothing spins, as a run's do.
        if (Environment.ProcessorCount > 1) CpuPinning.PinThisThread((cpu + 1) % Environment.ProcessorCount);
        using var rig = new TlsRig();
        CpuPinning.PinThisThread(cpu);
        var plain = new List<WireResult>();
        var secured = new List<WireResult>();
        for (int pair = 0; pair < pairs; pair++)
        {
            bool plainFirst = pair % 2 == 0;
            if (plainFirst) plain.Add(rig.RoundTrips(orders, overTls: false));
            secured.Add(rig.RoundTrips(orders, overTls: true));
            if (!plainFirst) plain.Add(rig.RoundTrips(orders, overTls: false));
        }
        Console.WriteLine($"order out to acknowledgement in, {pairs} pairs of {orders} orders, one under way, TLS 1.3 at both ends, each in a process of its own");
        Row("p50", plain, secured, r => r.P50Ns);
        Row("p99", plain, secured, r => r.P99Ns);
        Console.WriteLine($"allocated by the thread that trades: {secured.Sum(r => r.AllocatedBytes)} bytes over TLS, {plain.Sum(r => r.AllocatedBytes)} without");
        return 0;
    }

    private static void Row(string name, List<WireResult> plain, List<WireResult> secured, Func<WireResult, double> figure)
    {
        double[] added = [.. plain.Zip(secured, (p, s) => (figure(s) - figure(p)) / 1000).Order()];
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}  plain {Median(plain, figure):F1} us, TLS {Median(secured, figure):F1} us, added {added[added.Length / 2]:F1} us (pairs from {added[0]:F1} to {added[^1]:F1})"));
    }

    private static double Median(List<WireResult> results, Func<WireResult, double> figure) => results.Select(figure).Order().ElementAt(results.Count / 2) / 1000;

    /// <summary>Tiny, with its answers looked at.</summary>
    public static void Check()
    {
        using var rig = new TlsRig();
        foreach (bool overTls in new[] { true, false })
            if (rig.RoundTrips(50, overTls).AllocatedBytes is not 0 and var bytes) throw new InvalidOperationException($"50 round trips allocated {bytes} bytes");
    }

    private sealed class TlsRig : IDisposable
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("fixtlscost").FullName;
        private readonly FixWireWork.Echo _echo = new();
        private readonly FixAcceptor<FixWireWork.Echo> _acceptor;
        private readonly List<Process> _companions = [];
        private readonly int _tlsPort;
        private int _runs;

        public TlsRig()
        {
            _acceptor = new FixAcceptor<FixWireWork.Echo>(new FixAcceptorOptions { CompId = "VENUE", StoreDirectory = Path.Combine(_folder, "venue") }, ApprovedOrders.Instruments, _echo);
            _echo.Acceptor = _acceptor;
            string venuePin = MakeCertificate("venue"), deskPin = MakeCertificate("desk");
            using (var probe = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0))
            {
                probe.Start();
                _tlsPort = ((System.Net.IPEndPoint)probe.LocalEndpoint).Port;
            }
            Start("tls", "accept", "--listen", $"127.0.0.1:{_tlsPort}", "--to", $"127.0.0.1:{_acceptor.Port}", "--certificate", At("venue.pem"), "--client-pin", deskPin);
            Start("tls", "connect", "--socket", At("tls.sock"), "--certificate", At("desk.pem"), "--pin", venuePin);
        }

        private string At(string name) => Path.Combine(_folder, name);

        private string MakeCertificate(string name)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            using var certificate = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
            File.WriteAllText(At(name + ".pem"), certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem());
            return TlsTrust.KeyPin(certificate);
        }

        private void Start(params string[] arguments)
        {
            var start = new ProcessStartInfo("dotnet") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
            start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "appliance.dll"));
            foreach (string argument in arguments) start.ArgumentList.Add(argument);
            var process = Process.Start(start)!;
            _companions.Add(process);
            process.ErrorDataReceived += (_, _) => { };
            process.BeginErrorReadLine();
            if (process.StandardOutput.ReadLine() is not { } line || !line.StartsWith("listening", StringComparison.Ordinal)) throw new InvalidOperationException($"appliance {string.Join(' ', arguments)} did not listen");
        }

        public WireResult RoundTrips(int orders, bool overTls)
        {
            var events = new LastEvent();
            string folder = At($"run{_runs++}");
            Directory.CreateDirectory(folder);
            using var log = new OrderLog(Path.Combine(folder, "orders.log"), 1 << 14);
            using var gateway = new FixOrderGateway<LastEvent.Sink, HostMonotonicClock>(new FixSessionOptions
            {
                Host = "127.0.0.1", Port = overTls ? _tlsPort : _acceptor.Port, TlsCompanion = overTls ? At("tls.sock") : null, SenderCompId = overTls ? "TLS" : "PLAIN", TargetCompId = "VENUE", HeartbeatSeconds = 600, ResetSequenceNumbersOnLogon = true, StoreDirectory = folder,
            }, ApprovedOrders.Instruments, new LastEvent.Sink(events), default, log);
            HostMonotonicClock clock = default;
            HostUtcClock utc = default;
            void Poll()
            {
                long now = clock.NowNs(), wall = utc.NowUtcNs();
                gateway.Poll(now, wall);
                _acceptor.Poll(now, wall);
            }
            for (long deadline = clock.NowNs() + 60_000_000_000; !gateway.IsUp;)
            {
                Poll();
                if (clock.NowNs() > deadline) throw new InvalidOperationException($"no logon within a minute: {gateway.LastConnectError}");
            }
            for (long settle = clock.NowNs() + 5_000_000; clock.NowNs() < settle;) Poll();
            var made = new ApprovedOrders();
            long[] samples = new long[orders];
            int warmUp = Math.Max(20, orders / 10);
            long allocated = 0;
            for (int i = 0; i < orders + warmUp; i++)
            {
                if (i == warmUp) allocated = GC.GetAllocatedBytesForCurrentThread();
                made.Next(out ApprovedOrder order);
                long seen = events.Count, begin = clock.NowNs();
                if (gateway.Send(in order) != SendResult.Sent) throw new InvalidOperationException("an order did not leave");
                while (events.Count == seen) Poll();
                if (RingEvent.AsExecution(ref events.Newest).ClientOrderId != order.ClientOrderId) throw new InvalidOperationException("another answer came");
                if (i >= warmUp) samples[i - warmUp] = clock.NowNs() - begin;
            }
            allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
            Array.Sort(samples);
            return new WireResult(samples[orders / 2], samples[orders * 99L / 100], samples[orders * 999L / 1000], allocated);
        }

        public void Dispose()
        {
            foreach (var process in _companions)
            {
                process.Kill();
                process.WaitForExit();
                process.Dispose();
            }
            _acceptor.Dispose();
            Directory.Delete(_folder, recursive: true);
        }
    }
}
