#!/usr/bin/env python3
"""Writes ops.json and ops.npz beside itself: cases for every op, with PyTorch in double as the oracle.

    python3 tests/conformance/generate.py        (made with torch 2.13; the same bytes each time)

TABLE has a row for each case: op, inputs, PyTorch's function of inputs and attributes (or the name of the first input's
method that takes them in order, and then the other inputs), attributes, and for a program of several steps the op's
results and what follows. First derivatives are those of sum(y g); second ones those of sum(dx v), also by g.
"""
import io
import json
import pathlib
import zipfile
import zlib

import numpy as np
import torch
import torch.nn.functional as F

inf, nan = float("inf"), float("nan")


# Inputs: whether there is a gradient, and the elements, all of them exact in float32.
def r(*shape, lo=-2, hi=2, step=None):
    """Random numbers from lo to hi; with a step there are equal ones."""
    def make(rng):
        x = rng.uniform(lo, hi, shape)
        return (np.round(x / step) * step if step else x).astype(np.float32).astype(np.float64)
    return True, make

def ints(*shape, n): return False, lambda rng: rng.integers(0, n, shape)
def bools(*shape): return False, lambda rng: rng.integers(0, 2, shape).astype(bool)
def given(*x): return np.asarray(x).dtype.kind == "f", lambda rng: np.asarray(x)
def const(x): return False, x[1]
def const_each(*xs): return [const(x) for x in xs]

def symmetric(n, *batch, definite=0):
    """Far from equal eigenvalues; positive ones with `definite`."""
    def make(rng):
        a = rng.integers(-4, 5, (*batch, n, n)) / 8.0
        return a + a.swapaxes(-1, -2) + np.diag(3.0 * np.arange(n) + definite)
    return True, make

def regular(n, *batch):
    return True, lambda rng: rng.integers(-8, 9, (*batch, n, n)) / 8.0 + 3 * np.eye(n)

def dims(x, axis): return tuple(range(x.ndim)) if axis is None else axis
def over(f): return lambda x, axis, keepdims=False, **more: f(x, dim=dims(x, axis), keepdim=keepdims, **more)
def flat(x): return x + 0 * x
def zero_slope(f): return lambda x: f(x).to(x.dtype) + 0 * x
def sym(x): return (x + x.mT) / 2

def scalar(f):
    """A number on either side."""
    def g(x, scalar, side):
        s = torch.full_like(x, scalar)
        return f(s, x) if side == "left" else f(x, s)
    return g

def median(x, axis=None, keepdims=False): return torch.quantile(x, .5, axis, keepdims)

def take_index(x, index):
    """torch has no negative steps: slices are taken one by one, and only slices stand before them."""
    names, entries = {"newaxis": None, "ellipsis": ...}, []
    for axis, e in enumerate(index):
        if isinstance(e, dict) and "slice" in e:
            x = x.index_select(axis, torch.tensor(range(x.shape[axis])[slice(*e["slice"])]))
            entries.append(slice(None))
        elif isinstance(e, dict): entries.append(torch.tensor(e["array"]))
        else: entries.append(names.get(e, e))
    return x[tuple(entries)]

def pad(x, pad_width, mode="constant", value=0.0):
    widths = [w for both in reversed(pad_width) for w in both]
    while widths[-2:] == [0, 0]: widths = widths[:-2]
    return F.pad(x, widths, mode, value if mode == "constant" else None)

