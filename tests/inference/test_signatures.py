"""Laws of signatures: support is what exact evaluation counts."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st

from spec_lang.inference.domain import subject
from spec_lang.inference.infer import to_network
from spec_lang.inference.model import Candidate, InputBox, Literal, Method
from spec_lang.inference.points import read_points
from spec_lang.inference.properties import decisions_of
from spec_lang.inference.signatures import Signatures, inside, signatures
from spec_lang.inference.subject import declared
from spec_lang.kernel.exact import evaluate_exact
from tests.inference.networks import write_network, write_points
from tests.laws import law


def found_in(folder: Path, seed: int) -> Signatures:
    write_network(folder, seed)
    points = read_points(write_points(folder, 60), 2)
    output = folder / "out.nnspec"
    about = subject(declared(f"{folder / 'net.nnspec'}::net", output), output, None, points.inputs)
    return signatures(about, decisions_of(about, "argmax"), to_network(points.inputs, about))


def counted(found: Signatures, candidate: Candidate) -> int:
    """The definition, point by point, in rationals."""
    layers = found.subject.layers
    graph = found.subject.graph.with_outputs(tuple(layer.value for layer in layers))
    starts = np.cumsum([0, *(layer.size for layer in layers)]).tolist()
    total = 0
    for point in found.points.tolist():
        values = evaluate_exact(graph, tuple(map(Fraction, point)))
        total += all((values[starts[c.layer] + c.neuron] > c.bound) == c.above for c in candidate.literals)
    return total


literals = st.builds(
    Literal,
    st.integers(0, 1),
    st.integers(0, 5),
    st.booleans(),
    st.sampled_from([Fraction(0), Fraction(0), Fraction(1, 8), Fraction(3, 64), Fraction(1, 3)]),
)


@law(12, 150, seed=st.integers(0, 5), conditions=st.lists(literals, max_size=4, unique=True))
def test_support_is_what_exact_evaluation_counts(
    seed: int, conditions: list[Literal], tmp_path_factory: pytest.TempPathFactory
) -> None:
    found = found_in(tmp_path_factory.mktemp("net"), seed)
    candidate = Candidate(0, Method.LAYER, tuple(conditions))
    assert found.support(candidate).points == counted(found, candidate)


def test_a_point_is_inside_of_an_exact_box_and_not_of_its_rounding() -> None:
    third = Fraction(1, 3)
    near = float(third)
    points = np.array([[np.nextafter(near, 0)], [near], [np.nextafter(near, 1)]])
    expected = [[Fraction(value) >= third for (value,) in points.tolist()]]
    assert [inside(points, [third], [Fraction(1)]).tolist()] == expected


def test_a_box_contains_what_is_between_its_ends() -> None:
    outer = InputBox((Fraction(0),), (Fraction(1),))
    assert outer.contains(InputBox((Fraction(0),), (Fraction(1, 2),)))
    assert not outer.contains(InputBox((Fraction(-1, 9),), (Fraction(1, 2),)))
