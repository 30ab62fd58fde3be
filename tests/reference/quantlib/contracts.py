"""Writes random contracts with QuantLib's prices and Greeks, one CSV row each, for QuantLibTests.

    python3 contracts.py TYPE COUNT SEED

TYPE is one of those in TYPES below. Needs quantlib-python (Debian), nothing else. Columns: those of `appliance greeks --in`, then price and their-delta to their-rho; empty where
QuantLib's engine gives none. Expiries are whole days over 365, so that QuantLib's dates and our years are the same number. Everything is drawn from the seed alone.
"""
import math
import random
import sys

import QuantLib as ql

TODAY = ql.Date(21, 11, 2025)
COLUMNS = ("contract,model,right,spot,strike,expiry,rate,yield,vol,barrier,rebate,cash,extremum,fixings,elapsedFixings,runningAverage,"
           "kappa,theta,xi,rho,v0,lambda,jumpMean,jumpStdDev").split(",")
GREEKS = ("delta", "gamma", "vega", "theta", "rho")


class Market:
    """One Black-Scholes process whose quotes are set for each contract."""

    def __init__(self):
        ql.Settings.instance().evaluationDate = TODAY
        dc, calendar = ql.Actual365Fixed(), ql.NullCalendar()
        self.spot, self.rate, self.dividend, self.vol = (ql.SimpleQuote(x) for x in (100, 0, 0, 0.2))
        self.r = ql.YieldTermStructureHandle(ql.FlatForward(TODAY, ql.QuoteHandle(self.rate), dc))
        self.q = ql.YieldTermStructureHandle(ql.FlatForward(TODAY, ql.QuoteHandle(self.dividend), dc))
        self.s = ql.QuoteHandle(self.spot)
        sigma = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(TODAY, calendar, ql.QuoteHandle(self.vol), dc))
        self.process = ql.BlackScholesMertonProcess(self.s, self.q, self.r, sigma)

    def set(self, c):
        self.spot.setValue(c["spot"])
        self.rate.setValue(c["rate"])
        self.dividend.setValue(c["rate"] if c["model"] == "black76" else c["yield"])
        if "vol" in c:
            self.vol.setValue(c["vol"])


def draw(rng, kind, model="black-scholes", days=(1, 3650)):
    n = int(round(days[0] * (days[1] / days[0]) ** rng.random()))
    vol = 0.05 * 20 ** rng.random()
    spot = round(100 * 4 ** (rng.random() - 0.5), 2)
    width = min(2.5, 3.5 * vol * (n / 365) ** 0.5)
    return {"contract": kind, "model": model, "right": rng.choice(("call", "put")), "spot": spot, "strike": round(spot * 2.718281828 ** (width * (2 * rng.random() - 1)), 2) or 0.01,
            "days": n, "expiry": n / 365, "rate": round(rng.random() * 0.14 - 0.03, 4), "yield": round(rng.random() * 0.11 - 0.03, 4), "vol": round(vol, 4)}


def payoff_type(c):
    return ql.Option.Call if c["right"] == "call" else ql.Option.Put


def european_exercise(c):
    return ql.EuropeanExercise(TODAY + c["days"])


def vanilla(c):
    kind, right = c["contract"], payoff_type(c)
    if kind == "cash-digital":
        payoff = ql.CashOrNothingPayoff(right, c["strike"], c["cash"])
    elif kind == "asset-digital":
        payoff = ql.AssetOrNothingPayoff(right, c["strike"])
    else:
        payoff = ql.PlainVanillaPayoff(right, c["strike"])
    exercise = ql.AmericanExercise(TODAY, TODAY + c["days"]) if kind == "american" else european_exercise(c)
    return ql.VanillaOption(payoff, exercise)


def european(rng, m):
    c = draw(rng, "european", rng.choice(("black-scholes", "black-scholes", "black76")))
    return c, vanilla(c), ql.AnalyticEuropeanEngine(m.process)


def digital(rng, m):
    c = draw(rng, rng.choice(("cash-digital", "asset-digital")))
    c["cash"] = round(0.01 + 20 * rng.random(), 2) if c["contract"] == "cash-digital" else ""
    return c, vanilla(c), ql.AnalyticEuropeanEngine(m.process)


