"""The backend's face: what it takes, and the way to its search."""

from __future__ import annotations

from importlib import metadata
from importlib.util import find_spec
from typing import Final

from spec_lang._values import dataclass
from spec_lang.backends._lp.entries import products
from spec_lang.backends.base import Capabilities, Run, Session
from spec_lang.backends.smt.crossings import undecidable
from spec_lang.kernel.verdict import EvidenceKind
from spec_lang.network.graph import Graph
from spec_lang.network.primitives import RELU, Affine
from spec_lang.obligations.model import Obligation, Semantics

# A number takes a hundred bytes, and there is no solver that would make anything of more of them.
MOST_NUMBERS: Final = 10_000_000


@dataclass(frozen=True, slots=True)
class SmtBackend:
    name: str = "smt"
    version: str = "0.1.0"
    summary: str = "exact rationals in z3: case splits over unstable neurons, on boxes cut by rigorous bounds"
    capabilities: Capabilities = Capabilities(
        attacks=True,
        exact=True,
        unbounded=True,
        semantics=(Semantics.REAL, Semantics.FLOAT32),
        evidence=EvidenceKind.CHECKED,
        neurons=600,
    )

    def availability(self) -> str | None:
        return None if find_spec("z3") is not None else "z3 is not installed (the package z3-solver)"

    def supports(self, obligation: Obligation) -> str | None:
        if (why := undecidable(obligation.graph)) is not None:
            return why
        count = exact_numbers(obligation.graph)
        if count > MOST_NUMBERS:
            return f"written out exactly, the network's values take up to {count:,} numbers, too many for z3"
        if obligation.semantics is Semantics.REAL:
            return None
        for node in obligation.graph.nodes:
            if not isinstance(node.primitive, Affine) and node.primitive != RELU:
                return f"{node.tensor.name}: under float32 semantics only ReLU is encoded"
        for box in obligation.region.boxes:
            for number, (low, high) in enumerate(zip(box.lower, box.upper, strict=True)):
                if low is None or high is None:
                    return f"the region leaves input {number} unbounded; float32 errors need a finite box"
        return None

    def run(self, obligation: Obligation, session: Session) -> Run:
        from spec_lang.backends.smt.search import Search  # noqa: PLC0415 - start-up

        return Search(obligation, session, self.name, f"z3 {metadata.version('z3-solver')}").run()


def exact_numbers(graph: Graph) -> int:
    """A bound on how many numbers all weights and all forms of a graph's values have, by sizes alone."""
    count, variables = 0, graph.input_size
    for node in graph.nodes:
        if isinstance(node.primitive, Affine):
            count += sum(map(products, node.primitive.maps)) + node.size * variables
        else:
            variables += node.size
    return count
