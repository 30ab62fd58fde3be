using System.Globalization;
using System.Text;
using Appliance.Host.Greeks;
using Appliance.TestKit;
using Xunit.Abstractions;

namespace Appliance.Tests.Compute;

/// <summary>Numbers as they stand in files: every double written reads back as itself, and reading rounds as the runtime's own slow parser does.</summary>
public class GreeksNumberTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(0.0, "0")]
    [InlineData(1.0, "1")]
    [InlineData(2.5, "2.5")]
    [InlineData(0.1, "0.1")]
    [InlineData(100.0, "100")]
    [InlineData(1e16, "10000000000000000")]
    [InlineData(1e17, "1e17")]
    [InlineData(123456789012345680.0, "1.2345678901234568e17")]
    [InlineData(0.00001234, "0.00001234")]
    [InlineData(0.00000999, "9.99e-6")]
    [InlineData(1.7976931348623157e308, "1.7976931348623157e308")]
    [InlineData(5e-324, "5e-324")]
    [InlineData(2.2250738585072014e-308, "2.2250738585072014e-308")]
    [InlineData(1e23, "1e23")]
    [InlineData(9007199254740993.0, "9007199254740992")]
    public void Writes(double value, string expected)
    {
        Assert.Equal(expected, Text(value));
        Assert.Equal(value == 0 ? "0" : "-" + expected, Text(-value));
    }

    [Theory]
    [InlineData("1", 1.0)]
    [InlineData("+1.", 1.0)]
    [InlineData("-.5", -0.5)]
    [InlineData("1E+02", 100.0)]
    [InlineData("000123.4500", 123.45)]
    [InlineData("9007199254740993", 9007199254740992.0)]
    [InlineData("9007199254740995", 9007199254740996.0)]
    [InlineData("2.2250738585072011e-308", 2.2250738585072011e-308)]
    [InlineData("-123456789012345678901234567890", -123456789012345678901234567890.0)]
    [InlineData("1e-400", 0.0)]
    [InlineData("1e999999999999", double.PositiveInfinity)]
    [InlineData("0e999999999999", 0.0)]
    [InlineData("-1e999", double.NegativeInfinity)]
    public void Reads(string text, double expected)
    {
        Assert.True(NumberReader.TryRead(Encoding.ASCII.GetBytes(text), out double value));
        Assert.Equal(expected, value);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData(".")]
    [InlineData("-.")]
    [InlineData("e5")]
    [InlineData("1e")]
    [InlineData("1e+")]
    [InlineData("1e5.0")]
    [InlineData("1 ")]
    [InlineData(" 1")]
    [InlineData("1,5")]
    [InlineData("0x10")]
    [InlineData("nan")]
    [InlineData("Infinity")]
    [InlineData("1.2.3")]
    [InlineData("1_0")]
    [InlineData("--1")]
    public void Refuses(string text) => Assert.False(NumberReader.TryRead(Encoding.ASCII.GetBytes(text), out _));

    [Fact]
    public void What_is_written_reads_back_and_is_as_short_as_can_be()
    {
        int seed = TestSeed.Rotating();
        int count = Environment.GetEnvironmentVariable("APPLIANCE_FULL") == "1" ? 3_000_000 : 60_000;
        output.WriteLine($"{count} of each kind, APPLIANCE_SEED={seed}");
        var random = new Random(seed);
        for (int exponent = -1074; exponent < 1024; exponent++)
        {
            double power = Math.ScaleB(1, exponent);
            foreach (double x in new[] { power, Math.BitIncrement(power), Math.BitDecrement(power) }) RoundTrip(x, seed, mayBeShorter: true);
        }
        for (int i = 0; i < count; i++)
        {
            double bits = BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue));
            if (double.IsFinite(bits)) RoundTrip(bits, seed);
            RoundTrip((random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-8, 8)), seed);
            RoundTrip(Math.Round(random.NextDouble() * 1000, random.Next(0, 8)), seed);
        }
    }

    /// <summary>At a power of two the runtime's own shortest text may be a digit shorter and read as its neighbour (2⁻²⁵ is one), so only the reading back counts there.</summary>
    private static void RoundTrip(double x, int seed, bool mayBeShorter = false)
    {
        string text = Text(x), runtime = x.ToString("R", CultureInfo.InvariantCulture), seventeen = x.ToString("E16", CultureInfo.InvariantCulture);
        Assert.True(text.Length <= NumberWriter.BytesMax, $"{text} seed {seed}");
        Assert.True(double.Parse(text, CultureInfo.InvariantCulture) == x, $"{text} is not {runtime}, seed {seed}");
        Assert.True(NumberReader.TryRead(Encoding.ASCII.GetBytes(text), out double read) && read == x, $"{text} reads as {read:R}, seed {seed}");
        Assert.True(NumberReader.TryRead(Encoding.ASCII.GetBytes(seventeen), out read) && read == double.Parse(seventeen, CultureInfo.InvariantCulture), $"{seventeen} reads as {read:R}, seed {seed}");
        if (!mayBeShorter) Assert.True(Digits(text) == Digits(runtime), $"{text} has another length than {runtime}, seed {seed}");
    }

    private static int Digits(string text)
    {
        int end = text.IndexOfAny(['e', 'E']);
        return string.Concat((end < 0 ? text : text[..end]).Where(char.IsAsciiDigit)).Trim('0').Length;
    }

    private static string Text(double value)
    {
        Span<byte> buffer = stackalloc byte[NumberWriter.BytesMax + 2];
        return Encoding.ASCII.GetString(buffer[..NumberWriter.Write(value, buffer)]);
    }
}
