"""Unknown and hidden names, found without any network.

In: the names that a file declares and its expressions.  Out: diagnostics alone.  What a name must denote is
the type checker's business; here it only has to exist, so that a file whose networks are missing is still
checked as far as possible.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from spec_lang.diagnostics import DiagnosticLog, Note, Span
from spec_lang.semantics import codes
from spec_lang.semantics.functions import BUILT_IN, NORMS
from spec_lang.semantics.traverse import bound_names, children, is_extremum
from spec_lang.semantics.wording import unknown_name
from spec_lang.syntax import ast

_WORDS: Final = frozenset({"label", "norm"})


class NameChecker:
    """Checks expressions against the declared names; `labels` are the outputs of all networks."""

    __slots__ = ("_broken", "_declared", "_known", "_log")

    def __init__(
        self,
        declared: Mapping[str, Span],
        labels: Iterable[str],
        forms: Iterable[str],
        broken: frozenset[str],
        log: DiagnosticLog,
    ) -> None:
        self._declared = declared
        self._known = frozenset((*declared, *labels, *forms, *BUILT_IN, *NORMS))
        self._broken = broken
        self._log = log

    def check(self, expr: ast.Expr, local: Iterable[str] = ()) -> None:
        """Reports every name in `expr` that nothing declares, and every binder that hides a declaration."""
        outer = frozenset(local)
        stack: list[tuple[ast.Expr, frozenset[str]]] = [(expr, outer)]
        while stack:
            node, scope = stack.pop()
            if isinstance(node, ast.Name):
                self._check_name(node, scope)
            for name in bound_names(node):
                self.check_binder(name, outer)
            inner = scope.union(name.text for name in bound_names(node))
            outside = {id(b.domain) for b in node.bindings} if isinstance(node, ast.Forall) else set()
            parts = reversed(_ordinary(node))
            stack.extend((part, scope if id(part) in outside else inner) for part in parts)

    def check_binder(self, name: ast.Name, outer: frozenset[str] = frozenset()) -> None:
        """Reports a bound name that is declared elsewhere in the file, or is among `outer`."""
        place = self._declared.get(name.text)
        if place is None and name.text not in outer:
            return
        notes = () if place is None else (Note("it is declared here", place),)
        problem = f"`{name.text}` already names something" + (" in this file" if place else " here")
        self._log.error(codes.SHADOWING, problem, name.span, "choose another name", notes)

    def _check_name(self, name: ast.Name, scope: frozenset[str]) -> None:
        if name.text not in scope and name.text not in self._known and name.text not in self._broken:
            known = tuple(sorted(self._known | scope))
            self._log.add(unknown_name(name, known))


def _ordinary(expr: ast.Expr) -> tuple[ast.Expr, ...]:
    """The parts of `expr` whose names must be declared.

    Norms and labels are words of their own, which the type checker knows better how to put right.
    """
    parts = children(expr)
    match expr:
        case ast.Compare() if any(map(is_extremum, parts)):
            return tuple(part for part in parts if not isinstance(part, ast.Name))
        case ast.Call(function=ast.Name(text=text), arguments=arguments):
            words = {id(a.value) for a in arguments if a.name is not None and a.name.text in _WORDS}
            if text == "ball" and len(arguments) == 3:
                words.add(id(arguments[2].value))
            return tuple(part for part in parts if not (isinstance(part, ast.Name) and id(part) in words))
        case _:
            return parts
