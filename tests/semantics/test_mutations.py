"""Whatever a claim says, it becomes diagnostics or a typed claim; nothing is dropped in silence.

Claims that make sense are broken at random: a part is replaced by another part of the same file.
"""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from spec_lang.diagnostics import DiagnosticLog
from spec_lang.obligations.lower import TooManyCases, lower
from spec_lang.semantics.names.resolve import resolve
from spec_lang.semantics.traverse import children, rebuild, walk
from spec_lang.semantics.typecheck import typecheck
from spec_lang.syntax import ast
from spec_lang.syntax.parse import parse_expression, parse_module
from tests.laws import law
from tests.semantics.formulas import HEADER, bodies, regions
from tests.semantics.worlds import FORMS, network

DONORS = (
    "f",
    "h",
    "coc",
    "x",
    "near",
    "slab",
    "slab[7]",
    "half",
    "grows",
    "eps",
    "corner",
    "linf",
    "argmax",
    "box",
    "3 * x.a * f(x).p",
    "[1, 2]",
    "[[1, 2], [3]]",
    '"text"',
    "1 / 0",
    "f.domain",
    "f.h",
    "f(x)",
    "f.h(x)",
    "{ y | y.a < 1 }",
    "robust(f, at: corner, label: p, within: 1)",
    "output_range(f.p, on: near, at_most: 3)",
    "forall y in near: f(y).p < 0",
    "ball(corner, 1, l2)",
    "ball(corner, radius: 1)",
    "half(1, 2)",
    "max(f(x))",
    "argmin(f(x))",
)
donors = [expression for text in DONORS if (expression := parse_expression(text, "donor")[0]) is not None]


def test_every_donor_parses() -> None:
    assert len(donors) == len(DONORS)


def _replaced(expr: ast.Expr, victim: int, donor: ast.Expr) -> ast.Expr:
    """`expr` with its part number `victim` (in the order of `walk`) replaced."""
    if victim == 0:
        return donor
    position = 1
    targets: dict[int, int] = {}  # direct part: the number of the part to replace within it
    for number, part in enumerate(children(expr)):
        size = sum(1 for _ in walk(part))
        if position <= victim < position + size:
            targets[number] = victim - position
        position += size
    counter = iter(range(len(children(expr))))

    def visit(part: ast.Expr) -> ast.Expr:
        number = next(counter)
        return _replaced(part, targets[number], donor) if number in targets else part

    return rebuild(expr, visit)


@law(
    100,
    1000,
    region=regions,
    body=bodies,
    changes=st.lists(st.tuples(st.integers(0, 60), st.sampled_from(donors)), max_size=3),
)
def test_a_mutated_claim_is_reported_or_typed(
    region: str, body: str, changes: list[tuple[int, ast.Expr]]
) -> None:
    module = parse_module(f"{HEADER}\nclaim c: forall x in {region}: {body}\n", "spec.nnspec").module
    claim = module.declarations[-1]
    assert isinstance(claim, ast.ClaimDecl)
    formula = claim.body
    for victim, donor in changes:
        formula = _replaced(formula, victim % sum(1 for _ in walk(formula)), donor)
    mutated = replace(module, declarations=(*module.declarations[:-1], replace(claim, body=formula)))
    log = DiagnosticLog()
    scope = resolve(mutated, {}, FORMS, frozenset(), log)
    spec = typecheck(scope, {"f": network()}, log)
    assert bool(spec.claims) or log.has_errors
    for typed in spec.claims:
        if typed.statement is None:
            assert typed.needs
            continue
        try:
            goal = lower(typed)
        except TooManyCases:
            continue
        assert goal.obligations
