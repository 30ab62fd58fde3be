using Jet = Appliance.Kernels.Simd.Jet<Appliance.Kernels.Simd.ScalarLanes, double>;

namespace Appliance.Kernels.Pricing.Closed;

/// <summary>
/// Continuously watched lookbacks (Goldman, Sosin and Gatto 1979; Conze and Viswanathan 1991; Haug 2007, sections 4.15.1 and 4.15.2), all from one price: that of (maximum − Y)⁺ for Y at or
/// above the spot, or (Y − minimum)⁺ for Y at or below it. Fixed call: e^(−rT)(M − K)⁺ and that at Y = max(M, K); floating put: e^(−rT)M − S·e^(−qT) and that at Y = M; the others mirrored.
/// <para>The formula divides by the cost of carry b. Near b = 0 the bracket, an entire function of b, is interpolated at Chebyshev points around zero, which keeps 13 digits.</para>
/// </summary>
internal static class Lookback
{
    private const int Points = 12;

    public static Jet Price(in JetMarket m, in OptionContract contract)
    {
        bool call = contract.Right == OptionRight.Call, fixedStrike = contract.Kind == ContractKind.LookbackFixed;
        bool maximum = fixedStrike == call;
        double side = maximum ? 1 : -1;
        double extremum = contract.Extremum == 0 ? contract.Spot : contract.Extremum;
        // A new contract's extremum is the spot, and moves with it.
        Jet extreme = contract.Extremum == 0 ? m.Spot : Jet.Constant(extremum);
        if (m.IsDeterministic)
        {
            Jet forward = m.Forward;
            Jet last = side * (forward.Value - extremum) > 0 ? forward : extreme;
            return m.Discount * (fixedStrike ? JetMarket.Positive(side * (last - contract.Strike)) : side * (last - forward));
        }
        if (!fixedStrike) return side * (extreme * m.Discount - m.Spot * m.YieldDiscount) + Beyond(in m, in extreme, side);
        bool certain = side * (extremum - contract.Strike) > 0;
        Jet level = certain ? extreme : Jet.Constant(Math.Max(contract.Strike, European.StrikeMin));
        Jet value = Beyond(in m, in level, side);
        return certain ? value + side * (m.Discount * (extreme - contract.Strike)) : value;
    }

    /// <summary>e^(−rT)·E[(side·(extremum of the path to come − level))⁺].</summary>
    private static Jet Beyond(in JetMarket m, in Jet level, double side)
    {
        bool atSpot = level.Spot != 0;
        Jet log = atSpot ? default : m.LogOfSpotTo(level.Value);
        Jet d1 = m.D1(in log);
        Jet plain = side * (m.Spot * m.YieldDiscount * Jet.Cdf(side * d1) - level * m.Discount * Jet.Cdf(side * (d1 - m.Deviation)));
        return plain + side * (m.Spot * m.Discount * Bracket(in m, in log, side));
    }

    /// <summary>(e^(bT) Φ(s d₁) − (S/Y)^(−ε) Φ(s(d₁ − ε v)))/ε with ε = 2b/σ².</summary>
    private static Jet Bracket(in JetMarket m, in Jet log, double side)
    {
        Jet carry = m.Carry;
        double variance = m.Volatility.Value * m.Volatility.Value, v = m.Deviation.Value;
        double reach = 0.4 / Math.Max(Math.Max(1, v * v / 2), Math.Max(v, Math.Abs(log.Value)));
        double epsilon = 2 * carry.Value / variance;
        if (Math.Abs(epsilon) > reach / 2) return BracketAt(in m, in log, side, in carry);

        // Lagrange's formula in b at constant points, over the jet of b: the derivatives to the rate come out of the polynomial.
        Span<double> points = stackalloc double[Points];
        for (int i = 0; i < Points; i++) points[i] = 0.5 * reach * variance * _chebyshev[i];
        Jet sum = default;
        double scale = 2 / (reach * variance);
        for (int i = 0; i < Points; i++)
        {
            Jet weight = Jet.Constant(1.0);
            for (int j = 0; j < Points; j++)
                if (j != i)
                    weight *= (carry - points[j]) * (scale / (_chebyshev[i] - _chebyshev[j]));
            sum += weight * BracketAt(in m, in log, side, Jet.Constant(points[i]));
        }
        return sum;
    }

    private static Jet BracketAt(in JetMarket m, in Jet log, double side, in Jet carry)
    {
        Jet epsilon = 2.0 * (carry / (m.Volatility * m.Volatility));
        Jet d1 = (log + carry * m.Years) / m.Deviation + 0.5 * m.Deviation;
        Jet first = Jet.ExpTimesCdf(carry * m.Years, side * d1), second = Jet.ExpTimesCdf(-(epsilon * log), side * (d1 - epsilon * m.Deviation));
        return (first - second) / epsilon;
    }

    /// <summary>cos((2i + 1)π/24), i = 0…11.</summary>
    private static readonly double[] _chebyshev =
    [
        0.99144486137381041, 0.92387953251128674, 0.79335334029123517, 0.60876142900872064, 0.38268343236508977, 0.13052619222005159,
        -0.13052619222005159, -0.38268343236508977, -0.60876142900872064, -0.79335334029123517, -0.92387953251128674, -0.99144486137381041,
    ];
}
