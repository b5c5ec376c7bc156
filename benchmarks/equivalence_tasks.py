"""The tasks of `differential`: two networks, a box, one output and a tolerance; and what peers did there.

In: the folder with `tasks.csv` and `bounds.npz`.  Out: `Task` values, and one spec with a claim for each.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from fractions import Fraction
from pathlib import Path

import numpy as np

from benchmarks.family_spec import number

Numbers = tuple[Fraction, ...]


@dataclass(frozen=True, slots=True)
class Task:
    """`|g(x)[output] − f(x)[output]| < tolerance` on a box.  `published` and `local` are the seconds of
    NeuroDiff, on twelve threads and on one, None where it did not finish; `root` the wider end of the
    tightest interval that it starts from, None where it is not recorded."""

    name: str
    kind: str  # "acas published 0.01"
    f: Path
    g: Path
    lower: Numbers
    upper: Numbers
    output: int
    tolerance: Fraction
    expected: str  # proved, refuted, or unknown
    published: float | None
    local: float | None
    root: float | None


def read_tasks(folder: Path, only: str = "*") -> tuple[Task, ...]:
    """The tasks whose name matches the glob `only`, in the order of the file."""
    boxes = np.load(folder / "bounds.npz", allow_pickle=False)
    with (folder / "tasks.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if fnmatchcase(row["task_id"], only)]
    return tuple(_task(folder, row, boxes) for row in rows)


def _task(folder: Path, row: dict[str, str], boxes: dict[str, np.ndarray]) -> Task:
    key, tolerance = row["bounds_key"], row["epsilon"] if row["family"] == "acas" else ""
    lower, upper = (tuple(map(Fraction, boxes[f"{key}__{end}"].tolist())) for end in ("lo", "hi"))
    ends = [
        abs(float(row[f"{prefix}_root_{side}"]))
        for prefix in ("neurodiff", "neurodiff_extravars")
        for side in ("lower", "upper")
        if row[f"{prefix}_root_{side}"]
    ]
    widest = [max(pair) for pair in zip(ends[::2], ends[1::2], strict=True)]
    return Task(
        row["task_id"],
        f"{row['family']} {row['origin']} {tolerance}".strip(),
        folder / "nets" / row["net_a"],
        folder / "nets" / row["net_b"],
        lower,
        upper,
        int(row["outputs"]),
        Fraction(row["epsilon"]),
        {"holds": "proved", "violated": "refuted"}.get(row["expected"], "unknown"),
        _seconds(row, "pub_neurodiff"),
        _seconds(row, "local_neurodiff"),
        min(widest, default=None),
    )


def _seconds(row: dict[str, str], prefix: str) -> float | None:
    return float(row[f"{prefix}_time_s"]) if row[f"{prefix}_verdict"] == "proved" else None


def spec_of(tasks: Sequence[Task]) -> tuple[str, dict[str, Task]]:
    """The text of a spec, and the tasks by the names of their claims."""
    paths = dict.fromkeys(path for task in tasks for path in (task.f, task.g))
    names = {path: f"net_{place}" for place, path in enumerate(paths, start=1)}
    texts = [f'network {name} = "{path}"' for path, name in names.items()]
    claims = {f"task_{place}": task for place, task in enumerate(tasks, start=1)}
    for name, task in claims.items():
        lower, upper = (", ".join(map(number, end)) for end in (task.lower, task.upper))
        f, g = (f"flat({names[path]}(x))[{task.output}]" for path in (task.f, task.g))
        texts.append(f'claim {name} "{task.name}":')
        texts.append(f"    forall x in box([{lower}], [{upper}]):")
        texts.append(f"        abs({g} - {f}) < {number(task.tolerance)}")
    return "language 1\n\n" + "\n".join(texts) + "\n", claims
