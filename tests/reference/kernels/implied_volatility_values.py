"""Computes the reference values in tests/Appliance.Tests/Compute/ImpliedVolatilityValues.cs, from Black's formula alone.

Needs mpmath; shares nothing with the implementation: the price of a known volatility by the closed form in 60 digits (nearly 1000 where it nearly
cancels), rounded once to a double. Printed beside it: by how much a relative error of the price moves the volatility relatively, price/(vega * volatility),
since no method can know the volatility better than the rounded price does. Rows whose price is below 1e-290, has no time value left in a double, or
amplifies more than a thousandfold are left out: there the price does not represent the volatility.
    python3 implied_volatility_values.py > ../../Appliance.Tests/Compute/ImpliedVolatilityValues.cs
"""
from mpmath import mp, mpf, exp, log, sqrt, erfc, pi


def cdf(x):
    return erfc(-x / sqrt(mpf(2))) / 2


def black(f, k, t, v, w):
    d = v * sqrt(t)
    d1 = log(f / k) / d + d / 2
    return w * (f * cdf(w * d1) - k * cdf(w * (d1 - d))), f * exp(-d1 * d1 / 2) / sqrt(2 * pi) * sqrt(t)


MONEYNESS = [0.125, 0.25, 0.5, 0.8, 0.95, 0.999, 0.99999999, 1.0, 1.0000001, 1.003, 1.05, 1.3, 2.0, 4.0, 8.0]
YEARS = [1.0 / 365, 7.0 / 365, 0.25, 1.0, 5.0, 30.0]
VOLATILITY = [0.01, 0.08, 0.2, 0.55, 1.4]


def main():
    print("namespace Appliance.Tests.Compute;")
    print()
    print("/// <summary>Printed by tests/reference/kernels/implied_volatility_values.py (mpmath, 60 digits and more); do not edit by hand.</summary>")
    print("internal static class ImpliedVolatilityValues")
    print("{")
    print("    /// <summary>price, forward, strike, years, right, volatility; then how a relative error of the price is amplified.</summary>")
    print("    public static readonly double[][] Rows =")
    print("    [")
    for m in MONEYNESS:
        for t in YEARS:
            for v in VOLATILITY:
                for w in (1, -1):
                    f, k = 100.0 * m, 100.0
                    mp.dps = 60
                    # So many digits that the difference of the two legs keeps sixty of them.
                    mp.dps = 60 + int(min(900, (log(mpf(m)) / (mpf(v) * sqrt(mpf(t)))) ** 2))
                    price, vega = black(mpf(f), mpf(k), mpf(t), mpf(v), w)
                    amplified = abs(price) / (vega * v) if vega else mpf(10) ** 9
                    if price - max(0, w * (mpf(f) - k)) < mpf(10) ** -288 * min(f, k) or amplified > 1000:
                        continue
                    print(f"        [{float(price)!r}, {f!r}, {k!r}, {t!r}, {w}.0, {v!r}, {float('%.3g' % amplified)!r}],")
    print("    ];")
    print("}")


main()
