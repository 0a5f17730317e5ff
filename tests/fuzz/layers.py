"""Rules for products, losses and layers, as in programs.py."""
import math
import string

import numpy as np
import torch

from functions import rules

RULES, rule = rules()


@rule("matmul linear affine dot outer bmm tensordot einsum", 3)
def products(p, op):
    k, m = p.extent(4), p.extent(4)
    if op == "dot": return p.step(op, [a := p.pick(1, 1), p.tensor_like(p.s(a))])
    if op == "outer": return p.step(op, [p.pick(1, 1), p.pick(1, 1)])
    if op == "linear":
        x = p.pick(1, 4)
        return p.step(op, [x, p.tensor_like((m, p.s(x)[-1]))] + ([p.tensor_like((m,))] if p.chance(.7) else []))
    if op == "affine":
        x = p.pick(2, 4, lambda s: s[0] > 0)
        return p.step(op, [x, p.tensor_like((math.prod(p.s(x)[1:]), m)), p.tensor_like((m,))])
    if op == "bmm":
        x = p.pick(3, 3)
        return p.step(op, [x, p.tensor_like((p.s(x)[0], p.s(x)[2], k))])
    if op == "matmul":
        x = p.pick(1, 4)
        batch = [e if p.chance(.7) else 1 for e in p.s(x)[:-2]][p.whole(0, 2) if p.chance(.3) else 0:]
        return p.step(op, [x, p.tensor_like(p.choice([(p.s(x)[-1],), (p.s(x)[-1], m), (*batch, p.s(x)[-1], m)]))])
    if op == "tensordot":
        x = p.pick(0, 4)
        n = p.whole(0, min(p.n(x), 2))
        if p.chance(.5):
            more = tuple(p.extent(3) for _ in range(p.whole(0, 2)))
            return p.step(op, [x, p.tensor_like(p.s(x)[p.n(x) - n:] + more)], axes=n)
        left = p.random.sample(range(p.n(x)), n)
        other = [p.extent(3) for _ in range(p.whole(n, 3))]
        right = p.random.sample(range(len(other)), n)
        for i, j in zip(left, right): other[j] = p.s(x)[i]
        return p.step(op, [x, p.tensor_like(other)], axes=[[i - p.n(x) if p.chance(.3) else i for i in left], right])
    sizes, names, words = {}, [], []
    dots = [p.extent(3) for _ in range(p.whole(1, 2))] if p.chance(.25) else None
    for _ in range(p.whole(1, 4)):
        x = p.pick(0, 4) if p.chance(.5) and not dots else None
        if x is None:
            word = "".join(p.choice("abcdeF") for _ in range(p.whole(0, 3)))
            shape = [sizes.setdefault(c, p.extent(3)) for c in word]
            front = [e if p.chance(.8) else 1 for e in dots][p.whole(0, 1) if p.chance(.3) else 0:] if dots else []
            names.append(p.tensor_like(front + shape)); words.append(("..." if dots else "") + word)
        else:
            word = ""
            for e in p.s(x):
                same = [c for c, size in sizes.items() if size == e]
                fresh = [c for c in string.ascii_letters[:9] if c not in sizes]
                word += p.choice(same) if same and p.chance(.6) else p.choice(fresh)
                sizes[word[-1]] = e
            names.append(x); words.append(word)
    equation = ",".join(words)
    if p.chance(.8):
        used = sorted(set("".join(words)) - {"."})
        equation += "->" + ("..." if dots else "") + "".join(p.random.sample(used, p.whole(0, min(len(used), 4))))
    p.step(op, names, equation=equation)

def regular(p, n, batch=()):
    """Far from singular."""
    x = p.within(p.tensor_like((*batch, n, n)), -1, 1)
    return p.step("add", [x, p.add_input(3.0 * np.eye(n), diff=False)])

def symmetric(p, n, batch=(), least=0.0):
    """With eigenvalues that stand apart."""
    x = p.within(p.tensor_like((*batch, n, n)), -.4, .4)
    y = p.step("add", [x, p.step("swapaxes", [x], axis1=-1, axis2=-2)])
    return p.step("add", [y, p.add_input(np.diag(4.0 * np.arange(n) + least), diff=False)])

