using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Appliance.Contract;
using Appliance.Fix;
using Appliance.TestKit;
using Appliance.Venue.Embedded;
using Appliance.Venue.Matching;

namespace Appliance.Tests.Venue;

/// <summary>The embedded venue with real sockets: multicast on loopback into a listener of our own, orders by the FIX gateway over TCP.</summary>
public sealed class EmbeddedVenueTests : IDisposable
{
    private static readonly InstrumentDefinition Acme = new(0, "ACME", 10_000, 1, 100, 1, 1);
    private readonly string _folder = Directory.CreateTempSubdirectory("venue").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private VenueOptions Options(int groupPort) => new()
    {
        Instruments = [new() { Definition = Acme, OpenPrice = 100 }], Fix = new FixAcceptorOptions { CompId = "VENUE", StoreDirectory = Path.Combine(_folder, "fix"), Store = StoreOptions.OfMegabytes(1) },
        GroupPort = groupPort, BackgroundRateHz = 500, Fees = new FeeSchedule(-0.2, 0.5), StateDirectory = Path.Combine(_folder, "state"),
        StatementFile = Path.Combine(_folder, "statement.json"), ReadyFile = Path.Combine(_folder, "ready.json"), BookOrdersMax = 1024, LevelsMax = 256, ClientOrdersMax = 1024,
    };

