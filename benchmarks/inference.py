"""`python -m benchmarks.inference`: `nnspec infer` on ACAS Xu 1_1 from drawn points, as a user runs it.

In: the recorded network in `NNSPEC_DATA`, how many points, and seconds.  Out: what the command prints, and
what `nnspec check` says of the spec that it wrote.  Exits 1 when one of its invariants is not proved again.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

# The normalised ranges of distance, two angles and two speeds.
LOW: Final = (-0.3284228772, -0.5, -0.5, -0.5, -0.5)
HIGH: Final = (0.6798577687, 0.5, 0.5, 0.5, 0.5)
NETWORK: Final = "acasxu/onnx/ACASXU_run2a_1_1_batch_2000.onnx"
NAMES: Final = ("distance", "theta", "psi", "own_speed", "other_speed")
ADVISORIES: Final = ("coc", "weak_left", "weak_right", "strong_left", "strong_right")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.inference", description=__doc__)
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--seconds", type=int, default=480)
    parser.add_argument("--timeout", type=float, default=8)
    parser.add_argument("--most", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--layers", default="relu_5")
    arguments = parser.parse_args()
    data = os.environ.get("NNSPEC_DATA")
    if data is None or not (Path(data) / NETWORK).is_file():
        print("NNSPEC_DATA names no folder with", NETWORK)
        return 2
    with tempfile.TemporaryDirectory() as name:
        return _measured(Path(name), Path(data) / NETWORK, arguments)


def _measured(folder: Path, network: Path, arguments: argparse.Namespace) -> int:
    (folder / "acas.nnspec").write_text(_spec(network))
    rng = np.random.default_rng(arguments.seed)
    np.savez(folder / "points.npz", inputs=rng.uniform(LOW, HIGH, (arguments.points, len(LOW))))
    words = [f"{folder / 'acas.nnspec'}::acas", "--data", str(folder / "points.npz"), "--property", "argmin"]
    words += ["--output", str(folder / "found.nnspec"), "--layers", arguments.layers, "--coverage"]
    words += ["--method", "partition,rule,box,layer", "--most", str(arguments.most)]
    words += ["--for", str(arguments.seconds), "--timeout", str(arguments.timeout)]
    started = time.monotonic()
    _, text = _nnspec("infer", *words, "--jobs", str(arguments.jobs))
    print(text)
    print(f"inferred in {time.monotonic() - started:.0f} s")
    limits = ("--timeout", str(5 * arguments.timeout), "--jobs", str(arguments.jobs))
    status, text = _nnspec(
        "check", str(folder / "found.nnspec"), "--no-cache", *limits, "--output-format", "json"
    )
    verdicts = [claim["verdict"] for claim in json.loads(text)["claims"]]
    print(f"`nnspec check`: {verdicts.count('proved')} of {len(verdicts)} proved again, exit status {status}")
    return int(status != 0 or not verdicts)


def _nnspec(*words: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "spec_lang", *words], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def _spec(network: Path) -> str:
    limits = ", ".join(f"{n} in [{low}, {high}]" for n, low, high in zip(NAMES, LOW, HIGH, strict=True))
    return (
        f'language 1\nnetwork acas = "{network}" {{\n'
        f"    input {', '.join(NAMES)}\n    output {', '.join(ADVISORIES)}\n    domain {limits}\n}}\n"
    )


if __name__ == "__main__":
    sys.exit(main())
