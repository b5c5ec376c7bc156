"""Declarations, and the module that holds them.

A closed set, like the expressions.  `doc` is the text of the `##` comments that stand directly above.
"""

from __future__ import annotations

from spec_lang._values import dataclass
from spec_lang.diagnostics import Span
from spec_lang.syntax.ast.expressions import Expr, IndexRange, IndexSet, Name, Number, String
from spec_lang.syntax.ast.quantities import Quantity


@dataclass(frozen=True, slots=True)
class IndexBinding:
    """One index of a family; without `values` its range is that of the family it is used in."""

    span: Span
    name: Name
    values: IndexRange | IndexSet | None


@dataclass(frozen=True, slots=True)
class Component:
    """A named input or output with an optional unit, a printed label."""

    span: Span
    name: Name
    unit: str | None


@dataclass(frozen=True, slots=True)
class Inputs:
    span: Span
    components: tuple[Component, ...]


@dataclass(frozen=True, slots=True)
class Outputs:
    span: Span
    components: tuple[Component, ...]


@dataclass(frozen=True, slots=True)
class Encode:
    """`encode x = …`: the network's input as a function of the problem-space input."""

    span: Span
    variable: Name
    value: Expr


@dataclass(frozen=True, slots=True)
class Decode:
    """`decode y = …`: the problem-space output as a function of the network's output."""

    span: Span
    variable: Name
    value: Expr


@dataclass(frozen=True, slots=True)
class DomainItem:
    """`rho in [0, 60760]`."""

    span: Span
    component: Name
    lower: Expr
    upper: Expr


@dataclass(frozen=True, slots=True)
class Domain:
    span: Span
    items: tuple[DomainItem, ...]


@dataclass(frozen=True, slots=True)
class Layer:
    """`layer name = "onnx tensor"`: a hidden tensor by its ONNX name."""

    span: Span
    name: Name
    tensor: String


NetworkItem = Inputs | Outputs | Encode | Decode | Domain | Layer


@dataclass(frozen=True, slots=True)
class LanguageDecl:
    span: Span
    version: Number


@dataclass(frozen=True, slots=True)
class ImportDecl:
    """`import "file.nnspec"`: its declarations, except its claims, are this file's, too."""

    span: Span
    path: String


@dataclass(frozen=True, slots=True)
class NetworkDecl:
    """`network name[family] = "path" like other { items }`.

    `like` names the network whose items hold for this one, too, where it has none of its own.
    """

    span: Span
    name: Name
    family: tuple[IndexBinding, ...]
    path: String
    items: tuple[NetworkItem, ...]
    like: Name | None = None
    doc: str | None = None


@dataclass(frozen=True, slots=True)
class RegionDecl:
    """`region name[family] on network = expression`; `network` may be a family's bare name."""

    span: Span
    name: Name
    family: tuple[IndexBinding, ...]
    network: Expr | None
    value: Expr
    doc: str | None = None


@dataclass(frozen=True, slots=True)
class TypeName:
    """`real`, `int`, `label`, or a tensor of them: `real[N, 64]`; a name among `shape` is a dimension's."""

    span: Span
    element: Name
    shape: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class ParamDecl:
    """`param name: type = value`: set from the command line by `-p name=value`; without a value, required."""

    span: Span
    name: Name
    value: Expr | None
    type: TypeName | None = None
    doc: str | None = None


@dataclass(frozen=True, slots=True)
class DataArray:
    """`images "x_test": real[N, 64]`: an array of a data file; `source` is its name there, if another."""

    span: Span
    name: Name
    source: str | None
    type: TypeName


@dataclass(frozen=True, slots=True)
class DataDecl:
    """`data name = "path" { arrays }`, or `data name = "path": whole` for one array; no `arrays` then."""

    span: Span
    name: Name
    path: String
    arrays: tuple[DataArray, ...]
    whole: TypeName | None = None
    doc: str | None = None


@dataclass(frozen=True, slots=True)
class DefDecl:
    """`def name(parameters) = value`; without parameters, a named constant or formula."""

    span: Span
    name: Name
    parameters: tuple[Name, ...]
    value: Expr
    doc: str | None = None


@dataclass(frozen=True, slots=True)
class AttributeUse:
    """`@name(arguments)` before a claim's colon: how to check, not what."""

    span: Span
    name: Name
    arguments: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class ClaimDecl:
    """`claim name[family] "title" @attributes: body`."""

    span: Span
    name: Name
    family: tuple[IndexBinding, ...]
    title: str | None
    attributes: tuple[AttributeUse, ...]
    body: Expr
    doc: str | None = None


@dataclass(frozen=True, slots=True)
class InvariantDecl:
    """`invariant name[family] of network on region over points "title" @attributes: body`.

    In `body` the network's layers, `input` and `output` are the tensors of one run; the invariant holds when
    `body` does at every point of `region`, or of the network's domain when there is none.  Of `points` it is
    counted how many the invariant speaks of.
    """

    span: Span
    name: Name
    family: tuple[IndexBinding, ...]
    network: Expr
    region: Expr | None
    points: Expr | None
    title: str | None
    attributes: tuple[AttributeUse, ...]
    body: Expr
    doc: str | None = None


@dataclass(frozen=True, slots=True)
class MeasureDecl:
    """`measure name[family] "title" @attributes = quantity`: a number, to be enclosed between proved ends."""

    span: Span
    name: Name
    family: tuple[IndexBinding, ...]
    title: str | None
    attributes: tuple[AttributeUse, ...]
    quantity: Quantity
    doc: str | None = None


Declaration = (
    LanguageDecl
    | ImportDecl
    | NetworkDecl
    | RegionDecl
    | ParamDecl
    | DataDecl
    | DefDecl
    | ClaimDecl
    | InvariantDecl
    | MeasureDecl
)


@dataclass(frozen=True, slots=True)
class Module:
    """One file, in the order of its declarations."""

    file: str
    declarations: tuple[Declaration, ...]
