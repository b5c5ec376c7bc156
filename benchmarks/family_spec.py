"""A whole family as one spec: a claim for every instance, named by its number.

In: instances.  Out: the text of a spec that says of each that no point meets its query; numbers as the query
writes them.  A query that cannot be read, or whose network cannot, has no claim and a reason instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from pathlib import Path

from benchmarks.instances import Instance
from spec_lang.diagnostics import InternalError
from spec_lang.formats.vnnlib1 import read_query
from spec_lang.network.graph import Graph
from spec_lang.network.onnx_import import load_graph
from spec_lang.obligations.model import All, Condition, LinearAtom

_LINE = 100  # numbers a line, for people


@dataclass(frozen=True, slots=True)
class FamilySpec:
    """`claims` are the instances that have a claim, by its name; `refused` says why others have none."""

    text: str
    claims: dict[str, Instance]
    refused: dict[Instance, str]


def family_spec(instances: Sequence[Instance]) -> FamilySpec:
    """One spec of all that can be read."""
    graphs: dict[Path, Graph | str] = {}
    names: dict[Path, str] = {}
    claims: dict[str, Instance] = {}
    refused: dict[Instance, str] = {}
    texts: list[str] = []
    for number, instance in enumerate(instances, start=1):
        if instance.onnx not in graphs:
            graphs[instance.onnx] = _graph(instance.onnx)
        graph = graphs[instance.onnx]
        said = graph if isinstance(graph, str) else _formula(instance, graph)
        if isinstance(said, str):
            refused[instance] = said
            continue
        network = names.setdefault(instance.onnx, f"net_{len(names) + 1}")
        name = f"case_{number}"
        claims[name] = instance
        texts.append(f'claim {name} "{instance.name}":\n{said(network)}\n')
    declared = [f'network {name} = "{path}"\n' for path, name in names.items()]
    return FamilySpec("\n".join(["language 1\n", *declared, *texts]), claims, refused)


def _graph(path: Path) -> Graph | str:
    graph, diagnostics = load_graph(path, path.stem, None)
    return graph if graph is not None else "; ".join(d.problem for d in diagnostics if d.is_error)


@dataclass(frozen=True, slots=True)
class _Formula:
    """What no point of a region may meet; the region is all of the input space where it is None."""

    region: str | None
    parts: tuple[Condition, ...]

    def __call__(self, network: str) -> str:
        region = self.region or f"everywhere({network})"
        return f"    forall x in {region}:\n        not {_text(All(self.parts), network)}"


def _formula(instance: Instance, graph: Graph) -> _Formula | str:
    """The claim's formula, or why there is none."""
    text = instance.vnnlib.read_text(encoding="utf-8")
    condition, diagnostics = read_query(text, instance.vnnlib.name, graph)
    if condition is None:
        return "; ".join(d.problem for d in diagnostics if d.is_error)
    parts = condition.parts if isinstance(condition, All) else (condition,)
    lower, upper = _sides(parts)
    if len(lower) == len(upper) == graph.input_size:
        shape = graph.inputs[0].shape
        region = f"box({_tensor(lower, shape)}, {_tensor(upper, shape)})"
        return _Formula(region, tuple(part for part in parts if not _is_side(part)))
    return _Formula(None, parts)


def _is_side(part: Condition) -> bool:
    return isinstance(part, LinearAtom) and not part.outputs and len(part.inputs) == 1 and not part.strict


def _sides(parts: Sequence[Condition]) -> tuple[Mapping[int, Fraction], Mapping[int, Fraction]]:
    """The lower and upper ends of inputs that are said outright."""
    lower: dict[int, Fraction] = {}
    upper: dict[int, Fraction] = {}
    for part in parts:
        if not isinstance(part, LinearAtom) or not _is_side(part):
            continue
        ((index, slope),) = part.inputs
        end = -part.constant / slope
        if slope > 0:
            upper[index] = min(end, upper.get(index, end))
        else:
            lower[index] = max(end, lower.get(index, end))
    return lower, upper


def _tensor(values: Mapping[int, Fraction], shape: Sequence[int]) -> str:
    """Nested lists in row-major order; dimensions of 1 are left out."""
    return _nested([number(values[i]) for i in range(len(values))], [d for d in shape if d > 1] or [1])


def _nested(values: Sequence[str], shape: Sequence[int]) -> str:
    if len(shape) == 1:
        rows = (values[i : i + _LINE] for i in range(0, len(values), _LINE))
        return "[" + ",\n".join(", ".join(row) for row in rows) + "]"
    size = prod(shape[1:])
    parts = (_nested(values[i : i + size], shape[1:]) for i in range(0, len(values), size))
    return "[" + ", ".join(parts) + "]"


def number(value: Fraction) -> str:
    """The decimal, which numbers of a query always have.  Raises `InternalError` for another fraction."""
    power = 0
    while value.denominator != 1 and power < 400:
        value, power = value * 10, power + 1
    if value.denominator != 1:
        raise InternalError(f"{value} is no decimal")
    digits = str(abs(value.numerator)).rjust(power + 1, "0")
    whole, rest = (digits[:-power], digits[-power:]) if power else (digits, "")
    return f"{'-' if value < 0 else ''}{whole}{'.' if rest else ''}{rest}"


def _text(condition: Condition, network: str) -> str:
    """The condition as a formula in brackets."""
    if isinstance(condition, LinearAtom):
        relation = "<" if condition.strict else "<="
        terms = [*_terms(condition.inputs, "flat(x)"), *_terms(condition.outputs, f"flat({network}(x))")]
        return f"({' + '.join([*terms, number(condition.constant)])} {relation} 0)"
    word = " and " if isinstance(condition, All) else " or "
    return "(" + word.join(_text(part, network) for part in condition.parts) + ")"


def _terms(terms: Sequence[tuple[int, Fraction]], vector: str) -> Iterator[str]:
    return (f"{number(coefficient)} * {vector}[{index}]" for index, coefficient in terms)
