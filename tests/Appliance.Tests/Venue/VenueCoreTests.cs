using System.Text.Json;
using Appliance.Contract;
using Appliance.Fix;
using Appliance.Venue.Embedded;
using Appliance.Venue.Matching;
using Appliance.Venue.Statements;

namespace Appliance.Tests.Venue;

/// <summary>The embedded venue without sockets: tape, conservation, client orders, faults on purpose, and what survives a kill.</summary>
public sealed class VenueCoreTests : IDisposable
{
    private const long Start = 1_700_000_000_000_000_000;
    private readonly string _folder = Directory.CreateTempSubdirectory("venue").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static readonly InstrumentDefinition Acme = new(0, "ACME", 10_000, 1, 100, 1, 1);
    private static readonly InstrumentDefinition Bolt = new(1, "BOLT", 10_000, 1, 100, 100, 1);

    private static VenueOptions Options(ulong seed = 1) => new()
    {
        Instruments = [new() { Definition = Acme, OpenPrice = 100, AnnualisedVolatility = 5 }, new() { Definition = Bolt, OpenPrice = 40, AnnualisedVolatility = 5, OrderLots = 5 }],
        Fix = new FixAcceptorOptions { CompId = "VENUE" }, Seed = seed, BackgroundRateHz = 5_000, Fees = new FeeSchedule(-0.2, 0.5), BookOrdersMax = 4_096, LevelsMax = 512, ClientOrdersMax = 1_024,
    };

    /// <summary>A venue, its tape, its FIX side and its time.</summary>
    private sealed class Bench : IDisposable
    {
        public readonly TapeBook Tape = new();
        public readonly VenueCore Core;
        public readonly ScriptedAcceptor Fix;
        public long NowNs;

        public Bench(VenueOptions options)
        {
            Core = new VenueCore(options, Tape, Start);
            Fix = new ScriptedAcceptor(Core);
            Core.Attach(Fix);
        }

        public void Run(double milliseconds, long stepNs = 200_000)
        {
            for (long until = NowNs + (long)(milliseconds * 1e6); NowNs < until;)
            {
                NowNs += stepNs;
                Core.Advance(NowNs, Start + NowNs);
            }
        }

        /// <summary>Lets what was requested act, with the background standing still.</summary>
        public void Act() => Core.Advance(NowNs, Start + NowNs);

        public void Dispose() => Core.Dispose();
    }

    private static VenueOptions Quiet(VenueOptions options) => options with { BackgroundRateHz = 0 };

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void The_tape_rebuilds_the_books_to_the_last_order(int seed)
    {
        using var bench = new Bench(Options((ulong)seed));
        int client = bench.Fix.Logon("DESK");
        var random = new Random(seed);
        for (int i = 0; i < 120; i++)
        {
            bench.Run(20);
            int instrument = random.Next(2);
            Assert.True(bench.Core.TryTop(instrument, out long bid, out long ask));
            bench.Fix.New(client, $"{i}", instrument, random.Next(2) == 0 ? Side.Buy : Side.Sell, random.Next(2) == 0 ? bid : ask, 100 * (1 + random.Next(10)),
                random.Next(3) == 0 ? TimeInForce.ImmediateOrCancel : TimeInForce.Day);
            if (i % 7 == 6) bench.Fix.Cancel(client, $"c{i}", $"{i - 3}");
        }
        bench.Run(20);
        SameBooks(bench);
        Assert.Equal(0, bench.Tape.OneSided);
        foreach (char type in "SRHAEXDUP") Assert.True(bench.Tape.Counts.GetValueOrDefault(type) > 0, $"No {type} on the tape.");
        Assert.Equal(bench.Core.TapeMessages, bench.Tape.Counts.Values.Sum());
        // One packet a transaction, beside heartbeats and splits.
        Assert.Equal(bench.Tape.Packets - bench.Tape.Heartbeats - bench.Core.SplitTransactions, bench.Core.Transactions);
        AssertConserved(bench.Core.Ledger);
        bench.Core.Close(bench.NowNs, Start + bench.NowNs);
        Assert.Equal("OSQMEC", bench.Tape.SystemEvents);
        Assert.True(bench.Tape.Ended);
        SameBooks(bench);
    }

