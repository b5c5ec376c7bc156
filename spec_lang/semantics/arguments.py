"""Binding a call's arguments to parameters, the same way for functions, regions, definitions and claim forms.

In: a call and the parameters' names.  Out: the arguments by parameter, or None once every mistake is logged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from spec_lang.diagnostics import DiagnosticLog, Note, did_you_mean
from spec_lang.semantics import codes
from spec_lang.syntax import ast


@dataclass(frozen=True, slots=True)
class Signed:
    """What may be called and how: `positional` are the parameters that may be given by position, in order;
    `required` those that must be given."""

    name: str
    parameters: tuple[str, ...]
    positional: tuple[str, ...]
    required: tuple[str, ...]


def bind_arguments(call: ast.Call, to: Signed, log: DiagnosticLog) -> dict[str, ast.Expr] | None:
    """The call's arguments by parameter; unknown, repeated, superfluous and missing ones are all reported."""
    bound: dict[str, ast.Argument] = {}
    fine = True
    for position, argument in enumerate(call.arguments):
        name = _parameter(position, argument, to)
        if name is None:
            problem, fix = _superfluous(to, bound)
        elif name not in to.parameters:
            problem = f"`{to.name}` has no argument `{name}`"
            fix = did_you_mean(name, to.parameters) or f"its arguments are {_listed(to.parameters)}"
        elif name in bound:
            problem, fix = f"`{name}` is given twice", None
        else:
            bound[name] = argument
            continue
        fine = False
        notes = (Note("it is given here first", bound[name].span),) if name in bound else ()
        log.error(codes.ARGUMENTS, problem, argument.span, fix, notes)
    missing = tuple(name for name in to.required if name not in bound)
    if missing and fine:
        fine = False
        problem = f"`{to.name}` needs {_listed(missing)}"
        log.error(codes.ARGUMENTS, problem, call.span, f"add `{missing[0]}: …`")
    return {name: argument.value for name, argument in bound.items()} if fine else None


def _parameter(position: int, argument: ast.Argument, to: Signed) -> str | None:
    if argument.name is not None:
        return argument.name.text
    return to.positional[position] if position < len(to.positional) else None


def _superfluous(to: Signed, bound: Mapping[str, object]) -> tuple[str, str | None]:
    """The problem with one positional argument too many, and its fix."""
    named = tuple(p for p in to.parameters if p not in to.positional and p not in bound)
    if named:
        return f"this argument of `{to.name}` must say which it is", f"write `{named[0]}: …`"
    count = len(to.parameters)
    return f"`{to.name}` takes {count} {'argument' if count == 1 else 'arguments'}", None


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
