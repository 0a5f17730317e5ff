"""PyTorch's functions by the names and attributes of conformance cases: FUNCTIONS[op](*tensors, **attributes)."""
import math
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "conformance"))
import generate as cases  # noqa: E402

inf = float("inf")


def number(x): return float(x) if isinstance(x, str) else x
def axes(x, axis): return tuple(range(x.ndim)) if axis is None else axis
def over(f): return lambda x, axis=None, keepdims=False, **more: f(x, dim=axes(x, axis), keepdim=keepdims, **more)

def binary(f):
    def g(x, y=None, scalar=None, side="right"):
        if y is None: y = torch.full((), scalar, dtype=x.dtype)
        return f(y, x) if scalar is not None and side == "left" else f(x, y)
    return g

def index(x, index):
    """numpy's: of the places, taken from there."""
    entries = [slice(*e["slice"]) if isinstance(e, dict) and "slice" in e else
               np.array(e["array"], np.int64) if isinstance(e, dict) else
               {"newaxis": None, "ellipsis": ...}.get(e, e) if isinstance(e, str) else e for e in index]
    places = np.arange(x.numel()).reshape(x.shape)[tuple(entries)]
    return x.reshape(-1)[torch.from_numpy(np.array(places))]

def norm(x, ord=2, axis=None, keepdims=False):
    return torch.linalg.vector_norm(x, float(ord), axes(x, axis), keepdim=keepdims)

def extreme(f):
    def g(x, axis=None, keepdims=False):
        if axis is not None: return f(x, axis, keepdims)
        y = f(x)
        return y.reshape([1] * x.ndim) if keepdims else y
    return g

def prod(x, axis=None, keepdims=False):
    x.sum(axis)  # refuses axes that are none
    for a in sorted((a % max(x.ndim, 1) for a in ([axis] if isinstance(axis, int) else axes(x, axis))), reverse=True):
        x = x.prod(a, keepdim=keepdims)
    return x

def squeeze(x, axis=None):
    """numpy's: a named axis has extent 1."""
    if axis is None: return cases.flat(x.squeeze())
    for a in ([axis] if isinstance(axis, int) else axis):
        if x.shape[a] != 1: raise ValueError("extent")
    return x.squeeze(axis if isinstance(axis, int) else tuple(axis))

