"""Writes layers.safetensors: for each case a layer's state, its inputs, and PyTorch's results and gradients, float64.

    python3 tests/nn/layers.py
"""
import json
import math
import os

import numpy as np
import torch
from torch import nn

torch.set_default_dtype(torch.float64)
torch.manual_seed(1)
tensors = {}


def draw(*shape, low=-1.0, high=1.0):
    return torch.empty(shape).uniform_(low, high)


def outputs_of(result):
    if isinstance(result, torch.Tensor):
        return [result]
    return [t for part in result for t in outputs_of(part)] if result is not None else []


def add(name, module, *inputs, call=None, train=True):
    """The derivatives are those of the sum of outputs times seeds; 20 steps of SGD then bring outputs closer to them."""
    with torch.no_grad():
        for key, t in module.state_dict().items():
            if t.is_floating_point():
                t.uniform_(0.5, 1.5) if key.endswith("running_var") else t.uniform_(-0.8, 0.8)
    padding = getattr(module, "padding_idx", None)
    if padding is not None:
        module.weight.data[padding] = 0
    module.train(train)
    case = {}
    for key, t in module.state_dict().items():
        case["state." + key] = t.clone()
    leaves = [t.clone().requires_grad_() if t.is_floating_point() else t for t in inputs]
    for i, t in enumerate(inputs):
        case[f"in.{i}"] = t
    call = call or (lambda m, *a: m(*a))
    outputs = outputs_of(call(module, *leaves))
    loss = 0
    for i, y in enumerate(outputs):
        seed = draw(*y.shape)
        case[f"out.{i}"], case[f"seed.{i}"] = y, seed
        loss = loss + (y * seed).sum()
    if loss.requires_grad:
        loss.backward()
    for i, t in enumerate(leaves):
        if t.requires_grad and t.grad is not None:
            case[f"grad.in.{i}"] = t.grad
    for key, p in module.named_parameters():
        case["grad." + key] = p.grad
    for key, b in module.named_buffers():
        case["after." + key] = b
    case = {key: t.detach().clone() for key, t in case.items()}
    if list(module.parameters()):
        module.load_state_dict({key[6:]: t for key, t in case.items() if key.startswith("state.")})
        module.train(train)
        optimizer = torch.optim.SGD(module.parameters(), lr=0.05, momentum=0.9)
        for _ in range(20):
            optimizer.zero_grad()
            targets = [case[f"seed.{i}"] for i in range(len(outputs))]
            outputs = outputs_of(call(module, *inputs))
            sum(((y - t) ** 2).mean() / 2 for y, t in zip(outputs, targets)).backward()
            optimizer.step()
        case |= {"moved." + key: t.clone() for key, t in module.state_dict().items() if t.is_floating_point()}
    for key, t in case.items():
        assert f"{name}|{key}" not in tensors, name
        tensors[f"{name}|{key}"] = t.detach().contiguous().numpy()


def dense():
    add("linear", nn.Linear(3, 4), draw(5, 3))
    add("linear no bias", nn.Linear(3, 4, bias=False), draw(2, 2, 3))
    add("linear vector", nn.Linear(3, 4), draw(3))
    add("linear no rows", nn.Linear(3, 2), draw(0, 3))
    add("bilinear", nn.Bilinear(3, 2, 4), draw(5, 3), draw(5, 2))
    add("bilinear no bias", nn.Bilinear(2, 3, 2, bias=False), draw(2, 2, 2), draw(2, 2, 3))
    add("bilinear vectors", nn.Bilinear(3, 2, 1), draw(3), draw(2))
    ids = torch.tensor([[0, 3, 1], [3, 4, 3]])
    add("embedding", nn.Embedding(5, 3), ids)
    add("embedding padding", nn.Embedding(5, 3, padding_idx=3), ids)
    add("embedding padding from the end", nn.Embedding(5, 3, padding_idx=-2), ids)
    add("embedding max_norm", nn.Embedding(5, 3, max_norm=0.7), ids)
    add("embedding max_norm sums", nn.Embedding(5, 3, padding_idx=0, max_norm=1.0, norm_type=1.0), ids)
    add("embedding max_norm largest", nn.Embedding(5, 3, max_norm=0.5, norm_type=math.inf), ids)
    add("embedding by freq", nn.Embedding(5, 3, scale_grad_by_freq=True, padding_idx=1), ids)
    add("embedding number", nn.Embedding(4, 2), torch.tensor(2))
    add("embedding of padding alone", nn.Embedding(4, 2, padding_idx=0), torch.zeros(1, 2, 2, dtype=torch.int64))
    add("flatten", nn.Flatten(), draw(2, 3, 2))
    add("flatten range", nn.Flatten(0, 1), draw(2, 3, 2))
    add("flatten all", nn.Flatten(0), draw(2, 3))
    add("flatten from the end", nn.Flatten(-2, -1), draw(2, 3, 2, 2))
    add("unflatten", nn.Unflatten(1, (2, 3)), draw(2, 6))
    add("unflatten last", nn.Unflatten(-1, (3, 2)), draw(2, 6))
    add("dropout nothing", nn.Dropout(0.0), draw(2, 3))
    add("dropout all", nn.Dropout(1.0), draw(2, 3))
    add("dropout eval", nn.Dropout(0.7), draw(2, 3), train=False)
    add("sequential", nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)), draw(3, 3))


