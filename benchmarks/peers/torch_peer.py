"""The workloads in PyTorch, eager: torch_peer.py <threads> | --once <workload> | --first."""
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

if sys.argv[1] == '--first':  # the first prediction of a program
    net = nn.Sequential(nn.Linear(784, 50), nn.ReLU(), nn.Linear(50, 10))
    with torch.inference_mode():
        print('%.3f' % net(torch.rand(1, 784)).max().item())
    sys.exit()

from serve import PRODUCTS, factors, labels, numbers, serve, two_layers

T = torch.from_numpy


def leaf(*args):
    return T(numbers(*args)).requires_grad_()


def zeros(*shape):
    return torch.zeros(shape, requires_grad=True)


def dense(widths, ranges):
    layers = []
    for i, r in enumerate(ranges):
        layer = nn.Linear(widths[i], widths[i + 1])
        with torch.no_grad():
            layer.weight.copy_(T(numbers(3 + i, (widths[i], widths[i + 1]), -r, r)).t())
            layer.bias.zero_()
        layers.append(layer)
    return layers


def training(net, optimizer, loss_of, x, target):
    def step():
        optimizer.zero_grad()
        loss = loss_of(net(x), target)
        loss.backward()
        optimizer.step()
        return loss
    return step, lambda: [step().item() for _ in range(3)]


def w1():
    a, b = dense([784, 50, 10], [0.05, 0.2])
    net = nn.Sequential(a, nn.ReLU(), b)
    return training(net, torch.optim.SGD(net.parameters(), 0.1), F.cross_entropy, T(numbers(1, (100, 784), 0, 1)),
                    T(labels(2, 100)))


def w2():
    a, b = dense([784, 100, 10], [0.05, 0.2])
    net = nn.Sequential(a, nn.Sigmoid(), b, nn.Sigmoid())
    return training(net, torch.optim.SGD(net.parameters(), 0.1),
                    lambda y, t: 0.5 * F.mse_loss(y, t, reduction='sum'), T(numbers(1, (1, 784), 0, 1)),
                    T(numbers(2, (1, 10), 0, 1)))


def w3():
    a, b, c = dense([784, 512, 512, 10], [0.05, 0.06, 0.06])
    net = nn.Sequential(a, nn.ReLU(), b, nn.ReLU(), c)
    return training(net, torch.optim.Adam(net.parameters(), 0.001), F.cross_entropy, T(numbers(1, (128, 784), 0, 1)),
                    T(labels(2, 128)))


