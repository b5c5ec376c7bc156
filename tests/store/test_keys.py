"""Laws of keys: a claim keeps its key as long as it means the same, and no longer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_lang.diagnostics import Span
from spec_lang.engine import CheckOptions
from spec_lang.engine.prepare import prepare
from spec_lang.network.primitives import Affine, Entries, frozen
from spec_lang.obligations.model import Obligation
from spec_lang.store.keys import Keys
from tests.engine.specs import HEAD, write
from tests.store.goals import FRAME, IS_IRRELEVANT, MATTERS, atom, goal, impossible, obligation
from tests.tiny_networks import chain, graphs

Change = Callable[[Obligation], Obligation]


@pytest.mark.parametrize("change", MATTERS.values(), ids=MATTERS)
def test_what_matters_changes_the_key(change: Change) -> None:
    keys = Keys()
    assert keys.goal(goal(change(obligation()))) != keys.goal(goal())


def test_no_two_changes_make_the_same_key() -> None:
    keys = Keys()
    found = {name: keys.obligation(change(obligation())) for name, change in MATTERS.items()}
    assert len(set(found.values())) == len(found)


@pytest.mark.parametrize("change", IS_IRRELEVANT.values(), ids=IS_IRRELEVANT)
def test_what_is_irrelevant_does_not(change: Change) -> None:
    keys = Keys()
    assert keys.goal(goal(change(obligation()))) == keys.goal(goal()) == Keys().goal(goal())


def test_the_name_and_place_of_a_claim_are_irrelevant() -> None:
    other = replace(
        goal(), claim="renamed", span=Span("b.nnspec", 3, 1, 3, 9), frame=replace(FRAME, network="g")
    )
    assert Keys().goal(other) == Keys().goal(goal())


def test_obligations_and_their_order_matter_and_what_is_said_of_them() -> None:
    keys = Keys()
    goals = [
        goal(),
        goal(obligation(), impossible()),
        goal(impossible(), obligation()),
        goal(impossible()),
        replace(goal(), exists=True),
    ]
    assert len({keys.goal(one) for one in goals}) == len(goals)


@given(st.data())
def test_what_is_remembered_of_weights_is_of_these_weights(data: st.DataObject) -> None:
    keys = Keys()
    for _ in range(3):
        one = replace(obligation(), graph=data.draw(graphs()))
        assert keys.obligation(one) == keys.obligation(one) == Keys().obligation(one)


def test_memory_of_weights_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spec_lang.store.keys._MOST_REMEMBERED", 3)
    keys = Keys()
    ones = [change(obligation()) for change in MATTERS.values()]
    assert [keys.obligation(one) for one in ones] == [Keys().obligation(one) for one in ones]


def test_places_count_the_same_on_a_machine_of_another_word() -> None:
    found = set()
    for kind in ("<i4", "<i8", ">i8"):
        places = np.array([0, 1]).astype(kind)
        step = Affine((Entries((2, 2), places, places, frozen(np.ones(2))),), frozen(np.zeros(2)))
        found.add(Keys().obligation(replace(obligation(), graph=chain(2, step))))
    assert len(found) == 1


def test_numbers_of_any_length_have_a_key() -> None:
    """Python refuses to write out a decimal of more than 4,300 digits."""
    long = replace(obligation(), violation=atom(0, Fraction(1, 7**9000)))
    assert len(Keys().obligation(long)) == 64


def key_of(folder: Path, text: str, name: str = "f.nnspec", head: str = HEAD) -> str:
    preparation, _ = prepare([write(folder, text, name=name, head=head)], CheckOptions())
    assert not preparation.problems.has_errors
    (task,) = preparation.tasks
    return Keys().goal(task.goal())


def test_a_spec_may_be_renamed_moved_and_laid_out_anew(tmp_path: Path) -> None:
    key = key_of(tmp_path, 'claim one "title": forall x in f.domain: f(x).p >= -100\n')
    (tmp_path / "sub").mkdir()
    other = key_of(
        tmp_path / "sub",
        "\n# moved\nclaim two :\n  forall z in f.domain: f(z).p >= -1e2\n",
        name="moved.nnspec",
        head=HEAD.replace(' "m"', ' "s"'),
    )
    assert other == key


@pytest.mark.parametrize("text", ["f(x).p >= -101", "f(x).p > -100", "f(x).q >= -100"])
def test_a_spec_that_says_something_else_has_another_key(tmp_path: Path, text: str) -> None:
    key = key_of(tmp_path, "claim one: forall x in f.domain: f(x).p >= -100\n")
    assert key_of(tmp_path, f"claim one: forall x in f.domain: {text}\n") != key
