"""A network's declaration against its ONNX file: names, encode/decode, domain, layers.

In: one member of a declaration, its graph (or None when the file failed to load), and the parameters.  Out:
its `Signature`, or None once every mistake is logged.  Sizes come from the graph, otherwise from the names.
"""

from __future__ import annotations

import re
from typing import TypeVar

from spec_lang.diagnostics import DiagnosticLog, Note, Span, did_you_mean
from spec_lang.network.graph import Graph, TensorSpec
from spec_lang.obligations.model import IDENTITY_SCALING, Axis, Scaling
from spec_lang.semantics import codes
from spec_lang.semantics.claim_graph.signature import Limits, Signature, Space
from spec_lang.semantics.formulas.clauses import clause_text
from spec_lang.semantics.model import NetworkUse
from spec_lang.semantics.terms.elements import ONE, ZERO, Element, Linear
from spec_lang.semantics.terms.expressions import Evaluator, Rejected
from spec_lang.semantics.terms.values import Names, Tensor, elements_named
from spec_lang.semantics.wording import counted, listed, shape_text
from spec_lang.syntax import ast

_Item = TypeVar("_Item", bound=ast.NetworkItem)


def read_interface(
    use: NetworkUse, graph: Graph | None, evaluator: Evaluator, log: DiagnosticLog
) -> Signature | None:
    """What `use` looks like to a spec; `evaluator` knows the parameters."""
    return _Reader(use, graph, evaluator, log).read()


