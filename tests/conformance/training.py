#!/usr/bin/env python3
"""Writes training.json and training.npz beside itself: what trains, with PyTorch in double as the oracle, and numpy for
the book's rules.

    python3 tests/conformance/training.py        (made with torch 2.13; the same bytes each time)
"""
import json
import pathlib
import zipfile

import numpy as np
import torch
import torch.nn.functional as F

from generate import Case

STEPS = 6
RATES = [.1, .1, .05, .2, .2, .01]


def book(op, lr, momentum=.9):
    """Chapter 6 of the book; the state is in the function."""
    state = {}
    def step(w, g, t, lr=lr):
        v, m = state.get("v", 0 * w), state.get("m", 0 * w)
        if op == "book_momentum":
            v = momentum * v - lr * g
            w = w + v
        elif op == "book_nesterov":
            v = momentum * v - lr * g
            w = w + momentum * momentum * v - (1 + momentum) * lr * g
        elif op == "book_adagrad":
            v = v + g * g
            w = w - lr * g / (np.sqrt(v) + 1e-7)
        elif op == "book_rmsprop":
            v = .99 * v + .01 * g * g
            w = w - lr * g / (np.sqrt(v) + 1e-7)
        else:
            m, v = m + .1 * (g - m), v + .001 * (g * g - v)
            w = w - lr * np.sqrt(1 - .999 ** t) / (1 - .9 ** t) * m / (np.sqrt(v) + 1e-7)
        state.update(v=v, m=m)
        return w
    return step

def optimizer(case, op, attrs, torch_name=None):
    w, g = case.rng.normal(size=(2, 3)), case.rng.normal(size=(STEPS, 2, 3))
    json_case = {"id": case.id, "group": "optim", "op": op, "kind": "optimizer", "file": "training.npz", "attrs": attrs,
                 "steps": STEPS, "params": [case.reference("init", "w", torch.from_numpy(w))],
                 "given_grads": [case.reference("given", "w", torch.from_numpy(g))]}
    rates, path = attrs.get("lr_per_step"), []
    if torch_name:
        p = torch.tensor(w, requires_grad=True)
        known = {k: v for k, v in attrs.items() if k != "lr_per_step"}
        o = getattr(torch.optim, torch_name)([p], **known)
    else:
        step = book(op, attrs["lr"])
    for t in range(STEPS):
        if torch_name:
            if rates: o.param_groups[0]["lr"] = rates[t]
            p.grad = torch.from_numpy(g[t])
            o.step()
            w = p.detach().numpy().copy()
        else:
            w = step(w, g[t], t + 1, *([rates[t]] if rates else []))
        path.append(w)
    return json_case | {"expected": [case.reference("path", "w", torch.from_numpy(np.stack(path)), True)]}

def clip(case, op, attrs):
    gs = [torch.from_numpy(case.rng.normal(size=s)) for s in ((3, 2), (4,), ())]
    inputs = [case.reference("in", f"g{i}", g) for i, g in enumerate(gs)]
    ps = [torch.zeros_like(g) for g in gs]
    for p, g in zip(ps, gs): p.grad = g.clone()
    total = None
    if op == "clip_grad_norm":
        total = torch.nn.utils.clip_grad_norm_(ps, attrs["max_norm"], float(attrs["norm_type"])).item()
    else:
        torch.nn.utils.clip_grad_value_(ps, attrs["clip_value"])
    return {"id": case.id, "group": "optim", "op": op, "kind": "clip", "file": "training.npz", "attrs": attrs,
            "inputs": inputs, "total_norm": total,
            "expected": [case.reference("out", f"g{i}", p.grad, True) for i, p in enumerate(ps)]}

def schedule(case, op, attrs, make):
    o = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=attrs.get("base_lr", 1))
    s, rates = make(o), []
    for t in range(12):
        rates.append(o.param_groups[0]["lr"])
        o.step()
        s.step(*([attrs["metrics"][t]] if "metrics" in attrs else []))
    return {"id": case.id, "group": "schedule", "op": op, "kind": "schedule", "attrs": attrs, "steps": 12, "lrs": rates,
            "t64": [1e-9, 1e-14], "t32": [1e-5, 1e-8]}

