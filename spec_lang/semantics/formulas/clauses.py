"""A clause as a reader is to see it: the user's own words, formatted, long data left out.

In: an expression.  Out: one line of text.  For display alone; nothing is decided by it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from spec_lang._values import dataclass
from spec_lang.diagnostics import Span
from spec_lang.semantics.traverse import rebuild
from spec_lang.syntax import ast
from spec_lang.syntax.format import format_expression

_SHOWN: Final = 8  # a literal of more numbers than a short vector is data, and would bury the clause


@dataclass(frozen=True, slots=True)
class Clause:
    """What a reader is shown when an atom decides; put into words when it is."""

    shown: ast.Expr | str
    span: Span

    def __str__(self) -> str:
        return self.shown if isinstance(self.shown, str) else clause_text(self.shown)


def clause_text(expr: ast.Expr) -> str:
    """`expr` in one line; tensor literals with many elements are cut short with `…`."""
    return format_expression(_elided(expr))


def _elided(expr: ast.Expr) -> ast.Expr:
    if not isinstance(expr, ast.TensorLiteral) or _size(expr) <= _SHOWN:
        return rebuild(expr, _elided)
    rest = ast.Name(expr.span, "…")
    if any(isinstance(row, ast.TensorLiteral) for row in expr.elements):
        return replace(expr, elements=(_begun(expr.elements[0]), rest))
    return replace(expr, elements=(*map(_elided, expr.elements[:2]), rest, _elided(expr.elements[-1])))


def _begun(expr: ast.Expr) -> ast.Expr:
    """The first row of several, by its first element."""
    if not isinstance(expr, ast.TensorLiteral) or len(expr.elements) < 2:
        return _elided(expr)
    return replace(expr, elements=(_begun(expr.elements[0]), ast.Name(expr.span, "…")))


def _size(expr: ast.Expr) -> int:
    return sum(map(_size, expr.elements)) if isinstance(expr, ast.TensorLiteral) else 1


def clause_of(expr: ast.Expr) -> Clause:
    return Clause(expr, expr.span)


def pair_clause(
    chain: ast.Compare, a: ast.Expr, relation: ast.Comparison, b: ast.Expr, single: bool
) -> Clause:
    if single:
        return clause_of(chain)
    return clause_of(ast.Compare(chain.span, a, ((relation, b),)))
