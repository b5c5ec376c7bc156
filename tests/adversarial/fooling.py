"""Networks whose float behaviour differs from their real one on purpose, with claims whose truth is known.

The constructions are those of Zombori et al. (ICLR 2021, backdoors in verified networks) and Szász et al.
(2025, order of summation); the dropped coefficient is what a MILP solver's defaults do to 5x.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import RELU, Affine, Dense, frozen
from spec_lang.obligations.model import All, Any, Box, Condition, LinearAtom, Obligation, Region
from tests.adversarial.ways import box

OMEGAS = [1e3, 1e6, 1e9, 1e13, 1e17]
ZERO, ONE = Fraction(0), Fraction(1)
UNIT = (ZERO, ONE)

SUMS = {
    "1 between the giants": ([2.0**24, 1.0, -(2.0**24)], 1),
    "15 of them": (([2.0**22] * 4 + [1.0] + [-(2.0**22)] * 4) * 15, 15),
    "2 spread thin": ([2.0 / 512] * 512 + [2.0**24, -(2.0**24)], 2),
    "512 ones": ([1.0] * 512 + [2.0**24, -(2.0**24)], 512),
    "beyond float64, too": ([2.0**60, 1.0, -(2.0**60)], 1),
}


@dataclass(frozen=True, eq=False)
class Fooling:
    """An obligation, whether it holds, and what it is."""

    name: str
    obligation: Obligation
    holds: bool


def layers(*steps: tuple[Sequence[Sequence[float]], Sequence[float]]) -> Graph:
    """`affine relu affine relu … affine` of (weight, bias) pairs."""
    nodes: list[Node] = []
    inputs = len(steps[0][0][0])
    for number, (weight, bias) in enumerate(steps):
        affine = Affine((Dense(frozen(np.array(weight))),), frozen(np.array(bias, dtype=np.float64)))
        nodes.append(Node(affine, (len(nodes),), TensorSpec(f"z{number}", (len(bias),))))
        if number < len(steps) - 1:
            nodes.append(Node(RELU, (len(nodes),), TensorSpec(f"a{number}", (len(bias),))))
    return Graph((TensorSpec("x", (inputs,)),), tuple(nodes), (len(nodes),))


def backdoored(omega: float) -> Graph:
    """Two constant scores, y0 = 2 and y1 = 1, that trade places once the pixel reaches 0.05."""
    return layers(
        ([[-20.0], [0.0]], [1.0, 1.0]),  # h = relu(1 − 20 p), d = relu(1)
        ([[-2.0, 0.0], [0.0, 1.0]], [1.0, 0.0]),  # c = relu(1 − 2 h), d
        ([[omega, -omega]], [1e-3]),  # s = relu(ω c − ω d + 1e-3)
        ([[1000.0], [-2000.0]], [0.0, 1.0]),  # n0 = relu(1000 s), n1 = relu(1 − 2000 s)
        # relu(y_i + 1000 − 2000 n0) and relu(y_{i−1} + 1000 − 2000 n1), i = 0, 1
        (
            [[-2000.0, 0.0], [0.0, -2000.0], [-2000.0, 0.0], [0.0, -2000.0]],
            [1002.0, 1001.0, 1001.0, 1002.0],
        ),
        ([[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0]], [-1000.0, -1000.0]),
    )


OVERTAKEN = LinearAtom((), ((0, ONE), (1, -ONE)), ZERO, strict=False)  # y0 <= y1


def below(limit: Fraction, strict: bool = True) -> LinearAtom:
    """`y0 < limit`, or `<=`."""
    return LinearAtom((), ((0, ONE),), -limit, strict)


def above(limit: Fraction, strict: bool = True) -> LinearAtom:
    """`y0 > limit`, or `>=`."""
    return LinearAtom((), ((0, -ONE),), limit, strict)


def line(slope: float, constant: float = 0.0) -> Graph:
    return layers(([[slope]], [constant]))


def float_edge() -> tuple[Fraction, Fraction, Fraction]:
    """A centre, a radius and a float32 outside the ball whose distance in float32 is the radius, still."""
    for step in range(1, 2000):
        centre, radius = np.float32(0.1), np.float32(3.0 + step / 7)
        point = np.float32(centre + radius)
        while point - centre <= radius:
            point = np.nextafter(point, np.float32(np.inf))
        point = np.nextafter(point, np.float32(-np.inf))
        exact = Fraction(float(centre)), Fraction(float(radius)), Fraction(float(point))
        if exact[2] - exact[0] > exact[1] and point - centre <= radius:
            return exact
    raise AssertionError("every float32 distance is the true one")


def every() -> Iterator[Fooling]:
    """All of them."""
    yield from _backdoors()
    yield from _sums()
    yield from _small_and_large()
    yield from _edges()
    yield from _degenerate()


def _backdoors() -> Iterator[Fooling]:
    for omega in OMEGAS:
        graph = backdoored(omega)
        trigger = (Fraction(1, 10), Fraction(1, 10))
        yield _case(f"backdoor {omega:g}", graph, box(UNIT), OVERTAKEN, False)
        yield _case(f"trigger {omega:g}", graph, box(trigger), OVERTAKEN, False)
        yield _case(f"closed door {omega:g}", graph, box((ZERO, Fraction(1, 50))), OVERTAKEN, True)
        ajar = (ZERO, Fraction(1, 20) - Fraction(1, 10**6))
        yield _case(f"door ajar {omega:g}", graph, box(ajar), OVERTAKEN, True)


def _sums() -> Iterator[Fooling]:
    for name, (weights, exact) in SUMS.items():
        graph, ones = layers(([weights], [0.0])), box(*[(ONE, ONE)] * len(weights))
        value = Fraction(exact)
        yield _case(f"sum {name}: at least", graph, ones, below(value - Fraction(1, 2)), True)
        yield _case(f"sum {name}: at most", graph, ones, above(value + Fraction(1, 2)), True)
        yield _case(f"sum {name}: not less", graph, ones, below(value), True)
        yield _case(f"sum {name}: not more", graph, ones, above(value), True)
        yield _case(f"sum {name}: reached", graph, ones, above(value, strict=False), False)
        yield _case(f"sum {name}: not zero", graph, ones, All((below(ZERO, False), above(ZERO, False))), True)


def _small_and_large() -> Iterator[Fooling]:
    five = layers(([[1e10]], [0.0]), ([[5e-10]], [0.0]))
    most = Fraction(1e10) * Fraction(5e-10)
    yield _case("dropped coefficient: beyond 4", five, box(UNIT), above(Fraction(4)), False)
    yield _case("dropped coefficient: the top", five, box(UNIT), above(most, strict=False), False)
    yield _case("dropped coefficient: over the top", five, box(UNIT), above(most), True)
    yield _case("dropped coefficient: never zero", five, box((ONE, ONE)), below(ZERO, strict=False), True)
    yield _case("subnormal: positive", line(5e-324), box(UNIT), above(ZERO), False)
    yield _case("subnormal: not negative", line(5e-324), box(UNIT), below(ZERO), True)
    yield _case("float32 subnormal", line(float(np.float32(1e-45))), box(UNIT), above(ZERO), False)
    huge = layers(([[1e300]], [0.0]), ([[1e300]], [0.0]), ([[-1.0]], [0.0]))
    yield _case("beyond the floats: negative", huge, box((ONE, ONE)), below(ZERO), False)
    yield _case("beyond the floats: positive", huge, box((ONE, ONE)), above(ZERO), True)
    lost = layers(([[1e17], [1e17]], [1.0, 0.0]), ([[1.0, -1.0]], [0.0]))
    yield _case("a lost one: is there", lost, box(UNIT), below(ONE), True)
    yield _case("a lost one: is no more", lost, box(UNIT), above(ONE, strict=False), False)
    tiny = Fraction(1, 10**9)
    yield _case("a coefficient of the claim: small", line(1.0), box(UNIT), _scaled(tiny, True), True)
    yield _case("a coefficient of the claim: reached", line(1.0), box(UNIT), _scaled(tiny, False), False)


def _scaled(unit: Fraction, strict: bool) -> LinearAtom:
    """`unit · y0 > unit`, or `>=`."""
    return LinearAtom((), ((0, -unit),), unit, strict)


def _edges() -> Iterator[Fooling]:
    """The nearest float32 to 1/10 lies above it: the edge itself counts, not its neighbour."""
    tenth = Fraction(1, 10)
    yield _case("edge: reached", line(1.0), box((ZERO, tenth)), above(tenth, strict=False), False)
    yield _case("edge: not passed", line(1.0), box((ZERO, tenth)), above(tenth), True)
    centre, radius, point = float_edge()
    ball = box((centre - radius, centre + radius))
    yield _case("ball: a float beyond", line(1.0), ball, above(point, strict=False), True)
    yield _case("ball: its own edge", line(1.0), ball, above(centre + radius, strict=False), False)
    corner = LinearAtom(((0, ONE), (1, ONE)), (), -ONE, strict=False)  # x0 + x1 <= 1
    for strict in (False, True):
        cut = LinearAtom(corner.inputs, (), corner.constant, strict)
        region = Region((Box((ZERO,) * 2, (ONE,) * 2),), (cut,))
        total = layers(([[1.0, 1.0]], [0.0]))
        kind = "open" if strict else "closed"
        yield _case(f"{kind} cut: beyond", total, region, above(Fraction(11, 10), False), True)
        yield _case(f"{kind} cut: within", total, region, above(Fraction(9, 10), False), False)
        yield _case(f"{kind} cut: its edge", total, region, above(ONE, False), strict)


def _degenerate() -> Iterator[Fooling]:
    zero = layers(([[1.0], [1.0]], [0.0, 0.0]), ([[1.0, -1.0]], [0.0]))  # always exactly 0
    region = box((-ONE, ONE))
    yield _case("a tie, closed", zero, region, below(ZERO, strict=False), False)
    yield _case("a tie, strict", zero, region, below(ZERO), True)
    rows = layers(([[1.0, 2.0]] * 4, [-1.0] * 4), ([[1.0, 1.0, -1.0, -1.0]] * 3, [0.0] * 3))
    square = box(UNIT, UNIT)
    yield _case("duplicate rows, closed", rows, square, below(ZERO, strict=False), False)
    yield _case("duplicate rows, strict", rows, square, below(ZERO), True)
    twice = All((above(ONE), above(ONE), above(ONE)))
    yield _case("duplicate atoms", line(1.0), box(UNIT), Any((twice, twice)), True)
    point = box((Fraction(1, 3), Fraction(1, 3)))
    yield _case(
        "one element, a point", line(3.0, -1.0), point, All((below(ZERO, False), above(ZERO, False))), False
    )
    yield _case("one element, beside it", line(3.0, -1.0), point, Any((below(ZERO), above(ZERO))), True)
    empty = box((ONE, ZERO))
    yield _case("an empty box", line(1.0), empty, above(ZERO, strict=False), True)
    both = Region((*empty.boxes, *box(UNIT).boxes))
    yield _case("an empty box and another", line(1.0), both, above(ONE, strict=False), False)
    yield _case("nothing is wrong", line(1.0), box(UNIT), Any(()), True)
    yield _case("everything is wrong", line(1.0), box(UNIT), All(()), False)
    dead = layers(([[1.0], [-1.0]], [-2.0, -2.0]), ([[1.0, 1.0]], [0.0]))
    yield _case("dead neurons, strict", dead, region, above(ZERO), True)
    yield _case("dead neurons, closed", dead, region, above(ZERO, strict=False), False)


def _case(name: str, graph: Graph, region: Region, violation: Condition, holds: bool) -> Fooling:
    return Fooling(name, Obligation(graph, region, violation), holds)
