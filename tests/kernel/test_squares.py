"""Rows by squares: every step holds at exact points, and nothing that is false by a hair is shown.

In: random graphs, of two networks and of one; random forms and matrices.  Out: nothing but failures; the
meaning is that of fractions.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spec_lang.kernel import exact_squares, squares
from spec_lang.kernel.exact import Dyadic, dyadic
from spec_lang.kernel.exact_products import product as exact_product
from spec_lang.kernel.integers import Integers, IntegerScene
from spec_lang.kernel.ranges import propagate
from spec_lang.kernel.rounded import Rounded, RoundedScene
from spec_lang.kernel.squares import Curves
from spec_lang.obligations.certificate import SquareProof
from tests.bounding.samples import points_of
from tests.graphs import exact_values
from tests.kernel.scenes import ARITHMETICS, Sample, samples, scene_of, value_of

SIZES = [0.0, 1.0, 0.3125, 2.0**-12, 40.0]
Exact = tuple[list[Fraction], list[list[Fraction]], list[Fraction]]  # constants, rows, errors of forms


@st.composite
def proofs(draw: st.DrawFn, neurons: int, inputs: int, atoms: int) -> SquareProof:
    def drawn(count: int, numbers: list[float]) -> np.ndarray:
        chosen = draw(st.lists(st.sampled_from(numbers), min_size=count, max_size=count))
        return np.array(chosen, dtype=np.float32)

    chosen = np.flatnonzero(drawn(neurons, [0, 1, 1])).astype(np.int32)
    tilt = drawn(len(chosen), SIZES)
    below = (tilt * drawn(len(chosen), [0.0, 0.5, 1.0])).astype(np.float32)
    bend, slope = drawn(len(chosen), SIZES), drawn(len(chosen), [0.0, 0.5, 1.0, 0.3125])
    shares = drawn(inputs, [0.0, 0.5, 8.0])
    return SquareProof(0, drawn(atoms, [0.0, 1.0, 0.5]), chosen, tilt, below, bend, slope, shares)


def forms_of(scene: RoundedScene | IntegerScene, atoms: list[int], proof: SquareProof) -> tuple[Exact, Exact]:
    """Of the row and of the curved shares, in fractions."""
    curves = Curves.of(proof, scene.network)
    if isinstance(scene, RoundedScene):
        arrived = squares.arrive(scene, atoms, proof.multipliers.astype(np.float64))
        mine = curves.take(arrived.neurons)
        return _fractions(arrived.row(mine.below)), _fractions(arrived.bent(mine.tilt))
    found = exact_squares.Arrived.of(scene, atoms, proof)
    unit = scene.shared.common
    result = []
    for form in (found.row(curves), found.bent(curves)):
        constants = [Fraction(int(v), unit << form.constant.shift) for v in form.constant.numbers]
        rows = [[Fraction(int(v), unit << form.linear.shift) for v in row] for row in form.linear.numbers]
        result.append((constants, rows, [Fraction(0)] * len(constants)))
    return result[0], result[1]


def _fractions(form: squares.Forms) -> Exact:
    return _exact(form.constant), [_exact(row) for row in form.linear], _exact(form.error)


def _exact(numbers: np.ndarray) -> list[Fraction]:
    return [Fraction(v) for v in numbers.tolist()]


def _at(forms: Exact, u: list[Fraction]) -> list[Fraction]:
    return [c + sum(a * v for a, v in zip(row, u, strict=True)) for c, row in zip(*forms[:2], strict=True)]


def _relative(scene: RoundedScene | IntegerScene, point: list[Fraction]) -> list[Fraction]:
    """The point as `centre + radius·u`."""
    if isinstance(scene, RoundedScene):
        centers, radii = _exact(scene.center[0]), _exact(scene.radius[0])
    else:
        centers = [(a + b) / 2 for a, b in zip(scene.low, scene.high, strict=True)]
        radii = [(b - a) / 2 for a, b in zip(scene.low, scene.high, strict=True)]
    return [(x - c) / r if r else Fraction(0) for x, c, r in zip(point, centers, radii, strict=True)]


@ARITHMETICS
@given(samples(), st.data())
@settings(max_examples=60)
def test_what_is_left_of_a_row_at_the_first_layer_is_below_it(
    arithmetic: type[Integers] | type[Rounded], sample: Sample, data: st.DataObject
) -> None:
    graph, boxes, shares, _ = sample
    with np.errstate(all="ignore"):
        scene, found = scene_of(arithmetic, sample)
        assert isinstance(scene, RoundedScene | IntegerScene)
        propagate(scene, {})
        atoms = list(range(len(found.atoms)))
        proof = data.draw(proofs(scene.network.neurons, graph.input_size, len(atoms)))
        if not scene.is_sound():
            return
        row, bent = forms_of(scene, atoms, proof)
    for point in points_of(boxes, 0, shares):
        values, u = exact_values(graph, point), _relative(scene, point)
        outputs = [number for output in graph.outputs for number in values[output]]
        mixed = sum(
            Fraction(m) * value_of(found.atoms[i], point, outputs)
            for i, m in zip(atoms, proof.multipliers.tolist(), strict=True)
        )
        taken = sum(max(v, Fraction(0)) + e for v, e in zip(_at(bent, u), bent[2], strict=True))
        assert _at(row, u)[0] - row[2][0] - taken <= mixed


@ARITHMETICS
@given(samples(), st.data())
@settings(max_examples=60)
def test_no_proof_excludes_what_a_point_of_the_box_satisfies(
    arithmetic: type[Integers] | type[Rounded], sample: Sample, data: st.DataObject
) -> None:
    graph, boxes, shares, _ = sample
    with np.errstate(all="ignore"):
        scene, found = scene_of(arithmetic, sample)
        propagate(scene, {})
        atoms = list(range(len(found.atoms)))
        proof = data.draw(proofs(scene.network.neurons, graph.input_size, len(atoms)))
        excluded = scene.is_excluded(atoms, proof)
    for point in points_of(boxes, 0, shares) if excluded else ():
        values = exact_values(graph, point)
        outputs = [number for output in graph.outputs for number in values[output]]
        assert any(value_of(atom, point, outputs) > 0 for atom in found.atoms)


@given(st.integers(0, 10**6))
@settings(max_examples=200)
def test_a_parabola_with_its_constant_is_above_relu(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ends = np.sort(rng.normal(size=2) * 10.0 ** rng.integers(-3, 4))
    bend, slope = float(rng.choice([0, 10.0 ** rng.uniform(-4, 4)])), float(rng.choice([0, 1, rng.random()]))
    curves = Curves(np.zeros(1), np.zeros(1), np.array([bend]), np.array([slope]))
    in_floats = Fraction(float(squares.least_constants(curves, ends[:1], ends[1:])[0]))
    numbers = Fraction(bend), Fraction(slope), Fraction(ends[0]), Fraction(ends[1])
    exact = exact_squares.least_constant(*numbers)
    assert exact <= in_floats <= exact * (1 + Fraction(1, 2**40)) + Fraction(1, 10**100)
    knots = [0.0, *ends, *rng.uniform(ends[0], ends[1], 20)]
    knots += [k for k in (-slope / (2 * bend or 1), (1 - slope) / (2 * bend or 1)) if ends[0] <= k <= ends[1]]
    for v in map(Fraction, knots):
        assert max(v, Fraction(0)) <= Fraction(bend) * v * v + Fraction(slope) * v + exact


def _form(rng: np.random.Generator, rows: int, inputs: int) -> squares.Forms:
    return squares.Forms(rng.normal(size=rows), rng.normal(size=(rows, inputs)), np.zeros(rows))


def _shown(row: squares.Forms, bent: squares.Forms, of: tuple[Curves, np.ndarray], *, exact: bool) -> bool:
    curves, shares = of
    if not exact:
        return squares.is_positive_form(row, bent, curves, shares)
    forms = [exact_squares.Forms(dyadic(form.constant), dyadic(form.linear)) for form in (row, bent)]
    return exact_squares.is_positive_form(1, (forms[0], forms[1]), curves, shares)


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("seed", range(12))
def test_the_least_constant_that_is_shown_is_right_at_every_corner(seed: int, exact: bool) -> None:
    rng = np.random.default_rng(seed)
    inputs, rows = 5, 4
    bent, row = _form(rng, rows, inputs), _form(rng, 1, inputs)
    bend = rng.choice([0.0, 0.25, 1.0], rows)
    curves = Curves(np.zeros(rows), np.zeros(rows), bend, rng.choice([0.0, 0.5, 1.0], rows))
    shares = rng.uniform(2, 9, inputs).astype(np.float32).astype(np.float64)

    def shown(constant: float) -> bool:
        moved = squares.Forms(np.array([constant]), row.linear, row.error)
        return _shown(moved, bent, (curves, shares), exact=exact)

    if not shown(1e4):
        assert np.linalg.eigvalsh(np.diag(shares) - (bent.linear.T * bend) @ bent.linear)[0] < 1e-6
        return
    low, high = -1e4, 1e4
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if shown(middle) else (middle, high)
    for u in product((-1, 0, 1), repeat=inputs):
        value = Fraction(high) + sum(Fraction(a) * v for a, v in zip(row.linear[0].tolist(), u, strict=True))
        for c, a, b, s in zip(bent.constant, bent.linear, bend, curves.slope, strict=True):
            v = Fraction(c) + sum(Fraction(x) * y for x, y in zip(a.tolist(), u, strict=True))
            value -= max(v, Fraction(0))
            reach = sum(abs(Fraction(x)) for x in a.tolist())
            ends = Fraction(c) - reach, Fraction(c) + reach
            least = exact_squares.least_constant(Fraction(b), Fraction(s), *ends)
            assert max(v, Fraction(0)) <= Fraction(b) * v * v + Fraction(s) * v + least
        assert value > 0


@pytest.mark.parametrize("size", [1, 2, 7, 60])
def test_only_definite_matrices_are(size: int) -> None:
    rng = np.random.default_rng(size)
    for scale in (1e-9, 1.0, 1e9):
        turned, _ = np.linalg.qr(rng.normal(size=(size, size)))
        values = rng.uniform(0.1, 2, size) * scale
        for least, wanted in ((0.1 * scale, True), (-1e-12 * scale, False), (0.0, False)):
            values[0] = least
            matrix = (turned * values) @ turned.T
            whole = dyadic(np.tril(matrix) + np.tril(matrix, -1).T)
            if wanted or size > 1:  # a matrix that is nearly singular may be either, as rounded
                assert squares.is_definite(matrix, 1e-14 * scale * size) is wanted
            if wanted or least < 0:
                assert exact_squares.is_definite(whole) is wanted
    assert not squares.is_definite(np.full((size, size), np.nan), 0.0)
    assert not squares.is_definite(np.eye(size), np.inf)
    assert not squares.is_definite(np.eye(size), 2.0)


def test_a_tie_is_not_definite() -> None:
    ones = np.ones((2, 2))
    assert not squares.is_definite(ones, 0.0)
    assert not exact_squares.is_definite(Dyadic(ones.astype(np.int64).astype(object), 0))


@given(st.integers(0, 10**6))
@settings(max_examples=20)
def test_large_products_of_integers_are_exact(seed: int) -> None:
    rng = np.random.default_rng(seed)
    inner = int(rng.integers(1, 90))

    def drawn(*shape: int) -> np.ndarray:
        digits = rng.integers(-(2**62), 2**62, shape).astype(object)
        found: np.ndarray = digits * (1 << int(rng.integers(0, 200)))
        found += rng.integers(-9, 9, shape).astype(object)
        return found

    left, right = drawn(40, inner), drawn(inner, 50)
    assert (exact_product(left, right) == left @ right).all()
