using System.Text.Json;
using Appliance.Kernels.Scalar;
using Appliance.Tests.Layout;

namespace Appliance.Tests.Compute;

/// <summary>The shipped option positions are what desk/README.md says of them.</summary>
public class DeskPositionsTests
{
    private static readonly JsonDocumentOptions _commented = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    private static JsonElement Desk(string name) => JsonDocument.Parse(File.ReadAllText(Path.Combine(Repository.Root, "desk", name)), _commented).RootElement;

    private static (double CallPut, double Strike, double Years, double Quantity, double Volatility) Read(JsonElement option, DateTimeOffset now) => (
        option.GetProperty("right").GetString() == "call" ? 1 : -1, option.GetProperty("strike").GetDouble(),
        (option.GetProperty("expiry").GetDateTimeOffset() - now).TotalDays / 365, option.GetProperty("quantity").GetDouble(), option.GetProperty("volatility").GetDouble());

    /// <summary>The fit of desk/README.md, by days to expiry and ln(K/F)/√T.</summary>
    private static double FittedVolatility(double days, double z)
    {
        double l = Math.Log(Math.Max(days, 0.5) / 30);
        return 0.4835 - 0.0042 * l + 0.0026 * l * l - (0.0869 + 0.0022 * l) * z + (0.2320 - 0.0074 * l) * (Math.Sqrt(z * z + 0.25) - 0.5);
    }

    [Fact]
    public void Btc_volatilities_follow_the_fit_and_the_book_starts_hedged()
    {
        var now = new DateTimeOffset(2024, 8, 8, 23, 54, 16, TimeSpan.Zero);
        int count = 0;
        foreach (JsonElement portfolio in Desk("btc-perp.json").GetProperty("portfolios").EnumerateArray())
        {
            double delta = 0, gamma = 0;
            foreach (JsonElement element in portfolio.GetProperty("options").EnumerateArray())
            {
                var o = Read(element, now);
                Assert.True(o.Years > 0);
                double z = Math.Clamp(Math.Log(o.Strike / 61_800) / Math.Sqrt(o.Years), -1.6, 1.6);
                Assert.Equal(FittedVolatility(o.Years * 365, z), o.Volatility, 0.002);
                OptionGreeks g = BlackScholes.Evaluate(61_800, o.Strike, o.Years, o.Volatility, 0, 0, o.CallPut);
                delta += o.Quantity * g.Delta;
                gamma += o.Quantity * g.Gamma;
                count++;
            }
            Assert.Equal(-delta, portfolio.GetProperty("initialHedge").GetDouble(), 0.002);
            Assert.True(gamma < -0.005, $"{portfolio.GetProperty("name")} is short gamma: {gamma}");
        }
        Assert.True(count >= 200, $"{count} options");
    }

    [Theory]
    [InlineData("demo.json", 100, 2)]
    [InlineData("iex.json", 100, 4)]
    public void The_share_desks_hold_calls_and_puts_of_several_expiries(string desk, int optionsMin, int expiriesMin)
    {
        int count = 0;
        var expiries = new HashSet<string>();
        foreach (JsonElement portfolio in Desk(desk).GetProperty("portfolios").EnumerateArray())
        {
            var options = portfolio.GetProperty("options").EnumerateArray().Select(o => Read(o, DateTimeOffset.UnixEpoch)).ToList();
            Assert.Contains(options, o => o.CallPut == 1);
            Assert.Contains(options, o => o.CallPut == -1);
            Assert.True(options.Count(o => o.Quantity < 0) > options.Count / 2, "Mostly sold.");
            Assert.All(options, o => Assert.InRange(o.Volatility, 0.15, 0.6));
            foreach (JsonElement o in portfolio.GetProperty("options").EnumerateArray()) expiries.Add(o.GetProperty("expiry").GetString()!);
            count += options.Count;
        }
        Assert.True(count >= optionsMin, $"{count} options");
        Assert.True(expiries.Count >= expiriesMin);
    }
}
