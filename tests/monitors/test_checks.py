"""Checks under onnxruntime against exact evaluation: conditions drawn at random, at points on their borders.

A model with one layer computes its numbers exactly here (small integers), so that the runtime's numbers are
the network's; NaNs and very small and large numbers are fed to a model that hands them through.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import strategies as st
from onnx import helper

from spec_lang.kernel.witness import holds
from spec_lang.monitors.circuit import circuit_of
from spec_lang.monitors.export import Check, with_checks
from spec_lang.monitors.rows import NotComputable, Short, row_of
from spec_lang.obligations.model import All, Condition, LinearAtom
from spec_lang.obligations.model import Any as Some
from tests.laws import law
from tests.tiny_networks import onnx_bytes

INPUTS, HIDDEN = 2, 3
WEIGHT = np.array([[1, -1, 2], [-2, 1, 1]], dtype=np.float32)
BIAS = np.array([0, 1, -1], dtype=np.float32)
GRID = np.array([[a, b] for a in range(-3, 4) for b in range(-3, 4)], dtype=np.float32)
NUMBERS = st.sampled_from([Fraction(n, d) for n in (-3, -2, -1, 1, 2, 3, 7) for d in (1, 2, 3, 10)])
NASTY = (0.0, -0.0, 2.0**-149, -(2.0**-149), 1e-30, 0.1, -0.1, 1 / 3, 1.0, -2.5, 16777216.0, 3e38, -3e38)


def terms(size: int) -> st.SearchStrategy[tuple[tuple[int, Fraction], ...]]:
    drawn = st.dictionaries(st.integers(0, size - 1), NUMBERS, max_size=3)
    return drawn.map(lambda found: tuple(sorted(found.items())))


ATOMS = st.builds(
    LinearAtom, terms(INPUTS), terms(HIDDEN), NUMBERS | st.just(Fraction(0)), st.booleans()
).filter(lambda atom: bool(atom.inputs or atom.outputs))
CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    ATOMS,
    lambda parts: st.lists(parts, min_size=1, max_size=3).map(tuple).flatmap(
        lambda found: st.sampled_from([All(found), Some(found)])
    ),
    max_leaves=6,
)  # fmt: skip


def true(condition: Condition, x: list[Fraction], y: list[Fraction]) -> bool:
    if isinstance(condition, LinearAtom):
        return holds(condition, x, y)
    found = (true(part, x, y) for part in condition.parts)
    return all(found) if isinstance(condition, All) else any(found)


def model(opset: int = 13, batch: int | str = "N") -> bytes:
    """`relu(x W + b)`; its hidden tensor is called like an invariant."""
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["product"]),
        helper.make_node("Add", ["product", "b"], ["hidden"]),
        helper.make_node("Relu", ["hidden"], ["y"]),
    ]
    data = onnx_bytes(nodes, {"x": [batch, INPUTS]}, weights={"w": WEIGHT, "b": BIAS}, opset=opset)
    found = onnx.load_from_string(data)
    found.graph.output[0].CopyFrom(
        helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [batch, HIDDEN])
    )
    found.ir_version = 3 if opset == 7 else 8
    if opset == 7:  # weights stand among the inputs then
        found.graph.input.extend(
            helper.make_tensor_value_info(t.name, onnx.TensorProto.FLOAT, list(t.dims))
            for t in found.graph.initializer
        )
    return bytes(found.SerializeToString())


def session(data: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def answers(condition: Condition, opset: int, batch: int | str = "N") -> tuple[Any, bool]:
    """What the check says at every point of the grid, and whether it is exact."""
    circuit = circuit_of(condition, INPUTS, "float32")
    check = Check("hidden", circuit, (("x", INPUTS), ("y", HIDDEN)))
    data, (name,) = with_checks(model(opset, batch), [check], {"k": "v"})
    onnx.checker.check_model(data, full_check=True)
    run = session(data)
    outputs = [out.name for out in run.get_outputs()]
    assert outputs == ["y", name] == ["y", "hidden_holds"]  # `hidden` is taken
    if batch == "N":
        return run.run([name], {"x": GRID})[0], circuit.is_exact
    return np.concatenate([run.run([name], {"x": row[None]})[0] for row in GRID]), circuit.is_exact


@pytest.mark.parametrize(("opset", "batch"), [(7, "N"), (9, 1), (13, "N"), (18, "N"), (21, 1)])
@law(6, 60, condition=CONDITIONS)
def test_a_check_is_true_only_where_its_condition_is_and_there_if_it_is_exact(
    opset: int, batch: int | str, condition: Condition
) -> None:
    try:
        said, exact = answers(condition, opset, batch)
    except NotComputable:
        return  # the condition is true or false everywhere
    assert said.shape == (len(GRID),)
    hidden = np.maximum(GRID @ WEIGHT + BIAS, 0)
    for x, y, one in zip(GRID.tolist(), hidden.tolist(), said.tolist(), strict=True):
        wanted = true(condition, list(map(Fraction, x)), list(map(Fraction, y)))
        assert wanted or not one, (x, y)
        assert not exact or one == wanted, (x, y)


SHORT = st.builds(
    lambda a, b, c, strict: LinearAtom(
        tuple((i, f) for i, f in enumerate((a, b)) if f), (), c if not (a and b) else Fraction(0), strict
    ),
    NUMBERS,
    NUMBERS | st.just(Fraction(0)),
    st.sampled_from([Fraction(0), *map(Fraction, NASTY)]) | NUMBERS,
    st.booleans(),
)
FLOATS = st.sampled_from(NASTY) | st.floats(width=32, allow_nan=False, allow_infinity=False)


@law(150, 5000, atom=SHORT, v=FLOATS, w=FLOATS)
def test_a_short_row_is_true_exactly_where_its_atom_is(atom: LinearAtom, v: float, w: float) -> None:
    v, w = float(np.float32(v)), float(np.float32(w))
    row = row_of(atom, INPUTS, "float32")
    assert isinstance(row, Short)
    values = (v, w)
    computed = row.a * values[row.first] + row.b * values[row.second]
    assert (computed < row.below) == holds(atom, list(map(Fraction, values)), ())


@law(150, 5000, factors=st.lists(NUMBERS, min_size=3, max_size=6), data=st.data(), strict=st.booleans())
def test_a_long_row_is_true_only_where_its_atom_is(
    factors: list[Fraction], data: st.DataObject, strict: bool
) -> None:
    values = [float(np.float32(data.draw(FLOATS))) for _ in factors]
    exact = sum((f * Fraction(v) for f, v in zip(factors, values, strict=True)), Fraction(0))
    near = data.draw(st.sampled_from([Fraction(0), Fraction(1, 10**30), Fraction(-1, 10**30), Fraction(1)]))
    atom = LinearAtom(tuple(enumerate(factors)), (), -exact + near, strict)
    try:
        row = row_of(atom, len(factors), "float32")
    except NotComputable:
        return
    assert not isinstance(row, Short)
    total = sum(c * values[i] for i, c in row.terms) + row.constant
    size = sum(abs(c) * abs(values[i]) for i, c in row.terms) + abs(row.constant)
    assert not total + row.margin * size < row.below or holds(atom, list(map(Fraction, values)), ())


def test_a_long_row_holds_away_from_its_limit() -> None:
    atom = LinearAtom(tuple((i, Fraction(1, 3)) for i in range(4)), (), Fraction(-1), strict=False)
    row = row_of(atom, 4, "float32")
    assert not isinstance(row, Short)
    assert sum(c * 0.74 for _, c in row.terms) + row.constant + row.margin * 4 < row.below


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_nan_makes_nothing_true_and_infinities_are_compared(bad: float) -> None:
    below = LinearAtom(((0, Fraction(1)),), (), Fraction(-5), strict=False)
    pair = LinearAtom(((0, Fraction(1)), (1, Fraction(-1))), (), Fraction(0), strict=False)
    for condition in (below, pair):
        check = Check("c", circuit_of(condition, INPUTS, "float32"), (("x", INPUTS),))
        data, _ = with_checks(model(), [check], {})
        (said,) = session(data).run(["c"], {"x": np.array([[bad, 1]], np.float32)})
        assert not said[0] or bad == -np.inf


def test_an_operator_set_that_does_not_broadcast_is_refused() -> None:
    check = Check(
        "c", circuit_of(LinearAtom(((0, Fraction(1)),), (), Fraction(0), False), 2, "float32"), (("x", 2),)
    )
    with pytest.raises(NotComputable, match="operator set 6"):
        with_checks(model(opset=6), [check], {})


def test_what_was_in_the_file_is_not_changed() -> None:
    before = onnx.load_from_string(model())
    atom = LinearAtom((), ((0, Fraction(1)),), Fraction(-1), strict=True)
    check = Check("c", circuit_of(atom, INPUTS, "float32"), (("x", INPUTS), ("y", HIDDEN)))
    data, _ = with_checks(before.SerializeToString(), [check], {"k": "v"})
    after = onnx.load_from_string(data)
    assert after.graph.node[: len(before.graph.node)] == list(before.graph.node)
    assert after.graph.initializer == before.graph.initializer
    assert after.graph.input == before.graph.input
    assert after.opset_import == before.opset_import
    assert [(p.key, p.value) for p in after.metadata_props] == [("k", "v")]
