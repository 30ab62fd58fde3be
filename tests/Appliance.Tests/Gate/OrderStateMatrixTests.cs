using Appliance.Contract;
using Appliance.Fix;
using Appliance.Risk;
using static Appliance.Tests.Gates.GateBench;

namespace Appliance.Tests.Gates;

/// <summary>
/// The order state change matrices of FIX 4.4 (volume 4, appendix D): each row is a message with the OrdStatus, OrderQty, CumQty and LeavesQty that the matrix gives, and after each row the order
/// table has to agree with the row. Quantities are the matrices' own; letters name our requests (X the order, Y and Z the changes), as there. The numbers of the matrices are in the cases' names.
/// </summary>
public class OrderStateMatrixTests
{
    // Requests: "new X 10000", "cancel Y", "replace Y 11000". Reports: id, ExecType, OrdStatus, OrderQty, CumQty, LeavesQty. Refusals: "refuse Y OrdStatus CumQty LeavesQty" as the matrix has it after them.
    public static TheoryData<string, string> Matrices => new()
    {
        { "D1 filled order", "new X 10000; X A A 10000 0 10000; X 0 0 10000 0 10000; X F 1 10000 2000 8000; X F 1 10000 3000 7000; X F 2 10000 10000 0" },
        { "D2 part-filled day order, done for day", "new X 10000; X 0 0 10000 0 10000; X F 1 10000 2000 8000; X F 1 10000 3000 7000; X 3 3 10000 3000 0" },
        { "D3 cancel of a zero-filled order", "new X 10000; X 0 0 10000 0 10000; cancel Y; Y 6 6 10000 0 10000; Y 4 4 10000 0 0" },
        { "D4 cancel of a part-filled order, executions occur meanwhile", "new X 10000; X 0 0 10000 0 10000; X F 1 10000 2000 8000; cancel Y; X F 1 10000 5000 5000; Y 6 6 10000 5000 5000; X F 6 10000 6000 4000; Y 4 4 10000 6000 0" },
        { "D5 cancel of an order that fills before it can be accepted", "new X 10000; X 0 0 10000 0 10000; X F 1 10000 2000 8000; cancel Y; X F 1 10000 5000 5000; X F 2 10000 10000 0; refuse Y 2 10000 0" },
        { "D6 cancel of an order that has not been acknowledged", "new X 10000; cancel Y; X A A 10000 0 10000; Y 6 6 10000 0 10000; Y 4 4 10000 0 0" },
        { "D7 acknowledgement and cancel cross", "new X 10000; cancel Y; X 0 0 10000 0 10000; Y 6 6 10000 0 10000; Y 4 4 10000 0 0" },
        { "D8 cancel of an order unknown to the venue", "new X 10000; cancel Y; refuse Y 8 0 0" },
        { "D9 zero-filled order, replace to increase", "new X 10000; X 0 0 10000 0 10000; replace Y 11000; Y E E 10000 0 10000; Y 5 0 11000 0 11000; Y F 1 11000 1000 10000; Y F 1 11000 3000 8000" },
        { "D10 part-filled order, replace to increase, execution while pending", "new X 10000; X 0 0 10000 0 10000; X F 1 10000 1000 9000; replace Y 12000; Y E E 10000 1000 9000; X F E 10000 1100 8900; Y 5 1 12000 1100 10900; Y F 2 12000 12000 0" },
        { "D11 filled order, replace to increase", "new X 10000; X 0 0 10000 0 10000; replace Y 12000; X F 2 10000 10000 0; Y E E 10000 10000 0; Y 5 1 12000 10000 2000; Y F 2 12000 12000 0" },
        { "D12 replace is refused since the order has filled", "new X 10000; X 0 0 10000 0 10000; X F 1 10000 1000 9000; replace Y 10000; X F 2 10000 10000 0; refuse Y 2 10000 0" },
        { "D13 replace to decrease, execution before it is accepted", "new X 10000; X 0 0 10000 0 10000; X F 1 10000 1000 9000; replace Y 8000; X F 1 10000 1500 8500; Y E E 10000 1500 8500; X F E 10000 1600 8400; Y 5 1 8000 1600 6400; Y F 2 8000 8000 0" },
        { "D14 replace to decrease below what fills meanwhile: the order is filled", "new X 10000; X 0 0 10000 0 10000; X F 1 10000 1000 9000; replace Y 8000; X F 1 10000 8000 2000; Y E E 10000 8000 2000; Y 5 2 8000 8000 0" },
        { "D15 the same with one more fill while pending", "new X 10000; X 0 0 10000 0 10000; replace Y 8000; X F 1 10000 6000 4000; Y E E 10000 6000 4000; X F E 10000 9000 1000; Y 5 2 9000 9000 0" },
        { "D16 two replaces, one after the other", "new X 10000; X 0 0 10000 0 10000; X F 1 10000 1000 9000; replace Y 8000; Y E E 10000 1000 9000; Y 5 1 8000 1000 7000; replace Z 6000; Z E E 8000 1000 7000; Z 5 1 6000 1000 5000; Z F 2 6000 6000 0" },
        { "D17 a replace refused at once, another accepted", "new X 10000; X 0 0 10000 0 10000; X F 1 10000 1000 9000; replace Y 8000; refuse Y 1 1000 9000; X F 1 10000 1500 8500; replace Z 6000; Z E E 10000 1500 8500; Z 5 1 6000 1500 4500; Z F 1 6000 5000 1000" },
        { "D18 a replace refused when pending, another accepted", "new X 10000; X 0 0 10000 0 10000; X F 1 10000 1000 9000; replace Y 8000; Y E E 10000 1000 9000; refuse Y 1 1000 9000; X F 1 10000 1500 8500; replace Z 6000; Z E E 10000 1500 8500; Z 5 1 6000 1500 4500" },
        { "D22 an order acknowledged by its fill", "new X 10000; X F 1 10000 2000 8000; X F 2 10000 10000 0" },
        { "D23 unsolicited cancel of a part-filled order", "new X 10000; X 0 0 10000 0 10000; X F 1 10000 5000 5000; X 4 4 10000 5000 0" },
        { "D25 unsolicited reduction of the quantity", "new X 10000; X 0 0 10000 0 10000; X F 1 10000 1000 9000; X D 1 9000 1000 8000; X F 1 9000 2000 7000" },
        { "D26 rejected", "new X 10000; X 8 8 10000 0 0" },
        { "D29 status of an order that is unknown", "new X 10000; X I 8 0 0 0" },
        { "D31 status requests during the order's life", "new X 10000; X A A 10000 0 10000; X I A 10000 0 10000; X 0 0 10000 0 10000; X I 0 10000 0 10000; X F 1 10000 2000 8000; X I 1 10000 2000 8000; X F 2 10000 10000 0; X I 2 10000 10000 0" },
        { "D32 good till cancel, restated on the next day", "new X 10000; X 0 0 10000 0 10000; X F 1 10000 2000 8000; X 3 3 10000 2000 0; X D 1 10000 2000 8000; X F 1 10000 3000 7000; X F 2 10000 10000 0" },
        { "D34 good till cancel, restated and cancelled on the next day", "new X 10000; X 0 0 10000 0 10000; X F 1 10000 2000 8000; X 3 3 10000 2000 0; X D 1 10000 2000 8000; cancel Y; Y 6 6 10000 2000 8000; Y 4 4 10000 2000 0" },
        { "D35 good till cancel, restated and replaced", "new X 10000; X 0 0 10000 0 10000; X F 1 10000 2000 8000; X 3 3 10000 2000 0; X D 1 10000 2000 8000; replace Y 15000; Y E E 10000 2000 8000; Y 5 1 15000 2000 13000; Y F 1 15000 3000 12000" },
        { "D36 fill or kill that cannot be filled", "new X 10000; X 0 0 10000 0 10000; X 4 4 10000 0 0" },
        { "D37 immediate or cancel that is hit in part", "new X 10000; X 0 0 10000 0 10000; X F 1 10000 1000 9000; X 4 4 10000 1000 0" },
        { "D38 filled order, an execution corrected and one cancelled", "new X 10000; X 0 0 10000 0 10000; X F 1 10000 1000 9000; X F 2 10000 10000 0; X G 1 10000 9800 200; X H 1 10000 800 9200; X F 2 10000 10000 0" },
        { "D39 a cancelled order, an execution busted and a new one", "new X 10000; X 0 0 10000 0 10000; X F 1 10000 5000 5000; cancel Y; Y 4 4 10000 5000 0; X H 4 10000 0 0; X F 4 10000 4000 0" },
        { "D40 good till cancel, corrections on the next day", "new X 10000; X 0 0 10000 0 10000; X F 1 10000 2000 8000; X 3 3 10000 2000 0; X D 1 10000 2000 8000; X G 1 10000 1500 8500; X F 1 10000 2500 7500" },
        { "stopped, then filled", "new X 10000; X 0 0 10000 0 10000; X 7 7 10000 0 10000; X F 2 10000 10000 0" },
        { "suspended, triggered and calculated change no quantity", "new X 10000; X 0 0 10000 0 10000; X 9 9 10000 0 10000; X L 0 10000 0 10000; X F 2 10000 10000 0; X B B 10000 10000 0" },
        { "expired with a part filled", "new X 10000; X 0 0 10000 0 10000; X F 1 10000 400 9600; X C C 10000 400 0" },
        { "a clearing hold after a lost fill makes it good", "new X 10000; X 0 0 10000 0 10000; X J 1 10000 3000 7000; X K 1 10000 3000 7000; X F 2 10000 10000 0" },
    };

