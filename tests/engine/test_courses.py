"""The course of a search, as it is kept for a report."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from spec_lang.backends.base import Progress
from spec_lang.engine.courses import Recorder
from spec_lang.engine.options import Checking, CheckOptions, Narrowed
from spec_lang.reporters._pictures import Course
from tests.laws import law

STEPS = st.lists(
    st.tuples(st.integers(1, 9), st.integers(0, 99), st.none() | st.floats(-1e6, 0)), max_size=400
)


def heard(searches: Sequence[Sequence[tuple[int, int, float | None]]]) -> tuple[Course | None, int]:
    """The course of searches one after the other, with a budget; and how many events came through."""
    passed: list[Progress | Checking | Narrowed] = []
    recorder = Recorder(passed.append, CheckOptions(budget=1000))
    for search in searches:
        done = 0
        for more, still_open, bound in search:
            done += more
            recorder(Progress(done, still_open, bound))
    return recorder.course(), len(passed)


@law(60, 1500, steps=STEPS)
def test_a_course_is_short_ascends_and_ends_where_the_search_ended(
    steps: list[tuple[int, int, float | None]],
) -> None:
    course, passed = heard([steps])
    assert passed == len(steps)
    if not steps:
        assert course is None
        return
    assert course is not None
    assert course.unit == "sub-problems"
    assert 1 <= len(course.moments) <= 64
    places = [moment.at for moment in course.moments]
    assert places == sorted(set(places))
    assert course.moments[-1].done == sum(more for more, _, _ in steps)
    assert (course.moments[-1].open, course.moments[-1].bound) == steps[-1][1:]


def test_a_search_that_begins_anew_goes_on_where_the_one_before_it_ended() -> None:
    course, _ = heard([[(5, 1, -2.0), (5, 2, -1.0)], [(1, 3, -0.5), (7, 0, None)]])
    assert course is not None
    assert [(m.at, m.search, m.done) for m in course.moments] == [
        (5, 0, 5),
        (10, 0, 10),
        (11, 1, 1),
        (18, 1, 8),
    ]


def test_a_check_of_a_proof_is_no_moment() -> None:
    recorder = Recorder(lambda _: None, CheckOptions())
    recorder(Checking(1.0))
    assert recorder.course() is None


def test_a_bound_that_is_no_number_is_left_out() -> None:
    course, _ = heard([[(1, 1, float("-inf"))]])
    assert course is not None
    assert course.moments[0].bound is None
