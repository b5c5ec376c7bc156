"""Invariants as formulas: `invariant n of f on R: body` is `forall x in R: body`, the names of a run bound.

In: an invariant and the networks.  Out: a quantified formula in which `input`, `output` and the network's
layers are `x`, `f(x)` and `f.layer(x)`; the variable is one that nothing else is called.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from spec_lang.diagnostics import DiagnosticLog, Note
from spec_lang.semantics import codes
from spec_lang.semantics.names.declared import View
from spec_lang.semantics.traverse import fresh_name, mentioned, rebuild, walk
from spec_lang.syntax import ast

_INPUT: Final = "input"
_OUTPUT: Final = "output"


def network_of(
    declaration: ast.InvariantDecl, networks: Mapping[str, ast.NetworkDecl], log: DiagnosticLog, view: View
) -> ast.NetworkDecl | None:
    """The network that an invariant is of; None for anything else, which is logged if it is declared."""
    match declaration.network:
        case ast.Name(text=text, span=span) if text in networks:
            family = networks[text].family
            if not family:
                return networks[text]
            indices = ", ".join(index.name.text for index in family)
            problem = f"`{text}` is a network family, and an invariant is of one network"
            log.error(codes.INVARIANT, problem, span, f"say which member: `{text}[{indices}]`")
        case ast.Index(base=ast.Name(text=text)) if text in networks:
            return networks[text]
        case ast.Name(text=text) | ast.Index(base=ast.Name(text=text)) if (
            text in view.networks or text not in view.declared
        ):
            pass  # a network with a mistake is reported there, an unknown name like every other
        case other:
            log.error(codes.INVARIANT, "an invariant is of a network", other.span, "`invariant … of f: …`")
    return None


def names_of_run(network: ast.NetworkDecl) -> frozenset[str]:
    """The names that an invariant of `network` gives to the tensors of one run."""
    return frozenset({_INPUT, _OUTPUT, *_layers(network)})


def check_run_names(
    declaration: ast.InvariantDecl, network: ast.NetworkDecl, view: View, log: DiagnosticLog
) -> None:
    """Reports names in the body that mean a tensor of the run and something else in the file, too."""
    names = names_of_run(network)
    for node in walk(declaration.body):
        if isinstance(node, ast.Name) and node.text in names and node.text in view.declared:
            what = f"a layer of `{network.name.text}`" if node.text in _layers(network) else "part of the run"
            problem = f"`{node.text}` is {what} here, and something else in this file"
            notes = (Note("it is declared here", view.declared[node.text]),)
            log.error(codes.SHADOWING, problem, node.span, "choose another name for one of them", notes)


def as_formula(
    declaration: ast.InvariantDecl, network: ast.NetworkDecl, taken: frozenset[str]
) -> ast.Quantified:
    """The formula that an invariant of `network` stands for."""
    reference, body = declaration.network, declaration.body
    parts = [body, reference] if declaration.region is None else [body, reference, declaration.region]
    variable = fresh_name("x", taken.union(*map(mentioned, parts)))
    layers = _layers(network)

    def visit(expr: ast.Expr) -> ast.Expr:
        # No variable of the body is called like a part of the run: that is reported as shadowing.
        if not isinstance(expr, ast.Name):
            return rebuild(expr, visit)
        point = ast.Name(expr.span, variable)
        if expr.text == _INPUT:
            return point
        if expr.text == _OUTPUT:
            return _applied(reference, point)
        if expr.text in layers:
            return _applied(ast.Attribute(expr.span, reference, expr), point)
        return expr

    region = declaration.region
    if region is None:
        region = _domain(reference, network)
    binding = ast.Binding(region.span, ast.Name(reference.span, variable), region)
    return ast.Quantified(declaration.span, ast.Quantifier.FORALL, (binding,), visit(body))


def _applied(function: ast.Expr, point: ast.Name) -> ast.Expr:
    return ast.Call(point.span, function, (ast.Argument(point.span, None, point),))


def _domain(reference: ast.Expr, network: ast.NetworkDecl) -> ast.Expr:
    span = reference.span
    if any(isinstance(item, ast.Domain) for item in network.items):
        return ast.Attribute(span, reference, ast.Name(span, "domain"))
    return ast.Call(span, ast.Name(span, "everywhere"), (ast.Argument(span, None, reference),))


def _layers(network: ast.NetworkDecl) -> frozenset[str]:
    return frozenset(item.name.text for item in network.items if isinstance(item, ast.Layer))
