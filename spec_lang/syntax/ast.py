"""The abstract syntax of `.nnspec`: what the user wrote, nothing inferred.

Frozen, slotted dataclasses; every node carries its `span`.  A closed set: functions over it `match`
and end in `assert_never`.  Numbers are the exact rationals that they spell.  Chains are n-ary, so that
depth measures nesting, not length.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from spec_lang.diagnostics import Span

# -- expressions -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Number:
    """An exact rational; `unit` is the word behind it, as in `30 s`, or None."""

    span: Span
    value: Fraction
    text: str
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class String:
    span: Span
    value: str


@dataclass(frozen=True, slots=True)
class Name:
    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Attribute:
    """`base.name`: a component, a hidden tensor, `f.domain`."""

    span: Span
    base: Expr
    name: Name


@dataclass(frozen=True, slots=True)
class Index:
    """`base[i, j]`: a family member or a tensor element."""

    span: Span
    base: Expr
    indices: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a call; `name` is None when it is positional."""

    span: Span
    name: Name | None
    value: Expr


@dataclass(frozen=True, slots=True)
class Call:
    """A network application, a function, a region or a claim form: the grammar does not know which."""

    span: Span
    function: Expr
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class TensorLiteral:
    """`[a, b, c]`, nested for more dimensions."""

    span: Span
    elements: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Negate:
    span: Span
    operand: Expr


@dataclass(frozen=True, slots=True)
class Sum:
    """`t0 ± t1 ± …`; each term with whether it is subtracted (never the first)."""

    span: Span
    terms: tuple[tuple[bool, Expr], ...]


@dataclass(frozen=True, slots=True)
class Product:
    """`f0 */ f1 */ …`, left to right; each factor with whether it divides (never the first)."""

    span: Span
    factors: tuple[tuple[bool, Expr], ...]


class Comparison(Enum):
    LE = "<="
    LT = "<"
    GE = ">="
    GT = ">"
    EQ = "=="
    NE = "!="
    IN = "in"


@dataclass(frozen=True, slots=True)
class Compare:
    """`a <= b < c`: every neighbouring pair holds."""

    span: Span
    first: Expr
    rest: tuple[tuple[Comparison, Expr], ...]


@dataclass(frozen=True, slots=True)
class Not:
    span: Span
    operand: Expr


@dataclass(frozen=True, slots=True)
class And:
    span: Span
    operands: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Or:
    span: Span
    operands: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Implies:
    span: Span
    premise: Expr
    conclusion: Expr


@dataclass(frozen=True, slots=True)
class Iff:
    span: Span
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Binding:
    """`x in region` of a quantifier."""

    span: Span
    variable: Name
    domain: Expr


@dataclass(frozen=True, slots=True)
class Forall:
    span: Span
    bindings: tuple[Binding, ...]
    body: Expr


@dataclass(frozen=True, slots=True)
class SetBuilder:
    """`{ x | condition }`: the points of the context's input space that satisfy it."""

    span: Span
    variable: Name
    condition: Expr


@dataclass(frozen=True, slots=True)
class Meet:
    """`a & b`: intersection of regions."""

    span: Span
    operands: tuple[Expr, ...]


Expr = (
    Number
    | String
    | Name
    | Attribute
    | Index
    | Call
    | TensorLiteral
    | Negate
    | Sum
    | Product
    | Compare
    | Not
    | And
    | Or
    | Implies
    | Iff
    | Forall
    | SetBuilder
    | Meet
)

# -- declarations ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class IndexRange:
    """`1..5` (inclusive) or `0..<100` (exclusive end); both ends are constant expressions."""

    span: Span
    first: Expr
    last: Expr
    exclusive: bool


@dataclass(frozen=True, slots=True)
class IndexBinding:
    """One index of a family; without `values` its range is that of the family it is used in."""

    span: Span
    name: Name
    values: IndexRange | None


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
class NetworkDecl:
    span: Span
    name: Name
    family: tuple[IndexBinding, ...]
    path: String
    items: tuple[NetworkItem, ...]


@dataclass(frozen=True, slots=True)
class RegionDecl:
    """`region name[family] on network = expression`; `network` may be a family's bare name."""

    span: Span
    name: Name
    family: tuple[IndexBinding, ...]
    network: Expr | None
    value: Expr


@dataclass(frozen=True, slots=True)
class ParamDecl:
    """`param name = value`: set from the command line by `-p name=value`; without a value, required."""

    span: Span
    name: Name
    value: Expr | None


@dataclass(frozen=True, slots=True)
class DefDecl:
    """`def name(parameters) = value`; without parameters, a named constant or formula."""

    span: Span
    name: Name
    parameters: tuple[Name, ...]
    value: Expr


@dataclass(frozen=True, slots=True)
class AttributeUse:
    """`@name(arguments)` before a claim's colon: how to check, not what."""

    span: Span
    name: Name
    arguments: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class ClaimDecl:
    span: Span
    name: Name
    family: tuple[IndexBinding, ...]
    title: str | None
    attributes: tuple[AttributeUse, ...]
    body: Expr


Declaration = LanguageDecl | NetworkDecl | RegionDecl | ParamDecl | DefDecl | ClaimDecl


@dataclass(frozen=True, slots=True)
class Module:
    """One file, in the order of its declarations."""

    file: str
    declarations: tuple[Declaration, ...]
