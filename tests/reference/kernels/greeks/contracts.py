"""Writes random contracts with nine figures of at least 15 digits, one CSV row each, for ExactGreeksTests.

    python3 contracts.py TYPE COUNT SEED

TYPE is one of TYPES below. Needs mpmath (Debian: python3-mpmath; python3-gmpy2 makes it faster). Columns: those of `appliance greeks --in`, then exact-price to exact-charm. Everything is drawn from
the seed alone. One in four contracts stands at an edge: spot on the strike, strike on the barrier, no carry or next to none, no rate, a new extremum, a rate at which the rebate's root vanishes.
"""
import random
import sys

from mpmath import mpf

from differentiate import NAMES, greeks

COLUMNS = ("contract,model,right,spot,strike,expiry,rate,yield,vol,barrier,rebate,cash,extremum,fixings,elapsedFixings,runningAverage,"
           "kappa,theta,xi,rho,v0,lambda,jumpMean,jumpStdDev").split(",")
WHOLE = ("fixings", "elapsedFixings")


def draw(rng, kind, model="black-scholes", years=(0.003, 10)):
    t = years[0] * (years[1] / years[0]) ** rng.random()
    vol = 0.05 * 20 ** rng.random()
    spot = round(100 * 4 ** (rng.random() - 0.5), 2)
    width = min(2.0, 3 * vol * t ** 0.5)
    c = {"contract": kind, "model": model, "right": rng.choice(("call", "put")), "spot": spot, "strike": round(spot * 2.718281828 ** (width * (2 * rng.random() - 1)), 2), "expiry": float(f"{t:.6g}"),
         "rate": round(rng.random() * 0.14 - 0.03, 4), "yield": round(rng.random() * 0.11 - 0.03, 4), "vol": round(vol, 4)}
    edge = rng.randrange(20)
    if edge == 0:
        c["strike"] = spot
    elif edge == 1:
        c["yield"] = c["rate"]
    elif edge == 2:
        c["yield"] = c["rate"] + rng.choice((-1, 1)) * 10 ** -rng.uniform(3, 12)
    elif edge == 3:
        c["rate"] = 0.0
    elif edge == 4:
        c["rate"], c["yield"] = -0.05, 0.04
    if model == "black76":
        c["yield"] = 0.0
    return c


def flat_model(rng):
    return rng.choice(("black-scholes", "black-scholes", "black76"))


def digital(rng):
    c = draw(rng, rng.choice(("cash-digital", "asset-digital")), flat_model(rng))
    if c["contract"] == "cash-digital":
        c["cash"] = round(0.01 + 20 * rng.random(), 2)
    return c


def barrier(rng):
    c = draw(rng, rng.choice(("down-and-out", "down-and-in", "up-and-out", "up-and-in")), flat_model(rng))
    away = 1.0005 + rng.random() ** 2 * min(1.5, 3 * c["vol"] * c["expiry"] ** 0.5)
    c["barrier"] = round(c["spot"] / away if c["contract"].startswith("down") else c["spot"] * away, 4)
    if rng.random() < 0.1:
        c["strike"] = c["barrier"]
    c["rebate"] = rng.choice((0.0, round(5 * rng.random(), 2)))
    if rng.random() < 0.1:
        # The rebate's root: (b − σ²/2)² + 2rσ² next to zero.
        c["rate"], c["yield"] = round(-c["vol"] ** 2 / 8, 12), round(-c["vol"] ** 2 / 8, 12)
    return c


def lookback(rng):
    kind = rng.choice(("lookback-fixed", "lookback-floating"))
    c = draw(rng, kind, flat_model(rng))
    maximum = (kind == "lookback-fixed") == (c["right"] == "call")
    if rng.random() < 0.8:
        c["extremum"] = round(c["spot"] * (1 + 0.3 * rng.random() ** 2 * (1 if maximum else -1)), 4) if rng.random() < 0.9 else c["spot"]
    if kind == "lookback-floating":
        del c["strike"]
    return c


def asian_geometric(rng):
    c = draw(rng, "asian-geometric", flat_model(rng))
    if rng.random() < 0.3:
        return c
    rest, past = rng.randrange(1, 30), rng.choice((0, rng.randrange(0, 6)))
    c["fixings"], c["elapsedFixings"] = rest + past, past
    if past:
        c["runningAverage"] = round(c["spot"] * (0.9 + 0.2 * rng.random()), 4)
    return c


def asian_of_two(rng):
    c = draw(rng, "asian-arithmetic", flat_model(rng))
    past = rng.choice((0, 0, 1, 4))
    c["fixings"], c["elapsedFixings"] = 2 + past, past
    if past:
        c["runningAverage"] = round(c["spot"] * (0.9 + 0.2 * rng.random()), 4)
    return c


def asian_continuous(rng):
    c = draw(rng, "asian-arithmetic", flat_model(rng), (0.3, 6))
    # The transform's inverse asks for more digits the smaller σ√T is.
    c["vol"] = round(max(c["vol"], 0.15 / c["expiry"] ** 0.5), 4)
    return c


def jumps(rng, c):
    c["lambda"], c["jumpMean"], c["jumpStdDev"] = round(1.5 * rng.random(), 3), round(0.5 * rng.random() - 0.3, 3), rng.choice((round(0.3 * rng.random(), 3), 0.0, round(0.02 * rng.random(), 4)))
    return c


def any_european(rng, model, years):
    c = draw(rng, rng.choice(("european", "european", "cash-digital", "asset-digital")), model, years)
    if c["contract"] == "cash-digital":
        c["cash"] = round(0.01 + 20 * rng.random(), 2)
    return c


def merton(rng):
    return jumps(rng, any_european(rng, "merton", (0.01, 5)))


def heston_model(rng, model):
    c = any_european(rng, model, (0.02, 10))
    del c["vol"]
    c["v0"], c["theta"] = round(0.01 + 0.24 * rng.random(), 4), round(0.01 + 0.24 * rng.random(), 4)
    c["kappa"], c["xi"], c["rho"] = round(0.2 + 5 * rng.random(), 3), round(0.1 + 1.1 * rng.random(), 3), round(-0.95 + 1.4 * rng.random(), 3)
    width = min(1.5, 3 * (max(c["v0"], c["theta"]) * c["expiry"]) ** 0.5)
    c["strike"] = round(c["spot"] * 2.718281828 ** (width * (2 * rng.random() - 1)), 2)
    return c


def heston(rng):
    return heston_model(rng, "heston")


def bates(rng):
    return jumps(rng, heston_model(rng, "bates"))


TYPES = {f.__name__.replace("_", "-"): f for f in (digital, barrier, lookback, asian_geometric, asian_of_two, asian_continuous, merton, heston, bates)}


def exact(c):
    """The doubles themselves, and zero where a column is blank."""
    numbers = {k: mpf(c.get(k) or 0) for k in COLUMNS[3:] if k not in WHOLE}
    return {**c, **numbers, **{k: int(c.get(k) or 0) for k in WHOLE}}


def main():
    name, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    rng = random.Random(f"{name} {seed}")
    print(",".join(COLUMNS + ["exact-" + name for name in NAMES]))
    for _ in range(count):
        c = TYPES[name](rng)
        print(",".join([str(c.get(k, "")) for k in COLUMNS] + [repr(float(v)) for v in greeks(exact(c))]), flush=True)


if __name__ == "__main__":
    main()
