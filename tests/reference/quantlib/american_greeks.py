"""Greeks of American options from QuantLib's QdFp prices alone, by seven-point differences; prints tests/Appliance.Tests/Compute/Pricing/exact/american.csv.

    python3 american_greeks.py COUNT SEED

The scheme is far finer than QuantLib's own (24 points of the boundary, its integrals to 1e-13), so that prices bear differences with steps of 2 % of the argument. A price depends on years only
through σ²T, rT and qT: that is how years are moved by less than QuantLib's whole days. An option that its holder exercises within the steps has no smooth price: another is drawn.
"""
import random
import sys

import QuantLib as ql

import contracts

NAMES = ("price", "delta", "gamma", "vega", "theta", "rho", "vanna", "volga", "charm")
FIRST = ((1, 3 / 4), (2, -3 / 20), (3, 1 / 60))
SECOND = ((1, 3 / 2), (2, -3 / 20), (3, 1 / 90))


def first(f, h):
    return sum(w * (f(k * h) - f(-k * h)) for k, w in FIRST) / h


def second(f, h):
    return (sum(w * (f(k * h) + f(-k * h)) for k, w in SECOND) - 49 / 18 * f(0)) / h ** 2


def main():
    count, seed = int(sys.argv[1]), int(sys.argv[2])
    rng, market = random.Random(f"american greeks {seed}"), contracts.Market()
    scheme = ql.QdFpTanhSinhIterationScheme(16, 24, 1e-13)
    print(",".join(contracts.COLUMNS + ["exact-" + name for name in NAMES]))
    while count > 0:
        c, option, _ = contracts.american(rng, market)
        option.setPricingEngine(ql.QdFpAmericanEngine(market.process, scheme))
        known = {}

        def price(spot=0.0, vol=0.0, rate=0.0, years=0.0):
            key = (spot, vol, rate, years)
            if key not in known:
                longer = 1 + years / c["expiry"]
                market.spot.setValue(c["spot"] + spot)
                market.vol.setValue((c["vol"] + vol) * longer ** 0.5)
                market.rate.setValue((c["rate"] + rate) * longer)
                market.dividend.setValue(c["yield"] * longer)
                known[key] = option.NPV()
            return known[key]

        hs, hv, ht = 0.02 * c["spot"] * min(1, 4 * c["vol"] * c["expiry"] ** 0.5), 0.02 * c["vol"], 0.02 * c["expiry"]
        hr = 1e-3
        exercise = lambda move: (c["spot"] + move - c["strike"]) * (1 if c["right"] == "call" else -1)
        if min(abs(c["rate"]), abs(c["yield"]), abs(c["rate"] - c["yield"])) < 5e-3 or c["rate"] < 0 or c["yield"] < 0:
            continue
        if any(price(spot=k * hs) < exercise(k * hs) + 2e-3 * c["spot"] for k in range(-3, 4)) or price() < 1e-3 * c["spot"]:
            continue
        delta = lambda **more: first(lambda h: price(spot=h, **more), hs)
        values = [price(), delta(), second(lambda h: price(spot=h), hs), first(lambda h: price(vol=h), hv), -first(lambda h: price(years=h), ht), first(lambda h: price(rate=h), hr),
                  first(lambda h: delta(vol=h), hv), second(lambda h: price(vol=h), hv), -first(lambda h: delta(years=h), ht)]
        print(",".join([str(c.get(k, "")) for k in contracts.COLUMNS] + [repr(v) for v in values]), flush=True)
        count -= 1


if __name__ == "__main__":
    main()
