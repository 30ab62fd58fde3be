using Appliance.Contract;
using Appliance.Fix;
using Xunit.Abstractions;

namespace Appliance.Tests.Fix;

/// <summary>Our record of executions against the venue's copy: what agrees, what differs and when that is said, and a model that does the same with dictionaries.</summary>
public class DropCopyMonitorTests(ITestOutputHelper output)
{
    private const long Bound = 1_000;

    private readonly DropCopyMonitor _monitor = new(16, Bound);

    private static SeenExecution Execution(ulong key, long price = 100, long quantity = 10) => new() { Key = key, OrderKey = 7, PriceUnits = price, QuantityUnits = quantity, Side = Side.Buy, Kind = ExecutionKind.Trade };

    private DropCopyCounters Counters => _monitor.Counters;

    [Fact]
    public void What_both_records_have_agrees_whichever_comes_first()
    {
        _monitor.OnCopySession(true, 0);
        _monitor.OnOurs(Execution(1), 0);
        _monitor.OnCopy(Execution(1), 500);
        _monitor.OnCopy(Execution(2), 500);
        _monitor.OnOurs(Execution(2), 600);
        _monitor.OnOurs(Execution(2), 700);
        _monitor.OnCopy(Execution(1), 700);
        _monitor.Turn(100_000);
        Assert.Equal((2L, 2L, 2L, 2L, 0L, 0L, 0L), (Counters.Ours, Counters.Copies, Counters.Matched, Counters.Repeated, _monitor.Differences, Counters.Open, Counters.Pending));
    }

    [Fact]
    public void A_fill_that_we_do_not_know_is_said_at_the_bound_and_not_before()
    {
        _monitor.OnCopy(Execution(1), 0);
        _monitor.Turn(Bound - 1);
        Assert.Equal((0L, 1L), (Counters.UnknownToUs, Counters.Pending));
        // Also while no session is up: that is when it matters.
        _monitor.Turn(Bound);
        Assert.Equal((1L, 1L, 0L), (Counters.UnknownToUs, Counters.Open, Counters.Pending));
        Assert.Equal(CopyDifference.UnknownToUs, _monitor.Found[0].Kind);
        _monitor.OnOurs(Execution(1), 5_000);
        Assert.Equal((1L, 0L, 1L, 1L), (Counters.UnknownToUs, Counters.Open, Counters.ResolvedLate, Counters.Matched));
    }

    [Fact]
    public void A_fill_that_the_copy_lacks_is_said_at_the_bound_of_a_session_that_is_up()
    {
        _monitor.OnOurs(Execution(1), 0);
        _monitor.Turn(100 * Bound);
        Assert.Equal(0, Counters.MissingInCopy);
        _monitor.OnCopySession(true, 200 * Bound);
        _monitor.Turn(201 * Bound - 1);
        Assert.Equal(0, Counters.MissingInCopy);
        _monitor.Turn(201 * Bound);
        Assert.Equal((1L, 1L), (Counters.MissingInCopy, Counters.Open));
        // Down again, the next waits.
        _monitor.OnOurs(Execution(2), 202 * Bound);
        _monitor.OnCopySession(false, 202 * Bound);
        _monitor.Turn(300 * Bound);
        Assert.Equal(1, Counters.MissingInCopy);
    }

    [Theory]
    [InlineData(101, 10), InlineData(100, 11)]
    public void Other_terms_are_said_at_once_and_stay(long price, long quantity)
    {
        _monitor.OnOurs(Execution(1), 0);
        _monitor.OnCopy(Execution(1, price, quantity), 1);
        Assert.Equal((1L, 1L, 0L), (Counters.Disagreements, Counters.Open, Counters.Matched));
        Assert.Equal((100L, price, 10L, quantity), (_monitor.Found[0].Ours.PriceUnits, _monitor.Found[0].Copy.PriceUnits, _monitor.Found[0].Ours.QuantityUnits, _monitor.Found[0].Copy.QuantityUnits));
        _monitor.OnOurs(Execution(1), 2);
        _monitor.Turn(100 * Bound);
        Assert.Equal((1L, 1L), (_monitor.Differences, Counters.Open));
    }

