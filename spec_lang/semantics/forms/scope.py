"""What claim forms must know of a file, and what the words of an argument show it to be.

In: the file's declarations; an expression.  Out: a `FormScope`; the sort of thing that the expression is, or
None where its words do not tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from enum import Enum
from fractions import Fraction

from spec_lang._values import dataclass
from spec_lang.semantics.terms.functions import NORMS, REGION_FUNCTIONS
from spec_lang.semantics.traverse import is_extremum
from spec_lang.syntax import ast


@dataclass(frozen=True, slots=True)
class FormScope:
    """A file's networks (with the number of their indices), parameters, and declared names.

    `inputs` are the names of each network's inputs, where it has them, `labels` those of all outputs,
    `bound` the variables that the expression around a form binds, `words` what has a meaning undeclared;
    `definitions` those of the file, and `forms` the claim forms that it may call.
    """

    networks: Mapping[str, int]
    parameters: Mapping[str, ast.Expr]
    names: frozenset[str]
    regions: frozenset[str] = frozenset()
    inputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    labels: frozenset[str] = frozenset()
    bound: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    definitions: Mapping[str, ast.DefDecl] = field(default_factory=dict)
    forms: frozenset[str] = frozenset()

    def within(self, bound: frozenset[str]) -> FormScope:
        """The same, inside of an expression that binds these variables."""
        return replace(self, bound=bound)

    def inputs_of(self, network: ast.Expr) -> tuple[str, ...]:
        """The names of a network's inputs, none if it has none or is not declared."""
        name = network_name(network)
        return () if name is None else self.inputs.get(name, ())


def form_scope(
    networks: Mapping[str, ast.NetworkDecl],
    parameters: Mapping[str, ast.Expr],
    names: frozenset[str],
    regions: Iterable[str] = (),
) -> FormScope:
    """What the declarations of a file give; a network that is `like` another has its names."""
    inputs = {name: _components(name, networks, ast.Inputs) for name in networks}
    outputs = (_components(name, networks, ast.Outputs) for name in networks)
    return FormScope(
        {name: len(declaration.family) for name, declaration in networks.items()},
        parameters,
        names,
        frozenset(regions),
        {name: components for name, components in inputs.items() if components},
        frozenset(label for labels in outputs for label in labels),
    )


def _components(
    name: str, networks: Mapping[str, ast.NetworkDecl], kind: type[ast.Inputs] | type[ast.Outputs]
) -> tuple[str, ...]:
    """The names of its own `input` or `output` list, else of the network that it is like."""
    seen: set[str] = set()
    while name in networks and name not in seen:
        seen.add(name)  # `like` in a circle is reported elsewhere
        for item in networks[name].items:
            if isinstance(item, kind):
                return tuple(component.name.text for component in item.components)
        like = networks[name].like
        if like is None:
            return ()
        name = like.text
    return ()


def network_name(expr: ast.Expr) -> str | None:
    """The declared name in `f` or `f[1, 2]`."""
    match expr:
        case ast.Name(text=text) | ast.Index(base=ast.Name(text=text)):
            return text
        case _:
            return None


class Sort(Enum):
    """What an expression is, as far as its words show; the value is how a diagnostic names it."""

    FORMULA = "a formula"
    REGION = "a region"
    TEXT = "a text"
    NETWORK = "a network"
    OUTPUT = "a part of a network"
    NUMBER = "a number"
    LIST = "a list"
    NORM = "a norm"
    POSITIONS = "a set of positions"
    MAP = "a definition that takes arguments"


def sort_of(expr: ast.Expr, scope: FormScope) -> Sort | None:
    """The sort of `expr`; None where the type checker has to say."""
    match expr:
        case ast.Compare() | ast.And() | ast.Or() | ast.Not() | ast.Implies() | ast.Iff() | ast.Quantified():
            return Sort.FORMULA
        case ast.Meet() | ast.Join() | ast.SetBuilder():
            return Sort.REGION
        case ast.Call(function=ast.Name(text=text)) if text in REGION_FUNCTIONS:
            return Sort.REGION
        case ast.Call() if is_extremum(expr):
            return Sort.POSITIONS
        case ast.String():
            return Sort.TEXT
        case ast.Number():
            return Sort.NUMBER
        case ast.TensorLiteral():
            return Sort.LIST
        case ast.Negate(operand=operand):
            return sort_of(operand, scope)
        case ast.Sum() | ast.Product():
            return Sort.NUMBER if literal(expr, scope) is not None else None
        case ast.Name() | ast.Index() | ast.Attribute():
            return _sort_of_name(expr, scope)
        case _:
            return None


def _sort_of_name(expr: ast.Name | ast.Index | ast.Attribute, scope: FormScope) -> Sort | None:
    match expr:
        case ast.Name(text=text) | ast.Index(base=ast.Name(text=text)) if text in scope.regions:
            return Sort.REGION
        case ast.Name(text=text) if text in scope.networks:
            return Sort.NETWORK
        case ast.Name(text=text) if text in scope.definitions and scope.definitions[text].parameters:
            return Sort.MAP
        case ast.Name(text=text) if text in scope.parameters:
            return sort_of(scope.parameters[text], scope)
        case ast.Name(text=text):
            known = scope.names | scope.labels | scope.bound
            return Sort.NORM if text in NORMS and text not in known else None
        case ast.Index(base=ast.Name(text=text)) if scope.networks.get(text):
            return Sort.NETWORK
        case ast.Attribute(base=base, name=name) if sort_of(base, scope) in (Sort.NETWORK, Sort.MAP):
            return Sort.REGION if name.text == "domain" else Sort.OUTPUT
        case ast.Index(base=base) if sort_of(base, scope) in (Sort.NETWORK, Sort.MAP):
            return Sort.OUTPUT
        case _:
            return None


def literal(expr: ast.Expr, scope: FormScope) -> Fraction | None:
    """The number that `expr` spells, parameters known; None for anything else.  A unit changes no sign."""
    match expr:
        case ast.Number(value=value, unit=unit):
            return value / 100 if unit == "%" else value
        case ast.Name(text=text) if text in scope.parameters:
            return literal(scope.parameters[text], scope)
        case ast.Negate(operand=operand):
            negated = literal(operand, scope)
            return None if negated is None else -negated
        case ast.Sum(terms=terms):
            values = [(sign, literal(term, scope)) for sign, term in terms]
            known = [-value if sign else value for sign, value in values if value is not None]
            return sum(known, Fraction(0)) if len(known) == len(values) else None
        case ast.Product(factors=factors):
            return _product(factors, scope)
        case _:
            return None


def _product(factors: Iterable[tuple[bool, ast.Expr]], scope: FormScope) -> Fraction | None:
    result = Fraction(1)
    for divides, factor in factors:
        value = literal(factor, scope)
        if value is None or (divides and value == 0):
            return None
        result = result / value if divides else result * value
    return result
