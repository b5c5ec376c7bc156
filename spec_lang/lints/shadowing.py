"""NN605: a bound name that hides another one, where that is legal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from spec_lang.diagnostics import Note, Span
from spec_lang.lints._names import Binder, Bound
from spec_lang.lints.base import Finding, Lint, LintContext
from spec_lang.semantics.terms.functions import BUILT_IN, NORMS
from spec_lang.syntax import ast


def _run(context: LintContext) -> Iterator[Finding]:
    labels = _labels(context.module)
    for _, names in context.bound:
        for bound in names:
            hidden = _hidden(bound, labels)
            if hidden is not None:
                what, place = hidden
                notes = () if place is None else (Note("it is named here", place),)
                problem = f"here, `{bound.name.text}` hides {what}"
                yield Finding(problem, bound.name.span, "choose another name", notes)


def _hidden(bound: Bound, labels: Mapping[str, Span]) -> tuple[str, Span | None] | None:
    name = bound.name.text
    if bound.around is not None:
        return f"the {bound.around.binder.value} of the same name around it", bound.around.name.span
    if bound.binder in (Binder.QUANTIFIER, Binder.LET) and name in labels:
        return "an output, which labels speak of", labels[name]
    if name in NORMS:
        return "a norm", None
    if name in BUILT_IN:
        return f"the function `{name}`", None
    return None


def _labels(module: ast.Module) -> dict[str, Span]:
    """The outputs of the file's networks, and where they are named."""
    return {
        component.name.text: component.name.span
        for declaration in module.declarations
        if isinstance(declaration, ast.NetworkDecl)
        for item in declaration.items
        if isinstance(item, ast.Outputs)
        for component in item.components
    }


LINT: Final = Lint("NN605", "shadowing", "a bound name that hides another", _run)
