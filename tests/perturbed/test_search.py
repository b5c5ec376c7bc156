"""The search for other weights: its products, slopes and snapped numbers, and whose counterexamples they are.

In: random maps and networks, and specs.  Out: nothing but failures.  What a counterexample says is held
against the ordinary claim about the network that has these weights, in a file of its own.
"""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from hashlib import sha256
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st

from spec_lang.backends.bounds import BACKEND as BOUNDS
from spec_lang.backends.drift import BACKEND
from spec_lang.backends.drift.passes import Passes
from spec_lang.backends.drift.products import product_of
from spec_lang.backends.drift.snapping import Room
from spec_lang.backends.falsify import BACKEND as FALSIFY
from spec_lang.bounding.program import compile_graph
from spec_lang.engine import CheckOptions, check
from spec_lang.engine.audit import audit
from spec_lang.kernel.changed import changed
from spec_lang.kernel.verdict import Status
from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.operators import operator_of
from spec_lang.network.primitives import (
    RELU,
    Affine,
    Convolution,
    Dense,
    LinearMap,
    frozen,
    with_numbers,
)
from spec_lang.network.transform.gradient import transposed
from spec_lang.network.transform.perturbed import perturbed
from spec_lang.obligations.model import Box, LinearAtom, Obligation, Region
from spec_lang.obligations.outcome import Refuted
from spec_lang.planning.plan import Wishes, plan
from spec_lang.reporters.json import REPORTER as JSON
from spec_lang.reporters.model import ChangedNetwork, ClaimReport
from spec_lang.store.codec import MAGIC, decode, encode
from spec_lang.store.columns import BadRecord, Columns, ColumnWriter
from tests.laws import law
from tests.perturbed.networks import Layers, perceptron, stored
from tests.tiny_networks import NASTY_FLOATS


@st.composite
def maps(draw: st.DrawFn) -> LinearMap:
    """Matrices, and convolutions of one and two dimensions, in groups, or turned over."""
    random = np.random.default_rng(draw(st.integers(0, 99)))
    if draw(st.booleans()):
        return Dense(frozen(random.standard_normal((draw(st.integers(1, 3)), draw(st.integers(1, 4))))))
    rank, groups = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    small = st.integers(1, 2)

    def sizes(least: int, most: int) -> tuple[int, ...]:
        return tuple(draw(st.lists(st.integers(least, most), min_size=rank, max_size=rank)))

    shape = (groups * draw(small), draw(small), *sizes(1, 3))
    ends = sizes(2, 4), sizes(1, 3), sizes(1, 2), sizes(1, 2), sizes(0, 1)
    weight = frozen(random.standard_normal(shape))
    return Convolution(weight, groups, *ends, adjoint=draw(st.booleans()))


@law(60, 1000, linear=maps(), turned=st.booleans(), count=st.integers(1, 3))
def test_products_are_those_of_the_map(linear: LinearMap, turned: bool, count: int) -> None:
    random = np.random.default_rng(0)
    product = product_of(linear, is_transposed=turned)
    own = linear.weight if isinstance(linear, Dense | Convolution) else np.zeros(0)
    numbers = random.standard_normal((count, *own.shape))
    each = [with_numbers(linear, frozen(part)) for part in numbers]
    operators = [operator_of(transposed(one) if turned else one) for one in each]
    width, size = (transposed(linear) if turned else linear).sizes
    points, rows = random.standard_normal((count, width)), random.standard_normal((count, size))
    images = np.concatenate([op.forward(points[i : i + 1]) for i, op in enumerate(operators)])
    assert np.allclose(product.forward(numbers, points), images)
    back = np.concatenate([op.backward(rows[i : i + 1]) for i, op in enumerate(operators)])
    assert np.allclose(product.backward(numbers, rows), back)
    # What is linear in the numbers is their product with its slope.
    slope = product.slope(points, rows)
    assert slope.shape == numbers.shape
    assert np.allclose((slope * numbers).reshape(count, -1).sum(axis=1), (images * rows).sum(axis=1))


