"""The networks of a run, for readers: what they are made of, and who speaks of them.

In: the specs as they were prepared, and the reports on their claims.  Out: a view of each network file, once,
whatever specs call it.  A layer is a value of the graph that is computed; what only moves
numbers is one, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from os.path import normpath
from pathlib import Path
from typing import TYPE_CHECKING, Final, assert_never

import numpy as np

from spec_lang._values import dataclass
from spec_lang.diagnostics import DiagnosticLog
from spec_lang.engine.options import NetworkSource
from spec_lang.network.graph import Graph, TensorSpec
from spec_lang.network.primitives import (
    RELU,
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
from spec_lang.reporters._pictures import Layer, NetworkView, Port
from spec_lang.reporters.model import ClaimReport
from spec_lang.syntax import ast

if TYPE_CHECKING:
    from spec_lang.engine.prepare import Preparation
    from spec_lang.semantics.model import NetworkUse
    from spec_lang.semantics.names.scope import Scope

_MOST: Final = 64  # networks: beyond that, families are looked at by few
_MOVES: Final = ("rearranged", "identity")  # nothing is computed


@dataclass(frozen=True, slots=True, eq=False)
class _Named:
    """A network as one spec calls it; None where it is that of a query."""

    source: NetworkSource
    graph: Graph
    file: str
    use: NetworkUse | None = None
    scope: Scope | None = None


def network_views(preparation: Preparation, reports: Sequence[ClaimReport]) -> tuple[NetworkView, ...]:
    """One view for every file or model, in the order in which specs name them."""
    views: dict[NetworkSource, list[_Named]] = {}
    for named in _all(preparation):
        key = named.source.resolve() if isinstance(named.source, Path) else named.source
        views.setdefault(key, []).append(named)
    speak = _speaking(preparation, reports)
    kept = [members for members in views.values() if _ids(members, speak)]
    return tuple(_view(members, _ids(members, speak)) for members in kept[:_MOST])


def _all(preparation: Preparation) -> Iterator[_Named]:
    for file in preparation.files:
        for use in file.scope.networks:
            only = len(file.scope.networks) == 1
            source = preparation.networks.source(use, file.source.folder, only)
            graph = preparation.networks.load(source, use.label, None, DiagnosticLog())
            if graph is not None:
                yield _Named(source, graph, file.source.file, use, file.scope)
    for task in preparation.tasks:
        if task.kind == "query":
            yield from (_Named(run.source, run.network, task.file) for run in task.runs or ())


def _speaking(preparation: Preparation, reports: Iterable[ClaimReport]) -> dict[tuple[str, str], list[str]]:
    """The ids of the claims that speak of a network, by file and label."""
    found: dict[tuple[str, str], list[str]] = {}
    for report in reports:
        typed = preparation.typed.get(report.id)
        for label in ("",) if typed is None else dict.fromkeys(use.label for use in typed.networks):
            found.setdefault((report.file, label), []).append(report.id)
    return found


def _ids(members: Sequence[_Named], speak: dict[tuple[str, str], list[str]]) -> tuple[str, ...]:
    keys = [(named.file, "" if named.use is None else named.use.label) for named in members]
    return tuple(dict.fromkeys(name for key in keys for name in speak.get(key, ())))


def _view(members: Sequence[_Named], claims: tuple[str, ...]) -> NetworkView:
    graph, source = members[0].graph, members[0].source
    first = next((named for named in members if named.use is not None), members[0])
    names = dict.fromkeys(named.use.label for named in members if named.use is not None)
    inputs = _ports(graph.inputs, _declared(first, ast.Inputs))
    outputs = _ports([graph.value(number) for number in graph.outputs], _declared(first, ast.Outputs))
    layers = tuple(Layer(*_kind(node.primitive), node.operands, node.tensor.shape) for node in graph.nodes)
    file = normpath(source) if isinstance(source, Path) else None
    return NetworkView(tuple(names), file, _digest(source), inputs, outputs, layers, graph.outputs, claims)


def _digest(source: NetworkSource) -> str | None:
    try:
        data = source.read_bytes() if isinstance(source, Path) else source
    except OSError:  # it has been read before; who takes it away meanwhile costs its digest alone
        return None
    return f"sha256:{sha256(data).hexdigest()}"


def _declared(named: _Named, kind: type[ast.Inputs] | type[ast.Outputs]) -> tuple[ast.Component, ...]:
    """The components that the network's declaration names, or that of the network that it is `like`."""
    if named.use is None or named.scope is None:
        return ()
    declaration: ast.NetworkDecl | None = named.use.declaration
    while declaration is not None:
        for item in declaration.items:
            if isinstance(item, kind):
                return item.components
        like = declaration.like
        declaration = None if like is None else named.scope.families[like.text].declaration
    return ()


def _ports(tensors: Sequence[TensorSpec], components: Sequence[ast.Component]) -> tuple[Port, ...]:
    elements = tuple((component.name.text, component.unit) for component in components)
    if len(tensors) == 1:
        return (Port(tensors[0].name, tensors[0].shape, elements),)
    return tuple(Port(tensor.name, tensor.shape) for tensor in tensors)


def _kind(primitive: Primitive) -> tuple[str, int]:
    """What a primitive is called, and how many parameters it has."""
    match primitive:
        case Affine():
            return _affine(primitive)
        case PiecewiseLinear():
            return ("ReLU" if primitive == RELU else "piecewise linear"), 0
        case Smooth() | Binary():
            return primitive.value, 0
        case _ as unreachable:
            assert_never(unreachable)


def _affine(primitive: Affine) -> tuple[str, int]:
    found = [_linear(linear) for linear in primitive.maps]
    kinds = dict.fromkeys(kind for kind, _ in found if kind not in _MOVES)
    if not kinds and len(found) > 1:
        return "sum", 0
    if not kinds:
        return ("bias", int(np.count_nonzero(primitive.bias))) if primitive.bias.any() else found[0]
    return " + ".join(kinds), sum(count for _, count in found) + _biases(primitive)


def _biases(primitive: Affine) -> int:
    """One a channel, where the first map is a convolution."""
    if not primitive.bias.any():
        return 0
    first = primitive.maps[0]
    if isinstance(first, Convolution):
        return first.channels[0 if first.adjoint else 1]
    return primitive.bias.size


def _linear(linear: LinearMap) -> tuple[str, int]:
    match linear:
        case Dense(weight=weight):
            return "dense", weight.size
        case Convolution(weight=weight, adjoint=adjoint):
            kernel = "×".join(map(str, weight.shape[2:]))
            return f"{'transposed ' if adjoint else ''}convolution {kernel}", weight.size
        case Scale(factor=factor):
            plain = bool((np.abs(factor) == 1).all())
            return ("identity", 0) if plain else ("scale", len(np.unique(factor)))
        case Entries(value=value):
            if bool((np.abs(value) == 1).all()):
                return "rearranged", 0
            return "sparse", len(np.unique(value))
        case _ as unreachable:
            assert_never(unreachable)
