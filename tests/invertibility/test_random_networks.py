"""Random networks, from text to verdict, against the oracle: half of the claims hold, most by a hair.

In: numbers of cases.  Out: nothing but failures: none is wrong, and as many as said are decided.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from spec_lang.kernel.verdict import Status
from tests.invertibility.asking import OPTIONS, decided, points_of, reports_on
from tests.invertibility.cases import Case, Draw, Kind, Vector, ball, case
from tests.invertibility.networks import Rng, few_bits, gaussian
from tests.invertibility.oracle import injectivity_broken
from tests.invertibility.pieces import Layer, Layers
from tests.invertibility.polygons import Polygon

MANY: Final = pytest.mark.long


def some(few: int, many: int) -> pytest.MarkDecorator:
    """So many cases, and in a long run all."""
    return pytest.mark.parametrize(
        "numbers", [range(few), pytest.param(range(few, many), marks=MANY)], ids=str
    )


@some(40, 500)
def test_injective_of_one_variable(numbers: range, tmp_path: Path) -> None:
    cases = [case(number, (1, 10, 10, 1), Kind.INJECTIVE) for number in numbers]
    assert decided(cases, tmp_path) == 1


@some(24, 500)
def test_injective_of_two_variables(numbers: range, tmp_path: Path) -> None:
    cases = [case(number, (2, 8, 8, 2), Kind.INJECTIVE) for number in numbers]
    assert decided(cases, tmp_path) == 1


@some(8, 100)
@pytest.mark.parametrize("norm", ["l1", "l2"])
def test_injective_on_other_balls(numbers: range, norm: str, tmp_path: Path) -> None:
    cases = [case(number, (2, 8, 8, 2), Kind.INJECTIVE, norm) for number in numbers]
    assert decided(cases, tmp_path) == 1


@some(8, 100)
def test_injective_with_more_outputs_than_inputs(numbers: range, tmp_path: Path) -> None:
    cases = [case(number, (2, 8, 8, 3), Kind.INJECTIVE) for number in numbers]
    assert decided(cases, tmp_path) >= 0.7


@some(8, 100)
def test_injective_where_one_input_is_given(numbers: range, tmp_path: Path) -> None:
    cases = [case(number, (2, 8, 8, 1), Kind.GIVEN) for number in numbers]
    assert decided(cases, tmp_path) >= 0.7


@some(10, 500)
@pytest.mark.parametrize("sizes", [(1, 10, 10, 1), (2, 8, 8, 2), (2, 8, 8, 3)])
def test_no_other_preimage(numbers: range, sizes: tuple[int, ...], tmp_path: Path) -> None:
    cases = [case(number, sizes, Kind.ALONE) for number in numbers]
    assert decided(cases, tmp_path) == 1


def unrelated(rng: Rng) -> tuple[Layers, ...]:
    """Two networks that know nothing of each other."""
    return few_bits(rng, (2, 4, 4, 2)), gaussian(rng, (2, 6, 2))


def of_one_variable(rng: Rng) -> tuple[Layers, ...]:
    return few_bits(rng, (1, 5, 5, 1)), few_bits(rng, (1, 6, 2))


@some(8, 100)
@pytest.mark.parametrize("draw", [unrelated, of_one_variable])
def test_determines(numbers: range, draw: Draw, tmp_path: Path) -> None:
    sizes = (2, 4, 4, 2) if draw is unrelated else (1, 5, 5, 1)
    cases = [case(number, sizes, Kind.DETERMINES, draw=draw) for number in numbers]
    assert decided(cases, tmp_path) >= 0.5


@some(4, 100)
def test_a_network_determines_its_own_functions(numbers: range, tmp_path: Path) -> None:
    """`g` is an affine function of `f`, which has folds; that there are no pairs is not always seen."""
    cases = []
    for number in numbers:
        rng = np.random.default_rng(number)
        f = few_bits(rng, (2, 6, 6, 2))
        above = Layer(rng.integers(-3, 4, (2, 2)).astype(np.float32), np.ones(2, np.float32), relu=False)
        centre = Fraction(int(rng.integers(-8, 9)), 8), Fraction(0)
        cases.append(Case(f"c{number}", Kind.DETERMINES, (f, [*f, above]), centre, Fraction(1), "linf", True))
    decided(cases, tmp_path)


@some(8, 100)
def test_injective_in_two_variables_where_a_third_is_given(numbers: range, tmp_path: Path) -> None:
    """What is proved holds wherever the third variable is held; what is refuted comes with a pair."""
    cases = []
    for number in numbers:
        rng = np.random.default_rng(number)
        f = few_bits(rng, (3, 8, 2))
        centre = tuple(Fraction(int(e), 8) for e in rng.integers(-8, 9, 3))
        radius = Fraction(1, int(rng.choice([2, 4, 8, 16])))
        holds = [
            injectivity_broken(section(f, centre[1] + k * radius / 4), square(centre, radius)) is None
            for k in range(-4, 5)
        ]
        cases.append(Case(f"c{number}", Kind.GIVEN, (f,), centre, radius, "linf", all(holds)))
    for asked, report in zip(cases, reports_on(cases, tmp_path, OPTIONS), strict=True):
        if report.status is Status.REFUTED:
            assert asked.refuted_by(points_of(report))
        else:
            assert asked.holds or report.status is Status.UNKNOWN


def section(layers: Layers, value: Fraction) -> Layers:
    """The network with its second input held."""
    first = layers[0]
    bias = first.bias.astype(np.float64) + float(value) * first.weight[:, 1]
    return [replace(first, weight=first.weight[:, [0, 2]], bias=bias), *layers[1:]]


def square(centre: Vector, radius: Fraction) -> Polygon:
    """Of the other two."""
    return ball((centre[0], centre[2]), radius, "linf", around=True)
