"""The check of proofs case by case of ReLU phases: in every case, linear rows over the inputs clash.

In: an obligation and a `CasesProof`.  Out: what is wrong with it, or None; all of it is exact.  The box may
be unbounded, and rows may be strict: what only the closure reaches is told from what is reached.

Sound because each neuron that is split is z >= 0 or z <= 0 at any point, so that every point falls into a
leaf; where all neurons that a value depends on have their phase there (or do not depend on the inputs), the
value is the affine form of the inputs that is computed here; a point that breaks the obligation satisfies all
atoms of some conjunction; and rows that a point satisfies do not add up to a contradiction
[`kernel.farkas`].
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import accumulate
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.kernel.dyadics import plus
from spec_lang.kernel.exact import Dyadic, ExactMap, dyadic
from spec_lang.kernel.farkas import flaw_in_combination
from spec_lang.kernel.maps import with_numbers
from spec_lang.kernel.network import AffineStep, Network, ReluStep, Unchecked, compiled
from spec_lang.kernel.rows import Alternatives, alternatives
from spec_lang.kernel.verdict import EvidenceKind
from spec_lang.obligations.cases_certificate import CasesProof, CaseTree, Clash
from spec_lang.obligations.certificate import Flaw
from spec_lang.obligations.model import Box, EmptyRegion, LinearAtom, Obligation, Semantics

LEAF: Final = -1
DEEPEST: Final = 64  # neurons that are split, one below the other

Mask = NDArray[np.bool_]
Path = Mapping[int, bool]  # by neuron, whether it is on


def examine_cases(
    obligation: Obligation, proof: CasesProof, check_time: Callable[[], None]
) -> tuple[Flaw | None, EvidenceKind]:
    """The flaw, or None and what the check is worth.  Raises `Unchecked`."""
    scene = Linear.of(obligation)
    boxes = obligation.region.boxes
    if len(proof.trees) != len(boxes):
        raise Unchecked("the proof has not one tree for every box of the region")
    for box, tree in zip(boxes, proof.trees, strict=True):
        leaves = list(_leaves(tree, scene.network.neurons))
        if len(leaves) != len(tree.clashes):
            raise Unchecked("the proof has not clashes for every leaf")
        for path, clashes in zip(leaves, tree.clashes, strict=True):
            check_time()
            flaw = _flaw(scene, box, path, clashes)
            if flaw is not None:
                return Flaw(flaw), EvidenceKind.TRUSTED
    return None, EvidenceKind.CHECKED


def _leaves(tree: CaseTree, neurons: int) -> Iterator[dict[int, bool]]:
    """The phases at every leaf, left to right.  Raises `Unchecked` for what is no tree."""
    waiting: list[dict[int, bool]] = [{}]
    for number in tree.neuron.tolist():
        if not waiting:
            raise Unchecked("the nodes of the proof are more than a tree")
        path = waiting.pop()
        if number == LEAF:
            yield path
            continue
        if not 0 <= number < neurons or number in path or len(path) >= DEEPEST:
            raise Unchecked("the proof splits what cannot be split")
        waiting += [path | {number: False}, path | {number: True}]
    if waiting:
        raise Unchecked("the nodes of the proof are less than a tree")


def _flaw(scene: Linear, box: Box, path: Path, clashes: Sequence[Clash]) -> str | None:
    possible = [number for number, is_so in enumerate(scene.found.possible) if is_so]
    if len(clashes) != len(possible):
        raise Unchecked("the proof has not a clash for every conjunction")
    forms = scene.forms(path)
    for conjunction, clash in zip(possible, clashes, strict=True):
        rows = scene.rows(box, conjunction, path, forms)
        if not all(number in rows and isinstance(m, Fraction) for number, m in clash):
            return "a clash is one of rows that there are none of"
        used = tuple(rows[number] for number, _ in clash)
        flaw = flaw_in_combination(EmptyRegion(used, tuple(multiplier for _, multiplier in clash)))
        if flaw is not None:
            return flaw
    return None


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """The elements of a value: affine forms of the inputs, constants last, where they are `known`."""

    numbers: Dyadic  # (inputs + 1, size)
    known: Mask  # (size,)


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """An obligation about a network of affine maps and ReLUs, with real numbers."""

    network: Network
    found: Alternatives
    maps: Mapping[int, tuple[ExactMap, ...]]

    @classmethod
    def of(cls, obligation: Obligation) -> Linear:
        """Raises `Unchecked`."""
        graph = obligation.graph
        if obligation.semantics is not Semantics.REAL or graph.drifts:
            raise Unchecked("what is rounded, or may be off, is not linear in the inputs")
        network = compiled(graph)
        if not all(isinstance(step, AffineStep | ReluStep) for step in network.steps):
            raise Unchecked("the network is not one of affine maps and ReLUs")
        affine = (step for step in network.steps if isinstance(step, AffineStep))
        maps = {step.value: tuple(map(ExactMap.of, step.maps)) for step in affine}
        return cls(network, alternatives(obligation, network), maps)

    def forms(self, path: Path) -> dict[int, Form]:
        """By value."""
        network, size = self.network, self.network.input_size
        unit = np.concatenate([np.eye(size, dtype=np.int64), np.zeros((1, size), dtype=np.int64)])
        exact = unit.astype(object)
        found = {
            value: Form(Dyadic(exact[:, where], 0), np.ones(where.stop - where.start, dtype=np.bool_))
            for value, where in enumerate(network.inputs)
        }
        for step in network.steps:
            if isinstance(step, AffineStep):
                found[step.value] = self._affine(step, found)
            elif isinstance(step, ReluStep):
                found[step.value] = _relu(step, found[step.operand], path)
        return found

    def _affine(self, step: AffineStep, found: Mapping[int, Form]) -> Form:
        bias = dyadic(step.bias)
        rows = np.zeros((self.network.input_size + 1, self.network.sizes[step.value]), dtype=object)
        rows[-1] = bias.numbers
        total, unknown = Dyadic(rows, bias.shift), np.zeros(rows.shape[1])
        for operand, linear, exact in zip(step.operands, step.maps, self.maps[step.value], strict=True):
            form = found[operand]
            total = plus(total, exact.forward(form.numbers))
            present = with_numbers(linear, (linear.numbers != 0).astype(np.float64))
            unknown = unknown + present.forward((~form.known).astype(np.float64)[None])[0]
        return Form(total, unknown == 0)

    def rows(
        self, box: Box, conjunction: int, path: Path, forms: Mapping[int, Form]
    ) -> dict[int, LinearAtom]:
        """The rows that hold where the conjunction does, by number: lower ends of the inputs, upper ends,
        the conjunction's atoms, phases; those that there are, and that are known."""
        size, atoms = self.network.input_size, self.found.conjunctions[conjunction]
        found: dict[int, LinearAtom] = {}
        for i, (low, high) in enumerate(zip(box.lower, box.upper, strict=True)):
            if low is not None:
                found[i] = LinearAtom(((i, Fraction(-1)),), (), low, False)
            if high is not None:
                found[size + i] = LinearAtom(((i, Fraction(1)),), (), -high, False)
        for place, number in enumerate(atoms, start=2 * size):
            if (row := self._atom(self.found.atoms[number], forms)) is not None:
                found[place] = row
        for place, (neuron, on) in enumerate(path.items(), start=2 * size + len(atoms)):
            step = self.step_of(neuron)
            form, element = forms[step.operand], neuron - step.first
            if form.known[element]:
                found[place] = _row(_column(form.numbers, element), -1 if on else 1)
        return found

    def step_of(self, neuron: int) -> ReluStep:
        """The ReLU that a neuron is of."""
        for step in self.network.steps:
            if isinstance(step, ReluStep) and 0 <= neuron - step.first < self.network.sizes[step.value]:
                return step
        raise Unchecked("there is no such neuron")

    def _atom(self, atom: LinearAtom, forms: Mapping[int, Form]) -> LinearAtom | None:
        """An atom over the inputs alone; None where it speaks of what is not known."""
        starts = list(accumulate((self.network.sizes[v] for v in self.network.outputs), initial=0))
        total: dict[int, Fraction] = dict(atom.inputs)
        constant = atom.constant
        for index, c in atom.outputs:
            place = int(np.searchsorted(starts, index, side="right")) - 1
            form, element = forms[self.network.outputs[place]], index - starts[place]
            if not form.known[element]:
                return None
            *slopes, offset = _column(form.numbers, element)
            constant += c * offset
            for i, slope in enumerate(slopes):
                total[i] = total.get(i, Fraction(0)) + c * slope
        terms = tuple((i, total[i]) for i in sorted(total) if total[i])
        return LinearAtom(terms, (), constant, atom.strict)


def _relu(step: ReluStep, form: Form, path: Path) -> Form:
    numbers, known = form.numbers.numbers.copy(), form.known.copy()
    still = np.asarray((numbers[:-1] == 0).all(axis=0), dtype=np.bool_)
    for element in range(numbers.shape[1]):
        on = path.get(step.first + element)
        if known[element] and still[element]:
            on = bool(numbers[-1, element] >= 0)  # whatever the inputs are
        if on is None:
            known[element] = False
        if not on or not known[element]:
            numbers[:, element] = 0
    return Form(Dyadic(numbers, form.numbers.shift), known)


def _column(numbers: Dyadic, element: int) -> list[Fraction]:
    return [Fraction(int(number), 1 << numbers.shift) for number in numbers.numbers[:, element]]


def _row(column: Sequence[Fraction], sign: int) -> LinearAtom:
    """`sign · form <= 0`."""
    *slopes, constant = column
    return LinearAtom(tuple((i, sign * c) for i, c in enumerate(slopes) if c), (), sign * constant, False)
