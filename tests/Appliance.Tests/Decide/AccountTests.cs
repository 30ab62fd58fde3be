using Appliance.Contract;
using Appliance.Flow.Accounts;
using Appliance.Risk;
using Appliance.Strategy.Policies;
using Appliance.TestKit;
using Appliance.Tests.Gates;

namespace Appliance.Tests.Decide;

/// <summary>The account against sums in decimal and statistics in two passes, both written from the definitions.</summary>
public class AccountTests
{
    private const long Start = GateBench.Start, Second = GateBench.Second;
    private static readonly FeeSchedule CoinFees = new(-0.25, 4.5);
    private static readonly FeeSchedule ShareFees = new(0, 0) { MakerPerOne = -0.002m, TakerPerOne = 0.003m };

    private static Account TwoPortfolios() => new([GateBench.Share, GateBench.Coin], [ShareFees, CoinFees], [new("shares", 0), new("coins", 2)]);

    private static ExecutionEffect Fill(ushort instrument, ushort portfolio, Side side, long units, long price, bool added = false, long time = Start, long twiceMid = 0, bool first = true) => new()
    {
        IsKnown = true, Instrument = instrument, Portfolio = portfolio, Side = side, FilledUnits = units, PriceUnits = price, AddedLiquidity = added, TimeUtcNs = time,
        DecisionTwiceMidUnits = twiceMid, IsFirstFill = first,
    };

    [Theory]
    [InlineData(11), InlineData(12), InlineData(13)]
    public void Position_cash_and_fees_equal_decimal_sums_exactly(int seed)
    {
        var random = new Random(seed);
        Account account = TwoPortfolios();
        decimal[] cash = new decimal[3], fees = new decimal[3], volume = new decimal[3];
        long[] position = new long[3];
        for (int i = 0; i < 3_000; i++)
        {
            bool isCoin = random.Next(2) == 0;
            ushort instrument = isCoin ? (ushort)2 : (ushort)0;
            InstrumentDefinition definition = isCoin ? GateBench.Coin : GateBench.Share;
            long price = isCoin ? 60_000_00000000 + random.NextInt64(-1_000_00000000, 1_000_00000000) : random.NextInt64(900_000, 1_100_000);
            long units = isCoin ? random.NextInt64(1, 5_00000000) : random.NextInt64(1, 500);
            Side side = random.Next(2) == 0 ? Side.Buy : Side.Sell;
            bool added = random.Next(2) == 0;
            account.OnExecution(Fill(instrument, (ushort)(isCoin ? 1 : 0), side, units, price, added));

            decimal p = (decimal)price / definition.PriceUnitsPerOne, q = (decimal)units / definition.QuantityUnitsPerOne;
            cash[instrument] -= (side == Side.Buy ? 1 : -1) * p * q;
            decimal fee = isCoin ? p * q * (added ? -0.25m : 4.5m) / 10_000m : q * (added ? -0.002m : 0.003m);
            fees[instrument] += Math.Round(fee, 8, MidpointRounding.AwayFromZero);
            position[instrument] += side == Side.Buy ? units : -units;
        }
        foreach (int instrument in new[] { 0, 2 })
        {
            Assert.Equal(position[instrument], account.Ledger(instrument).PositionUnits);
            Assert.Equal(cash[instrument], account.CashOf(instrument));
            Assert.Equal(fees[instrument], account.FeesOf(instrument));
            ref readonly InstrumentLedger ledger = ref account.Ledger(instrument);
            Assert.Equal(ledger.CashRaw, ledger.RealisedRaw - ledger.OpenCostRaw);
        }
        Assert.Equal(account.Ledger(2).CashRaw, account[1].Ledger.CashRaw);
    }

    [Fact]
    public void Fees_round_halves_away_from_zero_on_both_sides()
    {
        // One basis point of 0.00025 is 2.5 × 10^-8: exactly half between two money units.
        InstrumentDefinition fine = new(0, "F", 100_000_000, 1, 1, 1, 1);
        Assert.Equal(3, new FeeSchedule(0, 1).For(fine).OfFill(25_000, 1, addedLiquidity: false));
        Assert.Equal(-3, new FeeSchedule(-1, 0).For(fine).OfFill(25_000, 1, addedLiquidity: true));
        Assert.Equal(2, new FeeSchedule(0, 1).For(fine).OfFill(24_999, 1, addedLiquidity: false));
        Assert.Equal(0, FeeSchedule.None.For(fine).OfFill(25_000, 1_000_000, addedLiquidity: false));
    }

