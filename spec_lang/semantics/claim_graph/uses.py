"""Which networks an expression speaks of, before it is evaluated.

In: an expression whose indices are numbers.  Out: the networks that it mentions and where, in order; a bare
family stands for its first member, since all members share names, scalings and domain.
"""

from __future__ import annotations

from collections.abc import Callable

from spec_lang._values import dataclass
from spec_lang.diagnostics import DiagnosticLog, Span
from spec_lang.semantics.model import NetworkUse
from spec_lang.semantics.names.scope import Scope
from spec_lang.semantics.terms.expressions import Evaluator, Rejected
from spec_lang.semantics.traverse import children, substitute
from spec_lang.syntax import ast


@dataclass(frozen=True, slots=True)
class Mention:
    """A network in an expression; `bare` when a whole family is named."""

    use: NetworkUse
    span: Span
    bare: bool


def mentions(expr: ast.Expr, scope: Scope, log: DiagnosticLog) -> tuple[Mention, ...]:
    """The networks that `expr` mentions, in the order of the text; those of its regions included.

    Raises `Rejected` for an index outside its family.
    """
    evaluator = Evaluator(log, scope.constants, None, scope.broken)
    found: list[Mention] = []
    stack: list[ast.Expr] = [expr]
    seen: set[ast.Expr] = set()  # a region that is on itself has been reported
    while stack:
        node = stack.pop()
        match node:
            case ast.Name() if node.text in scope.families:
                network = scope.families[node.text]
                found.append(Mention(network.first, node.span, bool(network.family.indices)))
            case ast.Index(base=ast.Name(text=text)) if text in scope.families:
                found.append(_member(node, text, scope, evaluator))
            case ast.Name(text=text) if text in scope.regions and not scope.regions[text].family.indices:
                parts = _region_parts(text, node, scope, evaluator)
                stack.extend(part for part in parts if part not in seen)
                seen.update(parts)
            case ast.Index(base=ast.Name(text=text)) if text in scope.regions:
                parts = _region_parts(text, node, scope, evaluator)
                stack.extend(part for part in parts if part not in seen)
                seen.update(parts)
            case _:
                stack.extend(reversed(children(node)))
    exact = tuple(mention for mention in found if not mention.bare)
    return exact or tuple(found)


def networks_used(scope: Scope, wanted: Callable[[str], bool]) -> tuple[NetworkUse, ...]:
    """The networks that the wanted claims speak of, each once, in the order of their first use.

    What a claim gets wrong is not reported here: `typecheck` does.
    """
    found: dict[str, NetworkUse] = {}
    for claim in scope.claims:
        for member in claim.family.members():
            if not wanted(claim.member_name(member)):
                continue
            body = substitute(claim.body, claim.family.assignment(member, claim.declaration.name.span))
            try:
                for mention in mentions(body, scope, DiagnosticLog()):
                    found.setdefault(mention.use.label, mention.use)
            except Rejected:
                continue
    return tuple(found.values())


def _member(node: ast.Index, name: str, scope: Scope, evaluator: Evaluator) -> Mention:
    network = scope.families[name]
    member = evaluator.integers(node)
    if not network.family.indices:  # `f[2]`: an output of a network; the evaluator says what is wrong with it
        return Mention(network.first, node.span, False)
    if network.family.values(member, f"`{name}`", node.span, evaluator.log) is None:
        raise Rejected
    return Mention(network.uses[member], node.span, False)


def _region_parts(
    name: str, node: ast.Name | ast.Index, scope: Scope, evaluator: Evaluator
) -> tuple[ast.Expr, ...]:
    """The network that a region is on, or else what its definition mentions."""
    region = scope.regions[name]
    member = evaluator.integers(node) if isinstance(node, ast.Index) else ()
    values = region.family.values(member, f"the region `{name}`", node.span, evaluator.log)
    if values is None:
        raise Rejected
    network = region.declaration.network
    return (substitute(region.value if network is None else network, values),)
