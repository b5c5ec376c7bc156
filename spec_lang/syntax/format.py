"""From abstract syntax back to text, with no more parentheses than the tree needs.

In: an expression, as parsed or as made by a claim form, at most some hundred levels deep.  Out: one line
of source; parsing it gives the same tree but for the spans.  A number prints as it was spelled; one that
was computed (its `text` is empty) prints exactly, as a decimal or as a quotient.
"""

from __future__ import annotations

from spec_lang.syntax import ast
from spec_lang.syntax.layout.documents import flat_text
from spec_lang.syntax.layout.expressions import (
    bindings_document,
    domain_document,
    expression_document,
)
from spec_lang.syntax.layout.levels import exact
from spec_lang.syntax.layout.pen import PlainPen

__all__ = ["exact", "format_binding", "format_domain", "format_expression"]


def format_expression(expr: ast.Expr) -> str:
    """One line of source for `expr`."""
    return flat_text(expression_document(PlainPen(), expr))


def format_binding(binding: ast.Binding) -> str:
    """`x in region`, `j in 0..4`, or `j`."""
    return flat_text(bindings_document(PlainPen(), (binding,)))


def format_domain(domain: ast.Expr | ast.IndexRange | ast.IndexSet) -> str:
    """What stands behind the `in` of a binding or of a family's index."""
    return flat_text(domain_document(PlainPen(), domain))
