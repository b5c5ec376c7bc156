"""The abstract syntax, built bottom-up while the parser reduces.

In: the tokens and nodes that a rule of the grammar has matched; each method bears the name of its rule.
Out: the frozen nodes of `syntax.ast`.  No recursion: a node is made when its children exist, and knows
its depth, so that input nested without end stops at `MAX_DEPTH`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Final, Protocol, TypeVar, cast

from spec_lang.diagnostics import Diagnostic, Span
from spec_lang.syntax import ast
from spec_lang.syntax.words import (
    CODES,
    LATER_OPERATORS,
    MAX_DEPTH,
    MAX_DIGITS,
    RESERVED,
    TRUTH_VALUES,
    later,
)

_ESCAPE: Final = re.compile(r"\\(.)")
_COMPARISONS: Final = {comparison.value: comparison for comparison in ast.Comparison}


class Token(Protocol):
    """What the builder reads of the parser's tokens, which are strings."""

    line: int
    column: int
    end_line: int
    end_column: int


class Spanned(Protocol):
    @property
    def span(self) -> Span: ...


E = TypeVar("E", bound=ast.Expr)
Child = Token | Spanned | None


class Rejected(Exception):
    """What has been read cannot become a tree; carries the diagnostic."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.problem)
        self.diagnostic = diagnostic


class Builder:
    """Builds one text at a time; `begin` starts it.

    `problems` are mistakes that leave the tree whole (a reserved word as a name, a bad escape);
    `broken` are the names of the declarations that contain one.
    """

    def __init__(self) -> None:
        self.begin("", 0)

    def begin(self, file: str, line_offset: int) -> None:
        """Starts a text whose first line is line `line_offset + 1` of `file`."""
        self._file = file
        self._line_offset = line_offset
        self._depth: dict[int, int] = {}
        self._reported = 0
        self.problems: list[Diagnostic] = []
        self.broken: set[str] = set()

    # -- positions and depth -------------------------------------------------------------------

    def span_of(self, token: object) -> Span:
        return self._span(token, token)

    def _span(self, first: object, last: object) -> Span:
        """From the start of `first` to the end of `last`, each a token or a node."""
        if isinstance(first, str):
            start = cast(Token, first)
            line, column = start.line + self._line_offset, start.column
        else:
            begin = cast(Spanned, first).span
            line, column = begin.line, begin.column
        if isinstance(last, str):
            stop = cast(Token, last)
            return Span(self._file, line, column, stop.end_line + self._line_offset, stop.end_column)
        end = cast(Spanned, last).span
        return Span(self._file, line, column, end.end_line, end.end_column)

    def _leaf(self, node: E) -> E:
        # Every node registers when it is made, so an identity used again never carries an old depth.
        self._depth[id(node)] = 1
        return node

    def _branch(self, node: E, parts: Iterable[ast.Expr]) -> E:
        depths = self._depth
        depth = 1 + max((depths[id(part)] for part in parts), default=0)
        if depth > MAX_DEPTH:
            raise Rejected(too_deep(node.span))
        depths[id(node)] = depth
        return node

    def _problem(self, kind: str, problem: str, span: Span, fix: str | None = None) -> None:
        self.problems.append(Diagnostic(CODES[kind], problem, span, fix))

    # -- leaves --------------------------------------------------------------------------------

    def name(self, children: Sequence[str]) -> ast.Name:
        token = children[0]
        span = self._span(token, token)
        text = str(token)
        if text in RESERVED:
            self._reserved(text, span)
        return self._leaf(ast.Name(span, text))

    def _reserved(self, text: str, span: Span) -> None:
        if text in TRUTH_VALUES:
            problem = f"there is no `{text}`: a formula is built from comparisons"
            fix = "leave it out" if text.lower() == "true" else "write the comparison that is meant"
            self._problem("truth value", problem, span, fix)
        elif text in LATER_OPERATORS:
            self.problems.append(later(text, span))
        else:
            problem = f"`{text}` is a word of the language and cannot be a name"
            fix = f"choose another name, such as `{text}_`"
            if text in ("not", "forall"):
                fix += ", or put what it begins in parentheses"
            self._problem("reserved word", problem, span, fix)

    def label(self, children: Sequence[str]) -> ast.Name:
        """A name that may be a word of the language, after a dot or before an argument's colon."""
        token = children[0]
        return self._leaf(ast.Name(self._span(token, token), str(token)))

    def string(self, children: Sequence[str]) -> ast.String:
        token = children[0]
        span = self._span(token, token)
        body = str(token)[1:-1]
        if "\\" in body:
            body = self._unescape(body, span)
        return self._leaf(ast.String(span, body))

    def _unescape(self, body: str, span: Span) -> str:
        for match in _ESCAPE.finditer(body):
            if match[1] not in '"\\':
                column = span.column + 1 + match.start()
                place = Span(span.file, span.line, column, span.line, column + 2)
                problem = f"`{match[0]}` means nothing in a string"
                self._problem("escape", problem, place, f"for a backslash write two: `\\\\{match[1]}`")
        return _ESCAPE.sub(r"\1", body)

    def number(self, children: Sequence[str]) -> ast.Number:
        token = children[0]
        span = self._span(token, token)
        text = str(token)
        return self._leaf(ast.Number(span, self._value(text, span), text))

    def _value(self, text: str, span: Span) -> Fraction:
        mantissa, _, exponent = text.lower().partition("e")
        # An exponent of four digits is read to compare it; a longer one is too large whatever it is.
        digits = exponent.lstrip("+-").lstrip("0")
        if len(mantissa) > MAX_DIGITS or len(digits) > 4 or int(digits or "0") > MAX_DIGITS:
            problem = f"this number has more than {MAX_DIGITS} digits"
            self._problem("number", problem, span, "write a smaller or shorter number")
            return Fraction(0)
        return Fraction(text)

    def quantity(self, children: Sequence[str]) -> ast.Number:
        number, unit = children
        plain = self.number([number])
        return self._leaf(ast.Number(self._span(number, unit), plain.value, plain.text, str(unit)))

    # -- formulas ------------------------------------------------------------------------------

    def group(self, children: Sequence[object]) -> ast.Expr:
        opening, inner, closing = children
        expr = cast(ast.Expr, inner)
        node = replace(expr, span=self._span(opening, closing))
        self._depth[id(node)] = self._depth[id(expr)]
        return node

    def iff(self, children: Sequence[ast.Expr]) -> ast.Iff:
        left, right = children
        return self._branch(ast.Iff(self._span(left, right), left, right), children)

    def implies(self, children: Sequence[ast.Expr]) -> ast.Implies:
        premise, conclusion = children
        return self._branch(ast.Implies(self._span(premise, conclusion), premise, conclusion), children)

    def or_(self, children: Sequence[ast.Expr]) -> ast.Or:
        return self._branch(ast.Or(self._span(children[0], children[-1]), tuple(children)), children)

    def and_(self, children: Sequence[ast.Expr]) -> ast.And:
        return self._branch(ast.And(self._span(children[0], children[-1]), tuple(children)), children)

    def not_(self, children: Sequence[object]) -> ast.Not:
        operand = cast(ast.Expr, children[1])
        return self._branch(ast.Not(self._span(children[0], operand), operand), (operand,))

    def binding(self, children: Sequence[object]) -> ast.Binding:
        variable, _, region = children
        return ast.Binding(self._span(variable, region), cast(ast.Name, variable), cast(ast.Expr, region))

    def forall(self, children: Sequence[object]) -> ast.Forall:
        keyword, *bound, inner = children
        bindings = cast(list[ast.Binding], bound)
        body = cast(ast.Expr, inner)
        node = ast.Forall(self._span(keyword, body), tuple(bindings), body)
        return self._branch(node, (body, *(binding.domain for binding in bindings)))

    def compare(self, children: Sequence[object]) -> ast.Compare:
        operands = cast(Sequence[ast.Expr], children[::2])
        signs = (_COMPARISONS[str(sign)] for sign in children[1::2])
        rest = tuple(zip(signs, operands[1:], strict=True))
        return self._branch(ast.Compare(self._span(operands[0], operands[-1]), operands[0], rest), operands)

    # -- terms and regions ---------------------------------------------------------------------

    def intersection(self, children: Sequence[ast.Expr]) -> ast.Meet:
        return self._branch(ast.Meet(self._span(children[0], children[-1]), tuple(children)), children)

    def addition(self, children: Sequence[object]) -> ast.Sum:
        operands = cast(Sequence[ast.Expr], children[::2])
        subtracted = (False, *(str(sign) == "-" for sign in children[1::2]))
        span = self._span(operands[0], operands[-1])
        return self._branch(ast.Sum(span, tuple(zip(subtracted, operands, strict=True))), operands)

    def multiplication(self, children: Sequence[object]) -> ast.Product:
        operands = cast(Sequence[ast.Expr], children[::2])
        divides = (False, *(str(sign) == "/" for sign in children[1::2]))
        span = self._span(operands[0], operands[-1])
        return self._branch(ast.Product(span, tuple(zip(divides, operands, strict=True))), operands)

    def negate(self, children: Sequence[object]) -> ast.Negate:
        operand = cast(ast.Expr, children[1])
        return self._branch(ast.Negate(self._span(children[0], operand), operand), (operand,))

    def member(self, children: Sequence[object]) -> ast.Attribute:
        base, name = cast(ast.Expr, children[0]), cast(ast.Name, children[1])
        return self._branch(ast.Attribute(self._span(base, name), base, name), (base,))

    def index(self, children: Sequence[object]) -> ast.Index:
        base, _, *inner, closing = children
        parts = cast(list[ast.Expr], [base, *inner])
        return self._branch(ast.Index(self._span(base, closing), parts[0], tuple(parts[1:])), parts)

    def positional(self, children: Sequence[ast.Expr]) -> ast.Argument:
        return ast.Argument(children[0].span, None, children[0])

    def named(self, children: Sequence[object]) -> ast.Argument:
        name, value = cast(ast.Name, children[0]), cast(ast.Expr, children[1])
        return ast.Argument(self._span(name, value), name, value)

    def arguments(self, children: Sequence[ast.Argument]) -> tuple[ast.Argument, ...]:
        return tuple(children)

    def call(self, children: Sequence[object]) -> ast.Call:
        function = cast(ast.Expr, children[0])
        arguments = cast("tuple[ast.Argument, ...]", children[2] or ())
        node = ast.Call(self._span(function, children[3]), function, arguments)
        return self._branch(node, (function, *(argument.value for argument in arguments)))

    def tensor(self, children: Sequence[object]) -> ast.TensorLiteral:
        opening, *inner, closing = children
        elements = cast(list[ast.Expr], inner)
        return self._branch(ast.TensorLiteral(self._span(opening, closing), tuple(elements)), elements)

    def set_builder(self, children: Sequence[object]) -> ast.SetBuilder:
        opening, variable, inner, closing = children
        condition = cast(ast.Expr, inner)
        node = ast.SetBuilder(self._span(opening, closing), cast(ast.Name, variable), condition)
        return self._branch(node, (condition,))


def too_deep(span: Span) -> Diagnostic:
    problem = f"this is nested too deeply (limit {MAX_DEPTH})"
    fix = "name a part of it with `def` or `region` and use the name"
    return Diagnostic(CODES["depth"], problem, span, fix)
