"""What the arguments of a claim form must be, as far as their words show.

In: an argument, its parameter, and what the file declares.  Out: the argument, put so that `expand` can rely
on it, or a fault.  What the words do not show is the type checker's to find.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from spec_lang._values import dataclass
from spec_lang.claims.base import ArgumentKind, Parameter
from spec_lang.diagnostics import did_you_mean
from spec_lang.semantics import codes
from spec_lang.semantics.forms import codes as form_codes
from spec_lang.semantics.forms.maps import networks_in, unfit
from spec_lang.semantics.forms.scope import FormScope, Sort, literal, network_name, sort_of
from spec_lang.semantics.formulas.clauses import clause_text
from spec_lang.semantics.terms.functions import NORMS
from spec_lang.semantics.wording import listed
from spec_lang.syntax import ast


@dataclass(frozen=True, slots=True)
class Fault:
    """Not what the parameter takes; without a `problem`, the kind says it all."""

    problem: str | None = None
    fix: str | None = None
    code: str = codes.ARGUMENTS
    reported: bool = False  # as an unknown name, or as a declaration that did not parse
    place: ast.Expr | None = None  # the part of the argument that is to blame


Checked = ast.Expr | Fault


def checked(value: ast.Expr, parameter: Parameter, scope: FormScope, network: ast.Expr | None) -> Checked:
    """`value` as an argument for `parameter`; `network` is what the form's first argument speaks of."""
    match parameter.kind:
        case ArgumentKind.NETWORK:
            return _network(value, scope)
        case ArgumentKind.OUTPUT:
            return _output(value, scope)
        case ArgumentKind.NORM:
            return _norm(value)
        case ArgumentKind.WORD:
            return _word(value, parameter)
        case ArgumentKind.INTERVAL:
            return _interval(value, scope)
        case ArgumentKind.COMPONENTS:
            return _components(value, scope, network)
        case ArgumentKind.NEURONS:
            return _neurons(value, scope)
        case ArgumentKind.TENSOR if sort_of(value, scope) is Sort.OUTPUT:
            text = clause_text(value)
            return Fault(f"`{text}` is not applied to a point", f"write `{text}(x)`")
        case ArgumentKind.TOLERANCE:
            value = _written_out(value, scope)
    return _negative(value, parameter, scope) or _misfit(value, parameter.kind, scope) or value


def inputs_of(network: ast.Expr, scope: FormScope) -> tuple[str, ...]:
    """The names of a network's inputs; of a definition's, those of the network that its point is put into."""
    name = network_name(network)
    known = () if name is None else networks_in(name, scope)
    return scope.inputs.get(known[0], ()) if known else scope.inputs_of(network)


def network_of(value: ast.Expr, kind: ArgumentKind) -> ast.Expr | None:
    """The network in an argument of this kind."""
    if kind is ArgumentKind.NETWORK:
        return value
    if kind is ArgumentKind.OUTPUT and isinstance(value, ast.Attribute | ast.Index):
        return value.base
    return None


# Sorts that an argument of a kind cannot be; the kinds that are not here look for more than a sort.
_ALWAYS: Final = frozenset({Sort.FORMULA, Sort.TEXT, Sort.NETWORK, Sort.OUTPUT, Sort.POSITIONS, Sort.MAP})
_MISFITS: Final[Mapping[ArgumentKind, frozenset[Sort]]] = {
    ArgumentKind.POINT: _ALWAYS | {Sort.REGION, Sort.NORM},
    ArgumentKind.TENSOR: _ALWAYS | {Sort.REGION, Sort.NORM},
    ArgumentKind.SCALAR: _ALWAYS | {Sort.REGION, Sort.NORM, Sort.LIST},
    ArgumentKind.SHARE: _ALWAYS | {Sort.REGION, Sort.NORM, Sort.LIST},
    ArgumentKind.TOLERANCE: _ALWAYS | {Sort.REGION, Sort.NORM},
    ArgumentKind.LABEL: _ALWAYS | {Sort.REGION, Sort.LIST},
    ArgumentKind.REGION: _ALWAYS | {Sort.NORM, Sort.LIST, Sort.NUMBER},
}


