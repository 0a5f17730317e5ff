#!/usr/bin/env python3
"""Random programs of 1 to 30 operations, compared with PyTorch in double: values, first and second derivatives.

    python3 tests/fuzz/fuzz.py --runner build/release/tests/conformance --minutes 30

Every program is made from a number, --seed and those after it, so that `--seed N --cases 1` runs one again. It goes to
the runner as a case of the conformance format; any build of the runner will do. Tolerances follow from each program's
own conditioning: PyTorch runs it again with every intermediate value moved by parts in 1e12. Programs which that
changes a lot (at a kink, a tie, a pole) are left out. One that fails is made smaller and printed with both numbers;
--keep has the files of failing batches. What was found before, in `seeds`, is run first: a program a line.

--refusals F: that share of cases is a single operation with something wrong in it, a shape, a dtype, an axis, an
index, an attribute. What PyTorch refuses has to be refused, what it accepts has to have its value; refusals.py has
what is meant to differ. Made with torch 2.13; exit status 1 where anything failed, 77 where there is no PyTorch.
"""
import argparse
import json
import math
import pathlib
import subprocess
import sys
import tempfile
import time
import warnings
import zipfile

sys.dont_write_bytecode = True
try:
    import numpy as np
    import torch
except ImportError as missing:
    print(missing)
    sys.exit(77)  # what ctest takes for a test that was skipped

from functions import apply, cases
from programs import Program, Refused
import refusals

MOVED = 1e-12


