"""python3 round_trip.py <xgrad_tests_nn>: files that numpy, PyTorch and safetensors write come back with the same bits.

Each library that is not installed is named and left out; without numpy there is nothing to do (exit code 77).
"""
import os
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy as np
except ImportError:
    print("skipped: there is no numpy")
    sys.exit(77)
try:
    import torch
except ImportError:
    torch = None
    print("without PyTorch, which is not installed")
try:
    import safetensors.numpy as st
except ImportError:
    st = None
    print("without safetensors, which is not installed")


def arrays(rng):
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, 1e308], "<f8")
    return {
        "float32": rng.standard_normal((3, 1, 5)).astype("<f4"), "float64": rng.standard_normal((4, 2)),
        "special": special, "special32": special.astype("<f4"), "int64": rng.integers(-2**62, 2**62, (2, 3)),
        "bool": rng.random((7,)) < 0.5, "scalar": np.array(1.5), "none": np.zeros((0, 3), "<f4"),
        "a.b/c ü": np.arange(6.0).reshape(1, 2, 3, 1),
    }


def read(path):
    if path.suffix == ".npz":
        return dict(np.load(path))
    if path.suffix == ".pt":
        return {k: v.numpy() for k, v in torch.load(path, weights_only=True).items()}
    return st.load_file(path)


def same(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def main(program):
    with np.errstate(over="ignore"):
        values = arrays(np.random.default_rng(1))
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for i, value in enumerate(values.values()):
            np.save(folder / f"{i}.npy", value)
            np.save(folder / f"{i}f.npy", value.copy(order="F"))
        np.savez(folder / "plain.npz", **values)
        np.savez_compressed(folder / "packed.npz", **values)
        if torch:
            torch.save({k: torch.from_numpy(v.copy()) for k, v in values.items()}, folder / "torch.pt")
        if st:
            st.save_file(values, folder / "safe.safetensors")
        subprocess.run([program, "[python]"], check=True, env=dict(os.environ, XGRAD_ROUND_TRIP=name))
        compared = 0
        for i, value in enumerate(values.values()):
            for form in (f"{i}.npy", f"{i}f.npy"):
                assert same(np.load(folder / (form + ".back.npy")), value), form
                compared += 1
        for path in folder.glob("*.back*"):
            if path.suffix == ".npy" or path.suffix == ".pt" and not torch or path.suffix == ".safetensors" and not st:
                continue
            back = read(path)
            assert back.keys() == values.keys(), (path, back.keys())
            for key, value in values.items():
                assert same(back[key], value), (path, key)
            compared += 1
    print(f"{compared} files came back with the same bits")


main(sys.argv[1])
