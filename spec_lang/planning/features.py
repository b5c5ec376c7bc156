"""A structural summary of an obligation, cheap to make, for the planner and for `explain`.

In: an obligation.  Out: `Features`: counts, and which function it is about.  No bound is computed and no
weight is read, so the cost is linear in the number of nodes, boxes and atoms.
"""

from __future__ import annotations

from typing import Final

from spec_lang._values import dataclass
from spec_lang.network.graph import Graph
from spec_lang.network.primitives import RELU, Affine, Binary, PiecewiseLinear
from spec_lang.obligations.model import All, Condition, LinearAtom, Obligation, Semantics, atoms

_COUNTLESS: Final = 10**9  # beyond it a product of disjunctions is not counted out


@dataclass(frozen=True, slots=True)
class Features:
    """`neurons` are the elements of non-linear nodes, `bent` those of them that are no ReLU; `gates` are not
    among them, where they are open or shut as a neuron is on or off; `disjuncts` is the size of the
    violation's disjunctive normal form; `bounded` says that every box has two finite sides everywhere, `ties`
    counts the inputs that an equation fixes; `networks` those that stand side by side."""

    inputs: int
    outputs: int
    layers: int
    neurons: int
    boxes: int
    constraints: int
    atoms: int
    disjuncts: int
    bounded: bool
    ties: int = 0
    bent: int = 0
    gates: int = 0
    networks: int = 1
    semantics: Semantics = Semantics.REAL

    def describe(self) -> str:
        """The counts in words."""
        parts = [_count(self.inputs, "input"), _count(self.neurons, "neuron")]
        if self.bent:
            parts[1] += f" ({self.bent:,} not ReLU)"
        if self.gates:
            parts.append(_count(self.gates, "gate"))
        parts.append(_count(self.outputs, "output"))
        if self.boxes != 1:
            parts.append(_count(self.boxes, "box", "boxes"))
        if self.constraints:
            parts.append(_count(self.constraints, "constraint") + " on the inputs")
        if self.ties:
            parts.append(_count(self.ties, "input") + " fixed by an equation")
        parts.append(_count(self.disjuncts, "way", "ways") + " to be broken")
        if not self.bounded:
            parts.append("an unbounded region")
        if self.semantics is not Semantics.REAL:
            parts.append(f"in {self.semantics.value}")
        return ", ".join(parts)


def features(obligation: Obligation) -> Features:
    """The features of `obligation`; exact."""
    graph, region = obligation.graph, obligation.region
    bent = [node for node in graph.nodes if not isinstance(node.primitive, Affine)]
    gates = _gates(graph)
    nonlinear = [node for node in bent if id(node) not in gates]
    return Features(
        inputs=graph.input_size,
        outputs=graph.output_size,
        layers=len(graph.nodes) - len(bent),
        neurons=sum(node.size for node in nonlinear),
        boxes=len(region.boxes),
        constraints=len(region.constraints),
        atoms=sum(1 for _ in atoms(obligation.violation)),
        disjuncts=_disjuncts(obligation.violation),
        bounded=all(None not in box.lower and None not in box.upper for box in region.boxes),
        ties=len(obligation.ties),
        networks=max(1, len({node.part for node in graph.nodes if node.part >= 0})),
        bent=sum(node.size for node in nonlinear if node.primitive != RELU),
        gates=sum(node.size for node in bent if id(node) in gates),
        semantics=obligation.semantics,
    )


def _gates(graph: Graph) -> set[int]:
    """The identities of gates without phases of their own: others have the same z."""
    phased = {node.operands[0] for node in graph.nodes if isinstance(node.primitive, PiecewiseLinear)}
    found: set[int] = set()
    for node in graph.nodes:
        if node.primitive is Binary.GATE:
            if node.operands[0] in phased:
                found.add(id(node))
            phased.add(node.operands[0])
    return found


def _disjuncts(condition: Condition) -> int:
    if isinstance(condition, LinearAtom):
        return 1
    counts = [_disjuncts(part) for part in condition.parts]
    if isinstance(condition, All):
        product = 1
        for count in counts:
            product = min(product * count, _COUNTLESS)
        return product
    return min(sum(counts), _COUNTLESS)


def _count(number: int, singular: str, plural: str | None = None) -> str:
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"