class Fuzzed:
    """A program with its inputs, which can be evaluated, written down, and made smaller."""

    def __init__(self, steps, inputs, outputs):
        self.steps, self.inputs, self.outputs = steps, inputs, outputs  # inputs: name -> (array, whether by it)

    @staticmethod
    def draw(seed):
        p = Program(seed)
        p.draw(p.choice([1, 1, 2, 3, 5, 8, 12, 20, 30]))
        used = {n for s in p.steps for n in s["in"]}
        made = [n for s in p.steps for n in s["out"] if n not in p.hidden]
        sinks = [n for n in made if n not in used]
        more = [n for n in made if n in used]
        outputs = sinks + p.random.sample(more, min(len(more), p.whole(0, 2)))
        return Fuzzed(p.steps, {n: (p.values[n].numpy(), d) for n, d in p.inputs.items()}, outputs).pruned()

    def pruned(self):
        """Without what the outputs do not depend on."""
        needed, steps = set(self.outputs), []
        for step in reversed(self.steps):
            if needed & set(step["out"]): needed |= set(step["in"]); steps.insert(0, step)
        return Fuzzed(steps, {n: x for n, x in self.inputs.items() if n in needed}, self.outputs)

    def run(self, moved=0.0, seed=0):
        """All that is compared, by kind and name: out, up, grad, v, hess, hup."""
        rng, noise = np.random.default_rng(7), np.random.default_rng(seed)
        draw = lambda x: torch.from_numpy(np.array(rng.uniform(-1, 1, tuple(x.shape))))
        values = {n: torch.from_numpy(np.array(x)).requires_grad_(d) for n, (x, d) in self.inputs.items()}
        xs = {n: values[n] for n, (_, d) in self.inputs.items() if d}
        for step in self.steps:
            for name, y in zip(step["out"], apply(step["op"], [values[n] for n in step["in"]], step["attrs"])):
                if moved and y.is_floating_point():
                    y = y * torch.from_numpy(np.array(1 + moved * noise.uniform(-1, 1, tuple(y.shape))))
                values[name] = y
        found = {("out", n): values[n] for n in self.outputs}
        ys = {n: values[n] for n in self.outputs if values[n].requires_grad}
        if not ys: return found
        gs = {n: draw(y).requires_grad_() for n, y in ys.items()}
        vs = {n: draw(x) for n, x in xs.items()}
        first = cases.derivatives(sum((y * gs[n]).sum() for n, y in ys.items()), xs.values())
        s = sum((dx * v).sum() for dx, v in zip(first, vs.values()))
        for kind, tensors in (("up", gs), ("grad", dict(zip(xs, first))), ("v", vs),
                              ("hess", dict(zip(xs, cases.derivatives(s, xs.values())))),
                              ("hup", dict(zip(gs, cases.derivatives(s, gs.values()))))):
            found |= {(kind, n): t for n, t in tensors.items()}
        return found

    def expected(self):
        """Results with what each may be off by; Refused where nothing can be told."""
        try:
            found = self.run()
            others = [self.run(MOVED, seed) for seed in (1, 2, 3)]
        except Exception as error:
            raise Refused(str(error)) from None
        tolerances = {}
        # What cancels to next to nothing is compared with what it came from.
        scale = max([1.0] + [t.detach().abs().max().item() for t in found.values() if t.is_floating_point()
                             and t.numel()])
        for key, want in found.items():
            if not want.numel(): continue
            if not want.is_floating_point():
                if not all(torch.equal(o[key], want) for o in others): raise Refused("a choice hangs on rounding")
                continue
            if not torch.isfinite(want).all(): raise Refused("not finite")
            largest = want.detach().abs().max().item()
            try: off = max((o[key] - want).detach().abs().max().item() for o in others)
            except RuntimeError: raise Refused("a shape depends on values") from None
            if not off <= 1e-5 * max(largest, 1): raise Refused("ill-conditioned")
            tolerances[key] = 2e-11 * largest + .3 * off + 1e-13 * scale
        return found, tolerances

    def write(self, id, archive, group="program"):
        """The case, with its arrays in the archive."""
        found, tolerances = self.expected()
        writer = cases.Case(id, archive)
        def reference(kind, name, t, **more):
            if (kind, name) in tolerances: more["t64"] = [1e-9, tolerances[kind, name]]
            return writer.reference(kind, name, t, **more)
        def all_of(wanted): return [reference(kind, name, t) for (kind, name), t in found.items() if kind == wanted]
        case = {"id": id, "group": group, "op": self.steps[-1]["op"], "kind": "grad", "file": "cases.npz",
                "program": self.steps}
        diff = any(kind == "up" for kind, _ in found)
        case["inputs"] = [reference("in", n, torch.from_numpy(np.array(x)), diff=d and diff) for n,
                          (x, d) in self.inputs.items()]
        case["outputs"] = [reference("out", n, t, diff=("up", n) in found) for (kind, n),
                           t in found.items() if kind == "out"]
        if not diff: return case | {"kind": "forward"}
        return case | {"upstream": all_of("up"), "grads": all_of("grad"),
                       "second": {"v": all_of("v"), "grads": all_of("hess"), "wrt_upstream": all_of("hup")}}

    # Smaller ones
    def smaller(self):
        if len(self.outputs) > 1:
            for n in self.outputs: yield Fuzzed(self.steps, self.inputs, [n]).pruned()
            for n in self.outputs: yield Fuzzed(self.steps, self.inputs, [m for m in self.outputs if m != n]).pruned()
        values = {("out", n): 0 for n in ()}
        everything = Fuzzed(self.steps, self.inputs, [n for s in self.steps for n in s["out"]])
        try: values = everything.run()
        except (RuntimeError, ValueError, IndexError): return
        for i in reversed(range(len(self.steps))):  # a step's results become inputs
            outs = self.steps[i]["out"]
            if set(outs) & set(self.outputs): continue
            cut = {n: (values["out", n].detach().numpy(), values["out", n].is_floating_point()) for n in outs}
            yield Fuzzed(self.steps[:i] + self.steps[i + 1:], self.inputs | cut, self.outputs).pruned()
        for n, (x, d) in self.inputs.items():
            if d: yield Fuzzed(self.steps, self.inputs | {n: (x, False)}, self.outputs)
        for e in sorted({e for x, _ in self.inputs.values() for e in x.shape if e > 1},
                        reverse=True):  # one less of an extent
            def cut(x, axes): return x[tuple(slice(0, -1) if k == e and (axes is None or i in axes) else slice(None)
                                             for i, k in enumerate(x.shape))]
            yield Fuzzed(self.steps, {n: (cut(x, None), d) for n, (x, d) in self.inputs.items()}, self.outputs)
            for n, (x, d) in self.inputs.items():
                for axis in range(x.ndim):
                    if x.shape[axis] == e: yield Fuzzed(self.steps, self.inputs | {n: (cut(x, {axis}), d)},
                                                        self.outputs)
        for n, (x, d) in self.inputs.items():
            if x.dtype == float and (np.round(x, 1) != x).any(): yield Fuzzed(self.steps,
                                                                              self.inputs | {n: (np.round(x, 1), d)},
                                                                              self.outputs)

    def to_line(self):
        inputs = {n: {"shape": x.shape, "values": x.reshape(-1).tolist(), "dtype": x.dtype.name, "diff": bool(d)} for n,
                  (x, d) in self.inputs.items()}
        return json.dumps({"steps": self.steps, "inputs": inputs, "outputs": self.outputs})

    @staticmethod
    def from_line(line):
        kept = json.loads(line)
        inputs = {n: (np.array(x["values"], x["dtype"]).reshape(x["shape"]), x["diff"]) for n,
                  x in kept["inputs"].items()}
        return Fuzzed(kept["steps"], inputs, kept["outputs"])


def sort_of(outcome):
    """Wrong numbers, a wrong shape, or what the message begins with."""
    words = outcome.split()[:2]
    return "numbers" if words[1:] and words[1] in ("output", "gradient", "second", "forward") else " ".join(words)


