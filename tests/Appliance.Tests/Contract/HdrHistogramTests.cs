using System.Globalization;
using Appliance.Contract;

namespace Appliance.Tests.Contract;

public class HdrHistogramTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(20261121)]
    public void Percentiles_are_within_a_thousandth_of_a_sorted_array(int seed)
    {
        var random = new Random(seed);
        var histogram = new HdrHistogram();
        var values = new long[100_000];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (long)Math.Exp(random.NextDouble() * 24);
            histogram.Record(values[i]);
        }
        Array.Sort(values);
        foreach (double p in new[] { 0.001, 1, 25, 50, 90, 99, 99.9, 99.99, 100 })
        {
            long exact = values[Math.Max(0, (int)Math.Ceiling(p / 100 * values.Length) - 1)];
            long got = histogram.ValueAtPercentile(p);
            Assert.InRange(got, exact, exact + exact / 1000 + 1);
        }
        Assert.Equal(values.Length, histogram.Count);
        Assert.Equal(values[^1], histogram.Max);
        Assert.Equal(values[0], histogram.Min);
        double mean = values.Average(v => (double)v);
        Assert.InRange(histogram.Mean, mean * 0.999, mean * 1.001);
    }

    [Fact]
    public void Every_value_below_two_thousand_and_forty_eight_is_told_apart()
    {
        for (long value = 0; value < 2048; value++)
        {
            var histogram = new HdrHistogram(1_000_000);
            histogram.Record(value);
            histogram.Record(1_000_000);
            Assert.Equal(value, histogram.ValueAtPercentile(50));
        }
    }

    [Fact]
    public void A_value_above_the_range_is_counted_at_the_top_and_said()
    {
        var histogram = new HdrHistogram(10_000);
        histogram.Record(20_000);
        Assert.Equal(1, histogram.Saturated);
        Assert.Equal(10_000, histogram.Max);
    }

    [Fact]
    public void The_hgrm_file_has_rising_values_and_ends_at_the_maximum()
    {
        var histogram = new HdrHistogram();
        for (int i = 1; i <= 10_000; i++) histogram.Record(i * 1000);
        var text = new StringWriter();
        histogram.WriteHgrm(text);
        string[] lines = text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("       Value     Percentile TotalCount 1/(1-Percentile)", lines[0]);
        var rows = lines.Skip(1).TakeWhile(l => !l.StartsWith('#')).Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToArray();
        Assert.True(rows.Length > 20);
        double last = 0;
        foreach (var row in rows)
        {
            double value = double.Parse(row[0], CultureInfo.InvariantCulture);
            Assert.True(value >= last);
            last = value;
        }
        Assert.Equal(10_000.0, last, 3);
        Assert.Equal("1.000000000000", rows[^1][1]);
        var median = rows.Single(r => r[1] == "0.500000000000");
        Assert.InRange(double.Parse(median[0], CultureInfo.InvariantCulture), 5_000, 5_005);
        Assert.Equal(3, lines.Count(l => l.StartsWith("#[")));
    }
}
