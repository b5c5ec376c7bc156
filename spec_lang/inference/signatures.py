"""What every neuron is at every point, and what the network decides there.

In: a subject, decisions, and points.  Out: `Signatures`: bits by layer, the decision that holds, and how many
points satisfy a conjunction of conditions.  Bits are of float64 values; how far rounding can carry these is
bounded, and a point that is nearer to a condition's bound than that is counted by exact evaluation.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.bounding.program import UNIT_ROUNDOFF, AffineStep, BinaryStep, Program, compile_graph
from spec_lang.inference.model import F64, Candidate, Decision, Indices, Layer, Literal, Mask
from spec_lang.inference.subject import Subject
from spec_lang.kernel.exact import ExactNetwork
from spec_lang.obligations.model import LinearAtom

_CHUNK = 8192  # points at a time: all values of a network at once are kept of so many alone
NONE = -1  # no decision holds


@dataclass(frozen=True, slots=True, eq=False)
class Signatures:
    """`bits[k]` is (N, neurons) of layer k; `decided` the number of the decision at each point, or `NONE`.

    `points` are in network space.
    """

    subject: Subject
    decisions: tuple[Decision, ...]
    program: Program
    points: F64
    bits: tuple[Mask, ...]
    outputs: F64
    decided: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.points)

    @property
    def counts(self) -> NDArray[np.intp]:
        """How many points every decision has."""
        return np.bincount(self.decided[self.decided != NONE], minlength=len(self.decisions))

    def where(self, candidate: Candidate) -> Mask:
        """The points that satisfy a candidate's conditions, in floats."""
        found = np.ones(len(self), dtype=np.bool_)
        if candidate.box is not None:
            found &= inside(self.points, candidate.box.lower, candidate.box.upper)
        simple = [literal for literal in candidate.literals if not literal.bound]
        for layer in {literal.layer for literal in simple}:
            chosen = [literal for literal in simple if literal.layer == layer]
            columns = [literal.neuron for literal in chosen]
            signs = np.array([literal.above for literal in chosen])
            found &= (self.bits[layer][:, columns] == signs).all(axis=1)
        others = [literal for literal in candidate.literals if literal.bound]
        if others:
            rows = np.flatnonzero(found)
            found[rows] = self._thresholds(rows, others)
        return found

    def _thresholds(self, rows: Indices, literals: Sequence[Literal]) -> Mask:
        kept = np.ones(len(rows), dtype=np.bool_)
        for layer in {literal.layer for literal in literals}:
            values = self.values(layer, rows)
            for literal in (literal for literal in literals if literal.layer == layer):
                kept &= (values[:, literal.neuron] > float(literal.bound)) == literal.above
        return kept

    def values(self, layer: int, rows: Indices) -> F64:
        """The values of a layer after its ReLUs."""
        wanted = self.subject.layers[layer].value
        parts = [_forward(self.program, self.points[part])[wanted] for part in _parts(rows)]
        return np.concatenate(parts) if parts else np.zeros((0, self.subject.layers[layer].size))

    def support(self, candidate: Candidate) -> Support:
        """Counted exactly."""
        rows = np.flatnonzero(self._maybe(candidate))
        if not len(rows):
            return Support(0, 0)
        doubtful = self._doubtful(candidate, rows)
        sure = rows[~doubtful & self.where(candidate)[rows]]
        met = [row for row in rows[doubtful].tolist() if self._exactly(candidate, row)]
        every = np.concatenate([sure, np.array(met, dtype=np.intp)])
        return Support(len(every), int((self.decided[every] == candidate.decision).sum()))

    def _maybe(self, candidate: Candidate) -> Mask:
        """The points that satisfy all conditions but for what rounding may have changed: a superset is
        found by leaving out conditions one by one where a point fails few of them."""
        found = self.where(candidate)
        failed = np.zeros(len(self), dtype=np.intp)
        for literal in candidate.literals:
            if not literal.bound:
                failed += self.bits[literal.layer][:, literal.neuron] != literal.above
        # Few points fail one condition alone; those are looked at again, with their distance.
        near = np.flatnonzero((failed > 0) & (failed <= _FEW))
        if candidate.box is not None:
            near = near[inside(self.points[near], candidate.box.lower, candidate.box.upper)]
        if len(near):
            found[near[self._doubtful(candidate, near)]] = True
        return found

    def _doubtful(self, candidate: Candidate, rows: Indices) -> Mask:
        """Whether some value that a condition is on lies within its rounding error of the bound."""
        doubt = np.zeros(len(rows), dtype=np.bool_)
        if not candidate.literals:
            return doubt
        start = 0
        for part in _parts(rows):
            values, errors = _with_errors(self.program, self.points[part])
            for literal in candidate.literals:
                at = self.subject.layers[literal.layer].operand
                distance = abs(values[at][:, literal.neuron] - float(literal.bound))
                slack = errors[at][:, literal.neuron] + abs(float(literal.bound)) * 2 * UNIT_ROUNDOFF
                doubt[start : start + len(part)] |= distance <= slack
            start += len(part)
        return doubt

    def _exactly(self, candidate: Candidate, row: int) -> bool:
        layers = self.subject.layers
        chosen = sorted({literal.layer for literal in candidate.literals})
        graph = self.subject.graph.with_outputs(tuple(layers[k].value for k in chosen))
        values = ExactNetwork(graph)(tuple(map(Fraction, self.points[row].tolist())))
        start, offset = 0, dict[int, int]()
        for layer in chosen:
            offset[layer], start = start, start + layers[layer].size
        return all((values[offset[c.layer] + c.neuron] > c.bound) == c.above for c in candidate.literals)


