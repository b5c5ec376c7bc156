"""From an ONNX file to a graph of primitives.

In: a path or the bytes of a model, neither of which is trusted.  Out: the `Graph`, or every diagnostic
that can be given at once.  Weights are kept exactly as stored; external data, subgraphs and custom
operators are refused and never followed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Final

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from spec_lang.diagnostics import Diagnostic, DiagnosticLog, Span
from spec_lang.network.graph import Graph
from spec_lang.network.onnx_file import MAX_BYTES, content_problem, read_model
from spec_lang.network.onnx_lower import NEWEST_OPSET, STANDARD_DOMAINS, lower_model
from spec_lang.network.onnx_messages import message_classes
from spec_lang.network.onnx_model import (
    MalformedModelError,
    OnnxInput,
    OnnxModel,
    OnnxNode,
    UnsupportedAttribute,
)
from spec_lang.network.onnx_tensor import FLOAT_INPUTS, decode_tensor, is_external, type_name
from spec_lang.network.ops._linear import MAX_RANK
from spec_lang.network.ops.base import Constant

if TYPE_CHECKING:
    import onnx

MAX_NODES: Final = 100_000
_CHECK: Final = "check that this is the network you mean"
MAX_INPUT_ELEMENTS: Final = 1 << 24


def load_graph(
    source: Path | bytes, name: str, span: Span | None = None
) -> tuple[Graph | None, tuple[Diagnostic, ...]]:
    """The network in `source`, or None and the reasons.

    `name` is how the spec calls the network; `span` is where it says so, and where every diagnostic points.
    """
    what = f"`{source}`" if isinstance(source, Path) else f"the model of network `{name}`"
    data = read_model(source, span) if isinstance(source, Path) else _checked_bytes(source, what, span)
    if isinstance(data, Diagnostic):
        return None, (data,)
    log = DiagnosticLog()
    decoder = _Decoder(what, span, log)
    model = decoder.model(data)
    graph = None if model is None else lower_model(model, what, span, log)
    return (None if log.has_errors else graph), tuple(log)


def _checked_bytes(data: bytes, what: str, span: Span | None) -> bytes | Diagnostic:
    if len(data) > MAX_BYTES:
        return Diagnostic("NN207", f"{what} has more than {MAX_BYTES // 1024 // 1024} MB", span, _CHECK)
    return content_problem(data, what, span) or data


class _Decoder:
    """Reads one protobuf message into an `OnnxModel`, logging everything that is wrong with it."""

    def __init__(self, what: str, span: Span | None, log: DiagnosticLog) -> None:
        self._what = what
        self._span = span
        self._log = log

    def model(self, data: bytes) -> OnnxModel | None:
        proto = self._parsed(data)
        if proto is None:
            return None
        graph = proto.graph
        if len(graph.node) > MAX_NODES:
            self._error(
                "NN207", f"has {len(graph.node)} nodes, more than {MAX_NODES}, the most that is read", _CHECK
            )
            return None
        try:
            opset = self._opset(proto.opset_import)
            constants = self._constants(graph)
            inputs = self._inputs(graph.input, constants)
            outputs = self._outputs(graph.output)
            nodes = tuple(self._node(index, node) for index, node in enumerate(graph.node))
        except MalformedModelError as error:
            self._error("NN206", str(error), "the file is damaged: export or copy the model again")
            return None
        if self._log.has_errors:
            return None
        return OnnxModel(opset, inputs, outputs, constants, nodes)

    def _error(self, code: str, problem: str, fix: str | None = None) -> None:
        self._log.error(code, f"{self._what} {problem}", self._span, fix)

    def _parsed(self, data: bytes) -> onnx.ModelProto | None:
        # Everything that protobuf accepts is checked field by field below, so a parse is no proof of health.
        try:
            proto: onnx.ModelProto = message_classes().ModelProto.FromString(data)
        except DecodeError:
            kind = "NN206" if data[:1] == b"\x08" else "NN205"  # a model starts with its `ir_version`
            problem = "is a damaged or cut-off ONNX model" if kind == "NN206" else "is not an ONNX model"
            self._error(
                kind, f"{problem}: its {len(data)} bytes are no protobuf message", "export or copy it again"
            )
            return None
        if not proto.HasField("graph") or not proto.ir_version:
            self._error("NN205", "is not an ONNX model: it holds no graph", "give the path of a `.onnx` file")
            return None
        if len(proto.functions):
            self._error(
                "NN215", "defines functions of its own, which are not supported", "export without functions"
            )
        return proto

    def _opset(self, imports: Sequence[onnx.OperatorSetIdProto]) -> int:
        standard = [entry.version for entry in imports if _text(entry.domain) in STANDARD_DOMAINS]
        if len(standard) != 1:
            raise MalformedModelError("does not say which ONNX operator set it uses")
        opset = int(standard[0])
        if not 1 <= opset <= NEWEST_OPSET:
            self._error(
                "NN211",
                f"uses the ONNX operator set {opset}; sets up to {NEWEST_OPSET} are known",
                f"export with opset_version={NEWEST_OPSET} or less",
            )
        return opset

    def _constants(self, graph: onnx.GraphProto) -> dict[str, Constant]:
        if len(graph.sparse_initializer):
            self._error("NN215", "has sparse weights, which are not supported", "export dense weights")
        constants: dict[str, Constant] = {}
        for proto in graph.initializer:
            name = _text(proto.name)
            if name in constants:
                raise MalformedModelError(f"stores the tensor `{name}` twice")
            value = self._tensor(proto, f"tensor `{name}`")
            if value is not None:
                constants[name] = value
        return constants

    def _tensor(self, proto: onnx.TensorProto, label: str) -> Constant | None:
        if is_external(proto):
            self._error(
                "NN208",
                f"keeps the values of {label} in another file, which is not followed",
                "save it as one file: onnx.save_model(model, path, save_as_external_data=False)",
            )
            return None
        try:
            return decode_tensor(proto)
        except MalformedModelError as error:
            non_finite = "NaN" in str(error) or "infinity" in str(error)
            code = "NN209" if non_finite else "NN206"
            fix = "the weights must be finite: check the training" if non_finite else "export the model again"
            self._error(code, f"has bad weights: {label} {error}", fix)
            return None

    def _inputs(
        self, protos: Sequence[onnx.ValueInfoProto], constants: Mapping[str, Constant]
    ) -> tuple[OnnxInput, ...]:
        inputs: list[OnnxInput] = []
        for proto in protos:
            name = _text(proto.name)
            if name in constants:  # before IR version 4 weights are listed among the inputs, too
                continue
            shape = self._input_shape(name, proto.type)
            if shape is not None:
                inputs.append(OnnxInput(name, shape, type_name(proto.type.tensor_type.elem_type)))
        if not inputs and not self._log.has_errors:
            self._error("NN212", "has no inputs", "a network needs an input that is not a stored weight")
        if len({entry.name for entry in inputs}) < len(inputs):
            raise MalformedModelError("has two inputs of one name")
        return tuple(inputs)

    def _input_shape(self, name: str, proto: onnx.TypeProto) -> tuple[int, ...] | None:
        if not proto.HasField("tensor_type"):
            self._error("NN212", f"has the input `{name}`, which is no tensor", "tensors are supported")
            return None
        tensor = proto.tensor_type
        if tensor.elem_type not in FLOAT_INPUTS:
            self._error(
                "NN212",
                f"has the input `{name}` of {type_name(tensor.elem_type)}, where real numbers are expected",
                "export the network with a float32 input",
            )
            return None
        if not tensor.HasField("shape"):
            self._error("NN213", f"does not say the shape of its input `{name}`", "export with a fixed shape")
            return None
        return self._fixed_shape(name, tensor.shape.dim)

    def _fixed_shape(
        self, name: str, dims: Sequence[onnx.TensorShapeProto.Dimension]
    ) -> tuple[int, ...] | None:
        sizes = [d.dim_value if d.HasField("dim_value") and d.dim_value > 0 else None for d in dims]
        shown = [
            _text(d.dim_param) or "?" if size is None else size for d, size in zip(dims, sizes, strict=True)
        ]
        text = "[" + ", ".join(map(str, shown)) + "]"
        if None in sizes[1:]:
            self._error(
                "NN213",
                f"has the input `{name}` of shape {text}: only the first dimension, the batch, may be open",
                "export with fixed dimensions",
            )
            return None
        shape = tuple(1 if size is None else size for size in sizes)
        if prod(shape) > MAX_INPUT_ELEMENTS or len(shape) > MAX_RANK:
            self._error("NN207", f"has the input `{name}` of shape {text}, which is too large", _CHECK)
            return None
        return shape

    def _outputs(self, protos: Sequence[onnx.ValueInfoProto]) -> tuple[str, ...]:
        names = tuple(_text(proto.name) for proto in protos)
        if not names:
            self._error("NN212", "has no outputs", "name the network's outputs when exporting it")
        return names

    def _node(self, index: int, proto: onnx.NodeProto) -> OnnxNode:
        outputs = tuple(map(_text, proto.output))
        node = OnnxNode(
            index=index,
            name=_text(proto.name),
            op_type=_text(proto.op_type),
            domain=_text(proto.domain),
            inputs=tuple(map(_text, proto.input)),
            outputs=outputs,
            attributes={_text(a.name): self._attribute(a, index) for a in proto.attribute},
        )
        if len(node.attributes) != len(proto.attribute):
            raise MalformedModelError(f"gives {node} an attribute twice")
        return node

    def _attribute(self, proto: onnx.AttributeProto, index: int) -> object:
        kinds = message_classes().AttributeProto
        match proto.type:
            case kinds.FLOAT:
                return float(proto.f)
            case kinds.INT:
                return int(proto.i)
            case kinds.STRING:
                return bytes(proto.s)
            case kinds.FLOATS:
                return tuple(float(value) for value in proto.floats)
            case kinds.INTS:
                return tuple(int(value) for value in proto.ints)
            case kinds.STRINGS:
                return tuple(bytes(value) for value in proto.strings)
            case kinds.TENSOR:
                label = f"the attribute `{_text(proto.name)}` of node {index}"
                value = self._tensor(proto.t, label)
                return UnsupportedAttribute("a damaged tensor") if value is None else value
            case kinds.GRAPH | kinds.GRAPHS:
                return UnsupportedAttribute("a subgraph")
            case kinds.SPARSE_TENSOR | kinds.SPARSE_TENSORS:
                return UnsupportedAttribute("a sparse tensor")
            case _:
                return UnsupportedAttribute("a value of an unknown kind")


def _text(name: str | bytes) -> str:
    """A name of the file.  Protobuf hands back raw bytes where the text is not UTF-8."""
    if isinstance(name, bytes):
        raise MalformedModelError("has a name that is not text")
    return name
