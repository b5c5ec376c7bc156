"""Calls of claim forms, expanded without any network: the formulas that they stand for, or what is wrong.

In: the text of a spec.  Out: its claims' formulas as text, and every diagnostic of their expansion.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from spec_lang.claims.base import Claim
from spec_lang.diagnostics import Diagnostic, DiagnosticLog
from spec_lang.semantics.forms.expansion import Expander
from spec_lang.semantics.forms.library import built_in_forms
from spec_lang.semantics.forms.scope import form_scope
from spec_lang.syntax import ast
from spec_lang.syntax.format import format_expression
from spec_lang.syntax.parse import parse_module

HEAD = """
network f = "f.onnx" {
    input  a, b, c
    output p, q
    layer  h = "t1"
}
network g = "g.onnx"
network nets[i in 1..3] = "g_{i}.onnx" like f
region near on f = { x | x.a <= 1 }
param eps = 0.1
param pair = [0.1, 0.2]
param some = [1, 2]
def twice(x) = f(2 * f(x))
def mixed(x) = f([x.c, g(x)[0], 0])
def thrice(x) = f(twice(x))
def both(x, y) = f(x) - f(y)
def low(x) = f(x).p <= 0
def about(x) = ball(x, 1, linf)
def unique(m) = injective(m, on: near)
def apply(m, x) = m(x)
"""


@dataclass(frozen=True)
class Expanded:
    trees: Mapping[str, ast.Expr]
    problems: tuple[Diagnostic, ...]

    @property
    def texts(self) -> dict[str, str]:
        return {name: format_expression(tree) for name, tree in self.trees.items()}


def expand_file(text: str, forms: Mapping[str, Claim] | None = None) -> Expanded:
    """The claims of a file."""
    log = DiagnosticLog()
    parsed = parse_module(text, "spec.nnspec")
    log.extend(parsed.diagnostics)
    declarations = parsed.module.declarations
    networks = {d.name.text: d for d in declarations if isinstance(d, ast.NetworkDecl)}
    regions = frozenset(d.name.text for d in declarations if isinstance(d, ast.RegionDecl))
    params = [d for d in declarations if isinstance(d, ast.ParamDecl)]
    values = {param.name.text: param.value for param in params if param.value is not None}
    definitions = {d.name.text: d for d in declarations if isinstance(d, ast.DefDecl)}
    names = frozenset((*networks, *regions, *values, *definitions))
    expander = Expander(
        definitions, forms or built_in_forms(), form_scope(networks, values, names, regions), log
    )
    claims = {d.name.text: expander.expand(d.body) for d in declarations if isinstance(d, ast.ClaimDecl)}
    return Expanded({name: tree for name, tree in claims.items() if tree is not None}, tuple(log))


def tree_of(call: str, head: str = HEAD) -> ast.Expr:
    """The formula of one call without mistakes."""
    found = expand_file(f"{head}claim c: {call}\n")
    assert found.problems == ()
    return found.trees["c"]


def formula_of(call: str, head: str = HEAD) -> str:
    """The formula of one call without mistakes, as text."""
    return format_expression(tree_of(call, head))
