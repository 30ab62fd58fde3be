using System.Text;
using System.Text.Json.Nodes;
using Appliance.Contract;
using Appliance.Fix;
using Appliance.Host.Composition;
using Appliance.Host.Configuration;
using Appliance.Ingest.Journal;
using Appliance.TestKit;

namespace Appliance.Tests.Host;

/// <summary>A start after an earlier session: what is asked of the operator, what is taken from the order log, what is never thrown away.</summary>
[Collection(ProcessTests.Name)]
public sealed class RestartTests : IDisposable
{
    private readonly RunFolder _folder = new();

    public void Dispose()
    {
        SessionFolder.Delete(_folder.Out, Load(_folder.Demo(_ => { })).Fix);
        _folder.Dispose();
    }

    private static Desk Load(string file)
    {
        var errors = new ConfigurationErrors();
        var desk = Desk.Load(file, errors);
        Assert.True(errors.Count == 0, string.Join('\n', errors.Lines));
        return desk!;
    }

    /// <summary>A desk whose FIX venue does not answer, as right after a crash.</summary>
    private string FixDesk() => _folder.Demo(d =>
    {
        d["venue"]!["kind"] = "fix";
        d["venue"]!["port"] = LoopbackPorts.FreeTcp();
        d["feed"]!["port"] = LoopbackPorts.FreeUdp();
    });

    private string[] Run(string desk, params string[] more) => ["run", "--profile", _folder.Profile("fused"), "--desk", desk, "--out", _folder.Out, "--no-console", .. more];

    private OrderLog OpenLog(Desk desk) => new(Path.Combine(SessionFolder.Open(_folder.Out, desk.Fix), "orders.log"), HardwareProfile.Load(_folder.Profile("fused"), new ConfigurationErrors())!.OrderLogMegabytes * ((1 << 20) / 64));

    private void LogAnOrder(Desk desk)
    {
        using var log = OpenLog(desk);
        var order = new WideGate(desk.Instruments).New(0, Side.Buy, 100 * desk.Instruments[0].PriceUnitsPerOne, 300);
        Assert.True(log.TryAppend(in order, 2));
    }

    [Fact]
    public void After_an_earlier_session_a_run_wants_positions_and_takes_resolved_for_good()
    {
        string file = FixDesk();
        var desk = Load(file);
        LogAnOrder(desk);
        var (code, _, errors) = ApplianceProcess.Run(Run(file, "--seconds", "1"));
        Assert.Equal(2, code);
        Assert.Contains("initialHedge", errors[0], StringComparison.Ordinal);
        string[] symbols = [.. desk.Portfolios.Select(p => desk.Instruments[p.Instrument].Symbol).Distinct()];
        Assert.All(symbols, s => Assert.Contains($"--opening-position {s}=", errors[1], StringComparison.Ordinal));

        string[] stated = [.. symbols.SelectMany((s, i) => new[] { "--opening-position", $"{s}={-100 * (i + 1)}" })];
        using (var host = ApplianceProcess.Start(Run(file, stated)))
        {
            using var board = _folder.Board(host);
            board.Post(OperatorCommand.Resolved);
            host.WaitUntil(() => board.CommandsTaken, "resolved is taken");
            board.Post(OperatorCommand.Stop);
            Assert.Equal(0, host.WaitForExit());
        }
        using (var reader = JournalReader.TryOpen(_folder.Journal, out _)!)
        {
            // The first portfolio of each instrument holds all of it.
            var expected = desk.Portfolios.Select((p, i) => desk.Portfolios.Take(i).Any(q => q.Instrument == p.Instrument)
                ? 0 : -100L * (Array.IndexOf(symbols, desk.Instruments[p.Instrument].Symbol) + 1) * desk.Instruments[p.Instrument].QuantityUnitsPerOne);
            Assert.Equal(expected, reader.Header.OpeningPositions.Select(p => p.QuantityUnits));
        }
        // The replay opens with what the header pins, not with the desk file's figures.
        var recorded = OpeningPositions.Recorded(DeskComposer.Flow(desk, HardwareProfile.Load(_folder.Profile("fused"), new ConfigurationErrors())!, 1), [new OpeningPosition(0, desk.Portfolios[0].Instrument, -77, 0)]);
        Assert.Equal(-77, recorded.Portfolios[0].OpeningHedgeUnits);

        using (var log = OpenLog(desk))
            Assert.Empty(log.MaybeSent(_ => false));
        (code, _, errors) = ApplianceProcess.Run(Run(file, ["--seconds", "1", .. stated]));
        Assert.Equal(0, code);
        Assert.DoesNotContain(errors, e => e.Contains("maybe sent", StringComparison.Ordinal));
        // From then on the session's own state says what positions are: nothing has to be stated again.
        (code, _, errors) = ApplianceProcess.Run(Run(file, "--seconds", "1"));
        Assert.Equal(0, code);
        Assert.Contains(errors, e => e.Contains("taken up", StringComparison.Ordinal) && e.Contains("-100", StringComparison.Ordinal));
    }