def _misfit(expr: ast.Expr, kind: ArgumentKind, scope: FormScope) -> Fault | None:
    sort = sort_of(expr, scope)
    return Fault() if sort is not None and sort in _MISFITS.get(kind, ()) else None


def _negative(expr: ast.Expr, parameter: Parameter, scope: FormScope) -> Fault | None:
    if parameter.signed:
        return None
    for part in expr.elements if isinstance(expr, ast.TensorLiteral) else (expr,):
        value = literal(part, scope)
        if value is not None and value < 0:
            problem = f"`{parameter.name}` cannot be below 0: it is `{clause_text(part)}`"
            return Fault(problem, None, form_codes.VALUE, place=part)
    return None


def _network(expr: ast.Expr, scope: FormScope) -> Checked:
    match expr:
        case ast.Name(text=text) if scope.networks.get(text) == 0 or text in scope.bound:
            return expr
        case ast.Name(text=text) if sort_of(expr, scope) is Sort.MAP:
            problem = unfit(scope.definitions[text], scope)
            return expr if problem is None else Fault(*problem)
        case ast.Name(text=text) if text in scope.networks:
            return Fault(f"`{text}` is a network family", f"say which member: `{text}[…]`")
        case ast.Name(text=text) | ast.Index(base=ast.Name(text=text)) if (
            text not in scope.names and text not in scope.labels and text not in scope.words
        ):
            return Fault(reported=True)
        case ast.Index(base=ast.Name(text=text)) if scope.networks.get(text):
            return expr
        case _:
            return Fault()


def _output(expr: ast.Expr, scope: FormScope) -> Checked:
    """An `Attribute` or an `Index` whose base is a network: forms may rely on it."""
    member = isinstance(expr, ast.Index) and scope.networks.get(network_name(expr) or "", 0) > 0
    if isinstance(expr, ast.Attribute) or (isinstance(expr, ast.Index) and not member):
        if isinstance(expr, ast.Attribute) and sort_of(expr, scope) is Sort.REGION:
            return Fault()
        network = _network(expr.base, scope)
        return network if isinstance(network, Fault) else expr
    network = _network(expr, scope)
    if isinstance(network, Fault):
        return network
    text = clause_text(expr)
    return Fault(f"`{text}` is a network, not one of its outputs", f"say which: `{text}[0]`")


def _norm(expr: ast.Expr) -> Checked:
    if isinstance(expr, ast.Name) and expr.text in NORMS:
        return expr
    close = did_you_mean(expr.text, NORMS) if isinstance(expr, ast.Name) else None
    problem = f"`{clause_text(expr)}` is not a norm"
    return Fault(problem, close or f"norms are {listed(NORMS)}", codes.NORM)


def _word(expr: ast.Expr, parameter: Parameter) -> Checked:
    if isinstance(expr, ast.Name) and expr.text in parameter.words:
        return expr
    close = did_you_mean(expr.text, parameter.words) if isinstance(expr, ast.Name) else None
    problem = f"`{parameter.name}` is {parameter.described}, not `{clause_text(expr)}`"
    return Fault(problem, close, form_codes.WORD)


def _interval(expr: ast.Expr, scope: FormScope) -> Checked:
    expr = _written_out(expr, scope)
    if not isinstance(expr, ast.TensorLiteral) or len(expr.elements) != 2:
        return Fault(None, "write `[lower, upper]`")
    lower, upper = (literal(end, scope) for end in expr.elements)
    if lower is not None and upper is not None and lower > upper:
        problem = f"the interval `{clause_text(expr)}` is empty"
        return Fault(problem, "the lower end comes first", form_codes.VALUE)
    return expr


