"""NN608: the same part twice in one `and`, `or`, `&` or `|`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from spec_lang.diagnostics import Note
from spec_lang.lints._names import expressions
from spec_lang.lints._same import Numbering
from spec_lang.lints.base import Finding, Lint, LintContext
from spec_lang.semantics.traverse import children
from spec_lang.syntax import ast

_WORDS: Final[dict[type[ast.Expr], str]] = {ast.And: "and", ast.Or: "or", ast.Meet: "&", ast.Join: "|"}


def _run(context: LintContext) -> Iterator[Finding]:
    same = Numbering()
    for declaration in context.module.declarations:
        stack = list(expressions(declaration))
        while stack:
            node = stack.pop()
            match node:
                case ast.And() | ast.Or() | ast.Meet() | ast.Join():
                    yield from _repeated(node, same)
                case ast.TensorLiteral():
                    continue
                case _:
                    pass
            stack.extend(children(node))


def _repeated(node: ast.And | ast.Or | ast.Meet | ast.Join, same: Numbering) -> Iterator[Finding]:
    alike = Counter(map(_first_sight, node.operands))
    seen: dict[int, ast.Expr] = {}
    for operand in node.operands:
        if alike[_first_sight(operand)] == 1:
            continue
        first = seen.setdefault(same.of(operand), operand)
        if first is not operand:
            problem = f"this stands twice in one `{_WORDS[type(node)]}`"
            fix = "leave it out, or write what was meant"
            yield Finding(problem, operand.span, fix, (Note("the first one", first.span),))


def _first_sight(expr: ast.Expr) -> tuple[object, ...]:
    """Equal for equal expressions, and cheap: most operands differ in it."""
    match expr:
        case ast.Compare(first=first, rest=rest):
            return (ast.Compare, type(first), *((relation, *_first_sight(side)) for relation, side in rest))
        case ast.Name(text=text):
            return (text,)
        case ast.Number(value=value):
            return (value,)
        case _:
            return (type(expr), len(children(expr)))


LINT: Final = Lint("NN608", "duplicate", "the same part twice", _run)
