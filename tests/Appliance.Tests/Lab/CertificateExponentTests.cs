using Appliance.Lab.Certificates;

namespace Appliance.Tests.Lab;

/// <summary>Log expectations over chunks of nodes, against the sum written down term by term around its greatest exponent.</summary>
public sealed class CertificateExponentTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(50)]
    [InlineData(3_000)]
    [InlineData(200_000)]
    public void A_chunked_sum_is_the_sum_at_any_range_of_exponents(double range)
    {
        const int nodes = 300, holdings = 7;
        var random = new Random(7);
        // Exponents that climb or fall along the nodes as those of large holdings do, and one row that jumps about.
        double[] exponents = [.. Enumerable.Range(0, nodes * holdings).Select(i => range * ((i % holdings - 3) / 3.0 * (i / holdings / (double)nodes) + (i % holdings == 3 ? random.NextDouble() : 0)))];
        var scaled = new ScaledExponentials(exponents, nodes, holdings);
        double[] weights = [.. Enumerable.Range(0, 110).Select(w => Math.Exp(-0.5 * (w - 55) * (w - 55) / 30.0))];
        var log = new double[holdings];
        // From windows that hang over the lower edge to those that hang over the upper one.
        for (int first = -120; first < nodes + 20; first += 13)
        {
            scaled.LogExpectation(weights, first, log, new double[2 * holdings]);
            for (int j = 0; j < holdings; j++)
            {
                double At(int w) => exponents[Math.Clamp(first + w, 0, nodes - 1) * holdings + j] + Math.Log(weights[w]);
                double greatest = Enumerable.Range(0, weights.Length).Max(At);
                double expected = greatest + Math.Log(Enumerable.Range(0, weights.Length).Sum(w => Math.Exp(At(w) - greatest)));
                Assert.Equal(expected, log[j], 1e-12 * (1 + Math.Abs(expected)));
            }
        }
    }
}