    [Fact]
    public void Requests_that_may_stand_at_the_venue_are_named_until_resolved()
    {
        string file = FixDesk();
        var desk = Load(file);
        LogAnOrder(desk);
        string[] stated = [.. desk.Portfolios.Select(p => desk.Instruments[p.Instrument].Symbol).Distinct().SelectMany(s => new[] { "--opening-position", $"{s}=0" })];
        for (int start = 0; start < 2; start++)
        {
            var (code, _, errors) = ApplianceProcess.Run(Run(file, ["--seconds", "1", .. stated]));
            Assert.Equal(0, code);
            Assert.Contains(errors, e => e.Contains($"maybe sent: new 1000000001, {desk.Instruments[0].Symbol} buy 300 at 100", StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("NOSUCH=1", "NOSUCH")]
    [InlineData("=1", "SYMBOL=QUANTITY")]
    [InlineData("{0}=x", "SYMBOL=QUANTITY")]
    [InlineData("{0}=0.5", "multiple")]
    [InlineData("{0}=1e30", "SYMBOL=QUANTITY")]
    [InlineData("{0}=9999999999999999999999999999", "multiple")]
    public void A_position_that_cannot_be_is_refused_by_name(string text, string named)
    {
        var desk = Load(_folder.Demo(_ => { }));
        var options = DeskComposer.Flow(desk, HardwareProfile.Load(_folder.Profile("fused"), new ConfigurationErrors())!, 1);
        string symbol = desk.Instruments[desk.Portfolios[0].Instrument].Symbol;
        Assert.Contains(named, Assert.Throws<BadInputException>(() => OpeningPositions.Stated(options, [string.Format(null, text, symbol)])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_order_ended_under_any_identifier_is_over_and_a_refused_request_alone_is()
    {
        InstrumentDefinition[] instruments = [new(0, "ACME", 10_000, 1, 100, 1, 1.0)];
        var gate = new WideGate(instruments);
        var first = gate.New(0, Side.Buy, 1_000_000, 5);
        var amend = gate.Amend(in first, 1_000_100, 5);
        var second = gate.New(0, Side.Buy, 1_000_000, 6);
        gate.Report(in second, ExecutionKind.New, OrderStatus.New);
        var cancel = gate.Cancel(in second);
        var third = gate.New(0, Side.Buy, 1_000_000, 7);
        var fourth = gate.New(0, Side.Sell, 1_000_000, 8);
        string path = _folder.Inside("orders.log");
        using (var log = new OrderLog(path, 16))
            foreach (var order in new[] { first, amend, second, cancel, third, fourth }) Assert.True(log.TryAppend(in order, 1));

        using var earlier = new OrderLog(path, 16);
        var orders = new EarlierOrders(earlier);
        Assert.Equal(6, orders.MaybeSent().Count);
        See(EventKind.ExecutionReported, amend.ClientOrderId, ExecutionKind.Trade, OrderStatus.Filled);
        See(EventKind.ExecutionReported, cancel.ClientOrderId, ExecutionKind.CancelRejected, OrderStatus.New);
        See(EventKind.ExecutionReported, third.ClientOrderId, ExecutionKind.BusinessRejected, OrderStatus.Rejected);
        See(EventKind.OrderUnsent, fourth.ClientOrderId, ExecutionKind.None, OrderStatus.Unknown);
        // The second works on: its cancel was refused.
        Assert.Equal([second.ClientOrderId], orders.MaybeSent().Select(r => r.ClientOrderId));
        See(EventKind.ExecutionReported, cancel.ClientOrderId, ExecutionKind.Cancelled, OrderStatus.Cancelled);
        Assert.Empty(orders.MaybeSent());

        void See(EventKind kind, ulong id, ExecutionKind execution, OrderStatus status)
        {
            RingEvent e = default;
            RingEvent.Begin(ref e, kind, 0, 0, 0, 0);
            ref var x = ref RingEvent.AsExecution(ref e);
            (x.ClientOrderId, x.ExecutionKind, x.OrderStatus) = (id, execution, status);
            orders.See(ref e);
        }
    }

    [Fact]
    public void A_password_in_clear_is_refused_and_one_in_a_file_is_read_but_not_pinned()
    {
        var errors = new ConfigurationErrors();
        foreach (string tag in new[] { "554", "925", "0554" })
        {
            Assert.Null(Desk.Load(_folder.Demo(d => d["venue"]!["logonTags"] = new JsonArray($"{tag}=hunter2")), errors = new ConfigurationErrors()));
            string line = Assert.Single(errors.Lines);
            Assert.Contains("logonTagFiles", line, StringComparison.Ordinal);
            Assert.DoesNotContain("hunter2", line, StringComparison.Ordinal);
        }
        _folder.Write("password", "hunter2\n");
        string file = _folder.Demo(d =>
        {
            d["venue"]!["logonTags"] = new JsonArray("553=me");
            d["venue"]!["logonTagFiles"] = new JsonArray("554=password");
        });
        var desk = Load(file);
        Assert.Equal([(553, "me"), (554, "hunter2")], desk.Fix.LogonTags);
        Assert.DoesNotContain("hunter2", Encoding.UTF8.GetString(desk.Bytes), StringComparison.Ordinal);
        // A replay needs no secret.
        File.Delete(_folder.Inside("password"));
        Assert.Null(Desk.Parse(desk.Bytes, file, new ConfigurationErrors()));
        Assert.NotNull(Desk.Parse(desk.Bytes, file, new ConfigurationErrors(), []));
    }

    [Fact]
    public void A_session_folder_put_where_the_link_belongs_is_taken_over_or_refused_never_deleted()
    {
        if (!Directory.Exists("/dev/shm")) return;
        var fix = Load(_folder.Demo(_ => { })).Fix;
        string real = Path.Combine(_folder.Out, "session", $"{fix.SenderCompId}-{fix.TargetCompId}");
        Directory.CreateDirectory(real);
        File.WriteAllText(Path.Combine(real, "orders.log"), "kept");
        string memory = SessionFolder.Open(_folder.Out, fix);
        Assert.Equal("kept", File.ReadAllText(Path.Combine(memory, "orders.log")));
        Assert.Equal(memory, new FileInfo(real).LinkTarget);

        File.Delete(real);
        Directory.CreateDirectory(real);
        File.WriteAllText(Path.Combine(real, "orders.log"), "another");
        Assert.Contains(memory, Assert.Throws<BadInputException>(() => SessionFolder.Open(_folder.Out, fix)).Message, StringComparison.Ordinal);
        Assert.Equal("another", File.ReadAllText(Path.Combine(real, "orders.log")));
        Assert.Equal("kept", File.ReadAllText(Path.Combine(memory, "orders.log")));
    }
}
