"""The search for a minimal set, against families of sets that break a decision."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from spec_lang.explanations.minimal import Answer, Outcome, Search
from tests.laws import law

Sets = list[frozenset[int]]
SIZE = 12
FAMILIES = st.lists(st.frozensets(st.integers(0, SIZE - 1), min_size=1), max_size=6)


def oracle(broken: Sets, hard: Sets, freed: frozenset[int]) -> Answer[frozenset[int]]:
    """A set breaks the decision where it has all of a broken one; where it has a hard one nobody knows."""
    for moved in broken:
        if moved <= freed:
            return Answer(Outcome.BROKEN, moved, moved)
    if any(moved <= freed for moved in hard):
        return Answer(Outcome.OPEN, reason="hard")
    return Answer(Outcome.HOLDS)


@law(
    200,
    5000,
    broken=FAMILIES,
    hard=FAMILIES,
    order=st.permutations(range(SIZE)),
    known=st.booleans(),
    looked=st.booleans(),
    first=st.integers(0, SIZE),
)
def test_what_is_freed_holds_and_nothing_that_stayed_can_be_freed(
    broken: Sets, hard: Sets, order: list[int], known: bool, looked: bool, first: int
) -> None:
    before = [Answer(Outcome.BROKEN, moved, moved) for moved in broken[:2]] if known else []
    asked: list[frozenset[int]] = []

    def ask(freed: frozenset[int]) -> Answer[frozenset[int]]:
        asked.append(freed)
        return oracle(broken, hard, freed)

    def probe(freed: frozenset[int], rest: Sequence[int]) -> list[Answer[frozenset[int]]]:
        found = (oracle(broken, [], freed | {element}) for element in rest)
        return [answer for answer in found if answer.outcome is Outcome.BROKEN]

    search = Search(order, ask, before, probe if looked else None)
    search.run(first)
    kept = {one.element: one.why for one in search.kept}
    assert search.freed | kept.keys() == set(range(SIZE))
    assert len(search.freed) + len(kept) == SIZE
    assert oracle(broken, hard, search.freed).outcome is Outcome.HOLDS
    for element, why in kept.items():
        larger = search.freed | {element}
        assert oracle(broken, hard, larger).outcome is not Outcome.HOLDS
        if why.outcome is Outcome.BROKEN:  # it breaks what was found, not only what was asked
            assert element in why.moved <= larger
    assert search.asked == len(asked)
    assert len(set(asked)) == len(asked), "no question is asked twice"
    if not broken and not hard and not first:
        assert len(asked) == 1


@law(100, 2000, broken=FAMILIES, hard=FAMILIES)
def test_what_is_open_is_taken_up_again_and_then_known(broken: Sets, hard: Sets) -> None:
    search = Search(range(SIZE), lambda freed: oracle(broken, hard, freed))
    search.run()
    before, still_open = search.freed, sum(one.why.outcome is Outcome.OPEN for one in search.kept)
    hard.clear()
    assert search.again() is (still_open > 0)
    search.run()
    assert before <= search.freed
    assert oracle(broken, [], search.freed).outcome is Outcome.HOLDS
    assert all(one.why.outcome is Outcome.BROKEN for one in search.kept)
    assert len(search.kept) + len(search.freed) == SIZE


def test_looking_at_all_that_is_left_spares_questions() -> None:
    necessary = frozenset(range(0, 60, 2))

    def ask(freed: frozenset[int]) -> Answer[None]:
        first = min(necessary & freed, default=None)
        return Answer(Outcome.HOLDS) if first is None else Answer(Outcome.BROKEN, None, frozenset({first}))

    def probe(freed: frozenset[int], rest: Sequence[int]) -> list[Answer[None]]:
        return [ask(freed | {element}) for element in rest if element in necessary]

    alone: Search[None] = Search(range(60), ask)
    looked: Search[None] = Search(range(60), ask, (), probe)
    for search in (alone, looked):
        search.run()
        assert {one.element for one in search.kept} == necessary
    assert looked.asked < alone.asked / 3


@law(100, 1000, necessary=st.frozensets(st.integers(0, 199), max_size=5))
def test_few_questions_find_few_elements_among_many(necessary: frozenset[int]) -> None:
    def ask(freed: frozenset[int]) -> Answer[None]:
        first = min(necessary & freed, default=None)
        return Answer(Outcome.HOLDS) if first is None else Answer(Outcome.BROKEN, None, frozenset({first}))

    search: Search[None] = Search(range(200), ask)
    search.run()
    assert {one.element for one in search.kept} == necessary
    assert search.asked <= 2 + 10 * len(necessary)


def test_what_was_not_asked_about_stays() -> None:
    def ask(freed: frozenset[int]) -> Answer[None]:
        if len(freed) < 3:
            return Answer(Outcome.HOLDS)
        if search.asked > 2:
            raise KeyboardInterrupt
        return Answer(Outcome.OPEN, reason="timeout")

    search: Search[None] = Search(range(8), ask)
    try:
        search.run()
    except KeyboardInterrupt:
        search.stop("interrupted")
    assert search.freed | {one.element for one in search.kept} == set(range(8))
    assert {one.why.reason for one in search.kept} <= {"interrupted", "timeout"}
    assert len(search.freed) < 3
