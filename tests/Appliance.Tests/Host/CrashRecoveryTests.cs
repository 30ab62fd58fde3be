using Appliance.Contract;
using Appliance.Fix;
using Appliance.Host.Board;
using Appliance.Host.Composition;
using Appliance.Host.Configuration;
using Appliance.Host.Latency;
using Appliance.TestKit;
using Appliance.Venue.Embedded;
using Xunit.Abstractions;

namespace Appliance.Tests.Host;

/// <summary>
/// The host killed at random moments under load, again and again in one session with a venue that goes on trading: after each restart positions and working orders are the venue's before anything
/// new is sent, nothing ever reaches the venue twice, and at the end both sides agree on their sequence numbers. 200 kills with APPLIANCE_FULL=1, as many as APPLIANCE_KILLS says, a few otherwise; the seed rotates and is printed.
/// </summary>
[Collection(ProcessTests.Name)]
public sealed class CrashRecoveryTests(ITestOutputHelper output) : IDisposable
{
    private const string Group = "239.192.7.11";
    private static readonly FixSettings Session = new("127.0.0.1", 0, "HEDGER", "RIG", 30, false, "", []);
    private static readonly InstrumentDefinition Instrument = new(0, TickPattern.Symbol, 10_000, 1, 100, 1, 1);

    private readonly RunFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Killed_at_random_moments_the_host_knows_after_each_restart_what_the_venue_knows()
    {
        int kills = int.TryParse(Environment.GetEnvironmentVariable("APPLIANCE_KILLS"), out int asked) ? asked : Environment.GetEnvironmentVariable("APPLIANCE_FULL") == "1" ? 200 : 3;
        int seed = int.TryParse(Environment.GetEnvironmentVariable("APPLIANCE_SEED"), out int given) ? given : (int)(DateTime.UtcNow.Ticks / TimeSpan.TicksPerMinute & 0xFFFFFF);
        output.WriteLine($"seed {seed}, {kills} kills");
        var random = new Random(seed);
        string venueFolder = Directory.CreateDirectory(_folder.Inside("venue")).FullName;
        // Every other seed has a venue that lists what stands.
        bool massStatus = (seed & 1) == 1;
        using var venue = new LedgerVenue(Instrument, venueFolder, random) { AnswersMassStatus = massStatus };
        int feedPort = LoopbackPorts.FreeUdp();
        using var feed = new MulticastSender(Group, feedPort, "127.0.0.1");
        string[] run = ["run", "--profile", _folder.Profile("fused", more: "smallRing patientWatchdog"), "--desk", Desk(feedPort, venue.Port, massStatus), "--out", _folder.Out, "--report", _folder.ReportFile, "--no-console"];
        int restored = 0;
        long questions = 0;
        for (int kill = 0; kill <= kills; kill++)
        {
            using var host = ApplianceProcess.Start(run);
            using SharedBoard board = BoardOf(host, venue);
            // Without market data the host wants nothing, so that both sides can be compared at rest.
            venue.Trades = false;
            string where = $"seed {seed}, after {kill} kills";
            venue.Until(host, () => board.TryRead(out var s) && s.SessionUp != 0 && s.HeldBackBy == 0 && venue.IsIdle && (long)s.Portfolios[0].HedgePosition + (long)s.Portfolios[1].HedgePosition == venue.Position && s.LiveOrders == venue.WorkingOrders,
                () => board.TryRead(out var s) ? $"{where}: session {s.SessionUp}, held back by {(Risk.GateVerdict)s.HeldBackBy}, position {s.Portfolios[0].HedgePosition + s.Portfolios[1].HedgePosition} and {venue.Position} at the venue, working {s.LiveOrders} and {venue.WorkingOrders}" : where);
            questions = venue.StatusRequests;
            Assert.Empty(venue.Repeated);

            venue.Trades = true;
            var pattern = new TickPattern(orderEvery: 3);
            feed.Send(pattern.Opening());
            long news = venue.News;
            long loadNs = random.NextInt64(150_000_000, 700_000_000), began = 0, nextTick = 0;
            venue.Until(host, () =>
            {
                long now = default(HostMonotonicClock).NowNs();
                if (now >= nextTick)
                {
                    feed.Send(pattern.Next());
                    nextTick = now + 500_000;
                }
                // The moment counts from the first order under load.
                if (began == 0 && venue.News > news) began = now;
                return began != 0 && now - began > loadNs;
            }, () => $"{where}: no order under load");
            if (kill < kills)
            {
                host.Signal(ApplianceProcess.SignalKill);
                // What stands now stays, for the next host to find.
                venue.Trades = false;
                venue.Until(host, () => host.HasExited, () => $"{where}: not dead");
                restored += venue.WorkingOrders;
                continue;
            }
            host.Signal(ApplianceProcess.SignalTerminate);
            venue.Until(host, () => host.HasExited, () => $"{where}: no end");
            Assert.True(host.WaitForExit() == 0, $"{where}\n{host.Output}\n{host.Errors}");
        }
        venue.Until(null, () => venue.IsIdle, () => "requests left");
        Assert.True(venue.Seen.Count > venue.News && (kills < 10 || restored > 0), $"seed {seed}: nothing rested, so the run shows little");
        output.WriteLine($"{venue.Seen.Count} requests, {venue.News} orders, {restored} working orders survived their host, {questions} asked about by themselves, {venue.MassStatusRequests} lists asked for");

        // What the run ended with is what it began with and what it traded since.
        string sessionFolder = SessionFolder.Open(_folder.Out, Session);
        SessionState state = SessionState.Read(sessionFolder)!;
        long ours = state.Positions.Sum(p => p.Units) + _folder.Report().GetProperty("account").EnumerateArray().Single().GetProperty("quantityUnits").GetInt64();
        Assert.Equal(venue.Position, ours);
        Assert.Equal(0, venue.WorkingOrders);
        Assert.Empty(venue.Repeated);
        Assert.Equal(massStatus, venue.MassStatusRequests > 0);
        Assert.Equal(0, _folder.Report().GetProperty("alarms").GetProperty("unknownOrders").GetInt64());
        ulong[] epochs = [.. venue.Seen.Select(id => ulong.Parse(id) / OrderLog.IdsPerEpoch).Distinct()];
        Assert.Equal(kills + 1, epochs.Length);
        venue.Dispose();
        using var own = new SequenceStore(Path.Combine(sessionFolder, "HEDGER-RIG.fixstore"));
        using var theirs = new SequenceStore(Path.Combine(venueFolder, "RIG-HEDGER.fixstore"));
        Assert.Equal((own.NextOutgoing, own.NextIncoming), (theirs.NextIncoming, theirs.NextOutgoing));
    }

