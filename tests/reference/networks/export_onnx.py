"""Exports networks from PyTorch as ONNX, with inputs and the outputs that PyTorch gives in double precision; the tests import them and must agree.

Debian: apt-get install python3-torch (1.13.1), then /usr/bin/python3 export_onnx.py FOLDER [--small] [--seed N]. --small writes the few tiny files that are checked in under
tests/Appliance.Tests/Compute/onnx; without it the larger set of `make verify` is written. Everything comes from the seed.
"""
import argparse
import json
import os
import warnings

import torch
from torch import nn

warnings.filterwarnings("ignore")


class Last(nn.Module):
    """A recurrent stack over [batch, steps, features] (or [steps, batch, features]) whose last step feeds a head; `layer`: taken from h_n instead, by that index."""

    def __init__(self, kind, features, units, layers, head, batch_first=True, normalise=False, layer=None):
        super().__init__()
        self.recurrent = kind(features, units, layers, batch_first=batch_first)
        self.head = head
        self.batch_first = batch_first
        self.normalise = normalise
        self.layer = layer
        self.register_buffer("mean", torch.linspace(-1, 2, features))
        self.register_buffer("scale", torch.linspace(0.5, 3, features))

    def forward(self, x):
        if self.normalise:
            x = (x - self.mean) / self.scale
        y, last = self.recurrent(x)
        if self.layer is not None:
            return self.head((last[0] if isinstance(last, tuple) else last)[self.layer])
        return self.head(y[:, -1, :] if self.batch_first else y[-1])


class Normalised(nn.Module):
    def __init__(self, features, body, low=None, high=None):
        super().__init__()
        self.body = body
        self.low, self.high = low, high
        self.register_buffer("mean", torch.linspace(50, 150, features))
        self.register_buffer("scale", torch.linspace(5, 25, features))

    def forward(self, x):
        y = self.body((x - self.mean) / self.scale)
        return y if self.low is None else torch.clamp(y, self.low, self.high)


class TwoHeads(nn.Module):
    """A trunk with a target and a width, joined."""

    def __init__(self, features, hidden):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(features, hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.Tanh())
        self.target, self.width = nn.Linear(hidden, 1), nn.Linear(hidden, 1)

    def forward(self, x):
        h = self.trunk(x)
        return torch.cat([self.target(h), self.width(h)], dim=-1)


def mlp(sizes, activation, last=None):
    layers = []
    for i in range(len(sizes) - 1):
        layers.append(nn.Linear(sizes[i], sizes[i + 1]))
        if i + 2 < len(sizes):
            layers.append(activation())
    if last is not None:
        layers.append(last())
    return nn.Sequential(*layers)


def with_batch_norm(features, hidden):
    norm, inner = nn.BatchNorm1d(features), nn.BatchNorm1d(hidden)
    for n in (norm, inner):
        n.running_mean.copy_(torch.randn_like(n.running_mean))
        n.running_var.copy_(0.5 + torch.rand_like(n.running_var))
        n.weight.data.copy_(0.5 + torch.rand_like(n.weight))
        n.bias.data.copy_(torch.randn_like(n.bias))
    return nn.Sequential(norm, nn.Linear(features, hidden), inner, nn.ReLU(), nn.Linear(hidden, 1))


def with_layer_norm(sizes, activation, before=False, after=False):
    """Linear, LayerNorm, activation; `before`: the inputs are normalised, too; `after`: it stands behind the activations instead."""
    def norm(n):
        made = nn.LayerNorm(n)
        made.weight.data.copy_(0.5 + torch.rand(n))
        made.bias.data.copy_(torch.randn(n))
        return made
    layers = [norm(sizes[0])] if before else []
    for i in range(len(sizes) - 1):
        layers.append(nn.Linear(sizes[i], sizes[i + 1]))
        if i + 2 < len(sizes):
            layers += [activation(), norm(sizes[i + 1])] if after else [norm(sizes[i + 1]), activation()]
    return nn.Sequential(*layers)


