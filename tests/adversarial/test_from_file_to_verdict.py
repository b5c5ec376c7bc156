"""The networks made to fool, as ONNX files and specs through the whole of `check`: no wrong verdict."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from spec_lang.engine import CheckOptions
from spec_lang.kernel.verdict import EvidenceKind, Status
from spec_lang.network.graph import Graph
from tests.adversarial.fooling import OMEGAS, SUMS, backdoored, float_edge, layers, line
from tests.adversarial.onnx_files import checked
from tests.differential.tally import installed

TRUE, FALSE = Status.PROVED, Status.REFUTED
BACKENDS = [None, *(backend.name for backend in installed())]


def exactly(number: Fraction) -> str:
    return f"{number.numerator} / {number.denominator}"


def claims() -> dict[str, tuple[Graph, str, Status]]:
    found: dict[str, tuple[Graph, str, Status]] = {}
    for omega in OMEGAS:
        graph = backdoored(omega)
        found[f"backdoor {omega:g}"] = graph, "forall x in box(0, 1): f(x)[0] > f(x)[1]", FALSE
        found[f"trigger {omega:g}"] = graph, "forall x in box(0.1, 0.1): f(x)[0] > f(x)[1]", FALSE
        found[f"closed door {omega:g}"] = graph, "forall x in box(0, 0.02): f(x)[0] > f(x)[1]", TRUE
    for name, (weights, value) in SUMS.items():
        graph = layers(([weights], [0.0]))
        found[f"sum {name}"] = graph, f"forall x in box(1, 1): f(x) >= {value}", TRUE
        found[f"sum {name}, more"] = graph, f"forall x in box(1, 1): f(x) > {value}", FALSE
    five = layers(([[1e10]], [0.0]), ([[5e-10]], [0.0]))
    found["dropped coefficient"] = five, "forall x in box(0, 1): f(x) <= 4", FALSE
    found["subnormal"] = line(1e-45), "forall x in box(0, 1): f(x) <= 0", FALSE
    centre, radius, point = float_edge()
    ball = f"ball([{exactly(centre)}], {exactly(radius)}, linf)"
    found["beyond the ball"] = line(1.0), f"forall x in {ball}: f(x) < {exactly(point)}", TRUE
    found["edge of the ball"] = line(1.0), f"forall x in {ball}: f(x) < {exactly(centre + radius)}", FALSE
    tie = layers(([[1.0], [1.0]], [0.0, 0.0]), ([[1.0, -1.0]], [0.0]))
    found["a tie"] = tie, "forall x in box(-1, 1): f(x) > 0", FALSE
    found["no tie"] = tie, "forall x in box(-1, 1): f(x) >= 0", TRUE
    return found


CLAIMS = claims()


WIDE = [name for name, (graph, _, _) in CLAIMS.items() if graph.input_size > 100]
each_claim = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in WIDE else []) for name in CLAIMS]
)


@pytest.mark.parametrize(
    ("name", "using"),
    [
        pytest.param(name, using, marks=[pytest.mark.long if using else pytest.mark.slow] * (name in WIDE))
        for name in CLAIMS
        for using in BACKENDS
    ],
)
def test_a_file_made_to_fool_fools_nobody(name: str, using: str | None, tmp_path: Path) -> None:
    graph, claim, truth = CLAIMS[name]
    timeout = 20.0 if using is None else 2.0
    report = checked(tmp_path, graph, claim, CheckOptions(timeout=timeout, using=using))
    assert report.status in ((truth,) if using is None else (truth, Status.UNKNOWN))


@each_claim
def test_with_checked_evidence_nothing_is_believed(name: str, tmp_path: Path) -> None:
    graph, claim, truth = CLAIMS[name]
    options = CheckOptions(timeout=2.0, evidence=EvidenceKind.CHECKED)
    report = checked(tmp_path, graph, claim, options)
    assert report.status in (truth, Status.UNKNOWN)
    if report.status is Status.PROVED:
        assert report.evidence is not None
        assert report.evidence.kind is EvidenceKind.CHECKED
