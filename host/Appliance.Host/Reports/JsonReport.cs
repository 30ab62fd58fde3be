using System.Text.Encodings.Web;
using System.Text.Json;
using Appliance.Contract;

namespace Appliance.Host.Reports;

/// <summary>Writes the machine-readable report. Keys are added, never renamed.</summary>
internal static class JsonReport
{
    public static readonly double[] Percentiles = [50, 90, 99, 99.9];

    public static void Write(string path, RunResult r) => WriteAtomically(path, w =>
    {
        w.WriteStartObject();
        w.WriteString("command", r.Command);
        w.WriteString("desk", r.Desk);
        w.WriteString("profile", r.Profile);
        w.WriteString("topology", r.Topology);
        w.WriteString("build", r.Build);
        w.WriteString("instructionSet", r.InstructionSet);
        w.WriteString("computeBackend", r.ComputeBackend);
        w.WriteNumber("seconds", r.Seconds);
        w.WriteNumber("ringEvents", r.RingEvents);
        Source(w, r.Source);

        w.WriteStartObject("orders");
        w.WriteNumber("intents", r.Orders.Intents);
        w.WriteNumber("approved", r.Orders.Approved);
        w.WriteNumber("rejectedByGate", r.Orders.RejectedByGate);
        w.WriteNumber("sent", r.Orders.Sent);
        w.WriteNumber("unsent", r.Orders.Unsent);
        w.WriteNumber("filled", r.Orders.Filled);
        w.WriteNumber("cancelled", r.Orders.Cancelled);
        w.WriteNumber("rejectedByVenue", r.Orders.RejectedByVenue);
        Counts(w, "gateRejects", r.GateRejects);
        w.WriteEndObject();

        w.WriteStartArray("portfolios");
        foreach (var p in r.Portfolios)
        {
            w.WriteStartObject();
            w.WriteString("name", p.Name);
            w.WriteString("underlying", p.Underlying);
            w.WriteNumber("options", p.Options);
            w.WriteNumber("pnl", p.Pnl);
            w.WriteNumber("optionPnl", p.OptionPnl);
            w.WriteNumber("hedgePnl", p.HedgePnl);
            w.WriteNumber("costs", p.Costs);
            w.WriteNumber("rebalances", p.Rebalances);
            w.WriteNumber("absDeltaMean", p.AbsDeltaMean);
            w.WriteNumber("absDeltaMax", p.AbsDeltaMax);
            w.WriteNumber("shareOfTimeInBand", p.ShareOfTimeInBand);
            w.WriteNumber("unhedgedPnlStdDev", p.UnhedgedPnlStdDev);
            w.WriteNumber("hedgedPnlStdDev", p.HedgedPnlStdDev);
            w.WriteEndObject();
        }
        w.WriteEndArray();

        w.WriteStartArray("account");
        foreach (var a in r.Account)
        {
            w.WriteStartObject();
            w.WriteString("symbol", a.Symbol);
            w.WriteNumber("quantityUnits", a.QuantityUnits);
            w.WriteNumber("cash", a.Cash);
            w.WriteNumber("fees", a.Fees);
            w.WriteEndObject();
        }
        w.WriteEndArray();

        if (r.Placement is { } placement)
        {
            w.WriteStartObject("placement");
            w.WriteNumber("hotCore", placement.HotCore);
            w.WriteString("hotWait", placement.HotWait);
            w.WriteBoolean("auto", placement.Auto);
            w.WriteEndObject();
        }
        Latency(w, r.Latency);
        Memory(w, r.Memory);
        w.WriteStartObject("decisions");
        w.WriteNumber("total", r.DecisionsTotal);
        w.WriteNumber("onExpansion", r.DecisionsOnExpansion);
        w.WriteEndObject();
        Counts(w, "alarms", r.Alarms);
        if (r.DropCopy.Count > 0) Counts(w, "dropCopy", r.DropCopy);
        Counts(w, "market", r.Market);
        w.WriteStartObject("session");
        foreach (var (name, value) in r.Session) w.WriteString(name, value);
        w.WriteEndObject();
        if (r.Statement is { } s)
        {
            w.WriteStartObject("statement");
            w.WriteBoolean("available", s.Available);
            w.WriteBoolean("equal", s.Equal);
            w.WriteStartArray("differences");
            foreach (string d in s.Differences) w.WriteStringValue(d);
            w.WriteEndArray();
            w.WriteEndObject();
        }
        if (r.Journal is not null) w.WriteString("journal", r.Journal);
        if (r.ReplayVerdict is not null) w.WriteString("replay", r.ReplayVerdict);
        w.WriteStartArray("warnings");
        foreach (string warning in r.Warnings) w.WriteStringValue(warning);
        w.WriteEndArray();
        w.WriteString("ordersSha256", r.OrdersSha256);
        w.WriteEndObject();
    });

