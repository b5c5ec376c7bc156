"""Whether an expression is a formula or a value, as far as its form and its names show.

In: an expression and what its names denote.  Out: a bool; nothing is evaluated.
"""

from __future__ import annotations

from collections.abc import Mapping

from spec_lang.semantics.terms.values import FormulaValue, Value
from spec_lang.syntax import ast


def is_formula(expr: ast.Expr, names: Mapping[str, Value]) -> bool:
    """Whether `expr` can only be a formula."""
    while True:
        match expr:
            case ast.Compare() | ast.And() | ast.Or() | ast.Not() | ast.Implies() | ast.Iff():
                return True
            case ast.Quantified():
                return True
            case ast.Let(definitions=definitions, body=body):
                defined = {d.name.text: d.value for d in definitions}
                expr = defined.get(body.text, body) if isinstance(body, ast.Name) else body
            case ast.If(then=then):
                expr = then
            case ast.Name(text=text):
                return isinstance(names.get(text), FormulaValue)
            case _:
                return False