BARRIERS = {"down-and-out": ql.Barrier.DownOut, "down-and-in": ql.Barrier.DownIn, "up-and-out": ql.Barrier.UpOut, "up-and-in": ql.Barrier.UpIn}


def barrier(rng, m):
    c = draw(rng, rng.choice(list(BARRIERS)))
    c["rate"] = abs(c["rate"])
    away = 1 + rng.random() * min(1.5, 3 * c["vol"] * c["expiry"] ** 0.5) + 0.001
    # Where the mirrored paths weigh more than e^12, QuantLib's normal distribution (1e-16 absolute) no longer gives 1e-10; 50 digits say that ours still does.
    while abs(2 * (c["rate"] - c["yield"]) / c["vol"] ** 2 - 1) * math.log(away) > 12:
        away = away ** 0.5
    c["barrier"] = c["spot"] / away if c["contract"].startswith("down") else c["spot"] * away
    if rng.random() < 0.05:
        c["strike"] = c["barrier"]
    c["rebate"] = round(rng.choice((0, 5 * rng.random())), 2)
    option = ql.BarrierOption(BARRIERS[c["contract"]], c["barrier"], c["rebate"], ql.PlainVanillaPayoff(payoff_type(c), c["strike"]), european_exercise(c))
    return c, option, ql.AnalyticBarrierEngine(m.process)


def lookback(rng, m):
    fixed = rng.random() < 0.5
    c = draw(rng, "lookback-fixed" if fixed else "lookback-floating")
    if abs(c["rate"] - c["yield"]) < 0.002:
        c["yield"] = round(c["yield"] + 0.005, 4)
    maximum = fixed == (c["right"] == "call")
    c["extremum"] = round(c["spot"] * (1 + 0.3 * rng.random() * (1 if maximum else -0.7)), 4)
    if fixed:
        option = ql.ContinuousFixedLookbackOption(c["extremum"], ql.PlainVanillaPayoff(payoff_type(c), c["strike"]), european_exercise(c))
        return c, option, ql.AnalyticContinuousFixedLookbackEngine(m.process)
    option = ql.ContinuousFloatingLookbackOption(c["extremum"], ql.FloatingTypePayoff(payoff_type(c)), european_exercise(c))
    return c, option, ql.AnalyticContinuousFloatingLookbackEngine(m.process)


