"""Unknown and hidden names, found without any network.

In: the names that a file may use and its expressions.  Out: diagnostics alone.  What a name must denote is
the type checker's business; here it only has to exist, so that a file whose networks are missing is still
checked as far as possible.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from spec_lang.claims.base import Claim
from spec_lang.diagnostics import DiagnosticLog, Note, Span
from spec_lang.semantics import codes
from spec_lang.semantics.forms.arguments import own_words
from spec_lang.semantics.names.declared import View
from spec_lang.semantics.terms.functions import BUILT_IN, NORMS
from spec_lang.semantics.traverse import children, is_extremum
from spec_lang.semantics.wording import unknown_name
from spec_lang.syntax import ast
from spec_lang.syntax.parts import binding_parts
from spec_lang.syntax.words import TRUTH_VALUES

_Names = frozenset[str]
_NONE: _Names = frozenset()


class NameChecker:
    """Checks the expressions of one file; `missing` collects the names that a missing import may declare,
    and those that have been reported.

    `measures` are the names of the file's measures, which hide nothing and are hidden by everything.
    """

    __slots__ = ("_broken", "_comparing", "_forms", "_known", "_log", "_view", "measures", "missing")

    def __init__(self, view: View, forms: Mapping[str, Claim], broken: _Names, log: DiagnosticLog) -> None:
        self._view = view
        self._forms = forms
        self._known = frozenset((*view.declared, *view.labels, *forms, *BUILT_IN, *NORMS))
        self._broken = broken
        self._log = log
        self.missing: set[str] = set()
        self.measures: _Names = frozenset()
        self._comparing = False

    def check(self, expr: ast.Expr, local: Iterable[str] = (), *, comparing: bool = False) -> None:
        """Reports every name in `expr` that nothing declares, and every binder that hides a declaration;
        a measure may be named where it is `comparing`.

        Iterative, in the order of the text: depth costs no stack.
        """
        self._comparing = comparing
        outer = frozenset(local)
        stack: list[tuple[ast.Expr, _Names]] = [(expr, outer)]
        while stack:
            node, scope = stack.pop()
            if isinstance(node, ast.Name):
                self._check_name(node, scope)
            elif not isinstance(node, ast.Number | ast.String):
                stack.extend(reversed(self._parts(node, scope, outer)))

    def _parts(self, node: ast.Expr, scope: _Names, outer: _Names) -> list[tuple[ast.Expr, _Names]]:
        """The parts of `node` with the variables that each may use; a binder's reach what comes after."""
        parts: list[tuple[ast.Expr, _Names]] = []
        match node:
            case ast.Quantified(bindings=bindings, body=body):
                self._check_repeated([binding.variable for binding in bindings])
                for binding in bindings:
                    parts += ((part, scope) for part in binding_parts(binding))
                    self._check_variable(binding, outer)
                    scope |= {binding.variable.text}
                parts.append((body, scope))
            case ast.Let(definitions=definitions, body=body):
                self._check_repeated([definition.name for definition in definitions])
                for definition in definitions:
                    parts.append((definition.value, scope))
                    self.check_binder(definition.name, outer)
                    self.check_index(definition.name, "name")
                    scope |= {definition.name.text}
                parts.append((body, scope))
            case ast.SetBuilder(variable=variable, condition=condition):
                self.check_binder(variable, outer)
                parts.append((condition, scope | {variable.text}))
            case _:
                parts += ((part, scope) for part in self._ordinary(node))
        return parts

    def _check_variable(self, binding: ast.Binding, outer: _Names) -> None:
        self.check_binder(binding.variable, outer)
        if binding.domain is None or isinstance(binding.domain, ast.IndexRange | ast.IndexSet):
            self.check_index(binding.variable, "index")

    def check_binders(self, names: Sequence[ast.Name]) -> None:
        """Reports the names, bound together, that are taken, and those that are bound twice."""
        for name in names:
            self.check_binder(name)
        self._check_repeated(names)

    def _check_repeated(self, names: Sequence[ast.Name]) -> None:
        seen: dict[str, Span] = {}
        for name in names:
            if name.text in seen:
                notes = (Note("the first one", seen[name.text]),)
                self._log.error(codes.DUPLICATE, f"`{name.text}` is bound twice", name.span, None, notes)
            seen.setdefault(name.text, name.span)

    def check_binder(self, name: ast.Name, outer: _Names = _NONE) -> None:
        """Reports a bound name that is declared elsewhere in the file, or is among `outer`."""
        place = self._view.declared.get(name.text)
        if place is None and name.text not in outer:
            return
        notes = () if place is None else (Note("it is declared here", place),)
        problem = f"`{name.text}` already names something" + (" in this file" if place else " here")
        self._log.error(codes.SHADOWING, problem, name.span, "choose another name", notes)

    def check_index(self, name: ast.Name, what: str) -> None:
        """Reports a bound number called like an output: `argmax(y) == name` would have two meanings."""
        if name.text in self._view.labels:
            problem = f"the {what} `{name.text}` has the name of an output, which labels speak of"
            self._log.error(codes.SHADOWING, problem, name.span, "choose another name")

    def _check_name(self, name: ast.Name, scope: _Names) -> None:
        if name.text in scope or name.text in self._known or name.text in self._broken:
            return
        if name.text in TRUTH_VALUES:
            return  # reported where it was read
        if name.text in self.measures:
            if not self._comparing:
                problem = f"`{name.text}` is a measure, which only a claim may speak of"
                fix = f"write `claim …: {name.text} <= 0.1`, or use its formula here"
                self._log.error(codes.MEASURE_USE, problem, name.span, fix)
                self.missing.add(name.text)  # and is not reported again where it is used
            return
        if not self._view.complete:
            self.missing.add(name.text)
            return
        known = tuple(sorted(self._known | scope))
        self._log.add(unknown_name(name, known))

    def _ordinary(self, expr: ast.Expr) -> tuple[ast.Expr, ...]:
        """The parts of `expr` whose names must be declared.

        Norms, labels and the words of claim forms are known better to the type checker.
        """
        parts = children(expr)
        match expr:
            case ast.Compare() if any(map(is_extremum, parts)):
                return tuple(part for part in parts if not isinstance(part, ast.Name))
            case ast.Call(function=ast.Name(text=text)) if text in self._forms:
                words = {id(word) for word in own_words(self._forms[text], expr, self._view.inputs)}
                return _without(parts, words)
            case ast.Call(function=ast.Name(text="ball" | "norm"), arguments=arguments):
                last = {id(a.value) for a in arguments[1:] if a.name is None or a.name.text == "norm"}
                return _without(parts, last if len(arguments) > 1 else set())
            case _:
                return parts


def _without(parts: Sequence[ast.Expr], words: set[int]) -> tuple[ast.Expr, ...]:
    found: list[ast.Expr] = []
    for part in parts:
        if isinstance(part, ast.TensorLiteral) and any(id(e) in words for e in part.elements):
            found += (element for element in part.elements if id(element) not in words)
        elif not (isinstance(part, ast.Name) and id(part) in words):
            found.append(part)
    return tuple(found)