    [Fact]
    public void Fees_count_the_contract_size_and_refuse_what_they_cannot_represent()
    {
        InstrumentDefinition mini = new(0, "M", 100, 1, 1, 1, 0.1);
        // 5 contracts of 0.1 at 2,000.00 are 1,000.00; five basis points of it are 0.50.
        Assert.Equal(50_000_000, new FeeSchedule(0, 5).For(mini).OfFill(200_000, 5, addedLiquidity: false));
        Assert.Throws<ArgumentException>(() => new FeeSchedule(0, 0.005).For(mini));
        Assert.Throws<ArgumentException>(() => new FeeSchedule(0, double.NaN).For(mini));
        Assert.Throws<ArgumentException>(() => new FeeSchedule { MakerPerOne = 0.000000001m }.For(mini));
    }

    [Fact]
    public void Realised_and_unrealised_by_average_cost()
    {
        Account account = TwoPortfolios();
        PortfolioAccount shares = account[0];
        shares.Mark(Start, 0, 0, 100, new HedgeTarget(0, -1e9, 1e9));
        account.OnExecution(Fill(0, 0, Side.Buy, 100, 1_000_000));
        account.OnExecution(Fill(0, 0, Side.Buy, 100, 1_020_000));
        account.OnExecution(Fill(0, 0, Side.Sell, 50, 1_050_000));
        shares.Mark(Start + 1, 0, 0, 104, new HedgeTarget(0, -1e9, 1e9));
        // Average cost 101: sold 50 at 105 makes 200; 150 at 104 are worth 450 more than they cost.
        Assert.Equal(200, shares.RealisedPnl, 9);
        Assert.Equal(450, shares.UnrealisedPnl, 9);
        // Through zero to the short side: 150 at 104 make 450, the other 50 open at 104.
        account.OnExecution(Fill(0, 0, Side.Sell, 200, 1_040_000));
        Assert.Equal(650, shares.RealisedPnl, 9);
        Assert.Equal(-50, shares.PositionUnits);
        shares.Mark(Start + 2, 0, 0, 103, new HedgeTarget(0, -1e9, 1e9));
        Assert.Equal(50, shares.UnrealisedPnl, 9);
        Assert.Equal(shares.RealisedPnl + shares.UnrealisedPnl - shares.Fees, shares.Pnl, 9);
    }

    [Fact]
    public void Costs_are_fees_and_the_way_from_the_mid_at_decision()
    {
        Account account = TwoPortfolios();
        PortfolioAccount shares = account[0];
        shares.Mark(Start, 1_000, 0, 100, default);
        // Decided at mid 100.00, bought 200 at 100.02: 4.00 of crossing and 0.60 of fees.
        account.OnExecution(Fill(0, 0, Side.Buy, 200, 1_000_200, twiceMid: 2_000_000));
        shares.Mark(Start + 1, 990, 0, 100.05, default);
        Assert.Equal(0.60, shares.Fees, 9);
        Assert.Equal(4.60, shares.Costs, 9);
        Assert.Equal(-10, shares.OptionPnl, 9);
        Assert.Equal(10, shares.HedgePnl, 9);
        Assert.Equal(-4.60, shares.Pnl, 9);
        Assert.Equal(1, shares.Rebalances);
    }

    [Fact]
    public void An_opening_position_begins_at_the_first_mid()
    {
        Account account = new([GateBench.Share], [ShareFees], [new("shares", 0, -300)]);
        account[0].Mark(Start, 500, 0, 100, default);
        account[0].Mark(Start + 1, 500, 0, 99, default);
        Assert.Equal(300, account[0].HedgePnl, 9);
        Assert.Equal(300, account[0].UnrealisedPnl, 9);
        Assert.Equal(-300, account.Ledger(0).PositionUnits);
    }

    [Fact]
    public void A_busted_trade_undoes_cash_position_and_fee()
    {
        Account account = TwoPortfolios();
        account.OnExecution(Fill(2, 1, Side.Buy, 3_33333333, 60_001_23000000));
        account.OnExecution(Fill(2, 1, Side.Buy, -3_33333333, 60_001_23000000));
        Assert.Equal((0L, Int128.Zero, Int128.Zero), (account.Ledger(2).PositionUnits, account.Ledger(2).CashRaw, account.Ledger(2).FeesMoneyUnits));
    }

    [Fact]
    public void A_fill_of_nobodys_order_goes_to_the_first_portfolio_of_its_instrument()
    {
        Account account = new([GateBench.Share, GateBench.Other], [ShareFees, ShareFees], [new("a", 0), new("b", 0)]);
        account.OnExecution(Fill(0, ExecutionEffect.NoPortfolio, Side.Sell, 10, 1_000_000));
        account.OnExecution(Fill(1, ExecutionEffect.NoPortfolio, Side.Sell, 10, 1_000_000));
        account.OnExecution(Fill(9, ExecutionEffect.NoPortfolio, Side.Sell, 10, 1_000_000));
        Assert.Equal((-10L, 0L), (account[0].PositionUnits, account[1].PositionUnits));
        Assert.Equal((-10L, 1L), (account.Ledger(1).PositionUnits, account.ForeignFills));
    }

