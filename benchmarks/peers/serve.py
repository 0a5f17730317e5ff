"""What the Python peers share: benchmarks/workload.hpp in Python."""
import json
import sys
import time

import numpy as np


def bits(stream, n):
    h = np.arange(1, n + 1, dtype=np.uint32) * np.uint32(2654435761) ^ np.uint32(stream * 0x9E3779B9 % 2**32)
    h = (h ^ h >> np.uint32(16)) * np.uint32(0x85EBCA6B)
    h = (h ^ h >> np.uint32(13)) * np.uint32(0xC2B2AE35)
    return h ^ h >> np.uint32(16)


def numbers(stream, shape, low, high):
    """U(low, high), exactly alike on all sides."""
    unit = (bits(stream, int(np.prod(shape))) >> np.uint32(8)) * 2.0**-24
    return (low + (high - low) * unit).astype(np.float32).reshape(shape)


def labels(stream, n, classes=10):
    return (bits(stream, n) % classes).astype(np.int64)


REPETITION = 0.002  # at least, in seconds: short against the time slices of a busy machine

PRODUCTS = {  # name: a transposed, b transposed, m, n, k
    '256': (0, 0, 256, 256, 256), '1024': (0, 0, 1024, 1024, 1024), '2048': (0, 0, 2048, 2048, 2048),
    'W1_xw': (0, 0, 100, 50, 784), 'W1_xTg': (1, 0, 784, 50, 100), 'W1_gwT': (0, 1, 100, 50, 10),
    'W2_xw': (0, 0, 1, 100, 784), 'W2_xTg': (1, 0, 784, 100, 1), 'W2_gwT': (0, 1, 1, 100, 10),
    'W3_xw': (0, 0, 128, 512, 784), 'W3_xTg': (1, 0, 784, 512, 128), 'W3_gwT': (0, 1, 128, 512, 512)}


def factors(name):
    ta, tb, m, n, k = PRODUCTS[name]
    return ta, tb, numbers(1, (k, m) if ta else (m, k), -1, 1), numbers(2, (n, k) if tb else (k, n), -1, 1)


def two_layers():
    """The weights of W1, W10, W11 and W12."""
    return (numbers(3, (784, 50), -0.05, 0.05), np.zeros(50, np.float32),
            numbers(4, (50, 10), -0.2, 0.2), np.zeros(10, np.float32))


def magnitude(x):
    return float(np.abs(np.asarray(x, np.float64)).sum())


def time_of(step, steps):
    """By the clock, and of processors."""
    begin, cpu = time.perf_counter(), time.process_time()
    for _ in range(steps):
        step()
    return time.perf_counter() - begin, time.process_time() - cpu


def serve(about, workloads):
    """`workloads`: name -> a function that sets it up and gives (step, check) or (step, check, units), or a string
    that says why there is none. Orders and answers as in workload.hpp; `--once <workload>` too."""
    if sys.argv[1] == '--once':
        workloads[sys.argv[2]]()[1]()
        return
    print(json.dumps(about), flush=True)
    current = None
    while line := sys.stdin.readline():
        name, budget = line.split()
        budget = float(budget)
        made = workloads.get(name, 'not written')
        if isinstance(made, str):
            print(json.dumps({'missing': made}), flush=True)
            continue
        if name != current:
            step = check = None
            step, check, *units = made()
            units = units[0] if units else 1
            value = [float(v.detach() if hasattr(v, 'detach') else v) for v in check()]
            current, steps = name, 1
            while time_of(step, steps)[0] < REPETITION:
                steps *= 2
        seconds, cpu, used = [], [], 0
        while used < budget * 0.9:
            t, processor = time_of(step, steps)
            used += t
            seconds.append(t / steps / units)
            cpu.append(processor / steps / units)
        print(json.dumps({'value': value, 'seconds': seconds, 'cpu': cpu}), flush=True)
