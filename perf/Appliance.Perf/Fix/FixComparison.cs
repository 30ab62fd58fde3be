using System.Globalization;
using System.Text;
using Appliance.Contract;
using Appliance.Fix.QuickFix;

namespace Appliance.Perf.Fix;

/// <summary>
/// The verb `fix`: codec and session beside QuickFIX C++ (perf/peers/fix/quickfix_fix.cpp), and the round trip beside the floor in C. Contenders run in turn, in rotating order, on the same core, with their
/// stores in the same folder; each round gives a ratio, and the peer against itself the control.
/// </summary>
internal static class FixComparison
{
    /// <summary>Orders that one decision gives out in the stream; QuickFIX sends one in each callback, as its users do.</summary>
    private const int Burst = 16;

    private sealed record Settings(int Pairs, int Orders, int Cpu, int VenueCpu, string Only);

    public static int Run(string[] args)
    {
        Settings settings = Parse(args);
        string? quickFix = FixPeers.Find("quickfix_fix");
        if (quickFix is null) Console.WriteLine("fix: quickfix_fix is not compiled (libquickfix-dev, then make peers): ours alone");
        if (Environment.ProcessorCount < 2) Console.WriteLine("fix: one processor: the wire contests are left out");
        CpuPinning.PinThisThread(settings.Cpu);
        if (settings.Only is "" or "encode") Codec("encode", settings, quickFix, 1.0 / 10);
        if (settings.Only is "" or "decode") Codec("decode", settings, quickFix, 1.0 / 10);
        if (Environment.ProcessorCount < 2) return 0;
        if (settings.Only is "" or "roundtrip") RoundTrips(settings, quickFix);
        if (settings.Only is "" or "sustained") Sustained(settings, quickFix);
        if (settings.Only is "" or "in-process") InProcess(settings);
        if (settings.Only is "" or "resend") Resend(settings, quickFix);
        return 0;
    }

    /// <summary>Each contest once, tiny, with its answer looked at; with the peers where they are compiled.</summary>
    public static void Check()
    {
        var work = new FixCodecWork();
        string order = Encoding.ASCII.GetString(work.Order());
        string[] header = ["8", "9", "35", "49", "56", "34", "52", "10"];
        int business = order.Split('\u0001', StringSplitOptions.RemoveEmptyEntries).Count(f => !header.Contains(f.Split('=')[0]));
        if (business != FixCodecWork.OrderFields) throw new InvalidOperationException($"the order has {business} business fields: {order}");
        string folder = FixPeers.StoreFolder();
        try
        {
            string file = Path.Combine(folder, "reports");
            work.WriteReports(file);
            int fields = Encoding.ASCII.GetString(File.ReadAllBytes(file)).Split('\n')[0].Count(c => c == '\u0001');
            if (fields != FixCodecWork.ReportFields) throw new InvalidOperationException($"the report has {fields} fields");
            work.Decode(500, out double sum);
            if (FixPeers.Find("quickfix_fix") is { } quickFix) Compare(FixPeers.Run(quickFix, -1, "decode", 500, file).GetProperty("sum").GetDouble(), sum);
            if (Environment.ProcessorCount < 2) return;
            if (FixPeers.Find("fix_ack_venue") is { } program)
            {
                using var venue = new AckVenue(program, "fix", "-1");
                WireResult result = FixWireWork.RoundTrip(venue.Port, 200, folder);
                if (result.AllocatedBytes != 0) throw new InvalidOperationException($"200 round trips allocated {result.AllocatedBytes} bytes");
            }
            Stream(2_000, 100, Burst, -1, -1);
            using var inProcess = new FixInProcess(folder);
            if (inProcess.Run(1_000).AllocatedBytes is not 0 and var bytes) throw new InvalidOperationException($"1,000 orders and reports in process allocated {bytes} bytes");
        }
        finally { Directory.Delete(folder, recursive: true); }
    }

    private static void Compare(double theirs, double ours)
    {
        if (!(Math.Abs(theirs - ours) <= 1e-9 * Math.Abs(ours))) throw new InvalidOperationException($"the sums over the reports differ: ours {ours:R}, theirs {theirs:R}");
    }

