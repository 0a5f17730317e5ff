"""Random programs: each rule draws one operation, its inputs (from what is there, or new ones) and its attributes."""
import math
import random

import numpy as np
import torch

from functions import apply, rules

inf = float("inf")


class Refused(Exception):
    """Not a step to go on with."""


class Program:
    """Steps, inputs and their values; the steps run in PyTorch as they are added."""

    def __init__(self, seed):
        self.random, self.numpy = random.Random(seed), np.random.default_rng(seed)
        self.inputs, self.steps, self.values, self.hidden = {}, [], {}, set()
        # One program in eight is wild with sizes: 0 and 0-d; the others keep to them seldom.
        self.zero = self.random.choice([0, 0, 0, 0, 0, .02, .1, .1])

    # What rules are written with
    def chance(self, p): return self.random.random() < p
    def whole(self, low, high): return self.random.randint(low, high)
    def choice(self, of): return self.random.choice(list(of))
    def real(self, low, high): return round(self.random.uniform(low, high) * 64) / 64
    def extent(self, most=4): return 0 if self.chance(self.zero) else self.whole(1, most)
    def shape(self, low=0, high=5):
        return tuple(self.extent(4 if high < 4 else 3)
                     for _ in range(self.whole(low, self.choice([high, max(low, min(high, 3))]))))

    def add_input(self, array, diff=None):
        name = f"x{len(self.inputs)}"
        t = torch.from_numpy(np.array(array))
        diff = t.is_floating_point() and (self.chance(.9) if diff is None else diff)
        self.inputs[name], self.values[name] = diff, t
        return name

    def new(self, shape, low=-2, high=2, diff=None):
        return self.add_input(self.numpy.uniform(low, high, tuple(shape)), diff)
    def integers(self, shape, n, low=0): return self.add_input(self.numpy.integers(low, max(n, low + 1), tuple(shape)))
    def booleans(self, shape): return self.add_input(self.numpy.integers(0, 2, tuple(shape)).astype(bool))

    def s(self, name): return tuple(self.values[name].shape)
    def n(self, name): return self.values[name].ndim

    def pick(self, low=0, high=5, fits=lambda shape: True, dtype=torch.float64):
        """A value of `low` to `high` axes, often one that is there."""
        there = [v for v, t in self.values.items()
                 if v not in self.hidden and t.dtype == dtype and low <= t.ndim <= high and fits(tuple(t.shape))]
        if there and self.chance(.8): return self.choice(there[-6:] if self.chance(.6) else there)
        for _ in range(20):
            shape = self.shape(low, high)
            if fits(shape): return self.booleans(shape) if dtype == torch.bool else self.new(shape)
        raise Refused("nothing fits")

    def within(self, name, low, high):
        """The value, or a smooth function of it between two bounds."""
        t = self.values[name]
        if t.numel() == 0 or (t.min() > low and t.max() < high): return name
        y = self.step(self.choice(["sigmoid", "normal_cdf"]), [name])
        y = self.step("mul", [y], scalar=float(high - low) * .98, side="right")
        return self.step("add", [y], scalar=low + .01 * (high - low), side="left")

    def step(self, op, names, outs=None, **attrs):
        """Appends a step; the name of its first result."""
        try: results = apply(op, [self.values[n] for n in names], attrs)
        except Exception as error:
            raise Refused(f"{op}: {error}") from None
        for y in results:
            if y.ndim > 7 or y.numel() > 4000: raise Refused("too large")
            if y.is_floating_point() and not (y.abs() < 1e4).all(): raise Refused("not finite, or large")
        n = len(self.steps)
        out = [f"y{n}" + "abc"[i] * (len(results) > 1) if i < 3 else f"y{n}_{i}" for i in range(len(results))]
        self.values.update(zip(out, results))
        self.steps.append({"op": op, "in": list(names), "out": out, "attrs": attrs})
        return out[0]

    def tensor_like(self, shape, low=-2, high=2):
        """A value of exactly this shape."""
        there = [v for v, t in self.values.items() if v not in self.hidden and t.dtype == torch.float64
                 and tuple(t.shape) == tuple(shape)]
        return self.choice(there) if there and self.chance(.5) else self.new(shape, low, high)

    def beside(self, shape):
        """A value whose shape broadcasts with `shape`."""
        there = [v for v, t in self.values.items() if v not in self.hidden and t.dtype == torch.float64
                 and joins(t.shape, shape)]
        if there and self.chance(.5): return self.choice(there)
        other = [e if self.chance(.7) else 1 for e in shape][self.whole(0, len(shape)) if self.chance(.4) else 0:]
        return self.new(other)

    def axis(self, name): return self.whole(-self.n(name), self.n(name) - 1)
    def some_axes(self, name):
        """None, a number, or a list."""
        if self.chance(.3) or self.n(name) == 0: return None
        if self.chance(.5): return self.axis(name)
        axes = self.random.sample(range(self.n(name)), self.whole(1, self.n(name)))
        return [a - self.n(name) if self.chance(.3) else a for a in axes]

    def draw(self, nodes, rules=None):
        """Until there are so many steps."""
        for _ in range(8 * nodes):
            if len(self.steps) >= nodes: break
            mark = len(self.steps), dict(self.inputs), dict(self.values), set(self.hidden)
            try:
                rule, op = self.choice(rules or RULES)
                rule(self, op)
            except (Refused, ValueError, IndexError):
                del self.steps[mark[0]:]
                self.inputs, self.values, self.hidden = mark[1:]
        return self


