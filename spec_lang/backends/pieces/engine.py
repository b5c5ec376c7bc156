"""The backend's face: what it takes, and its two answers.

In: an obligation and a session.  Out: a proof over the piece of one point for each box, or a counterexample
just beyond the nearest kink.  A region that is larger than the piece, and where the kinks that were tried
break nothing, is left to others.
"""

from __future__ import annotations

import time
from typing import Final

from spec_lang._values import dataclass
from spec_lang.backends.base import Capabilities, Run, Session
from spec_lang.kernel.verdict import EvidenceKind
from spec_lang.network.graph import Graph
from spec_lang.network.primitives import RELU, Binary, PiecewiseLinear, Smooth
from spec_lang.obligations.expansion import about_two_points
from spec_lang.obligations.model import Obligation
from spec_lang.obligations.outcome import Attestation, GaveUp, GaveUpReason, Outcome, Proved, Refuted, Work
from spec_lang.obligations.piece_certificate import PieceProof

_MOST_BOXES: Final = 64
_CLOSE: Final = 2.0**-30  # a kink that floats see so near to the edge of the region may be none of it


@dataclass(frozen=True, slots=True)
class PiecesBackend:
    name: str = "pieces"
    version: str = "0.1.0"
    summary: str = "the one affine piece around a point, for what several points of a network say of it"
    capabilities: Capabilities = Capabilities(attacks=True, specialist=True, evidence=EvidenceKind.CHECKED)

    def availability(self) -> str | None:
        return None

    def supports(self, obligation: Obligation) -> str | None:
        graph, boxes = obligation.graph, obligation.region.boxes
        if len({node.part for node in graph.nodes if node.part >= 0}) < 2 or len(graph.inputs) < 2:
            return "the claim is not about several points of networks"
        if any(end is None for box in boxes for side in (box.lower, box.upper) for end in side):
            return "the region is unbounded"
        if len(boxes) > _MOST_BOXES:
            return f"the region has more than {_MOST_BOXES} boxes"
        if about_two_points(obligation) is not None:
            return "the claim says that two points differ, or lie apart, which a piece does not show"
        return _without_pieces(graph)

    def run(self, obligation: Obligation, session: Session) -> Run:
        started = time.monotonic()
        outcome, kinks = self._decide(obligation, session)
        units = (("pieces", len(obligation.region.boxes)), ("kinks", kinks))
        return Run(outcome, Work(time.monotonic() - started, units))

    def _decide(self, obligation: Obligation, session: Session) -> tuple[Outcome, int]:
        # Whoever only asks what this takes does not wait for the searches.
        from spec_lang.backends.pieces.kinks import Around, anchors  # noqa: PLC0415
        from spec_lang.kernel.network import Unchecked, compiled  # noqa: PLC0415

        tried = 0
        try:
            network, points = compiled(obligation.graph), anchors(obligation)
            for place, anchor in enumerate(points):
                around = Around(network, obligation, place, anchor)
                for point in around.candidates():
                    tried += 1
                    if session.confirm(point):
                        return Refuted(point), tried
                    if session.budget.expired():
                        return GaveUp(GaveUpReason.TIMEOUT, "looking for kinks with an effect"), tried
                if around.nearest < 1 - _CLOSE:
                    detail = "the region is larger than one affine piece, and the nearest kinks break nothing"
                    return GaveUp(GaveUpReason.UNSUPPORTED, detail), tried
        except Unchecked as problem:
            return GaveUp(GaveUpReason.UNSUPPORTED, str(problem)), tried
        proof = PieceProof(points)
        flaw = None if session.examine is None else session.examine(proof)
        if flaw is not None:
            return GaveUp(GaveUpReason.UNSUPPORTED, flaw.problem), tried
        return Proved(Attestation(self.name, self.version, "one affine piece, float64"), proof), tried


def _without_pieces(graph: Graph) -> str | None:
    """What keeps a graph from having affine pieces, or None."""
    for node in graph.nodes:
        smooth = isinstance(node.primitive, Smooth) and not (node.glue and node.primitive is Smooth.SQUARE)
        if smooth or node.primitive is Binary.PRODUCT:
            return f"{node.tensor.name}: a smooth function has no affine pieces"
        if isinstance(node.primitive, PiecewiseLinear) and node.primitive != RELU:
            return f"{node.tensor.name}: only ReLU is taken among piecewise linear functions"
    return None
