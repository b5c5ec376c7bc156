"""Monotonicity: an output rises, or falls, with one or several inputs.

In: an output, the inputs, a direction and a region.  Out: the core formula that this stands for, on two
points that agree in all other inputs.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from spec_lang.claims.base import ArgumentKind, Claim, Expansion, Parameter, Variant
from spec_lang.syntax import ast

_RELATIONS: Final = {"increasing": ast.Comparison.LE, "decreasing": ast.Comparison.GE}

_FORMULA: Final = "forall x in on, y in on: {} => output(x) {} output(y)"


def expand(call: Expansion) -> ast.Expr:
    """By name where the network's inputs have names, else by number."""
    output, direction, given = (call.arguments[name] for name in ("output", "direction", "in"))
    network = output.base if isinstance(output, ast.Attribute | ast.Index) else output
    moved = given.elements if isinstance(given, ast.TensorLiteral) else (given,)
    names = call.inputs(network)
    known = [component.text for component in moved if isinstance(component, ast.Name)]
    relation = _RELATIONS[direction.text if isinstance(direction, ast.Name) else "increasing"]

    def precedes(x: ast.Expr, y: ast.Expr) -> ast.Expr:
        if len(known) == len(moved) and set(known) <= set(names):
            return _by_name(call, (x, y), names, frozenset(known))
        return _by_number(call, (x, y), moved, names)

    return call.core(_FORMULA.format("precedes(x, y)", relation.value), precedes=precedes)


def _by_name(
    call: Expansion, points: tuple[ast.Expr, ast.Expr], names: tuple[str, ...], moved: frozenset[str]
) -> ast.Expr:
    """`x.a <= y.a and x.b == y.b and …`, the inputs that move first."""
    order = sorted(names, key=lambda name: name not in moved)
    clauses = []
    for name in order:
        first, second = (ast.Attribute(call.span, point, ast.Name(call.span, name)) for point in points)
        relation = ast.Comparison.LE if name in moved else ast.Comparison.EQ
        clauses.append(ast.Compare(call.span, first, ((relation, second),)))
    return clauses[0] if len(clauses) == 1 else ast.And(call.span, tuple(clauses))


def _by_number(
    call: Expansion, points: tuple[ast.Expr, ast.Expr], moved: tuple[ast.Expr, ...], names: tuple[str, ...]
) -> ast.Expr:
    """`flat(x)[2] <= flat(y)[2] and (forall j: j != 2 => flat(x)[j] == flat(y)[j])`."""
    places = {f"i_{n}": _number(component, names) for n, component in enumerate(moved)}
    rises = " and ".join(f"flat(x)[{place}] <= flat(y)[{place}]" for place in places)
    other = " and ".join(f"j != {place}" for place in places)
    text = f"{rises} and (forall j: {other} => flat(x)[j] == flat(y)[j])"
    return call.core(text, x=points[0], y=points[1], **places)


def _number(component: ast.Expr, names: tuple[str, ...]) -> ast.Expr:
    if isinstance(component, ast.Name) and component.text in names:
        place = names.index(component.text)
        return ast.Number(component.span, Fraction(place), str(place))
    return component


CLAIM: Final = Claim(
    name="monotone",
    summary="an output rises, or falls, with some of the inputs",
    formula=_FORMULA.format("x.i <= y.i and (x and y agree in every other input)", "<="),
    variants=(
        Variant("with `decreasing`", "… => output(x) >= output(y)"),
        Variant(
            "for an input by number",
            _FORMULA.format(
                "flat(x)[i] <= flat(y)[i] and (forall j: j != i => flat(x)[j] == flat(y)[j])", "<="
            ),
        ),
    ),
    notes="Of several inputs, `in: [a, b]`, each may rise: the output rises with all of them together.",
    parameters=(
        Parameter("output", ArgumentKind.OUTPUT, "the output, as in `f.approve`", positional=True),
        Parameter("in", ArgumentKind.COMPONENTS, "the inputs that rise, by name or number"),
        Parameter(
            "direction",
            ArgumentKind.WORD,
            "which way the output goes when they rise",
            positional=True,
            words=tuple(_RELATIONS),
        ),
        Parameter("on", ArgumentKind.REGION, "the points that are compared"),
    ),
    expand=expand,
    example="""
network loan = "loan.onnx" {
    input  income, debt, age
    output approve, deny
    domain income in [0, 1], debt in [0, 1], age in [18, 100]
}
claim fair_income: monotone(loan.approve, in: income, increasing, on: loan.domain)
claim fair_debt:   monotone(loan.approve, in: [debt, age], decreasing, on: loan.domain)
""",
)
