#!/usr/bin/env python3
"""Writes edges.txt beside itself: what PyTorch makes of the edges of the number line, in double and in single precision.

    python3 tests/ops/edges.py        (made with torch 2.13; the same bytes each time)

A line: what is called, written as in the op table, the dtype, which numbers, and the numbers. y is the value, dx (da, db, dc)
the derivative by each argument, ddx the derivative of dx, for upstream gradients of 1 (softmax and its like: 0.5 and 2). Functions of one
argument are taken at each of `points`, others at every choice of one of `edges` (or `few` of three) for each, the last going fastest.
"""
import itertools
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

inf, nan = float("inf"), float("nan")
EDGES = {dtype: [0.0, -0.0, inf, -inf, nan, float(np.nextafter(number(0), number(1))), float(np.finfo(number).tiny),
                 1e-30, -1e-30, 1e3, -1e3, 1e30, -1e30, 1.0, -1.0]
         for dtype, number in (("float64", np.float64), ("float32", np.float32))}
FEW = [0.0, -0.0, inf, -inf, nan, 1e30, 1.0, -1.0]
# Where a slope changes, and what lies between.
KINKS = [0.25, -0.25, 0.5, -0.5, 1.5, 3.0, -3.0, 5.0, 6.0, 20.0, 21.0]

class Cbrt(torch.autograd.Function):  # numpy's: torch has none
    @staticmethod
    def forward(context, x):
        y = torch.from_numpy(np.cbrt(x.detach().numpy()))
        context.save_for_backward(y)
        return y

    @staticmethod
    def backward(context, g): return g / (3 * context.saved_tensors[0] ** 2)

f32 = lambda x: float(np.float32(x))
flat = lambda x: x + 0 * x.detach().nan_to_num(0, 0, 0)
step = lambda x: torch.where(x.isnan(), x, (x > 0).to(x.dtype)).detach() + 0 * flat(x).nan_to_num(0, 0, 0)

ONE = {  # functions of one argument
    "x + 1.5": lambda x: x + 1.5, "1.5 + x": lambda x: 1.5 + x, "x - 0.3": lambda x: x - f32(.3),
    "0.3 - x": lambda x: f32(.3) - x, "x * 0.1": lambda x: x * f32(.1), "0.1 * x": lambda x: f32(.1) * x,
    "x / 3.0": lambda x: x / 3.0, "3.0 / x": lambda x: 3.0 / x, "pow(x, 3.0)": lambda x: x ** 3.0,
    "pow(2.0, x)": lambda x: 2.0 ** x, "leaky_relu(x, 0.25)": lambda x: F.leaky_relu(x, .25),
    "softplus(x, 4.0)": lambda x: F.softplus(x, 4), "gelu_tanh(x)": lambda x: F.gelu(x, approximate="tanh"),
    "step(x)": step, "identity(x)": flat, "normal_cdf(x)": torch.special.ndtr,
    "clamp(x, -0.5, 1.0)": lambda x: x.clamp(-.5, 1), "elu(x, 0.25)": lambda x: F.elu(x, .25),
    "celu(x, 0.5)": lambda x: F.celu(x, .5), "hardtanh(x, -0.5, 1.5)": lambda x: F.hardtanh(x, -.5, 1.5),
    "log_sigmoid(x)": F.logsigmoid, "softshrink(x, 0.25)": lambda x: F.softshrink(x, .25),
    "hardshrink(x, 1.0)": lambda x: F.hardshrink(x, 1.0), "threshold(x, 0.5, -3.0)": lambda x: F.threshold(x, .5, -3.0),
    "nan_to_num(x, 1.0, 2.0, 3.0)": lambda x: x.nan_to_num(1, 2, 3),
}
for name in """neg exp expm1 log log1p sqrt square abs sigmoid tanh erf exp2 log2 log10 sin cos tan asin acos atan sinh cosh
    asinh acosh atanh erfc floor ceil round trunc rsqrt reciprocal sign frac nan_to_num isnan isinf isfinite""".split():
    ONE[name + "(x)"] = getattr(torch, name)
for name in """relu leaky_relu softplus gelu silu relu6 elu selu celu mish softsign hardsigmoid hardswish hardtanh tanhshrink
    softshrink hardshrink""".split():
    ONE[name + "(x)"] = getattr(F, name)

ONE["cbrt(x)"] = Cbrt.apply
ONCE = [F.hardsigmoid]  # PyTorch has no second derivative of these

TWO = {name + "(a, b)": getattr(torch, name) for name in """add sub mul div pow maximum minimum greater greater_equal less less_equal
    not_equal atan2 hypot fmod remainder logaddexp xlogy""".split()}