    public static void Source(Utf8JsonWriter w, SourceStatistics s)
    {
        w.WriteStartObject("source");
        w.WriteString("kind", s.Kind);
        w.WriteNumber("packets", s.Packets);
        w.WriteNumber("messages", s.Messages);
        w.WriteNumber("ticks", s.Ticks);
        w.WriteNumber("gaps", s.Gaps);
        w.WriteNumber("missingMessages", s.MissingMessages);
        w.WriteNumber("sequenceResets", s.SequenceResets);
        w.WriteNumber("duplicates", s.Duplicates);
        w.WriteNumber("gapsFilled", s.GapsFilled);
        w.WriteNumber("messagesRecovered", s.MessagesRecovered);
        w.WriteNumber("recoveryRequests", s.RecoveryRequests);
        w.WriteNumber("lineDuplicates", s.LineDuplicates);
        w.WriteBoolean("tornTail", s.TornTail);
        w.WriteNumber("decodeErrors", s.DecodeErrors);
        w.WriteNumber("unknownMessages", s.UnknownMessages);
        w.WriteNumber("ignoredMessages", s.IgnoredMessages);
        w.WriteNumber("foreignPackets", s.ForeignPackets);
        if (s.FirstError is not null) w.WriteString("firstError", s.FirstError);
        if (s.VenueClockLeadNsMax != long.MinValue)
        {
            w.WriteNumber("venueClockLeadNsMin", s.VenueClockLeadNsMin);
            w.WriteNumber("venueClockLeadNsMax", s.VenueClockLeadNsMax);
        }
        w.WriteStartObject("byMessageType");
        for (int i = 0; i < s.MessageTypeCounts.Length; i++)
            if (s.MessageTypeCounts[i] != 0) w.WriteNumber(s.MessageTypeNames[i] ?? $"type{i}", s.MessageTypeCounts[i]);
        w.WriteEndObject();
        w.WriteEndObject();
    }

    public static void Latency(Utf8JsonWriter w, StageLatency latency)
    {
        w.WriteStartObject("latencyNs");
        foreach (var stage in Enum.GetValues<Stage>()) Histogram(w, StageLatency.NameOf(stage), latency[stage]);
        w.WriteEndObject();
    }

    public static void Histogram(Utf8JsonWriter w, string name, HdrHistogram h)
    {
        w.WriteStartObject(name);
        w.WriteNumber("count", h.Count);
        w.WriteNumber("p50", h.ValueAtPercentile(50));
        w.WriteNumber("p90", h.ValueAtPercentile(90));
        w.WriteNumber("p99", h.ValueAtPercentile(99));
        w.WriteNumber("p999", h.ValueAtPercentile(99.9));
        w.WriteNumber("max", h.Max);
        w.WriteEndObject();
    }

    public static void Memory(Utf8JsonWriter w, MemoryResult m)
    {
        w.WriteStartObject("memory");
        w.WriteNumber("allocatedBytesPerTick", m.AllocatedBytesPerTick);
        w.WriteNumber("allocatedBytesHot", m.AllocatedBytesHot);
        w.WriteNumber("allocatedBytesProcess", m.AllocatedBytesProcess);
        w.WriteNumber("windowTicks", m.WindowTicks);
        w.WriteNumber("gc0", m.Gc0);
        w.WriteNumber("gc1", m.Gc1);
        w.WriteNumber("gc2", m.Gc2);
        w.WriteNumber("pageFaultsHot", m.PageFaultsHot);
        w.WriteNumber("involuntarySwitchesHot", m.InvoluntarySwitchesHot);
        w.WriteEndObject();
    }

    private static void Counts(Utf8JsonWriter w, string name, IEnumerable<(string Name, long Count)> counts)
    {
        w.WriteStartObject(name);
        foreach (var (key, count) in counts) w.WriteNumber(key, count);
        w.WriteEndObject();
    }

    /// <summary>Writes beside the target and renames, so that a reader never sees half a report.</summary>
    public static void WriteAtomically(string path, Action<Utf8JsonWriter> write)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        string temporary = path + ".part";
        try
        {
            using var stream = File.Create(temporary);
            using var w = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
            write(w);
        }
        catch (IOException)
        {
            // A disk that fills keeps no half report.
            File.Delete(temporary);
            throw;
        }
        File.Move(temporary, path, overwrite: true);
    }
}
