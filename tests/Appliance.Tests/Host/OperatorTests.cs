using System.Text.Json;
using Appliance.Contract;
using Appliance.Host.Composition;
using Appliance.Ingest.Journal;
using Appliance.TestKit;

namespace Appliance.Tests.Host;

/// <summary>Limits change by one audited path: recorded before they take effect, an event of the ring, the same in a replay, still there after a restart, and refused by name when they must be.</summary>
[Collection(ProcessTests.Name)]
public sealed class OperatorTests : IDisposable
{
    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string[] Audit => File.ReadAllLines(Path.Combine(_folder.Out, "audit.log"));

    private (int Code, string Output, string[] Errors) Console(params string[] arguments) => ApplianceProcess.Run(["console", "--out", _folder.Out, .. arguments]);

    private static List<ControlEvent> Changes(string journal)
    {
        using var reader = JournalReader.TryOpen(journal, out string? problem);
        Assert.True(reader is not null, problem);
        var found = new List<ControlEvent>();
        RingEvent e = default;
        while (reader.Read(ref e) == JournalRead.Event)
            if (e.Kind == EventKind.Command && RingEvent.AsControl(ref e).Code == (int)OperatorCommand.SetLimit) found.Add(RingEvent.AsControl(ref e));
        return found;
    }

    [Fact]
    public void A_change_is_recorded_journaled_replayed_and_restored_until_the_file_says_otherwise()
    {
        string desk = _folder.Demo(d =>
        {
            d["limits"]!["operators"] = new System.Text.Json.Nodes.JsonArray("jo");
            d["limits"]!["maxExposure"] = 1e14;
        });
        string[] run = ["run", "--profile", _folder.Profile("fused"), "--desk", desk, "--out", _folder.Out, "--report", _folder.ReportFile, "--no-console"];
        using (var host = ApplianceProcess.Start(run))
        {
            _folder.WaitForBoard(host, s => s.Sent >= 10, "ten orders sent");
            var (code, output, _) = Console("--limit", "maxOrderQuantity=1", "--target", "ALPH", "--by", "jo");
            Assert.Equal(0, code);
            Assert.Contains("maxOrderQuantity of ALPH: 2000 to 1", output, StringComparison.Ordinal);
            Assert.Equal(0, Console("--limit", "maxExposure=5000000", "--by", "jo").Code);
            (code, _, string[] errors) = Console("--limit", "maxPosition=7", "--by", "eve");
            Assert.Equal(1, code);
            Assert.Contains("limits.operators", Assert.Single(errors), StringComparison.Ordinal);
            Assert.Equal(1, Console("--limit", "maxPosition=7", "--target", "NOSUCH", "--by", "jo").Code);
            Assert.Equal(0, Console("--enable", "alph", "--by", "jo").Code);
            long intents = 0;
            _folder.WaitForBoard(host, s => (intents = s.Intents) > 0 && s.RejectedByGate >= 3, "orders above the new limit are held back");
            Assert.Equal(0, Console("--send", "stop", "--by", "jo").Code);
            Assert.Equal(0, host.WaitForExit());
        }
        Assert.True(_folder.Report().GetProperty("orders").GetProperty("gateRejects").GetProperty("maxQuantity").GetInt64() >= 3);
        Assert.Equal(6, Audit.Length);
        using (var line = JsonDocument.Parse(Audit[0]))
        {
            JsonElement e = line.RootElement;
            Assert.Equal(("jo", "setLimit", "maxOrderQuantity", "ALPH", "done"), (e.GetProperty("by").GetString(), e.GetProperty("command").GetString(), e.GetProperty("limit").GetString(), e.GetProperty("target").GetString(), e.GetProperty("outcome").GetString()));
            Assert.Equal((2000.0, 1.0, 2000.0), (e.GetProperty("old").GetDouble(), e.GetProperty("new").GetDouble(), e.GetProperty("desk").GetDouble()));
            Assert.True(DateTime.UtcNow - e.GetProperty("at").GetDateTime() < TimeSpan.FromMinutes(10));
        }
        Assert.Contains("refused: eve", Audit[2], StringComparison.Ordinal);

        string first = _folder.Journal;
        ControlEvent change = Changes(first)[0];
        Assert.Equal((LimitKey.MaxOrderQuantity, 0, 1.0), ((LimitKey)change.Value1, change.Instrument, BitConverter.Int64BitsToDouble(change.Value2)));
        using (var again = new RunFolder())
        {
            var (code, output, _) = ApplianceProcess.Run("replay", first, "--out", again.Out, "--report", again.ReportFile);
            Assert.True(code == 0, output);
            Assert.Equal(_folder.Report().GetProperty("ordersSha256").GetString(), again.Report().GetProperty("ordersSha256").GetString());
        }

        // The file's maxExposure is edited: it is the newer word. The other change stands.
        File.WriteAllText(desk, File.ReadAllText(desk).Replace("100000000000000", "90000000000000", StringComparison.Ordinal));
        var (ended, _, warnings) = ApplianceProcess.Run([.. run, "--seconds", "1"]);
        Assert.Equal(0, ended);
        Assert.DoesNotContain(warnings, w => w.Contains("maxOrderQuantity", StringComparison.Ordinal));
        Assert.Contains(_folder.Report().GetProperty("warnings").EnumerateArray(), w => w.GetString()!.Contains("maxExposure", StringComparison.Ordinal) && w.GetString()!.Contains("holds", StringComparison.Ordinal));
        string second = Directory.GetFiles(Path.GetDirectoryName(first)!, "*.journal").Single(f => f != first);
        ControlEvent restored = Assert.Single(Changes(second));
        Assert.Equal((LimitKey.MaxOrderQuantity, 0, 1.0), ((LimitKey)restored.Value1, restored.Instrument, BitConverter.Int64BitsToDouble(restored.Value2)));
    }

