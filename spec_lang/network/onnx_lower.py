"""From the nodes of an ONNX model to a graph of primitives.

In: a decoded `OnnxModel`.  Out: the `Graph` of one example, or a diagnostic for every node that has no
exact representation, all in one go.  Each node is lowered by the file of `ops` that is named after its
operator; only the simplifications that change no value are made here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from math import prod
from typing import Final

import numpy as np

from spec_lang._registry import discover
from spec_lang.diagnostics import DiagnosticLog, Span
from spec_lang.network import ops
from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.onnx_fold import fold
from spec_lang.network.onnx_model import OnnxModel, OnnxNode, UnsupportedAttribute
from spec_lang.network.ops._linear import MAX_ELEMENTS, identity
from spec_lang.network.ops.base import Constant, NodeView, Operand, Operator, UnsupportedNode, Value
from spec_lang.network.primitives import Affine, Entries, Primitive, frozen

# The newest operator set in which the meaning of every file of `ops` has been compared with ONNX's pages.
NEWEST_OPSET: Final = 28
STANDARD_DOMAINS: Final = frozenset({"", "ai.onnx"})
_EXPORT: Final = "simplify the network when exporting it, so that it does without"
_NAMED: Final = 20  # nodes of one unsupported operator that a diagnostic names before it counts the rest

Result = Constant | Value


@cache
def operators() -> Mapping[str, Operator]:
    """Every supported operator by its ONNX name."""
    return {op.name: op for op in discover(ops, "OP", Operator)}  # type: ignore[type-abstract]


def example_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape for one example: a vector where one dimension alone is longer than 1, otherwise without
    the leading batch dimension of 1."""
    longer = tuple(dim for dim in shape if dim != 1)
    if len(longer) <= 1:
        return longer or (1,)
    return shape[1:] if shape[0] == 1 else shape


def lower_model(model: OnnxModel, what: str, span: Span | None, log: DiagnosticLog) -> Graph | None:
    """The graph, or None once the log says why not."""
    _report_unsupported(model, what, span, log)
    lowering = _Lowering(model, what, span, log)
    lowering.run()
    return None if log.has_errors else lowering.graph()


def _report_unsupported(model: OnnxModel, what: str, span: Span | None, problems: DiagnosticLog) -> None:
    nodes: defaultdict[str, list[OnnxNode]] = defaultdict(list)
    for node in model.nodes:
        if _operator(node) is None:
            label = f"{node.domain}.{node.op_type}" if node.domain else node.op_type
            nodes[label].append(node)
    for label, found in nodes.items():
        listed = ", ".join(map(str, found[:_NAMED]))
        more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        kind = "operator" if found[0].domain in STANDARD_DOMAINS else "custom operator"
        problems.error(
            "NN210",
            f"{what} uses the {kind} `{label}`, which is not supported: {listed}{more}",
            span,
            "supported are " + ", ".join(operators()),
        )


def _operator(node: OnnxNode) -> Operator | None:
    return operators().get(node.op_type) if node.domain in STANDARD_DOMAINS else None