    [Fact]
    public void Another_side_order_kind_or_instrument_disagrees_too()
    {
        SeenExecution[] others = [Execution(1) with { Side = Side.Sell }, Execution(2) with { OrderKey = 8 }, Execution(3) with { Kind = ExecutionKind.TradeCancelled }, Execution(4) with { Instrument = 1 }];
        foreach (ref readonly SeenExecution other in others.AsSpan())
        {
            _monitor.OnOurs(Execution(other.Key), 0);
            _monitor.OnCopy(in other, 0);
        }
        Assert.Equal(4, Counters.Disagreements);
    }

    [Fact]
    public void What_the_copy_need_not_have_is_matched_if_it_has_it()
    {
        _monitor.OnCopySession(true, 0);
        _monitor.OnOurs(Execution(1), 0, isOptional: true);
        _monitor.OnOurs(Execution(2), 0, isOptional: true);
        _monitor.OnCopy(Execution(2), 1);
        _monitor.Turn(100 * Bound);
        Assert.Equal((1L, 0L, 0L), (Counters.Matched, _monitor.Differences, Counters.Pending));
    }

    [Fact]
    public void What_is_forgotten_before_it_was_judged_is_counted()
    {
        for (ulong i = 0; i < 40; i++) _monitor.OnOurs(Execution(i), 0);
        Assert.Equal((24L, 16L), (Counters.Forgotten, Counters.Pending));
        for (ulong i = 24; i < 40; i++) _monitor.OnCopy(Execution(i), 0);
        Assert.Equal((16L, 0L), (Counters.Matched, Counters.Pending));
    }

    /// <summary>Random executions, some told by one side only, late, twice or with other terms, against dictionaries.</summary>
    [Fact]
    public void A_model_with_dictionaries_counts_the_same()
    {
        int cases = SoakCounts.Full ? 2_000 : 100, seed = SoakCounts.Seed(output, cases);
        for (int c = 0; c < cases; c++)
        {
            var random = new Random(seed + c);
            var monitor = new DropCopyMonitor(1 << 10, Bound);
            var ours = new Dictionary<ulong, (long Price, long At, long JudgedAt)>();
            var copies = new Dictionary<ulong, (long Price, long At, long JudgedAt)>();
            long now = 0, judged = 0;
            monitor.OnCopySession(true, 0);
            for (int i = 0; i < 300; i++)
            {
                now += random.Next(20);
                ulong key = (ulong)random.Next(150);
                long price = 100 + (random.Next(20) == 0 ? 1 : 0);
                if (random.Next(2) == 0)
                {
                    ours.TryAdd(key, (price, now, judged));
                    monitor.OnOurs(Execution(key, price), now);
                }
                else
                {
                    copies.TryAdd(key, (price, now, judged));
                    monitor.OnCopy(Execution(key, price), now);
                }
                monitor.Turn(judged = now);
            }
            now += 10 * Bound;
            monitor.Turn(now);
            // A record that came after a judgement past the bound was a difference once, and is one no more.
            long unknown = copies.Count(x => !ours.TryGetValue(x.Key, out var o) || o.JudgedAt - x.Value.At >= Bound), missing = ours.Count(x => !copies.TryGetValue(x.Key, out var o) || o.JudgedAt - x.Value.At >= Bound);
            long disagree = ours.Count(x => copies.TryGetValue(x.Key, out var o) && o.Price != x.Value.Price), agree = ours.Count(x => copies.TryGetValue(x.Key, out var o) && o.Price == x.Value.Price);
            long open = copies.Keys.Except(ours.Keys).Count() + ours.Keys.Except(copies.Keys).Count() + disagree;
            var counted = monitor.Counters;
            Assert.Equal((disagree, agree, open, 0L), (counted.Disagreements, counted.Matched, counted.Open, counted.Pending));
            Assert.True(counted.UnknownToUs == unknown && counted.MissingInCopy == missing, $"seed {seed + c}: {counted.UnknownToUs} and {unknown} unknown, {counted.MissingInCopy} and {missing} missing");
        }
    }
}