    [Theory]
    [InlineData("--limit maxPosition", "--limit: saw \"maxPosition\"")]
    [InlineData("--limit nosuch=1", "--limit: saw \"nosuch\"")]
    [InlineData("--limit maxPosition=lots", "--limit: saw \"maxPosition=lots\"")]
    [InlineData("--limit maxPosition=1 --enable alph", "one of --send")]
    [InlineData("--target ALPH", "--target: saw \"ALPH\"")]
    [InlineData("--limit maxPosition=1 --by someone-with-a-long-name", "--by: saw")]
    public void What_makes_no_request_is_bad_input(string arguments, string named)
    {
        var (code, _, errors) = Console(arguments.Split(' '));
        Assert.Equal(2, code);
        Assert.Contains(named, Assert.Single(errors), StringComparison.Ordinal);
    }

    [Fact]
    public void Of_many_changes_the_last_for_each_target_stands_and_one_for_all_replaces_those_before()
    {
        Directory.CreateDirectory(_folder.Out);
        var log = new AuditLog(Path.Combine(_folder.Out, "audit.log"));
        int second = 0;
        void Add(LimitKey key, string target, double to, string refused = "") => log.Append(new AuditEntry
        {
            AtUtc = new DateTime(2026, 1, 1, 0, 0, second++, DateTimeKind.Utc), By = "jo", Command = OperatorCommand.SetLimit, Key = key, Target = target, Old = 1, New = to, Desk = 10, Refused = refused,
        });
        Add(LimitKey.MaxPosition, "A", 2);
        Add(LimitKey.MaxPosition, "", 3);
        Add(LimitKey.MaxPosition, "B", 4);
        Add(LimitKey.MaxPosition, "B", 5);
        Add(LimitKey.MaxPosition, "B", 6, "no");
        Add(LimitKey.MaxExposure, "", double.PositiveInfinity);
        File.AppendAllText(log.Path, "{ half a line\n");
        var warnings = new List<string>();
        Assert.Equal([(LimitKey.MaxPosition, "", 3.0), (LimitKey.MaxPosition, "B", 5.0), (LimitKey.MaxExposure, "", double.MaxValue)], log.Standing((_, _) => 10, warnings).Select(e => (e.Key, e.Target, e.New)));
        Assert.Contains("line 7", Assert.Single(warnings), StringComparison.Ordinal);
        Assert.Empty(log.Standing((_, _) => 11, []));
    }
}
