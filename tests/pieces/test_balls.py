"""Balls are seen in what a claim's graph says of its inputs, exactly."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import strategies as st

from spec_lang.kernel.exact import evaluate_exact
from spec_lang.kernel.witness import holds
from spec_lang.obligations.balls import Ball, Norm, ball_of, balls, conjuncts
from spec_lang.obligations.lower import lower
from spec_lang.obligations.model import Obligation
from tests.laws import law
from tests.semantics.worlds import accepted, network

SIZE = 7  # more absolute values than are spelled out where all pieces count


def number(limit: int = 8) -> st.SearchStrategy[Fraction]:
    return st.builds(Fraction, st.integers(-limit * 4, limit * 4), st.sampled_from((1, 2, 5, 8)))


def obligation(center: list[Fraction], radius: Fraction, norm: str, encode: str = "") -> Obligation:
    head = f'network f = "f.onnx" {{ input {", ".join(f"i{k}" for k in range(SIZE))} output p {encode} }}\n'
    point = ", ".join(map(str, center))
    text = f"{head}claim c: forall x in ball([{point}], {radius}, {norm}): f(x).p <= 3\n"
    (found,) = lower(accepted(text, {"f": network(SIZE, 1)})["c"]).obligations
    return found


def inside(ball: Ball, point: list[Fraction]) -> bool:
    gaps = [abs(point[i] - c) for i, c in zip(ball.inputs, ball.center, strict=True)]
    gaps = gaps if ball.norm is Norm.SUM else [gap * gap for gap in gaps]
    return sum((w * gap for w, gap in zip(ball.weights, gaps, strict=True)), Fraction(0)) <= ball.level


@pytest.mark.parametrize(("norm", "kind"), [("l1", Norm.SUM), ("l2", Norm.EUCLIDEAN)])
@law(
    10,
    300,
    center=st.lists(number(), min_size=SIZE, max_size=SIZE),
    radius=number().filter(lambda r: r > 0),
    encode=st.sampled_from(
        ("", " encode x = (x - 3) / 8", " encode x = (x + 0.5) / [1, 2, 0.5, 1, 1, 4, 3]")
    ),
    point=st.lists(number(2), min_size=SIZE, max_size=SIZE),
)
def test_a_ball_holds_where_its_atom_does(
    norm: str,
    kind: Norm,
    center: list[Fraction],
    radius: Fraction,
    encode: str,
    point: list[Fraction],
) -> None:
    asked = obligation(center, radius, norm, encode)
    (ball,) = balls(asked)
    assert ball.norm is kind
    assert ball.inputs == tuple(range(SIZE))
    (atom,) = (a for a in conjuncts(asked.violation) if ball_of(asked.graph, a) is not None)
    for share in (Fraction(0), Fraction(1, 4), Fraction(1, 2), Fraction(1), Fraction(3, 2)):
        here = [c + share * (p - c) for c, p in zip(ball.center, point, strict=True)]
        assert holds(atom, here, evaluate_exact(asked.graph, here)) == inside(ball, here)


def test_what_is_no_ball_is_none() -> None:
    names = ", ".join(f"i{k}" for k in range(SIZE))
    head = f'network f = "f.onnx" {{ input {names} output p }}\n'
    for atom in (
        "norm([x[0] + x[1], x[1], x[2]], l2) <= 1",  # not along the axes
        "norm([x[0], x[1]], l2) >= 1",  # what is outside
        "norm(x, l1) + x[0] <= 1",  # not the same to both sides
        "norm(x, l1) >= 1",
    ):
        text = f"{head}claim c: forall x in box(-2, 2): {atom} => f(x).p <= 3\n"
        goal = lower(accepted(text, {"f": network(SIZE, 1)})["c"])
        assert [balls(each) for each in goal.obligations] == [()] * len(goal.obligations)


@law(
    20,
    500,
    center=st.lists(number(), min_size=2, max_size=4),
    radius=number().filter(lambda r: r > 0),
    data=st.data(),
)
def test_a_ball_that_is_spelled_out_holds_where_its_rows_do(
    center: list[Fraction], radius: Fraction, data: st.DataObject
) -> None:
    size = len(center)
    names = ", ".join(f"i{k}" for k in range(size))
    head = f'network f = "f.onnx" {{ input {names} output p  encode x = (x - 1) / 4 }}\n'
    text = f"{head}claim c: forall x in ball([{', '.join(map(str, center))}], {radius}, l1): f(x).p <= 3\n"
    (asked,) = lower(accepted(text, {"f": network(size, 1)})["c"]).obligations
    (ball,) = balls(asked)
    step = data.draw(st.lists(number(1), min_size=size, max_size=size))
    here = [c + s for c, s in zip(ball.center, step, strict=True)]
    assert inside(ball, here) == all(holds(row, here, ()) for row in asked.region.constraints)
