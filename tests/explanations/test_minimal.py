"""The search for a minimal set, against families of sets that break a decision."""

from __future__ import annotations

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


@law(200, 5000, broken=FAMILIES, hard=FAMILIES, order=st.permutations(range(SIZE)), known=st.booleans())
def test_what_is_freed_holds_and_nothing_that_stayed_can_be_freed(
    broken: Sets, hard: Sets, order: list[int], known: bool
) -> None:
    before = [Answer(Outcome.BROKEN, moved, moved) for moved in broken[:2]] if known else []
    asked: list[frozenset[int]] = []

    def ask(freed: frozenset[int]) -> Answer[frozenset[int]]:
        asked.append(freed)
        return oracle(broken, hard, freed)

    search = Search(order, ask, before)
    search.run()
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
    if not broken and not hard:
        assert len(asked) == 1


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