    private static void Codec(string name, Settings settings, string? peer, double target)
    {
        var work = new FixCodecWork();
        string folder = FixPeers.StoreFolder(), file = Path.Combine(folder, "reports");
        work.WriteReports(file);
        const int Ours = 2_000_000, Theirs = 200_000;
        var ratio = new PairedRatio(name);
        var ns = new List<double>();
        var peers = new List<double>();
        double Own(out double answer) => name == "encode" ? work.Encode(Ours, out answer) : work.Decode(Ours, out answer);
        double Their()
        {
            var answer = name == "encode" ? FixPeers.Run(peer!, settings.Cpu, "encode", Theirs) : FixPeers.Run(peer!, settings.Cpu, "decode", Theirs, file);
            if (name == "decode")
            {
                work.Decode(Theirs, out double expected);
                Compare(answer.GetProperty("sum").GetDouble(), expected);
            }
            return answer.GetProperty("ns").GetDouble();
        }
        for (int pair = 0; pair < settings.Pairs; pair++)
        {
            double[] taken = new double[3];
            for (int turn = 0; turn < 3; turn++)
            {
                int which = (turn + pair) % 3;
                if (which == 0) taken[0] = Own(out _);
                else if (peer is not null) taken[which] = Their();
            }
            ns.Add(taken[0]);
            if (peer is null) continue;
            peers.Add(taken[1]);
            ratio.Add(taken[0], taken[1], taken[2]);
        }
        Directory.Delete(folder, recursive: true);
        Print(name == "encode" ? $"encode NewOrderSingle, {FixCodecWork.OrderFields} business fields" : $"decode ExecutionReport, {FixCodecWork.ReportFields} fields", "ns", ns, "QuickFIX C++", peers, peer is null ? null : ratio, target);
    }