@rule("solve inv det slogdet cholesky qr eigh svd")
def matrices(p, op):
    n, batch = p.whole(1, 4), [p.extent(2) for _ in range(p.choice([0, 0, 1, 2]))]
    if op == "cholesky": return p.step(op, [symmetric(p, n, batch, 4.0)])
    if op in ("qr", "svd") and p.chance(.7):
        x = p.within(p.tensor_like((*batch, n, p.whole(1, n) if op == "qr" else p.whole(1, 4))), -1, 1)
        grid = np.zeros(p.s(x)[-2:])
        np.fill_diagonal(grid, 3.0 + 4 * np.arange(4))
        x = p.step("add", [x, p.add_input(grid, diff=False)])
    else: x = symmetric(p, n, batch, 3.0) if op in ("eigh", "svd") else regular(p, n, batch)
    if op == "solve":
        b = (*batch, n, p.whole(1, 3)) if p.chance(.7) or batch else (n,)
        return p.step(op, [x, p.tensor_like(b)])
    y = p.step(op, [x])
    for free in {"eigh": "b", "qr": "ab", "svd": "ac"}.get(op, ""):  # of either sign: only the squares are compared
        p.hidden.add(y[:-1] + free)
        p.step("square", [y[:-1] + free])

@rule("""mse_loss l1_loss smooth_l1_loss huber_loss binary_cross_entropy hinge_loss kl_div cosine_similarity nll_loss
      bce_with_logits binary_cross_entropy_with_logits cross_entropy""", 2)
def losses(p, op):
    attrs = {"reduction": p.choice(["mean", "sum", "none"])}
    if op in ("nll_loss", "cross_entropy"):
        x = p.pick(2, 4, lambda s: s[1] > 0) if p.chance(.9) else p.pick(1, 1, lambda s: s[0] > 0)
        shape = p.s(x)
        c = shape[1] if len(shape) > 1 else shape[0]
        weights = [p.new((c,), .3, 2, diff=False)] if p.chance(.4) else []
        if op == "cross_entropy" and p.chance(.6): attrs["label_smoothing"] = p.real(0, .5)
        if op == "cross_entropy" and p.chance(.3): return p.step(op, [x, p.new(shape, 0, 1)] + weights, **attrs)
        if p.chance(.3): attrs["ignore_index"] = p.choice([p.whole(0, c - 1), -1, -100])
        return p.step(op, [x, p.integers(shape[:1] * (len(shape) > 1) + shape[2:], c)] + weights, **attrs)
    x = p.pick()
    if op == "cosine_similarity":
        if not p.n(x): raise_refused()
        return p.step(op, [p.within(x, .2, 3), p.within(p.tensor_like(p.s(x)), .1, 3)], axis=p.axis(x))
    if op == "hinge_loss": return p.step(op, [x, p.add_input(p.numpy.integers(0, 2, p.s(x)) * 2.0 - 1, diff=False)],
                                         **attrs)
    if op == "smooth_l1_loss": attrs["beta"] = p.choice([0.0, p.real(.1, 2), 1.0])
    if op == "huber_loss": attrs["delta"] = p.real(.1, 2)
    if op == "kl_div":
        attrs["reduction"] = p.choice(["mean", "sum", "none", "batchmean"])
        attrs["log_target"] = p.chance(.5)
        return p.step(op, [x, p.tensor_like(p.s(x)) if attrs["log_target"]
                           else p.within(p.tensor_like(p.s(x)), .05, 2)], **attrs)
    if op == "binary_cross_entropy": x = p.within(x, .05, .95)
    unit = op == "binary_cross_entropy" or op.startswith("b")
    t = p.within(p.tensor_like(p.s(x)), .05, .95) if unit else p.tensor_like(p.s(x))
    pos = [p.new(p.s(x)[-1:], .3, 2, diff=False)] if op.endswith("logits") and p.chance(.3) else []
    p.step(op, [x, t] + pos, **attrs)

def raise_refused():
    from programs import Refused
    raise Refused("")

def pair(p, low, high): return p.whole(low, high) if p.chance(.4) else [p.whole(low, high), p.whole(low, high)]

@rule("""conv1d conv2d conv_transpose2d max_pool1d max_pool2d avg_pool1d avg_pool2d adaptive_avg_pool1d
      adaptive_avg_pool2d im2col col2im""", 2)