    [Theory]
    [MemberData(nameof(Matrices))]
    public void The_table_agrees_with_every_row(string name, string rows)
    {
        var bench = new GateBench(Limits with
        {
            DuplicateWindowNs = 0, MaxMessagesPerWindow = 1_000,
            Instruments = [.. Limits.Instruments.Select(l => l with { MaxQuantityUnits = 1_000_000, MaxPositionUnits = 1_000_000, MaxNotional = 1e9m })],
        });
        var requests = new Dictionary<string, ApprovedOrder>();
        foreach (string row in rows.Split(';', StringSplitOptions.TrimEntries))
        {
            string[] f = row.Split(' ');
            switch (f[0])
            {
                case "new": requests[f[1]] = bench.New(long.Parse(f[2]), tif: TimeInForce.GoodTillCancel); continue;
                case "cancel": requests[f[1]] = bench.Cancel(requests.Values.Last()); continue;
                case "replace": requests[f[1]] = bench.Amend(requests["X"], long.Parse(f[2])); continue;
            }
            bool isRefusal = f[0] == "refuse";
            ulong id = requests[isRefusal ? f[1] : f[0]].ClientOrderId;
            char status = (isRefusal ? f[2] : f[2])[0];
            (long total, long cumulative, long leaves) = isRefusal ? (0, long.Parse(f[3]), long.Parse(f[4])) : (long.Parse(f[3]), long.Parse(f[4]), long.Parse(f[5]));
            ExecutionKind kind = isRefusal ? requests[f[1]].Kind == OrderRequestKind.Cancel ? ExecutionKind.CancelRejected : ExecutionKind.AmendRejected : Kinds[f[1][0]];
            long before = bench.Record(requests["X"]).CumulativeQuantityUnits;
            bench.Report(id, kind, isRefusal ? 0 : cumulative, kind == ExecutionKind.Restated ? total : Math.Max(0, cumulative - before), status: Statuses[status]);

            OrderRecord record = bench.Record(requests["X"]);
            string where = $"{name}, row \"{row}\"";
            Assert.True(record.CumulativeQuantityUnits == cumulative, $"{where}: CumQty {record.CumulativeQuantityUnits}");
            Assert.True(record.LeavesUnits == leaves, $"{where}: LeavesQty {record.LeavesUnits}");
            Assert.True(record.IsDone == (leaves == 0), $"{where}: {record.State}");
            Assert.Equal(cumulative, bench.Exposure().PositionUnits);
            // What works counts in full, what is pending as the larger of both.
            Assert.True(bench.Exposure().WorkingBuyUnits >= leaves, where);
            Assert.Equal(leaves == 0 ? 0 : 1, bench.Orders.LiveCount);
        }
    }

