"""The network that invariants are inferred of, as a spec declares it: names, layers, domain.

In: an ONNX file, or `SPEC.nnspec::network`.  Out: a `Subject`, whose header is the text that invariants stand
below, or diagnostics.  Shapes, names, scalings and the domain are those that the engine understands of
that text: it is type-checked, never taken at its word.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from spec_lang._values import dataclass
from spec_lang.diagnostics import Diagnostic, DiagnosticLog
from spec_lang.engine import starter
from spec_lang.engine.options import CheckOptions
from spec_lang.engine.prepare import parse_source, prepare
from spec_lang.engine.sources import Source, read_sources
from spec_lang.engine.task import Task
from spec_lang.inference import codes
from spec_lang.inference.model import InputBox, Layer
from spec_lang.network.graph import Graph
from spec_lang.network.onnx_import import load_graph
from spec_lang.network.primitives import RELU
from spec_lang.obligations.model import Frame, Goal, Obligation
from spec_lang.syntax import ast

PROBE = "probe"


class Refused(Exception):
    """Nothing can be inferred, for the reasons in `diagnostics`."""

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__(diagnostics[0].problem)
        self.diagnostics = diagnostics


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """`header` declares `network`; an invariant without a region holds over `domain` (network space), which
    is what `domain_words` say.  `region` is what follows `on` where the network declares no domain."""

    file: Path
    header: str
    network: str
    graph: Graph
    frame: Frame
    layers: tuple[Layer, ...]
    domain: InputBox
    domain_words: str
    region: str

    @property
    def folder(self) -> Path:
        return self.file.parent


@dataclass(frozen=True, slots=True)
class Declared:
    """A network as text, before anything is known of its domain."""

    header: str
    network: str
    layers: tuple[tuple[str, str], ...]  # name in the spec, ONNX tensor
    inputs: tuple[str, ...] = ()


def tasks_of(text: str, file: Path) -> tuple[Task, ...]:
    """The claims of a text as if it stood in `file`.  Raises `Refused`."""
    preparation, _ = prepare(
        [parse_source(Source(file.as_posix(), text, file.parent))], CheckOptions(timeout=None)
    )
    errors = tuple(d for d in preparation.problems if d.is_error)
    if errors:
        raise Refused(*errors)
    return tuple(preparation.tasks)


def goal_of(task: Task) -> Goal:
    """What a claim without a decision comes to.  Raises `Refused`."""
    if task.beyond is not None:
        raise Refused(Diagnostic(codes.PROPERTY, f"the property is {task.beyond}"))
    return task.goal()


def relus_of(graph: Graph) -> tuple[tuple[str, int], ...]:
    """The ONNX tensors that ReLUs give, with their numbers."""
    first = len(graph.inputs)
    relus = {n for n, node in enumerate(graph.nodes, start=first) if node.primitive == RELU}
    found: dict[int, str] = {}
    for name, number in graph.tensors:
        if number in relus:
            found.setdefault(number, name)
    return tuple((found[number], number) for number in sorted(found))


def layers_of(graph: Graph, names: Sequence[tuple[str, str]]) -> tuple[Layer, ...]:
    """The ReLU layers of `graph` that have a name, in order."""
    by_tensor = {tensor: name for name, tensor in names}
    first, found = len(graph.inputs), dict[int, Layer]()
    for tensor, name in by_tensor.items():
        number, spec = graph.tensor(tensor) or (-1, graph.inputs[0])
        node = graph.nodes[number - first] if number >= first else None
        if node is not None and node.primitive == RELU:
            flat = len(spec.shape) == 1
            found[number] = Layer(name, tensor, number, node.operands[0], node.size, flat)
    return tuple(found[number] for number in sorted(found))


def declared(model: str, file: Path) -> Declared:
    """The network behind what the command line says.  Raises `Refused`."""
    path, separator, network = model.partition("::")
    if separator:
        return _of_spec(Path(path), network, file)
    graph, diagnostics = load_graph(Path(path), Path(path).stem)
    if graph is None:
        raise Refused(*diagnostics)
    _check_form(graph, model)
    about = starter.subject(graph, relative(Path(path), file.parent), Path(path).stem)
    taken = {about.network, *about.inputs, *about.outputs}
    layers = _layer_names(graph, taken)
    items = [f"    {word} {', '.join(names)}" for word, names in _components(about) if names]
    items += [f"    layer {name} = {_quoted(tensor)}" for name, tensor in layers]
    header = "\n".join([f"network {about.network} = {_quoted(about.path)} {{", *items, "}"])
    return Declared(header, about.network, layers, about.inputs)


def _components(about: starter.Subject) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return ("input", about.inputs), ("output", about.outputs)


def _check_form(graph: Graph, model: str) -> None:
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        problem = f"`{model}` has {len(graph.inputs)} inputs and {len(graph.outputs)} outputs"
        raise Refused(Diagnostic(codes.NETWORK, problem, fix="invariants are inferred of one of each"))
    if not relus_of(graph):
        problem = f"`{model}` has no ReLU whose result has a name, so nothing in it is on or off"
        raise Refused(Diagnostic(codes.NETWORK, problem, fix="give a network with ReLUs"))


def _layer_names(graph: Graph, taken: set[str]) -> tuple[tuple[str, str], ...]:
    tensors = [tensor for tensor, _ in relus_of(graph)]
    word = next(w for w in ("relu_", "layer_", "neurons_") if not any(t.startswith(w) for t in taken))
    return tuple((f"{word}{number}", tensor) for number, tensor in enumerate(tensors, start=1))


def _of_spec(path: Path, network: str, file: Path) -> Declared:
    """A network that a spec declares: imported, with a layer for every ReLU."""
    problems = DiagnosticLog()
    sources = read_sources([path], problems)
    if problems.has_errors or not sources:
        raise Refused(*problems)
    parsed = parse_source(sources[0]).parsed
    networks = (
        [] if parsed is None else [d for d in parsed.module.declarations if isinstance(d, ast.NetworkDecl)]
    )
    found = next((d for d in networks if d.name.text == network), None)
    if parsed is None or found is None:
        names = ", ".join(f"`{path}::{d.name.text}`" for d in networks) or "it declares none"
        raise Refused(
            *(d for d in (parsed.diagnostics if parsed else ()) if d.is_error),
            Diagnostic(codes.NETWORK, f"`{path}` declares no network `{network}`", fix=f"say {names}"),
        )
    if found.family:
        raise Refused(
            Diagnostic(codes.NETWORK, f"`{network}` is a network family", found.span, "name a file")
        )
    header = f"import {_quoted(relative(path, file.parent))}"
    source = path.parent / found.path.value
    graph, diagnostics = load_graph(source, network, found.span)
    if graph is None:
        raise Refused(*diagnostics)
    _check_form(graph, f"{path}::{network}")
    own = tuple((i.name.text, i.tensor.value) for i in found.items if isinstance(i, ast.Layer))
    if {tensor for tensor, _ in relus_of(graph)} <= {tensor for _, tensor in own}:
        return Declared(header, network, own)
    new, layers = f"{network}_layers", _layer_names(graph, {d.name.text for d in networks})
    body = "\n".join(f"    layer {name} = {_quoted(tensor)}" for name, tensor in layers)
    onnx = _quoted(relative(source, file.parent))
    return Declared(f"{header}\nnetwork {new} = {onnx} like {network} {{\n{body}\n}}", new, layers)


def relative(path: Path, folder: Path) -> str:
    """A path as a spec in `folder` writes it."""
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # another drive
        return path.resolve().as_posix()


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def probed(found: Declared, region: str, file: Path) -> Goal:
    """What a claim of the network over a region, or over its domain, comes to.  Raises `Refused`."""
    on = f" on {region}" if region else ""
    claim = f"invariant {PROBE} of {found.network}{on}: forall j: flat(output)[j] <= 0"
    (task,) = tasks_of(f"language 1\n{found.header}\n{claim}\n", file)
    return goal_of(task)


def box_of(obligation: Obligation) -> InputBox | None:
    """The hull of a region, cut by nothing; None where it is unbounded."""
    boxes = obligation.region.boxes
    if not boxes:
        return None
    lower = [_extreme([box.lower[i] for box in boxes], min) for i in range(obligation.graph.input_size)]
    upper = [_extreme([box.upper[i] for box in boxes], max) for i in range(obligation.graph.input_size)]
    if any(value is None for value in (*lower, *upper)):
        return None
    return InputBox(tuple(v for v in lower if v is not None), tuple(v for v in upper if v is not None))


def _extreme(values: Sequence[Fraction | None], of: object) -> Fraction | None:
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return None
    return min(known) if of is min else max(known)
