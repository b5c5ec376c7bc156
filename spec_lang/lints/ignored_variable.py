"""NN601: a quantifier whose variable its formula does not use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from spec_lang.lints._names import Binder
from spec_lang.lints.base import Finding, Lint, LintContext

_WORDS: Final = {
    Binder.QUANTIFIER: "what stands behind it says nothing of `{name}`: it is the same for every point",
    Binder.SET: "the condition says nothing of `{name}`: all points satisfy it, or none",
}


def _run(context: LintContext) -> Iterator[Finding]:
    for _, names in context.bound:
        for bound in names:
            name = bound.name.text
            if bound.is_used or name.startswith("_") or bound.binder not in _WORDS:
                continue
            fix = f"use `{name}`, or write `_{name}` where that is meant"
            yield Finding(_WORDS[bound.binder].format(name=name), bound.name.span, fix)


LINT: Final = Lint("NN601", "ignored-variable", "a claim that ignores its variable", _run)
