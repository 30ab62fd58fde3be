"""Calls on the average of two and of three prices in 20 digits, by one and two integrals over the returns with Black's formula inside; shares nothing with the implementation."""
from mpmath import mp, mpf, exp, log, sqrt, quad, erfc, pi

mp.dps = 25


def cdf(x):
    return erfc(-x / sqrt(mpf(2))) / 2


def pdf(x):
    return exp(-x * x / 2) / sqrt(2 * pi)


def black(forward, strike, deviation):
    """E(forward·e^(deviation·Z − deviation²/2) − strike)⁺."""
    if strike <= 0:
        return forward - strike
    d = log(forward / strike) / deviation + deviation / 2
    return forward * cdf(d) - strike * cdf(d - deviation)


def average(n, s, k, t, r, q, v):
    s, k, t, r, q, v = map(mpf, (s, k, t, r, q, v))
    step = t / n
    deviation, growth = v * sqrt(step), exp((r - q) * step)
    move = lambda z: growth * exp(deviation * z - deviation ** 2 / 2)
    cuts = [-12, -6, -3, -1, 0, 1, 3, 6, 12]
    if n == 2:
        value = quad(lambda z: pdf(z) * black(s * move(z) * growth, 2 * k - s * move(z), deviation), cuts)
    else:
        def inner(first):
            return quad(lambda z: pdf(z) * black(first * move(z) * growth, 3 * k - first - first * move(z), deviation), cuts)
        value = quad(lambda z: pdf(z) * inner(s * move(z)), cuts)
    return exp(-r * t) * value / n


if __name__ == "__main__":
    for n, *rest in ((2, 100, 104, 0.5, 0.05, 0.01, 0.3), (2, 100, 80, 2, -0.02, 0.03, 0.6), (3, 100, 101, 1, 0.03, 0.05, 0.25)):
        print(n, *rest, mp.nstr(average(n, *rest), 17))
