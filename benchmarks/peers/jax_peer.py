"""The workloads in JAX, compiled by jit: jax_peer.py <threads> | --once <workload> | --first.

A step is one compiled function, and waits for its result. Parameters are updated in place (donated)."""
import os
import sys

if not sys.argv[1].startswith('--'):  # what XLA takes for the number of processors, and so of its threads
    os.environ['NPROC'] = os.environ['PJRT_NPROC'] = sys.argv[1]

import jax
import jax.numpy as jnp

jax.config.update('jax_platforms', 'cpu')
jax.config.update('jax_default_matmul_precision', 'float32')

if sys.argv[1] == '--first':  # the first prediction of a program
    keys = jax.random.split(jax.random.key(1), 3)
    w1, w2, x = (jax.random.uniform(k, s) for k, s in zip(keys, ((784, 50), (50, 10), (1, 784))))
    print('%.3f' % jax.jit(lambda w1, w2, x: (jax.nn.relu(x @ w1) @ w2).max())(w1, w2, x))
    sys.exit()

from serve import PRODUCTS, factors, labels, magnitude, numbers, serve, two_layers


def cross_entropy(z, target):
    return -jnp.take_along_axis(jax.nn.log_softmax(z), target[:, None], 1).mean()


def relu_net(w, x):
    for i in range(0, len(w) - 2, 2):
        x = jax.nn.relu(x @ w[i] + w[i + 1])
    return x @ w[-2] + w[-1]


def net_loss(w, x, target):
    return cross_entropy(relu_net(w, x), target)


def training(update, state, x, target):
    """`update`: (state, x, target) -> (state, loss)."""
    update = jax.jit(update, donate_argnums=0)
    state = jax.tree.map(jnp.array, state)
    x, target = jnp.array(x), jnp.array(target)

    def step():
        nonlocal state
        state, loss = update(state, x, target)
        return loss.block_until_ready()
    return step, lambda: [step() for _ in range(3)]


def sgd(loss_of, rate):
    def update(w, x, target):
        loss, g = jax.value_and_grad(loss_of)(w, x, target)
        return jax.tree.map(lambda p, d: p - rate * d, w, g), loss
    return update


def calling(f, *args):
    """f, compiled, whose results the check adds up."""
    f, args = jax.jit(f), jax.tree.map(jnp.array, args)
    step = lambda: jax.block_until_ready(f(*args))
    return step, lambda: [magnitude(t) for t in jax.tree.leaves(step())]


def w1():
    return training(sgd(net_loss, 0.1), list(two_layers()), numbers(1, (100, 784), 0, 1), labels(2, 100))


def w2():
    def loss(w, x, target):
        y = jax.nn.sigmoid(jax.nn.sigmoid(x @ w[0] + w[1]) @ w[2] + w[3])
        return 0.5 * ((y - target) ** 2).sum()
    w = [numbers(3, (784, 100), -0.05, 0.05), jnp.zeros(100), numbers(4, (100, 10), -0.2, 0.2), jnp.zeros(10)]
    return training(sgd(loss, 0.1), w, numbers(1, (1, 784), 0, 1), numbers(2, (1, 10), 0, 1))


def w3():
    def update(state, x, target):
        w, m, v, t = state
        loss, g = jax.value_and_grad(net_loss)(w, x, target)
        t = t + 1
        m = jax.tree.map(lambda m, d: 0.9 * m + 0.1 * d, m, g)
        v = jax.tree.map(lambda v, d: 0.999 * v + 0.001 * d * d, v, g)
        w = jax.tree.map(lambda p, m, v: p - 0.001 * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8),
                         w, m, v)
        return (w, m, v, t), loss
    w = [numbers(3, (784, 512), -0.05, 0.05), jnp.zeros(512), numbers(4, (512, 512), -0.06, 0.06), jnp.zeros(512),
         numbers(5, (512, 10), -0.06, 0.06), jnp.zeros(10)]
    zero = [jnp.zeros(p.shape) for p in w]
    return training(update, (w, zero, zero, 0.0), numbers(1, (128, 784), 0, 1), labels(2, 128))


def w5(name):
    def make():
        ta, tb, a, b = factors(name)
        return calling(lambda a, b: (a.T if ta else a) @ (b.T if tb else b), a, b)
    return make


def pool(x):
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), 'VALID')


def w6():
    def loss(w, x, target):
        for i in (0, 2):
            x = jax.lax.conv_general_dilated(x, w[i], (1, 1), 'SAME') + w[i + 1][:, None, None]
            x = pool(jax.nn.relu(x))
        return cross_entropy(x.reshape(64, -1) @ w[4].T + w[5], target)
    w = [numbers(3, (16, 1, 3, 3), -0.3, 0.3), jnp.zeros(16), numbers(4, (32, 16, 3, 3), -0.1, 0.1), jnp.zeros(32),
         numbers(5, (10, 1568), -0.03, 0.03), jnp.zeros(10)]
    return training(sgd(loss, 0.05), w, numbers(1, (64, 1, 28, 28), 0, 1), labels(2, 64))