    private SharedBoard BoardOf(ApplianceProcess host, LedgerVenue venue)
    {
        SharedBoard? board = null;
        venue.Until(host, () => (board = SharedBoard.TryOpen(Path.Combine(_folder.Out, "board"), out _)) is not null && board.HostProcess == host.Id, () => "no board of this host");
        return board!;
    }

    /// <summary>One portfolio takes, for its hedge is far from what it should be; the other rests orders as well, and loses patience. Both want more than all children of 200 runs bring, the second less than it would take at once, and it rests for most of a run.</summary>
    private string Desk(int feedPort, int fixPort, bool massStatus) => _folder.Write("crash-desk.json", $$"""
        {
          "name": "crash", "currency": "USD",
          "feed": { "kind": "itch50-moldudp64", "group": "{{Group}}", "port": {{feedPort}}, "interface": "127.0.0.1" },
          "venue": { "kind": "fix", "port": {{fixPort}}, "senderCompId": "HEDGER", "targetCompId": "RIG", "heartbeatSeconds": 30, "massStatus": {{(massStatus ? "true" : "false")}} },
          "instruments": [ { "symbol": "{{TickPattern.Symbol}}", "priceUnitsPerOne": 10000, "quantityUnitsPerOne": 1, "tickSize": 0.01, "lotSize": 1 } ],
          "portfolios": [
            { "name": "takes", "underlying": "{{TickPattern.Symbol}}", "initialHedge": 0, "policy": { "kind": "delta-threshold", "threshold": 20 },
              "execution": { "style": "taking", "slippageTicks": 5, "retryMilliseconds": 1, "maximumChild": 300 },
              "options": [ { "right": "call", "strike": 100, "expiry": "2036-06-20T20:00:00Z", "quantity": -1600000, "volatility": 0.3 } ] },
            { "name": "rests", "underlying": "{{TickPattern.Symbol}}", "initialHedge": 0, "policy": { "kind": "delta-threshold", "threshold": 600 },
              "execution": { "style": "passive", "chaseTicks": 1, "passiveTimeoutMilliseconds": 300, "escalateBandMultiple": 1000, "retryMilliseconds": 1, "maximumChild": 100 },
              "options": [ { "right": "put", "strike": 100, "expiry": "2036-06-20T20:00:00Z", "quantity": -1600000, "volatility": 0.3 } ] }
          ],
          "limits": { "maxOrderQuantity": 10000000, "maxOrderNotional": 1e12, "collarBps": 1000, "maxPosition": 1000000000, "messagesPerSecond": 1000000, "cancelReserve": 1000, "maxLiveOrders": 64,
            "duplicateWindowMilliseconds": 0, "selfMatchPrevention": false, "repeatedExecutions": 0, "maxHedgeAttempts": 0, "rejectsPerMinute": 0, "staleMilliseconds": 3600000, "maxDailyLoss": 1e15 }
        }
        """);
}
