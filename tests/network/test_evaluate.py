"""Laws of the float evaluation: close to the exact one, one row a point, blind to what the batch holds."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_lang.diagnostics import InternalError
from spec_lang.kernel.exact import evaluate_exact
from spec_lang.network.evaluate import Evaluator, evaluate
from spec_lang.network.graph import Graph
from tests.graphs import chains, dags
from tests.tiny_networks import ABS_LIKE, chain, dense, relu_network

coordinates = st.floats(-4, 4, width=32)


@given(st.data(), chains() | dags())
def test_the_float_value_is_close_to_the_exact_one(data: st.DataObject, graph: Graph) -> None:
    size = graph.input_size
    points = [data.draw(st.lists(coordinates, min_size=size, max_size=size)) for _ in range(2)]
    results = evaluate(graph, np.array(points))
    assert results.shape == (2, graph.output_size)
    for point, result in zip(points, results, strict=True):
        exact = evaluate_exact(graph, [Fraction(x) for x in point])
        magnitude = 1 + max(
            float(np.abs(value).max()) for value in Evaluator(graph).values(np.array([point]))
        )
        scale = magnitude * (1 + max(_largest_weights(graph)))
        np.testing.assert_allclose(result, [float(value) for value in exact], rtol=1e-9, atol=1e-9 * scale)


def _largest_weights(graph: Graph) -> list[float]:
    found = [0.0]
    for node in graph.nodes:
        for linear in getattr(node.primitive, "maps", ()):
            array = getattr(linear, "weight", None)
            found.append(float(np.abs(linear.factor if array is None else array).max()))
    return found


def test_a_piecewise_function_takes_the_right_piece() -> None:
    points = np.array([[-3.0], [-1.0], [0.0], [0.5], [2.0]])
    expected = [[float(v) for v in evaluate_exact(chain(1, ABS_LIKE), (Fraction(x),))] for x in points[:, 0]]
    np.testing.assert_array_equal(evaluate(chain(1, ABS_LIKE), points), expected)


def test_every_value_of_the_graph_is_at_hand() -> None:
    values = Evaluator(relu_network()).values(np.array([[3.0, 1.0], [1.0, 3.0]]))
    assert [value.shape for value in values] == [(2, 2), (2, 2), (2, 2), (2, 1)]
    np.testing.assert_array_equal(values[2], [[2, 0], [0, 2]])


def test_an_empty_batch_has_no_rows() -> None:
    assert evaluate(relu_network(), np.zeros((0, 2))).shape == (0, 1)


def test_an_overflow_is_an_infinity_and_no_warning() -> None:
    with np.errstate(all="raise"):
        graph = chain(1, dense([[3e38]]))
        assert np.isinf(evaluate(graph, np.array([[1e300]]))).all()


@pytest.mark.parametrize("shape", [(2,), (1, 3), (1, 2, 1)])
def test_points_of_another_shape_are_a_broken_invariant(shape: tuple[int, ...]) -> None:
    with pytest.raises(InternalError):
        evaluate(relu_network(), np.zeros(shape))