class _Lowering:
    """The graph under construction; an `ops.base.Builder`."""

    def __init__(self, model: OnnxModel, what: str, span: Span | None, log: DiagnosticLog) -> None:
        self._model = model
        self._what = what
        self._span = span
        self._log = log
        self._nodes: list[Node] = []
        self._env: dict[str, Result | None] = dict(model.constants)  # None: could not be lowered
        self._producing = ""
        for number, entry in enumerate(model.inputs):
            self._env[entry.name] = Value(number, entry.shape, entry.type)

    def add(
        self,
        primitive: Primitive,
        operands: Sequence[Value],
        shape: tuple[int, ...],
        *,
        exact: bool = False,
    ) -> Value:
        """Append a node; `shape` is its ONNX shape."""
        if not 0 < prod(shape) <= MAX_ELEMENTS:
            raise UnsupportedNode(f"its result of shape {list(shape)} is too large, or empty")
        types = {operand.type for operand in operands}
        if len(types) > 1:
            raise UnsupportedNode(f"its operands differ in type: {' and '.join(sorted(types))}")
        number = len(self._model.inputs) + len(self._nodes)
        numbers = tuple(operand.number for operand in operands)
        spec = TensorSpec(self._producing, example_shape(shape))
        self._nodes.append(Node(primitive, numbers, spec, exact))
        return Value(number, shape, types.pop())

    def run(self) -> None:
        """Lower every node whose operands are known, and log what cannot be."""
        made_by = {name: node for node in self._model.nodes for name in node.outputs if name}
        for node in self._model.nodes:
            known = self._check_names(node, made_by)
            results = self._results(node) if known else None
            self._define(node, results)
        for name in self._model.outputs:
            if name not in self._env:
                self._error("NN214", f"has the output `{name}`, which no node computes", "export it again")

    def _error(self, code: str, problem: str, fix: str | None = None) -> None:
        self._log.error(code, f"{self._what} {problem}", self._span, fix)

    def _check_names(self, node: OnnxNode, made_by: Mapping[str, OnnxNode]) -> bool:
        for name in node.inputs:
            if not name or name in self._env:
                continue
            later = made_by.get(name)
            reason = "which no node computes" if later is None else f"which {later} computes only later"
            self._error("NN214", f"is no sorted graph: {node} reads `{name}`, {reason}", "export it again")
            self._env[name] = None
        return _operator(node) is not None and all(
            self._env[name] is not None for name in node.inputs if name
        )

    def _results(self, node: OnnxNode) -> tuple[Result, ...] | None:
        operator = operators()[node.op_type]
        self._producing = next(filter(None, node.outputs), "")
        before = len(self._nodes)
        try:
            return operator.lower(self._view(node, operator), self)
        except UnsupportedNode as reason:
            del self._nodes[before:]
            self._error(
                "NN216", f"has a node that is not supported: {node} (`{node.op_type}`): {reason}", _EXPORT
            )
            return None

    def _view(self, node: OnnxNode, operator: Operator) -> NodeView:
        if self._model.opset < operator.since:
            raise UnsupportedNode(
                f"it is of operator set {self._model.opset}, and `{node.op_type}` is known from set "
                f"{operator.since} on"
            )
        for name, value in node.attributes.items():
            if name not in operator.attributes and not isinstance(value, UnsupportedAttribute):
                raise UnsupportedNode(
                    f"it has the attribute `{name}`, of which `{node.op_type}` knows nothing"
                )
            if isinstance(value, UnsupportedAttribute):
                raise UnsupportedNode(f"its attribute `{name}` is {value.reason}")
        operands: tuple[Operand, ...] = tuple(self._env[name] if name else None for name in node.inputs)
        results = sum(map(bool, node.outputs))
        return NodeView(node.name, self._model.opset, node.attributes, operands, results)

    def _define(self, node: OnnxNode, results: tuple[Result, ...] | None) -> None:
        for position, name in enumerate(node.outputs):
            if not name:
                continue
            if name in self._env and self._env[name] is not None:
                self._error(
                    "NN214",
                    f"computes the tensor `{name}` twice, the second time in {node}",
                    "export it again",
                )
            elif results is None:
                self._env[name] = None
            elif position < len(results):
                self._env[name] = results[position]
            else:
                self._error(
                    "NN216", f"has a node that is not supported: {node} has an extra result `{name}`", _EXPORT
                )
                self._env[name] = None

    def graph(self) -> Graph | None:
        """The finished graph, once every node has been lowered."""
        try:
            outputs = self._labelled_outputs()
        except UnsupportedNode as reason:
            self._error("NN216", f"has an output that is not supported: {reason}", _EXPORT)
            return None
        first = len(self._model.inputs)
        fold(self._nodes, first, frozenset(outputs))
        inputs = tuple(TensorSpec(entry.name, example_shape(entry.shape)) for entry in self._model.inputs)
        named = [(name, v) for name, v in self._env.items() if isinstance(v, Value)]
        tensors = tuple(sorted(((name, v.number) for name, v in named), key=lambda item: item[1]))
        specs = [*inputs, *(node.tensor for node in self._nodes)]
        own = ((name, example_shape(v.shape), specs[v.number].shape) for name, v in named)
        shapes = tuple((name, shape) for name, shape, of_value in own if shape != of_value)
        types = {entry.type for entry in self._model.inputs}
        types |= {v.type for _, v in named}
        precision = types.pop() if len(types) == 1 else "mixed"
        return Graph(inputs, tuple(self._nodes), outputs, tensors, precision, shapes).with_outputs(outputs)

    def _labelled_outputs(self) -> tuple[int, ...]:
        """Output values, each a node of its own with the output's name and shape."""
        first = len(self._model.inputs)
        outputs: list[int] = []
        for name in self._model.outputs:
            value = self._env[name]
            self._producing = name
            if not isinstance(value, Value):
                value = self._constant_output(np.asarray(value))
            if value.number < first or value.number in outputs:
                value = self.add(identity(value.size), (value,), value.shape, exact=True)
            node = self._nodes[value.number - first]
            spec = TensorSpec(name, example_shape(value.shape))
            self._nodes[value.number - first] = Node(node.primitive, node.operands, spec, node.glue)
            self._env[name] = value
            outputs.append(value.number)
        return tuple(outputs)

    def _constant_output(self, constant: Constant) -> Value:
        first = self._model.inputs[0]
        source = Value(0, first.shape, first.type)
        bias = frozen(constant.ravel().astype(np.float64 if constant.dtype == np.float64 else np.float32))
        nothing = np.zeros(0, dtype=np.intp)
        ignored = Entries((bias.size, source.size), nothing, nothing, frozen(np.zeros(0, dtype=np.float32)))
        return self.add(Affine((ignored,), bias), (source,), constant.shape, exact=True)
