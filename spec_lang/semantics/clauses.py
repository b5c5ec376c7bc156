"""A clause as a reader is to see it: the user's own words, formatted, long data left out.

In: an expression.  Out: one line of text.  For display alone; nothing is decided by it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from spec_lang.semantics.traverse import rebuild
from spec_lang.syntax import ast
from spec_lang.syntax.format import format_expression

_SHOWN: Final = 8  # a literal of more elements than a short vector is data, and would bury the clause


def clause_text(expr: ast.Expr) -> str:
    """`expr` in one line; tensor literals with many elements are cut short with `…`."""
    return format_expression(_elided(expr))


def _elided(expr: ast.Expr) -> ast.Expr:
    if isinstance(expr, ast.TensorLiteral) and len(expr.elements) > _SHOWN:
        shown = (*expr.elements[:2], ast.Name(expr.span, "…"), expr.elements[-1])
        return replace(expr, elements=tuple(map(_elided, shown)))
    return rebuild(expr, _elided)
