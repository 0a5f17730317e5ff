"""The workloads that have a textbook version, in numpy: numpy_peer.py <threads> | --once <workload> | --first."""
import os
import sys

if not sys.argv[1].startswith('--'):
    os.environ['OPENBLAS_NUM_THREADS'] = os.environ['OMP_NUM_THREADS'] = sys.argv[1]

import numpy as np

if sys.argv[1] == '--first':  # the first prediction of a program
    random = np.random.default_rng(1)
    w1, w2, x = (random.random(s, np.float32) for s in ((784, 50), (50, 10), (1, 784)))
    print('%.3f' % (np.maximum(x @ w1, 0) @ w2).max())
    sys.exit()

from serve import PRODUCTS, factors, labels, magnitude, numbers, serve, two_layers


def blas_core():
    """Of the OpenBLAS inside numpy's package, which is loaded already."""
    import ctypes
    for line in open('/proc/self/maps'):
        path = line.split()[-1]
        if 'openblas' in path:
            for name in ('scipy_openblas_get_corename64_', 'openblas_get_corename'):
                if f := getattr(ctypes.CDLL(path), name, None):
                    f.restype = ctypes.c_char_p
                    return 'OpenBLAS ' + f().decode()
    return 'unknown'


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gradients(w, x, target, activations):
    """Of the cross-entropy of a ReLU network, written as textbooks do."""
    n = len(x)
    activations[:] = [x]
    for i in range(0, len(w) - 2, 2):
        activations.append(np.maximum(activations[-1] @ w[i] + w[i + 1], 0))
    z = activations[-1] @ w[-2] + w[-1]
    z -= z.max(1, keepdims=True)
    e = np.exp(z)
    p = e / e.sum(1, keepdims=True)
    rows = np.arange(n)
    loss = -np.log(p[rows, target]).mean()
    p[rows, target] -= 1
    d, g = p / n, [None] * len(w)
    for i in range(len(w) - 2, -2, -2):
        a = activations[i // 2]
        g[i], g[i + 1] = a.T @ d, d.sum(0)
        if i:
            d = (d @ w[i].T) * (a > 0)
    return loss, g


def three(step):
    return step, lambda: [step() for _ in range(3)]


def w1():
    x, target, w, kept = numbers(1, (100, 784), 0, 1), labels(2, 100), list(two_layers()), []

    def step():
        loss, g = gradients(w, x, target, kept)
        for p, d in zip(w, g):
            p -= 0.1 * d
        return loss
    return three(step)


def w2():
    x, target = numbers(1, (1, 784), 0, 1), numbers(2, (1, 10), 0, 1)
    w1, b1 = numbers(3, (784, 100), -0.05, 0.05), np.zeros(100, np.float32)
    w2, b2 = numbers(4, (100, 10), -0.2, 0.2), np.zeros(10, np.float32)

    def step():
        nonlocal w1, b1, w2, b2
        h = sigmoid(x @ w1 + b1)
        y = sigmoid(h @ w2 + b2)
        error = y - target
        dy = error * y * (1 - y)
        dh = (dy @ w2.T) * h * (1 - h)
        w2 -= 0.1 * (h.T @ dy)
        b2 -= 0.1 * dy[0]
        w1 -= 0.1 * (x.T @ dh)
        b1 -= 0.1 * dh[0]
        return 0.5 * (error * error).sum()
    return three(step)


def w3():
    x, target, kept = numbers(1, (128, 784), 0, 1), labels(2, 128), []
    w = [numbers(3, (784, 512), -0.05, 0.05), np.zeros(512, np.float32), numbers(4, (512, 512), -0.06, 0.06),
         np.zeros(512, np.float32), numbers(5, (512, 10), -0.06, 0.06), np.zeros(10, np.float32)]
    m, v, t = [np.zeros_like(p) for p in w], [np.zeros_like(p) for p in w], 0

    def step():
        nonlocal t
        loss, g = gradients(w, x, target, kept)
        t += 1
        for p, d, a, b in zip(w, g, m, v):
            a *= 0.9
            a += 0.1 * d
            b *= 0.999
            b += 0.001 * d * d
            p -= 0.001 / (1 - 0.9**t) * a / (np.sqrt(b) / (1 - 0.999**t) ** 0.5 + 1e-8)
        return loss
    return three(step)


def w5(name):
    def make():
        ta, tb, a, b = factors(name)
        a, b = a.T if ta else a, b.T if tb else b
        return lambda: a @ b, lambda: [magnitude(a @ b)]
    return make


def w7(n):
    def make():
        a, b, c = (numbers(i, (n,), -1, 1) for i in (1, 2, 3))

        def step():
            s = sigmoid(a * b + c)
            g = s * (1 - s)
            return s.sum(), g * b, g * a, g
        return step, lambda: [magnitude(t) for t in step()]
    return make


def w12(n):
    def make():
        x, (w1, b1, w2, b2) = numbers(1, (n, 784), 0, 1), two_layers()
        step = lambda: np.maximum(x @ w1 + b1, 0) @ w2 + b2
        return step, lambda: [magnitude(step())]
    return make


if __name__ == '__main__':
    serve({'version': np.__version__, 'blas': blas_core()},
          {'W1': w1, 'W2': w2, 'W3': w3, **{'W5/' + p: w5(p) for p in PRODUCTS}, 'W7/1e4': w7(10_000),
           'W7/1e6': w7(1_000_000), 'W12/1': w12(1), 'W12/10000': w12(10_000),
           **{w: 'no textbook version' for w in ('W4', 'W6', 'W8', 'W9', 'W10/hvp', 'W10/jacobian', 'W11')}})