    private static void SameBooks(Bench bench)
    {
        var queue = new BookOrder[1024];
        foreach (InstrumentDefinition instrument in bench.Core.Ledger.Instruments)
            foreach (Side side in new[] { Side.Buy, Side.Sell })
            {
                var rebuilt = bench.Tape.Levels(instrument.Symbol, side);
                Assert.Equal(bench.Core.Engine.LevelCount(instrument.Index, side), rebuilt.Count);
                for (int depth = 0; depth < rebuilt.Count; depth++)
                {
                    int count = bench.Core.Engine.CopyQueue(instrument.Index, side, depth, queue);
                    Assert.Equal(bench.Core.Engine.Level(instrument.Index, side, depth).PriceUnits, rebuilt[depth].Price);
                    Assert.Equal(queue.Take(count).Select(o => (o.Reference, o.QuantityUnits)), rebuilt[depth].Queue);
                }
            }
    }

    private static void AssertConserved(VenueLedger ledger)
    {
        for (int i = 0; i < ledger.Instruments.Length; i++)
        {
            long position = 0, bought = 0, sold = 0;
            Int128 cash = 0;
            for (int account = 0; account < ledger.Accounts; account++)
            {
                ref readonly LedgerEntry entry = ref ledger[account, i];
                position += entry.PositionUnits;
                bought += entry.BoughtUnits;
                sold += entry.SoldUnits;
                cash += entry.CashRaw;
            }
            Assert.Equal(0, position);
            Assert.Equal(bought, sold);
            Assert.True(bought > 0);
            Assert.Equal(Int128.Zero, cash);
        }
    }

    [Fact]
    public void The_same_seed_makes_the_same_tape_and_another_makes_another()
    {
        byte[] Tape(ulong seed)
        {
            using var bench = new Bench(Options(seed) with { OpensOnLogon = false });
            bench.Run(500);
            return bench.Tape.Datagrams.SelectMany(d => d).ToArray();
        }
        byte[] first = Tape(5);
        Assert.True(first.Length > 50_000);
        Assert.Equal(first, Tape(5));
        Assert.NotEqual(first, Tape(6));
    }

    [Fact]
    public void Nothing_is_published_before_the_first_logon()
    {
        using var bench = new Bench(Options());
        bench.Run(50);
        Assert.Equal(0, bench.Tape.Packets);
        bench.Fix.Logon("DESK");
        bench.Run(5);
        Assert.True(bench.Core.IsOpen);
        Assert.Equal(2, bench.Tape.Symbols.Count);
    }

    [Fact]
    public void An_order_is_acknowledged_then_filled_and_the_rest_of_an_immediate_one_cancelled()
    {
        using var bench = new Bench(Quiet(Options()));
        int desk = bench.Fix.Logon("DESK"), other = bench.Fix.Logon("OTHER");
        bench.Act();
        Assert.True(bench.Core.TryTop(0, out long bid, out long ask));
        long inside = (bid + 100);
        Assert.True(inside < ask);
        bench.Fix.New(other, "m", 0, Side.Sell, inside, 50);
        bench.Fix.New(desk, "t", 0, Side.Buy, inside, 80, TimeInForce.ImmediateOrCancel);
        bench.Act();
        Assert.Equal(["t New/New cum 0 left 80", $"t Trade/PartiallyFilled 50@{inside} cum 50 left 30", "t Cancelled/Cancelled cum 50 left 0"], bench.Fix.Told(desk));
        Assert.Equal(["m New/New cum 0 left 50", $"m Trade/Filled 50@{inside} cum 50 left 0"], bench.Fix.Told(other));
        Assert.True(bench.Fix.Reports.Single(r => r.Session == other && r.Report.Kind == ExecutionKind.Trade).Report.AddedLiquidity);
        Assert.False(bench.Fix.Reports.Single(r => r.Session == desk && r.Report.Kind == ExecutionKind.Trade).Report.AddedLiquidity);
        SameBooks(bench);
        // Fees by the shared rule: 0.5 bp for the taker, −0.2 bp for the maker.
        int account = bench.Core.Ledger.Open("DESK"), maker = bench.Core.Ledger.Open("OTHER");
        Assert.Equal(new FeeSchedule(-0.2, 0.5).For(Acme).OfFill(inside, 50, false), bench.Core.Ledger[account, 0].FeesMoneyUnits);
        Assert.Equal(new FeeSchedule(-0.2, 0.5).For(Acme).OfFill(inside, 50, true), bench.Core.Ledger[maker, 0].FeesMoneyUnits);
    }