    /// <summary>A listener that has joined the group before the venue lives.</summary>
    private static Socket Listen(string group, out int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 8 << 20 };
        socket.Bind(new IPEndPoint(IPAddress.Any, 0));
        port = ((IPEndPoint)socket.LocalEndPoint!).Port;
        socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.AddMembership, new MulticastOption(IPAddress.Parse(group), IPAddress.Loopback));
        return socket;
    }

    private sealed class Bench : IDisposable
    {
        private readonly byte[] _buffer = new byte[65_536];
        private readonly Socket _listener;
        private readonly EventCollector _collector = new();

        public TapeBook Tape = new();
        public readonly FixOrderGateway<EventCollector.Sink, HostMonotonicClock> Gateway;
        public EmbeddedVenue? Venue;

        public Bench(Socket listener, int fixPort, string folder)
        {
            _listener = listener;
            Gateway = new(new FixSessionOptions { Host = "127.0.0.1", Port = fixPort, SenderCompId = "DESK", TargetCompId = "VENUE", StoreDirectory = folder, Store = StoreOptions.OfMegabytes(1), ReconnectMaxMs = 50 },
                [Acme], _collector.AsSink(), default, orderLog: null);
        }

        public IEnumerable<Execution> Reports => _collector.Events.Where(e => e.Kind == EventKind.ExecutionReported).Select(e => RingEvent.AsExecution(ref e));
        public int Count(EventKind kind) => _collector.Events.Count(e => e.Kind == kind);

        /// <summary>Turns all three loops until the condition holds; the bound is for a broken test, not a measure.</summary>
        public void Until(Func<bool> condition, string what)
        {
            long started = Stopwatch.GetTimestamp();
            while (!condition())
            {
                Turn();
                if (Stopwatch.GetElapsedTime(started) > TimeSpan.FromSeconds(60)) Assert.Fail($"After a minute still not: {what}. {Gateway.State} {Gateway.LastConnectError}");
            }
        }

        public void Turn()
        {
            Venue?.Step();
            Gateway.Poll(default(HostMonotonicClock).NowNs(), default(HostUtcClock).NowUtcNs());
            Drain();
        }

        public void Drain()
        {
            while (_listener.Available > 0) Tape.Send(_buffer.AsSpan(0, _listener.Receive(_buffer)));
        }

        public void Dispose()
        {
            Gateway.Dispose();
            Venue?.Dispose();
        }
    }

    [Fact]
    public void Orders_by_fix_trade_in_the_books_that_the_tape_shows()
    {
        VenueOptions options = Options(0);
        using Socket listener = Listen(options.Group, out int groupPort);
        options = options with { GroupPort = groupPort };
        var venue = new EmbeddedVenue(options);
        using (JsonDocument ready = JsonDocument.Parse(File.ReadAllText(options.ReadyFile!)))
            Assert.Equal(venue.FixPort, ready.RootElement.GetProperty("fixPort").GetInt32());
        using var bench = new Bench(listener, venue.FixPort, Path.Combine(_folder, "desk")) { Venue = venue };
        bench.Until(() => bench.Gateway.IsUp && venue.Core.IsOpen && bench.Tape.Opened, "logged on and open");
        // The listener was there before the logon, so it has the tape from message 1 (TapeBook checks each sequence number).
        Assert.StartsWith("OSQ", bench.Tape.SystemEvents, StringComparison.Ordinal);

        var gate = new WideGate(Acme);
        long position = 0;
        for (int i = 0; i < 20; i++)
        {
            Assert.True(venue.Core.TryTop(0, out long bid, out long ask));
            bool buys = i % 2 == 0;
            ApprovedOrder order = gate.New(0, buys ? Side.Buy : Side.Sell, buys ? ask + 500 : bid - 500, 3 + i, TimeInForce.ImmediateOrCancel);
            Assert.Equal(SendResult.Sent, bench.Gateway.Send(in order));
            bench.Until(() => bench.Reports.Any(r => r.ClientOrderId == order.ClientOrderId && r.OrderStatus is OrderStatus.Filled or OrderStatus.Cancelled), "order done");
            position += (buys ? 1 : -1) * bench.Reports.Where(r => r.ClientOrderId == order.ClientOrderId && r.ExecutionKind == ExecutionKind.Trade).Sum(r => r.LastQuantityUnits);
        }
        Assert.True(bench.Reports.Count(r => r.ExecutionKind == ExecutionKind.Trade) >= 20);
        Assert.All(bench.Reports.Where(r => r.ExecutionKind == ExecutionKind.Trade), r => Assert.Equal(EventFlags.None, r.Flags & EventFlags.AddedLiquidity));

        // A passive order stands on the tape under the venue's reference until it is cancelled.
        Assert.True(venue.Core.TryTop(0, out long low, out _));
        ApprovedOrder passive = gate.New(0, Side.Buy, low - 2_000, 77);
        Assert.Equal(SendResult.Sent, bench.Gateway.Send(in passive));
        bench.Until(() => bench.Tape.Orders.Values.Any(o => o.Price == low - 2_000 && o.Quantity == 77), "the order on the tape");
        Assert.Equal(SendResult.Sent, bench.Gateway.Send(gate.Cancel(in passive)));
        bench.Until(() => !bench.Tape.Orders.Values.Any(o => o.Quantity == 77 && o.Price == low - 2_000), "the order off the tape");

        venue.Finish(VenueEnd.Stopped);
        bench.Until(() => bench.Tape.Ended, "the end of the session");
        Assert.Equal(0, venue.RefusedDatagrams);
        Assert.Equal("OSQMEC", bench.Tape.SystemEvents);
        var queue = new BookOrder[256];
        foreach (Side side in new[] { Side.Buy, Side.Sell })
        {
            var rebuilt = bench.Tape.Levels("ACME", side);
            Assert.Equal(venue.Core.Engine.LevelCount(0, side), rebuilt.Count);
            for (int depth = 0; depth < rebuilt.Count; depth++)
                Assert.Equal(queue.Take(venue.Core.Engine.CopyQueue(0, side, depth, queue)).Select(o => (o.Reference, o.QuantityUnits)), rebuilt[depth].Queue);
        }
        using JsonDocument statement = JsonDocument.Parse(File.ReadAllText(options.StatementFile!));
        Assert.True(statement.RootElement.GetProperty("final").GetBoolean());
        JsonElement account = statement.RootElement.GetProperty("accounts").EnumerateArray().Single(a => a.GetProperty("name").GetString() == "DESK");
        Assert.Equal(position, account.GetProperty("positions")[0].GetProperty("quantityUnits").GetInt64());
        Assert.Equal(21, account.GetProperty("orders").GetInt64());
    }

    [Fact]
    public void A_venue_that_dies_and_comes_back_agrees_on_positions_after_the_resend()
    {
        VenueOptions options = Options(0);
        using Socket listener = Listen(options.Group, out int groupPort);
        options = options with { GroupPort = groupPort, BackgroundRateHz = 0 };
        var venue = new EmbeddedVenue(options);
        options = options with { Fix = options.Fix with { Port = venue.FixPort } };
        using var bench = new Bench(listener, venue.FixPort, Path.Combine(_folder, "desk")) { Venue = venue };
        bench.Until(() => bench.Gateway.IsUp && venue.Core.IsOpen, "logged on and open");
        var gate = new WideGate(Acme);
        Assert.True(venue.Core.TryTop(0, out long bid, out long ask));
        ApprovedOrder take = gate.New(0, Side.Buy, ask, 9, TimeInForce.ImmediateOrCancel), rest = gate.New(0, Side.Buy, bid, 5);
        Assert.Equal(SendResult.Sent, bench.Gateway.Send(in take));
        Assert.Equal(SendResult.Sent, bench.Gateway.Send(in rest));
        // The venue acts, but the desk never hears of it: the connection dies with the venue, and nothing is closed in order.
        long account = venue.Core.Ledger.Open("DESK");
        bench.Venue = null;
        for (int turn = 0; turn < 100_000 && venue.Core.Ledger.Activity((int)account).Orders < 2; turn++) venue.Step();
        Assert.Equal(2, venue.Core.Ledger.Activity((int)account).Orders);
        venue.Dispose();
        Assert.Empty(bench.Reports);

        bench.Drain();
        bench.Tape = new TapeBook();
        var again = new EmbeddedVenue(options);
        bench.Venue = again;
        bench.Until(() => bench.Reports.Any(r => r.ClientOrderId == rest.ClientOrderId && r.ExecutionKind == ExecutionKind.Cancelled), "the standing order reported cancelled");
        long filled = bench.Reports.Where(r => r.ClientOrderId == take.ClientOrderId && r.ExecutionKind == ExecutionKind.Trade).Select(r => r.CumulativeQuantityUnits).Max();
        Assert.Equal(9, filled);
        Assert.Equal(9, again.Core.Ledger[again.Core.Ledger.Open("DESK"), 0].PositionUnits);
        bench.Until(() => bench.Gateway.IsUp, "orders may go again");
        Assert.NotEqual(venue.Core.MoldSessionName, again.Core.MoldSessionName);
    }
}
