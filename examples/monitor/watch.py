"""Drives with a monitor: `python -m examples.monitor.watch` exports one, and runs it under onnxruntime.

In: the spec, through the command line's own entry point, and random situations on the road.  Out: for how
many of them each invariant applies, and in how many of these what it promises was kept.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime

from spec_lang.cli import main as nnspec

FOLDER = Path(__file__).parent
INVARIANTS = "keeps_going,brakes,within_grip"
PROMISES = {"keeps_going": (0.0, np.inf), "brakes": (-np.inf, -1.5), "within_grip": (-8.5, np.inf)}  # m/s²


def main(monitor: Path, situations: int = 1000) -> None:
    spec = FOLDER / "invariants.nnspec"
    if nnspec(["monitor", str(spec), "--invariant", INVARIANTS, "-o", str(monitor)]):
        raise SystemExit("the monitor was not exported")
    session = onnxruntime.InferenceSession(str(monitor), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    random = np.random.default_rng(0)
    road = random.uniform([0, 0, -20], [120, 40, 20], (situations, 3))  # gap, speed, closing
    inputs = ((road - [60, 20, 0]) / [60, 20, 20]).astype(np.float32)  # the network's own space
    runs = [session.run(names, {session.get_inputs()[0].name: row[None]}) for row in inputs]
    found = {
        name: np.concatenate(values) for name, values in zip(names, zip(*runs, strict=True), strict=True)
    }
    accel = 8 * found["output"][:, 0]
    for name, (lower, upper) in PROMISES.items():
        commands = accel[found[name]]
        kept = (lower <= commands) & (commands <= upper)
        share = f"{found[name].mean():.0%} of the situations"
        print(f"{name}: applies to {share}, kept in {kept.mean():.0%} of these")


if __name__ == "__main__":
    if sys.argv[1:]:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            main(Path(folder) / "monitor.onnx")
