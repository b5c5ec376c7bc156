"""The backend's face: what it takes, and the way to its search."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from spec_lang._values import dataclass
from spec_lang.backends.base import Capabilities, Run, Session
from spec_lang.kernel.verdict import EvidenceKind
from spec_lang.network.primitives import RELU, Affine, Binary, PiecewiseLinear, Smooth, numbers_of
from spec_lang.obligations.model import Obligation, Semantics
from spec_lang.obligations.outcome import Attestation, GaveUp, GaveUpReason, Proved, Work

if TYPE_CHECKING:
    from spec_lang.backends._search.problem import Problem


@dataclass(frozen=True, slots=True)
class MilpBackend:
    name: str = "milp"
    version: str = "0.1.0"
    summary: str = "mixed-integer programs by HiGHS, and proofs by trees of ReLU phases with LP duals"
    capabilities: Capabilities = Capabilities(
        attacks=True,
        semantics=(Semantics.REAL, Semantics.FLOAT32),
        evidence=EvidenceKind.CHECKED,
        neurons=3000,
        inputs=20,
    )

    def availability(self) -> str | None:
        return None if find_spec("highspy") is not None else "highspy is not installed"

    def supports(self, obligation: Obligation) -> str | None:
        for node in obligation.graph.nodes:
            if isinstance(node.primitive, Smooth) or node.primitive is Binary.PRODUCT:
                return f"no linear program says what a {node.primitive.value} is"
        for box in obligation.region.boxes:
            for number, (low, high) in enumerate(zip(box.lower, box.upper, strict=True)):
                if low is None or high is None:
                    return f"the region leaves input {number} unbounded; big-M needs a finite box"
        if obligation.semantics is Semantics.REAL:
            return None
        if not only_relus(obligation) or obligation.graph.binary:
            return "under float32 semantics only ReLU is encoded"
        return None if _is_float32(obligation) else "the network's weights are not float32"

    def run(self, obligation: Obligation, session: Session) -> Run:
        import numpy as np  # noqa: PLC0415 - start-up

        from spec_lang.backends._lp.pieces import with_relus  # noqa: PLC0415 - start-up
        from spec_lang.backends._search.problem import prepare  # noqa: PLC0415 - start-up
        from spec_lang.bounding.rows import MAX_CONJUNCTIONS, TooManyDisjuncts  # noqa: PLC0415 - start-up

        try:
            problem = prepare(with_relus(obligation))
        except TooManyDisjuncts:
            detail = f"the negated claim has more than {MAX_CONJUNCTIONS} alternatives"
            return Run(GaveUp(GaveUpReason.UNSUPPORTED, detail), Work())
        if not np.isfinite(problem.root_of_all.magnitude).all():
            return Run(GaveUp(GaveUpReason.NUMERICAL, "the region reaches beyond float64"), Work())
        return _run(problem, session, only_relus(obligation))


def only_relus(obligation: Obligation) -> bool:
    """Whether ReLU is the graph's only piecewise linear function: certificates speak of no other."""
    functions = (node.primitive for node in obligation.graph.nodes)
    return all(function == RELU for function in functions if isinstance(function, PiecewiseLinear))


def _is_float32(obligation: Obligation) -> bool:
    affine = [(n.primitive, n.glue) for n in obligation.graph.nodes if isinstance(n.primitive, Affine)]
    networks = [primitive for primitive, glue in affine if not glue]
    arrays = [numbers_of(m) for p in networks for m in p.maps]
    return all(array.dtype == "float32" for array in (*arrays, *(p.bias for p in networks)))


def _run(problem: Problem, session: Session, provable: bool) -> Run:
    from spec_lang.backends._lp.highs import version  # noqa: PLC0415 - start-up
    from spec_lang.backends.milp.search import Search, nothing_to_do  # noqa: PLC0415 - start-up
    from spec_lang.kernel.rounding import fault  # noqa: PLC0415 - start-up

    if (problem_of_floats := fault()) is not None:
        return Run(GaveUp(GaveUpReason.NUMERICAL, problem_of_floats), Work())
    stamp = Attestation("milp", f"HiGHS {version()}", "branch and bound over ReLU phases, LP duals")
    if not len(problem.rows.member) or not problem.roots:
        if problem.may_overflow():
            return Run(GaveUp(GaveUpReason.NUMERICAL, "a sum may overflow in float32"), Work())
        return Run(Proved(stamp, nothing_to_do(problem) if provable else None), Work())
    return Search(problem, session, stamp, provable=provable).run()