SMALL = {
    "mlp_silu": lambda: (Normalised(3, mlp([3, 5, 4, 1], nn.SiLU), -0.2, 0.15), 1, 3, 100.0),
    "mlp_heads": lambda: (TwoHeads(3, 4), 1, 3, 1.0),
    "lstm": lambda: (Last(nn.LSTM, 2, 3, 2, nn.Linear(3, 1), normalise=True), 6, 2, 1.0),
    "gru": lambda: (Last(nn.GRU, 2, 3, 1, mlp([3, 2, 1], nn.Tanh), batch_first=False), 6, 2, 1.0),
    "gru_reset_before": lambda: (Last(nn.GRU, 2, 3, 1, nn.Linear(3, 1), batch_first=False), 6, 2, 1.0),
    "mlp_layer_norm": lambda: (with_layer_norm([3, 5, 4, 1], nn.ReLU), 1, 3, 1.0),
    "mlp_layer_norm_after_17": lambda: (Normalised(3, with_layer_norm([3, 5, 4, 2], nn.SiLU, before=True, after=True)), 1, 3, 100.0),
    "lstm_last_state": lambda: (Last(nn.LSTM, 2, 3, 2, nn.Linear(3, 1), layer=-1), 6, 2, 1.0),
}
LARGE = {
    "mlp_layer_norm_wide_17": lambda: (with_layer_norm([16, 100, 64, 2], nn.SiLU), 1, 16, 1.0),
    "mlp_layer_norm_before": lambda: (Normalised(9, with_layer_norm([9, 65, 33, 1], nn.Tanh, before=True), -0.2, 0.3), 1, 9, 100.0),
    "mlp_layer_norm_after": lambda: (with_layer_norm([20, 128, 128, 1], nn.ReLU, after=True), 1, 20, 1.0),
    "lstm_layer_norm": lambda: (Last(nn.LSTM, 5, 40, 2, with_layer_norm([40, 16, 1], nn.ReLU, before=True)), 20, 5, 1.0),
    "gru_layer_norm_17": lambda: (Last(nn.GRU, 5, 24, 1, with_layer_norm([24, 16, 1], nn.Tanh)), 20, 5, 1.0),
    "mlp_relu_wide": lambda: (mlp([16, 64, 64, 1], nn.ReLU), 1, 16, 1.0),
    "mlp_tanh_out": lambda: (mlp([7, 32, 32, 1], nn.ReLU, nn.Tanh), 1, 7, 1.0),
    "mlp_sigmoid_out": lambda: (mlp([7, 32, 1], nn.Sigmoid, nn.Sigmoid), 1, 7, 1.0),
    "mlp_batch_norm": lambda: (with_batch_norm(9, 33), 1, 9, 1.0),
    "mlp_silu_wide": lambda: (Normalised(20, mlp([20, 128, 128, 2], nn.SiLU)), 1, 20, 100.0),
    "mlp_no_hidden": lambda: (mlp([5, 2], nn.ReLU), 1, 5, 1.0),
    "lstm_100": lambda: (Last(nn.LSTM, 12, 100, 2, nn.Linear(100, 1)), 30, 12, 1.0),
    "lstm_time_first": lambda: (Last(nn.LSTM, 5, 17, 3, mlp([17, 8, 2], nn.ReLU), batch_first=False), 20, 5, 1.0),
    "lstm_h_n": lambda: (Last(nn.LSTM, 5, 17, 2, nn.Linear(17, 1), layer=-1), 20, 5, 1.0),
    "gru_h_n_of_one": lambda: (Last(nn.GRU, 5, 17, 1, nn.Linear(17, 1), layer=0), 20, 5, 1.0),
    "gru_64": lambda: (Last(nn.GRU, 12, 64, 2, nn.Linear(64, 1), normalise=True), 30, 12, 1.0),
    "gru_reset_before_40": lambda: (Last(nn.GRU, 7, 40, 2, nn.Linear(40, 1), batch_first=False), 20, 7, 1.0),
}


# Normalising five values that happen to lie together multiplies single precision's rounding past 1e-6: this one is drawn once for all.
FIXED = {"mlp_layer_norm_after_17"}


def gru_reset_before(model, x):
    """PyTorch has no GRU with the reset gate before the product, so here are the formulas; x is [steps, features], in double precision."""
    r = model.recurrent
    layers, n = r.num_layers, r.hidden_size
    h = [torch.zeros(n, dtype=torch.float64) for _ in range(layers)]
    for step in x:
        for l in range(layers):
            w, u = getattr(r, f"weight_ih_l{l}"), getattr(r, f"weight_hh_l{l}")
            b, c = getattr(r, f"bias_ih_l{l}"), getattr(r, f"bias_hh_l{l}")
            i = w @ step + b
            reset = torch.sigmoid(i[:n] + u[:n] @ h[l] + c[:n])
            update = torch.sigmoid(i[n:2 * n] + u[n:2 * n] @ h[l] + c[n:2 * n])
            new = torch.tanh(i[2 * n:] + u[2 * n:] @ (reset * h[l]) + c[2 * n:])
            h[l] = (1 - update) * new + update * h[l]
            step = h[l]
    return model.head(h[-1])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--seed", type=int, default=20260102)
    arguments = parser.parse_args()
    os.makedirs(arguments.folder, exist_ok=True)
    cases = SMALL if arguments.small else {**SMALL, **LARGE}
    samples = 3 if arguments.small else 50
    for number, (name, make) in enumerate(cases.items()):
        torch.manual_seed((20260102 if name in FIXED else arguments.seed) + number)
        with torch.no_grad():
            model, steps, features, spread = make()
        model.eval()
        recurrent = isinstance(model, Last)
        shape = (1, features) if not recurrent else (1, steps, features) if model.batch_first else (steps, 1, features)
        path = os.path.join(arguments.folder, name + ".onnx")
        torch.onnx.export(model, torch.zeros(shape), path, opset_version=11 if name == "gru" else 17 if name.endswith("_17") else 13, do_constant_folding=True)
        if "reset_before" in name:
            with open(path, "rb") as f:
                data = f.read()
            assert b"linear_before_reset\x18\x01" in data
            with open(path, "wb") as f:
                f.write(data.replace(b"linear_before_reset\x18\x01", b"linear_before_reset\x18\x00"))
        double = model.double()
        runs = []
        with torch.no_grad():
            for _ in range(samples):
                x = (torch.randn(shape) * (0.3 * spread if spread > 1 else 1) + (spread if spread > 1 else 0)).float().double()
                rows = x.reshape(-1, features)
                y = gru_reset_before(model, rows) if "reset_before" in name else double(x)
                runs.append({"input": rows.flatten().tolist(), "output": y.flatten().tolist()})
        with open(os.path.join(arguments.folder, name + ".json"), "w") as f:
            json.dump({"steps": steps, "features": features, "runs": runs}, f)
            f.write("\n")
        print(f"{name}: {os.path.getsize(path)} bytes, {samples} runs of {steps} steps")


main()
