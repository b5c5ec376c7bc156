"""Expansion: definitions inlined and claim forms replaced by what they stand for.

In: an expression as written.  Out: an expression of the core language, or None once every mistake is logged.
Inlining is hygienic: arguments never meet the bound variables of a definition's body.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from spec_lang.claims.base import Claim
from spec_lang.diagnostics import DiagnosticLog, Note
from spec_lang.semantics import codes
from spec_lang.semantics.forms import codes as form_codes
from spec_lang.semantics.forms.arguments import Signed, bind_arguments
from spec_lang.semantics.forms.expand import expand_form
from spec_lang.semantics.forms.maps import networks_in
from spec_lang.semantics.forms.scope import FormScope
from spec_lang.semantics.terms.expressions import Rejected
from spec_lang.semantics.traverse import bound_names, children, rebuild, substitute, walk
from spec_lang.syntax import ast

# Definitions that use each other twice double with every level; no honest claim comes near these.
MAX_SIZE: Final = 100_000
MAX_DEPTH: Final = 150


class Expander:
    """Expands expressions against one file's definitions and the claim forms."""

    __slots__ = (
        "_applied",
        "_bound",
        "_definitions",
        "_done",
        "_forms",
        "_forms_open",
        "_log",
        "_open",
        "_scope",
    )

    def __init__(
        self,
        definitions: Mapping[str, ast.DefDecl],
        forms: Mapping[str, Claim],
        scope: FormScope,
        log: DiagnosticLog,
    ) -> None:
        self._definitions = definitions
        self._forms = forms
        self._scope = replace(scope, definitions=definitions, forms=frozenset(forms))
        self._log = log
        self._open: list[str] = []
        self._applied: list[str] = []  # definitions that a form, or another definition, was given
        self._done: dict[str, ast.Expr | None] = {}
        self._bound: frozenset[str] = frozenset()  # by the expression that is being expanded
        self._forms_open: list[str] = []

    def expand(self, expr: ast.Expr) -> ast.Expr | None:
        """The core expression that `expr` stands for; forms come last, and see what they are really given."""
        names = {node.text for node in walk(expr) if isinstance(node, ast.Name)}
        if names.isdisjoint(self._definitions) and names.isdisjoint(self._forms):
            return expr  # as most are: nothing to write out
        try:
            result = self._inlined(expr)
            self._check_size(result)
            self._bound = frozenset(name.text for node in walk(result) for name in bound_names(node))
            return self._with_forms(result)
        except Rejected:
            return None

    def definition(self, declaration: ast.DefDecl) -> ast.Expr | None:
        """The expanded body of a definition, its parameters free; worked out once."""
        name = declaration.name.text
        if name in self._done:
            return self._done[name]
        if name in self._open:
            cycle = " → ".join((*self._open[self._open.index(name) :], name))
            problem = f"`{name}` is defined by itself: {cycle}"
            self._log.error(codes.DEFINITION, problem, declaration.name.span, "definitions cannot recur")
            return None
        self._open.append(name)
        try:
            body = self._inlined(declaration.value)
            self._check_size(body)
            self._done[name] = body
        except Rejected:
            self._done[name] = None
        self._open.pop()
        return self._done[name]

    def _inlined(self, expr: ast.Expr) -> ast.Expr:
        match expr:
            case ast.Name(text=text) if text in self._definitions:
                return self._constant(expr, self._definitions[text])
            case ast.Call(function=ast.Name(text=text)) if text in self._definitions:
                return self._inline(expr, self._definitions[text])
            case ast.Call(function=ast.Name(text=text)) if text in self._forms:
                return self._arguments(expr)
            case ast.Attribute(base=ast.Name() as base, name=ast.Name(text="domain")) if self._is_map(base):
                raise self._no_domain(base)
            case _:
                return rebuild(expr, self._inlined)

    def _with_forms(self, expr: ast.Expr) -> ast.Expr:
        match expr:
            case ast.Call(function=ast.Name(text=text)) if text in self._forms:
                given = (replace(a, value=self._given(a.value, self._with_forms)) for a in expr.arguments)
                return self._form(self._forms[text], replace(expr, arguments=tuple(given)))
            case ast.Call(function=ast.Name() as name) if self._is_map(name):
                given = (replace(a, value=self._given(a.value, self._with_forms)) for a in expr.arguments)
                return self._apply(replace(expr, arguments=tuple(given)), name)
            case ast.Name() if self._is_map(expr):
                raise self._not_applied(expr)
            case ast.Name(text=text) if text in self._forms and not self._means_something(text):
                first = next((p.name for p in self._forms[text].parameters if p.positional), "…")
                problem = f"`{text}` is a claim form, and says something with arguments alone"
                self._log.error(form_codes.NOT_CALLED, problem, expr.span, f"write `{text}({first}, …)`")
                raise Rejected
            case _:
                return rebuild(expr, self._with_forms)

    # -- definitions that stand for networks -------------------------------------------------------------

    def _is_map(self, name: ast.Name) -> bool:
        """Whether a name is that of a definition with parameters."""
        return name.text in self._definitions and bool(self._definitions[name.text].parameters)

    def _given(self, value: ast.Expr, visit: Callable[[ast.Expr], ast.Expr]) -> ast.Expr:
        """An argument, visited; a definition that it names, or an output of one, waits for its point."""
        match value:
            case ast.Name() if self._is_map(value):
                return value
            case ast.Index(base=ast.Name() as base) if self._is_map(base):
                return rebuild(value, lambda part: part if part is base else visit(part))
            case ast.Attribute(base=ast.Name() as base, name=name) if self._is_map(base):
                return value if name.text != "domain" else visit(value)
            case _:
                return visit(value)

    def _apply(self, call: ast.Call, name: ast.Name) -> ast.Expr:
        """A definition that was an argument, at its point; of itself it is never one."""
        if name.text in self._applied:
            problem = f"`{name.text}` is defined by itself here"
            self._log.error(codes.DEFINITION, problem, name.span, "definitions cannot recur")
            raise Rejected
        self._applied.append(name.text)
        try:
            return self._with_forms(self._filled(call, self._definitions[name.text]))
        finally:
            self._applied.pop()

    def _not_applied(self, name: ast.Name) -> Rejected:
        """Logs that a definition with parameters stands where it is not applied."""
        if not self._forms_open:
            return self._takes_arguments(name)
        form = self._forms_open[-1]
        problem = f"`{form}` looks into the network that it is given, and `{name.text}` is a definition"
        known = networks_in(name.text, self._scope)
        fix = f"give it a network{f', such as `{known[0]}`' if known else ''}"
        self._log.error(codes.ARGUMENTS, problem, name.span, fix, self._defined(name))
        return Rejected()

    def _no_domain(self, name: ast.Name) -> Rejected:
        known = networks_in(name.text, self._scope)
        fix = f"write `{known[0]}.domain`" if known else "write the region"
        problem = f"`{name.text}` is a definition, and has no domain"
        self._log.error(codes.ARGUMENTS, problem, name.span, fix, self._defined(name))
        return Rejected()

    def _takes_arguments(self, name: ast.Name) -> Rejected:
        listed = ", ".join(parameter.text for parameter in self._definitions[name.text].parameters)
        problem = f"`{name.text}` takes arguments"
        fix = f"write `{name.text}({listed})`"
        self._log.error(codes.ARGUMENTS, problem, name.span, fix, self._defined(name))
        return Rejected()

    def _defined(self, name: ast.Name) -> tuple[Note, ...]:
        return (Note("it is defined here", self._definitions[name.text].name.span),)

    def _means_something(self, text: str) -> bool:
        """Whether the name of a form is that of a variable, an output or an input as well."""
        scope = self._scope
        return text in self._bound or text in scope.labels or any(text in i for i in scope.inputs.values())

    def _form(self, form: Claim, call: ast.Call) -> ast.Expr:
        """What a call stands for, down to the core: a form may be written in terms of others."""
        if form.name in self._forms_open:
            problem = f"the form `{form.name}` stands for itself"
            self._log.error(form_codes.FAILED_EXPANSION, problem, call.span)
            raise Rejected
        expanded = expand_form(form, call, self._scope.within(self._bound), self._log)
        if expanded is None:
            raise Rejected
        self._check_size(expanded)
        self._forms_open.append(form.name)
        try:
            return self._with_forms(expanded)
        finally:
            self._forms_open.pop()

    def _arguments(self, call: ast.Call) -> ast.Call:
        expanded = tuple(replace(a, value=self._given(a.value, self._inlined)) for a in call.arguments)
        return replace(call, arguments=expanded)

    def _constant(self, name: ast.Name, declaration: ast.DefDecl) -> ast.Expr:
        if declaration.parameters:
            raise self._takes_arguments(name)
        return self._body(declaration)

    def _inline(self, call: ast.Call, declaration: ast.DefDecl) -> ast.Expr:
        if not declaration.parameters:
            return rebuild(call, self._inlined)
        return self._filled(self._arguments(call), declaration)

    def _filled(self, call: ast.Call, declaration: ast.DefDecl) -> ast.Expr:
        """The body of a definition with the arguments of a call."""
        parameters = tuple(parameter.text for parameter in declaration.parameters)
        signed = Signed(declaration.name.text, parameters, parameters, parameters)
        bound = bind_arguments(call, signed, self._log)
        if bound is None:
            raise Rejected
        result = substitute(self._body(declaration), bound)
        self._check_size(result)
        return result

    def _body(self, declaration: ast.DefDecl) -> ast.Expr:
        body = self.definition(declaration)
        if body is None:
            raise Rejected
        return body

    def _check_size(self, expr: ast.Expr) -> None:
        """Walks at most `MAX_SIZE` nodes, without recursion."""
        stack = [(expr, 1)]
        size = 0
        while stack:
            node, depth = stack.pop()
            size += 1
            if depth > MAX_DEPTH or size > MAX_SIZE:
                what = "deep" if depth > MAX_DEPTH else "large"
                problem = f"this is too {what} once its definitions are written out"
                self._log.error(codes.DEFINITION, problem, expr.span)
                raise Rejected
            if isinstance(node, ast.TensorLiteral) and _is_data(node):
                continue  # counted as one: it is not written out twice
            stack.extend((child, depth + 1) for child in children(node))


def _is_data(literal: ast.TensorLiteral) -> bool:
    return all(isinstance(element, ast.Number | ast.Negate) for element in literal.elements)
