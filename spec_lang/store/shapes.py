"""What a goal would still be with other weights: the name by which proofs of earlier networks are found.

In: a goal, and whose it is.  Out: two SHA-256: of the goal's form, without any number of its network, region
or violation; and of these last two with their numbers.  Who finds something by such a name knows where to
begin, and nothing more: of two goals of one form one may hold and one fail.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final, assert_never

from spec_lang.network.graph import Graph, Node
from spec_lang.network.primitives import (
    Affine,
    Binary,
    Convolution,
    Dense,
    Entries,
    LinearMap,
    PiecewiseLinear,
    Primitive,
    Scale,
    Smooth,
)
from spec_lang.obligations.model import All, Any, Box, Condition, Goal, LinearAtom, Obligation, Terms
from spec_lang.store.keys import condition_text, region_text

_VERSION: Final = "nnspec form 1"


def form_of(goal: Goal, owner: str) -> str:
    """The same for all goals of one form that belong to `owner`."""
    parts = (_VERSION, owner, f"exists={goal.exists}", *map(_obligation, goal.obligations))
    return _hash("\n".join(parts))


def constants_of(goal: Goal) -> str:
    """The same for all goals with these regions and violations."""
    return _hash("\n".join(region_text(o.region) + condition_text(o.violation) for o in goal.obligations))


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _obligation(obligation: Obligation) -> str:
    region = obligation.region
    boxes = "".join(map(_box, region.boxes))
    constraints = "".join(map(_condition, region.constraints))
    said = f"{boxes};{constraints};{_condition(obligation.violation)}"
    return f"{obligation.semantics.value};{_graph(obligation.graph)};{said}"


def _graph(graph: Graph) -> str:
    inputs = [spec.size for spec in graph.inputs]
    return f"{inputs}{''.join(map(_node, graph.nodes))}{list(graph.outputs)}"


def _node(node: Node) -> str:
    drift = "" if node.drift is None else f"drift{len(node.drift.terms)}"
    return f"({_primitive(node.primitive)}{node.size}{list(node.operands)}{node.glue}{drift})"


def _primitive(primitive: Primitive) -> str:
    match primitive:
        case Affine():
            return f"affine{[_map(linear) for linear in primitive.maps]}{primitive.bias.shape}"
        case PiecewiseLinear():
            return f"piecewise{len(primitive.knots)}"
        case Smooth() | Binary():
            return str(primitive.value)
        case _ as unreachable:
            assert_never(unreachable)


def _map(linear: LinearMap) -> str:
    match linear:
        case Dense(weight):
            return f"dense{weight.shape}"
        case Scale(factor):
            return f"scale{factor.shape}"
        case Entries(shape):
            return f"entries{shape}"
        case Convolution():
            sizes = (linear.size, linear.result, linear.strides, linear.dilations, linear.pads)
            return f"convolution{linear.weight.shape}{linear.groups}{sizes}{linear.adjoint}"
        case _ as unreachable:
            assert_never(unreachable)


def _box(box: Box) -> str:
    return "".join("-" if end is None else "n" for end in (*box.lower, *box.upper)) + ","


def _terms(terms: Terms) -> str:
    return f"{[index for index, _ in terms]}"


def _condition(condition: Condition) -> str:
    match condition:
        case LinearAtom(inputs, outputs, _, strict):
            return f"{_terms(inputs)}{_terms(outputs)}{'<' if strict else '<='}"
        case All(parts):
            return f"all({''.join(map(_condition, parts))})"
        case Any(parts):
            return f"any({''.join(map(_condition, parts))})"
        case _ as unreachable:
            assert_never(unreachable)
