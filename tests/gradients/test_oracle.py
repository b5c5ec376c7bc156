"""The oracle for claims about gradients, against answers that are known and against plain evaluation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import product
from random import Random

import pytest
from hypothesis import strategies as st

from spec_lang.network.graph import Graph
from spec_lang.network.primitives import RELU
from tests.gradients import naive, oracle
from tests.gradients.cases import Case, case
from tests.gradients.faces import Pieces, Region
from tests.gradients.forms import Matrix, Vector
from tests.gradients.oracle import Answer, Finding, Linear, Norm, inner
from tests.graphs import exact_outputs
from tests.laws import law
from tests.tiny_networks import chain, dense

ZERO, HALF, ONE = Fraction(0), Fraction(1, 2), Fraction(1)
Holds = Callable[[Matrix, Vector, Vector], bool]  # of a Jacobian, an input and an output
Question = Callable[[Random, Pieces, Vector], tuple[Finding, Sequence[Holds]]]
seeds = st.integers(0, 10**6)


def agrees(rng: Random, drawn: Case, pieces: Pieces, finding: Finding, claims: Sequence[Holds]) -> bool:
    """Whether a finding is what plain evaluation says at its point and at others; of several claims, one for
    each choice that is left beside those at the point, all must hold, or all fail."""

    def outcomes(x: Vector) -> set[bool]:
        y = tuple(exact_outputs(drawn.graph, x))
        return {claim(j, x, y) for j, claim in product(naive.jacobians(drawn.graph, x), claims)}

    some = rng.sample(pieces.faces, min(12, len(pieces.faces)))
    tried = [*naive.grid(drawn.region, 2), drawn.point, *(face.where.inner_point() for face in some)]
    assert all(map(drawn.region.contains, finding.points))
    match finding.answer:
        case Answer.PROVED:
            return all(outcomes(x) == {True} for x in tried)
        case Answer.REFUTED:
            return outcomes(*finding.points) == {False}
        case Answer.KINK:
            return outcomes(*finding.points) == {True, False} and all(True in outcomes(x) for x in tried)


# -- random questions, decided by a hair ---------------------------------------------------------------


def gradients(pieces: Pieces) -> list[Vector]:
    return sorted(jacobian[0] for jacobian in pieces.one_sided_jacobians())


def limit(rng: Random, value: Fraction) -> Fraction:
    """The value, or one that is a little off."""
    return value + rng.choice((ZERO, ZERO, Fraction(1, 1024), -Fraction(1, 1024)))


def length(vector: Sequence[Fraction], norm: Norm) -> Fraction:
    """The norm, or something near it."""
    if norm is Norm.L2:
        return Fraction(float(inner(vector, vector)) ** 0.5)
    return max(map(abs, vector)) if norm is Norm.LINF else sum(map(abs, vector), ZERO)


def gap(a: Sequence[Fraction], b: Sequence[Fraction]) -> Vector:
    return tuple(x - y for x, y in zip(a, b, strict=True))


def is_bounded(rng: Random, pieces: Pieces, _: Vector) -> tuple[Finding, Sequence[Holds]]:
    size, strict = pieces.graph.input_size, rng.random() < 0.5
    limits = tuple(limit(rng, max(abs(v[i]) for v in gradients(pieces))) for i in range(size))

    def holds(jacobian: Matrix, _x: Vector, _y: Vector) -> bool:
        return all(
            -t < v < t or (v in {t, -t} and not strict) for v, t in zip(jacobian[0], limits, strict=True)
        )

    return oracle.bounded(pieces, 0, limits, strict=strict), [holds]


def signs(rng: Random, pieces: Pieces, _: Vector) -> tuple[Finding, Sequence[Holds]]:
    wanted = [rng.choice((None, (v > 0) - (v < 0))) for v in rng.choice(gradients(pieces))]

    def holds(jacobian: Matrix, _x: Vector, _y: Vector) -> bool:
        pairs = zip(jacobian[0], wanted, strict=True)
        return all(s is None or (v * s > 0 if s else v == 0) for v, s in pairs)

    return oracle.has_signs(pieces, 0, wanted), [holds]


def topmost(rng: Random, pieces: Pieces, _: Vector) -> tuple[Finding, Sequence[Holds]]:
    size, strict = pieces.graph.input_size, rng.random() < 0.5
    v = rng.choice(gradients(pieces))
    chosen = sorted(range(size), key=lambda i: -abs(v[i]))[: rng.randint(1, size)]

    def holds(jacobian: Matrix, _x: Vector, _y: Vector) -> bool:
        least = min(abs(jacobian[0][i]) for i in chosen)
        rest = [abs(jacobian[0][i]) for i in range(size) if i not in chosen]
        return not rest or least > max(rest) or (not strict and least == max(rest))

    return oracle.top(pieces, 0, chosen, strict=strict), [holds]


def stable(rng: Random, pieces: Pieces, at: Vector) -> tuple[Finding, Sequence[Holds]]:
    norm, targets = rng.choice(list(Norm)), oracle.gradients_at(pieces.graph, at, 0)
    within = limit(rng, max(length(gap(v, t), norm) for v in gradients(pieces) for t in targets))

    def against(target: Vector) -> Holds:
        return lambda j, _x, _y: norm.at_most(gap(j[0], target), within)

    return oracle.near(pieces, 0, targets, within, norm), [against(target) for target in targets]


def targeted(rng: Random, pieces: Pieces, _: Vector) -> tuple[Finding, Sequence[Holds]]:
    norm = rng.choice(list(Norm))
    target = tuple(v + rng.choice((ZERO, ONE)) for v in rng.choice(gradients(pieces)))
    within = limit(rng, min(length(gap(v, target), norm) for v in gradients(pieces)))

    def holds(jacobian: Matrix, _x: Vector, _y: Vector) -> bool:
        return not norm.at_most(gap(jacobian[0], target), within)

    return oracle.never_near(pieces, 0, [target], within, norm), [holds]


def cosine(rng: Random, pieces: Pieces, at: Vector) -> tuple[Finding, Sequence[Holds]]:
    targets = oracle.gradients_at(pieces.graph, at, 0)
    least = rng.choice((-ONE, -HALF, ZERO, HALF, Fraction(4, 5), ONE))

    def against(target: Vector) -> Holds:
        return lambda j, _x, _y: oracle.cosine_at_least(j[0], target, least)

    return oracle.aligned(pieces, 0, targets, least), [against(target) for target in targets]


def mixed(rng: Random, pieces: Pieces, _: Vector) -> tuple[Finding, Sequence[Holds]]:
    """A sum that is at most 0, up to a hair, at all corners of all faces."""

    def drawn(size: int) -> Vector:
        return tuple(Fraction(rng.randint(-2, 2), 2) for _ in range(size))

    graph, strict = pieces.graph, rng.random() < 0.5
    v, x, y = drawn(graph.input_size), drawn(graph.input_size), drawn(graph.output_size)

    def total(jacobian: Matrix, at: Vector, value: Vector) -> Fraction:
        return inner(v, jacobian[0]) + inner(x, at) + inner(y, value)

    faces = [(face, map_) for face in pieces.faces for map_ in pieces.maps(face)]
    most = max(total(m.jacobian, corner, m.at(corner)) for face, m in faces for corner in face.corners)
    constant = -limit(rng, most)

    def holds(jacobian: Matrix, at: Vector, value: Vector) -> bool:
        left = constant + total(jacobian, at, value)
        return left < 0 if strict else left <= 0

    return oracle.linear(pieces, Linear(constant, (v,), x, y, strict)), [holds]


def salient(rng: Random, pieces: Pieces, _: Vector) -> tuple[Finding, Sequence[Holds]]:
    norm = rng.choice((Norm.L1, Norm.LINF))
    target = tuple(Fraction(rng.randint(-1, 1)) for _ in range(pieces.graph.input_size))

    def of(jacobian: Matrix, x: Vector) -> Vector:
        return gap([a * b for a, b in zip(jacobian[0], x, strict=True)], target)

    pairs = [(m.jacobian, c) for face in pieces.faces for m in pieces.maps(face) for c in face.corners]
    within = limit(rng, max(length(of(*pair), norm) for pair in pairs))

    def holds(jacobian: Matrix, x: Vector, _y: Vector) -> bool:
        return norm.at_most(of(jacobian, x), within)

    return oracle.saliency_near(pieces, 0, target, within, norm), [holds]


def linearised(rng: Random, pieces: Pieces, at: Vector) -> tuple[Finding, Sequence[Holds]]:
    graph = pieces.graph
    value, slopes = tuple(exact_outputs(graph, at)), naive.jacobians(graph, at)
    corners = {corner for face in pieces.faces for corner in face.corners}

    def off(slope: Matrix, x: Vector, y: Vector) -> Fraction:
        return max(abs(b - a - inner(row, gap(x, at))) for a, b, row in zip(value, y, slope, strict=True))

    within = limit(rng, max(off(s, c, tuple(exact_outputs(graph, c))) for s in slopes for c in corners))

    def against(slope: Matrix) -> Holds:
        return lambda _j, x, y: off(slope, x, y) <= within

    return oracle.affine_within(pieces, at, within), [against(slope) for slope in slopes]


QUESTIONS: list[Question] = [
    is_bounded, signs, topmost, stable, targeted, cosine, mixed, salient, linearised,
]  # fmt: skip


@pytest.mark.parametrize("question", QUESTIONS)
@law(15, 1000, number=seeds)
def test_findings_are_what_plain_evaluation_says(question: Question, number: int) -> None:
    drawn, rng = case(number), Random(number)  # noqa: S311 - to be repeated
    pieces = Pieces(drawn.graph, drawn.region)
    finding, claims = question(rng, pieces, drawn.point)
    assert agrees(rng, drawn, pieces, finding, claims)


@pytest.mark.parametrize("question", QUESTIONS)
def test_questions_have_all_answers(question: Question) -> None:
    missing, numbers = set(Answer), iter(range(150))
    while missing:
        number = next(numbers)
        drawn, rng = case(number), Random(number)  # noqa: S311 - to be repeated
        missing.discard(question(rng, Pieces(drawn.graph, drawn.region), drawn.point)[0].answer)


# -- worked by hand ------------------------------------------------------------------------------------

ABSOLUTE = chain(1, dense([[1], [-1]]), RELU, dense([[1, 1]]))  # |x|, with gradients −1, 0 and 1 at 0
TENT = chain(1, dense([[1], [1]], [0, -1]), RELU, dense([[1, -2]]))  # x up to 1, then 2 − x; 0 below 0
PLANE = chain(2, dense([[1, 0], [0, 1]]), RELU, dense([[2, 1]]))  # 2 relu(x) + relu(y)


def on(graph: Graph, *ends: float) -> Pieces:
    """Lower ends, then upper ends."""
    exact = [Fraction(end) for end in ends]
    return Pieces(graph, Region(tuple(exact[: len(ends) // 2]), tuple(exact[len(ends) // 2 :])))


@pytest.mark.parametrize(
    ("finding", "answer"),
    [
        (oracle.bounded(on(ABSOLUTE, -1, 1), 0, (ONE,)), Answer.PROVED),
        (oracle.bounded(on(ABSOLUTE, -1, 1), 0, (ONE,), strict=True), Answer.REFUTED),
        (oracle.has_signs(on(ABSOLUTE, 1, 2), 0, [1]), Answer.PROVED),
        (oracle.has_signs(on(ABSOLUTE, 0, 1), 0, [1]), Answer.KINK),
        (oracle.has_signs(on(ABSOLUTE, -1, 1), 0, [1]), Answer.REFUTED),
        (oracle.has_signs(on(ABSOLUTE, 0, 0), 0, [0]), Answer.KINK),
        (oracle.linear(on(TENT, 0, 1), Linear(ZERO, ((-ONE,),))), Answer.KINK),  # −1 at 1, one of the choices
        (oracle.linear(on(TENT, 0, 1), Linear(-ONE, ((ONE,),))), Answer.PROVED),
        (oracle.linear(on(TENT, 0, 3), Linear(-ONE, y=(ONE,))), Answer.PROVED),
        (oracle.linear(on(TENT, 0, 3), Linear(-ONE, y=(ONE,), strict=True)), Answer.REFUTED),  # at 1 alone
        (oracle.linear(on(TENT, 0, 3), Linear(-2 * ONE, ((ONE,),), y=(ONE,))), Answer.PROVED),
        (oracle.linear(on(TENT, 0, 3), Linear(-2 * ONE, ((ONE,),), y=(ONE,), strict=True)), Answer.KINK),
        (oracle.linear(on(TENT, 1, 3), Linear(-ONE, ((ONE,),), x=(-ONE,))), Answer.PROVED),
        (oracle.top(on(PLANE, -1, -1, 1, 1), 0, [0]), Answer.REFUTED),  # (0, 0) is no explanation
        (oracle.top(on(PLANE, -1, -1, 1, 1), 0, [0], strict=False), Answer.REFUTED),  # (0, 1)
        (oracle.top(on(PLANE, 0, -1, 1, 1), 0, [0]), Answer.KINK),
        (oracle.top(on(PLANE, 0.125, -1, 1, 1), 0, [0]), Answer.PROVED),
        (oracle.near(on(PLANE, -1, 0, 1, 1), 0, [(ONE, ONE)], ONE, Norm.LINF), Answer.PROVED),
        (oracle.near(on(PLANE, -1, 0, 1, 1), 0, [(ONE, ONE)], ONE, Norm.L1), Answer.KINK),
        (oracle.near(on(PLANE, -1, 0, 1, 1), 0, [(ONE, ONE)], HALF, Norm.L1), Answer.REFUTED),
        (oracle.near(on(PLANE, -1, 0, 1, 1), 0, [(ONE, ZERO)], ONE, Norm.L2), Answer.REFUTED),
        (oracle.aligned(on(PLANE, 1, -1, 2, 1), 0, [(ONE, ZERO)], Fraction(8, 9)), Answer.PROVED),  # 2/√5
        (oracle.aligned(on(PLANE, 1, -1, 2, 1), 0, [(ONE, ZERO)], Fraction(9, 10)), Answer.REFUTED),
        (oracle.aligned(on(PLANE, 1, -1, 2, 0), 0, [(ONE, ZERO)], ONE), Answer.KINK),
        (oracle.saliency_near(on(ABSOLUTE, -1, 1), 0, (ZERO,), ONE, Norm.L1), Answer.PROVED),  # |x| again
        (oracle.affine_within(on(ABSOLUTE, 0, 1), (ONE,), ZERO), Answer.PROVED),
        (oracle.affine_within(on(ABSOLUTE, -1, 1), (ONE,), ONE), Answer.REFUTED),
        (oracle.affine_within(on(ABSOLUTE, 0, 1), (ZERO,), HALF), Answer.KINK),
    ],
)  # fmt: skip
def test_known_answers(finding: Finding, answer: Answer) -> None:
    assert finding.answer is answer


def test_gradients_at_a_kink() -> None:
    assert set(oracle.gradients_at(ABSOLUTE, (ZERO,), 0)) == {(-ONE,), (ZERO,), (ONE,)}
    assert oracle.gradients_at(ABSOLUTE, (-HALF,), 0) == ((-ONE,),)
