"""`python -m benchmarks.unchanged`: what a hook costs that has little to do, or nothing.

In: how many claims, about the network of an example.  Out: a table of whole processes, in one run: everything
decided, everything decided with the proofs at hand, one claim of all changed, the networks touched but not
changed, nothing changed, and what a Python that does nothing takes.  The ratios are to the first line.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

_NETWORK = Path(__file__).resolve().parent.parent / "examples" / "moons" / "model.onnx"
_HEAD = 'language 1\n\nnetwork moons = "model.onnx"\n\n'


def main(argv: Sequence[str] | None = None) -> int:
    """The table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--claims", type=int, default=200, metavar="N", help="how many (200)")
    parser.add_argument("--files", type=int, default=10, metavar="N", help="in how many files (10)")
    parser.add_argument("--runs", type=int, default=7, metavar="N", help="of each kind, for the median (7)")
    asked = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder, asked.claims, asked.files)
        return _table(folder, asked.runs)


def _write(folder: Path, claims: int, files: int) -> None:
    (folder / ".git").mkdir()
    shutil.copy2(_NETWORK, folder / "model.onnx")
    for file in range(files):
        numbers = range(file, claims, files)
        texts = (
            f"claim c{n}: forall p in box([-1, 1.5], [{n / 10_000}, 2]): moons(p)[0] > moons(p)[1]\n"
            for n in numbers
        )
        (folder / f"s{file}.nnspec").write_text(_HEAD + "".join(texts))
    time.sleep(0.2)  # what was written in the last moments before a run is not trusted to be what was read


def _table(folder: Path, runs: int) -> int:
    environment = {name: value for name, value in os.environ.items() if name != "NNSPEC_LOCK"}
    environment["XDG_CACHE_HOME"] = str(folder / ".cache")
    check = [sys.executable, "-m", "spec_lang", "check", "."]

    def once(command: Sequence[str], before: Callable[[], object] = lambda: None) -> float:
        before()
        started = time.perf_counter()
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
        return time.perf_counter() - started

    def median(command: Sequence[str], before: Callable[[], object] = lambda: None) -> float:
        return statistics.median(once(command, before) for _ in range(runs))

    once([*check, "--claim", "c0", "--no-cache"])  # the parser's table is made by whoever comes first
    rows = [("everything is decided", once(check))]
    (folder / "nnspec.lock").rename(folder / "aside.lock")
    rows.append(("no lock, proofs are checked again", once([*check, "--no-lock"])))
    (folder / "aside.lock").rename(folder / "nnspec.lock")
    once(check)
    rows.append(("one claim has changed", median(check, lambda: _change(folder))))
    once(check)
    rows.append(("files are touched, not changed", median(check, (folder / "model.onnx").touch)))
    rows.append(("nothing has changed", median(check)))
    rows.append(("nothing has changed, --quiet", median([*check, "--quiet"])))
    rows.append(("a Python that does nothing", median([sys.executable, "-c", "pass"])))
    whole = rows[0][1]
    for what, seconds in rows:
        print(f"{what:<36} {seconds:8.3f} s  {seconds / whole:7.4f}")
    return 0


def _change(folder: Path) -> None:
    path = folder / "s0.nnspec"
    text = path.read_text()
    count = text.count("\n# ") + 1
    path.write_text(text.replace("1.5]", f"1.5{count:03d}1]", 1) + f"# {count}\n")


if __name__ == "__main__":
    raise SystemExit(main())
