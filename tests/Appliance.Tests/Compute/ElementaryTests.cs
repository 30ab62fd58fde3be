using Appliance.Kernels.Scalar;

namespace Appliance.Tests.Compute;

/// <summary>Our elementary functions against 50-digit values, their limits, and identities that no table can fake.</summary>
public class ElementaryTests
{
    /// <summary>Largest errors allowed, in units in the last place. Over 40,000 random arguments a run outside the tests saw 0.95, 0.80, 0.88, 3.6, 4.4 and 2.4.</summary>
    private static readonly Dictionary<string, (Func<double, double> Function, double UlpMax)> _functions = new()
    {
        ["Exp"] = (Elementary.Exp, 1),
        ["Log"] = (Elementary.Log, 1),
        ["Erf"] = (Elementary.Erf, 1),
        ["Erfc"] = (Elementary.Erfc, 4),
        ["NormalCdf"] = (Elementary.NormalCdf, 5),
        ["NormalPdf"] = (Elementary.NormalPdf, 3),
    };

    public static TheoryData<string, double, double> Table()
    {
        var data = new TheoryData<string, double, double>();
        foreach ((string function, double x, double value) in ReferenceValues.Functions) data.Add(function, x, value);
        return data;
    }

    [Theory]
    [MemberData(nameof(Table))]
    public void Agrees_with_fifty_digit_values(string name, double x, double expected)
    {
        (Func<double, double> function, double ulpMax) = _functions[name];
        double actual = function(x);
        double ulp = Math.BitIncrement(Math.Abs(expected)) - Math.Abs(expected);
        // The table's own value is rounded, which may take half a unit.
        Assert.True(Math.Abs(actual - expected) <= (ulpMax + 0.5) * ulp, $"{name}({x:R}) = {actual:R}, expected {expected:R}: {Math.Abs(actual - expected) / ulp:F2} ulp");
    }

    [Fact]
    public void Limits_are_right()
    {
        Assert.Equal(double.PositiveInfinity, Elementary.Exp(710));
        Assert.Equal(double.PositiveInfinity, Elementary.Exp(double.PositiveInfinity));
        Assert.Equal(0, Elementary.Exp(-750));
        Assert.Equal(0, Elementary.Exp(double.NegativeInfinity));
        Assert.True(double.IsNaN(Elementary.Exp(double.NaN)));
        Assert.Equal(1, Elementary.Exp(0));
        Assert.Equal(1, Elementary.Exp(-0.0));
        Assert.Equal(double.NegativeInfinity, Elementary.Log(0));
        Assert.True(double.IsNaN(Elementary.Log(-1)));
        Assert.True(double.IsNaN(Elementary.Log(double.NaN)));
        Assert.Equal(double.PositiveInfinity, Elementary.Log(double.PositiveInfinity));
        Assert.Equal(0, Elementary.Log(1));
        Assert.Equal(0, Elementary.NormalCdf(double.NegativeInfinity));
        Assert.Equal(1, Elementary.NormalCdf(double.PositiveInfinity));
        Assert.Equal(0, Elementary.NormalPdf(double.PositiveInfinity));
        Assert.True(double.IsNaN(Elementary.NormalCdf(double.NaN)));
        Assert.True(double.IsNaN(Elementary.NormalPdf(double.NaN)));
        Assert.True(double.IsNaN(Elementary.Erf(double.NaN)));
        Assert.True(double.IsNaN(Elementary.Erfc(double.NaN)));
        Assert.Equal(1, Elementary.Erf(double.PositiveInfinity));
        Assert.Equal(-1, Elementary.Erf(double.NegativeInfinity));
        Assert.Equal(2, Elementary.Erfc(double.NegativeInfinity));
        Assert.Equal(0, Elementary.CubeRoot(0));
        Assert.True(double.IsNaN(Elementary.CubeRoot(-1)));
    }

    /// <summary>The platform's functions are within an ulp or two as well; a coefficient mistyped would show as thousands.</summary>
    [Fact]
    public void Exp_and_log_agree_with_the_platform_over_the_whole_range()
    {
        var random = new Random(20261121);
        for (int i = 0; i < 200_000; i++)
        {
            double x = (random.NextDouble() - 0.5) * 1410;
            double expected = Math.Exp(x);
            Assert.True(Math.Abs(Elementary.Exp(x) - expected) <= 2 * (Math.BitIncrement(expected) - expected), $"exp({x:R})");
            double y = BitConverter.Int64BitsToDouble(random.NextInt64(0x7ff0_0000_0000_0000));
            double log = Math.Log(y);
            Assert.True(Math.Abs(Elementary.Log(y) - log) <= 2 * (Math.BitIncrement(Math.Abs(log)) - Math.Abs(log)), $"log({y:R})");
            double root = Elementary.CubeRoot(y);
            Assert.True(Math.Abs(root - Math.Cbrt(y)) <= (y > 1e-280 ? 1e-15 : 1e-13) * root, $"cube root of {y:R}: {root:R}, {Math.Cbrt(y):R}");
        }
    }

    [Fact]
    public void Normal_distribution_is_symmetric_and_rising_and_its_erf_forms_agree()
    {
        double before = 0;
        for (double x = -38; x <= 38; x += 1.0 / 256)
        {
            double lower = Elementary.NormalCdf(x), upper = Elementary.NormalCdf(-x);
            Assert.Equal(1, lower + upper, 15);
            Assert.True(lower >= before, $"falls at {x}");
            before = lower;
            double byErfc = Elementary.Erfc(-x / Math.Sqrt(2)) / 2;
            // x/√2 is rounded once, which the tail multiplies by x².
            Assert.True(Math.Abs(lower - byErfc) <= (2e-15 + 2e-16 * x * x) * lower + 1e-322, $"Φ({x}) = {lower:R}, by erfc {byErfc:R}");
        }
    }
}
