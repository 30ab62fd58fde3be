using System.Globalization;
using System.Numerics;
using System.Text;
using Appliance.Ingest.Binance;
using FsCheck;
using FsCheck.Fluent;

namespace Appliance.Tests.Ingest;

public class BinanceFixedPointTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("0.00000000", 0)]
    [InlineData("0.00000001", 1)]
    [InlineData("61804.7", 61_804_70000000)]
    [InlineData("1645", 1_645_00000000)]
    [InlineData(".5", 50000000)]
    [InlineData("7.", 7_00000000)]
    [InlineData("1.1234567800", 1_12345678)]
    [InlineData("000000000000000000000000001", 1_00000000)]
    [InlineData("92233720368.54775807", long.MaxValue)]
    public void Decimal_text_is_taken_exactly(string text, long expected)
    {
        Assert.True(FixedPoint.TryParse(Encoding.ASCII.GetBytes(text), out long units));
        Assert.Equal(expected, units);
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData("1e5")]
    [InlineData(" 1")]
    [InlineData("1 ")]
    [InlineData("1.2.3")]
    [InlineData("1,5")]
    [InlineData("0.000000001")]
    [InlineData("92233720368.54775808")]
    [InlineData("184467440737.09551616")]
    [InlineData("99999999999999999999999999")]
    [InlineData("NaN")]
    public void What_cannot_be_taken_exactly_is_refused(string text) => Assert.False(FixedPoint.TryParse(Encoding.ASCII.GetBytes(text), out _));

    [Fact]
    public void It_agrees_with_arbitrary_precision_on_whatever_digits()
    {
        var whole = Gen.Choose(0, 12).SelectMany(n => Gen.Choose(0, 9).ListOf(n));
        var fraction = Gen.Choose(0, 10).SelectMany(n => Gen.Choose(0, 9).ListOf(n));
        var texts = whole.SelectMany(w => fraction.Select(f => string.Concat(w) + "." + string.Concat(f)));
        Prop.ForAll(texts.ToArbitrary(), text =>
        {
            bool taken = FixedPoint.TryParse(Encoding.ASCII.GetBytes(text), out long units);
            string[] parts = text.Split('.');
            string digits = (parts[0] + parts[1].PadRight(10, '0')).TrimStart('0');
            BigInteger scaled = digits.Length == 0 ? 0 : BigInteger.Parse(digits, CultureInfo.InvariantCulture);
            bool exact = text.Length > 1 && scaled % 100 == 0 && scaled / 100 <= long.MaxValue;
            return taken == exact && (!taken || units == scaled / 100);
        }).QuickCheckThrowOnFailure();
    }
}