class Runner:
    def __init__(self, program, keep):
        self.program, self.keep, self.batches = program, keep, 0

    def __call__(self, batch):
        """What became of each of {id: what writes a case}: passed, or why not."""
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            if refusals.crashes(lambda: self.write(folder, batch)):
                if len(batch) == 1: return {id: "skipped: PyTorch crashes" for id in batch}
                half, items = len(batch) // 2, list(batch.items())
                return self(dict(items[:half])) | self(dict(items[half:]))
            lines, outcome = json.loads((folder / "lines.json").read_text())
            outcome |= self.run(folder, lines)
            if self.keep and any(not o.startswith(("passed", "skipped")) for o in outcome.values()):
                kept = self.keep / str(self.batches)
                kept.mkdir(parents=True, exist_ok=True)
                for file in folder.iterdir(): (kept / file.name).write_bytes(file.read_bytes())
            self.batches += 1
            return outcome

    def write(self, folder, batch):
        lines, outcome = {}, {}
        with zipfile.ZipFile(folder / "cases.npz", "w", zipfile.ZIP_STORED) as archive:
            for id, one in batch.items():
                try: lines[id] = json.dumps(one.write(id, archive))
                except Refused as why: outcome[id] = f"skipped: {why}"
        (folder / "lines.json").write_text(json.dumps([lines, outcome]))

    def run(self, folder, lines):
        if not lines: return {}
        (folder / "cases.json").write_text('{"format":1,"cases":[\n' + ",\n".join(lines.values()) + "\n]}\n")
        report = folder / "report.json"
        report.unlink(missing_ok=True)
        try: done = subprocess.run([self.program, folder / "cases.json", "--json", report], capture_output=True,
                                   text=True, timeout=600)
        except subprocess.TimeoutExpired: done = None
        if done and done.returncode in (0, 1) and report.exists() and "runtime error" not in done.stderr:
            return json.loads(report.read_text())
        if len(lines) == 1: return {id: "crashed: " + (done.stderr[-3000:] if done else "no end after 600 s")
                                    for id in lines}
        half = len(lines) // 2
        return self.run(folder, dict(list(lines.items())[:half])) | self.run(folder, dict(list(lines.items())[half:]))

    def shrink(self, one, tries=150):
        """The smallest program that fails too, and how."""
        why = self({"shrunk": one})["shrunk"]
        progress = True
        while progress and tries > 0:
            progress = False
            for candidate in one.smaller():
                tries -= 1
                if tries <= 0: break
                outcome = self({"shrunk": candidate})["shrunk"]
                if sort_of(outcome) == sort_of(why):
                    one, why, progress = candidate, outcome, True
                    break
        return one, why


def draw_one(seed, share):
    """The case that belongs to a number."""
    return refusals.Case(seed) if share and np.random.default_rng(seed).uniform() < share else Fuzzed.draw(seed)


def main():
    warnings.filterwarnings("ignore")
    here = pathlib.Path(__file__).parent
    options = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    options.add_argument("--runner", type=pathlib.Path, default=here.parent.parent / "build/release/tests/conformance")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--minutes", type=float, default=math.inf)
    options.add_argument("--cases", type=int, default=None, help="how many; 1000 unless --minutes says when to end")
    options.add_argument("--refusals", type=float, default=.25, metavar="F")
    options.add_argument("--keep", type=pathlib.Path, help="a folder for failing batches")
    options.add_argument("--json", type=pathlib.Path, help="where to write counts and findings")
    options.add_argument("--no-seeds", action="store_true", help="leave out what was found before")
    given = options.parse_args()
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    runner, start = Runner(given.runner, given.keep), time.monotonic()
    most = given.cases if given.cases is not None else 1000 if given.minutes == math.inf else math.inf
    counts, findings, steps, ops = {"passed": 0, "failed": 0, "skipped": 0}, [], 0, set()

    def batch(made):
        nonlocal steps
        for id, outcome in runner(made).items():
            kind = outcome.split(":")[0]
            counts[kind if kind in counts else "failed"] += 1
            if kind == "skipped": continue
            steps += len(made[id].steps)
            ops.update(s["op"] for s in made[id].steps)
            if kind == "passed": continue
            small, why = runner.shrink(made[id]) if isinstance(made[id], Fuzzed) else (made[id], outcome)
            findings.append({"id": id, "why": why, "program": json.loads(small.to_line())})
            print(f"{id}: {why}\n    {small.to_line()}", flush=True)

    if not given.no_seeds:
        lines = [line for line in (here / "seeds").read_text().splitlines() if line and not line.startswith("#")]
        batch({f"found.{i}": (refusals.Case if '"wrong"' in line else Fuzzed).from_line(line) for i,
               line in enumerate(lines)})
    seed = given.seed
    while seed < given.seed + most and time.monotonic() - start < 60 * given.minutes:
        made = {}
        while len(made) < 100 and seed < given.seed + most:
            try: made[str(seed)] = draw_one(seed, given.refusals)
            except Refused: pass
            seed += 1
        batch({id: one for id, one in made.items() if one.steps})
    print(f"seeds {given.seed} to {seed - 1}, {(time.monotonic() - start) / 60:.1f} minutes, "
          f"{steps} operations of {len(ops)} names: "
          + ", ".join(f"{n} {kind}" for kind, n in counts.items()))
    if given.json: given.json.write_text(json.dumps({"counts": counts, "operations": sorted(ops), "findings": findings},
                                                    indent=1))
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
