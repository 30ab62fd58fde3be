using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Appliance.Contract;
using Appliance.Host.Configuration;
using Appliance.Host.Latency;
using Appliance.Host.Reports;

namespace Appliance.Host.Commands;

/// <summary>`appliance latency`: wire to wire beside the C floor, or the closed loop at full speed.</summary>
internal static class LatencyCommand
{
    private static readonly string[] CopiedKeys = ["source", "orders", "latencyNs", "memory", "decisions", "ordersSha256"];

    public static Command Make()
    {
        var profile = CommandLineOptions.Profile();
        var outFolder = CommandLineOptions.Out();
        var report = CommandLineOptions.Report();
        var rate = new Option<double>("--rate") { Description = "Ticks a second, sent at their intended times (open loop).", DefaultValueFactory = _ => 20_000, HelpName = "HZ" };
        var seconds = new Option<double>("--seconds") { Description = "Length of the measurement, both sides together.", DefaultValueFactory = _ => 20, HelpName = "SECONDS" };
        var pairs = new Option<int>("--pairs") { Description = "Interleaved pairs of ours and the floor; below ten there is no verdict.", DefaultValueFactory = _ => 10, HelpName = "N" };
        var options = new Option<int>("--options") { Description = "Options in the portfolio.", DefaultValueFactory = _ => 200, HelpName = "N" };
        var every = new Option<int>("--order-every") { Description = "Every how many ticks the price moves, so that an order is due.", DefaultValueFactory = _ => 50, HelpName = "N" };
        var closed = new Option<bool>("--closed-loop") { Description = "Feed the host from within at full speed, instead of over the wire." };
        var ticks = new Option<long>("--ticks") { Description = "Ticks of the closed loop.", DefaultValueFactory = _ => 10_000_000, HelpName = "N" };
        var floor = new Option<string?>("--floor") { Description = "The compiled C floor; by default perf/peers/bin/udp_tcp_echo, made by `make peers`.", HelpName = "FILE" };
        var command = new Command("latency", """
            Measure the appliance from the datagram that moves a price to the order's bytes, beside a C program that does the least possible (the floor).

            Examples: appliance latency --profile hw-config/dev-2core.json --rate 20000 --seconds 20 --report latency.json
                      appliance latency --profile hw-config/dev-2core.json --closed-loop --ticks 10000000 --options 2000
            """) { profile, outFolder, report, rate, seconds, pairs, options, every, closed, ticks, floor };
        command.SetAction(parsed =>
        {
            var p = CommandLineOptions.LoadProfile(parsed.GetValue(profile)!);
            Require("--rate", parsed.GetValue(rate) is >= 1 and <= 1_000_000, parsed.GetValue(rate), "1 to 1000000");
            Require("--seconds", parsed.GetValue(seconds) is > 0 and <= 86_400, parsed.GetValue(seconds), "more than 0, at most 86400");
            Require("--pairs", parsed.GetValue(pairs) is >= 1 and <= 10_000, parsed.GetValue(pairs), "1 to 10000");
            Require("--options", parsed.GetValue(options) is >= 1 and <= 100_000, parsed.GetValue(options), "1 to 100000");
            Require("--order-every", parsed.GetValue(every) is >= 1 and <= 1_000_000, parsed.GetValue(every), "1 to 1000000");
            Require("--ticks", parsed.GetValue(ticks) >= 1, parsed.GetValue(ticks), "at least 1");
            string folder = parsed.GetValue(outFolder)!, file = parsed.GetValue(report) ?? Path.Combine(folder, "latency.json");
            OutputPlace.RequireFolder("--out", folder);
            OutputPlace.RequireReport(file);
            if (parsed.GetValue(closed)) return ClosedLoopRig.Run(p, folder, parsed.GetValue(ticks), parsed.GetValue(options), parsed.GetValue(every), file);
            string? floorFile = parsed.GetValue(floor) ?? CommandLineOptions.Shipped("perf/peers/bin/udp_tcp_echo");
            if (!File.Exists(floorFile))
            {
                if (parsed.GetValue(floor) is not null) throw new BadInputException($"{floorFile}: there is no such file");
                Console.Error.WriteLine("the C floor is not compiled here (make peers, which needs cc): measuring without it, so there is no ratio");
                floorFile = null;
            }
            using var rig = new WireRig(new WireRequest
            {
                Profile = p, OutFolder = folder, RateHz = parsed.GetValue(rate), Seconds = parsed.GetValue(seconds), Pairs = parsed.GetValue(pairs), Options = parsed.GetValue(options),
                OrderEvery = parsed.GetValue(every), Floor = floorFile,
            });
            var result = rig.Measure(Console.WriteLine);
            Print(result);
            WriteReport(file, result, p, parsed.GetValue(rate), floorFile is not null);
            Console.WriteLine($"report     {file} and {Path.ChangeExtension(file, ".html")}");
            string? why = result.KeptRate ? LatencyDesk.Shortfall(result.HostReport, result.OurMoves.Expected - result.OurMoves.Missed) : string.Create(CultureInfo.InvariantCulture,
                $"{result.LateShare:P2} of datagrams left late; price moves unanswered when the next was due: {result.OurMoves.Missed} of {result.OurMoves.Expected} ours, {result.FloorMoves.Missed} of {result.FloorMoves.Expected} the floor's; at most one per cent of each is allowed");
            if (why is null) return ExitCode.Done;
            Console.Error.WriteLine("the run failed: " + why);
            return ExitCode.Failed;
        });
        return command;
    }

