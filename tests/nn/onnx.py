"""python3 onnx.py <xgrad_tests_nn>: models that xgrad writes pass onnx's checker and give the same under onnxruntime.

Without numpy, onnx or onnxruntime there is nothing to do (exit code 77). The networks for MNIST are compared on its
10,000 test images where $XGRAD_DATA has them.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.pop(0)  # this file's folder: it is called onnx itself
try:
    import numpy as np
    import onnx
    import onnxruntime
except ImportError as missing:
    print(f"skipped: there is no {missing.name}")
    sys.exit(77)

tolerance = 1e-5


def difference(folder, model):
    """The largest one, relative to the value where that is above 1, for the whole batch and for its first row."""
    path = str(folder / f"{model}.onnx")
    onnx.checker.check_model(onnx.load(path), full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    data = np.load(folder / f"{model}.npz")
    worst = 0.0
    for rows in (len(data["x"]), 1):
        x, want = data["x"][:rows], data["y"][:rows]
        got = session.run(["output"], {"input": x})[0]
        assert got.shape == want.shape and got.dtype == want.dtype, (model, got.shape, want.shape)
        worst = max(worst, float((np.abs(got - want) / np.maximum(1, np.abs(want))).max()))
    return len(data["x"]), worst


def main(program):
    with tempfile.TemporaryDirectory() as name:
        subprocess.run([program, "[python]"], check=True, env=dict(os.environ, XGRAD_ONNX=name))
        folder = pathlib.Path(name)
        models = sorted(path.stem for path in folder.glob("*.onnx"))
        assert models, "no model was written"
        for model in models:
            rows, worst = difference(folder, model)
            print(f"{model}: {rows} rows, differs by {worst:.1e}")
            assert worst <= tolerance, model
    if "mnist_cnn" not in models:
        print("without MNIST, which $XGRAD_DATA does not have")


main(sys.argv[1])