def sweeping(f, leaves, shown):
    """f's sum and its gradients; the check reports those of the leaves `shown`."""
    sweep = jax.jit(jax.value_and_grad(lambda w: f(w).sum()))
    leaves = jax.tree.map(jnp.array, leaves)

    def check():
        gradients = sweep(leaves)[1]
        return [magnitude(f(leaves))] + [magnitude(gradients[i]) for i in shown]
    return lambda: jax.block_until_ready(sweep(leaves)), check


def w7(n):
    def make():
        step, check = sweeping(lambda w: jax.nn.sigmoid(w[0] * w[1] + w[2]), [numbers(i, (n,), -1, 1) for i in (1, 2, 3)],
                               range(3))
        return step, check
    return make


def layer_norm(x, scale, shift):
    mean = x.mean(-1, keepdims=True)
    var = ((x - mean) ** 2).mean(-1, keepdims=True)
    return (x - mean) * jax.lax.rsqrt(var + 1e-5) * scale + shift


def w8():
    def block(w):
        x, qkv, qkv_b, o, o_b, up, up_b, down, down_b, s1, t1, s2, t2 = w
        q, k, v = (layer_norm(x, s1, t1) @ qkv.T + qkv_b).reshape(8, 64, 3, 4, 32).transpose(2, 0, 3, 1, 4)
        p = jax.nn.softmax(q @ k.swapaxes(-1, -2) / 32**0.5)
        h = x + (p @ v).transpose(0, 2, 1, 3).reshape(8, 64, 128) @ o.T + o_b
        return h + jax.nn.relu(layer_norm(h, s2, t2) @ up.T + up_b) @ down.T + down_b
    w = [numbers(1, (8, 64, 128), -1, 1), numbers(3, (384, 128), -0.1, 0.1), jnp.zeros(384),
         numbers(4, (128, 128), -0.1, 0.1), jnp.zeros(128), numbers(5, (512, 128), -0.1, 0.1), jnp.zeros(512),
         numbers(6, (128, 512), -0.1, 0.1), jnp.zeros(128), jnp.ones(128), jnp.zeros(128), jnp.ones(128),
         jnp.zeros(128)]
    return sweeping(block, w, (0, 1, 5))


def w9():
    def outputs(w):
        x, w_ih, w_hh, b_ih, b_hh = w
        parts = x @ w_ih.T + (b_ih + b_hh)

        def cell(state, part):
            h, c = state
            i, f, g, o = jnp.split(part + h @ w_hh.T, 4, 1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), h
        zero = jnp.zeros((32, 128))
        return jax.lax.scan(cell, (zero, zero), parts)[1]
    w = [numbers(1, (64, 32, 128), -1, 1), numbers(3, (512, 128), -0.09, 0.09), numbers(4, (512, 128), -0.09, 0.09),
         jnp.zeros(512), jnp.zeros(512)]
    return sweeping(outputs, w, (0, 2, 3))


def hvp():
    x, target = numbers(1, (100, 784), 0, 1), labels(2, 100)
    along = [numbers(5, (784, 50), -1, 1), numbers(6, (50,), -1, 1), numbers(7, (50, 10), -1, 1),
             numbers(8, (10,), -1, 1)]
    return calling(lambda w, v, x, t: jax.jvp(jax.grad(lambda w: net_loss(w, x, t)), (w,), (v,))[1],
                   list(two_layers()), along, x, target)


def jacobian():
    w = [numbers(3, (100, 100), -0.1, 0.1), numbers(4, (100,), -0.1, 0.1), numbers(5, (50, 100), -0.1, 0.1),
         numbers(6, (50,), -0.1, 0.1)]
    return calling(jax.jacrev(lambda x, w1, b1, w2, b2: w2 @ jnp.tanh(w1 @ x + b1) + b2), numbers(1, (100,), -1, 1),
                   *w)


def w11():
    each = jax.vmap(jax.grad(lambda w, x, t: net_loss(w, x[None], t[None])), (None, 0, 0))
    return calling(each, list(two_layers()), numbers(1, (100, 784), 0, 1), labels(2, 100))


def w12(n):
    return lambda: calling(relu_net, list(two_layers()), numbers(1, (n, 784), 0, 1))


if __name__ == '__main__':
    serve({'version': jax.__version__, 'blas': 'XLA'},
          {'W1': w1, 'W2': w2, 'W3': w3, 'W4': 'jit has no graph of a million scalars',
           **{'W5/' + p: w5(p) for p in PRODUCTS}, 'W6': w6, 'W7/1e4': w7(10_000), 'W7/1e6': w7(1_000_000), 'W8': w8,
           'W9': w9, 'W10/hvp': hvp, 'W10/jacobian': jacobian, 'W11': w11, 'W12/1': w12(1),
           'W12/10000': w12(10_000)})
