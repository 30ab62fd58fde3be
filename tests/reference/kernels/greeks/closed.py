"""Prices of exotic options under geometric Brownian motion in 50 digits, by other ways than the kernels': the barrier's knock-out by the method of images, its rebate with a complex root
where the real one does not exist, the lookback as an integral over the extremum's distribution, the geometric average from its covariances, the arithmetic average of two prices by an
integral and the continuous one by the inverse of Geman and Yor's transform (Mathematical Finance 3, 1993).

A contract is a dictionary with the columns of `appliance greeks --in`, numbers as mpf; b = rate − yield, no drift under Black-76. Nothing here is shared with the C#.
"""
from functools import lru_cache

from mpmath import mp, mpf, mpc, erfc, exp, hyp1f1, log, pi, rgamma, sqrt

mp.dps = 50


def cdf(x):
    return erfc(-x / sqrt(mpf(2))) / 2


def sign(c):
    return 1 if c["right"] == "call" else -1


def carry(c):
    return mpf(0) if c["model"] == "black76" else c["rate"] - c["yield"]


@lru_cache(maxsize=None)
def legendre(n):
    """Nodes and weights of Gauss and Legendre on −1 … 1, by Newton's method on the recurrence."""
    rule = []
    for i in range(n):
        x = mp.cos(pi * (mpf(i) + mpf(3) / 4) / (n + mpf(1) / 2))
        for _ in range(100):
            p0, p1 = mpf(1), x
            for k in range(2, n + 1):
                p0, p1 = p1, ((2 * k - 1) * x * p1 - (k - 1) * p0) / k
            slope = n * (x * p1 - p0) / (x * x - 1)
            move = p1 / slope
            x -= move
            if abs(move) < mpf(10) ** (-mp.dps + 5):
                break
        rule.append((x, 2 / ((1 - x * x) * slope * slope)))
    return rule


def integral(f, cuts, points=40):
    total = mpf(0)
    for low, high in zip(cuts, cuts[1:]):
        half, middle = (high - low) / 2, (high + low) / 2
        total += half * mp.fsum(w * f(middle + half * x) for x, w in legendre(points))
    return total


class Flat:
    """Discounted expectations over the lognormal price at expiry."""

    def __init__(self, c):
        self.t, self.r, self.b, self.vol = c["expiry"], c["rate"], carry(c), c["vol"]
        self.deviation, self.discount = self.vol * sqrt(self.t), exp(-self.r * self.t)

    def cash_above(self, spot, level):
        """e^(−rT)·P(S_T > level)."""
        if level <= 0:
            return self.discount
        return self.discount * cdf((log(spot / level) + self.b * self.t) / self.deviation - self.deviation / 2)

    def asset_above(self, spot, level):
        forward = spot * exp(self.b * self.t) * self.discount
        if level <= 0:
            return forward
        return forward * cdf((log(spot / level) + self.b * self.t) / self.deviation + self.deviation / 2)

    def leg_within(self, spot, strike, w, low, high):
        """w(S_T − K) paid where low < S_T < high; high of None is no bound."""
        asset, cash = self.asset_above(spot, low), self.cash_above(spot, low)
        if high is not None:
            asset, cash = asset - self.asset_above(spot, high), cash - self.cash_above(spot, high)
        return w * (asset - strike * cash)

    def option(self, spot, strike, w):
        if w > 0:
            return self.leg_within(spot, strike, 1, strike, None)
        return self.leg_within(spot, strike, -1, mpf(0), strike)


def european(c):
    return Flat(c).option(c["spot"], c["strike"], sign(c))


def digital(c):
    m, w = Flat(c), sign(c)
    if c["contract"] == "cash-digital":
        above, whole = m.cash_above(c["spot"], c["strike"]), m.discount
        return c["cash"] * (above if w > 0 else whole - above)
    above, whole = m.asset_above(c["spot"], c["strike"]), m.asset_above(c["spot"], mpf(0))
    return above if w > 0 else whole - above