def _components(expr: ast.Expr, scope: FormScope, network: ast.Expr | None) -> Checked:
    """A list; what is known of a network whose inputs have names is put as a name."""
    names = () if network is None else inputs_of(network, scope)
    owner = "the network" if network is None else f"`{clause_text(network)}`"
    found: list[ast.Expr] = []
    written = _written_out(expr, scope)
    for part in written.elements if isinstance(written, ast.TensorLiteral) else (written,):
        component = _component(part, scope, names, owner)
        if isinstance(component, Fault):
            return component
        if _key(component, scope) in (_key(known, scope) for known in found):
            problem = f"`{clause_text(part)}` is listed twice"
            return Fault(problem, None, form_codes.COMPONENT, place=part)
        found.append(component)
    return ast.TensorLiteral(expr.span, tuple(found))


def _component(expr: ast.Expr, scope: FormScope, names: tuple[str, ...], owner: str) -> Checked:
    if isinstance(expr, ast.Name) and expr.text in names:
        return expr
    if isinstance(expr, ast.Name) and expr.text not in scope.parameters and _is_input(expr.text, scope):
        problem = f"{owner} has no input `{expr.text}`"
        fix = did_you_mean(expr.text, names) or (
            f"its inputs are {listed(names)}" if names else "say its number"
        )
        return Fault(problem, fix, form_codes.COMPONENT, place=expr)
    sort = sort_of(expr, scope)
    if sort is not None and sort is not Sort.NUMBER:
        return Fault(place=expr)
    value = literal(expr, scope)
    if value is None:
        return expr
    if not _is_index(value) or (names and value >= len(names)):
        problem = f"there is no input `{clause_text(expr)}`"
        fix = f"{owner} has {len(names)} inputs, numbered from 0" if names else "inputs are numbered from 0"
        return Fault(problem, fix, form_codes.COMPONENT, place=expr)
    return ast.Name(expr.span, names[int(value)]) if names else expr


def _is_input(text: str, scope: FormScope) -> bool:
    return any(text in inputs for inputs in scope.inputs.values())


def _neurons(expr: ast.Expr, scope: FormScope) -> Checked:
    """A list of numbers, or of lists of numbers."""
    written = _written_out(expr, scope)
    if not isinstance(written, ast.TensorLiteral):
        return Fault(
            None, f"write `[{clause_text(written)}]`" if literal(written, scope) is not None else None
        )
    seen: set[object] = set()
    for neuron in written.elements:
        parts = neuron.elements if isinstance(neuron, ast.TensorLiteral) else (neuron,)
        for part in parts:
            value, sort = literal(part, scope), sort_of(part, scope)
            if sort not in (None, Sort.NUMBER) or not (value is None or _is_index(value)):
                problem = f"`{clause_text(part)}` is not the number of a neuron"
                return Fault(problem, "neurons are numbered from 0", form_codes.NEURONS, place=part)
        key = _key(neuron, scope)
        if key in seen:
            problem = f"neuron `{clause_text(neuron)}` is listed twice"
            return Fault(problem, None, form_codes.NEURONS, place=neuron)
        seen.add(key)
    return written


def contradiction(on: ast.Expr, off: ast.Expr, scope: FormScope) -> ast.Expr | None:
    """A neuron of `off` that is among those of `on`; both are lists of neurons."""
    if not isinstance(on, ast.TensorLiteral) or not isinstance(off, ast.TensorLiteral):
        return None
    keys = {_key(neuron, scope) for neuron in on.elements}
    return next((neuron for neuron in off.elements if _key(neuron, scope) in keys), None)


def _key(expr: ast.Expr, scope: FormScope) -> object:
    """The same for two expressions that are certainly equal."""
    if isinstance(expr, ast.TensorLiteral):
        return tuple(_key(element, scope) for element in expr.elements)
    value = literal(expr, scope)
    return clause_text(expr) if value is None else value


def _is_index(value: Fraction) -> bool:
    return value >= 0 and value.denominator == 1


def _written_out(expr: ast.Expr, scope: FormScope) -> ast.Expr:
    """The list that a parameter stands for."""
    value = scope.parameters.get(expr.text) if isinstance(expr, ast.Name) else None
    return value if isinstance(value, ast.TensorLiteral) else expr