def split(x, axis, sizes=None, sections=None): return x.split(sizes or x.shape[axis] // sections, axis)
def replaced(x, i, *source, axis, value=None): return torch.scatter(x, axis, i, *(source or [value]))

def attention(q, k, v, mask=None, causal=False):
    score = q @ k.mT / q.shape[-1] ** 0.5
    if causal: mask = torch.ones(score.shape[-2:], dtype=torch.bool).tril()
    if mask is not None: score = score.masked_fill(~mask, -inf) if mask.dtype == torch.bool else score + mask
    return score.softmax(-1) @ v

def lstm(x, h, c, *weights):
    out, h, c = torch.lstm(x, (h[None], c[None]), weights, len(weights) == 4, 1, 0.0, False, False, False)
    return out, h[0], c[0]

def batch_norm(x, w, b, mean, var, training, momentum, eps):
    mean, var = mean.clone(), var.clone()
    return F.batch_norm(x, mean, var, w, b, training, momentum, eps), mean, var

def svd(x):
    u, s, vt = torch.linalg.svd(x, full_matrices=False)
    return {"s": s, "u2": u ** 2, "vt2": vt ** 2}

def eigh(x):
    values, vectors = torch.linalg.eigh(sym(x))
    return {"values": values, "squares": vectors ** 2}

def qr_squares(x):
    q, r = torch.linalg.qr(x)
    return {"q2": q ** 2, "r2": r ** 2}

def squares(names): return [("square", n, n + "2") for n in names.split()]


TABLE = []
# One input: the range, and PyTorch's function unless it has that name.
OTHERS = {"gelu_tanh": lambda x: F.gelu(x, approximate="tanh"), "step": zero_slope(lambda x: x > 0), "identity": flat,
          "normal_cdf": torch.special.ndtr, "cbrt": lambda x: x.sign() * x.abs() ** (1 / 3),
          "hardsigmoid": lambda x: F.relu6(x + 3) / 6, "log_sigmoid": F.logsigmoid}
def function(op): return OTHERS.get(op) or getattr(torch, op, None) or getattr(F, op)
for lo, hi, ops in [
    (-2, 2, "neg exp square abs tanh relu leaky_relu step identity erf sinh cosh sign hardtanh tanhshrink softshrink"),
    (-2, 2, "hardshrink erfc"), (-1, 1, "expm1"), (.2, 4, "log sqrt rsqrt"), (.2, 20, "log2 log10"), (-.7, 3, "log1p"),
    (-3, 3, "softplus gelu gelu_tanh normal_cdf exp2 atan asinh elu selu celu softsign"), (.3, 3, "reciprocal"),
    (-4, 4, "sigmoid silu cbrt sin cos floor ceil round trunc frac mish log_sigmoid"), (-1.2, 1.2, "tan"),
    (-.9, .9, "asin acos atanh"), (1.2, 4, "acosh"), (-3, 9, "relu6"), (-5, 5, "hardsigmoid hardswish"),
]:
    TABLE += [(op, [r(3, 4, lo=lo, hi=hi)], function(op)) for op in ops.split()]
# Where the slope changes.
for f, kinks in [(torch.abs, [0.]), (F.relu, [0.]), (F.leaky_relu, [0.]), (F.relu6, [0., 6.]), (torch.sign, [0.]),
                 (F.hardtanh, [-1., 1.]), (F.hardswish, [-3., 3.]), (F.softshrink, [-.5, .5]),
                 (F.hardshrink, [-.5, .5])]:
    TABLE.append((f.__name__, [given(*kinks, 7.0)], f))

special = given(nan, inf, -inf, 0.0, -1.5)
TABLE += [
    ("round", [const(given(-2.5, -1.5, -.5, .5, 1.5, 2.5))], torch.round),
    ("leaky_relu", [r(3, 4)], F.leaky_relu, {"negative_slope": .25}),
    ("softplus", [r(3, 4)], F.softplus, {"beta": 2.0}), ("elu", [r(3, 4)], F.elu, {"alpha": 1.5}),
    ("celu", [r(3, 4)], F.celu, {"alpha": 1.5}), ("hardtanh", [r(3, 4)], F.hardtanh, {"min_val": -.5, "max_val": 1.25}),
    ("softshrink", [r(3, 4)], F.softshrink, {"lambd": .75}), ("hardshrink", [r(3, 4)], F.hardshrink, {"lambd": .75}),
    ("threshold", [r(3, 4)], F.threshold, {"threshold": .25, "value": -3.0}),
    ("nan_to_num", [special], torch.nan_to_num, {"nan": 1.0, "posinf": 9.0, "neginf": -8.0}),
    ("isnan", [special], torch.isnan), ("isinf", [special], torch.isinf), ("isfinite", [special], torch.isfinite),
    ("logical_not", [bools(3, 4)], torch.logical_not),
]
# Two inputs that broadcast, and a number on either side.
for op, f, a, b in [
    ("add", torch.add, {}, {}), ("sub", torch.sub, {}, {}), ("mul", torch.mul, {}, {}),
    ("div", torch.div, {}, {"lo": .5}), ("pow", torch.pow, {"lo": .4}, {}), ("maximum", torch.maximum, {}, {}),
    ("minimum", torch.minimum, {}, {}), ("atan2", torch.atan2, {}, {"lo": .3}), ("hypot", torch.hypot, {"lo": .3}, {}),
    ("fmod", torch.fmod, {"lo": -9, "hi": 9}, {"lo": .7}),
    ("remainder", torch.remainder, {"lo": -9, "hi": 9}, {"lo": .7}), ("logaddexp", torch.logaddexp, {}, {}),
    ("xlogy", torch.xlogy, {"lo": .1}, {"lo": .3}),
]:
    TABLE += [(op, [r(3, 4, **a), r(4, **b)], f), (op, [r(2, 1, 3, **a), r(4, 1, **b)], f)]
for op, f, s in [("add", torch.add, 1.5), ("sub", torch.sub, 1.5), ("mul", torch.mul, -.5), ("div", torch.div, 4.0),
                 ("pow", torch.pow, 3.0)]:
    for side in "right", "left":
        TABLE.append((op, [r(5, lo=.5)], scalar(f), {"scalar": s, "side": side}))
for f in (torch.greater, torch.greater_equal, torch.less, torch.less_equal, torch.eq, torch.not_equal):
    op = {"eq": "equal"}.get(f.__name__, f.__name__)
    TABLE.append((op, [r(3, 4, step=1), r(4, step=1)], f))
for f in (torch.logical_and, torch.logical_or, torch.logical_xor):
    TABLE.append((f.__name__, [bools(3, 4), bools(3, 1)], f))
TABLE += [
    ("add", [ints(3, 4, n=9), ints(4, n=9)], torch.add), ("mul", [ints(3, 4, n=9), ints(3, 1, n=9)], torch.mul),
    ("maximum", [r(3, 4, step=1), r(3, 4, step=1)], torch.maximum),
    ("where", [bools(3, 4), r(3, 4), r(4)], torch.where), ("clamp", [r(3, 4)], torch.clamp, {"min": -.5, "max": 1.0}),
    ("clamp", [r(3, 4)], torch.clamp, {"min": -.25}), ("lerp", [r(3, 4), r(3, 4)], torch.lerp, {"weight": .25}),
    ("lerp", [r(3, 4), r(3, 4), r(3, 4)], torch.lerp),
    ("masked_fill", [r(3, 4), given([True], [False], [True])], torch.masked_fill, {"value": 7.0}),
    # Products
    ("matmul", [r(3, 4), r(4, 2)], torch.matmul), ("matmul", [r(4), r(2, 4, 3)], torch.matmul),
    ("matmul", [r(2, 1, 3, 2), r(3, 2, 2)], torch.matmul), ("linear", [r(3, 4), r(2, 4), r(2)], F.linear),
    ("linear", [r(2, 2, 3), r(2, 3)], F.linear),
    ("affine", [r(3, 2, 2), r(4, 2), r(2)], lambda x, w, b: x.reshape(3, -1) @ w + b), ("dot", [r(5), r(5)], torch.dot),
    ("outer", [r(3), r(4)], torch.outer), ("bmm", [r(2, 3, 2), r(2, 2, 3)], torch.bmm),
    ("tensordot", [r(2, 3, 2), r(3, 2, 2)], lambda x, y, axes: torch.tensordot(x, y, axes), {"axes": 2}),
    ("tensordot", [r(2, 3, 4), r(4, 2, 2)], lambda x, y, axes: torch.tensordot(x, y, axes), {"axes": [[0, 2], [1, 0]]}),
    ("einsum", [r(2, 3, 2), r(2, 2, 3)], lambda x, y, equation: torch.einsum(equation, x, y),
     {"equation": "bij,bjk->bik"}),
    ("einsum", [r(3, 3), r(2, 3), r(3)], lambda *x, equation: torch.einsum(equation, *x),
     {"equation": "ii,...i,i->..."}),
    ("einsum", [r(3, 3)], lambda x, equation: torch.einsum(equation, x), {"equation": "ii"}), ("solve", [regular(3), r(3, 2)], torch.linalg.solve),
    ("solve", [regular(2, 2), r(2, 2)], torch.linalg.solve), ("inv", [regular(3)], torch.linalg.inv),
    ("inv", [regular(2, 2)], torch.linalg.inv), ("det", [regular(3)], torch.linalg.det),
    ("det", [regular(2, 2)], torch.linalg.det), ("slogdet", [regular(3)], torch.linalg.slogdet),
    ("slogdet", [regular(2, 2)], torch.linalg.slogdet),
    ("cholesky", [symmetric(3, definite=4)], lambda x: torch.linalg.cholesky(sym(x))),
    ("cholesky", [symmetric(2, 2, definite=4)], lambda x: torch.linalg.cholesky(sym(x))),
    ("qr", [r(4, 3)], torch.linalg.qr), ("qr", [regular(2, 2)], qr_squares, {}, "q r", squares("q r")),
    ("eigh", [symmetric(3)], eigh, {}, "values vectors", [("square", "vectors", "squares")]),
    ("eigh", [symmetric(2, 2)], eigh, {}, "values vectors", [("square", "vectors", "squares")]),
    ("svd", [r(4, 3)], svd, {}, "u s vt", squares("u vt")), ("svd", [r(2, 3)], svd, {}, "u s vt", squares("u vt")),
    # Shape
    ("transpose", [r(2, 3, 2)], lambda x, axes: x.permute(2, 1, 0), {"axes": None}),
    ("transpose", [r(2, 3, 2)], "permute", {"axes": [1, -1, 0]}),
    ("permute", [r(2, 3, 2)], "permute", {"axes": [2, 0, 1]}),
    ("swapaxes", [r(2, 3, 2)], "swapaxes", {"axis1": 0, "axis2": -2}),
    ("movedim", [r(2, 3, 2)], "movedim", {"source": [0, 1], "destination": [-1, 0]}),
    ("reshape", [r(2, 6)], "reshape", {"shape": [3, -1, 2]}),
    ("flatten", [r(2, 3, 2)], "flatten", {"start_axis": 1, "end_axis": -1}), ("flatten", [r(2, 3)], "flatten"),
    ("unflatten", [r(2, 6)], "unflatten", {"axis": -1, "shape": [3, 2]}),
    ("squeeze", [r(2, 1, 3, 1)], "squeeze", {"axis": 1}), ("squeeze", [r(2, 1, 3, 1)], "squeeze"),
    ("unsqueeze", [r(2, 3)], "unsqueeze", {"axis": -2}),
    ("broadcast_to", [r(3, 1)], "broadcast_to", {"shape": [2, 3, 4]}),
    ("expand", [r(3, 1)], "expand", {"shape": [2, -1, 4]}),
    ("slice", [r(5, 4)], take_index, {"index": [{"slice": [1, None, 2]}, {"slice": [None, None, -1]}]}),
    ("slice", [r(3, 4, 2)], take_index, {"index": [{"slice": [-2, None, None]}, -1]}),
    ("split", [r(4, 3)], split, {"axis": 0, "sections": 2}), ("split", [r(3, 5)], split, {"axis": -1, "sizes": [1, 4]}),
    ("chunk", [r(5, 2)], "chunk", {"chunks": 3, "axis": 0}),
    ("concatenate", [r(2, 3), r(2, 1)], lambda *x, axis: torch.cat(x, axis), {"axis": -1}),
    ("stack", [r(2, 3), r(2, 3)], lambda *x, axis: torch.stack(x, axis), {"axis": 1}),
    ("pad", [r(2, 3)], pad, {"pad_width": [[1, 2], [0, 1]], "mode": "constant", "value": .5}),
    *(("pad", [r(2, 4)], pad, {"pad_width": [[0, 0], [2, 1]], "mode": m}) 
      for m in ("reflect", "replicate", "circular")),
    ("flip", [r(3, 4)], "flip", {"axis": [0, 1]}), ("flip", [r(3, 4)], "flip", {"axis": [-1]}),
    ("roll", [r(3, 4)], "roll", {"shift": 2}), ("roll", [r(3, 4)], "roll", {"shift": [1, -1], "axis": [0, 1]}),
    ("tile", [r(2, 3)], "tile", {"reps": [2, 1, 2]}),
    ("repeat_interleave", [r(2, 3)], "repeat_interleave", {"repeats": 2, "axis": 1}),
    ("tril", [r(4, 4)], "tril", {"k": 0}), ("tril", [r(2, 3, 4)], "tril", {"k": 1}),
    ("triu", [r(4, 4)], "triu", {"k": 0}), ("triu", [r(2, 3, 4)], "triu", {"k": -1}),
    ("diagonal", [r(3, 4)], "diagonal", {"offset": 1}),
    ("diagonal", [r(3, 2, 3)], lambda x, axis1, axis2: x.diagonal(0, axis1, axis2), {"axis1": 0, "axis2": 2}),
    ("diag", [r(3)], "diag", {"k": 1}), ("diag", [r(3, 4)], "diag", {"k": -1}), ("trace", [r(3, 3)], torch.trace),
    ("meshgrid", [r(2), r(3)], torch.meshgrid, {"indexing": "ij"}),
    ("meshgrid", [r(2), r(3)], torch.meshgrid, {"indexing": "xy"}),
    # By index
    ("index", [r(3, 4, 2)], take_index, {"index": [{"slice": [2, None, -1]}, {"array": [3, 0, 3]}, "newaxis"]}),
    ("index", [r(3, 4, 2)], take_index, {"index": [1, "ellipsis", -1]}),
    ("index", [r(3, 4)], take_index, {"index": [{"array": [[0], [2]]}, {"array": [1, -1, 1]}]}),
    ("take", [r(3, 4), ints(2, 4, n=12)], torch.take), ("gather", [r(3, 4), ints(3, 2, n=4)], "gather", {"axis": 1}),
    ("scatter", [r(3, 4), given([2, 0, 1], [1, 2, 0]), r(2, 3)], replaced, {"axis": 0}),
    ("scatter", [r(3, 4), given([2, 0], [1, 3], [0, 1])], replaced, {"axis": 1, "value": 5.0}),
    ("scatter_add", [r(3, 4), ints(3, 5, n=4), r(3, 5)], "scatter_add", {"axis": 1}),
    ("index_select", [r(3, 4), ints(5, n=4)], "index_select", {"axis": 1}),
    ("index_add", [r(3, 4), ints(5, n=3), r(5, 4)], lambda x, i, s, axis, alpha: x.index_add(axis, i, s, alpha=alpha),
     {"axis": 0, "alpha": 1.5}), ("embedding", [r(5, 3), ints(2, 3, n=5)], lambda w, i: F.embedding(i, w)),
    ("masked_select", [r(3, 4), bools(3, 4)], torch.masked_select),
    ("masked_select", [r(3, 4), given(True, False, True, True)], torch.masked_select),
    ("nonzero", [const(r(3, 4, step=1))], torch.nonzero), ("one_hot", [ints(2, 3, n=4)], F.one_hot, {"num_classes": 4}),
    # Numbers to begin with
    ("arange", [], lambda start, stop, step: torch.arange(start, stop, step), {"start": .5, "stop": 3.0, "step": .25}),
    ("arange", [], lambda stop, dtype: torch.arange(stop), {"stop": 7, "dtype": "i8"}),
    ("linspace", [], lambda start, stop, count: torch.linspace(start, stop, count),
     {"start": -1.0, "stop": 2.0, "count": 7}), ("eye", [], torch.eye, {"n": 3}),
    ("eye", [], lambda n, columns: torch.eye(n, columns), {"n": 2, "columns": 4}),
]
# Reductions
for op, f in [("sum", torch.sum), ("mean", torch.mean), ("max", torch.amax), ("min", torch.amin), ("amax", torch.amax),
              ("amin", torch.amin), ("logsumexp", torch.logsumexp)]:
    TABLE += [(op, [r(3, 4, step=.5)], over(f), {"axis": None}),
              (op, [r(2, 3, 2)], over(f), {"axis": [0, -1], "keepdims": True})]
for op in "all", "any":
    TABLE += [(op, [bools(3, 3)], over(function(op)), {"axis": a}) for a in (None, -1)]
for op, f in [("var", torch.var), ("std", torch.std)]:
    TABLE += [(op, [r(3, 4)], over(f), {"axis": None, "correction": 1}),
              (op, [r(2, 3, 2)], over(f), {"axis": [0, 2], "keepdims": True, "correction": 0})]
for op in "cumsum", "cumprod", "softmax", "log_softmax":
    TABLE += [(op, [r(3, 4)], op, {"axis": a}) for a in (0, -1)]
for op in "argmax", "argmin":
    TABLE += [(op, [const(r(3, 4))], op, {"axis": a}) for a in (None, 1)]
for ord in 1, 2, 3, "inf":
    TABLE.append(("norm", [r(3, 4)], lambda x, axis, ord: torch.linalg.vector_norm(x, float(ord), axis),
                  {"ord": ord, "axis": 1}))
by_axis = {"axis": 1, "descending": True}
TABLE += [
    ("prod", [r(2, 3)], lambda x, axis: x.prod(), {"axis": None}),
    ("prod", [given([2., 0., .5], [0., 0., 3.])], "prod", {"axis": 1}), ("sort", [r(3, 4)], "sort", {"axis": 0}),
    ("sort", [r(3, 4)], "sort", by_axis),
    ("argsort", [const(r(3, 4, step=1))], 
     lambda x, axis, descending: x.argsort(dim=axis, descending=descending, stable=True), by_axis),
    ("topk", [r(3, 5)], "topk", {"k": 2, "axis": -1}),
    ("topk", [r(3, 5)], "topk", {"k": 2, "axis": 0, "largest": False}), ("median", [r(3, 4)], median),
    ("median", [r(3, 4)], median, {"axis": 0, "keepdims": True}),
    # Losses
    *((op, [r(3, 4), r(3, 4)], function(op), {"reduction": n, **more}) for n in ("mean", "none") for op, more in
      [("mse_loss", {}), ("l1_loss", {}), ("smooth_l1_loss", {"beta": .5}), ("huber_loss", {"delta": 1.5})]),
    *((f.__name__, [given(0., .5, 2.), given(0., .25, -1.)], f, {"reduction": "none"})  # where the slope is 0 as well
      for f in (F.smooth_l1_loss, F.huber_loss)),
    ("binary_cross_entropy", [r(3, 4, lo=.1, hi=.9), r(3, 4, lo=.1, hi=.9)], F.binary_cross_entropy,
     {"reduction": "mean"}),
    ("bce_with_logits", [r(3, 4), r(3, 4, lo=0, hi=1)], F.binary_cross_entropy_with_logits, {"reduction": "sum"}),
    ("bce_with_logits", [r(3, 4), *const_each(r(3, 4, lo=0, hi=1), r(4, lo=1, hi=3))], 
     lambda x, t, w, reduction: F.binary_cross_entropy_with_logits(x, t, pos_weight=w, reduction=reduction),
     {"reduction": "mean"}),
    ("kl_div", [r(3, 4), r(3, 4, lo=.1, hi=1)], F.kl_div, {"reduction": "batchmean"}),
    ("kl_div", [r(3, 4), r(3, 4)], F.kl_div, {"reduction": "sum", "log_target": True}),
    ("hinge_loss", [r(3, 2), given([1., -1.], [-1., 1.], [1., 1.])],
     lambda x, t, reduction: (1 - t * x).clamp(min=0).mean(), {"reduction": "mean"}),
    ("cosine_similarity", [r(3, 4), r(3, 4)], lambda x, y, axis: F.cosine_similarity(x, y, axis), {"axis": 1}),
    ("nll_loss", [r(3, 4, hi=-.1), ints(3, n=4)], F.nll_loss, {"reduction": "mean"}),
    ("nll_loss", [r(3, 4, hi=-.1), given(1, 0, 3), const(r(4, lo=.5))],  F.nll_loss,
     {"ignore_index": 0, "reduction": "mean"}),
    ("cross_entropy", [r(3, 4), ints(3, n=4)], F.cross_entropy, {"reduction": "mean"}),
    ("cross_entropy", [r(2, 3, 2), ints(2, 2, n=3), const(r(3, lo=.5))], F.cross_entropy,
     {"reduction": "sum", "label_smoothing": .25}),
    ("cross_entropy", [r(3, 4), r(3, 4, lo=0, hi=1)], F.cross_entropy, {"reduction": "none"}),
    # Layers
    ("im2col", [r(1, 2, 4, 3)], F.unfold,
     {"kernel_size": [2, 2], "stride": [2, 1], "padding": [1, 0], "dilation": [1, 1]}),
    ("col2im", [r(1, 4, 9)], F.fold, {"output_size": [4, 4], "kernel_size": [2, 2]}),
    ("conv1d", [r(2, 2, 6), r(3, 2, 3), r(3)], F.conv1d, {"stride": 2, "padding": 1}),
    ("conv2d", [r(1, 2, 4, 4), r(2, 2, 3, 2), r(2)], F.conv2d, {"stride": [1, 2], "padding": [1, 0]}),
    ("conv2d", [r(1, 4, 4, 3), r(4, 2, 2, 2)], F.conv2d, {"groups": 2, "dilation": [2, 1]}),
    ("conv_transpose2d", [r(1, 2, 2, 3), r(2, 2, 2, 2), r(2)], F.conv_transpose2d,
     {"stride": [2, 1], "padding": [1, 0]}),
    ("max_pool1d", [r(1, 2, 6)], F.max_pool1d, {"kernel_size": 3, "stride": 2, "padding": 1}),
    ("max_pool2d", [r(1, 2, 4, 5)], F.max_pool2d, {"kernel_size": [2, 3], "stride": [2, 1], "padding": [1, 1]}),
    ("avg_pool1d", [r(1, 2, 6)], F.avg_pool1d, {"kernel_size": 3, "stride": 2, "padding": 1}),
    ("avg_pool2d", [r(1, 2, 4, 4)], F.avg_pool2d, {"kernel_size": [2, 2], "stride": [2, 2]}),
    ("avg_pool2d", [r(1, 1, 4, 5)], F.avg_pool2d,
     {"kernel_size": [3, 2], "stride": [1, 2], "padding": [1, 1], "count_include_pad": False}),
    ("adaptive_avg_pool1d", [r(1, 2, 7)], F.adaptive_avg_pool1d, {"output_size": 3}),
    ("adaptive_avg_pool2d", [r(1, 2, 5, 4)], F.adaptive_avg_pool2d, {"output_size": [2, 3]}),
    *(("batch_norm", [r(4, 3), r(3), r(3), *const_each(r(3), r(3, lo=.5))], batch_norm,
     {"training": t, "momentum": .25, "eps": .0625}) for t in (True, False)),
    ("layer_norm", [r(3, 4), r(4), r(4)], lambda x, w, b, normalized_shape: F.layer_norm(x, normalized_shape, w, b),
     {"normalized_shape": [4]}),
    ("group_norm", [r(2, 4, 2), r(4), r(4)], lambda x, w, b, num_groups: F.group_norm(x, num_groups, w, b),
     {"num_groups": 2}),
    ("rms_norm", [r(3, 4), r(4)], lambda x, w, normalized_shape, eps: F.rms_norm(x, normalized_shape, w, eps),
     {"normalized_shape": [4], "eps": 1e-5}), ("dropout", [r(3, 4)], lambda x, **_: flat(x), {"p": 0.0}),
    ("dropout", [r(3, 4)], lambda x, **_: flat(x), {"p": .5, "training": False}),
    ("dropout", [r(3, 4)], lambda x, **_: 0 * x, {"p": 1.0}),
    ("scaled_dot_product_attention", [r(2, 3, 2), r(2, 4, 2), r(2, 4, 3)], attention),
    ("scaled_dot_product_attention", [r(3, 2), r(3, 2), r(3, 2)], attention, {"causal": True}),
    ("scaled_dot_product_attention", [r(2, 2), r(3, 2), r(3, 2), given([True, False, True], [False, True, True])],
     attention),
    ("scaled_dot_product_attention", [r(2, 2), r(3, 2), r(3, 2), given([False, False, False], [False, True, True])],
     F.scaled_dot_product_attention),  # one that may attend to nothing
    ("lstm", [r(3, 2, 4), r(2, 3), r(2, 3), r(12, 4), r(12, 3), r(12), r(12)], lstm),
    ("lstm", [r(2, 1, 2), r(1, 2), r(1, 2), r(8, 2), r(8, 2)], lstm),
]


def derivatives(y, by):
    """Zeros where there is no path."""
    if not y.requires_grad: return [torch.zeros_like(x) for x in by]
    return torch.autograd.grad(y, list(by), create_graph=True, allow_unused=True, materialize_grads=True)

class Case:
    """One line of the index; its arrays go to the archive."""
    def __init__(self, id, archive):
        self.id, self.archive, self.rng = id, archive, np.random.default_rng(zlib.crc32(id.encode()))

    def reference(self, kind, of, array, tolerances=False, **more):
        array = np.array(array.numpy(force=True), order="C")
        name, npy = f"{self.id}/{kind}.{of}", io.BytesIO()
        np.lib.format.write_array(npy, array)
        entry = zipfile.ZipInfo(name + ".npy")  # of 1980
        self.archive.writestr(entry, npy.getvalue())
        dtype = {"float64": "f8", "int64": "i8", "bool": "b1"}[str(array.dtype)]
        reference = {"of": of, "array": name, "shape": list(array.shape), "dtype": dtype}
        if tolerances and dtype == "f8":
            largest = np.abs(array[np.isfinite(array)]).max(initial=1)
            reference |= {"t64": [1e-9, float(f"{1e-11 * largest:.2e}")], "t32": [1e-4, float(f"{1e-5 * largest:.2e}")]}
        data = entry.header_offset + 30 + len(entry.filename) + len(npy.getvalue()) - array.nbytes
        return reference | more | {"offset": data}

    def draw(self, x): return torch.from_numpy(self.rng.uniform(-1, 1, x.shape).astype(np.float32).astype(np.float64))

    def make(self, op, inputs, f, attrs={}, outs=None, then=()):
        names = "abcdefgh"[:len(inputs)]
        x = [torch.from_numpy(np.array(make(self.rng))) for _, make in inputs]
        differentiable = [d for d, _ in inputs]
        for d, a in zip(differentiable, x): a.requires_grad_(d)
        got = getattr(x[0], f)(*attrs.values(), *x[1:]) if isinstance(f, str) else f(*x, **attrs)
        if isinstance(got, torch.Tensor): got = [got]
        if not isinstance(got, dict): got = {"y" + (str(i) if i else ""): y for i, y in enumerate(got)}
        ups = {n: y for n, y in got.items() if y.requires_grad}
        program = [{"op": op, "in": list(names), "out": outs.split() if outs else list(got), "attrs": attrs}]
        program += [{"op": step, "in": [a], "out": [b], "attrs": {}} for step, a, b in then]
        case = {"id": self.id, "group": "ops", "op": op, "kind": "grad" if ups else "forward", "file": "ops.npz",
                "program": program}
        case["inputs"] = [self.reference("in", n, a, diff=bool(ups) and d) for n, a, d in zip(names, x, differentiable)]
        case["outputs"] = [self.reference("out", n, y, True, diff=n in ups) for n, y in got.items()]
        return case | self.gradients({n: a for n, a in zip(names, x) if a.requires_grad}, ups) if ups else case

    def gradients(self, xs, ys):
        def all_of(kind, tensors, tolerances=False):
            return [self.reference(kind, n, a, tolerances) for n, a in tensors.items()]
        gs = {n: self.draw(y).requires_grad_() for n, y in ys.items()}
        vs = {n: self.draw(x) for n, x in xs.items()}
        first = derivatives(sum((y * gs[n]).sum() for n, y in ys.items()), xs.values())
        s = sum((dx * v).sum() for dx, v in zip(first, vs.values()))
        return {"upstream": all_of("up", gs), "grads": all_of("grad", dict(zip(xs, first)), True), "second": {
            "v": all_of("v", vs), "grads": all_of("hess", dict(zip(xs, derivatives(s, xs.values()))), True),
            "wrt_upstream": all_of("hup", dict(zip(gs, derivatives(s, gs.values()))), True)}}


def main():
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    folder, count, lines = pathlib.Path(__file__).parent, {}, []
    with zipfile.ZipFile(folder / "ops.npz", "w", zipfile.ZIP_STORED) as archive:
        for op, *row in TABLE:
            count[op] = count.get(op, 0) + 1
            lines.append(json.dumps(Case(f"{op}.{count[op]}", archive).make(op, *row), separators=(",", ":")))
    (folder / "ops.json").write_text('{"format":1,"cases":[\n' + ",\n".join(lines) + "\n]}\n")


if __name__ == "__main__":
    main()
