"""Where an invariant says something: its region, and what stands before the `=>` of its body.

In: a parsed spec and the names of invariants.  Out: the same spec in which each of them says that nowhere in
its region its antecedent holds, so that what would break it is the region and the antecedent together.  An
invariant without an implication is about all of its region.
"""

from __future__ import annotations

from dataclasses import replace

from spec_lang.syntax import ast
from spec_lang.syntax.parse import Parsed


def antecedent_of(body: ast.Expr) -> ast.Expr | None:
    """What stands before the `=>`, within the definitions of a `let` if there are; None without one."""
    match body:
        case ast.Implies(premise=premise):
            return premise
        case ast.Let(body=inner):
            found = antecedent_of(inner)
            return None if found is None else replace(body, body=found)
        case _:
            return None


def denied(parsed: Parsed) -> Parsed:
    """The spec with every invariant that has an antecedent saying that it never holds."""
    declarations = tuple(map(_denied, parsed.module.declarations))
    return replace(parsed, module=replace(parsed.module, declarations=declarations))


def _denied(declaration: ast.Declaration) -> ast.Declaration:
    if not isinstance(declaration, ast.InvariantDecl):
        return declaration
    premise = antecedent_of(declaration.body)
    return declaration if premise is None else replace(declaration, body=ast.Not(premise.span, premise))
