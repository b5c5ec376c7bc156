"""Faces against plain evaluation: each point has one, with its signs and its gradients for every choice."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import strategies as st

from spec_lang.network.primitives import RELU
from tests.backends.polyhedra import Row, dot, integer_row
from tests.gradients import naive
from tests.gradients.cases import Case, case
from tests.gradients.faces import Face, Pieces, Region
from tests.gradients.forms import Vector
from tests.graphs import exact_outputs
from tests.laws import law
from tests.tiny_networks import chain, dense, reference_jacobian

cases = st.integers(0, 10**6).map(case)
ZERO, HALF, ONE = Fraction(0), Fraction(1, 2), Fraction(1)


class Finder:
    """The faces of `pieces` by their points."""

    def __init__(self, pieces: Pieces) -> None:
        self.graph, self.region = pieces.graph, pieces.region
        self.faces: dict[tuple[int, ...], list[tuple[Face, list[Row]]]] = {}
        for face in pieces.faces:
            equations = [row for row in pieces.region.rows if not any(face.where.values(row))]
            self.faces.setdefault(face.signs, []).append((face, equations))

    def at(self, x: Vector) -> list[Face]:
        """Those that have the point in their relative interior."""
        row = integer_row(ONE, x)
        return [
            face
            for face, equations in self.faces.get(naive.signs(self.graph, x), [])
            if face.has_inside(x) and not any(dot(equation, row) for equation in equations)
        ]


@law(30, 3000, drawn=cases)
def test_every_point_lies_in_one_face(drawn: Case) -> None:
    pieces = Pieces(drawn.graph, drawn.region)
    finder = Finder(pieces)
    for x in [*naive.grid(drawn.region), drawn.point]:
        assert len(finder.at(x)) == 1


@law(30, 3000, drawn=cases)
def test_the_maps_of_a_face_are_those_of_all_choices(drawn: Case) -> None:
    pieces = Pieces(drawn.graph, drawn.region)
    finder = Finder(pieces)
    for x in [*naive.grid(drawn.region, 2), drawn.point]:
        (face,) = finder.at(x)
        maps = pieces.maps(face)
        assert {map_.jacobian for map_ in maps} == naive.jacobians(drawn.graph, x)
        assert all(list(map_.at(x)) == exact_outputs(drawn.graph, x) for map_ in maps)


@law(30, 3000, drawn=cases)
def test_a_face_is_what_its_inner_point_says(drawn: Case) -> None:
    pieces = Pieces(drawn.graph, drawn.region)
    finder = Finder(pieces)
    for face in pieces.faces:
        x = face.where.inner_point()
        assert drawn.region.contains(x)
        assert finder.at(x) == [face]
        assert all(drawn.region.contains(corner) for corner in face.corners)


@law(30, 3000, drawn=cases)
def test_gradients_are_quotients_of_differences(drawn: Case) -> None:
    pieces = Pieces(drawn.graph, drawn.region)
    for cell in pieces.cells:
        x = cell.where.inner_point()
        jacobian = naive.differences(drawn.graph, x)
        if jacobian is not None:
            assert [map_.jacobian for map_ in pieces.maps(cell)] == [jacobian]
            assert reference_jacobian(drawn.graph, x) == [list(row) for row in jacobian]


@law(30, 3000, drawn=cases)
def test_cells_are_the_faces_that_nothing_cuts_out(drawn: Case) -> None:
    pieces = Pieces(drawn.graph, drawn.region)
    whole = [face for face in pieces.faces if not face.cut]
    assert {(cell.signs, frozenset(cell.corners)) for cell in pieces.cells} == {
        (face.signs, frozenset(face.corners)) for face in whole
    }
    jacobians = {map_.jacobian for cell in pieces.cells for map_ in pieces.maps(cell)}
    assert pieces.true_jacobians() <= jacobians <= pieces.one_sided_jacobians()


def test_the_faces_of_an_absolute_value() -> None:
    graph = chain(1, dense([[1], [-1]]), RELU, dense([[1, 1]]))
    pieces = Pieces(graph, Region((-ONE,), (ONE,)))
    assert sorted(face.signs for face in pieces.faces) == [(-1, 1), (-1, 1), (0, 0), (1, -1), (1, -1)]
    assert sorted(cell.signs for cell in pieces.cells) == [(-1, 1), (1, -1)]
    assert pieces.true_jacobians() == {((ONE,),), ((-ONE,),)}
    assert pieces.one_sided_jacobians() == {((ONE,),), ((-ONE,),), ((ZERO,),)}


def test_the_faces_of_a_square_that_a_neuron_halves() -> None:
    graph = chain(2, dense([[1, -1]]), RELU, dense([[1]]))
    pieces = Pieces(graph, Region((-ONE, -ONE), (ONE, ONE)))
    # Two triangles; the diagonal and four sides; four corners.
    counts = {n: sum(len(face.corners) == n for face in pieces.faces) for n in (1, 2, 3)}
    assert counts == {1: 4, 2: 5, 3: 2}


def test_a_neuron_that_is_0_on_a_region_without_width_has_both_phases() -> None:
    graph = chain(2, dense([[1, 0]]), RELU, dense([[1]]))
    pieces = Pieces(graph, Region((ZERO, -ONE), (ZERO, ONE)))
    (cell,) = pieces.cells
    assert cell.signs == (0,)
    assert {map_.jacobian for map_ in pieces.maps(cell)} == {((ZERO, ZERO),), ((ONE, ZERO),)}
    assert pieces.true_jacobians() == frozenset()


def test_a_neuron_without_effect_leaves_one_gradient_at_its_kink() -> None:
    graph = chain(1, dense([[1], [1]]), RELU, dense([[1, -1]]))
    pieces = Pieces(graph, Region((-ONE,), (ONE,)))
    assert pieces.true_jacobians() == {((ZERO,),)}
    assert pieces.one_sided_jacobians() == {
        ((ZERO,),),
        ((ONE,),),
        ((-ONE,),),
    }  # two neurons: each has its choice


def test_nothing_has_no_faces() -> None:
    graph = chain(1, dense([[1]]), RELU, dense([[1]]))
    assert Pieces(graph, Region((HALF,), (ONE,), ((ONE, ONE),))).faces == ()
    assert Pieces(graph, Region((ONE,), (HALF,))).cells == ()
