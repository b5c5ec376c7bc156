"""Scenes over random graphs, rows to ask them about, and what these are worth at a point, in fractions.

In: Hypothesis.  Out: samples, scenes of either arithmetic, rows as certificates have them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import strategies as st

from spec_lang.bounding.boxes import Boxes
from spec_lang.kernel.integers import Integers
from spec_lang.kernel.network import ReluStep, compiled
from spec_lang.kernel.rounded import Rounded
from spec_lang.kernel.rows import Alternatives, alternatives, scale_of
from spec_lang.kernel.scene import About, OwnSlopes, Ranges, Scene, Slopes
from spec_lang.network.graph import Graph
from spec_lang.network.primitives import Affine
from spec_lang.obligations.model import Any, Box, LinearAtom, Obligation, Region, Semantics, Terms
from tests.bounding.samples import float_boxes, share_lists
from tests.graphs import chains, dags
from tests.kernel.nets import nets
from tests.maps import rows_of
from tests.pairs import differences

Sample = tuple[Graph, Boxes, list[list[Fraction]], tuple[LinearAtom, ...]]
ARITHMETICS = pytest.mark.parametrize("arithmetic", [Integers, Rounded])
coefficients = st.sampled_from([Fraction(n) for n in (1, -1, 3)] + [Fraction(1, 3), Fraction(-7, 10**6)])


def terms(size: int) -> st.SearchStrategy[Terms]:
    chosen = st.dictionaries(st.integers(0, size - 1), coefficients, max_size=2)
    return chosen.map(lambda found: tuple(sorted(found.items())))


@st.composite
def samples_of(draw: st.DrawFn, graphs: st.SearchStrategy[Graph]) -> Sample:
    graph = draw(graphs)
    size = graph.input_size
    atom = st.builds(
        LinearAtom,
        terms(size),
        terms(graph.output_size),
        st.fractions(-2, 2, max_denominator=9),
        st.booleans(),
    )
    atoms = tuple(draw(st.lists(atom, min_size=1, max_size=3)))
    return graph, draw(float_boxes(size, batch=1)), draw(share_lists(size)), atoms


def samples() -> st.SearchStrategy[Sample]:
    return samples_of(st.one_of(chains(), dags(), nets(), differences()))


def scene_of(
    arithmetic: type[Integers] | type[Rounded], sample: Sample, semantics: Semantics = Semantics.REAL
) -> tuple[Scene, Alternatives]:
    graph, boxes, _, atoms = sample
    exact = (tuple(map(Fraction, side[0].tolist())) for side in (boxes.lower, boxes.upper))
    obligation = Obligation(graph, Region((Box(*exact),)), Any(atoms))
    network = compiled(graph)
    if semantics is Semantics.FLOAT32:  # as `compiled` has it, which refuses weights that are not float32
        network = replace(network, deltas={})
    found = alternatives(obligation, network)
    return arithmetic(network, found, semantics).scene(boxes.lower, boxes.upper), found


def ranges_hold(ranges: Ranges, values: list[list[Fraction]]) -> None:
    """Every value lies within its range."""
    for value, (lower, upper) in ranges.items():
        for number, low, high in zip(values[value], lower[0].tolist(), upper[0].tolist(), strict=True):
            assert low == -np.inf or Fraction(low) <= number
            assert high == np.inf or number <= Fraction(high)


def value_of(atom: LinearAtom, point: list[Fraction], outputs: list[Fraction]) -> Fraction:
    """Scaled as certificates have it."""
    total = atom.constant + sum(c * point[i] for i, c in atom.inputs)
    return (total + sum(c * outputs[j] for j, c in atom.outputs)) / scale_of(atom)


def factor(scene: Scene, found: Alternatives) -> Fraction:
    """What the integers multiply all rows by, to have integers."""
    if not isinstance(scene.__dict__["shared"], Integers):
        return Fraction(1)
    for row, atom in enumerate(found.atoms):
        for terms_of, kept in ((atom.inputs, "inputs"), (atom.outputs, "outputs")):
            for index, coefficient in terms_of:
                number = getattr(scene.__dict__["shared"], kept)[row, index]
                return Fraction(number) / (coefficient / scale_of(atom))
        if atom.constant:
            return Fraction(scene.__dict__["shared"].constants[row]) / (atom.constant / scale_of(atom))
    return Fraction(1)


def no_slopes() -> OwnSlopes:
    none = np.zeros(0, dtype=np.intp)
    return OwnSlopes(none, none, np.zeros(0))


@dataclass(frozen=True)
class DrawnRows:
    """Rows of a certificate: combinations of atoms, what they are about, and slopes."""

    multipliers: np.ndarray
    slopes: Slopes
    about: About | None

    def hold(
        self,
        minimum: np.ndarray,
        scene: Scene,
        found: Alternatives,
        point: list[Fraction],
        values: list[list[Fraction]],
    ) -> None:
        """Where the phases of a row do, it is at least its bound."""
        outputs = [number for output in scene.network.outputs for number in values[output]]
        for row, bound in enumerate(minimum.tolist()):
            if bound == -np.inf or not _phases_hold(scene, self.slopes.phases[row], values):
                continue
            atoms = (value_of(atom, point, outputs) for atom in found.atoms)
            mixed = sum(
                (Fraction(m) * v for m, v in zip(self.multipliers[row].tolist(), atoms, strict=False)),
                Fraction(0),
            )
            if self.about is not None:
                mixed += int(self.about.side[row]) * values[self.about.value][self.about.neuron[row]]
            assert Fraction(bound) <= mixed


def drawn_rows(data: st.DataObject, scene: Scene, atoms: int, about: int | None = None) -> DrawnRows:
    """`atoms` of them are mixed; with `about` the rows are about elements of that value."""
    count, network = 3, scene.network

    def drawn(width: int, numbers: list[float]) -> np.ndarray:
        chosen = st.lists(st.sampled_from(numbers), min_size=count * width, max_size=count * width)
        return np.array(data.draw(chosen), dtype=np.float64).reshape(count, width)

    phases = drawn(network.neurons, [0, 1, -1]).astype(np.int8)
    columns = np.flatnonzero(drawn(network.neurons, [0, 1])[0])
    slopes = Slopes(phases, columns, drawn(len(columns), [0.0, 0.5, 1.0, 0.3125]))
    multipliers = drawn(atoms, [0.0, 1.0, 0.5])
    if about is None:
        return DrawnRows(multipliers, slopes, None)
    neuron = drawn(1, list(range(network.sizes[about])))[:, 0].astype(np.intp)
    side = drawn(1, [-1, 1])[:, 0].astype(np.int8)
    return DrawnRows(multipliers, slopes, About(about, neuron, side))


def _phases_hold(scene: Scene, phases: np.ndarray, values: list[list[Fraction]]) -> bool:
    for step in scene.network.steps:
        if isinstance(step, ReluStep):
            for place, z in enumerate(values[step.operand]):
                phase = phases[step.first + place]
                if (phase > 0 and z < 0) or (phase < 0 and z > 0):
                    return False
    return True


def float32_values(graph: Graph, point: list[Fraction], signs: list[int]) -> list[list[Fraction]]:
    """Every value when each sum of a network is off by as much as float32 permits, up or down."""
    values: list[list[Fraction]] = []
    rest = list(point)
    for spec in graph.inputs:
        values.append(rest[: spec.size])
        rest = rest[spec.size :]
    for node, sign in zip(graph.nodes, signs, strict=True):
        if not isinstance(node.primitive, Affine):
            values.append([max(v, Fraction(0)) for v in values[node.operands[0]]])
            continue
        total = [Fraction(float(b)) for b in node.primitive.bias]
        size = [abs(b) for b in total]
        terms = [0] * len(total)
        for linear, operand in zip(node.primitive.maps, node.operands, strict=True):
            for place, row in enumerate(rows_of(linear)):
                products = [Fraction(w) * values[operand][column] for column, w in row.items()]
                terms[place] += len(products)
                total[place] += sum(products)
                size[place] += sum(abs(p) for p in products)
        errors = [_float32_error(s, n) for s, n in zip(size, terms, strict=True)]
        values.append([t + (not node.glue) * sign * e for t, e in zip(total, errors, strict=True)])
    return values


def _float32_error(size: Fraction, terms: int) -> Fraction:
    k = Fraction(terms + 4, 2**24)
    return k / (1 - k) * size + (2 * terms + 1) * Fraction(1, 2**126)
