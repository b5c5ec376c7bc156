"""Lines of inquiry: each proposes a candidate, hears what the engine says, and proposes another or ends.

In: signatures at the data, and a point to start from.  Out: generators of candidates that are sent a
`Finding` for each.  A refuted candidate is specialised, so that the counterexample is excluded; one that is
undecided is asked about a smaller region, which the candidate then names.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from fractions import Fraction

import numpy as np

from spec_lang._values import dataclass
from spec_lang.inference.growing import around
from spec_lang.inference.layerwise import relaxed
from spec_lang.inference.model import F64, Candidate, InputBox, Literal, Mask, Method
from spec_lang.inference.polytopes import Polytope, inner_box
from spec_lang.inference.proving import Finding
from spec_lang.inference.signatures import Signatures, signatures
from spec_lang.inference.writing import short_box
from spec_lang.kernel.verdict import Status

Inquiry = Generator[Candidate, Finding, None]

_RETRIES = 4  # after counterexamples, at one size of the region
_SHARES = (1 / 256, 1 / 128, 1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1.0)  # of the domain, in every coordinate
_FEW_INPUTS = 64  # of more, boxes in linear regions are tiny, and programs for them are large
_SAMPLES = 2048  # points drawn inside of a region, where the data are few


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """What all inquiries share.  `seed` makes what they draw; nothing else is random."""

    found: Signatures
    seed: int

    @property
    def domain(self) -> tuple[F64, F64]:
        box = self.found.subject.domain
        return np.array([float(v) for v in box.lower]), np.array([float(v) for v in box.upper])

    def exact(self, box: tuple[F64, F64]) -> InputBox | None:
        """The box as it can be written, within the domain."""
        limits = self.found.subject.domain
        lower = [max(Fraction(v), end) for v, end in zip(box[0].tolist(), limits.lower, strict=True)]
        upper = [min(Fraction(v), end) for v, end in zip(box[1].tolist(), limits.upper, strict=True)]
        return short_box(self.found.subject, lower, upper)

    def local(self, row: int, box: tuple[F64, F64]) -> Signatures:
        """Signatures at point `row`, then at the data in a box, then at points drawn in it."""
        points = self.found.points
        here = points[((points >= box[0]) & (points <= box[1])).all(axis=1)]
        rng = np.random.default_rng([self.seed, row])
        drawn = rng.uniform(box[0], box[1], size=(_SAMPLES, len(box[0])))
        every = np.concatenate([points[row : row + 1], here, drawn])
        return signatures(self.found.subject, self.found.decisions, every)

    def bits_at(self, witness: tuple[Fraction, ...], layer: int) -> Mask:
        """The bits of a layer at a counterexample, as a row."""
        point = np.array([[float(v) for v in witness]])
        return signatures(self.found.subject, self.found.decisions, point).bits[layer]


def of_layer(setting: Setting, layer: int, row: int) -> Inquiry:
    """Patterns of one layer around point `row`: over small boxes around it, then larger ones, in the end over
    the domain; the first that is not proved is the last."""
    found = setting.found
    for share in _SHARES:
        whole = share == _SHARES[-1]
        box = around(found.points[row], setting.domain, share)
        local, start = (found, row) if whole else (setting.local(row, box), 0)
        if (local.decided == local.decided[start]).all():
            continue  # nothing of the layer is needed there
        region = None if whole else setting.exact(box)
        if region is None and not whole:
            continue
        status = yield from _specialised(setting, (local, start), (layer, row), region)
        if status not in (None, Status.PROVED):
            return


def _specialised(
    setting: Setting, local: tuple[Signatures, int], of: tuple[int, int], region: InputBox | None
) -> Generator[Candidate, Finding, Status | None]:
    """A pattern over one region, with more neurons after each counterexample.  What the last was found to be;
    None where no pattern tells the points from others."""
    layer, row = of
    extra = np.zeros((0, setting.found.bits[layer].shape[1]), dtype=np.bool_)
    for _ in range(_RETRIES):
        candidate = relaxed(local[0], layer, local[1], extra)
        if candidate is None:
            return None
        name = setting.found.subject.layers[layer].name
        note = f"the signature of point {row} in {name}, as far as the data need it"
        finding = yield replace(candidate, box=region, note=note)
        if finding.witness is None:
            return finding.status
        extra = np.concatenate([extra, setting.bits_at(finding.witness, layer)])
    return Status.REFUTED


def start_box(setting: Setting, row: int) -> tuple[F64, F64]:
    """A box in the linear region of point `row`, in which the decision is the same; else the point."""
    found = setting.found
    decision, point = found.decisions[int(found.decided[row])], found.points[row]
    if len(point) > _FEW_INPUTS:
        return point, point
    inner = inner_box(_whole_signature(setting, row), decision, found.subject.graph.outputs)
    return (point, point) if inner is None else inner


def of_prefix(setting: Setting, row: int) -> Inquiry:
    """The signature of point `row` layer by layer: without the last layers, then without neurons of the last
    that is left, while linear programs still see the decision; closed under predecessors, a polytope."""
    found = setting.found
    decision = int(found.decided[row])
    whole = _whole_signature(setting, row)
    literals, outputs = whole.literals, found.subject.graph.outputs
    known = whole.implies(found.decisions[decision], outputs)
    if not known.holds:
        return
    weight = known.weight
    depth = len(found.subject.layers)
    while depth > 1:
        fewer = tuple(c for c in literals if c.layer < depth - 1)
        answer = replace(whole, literals=fewer).implies(found.decisions[decision], outputs)
        if not answer.holds:
            break
        literals, weight, depth = fewer, answer.weight, depth - 1
    kept, record = _without_superfluous(whole, literals, weight, depth - 1, (setting, decision))
    words = f"the signature of point {row} up to {found.subject.layers[depth - 1].name}; {record}"
    candidate = Candidate(decision, Method.RELAX, kept, note=words)
    finding = yield candidate
    # The box around the polytope leaves next to nothing of it out, and tells the engine where to look.
    around_it = None if finding.status is Status.PROVED else replace(whole, literals=kept).hull()
    region = None if around_it is None else setting.exact(around_it)
    if region is not None:
        yield replace(candidate, box=region)


def _whole_signature(setting: Setting, row: int) -> Polytope:
    found = setting.found
    literals = tuple(
        Literal(layer, neuron, on)
        for layer, bits in enumerate(found.bits)
        for neuron, on in enumerate(bits[row].tolist())
    )
    return Polytope(found.program, found.subject.layers, *setting.domain, literals)


def _without_superfluous(
    whole: Polytope, literals: tuple[Literal, ...], weight: F64, critical: int, of: tuple[Setting, int]
) -> tuple[tuple[Literal, ...], str]:
    """Without conditions of the critical layer that are not needed, in stretches that halve: those of small
    multipliers first.  What is left is minimal, in the words that are returned."""
    setting, decision = of
    goal, outputs = setting.found.decisions[decision], setting.found.subject.graph.outputs
    order = sorted(
        (n for n, c in enumerate(literals) if c.layer == critical), key=lambda n: (float(weight[n]), n)
    )
    kept, waiting = set(range(len(literals))), [order]
    needed: list[int] = []
    while waiting:
        stretch = waiting.pop()
        trial = tuple(c for n, c in enumerate(literals) if n in kept and n not in stretch)
        if replace(whole, literals=trial).implies(goal, outputs).holds:
            kept -= set(stretch)
        elif len(stretch) == 1:
            needed += stretch
        else:
            middle = len(stretch) // 2
            waiting += [stretch[middle:], stretch[:middle]]
    chosen = tuple(c for n, c in enumerate(literals) if n in kept)
    return _checked_minimal(whole, chosen, critical, of)


def _checked_minimal(
    whole: Polytope, literals: tuple[Literal, ...], critical: int, of: tuple[Setting, int]
) -> tuple[tuple[Literal, ...], str]:
    """Each condition of the critical layer is left out by itself: that is refuted by a point of the data, or
    open; one that turns out superfluous is left out for good."""
    setting, decision = of
    found = setting.found
    refuted = still_open = 0
    for literal in [c for c in literals if c.layer == critical]:
        trial = tuple(c for c in literals if c != literal)
        met = found.where(Candidate(decision, Method.RELAX, trial))
        if (found.decided[met] != decision).any():
            refuted += 1
        elif (
            replace(whole, literals=trial)
            .implies(found.decisions[decision], found.subject.graph.outputs)
            .holds
        ):
            literals = trial
        else:
            still_open += 1
    return literals, f"without any one of its neurons: {refuted} times refuted by the data, {still_open} open"
