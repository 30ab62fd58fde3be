"""Nine figures from a price alone, by central differences in 50 digits: a wrong formula for a Greek cannot agree with itself."""
from mpmath import mp, mpf, sqrt

from closed import carry
import closed
import heston

NAMES = ("price", "delta", "gamma", "vega", "theta", "rho", "vanna", "volga", "charm")


def differentiate(f, s, x, r, t, h):
    """f(spot, x, rate, years), x the volatility or √v₀; steps are h of each argument, so that errors are h² of the Greeks and 10^−45/h² by rounding."""
    hs, hx, hr, ht = s * h, x * h, h, t * h
    here = f(s, x, r, t)
    up, down = f(s + hs, x, r, t), f(s - hs, x, r, t)
    more, less = f(s, x + hx, r, t), f(s, x - hx, r, t)
    longer, shorter = f(s, x, r, t + ht), f(s, x, r, t - ht)
    rho = (f(s, x, r + hr, t) - f(s, x, r - hr, t)) / (2 * hr)
    # A mixed derivative from the two corners on the diagonal and the sides already known.
    cross = lambda both, neither, a, b, c, d, k, l: (both - a - c + 2 * here - b - d + neither) / (2 * k * l)
    vanna = cross(f(s + hs, x + hx, r, t), f(s - hs, x - hx, r, t), up, down, more, less, hs, hx)
    charm = -cross(f(s + hs, x, r, t + ht), f(s - hs, x, r, t - ht), up, down, longer, shorter, hs, ht)
    return [here, (up - down) / (2 * hs), (up - 2 * here + down) / hs ** 2, (more - less) / (2 * hx), -(longer - shorter) / (2 * ht), rho, vanna, (more - 2 * here + less) / hx ** 2, charm]


def pricer(c):
    """The function for a contract, and the step its digits bear."""
    kind, model = c["contract"], c["model"]
    if model == "merton":
        return closed.merton, mpf(10) ** -12
    if kind.startswith(("down", "up")):
        return closed.barrier, mpf(10) ** -12
    if kind.startswith("lookback"):
        return closed.lookback, mpf(10) ** -10
    if kind == "asian-geometric":
        return closed.asian_geometric, mpf(10) ** -12
    if kind == "asian-arithmetic":
        return (closed.asian_of_two, mpf(10) ** -8) if c["fixings"] else (closed.asian_continuous, mpf(10) ** -8)
    return closed.digital if kind.endswith("digital") else closed.european, mpf(10) ** -12


def greeks(c):
    if c["model"] in ("heston", "bates"):
        return differentiate(heston.Prices(c).price, c["spot"], sqrt(c["v0"]), c["rate"], c["expiry"], mpf(10) ** -11)
    f, h = pricer(c)
    return differentiate(lambda s, x, r, t: f({**c, "spot": s, "vol": x, "rate": r, "expiry": t}), c["spot"], c["vol"], c["rate"], c["expiry"], h)