def joins(a, b):
    return len(a) <= len(b) + 1 and all(x == y or 1 in (x, y) for x, y in zip(reversed(a), reversed(b)))


RULES, rule = rules()


DOMAINS = {"exp": (-4, 3), "exp2": (-4, 4), "expm1": (-3, 2), "cosh": (-3, 3), "sinh": (-3, 3), "arcsinh": (-9, 9),
           "log": (.1, 9),
           "sqrt": (.05, 9), "rsqrt": (.1, 9), "log2": (.1, 9), "log10": (.1, 9), "log1p": (-.9, 9),
           "reciprocal": (.2, 5), "tan": (-1.3, 1.3), "asin": (-.95, .95), "acos": (-.95, .95), "atanh": (-.95, .95),
           "arcsin": (-.95, .95), "arccos": (-.95, .95), "arctanh": (-.95, .95), "acosh": (1.1, 9), "arccosh": (1.1, 9),
           "cbrt": (.1, 9), "square": (-30, 30)}

@rule("""neg exp square abs tanh relu relu6 step identity erf sinh cosh sign tanhshrink erfc expm1 log sqrt rsqrt log2
      log10 log1p gelu_tanh normal_cdf exp2 atan asinh selu softsign reciprocal sigmoid silu cbrt sin cos floor ceil
      round trunc frac mish log_sigmoid tan asin acos atanh acosh hardsigmoid hardswish arcsin arccos arctan arcsinh
      arccosh arctanh logsigmoid detach""")
def unary(p, op): p.step(op, [p.within(p.pick(), *DOMAINS.get(op, (-50, 50)))])

@rule("isnan isinf isfinite")
def classes(p, op): p.step(op, [p.pick()])

@rule("leaky_relu elu celu softplus softshrink hardshrink hardtanh threshold gelu clamp nan_to_num")
def with_numbers(p, op):
    low = p.real(-1, .5)
    attrs = {"leaky_relu": {"negative_slope": p.real(.01, .5)}, "elu": {"alpha": p.real(.1, 2)},
             "celu": {"alpha": p.real(.1, 2)},
             "softplus": {"beta": p.real(.2, 3)}, "softshrink": {"lambd": p.real(0, 1)},
             "hardshrink": {"lambd": p.real(0, 1)},
             "hardtanh": {"min_val": low, "max_val": low + p.real(.1, 2)},
             "threshold": {"threshold": low, "value": p.real(-2, 2)},
             "gelu": {"approximate": p.choice(["none", "tanh"])}, "nan_to_num": {"nan": p.real(-1, 1)},
             "clamp": {k: v for k, v in [("min", low), ("max", low + p.real(0, 2))] if p.chance(.8)}
             or {"min": low}}[op]
    p.step(op, [p.pick()], **attrs)

@rule("add sub mul maximum minimum logaddexp greater greater_equal less less_equal equal not_equal", 2)
@rule("div pow atan2 arctan2 hypot fmod remainder xlogy")
def two(p, op):
    a = p.pick()
    if op in ("add", "sub", "mul", "div", "pow") and p.chance(.25):
        side, s = p.choice(["left", "right"]), p.choice([p.real(.3, 2.5), 2.0, 3.0, -1.0, -.5])
        if op == "pow": a, s = (p.within(a, .3, 3), s) if side == "right" else (p.within(a, -3, 3), abs(s))
        if op == "div" and side == "left": a = p.within(a, .3, 4)
        p.step(op, [a], scalar=s, side=side)
        return
    b = a if p.chance(.05) else p.beside(p.s(a))
    if op in ("pow", "xlogy") and (op == "pow" or p.chance(.9)): a = p.within(a, .3, 3)
    if op in ("div", "fmod", "remainder", "atan2", "hypot", "arctan2"): b = p.within(b, .4, 4)
    if op == "xlogy": b = p.within(b, .2, 4)
    if op == "pow": b = p.within(b, -3, 3)
    p.step(op, [a, b] if p.chance(.7) or op not in ("add", "mul", "sub", "maximum") else [b, a])