_FEW = 2


@dataclass(frozen=True, slots=True)
class Support:
    """How many points satisfy the conditions, and of these, how many have the decision."""

    points: int
    pure: int


def inside(points: F64, lower: Sequence[Fraction], upper: Sequence[Fraction]) -> Mask:
    """Whether points lie in an exact box: a float is compared with the ends rounded towards the inside."""
    low = np.array([_float_at_least(value) for value in lower])
    high = np.array([-_float_at_least(-value) for value in upper])
    return np.asarray(((points >= low) & (points <= high)).all(axis=1))


def _float_at_least(value: Fraction) -> float:
    near = float(value)
    return near if Fraction(near) >= value else float(np.nextafter(near, np.inf))


def signatures(subject: Subject, decisions: Sequence[Decision], points: F64) -> Signatures:
    """The signatures at `points`, which are in network space."""
    program = compile_graph(subject.graph)
    bits: list[list[Mask]] = [[] for _ in subject.layers]
    outputs: list[F64] = []
    for part in _parts(np.arange(len(points))):
        values = _forward(program, points[part])
        for layer, found in zip(subject.layers, bits, strict=True):
            found.append(values[layer.operand] > 0)
        outputs.append(np.concatenate([values[number] for number in subject.graph.outputs], axis=1))
    joined = np.concatenate(outputs)
    decided = decisions_at(decisions, points, joined)
    layers = tuple(map(np.concatenate, bits))
    return Signatures(subject, tuple(decisions), program, points, layers, joined, decided)


def decisions_at(decisions: Sequence[Decision], points: F64, outputs: F64) -> NDArray[np.intp]:
    """The number of the decision that holds at each point, in floats; a tie is none."""
    found = np.full(len(points), NONE, dtype=np.intp)
    for number, decision in enumerate(decisions):
        fails = np.zeros(len(points), dtype=np.bool_)
        for rival in decision.rivals:
            fails |= np.logical_and.reduce([atom_values(atom, points, outputs) <= 0 for atom in rival])
        found[~fails] = number
    return found


def room(decision: Decision, points: F64, outputs: F64) -> F64:
    """How far each point is from breaking a decision, by the largest atom of the nearest rival."""
    found = np.full(len(points), np.inf)
    for rival in decision.rivals:
        atoms = [atom_values(atom, points, outputs) for atom in rival]
        found = np.minimum(found, np.maximum.reduce(atoms))
    return found


def atom_values(atom: LinearAtom, points: F64, outputs: F64) -> F64:
    """The left side of an atom, which is true where this is 0 or less."""
    total = np.full(len(points), float(atom.constant))
    for terms, values in ((atom.inputs, points), (atom.outputs, outputs)):
        for index, factor in terms:
            total += float(factor) * values[:, index]
    return total


def _parts(rows: Indices) -> list[Indices]:
    return [rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK)]


def _forward(program: Program, points: F64) -> dict[int, F64]:
    values = program.split_inputs(points)
    for step in program.steps:
        values[step.value] = step.forward(values)
    return values


def _with_errors(program: Program, points: F64) -> tuple[dict[int, F64], dict[int, F64]]:
    """All values, and how far rounding can have carried them.

    Sound because an affine value errs by what its operands do, through the absolute values of its weights,
    and by γ times the sum of its terms' sizes; a ReLU lets no error grow.  What the second sum errs by is far
    within the factor 1.01.
    """
    values = program.split_inputs(points)
    errors = {number: np.zeros_like(value) for number, value in values.items()}
    for step in program.steps:
        values[step.value] = step.forward(values)
        if isinstance(step, AffineStep):
            carried = step.magnitude(errors) - step.bias_magnitude
            sizes = step.magnitude({o: abs(values[o]) + errors[o] for o in step.operands})
            errors[step.value] = 1.01 * (
                np.maximum(carried, 0.0) * (1 + program.gamma) + program.gamma * sizes
            )
            errors[step.value] += 1e-300
        else:
            errors[step.value] = errors[step.operands[0] if isinstance(step, BinaryStep) else step.operand]
    return values, errors


def layer_number(layers: Sequence[Layer], name: str) -> int | None:
    """A layer by its name in the spec, by its ONNX tensor or by its number from 1."""
    for number, layer in enumerate(layers):
        if name in (layer.name, layer.tensor, str(number + 1)):
            return number
    return None