    private static void Require(string option, bool holds, object seen, string allowed)
    {
        if (!holds) throw new BadInputException(string.Create(CultureInfo.InvariantCulture, $"{option}: saw {seen}, allowed is {allowed}"));
    }

    private static void Print(WireResult r)
    {
        var inv = CultureInfo.InvariantCulture;
        void Row(string name, HdrHistogram h) => Console.WriteLine(string.Create(inv, $"{name,-10} p50 {h.ValueAtPercentile(50),8:N0}  p99 {h.ValueAtPercentile(99),8:N0}  p99.9 {h.ValueAtPercentile(99.9),10:N0}  max {h.Max,12:N0} ns  over {h.Count:N0}"));
        Row("wire", r.Ours);
        if (r.Floor.Count > 0) Row("floor", r.Floor);
        Row("hiccups", r.Hiccups);
        if (r.P50.Pairs == 0) return;
        foreach (var (ratio, target, goal) in new[] { (r.P50, 1.25, 1.15), (r.P99, 1.5, 1.3) })
        {
            var (e, c) = (ratio.Ratio, ratio.Control);
            Console.WriteLine(string.Create(inv, $"{ratio.Name}: ratio {e.Median:F3} [{e.Low:F3}, {e.High:F3}] over {e.Pairs} pairs, control {c.Median:F3}; at most {target}: {ratio.Verdict(target)}, goal {goal}: {ratio.Verdict(goal)}"));
        }
    }

    private static void WriteReport(string file, WireResult r, HardwareProfile profile, double rate, bool hasFloor)
    {
        JsonReport.WriteAtomically(file, w =>
        {
            w.WriteStartObject();
            w.WriteString("command", "latency");
            w.WriteString("profile", profile.Name);
            w.WriteNumber("rateHz", rate);
            w.WriteBoolean("keptRate", r.KeptRate);
            w.WriteNumber("sent", r.Sent);
            w.WriteNumber("expectedOrders", r.OurMoves.Expected);
            w.WriteNumber("missedOrders", r.OurMoves.Missed);
            w.WriteNumber("floorExpected", r.FloorMoves.Expected);
            w.WriteNumber("floorMissed", r.FloorMoves.Missed);
            JsonReport.Histogram(w, "wireNs", r.Ours);
            if (hasFloor)
            {
                JsonReport.Histogram(w, "floorNs", r.Floor);
                w.WriteStartObject("ratio");
                Ratio(w, "p50", r.P50.Ratio, r.P50.Verdict(1.25));
                Ratio(w, "p99", r.P99.Ratio, r.P99.Verdict(1.5));
                w.WriteEndObject();
                w.WriteStartObject("control");
                Ratio(w, "p50", r.P50.Control, null);
                Ratio(w, "p99", r.P99.Control, null);
                w.WriteEndObject();
            }
            else foreach (string key in new[] { "floorNs", "ratio", "control" }) w.WriteNull(key);
            JsonReport.Histogram(w, "hiccupNs", r.Hiccups);
            if (File.Exists(r.HostReport))
            {
                using var host = JsonDocument.Parse(File.ReadAllText(r.HostReport));
                foreach (string key in CopiedKeys)
                {
                    w.WritePropertyName(key);
                    host.RootElement.GetProperty(key).WriteTo(w);
                }
            }
            w.WriteEndObject();
        });
        using (var hgrm = new StreamWriter(Path.ChangeExtension(file, ".hgrm"))) r.Ours.WriteHgrm(hgrm);
        if (hasFloor)
        {
            using var hgrm = new StreamWriter(Path.ChangeExtension(file, ".floor.hgrm"));
            r.Floor.WriteHgrm(hgrm);
        }
        var plot = new SvgPlot("Wire to wire by percentile", "1 / (1 − percentile)", "microseconds");
        HtmlReport.Percentiles(plot, "appliance", r.Ours);
        if (hasFloor) HtmlReport.Percentiles(plot, "C floor", r.Floor);
        var page = new StringBuilder();
        page.Append(CultureInfo.InvariantCulture, $"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>latency</title><style>{HtmlReport.Style}</style></head><body><h1>Wire to wire</h1><p>profile {profile.Name}, {rate:N0} ticks/s, {r.Ours.Count:N0} orders</p>\n");
        page.Append(plot.Render(logarithmicX: true));
        page.Append("</body></html>\n");
        File.WriteAllText(Path.ChangeExtension(file, ".html"), page.ToString());
    }

    private static void Ratio(Utf8JsonWriter w, string name, RatioEstimate e, PairedVerdict? verdict)
    {
        w.WriteStartObject(name);
        w.WriteNumber("median", double.IsFinite(e.Median) ? e.Median : 0);
        w.WriteNumber("low", double.IsFinite(e.Low) ? e.Low : 0);
        w.WriteNumber("high", double.IsFinite(e.High) ? e.High : 0);
        w.WriteNumber("pairs", e.Pairs);
        if (verdict is { } v) w.WriteString("verdict", v.ToString().ToLowerInvariant());
        w.WriteEndObject();
    }
}
