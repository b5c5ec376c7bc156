"""The leaves of the abstract syntax, and what every node needs: its place and its depth.

In: tokens.  Out: names, strings and numbers, and the mistakes in them that leave the tree whole.  A node is
made when its children exist and knows its depth, so that input nested without end stops at `MAX_DEPTH`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Final, Protocol, TypeVar, cast

from spec_lang.diagnostics import Diagnostic, Span
from spec_lang.syntax import ast
from spec_lang.syntax.words import CODES, MAX_DEPTH, MAX_DIGITS, OPENING, RESERVED, TRUTH_VALUES

_ESCAPE: Final = re.compile(r"\\(.)")


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


class Rejected(Exception):
    """What has been read cannot become a tree; carries the diagnostic."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.problem)
        self.diagnostic = diagnostic


def too_deep(span: Span) -> Diagnostic:
    problem = f"this is nested too deeply (limit {MAX_DEPTH})"
    fix = "name a part of it with `def` or `region` and use the name"
    return Diagnostic(CODES["depth"], problem, span, fix)


class LeafBuilder:
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
        else:
            problem = f"`{text}` is a word of the language and cannot be a name"
            fix = f"choose another name, such as `{text}_`"
            if text in OPENING:
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
        number, mark = children
        span = self._span(number, mark)
        unit = self.string([mark]).value if mark.startswith('"') else str(mark)
        if not unit:
            self._problem("unit", "this unit is empty", self.span_of(mark), "leave it out")
        text = str(number)
        return self._leaf(ast.Number(span, self._value(text, self.span_of(number)), text, unit or None))