@rule("logical_and logical_or logical_xor logical_not")
def logic(p, op):
    a = p.pick(dtype=torch.bool)
    p.step(op, [a] if op == "logical_not" else [a, p.booleans(p.s(a))])

@rule("where lerp masked_fill masked_select boolean_mask", 2)
def masks(p, op):
    a = p.pick()
    if op == "lerp":
        return p.step(op, [a, p.beside(p.s(a)),
                           p.beside(p.s(a))]) if p.chance(.5) else p.step(op, [a, p.beside(p.s(a))],
                                                                          weight=p.real(-1, 2))
    if op == "boolean_mask": return p.step(op, [a, p.booleans(p.s(a)[:p.whole(1, p.n(a))])])
    masks = [v for v, t in p.values.items() if t.dtype == torch.bool and joins(t.shape, p.s(a))]
    m = p.choice(masks) if masks and p.chance(.6) else p.booleans(e if p.chance(.7) else 1 for e in p.s(a))
    if op == "where": p.step(op, [m, a, p.beside(p.s(a))])
    elif op == "masked_select": p.step(op, [a, m])
    elif p.chance(.5): p.step(op, [a, m], value=p.real(-2, 2))
    else: p.step(op, [a, m, p.beside(p.s(a))])

@rule("sum mean prod max min amax amin logsumexp var std norm", 2)
@rule("argmax argmin all any")
def reduction(p, op):
    if op in ("all", "any"): return p.step(op, [(a := p.pick(dtype=torch.bool))], axis=p.some_axes(a),
                                           keepdims=p.chance(.5))
    a = p.pick()
    attrs = {"axis": p.some_axes(a), "keepdims": p.chance(.4)}
    if op in ("argmax", "argmin"): attrs["axis"] = None if p.chance(.3) else p.axis(a)
    if op in ("var", "std"): attrs["correction"] = p.choice([0, 1, 1])
    if op == "norm": attrs["ord"] = p.choice([1, 2, 3, "inf", 2.5, 2])
    if op == "norm" and p.values[a].numel() and p.chance(.8): a = p.within(a, .1, 4)
    if op == "prod": a = p.within(a, -2.5, 2.5)
    p.step(op, [a], **attrs)

@rule("cumsum cumprod softmax log_softmax sort topk argsort median")
def along(p, op):
    a = p.pick(1)  # 0-d has no axis, also where PyTorch takes 0 or -1 for one
    attrs = {"axis": p.axis(a)}
    if op in ("sort", "argsort"): attrs["descending"] = p.chance(.5)
    if op == "topk": attrs |= {"k": p.whole(0, p.s(a)[attrs["axis"]]), "largest": p.chance(.5)}
    if op == "topk" and p.values[a].unique().numel() < p.values[a].numel():
        raise Refused("PyTorch says nothing of ties")
    if op == "median": attrs |= {"keepdims": p.chance(.4)} if p.chance(.7) else {"axis": None}
    if op == "cumprod": a = p.within(a, -1.5, 1.5)
    p.step(op, [a], **attrs)