def roll(x, shift, axis=None): return x.roll(shift, axis)
def split(x, axis, sizes=None, sections=None): return x.split(sizes or x.shape[axis] // sections, axis)
def sort(x, axis=-1, descending=False): return tuple(torch.sort(x, axis, descending, stable=True))
def topk(x, k, axis=-1, largest=True): return tuple(x.topk(k, axis, largest))
def tile(x, reps): return x.tile(reps if isinstance(reps, list) else (reps,))
def einsum(*x, equation): return torch.einsum(equation, *x)
def scatter(x, i, *source, axis, value=None): return torch.scatter(x, axis, i, *(source or [value]))

def lengths(f):
    """A convolution's: bias or none."""
    return lambda x, w, b=None, **attrs: f(x, w, b, **attrs)

def reduced(y, reduction): return {"none": lambda: cases.flat(y), "sum": y.sum, "mean": y.mean}[reduction]()

def hinge_loss(x, t, reduction="mean"):
    if t.shape != x.shape: raise ValueError("shapes")
    return reduced((1 - t * x).clamp(min=0), reduction)

def binary_cross_entropy(p, t, reduction="mean"):
    F.binary_cross_entropy(p.detach(), t.detach())  # refuses what it refuses; its second derivative is off by 1e-12
    return reduced(-t * p.log().clamp(min=-100) - (1 - t) * (-p).log1p().clamp(min=-100), reduction)

def kl_div(x, t, reduction, log_target=False): return F.kl_div(x, t, reduction=reduction, log_target=log_target)
def loss(f): return lambda x, t, **attrs: f(x, t, **attrs)

def with_weights(f):
    return lambda x, t, w=None, **attrs: f(x, t, weight=w, **attrs)

def attention(q, k, v, mask=None, causal=False, scale=None):
    return cases.attention(q if scale is None else q * (scale * q.shape[-1] ** .5), k, v, mask, causal)

def multi_head_attention(q, k, v, w, b, out_w, out_b, num_heads, causal=False):
    def heads(x): return x.unflatten(-1, (num_heads, -1)).transpose(1, 2)
    projected = [heads(F.linear(x, w, b)) for x, w, b in zip((q, k, v), w.chunk(3), b.chunk(3))]
    return F.linear(cases.attention(*projected, None, causal).transpose(1, 2).flatten(2), out_w, out_b)

def cell(f):
    """PyTorch crashes where axes are missing."""
    def checked(x, *more, **attrs):
        if any(t.ndim != 2 for t in (x, *more[:-2])): raise ValueError("axes")
        return f(x, *more, **attrs)
    return checked

@cell
def rnn_cell(x, h, *weights, nonlinearity="tanh"):
    return (torch.rnn_relu_cell if nonlinearity == "relu" else torch.rnn_tanh_cell)(x, h, *weights)
@cell
def lstm_cell(x, h, c, *weights): return torch.lstm_cell(x, (h, c), *weights)
gru_cell = cell(torch.gru_cell)

def sequence(cell, states):
    def run(x, *more, **attrs):
        state, weights, outputs = more[:states], more[states:], []
        for step in x:
            state = cell(step, *state, *weights, **attrs)
            if states == 1: state = (state,)
            outputs.append(state[0])
        return (torch.stack(outputs), *state)
    return run

def batch_norm(x, w, b, mean, var, training, momentum, eps):
    """PyTorch's own has wrong gradients where y's are neither contiguous nor quite channels-last."""
    _, *running = cases.batch_norm(x.detach(), w.detach(), b.detach(), mean, var, training, momentum, eps)
    channels, others = [1, -1] + [1] * (x.ndim - 2), [i for i in range(x.ndim) if i != 1]
    if training:
        mean, var = x.mean(others), x.var(others, correction=0)
    x = (x - mean.reshape(channels)) / (var.reshape(channels) + eps).sqrt()
    return x * w.reshape(channels) + b.reshape(channels), *running


FUNCTIONS = {
    **{op: cases.function(op) for op in """
       neg exp square abs tanh relu relu6 step identity erf sinh cosh sign tanhshrink erfc expm1 log sqrt rsqrt log2
       log10 log1p gelu_tanh normal_cdf exp2 atan asinh selu softsign reciprocal sigmoid silu cbrt sin cos floor
       ceil round trunc frac mish log_sigmoid tan asin acos atanh acosh hardsigmoid hardswish isnan isinf isfinite
       logical_not arcsin arccos arctan arcsinh arccosh arctanh nonzero leaky_relu elu celu hardtanh softshrink
       hardshrink threshold where matmul dot outer bmm take masked_select gelu trace""".split()},
    **{op: binary(getattr(torch, op))
       for op in """add sub mul div pow maximum minimum atan2 arctan2 hypot fmod remainder
       logaddexp xlogy greater greater_equal less less_equal not_equal logical_and logical_or logical_xor""".split()},
    "equal": binary(torch.eq), "logsigmoid": F.logsigmoid, "detach": lambda x: x.detach() + 0,
    "softplus": lambda x, beta=1: F.softplus(beta * x, threshold=1e9) / beta,
    "nan_to_num": torch.nan_to_num, "clamp": torch.clamp,
    "lerp": lambda a, b, w=None, weight=None: torch.lerp(a, b, weight if w is None else w),
    "masked_fill": lambda x, m, y=None, value=None: torch.where(m, number(value) if y is None else y, x),
    # Reductions
    "sum": over(torch.sum), "mean": over(torch.mean), "prod": prod, "max": over(torch.amax), "min": over(torch.amin),
    "amax": over(torch.amax), "amin": over(torch.amin), "logsumexp": over(torch.logsumexp), "all": over(torch.all),
    "any": over(torch.any), "var": over(torch.var), "std": over(torch.std), "norm": norm,
    "argmax": extreme(torch.argmax), "argmin": extreme(torch.argmin),
    "cumsum": lambda x, axis: x.cumsum(axis), "cumprod": lambda x, axis: x.cumprod(axis), "median": cases.median,
    "softmax": lambda x, axis=-1: x.softmax(axis), "log_softmax": lambda x, axis=-1: x.log_softmax(axis),
    "sort": sort, "topk": topk,
    "argsort": lambda x, axis=-1, descending=False: x.argsort(dim=axis, descending=descending, stable=True),
    # Shape
    "transpose": lambda x, axes=None: x.permute(list(range(x.ndim))[::-1] if axes is None else axes),
    "permute": lambda x, axes: x.permute(axes), "swapaxes": torch.swapaxes,
    "movedim": lambda x, source, destination: x.movedim(source, destination),
    "moveaxis": lambda x, source, destination: x.movedim(source, destination),
    "reshape": lambda x, shape: x.reshape(shape), "flatten": lambda x, start_axis=0,
    end_axis=-1: x.flatten(start_axis, end_axis),
    "unflatten": lambda x, axis, shape: x.unflatten(axis, shape), "squeeze": squeeze,
    "unsqueeze": lambda x, axis: x.unsqueeze(axis), "broadcast_to": lambda x, shape: x.broadcast_to(shape),
    "expand": lambda x, shape: x.expand(shape), "index": index, "getitem": index, "slice": index,
    "meshgrid": torch.meshgrid, "boolean_mask": lambda x, m: x[m],
    "concatenate": lambda *x, axis=0: torch.cat(x, axis), "stack": lambda *x, axis=0: torch.stack(x, axis),
    "split": split, "chunk": lambda x, chunks, axis=0: x.chunk(chunks, axis), "pad": cases.pad,
    "flip": lambda x, axis=None: x.flip(axes(x, axis)), "roll": roll, "tile": tile, "repeat": tile,
    "repeat_interleave": lambda x, repeats, axis: x.repeat_interleave(repeats, axis),
    "tril": lambda x, k=0: x.tril(k), "triu": lambda x, k=0: x.triu(k),
    "diagonal": lambda x, offset=0, axis1=0, axis2=1: x.diagonal(offset, axis1, axis2),
    "diag": lambda x, offset=0: x.diag(offset),
    # By index
    "gather": lambda x, i, axis: x.gather(axis, i), "index_select": lambda x, i, axis: x.index_select(axis, i),
    "scatter_add": lambda x, i, s, axis: x.scatter_add(axis, i, s), "scatter": scatter,
    "index_add": lambda x, i, s, axis, alpha=1: x.index_add(axis, i, s, alpha=alpha),
    "embedding": lambda w, i: F.embedding(i, w), "one_hot": lambda i, num_classes: F.one_hot(i, num_classes),
    # Products
    "linear": F.linear, "einsum": einsum,
    "affine": lambda x, w, b=None: F.linear(x.reshape(x.shape[0], math.prod(x.shape[1:])), w.T, b),
    "tensordot": lambda x, y, axes: torch.tensordot(x, y, axes),
    "solve": torch.linalg.solve, "inv": torch.linalg.inv, "det": torch.linalg.det,
    "slogdet": lambda x: tuple(torch.linalg.slogdet(x)), "cholesky": lambda x: torch.linalg.cholesky(cases.sym(x)),
    "qr": lambda x: tuple(torch.linalg.qr(x)), "eigh": lambda x: tuple(torch.linalg.eigh(cases.sym(x))),
    "svd": lambda x: tuple(torch.linalg.svd(x, full_matrices=False)),
    # Losses
    **{op: loss(getattr(F, op)) for op in
       "mse_loss l1_loss smooth_l1_loss huber_loss".split()},
    "binary_cross_entropy": binary_cross_entropy, "hinge_loss": hinge_loss, "kl_div": kl_div,
    "cosine_similarity": lambda x, y, axis=1, eps=1e-8: F.cosine_similarity(x, y, axis, eps),
    **{op: lambda x, t, w=None, reduction="mean": F.binary_cross_entropy_with_logits(x, t, pos_weight=w,
                                                                                     reduction=reduction)
       for op in ("bce_with_logits", "binary_cross_entropy_with_logits")},
    "nll_loss": with_weights(F.nll_loss), "cross_entropy": with_weights(F.cross_entropy),
    # Layers
    "conv1d": lengths(F.conv1d), "conv2d": lengths(F.conv2d), "conv_transpose2d": lengths(F.conv_transpose2d),
    "max_pool1d": F.max_pool1d, "max_pool2d": F.max_pool2d, "avg_pool1d": F.avg_pool1d, "avg_pool2d": F.avg_pool2d,
    "adaptive_avg_pool1d": F.adaptive_avg_pool1d, "adaptive_avg_pool2d": F.adaptive_avg_pool2d,
    "im2col": F.unfold, "col2im": F.fold, "batch_norm": batch_norm,
    "layer_norm": lambda x, w=None, b=None, normalized_shape=None,
    eps=1e-5: F.layer_norm(x, normalized_shape, w, b, eps),
    "rms_norm": lambda x, w=None, normalized_shape=None, eps=1e-5: F.rms_norm(x, normalized_shape, w, eps),
    "group_norm": lambda x, w=None, b=None, num_groups=1, eps=1e-5: F.group_norm(x, num_groups, w, b, eps),
    "dropout": lambda x, p, training=True: F.dropout(x, p, training) + 0 * x,
    "scaled_dot_product_attention": attention, "multi_head_attention": multi_head_attention,
    "rnn_cell": rnn_cell, "rnn": sequence(rnn_cell, 1), "gru_cell": gru_cell, "gru": sequence(gru_cell, 1),
    "lstm_cell": lstm_cell, "lstm": sequence(lstm_cell, 2),
}


def apply(op, inputs, attrs):
    """The results as a list; none of them is an input itself."""
    got = FUNCTIONS[op](*inputs, **attrs)
    got = [got] if isinstance(got, torch.Tensor) else list(got)
    return [y.clone() if any(y is x for x in inputs) else y for y in got]


def rules():
    """A list of (rule, op), and the decorator that adds to it: an op is drawn as often as it is in there."""
    registered = []
    def rule(ops, weight=1):
        def register(f):
            for op in ops.split(): registered.extend([(f, op)] * weight)
            return f
        return register
    return registered, rule
