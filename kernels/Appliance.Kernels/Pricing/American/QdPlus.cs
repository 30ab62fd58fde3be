using System.Runtime.CompilerServices;
using Appliance.Kernels.Scalar;
using Appliance.Kernels.Simd;

namespace Appliance.Kernels.Pricing.American;

/// <summary>
/// The QD+ approximation of a put's exercise boundary (Li, "Analytical approximations for the critical stock prices of American options", Review of Derivatives Research 13 (2010); as restated
/// in Andersen, Lake and Offengenden 2016, section 4.1): good to a part in a hundred to a thousand, which is where Newton's method on the boundary wants to begin. Times the premium that exercise
/// gains over waiting, its equation is (1 + Δ)S + A(1 − S − p) + bΘ = 0 with the European's p, Δ and Θ: smooth, and solved by Newton's method from the boundary that Barone-Adesi and Whaley
/// (Journal of Finance 42 (1987), equation 30) start theirs from. A lane is a time.
/// </summary>
internal static class QdPlus
{
    private const int IterationsMax = 12;

    /// <summary>The last step of ln B, relative to 1 + |ln B/X|, after which the next would be below what the approximation itself is off by.</summary>
    private const double Settled = 4e-3;

    /// <summary>ln B(τ) at the grid's points for a strike of one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Boundary<L, V>(ExerciseGrid grid, in PutMarket market, Span<double> logs) where L : struct, ILanes<V> where V : struct
    {
        double variance = market.Volatility * market.Volatility, n = 2 * market.Carry / variance, rate = market.Rate;
        double perpetualRoot = -0.5 * (n - 1 + Math.Sqrt((n - 1) * (n - 1) + 8 * rate / variance));
        double perpetual = Math.Min(perpetualRoot / (perpetualRoot - 1), 0.999 * market.Limit);
        double fall = market.Limit / (market.Limit - perpetual);
        V one = L.All(1.0), half = L.All(0.5), highest = L.All(market.LogLimit - 1e-6);
        for (int i = 0; i < grid.Points; i += L.Width)
        {
            V xi = L.Load(in grid.Xi[i]);
            V tau = L.Multiply(L.All(market.Years), L.Multiply(xi, xi));
            V deviation = L.Multiply(L.All(market.Deviation), xi), perDeviation = L.Divide(one, deviation);
            V rt = L.Multiply(L.All(rate), tau);
            V cashDiscount = ElementaryLanes<L, V>.Exp(L.Negate(rt)), assetDiscount = ElementaryLanes<L, V>.Exp(L.Multiply(L.All(-market.Yield), tau));
            // h = 1 − e^(−rτ) and M = 2r/σ²; M/h tends to 2/(σ²τ) where the rate does to zero.
            V tiny = L.All(1e-5);
            V perH = L.Divide(rt, L.WhereGreater(rt, tiny, L.Subtract(one, cashDiscount), one));
            perH = L.WhereGreater(rt, tiny, perH, L.Fma(rt, half, one));
            V mOverH = L.Multiply(L.Multiply(L.All(2.0), L.Multiply(perDeviation, perDeviation)), perH);
            V square = L.Fma(L.All(4.0), mOverH, L.All((n - 1) * (n - 1)));
            V root = L.Sqrt(square), perRoot = L.Divide(one, root);
            V lambda = L.Multiply(L.All(-0.5), L.Add(L.All(n - 1), root));
            // A = λ + (1 − h)(M/h)/√ − (1 − h)(M λ')/√², with Mλ' = (M/h)²/√; b = −2/(σ²√).
            V reach = L.Multiply(mOverH, perRoot);
            V a = L.Fma(cashDiscount, L.FmaNegated(L.Multiply(reach, reach), perRoot, reach), lambda);
            V b = L.Multiply(L.All(-2 / variance), perRoot);

            V exponent = L.Multiply(L.Fma(L.All(market.Carry), tau, L.Multiply(L.All(-2.0), deviation)), L.All(fall));
            V least = L.Multiply(L.All(-0.2), deviation);
            exponent = L.WhereGreater(exponent, least, least, exponent);
            V start = L.Fma(L.All(market.Limit - perpetual), ElementaryLanes<L, V>.Exp(exponent), L.All(perpetual));
            V x = ElementaryLanes<L, V>.LogOfNormal(L.WhereGreater(start, L.All(1e-300), start, L.All(1e-300)));
            V floor = L.Fma(L.All(-4.0), deviation, L.All(market.LogLimit - 0.5));
            x = L.WhereGreater(x, floor, x, floor);

            V stepMax = L.Multiply(half, deviation), carryTime = L.Multiply(L.All(market.Carry), tau);
            // A lane that has settled stays where it is while its neighbours go on, so that the bits do not depend on how many share a register.
            V active = one;
            for (int iteration = 0; iteration < IterationsMax; iteration++)
            {
                V spot = ElementaryLanes<L, V>.Exp(x);
                V middle = L.Multiply(L.Add(x, carryTime), perDeviation);
                V d1 = L.Fma(deviation, half, middle), d2 = L.FmaNegated(deviation, half, middle);
                AmericanPut.Distribution<L, V>(L.Negate(d1), out V plus, out V density);
                AmericanPut.Distribution<L, V>(L.Negate(d2), out V minus, out _);
                V assetLeg = L.Multiply(assetDiscount, plus), delta = L.Negate(assetLeg);
                V price = L.FmaNegated(spot, assetLeg, L.Multiply(cashDiscount, minus));
                // S·Γ.
                V curve = L.Multiply(L.Multiply(assetDiscount, density), perDeviation);
                V spotCarry = L.Multiply(L.All(market.Carry), spot), halfSpotVariance = L.Multiply(L.All(0.5 * variance), spot);
                V theta = L.FmaNegated(halfSpotVariance, curve, L.FmaNegated(spotCarry, delta, L.Multiply(L.All(rate), price)));
                V slope = L.Add(one, delta);
                V miss = L.Fma(b, theta, L.Fma(a, L.Subtract(L.Subtract(one, spot), price), L.Multiply(slope, spot)));
                // ∂Θ/∂S = rΔ − (r − q)(Δ + SΓ) − σ²SΓ − ½σ²S²·∂Γ/∂S, and ∂Γ/∂S = −(Γ/S)(d₁/(σ√τ) + 1).
                V thetaSlope = L.FmaNegated(L.All(market.Carry), L.Add(delta, curve), L.Multiply(L.All(rate), delta));
                thetaSlope = L.Fma(L.Multiply(L.All(variance), curve), L.FmaNegated(L.All(-0.5), L.Fma(d1, perDeviation, one), L.All(-1.0)), thetaSlope);
                V missSlope = L.Multiply(spot, L.Fma(b, thetaSlope, L.Add(curve, L.FmaNegated(a, slope, slope))));
                V safe = L.WhereGreater(missSlope, L.All(1e-300), missSlope, one);
                V step = L.WhereGreater(missSlope, L.All(1e-300), L.Divide(miss, safe), L.WhereGreater(miss, L.All(0.0), stepMax, L.Negate(stepMax)));
                step = L.WhereGreater(step, stepMax, stepMax, step);
                step = L.WhereGreater(L.Negate(stepMax), step, L.Negate(stepMax), step);
                V moved = L.Subtract(x, step);
                moved = L.WhereGreater(moved, highest, highest, moved);
                moved = L.WhereGreater(active, L.All(0.0), moved, x);
                V change = L.Abs(L.Subtract(moved, x));
                x = moved;
                active = L.WhereGreater(change, L.Multiply(L.All(Settled), L.Subtract(L.All(1 + market.LogLimit), x)), active, L.All(0.0));
                if (!L.AnyGreater(active, L.All(0.0))) break;
            }
            L.Store(x, ref logs[i]);
        }
    }
}
