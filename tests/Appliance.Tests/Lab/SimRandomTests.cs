using Appliance.Kernels.Scalar;
using Appliance.Lab.Random;

namespace Appliance.Tests.Lab;

/// <summary>The random numbers behind every path.</summary>
public sealed class SimRandomTests
{
    /// <summary>Known answers of the authors' library Random123 (kat_vectors, philox4x32 with ten rounds).</summary>
    [Theory]
    [InlineData(0u, 0u, 0u, 0u, 0u, 0u, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [InlineData(0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    [InlineData(0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u, 0xa4093822u, 0x299f31d0u, 0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u)]
    public void PhiloxGivesTheKnownAnswers(uint c0, uint c1, uint c2, uint c3, uint k0, uint k1, uint w0, uint w1, uint w2, uint w3)
    {
        Philox.Block(c0, c1, c2, c3, k0, k1, out ulong first, out ulong second);
        Assert.Equal(((ulong)w1 << 32) | w0, first);
        Assert.Equal(((ulong)w3 << 32) | w2, second);
    }

    [Fact]
    public void TheInverseNormalInvertsTheDistribution()
    {
        for (double x = -8; x <= 0; x += 0.0625)
        {
            double p = Elementary.NormalCdf(x);
            // dx = dp / pdf: the error of p's own rounding is what is left.
            double allowed = 4e-16 * (1 + Math.Abs(x)) + 4e-16 * p / Elementary.NormalPdf(x);
            Assert.True(Math.Abs(InverseNormal.Of(p) - x) <= allowed * 4, $"{x}: {InverseNormal.Of(p)}");
            Assert.Equal(-InverseNormal.Of(p), InverseNormal.Of(1 - p), 1e-15 * (1 + Math.Abs(x)) + 2.3e-16 / Elementary.NormalPdf(x));
        }
    }

    [Fact]
    public void ARowHoldsWhatEachPathDrawsAlone()
    {
        foreach (bool antithetic in new[] { false, true })
        {
            var field = new RandomField(7, antithetic);
            double[] even = new double[33], odd = new double[33];
            field.NormalPair(12, 3, 4, even, odd);
            for (int i = 0; i < even.Length; i++)
            {
                Assert.Equal(field.Normal(12 + i, 3, 4), even[i]);
                Assert.Equal(field.Normal(12 + i, 3, 5), odd[i]);
            }
            if (antithetic) Assert.Equal(-even[0], even[1], 1e-12);
        }
    }
}