class _Reader:
    __slots__ = ("_evaluator", "_fine", "_graph", "_log", "_use")

    def __init__(
        self, use: NetworkUse, graph: Graph | None, evaluator: Evaluator, log: DiagnosticLog
    ) -> None:
        self._use = use
        self._graph = graph
        self._evaluator = evaluator
        self._log = log
        self._fine = True

    def read(self) -> Signature | None:
        shapes = self._shapes()
        if shapes is None:
            return None
        given, named = self._one(ast.Inputs), self._one(ast.Outputs)
        inputs = self._spaces(given, shapes[0], self._one(ast.Encode), "encode", "x")
        outputs = self._spaces(named, shapes[1], self._one(ast.Decode), "decode", "y")
        domain = self._domain(self._one(ast.Domain), inputs[0])
        layers = self._layers()
        if not self._fine:
            return None
        return Signature(self._use, self._graph, inputs, outputs, domain, layers)

    def _spaces(
        self,
        item: ast.Inputs | ast.Outputs | None,
        tensors: tuple[TensorSpec, ...],
        scaling: ast.Encode | ast.Decode | None,
        word: str,
        variable: str,
    ) -> tuple[Space, ...]:
        """The space of the only tensor, or one of each, known by its ONNX name."""
        if len(tensors) == 1:
            shape = tensors[0].shape
            return (
                self._space(item, shape, self._scaling(scaling, shape, self._names(item), word), variable),
            )
        return tuple(
            Space(
                tensor.shape,
                tuple(map(Axis, elements_named(tensor_word(tensor.name), tensor.shape))),
                None,
                tensor_word(tensor.name),
            )
            for tensor in tensors
        )

    def _error(
        self, code: str, problem: str, span: Span, fix: str | None = None, notes: tuple[Note, ...] = ()
    ) -> None:
        self._fine = False
        self._log.error(code, problem, span, fix, notes)

    def _items(self, kind: type[_Item]) -> tuple[_Item, ...]:
        return tuple(item for item in self._use.declaration.items if isinstance(item, kind))

    def _one(self, kind: type[_Item]) -> _Item | None:
        items = self._items(kind)
        return items[0] if items else None  # a second one is reported when names are resolved

    # -- shapes --------------------------------------------------------------------------------------

    def _shapes(self) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]] | None:
        inputs, outputs = self._one(ast.Inputs), self._one(ast.Outputs)
        if self._graph is None:
            if inputs is None or outputs is None:
                return None
            sizes = len(inputs.components), len(outputs.components)
            return (TensorSpec("input", sizes[:1]),), (TensorSpec("output", sizes[1:]),)
        graph = self._graph
        sources = graph.inputs
        results = tuple(graph.value(output) for output in graph.outputs)
        for item, scaling, tensors, noun in (
            (inputs, self._one(ast.Encode), sources, "input"),
            (outputs, self._one(ast.Decode), results, "output"),
        ):
            if len(tensors) == 1:
                self._check_names(item, tensors[0], noun)
            else:
                self._check_several(item, scaling, tensors, noun)
        return (sources, results) if self._fine else None

    def _check_several(
        self,
        item: ast.Inputs | ast.Outputs | None,
        scaling: ast.Encode | ast.Decode | None,
        tensors: tuple[TensorSpec, ...],
        noun: str,
    ) -> None:
        """Several tensors go by their ONNX names; components, scalings and domains are of a single one."""
        words = [tensor_word(tensor.name) for tensor in tensors]
        place = (Note(f"`{self._use.path}` has {listed(words)}", self._use.declaration.path.span),)
        domain = self._one(ast.Domain) if noun == "input" else None
        for part in (item, scaling, domain):
            if part is not None:
                problem = f"`{self._use.path}` has {len(tensors)} {noun}s, which go by their ONNX names"
                fix = f"leave this out; a spec says `f({words[0]}: …, {words[1]}: …)`"
                if noun == "output":
                    fix = f"leave this out; a spec says `f(x).{words[0]}`"
                self._error(codes.TENSOR_NAMES, problem, part.span, fix, place)

    def _check_names(self, item: ast.Inputs | ast.Outputs | None, tensor: TensorSpec, noun: str) -> None:
        if item is None or len(item.components) == tensor.size:
            return
        problem = f"the network has {counted(tensor.size, noun)}, {counted(len(item.components), 'name')} "
        problem += "are declared" if len(item.components) != 1 else "is declared"
        place = f"`{self._use.path}`: {noun} tensor `{tensor.name}` of shape {shape_text(tensor.shape)}"
        self._error(codes.SHAPE, problem, item.span, None, (Note(place, self._use.declaration.path.span),))

    # -- spaces --------------------------------------------------------------------------------------

    def _space(
        self,
        item: ast.Inputs | ast.Outputs | None,
        shape: tuple[int, ...],
        scalings: tuple[Scaling, ...],
        variable: str,
    ) -> Space:
        if item is None:
            names = elements_named(variable, shape)
            return Space(shape, tuple(map(_unnamed_axis, names, scalings)), None)
        axes = tuple(
            Axis(component.name.text, component.unit, scaling)
            for component, scaling in zip(item.components, scalings, strict=True)
        )
        return Space(shape, axes, self._names(item))

    def _names(self, item: ast.Inputs | ast.Outputs | None) -> Names | None:
        if item is None:
            return None
        names = tuple(component.name.text for component in item.components)
        return Names(names, f"`{self._use.declaration.name.text}`")

    def _scaling(
        self, item: ast.Encode | ast.Decode | None, shape: tuple[int, ...], names: Names | None, word: str
    ) -> tuple[Scaling, ...]:
        """Problem space as a function of network space, for each flat element."""
        size = TensorSpec("", shape).size
        identity = (IDENTITY_SCALING,) * size
        if item is None:
            return identity
        variable = item.variable.text
        point = Tensor(shape, tuple(Linear(ZERO, ((i, ONE),)) for i in range(size)), names)
        try:
            value = self._evaluator.with_name(variable, point).tensor(item.value)
        except Rejected:
            self._fine = False
            return identity
        if value.size != size:
            problem = f"`{word}` gives {counted(value.size, 'element')} for {size}"
            self._error(codes.SCALING, problem, item.value.span)
            return identity
        scalings: list[Scaling] = []
        for position, form in enumerate(value.elements):
            if not isinstance(form, Linear) or tuple(index for index, _ in form.inputs) != (position,):
                problem = f"`{word}` must scale and shift every element by itself; element {position} of "
                problem += f"`{clause_text(item.value)}` {_fault(form, variable)}"
                fix = f"write `{word} {variable} = ({variable} - offset) / scale`, scale not 0"
                self._error(codes.SCALING, problem, item.value.span, fix)
                return identity
            scaling = Scaling(form.inputs[0][1], form.constant)
            scalings.append(_inverse(scaling) if word == "encode" else scaling)
        return tuple(scalings)

    # -- domain and layers -----------------------------------------------------------------------------

    def _domain(self, item: ast.Domain | None, space: Space) -> tuple[Limits, ...]:
        found: list[Limits] = []
        for part in item.items if item is not None else ():
            try:
                limits = self._limits(part, space)
            except Rejected:
                self._fine = False
                continue
            if any(other.position == limits.position for other in found):
                self._error(codes.DOMAIN, f"the domain limits `{part.component.text}` twice", part.span)
                continue
            found.append(limits)
        return tuple(found)

    def _limits(self, part: ast.DomainItem, space: Space) -> Limits:
        name = part.component
        label = f"`{self._use.declaration.name.text}`"
        if space.names is None:
            problem = f"{label} names no inputs, so its domain cannot speak of `{name.text}`"
            raise self._evaluator.reject(codes.DOMAIN, problem, name.span, "add an `input` line")
        if name.text not in space.names.names:
            problem = f"{label} has no input `{name.text}`"
            fix = did_you_mean(name.text, space.names.names)
            raise self._evaluator.reject(codes.COMPONENT, problem, name.span, fix)
        unit = space.axes[space.names.names.index(name.text)].unit
        lower = self._evaluator.number(part.lower, "a limit of the domain", unit)
        upper = self._evaluator.number(part.upper, "a limit of the domain", unit)
        if lower > upper:
            problem = f"no `{name.text}` lies in `[{clause_text(part.lower)}, {clause_text(part.upper)}]`"
            raise self._evaluator.reject(codes.DOMAIN, problem, part.span, "the lower limit comes first")
        source = f"{name.text} in [{clause_text(part.lower)}, {clause_text(part.upper)}]"
        return Limits(space.names.names.index(name.text), lower, upper, source, part.span)

    def _layers(self) -> dict[str, tuple[int, TensorSpec]]:
        found: dict[str, tuple[int, TensorSpec]] = {}
        if self._graph is None:
            return found
        for item in self._items(ast.Layer):
            tensor = self._graph.tensor(item.tensor.value)
            if tensor is None:
                problem = f"`{self._use.path}` has no tensor `{item.tensor.value}`"
                known = dict(self._graph.tensors)
                self._error(codes.LAYER, problem, item.tensor.span, did_you_mean(item.tensor.value, known))
            else:
                found[item.name.text] = tensor
        return found


def _inverse(scaling: Scaling) -> Scaling:
    return Scaling(1 / scaling.factor, -scaling.offset / scaling.factor)


def _unnamed_axis(name: str, scaling: Scaling) -> Axis:
    return Axis(name, None, scaling)


def _fault(form: Element, variable: str) -> str:
    if not isinstance(form, Linear):
        return f"is not a multiple of an element of `{variable}`"
    if not form.inputs:
        return f"does not depend on `{variable}`"
    return f"mixes elements of `{variable}`"


def tensor_word(name: str) -> str:
    """What a spec calls an ONNX tensor: its name, with `_` for whatever a name cannot have."""
    word = re.sub(r"[^A-Za-z0-9_]", "_", name)
    return f"_{word}" if word[:1].isdigit() else word
