"""A value class is the library's frozen and slotted dataclass, whatever is asked of it."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_lang import _values


def classes(dataclass: Callable[..., Any]) -> tuple[type[Any], ...]:
    """The same four classes, made by `dataclass`."""

    @dataclass(frozen=True, slots=True)
    class Point:
        """Two coordinates."""

        x: int
        y: int = 2
        seen: list[int] = dataclasses.field(default_factory=list, compare=False)

        def __post_init__(self) -> None:
            if self.x < 0:
                raise ValueError("negative")

        @property
        def sum(self) -> int:
            return self.x + self.y

    @dataclass(frozen=True, slots=True)
    class Single:
        x: int

    @dataclass(frozen=True, slots=True)
    class Empty:
        pass

    @dataclass(frozen=True, slots=True, eq=False)
    class Same:
        x: int

        def __repr__(self) -> str:
            return "same"

    for cls in (Point, Single, Empty, Same):  # pickle looks a class up by its name
        cls.__qualname__ = cls.__name__
    return Point, Single, Empty, Same


Point, Single, Empty, Same = classes(_values.dataclass)
LIBRARYS = classes(dataclasses.dataclass)
NUMBERS = st.integers(0, 2)


@given(a=NUMBERS, b=NUMBERS, c=NUMBERS, d=NUMBERS)
def test_values_are_equal_and_hashed_by_what_they_compare(a: int, b: int, c: int, d: int) -> None:
    theirs = LIBRARYS[0]
    assert (Point(a, b, [c]) == Point(c, d)) == (theirs(a, b, [c]) == theirs(c, d))
    assert hash(Point(a, b, [c])) == hash(theirs(a, b, [d]))
    assert hash(Single(a)) == hash(LIBRARYS[1](a))
    assert (Single(a) == Single(b)) == (a == b)
    assert Single(a) != LIBRARYS[1](a)
    assert Empty() == Empty()


def test_a_class_without_equality_keeps_identity() -> None:
    one = again = Same(1)
    assert one == again
    assert one != Same(1)
    assert len({one, Same(1)}) == 2


@pytest.mark.parametrize("mine, theirs", list(zip((Point, Single, Empty, Same), LIBRARYS, strict=True)))
def test_a_class_looks_as_the_librarys(mine: type[Any], theirs: type[Any]) -> None:
    assert [f.name for f in dataclasses.fields(mine)] == [f.name for f in dataclasses.fields(theirs)]
    assert mine.__match_args__ == theirs.__match_args__
    assert mine.__slots__ == theirs.__slots__
    assert not hasattr(mine(*[1] * bool(mine.__slots__)), "__dict__")
    assert repr(mine(*[1] * bool(mine.__slots__))) == repr(theirs(*[1] * bool(theirs.__slots__)))


def test_defaults_are_filled_in_each_time_and_a_class_checks_itself() -> None:
    assert (Point(1).y, Point(1).sum, Point(x=1, y=5).y) == (2, 3, 5)
    assert Point(1).seen is not Point(1).seen
    with pytest.raises(TypeError, match="__init__"):
        Point()
    with pytest.raises(TypeError, match="__init__"):
        Point(1, 2, [], 3)
    with pytest.raises(ValueError, match="negative"):
        dataclasses.replace(Point(1), x=-1)
    assert dataclasses.replace(Point(1), y=7) == Point(1, 7)


def test_a_value_is_closed() -> None:
    point = Point(1)
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'x'"):
        point.x = 2
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'x'"):
        del point.x
    assert point.x == 1


def test_a_value_survives_pickle_and_copy() -> None:
    point = Point(1, 3, [4])
    pickled = pickle.loads(pickle.dumps(point))  # noqa: S301 - our own
    for again in (pickled, copy.copy(point), copy.deepcopy(point)):
        assert again == point
        assert again.seen == [4]


def test_other_options_are_the_librarys_business() -> None:
    @_values.dataclass(slots=True)
    class Open:
        x: int

    value = Open(1)
    value.x = 2
    assert value == Open(2)