    [Fact]
    public void Replacements_and_cancels_are_answered_under_their_own_ids()
    {
        using var bench = new Bench(Quiet(Options()));
        int desk = bench.Fix.Logon("DESK");
        bench.Act();
        Assert.True(bench.Core.TryTop(0, out long bid, out _));
        bench.Fix.New(desk, "1", 0, Side.Buy, bid - 200, 100);
        bench.Fix.Replace(desk, "2", "1", bid - 100, 60);
        bench.Fix.Cancel(desk, "3", "2");
        bench.Fix.Cancel(desk, "4", "2");
        bench.Fix.Cancel(desk, "5", "nobody");
        bench.Fix.New(desk, "1", 0, Side.Buy, bid, 1);
        bench.Act();
        Assert.Equal(["1 New/New cum 0 left 100", "2 Replaced/Replaced cum 0 left 60", "3 Cancelled/Cancelled cum 0 left 0", "1 Rejected/Rejected cum 0 left 0"], bench.Fix.Told(desk));
        Assert.Equal("1", bench.Fix.Reports[1].Report.OriginalClientOrderId.ToString());
        Assert.Equal([(ushort)0, (ushort)1], bench.Fix.Rejects.Select(r => r.Reject.Reason));
        Assert.Equal(6, bench.Fix.Reports[3].Report.RejectReason);
        SameBooks(bench);
    }

    [Fact]
    public void A_market_order_takes_what_there_is_and_makers_come_back()
    {
        using var bench = new Bench(Quiet(Options()));
        int desk = bench.Fix.Logon("DESK");
        bench.Act();
        bench.Fix.Market(desk, "all", 0, Side.Buy, 1_000_000);
        bench.Act();
        Assert.StartsWith("all Cancelled", bench.Fix.Told(desk)[^1], StringComparison.Ordinal);
        Assert.True(bench.Core.TryTop(0, out long bid, out long ask) && bid < ask);
        AssertOneInstrumentConserved(bench.Core.Ledger, 0);
        SameBooks(bench);
    }

    private static void AssertOneInstrumentConserved(VenueLedger ledger, int instrument)
    {
        long position = 0;
        for (int account = 0; account < ledger.Accounts; account++) position += ledger[account, instrument].PositionUnits;
        Assert.Equal(0, position);
        Assert.True(ledger[ledger.Open("DESK"), instrument].PositionUnits > 0);
    }

    [Fact]
    public void Requests_reach_the_book_after_their_delay()
    {
        using var bench = new Bench(Quiet(Options()) with { OrderDelayNs = 5_000_000 });
        int desk = bench.Fix.Logon("DESK");
        bench.Act();
        Assert.True(bench.Core.TryTop(0, out long bid, out _));
        bench.Fix.New(desk, "1", 0, Side.Buy, bid, 1);
        bench.Run(4.8);
        Assert.Empty(bench.Fix.Reports);
        bench.Run(0.4);
        Assert.Single(bench.Fix.Reports);
    }

    [Fact]
    public void Bad_orders_are_rejected_each_with_its_reason()
    {
        using var bench = new Bench(Quiet(Options()) with { Halts = [new("BOLT", 0.001, 10)] });
        int desk = bench.Fix.Logon("DESK");
        bench.Act();
        bench.Fix.New(desk, "lot", 1, Side.Buy, 400_000, 150);
        bench.Fix.New(desk, "tick", 0, Side.Buy, 999_950, 1);
        bench.Act();
        bench.Run(2);
        bench.Fix.New(desk, "halt", 1, Side.Buy, 400_000, 100);
        bench.Act();
        Assert.Equal([(ushort)13, (ushort)99, (ushort)2], bench.Fix.Reports.Select(r => r.Report.RejectReason));
        Assert.Equal('H', bench.Tape.Status["BOLT"]);
        Assert.Equal('T', bench.Tape.Status["ACME"]);
    }

    [Fact]
    public void A_halted_instrument_stands_still_until_it_resumes()
    {
        using var bench = new Bench(Options() with { OpensOnLogon = false, Halts = [new("ACME", 0.1, 0.2)] });
        bench.Run(150);
        Assert.Equal('H', bench.Tape.Status["ACME"]);
        var before = bench.Tape.Levels("ACME", Side.Buy);
        bench.Run(100);
        Assert.Equal(before.Select(l => (l.Price, l.Queue.Count)), bench.Tape.Levels("ACME", Side.Buy).Select(l => (l.Price, l.Queue.Count)));
        long bolts = bench.Tape.Packets;
        bench.Run(100);
        Assert.Equal('T', bench.Tape.Status["ACME"]);
        Assert.True(bench.Tape.Packets > bolts);
    }