def training(case):
    """Mini-batches, batch normalisation whose statistics are carried on, gradients clipped."""
    a = {"x": case.rng.normal(size=(8, 3)), "t": case.rng.normal(size=(8, 2)), "W": case.rng.normal(size=(2, 3)),
         "b": np.zeros(2), "weight": np.ones(2), "bias": np.zeros(2), "mean": np.zeros(2), "var": np.ones(2)}
    a = {k: torch.from_numpy(v) for k, v in a.items()}
    inputs, params = [case.reference("in", k, v) for k, v in a.items()], ["W", "b", "weight", "bias"]
    for k in params: a[k].requires_grad_()
    o = torch.optim.SGD([a[k] for k in params], lr=.5, momentum=.9)
    batches, losses = [[0, 4], [4, 8], [2, 7]], []
    for begin, end in batches:
        h = F.batch_norm(F.linear(a["x"][begin:end], a["W"], a["b"]), a["mean"], a["var"], a["weight"], a["bias"], True)
        loss = F.mse_loss(h, a["t"][begin:end])
        losses.append(loss.item())
        o.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_([a[k] for k in params], .5)
        o.step()
    program = [{"op": "linear", "in": ["x", "W", "b"], "out": ["h"]},
               {"op": "batch_norm", "in": ["h", "weight", "bias", "mean", "var"], "out": ["y", "new_mean", "new_var"],
                "attrs": {"training": True, "momentum": .1, "eps": 1e-5}},
               {"op": "mse_loss", "in": ["y", "t"], "out": ["loss"], "attrs": {"reduction": "mean"}}]
    return {"id": case.id, "group": "training", "op": "sgd", "kind": "training", "file": "training.npz",
            "program": program, "optimizer": {"op": "sgd", "attrs": {"lr": .5, "momentum": .9}}, "steps": 3,
            "params": params, "inputs": inputs, "batches": batches, "batched_inputs": ["x", "t"], "clip_grad_norm": .5,
            "carry": [["mean", "new_mean"], ["var", "new_var"]],
            "losses": case.reference("out", "losses", torch.tensor(losses), True),
            "final_params": [case.reference("final", k, a[k], True) for k in params],
            "final_carry": [case.reference("final", k, a[k], True) for k in ("mean", "var")]}


def main():
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    lr, cases, folder = torch.optim.lr_scheduler, [], pathlib.Path(__file__).parent
    figures = [3., 2., 2., 2., 1., 1., 1., 1., 1., .5, .5, .5]
    with zipfile.ZipFile(folder / "training.npz", "w", zipfile.ZIP_STORED) as archive:
        def add(make, id, *more): cases.append(make(Case(id, archive), *more))
        for op in ("momentum", "nesterov", "adagrad", "rmsprop", "adam"):
            add(optimizer, f"optim.book_{op}", "book_" + op, {"lr": .1, "lr_per_step": RATES})
        for op, name in (("sgd", "SGD"), ("adam", "Adam"), ("adamw", "AdamW"), ("rmsprop", "RMSprop"),
                         ("adagrad", "Adagrad"), ("nadam", "NAdam"), ("radam", "RAdam"), ("adamax", "Adamax"),
                         ("adadelta", "Adadelta")):
            add(optimizer, f"optim.{op}", op, {"lr": .1, "weight_decay": .1, "lr_per_step": RATES}, name)
        for i, p in enumerate((2, 1, 3, "inf")):
            add(clip, f"optim.clip_grad_norm.{i}", "clip_grad_norm", {"max_norm": [.5, 100][i == 1], "norm_type": p})
        add(clip, "optim.clip_grad_value", "clip_grad_value", {"clip_value": .5})
        add(schedule, "schedule.constant", "constant", {"base_lr": .1, "factor": .5, "total_iters": 4},
            lambda o: lr.ConstantLR(o, .5, 4))
        add(schedule, "schedule.one_cycle", "one_cycle",
            {"max_lr": .1, "total_steps": 12, "pct_start": .4, "anneal_strategy": "linear", "three_phase": True},
            lambda o: lr.OneCycleLR(o, .1, 12, pct_start=.4, anneal_strategy="linear", three_phase=True))
        add(schedule, "schedule.plateau", "reduce_on_plateau",
            {"base_lr": .1, "mode": "min", "factor": .5, "patience": 1, "cooldown": 1, "metrics": figures},
            lambda o: lr.ReduceLROnPlateau(o, factor=.5, patience=1, cooldown=1))
        add(training, "training.batches")
    lines = [json.dumps(case, separators=(",", ":")) for case in cases]
    (folder / "training.json").write_text('{"format":1,"cases":[\n' + ",\n".join(lines) + "\n]}\n")


if __name__ == "__main__":
    main()
