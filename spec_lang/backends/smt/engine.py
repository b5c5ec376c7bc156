"""The backend's face: what it takes, and the way to its search."""

from __future__ import annotations

from importlib import metadata
from importlib.util import find_spec

from spec_lang._values import dataclass
from spec_lang.backends.base import Capabilities, Run, Session
from spec_lang.kernel.verdict import EvidenceKind
from spec_lang.network.primitives import RELU, PiecewiseLinear
from spec_lang.obligations.model import Obligation, Semantics


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
        if obligation.semantics is Semantics.REAL:
            return None
        for node in obligation.graph.nodes:
            if isinstance(node.primitive, PiecewiseLinear) and node.primitive != RELU:
                return f"{node.tensor.name}: under float32 semantics only ReLU is encoded"
        for box in obligation.region.boxes:
            for number, (low, high) in enumerate(zip(box.lower, box.upper, strict=True)):
                if low is None or high is None:
                    return f"the region leaves input {number} unbounded; float32 errors need a finite box"
        return None

    def run(self, obligation: Obligation, session: Session) -> Run:
        from spec_lang.backends.smt.search import Search  # noqa: PLC0415 - start-up

        return Search(obligation, session, self.name, f"z3 {metadata.version('z3-solver')}").run()