def asian(rng, m):
    c = draw(rng, "asian-geometric", days=(12, 3650))
    payoff = ql.PlainVanillaPayoff(payoff_type(c), c["strike"])
    if rng.random() < 0.3:
        return c, ql.ContinuousAveragingAsianOption(ql.Average.Geometric, payoff, european_exercise(c)), ql.AnalyticContinuousGeometricAveragePriceAsianEngine(m.process)
    # Fixing dates are whole days, so the expiry is a whole number of intervals.
    rest = rng.randrange(1, 13)
    step = max(1, c["days"] // rest)
    c["days"] = rest * step
    c["expiry"] = c["days"] / 365
    past = rng.choice((0, rng.randrange(0, 6)))
    c["fixings"], c["elapsedFixings"] = rest + past, past
    c["runningAverage"] = round(c["spot"] * (0.9 + 0.2 * rng.random()), 4) if past else ""
    dates = [TODAY + step * (k + 1) for k in range(rest)]
    product = c["runningAverage"] ** past if past else 1.0
    option = ql.DiscreteAveragingAsianOption(ql.Average.Geometric, product, past, dates, payoff, european_exercise(c))
    return c, option, ql.AnalyticDiscreteGeometricAveragePriceAsianEngine(m.process)


def american(rng, m):
    c = draw(rng, "american", days=(7, 1825))
    c["vol"] = max(0.1, c["vol"])
    # QuantLib throws where the exercise region has two boundaries; such contracts are tested against our own finite differences.
    while (0 > c["rate"] > c["yield"]) if c["right"] == "put" else (0 > c["yield"] > c["rate"]):
        c["rate"], c["yield"] = round(rng.random() * 0.14 - 0.03, 4), round(rng.random() * 0.11 - 0.03, 4)
    return c, vanilla(c), ql.QdFpAmericanEngine(m.process, ql.QdFpAmericanEngine.highPrecisionScheme())


def heston_draw(rng, model):
    c = draw(rng, "european", model, days=(7, 3650))
    del c["vol"]
    c["v0"], c["theta"] = round(0.01 + 0.24 * rng.random(), 4), round(0.01 + 0.24 * rng.random(), 4)
    c["kappa"], c["xi"], c["rho"] = round(0.2 + 5 * rng.random(), 3), round(0.1 + 1.1 * rng.random(), 3), round(-0.95 + 1.4 * rng.random(), 3)
    width = min(1.5, 3 * (max(c["v0"], c["theta"]) * c["expiry"]) ** 0.5)
    c["strike"] = round(c["spot"] * 2.718281828 ** (width * (2 * rng.random() - 1)), 2)
    return c


def heston(rng, m):
    c = heston_draw(rng, "heston")
    process = ql.HestonProcess(m.r, m.q, m.s, c["v0"], c["kappa"], c["theta"], c["xi"], c["rho"])
    return c, vanilla(c), ql.AnalyticHestonEngine(ql.HestonModel(process), 1e-11, 100000)


def bates(rng, m):
    c = heston_draw(rng, "bates")
    c["lambda"], c["jumpMean"], c["jumpStdDev"] = round(1.5 * rng.random(), 3), round(0.3 * rng.random() - 0.2, 3), round(0.05 + 0.25 * rng.random(), 3)
    process = ql.BatesProcess(m.r, m.q, m.s, c["v0"], c["kappa"], c["theta"], c["xi"], c["rho"], c["lambda"], c["jumpMean"], c["jumpStdDev"])
    return c, vanilla(c), ql.BatesEngine(ql.BatesModel(process), 1e-11, 100000)


def merton(rng, m):
    """No engine for Python: Merton's series, each term of it QuantLib's Black formula for a known number of jumps."""
    c = draw(rng, "european", "merton", days=(7, 3650))
    c["lambda"], c["jumpMean"], c["jumpStdDev"] = round(1.5 * rng.random(), 3), round(0.3 * rng.random() - 0.2, 3), round(0.3 * rng.random(), 3)
    t, mean, rate = c["expiry"], c["jumpMean"] + c["jumpStdDev"] ** 2 / 2, c["lambda"] * c["expiry"]
    forward = c["spot"] * math.exp((c["rate"] - c["yield"]) * t - rate * (math.exp(mean) - 1))
    terms, weight = [], math.exp(-rate)
    for n in range(200):
        deviation = math.sqrt(c["vol"] ** 2 * t + n * c["jumpStdDev"] ** 2)
        terms.append(weight * ql.blackFormula(payoff_type(c), c["strike"], forward * math.exp(n * mean), deviation, math.exp(-c["rate"] * t)))
        weight *= rate / (n + 1)
    return c, None, math.fsum(terms)


TYPES = {f.__name__: f for f in (european, digital, barrier, lookback, asian, american, heston, bates, merton)}
# Engines that answer a question of Greeks by finite differences of their own, or with another convention, are asked for prices alone.
WITH_GREEKS = ("european", "digital")


def main():
    name, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    rng, market = random.Random(f"{name} {seed}"), Market()
    print(",".join(COLUMNS + ["price"] + ["their-" + g for g in GREEKS]))
    for _ in range(count):
        try:
            c, option, engine = TYPES[name](rng, market)
        except RuntimeError:
            # QuantLib refuses some parameters (jumps whose mean it takes for its own unset value); others are drawn.
            continue
        if option is None:
            print(",".join([str(c.get(k, "")) for k in COLUMNS] + [repr(engine)] + ["" for _ in GREEKS]))
            continue
        market.set(c)
        option.setPricingEngine(engine)
        try:
            values = [option.NPV()]
        except RuntimeError:
            # An engine that does not reach its own accuracy is no reference.
            continue
        for greek in GREEKS:
            try:
                values.append(getattr(option, greek)() if name in WITH_GREEKS else "")
            except RuntimeError:
                values.append("")
        print(",".join([str(c.get(k, "")) for k in COLUMNS] + [repr(v) if v != "" else "" for v in values]))


if __name__ == "__main__":
    main()