    [Theory]
    [InlineData(21), InlineData(22)]
    public void Increments_delta_and_band_against_two_passes_over_the_whole_path(int seed)
    {
        var random = new Random(seed);
        Account account = TwoPortfolios();
        PortfolioAccount shares = account[0];
        long now = Start + 123_456_789;
        double mid = 100, value = 5_000;
        var hedgedAt = new SortedDictionary<long, double>();
        var unhedgedAt = new SortedDictionary<long, double>();
        var spans = new List<(double Ns, double AbsDelta, bool InBand)>();
        double hedged = 0, unhedged = 0, delta = 0, deltaMax = 0;
        HedgeTarget target = default;
        long last = now, firstSecond = now / Second;
        void Pass(long to)
        {
            if (to > last) spans.Add((to - last, Math.Abs(delta + shares.HedgeUnits), shares.HedgeUnits >= target.LowerUnits - 5 && shares.HedgeUnits <= target.UpperUnits + 5));
            // Whole seconds between keep the value that stood.
            for (long s = last / Second + 1; s <= to / Second; s++) (hedgedAt[s], unhedgedAt[s]) = (hedged, unhedged);
            last = to;
        }
        for (int i = 0; i < 2_000; i++)
        {
            now += random.Next(10) == 0 ? random.NextInt64(5 * Second) : random.NextInt64(Second / 5);
            if (i == 0) last = now;
            if (i > 0) Pass(now);
            if (i == 0) firstSecond = now / Second;
            mid += (random.NextDouble() - 0.5) * 0.02;
            value += (random.NextDouble() - 0.5) * 20;
            delta = (random.NextDouble() - 0.5) * 100;
            target = new HedgeTarget(-delta, -delta - 10, -delta + 10);
            shares.Mark(now, value, delta, mid, in target);
            deltaMax = Math.Max(deltaMax, Math.Abs(delta + shares.HedgeUnits));
            (hedged, unhedged) = (shares.Pnl, shares.OptionPnl);
            if (random.Next(3) == 0)
            {
                now += random.NextInt64(Second);
                Pass(now);
                account.OnExecution(Fill(0, 0, random.Next(2) == 0 ? Side.Buy : Side.Sell, random.Next(1, 5) * 10, (long)(mid * 10_000), time: now, twiceMid: (long)(mid * 20_000)));
                hedged = shares.Pnl;
                deltaMax = Math.Max(deltaMax, Math.Abs(delta + shares.HedgeUnits));
            }
        }
        double[] increments = Increments(hedgedAt.Values), plain = Increments(unhedgedAt.Values);
        Assert.Equal(increments.Length, shares.Seconds);
        Assert.Equal(Deviation(increments), shares.HedgedPnlStdDev, 9);
        Assert.Equal(Deviation(plain), shares.UnhedgedPnlStdDev, 9);
        Assert.Equal(increments.Average(), shares.HedgedPnlMean, 9);
        double time = spans.Sum(s => s.Ns);
        Assert.Equal(spans.Sum(s => s.Ns * s.AbsDelta) / time, shares.AbsDeltaMean, 9);
        Assert.Equal(spans.Where(s => s.InBand).Sum(s => s.Ns) / time, shares.ShareOfTimeInBand, 9);
        Assert.Equal(deltaMax, shares.AbsDeltaMax, 9);
    }

    private static double[] Increments(IEnumerable<double> levels)
    {
        var result = new List<double>();
        double before = 0;
        foreach (double level in levels) { result.Add(level - before); before = level; }
        return [.. result];
    }

    private static double Deviation(double[] values)
    {
        double mean = values.Average();
        return Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (values.Length - 1));
    }

    [Fact]
    public void Marks_and_fills_allocate_nothing()
    {
        Account account = TwoPortfolios();
        Run(account, 1_000);
        using var pause = new CollectorPause();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Run(account, 100_000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        GC.KeepAlive(TwoPortfolios());
        Assert.True(GC.GetAllocatedBytesForCurrentThread() > before, "the control allocated an account and was not seen");
    }

    private static void Run(Account account, int rounds)
    {
        for (int i = 0; i < rounds; i++)
        {
            long now = Start + i * 10_000_000L;
            account[1].Mark(now, i % 17, 0.1 * (i % 5), 60_000 + i % 100, new HedgeTarget(0, -1, 1));
            account.OnExecution(Fill(2, 1, i % 2 == 0 ? Side.Buy : Side.Sell, 1_000_000 + i, 60_000_00000000 + i, time: now));
        }
    }
}
