"""NN604: alternatives that leave out a tie.

`argmax(y) == a` says that `a` alone is the largest.  At a point where `a` and `b` tie, neither
`argmax(y) == a` nor `argmax(y) == b` holds, and neither `y.a < y.b` nor `y.b < y.a`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from spec_lang.diagnostics import Note
from spec_lang.lints._names import expressions
from spec_lang.lints._same import Numbering
from spec_lang.lints.base import Finding, Lint, LintContext
from spec_lang.semantics.traverse import children, is_extremum
from spec_lang.syntax import ast

_NEITHER_HOLDS: Final = "where the two labels tie, neither `==` holds"
_BOTH_HOLD: Final = "where the two labels tie, both `!=` hold, though each is chosen"
_SAY_IN: Final = "write `a in argmax(…) or b in argmax(…)`"
_SAY_NOT_IN: Final = "write `not a in argmax(…) and not b in argmax(…)`"
_STRICT: Final = (ast.Comparison.LT, ast.Comparison.GT)


def _run(context: LintContext) -> Iterator[Finding]:
    same = Numbering()
    for declaration in context.module.declarations:
        stack = list(expressions(declaration))
        while stack:
            node = stack.pop()
            match node:
                case ast.Or(operands=operands):
                    yield from _winners(operands, same, negated=False)
                    yield from _strict_pairs(operands, same)
                case ast.And(operands=operands):
                    yield from _winners(operands, same, negated=True)
                case ast.Number() | ast.String() | ast.Name() | ast.TensorLiteral():
                    continue
                case _:
                    pass
            stack.extend(children(node))


def _winners(operands: Iterable[ast.Expr], same: Numbering, *, negated: bool) -> Iterator[Finding]:
    """`argmax(y) == a or argmax(y) == b`; with `negated`, the same with `!=` and `and`."""
    seen: dict[int, ast.Compare] = {}
    for operand in operands:
        extremum = _compared(operand, negated=negated)
        if extremum is None or not isinstance(operand, ast.Compare):
            continue
        first = seen.setdefault(same.of(extremum), operand)
        if first is operand or same.of(first) == same.of(operand):
            continue
        problem = _BOTH_HOLD if negated else _NEITHER_HOLDS
        fix = _SAY_NOT_IN if negated else _SAY_IN
        yield Finding(problem, operand.span, fix, (Note("the other label", first.span),))
        return


def _compared(expr: ast.Expr, *, negated: bool) -> ast.Expr | None:
    """The `argmax(…)` that is `==` a label (or `!=`, with `negated`), or None."""
    wanted = ast.Comparison.NE if negated else ast.Comparison.EQ
    if not isinstance(expr, ast.Compare) or len(expr.rest) != 1 or expr.rest[0][0] is not wanted:
        return None
    sides = (expr.first, expr.rest[0][1])
    extrema = [side for side in sides if is_extremum(side)]
    return extrema[0] if len(extrema) == 1 else None


def _strict_pairs(operands: Sequence[ast.Expr], same: Numbering) -> Iterator[Finding]:
    """`a < b or b < a`: everything but the tie."""
    seen: dict[tuple[int, int], ast.Expr] = {}
    for operand in operands:
        ordered = _strictly_below(operand)
        if ordered is None:
            continue
        low, high = (same.of(side) for side in ordered)
        other = seen.get((high, low))
        if other is not None and low != high:
            problem = "one or the other holds, except where both sides are equal"
            fix = "write `<=` in one of them, or `!=` where the tie is meant to fail"
            yield Finding(problem, operand.span, fix, (Note("the other one", other.span),))
            return
        seen.setdefault((low, high), operand)


def _strictly_below(expr: ast.Expr) -> tuple[ast.Expr, ast.Expr] | None:
    if not isinstance(expr, ast.Compare) or len(expr.rest) != 1 or expr.rest[0][0] not in _STRICT:
        return None
    relation, right = expr.rest[0]
    return (expr.first, right) if relation is ast.Comparison.LT else (right, expr.first)


LINT: Final = Lint("NN604", "tied", "alternatives that leave out a tie", _run)