    private static void RoundTrips(Settings settings, string? quickFix)
    {
        string? venueProgram = FixPeers.Find("fix_ack_venue"), floorProgram = FixPeers.Find("fix_echo_floor");
        if (venueProgram is null || floorProgram is null)
        {
            Console.WriteLine("fix: the C venue is not compiled (make peers): the round trip is left out");
            return;
        }
        string cpu = settings.VenueCpu.ToString(CultureInfo.InvariantCulture);
        // As many bytes as an order of ours and the venue's report have.
        const string OrderBytes = "205", ReportBytes = "240";
        var p50 = new PairedRatio("roundtrip p50 / floor");
        var p99 = new PairedRatio("roundtrip p99 / floor");
        var p50Peer = new PairedRatio("roundtrip p50 / QuickFIX C++");
        var p99Peer = new PairedRatio("roundtrip p99 / QuickFIX C++");
        var p50Adapter = new PairedRatio("roundtrip p50 / QuickFIX/n");
        List<WireResult> ours = [], floors = [], peers = [], adapters = [];
        if (!QuickFixAdapter.Status.IsBuilt) Console.WriteLine($"fix: {QuickFixAdapter.Status.Sentence} The round trip goes without QuickFIX/n.");
        long allocated = 0;
        for (int pair = 0; pair < settings.Pairs; pair++)
        {
            var taken = new WireResult[7];
            for (int turn = 0; turn < 7; turn++)
            {
                int which = (turn + pair) % 7;
                if (which is 3 or 4 && quickFix is null || which >= 5 && !QuickFixAdapter.Status.IsBuilt) continue;
                string folder = FixPeers.StoreFolder();
                using (var venue = which is 1 or 2 ? new AckVenue(venueProgram, "raw", cpu, OrderBytes, ReportBytes) : new AckVenue(venueProgram, "fix", cpu))
                {
                    taken[which] = which switch
                    {
                        0 => FixWireWork.RoundTrip(venue.Port, settings.Orders, folder),
                        5 or 6 => FixWireWork.RoundTrip(venue.Port, Math.Min(settings.Orders, 5_000), folder, byAdapter: true),
                        1 or 2 => Of(FixPeers.Run(floorProgram, -1, venue.Port, settings.Cpu, OrderBytes, ReportBytes, settings.Orders)),
                        _ => Of(FixPeers.Run(quickFix!, settings.Cpu, "roundtrip", venue.Port, Math.Min(settings.Orders, 10_000), folder)),
                    };
                }
                Directory.Delete(folder, recursive: true);
            }
            ours.Add(taken[0]);
            floors.Add(taken[1]);
            allocated += taken[0].AllocatedBytes;
            p50.Add(taken[0].P50Ns, taken[1].P50Ns, taken[2].P50Ns);
            p99.Add(taken[0].P99Ns, taken[1].P99Ns, taken[2].P99Ns);
            if (QuickFixAdapter.Status.IsBuilt)
            {
                adapters.Add(taken[5]);
                p50Adapter.Add(taken[0].P50Ns, taken[5].P50Ns, taken[6].P50Ns);
            }
            if (quickFix is null) continue;
            peers.Add(taken[3]);
            p50Peer.Add(taken[0].P50Ns, taken[3].P50Ns, taken[4].P50Ns);
            p99Peer.Add(taken[0].P99Ns, taken[3].P99Ns, taken[4].P99Ns);
        }
        Print("order to acknowledgement, p50", "ns", [.. ours.Select(o => o.P50Ns)], "C floor", [.. floors.Select(f => f.P50Ns)], p50, 1.15);
        Print("order to acknowledgement, p99", "ns", [.. ours.Select(o => o.P99Ns)], "C floor", [.. floors.Select(f => f.P99Ns)], p99, 1.3);
        if (quickFix is not null)
        {
            Print("order to acknowledgement, p50", "ns", [.. ours.Select(o => o.P50Ns)], "QuickFIX C++", [.. peers.Select(f => f.P50Ns)], p50Peer, 0.5);
            Print("order to acknowledgement, p99", "ns", [.. ours.Select(o => o.P99Ns)], "QuickFIX C++", [.. peers.Select(f => f.P99Ns)], p99Peer, 0.5);
        }
        if (adapters.Count > 0) Print("order to acknowledgement, p50", "ns", [.. ours.Select(o => o.P50Ns)], "QuickFIX/n", [.. adapters.Select(f => f.P50Ns)], p50Adapter, 0.2);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"fix  allocated after the logon: {allocated} bytes in {(long)settings.Pairs * settings.Orders:N0} orders and acknowledgements"));

        static WireResult Of(System.Text.Json.JsonElement answer) => new(answer.GetProperty("p50").GetDouble(), answer.GetProperty("p99").GetDouble(), answer.GetProperty("p999").GetDouble(), 0);
    }

    private static (double Ns, long AllocatedBytes) Stream(int orders, int window, int burst, int deskCpu, int venueCpu)
    {
        string folder = FixPeers.StoreFolder();
        try { return FixWireWork.Sustained(orders, window, burst, folder, deskCpu, venueCpu); }
        finally { Directory.Delete(folder, recursive: true); }
    }

    private static void Sustained(Settings settings, string? quickFix)
    {
        const int Orders = 500_000, Theirs = 20_000;
        var ratio = new PairedRatio("sustained");
        List<double> ours = [], peers = [], alone = [];
        long allocated = 0;
        for (int pair = 0; pair < settings.Pairs; pair++)
        {
            double[] taken = new double[3];
            for (int turn = 0; turn < 3; turn++)
            {
                int which = (turn + pair) % 3;
                if (which == 0)
                {
                    (taken[0], long bytes) = Stream(Orders, 1_000, Burst, settings.Cpu, settings.VenueCpu);
                    (double one, long bytesOfOne) = Stream(Orders / 4, 1_000, 1, settings.Cpu, settings.VenueCpu);
                    alone.Add(one);
                    allocated += bytes + bytesOfOne;
                }
                else if (quickFix is not null)
                {
                    string folder = FixPeers.StoreFolder();
                    taken[which] = FixPeers.Run(quickFix, -1, "sustained", Theirs, folder).GetProperty("ns").GetDouble();
                    Directory.Delete(folder, recursive: true);
                }
            }
            ours.Add(taken[0]);
            if (quickFix is null) continue;
            peers.Add(taken[1]);
            ratio.Add(taken[0], taken[1], taken[2]);
        }
        Print("sustained two-way, a session, two cores", "ns a message", ours, "QuickFIX C++", peers, quickFix is null ? null : ratio, 0.1);
        double median = PairedRatio.Estimate(ours).Median, medianAlone = PairedRatio.Estimate(alone).Median;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"fix  sustained: {1e9 / median:N0} messages a second; each order a decision and a write of its own: {medianAlone:F1} ns a message, {1e9 / medianAlone:N0} a second; allocated by both ends: {allocated} bytes"));
    }

    private static void InProcess(Settings settings)
    {
        var ns = new List<double>();
        long allocated = 0;
        for (int run = 0; run < settings.Pairs; run++)
        {
            string folder = FixPeers.StoreFolder();
            using (var bench = new FixInProcess(folder))
            {
                var (took, bytes) = bench.Run(300_000);
                ns.Add(took);
                allocated += bytes;
            }
            Directory.Delete(folder, recursive: true);
        }
        double median = PairedRatio.Estimate(ns).Median;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"fix  two-way in process, both ends on one core      {median:F1} ns a message, {1e9 / median:N0} messages a second (goal 1,000,000: {(median <= 1_000 ? "met" : "missed")}); {allocated} bytes allocated"));
    }

    private static void Resend(Settings settings, string? quickFix)
    {
        const int Messages = 100_000;
        var ratio = new PairedRatio("resend");
        List<double> ours = [], peers = [];
        for (int pair = 0; pair < settings.Pairs; pair++)
        {
            double[] taken = new double[3];
            for (int turn = 0; turn < 3; turn++)
            {
                int which = (turn + pair) % 3;
                if (which == 0) taken[0] = FixResend.SecondsOf(Messages) * 1e9 / Messages;
                else if (quickFix is not null)
                {
                    string folder = FixPeers.StoreFolder();
                    taken[which] = FixPeers.Run(quickFix, -1, "resend", Messages, folder).GetProperty("ns").GetDouble();
                    Directory.Delete(folder, recursive: true);
                }
            }
            ours.Add(taken[0]);
            if (quickFix is null) continue;
            peers.Add(taken[1]);
            ratio.Add(taken[0], taken[1], taken[2]);
        }
        Print($"resend of {Messages:N0} messages", "ns a message", ours, "QuickFIX C++", peers, quickFix is null ? null : ratio, 0.2);
    }

    private static void Print(string name, string unit, List<double> ours, string peerName, List<double> peers, PairedRatio? ratio, double target)
    {
        var inv = CultureInfo.InvariantCulture;
        double own = PairedRatio.Estimate(ours).Median;
        if (ratio is null || ratio.Pairs == 0) Console.WriteLine(string.Create(inv, $"fix  {name,-48} {own:F1} {unit}"));
        else
            Console.WriteLine(string.Create(inv, $"fix  {name,-48} ours {own:F1}, {peerName} {PairedRatio.Estimate(peers).Median:F1} {unit}; ratio {ratio.Ratio.Median:F4} ({ratio.Ratio.Low:F4}-{ratio.Ratio.High:F4}), control {ratio.Control.Median:F3}, target {target:F2}: {ratio.Verdict(target)}"));
    }

    private static Settings Parse(string[] args)
    {
        var settings = new Settings(10, 20_000, 0, 1, "");
        for (int i = 0; i < args.Length; i++)
        {
            string Next() => ++i < args.Length ? args[i] : throw new ArgumentException($"{args[i - 1]} wants a value");
            int Number(int min, int max) => int.TryParse(Next(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int n) && n >= min && n <= max ? n : throw new ArgumentException($"{args[i - 1]} is a number from {min} to {max}, not '{args[i]}'");
            switch (args[i])
            {
                case "--pairs": settings = settings with { Pairs = Number(1, 1000) }; break;
                case "--orders": settings = settings with { Orders = Number(100, 100_000) }; break;
                case "--cpus":
                    string[] cpus = Next().Split(',');
                    if (cpus.Length != 2 || !int.TryParse(cpus[0], CultureInfo.InvariantCulture, out int own) || !int.TryParse(cpus[1], CultureInfo.InvariantCulture, out int venue)) throw new ArgumentException($"--cpus is two cores, ours and the venue's, e.g. 0,1, not '{args[i]}'");
                    settings = settings with { Cpu = own, VenueCpu = venue };
                    break;
                case "--only":
                    settings = settings with { Only = Next() };
                    if (settings.Only is not ("encode" or "decode" or "roundtrip" or "sustained" or "in-process" or "resend")) throw new ArgumentException($"--only is encode, decode, roundtrip, sustained, in-process or resend, not '{args[i]}'");
                    break;
                default: throw new ArgumentException($"there is no option '{args[i]}'");
            }
        }
        return settings;
    }
}
