"""Computes the 50-digit reference values in tests/Appliance.Tests/Compute/ReferenceValues.cs, from the definitions alone.

Needs mpmath; shares nothing with the implementation: prices by the closed form in 60 digits, derivatives by mpmath's numerical
differentiation of the price in 120 digits (so that a wrong formula for a Greek cannot agree with itself), inputs taken as the exact doubles.
    python3 reference_values.py > ../../Appliance.Tests/Compute/ReferenceValues.cs
"""
from mpmath import mp, mpf, exp, log, sqrt, erf, erfc, pi, diff

mp.dps = 120


def cdf(x):
    return erfc(-x / sqrt(mpf(2))) / 2


def price(s, k, t, v, r, q, w):
    d = v * sqrt(t)
    d1 = (log(s / k) + (r - q) * t) / d + d / 2
    return w * (s * exp(-q * t) * cdf(w * d1) - k * exp(-r * t) * cdf(w * (d1 - d)))


def greeks(row):
    s, k, t, v, r, q, w = map(mpf, row)
    f = lambda x: price(x, k, t, v, r, q, w)
    return [f(s), diff(f, s), diff(f, s, 2), diff(lambda x: price(s, k, t, x, r, q, w), v), -diff(lambda x: price(s, k, x, v, r, q, w), t), diff(f, s, 3)]


OPTIONS = [(s, k, t, v, r, q, w)
           for s, k in [(100.0, 100.0), (100.0, 80.0), (100.0, 125.0), (61700.0, 62000.0), (61700.0, 45000.0), (61700.0, 90000.0)]
           for t, v, r, q in [(0.25, 0.2, 0.05, 0.02), (1.0 / 365, 0.6, 0.0, 0.0), (2.0, 0.35, 0.03, 0.0), (0.04, 0.55, 0.0, 0.0)]
           for w in (1.0, -1.0)] + [
    (100.0, 100.0, 1e-6, 0.2, 0.0, 0.0, 1.0), (100.0, 150.0, 0.5, 0.08, 0.01, 0.0, 1.0), (100.0, 60.0, 0.5, 0.08, 0.01, 0.0, -1.0),
    (50.0, 55.0, 5.0, 1.5, -0.01, 0.04, -1.0), (1.0, 1e-3, 1.0, 3.0, 0.0, 0.0, 1.0)]

FUNCTIONS = {
    "Exp": (exp, [0.0, 1.0, -1.0, 0.1, 1e-10, 0.34657, -0.34658, 100.0, -100.0, 700.25, 709.7, -708.0, -740.5]),
    "Log": (log, [1.0, 2.0, 0.5, 0.7071067811865475, 0.7071067811865477, 1.4142135623730951, 1.0000000001, 0.9999999999, 10.0, 1e300, 1e-300, 5e-324]),
    "Erf": (erf, [0.0, 1e-9, 0.1, -0.5, 0.99, 1.0, 1.5, -3.0, 5.0]),
    "Erfc": (erfc, [0.0, 0.25, 0.75, 1.5, 3.5, 10.0, 26.0, -0.6, -3.0]),
    "NormalCdf": (cdf, [0.0, 1e-8, 0.5, -0.5, 1.0, -1.0, -2.5, 3.0, -6.0, -12.0, -25.0, -37.0, 8.0]),
    "NormalPdf": (lambda x: exp(-x * x / 2) / sqrt(2 * pi), [0.0, 1.0, -2.5, 8.0, 20.0, 37.0]),
}


def main():
    print("namespace Appliance.Tests.Compute;")
    print()
    print("/// <summary>Printed by tests/reference/kernels/reference_values.py (mpmath, 120 digits, derivatives by differentiating the price); do not edit by hand.</summary>")
    print("internal static class ReferenceValues")
    print("{")
    print("    /// <summary>function, argument, value.</summary>")
    print("    public static readonly (string Function, double X, double Value)[] Functions =")
    print("    [")
    for name, (f, xs) in FUNCTIONS.items():
        for x in xs:
            print(f'        ("{name}", {x!r}, {float(f(mpf(x)))!r}),')
    print("    ];")
    print()
    print("    /// <summary>spot, strike, years, volatility, rate, yield, right; then price, delta, gamma, vega, theta, speed.</summary>")
    print("    public static readonly double[][] Options =")
    print("    [")
    for row in OPTIONS:
        print("        [" + ", ".join(repr(float(x)) for x in list(row) + greeks(row)) + "],")
    print("    ];")
    print("}")


if __name__ == "__main__":
    main()