    [Fact]
    public void A_scripted_disconnect_cancels_what_stands_and_the_client_is_told_when_it_is_back()
    {
        using var bench = new Bench(Quiet(Options()) with { DisconnectAtSeconds = [0.01] });
        int desk = bench.Fix.Logon("DESK");
        bench.Act();
        Assert.True(bench.Core.TryTop(0, out long bid, out _));
        bench.Fix.New(desk, "1", 0, Side.Buy, bid, 1);
        bench.Act();
        bench.Run(20);
        Assert.False(bench.Fix.IsUp(desk));
        Assert.Equal(1, bench.Core.Disconnects);
        // The acceptor keeps reports for a session that is away; the venue hands them over at once.
        Assert.Equal(["1 New/New cum 0 left 1", "1 Cancelled/Cancelled cum 0 left 0"], bench.Fix.Told(desk));
        SameBooks(bench);
    }

    [Fact]
    public void What_a_client_sent_before_it_left_is_cancelled_too()
    {
        using var bench = new Bench(Quiet(Options()) with { OrderDelayNs = 5_000_000 });
        int desk = bench.Fix.Logon("DESK");
        bench.Act();
        Assert.True(bench.Core.TryTop(0, out long bid, out _));
        bench.Fix.New(desk, "1", 0, Side.Buy, bid, 1);
        bench.Fix.Drop(desk);
        bench.Run(2);
        bench.Fix.Logon("DESK");
        bench.Fix.New(desk, "2", 0, Side.Buy, bid, 1);
        bench.Run(10);
        Assert.Equal(["1 New/New cum 0 left 1", "1 Cancelled/Cancelled cum 0 left 0", "2 New/New cum 0 left 1"], bench.Fix.Told(desk));
    }

    [Fact]
    public void About_the_stated_share_of_orders_is_rejected()
    {
        using var bench = new Bench(Quiet(Options()) with { RejectRate = 0.25, ClientOrdersMax = 4_096 });
        int desk = bench.Fix.Logon("DESK");
        bench.Act();
        for (int i = 0; i < 1_000; i++)
        {
            bench.Fix.New(desk, $"{i}", 0, Side.Buy, 500_000, 1, TimeInForce.ImmediateOrCancel);
            bench.Act();
        }
        // Binomial with standard deviation 13.7: five of them either way.
        Assert.InRange(bench.Core.Ledger.Activity(bench.Core.Ledger.Open("DESK")).Rejected, 180, 320);
    }

    [Fact]
    public void A_venue_killed_and_started_again_knows_positions_orders_and_what_it_had_not_said()
    {
        VenueOptions options = Quiet(Options()) with { StateDirectory = _folder };
        long cashBefore;
        using (var bench = new Bench(options))
        {
            int desk = bench.Fix.Logon("DESK");
            bench.Act();
            Assert.True(bench.Core.TryTop(0, out long bid, out long ask));
            bench.Fix.New(desk, "take", 0, Side.Buy, ask, 10, TimeInForce.ImmediateOrCancel);
            bench.Fix.New(desk, "rest", 0, Side.Buy, bid, 7);
            bench.Act();
            cashBefore = (long)bench.Core.Ledger[bench.Core.Ledger.Open("DESK"), 0].CashRaw;
            Assert.Equal("AV000001", bench.Core.MoldSessionName);
        }
        // No farewell was said: the file is all that is left. Its last record says that the acknowledgement of "rest" was handed over; a kill just before would have left it out.
        string log = Path.Combine(_folder, "clients.log");
        using (FileStream file = File.Open(log, FileMode.Open)) file.SetLength(file.Length - ClientRecord.SizeBytes);

        using (var bench = new Bench(options))
        {
            Assert.Equal("AV000002", bench.Core.MoldSessionName);
            int account = bench.Core.Ledger.Open("DESK");
            Assert.Equal(10, bench.Core.Ledger[account, 0].PositionUnits);
            Assert.Equal(cashBefore, (long)bench.Core.Ledger[account, 0].CashRaw);
            int desk = bench.Fix.Logon("DESK");
            Assert.Equal(["rest New/New cum 0 left 7", "rest Cancelled/Cancelled cum 0 left 0"], bench.Fix.Told(desk));
            bench.Act();
            bench.Fix.New(desk, "take", 0, Side.Buy, 1_100_000, 10);
            bench.Fix.New(desk, "rest", 0, Side.Buy, 1_100_000, 7, possibleResend: true);
            bench.Act();
            Assert.Equal(6, bench.Fix.Reports[^2].Report.RejectReason);
            Assert.Equal(ExecutionKind.Status, bench.Fix.Reports[^1].Report.Kind);
            Assert.Equal(10, bench.Core.Ledger[account, 0].PositionUnits);
            AssertOneInstrumentConserved(bench.Core.Ledger, 0);
        }
    }

