"""Single operations with something wrong in them, and what PyTorch says to that."""
import copy
import json
import os
import traceback

import numpy as np
import torch

from functions import apply, cases
from programs import Program, Refused

DTYPES = {"float64": "f8", "int64": "i8", "bool": "b1"}


def crashes(f):
    """Whether f() ends a process: PyTorch does not survive all that it is given."""
    child = os.fork()
    if child == 0:
        try: f()
        except BaseException: traceback.print_exc()
        os._exit(0)
    return os.waitpid(child, 0)[1] != 0


def refused_or_done(f):
    try: f()
    except Exception: pass


class Case:
    """One operation, changed in one place."""

    def __init__(self, seed):
        p = Program(seed)
        p.draw(1)
        for _ in range(20):
            if p.steps: break
            p.draw(1)
        if not p.steps: raise Refused("no step")
        step = copy.deepcopy(p.steps[-1])
        names = [f"x{i}" for i in range(len(step["in"]))]
        self.inputs = dict(zip(names, (np.array(p.values[n].detach().numpy()) for n in step["in"])))
        step["in"] = names
        self.steps, self.random, self.numpy = [step], p.random, p.numpy
        self.wrong = self.change()
        if self.wrong is None: raise Refused("nothing to change")
        self.judge()

    def change(self):
        """Something else in an input or an attribute; what was done."""
        attrs, tensors = self.steps[0]["attrs"], list(self.inputs)
        kinds = (["extent", "rank", "dtype"] if tensors else []) + ["attribute"] * 3 * bool(attrs)
        kinds += ["value"] * 3 * any(x.dtype == np.int64 and x.size for x in self.inputs.values())
        kind = self.random.choice(kinds)
        if kind == "attribute":
            key = self.random.choice(list(attrs))
            new = self.other(attrs[key], key in LENGTHS_VARY)
            if new is None or new == attrs[key] or not_said(self.steps[0]["op"], key, new): return None
            attrs[key] = new
            return f"{key} is {new}"
        name = self.random.choice([n for n in tensors if kind != "value" or self.inputs[n].dtype == np.int64
                                   and self.inputs[n].size])
        x = self.inputs[name]
        if kind == "extent":
            if not x.size or not x.ndim: return None
            shape, axis = list(x.shape), self.random.randrange(x.ndim)
            shape[axis] += self.random.choice([-1, 1, 1, -shape[axis]])
            self.inputs[name] = np.resize(x, shape)
        elif kind == "rank":
            if x.ndim and self.random.random() < .5: self.inputs[name] = x[0] if x.shape[0] else None
            else: self.inputs[name] = x[None] if self.random.random() < .5 else np.stack([x, x])
            if self.inputs[name] is None: return None
            self.inputs[name] = np.array(self.inputs[name])
        elif kind == "dtype":
            other = self.random.choice([t for t in ("float64", "int64", "bool") if t != x.dtype.name])
            self.inputs[name] = x.astype(other)
        else:
            x = x.copy()
            x.reshape(-1)[self.random.randrange(x.size)] += self.random.choice([100, -100, 4, -4, 2**40, -2**62])
            self.inputs[name] = x
        return f"{kind} of {name}"

    def other(self, value, length_varies=False):
        r = self.random
        if isinstance(value, bool): return not value
        if isinstance(value, int): return r.choice([value + 1, value - 1, -value, 0, -1, 7, -7, 1000, -1000])
        if isinstance(value, float): return r.choice([-value, 0.0, value + 1, 1e30])
        if value is None: return r.choice([0, 5, -9, [0, 0]])
        if isinstance(value, list) and value:
            i = r.randrange(len(value))
            if isinstance(value[i], (dict, str)): return None
            new = self.other(value[i])
            lengths = [value + [value[-1]], value[:-1]] if length_varies and not isinstance(value[i], list) else []
            return r.choice(lengths + [value[:i] + [new] + value[i + 1:] if new is not None else value])
        if isinstance(value, str) and "->" in value:
            i = r.randrange(len(value))
            return r.choice([value[:i] + r.choice("abz.,->") + value[i + 1:], value[:i] + value[i + 1:], value + "a",
                             value.replace(",", "", 1)])
        return None

    def judge(self):
        step = self.steps[0]
        self.found = None
        run = lambda: apply(step["op"], [torch.from_numpy(np.array(x)) for x in self.inputs.values()], step["attrs"])
        if crashes(lambda: refused_or_done(run)): raise Refused("PyTorch crashes")
        try:
            found = run()
        except Exception as error:
            if meant(self, error): raise Refused("meant to differ") from None
            self.why = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
            return
        if meant(self): raise Refused("meant to differ")
        if any(y.numel() > 1e5 or y.dtype not in (torch.float64, torch.int64, torch.bool)
               for y in found): raise Refused("another dtype, or large")
        self.found = found
        step["out"] = [f"y{i}" for i in range(len(found))]

    def write(self, id, archive):
        case = {"id": id, "group": "refusal", "op": self.steps[0]["op"], "file": "cases.npz", "program": self.steps}
        writer = cases.Case(id, archive)
        if self.found is None:
            inputs = [{"name": n, "shape": x.shape, "dtype": DTYPES[x.dtype.name], "values": x.tolist()} for n,
                      x in self.inputs.items()]
            for i in inputs:
                if not isinstance(i["values"], list): i["values"] = [i["values"]]
            return case | {"kind": "error", "phase": "forward", "inputs": inputs,
                           "why": f"{self.wrong}; torch: {self.why}"}
        return case | {"kind": "forward", "inputs": [writer.reference("in", n, torch.from_numpy(np.array(x)),
                                                                      diff=False) for n, x in self.inputs.items()],
                       "outputs": [writer.reference("out", n, y, True, diff=False) for n,
                                   y in zip(self.steps[0]["out"], self.found)]}

    def to_line(self):
        inputs = {n: {"shape": x.shape, "values": x.reshape(-1).tolist(), "dtype": x.dtype.name} for n,
                  x in self.inputs.items()}
        return json.dumps({"wrong": self.wrong, "steps": self.steps, "inputs": inputs})

    @staticmethod
    def from_line(line):
        kept, case = json.loads(line), Case.__new__(Case)
        case.wrong, case.steps = kept["wrong"], kept["steps"]
        case.inputs = {n: np.array(x["values"], x["dtype"]).reshape(x["shape"]) for n, x in kept["inputs"].items()}
        case.judge()
        return case


