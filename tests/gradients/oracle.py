"""Whether a claim about gradients holds at every point of a region, exactly, and what kinks leave open.

In: `Pieces`, a network on a convex region, and a claim.  Out: a `Finding`.  One function for each kind of
claim, all of them special cases of `always`:

`linear` (in gradient, input and output), `bounded`, `has_signs`, `top`, `near` and `never_near` (stable and
targeted explanations, in norms), `aligned` (by the cosine), `saliency_near`, `affine_within`; `gradients_at`
gives the gradients to compare with.  Neurons that are 0 have one phase for all outputs and derivatives at a
point, and another one at another point.  Claims about two points are in `two_points`, radii in `radius`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from functools import cache
from itertools import product

from spec_lang.network.graph import Graph
from tests.backends.polyhedra import Polyhedron, Row, integer_row
from tests.gradients.faces import Pieces, Region
from tests.gradients.forms import AffineMap, Matrix, Vector

Atom = tuple[Vector, bool]  # (c0, c1, …) and whether it is strict: c0 + c·x <= 0, or < 0
Violation = tuple[tuple[Atom, ...], ...]  # all atoms of one of these hold
Violated = Callable[[AffineMap], Violation]


class Answer(Enum):
    """What a checker may say: `proved` of PROVED alone, `refuted` of REFUTED alone."""

    PROVED = "holds at every point, whatever the phases of neurons that are 0 there"
    REFUTED = "fails at a point, whatever the phases of neurons that are 0 there"
    KINK = "fails at a point for some phases, and at no point for all"


@dataclass(frozen=True, slots=True)
class Finding:
    """An answer, with the points that show it unless it is PROVED: one, or two of a claim about two."""

    answer: Answer
    points: tuple[Vector, ...] = ()


class Norm(Enum):
    """How vectors are measured."""

    L1 = "l1"
    L2 = "l2"
    LINF = "linf"

    def at_most(self, vector: Sequence[Fraction], limit: Fraction) -> bool:
        """Whether the norm is; of ℓ2 the squares are compared."""
        match self:
            case Norm.L1:
                return sum(map(abs, vector)) <= limit
            case Norm.LINF:
                return max(map(abs, vector)) <= limit
            case Norm.L2:
                return limit >= 0 and inner(vector, vector) <= limit * limit


def always(pieces: Pieces, *violations: Violated) -> Finding:
    """The decision of `forall x: not violation`, exact and complete.

    A violation says where the claim fails, given the affine map that the network is once the phases are
    chosen; it must be linear in x.  Of several, one for each choice that the claim leaves beside those at x,
    PROVED needs that none is met, and REFUTED a point that meets all.
    """
    remembered = [cache(violation) for violation in violations]
    undecided: Vector | None = None
    for face in pieces.faces:
        choices = dict.fromkeys(violation(map_) for map_ in pieces.maps(face) for violation in remembered)
        if not any(choices):
            continue
        point = _common_point(face.where, tuple(choices), face.inside)
        if point is not None:
            return Finding(Answer.REFUTED, (point,))
        for one in choices:
            undecided = undecided or _common_point(face.where, (one,), face.inside)
    return Finding(Answer.PROVED) if undecided is None else Finding(Answer.KINK, (undecided,))


def _common_point(
    part: Polyhedron, violations: Sequence[Violation], strict: tuple[Row, ...]
) -> Vector | None:
    """A point of `part` where the strict rows are < 0 and every violation holds.

    An inner point of what closed atoms leave meets every strict one that any point of it meets.
    """
    if any(min(part.values(row)) >= 0 for row in strict):
        return None
    if not violations:
        return part.inner_point()
    for atoms in violations[0]:
        rows = [(integer_row(row[0], row[1:]), is_strict) for row, is_strict in atoms]
        smaller = part
        for row, _ in rows:
            smaller = smaller if smaller.empty else smaller.cut(row)
        if not smaller.empty:
            more = (row for row, is_strict in rows if is_strict)
            point = _common_point(smaller, violations[1:], (*strict, *more))
            if point is not None:
                return point
    return None


def inner(a: Sequence[Fraction], b: Sequence[Fraction]) -> Fraction:
    return sum((x * y for x, y in zip(a, b, strict=True)), Fraction(0))


# -- claims about the gradient alone -------------------------------------------------------------------


def always_of_jacobian(pieces: Pieces, *claims: Callable[[Matrix], bool]) -> Finding:
    """Any claim about the Jacobian alone; of several, one for each choice beside those at x, all."""

    def violated(claim: Callable[[Matrix], bool]) -> Violated:
        return lambda map_: () if claim(map_.jacobian) else ((),)

    return always(pieces, *map(violated, claims))


def bounded(pieces: Pieces, output: int, limits: Vector, *, strict: bool = False) -> Finding:
    """`|v_i| <= t_i` for every input, or `<`."""

    def holds(jacobian: Matrix) -> bool:
        pairs = zip(jacobian[output], limits, strict=True)
        return all(abs(v) < t if strict else abs(v) <= t for v, t in pairs)

    return always_of_jacobian(pieces, holds)


def has_signs(pieces: Pieces, output: int, signs: Sequence[int | None]) -> Finding:
    """Every derivative is positive, 0 or negative as `signs` says by 1, 0 and −1; None is any."""

    def holds(jacobian: Matrix) -> bool:
        pairs = zip(jacobian[output], signs, strict=True)
        return all(sign is None or (v > 0) - (v < 0) == sign for v, sign in pairs)

    return always_of_jacobian(pieces, holds)


def top(pieces: Pieces, output: int, chosen: Collection[int], *, strict: bool = True) -> Finding:
    """The derivatives by the inputs `chosen` are greater in size than all others; or not less."""

    def holds(jacobian: Matrix) -> bool:
        sizes = [abs(v) for v in jacobian[output]]
        pairs = product(chosen, (i for i in range(len(sizes)) if i not in chosen))
        return all(sizes[i] > sizes[j] or (sizes[i] == sizes[j] and not strict) for i, j in pairs)

    return always_of_jacobian(pieces, holds)


def gradients_at(graph: Graph, point: Vector, output: int) -> tuple[Vector, ...]:
    """The gradients of one output at a point, for all choices there."""
    pieces = Pieces(graph, Region(point, point))
    (face,) = pieces.faces
    return tuple(dict.fromkeys(map_.jacobian[output] for map_ in pieces.maps(face)))


def near(pieces: Pieces, output: int, targets: Sequence[Vector], within: Fraction, norm: Norm) -> Finding:
    """The gradient is at most `within` from a target, whichever of the targets it is: for
    `explanation_stable`, they are the gradients at its point."""
    return _compared(pieces, output, targets, lambda gap: norm.at_most(gap, within))


def never_near(
    pieces: Pieces, output: int, targets: Sequence[Vector], within: Fraction, norm: Norm
) -> Finding:
    """The gradient is more than `within` from a target, whichever of the targets it is."""
    return _compared(pieces, output, targets, lambda gap: not norm.at_most(gap, within))


def _compared(
    pieces: Pieces, output: int, targets: Sequence[Vector], holds: Callable[[Vector], bool]
) -> Finding:
    """A claim about the difference to a target."""

    def claim(target: Vector) -> Callable[[Matrix], bool]:
        return lambda jacobian: holds(tuple(a - b for a, b in zip(jacobian[output], target, strict=True)))

    return always_of_jacobian(pieces, *map(claim, targets))


def aligned(pieces: Pieces, output: int, targets: Sequence[Vector], least: Fraction) -> Finding:
    """The cosine between the gradient v and a target t, whichever it is, is at least this, in the form
    `v·t >= least |v| |t|`, which holds where either vector is 0."""

    def claim(target: Vector) -> Callable[[Matrix], bool]:
        return lambda jacobian: cosine_at_least(jacobian[output], target, least)

    return always_of_jacobian(pieces, *map(claim, targets))


def cosine_at_least(v: Vector, t: Vector, least: Fraction) -> bool:
    """`v·t >= least |v| |t|`, by squares."""
    along, squares = inner(v, t), least * least * inner(v, v) * inner(t, t)
    if least >= 0:
        return along >= 0 and along * along >= squares
    return along >= 0 or along * along <= squares


# -- claims that mix gradient, input and output --------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Linear:
    """`constant + Σ v[k]·∇f_k(x) + x·x + y·f(x) <= 0`, or `< 0`; what is left out is 0."""

    constant: Fraction
    v: Matrix = ()
    x: Vector = ()
    y: Vector = ()
    strict: bool = False

    def form(self, map_: AffineMap) -> Vector:
        """The left side over (1, x), where the network is this map."""
        constant = self.constant + sum((inner(a, b) for a, b in zip(self.v, map_.jacobian, strict=False)), 0)
        constant += inner(self.y, map_.offset[: len(self.y)])
        slopes = list(self.x) or [Fraction(0)] * len(map_.jacobian[0])
        for weight, row in zip(self.y, map_.jacobian, strict=False):
            slopes = [s + weight * e for s, e in zip(slopes, row, strict=True)]
        return (constant, *slopes)


def linear(pieces: Pieces, *claims: Linear) -> Finding:
    """All of these hold everywhere; `v` has a row for each output, the last ones may be left out."""

    def violated(map_: AffineMap) -> Violation:
        return tuple(((_negated(claim.form(map_)), not claim.strict),) for claim in claims)

    return always(pieces, violated)


def saliency_near(pieces: Pieces, output: int, target: Vector, within: Fraction, norm: Norm) -> Finding:
    """`x ∘ ∇f(x)`, input times gradient, is at most `within` from a vector in ℓ1 or ℓ∞."""

    def violated(map_: AffineMap) -> Violation:
        size = len(target)
        forms = []
        for i, (v, t) in enumerate(zip(map_.jacobian[output], target, strict=True)):
            forms.append((-t, *(v if j == i else Fraction(0) for j in range(size))))
        return _longer(forms, within, norm)

    return always(pieces, violated)


def affine_within(pieces: Pieces, at: Vector, within: Fraction) -> Finding:
    """Every output is at most `within` from its linearisation at a point: `affine(…, within: ε)`."""
    centre = Pieces(pieces.graph, Region(at, at))
    (face,) = centre.faces

    def violated(tangent: AffineMap) -> Violated:
        return lambda map_: _longer(_difference(map_, tangent), within, Norm.LINF)

    return always(pieces, *map(violated, centre.maps(face)))


def _difference(f: AffineMap, g: AffineMap) -> list[Vector]:
    """Forms of `f − g`, output by output."""
    constants = (a - b for a, b in zip(f.offset, g.offset, strict=True))
    slopes = zip(f.jacobian, g.jacobian, strict=True)
    return [
        (constant, *(a - b for a, b in zip(*rows, strict=True)))
        for constant, rows in zip(constants, slopes, strict=True)
    ]


def _longer(forms: Sequence[Vector], within: Fraction, norm: Norm) -> Violation:
    """Where a vector of forms is longer than `within`: some sum of entries with signs is greater."""
    assert norm is not Norm.L2, "not linear in x"
    size = len(forms)
    units = [tuple(s if j == i else 0 for j in range(size)) for i in range(size) for s in (1, -1)]
    found: list[tuple[Atom, ...]] = []
    for signs in units if norm is Norm.LINF else product((1, -1), repeat=size):
        sums = (
            sum((s * e for s, e in zip(signs, c, strict=True)), Fraction(0)) for c in zip(*forms, strict=True)
        )
        constant, *slopes = sums
        found.append((((within - constant, *(-e for e in slopes)), True),))
    return tuple(found)


def _negated(form: Vector) -> Vector:
    return tuple(-e for e in form)
