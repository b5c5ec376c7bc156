"""Questions about gradients that are asked as specs: Lipschitz constants and slopes.

In: networks, boxes, a time limit.  Out: for each question what it took and what was found.  What is asked is
what a user would write; proofs are checked by the kernel before they count.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.explained import Explained
from examples.perceptron import Array
from spec_lang.engine import CheckOptions, check
from spec_lang.kernel.verdict import EvidenceKind
from spec_lang.reporters.model import ClaimReport, Measurement

ACASXU: Final = tuple((network, query) for query in (3, 4, 1) for network in ("1_1", "2_5", "4_7"))
RATIO: Final = 1.2  # of the ends of a Lipschitz constant


@dataclass(frozen=True, slots=True)
class Asked:
    """A claim or measure, and what became of it."""

    name: str
    report: ClaimReport

    @property
    def ends(self) -> tuple[float | None, float | None]:
        """Of a measure, what is proved of its lower and of its upper end."""
        found = self.report.measurement
        return (None, None) if found is None else (_end(found, 0), _end(found, 1))


def _end(found: Measurement, which: int) -> float | None:
    end = (found.lower, found.upper)[which]
    return None if end is None else float(end.value)


def ask(text: str, timeout: float, jobs: int) -> tuple[ClaimReport, ...]:
    """What a spec's claims and measures come to, in their order.  Raises `ValueError` where it is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        spec = Path(folder) / "spec.nnspec"
        spec.write_text(text, encoding="utf-8")
        options = CheckOptions(timeout=timeout, jobs=jobs, evidence=EvidenceKind.CHECKED_ROUNDED)
        report = check([spec], options)
    if wrong := [str(diagnostic) for diagnostic in report.diagnostics if diagnostic.is_error]:
        raise ValueError("; ".join(wrong))
    return report.claims


def box_text(lower: Sequence[str], upper: Sequence[str]) -> str:
    return f"box([{', '.join(lower)}], [{', '.join(upper)}])"


def around(point: Array, reach: float) -> str:
    """A box about a point of floats, in decimals."""
    return box_text([f"{v:.12f}" for v in point - reach], [f"{v:.12f}" for v in point + reach])


def query_box(path: Path) -> str:
    """The box of a VNN-LIB query, with the numbers as it writes them."""
    sides: dict[str, dict[int, str]] = {"<=": {}, ">=": {}}
    for sign, place, value in re.findall(r"\(assert \((<=|>=) X_(\d+) (\S+)\)\)", path.read_text("utf-8")):
        sides[sign][int(place)] = value
    lower, upper = ([sides[sign][place] for place in sorted(sides[sign])] for sign in (">=", "<="))
    return box_text(lower, upper)


def lipschitz(acasxu: Path, timeout: float) -> Iterator[Asked]:
    """`max ||grad f_0||_1`, which bounds how much the first output changes in ℓ∞, one question at a time."""
    for network, query in ACASXU:
        onnx = acasxu / "onnx" / f"ACASXU_run2a_{network}_batch_2000.onnx"
        box = query_box(acasxu / "vnnlib" / f"prop_{query}.vnnlib")
        measure = f"measure k = max norm(grad(f[0], x), l1) for x in {box}, to {100 * (1 - 1 / RATIO):.4f} %"
        (report,) = ask(f'network f = "{onnx}"\n{measure}\n', timeout, jobs=1)
        yield Asked(f"{network} P{query}", report)


def slopes(path: Path, inputs: Sequence[int], timeout: float) -> Iterator[Asked]:
    """Whether the output rises with each of these inputs, all over [0, 1]^n."""
    for number in inputs:
        claim = f"claim rises: monotone(f[0], in: {number}, increasing, on: box(0, 1))"
        (report,) = ask(f'network f = "{path}"\n{claim}\n', timeout, jobs=1)
        yield Asked(f"input {number}", report)


def stable(
    points: Sequence[Explained], limits: Sequence[str], timeout: float, jobs: int
) -> list[list[ClaimReport]]:
    """Whether explanations stay near those at the points, point by point, for each of the limits, as
    `explanation_stable` takes them; `{}` in one is the length of the explanation."""
    found: list[list[ClaimReport]] = []
    for one in points:
        length, at = float(np.linalg.norm(one.base)), ", ".join(f"{v:.12f}" for v in one.point)
        head = f"explanation_stable(f[{one.logit.output}], at: [{at}], on: {around(one.point, one.reach)}"
        lines = [
            f"claim c{place}: {head}, {limit.replace('{}', f'{length:.9f}')})"
            for place, limit in enumerate(limits)
        ]
        text = "\n".join([f'network f = "{one.path}"', *lines, ""])
        found.append(list(ask(text, timeout, jobs)))
    return found
