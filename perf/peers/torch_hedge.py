"""One training step of deep hedging in PyTorch: the peer of `Appliance.Perf training`.

Reads a folder that our side wrote (paths and weights as raw little-endian float32), answers loss and gradient from them, then times
forward and backward passes. Run by Debian's python3 with python3-torch and libopenblas0. Everything is written the way that is fastest
in eager PyTorch of this shape: float32, paths as rows, features of all steps prepared once, no_grad bookkeeping outside the timing.

usage: torch_hedge.py FOLDER check | torch_hedge.py FOLDER time BATCH SECONDS THREADS
"""
import json
import sys
import time

import numpy as np
import torch


def load(folder):
    with open(f"{folder}/shape.json") as f:
        shape = json.load(f)
    steps, paths = shape["steps"], shape["paths"]
    prices = np.fromfile(f"{folder}/prices.f32", "<f4").reshape(steps + 1, paths)
    owed = np.fromfile(f"{folder}/owed.f32", "<f4")
    flat = np.fromfile(f"{folder}/weights.f32", "<f4")
    return shape, torch.from_numpy(prices), torch.from_numpy(owed), torch.from_numpy(flat)


def unpack(shape, flat):
    """Weights [out, in] and biases [out], layer by layer, as our parameter vector holds them."""
    layers, at, width = [], 0, 3
    for out in shape["hidden"] + [1]:
        weight = flat[at:at + out * width].reshape(out, width).clone().requires_grad_()
        at += out * width
        bias = flat[at:at + out].clone().requires_grad_()
        at += out
        layers.append((weight, bias))
        width = out
    return layers


def loss_of(shape, layers, prices, moneyness, owed):
    steps, cost, aversion = shape["steps"], shape["cost"], shape["riskAversion"]
    paths = prices.shape[1]
    held = torch.zeros(paths)
    pnl = torch.zeros(paths)
    for k in range(steps):
        clock = torch.full((paths,), 1.0 - k / steps)
        x = torch.stack((moneyness[k], clock, held), dim=1)
        for i, (weight, bias) in enumerate(layers):
            x = torch.nn.functional.linear(x, weight, bias)
            if i < len(layers) - 1:
                x = torch.relu(x)
        after = x[:, 0]
        pnl = pnl + after * (prices[k + 1] - prices[k]) - cost * prices[k] * torch.abs(after - held)
        held = after
    loss = owed - pnl
    return (torch.logsumexp(aversion * loss, 0) - np.log(paths)) / aversion


def main():
    folder, verb = sys.argv[1], sys.argv[2]
    shape, prices, owed, flat = load(folder)
    moneyness = torch.log(prices) * shape["moneynessFactor"]
    if verb == "check":
        layers = unpack(shape, flat)
        loss = loss_of(shape, layers, prices, moneyness, owed)
        loss.backward()
        gradient = torch.cat([t.grad.reshape(-1) for pair in layers for t in pair]).numpy()
        gradient.astype("<f4").tofile(f"{folder}/torch_gradient.f32")
        print(json.dumps({"loss": float(loss), "torch": torch.__version__}))
        return
    batch, seconds, threads = int(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5])
    torch.set_num_threads(threads)
    repeat = (batch + prices.shape[1] - 1) // prices.shape[1]
    prices = prices.repeat(1, repeat)[:, :batch].contiguous()
    moneyness = moneyness.repeat(1, repeat)[:, :batch].contiguous()
    owed = owed.repeat(repeat)[:batch].contiguous()
    layers = unpack(shape, flat)
    done, begin = 0, None
    while True:
        loss_of(shape, layers, prices, moneyness, owed).backward()
        for pair in layers:
            for t in pair:
                t.grad = None
        now = time.perf_counter()
        if begin is None:
            begin = now  # the first pass warms up
            continue
        done += 1
        if now - begin >= seconds:
            break
    print(json.dumps({"pathsPerSecond": done * batch / (now - begin)}))


main()
