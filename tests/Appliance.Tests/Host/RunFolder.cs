using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Appliance.Contract;
using Appliance.Fix;
using Appliance.Host.Board;
using Appliance.Ingest.Journal;
using Appliance.TestKit;
using Appliance.Tests.Layout;
using Microsoft.Win32.SafeHandles;

namespace Appliance.Tests.Host;

/// <summary>A folder of its own for one test's runs, with the profiles and desks it makes, and readers for what a run leaves there.</summary>
internal sealed class RunFolder : IDisposable
{
    private SafeFileHandle? _orders;
    private readonly string _root = Directory.CreateTempSubdirectory("appliance").FullName;

    /// <summary>The output folder of the run.</summary>
    public string Out => Path.Combine(_root, "out");
    public string ReportFile => Path.Combine(_root, "report.json");
    public string Inside(string name) => Path.Combine(_root, name);

    public static string Shipped(string relative) => Path.Combine(Repository.Root, relative);

    public string Write(string name, string text)
    {
        File.WriteAllText(Inside(name), text);
        return Inside(name);
    }

    /// <summary>A profile for a small machine that others use too: every thread yields, none is pinned.</summary>
    public string Profile(string topology, int batchLimit = 256, string more = "") => Write($"{topology}-{batchLimit}.json", $$"""
        {
          "name": "{{topology}}-{{batchLimit}}", "topology": "{{topology}}",
          "threads": { "hot": { "wait": "yielding" }, "decide": { "wait": "yielding" }, "gateway": { "wait": "yielding" }, "journal": { "wait": "sleeping" } },
          "ring": { "batchLimit": {{batchLimit}}, "capacity": {{(more.Contains("smallRing", StringComparison.Ordinal) ? 16384 : 65536)}}, "overloadShare": 0.9, "journalLagShare": 0.9 },
          "watchdog": { "stallMilliseconds": {{(more.Contains("patientWatchdog", StringComparison.Ordinal) ? 60000 : 3000)}} }, "memory": { "lockPages": {{(more.Contains("lockedPages", StringComparison.Ordinal) ? "true" : "false")}}, "maxOrders": 65536 }
        }
        """);

