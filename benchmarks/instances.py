"""The instances of a benchmark family, with the verdicts that other tools agreed on.

In: a family's folder with `instances.csv` (`onnx,vnnlib,seconds`, no header) and `expected.csv`.  Out:
`Instance` values in the order of the file.  `expected` is `unknown` where no trusted tool has answered.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from spec_lang.diagnostics import InternalError

CHECKOUT: Final = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Instance:
    """A network and a query, with the answer `sat`, `unsat` or `unknown` that is expected."""

    onnx: Path
    vnnlib: Path
    expected: str

    @property
    def name(self) -> str:
        return f"{self.onnx.stem} {self.vnnlib.stem}"


def add_data(parser: argparse.ArgumentParser) -> None:
    """`--data`: the folder of the families."""
    default = Path(os.environ.get("NNSPEC_DATA", CHECKOUT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=default, help="the families' folder ($NNSPEC_DATA)")


def read_instances(folder: Path, only: str = "*") -> tuple[Instance, ...]:
    """The family's instances whose name matches the glob `only`."""
    with (folder / "expected.csv").open(newline="") as file:
        expected = {(row["onnx"], row["vnnlib"]): row["expected"] for row in csv.DictReader(file)}
    with (folder / "instances.csv").open(newline="") as file:
        pairs = [(row[0], row[1]) for row in csv.reader(file) if row]
    instances = (Instance(folder / o, folder / v, expected.get((o, v), "unknown")) for o, v in pairs)
    return tuple(instance for instance in instances if fnmatchcase(instance.name, only))


def acasxu_claim(instance: Instance) -> str:
    """The claim of `tests/acasxu/acasxu.nnspec` that says the same as this instance."""
    network = re.fullmatch(r"ACASXU_run2a_(\d)_(\d)_batch_2000", instance.onnx.stem)
    query = re.fullmatch(r"prop_(\d+)", instance.vnnlib.stem)
    if network is None or query is None:
        raise InternalError(f"{instance.name} is no ACAS Xu instance")
    every_network = int(query[1]) <= 4
    return f"property_{query[1]}" + (f"[{network[1]},{network[2]}]" if every_network else "")


def acasxu_folder(spec: Path, networks: Path, into: Path) -> Path:
    """Lay a copy of the spec beside a link `nets` to the networks; the path of the copy."""
    copy = into / spec.name
    copy.write_bytes(spec.read_bytes())
    (into / "nets").symlink_to(networks.resolve(), target_is_directory=True)
    return copy
