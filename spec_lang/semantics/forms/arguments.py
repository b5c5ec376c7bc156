"""Binding a call's arguments to parameters, the same way for functions, regions, definitions and claim forms.

In: a call and the parameters' names.  Out: the arguments by parameter, or None once every mistake is logged.
Arguments without a name take the positional parameters in order, wherever they stand among the named ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field

from spec_lang._values import dataclass
from spec_lang.claims.base import ArgumentKind, Claim
from spec_lang.diagnostics import DiagnosticLog, Note, did_you_mean
from spec_lang.semantics import codes
from spec_lang.syntax import ast


@dataclass(frozen=True, slots=True)
class Signed:
    """What may be called and how: `positional` are the parameters that may be given by position, in order;
    `required` those that must be given, `fixes` what to do about some that are not."""

    name: str
    parameters: tuple[str, ...]
    positional: tuple[str, ...]
    required: tuple[str, ...]
    fixes: Mapping[str, str] = field(default_factory=dict)


def signed(form: Claim) -> Signed:
    """How a claim form may be called."""
    return Signed(
        form.name,
        tuple(p.name for p in form.parameters),
        tuple(p.name for p in form.parameters if p.positional),
        tuple(p.name for p in form.parameters if p.required and p.default is None),
        {p.name: f"say {p.described}" for p in form.parameters if p.words},
    )


def own_words(form: Claim, call: ast.Call, inputs: frozenset[str]) -> tuple[ast.Name, ...]:
    """The names in a call of `form` that are words of its own, and that nothing needs to declare.

    Norms, labels, and the words of a parameter are such words, whether the form knows them or not: it
    reports them better.  The name of an input is one where an input is asked for; `inputs` are the names of
    all inputs of the file's networks.
    """
    kinds = {parameter.name: parameter.kind for parameter in form.parameters}
    found: list[ast.Name] = []
    for argument, name in _paired(call, signed(form)):
        value = argument.value
        match kinds.get(name or ""):
            case ArgumentKind.NORM | ArgumentKind.LABEL | ArgumentKind.WORD:
                found += [value] if isinstance(value, ast.Name) else []
            case ArgumentKind.COMPONENTS:
                parts = value.elements if isinstance(value, ast.TensorLiteral) else (value,)
                found += [part for part in parts if isinstance(part, ast.Name) and part.text in inputs]
            case _:
                pass
    return tuple(found)


def bind_arguments(call: ast.Call, to: Signed, log: DiagnosticLog) -> dict[str, ast.Expr] | None:
    """The call's arguments by parameter; unknown, repeated, superfluous and missing ones are all reported."""
    bound: dict[str, ast.Argument] = {}
    fine = True
    for argument, name in _paired(call, to):
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
        fix = to.fixes.get(missing[0], f"add `{missing[0]}: …`")
        log.error(codes.ARGUMENTS, problem, call.span, fix)
    return {name: argument.value for name, argument in bound.items()} if fine else None


def _paired(call: ast.Call, to: Signed) -> Iterator[tuple[ast.Argument, str | None]]:
    """Each argument with the parameter that it is for; None for one positional argument too many."""
    positional = iter(to.positional)
    for argument in call.arguments:
        yield argument, next(positional, None) if argument.name is None else argument.name.text


def _superfluous(to: Signed, bound: Mapping[str, object]) -> tuple[str, str | None]:
    """The problem with one positional argument too many, and its fix."""
    named = tuple(p for p in to.parameters if p not in to.positional and p not in bound)
    if named:
        return f"this argument of `{to.name}` must say which it is", f"write `{named[0]}: …`"
    count = len(to.parameters)
    return f"`{to.name}` takes {count} {'argument' if count == 1 else 'arguments'}", None


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