@rule("transpose permute swapaxes movedim reshape flatten unflatten squeeze unsqueeze broadcast_to expand", 2)
@rule("flip roll tile repeat_interleave tril triu diagonal diag trace", 1)
def shapes(p, op):
    a = p.pick(*{"expand": (0, 3), "tril": (2, 5), "triu": (2, 5), "diagonal": (2, 5), "diag": (1, 2), "trace": (2, 2),
                 "unflatten": (1, 4), "roll": (0, 4), "broadcast_to": (0, 4), "unsqueeze": (0, 5),
                 "tile": (0, 3)}.get(op, (0, 6)))
    shape, n = p.s(a), p.n(a)
    signed = lambda axis: axis - n if p.chance(.3) else axis
    order = p.random.sample(range(n), n)
    if op in ("transpose", "permute"): attrs = {"axes": None if op == "transpose" and p.chance(.3)
                                                else [signed(o) for o in order]}
    elif op == "swapaxes": attrs = {"axis1": p.axis(a), "axis2": p.axis(a)}
    elif op == "movedim":
        k = p.whole(1, max(n, 1))
        attrs = {"source": [signed(o) for o in order[:k]],
                 "destination": [signed(o) for o in p.random.sample(range(n), k)] if n else []}
    elif op == "reshape": attrs = {"shape": factors(p, math.prod(shape))}
    elif op == "flatten":
        start = p.whole(0, max(n - 1, 0)); attrs = {"start_axis": signed(start) if n else 0,
                                                    "end_axis": p.choice([-1, p.whole(start, max(n - 1, 0))])}
    elif op == "unflatten": attrs = {"axis": (axis := p.axis(a)), "shape": factors(p, shape[axis], low=1)}
    elif op == "squeeze":
        ones = [signed(i) for i, e in enumerate(shape) if e == 1]
        attrs = {} if not ones or p.chance(.4) else {"axis": p.choice([ones, p.choice(ones)])}
    elif op == "unsqueeze": attrs = {"axis": p.whole(-n - 1, n)}
    elif op in ("broadcast_to", "expand"):
        front = [p.extent(3) for _ in range(p.whole(0, 3 - n if op == "expand" else 2))]
        attrs = {"shape": front + [p.extent(3) if e == 1 else -1 if op == "expand" and p.chance(.4) else e
                                   for e in shape]}
        if not attrs["shape"] and op == "expand": raise Refused("no axes")
    elif op == "flip": attrs = {"axis": p.some_axes(a)}
    elif op == "roll":
        attrs = {"shift": p.whole(-5, 5)} if p.chance(.3) or not n else {"shift": p.whole(-5, 5),
                                                                         "axis": p.axis(a)} if p.chance(.5) else \
            {"shift": [p.whole(-4, 4) for _ in range(n)], "axis": [signed(o) for o in order]}
    elif op == "tile": attrs = {"reps": [p.extent(3) for _ in range(p.whole(0, 3))]}
    elif op == "repeat_interleave": attrs = {"repeats": p.extent(3), "axis": p.axis(a)}
    elif op in ("tril", "triu"): attrs = {"k": p.whole(-4, 4)}
    elif op == "diagonal":
        i, j = p.random.sample(range(n), 2)
        attrs = {"offset": p.whole(-2, 2), "axis1": signed(i), "axis2": signed(j)}
    elif op == "diag": attrs = {"offset": p.whole(-3, 3)}
    else: attrs = {}
    p.step(op, [a], **attrs)

def factors(p, n, low=0):
    """A shape of n elements."""
    shape = []
    while n > 1 and p.chance(.8):
        f = p.choice([k for k in range(1, n + 1) if n % k == 0])
        shape.append(f); n //= f
    if n != 1 or len(shape) < low or p.chance(.2): shape.insert(p.whole(0, len(shape)), n)
    if not low and p.chance(.3) and shape and 0 not in shape: shape[p.whole(0, len(shape) - 1)] = -1
    return shape

@rule("getitem slice", 3)
def indexing(p, op):
    a = p.pick(1, 5)
    entries, together = [], tuple(p.extent(3) for _ in range(p.whole(0, 2)))
    for e in p.s(a)[:p.whole(1, p.n(a))]:
        kind = p.choice(["slice", "slice", "slice", "int"] if op == "slice"
                        else ["slice", "slice", "int", "array", "newaxis", "ellipsis"])
        if kind == "int" and e: entries.append(p.whole(-e, e - 1))
        elif kind == "array" and e:
            shape = [k if p.chance(.8) else 1 for k in together]
            entries.append({"array": p.numpy.integers(-e, e, shape).tolist()} if shape else p.whole(-e, e - 1))
        elif kind == "newaxis": entries += ["newaxis", {"slice": [None, None, 1]}]
        elif kind == "ellipsis" and "ellipsis" not in entries: entries.append("ellipsis")
        else:
            ends = [None if p.chance(.4) else p.whole(-e - 2, e + 2) for _ in range(2)]
            entries.append({"slice": [*ends, p.choice([1, 1, 2, 3, -1, -2])]})
    if any(isinstance(e, dict) and "array" in e and 0 in np.shape(e["array"])
           for e in entries): raise Refused("shape is lost in JSON")
    p.step(op, [a], index=entries)

