"""Writes the files beside it with the libraries whose formats they have: python3 make.py [numpy] [safetensors] [torch]

npy_test.cpp, safetensors_test.cpp and pytorch_test.cpp know what is in them.
"""
import pathlib
import sys

here = pathlib.Path(__file__).parent


def numpy():
    import numpy as np

    a = np.arange(6).reshape(2, 3)
    np.save(here / "c.npy", (a / 8).astype("<f4"))
    np.save(here / "fortran.npy", np.asfortranarray(np.arange(24).reshape(2, 3, 4) - 0.5))
    np.save(here / "records.npy", np.zeros(2, dtype=[("x", "<f4"), ("y", "<i4")]))
    np.save(here / "text.npy", np.array(["a", "b"]))
    np.save(here / "objects.npy", np.array([{}, None], dtype=object))
    np.save(here / "complex.npy", np.zeros(2, dtype="<c16"))
    np.save(here / "uint64.npy", np.zeros(2, dtype="<u8"))
    with open(here / "version3.npy", "wb") as file:
        np.lib.format.write_array(file, a.astype("<i8"), version=(3, 0))
    arrays = {
        "float32": (a / 8).astype("<f4"), "float64": a / 8, "int64": a - 3, "bool": a % 2 == 0,
        "float16": (a / 8).astype("<f2"), "int32": (a - 3).astype("<i4"), "int16": (a - 3).astype("<i2"),
        "int8": (a - 3).astype("i1"), "uint8": (a + 250).astype("u1"), "uint16": (a + 65530).astype("<u2"),
        "uint32": (a + 4294967290).astype("<u4"), "big": (a - 3).astype(">i8"), "big_half": (a / 8).astype(">f2"),
        "big_double": (a / 8).astype(">f8"), "scalar": np.float64(2.5), "none": np.zeros((3, 0), "<f4"),
        "layer/0.weight": np.asfortranarray(a / 8),
    }
    np.savez(here / "arrays.npz", **arrays)
    np.savez_compressed(here / "compressed.npz", weight=(a / 8).astype("<f4"), bias=a[0] - 1)


def safetensors():
    import numpy as np
    from safetensors.numpy import save_file

    a = np.arange(6).reshape(2, 3)
    save_file({"weight": (a / 8).astype("<f4"), "double": a / 8, "count": a - 3, "mask": a % 2 == 0},
              here / "numpy.safetensors", metadata={"format": "np"})


def torch():
    import collections
    import torch

    a = torch.arange(6).reshape(2, 3)
    net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    with torch.no_grad():
        for i, value in enumerate(net.state_dict().values()):
            value.copy_(torch.arange(value.numel()).reshape(value.shape) + i)
    torch.save(net.state_dict(), here / "net.pt")
    shared = torch.arange(8, dtype=torch.float64)
    torch.save({
        "float": a / 8, "double": a.double() / 8, "long": a - 3, "bool": a % 2 == 0, "half": (a / 8).half(),
        "bfloat": (a / 8).bfloat16(), "int": (a - 3).int(), "short": (a - 3).short(), "char": (a - 3).to(torch.int8),
        "byte": (a + 250).to(torch.uint8), "transposed": (a / 8).t(), "part": shared[2:7:2], "tied": shared,
        "scalar": torch.tensor(2.5, dtype=torch.float64), "none": torch.zeros(3, 0),
        "parameter": torch.nn.Parameter(a / 8), "ü": a,
    }, here / "tensors.pt")
    torch.save({"w": a, "v": a / 8}, here / "protocol4.pt", pickle_protocol=4)
    torch.save({"w": a}, here / "legacy.pt", _use_new_zipfile_serialization=False)
    torch.save({"model": {"w": a}, "epoch": 3}, here / "nested.pt")
    torch.save(net, here / "module.pt")
    torch.save([a, a], here / "list.pt")
    torch.save({"w": a.expand(4, 2, 3)}, here / "expanded.pt")
    torch.save({"w": torch.zeros(2, dtype=torch.complex64)}, here / "complex.pt")
    torch.save(collections.OrderedDict(), here / "empty.pt")


for name in sys.argv[1:] or ["numpy", "safetensors", "torch"]:
    globals()[name]()