def convolutions():
    add("conv1d", nn.Conv1d(2, 3, 3), draw(2, 2, 7))
    add("conv1d options", nn.Conv1d(2, 4, 3, stride=2, padding=2, dilation=2, groups=2, bias=False), draw(2, 2, 9))
    add("conv1d single", nn.Conv1d(2, 3, 2, dilation=3), draw(2, 8))
    add("conv1d by channel", nn.Conv1d(3, 6, 3, padding=1, groups=3), draw(2, 3, 5))
    add("conv1d points", nn.Conv1d(3, 2, 1, stride=3), draw(2, 3, 8))
    add("conv2d", nn.Conv2d(2, 3, 3), draw(2, 2, 5, 4))
    add("conv2d options", nn.Conv2d(2, 4, (3, 2), stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2), draw(2, 2, 6, 5))
    add("conv2d no bias", nn.Conv2d(3, 2, 2, bias=False), draw(3, 4, 4))
    add("conv2d by channel", nn.Conv2d(3, 6, 3, padding=1, groups=3, bias=False), draw(2, 3, 5, 6))
    add("conv2d points", nn.Conv2d(4, 3, 1), draw(2, 4, 3, 3))
    add("conv2d halved", nn.Conv2d(3, 5, 3, stride=2, padding=1), draw(2, 3, 9, 8))
    add("conv2d wide", nn.Conv2d(2, 3, 5, padding=4, dilation=2), draw(1, 2, 7, 18))
    add("conv2d gaps", nn.Conv2d(2, 2, 2, stride=3), draw(2, 2, 8, 9))
    add("conv_transpose2d", nn.ConvTranspose2d(2, 3, 3), draw(2, 2, 3, 4))
    add("conv_transpose2d options", nn.ConvTranspose2d(4, 2, (3, 2), stride=2, padding=1, output_padding=(1, 0), groups=2,
                                                       dilation=(1, 2)), draw(1, 4, 3, 3))
    add("conv_transpose2d by channel", nn.ConvTranspose2d(3, 3, 3, stride=3, padding=2, output_padding=1, groups=3),
        draw(2, 3, 3, 4))
    add("conv_transpose2d gaps", nn.ConvTranspose2d(2, 3, (1, 2), stride=(3, 4), output_padding=(2, 0), dilation=2),
        draw(2, 2, 3, 2))
    add("conv_transpose2d no bias", nn.ConvTranspose2d(2, 2, 2, stride=2, bias=False), draw(2, 3, 2))


def edges():
    """What a convolution's padding is, where it is not zeros."""
    for mode in ("reflect", "replicate", "circular"):
        add(f"conv1d {mode}", nn.Conv1d(2, 4, 3, stride=2, padding=2, dilation=2, groups=2, padding_mode=mode), draw(2, 2, 7))
        add(f"conv2d {mode}", nn.Conv2d(2, 3, 3, padding=(1, 2), bias=False, padding_mode=mode), draw(2, 2, 5, 4))


