"""Claims about two points, as a spec says them, and what the backend makes of them.

In: a case of `tests.gradients`, or a file, and claims in words.  Out: obligations, as the front end lowers
them, and the outcome of the backend within a number of units of work, whatever the machine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

from spec_lang.backends.base import Budget, Session
from spec_lang.backends.slopes import BACKEND
from spec_lang.engine.options import CheckOptions
from spec_lang.engine.prepare import prepare
from spec_lang.kernel.proof import examine
from spec_lang.kernel.witness import WitnessChecker
from spec_lang.network.graph import Graph
from spec_lang.network.primitives import RELU, Affine, Dense
from spec_lang.obligations.certificate import Flaw
from spec_lang.obligations.model import Obligation
from spec_lang.obligations.outcome import Certificate, Outcome
from tests.gradients.cases import Case
from tests.gradients.faces import Region
from tests.invertibility.networks import write
from tests.invertibility.pieces import Layer

WORK = 400  # units


def layers_of(graph: Graph) -> list[Layer]:
    """Those of a chain of dense layers."""
    found: list[Layer] = []
    for node in graph.nodes:
        if node.primitive == RELU:
            found[-1] = Layer(found[-1].weight, found[-1].bias)
            continue
        assert isinstance(node.primitive, Affine)
        (linear,) = node.primitive.maps
        assert isinstance(linear, Dense)
        found.append(Layer(linear.weight, node.primitive.bias, relu=False))
    return found


def region_text(region: Region) -> str:
    """All that limits it, over `x`."""
    sides = zip(region.lower, region.upper, strict=True)
    clauses = [f"{low} <= x[{i}] and x[{i}] <= {high}" for i, (low, high) in enumerate(sides)]
    for constant, *row in region.half_spaces:
        terms = " + ".join(f"({c}) * x[{i}]" for i, c in enumerate(row))
        clauses.append(f"{terms} + ({constant}) <= 0")
    return "{ x | " + " and ".join(clauses) + " }"


def obligations(lines: Sequence[str], folder: Path) -> list[Obligation]:
    """Of one claim after the other; each has one."""
    spec = folder / "claims.nnspec"
    spec.write_text("\n".join(["language 1", *lines, ""]), encoding="utf-8")
    preparation, _ = prepare([spec], CheckOptions())
    assert not [problem for problem in preparation.problems if problem.is_error], preparation.problems
    found: list[Obligation] = []
    for task in preparation.tasks:
        (one,) = task.goal().obligations
        found.append(one)
    return found


def asked(case: Case, claims: Sequence[str], folder: Path) -> list[Obligation]:
    """Claims about the network `f` on the region `on`."""
    write(layers_of(case.graph), folder / "f.onnx")
    lines = ['network f = "f.onnx"', f"region on on f = {region_text(case.region)}"]
    return obligations([*lines, *(f"claim c{n}: {text}" for n, text in enumerate(claims))], folder)


def decided(obligation: Obligation, work: int = WORK) -> Outcome:
    """What the backend says."""
    checker = WitnessChecker(obligation)

    def confirm(point: tuple[Fraction, ...]) -> bool:
        return checker(obligation.completed(point)) is not None

    def checks(asked: Obligation) -> Callable[[Certificate], Flaw | None]:
        return lambda proof: examine(asked, proof).flaw

    session = Session(Budget(None, work), confirm, lambda _: None, checks(obligation), checks=checks)
    return BACKEND.run(obligation, session).outcome