def hit_value(c):
    """E[e^(−r·hit); hit before expiry]: turning the drift to s, s² = ν² + 2rσ², takes the discount away; s may be imaginary, the value is real."""
    t, r, vol = c["expiry"], c["rate"], c["vol"]
    drift, x = carry(c) - vol ** 2 / 2, log(c["barrier"] / c["spot"])
    square = drift ** 2 + 2 * r * vol ** 2
    s = sqrt(mpc(square)) if square < 0 else sqrt(square)
    side, distance, v = (1 if x > 0 else -1), abs(x), vol * sqrt(t)
    hit = cdf((-distance + side * s * t) / v) + exp(2 * s * x / vol ** 2) * cdf((-distance - side * s * t) / v)
    return (exp(x * (drift - s) / vol ** 2) * hit).real


def barrier(c):
    m, w, down = Flat(c), sign(c), c["contract"].startswith("down")
    s, k, h = c["spot"], c["strike"], c["barrier"]
    image_weight = (h / s) ** (2 * m.b / m.vol ** 2 - 1)

    def alive(f):
        """Of a payoff on the living side: what the paths that never hit pay."""
        return f(s) - image_weight * f(h * h / s)

    if w > 0:
        low, high = (max(k, h), None) if down else (k, h)
    else:
        low, high = (h, k) if down else (mpf(0), min(k, h))
    out = mpf(0) if high is not None and low >= high else alive(lambda spot: m.leg_within(spot, k, w, low, high))
    if c["contract"].endswith("out"):
        return out + (c["rebate"] * hit_value(c) if c["rebate"] else 0)
    never = alive(lambda spot: m.cash_above(spot, h) if down else m.discount - m.cash_above(spot, h))
    return m.option(s, k, w) - out + c["rebate"] * never


def lookback(c):
    """∫ P(maximum > y) dy above a level, or ∫ P(minimum < y) dy below it."""
    m, fixed = Flat(c), c["contract"] == "lookback-fixed"
    s, k = c["spot"], c.get("strike")
    maximum = fixed == (c["right"] == "call")
    side, drift = (1 if maximum else -1), m.b - m.vol ** 2 / 2
    extreme = c["extremum"] if c["extremum"] else s
    level = extreme
    if fixed and side * (k - extreme) > 0:
        level = k
    z = side * log(level / s)

    def beyond(y):
        a = side * drift * m.t
        return cdf((a - y) / m.deviation) + exp(2 * side * drift * y / m.vol ** 2) * cdf((-a - y) / m.deviation)

    width = abs(drift) * m.t + m.deviation ** 2 + 16 * m.deviation
    cuts = [z + width * mpf(i) / 8 for i in range(9)]
    expected = s * integral(lambda y: exp(side * y) * beyond(y), cuts) * m.discount
    if fixed:
        return expected + (side * m.discount * (extreme - k) if side * (extreme - k) > 0 else 0)
    return expected + side * (m.discount * extreme - s * exp(m.b * m.t) * m.discount)


def black(forward, strike, deviation, w):
    """E(w(forward·e^(deviation·Z − deviation²/2) − strike))⁺."""
    if strike <= 0:
        return forward - strike if w > 0 else mpf(0)
    d = log(forward / strike) / deviation + deviation / 2
    return w * (forward * cdf(w * d) - strike * cdf(w * (d - deviation)))


def asian_geometric(c):
    m, w = Flat(c), sign(c)
    drift = m.b - m.vol ** 2 / 2
    if not c["fixings"]:
        mean, variance = log(c["spot"]) + drift * m.t / 2, m.vol ** 2 * m.t / 3
    else:
        n, past = int(c["fixings"]), int(c["elapsedFixings"])
        times = [m.t * (i + 1) / (n - past) for i in range(n - past)]
        mean = mp.fsum(log(c["spot"]) + drift * u for u in times) / n + (past * log(c["runningAverage"]) / n if past else 0)
        variance = m.vol ** 2 * mp.fsum(min(a, b) for a in times for b in times) / n ** 2
    return m.discount * black(exp(mean + variance / 2), c["strike"], sqrt(variance), w)