def pools():
    add("max_pool1d", nn.MaxPool1d(2), draw(2, 3, 6))
    add("max_pool1d options", nn.MaxPool1d(3, stride=2, padding=1, dilation=2), draw(2, 2, 9))
    add("max_pool2d", nn.MaxPool2d(2), draw(2, 2, 4, 6))
    add("max_pool2d options", nn.MaxPool2d((3, 2), stride=(1, 2), padding=1), draw(1, 2, 5, 6))
    add("max_pool2d overlapping", nn.MaxPool2d(3, 2, 1), draw(2, 2, 7, 8))
    add("max_pool2d apart", nn.MaxPool2d(2, 3, dilation=2), draw(2, 8, 9))
    add("avg_pool1d", nn.AvgPool1d(2), draw(2, 3, 6))
    add("avg_pool1d options", nn.AvgPool1d(3, stride=2, padding=1, count_include_pad=False), draw(2, 2, 7))
    add("avg_pool2d", nn.AvgPool2d(2), draw(2, 2, 4, 6))
    add("avg_pool2d options", nn.AvgPool2d((3, 2), stride=(1, 2), padding=1, count_include_pad=False), draw(1, 2, 5, 6))
    add("avg_pool1d with padding", nn.AvgPool1d(3, padding=1), draw(2, 7))
    add("avg_pool2d with padding", nn.AvgPool2d(3, 2, 1), draw(2, 7, 8))
    add("adaptive_avg_pool1d", nn.AdaptiveAvgPool1d(3), draw(2, 2, 7))
    add("adaptive_avg_pool2d", nn.AdaptiveAvgPool2d((2, 3)), draw(2, 2, 5, 4))
    add("adaptive_avg_pool2d one", nn.AdaptiveAvgPool2d(1), draw(2, 2, 3, 4))
    add("adaptive_avg_pool1d more", nn.AdaptiveAvgPool1d(7), draw(2, 3))
    add("adaptive_avg_pool2d single", nn.AdaptiveAvgPool2d((4, 1)), draw(2, 3, 5))


def norms():
    for train in (True, False):
        mode = "train" if train else "eval"
        add(f"batch_norm1d {mode}", nn.BatchNorm1d(3), draw(4, 3), train=train)
        add(f"batch_norm1d sequence {mode}", nn.BatchNorm1d(3, eps=0.01, momentum=0.3), draw(3, 3, 2), train=train)
        add(f"batch_norm2d {mode}", nn.BatchNorm2d(2), draw(3, 2, 2, 3), train=train)
        add(f"batch_norm2d average {mode}", nn.BatchNorm2d(2, momentum=None), draw(3, 2, 2, 2), train=train,
            call=lambda m, x: (m(x), m(2 * x)))
        add(f"batch_norm2d plain {mode}", nn.BatchNorm2d(2, affine=False), draw(3, 2, 2, 2), train=train)
        add(f"batch_norm2d untracked {mode}", nn.BatchNorm2d(2, track_running_stats=False), draw(3, 2, 2, 2), train=train)
        add(f"batch_norm1d still {mode}", nn.BatchNorm1d(3, momentum=0.0), draw(4, 3), train=train)
        add(f"batch_norm1d last {mode}", nn.BatchNorm1d(3, momentum=1.0), draw(4, 3, 2), train=train)
        add(f"batch_norm1d bare {mode}", nn.BatchNorm1d(3, affine=False, track_running_stats=False, eps=0.1), draw(4, 3),
            train=train)

    def changing(m, x):
        first = m.train()(x), m.eval()(x)
        m.train()
        return first

    add("batch_norm2d changing", nn.BatchNorm2d(2, momentum=0.4), draw(3, 2, 2, 2), call=changing)
    add("batch_norm1d changing average", nn.BatchNorm1d(2, momentum=None), draw(3, 2), call=changing)
    add("layer_norm", nn.LayerNorm(4), draw(3, 4))
    add("layer_norm axes", nn.LayerNorm((2, 3), eps=0.01), draw(2, 2, 3))
    add("layer_norm no bias", nn.LayerNorm(4, bias=False), draw(3, 4))
    add("layer_norm plain", nn.LayerNorm(4, elementwise_affine=False), draw(3, 4))
    add("layer_norm vector", nn.LayerNorm(4, eps=0.5), draw(4))
    add("layer_norm three axes", nn.LayerNorm([2, 1, 3]), draw(2, 2, 1, 3))
    add("group_norm", nn.GroupNorm(2, 4), draw(2, 4, 3))
    add("group_norm plain", nn.GroupNorm(3, 3, affine=False, eps=0.01), draw(2, 3, 2, 2))
    add("group_norm rows", nn.GroupNorm(2, 6), draw(3, 6))
    add("group_norm one", nn.GroupNorm(1, 3), draw(2, 3, 2, 2))
    add("group_norm each", nn.GroupNorm(3, 3), draw(2, 3, 4))
    add("rms_norm", nn.RMSNorm(4), draw(3, 4))
    add("rms_norm options", nn.RMSNorm((2, 3), eps=0.1, elementwise_affine=False), draw(2, 2, 3))