@law(60, 1000, numbers=st.lists(st.sampled_from(NASTY_FLOATS), min_size=2, max_size=6), data=st.data())
def test_snapped_weights_are_taken_by_the_kernel(numbers: list[float], data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from([np.float32, np.float64]))
    with np.errstate(over="ignore"):
        bias = np.array(numbers).astype(kind)
    weight = bias[:, None] * kind(0.25)
    affine = Affine((Dense(frozen(weight)),), frozen(bias))
    graph = Graph((TensorSpec("x", (1,)),), (Node(affine, (0,), TensorSpec("y", (len(bias),))),), (1,))
    share = data.draw(st.sampled_from([Fraction(1, 100), Fraction(1, 3), Fraction(1), Fraction(7, 2)]))
    near = perturbed(graph, share).graph
    changes: list[Fraction] = []
    for weights in near.weights or ():
        room = Room.of(weights)
        rates = data.draw(st.lists(st.floats(-1, 1), min_size=room.classes, max_size=room.classes))
        changes += room.exact(np.array(rates))
    assert changed(near, changes) is not None


def test_snapped_weights_go_nearly_all_the_way() -> None:
    layers = perceptron([3, 4], 0)
    affine = Affine((Dense(frozen(layers[0][0])),), frozen(layers[0][1]))
    graph = Graph((TensorSpec("x", (3,)),), (Node(affine, (0,), TensorSpec("y", (4,))),), (1,))
    for weights in perturbed(graph, Fraction(1, 100)).graph.weights or ():
        room = Room.of(weights)
        found = room.exact(np.ones(room.classes))
        for number, change in zip(weights.numbers.ravel(), found, strict=True):
            exact = Fraction(float(number))
            assert Fraction(99, 100) <= change / (exact * Fraction(1, 100)) <= 1
            assert np.float32(float(exact + change)) == exact + change  # a file can store it


@law(30, 300, seed=st.integers(0, 10**6))
def test_slopes_by_points_and_weights(seed: int) -> None:
    """Against differences, where no phase changes."""
    random = np.random.default_rng(seed)
    layers = perceptron([2, 3, 2], seed)
    nodes, value = [], 0
    for number, (weight, bias) in enumerate(layers):
        affine = Affine((Dense(frozen(weight)),), frozen(bias))
        nodes.append(Node(affine, (value,), TensorSpec(f"z{number}", bias.shape)))
        value += 1
        if number == 0:
            nodes.append(Node(RELU, (value,), TensorSpec("a", bias.shape)))
            value += 1
    made = perturbed(Graph((TensorSpec("x", (2,)),), tuple(nodes), (value,)), Fraction(1, 2))
    gradient = made.with_gradient(made.graph, 0)
    graph = gradient.graph.with_outputs((*made.graph.outputs, *gradient.by_input))
    passes = Passes(graph, compile_graph(graph))
    rows = random.standard_normal((1, graph.output_size))
    x = random.standard_normal((1, 2))
    off = [0.3 * one.numbers[None] * random.uniform(-1, 1, (1, *one.numbers.shape)) for one in passes.weights]

    def total(x: np.ndarray, off: list[np.ndarray]) -> float:
        return float((passes.outputs(passes.values(x, off)) * rows).sum())

    by_x, by_off = passes.gradient(passes.values(x, off), off, rows)
    step = 1e-6
    parts = [(x, by_x), *zip(off, by_off, strict=True)]
    for place, (array, slope) in enumerate(parts):
        way = random.standard_normal(array.shape)
        ends = []
        for sign in (step, -step):
            moved = [part for part, _ in parts]
            moved[place] = array + sign * way
            ends.append(total(moved[0], moved[1:]))
        expected = float((slope * way).sum())
        assert (ends[0] - ends[1]) / (2 * step) == pytest.approx(expected, rel=1e-4, abs=1e-5)


# -- whole claims ----------------------------------------------------------------------------------------

HEAD = """language 1
network f = "f.onnx" { input a, b, c  output p, q  domain a in [0, 1], b in [0, 1], c in [0, 1] }
network h = "h.onnx" { input a, b, c  output p, q  domain a in [0, 1], b in [0, 1], c in [0, 1] }
def at = [0.25, 0.5, 0.75]
"""


def decided(folder: Path, text: str) -> dict[str, ClaimReport]:
    spec = folder / "claims.nnspec"
    spec.write_text(HEAD + text, encoding="utf-8")
    report = check([spec], CheckOptions(budget=3000, jobs=1))
    assert not [d for d in report.diagnostics if d.is_error], report.diagnostics
    return {claim.name: claim for claim in report.claims}


