"""NN607: a parameter, index or `let` whose name nothing uses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from spec_lang.lints._names import Binder, Bound
from spec_lang.lints.base import Finding, Lint, LintContext
from spec_lang.syntax import ast


def _run(context: LintContext) -> Iterator[Finding]:
    for declaration, names in context.bound:
        for bound in names:
            problem = None if bound.is_used else _problem(bound, declaration)
            if problem is not None and not bound.name.text.startswith("_"):
                fix = f"use it, leave it out, or write `_{bound.name.text}` where that is meant"
                yield Finding(problem, bound.name.span, fix)


def _problem(bound: Bound, declaration: ast.Declaration) -> str | None:
    name = bound.name.text
    match bound.binder:
        case Binder.LET:
            return f"`{name}` is defined here, and not used"
        case Binder.PARAMETER:
            return f"the definition does not use its parameter `{name}`"
        case Binder.INDEX if isinstance(declaration, ast.NetworkDecl):
            return f"the path does not use the index `{name}`: all members are the same file"
        case Binder.INDEX:
            return f"nothing uses the index `{name}`: all members are the same"
        case _:
            return None  # a variable that is quantified over is another lint's


LINT: Final = Lint("NN607", "unused-name", "a parameter, index or `let` that nothing uses", _run)