def activations():
    x = draw(3, 4, low=-3, high=3)
    for name, module in {
        "identity": nn.Identity(), "relu": nn.ReLU(), "relu6": nn.ReLU6(), "selu": nn.SELU(), "silu": nn.SiLU(),
        "mish": nn.Mish(), "sigmoid": nn.Sigmoid(), "log_sigmoid": nn.LogSigmoid(), "tanh": nn.Tanh(),
        "tanhshrink": nn.Tanhshrink(), "softsign": nn.Softsign(), "hardsigmoid": nn.Hardsigmoid(),
        "hardswish": nn.Hardswish(), "leaky_relu": nn.LeakyReLU(0.2), "elu": nn.ELU(0.7), "celu": nn.CELU(1.5),
        "softplus": nn.Softplus(2), "hardtanh": nn.Hardtanh(-0.5, 2), "hardshrink": nn.Hardshrink(0.7),
        "softshrink": nn.Softshrink(0.7), "threshold": nn.Threshold(0.3, -2), "softmax": nn.Softmax(-1),
        "softmax rows": nn.Softmax(0), "log_softmax": nn.LogSoftmax(-1), "softmin": nn.Softmin(-1), "glu": nn.GLU(),
        "gelu": nn.GELU(), "gelu tanh": nn.GELU("tanh"), "prelu": nn.PReLU(), "prelu channels": nn.PReLU(4),
        "leaky_relu plain": nn.LeakyReLU(), "elu plain": nn.ELU(), "celu plain": nn.CELU(), "softplus plain": nn.Softplus(),
        "softplus small": nn.Softplus(0.25), "hardtanh plain": nn.Hardtanh(), "hardshrink plain": nn.Hardshrink(),
        "softshrink plain": nn.Softshrink(), "glu rows": nn.GLU(0), "log_softmax rows": nn.LogSoftmax(0),
        "softmin rows": nn.Softmin(0),
    }.items():
        # The derivative of PyTorch's own hardsigmoid has 1 / 6 in float32 (that of celu, 1 / alpha).
        own = (lambda m, x: torch.clamp(x / 6 + 0.5, 0, 1)) if name == "hardsigmoid" else None
        if name == "glu rows": add(name, module, draw(4, 3))
        else: add(name, module, x, call=own)
    add("softmax middle", nn.Softmax(1), draw(2, 3, 2))
    add("prelu image", nn.PReLU(2), draw(2, 2, 3, 2))


def recurrent():
    for kind, state_count in (("RNN", 1), ("LSTM", 2), ("GRU", 1)):
        layer, cell = getattr(nn, kind), getattr(nn, kind + "Cell")
        states = lambda *shape: [draw(*shape) for _ in range(state_count)]
        given = lambda m, x, *s: m(x, s if len(s) == 2 else s[0])
        add(f"{kind}Cell", cell(3, 4), draw(2, 3), *states(2, 4), call=given)
        add(f"{kind}Cell start", cell(3, 4, bias=False), draw(2, 3))
        add(f"{kind}", layer(3, 4), draw(5, 2, 3), *states(1, 2, 4), call=given)
        add(f"{kind} start", layer(3, 2, bias=False), draw(4, 2, 3))
        add(f"{kind} options", layer(3, 2, num_layers=2, bidirectional=True, batch_first=True), draw(2, 4, 3),
            *states(4, 2, 2), call=given)
        add(f"{kind} single", layer(3, 2, num_layers=2, bidirectional=True), draw(4, 3), *states(4, 2), call=given)
        add(f"{kind}Cell single", cell(3, 4), draw(3), *states(4), call=given)
        add(f"{kind} deep", layer(2, 3, num_layers=3), draw(3, 2, 2), *states(3, 2, 3), call=given)
        add(f"{kind} deep no bias", layer(2, 2, num_layers=2, bias=False, bidirectional=True), draw(3, 1, 2))
        add(f"{kind} batch_first", layer(2, 3, batch_first=True), draw(3, 4, 2))
        add(f"{kind} batch_first single", layer(2, 3, batch_first=True, bidirectional=True), draw(4, 2), *states(2, 3),
            call=given)
        add(f"{kind} one step", layer(2, 3, bidirectional=True), draw(1, 2, 2), *states(2, 2, 3), call=given)
        add(f"{kind} one unit", layer(1, 1), draw(3, 1, 1))
        add(f"{kind} dropped", layer(2, 3, num_layers=2, dropout=1.0), draw(3, 2, 2))
        add(f"{kind} dropout eval", layer(2, 3, num_layers=2, dropout=0.5), draw(3, 2, 2), train=False)
    given = lambda m, x, *s: m(x, s)
    add("LSTM projected", nn.LSTM(3, 4, proj_size=2), draw(5, 2, 3), draw(1, 2, 2), draw(1, 2, 4), call=given)
    add("LSTM projected start", nn.LSTM(2, 3, proj_size=1, bias=False, batch_first=True), draw(2, 3, 2))
    add("LSTM projected options", nn.LSTM(3, 4, num_layers=2, bidirectional=True, batch_first=True, proj_size=3),
        draw(2, 3, 3), draw(4, 2, 3), draw(4, 2, 4), call=given)
    add("LSTM projected single", nn.LSTM(3, 2, proj_size=1), draw(4, 3), draw(1, 1), draw(1, 2), call=given)
    add("RNN relu both", nn.RNN(2, 2, num_layers=2, bidirectional=True, nonlinearity="relu"), draw(3, 2, 2))
    add("RNN relu", nn.RNN(3, 4, nonlinearity="relu"), draw(4, 2, 3))
    add("RNNCell relu", nn.RNNCell(3, 4, nonlinearity="relu"), draw(2, 3))


