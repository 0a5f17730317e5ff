#!/usr/bin/env python3
"""Writes optimizers.txt beside itself: the paths that PyTorch's optimizers take in double.

    python3 tests/nn/optimizers.py        (made with torch 2.13; Lion, which it has not, from its paper)

A line for each case: optimizer, options, and the 6 weights after each of the steps TOLD, starting from START, with gradient
sin(1.3 t + i) (i + 1) at step t. L-BFGS has a closure: Rosenbrock's function of two weights, or a small net's loss.
"""
import math
import pathlib

import torch

START = [0.5, -1.0, 2.0, 0.25, -0.125, 1.5]
STEPS = 20
TOLD = [0, 1, 2, 4, 9, 14, 19]

CASES = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    ("SGD", {"lr": 0.1, "momentum": 0.8, "dampening": 0.3}),
    ("SGD", {"lr": 0.05, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.1, "nesterov": True}),
    ("SGD", {}),
    ("SGD", {"lr": 0.05, "momentum": 0.9, "dampening": 1.0, "weight_decay": 0.01}),
    ("SGD", {"lr": 0.05, "momentum": 0.7, "dampening": -0.5}),
    ("SGD", {"lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01, "maximize": True}),
    ("SGD", {"lr": 0.0, "momentum": 0.9}),
    ("Adam", {}),
    ("Adam", {"lr": 0.02, "betas": (0.0, 0.9)}),
    ("Adam", {"lr": 0.02, "betas": (0.9, 0.0), "eps": 0.1}),
    ("Adam", {"lr": 0.03, "weight_decay": 0.1, "maximize": True}),
    ("Adam", {"lr": 0.03, "amsgrad": True, "maximize": True, "eps": 0.01}),
    ("Adam", {"lr": 0.05, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("Adam", {"lr": 0.01}),
    ("Adam", {"lr": 0.05, "betas": (0.8, 0.99), "eps": 1e-6, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.05, "amsgrad": True}),
    ("Adam", {"lr": 0.05, "betas": (0.7, 0.9), "weight_decay": 0.1, "amsgrad": True}),
    ("AdamW", {}),
    ("AdamW", {"lr": 0.01, "weight_decay": 0.0}),
    ("AdamW", {"lr": 0.05, "betas": (0.5, 0.6), "eps": 1e-3, "weight_decay": 1.0, "maximize": True}),
    ("AdamW", {"lr": 0.01}),
    ("AdamW", {"lr": 0.05, "weight_decay": 0.2, "amsgrad": True}),
    ("Adagrad", {}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.5, "maximize": True}),
    ("Adagrad", {"lr": 0.1}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.05, "initial_accumulator_value": 0.5, "eps": 1e-6}),
    ("RMSprop", {}),
    ("RMSprop", {"lr": 0.01, "alpha": 0.5, "weight_decay": 0.1, "centered": True, "momentum": 0.9, "maximize": True}),
    ("RMSprop", {"lr": 0.01}),
    ("RMSprop", {"lr": 0.02, "alpha": 0.9, "eps": 1e-6, "weight_decay": 0.05, "momentum": 0.8}),
    ("RMSprop", {"lr": 0.01, "centered": True}),
    ("RMSprop", {"lr": 0.01, "alpha": 0.95, "momentum": 0.5, "centered": True}),
    ("Adadelta", {"lr": 1.0}),
    ("Adadelta", {"lr": 2.0, "rho": 0.5, "maximize": True}),
    ("Adadelta", {"lr": 0.5, "rho": 0.8, "eps": 1e-4, "weight_decay": 0.1}),
    ("Adamax", {}),
    ("Adamax", {"lr": 0.01, "weight_decay": 0.3, "maximize": True}),
    ("Adamax", {"lr": 0.01}),
    ("Adamax", {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 0.1}),
    ("NAdam", {}),
    ("NAdam", {"lr": 0.02, "eps": 0.01, "momentum_decay": 0.1, "maximize": True}),
    ("NAdam", {"lr": 0.01}),
    ("NAdam", {"lr": 0.05, "betas": (0.8, 0.95), "weight_decay": 0.1, "momentum_decay": 0.01}),
    ("NAdam", {"lr": 0.05, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("RAdam", {}),
    ("RAdam", {"lr": 0.02, "betas": (0.9, 0.8), "eps": 0.01, "maximize": True}),
    ("RAdam", {"lr": 0.01}),
    ("RAdam", {"lr": 0.05, "betas": (0.8, 0.9), "weight_decay": 0.1}),
    ("RAdam", {"lr": 0.05, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("Lion", {}),
    ("Lion", {"lr": 0.01}),
    ("Lion", {"lr": 0.02, "betas": (0.8, 0.95), "weight_decay": 0.1}),
    ("LBFGS", {"lr": 0.1, "max_iter": 4}),
    ("LBFGS", {"lr": 1.0, "max_iter": 5, "strong_wolfe": True}),
    ("LBFGS", {"lr": 0.8, "max_iter": 3, "history_size": 2, "strong_wolfe": True}),
    ("LBFGS", {"lr": 0.5, "max_iter": 10, "max_eval": 3, "strong_wolfe": True}),
    ("LBFGS", {"lr": 0.02, "max_iter": 4, "max_eval": 2, "history_size": 1}),
    ("LBFGS", {"lr": 1.0, "max_iter": 20, "tolerance_grad": 0.1, "tolerance_change": 1e-3, "strong_wolfe": True}),
    ("LBFGSNet", {"strong_wolfe": True}),
    ("LBFGSNet", {"lr": 0.3}),
    ("LBFGSNet", {"lr": 0.1, "max_iter": 2, "history_size": 3}),
]

SCHEDULES = [
    ("StepLR", {"step_size": 1, "gamma": 1.1}),
    ("StepLR", {"step_size": 30}),
    ("MultiStepLR", {"milestones": [1]}),
    ("MultiStepLR", {"milestones": [0, 19]}),
    ("ExponentialLR", {"gamma": 1.0}),
    ("ExponentialLR", {"gamma": 1.05}),
    ("CosineAnnealingLR", {"T_max": 1}),
    ("CosineAnnealingLR", {"T_max": 5, "eta_min": 0.2}),
    ("CosineAnnealingLR", {"T_max": 100, "eta_min": 0.001}),
    ("CosineAnnealingWarmRestarts", {"T_0": 1, "T_mult": 3}),
    ("CosineAnnealingWarmRestarts", {"T_0": 1}),
    ("LinearLR", {"start_factor": 1.0, "end_factor": 0.0, "total_iters": 10}),
    ("LinearLR", {"start_factor": 0.01, "total_iters": 40}),
    ("LinearLR", {"start_factor": 0.5, "end_factor": 0.5, "total_iters": 1}),
    ("ConstantLR", {}),
    ("ConstantLR", {"factor": 1.0, "total_iters": 0}),
    ("ConstantLR", {"factor": 0.5, "total_iters": 30}),
    ("PolynomialLR", {}),
    ("PolynomialLR", {"total_iters": 40, "power": 0.5}),
    ("PolynomialLR", {"total_iters": 10, "power": 0.0}),
    ("OneCycleLR", {"max_lr": 0.05, "total_steps": 35, "pct_start": 0.5, "div_factor": 1.0}),
    ("OneCycleLR", {"max_lr": 0.2, "total_steps": 20, "pct_start": 0.3, "anneal_strategy": "linear", "three_phase": True}),
    ("OneCycleLR", {"max_lr": 0.2, "total_steps": 20, "pct_start": 0.12, "final_div_factor": 1.0}),
    ("OneCycleLR", {"max_lr": 0.2, "total_steps": 20, "pct_start": 0.95}),
    ("ReduceLROnPlateau", {}),
    ("ReduceLROnPlateau", {"patience": 0, "factor": 0.9, "eps": 0.006}),
    ("ReduceLROnPlateau", {"patience": 1, "threshold": 0.2, "factor": 0.5, "cooldown": 3}),
    ("ReduceLROnPlateau", {"patience": 1, "threshold": 0.02, "threshold_mode": "abs", "factor": 0.5, "min_lr": 0.03}),
    ("ReduceLROnPlateau", {"mode": "max", "patience": 3, "threshold": 0.01, "factor": 0.2}),
    ("SequentialTwo", {}),
    ("StepLR", {"step_size": 4, "gamma": 0.5}),
    ("MultiStepLR", {"milestones": [3, 7, 7, 15], "gamma": 0.3}),
    ("ExponentialLR", {"gamma": 0.9}),
    ("CosineAnnealingLR", {"T_max": 20}),
    ("CosineAnnealingLR", {"T_max": 8, "eta_min": 0.01}),
    ("CosineAnnealingWarmRestarts", {"T_0": 5}),
    ("CosineAnnealingWarmRestarts", {"T_0": 3, "T_mult": 2, "eta_min": 0.01}),
    ("LinearLR", {}),
    ("LinearLR", {"start_factor": 0.1, "end_factor": 0.7, "total_iters": 8}),
    ("ConstantLR", {"factor": 0.2, "total_iters": 4}),
    ("PolynomialLR", {"total_iters": 12, "power": 2.0}),
    ("OneCycleLR", {"max_lr": 0.3, "total_steps": 20}),
    ("OneCycleLR", {"max_lr": 0.3, "total_steps": 20, "pct_start": 0.4, "anneal_strategy": "linear"}),
    ("OneCycleLR", {"max_lr": 0.3, "total_steps": 20, "div_factor": 10.0, "final_div_factor": 100.0,
                    "three_phase": True}),
    ("Sequential", {}),
    ("ReduceLROnPlateau", {"patience": 2, "factor": 0.5}),
    ("ReduceLROnPlateau", {"mode": "max", "patience": 1, "cooldown": 2, "min_lr": 0.01, "factor": 0.3,
                           "threshold_mode": "abs", "threshold": 0.05}),
]
FIGURES = [1.0, .9, .8, .8, .81, .8, .79, .79, .79, .79, .79, .85, .84, .6, .6, .61, .6, .6, .6, .7]


class Lion(torch.optim.Optimizer):
    """Algorithm 2 of Chen et al., 2023."""
    def __init__(self, params, lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(params, dict(lr=lr, betas=betas, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            b1, b2 = group["betas"]
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                p -= group["lr"] * (torch.sign(b1 * m + (1 - b1) * p.grad) + group["weight_decay"] * p)
                m.copy_(b2 * m + (1 - b2) * p.grad)


def double(values): return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def path(name, options):
    if name.startswith("LBFGS"):
        options = dict(options)
        if options.pop("strong_wolfe", False): options["line_search_fn"] = "strong_wolfe"
        ws = [double([-1.2, 1.0])] if name == "LBFGS" else [double([[0.5, -1.0], [0.25, 0.75]]), double([0.1, -0.2])]
        optimizer = torch.optim.LBFGS(ws, **options)
        x, y = double([[1.0, 2.0], [-1.0, 0.5], [0.3, -2.0]]).detach(), double([[0.5, 0.1], [-0.2, 0.9], [0.0, -0.7]]).detach()
        def closure():
            optimizer.zero_grad()
            if name == "LBFGS": loss = (1 - ws[0][0]) ** 2 + 100 * (ws[0][1] - ws[0][0] ** 2) ** 2
            else: loss = ((torch.tanh(x @ ws[0] + ws[1]) - y) ** 2).sum()
            loss.backward()
            return loss
    else:
        ws = [double(START)]
        optimizer = (Lion if name == "Lion" else getattr(torch.optim, name))(ws, **options)
        closure = None
    for t in range(STEPS):
        if closure:
            optimizer.step(closure)
        else:
            ws[0].grad = torch.tensor([math.sin(1.3 * t + i) * (i + 1) for i in range(6)], dtype=torch.float64)
            optimizer.step()
        if t in TOLD: yield from (x for w in ws for x in w.flatten().tolist())


def rates(name, options):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    lr = torch.optim.lr_scheduler
    if name == "Sequential":
        schedule = lr.SequentialLR(optimizer, [lr.LinearLR(optimizer, 0.1, 1.0, 5), lr.CosineAnnealingLR(optimizer, 10),
                                               lr.ExponentialLR(optimizer, 0.8)], [5, 12])
    elif name == "SequentialTwo":
        schedule = lr.SequentialLR(optimizer, [lr.ConstantLR(optimizer, 0.5, 100), lr.StepLR(optimizer, 2, 0.7)], [1])
    else:
        schedule = getattr(lr, name)(optimizer, **options)
    for t in range(STEPS):
        yield optimizer.param_groups[0]["lr"]
        optimizer.step()
        schedule.step(*([FIGURES[t]] if name == "ReduceLROnPlateau" else []))


def line(name, options, numbers):
    def text(x): return ",".join(map(text, x)) if isinstance(x, (list, tuple)) else str(x)
    words = " ".join(f"{key}={text(value)}" for key, value in options.items())
    return f"{name} {words}|" + " ".join(f"{x:.17g}" for x in numbers) + "\n"


import warnings
warnings.simplefilter("ignore")
pathlib.Path(__file__).with_suffix(".txt").write_text(
    "".join(line(*c, path(*c)) for c in CASES) + "".join(line(*c, rates(*c)) for c in SCHEDULES))