    /// <summary>ExecType (150), written from the FIX 4.4 and 5.0 SP2 field lists and not from our codec.</summary>
    internal static readonly Dictionary<char, ExecutionKind> Kinds = new()
    {
        ['0'] = ExecutionKind.New, ['3'] = ExecutionKind.DoneForDay, ['4'] = ExecutionKind.Cancelled, ['5'] = ExecutionKind.Replaced, ['6'] = ExecutionKind.PendingCancel, ['7'] = ExecutionKind.Stopped,
        ['8'] = ExecutionKind.Rejected, ['9'] = ExecutionKind.Suspended, ['A'] = ExecutionKind.PendingNew, ['B'] = ExecutionKind.Calculated, ['C'] = ExecutionKind.Expired, ['D'] = ExecutionKind.Restated,
        ['E'] = ExecutionKind.PendingReplace, ['F'] = ExecutionKind.Trade, ['G'] = ExecutionKind.TradeCorrected, ['H'] = ExecutionKind.TradeCancelled, ['I'] = ExecutionKind.Status,
        ['J'] = ExecutionKind.TradeHeld, ['K'] = ExecutionKind.TradeReleased, ['L'] = ExecutionKind.Triggered, ['M'] = ExecutionKind.Locked, ['N'] = ExecutionKind.Released,
    };