def attention():
    plain = lambda m, *a: m(*a, need_weights=False)[0]
    itself = lambda m, x: m(x, x, x, need_weights=False)[0]
    add("attention", nn.MultiheadAttention(4, 2), draw(3, 2, 4), call=itself)
    add("attention batch_first", nn.MultiheadAttention(4, 2, batch_first=True, bias=False), draw(2, 3, 4), call=itself)
    add("attention across", nn.MultiheadAttention(4, 2), draw(3, 2, 4), draw(5, 2, 4), draw(5, 2, 4), call=plain)
    add("attention widths", nn.MultiheadAttention(4, 2, kdim=3, vdim=5, batch_first=True), draw(2, 3, 4), draw(2, 5, 3),
        draw(2, 5, 5), call=plain)
    add("attention single", nn.MultiheadAttention(4, 1), draw(3, 4), call=itself)
    add("attention three", nn.MultiheadAttention(6, 3, kdim=4, bias=False), draw(2, 1, 6), draw(3, 1, 4), draw(3, 1, 6),
        call=plain)
    add("attention each", nn.MultiheadAttention(3, 3, vdim=2), draw(2, 3), draw(4, 3), draw(4, 2), call=plain)
    add("attention dropped", nn.MultiheadAttention(4, 2, dropout=1.0), draw(3, 2, 4), call=itself)
    add("attention eval", nn.MultiheadAttention(4, 2, dropout=0.5), draw(3, 2, 4), call=itself, train=False)
    across = lambda m, x, y, a, k: m(x, y, y, attn_mask=a, key_padding_mask=k, need_weights=False)[0]
    shut = torch.tensor([[False, True, False], [False, False, True]])
    add("attention across masks", nn.MultiheadAttention(4, 2), draw(2, 2, 4), draw(3, 2, 4), shut,
        torch.tensor([[True, False, False], [False, False, False]]), call=across)
    add("attention single masks", nn.MultiheadAttention(4, 2), draw(2, 4), draw(3, 4), torch.stack([shut, shut.flip(0)]),
        torch.tensor([True, False, False]), call=across)
    more = lambda m, x, y, a, k: m(x, y, y, attn_mask=a, key_padding_mask=k)
    add("attention weights", nn.MultiheadAttention(4, 2), draw(2, 2, 4), draw(3, 2, 4), shut,
        torch.tensor([[True, False, False], [False, False, False]]), call=more)
    add("attention weights of heads", nn.MultiheadAttention(4, 2, batch_first=True), draw(2, 3, 4),
        call=lambda m, x: m(x, x, x, average_attn_weights=False))
    add("attention weights single", nn.MultiheadAttention(4, 2), draw(3, 4), call=lambda m, x: m(x, x, x))
    add("attention bias_kv", nn.MultiheadAttention(4, 2, add_bias_kv=True), draw(3, 2, 4), call=itself)
    add("attention zero_attn", nn.MultiheadAttention(4, 2, add_zero_attn=True, kdim=3), draw(3, 4), draw(2, 3), draw(2, 4),
        call=plain)
    add("attention all of it", nn.MultiheadAttention(4, 2, add_bias_kv=True, add_zero_attn=True), draw(2, 2, 4),
        draw(3, 2, 4), shut, torch.tensor([[True, False, False], [False, False, False]]), call=more)
    later = torch.triu(torch.ones(3, 3, dtype=torch.bool), 1)
    padding = torch.tensor([[False, False, True], [False, False, False]])
    masked = lambda m, x, a, k: m(x, x, x, attn_mask=a, key_padding_mask=k, need_weights=False)[0]
    add("attention masks", nn.MultiheadAttention(4, 2, batch_first=True), draw(2, 3, 4), later, padding, call=masked)
    add("attention causal", nn.MultiheadAttention(4, 2, batch_first=True), draw(2, 3, 4), later,
        call=lambda m, x, a: m(x, x, x, attn_mask=a, is_causal=True, need_weights=False)[0])
    scores = draw(4, 3, 3)
    add("attention added", nn.MultiheadAttention(4, 2, batch_first=True), draw(2, 3, 4), scores,
        call=lambda m, x, a: m(x, x, x, attn_mask=a, need_weights=False)[0])
    add("attention mixed masks", nn.MultiheadAttention(4, 2, batch_first=True), draw(2, 3, 4), draw(3, 3),
        padding, call=lambda m, x, a, k: m(x, x, x, attn_mask=a.detach(), need_weights=False, key_padding_mask=torch.zeros(
            k.shape).masked_fill(k, -torch.inf))[0])