def windows(p, op):
    two = "1d" not in op
    number = (lambda low, high: pair(p, low, high)) if two else p.whole
    if op == "col2im":
        out, kernel = [p.whole(2, 5), p.whole(2, 5)], [p.whole(1, 2)] * 2
        stride, padding, dilation = p.whole(1, 2), p.whole(0, 1), p.whole(1, 2)
        places = [(o + 2 * padding - dilation * (k - 1) - 1) // stride + 1 for o, k in zip(out, kernel)]
        if min(places) < 1: raise_refused()
        x = p.tensor_like((p.whole(1, 2), p.whole(1, 2) * kernel[0] * kernel[1], math.prod(places)))
        return p.step(op, [x], output_size=out, kernel_size=kernel, stride=stride, padding=padding, dilation=dilation)
    lengths = [p.whole(1, 5) for _ in range(1 + two)]
    groups = p.choice([1, 1, 1, 2, 3]) if op.startswith("conv") else 1
    channels = groups * p.whole(1, 2)
    batch = [p.extent(2)] if op == "im2col" or p.chance(.85) else []
    rank = 1 + two + 1 + len(batch)
    x = p.pick(rank, rank, lambda s: 0 not in s[-rank + len(batch):]
               and max(s) < 8) if groups == 1 and p.chance(.5) else p.tensor_like((*batch, channels, *lengths))
    channels = p.s(x)[len(batch)]
    if op.startswith("adaptive"): return p.step(op, [x], output_size=number(1, 4))
    if op.startswith("conv"):
        size, out = [p.whole(1, 3) for _ in lengths], groups * p.whole(1, 2)
        attrs = {"stride": number(1, 3), "padding": number(0, 2), "dilation": number(1, 2), "groups": groups}
        if op == "conv_transpose2d":
            attrs["output_padding"] = 0 if p.chance(.6) else number(0, 1)
            weight = (channels, out // groups, *size)
        else: weight = (out, channels // groups, *size)
        if op == "conv_transpose2d" and 0 in p.s(x): raise_refused()  # PyTorch then takes attributes of any kind
        return p.step(op, [x, p.tensor_like(weight)] + ([p.tensor_like((out,))] if p.chance(.6) else []), **attrs)
    kernel = number(1, 3)
    smallest = kernel if isinstance(kernel, int) else min(kernel)
    attrs = {"kernel_size": kernel, "stride": number(1, 3), "padding": p.whole(0, smallest // 2)}
    if "avg" in op: attrs["count_include_pad"] = p.chance(.5)
    else: attrs["dilation"] = number(1, 2)
    p.step(op, [x], **attrs)

@rule("batch_norm layer_norm rms_norm group_norm", 2)
def norms(p, op):
    eps = p.choice([1e-5, .0625, .5])
    x = p.pick(2 if op in ("group_norm", "batch_norm") else 1, 4)
    shape = p.s(x)
    if op == "batch_norm":
        if 0 in shape: raise_refused()  # PyTorch takes a batch of nothing in training
        c = (shape[1],)
        return p.step(op, [x, p.tensor_like(c), p.tensor_like(c), p.new(c, diff=False), p.new(c, .3, 2, diff=False)],
                      training=p.chance(.6),
                      momentum=p.real(0, 1), eps=eps)
    weight = [p.tensor_like(())]
    if op == "group_norm":
        groups = [k for k in range(1, shape[1] + 1) if shape[1] % k == 0]
        if not groups: raise_refused()
        attrs, like = {"num_groups": p.choice(groups)}, (shape[1],)
    else: attrs, like = {"normalized_shape": list(shape[p.whole(0, len(shape) - 1):])}, None
    like = like or attrs["normalized_shape"]
    most = 1 if op == "rms_norm" else 2
    weight = [p.tensor_like(like) for _ in range(p.choice([0, most]))]
    p.step(op, [x] + weight, **attrs, eps=eps)

@rule("dropout")
def dropout(p, op): p.step(op, [p.pick()], **p.choice([{"p": 0.0}, {"p": .5, "training": False}]))

@rule("scaled_dot_product_attention multi_head_attention rnn_cell rnn gru_cell gru lstm_cell lstm", 2)
def sequences(p, op):
    n, l, s, e, v = (p.whole(1, 3) for _ in range(5))
    if op == "scaled_dot_product_attention":
        batch = [p.extent(2) for _ in range(p.whole(0, 2))]
        causal = p.chance(.3)
        mask = [] if causal or p.chance(.5) else [p.tensor_like((l, s))] if p.chance(.5) else \
            [p.add_input(np.where(np.arange(s) == 0, True, p.numpy.integers(0, 2, (l, s)).astype(bool)))]
        return p.step(op, [p.tensor_like((*batch, l, e)), p.tensor_like((*batch, s, e)),
                           p.tensor_like((*batch, s, v))] + mask, causal=causal,
                      **({"scale": p.real(.1, 2)} if p.chance(.3) else {}))
    if op == "multi_head_attention":
        heads = p.whole(1, 3)
        e *= heads
        return p.step(op, [p.tensor_like((n, l, e)), p.tensor_like((n, s, e)), p.tensor_like((n, s, e)),
                           p.new((3 * e, e)), p.new((3 * e,)),
                           p.new((e, e)), p.new((e,))], num_heads=heads, causal=p.chance(.3))
    gates = {"r": 1, "g": 3, "l": 4}[op[0]]
    x = p.tensor_like((n, e) if "cell" in op else (l, n, e))
    state = [p.tensor_like((n, v)) for _ in range(2 if op[0] == "l" else 1)]
    weights = [p.new((gates * v, e)), p.new((gates * v, v)), p.new((gates * v,)), p.new((gates * v,))]
    p.step(op, [x] + state + weights, **({"nonlinearity": p.choice(["tanh", "relu"])} if op[0] == "r" else {}))
