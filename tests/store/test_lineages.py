"""Laws of forms: what is the same with other weights has one name, and whatever is wrong is a miss."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from spec_lang.obligations.model import Obligation
from spec_lang.obligations.outcome import Refuted
from spec_lang.store.columns import BadRecord
from spec_lang.store.files import Found, Store
from spec_lang.store.lineages import MOST, Member, decode_members, encode_members
from spec_lang.store.shapes import constants_of, form_of
from tests.store.goals import IS_IRRELEVANT, MATTERS, goal, obligation
from tests.store.proofs import every_byte_changed, witness

WEIGHTS = ("one weight", "one bias", "one factor", "the type of the weights", "a slope", "an anchor")
NUMBERS = ("a bound", "a constraint's coefficient", "the order of boxes", "a threshold", "its sign")


def member(digit: str) -> Member:
    return Member(digit * 64, digit[::-1] * 64)


@pytest.mark.parametrize("change", MATTERS.values(), ids=MATTERS)
def test_other_weights_have_the_same_form_and_constants(
    change: Callable[[Obligation], Obligation], request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.id
    one, other = goal(), goal(change(obligation()))
    assert (form_of(one, "c") == form_of(other, "c")) == (name in (*WEIGHTS, *NUMBERS))
    if name in WEIGHTS:
        assert constants_of(one) == constants_of(other)
    if name in NUMBERS:
        assert constants_of(one) != constants_of(other)


@pytest.mark.parametrize("change", IS_IRRELEVANT.values(), ids=IS_IRRELEVANT)
def test_what_is_irrelevant_changes_neither(change: Callable[[Obligation], Obligation]) -> None:
    one, other = goal(), goal(change(obligation()))
    assert form_of(one, "c") == form_of(other, "c")
    assert constants_of(one) == constants_of(other)


def test_claims_are_told_apart_by_whose_they_are_and_by_how_many_obligations_they_have() -> None:
    names = {form_of(goal(), "c"), form_of(goal(), "d"), form_of(goal(obligation(), obligation()), "c")}
    assert len(names) == 3


def test_members_are_read_as_they_were_written_and_no_more_than_a_few() -> None:
    members = tuple(member(digit) for digit in "0123456789")
    assert decode_members(encode_members(members)) == members[:MOST]
    record = encode_members(members[:2])
    for wrong in every_byte_changed(record):
        with pytest.raises(BadRecord):
            decode_members(wrong)
    for cut in range(len(record)):
        with pytest.raises(BadRecord):
            decode_members(record[:cut])


def test_the_latest_goal_of_a_form_comes_first(tmp_path: Path) -> None:
    store, form = Store(tmp_path), "f" * 64
    goals = [goal(change(obligation())) for change in (MATTERS[name] for name in WEIGHTS)]
    for one in goals:
        store.keep_member(form, constants_of(one), one)
    keys = [store.keys.goal(one) for one in reversed(goals)]
    assert [known.key for known in store.members(form)] == keys[:MOST]
    store.keep_member(form, constants_of(goals[-2]), goals[-2])
    assert [known.key for known in store.members(form)] == [keys[1], keys[0], *keys[2:MOST]]


def test_whatever_is_wrong_with_an_index_is_a_miss(tmp_path: Path) -> None:
    store, form = Store(tmp_path), "ab" * 32
    assert store.members(form) == ()
    store.keep_member(form, constants_of(goal()), goal())
    assert len(store.members(form)) == 1
    (path,) = (path for path in tmp_path.rglob("*") if path.is_file())
    good = path.read_bytes()
    for place in range(0, len(good), 7):
        path.write_bytes(good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
        assert store.members(form) == ()
    path.unlink()
    path.mkdir()
    assert store.members(form) == ()
    store.keep_member(form, constants_of(goal()), goal())  # which cannot be, and fails nothing
    assert store.members(form) == ()


def test_a_record_is_found_by_its_key_alone_and_trimmed_as_any_other(tmp_path: Path) -> None:
    store, one = Store(tmp_path), goal()
    store.keep(one, [Refuted(witness())])
    store.keep_member("c" * 64, constants_of(one), one)
    (known,) = store.members("c" * 64)
    assert isinstance(store.record(known.key, 1), Found)
    assert not isinstance(store.record(known.key, 2), Found)
    assert store.trim(0).records == 1
    assert store.record(known.key, 1) is None
    assert store.members("c" * 64) == ()