def transformers():
    layer = lambda **options: nn.TransformerEncoderLayer(4, 2, dim_feedforward=6, dropout=0.0, **options)
    later = torch.triu(torch.ones(3, 3, dtype=torch.bool), 1)
    padding = torch.tensor([[False, False, True], [False, False, False]])
    for train in (True, False):
        mode = "train" if train else "eval"
        add(f"encoder layer {mode}", layer(), draw(3, 2, 4), train=train)
        add(f"encoder layer options {mode}", layer(norm_first=True, activation="gelu", batch_first=True, layer_norm_eps=0.01),
            draw(2, 3, 4), train=train)
    add("encoder layer no bias", layer(bias=False), draw(3, 2, 4))
    add("encoder layer masks", layer(batch_first=True), draw(2, 3, 4), later, padding,
        call=lambda m, x, a, k: m(x, src_mask=a, src_key_padding_mask=k))
    masked = lambda m, x, a, k: m(x, a, k)
    add("encoder layer single", layer(norm_first=True, bias=False), draw(3, 4))
    add("encoder layer first masks", layer(norm_first=True, activation="gelu"), draw(3, 2, 4), draw(3, 3),
        draw(2, 3), call=masked)
    add("encoder layer causal", layer(), draw(3, 2, 4), later, call=lambda m, x, a: m(x, a, is_causal=True))
    add("encoder layer dropout eval", nn.TransformerEncoderLayer(4, 2, 6, 0.5), draw(3, 2, 4), train=False)
    add("encoder masks", nn.TransformerEncoder(layer(batch_first=True), 2, enable_nested_tensor=False), draw(2, 3, 4), later,
        padding, call=masked)
    add("encoder", nn.TransformerEncoder(layer(norm_first=True), 2, norm=nn.LayerNorm(4), enable_nested_tensor=False),
        draw(3, 2, 4))


for part in (dense, convolutions, pools, norms, activations, recurrent, attention, transformers, edges):
    part()

names = {"float64": "F64", "int64": "I64", "bool": "BOOL"}
header, blobs, offset = {}, [], 0
for key, array in tensors.items():
    blob = array.tobytes()
    header[key] = {"dtype": names[str(array.dtype)], "shape": list(array.shape), "data_offsets": [offset, offset + len(blob)]}
    offset += len(blob)
    blobs.append(blob)
text = json.dumps(header, separators=(",", ":")).encode()
text += b" " * (-len(text) % 8)
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "layers.safetensors"), "wb") as file:
    file.write(np.uint64(len(text)).tobytes() + text + b"".join(blobs))
print(len(tensors), "tensors,", offset, "bytes")