def asian_of_two(c):
    """Two fixings to come: Black's formula for the second, integrated over the first."""
    m, w, n, past = Flat(c), sign(c), int(c["fixings"]), int(c["elapsedFixings"])
    assert n - past == 2
    step = m.t / 2
    v, growth = m.vol * sqrt(step), exp(m.b * step)
    left = c["strike"] - (c["runningAverage"] * past / n if past else 0)
    if left <= 0:
        return m.discount * w * (c["spot"] * (growth + growth ** 2) / n - left) if w > 0 else mpf(0)

    def given(z):
        first = c["spot"] * growth * exp(v * z - v * v / 2)
        return exp(-z * z / 2) * black(first * growth / n, left - first / n, v, w)

    # Beyond this first price the payoff is certain; the integrand is smooth there, but not analytic.
    certain = log(left * n / (c["spot"] * growth)) / v + v / 2
    reach = mpf(14)
    cuts = sorted({-reach, reach, *(x for x in [certain + mpf(d) / 8 for d in (-32, -16, -8, -4, -2, -1, 0, 1)] if -reach < x < reach), *(mpf(i) for i in range(-12, 13, 3))})
    return m.discount * integral(given, cuts) / sqrt(2 * pi)


def asian_continuous(c):
    """Geman and Yor's transform of the call in h = σ²T/4, inverted by Talbot's contour; a put by parity. No past."""
    m, w = Flat(c), sign(c)
    h, q, nu = m.vol ** 2 * m.t / 4, m.vol ** 2 * c["strike"] * m.t / (4 * c["spot"]), 2 * m.b / m.vol ** 2 - 1

    def transform(x):
        mu = sqrt(2 * x + nu ** 2)
        a, b = (mu - nu) / 2 - 1, (mu + nu) / 2 + 2
        # Γ(b)/Γ(a + b) = (a + b − 1)…; both through reciprocals, which are entire.
        return mp.gamma(b) * rgamma(a + b) * hyp1f1(a, a + b, -1 / (2 * q)) * (2 * q) ** -a / (x * (x - 2 - 2 * nu))

    # The abscissa is to the right of every pole.
    right = max(mpf(0), 2 + 2 * nu) + 1
    value = mp.invertlaplace(lambda x: transform(x + right), h, method="talbot", degree=90) * exp(right * h)
    call = m.discount * 4 * c["spot"] / (m.vol ** 2 * m.t) * value
    if w > 0:
        return call
    mean = c["spot"] * ((exp(m.b * m.t) - 1) / (m.b * m.t) if m.b else 1)
    return call - m.discount * (mean - c["strike"])


def merton(c):
    w, t, lam = sign(c), c["expiry"], c["lambda"]
    jump = c["jumpMean"] + c["jumpStdDev"] ** 2 / 2
    b = carry(c) - lam * (exp(jump) - 1)
    total, weight, n = mpf(0), exp(-lam * t), 0
    while True:
        v = sqrt(c["vol"] ** 2 * t + n * c["jumpStdDev"] ** 2)
        forward = c["spot"] * exp(b * t + n * jump)
        d = log(forward / c["strike"]) / v + v / 2
        term = {"european": lambda: black(forward, c["strike"], v, w), "cash-digital": lambda: c["cash"] * cdf(w * (d - v)), "asset-digital": lambda: forward * cdf(w * d)}[c["contract"]]()
        total += weight * term
        if n > lam * t * (1 + exp(jump)) and weight * max(1, forward) < mpf(10) ** -60:
            return exp(-c["rate"] * t) * total
        n += 1
        weight *= lam * t / n