    /// <summary>The shipped demo desk, changed by the caller.</summary>
    public string Demo(Action<JsonNode> change)
    {
        JsonNode desk = JsonNode.Parse(File.ReadAllText(Shipped("desk/demo.json")), documentOptions: new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true })!;
        change(desk);
        return Write("desk.json", desk.ToJsonString());
    }

    /// <summary>
    /// The demo desk with both hedges far from their target and patient passive orders. The first portfolio's are small: there is always another. The second's are so large that the
    /// market does not fill one in the seconds of a test: on a machine however slow, an order of ours stands at the venue, and a cancel finds it.
    /// </summary>
    public string PassiveDesk(Action<JsonNode>? change = null) => Demo(desk =>
    {
        for (int i = 0; i < 2; i++)
        {
            int scale = i == 0 ? 1 : 1_000;
            JsonNode portfolio = desk["portfolios"]![i]!;
            portfolio["initialHedge"] = 0;
            portfolio["policy"] = JsonNode.Parse($$"""{ "kind": "delta-threshold", "threshold": {{scale * 1_000}} }""");
            portfolio["execution"] = JsonNode.Parse($$"""{ "style": "passive", "minimumTrade": 20, "maximumChild": {{(i == 0 ? 500 : 5_000_000)}}, "chaseTicks": 1, "passiveTimeoutMilliseconds": 3600000, "escalateBandMultiple": 1000 }""");
            // One option whose delta is nearly its size: the hedge is 900,000 away from its target, which passive fills take minutes to cover, and below the escalation at a thousand half bands.
            portfolio["options"] = JsonNode.Parse($$"""[{ "right": "call", "strike": 1, "expiry": "2036-06-20T20:00:00Z", "quantity": {{scale * -900_000}}, "volatility": 0.2 }]""");
        }
        JsonNode limits = desk["limits"]!;
        (limits["maxDailyLoss"], limits["maxOrderQuantity"], limits["maxOrderNotional"], limits["maxPosition"]) = (1e12, 1e7, 1e12, 1e10);
        change?.Invoke(desk);
    });

    public JsonElement Report()
    {
        using var json = JsonDocument.Parse(File.ReadAllText(ReportFile));
        return json.RootElement.Clone();
    }

    public string Journal => Assert.Single(Directory.GetFiles(Path.Combine(Out, "journals"), "*.journal"));

    /// <summary>The journal's events in ring order; the index is not the sequence, the pair holds it.</summary>
    public List<(long Sequence, RingEvent Event)> Events()
    {
        using var reader = JournalReader.TryOpen(Journal, out string? problem);
        Assert.True(reader is not null, problem);
        var events = new List<(long, RingEvent)>();
        RingEvent e = default;
        while (true)
        {
            long sequence = reader.NextSequence;
            JournalRead read = reader.Read(ref e);
            Assert.NotEqual(JournalRead.Damaged, read);
            if (read == JournalRead.End) return events;
            events.Add((sequence, e));
        }
    }

    /// <summary>
    /// Takes hold of the running host's order log: an embedded venue's session is deleted with its run, and the open file outlives that. By the kernel's own call,
    /// for the runtime's would ask for the lock that the host holds.
    /// </summary>
    public void WatchOrders(string session = "HEDGER-VENUE")
    {
        int descriptor = open(Path.Combine(Out, "session", session, "orders.log"), 0);
        Assert.True(descriptor >= 0, "the order log cannot be opened");
        _orders = new SafeFileHandle(descriptor, ownsHandle: true);
    }

    /// <summary>Every request whose bytes may have left, oldest first; read from a copy, for opening a log counts as a start.</summary>
    public List<OrderLogRecord> SentOrders()
    {
        byte[] bytes = new byte[RandomAccess.GetLength(_orders!)];
        Assert.Equal(bytes.Length, RandomAccess.Read(_orders!, bytes, 0));
        string copy = Inside("orders-copy.log");
        File.WriteAllBytes(copy, bytes);
        using var log = new OrderLog(copy, (bytes.Length - 4096) / 64);
        var records = new List<OrderLogRecord>();
        for (int i = 0; i < log.Count; i++)
            if (log[i].State == OrderLogState.MaybeSent) records.Add(log[i]);
        return records;
    }

    public JsonElement Statement(string? folder = null, string account = "HEDGER")
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder ?? Path.Combine(Out, "venue"), "statement.json")));
        return json.RootElement.GetProperty("accounts").EnumerateArray().Single(a => a.GetProperty("name").GetString() == account).Clone();
    }

    /// <summary>Our orders' cancellations that the journal holds.</summary>
    public long CancelsHeardOf()
    {
        return Events().Count(e => IsCancelled(e.Event));
        static bool IsCancelled(RingEvent e) => e.Kind == EventKind.ExecutionReported && RingEvent.AsExecution(ref e).ExecutionKind == ExecutionKind.Cancelled;
    }

    /// <summary>The venue cancels what stands when we leave. Nothing stood, then, if every cancel it made is one that we heard of before.</summary>
    public void AssertNothingWorksAtTheVenue()
    {
        long heard = CancelsHeardOf();
        Assert.True(heard > 0);
        Assert.Equal(Statement().GetProperty("cancelled").GetInt64(), heard);
    }

    /// <summary>The same by the report's count: for runs whose journal is cut short.</summary>
    public void AssertNothingWorksAtTheVenueByReport() => Assert.Equal(Statement().GetProperty("cancelled").GetInt64(), Report().GetProperty("orders").GetProperty("cancelled").GetInt64());

    /// <summary>The board of the running host, once it is there.</summary>
    public SharedBoard Board(ApplianceProcess host)
    {
        string path = Path.Combine(Out, "board");
        SharedBoard? board = null;
        host.WaitUntil(() => (board = SharedBoard.TryOpen(path, out _)) is not null && board.HostProcess == host.Id, "a board of this host");
        return board!;
    }

    /// <summary>Waits until the host's board shows what is asked.</summary>
    public void WaitForBoard(ApplianceProcess host, Func<BoardSnapshot, bool> condition, string what)
    {
        using var board = Board(host);
        host.WaitUntil(() => board.TryRead(out var s) && condition(s), what);
    }

    public void Dispose()
    {
        _orders?.Dispose();
        // A session that outlives its run stands in memory, behind a link.
        string sessions = Path.Combine(Out, "session");
        foreach (var link in Directory.Exists(sessions) ? new DirectoryInfo(sessions).GetDirectories() : [])
            if (link.ResolveLinkTarget(returnFinalTarget: true) is DirectoryInfo { Exists: true } target) target.Delete(recursive: true);
        Directory.Delete(_root, recursive: true);
    }

    [DllImport("libc", SetLastError = true)] private static extern int open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);
}
