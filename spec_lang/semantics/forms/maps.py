"""Definitions of one parameter that stand for networks: `def twice(x) = step(step(x))`.

In: the name of a definition, or what a file declares.  Out: the networks that are applied in it, and why it
cannot stand for one.
"""

from __future__ import annotations

from collections.abc import Iterator

from spec_lang.semantics.forms.scope import FormScope, Sort, network_name, sort_of
from spec_lang.semantics.traverse import mentioned, walk
from spec_lang.syntax import ast


def networks_in(name: str, scope: FormScope) -> tuple[str, ...]:
    """The networks that a definition applies to its parameters, those to a parameter itself first."""
    found = sorted(_applied(name, scope, ()), key=lambda pair: not pair[1])
    return tuple(dict.fromkeys(network for network, _ in found))


def _applied(name: str, scope: FormScope, within: tuple[str, ...]) -> Iterator[tuple[str, bool]]:
    """Networks, each with whether a parameter itself is put into it."""
    definition = scope.definitions.get(name)
    if definition is None or name in within:
        return
    parameters = {parameter.text for parameter in definition.parameters}
    for node in walk(definition.value):
        if not isinstance(node, ast.Call) or (function := network_name(node.function)) is None:
            continue
        used = [a.value for a in node.arguments if not parameters.isdisjoint(mentioned(a.value))]
        bare = any(isinstance(value, ast.Name) for value in used)
        if used and function in scope.networks:
            yield function, bare
        elif used and function in scope.definitions:
            yield from ((one, bare and first) for one, first in _applied(function, scope, (*within, name)))


def unfit(definition: ast.DefDecl, scope: FormScope) -> tuple[str, str | None] | None:
    """Why a definition with parameters cannot stand for a network, and what to do; None where it can."""
    name, count = definition.name.text, len(definition.parameters)
    if count != 1:
        problem = f"`{name}` takes {count} arguments, and a network is applied to one point"
        first = definition.parameters[0].text
        return problem, f"define one of one parameter: `def {name}_at({first}) = {name}({first}, …)`"
    sort = _sort(definition.value, scope, (name,))
    if sort in (None, Sort.NUMBER, Sort.LIST):
        return None
    return f"`{name}` gives {sort.value}, and a network gives numbers", None


def _sort(value: ast.Expr, scope: FormScope, within: tuple[str, ...]) -> Sort | None:
    """As `sort_of`, through definitions."""
    match value:
        case ast.Let(body=body) | ast.If(then=body):
            return _sort(body, scope, within)
        case ast.Call(function=ast.Name(text=text)) if text in scope.definitions and text not in within:
            return _sort(scope.definitions[text].value, scope, (*within, text))
        case ast.Call(function=ast.Name(text=text)) if text in scope.forms:
            return Sort.FORMULA
        case _:
            return sort_of(value, scope)
