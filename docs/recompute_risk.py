#!/usr/bin/env python3
"""Recomputes losses and risk from an export of `appliance lab export`, with numpy alone.

    appliance lab export desk/lab/entropic-call.json --count 10000 --out out/export
    python3 docs/recompute_risk.py out/export

Losses are summed anew from prices, hedges and costs and compared with loss.npy; then the objective is taken of them.
Costs beyond proportional, fixed and quadratic ones are not in the arrays: there costs.npy is taken as it is. Prices that our own
trades moved (permanent, transient) are not there either: then loss.npy is taken as it is.
"""
import json
import os
import sys

try:
    import numpy as np
except ImportError:
    sys.exit("recompute_risk.py needs numpy, which this Python does not have: pip install numpy, or your distribution's python3-numpy")


def losses(folder, about):
    prices = np.load(os.path.join(folder, "prices.npy"))    # [paths, steps + 1, hedges]
    hedges = np.load(os.path.join(folder, "hedges.npy"))    # [paths, steps, hedges]
    owed = np.load(os.path.join(folder, "owed.npy"))        # [paths]
    steps = hedges.shape[1]
    growth = np.exp(about["rate"] * about["stepYears"] * np.arange(steps, -1, -1))
    accrued = prices * growth[:, None]
    gains = (hedges * np.diff(accrued, axis=1)).sum(axis=(1, 2))
    # What a perpetual's long pays at the end of each step on the value at its start: funding, less the interest on a price that it did not lay out.
    carry = np.array([c["carryShare"] for c in about["costs"]])
    gains -= (hedges * prices[:, :-1] * carry * growth[1:, None]).sum(axis=(1, 2))
    if any(c["movesPrice"] for c in about["costs"]):
        return np.load(os.path.join(folder, "loss.npy"))
    if not all(c["simple"] for c in about["costs"]):
        return owed - gains + np.load(os.path.join(folder, "costs.npy"))
    total = np.zeros_like(owed)
    for i, cost in enumerate(about["costs"]):
        start = np.full((hedges.shape[0], 1), about["initialHolding"][i])
        held = np.concatenate([start, hedges[:, :, i]], axis=1)
        if about["liquidateAtEnd"]:
            held = np.concatenate([held, np.zeros((held.shape[0], 1))], axis=1)
        units = np.abs(np.diff(held, axis=1))
        at = np.abs(prices[:, : units.shape[1], i])
        charge = cost["proportional"] * at * units + cost["quadratic"] * at * units**2 + cost["fixed"] * (units > 0)
        total += (charge * growth[: units.shape[1]]).sum(axis=1)
    return owed - gains + total


def risk(x, o):
    mean, sd = x.mean(), x.std()
    kind = o["kind"]
    if kind == "std-dev":
        return sd
    if kind == "mean-variance":
        return mean + o["riskAversion"] / 2 * sd**2
    if kind == "mean-std":
        return mean + o["k"] * sd
    if kind == "entropic":
        top = x.max()
        return top + np.log(np.exp(o["riskAversion"] * (x - top)).mean()) / o["riskAversion"]
    if kind in ("cvar", "mean-cvar"):
        ordered = np.sort(x)
        threshold = ordered[max(0, int(np.ceil(o["level"] * len(x) - 1e-9)) - 1)]
        tail = threshold + np.maximum(x - threshold, 0).mean() / (1 - o["level"])
        weight = 1 if kind == "cvar" else o["weight"]
        return (1 - weight) * mean + weight * tail
    if kind == "mean-variance-cvar":
        tail = risk(x, {**o, "kind": "cvar"})
        return mean + o["riskAversion"] / 2 * sd**2 + o["weight"] * tail
    if kind == "power":
        wealth, gamma = o["wealth"] - x, o["riskAversion"]
        if wealth.min() <= 0:
            return np.inf
        if abs(gamma - 1) < 1e-12:
            return o["wealth"] - np.exp(np.log(wealth).mean())
        return o["wealth"] - (wealth ** (1 - gamma)).mean() ** (1 / (1 - gamma))
    if kind == "expectile":
        e = mean
        for _ in range(200):
            above, below = np.maximum(x - e, 0), np.maximum(e - x, 0)
            slope = np.where(x > e, o["tau"], 1 - o["tau"]).mean()
            e += (o["tau"] * above.mean() - (1 - o["tau"]) * below.mean()) / slope
        return e
    raise SystemExit(f"export.json: objective.kind: saw {kind!r}, which this script does not know")


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    folder = sys.argv[1]
    try:
        with open(os.path.join(folder, "export.json")) as f:
            about = json.load(f)
    except FileNotFoundError:
        raise SystemExit(f"{folder}: there is no export.json; `appliance lab export` writes it last")
    again = losses(folder, about)
    exported = np.load(os.path.join(folder, "loss.npy"))
    difference = np.abs(again - exported).max()
    print(f"paths      {len(again)} of {about['specification']}, hedged by {about['strategy']}")
    own = any(c["movesPrice"] for c in about["costs"])
    print("losses     as in loss.npy: our own trades moved the prices" if own else f"losses     recomputed within {difference:.3g} of loss.npy")
    print(f"risk       {risk(again, about['objective']):.10g} ({about['objective']['kind']})")
    if difference > 1e-9 * max(1.0, np.abs(exported).max()):
        raise SystemExit("the losses differ")


main()
