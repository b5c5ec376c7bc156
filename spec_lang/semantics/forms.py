"""Claim forms: their arguments bound and checked, then replaced by the formula that they stand for.

In: a call of a form, its arguments already expanded.  Out: the core formula, or None once every mistake is
logged.  What an argument must be is checked as far as its words show; the rest is the type checker's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from spec_lang.claims.base import ArgumentKind, ArgumentMismatch, Claim, Expansion, Parameter
from spec_lang.diagnostics import Diagnostic, DiagnosticLog, InternalError, did_you_mean
from spec_lang.semantics import codes
from spec_lang.semantics.arguments import Signed, bind_arguments
from spec_lang.semantics.clauses import clause_text
from spec_lang.semantics.functions import NORMS
from spec_lang.semantics.traverse import fresh_name, mentioned
from spec_lang.semantics.wording import listed
from spec_lang.syntax import ast


@dataclass(frozen=True, slots=True)
class FormScope:
    """What forms must know of a file: its networks (with the number of their indices), parameters, names."""

    networks: Mapping[str, int]
    parameters: Mapping[str, ast.Expr]
    names: frozenset[str]


def expand_form(form: Claim, call: ast.Call, scope: FormScope, log: DiagnosticLog) -> ast.Expr | None:
    """The formula that `call` stands for."""
    parameters = tuple(p.name for p in form.parameters)
    positional = tuple(p.name for p in form.parameters if p.positional)
    required = tuple(p.name for p in form.parameters if p.required and p.default is None)
    bound = bind_arguments(call, Signed(form.name, parameters, positional, required), log)
    if bound is None:
        return None
    arguments = _arguments(form, call, bound, scope, log)
    if arguments is None:
        return None
    taken = scope.names.union(*map(mentioned, arguments.values()))
    try:
        return form.expand(Expansion(arguments, call.span, lambda base: fresh_name(base, taken)))
    except ArgumentMismatch as mismatch:
        log.add(Diagnostic(codes.ARGUMENTS, mismatch.problem, call.span, mismatch.fix))
        return None


def _arguments(
    form: Claim, call: ast.Call, bound: Mapping[str, ast.Expr], scope: FormScope, log: DiagnosticLog
) -> dict[str, ast.Expr] | None:
    """The arguments by parameter, defaults filled in; None once every one of the wrong kind is reported."""
    arguments: dict[str, ast.Expr] = {}
    fine = True
    for parameter in form.parameters:
        value = bound.get(parameter.name)
        if value is None:
            if parameter.default is not None:
                arguments[parameter.name] = _default(form, parameter, call)
            continue
        checked = _CHECKS[parameter.kind](value, scope)
        if not isinstance(checked, _Fault):
            arguments[parameter.name] = checked
            continue
        fine = False
        if not checked.reported:
            problem = checked.problem or f"`{parameter.name}` of `{form.name}` must be {parameter.kind.value}"
            log.error(checked.code, problem, value.span, checked.fix)
    return arguments if fine else None


def _default(form: Claim, parameter: Parameter, call: ast.Call) -> ast.Expr:
    from spec_lang.syntax.parse import parse_expression  # noqa: PLC0415 - the parser is costly to load

    value, diagnostics = parse_expression(parameter.default or "", f"<{form.name}>")
    if value is None or diagnostics:
        raise InternalError(f"{form.name}: the default of {parameter.name} does not parse")
    if isinstance(value, ast.Name):
        return ast.Name(call.span, value.text)
    return value


# -- what an argument must be ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Fault:
    """Not of the parameter's kind; without a `problem`, the kind says it all."""

    problem: str | None = None
    fix: str | None = None
    code: str = codes.ARGUMENTS
    reported: bool = False  # as an unknown name, or as a declaration that did not parse


_Check = Callable[[ast.Expr, FormScope], "ast.Expr | _Fault"]


def _network(expr: ast.Expr, scope: FormScope) -> ast.Expr | _Fault:
    match expr:
        case ast.Name(text=text) if scope.networks.get(text) == 0:
            return expr
        case ast.Name(text=text) if text in scope.networks:
            return _Fault(f"`{text}` is a network family", f"say which member: `{text}[…]`")
        case ast.Name(text=text) | ast.Index(base=ast.Name(text=text)) if text not in scope.names:
            return _Fault(reported=True)
        case ast.Index(base=ast.Name(text=text)) if scope.networks.get(text):
            return expr
        case _:
            return _Fault()


def _output(expr: ast.Expr, scope: FormScope) -> ast.Expr | _Fault:
    """An `Attribute` or an `Index` whose base is a network: forms may rely on it."""
    if isinstance(expr, ast.Attribute):
        network = _network(expr.base, scope)
        return network if isinstance(network, _Fault) else expr
    if isinstance(expr, ast.Index) and not _is_member(expr, scope):
        network = _network(expr.base, scope)
        return network if isinstance(network, _Fault) else expr
    network = _network(expr, scope)
    if isinstance(network, _Fault):
        return network
    text = clause_text(expr)
    return _Fault(f"`{text}` is a network, not one of its outputs", f"say which: `{text}[0]`")


def _is_member(expr: ast.Index, scope: FormScope) -> bool:
    return isinstance(expr.base, ast.Name) and scope.networks.get(expr.base.text, 0) > 0


def _norm(expr: ast.Expr, scope: FormScope) -> ast.Expr | _Fault:  # noqa: ARG001 - one signature for all
    if isinstance(expr, ast.Name) and expr.text in NORMS:
        return expr
    close = did_you_mean(expr.text, NORMS) if isinstance(expr, ast.Name) else None
    problem = f"`{clause_text(expr)}` is not a norm"
    return _Fault(problem, close or f"norms are {listed(NORMS)}", codes.NORM)


def _interval(expr: ast.Expr, scope: FormScope) -> ast.Expr | _Fault:
    if isinstance(expr, ast.Name):
        expr = scope.parameters.get(expr.text, expr)
    if isinstance(expr, ast.TensorLiteral) and len(expr.elements) == 2:
        return expr
    return _Fault(None, "write `[lower, upper]`")


def _any(expr: ast.Expr, scope: FormScope) -> ast.Expr | _Fault:  # noqa: ARG001 - one signature for all
    return expr


_CHECKS: Mapping[ArgumentKind, _Check] = {
    ArgumentKind.NETWORK: _network,
    ArgumentKind.OUTPUT: _output,
    ArgumentKind.POINT: _any,
    ArgumentKind.SCALAR: _any,
    ArgumentKind.LABEL: _any,
    ArgumentKind.REGION: _any,
    ArgumentKind.NORM: _norm,
    ArgumentKind.INTERVAL: _interval,
}
