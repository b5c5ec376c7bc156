"""What a variable is a point of: found from the networks that it is put into, and from its region.

In: a binding, the formula behind it, and what names denote.  Out: a space and the network that it belongs
to, or a shape alone.  Nothing is reported here but that there is nothing to go by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod

from spec_lang._values import dataclass
from spec_lang.diagnostics import DiagnosticLog
from spec_lang.semantics.claim_graph.signature import Signature, Space
from spec_lang.semantics.claim_graph.uses import mentions
from spec_lang.semantics.model import NetworkUse
from spec_lang.semantics.names.scope import Scope
from spec_lang.semantics.rejection import Rejected
from spec_lang.semantics.terms.expressions import Evaluator
from spec_lang.semantics.terms.values import (
    ArrayValue,
    FamilyValue,
    LayerValue,
    NetworkValue,
    OutputValue,
    Tensor,
    Value,
)
from spec_lang.semantics.traverse import mentioned, walk
from spec_lang.syntax import ast

Signatures = Callable[[NetworkUse], Signature | None]


@dataclass(frozen=True, slots=True)
class Home:
    """The network whose input a variable is, and the input where it has several; not `bare` where the
    network is applied only to what depends on the variable."""

    use: NetworkUse
    tensor: str | None = None
    bare: bool = True


def network_of(value: Value, space: NetworkUse | None, scope: Scope) -> NetworkUse | None:
    """The network that a value stands for; for a family, the member `space`, or else the first."""
    match value:
        case NetworkValue(use=use):
            return use
        case FamilyValue(kind="network family", name=name):
            if space is not None and space.declaration.name.text == name:
                return space
            return scope.families[name].first
        case _:
            return None


def home_of(
    binding: ast.Binding, rest: ast.Expr, evaluator: Evaluator, scope: Scope
) -> Home | tuple[int, ...] | None:
    """The network that the variable is put into, else that its region is on, else the only one.

    Failing these, the shape of its region's corners; None when there is nothing to go by.
    Raises `Rejected` for an index of a family that is out of range.
    """
    name = binding.variable.text
    homes = tuple(_put_into(name, rest, evaluator, scope))
    if homes:
        return next((home for home in homes if home.bare), homes[0])
    if isinstance(binding.domain, ast.IndexRange | ast.IndexSet | None):
        return None
    found = mentions(binding.domain, scope, evaluator.log)
    if found:
        return Home(found[0].use)
    families = tuple(scope.families.values())
    if len(families) == 1:
        return Home(families[0].first)
    corner = _corner(binding.domain, evaluator)
    if corner is not None:
        return corner.shape if corner.space is None else Home(corner.space)
    labels = {mention.use.label: mention.use for mention in mentions(rest, scope, DiagnosticLog())}
    return Home(next(iter(labels.values()))) if len(labels) == 1 else None


def _put_into(name: str, rest: ast.Expr, evaluator: Evaluator, scope: Scope) -> Iterator[Home]:
    """Every network that is applied to the variable, or to something that depends on it."""
    for node in walk(rest):
        if not isinstance(node, ast.Call):
            continue
        function, arguments = _applied(node)
        used = [a for a in arguments if name in mentioned(a.value)]
        if not used or function is None:
            continue
        try:
            value = evaluator.silent().value(function)
        except Rejected:
            continue  # it speaks of names that are bound further in, or of none: reported elsewhere
        use = _network(value, scope)
        if use is None:
            continue
        for argument in used:
            tensor = argument.name.text if argument.name is not None and len(arguments) > 1 else None
            bare = isinstance(argument.value, ast.Name) and argument.value.text == name
            yield Home(use, tensor, bare)


def _applied(node: ast.Call) -> tuple[ast.Expr | None, tuple[ast.Argument, ...]]:
    """What is applied, and to what: of `grad(f.c, x)` it is f, and x."""
    match node.function:
        case ast.Name(text="grad" | "preactivations") if len(node.arguments) == 2:
            return node.arguments[0].value, node.arguments[1:]
        case ast.Name() | ast.Index() | ast.Attribute() | ast.Call():
            return node.function, node.arguments
        case _:
            return None, ()


def _network(value: Value, scope: Scope) -> NetworkUse | None:
    match value:
        case NetworkValue(use=use) | LayerValue(use=use):
            return use
        case OutputValue(network=network):
            return network.use
        case FamilyValue(kind="network family", name=name):
            return scope.families[name].first  # that no member is named is reported where it is applied
        case _:
            return None


def report_functions(binding: ast.Binding, rest: ast.Expr, evaluator: Evaluator) -> None:
    """Reports what is wrong with whatever is applied to the variable.  Raises `Rejected` if something is."""
    for node in walk(rest):
        function, arguments = _applied(node) if isinstance(node, ast.Call) else (None, ())
        if function is None or all(binding.variable.text not in mentioned(a.value) for a in arguments):
            continue
        if all(evaluator.knows(name) or evaluator.is_broken(name) for name in mentioned(function)):
            evaluator.value(function)


def own_shape(binding: ast.Binding, space: Space, evaluator: Evaluator) -> tuple[int, ...] | None:
    """The shape of a variable whose region has corners of another size than `space`, which the network is
    applied to: of z in `f([z[0], z[1], 2.1])`."""
    if isinstance(binding.domain, ast.IndexRange | ast.IndexSet | None):
        return None
    corner = _corner(binding.domain, evaluator)
    if corner is None or corner.space is not None or prod(corner.shape) == space.size:
        return None
    return corner.shape


def _corner(domain: ast.Expr, evaluator: Evaluator) -> Tensor | None:
    """A corner of a box or the center of a ball, where it is more than a number."""
    for node in walk(domain):
        if not isinstance(node, ast.Call) or not isinstance(node.function, ast.Name):
            continue
        corners = node.arguments[:2] if node.function.text == "box" else node.arguments[:1]
        for corner in corners if node.function.text in ("box", "ball") else ():
            try:
                value = evaluator.silent().value(corner.value)
            except Rejected:
                continue
            if isinstance(value, Tensor) and value.shape:
                return value
            if isinstance(value, ArrayValue) and value.shape:
                return Tensor(value.shape, ())
    return None


def input_of(signature: Signature, home: Home) -> Space | None:
    """The space of `home` among the inputs of its network; None when it has no such input."""
    if home.tensor is None:
        return signature.inputs[0] if len(signature.inputs) == 1 else None
    return next((space for space in signature.inputs if space.name == home.tensor), None)
