"""Claim forms: their arguments bound and checked, then replaced by the formula that they stand for.

In: a call of a form, its arguments already expanded.  Out: the core formula, or None once every mistake is
logged.  What an argument must be is checked as far as its words show; the rest is the type checker's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import combinations
from typing import Final, get_args

from spec_lang.claims.base import ArgumentKind, ArgumentMismatch, Claim, Expansion, Parameter
from spec_lang.diagnostics import Diagnostic, DiagnosticLog, InternalError, Note
from spec_lang.semantics.forms import codes as form_codes
from spec_lang.semantics.forms.argument_kinds import Fault, checked, contradiction, inputs_of, network_of
from spec_lang.semantics.forms.arguments import bind_arguments, signed
from spec_lang.semantics.forms.scope import FormScope, Sort, sort_of
from spec_lang.semantics.forms.templates import Filling, Macro, fill, template
from spec_lang.semantics.formulas.clauses import clause_text
from spec_lang.semantics.traverse import fresh_name, mentioned, walk
from spec_lang.syntax import ast

_EXPRESSIONS: Final = get_args(ast.Expr)
# Kinds whose arguments may stand before a parenthesis in a form's text.
_CALLABLE: Final = (ArgumentKind.NETWORK, ArgumentKind.WORD)


def expand_form(form: Claim, call: ast.Call, scope: FormScope, log: DiagnosticLog) -> ast.Expr | None:
    """The formula that `call` stands for."""
    bound = bind_arguments(call, signed(form), log)
    if bound is None:
        return None
    arguments = _arguments(form, call, bound, scope, log)
    if arguments is None:
        return None
    expansion = _expansion(form, call, arguments, frozenset(bound), scope)
    try:
        formula = form.expand(expansion)
        return formula if form.package is None else _examined(formula)
    except ArgumentMismatch as mismatch:
        place = bound.get(mismatch.at or "", call).span
        log.add(Diagnostic(form_codes.COMBINATION, mismatch.problem, place, mismatch.fix))
    except Exception as failure:
        if form.package is None:
            raise
        log.add(_blame(form, call, failure))
    return None


def _examined(formula: ast.Expr) -> ast.Expr:
    """`formula`, once it is known to be one: another package's code need not keep to its types."""
    for node in walk(formula):
        if not isinstance(node, _EXPRESSIONS):
            raise TypeError(f"{node!r} is no expression")
        if isinstance(node, ast.Number) and not isinstance(node.value, Fraction):
            raise TypeError(f"the number {node.value!r} is not exact")
    return formula


def _blame(form: Claim, call: ast.Call, failure: Exception) -> Diagnostic:
    """A form of another package failed: whatever it raised, that package is to blame, and named."""
    raised = f"{type(failure).__name__}: {failure}"
    problem = f"the form `{form.name}` of the package `{form.package}` failed: {raised}"
    fix = f"report it to the authors of `{form.package}`"
    return Diagnostic(form_codes.FAILED_EXPANSION, problem, call.span, fix)


def _expansion(
    form: Claim, call: ast.Call, arguments: Mapping[str, ast.Expr], given: frozenset[str], scope: FormScope
) -> Expansion:
    kinds = {parameter.name: parameter.kind for parameter in form.parameters}
    callable_names = frozenset(name for name in arguments if kinds[name] in _CALLABLE)
    outputs: dict[str, Macro] = {
        name: _applied(value) for name, value in arguments.items() if kinds[name] is ArgumentKind.OUTPUT
    }
    declared = scope.names | scope.labels
    taken = declared.union(*map(mentioned, arguments.values()))

    def core(text: str, **extra: ast.Expr | Macro) -> ast.Expr:
        more = {name: value for name, value in extra.items() if not callable(value)}
        macros = {name: value for name, value in extra.items() if callable(value)}
        missing = kinds.keys() - arguments.keys() - more.keys()
        absent = sorted(missing & template(text).free)
        if absent:
            raise InternalError(f"{form.name}: `{text}` speaks of `{absent[0]}`, which is not given")
        filling = Filling({**arguments, **more}, {**outputs, **macros}, callable_names | more.keys())
        return fill(text, filling, call.span, taken.union(*map(mentioned, more.values())))

    return Expansion(
        arguments,
        given,
        call.span,
        core,
        lambda base: fresh_name(base, taken),
        lambda network: inputs_of(network, scope),
    )


def _applied(output: ast.Expr) -> Callable[[ast.Expr], ast.Expr]:
    """`f.speed` as a function of a point: `f(x).speed`."""

    def at(point: ast.Expr) -> ast.Expr:
        if not isinstance(output, ast.Attribute | ast.Index):
            raise InternalError("an output is part of a network")
        span = output.base.span
        applied = ast.Call(span, output.base, (ast.Argument(span, None, point),))
        if isinstance(output, ast.Attribute):
            return ast.Attribute(output.span, applied, output.name)
        return ast.Index(output.span, applied, output.indices)

    return at


def _arguments(
    form: Claim, call: ast.Call, bound: Mapping[str, ast.Expr], scope: FormScope, log: DiagnosticLog
) -> dict[str, ast.Expr] | None:
    """The arguments by parameter, defaults filled in; None once every one of the wrong kind is reported."""
    arguments: dict[str, ast.Expr] = {}
    networks = (network_of(bound[p.name], p.kind) for p in form.parameters if p.name in bound)
    network = next((found for found in networks if found is not None), None)
    fine = True
    for parameter in form.parameters:
        value = bound.get(parameter.name)
        if value is None:
            if parameter.default is not None:
                arguments[parameter.name] = _default(parameter, call)
            continue
        result = checked(value, parameter, scope, network)
        if not isinstance(result, Fault):
            arguments[parameter.name] = result
            continue
        fine = False
        if not result.reported or not log.has_errors:  # an index of a family is known, and no network
            part = result.place or value
            problem = result.problem or _unfit(form, parameter, part, scope)
            place = value if isinstance(value, ast.Name) else part  # not where the file's parameter is set
            log.error(result.code, problem, place.span, result.fix)
    return arguments if fine and _consistent(form, bound, arguments, scope, log) else None


def _unfit(form: Claim, parameter: Parameter, value: ast.Expr, scope: FormScope) -> str:
    sort = sort_of(value, scope)
    shown = sort is not None and not (sort is Sort.LIST and parameter.kind is ArgumentKind.INTERVAL)
    contrast = f", not {sort.value}" if sort is not None and shown else ""
    return f"`{parameter.name}` of `{form.name}` must be {parameter.described}{contrast}"


def _consistent(
    form: Claim,
    bound: Mapping[str, ast.Expr],
    arguments: Mapping[str, ast.Expr],
    scope: FormScope,
    log: DiagnosticLog,
) -> bool:
    """Whether no neuron is in two lists, which is reported."""
    lists = [p.name for p in form.parameters if p.kind is ArgumentKind.NEURONS and p.name in bound]
    for first, second in combinations(lists, 2):
        neuron = contradiction(arguments[first], arguments[second], scope)
        if neuron is not None:
            place = bound[second] if isinstance(bound[second], ast.Name) else neuron
            problem = f"neuron `{clause_text(neuron)}` is in `{first}` and in `{second}`: no point has both"
            notes = (Note(f"the list `{first}`", bound[first].span),)
            log.error(form_codes.NEURONS, problem, place.span, "take it out of one of them", notes)
            return False
    return True


def _default(parameter: Parameter, call: ast.Call) -> ast.Expr:
    """The default as if it had been written in the call."""
    return fill(parameter.default or "", Filling({}, {}, frozenset()), call.span, frozenset())
