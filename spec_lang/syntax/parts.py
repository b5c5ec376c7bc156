"""The expressions inside of bindings and indices, which are no expressions themselves.

In: a binding of a quantifier, or one index.  Out: the expressions in it, left to right.
"""

from __future__ import annotations

from spec_lang.syntax import ast


def binding_parts(binding: ast.Binding) -> tuple[ast.Expr, ...]:
    """The expressions in what a variable ranges over."""
    match binding.domain:
        case None:
            return ()
        case ast.IndexRange(first=first, last=last):
            return (first, last)
        case ast.IndexSet(elements=elements):
            return elements
        case domain:
            return (domain,)


def indices_in(share: ast.Share) -> tuple[ast.Expr, ...]:
    """The indices behind the names of invariants."""
    named = (one for one in share.invariants if isinstance(one, ast.Index))
    return tuple(part for one in named for index in one.indices for part in index_parts(index))


def index_parts(index: ast.Expr | ast.Slice) -> tuple[ast.Expr, ...]:
    """The expressions in one index."""
    if isinstance(index, ast.Slice):
        return tuple(end for end in (index.first, index.last) if end is not None)
    return (index,)