    /// <summary>OrdStatus (39), likewise.</summary>
    internal static readonly Dictionary<char, OrderStatus> Statuses = new()
    {
        ['0'] = OrderStatus.New, ['1'] = OrderStatus.PartiallyFilled, ['2'] = OrderStatus.Filled, ['3'] = OrderStatus.DoneForDay, ['4'] = OrderStatus.Cancelled, ['5'] = OrderStatus.Replaced,
        ['6'] = OrderStatus.PendingCancel, ['7'] = OrderStatus.Stopped, ['8'] = OrderStatus.Rejected, ['9'] = OrderStatus.Suspended, ['A'] = OrderStatus.PendingNew, ['B'] = OrderStatus.Calculated,
        ['C'] = OrderStatus.Expired, ['D'] = OrderStatus.AcceptedForBidding, ['E'] = OrderStatus.PendingReplace,
    };

    [Fact]
    public void Every_kind_and_status_of_the_contract_has_its_code_and_the_codec_knows_it()
    {
        Assert.All(Kinds, k => Assert.Equal((k.Value, (byte)k.Key), (FixEnums.ExecutionKindOf((byte)k.Key), FixEnums.ExecTypeCode(k.Value))));
        Assert.All(Statuses, s => Assert.Equal((s.Value, (byte)s.Key), (FixEnums.StatusOf((byte)s.Key), FixEnums.StatusCode(s.Value))));
        ExecutionKind[] refusals = [ExecutionKind.None, ExecutionKind.CancelRejected, ExecutionKind.AmendRejected, ExecutionKind.BusinessRejected, ExecutionKind.SessionRejected];
        Assert.Equal(Enum.GetValues<ExecutionKind>().Except(refusals).Order(), Kinds.Values.Order());
        Assert.Equal(Enum.GetValues<OrderStatus>().Where(s => s != OrderStatus.Unknown).Order(), Statuses.Values.Order());
    }

    /// <summary>Whatever comes in whatever order, position and working quantity stay what the record says, and nothing is live that is done.</summary>
    [Fact]
    public void No_report_in_no_state_breaks_the_sums()
    {
        var random = new Random(11);
        for (int round = 0; round < 300; round++)
        {
            var bench = new GateBench(Limits with { DuplicateWindowNs = 0, MaxMessagesPerWindow = 1_000, Instruments = [.. Limits.Instruments.Select(l => l with { MaxPositionUnits = 100_000 })] });
            ApprovedOrder order = bench.New(100);
            ulong[] ids = [order.ClientOrderId, 0, 0];
            for (int step = 0; step < 30; step++)
            {
                if (random.Next(5) == 0 && bench.TryAmend(in order, random.Next(1, 30) * 10, 1_000_000, out ApprovedOrder amend) == GateVerdict.Approved) ids[1] = amend.ClientOrderId;
                if (random.Next(8) == 0 && bench.TryCancel(order.ClientOrderId, out ApprovedOrder cancel) == GateVerdict.Approved) ids[2] = cancel.ClientOrderId;
                ulong id = ids[random.Next(3)];
                ExecutionKind kind = Enum.GetValues<ExecutionKind>()[random.Next(Enum.GetValues<ExecutionKind>().Length)];
                OrderStatus status = Enum.GetValues<OrderStatus>()[random.Next(Enum.GetValues<OrderStatus>().Length)];
                if (id != 0) bench.Report(id, kind, random.Next(0, 15) * 10, random.Next(0, 20) * 10, status: status, flags: random.Next(4) == 0 ? EventFlags.PossibleDuplicate : 0);
                OrderRecord record = bench.Record(in order);
                Assert.Equal(record.CumulativeQuantityUnits, bench.Exposure().PositionUnits);
                Assert.Equal(record.ExposureUnits, bench.Exposure().WorkingBuyUnits);
                Assert.Equal(record.IsDone ? 0 : 1, bench.Orders.LiveCount);
                Assert.True(record.ExposureUnits >= record.LeavesUnits);
            }
        }
    }
}
