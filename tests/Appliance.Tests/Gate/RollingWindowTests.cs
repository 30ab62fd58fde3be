using Appliance.Contract;
using Appliance.Risk;
using static Appliance.Tests.Gates.GateBench;

namespace Appliance.Tests.Gates;

/// <summary>What the gate keeps in rings and by hashes, against plain lists that forget nothing; and its multiplication in place of a division against the division.</summary>
public class RollingWindowTests
{
    private static readonly int s_today = (int)(DateTime.UtcNow.Ticks / TimeSpan.TicksPerDay);

    [Fact]
    public void A_rolling_window_counts_as_a_list_does_whatever_the_limit_becomes_meanwhile()
    {
        for (int seed = 1; seed <= 40; seed++) CompareRates(seed);
        CompareRates(s_today);
    }

    private static void CompareRates(int seed)
    {
        var random = new Random(seed);
        long windowNs = random.Next(1, 60);
        var window = new MessageRateWindow(random.Next(0, 30), windowNs);
        var times = new List<long>();
        long now = Start;
        int allowed = random.Next(1, window.Capacity + 1);
        for (int step = 0; step < 3_000; step++)
        {
            // Time stands still, moves a little, jumps to an edge or far beyond.
            now += random.Next(8) switch { < 4 => 0, < 6 => random.Next(4), 6 => windowNs, _ => random.Next(12) == 0 ? 10 * windowNs : 1 };
            switch (random.Next(40))
            {
                case 0: allowed = random.Next(-1, window.Capacity + 1); break;
                case 1: allowed = window.Capacity; break;
                case 2 when random.Next(4) == 0: window.Clear(); times.Clear(); break;
            }
            bool hasRoom = times.Count(t => now - t < windowNs) < allowed;
            Assert.True(hasRoom == window.HasRoom(allowed, now), $"seed {seed} step {step}: {allowed} allowed, {times.Count(t => now - t < windowNs)} in the window");
            // Some go out over the limit, as cancels do.
            if (!hasRoom && random.Next(5) != 0) continue;
            window.Add(now);
            times.Add(now);
        }
    }

    [Fact]
    public void Multiples_are_told_as_by_division()
    {
        var random = new Random(5);
        var divisors = new List<long> { 1, 3, 5, 7, 9, 10, 100, 1_000, 100_000, 10_000_000, 100_000_000, long.MaxValue, long.MaxValue - 1, InstrumentLimits.UnitsMax - 1 };
        for (int shift = 0; shift < 63; shift++) divisors.AddRange([1L << shift, (1L << shift) + (shift > 0 ? 1 : 0), 5L << Math.Min(shift, 60)]);
        for (int i = 0; i < 300; i++) divisors.Add(random.NextInt64(1, 1L << random.Next(1, 63)));
        foreach (long d in divisors)
        {
            var divisor = new Divisor(d);
            void Same(long n) { if (n >= 0) Assert.True(divisor.Divides(n) == (n % d == 0), $"{n} by {d}"); }
            foreach (long n in (long[])[0, 1, d - 1, d, long.MaxValue, InstrumentLimits.UnitsMax, InstrumentLimits.UnitsMax - 1, InstrumentLimits.UnitsMax + 1, long.MaxValue / d * d]) Same(n);
            for (int i = 0; i < 200; i++)
            {
                long multiple = random.NextInt64(0, long.MaxValue / d) * d;
                Same(multiple);
                Same(multiple - 1);
                Same(multiple + 1);
                Same(random.NextInt64(0, 1L << random.Next(1, 63)));
            }
        }
        Assert.Throws<ArgumentOutOfRangeException>(() => new Divisor(0));
    }

    [Fact]
    public void Duplicates_are_known_as_a_list_knows_them_whatever_window_and_rate_become_meanwhile()
    {
        int held = 0;
        for (int seed = 1; seed <= 30; seed++) held += CompareDuplicates(seed);
        CompareDuplicates(s_today);
        Assert.True(held > 1_000, $"only {held} duplicates");
    }

    private static int CompareDuplicates(int seed)
    {
        var random = new Random(seed);
        var bench = new GateBench(Limits with
        {
            MaxMessagesPerWindow = random.Next(4, 40), CancelReserveMessages = 0, DuplicateWindowNs = random.Next(0, 2_500) * Millisecond,
            Instruments = [.. Limits.Instruments.Select(l => l with { StaleAfterNs = 1_000_000 * Second, MaxQuantityUnits = 1_000, MaxNotional = 1_000_000m })],
        });
        long windowNs = (long)(bench.Gate.Current(LimitKey.DuplicateWindowMilliseconds, 0, 0) * Millisecond);
        var approved = new List<(long Quantity, long Price, long Time)>();
        int held = 0;
        for (int step = 0; step < 3_000; step++)
        {
            bench.Now += random.Next(4) == 0 ? 0 : random.NextInt64(60 * Millisecond);
            if (random.Next(100) == 0)
            {
                var change = new LimitChange(random.Next(2) == 0 ? LimitKey.DuplicateWindowMilliseconds : LimitKey.MessagesPerSecond, 0, 0, random.Next(2) == 0 ? random.Next(1, 20) : random.Next(1, 5_000));
                if (bench.Gate.Problem(in change) is null)
                {
                    bench.Gate.Apply(in change);
                    if (change.Key == LimitKey.DuplicateWindowMilliseconds) windowNs = (long)change.Value * Millisecond;
                }
            }
            long quantity = 10 * random.Next(1, 9), price = 1_000_000 + 100 * random.Next(0, 12);
            bool known = approved.Exists(a => a.Quantity == quantity && a.Price == price && bench.Now - a.Time < windowNs);
            GateVerdict verdict = bench.Check(bench.Intent(quantity, price, tif: TimeInForce.ImmediateOrCancel), out ApprovedOrder order);
            Assert.True(known == (verdict == GateVerdict.DuplicateOrder), $"seed {seed} step {step}: {verdict}, {(known ? "a duplicate" : "none")}");
            if (known) held++;
            if (verdict != GateVerdict.Approved) continue;
            approved.Add((quantity, price, bench.Now));
            bench.Report(order.ClientOrderId, ExecutionKind.Expired);
        }
        return held;
    }
}