    [Fact]
    public void A_torn_record_is_dropped_and_a_damaged_one_before_others_is_an_error()
    {
        VenueOptions options = Quiet(Options()) with { StateDirectory = _folder };
        using (var bench = new Bench(options))
        {
            int desk = bench.Fix.Logon("DESK");
            bench.Act();
            bench.Fix.New(desk, "1", 0, Side.Buy, 900_000, 1);
            bench.Act();
        }
        string log = Path.Combine(_folder, "clients.log");
        byte[] whole = File.ReadAllBytes(log);
        Assert.Equal(0, whole.Length % ClientRecord.SizeBytes);
        for (int cut = 1; cut < ClientRecord.SizeBytes; cut += 17)
        {
            File.WriteAllBytes(log, whole[..^cut]);
            using var file = new ClientLog(log, out ClientRecord[] records);
            Assert.Equal(whole.Length / ClientRecord.SizeBytes - 1, records.Length);
        }
        whole[ClientRecord.SizeBytes + 40] ^= 1;
        File.WriteAllBytes(log, whole);
        var error = Assert.Throws<InvalidDataException>(() => new ClientLog(log, out _));
        Assert.Contains($"byte {ClientRecord.SizeBytes} ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_statement_says_what_the_ledger_says()
    {
        using var bench = new Bench(Quiet(Options()));
        int desk = bench.Fix.Logon("DESK");
        bench.Act();
        Assert.True(bench.Core.TryTop(0, out _, out long ask));
        bench.Fix.New(desk, "1", 0, Side.Buy, ask, 5, TimeInForce.ImmediateOrCancel);
        bench.Act();
        string path = Path.Combine(_folder, "statement.json");
        File.WriteAllText(path, "an older one");
        StatementFile.Write(path, bench.Core.Ledger, "embedded", "duration", final: true, Start);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(path));
        JsonElement account = json.RootElement.GetProperty("accounts").EnumerateArray().Single(a => a.GetProperty("name").GetString() == "DESK");
        JsonElement position = account.GetProperty("positions").EnumerateArray().Single(p => p.GetProperty("symbol").GetString() == "ACME");
        Assert.Equal(5, position.GetProperty("quantityUnits").GetInt64());
        Assert.Equal(-5 * (ask / 10_000m), position.GetProperty("cash").GetDecimal());
        Assert.Equal(bench.Core.Ledger.FeesOf(bench.Core.Ledger.Open("DESK"), 0), position.GetProperty("fees").GetDecimal());
        Assert.Equal(1, account.GetProperty("orders").GetInt64());
        Assert.False(File.Exists(path + ".tmp"));
    }

    [Fact]
    public void The_fundamental_has_the_stated_volatility()
    {
        // 60 s at 2 kHz and σ = 5: the standard deviation of the log price is 5·√(60 s / year) = 0.69 %; over 64 seeds its estimate errs by 9 %.
        double sum = 0;
        const int seeds = 64;
        for (ulong seed = 0; seed < seeds; seed++)
        {
            var options = Options(seed + 100) with { OpensOnLogon = false, BackgroundRateHz = 200 };
            using var core = new VenueCore(options, new NullSink(), Start);
            for (long now = 0; now <= 60_000_000_000; now += 50_000_000) core.Advance(now, Start + now);
            Assert.True(core.TryTop(0, out long bid, out long ask));
            double move = Math.Log((bid + ask) / 2.0 / 1_000_000);
            sum += move * move;
        }
        double expected = 5 * Math.Sqrt(60 / (365.25 * 86_400));
        Assert.InRange(Math.Sqrt(sum / seeds) / expected, 0.7, 1.3);
    }

    private sealed class NullSink : IDatagramSink
    {
        public void Send(ReadOnlySpan<byte> datagram) { }
    }
}
