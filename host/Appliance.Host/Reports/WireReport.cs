using System.Globalization;
using System.Text;
using System.Text.Json;
using Appliance.Contract;
using Appliance.Host.Configuration;
using Appliance.Host.Latency;

namespace Appliance.Host.Reports;

/// <summary>What `appliance latency` says of the wire: on the terminal, as JSON with stable keys, as a page and as HdrHistogram's files.</summary>
internal static class WireReport
{
    private const double TargetP50 = 1.25, GoalP50 = 1.15, TargetP99 = 1.5, GoalP99 = 1.3;
    private static readonly string[] CopiedKeys = ["source", "orders", "latencyNs", "memory", "decisions", "ordersSha256"];

    public static void Print(WireResult r)
    {
        var inv = CultureInfo.InvariantCulture;
        Row("wire", r.All.Ours);
        if (r.All.Floor.Count == 0)
        {
            Row("hiccups", r.Hiccups);
            return;
        }
        Row("floor", r.All.Floor);
        Row("hiccups", r.Hiccups);
        Taken("ours", r.OurTimes);
        Taken("floor's", r.FloorTimes);
        Verdicts(r.All);
        Console.WriteLine(string.Create(inv, $"undisturbed: {r.Undisturbed.Slices} of {r.All.Slices} slices"));
        Row("wire", r.Undisturbed.Ours);
        Row("floor", r.Undisturbed.Floor);
        Verdicts(r.Undisturbed);

        void Row(string name, HdrHistogram h) => Console.WriteLine(string.Create(inv, $"{name,-10} p50 {h.ValueAtPercentile(50),8:N0}  p99 {h.ValueAtPercentile(99),8:N0}  p99.9 {h.ValueAtPercentile(99.9),10:N0}  max {h.Max,12:N0} ns  over {h.Count:N0}"));
        void Taken(string name, SideTimes t) => Console.WriteLine(string.Create(inv, $"{name,-10} generator: others {t.Generator.WaitedShare:P2}, stolen {t.Generator.StolenShare:P2}; measured thread: others {t.Measured.WaitedShare:P2}, stolen {t.Measured.StolenShare:P2}"));
        void Verdicts(WireTally tally)
        {
            foreach (var (ratio, target, goal) in new[] { (tally.P50, TargetP50, GoalP50), (tally.P99, TargetP99, GoalP99) })
            {
                var (e, c) = (ratio.Ratio, ratio.Control);
                Console.WriteLine(string.Create(inv, $"{ratio.Name}: ratio {e.Median:F3} [{e.Low:F3}, {e.High:F3}] over {e.Pairs} pairs, control {c.Median:F3}; at most {target}: {tally.Verdict(ratio, target)}, goal {goal}: {tally.Verdict(ratio, goal)}"));
            }
        }
    }

    /// <summary>In words, what of the load was not as it should be.</summary>
    public static string Lateness(WireTally t) => string.Create(CultureInfo.InvariantCulture,
        $"{t.LateShare:P2} of datagrams left late; price moves unanswered when the next was due: {t.OurMoves.Missed} of {t.OurMoves.Expected} ours, {t.FloorMoves.Missed} of {t.FloorMoves.Expected} the floor's; at most one per cent of each is allowed");

    public static void Write(string file, WireResult r, HardwareProfile profile, double rate, bool hasFloor)
    {
        JsonReport.WriteAtomically(file, w =>
        {
            w.WriteStartObject();
            w.WriteString("command", "latency");
            w.WriteString("profile", profile.Name);
            w.WriteNumber("rateHz", rate);
            Figures(w, r.All, hasFloor);
            JsonReport.Histogram(w, "hiccupNs", r.Hiccups);
            w.WriteStartObject("slices");
            w.WriteNumber("seconds", WireRig.SliceSeconds);
            w.WriteNumber("settleSeconds", WireRig.SettleSeconds);
            w.WriteNumber("stolenNsMax", WireRig.StolenNsMax);
            w.WriteNumber("count", r.All.Slices);
            w.WriteNumber("undisturbed", r.Undisturbed.Slices);
            Times(w, "ours", r.OurTimes);
            Times(w, "floor", r.FloorTimes);
            w.WriteEndObject();
            w.WriteStartObject("undisturbed");
            Figures(w, r.Undisturbed, hasFloor);
            w.WriteEndObject();
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
        using (var hgrm = new StreamWriter(Path.ChangeExtension(file, ".hgrm"))) r.All.Ours.WriteHgrm(hgrm);
        if (hasFloor)
        {
            using var hgrm = new StreamWriter(Path.ChangeExtension(file, ".floor.hgrm"));
            r.All.Floor.WriteHgrm(hgrm);
        }
        File.WriteAllText(Path.ChangeExtension(file, ".html"), Page(r, profile, rate, hasFloor));
    }

    private static void Figures(Utf8JsonWriter w, WireTally t, bool hasFloor)
    {
        w.WriteBoolean("keptRate", t.KeptRate);
        w.WriteNumber("lateShare", t.LateShare);
        w.WriteNumber("sent", t.Sent);
        w.WriteNumber("expectedOrders", t.OurMoves.Expected);
        w.WriteNumber("missedOrders", t.OurMoves.Missed);
        w.WriteNumber("floorExpected", t.FloorMoves.Expected);
        w.WriteNumber("floorMissed", t.FloorMoves.Missed);
        JsonReport.Histogram(w, "wireNs", t.Ours);
        if (!hasFloor)
        {
            foreach (string key in new[] { "floorNs", "ratio", "control" }) w.WriteNull(key);
            return;
        }
        JsonReport.Histogram(w, "floorNs", t.Floor);
        w.WriteStartObject("ratio");
        Ratio(w, "p50", t.P50.Ratio, t.Verdict(t.P50, TargetP50));
        Ratio(w, "p99", t.P99.Ratio, t.Verdict(t.P99, TargetP99));
        w.WriteEndObject();
        w.WriteStartObject("control");
        Ratio(w, "p50", t.P50.Control, null);
        Ratio(w, "p99", t.P99.Control, null);
        w.WriteEndObject();
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

    private static void Times(Utf8JsonWriter w, string name, SideTimes t)
    {
        w.WriteStartObject(name);
        w.WriteNumber("generatorWaitedShare", t.Generator.WaitedShare);
        w.WriteNumber("generatorStolenShare", t.Generator.StolenShare);
        w.WriteNumber("measuredWaitedShare", t.Measured.WaitedShare);
        w.WriteNumber("measuredStolenShare", t.Measured.StolenShare);
        w.WriteEndObject();
    }

    private static string Page(WireResult r, HardwareProfile profile, double rate, bool hasFloor)
    {
        var plot = new SvgPlot("Wire to wire by percentile", "1 / (1 − percentile)", "microseconds");
        HtmlReport.Percentiles(plot, "appliance", r.All.Ours);
        if (hasFloor) HtmlReport.Percentiles(plot, "C floor", r.All.Floor);
        var page = new StringBuilder();
        page.Append(CultureInfo.InvariantCulture, $"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>latency</title><style>{HtmlReport.Style}</style></head><body><h1>Wire to wire</h1><p>profile {profile.Name}, {rate:N0} ticks/s, {r.All.Ours.Count:N0} orders</p>\n");
        page.Append(plot.Render(logarithmicX: true));
        page.Append("</body></html>\n");
        return page.ToString();
    }
}
