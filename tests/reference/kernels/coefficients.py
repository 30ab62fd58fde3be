"""Computes the polynomial coefficients of Appliance.Kernels/Scalar/Elementary.cs from the functions' definitions.

Needs mpmath. Each table is the polynomial through the function at Chebyshev points (near minimax), in 60 digits, then
rounded to doubles. It prints C# initialisers, the highest power first, and the largest error of the rounded polynomial in
exact arithmetic. Run it again to check that the figures in the source are what it says they are.
"""
from mpmath import mp, mpf, exp, log, sqrt, erfc, erf, pi, cos, atanh, matrix, lu_solve, factorial

mp.dps = 80


def fit(f, a, b, degree):
    """Coefficients, the lowest power first, of the polynomial through f at degree + 1 Chebyshev points of [a, b]."""
    n = degree + 1
    xs = [(a + b) / 2 + (b - a) / 2 * cos(pi * (2 * i + 1) / (2 * n)) for i in range(n)]
    m = matrix(n, n)
    y = matrix(n, 1)
    for i, x in enumerate(xs):
        y[i] = f(x)
        for j in range(n):
            m[i, j] = x ** j
    return [mpf(float(c)) for c in lu_solve(m, y)]


def worst(f, coefficients, a, b, weight=lambda x: 1, points=2001):
    e = mpf(0)
    for i in range(points):
        x = a + (b - a) * mpf(i) / (points - 1)
        p = mpf(0)
        for c in reversed(coefficients):
            p = p * x + c
        e = max(e, abs((p - f(x)) * weight(x)))
    return e


def show(name, coefficients, error):
    print(f"// {name}: error {mp.nstr(error, 3)}")
    for c in reversed(coefficients):
        print(f"    {float(c)!r},")


def exp_tail(r):
    """(e^r - 1 - r - r^2 / 2) / r^3, by its series near zero."""
    return sum(r ** n / factorial(n + 3) for n in range(40))


def log_tail(z):
    """With s^2 = z: (2 atanh(s) - 2 s) / s^3."""
    return sum(2 * z ** n / (2 * n + 3) for n in range(60))


C = mpf("3.5")


def mills(t):
    """(1 + 2 y) exp(y^2) erfc(y) as a function of t = (y - C) / (y + C)."""
    if t > mpf(1) - mpf(10) ** -30:
        return 2 / sqrt(pi)
    y = C * (1 + t) / (1 - t)
    if y > 400:
        s, term = mpf(1), mpf(1)
        for n in range(1, 12):
            term *= -(2 * n - 1) / (2 * y * y)
            s += term
        return (1 + 2 * y) * s / (y * sqrt(pi))
    return (1 + 2 * y) * exp(y * y) * erfc(y)


def erf_small(z):
    """erf(sqrt z) / sqrt z - 1."""
    return 2 / sqrt(pi) * sum((-1) ** n * z ** n / (factorial(n) * (2 * n + 1)) for n in range(60)) - 1


TAIL_C, SLOPE_C = mpf(5), mpf(6)


def mills_ratio(h):
    """Phi(-h) / phi(h)."""
    if h > 200:
        return sum(series(h)) / h
    return erfc(h / sqrt(mpf(2))) / 2 / (exp(-h * h / 2) / sqrt(2 * pi))


def series(h):
    """The terms of h times the Mills ratio for large h: 1 - 1/h^2 + 3/h^4 - ..."""
    terms = [mpf(1)]
    for n in range(1, 14):
        terms.append(-terms[-1] * (2 * n - 1) / (h * h))
    return terms


def tail_shared(t):
    """(x + 5) e^(x^2 / 2) Phi(-x) as a function of t = (x - 5) / (x + 5): the map's own denominator is the factor, so that one division serves both."""
    if t > 1 - mpf(10) ** -30:
        return 1 / sqrt(2 * pi)
    x = TAIL_C * (1 + t) / (1 - t)
    return (x + TAIL_C) * mills_ratio(x) / sqrt(2 * pi)


def mills_slope(t):
    """(h + 6)^2 (1 - h mills_ratio(h)) as a function of t = (h - 6) / (h + 6)."""
    if t > 1 - mpf(10) ** -30:
        return mpf(1)
    h = SLOPE_C * (1 + t) / (1 - t)
    return (h + SLOPE_C) ** 2 * (-sum(series(h)[1:]) if h > 200 else 1 - h * mills_ratio(h))


def sin_tail(z):
    """(sin x - x) / x^3 with x^2 = z."""
    return sum((-1) ** (n + 1) * z ** n / factorial(2 * n + 3) for n in range(30))


def cos_tail(z):
    """(cos x - 1 + x^2 / 2) / x^4."""
    return sum((-1) ** n * z ** n / factorial(2 * n + 4) for n in range(30))


def atan_tail(z):
    """(atan x - x) / x^3."""
    return sum((-1) ** (n + 1) * z ** n / (2 * n + 3) for n in range(200))


if __name__ == "__main__":
    h = log(2) / 2
    c = fit(exp_tail, -h, h, 9)
    show("ExpTail", c, worst(exp_tail, c, -h, h, lambda r: r ** 3 / exp(r)))
    zmax = ((sqrt(mpf(2)) - 1) / (sqrt(mpf(2)) + 1)) ** 2
    c = fit(log_tail, mpf(0), zmax, 6)
    show("LogTail", c, worst(log_tail, c, mpf(0), zmax, lambda z: z))
    c = fit(mills, mpf(-1), mpf(1), 23)
    show("Mills", c, worst(mills, c, mpf(-1), mpf(1)))
    c = fit(erf_small, mpf(0), mpf(1), 12)
    show("ErfSmall", c, worst(erf_small, c, mpf(0), mpf(1)))
    c = fit(tail_shared, mpf(-1), mpf(1), 23)
    show("TailShared", c, worst(tail_shared, c, mpf(-1), mpf(1), points=401))
    c = fit(mills_slope, mpf(-1), mpf(1), 25)
    show("MillsSlope (relative)", c, worst(mills_slope, c, mpf(-1), mpf(1), lambda t: 1 / mills_slope(t), points=401))
    quadrant = (pi / 4) ** 2 * mpf("1.01")
    c = fit(sin_tail, mpf(0), quadrant, 6)
    show("SinTail", c, worst(sin_tail, c, mpf(0), quadrant, lambda z: z))
    c = fit(cos_tail, mpf(0), quadrant, 5)
    show("CosTail", c, worst(cos_tail, c, mpf(0), quadrant, lambda z: z * z))
    eighth = (sqrt(mpf(2)) - 1) ** 2 * mpf("1.0001")
    c = fit(atan_tail, mpf(0), eighth, 10)
    show("AtanTail", c, worst(atan_tail, c, mpf(0), eighth, lambda z: z))
    hi = mpf(int(log(2) * 2 ** 42)) / 2 ** 42
    print("// ln2 high part (42 bits), low part:", repr(float(hi)), repr(float(log(2) - hi)), "log2(e):", repr(float(1 / log(2))))
    print("// sqrt 2:", repr(float(sqrt(mpf(2)))), "3.5 sqrt 2:", repr(float(C * sqrt(mpf(2)))), "1 / sqrt(2 pi):", repr(float(1 / sqrt(2 * pi))))