LENGTHS_VARY = {"axis", "axes", "shape", "sizes", "reps", "source", "destination", "normalized_shape"}
SAME_SHAPE = {"mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "kl_div"}
# PyTorch takes less than the rest of its operations do, or more than it says.
QUIRKS = {("prod", "axis"), ("dropout", "training"), ("dropout", "p"), ("norm", "ord"), ("unflatten", "shape"),
          ("nll_loss", "rank"), ("cross_entropy", "rank"), ("pad", "pad_width"), ("pad", "rank"),
          ("cross_entropy", "label_smoothing"), ("linear", "rank"), ("boolean_mask", "rank"),
          ("adaptive_avg_pool1d", "output_size"), ("adaptive_avg_pool2d", "output_size"),
          ("adaptive_avg_pool2d", "rank"), ("scaled_dot_product_attention", "causal"),
          ("scaled_dot_product_attention", "rank"), ("tensordot", "extent"), ("tensordot", "rank"),
          ("tensordot", "axes"), ("multi_head_attention", "rank"), ("topk", "dtype"), ("one_hot", "num_classes")}
WINDOWS = {"avg_pool1d", "avg_pool2d", "max_pool1d", "max_pool2d", "conv1d", "conv2d", "conv_transpose2d", "im2col",
           "col2im", "adaptive_avg_pool1d", "adaptive_avg_pool2d", "batch_norm", "scatter", "scatter_add", "gather",
           "index_add", "split", "roll"}


def not_said(op, key, value):
    """What the cases' format, or its runner, has no words for."""
    return ((op, key, value) in [("split", "sections", 0), ("scaled_dot_product_attention", "scale", 0.0)]
            or op == "split" and key == "axis" or op == "broadcast_to" and min(value, default=0) < 0
            or "pool" in op and key == "stride" and 0 in np.ravel(value)
            or op == "reshape" and sum(v < 0 for v in value) > (-1 in value)
            or value == [] and key == "axis" or op == "expand" and len(value) > 3)


def meant(case, error=None):
    """Whether xgrad means to differ (docs/ops.md): by refusing what PyTorch accepts, or the other way round."""
    op, wrong, inputs = case.steps[0]["op"], case.wrong, list(case.inputs.values())
    if op == "batch_norm" and case.steps[0]["attrs"]["eps"] == 0: return True
    if (op, wrong.split()[0]) in QUIRKS or op in WINDOWS and any(x.size == 0 for x in inputs): return True
    if error is not None:
        if op == "median" and any(x.size == 0 for x in inputs): return True
        return wrong.startswith("dtype") and "not implemented for" in str(error)
    axes = [v for key in ("axis", "axis1", "axis2", "source", "start_axis")
            if (v := case.steps[0]["attrs"].get(key)) not in (None, [])]
    return (wrong.startswith("dtype")  # PyTorch converts
            or op in SAME_SHAPE and inputs[0].shape != inputs[1].shape
            or op in ("linear", "affine") and len(inputs) > 2 and (inputs[2].ndim != 1 or inputs[2].size == 1)
            or op == "linear" and any(x.size == 0 for x in inputs)
            or op == "batch_norm" and any(x.ndim != 1 for x in inputs[1:])
            or op.split("_")[0] in ("rnn", "gru", "lstm") and any(x.ndim != 1 or x.size == 1 for x in inputs[-2:])
            or axes != [] and any(x.ndim == 0 for x in inputs))  # PyTorch takes 0 and -1 for an axis of 0-d