def with_changes(layers: Layers, network: ChangedNetwork) -> Layers:
    """The layers as the counterexample has them; a file of float32 holds them exactly."""
    arrays = {array.name: array for array in network.arrays}

    def moved(array: np.ndarray, name: str) -> np.ndarray:
        exact = [Fraction(float(number)) for number in array.ravel()]
        changes = arrays[name].changes if name in arrays else [Fraction(0)] * len(exact)
        total = [number + change for number, change in zip(exact, changes, strict=True)]
        for number, change in zip(exact, changes, strict=True):
            assert abs(change) <= abs(number) / 50
        result = np.array([float(number) for number in total], dtype=np.float32)
        assert [Fraction(float(number)) for number in result] == total
        return result.reshape(array.shape)

    return [
        (moved(weight, f"weights of z{place}"), moved(bias, f"biases of z{place}"))
        for place, (weight, bias) in enumerate(layers)
    ]


CLAIMS = {
    "explanation": ("norm(grad({}.p, at) - grad(f.p, at), {}) <= {}", "forall g in perturbed(f, 2 %): "),
    "loss": (
        "norm(grad(cross_entropy({}).p, at) - grad(cross_entropy(f).p, at), {}) <= {}",
        "forall g in perturbed(f, 2 %): ",
    ),
    "outputs": ("norm({}(x) - f(x), {}) <= {}", "forall g in perturbed(f, 2 %), x in f.domain: "),
}


