"""Computes tests/Appliance.Tests/Compute/Pricing/EuropeanGrid.cs: European options in all corners, with nine Greeks, from the definition of the price alone.

Needs mpmath. Prices by the closed form in 340 digits (a Greek in the far wing of an option in the money is 1e-290 of its price) at the exact doubles, derivatives by numerical differentiation of the price, so that a wrong formula for a Greek cannot agree with
itself. Beside each derivative stands its scale: the sum of its terms' magnitudes, because near a zero (theta between decay and carry, vanna at d2 = 0) no double arithmetic keeps digits
relative to the sum.
    python3 european_grid.py > ../../Appliance.Tests/Compute/Pricing/EuropeanGrid.cs
"""
from mpmath import mp, mpf, exp, log, sqrt, erfc, pi, diff

mp.dps = 340


def cdf(x):
    return erfc(-x / sqrt(mpf(2))) / 2


def price(s, k, t, v, r, q, w):
    d = v * sqrt(t)
    d1 = (log(s / k) + (r - q) * t) / d + d / 2
    return w * (s * exp(-q * t) * cdf(w * d1) - k * exp(-r * t) * cdf(w * (d1 - d)))


def row(s, k, t, v, r, q, w):
    s, k, t, v, r, q, w = map(mpf, (s, k, t, v, r, q, w))
    f = lambda x: price(x, k, t, v, r, q, w)
    values = [f(s), diff(f, s), diff(f, s, 2), diff(lambda x: price(s, k, t, x, r, q, w), v), -diff(lambda x: price(s, k, x, v, r, q, w), t),
              diff(lambda x: price(s, k, t, v, x, q, w), r), diff(lambda a, b: price(a, k, t, b, r, q, w), (s, v), (1, 1)),
              diff(lambda x: price(s, k, t, x, r, q, w), v, 2), -diff(lambda a, b: price(a, k, b, v, r, q, w), (s, t), (1, 1))]
    d = v * sqrt(t)
    x = (log(s / k) + (r - q) * t) / d
    d1, d2 = x + d / 2, x - d / 2
    n = s * exp(-q * t) * exp(-d1 * d1 / 2) / sqrt(2 * pi)
    a, b = s * exp(-q * t) * cdf(w * d1), k * exp(-r * t) * cdf(w * d2)
    wide = (abs(log(s / k)) + abs((r - q) * t)) / d + d / 2
    scales = [abs(y) for y in values]
    scales[4] = n * v / (2 * sqrt(t)) + abs(q) * a + abs(r) * b
    scales[6] = n / s * wide / v
    scales[7] = n * sqrt(t) * wide * wide / v
    scales[8] = abs(q) * a / s + n / s * (abs(r - q) / d + wide / (2 * t))
    return values, scales


def rows():
    for s, k in [(100, 100), (100, 80), (100, 125), (100, 12.5), (100, 800), (0.01, 1e6), (1e6, 0.01), (61700, 62000)]:
        for t, v, r, q in [(0.25, 0.2, 0.05, 0.02), (1 / 365, 0.6, 0.0, 0.0), (30, 0.35, -0.01, 0.03), (0.04, 0.055, 0.001, 0.0), (2, 3.0, 0.1, -0.05), (1, 25.0, 0.02, 0.01), (5, 0.01, 0.03, 0.01)]:
            for w in (1, -1):
                yield s, k, t, v, r, q, w
    # The deep wings, out to the end of the numbers, and close to the strike with next to no deviation.
    for v in (0.3, 0.05, 0.01, 0.001):
        for h in (0.1, 1, 5, 10, 20, 30, 36):
            for w in (1, -1):
                yield 100, float(100 * exp(mpf(w) * h * v)), 1, v, 0.0, 0.0, w
                yield 100, float(100 * exp(mpf(w) * h * v)), 1, v, 0.0, 0.0, -w
    for k in (100, 100.0000001, 99.9999, 100.001):
        for t, v in ((1e-8, 0.2), (1e-12, 0.5), (1.0, 1e-6), (1e-4, 1e-4)):
            for w in (1, -1):
                yield 100, k, t, v, 0.01, 0.005, w


def main():
    print("namespace Appliance.Tests.Compute;")
    print()
    print("/// <summary>Printed by tests/reference/kernels/european_grid.py (mpmath, 340 digits, derivatives by differentiating the price); do not edit by hand.</summary>")
    print("internal static class EuropeanGrid")
    print("{")
    print("    /// <summary>spot, strike, expiry, volatility, rate, yield, sign; price, delta, gamma, vega, theta, rho, vanna, volga, charm; the scales of these nine.</summary>")
    print("    public static readonly double[][] Rows =")
    print("    [")
    for r in rows():
        values, scales = row(*r)
        print("        [" + ", ".join(repr(float(x)) for x in list(r) + values) + ", " + ", ".join(mp.nstr(x, 3) for x in scales) + "],")
    print("    ];")
    print("}")


if __name__ == "__main__":
    main()
