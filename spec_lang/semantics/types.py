"""The types of the language: what kinds of values there are, and how a reader is told.

In: what an expression denotes.  Out: its type.  A closed set; shapes are those of the ONNX files and of the
data, so that every dimension is a number by the time an expression has a type.
"""

from __future__ import annotations

from spec_lang._values import dataclass
from spec_lang.semantics.terms.values import (
    ArrayValue,
    Cosine,
    DataValue,
    Extremisers,
    FamilyValue,
    FormulaValue,
    LayerValue,
    NetworkValue,
    OutputsValue,
    OutputValue,
    Tensor,
    Topmost,
    Value,
)


@dataclass(frozen=True, slots=True)
class TensorType:
    """Numbers; `element` is "real", "int" or "label", `shape` is () for a single one."""

    shape: tuple[int, ...]
    element: str = "real"


@dataclass(frozen=True, slots=True)
class LabelsType:
    """A set of positions among `size`, by name where they have names."""

    size: int
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FormulaType:
    """True or false at every point."""


@dataclass(frozen=True, slots=True)
class RegionType:
    """A set of points."""


@dataclass(frozen=True, slots=True)
class NetworkType:
    """A network, not applied; `part` is its hidden tensor or output, where that is meant."""

    label: str
    part: str | None = None


@dataclass(frozen=True, slots=True)
class FamilyType:
    """Several things of one kind, to be told by an index."""

    kind: str


@dataclass(frozen=True, slots=True)
class RecordType:
    """Tensors by name: data, or the outputs of a network that has several."""

    fields: tuple[tuple[str, TensorType], ...]


Type = TensorType | LabelsType | FormulaType | RegionType | NetworkType | FamilyType | RecordType


def type_of(value: Value) -> Type:
    """The type of a value."""
    match value:
        case Tensor(shape=shape):
            return TensorType(shape)
        case ArrayValue(shape=shape, element=element):
            return TensorType(shape, element)
        case Cosine():
            return TensorType(())
        case Extremisers(tensor=tensor) | Topmost(tensor=tensor):
            return LabelsType(tensor.size, tensor.names.names if tensor.names is not None else ())
        case NetworkValue():
            return NetworkType(value.text)
        case OutputValue(network=network, position=position):
            return NetworkType(network.text, str(position))
        case LayerValue(use=use, layer=layer):
            return NetworkType(use.label, layer)
        case FormulaValue():
            return FormulaType()
        case FamilyValue(kind="region"):
            return RegionType()
        case FamilyValue(kind=kind):
            return FamilyType(kind)
        case OutputsValue(tensors=tensors):
            return RecordType(tuple((name, TensorType(t.shape)) for name, t in tensors.items()))
        case DataValue(arrays=arrays):
            return RecordType(tuple((n, TensorType(a.shape, a.element)) for n, a in arrays.items()))


def type_text(kind: Type) -> str:
    """How a reader sees a type: `real[5]`, `labels{coc, weak_left}`."""
    match kind:
        case TensorType(shape=shape, element=element):
            return f"{element}[{', '.join(map(str, shape))}]" if shape else element
        case LabelsType(size=size, names=names):
            return f"labels{{{', '.join(names)}}}" if names else f"labels[{size}]"
        case FormulaType():
            return "formula"
        case RegionType():
            return "region"
        case NetworkType(label=label, part=part):
            return f"network {label}" if part is None else f"output {part} of network {label}"
        case FamilyType(kind=word):
            return word
        case RecordType(fields=fields):
            return f"{{{'; '.join(f'{name}: {type_text(field)}' for name, field in fields)}}}"