@pytest.mark.parametrize("kind", [pytest.param(k, marks=pytest.mark.long) for k in CLAIMS])
@law(
    6, 40, seed=st.integers(0, 10**6), limit=st.sampled_from(["0.005", "0.02", "0.05", "0.2"]), data=st.data()
)
def test_a_counterexample_is_one_of_the_network_with_its_weights(
    kind: str, seed: int, limit: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    confirm(kind, seed, limit, data.draw(st.sampled_from(["l1", "l2", "linf"])), tmp_path_factory.mktemp("w"))


def confirm(kind: str, seed: int, limit: str, norm: str, folder: Path) -> ClaimReport:
    layers = perceptron([3, 4, 4, 2], seed)
    body, quantified = CLAIMS[kind]
    for name in ("f", "h"):
        stored(layers, folder / f"{name}.onnx")
    found = decided(folder, f"claim c: {quantified}{body.format('g', norm, limit)}\n")["c"]
    if found.status is not Status.REFUTED:
        return found
    assert found.counterexample is not None
    networks = found.counterexample.networks
    if networks:
        (network,) = networks
        assert network.name == "f′"
        stored(with_changes(layers, network), folder / "h.onnx")
    ordinary = quantified.split(", ")[1:] and "forall x in f.domain: "
    again = decided(folder, f"claim c: {ordinary or ''}{body.format('h', norm, limit)}\n")["c"]
    assert again.status is Status.REFUTED
    return found


def test_counterexamples_of_every_kind(tmp_path: Path) -> None:
    for place, kind in enumerate(CLAIMS):
        folder = tmp_path / kind
        folder.mkdir()
        found = confirm(kind, place, "0.01", "l2", folder)
        assert found.status is Status.REFUTED
        assert found.backend == BACKEND.name


def test_two_networks_change_by_themselves(tmp_path: Path) -> None:
    """One and the same network does not differ from itself; two that are near one do."""
    for name in ("f", "h"):
        stored(perceptron([3, 4, 2], 1), tmp_path / f"{name}.onnx")
    head = "forall g in perturbed(f, 1 %), "
    found = decided(
        tmp_path,
        f"claim same:  {head}x in f.domain: g(x).p - g(x).p <= 0\n"
        f"claim other: {head}k in perturbed(f, 1 %), x in f.domain: g(x).p - k(x).p <= 0.001\n"
        f"claim some:  exists g in perturbed(f, 1 %), x in f.domain: g(x).p - f(x).p >= 0.001\n",
    )
    assert found["same"].status is Status.PROVED
    assert found["other"].status is Status.REFUTED
    assert found["some"].status is Status.PROVED
    other, some = found["other"].counterexample, found["some"].counterexample
    assert other is not None and some is not None
    assert [network.name for network in other.networks] == ["f′", "f′′"]
    assert [network.name for network in some.networks] == ["f′"]


def test_reports_and_measures_say_by_how_much_weights_are_off(tmp_path: Path) -> None:
    for name in ("f", "h"):
        stored(perceptron([3, 4, 2], 2), tmp_path / f"{name}.onnx")
    spec = tmp_path / "m.nnspec"
    spec.write_text(
        HEAD
        + "claim c: explanation_stable(f.p, at: at, weights: 1 %, within: 0.001)\n"
        + "measure m = max norm(grad(g.p, at) - grad(f.p, at), linf) for g in perturbed(f, 1 %), to 20 %\n",
        encoding="utf-8",
    )
    report = check([spec], CheckOptions(budget=3000, jobs=1))
    claim, measure = report.claims
    assert claim.counterexample is not None
    (network,) = claim.counterexample.networks
    assert 0 < network.changed <= network.total == 3 * 4 + 4 + 4 * 2 + 2
    assert 0 < network.most <= 0.01
    assert claim.counterexample.replay.onnxruntime is None
    assert measure.measurement is not None
    (bracket,) = measure.measurement.brackets
    assert bracket.lower is not None and bracket.upper is not None
    assert 0 < bracket.lower.value <= bracket.upper.value
    assert bracket.lower.point is not None and bracket.lower.point.networks
    stream = StringIO()
    JSON.render(report, stream)
    (document, _) = json.loads(stream.getvalue())["claims"]
    (said,) = document["counterexample"]["networks"]
    assert (said["name"], said["changed"], said["weights"]) == ("f′", network.changed, network.total)
    exact = [Fraction(change) for array in said["arrays"] for change in array["changes"]]
    assert exact == [change for array in network.arrays for change in array.changes]


def test_it_takes_what_it_can_change() -> None:
    affine = Affine((Dense(frozen(np.array([[1.0]]))),), frozen(np.zeros(1)))
    graph = Graph((TensorSpec("x", (1,)),), (Node(affine, (0,), TensorSpec("y", (1,))),), (1,))
    box = Box((Fraction(0),), (Fraction(1),))
    plain = Obligation(graph, Region((box,)), LinearAtom((), ((0, Fraction(1)),), Fraction(0), strict=True))
    assert BACKEND.supports(plain) == "the claim is not about networks whose weights may change"
    near = replace(plain, graph=perturbed(graph, Fraction(1)).graph)
    assert BACKEND.supports(near) is None
    attempts = plan(near, [FALSIFY, BOUNDS, BACKEND], Wishes(seconds=10.0)).attempts
    assert [attempt.backend for attempt in attempts] == ["drift", "bounds", "drift"]
    endless = replace(near, region=Region((Box((None,), (Fraction(1),)),)))
    assert BACKEND.supports(endless) == "the region is unbounded"


@law(20, 200, head=st.lists(st.fractions(), max_size=3), numbers=st.lists(st.floats(-1, 1), max_size=5))
def test_long_points_are_stored_exactly(head: list[Fraction], numbers: list[float]) -> None:
    """Weights are many, and floats; what is before them need be none."""
    tail = [Fraction(number) for number in numbers] * 300
    outcomes = (Refuted((*head, *tail)), Refuted((*tail, *head)))
    assert decode(encode(outcomes)).outcomes == outcomes


def test_a_long_point_that_is_no_number_is_refused() -> None:
    def record(last: float) -> bytes:
        writer = ColumnWriter()
        for number in (1, 8, 0):  # one outcome, a long point, no fractions
            writer.number(number)
        writer.array(Columns.CUT, np.array([0.5, last]))
        body = writer.content()
        return MAGIC + sha256(body).digest() + body

    assert decode(record(0.25)).outcomes == (Refuted((Fraction(1, 2), Fraction(1, 4))),)
    for number in (np.inf, np.nan):
        with pytest.raises(BadRecord, match="none"):
            decode(record(number))


def test_a_counterexample_with_its_weights_is_audited(tmp_path: Path) -> None:
    for name in ("f", "h"):
        stored(perceptron([3, 30, 30, 2], 5), tmp_path / f"{name}.onnx")
    spec = tmp_path / "a.nnspec"
    claimed = "claim c: explanation_stable(f.p, at: at, weights: 1 %, within: {})\n"
    spec.write_text(HEAD + claimed.format("0.001"), encoding="utf-8")
    options = CheckOptions(budget=3000, jobs=1, store=tmp_path / "store")
    (claim,) = check([spec], options).claims
    assert claim.counterexample is not None and claim.certificate is not None
    (audited,) = audit([spec], options).report.claims
    assert audited.status is Status.REFUTED
    assert audited.counterexample is not None
    assert audited.counterexample.networks == claim.counterexample.networks
    spec.write_text(HEAD + claimed.format("10"), encoding="utf-8")
    (other,) = check([spec], options).claims
    assert other.status is not Status.REFUTED
