"""`python -m benchmarks.warm`: what the proofs of an earlier network save when weights have changed.

In: ACAS Xu instances, an example's spec, their networks, and copies of these whose weights were changed a
little, or that were trained once more.  Out: of each copy the seconds and the work of a check with nothing
earlier, and of one that begins with the proofs of the network before, and how many claims these settle; in
turns, the least of several runs each.  Exits 1 when the two ways contradict each other.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import onnx
from onnx import numpy_helper

from benchmarks.instances import CHECKOUT, add_data, read_instances
from examples.braking import train as braking
from examples.perceptron import Recipe, squared_error, train, write_onnx
from spec_lang.engine import CheckOptions, check
from spec_lang.engine.warm_start import BY_POINT, BY_PROOF
from spec_lang.kernel.verdict import Status
from spec_lang.reporters.model import Report

ACASXU: Final = ("*_1_1_* prop_1", "*_1_1_* prop_3", "*_1_1_* prop_5", "*_4_5_* prop_10", "*_3_3_* prop_9")
OTHER: Final = "ACASXU_run2a_1_5_batch_2000.onnx"  # which has nothing to do with any of them
SHARES: Final = (1e-6, 1e-4, 1e-3, 1e-2)
EPOCHS, MORE_EPOCHS = 40, 41


@dataclass(frozen=True, slots=True)
class Case:
    """A file of claims, the name of the network in it, the network before, and those after it, by what has
    happened to it."""

    name: str
    claims: Path
    network: str
    before: bytes
    after: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Measured:
    """A check: its verdicts, seconds, units of work, and the claims that something earlier has settled."""

    verdicts: tuple[Status, ...]
    seconds: float
    units: int
    settled: int

    def better(self, other: Measured | None) -> Measured:
        return self if other is None or self.seconds < other.seconds else other


def changed(model: bytes, share: float) -> bytes:
    """Every weight times 1 + share·n, n normally distributed."""
    found, rng = onnx.load_from_string(model), np.random.default_rng(0)
    for tensor in found.graph.initializer:
        array = numpy_helper.to_array(tensor)
        if array.dtype.kind == "f" and array.size > 1:
            moved = array * (1 + share * rng.standard_normal(array.shape))
            tensor.CopyFrom(numpy_helper.from_array(moved.astype(array.dtype), tensor.name))
    return bytes(found.SerializeToString())


def copies(model: bytes) -> dict[str, bytes]:
    return {f"weights ±{share:g}": changed(model, share) for share in SHARES}


def trained(epochs: int, seed: int) -> bytes:
    """The controller of `examples/braking`, by its recipe."""
    random = np.random.default_rng(7)
    x = random.uniform(braking.LOWER, braking.UPPER, size=(20_000, 3))
    y = braking.law(*x.T)[:, None] / 8.0
    recipe = Recipe(sizes=(3, 24, 24, 1), epochs=epochs, batch=200, rate=1e-2, decay=1e-3, seed=seed)
    layers = train((x - [60.0, 20.0, 0.0]) / [60.0, 20.0, 20.0], y, squared_error, recipe)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        write_onnx(path, layers, "braking", shape=(3,))
        return path.read_bytes()


def cases(data: Path) -> Iterator[Case]:
    before = trained(EPOCHS, 7)
    after = copies(before) | {
        "one more epoch": trained(MORE_EPOCHS, 7),
        "another seed": trained(EPOCHS, 8),
    }
    yield Case("braking", CHECKOUT / "examples" / "braking" / "spec.nnspec", "controller", before, after)
    other = data / "acasxu" / "onnx" / OTHER
    for only in ACASXU if other.is_file() else ():
        for instance in read_instances(data / "acasxu", only):
            model = instance.onnx.read_bytes()
            after = copies(model) | {"another network": other.read_bytes()}
            yield Case(instance.name, instance.vnnlib, "", model, after)


def measured(case: Case, network: Path, store: Path, options: CheckOptions) -> Measured:
    known = replace(options, networks=((case.network, network),), store=store)
    started = time.perf_counter()
    report = check([case.claims], known)
    seconds = time.perf_counter() - started
    if report.interrupted or not len(report):
        raise KeyboardInterrupt
    return Measured(*_said(report, seconds))


def _said(report: Report, seconds: float) -> tuple[tuple[Status, ...], float, int, int]:
    units = sum(count for claim in report.claims for _, count in claim.work)
    decided = (Status.PROVED, Status.REFUTED)
    settled = sum(
        bool(claim.plan) and claim.plan[-1].backend in (BY_PROOF, BY_POINT) and claim.status in decided
        for claim in report.claims
    )
    return tuple(claim.status for claim in report.claims), seconds, units, settled


def compare(case: Case, options: CheckOptions, repeats: int) -> Iterator[tuple[str, Measured, Measured]]:
    """Without and with what was stored for the network before, in turns."""
    with tempfile.TemporaryDirectory() as folder:
        network, old = Path(folder) / "network.onnx", Path(folder) / "old"
        network.write_bytes(case.before)
        measured(case, network, old, options)
        for what, model in case.after.items():
            network.write_bytes(model)
            cold: Measured | None = None
            warm: Measured | None = None
            for number in range(repeats):
                new, known = Path(folder) / f"new {what} {number}", Path(folder) / f"known {what} {number}"
                cold = measured(case, network, new, options).better(cold)
                shutil.copytree(old, known)
                warm = measured(case, network, known, options).better(warm)
            if cold is not None and warm is not None:
                yield what, cold, warm


def contradict(one: Measured, other: Measured) -> bool:
    pairs = zip(one.verdicts, other.verdicts, strict=True)
    return any({Status.PROVED, Status.REFUTED} == {a, b} for a, b in pairs)


def line(name: str, what: str, cold: Measured, warm: Measured) -> str:
    saved = f"{warm.seconds:6.2f} s after {cold.seconds:6.2f} s ({warm.seconds / cold.seconds:4.2f}×)"
    work = f"{warm.units:6,} units after {cold.units:6,}"
    settled = f"{warm.settled} of {len(warm.verdicts)} by what was known"
    wrong = "  WRONG" if contradict(cold, warm) else ""
    return f"{name:<34} {what:<16} {saved}  {work}  {settled}{wrong}"


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.warm", description=__doc__.split("\n")[0])
    parser.add_argument("--repeats", type=int, default=2, metavar="N", help="runs of each (2)")
    parser.add_argument("--timeout", type=float, default=60.0, metavar="S", help="seconds a claim (60)")
    parser.add_argument("--only", default="", metavar="TEXT", help="cases with this in their names")
    add_data(parser)
    options = parser.parse_args(argv)
    wrong = False
    try:
        for case in cases(options.data):
            if options.only in case.name:
                for what, cold, warm in compare(case, CheckOptions(timeout=options.timeout), options.repeats):
                    print(line(case.name, what, cold, warm), flush=True)
                    wrong |= contradict(cold, warm)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 2
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
