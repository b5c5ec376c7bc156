"""Binders and the names in their reach, for the lints that look at names.

In: expressions and declarations.  Out: their binders, each with whether its name is used, and with the
binder that it hides.  One pass; nesting is bounded by the parser.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from enum import Enum

from spec_lang._values import dataclass
from spec_lang.semantics.traverse import children
from spec_lang.syntax import ast
from spec_lang.syntax.parts import binding_parts, indices_in


class Binder(Enum):
    """What binds a name; the value is what a reader calls it."""

    QUANTIFIER = "variable"
    SET = "point"
    LET = "name"
    PARAMETER = "parameter"
    INDEX = "index"


@dataclass(slots=True)
class Bound:
    """One bound name; `around` is the binder that it hides, if any."""

    name: ast.Name
    binder: Binder
    around: Bound | None = None
    is_used: bool = False


@dataclass(slots=True)
class Reach:
    """Walks expressions with the names that are bound around them."""

    found: list[Bound] = field(default_factory=list)
    _open: dict[str, list[Bound]] = field(default_factory=dict)

    def bind(self, name: ast.Name, binder: Binder) -> None:
        """From now on, `name` is bound."""
        stack = self._open.setdefault(name.text, [])
        bound = Bound(name, binder, stack[-1] if stack else None)
        stack.append(bound)
        self.found.append(bound)

    def release(self, name: ast.Name) -> None:
        self._open[name.text].pop()

    def walk(self, expr: ast.Expr) -> None:
        """Marks the names that `expr` uses, and adds the binders in it."""
        match expr:
            case ast.Name(text=text):
                stack = self._open.get(text)
                if stack:
                    stack[-1].is_used = True
            case ast.Quantified(bindings=bindings, body=body):
                for binding in bindings:  # a domain may use the variables before it
                    for part in binding_parts(binding):
                        self.walk(part)
                    self.bind(binding.variable, Binder.QUANTIFIER)
                self.walk(body)
                for binding in bindings:
                    self.release(binding.variable)
            case ast.Let(definitions=definitions, body=body):
                for definition in definitions:
                    self.walk(definition.value)
                    self.bind(definition.name, Binder.LET)
                self.walk(body)
                for definition in definitions:
                    self.release(definition.name)
            case ast.SetBuilder(variable=variable, condition=condition):
                self.bind(variable, Binder.SET)
                self.walk(condition)
                self.release(variable)
            case ast.TensorLiteral(elements=elements) if isinstance(elements[0], ast.Number):
                for element in elements:  # data, mostly: numbers bind and use nothing
                    if not isinstance(element, ast.Number):
                        self.walk(element)
            case _:
                for part in children(expr):
                    self.walk(part)


def bound_names(declaration: ast.Declaration) -> tuple[Bound, ...]:
    """Every name that `declaration` binds, with what it is used for worked out."""
    reach = Reach()
    for name, binder in _heads(declaration):
        reach.bind(name, binder)
    path = declaration.path.value if isinstance(declaration, ast.NetworkDecl) else ""
    for bound in reach.found:
        bound.is_used = f"{{{bound.name.text}}}" in path
    match declaration:
        case ast.MeasureDecl(quantity=ast.Optimum(bindings=bindings, value=value)):
            # `max value for x in R` binds as `forall x in R: value` does.
            forall = ast.Quantified(declaration.span, ast.Quantifier.FORALL, bindings, value)
            reach.walk(forall)
        case ast.MeasureDecl(quantity=ast.Radius() as radius):
            reach.walk(radius.lower)
            reach.walk(radius.upper)
            reach.bind(radius.variable, Binder.QUANTIFIER)
            reach.walk(radius.claim)
        case _:
            for expr in expressions(declaration):
                reach.walk(expr)
    return tuple(reach.found)


def _heads(declaration: ast.Declaration) -> Iterator[tuple[ast.Name, Binder]]:
    match declaration:
        case ast.DefDecl(parameters=parameters):
            yield from ((name, Binder.PARAMETER) for name in parameters)
        case (
            ast.NetworkDecl(family=family)
            | ast.RegionDecl(family=family)
            | ast.ClaimDecl(family=family)
            | ast.InvariantDecl(family=family)
            | ast.MeasureDecl(family=family)
        ):
            yield from ((binding.name, Binder.INDEX) for binding in family)
        case _:
            pass


def expressions(declaration: ast.Declaration) -> Iterator[ast.Expr]:
    """The expressions that `declaration` is made of, those of its indices' ranges left out."""
    match declaration:
        case ast.NetworkDecl(items=items):
            for item in items:
                yield from _of_item(item)
        case ast.RegionDecl(network=network, value=value):
            yield from (part for part in (network, value) if part is not None)
        case ast.ParamDecl(value=None):
            pass
        case ast.ParamDecl(value=value) | ast.DefDecl(value=value) if value is not None:
            yield value
        case ast.ClaimDecl(body=body):
            yield body
        case ast.InvariantDecl(network=network, region=region, points=points, body=body):
            yield from (part for part in (network, region, points, body) if part is not None)
        case ast.MeasureDecl(quantity=quantity):
            yield from _of_quantity(quantity)
        case _:
            pass  # `language`, `import` and `data` have none


def _of_item(item: ast.NetworkItem) -> Iterator[ast.Expr]:
    match item:
        case ast.Encode(value=value) | ast.Decode(value=value):
            yield value
        case ast.Domain(items=parts):
            yield from (limit for part in parts for limit in (part.lower, part.upper))
        case _:
            pass


def _of_quantity(quantity: ast.Quantity) -> Iterator[ast.Expr]:
    match quantity:
        case ast.Optimum(value=value, bindings=bindings):
            yield from (part for binding in bindings for part in binding_parts(binding))
            yield value
        case ast.Radius(lower=lower, upper=upper, claim=claim):
            yield from (lower, upper, claim)
        case ast.Count(network=network, points=points):
            yield from (network, points)
            return
        case ast.Share(points=points):
            yield from (*indices_in(quantity), points)
            return
    if quantity.precision is not None:
        yield quantity.precision
