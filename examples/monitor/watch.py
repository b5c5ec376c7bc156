"""Watches the network with proved invariants: `python -m examples.monitor.watch` exports and runs a monitor.

In: the spec that `nnspec infer` has written, through the command line's own entry point, and images that
nothing was trained on or inferred from.  Out: for how many of them an invariant applies, and how often the
network is right there and elsewhere.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime

from spec_lang.cli import main as nnspec

FOLDER = Path(__file__).parent
PREFIX = "nnspec.invariant."


def main(monitor: Path) -> None:
    """The monitor is exported to this file, and run at every unseen image."""
    if nnspec(["monitor", str(FOLDER / "invariants.nnspec"), "-o", str(monitor)]):
        raise SystemExit("the monitor was not exported")
    session = onnxruntime.InferenceSession(str(monitor), providers=["CPUExecutionProvider"])
    about = session.get_modelmeta().custom_metadata_map
    promised = {  # the digit that each invariant promises: it ends in `argmax(output) == 6`
        key.removeprefix(PREFIX): int(json.loads(text)["invariant"].rpartition(" == ")[2])
        for key, text in about.items()
        if key.startswith(PREFIX)
    }
    unseen = np.load(FOLDER / "unseen.npz")
    # One image in a run, and grey values from 0 to 1, as the network's file has it.
    images = (unseen["inputs"] / 16).astype(np.float32)[:, None]
    runs = [session.run(["output", *promised], {"input": image}) for image in images]
    read = np.array([run[0].argmax() for run in runs])
    applies = np.array([np.concatenate(run[1:]) for run in runs])  # (images, invariants)
    kept = (read[:, None] == np.array(list(promised.values()))) | ~applies
    covered = applies.any(axis=1)
    right = np.asarray(read == unseen["labels"])
    on, off = right[covered].mean(), right[~covered].mean()
    share, as_proved = covered.mean(), kept.all(axis=1)[covered].mean()
    print(f"{covered.sum()} of {len(read)} unseen images ({share:.0%}) are decided by an invariant")
    print(f"  the network reads what is proved at {as_proved:.0%} of these")
    print(f"  and is right at {on:.0%} of them, but at {off:.0%} elsewhere")
    for digit in range(10):
        mine = read == digit
        print(f"  read as {digit}: {(mine & covered).sum()} of {mine.sum()} decided")


if __name__ == "__main__":
    if sys.argv[1:]:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            main(Path(folder) / "monitor.onnx")
