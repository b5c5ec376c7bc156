"""Expressions: formulas, terms, regions.

A closed set: functions over it `match` and end in `assert_never`.  Numbers are the exact rationals that
they spell.  Chains are n-ary, so that depth measures nesting, not length.
"""

from __future__ import annotations

from enum import Enum
from fractions import Fraction

from spec_lang._values import dataclass
from spec_lang.diagnostics import Span

# -- expressions -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Number:
    """An exact rational; `unit` is what stands behind it, as in `30 s`, `1 %`, `5 "ft/s"`, or None."""

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
class Slice:
    """`first:last` between the brackets of an index, `last` excluded; an end left out is the tensor's.

    Not an expression: it stands in an `Index` alone.
    """

    span: Span
    first: Expr | None
    last: Expr | None


@dataclass(frozen=True, slots=True)
class Index:
    """`base[i, j]`: a family member, a tensor element, or with slices a part of a tensor."""

    span: Span
    base: Expr
    indices: tuple[Expr | Slice, ...]


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
class IndexRange:
    """`1..5` (inclusive) or `0..<100` (exclusive end); both ends are constant expressions."""

    span: Span
    first: Expr
    last: Expr
    exclusive: bool


@dataclass(frozen=True, slots=True)
class IndexSet:
    """`{1, 3, 5}`: the values of an index, constant expressions."""

    span: Span
    elements: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Binding:
    """What a quantifier binds: a point (`x in region`) or an index (`j in 0..4`, `j in {1, 3}`, `j`).

    An index without a domain runs over the tensor that it indexes in the body.
    """

    span: Span
    variable: Name
    domain: Expr | IndexRange | IndexSet | None


class Quantifier(Enum):
    FORALL = "forall"
    EXISTS = "exists"


@dataclass(frozen=True, slots=True)
class Quantified:
    """`forall x in A, j in 0..4: body`, or the same with `exists`."""

    span: Span
    quantifier: Quantifier
    bindings: tuple[Binding, ...]
    body: Expr


@dataclass(frozen=True, slots=True)
class Definition:
    """`name = value` of a `let`."""

    span: Span
    name: Name
    value: Expr


@dataclass(frozen=True, slots=True)
class Let:
    """`let a = …, b = …: body`; each value may use the names before it."""

    span: Span
    definitions: tuple[Definition, ...]
    body: Expr


@dataclass(frozen=True, slots=True)
class If:
    """`if condition then a else b`, of numbers, tensors or formulas."""

    span: Span
    condition: Expr
    then: Expr
    otherwise: Expr


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


@dataclass(frozen=True, slots=True)
class Join:
    """`a | b`: union of regions."""

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
    | Quantified
    | Let
    | If
    | SetBuilder
    | Meet
    | Join
)
