"""Formulas written as text by claim forms: parsed once, then filled with a call's arguments.

In: the text, and what its free names stand for.  Out: the expression; what the text itself spells has the
call's span, arguments keep their own.  No name that the text binds meets a name of the arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import cast

from spec_lang._values import dataclass
from spec_lang.diagnostics import InternalError, Span
from spec_lang.semantics.traverse import bound_names, fresh_name, mentioned, walk
from spec_lang.syntax import ast

Macro = Callable[..., ast.Expr]


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed text: the variables that it binds, in order, and its other names but for those it calls."""

    expression: ast.Expr
    binders: tuple[str, ...]
    free: frozenset[str]


@dataclass(frozen=True, slots=True)
class Filling:
    """What the free names of a text stand for: `values` as they are, `macros` where they are called.

    `callable_names` are the values that may stand before a parenthesis; any other name there is a function.
    """

    values: Mapping[str, ast.Expr]
    macros: Mapping[str, Macro]
    callable_names: frozenset[str]


@cache
def template(text: str) -> Template:
    """`text`, parsed.  Raises `InternalError` for one that does not parse: a mistake of the form's author."""
    from spec_lang.syntax.parse import parse_expression  # noqa: PLC0415 - the parser is costly to load

    expression, diagnostics = parse_expression(text, "<form>")
    if expression is None:
        problems = "; ".join(diagnostic.problem for diagnostic in diagnostics)
        raise InternalError(f"the formula `{text}` does not parse: {problems}")
    nodes = tuple(walk(expression))
    binders = tuple(dict.fromkeys(name.text for node in nodes for name in bound_names(node)))
    called = {id(node.function) for node in nodes if isinstance(node, ast.Call)}
    names = {node.text for node in nodes if isinstance(node, ast.Name) and id(node) not in called}
    return Template(expression, binders, frozenset(names) - frozenset(binders))


def fill(text: str, filling: Filling, span: Span, taken: frozenset[str]) -> ast.Expr:
    """The expression that `text` spells; names that it binds become others when they are `taken`."""
    parsed = template(text)
    clash = filling.values.keys() | filling.macros.keys()
    if not clash.isdisjoint(parsed.binders):
        raise InternalError(f"the formula `{text}` binds the name of a parameter")
    avoided = taken | (mentioned(parsed.expression) - frozenset(parsed.binders))
    renamed: dict[str, ast.Expr] = {}
    for binder in parsed.binders:
        name = fresh_name(binder, avoided)
        avoided |= {name}
        renamed[binder] = ast.Name(span, name)
    called = filling.callable_names | renamed.keys()
    return _Filler({**filling.values, **renamed}, filling.macros, called, span).expression(parsed.expression)


class _Filler:
    __slots__ = ("_callable", "_macros", "_names", "_span")

    def __init__(
        self,
        names: Mapping[str, ast.Expr],
        macros: Mapping[str, Macro],
        callable_names: frozenset[str],
        span: Span,
    ) -> None:
        self._names = names
        self._macros = macros
        self._callable = callable_names
        self._span = span

    def expression(self, expr: ast.Expr) -> ast.Expr:
        return cast(ast.Expr, self.visit(expr))

    def visit(self, node: object) -> object:
        """`node` with everything in it replaced; a node's parts are its dataclass fields."""
        match node:
            case Span():
                return self._span
            case ast.Name(text=text):
                return self._names.get(text) or ast.Name(self._span, text)
            case ast.Attribute(base=base, name=name):
                return ast.Attribute(self._span, self.expression(base), ast.Name(self._span, name.text))
            case ast.Argument(name=name, value=value):
                label = None if name is None else ast.Name(self._span, name.text)
                return ast.Argument(self._span, label, self.expression(value))
            case ast.Call(function=ast.Name(text=text), arguments=arguments):
                if text in self._macros:
                    return self._macros[text](*(self.expression(a.value) for a in arguments))
                function = self._names[text] if text in self._callable else ast.Name(self._span, text)
                filled = tuple(cast(ast.Argument, self.visit(argument)) for argument in arguments)
                return ast.Call(self._span, function, filled)
            case tuple():
                return tuple(map(self.visit, node))
            case _ if is_dataclass(node) and not isinstance(node, type):
                parts = {field.name: self.visit(getattr(node, field.name)) for field in fields(node)}
                return replace(node, **parts)
            case _:
                return node  # an enum, a number, a text, or nothing