@rule("concatenate stack split chunk meshgrid pad", 2)
def parts(p, op):
    if op == "meshgrid": return p.step(op, [p.pick(1, 1) for _ in range(p.whole(1, 3))],
                                       indexing=p.choice(["ij", "xy"]) )
    a = p.pick(0 if op == "stack" else 1, 4)
    axis = p.axis(a)
    if op == "stack": return p.step(op, [a] + [p.tensor_like(p.s(a)) for _ in range(p.whole(0, 2))],
                                    axis=p.whole(-p.n(a) - 1, p.n(a)))
    if op == "concatenate":
        other = list(p.s(a)); more = []
        for _ in range(p.whole(0, 3)):
            other[axis] = p.extent(3); more.append(p.tensor_like(other))
        return p.step(op, [a] + more, axis=axis)
    e = p.s(a)[axis]
    if op == "chunk": return p.step(op, [a], chunks=p.whole(1, 5), axis=axis)
    if op == "split":
        if p.chance(.5) and e: return p.step(op, [a], sections=p.choice([k for k in range(1, e + 1) if e % k == 0]),
                                             axis=axis)
        cuts = sorted(p.whole(0, e) for _ in range(p.whole(0, 2)))
        return p.step(op, [a], sizes=[y - x for x, y in zip([0] + cuts, cuts + [e])], axis=axis)
    mode = p.choice(["constant", "constant", "reflect", "replicate", "circular"])
    if mode == "constant":
        return p.step(op, [a], pad_width=[[p.whole(0, 2), p.whole(0, 2)] for _ in p.s(a)], mode=mode,
                      value=p.real(-1, 1))
    if p.n(a) < 2: raise Refused("torch pads the last axes alone")
    last = p.whole(1, min(p.n(a) - 1, 2 if p.n(a) < 5 else 3))
    if p.n(a) - last not in (1, 2): raise Refused("torch: samples or a batch of them")
    widths = [[0, 0]] * (p.n(a) - last) + [[p.whole(0, max(0, e - (mode == "reflect"))) for _ in range(2)]
                                           for e in p.s(a)[-last:]]
    p.step(op, [a], pad_width=[[min(w, 3) for w in both] for both in widths], mode=mode)

@rule("take gather scatter scatter_add index_select index_add embedding one_hot nonzero", 2)
def by_index(p, op):
    if op == "one_hot": return p.step(op, [p.integers(p.shape(0, 3), (c := p.whole(1, 4)))], num_classes=c)
    a = p.pick(2, 2) if op == "embedding" else p.pick(1, 4)
    shape = p.s(a)
    if op == "nonzero": return p.step(op, [p.add_input(np.round(p.numpy.uniform(-1, 1, p.shape(0, 3))), diff=False)])
    if op == "embedding": return p.step(op, [a, p.integers(p.shape(0, 3), shape[0])]) if shape[0] else None
    if op == "take":
        n = math.prod(shape)
        return p.step(op, [a, p.integers(p.shape(0, 3), n, low=-n)]) if n else None
    axis = p.axis(a)
    if op in ("index_select", "index_add"):
        k = p.extent(4)
        if k and not shape[axis]: raise Refused("nothing to take")
        i = p.integers((k,), shape[axis])
        if op == "index_select": return p.step(op, [a, i], axis=axis)
        other = list(shape); other[axis] = k
        return p.step(op, [a, i, p.tensor_like(other)], axis=axis, **({"alpha": p.real(-2, 2)} if p.chance(.5) else {}))
    if not shape[axis]: raise Refused("nothing to take")
    part = [p.whole(min(e, 1), e) if k != axis % len(shape) else p.extent(4) for k, e in enumerate(shape)]
    if op == "scatter":  # PyTorch does not say which of several wins: none comes twice
        part[axis] = p.whole(0, shape[axis])
        i = np.argsort(p.numpy.uniform(size=[s if k != axis % len(shape) else shape[axis] for k, s in enumerate(part)]),
                       axis=axis)
        i = p.add_input(i[tuple(slice(0, s) for s in part)])
        return p.step(op, [a, i], axis=axis,
                      value=p.real(-2, 2)) if p.chance(.4) else p.step(op, [a, i, p.tensor_like(part)], axis=axis)
    i = p.integers(part, shape[axis])
    p.step(op, [a, i] if op == "gather" else [a, i, p.tensor_like(part)], axis=axis)

from layers import RULES as LAYERS  # noqa: E402  (they are written with what stands here)
RULES += LAYERS