def w4():
    nodes = 20_000  # of a million it takes ten seconds a step
    part = 1e6 * 2**-20 / nodes  # chain_part() of workload.hpp
    x, w = torch.tensor(1 - part, requires_grad=True), torch.tensor(part, requires_grad=True)

    def sweep():
        y = torch.tensor(1.0)
        for _ in range(nodes // 2):
            y = y * x
            y = y + w
        y.backward()
        return y

    def step():
        sweep()
        x.grad = w.grad = None
    return step, lambda: [sweep(), x.grad / nodes, w.grad / nodes], nodes


def w5(name):
    def make():
        ta, tb, a, b = factors(name)
        a, b = T(a).t() if ta else T(a), T(b).t() if tb else T(b)
        return lambda: a @ b, lambda: [(a @ b).double().abs().sum()]
    return make


class Conv(nn.Module):
    def __init__(self):
        super().__init__()
        self.w1, self.w2 = nn.Parameter(leaf(3, (16, 1, 3, 3), -0.3, 0.3)), nn.Parameter(leaf(4, (32, 16, 3, 3), -0.1, 0.1))
        self.w3 = nn.Parameter(leaf(5, (10, 1568), -0.03, 0.03))
        self.b1, self.b2, self.b3 = (nn.Parameter(torch.zeros(n)) for n in (16, 32, 10))

    def forward(self, x):
        x = F.max_pool2d(F.relu(F.conv2d(x, self.w1, self.b1, padding=1)), 2)
        x = F.max_pool2d(F.relu(F.conv2d(x, self.w2, self.b2, padding=1)), 2)
        return F.linear(x.flatten(1), self.w3, self.b3)


def w6():
    net = Conv()
    return training(net, torch.optim.SGD(net.parameters(), 0.05), F.cross_entropy,
                    T(numbers(1, (64, 1, 28, 28), 0, 1)), T(labels(2, 64)))


def sweeping(leaves, f, shown):
    """A forward and a backward pass; `shown`: the leaves whose gradients the check reports."""
    def step():
        y = f()
        y.sum().backward()
        for t in leaves:
            t.grad = None

    def check():
        y = f()
        y.sum().backward()
        return [y.double().abs().sum()] + [t.grad.double().abs().sum() for t in shown]
    return step, check


def w7(n):
    def make():
        a, b, c = (leaf(i, (n,), -1, 1) for i in (1, 2, 3))
        return sweeping([a, b, c], lambda: torch.sigmoid(a * b + c).sum(), [a, b, c])
    return make


def w8():
    x = leaf(1, (8, 64, 128), -1, 1)
    qkv, qkv_b, o, o_b = leaf(3, (384, 128), -0.1, 0.1), zeros(384), leaf(4, (128, 128), -0.1, 0.1), zeros(128)
    up, up_b, down, down_b = leaf(5, (512, 128), -0.1, 0.1), zeros(512), leaf(6, (128, 512), -0.1, 0.1), zeros(128)
    s1, t1, s2, t2 = torch.ones(128, requires_grad=True), zeros(128), torch.ones(128, requires_grad=True), zeros(128)

    def block():
        q, k, v = F.linear(F.layer_norm(x, (128,), s1, t1), qkv, qkv_b).view(8, 64, 3, 4, 32).permute(2, 0, 3, 1, 4)
        a = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(8, 64, 128)
        h = x + F.linear(a, o, o_b)
        return h + F.linear(F.relu(F.linear(F.layer_norm(h, (128,), s2, t2), up, up_b)), down, down_b)
    return sweeping([x, qkv, qkv_b, o, o_b, up, up_b, down, down_b, s1, t1, s2, t2], block, [x, qkv, up])


def w9():
    x = leaf(1, (64, 32, 128), -1, 1)
    net = nn.LSTM(128, 128)
    with torch.no_grad():
        net.weight_ih_l0.copy_(T(numbers(3, (512, 128), -0.09, 0.09)))
        net.weight_hh_l0.copy_(T(numbers(4, (512, 128), -0.09, 0.09)))
        net.bias_ih_l0.zero_()
        net.bias_hh_l0.zero_()
    return sweeping([x, *net.parameters()], lambda: net(x)[0], [x, net.weight_hh_l0, net.bias_ih_l0])


def w1_loss(w, x, target):
    return F.cross_entropy(torch.addmm(w[3], torch.relu(torch.addmm(w[1], x, w[0])), w[2]), target)


def hvp():
    x, target = T(numbers(1, (100, 784), 0, 1)), T(labels(2, 100))
    w = [T(p).requires_grad_() for p in two_layers()]
    along = [T(numbers(5, (784, 50), -1, 1)), T(numbers(6, (50,), -1, 1)), T(numbers(7, (50, 10), -1, 1)),
             T(numbers(8, (10,), -1, 1))]

    def product():  # torch.func.jvp of grad takes longer
        slope = torch.autograd.grad(w1_loss(w, x, target), w, create_graph=True)
        return torch.autograd.grad(slope, w, along)
    return product, lambda: [t.double().abs().sum() for t in product()]


def jacobian():
    x, w1, b1 = T(numbers(1, (100,), -1, 1)), T(numbers(3, (100, 100), -0.1, 0.1)), T(numbers(4, (100,), -0.1, 0.1))
    w2, b2 = T(numbers(5, (50, 100), -0.1, 0.1)), T(numbers(6, (50,), -0.1, 0.1))
    whole = torch.func.jacrev(lambda x: F.linear(torch.tanh(F.linear(x, w1, b1)), w2, b2))
    return lambda: whole(x), lambda: [whole(x).double().abs().sum()]


def w11():
    x, target = T(numbers(1, (100, 784), 0, 1)), T(labels(2, 100))
    w = [T(p) for p in two_layers()]
    each = torch.func.vmap(torch.func.grad(lambda w, x, t: w1_loss(w, x[None], t[None])), in_dims=(None, 0, 0))
    return lambda: each(w, x, target), lambda: [t.double().abs().sum() for t in each(w, x, target)]


def w12(n):
    def make():
        a, b = dense([784, 50, 10], [0.05, 0.2])
        net, x = nn.Sequential(a, nn.ReLU(), b), T(numbers(1, (n, 784), 0, 1))

        @torch.inference_mode()
        def step():
            return net(x)
        return step, lambda: [step().double().abs().sum()]
    return make


if __name__ == '__main__':
    if sys.argv[1] != '--once':
        torch.set_num_threads(int(sys.argv[1]))
    serve({'version': torch.__version__, 'blas': 'MKL, ' + torch.backends.cpu.get_cpu_capability()},
          {'W1': w1, 'W2': w2, 'W3': w3, 'W4': w4, **{'W5/' + p: w5(p) for p in PRODUCTS}, 'W6': w6,
           'W7/1e4': w7(10_000), 'W7/1e6': w7(1_000_000), 'W8': w8, 'W9': w9, 'W10/hvp': hvp,
           'W10/jacobian': jacobian, 'W11': w11, 'W12/1': w12(1), 'W12/10000': w12(10_000)})