TWO["equal(a, b)"] = torch.eq
TWO["lerp(a, b, 0.25)"] = lambda a, b: a.lerp(b, .25)
MASK = [False, True]
OTHERS = {  # and what their arguments are
    "lerp(a, b, weight)": (torch.lerp, FEW, FEW, FEW), "where(mask, a, b)": (torch.where, MASK, FEW, FEW),
    "where(mask, x, 0.0)": (lambda m, x: torch.where(m, x, 0.0), MASK, FEW),
    "masked_fill(x, mask, value)": (lambda x, m, v: torch.where(m, v, x), FEW, MASK, FEW),
    "masked_fill(x, mask, 1.5)": (lambda x, m: x.masked_fill(m, 1.5), FEW, MASK), "logical_not(x)": (torch.logical_not, MASK),
}
for name in "and or xor".split(): OTHERS[f"logical_{name}(a, b)"] = (getattr(torch, "logical_" + name), MASK, MASK)

bce = lambda x, t: F.binary_cross_entropy(x, t, reduction="none")
LOSSES = {
    "mse_loss": F.mse_loss, "l1_loss": F.l1_loss, "bce_with_logits": F.binary_cross_entropy_with_logits,
    "smooth_l1_loss": lambda a, b, reduction: F.smooth_l1_loss(a, b, reduction=reduction, beta=.5),
    "huber_loss": lambda a, b, reduction: F.huber_loss(a, b, reduction, 1.5),
    "kl_div": F.kl_div, "kl_div, log_target": lambda a, b, reduction: F.kl_div(a, b, reduction=reduction, log_target=True),
    "hinge_loss": lambda a, b, reduction: torch.maximum(1 - b * a, torch.zeros_like(a)),
}
for name, f in LOSSES.items():
    TWO[name] = lambda a, b, f=f: f(a, b, reduction="none")
ROWS = {  # of two numbers each
    "softmax": lambda x: x.softmax(-1), "log_softmax": lambda x: x.log_softmax(-1), "logsumexp": lambda x: x.logsumexp(-1),
}
for label in 0, 1:
    target = lambda x, label=label: torch.full(x.shape[:1], label)
    ROWS[f"cross_entropy, label {label}"] = lambda x, t=target: F.cross_entropy(x, t(x), reduction="none")
    ROWS[f"nll_loss, label {label}"] = lambda x, t=target: F.nll_loss(x, t(x), reduction="none")
ROWS["cross_entropy, probabilities"] = lambda x: F.cross_entropy(
    x, torch.tensor([.25, .75], dtype=x.dtype).expand_as(x), reduction="none")
ROWS["cosine_similarity to (1, 2)"] = lambda x: F.cosine_similarity(
    x, torch.tensor([1., 2.], dtype=x.dtype).expand_as(x), dim=-1)

lines = []

def write(text, dtype, what, numbers):
    numbers = numbers.detach().clone().flatten().numpy()
    numbers = [str(int(x) if x.dtype == bool else x).removesuffix(".0") for x in numbers]
    lines.append(f"{text} | {dtype} | {what} | {' '.join(numbers)}")

def derivative(y, x):
    if not y.requires_grad: return torch.zeros_like(x)
    g, = torch.autograd.grad(y, x, torch.ones_like(y), create_graph=True, allow_unused=True)
    return torch.zeros_like(x) if g is None else g

def numbers_at(point, dtype, f):
    """One point alone: many of PyTorch's functions do something else at nan in the middle of a long array."""
    x = [torch.tensor([p]) if isinstance(p, bool) else torch.tensor([p], dtype=getattr(torch, dtype), requires_grad=True)
         for p in point]
    y = f(*x)
    found = {"y": y}
    if not y.is_floating_point(): return found
    for t, name in zip(x, "x" if len(x) == 1 else "abc"):
        if not t.requires_grad: continue
        g = found["d" + name] = derivative(y, t)
        if len(x) == 1 and f not in ONCE: found["ddx"] = derivative(g, t)
    return found

def take(dtype, text, f, points):
    found = [numbers_at(point, dtype, f) for point in points]
    for what in found[0]: write(text, dtype, what, torch.cat([numbers[what].detach() for numbers in found]))

def take_rows(dtype, text, f, pairs):
    x = torch.tensor(pairs, dtype=getattr(torch, dtype), requires_grad=True)
    y = f(x)
    write(text, dtype, "y", y)
    seed = torch.tensor([.5, 2.], dtype=y.dtype).expand_as(y) if y.dim() == 2 else torch.ones_like(y)
    write(text, dtype, "dx", torch.autograd.grad(y, x, seed)[0])

for dtype, edges in EDGES.items():
    points, pairs = edges + KINKS, list(itertools.product(edges, repeat=2))
    for name, numbers in ("points", points), ("edges", edges), ("few", FEW):
        write(name, dtype, "x", torch.tensor(numbers, dtype=torch.float64).to(getattr(torch, dtype)))
    for text, f in ONE.items(): take(dtype, text, f, [(x,) for x in points])
    for text, f in TWO.items(): take(dtype, text, f, pairs)
    for text, (f, *choices) in OTHERS.items(): take(dtype, text, f, list(itertools.product(*choices)))
    for text, f in ROWS.items(): take_rows(dtype, text, f, pairs)
    inside = [x for x in edges if 0 <= x <= 1]
    take(dtype, "binary_cross_entropy", bce, list(itertools.product(inside, repeat=2)))

pathlib.Path(__file__).with_name("edges.txt").write_text("\n".join(lines) + "\n")
