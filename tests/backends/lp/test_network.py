"""A network's rows in a program do not depend on how its maps are written, and are refused where they are too
many."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from spec_lang.backends._lp import model as models
from spec_lang.backends._lp import network
from spec_lang.backends._lp.model import Model, Scaled, Unfit
from spec_lang.backends._lp.network import Encoder
from spec_lang.backends._search.problem import prepare
from spec_lang.bounding.hidden import bounded
from spec_lang.obligations.model import Obligation
from tests.adversarial.reshaping import in_other_forms
from tests.differential.cases import case

SEED = 5


def program(obligation: Obligation) -> Scaled | None:
    """The whole network over the first box, as the solver gets it; None where there is none."""
    problem = prepare(obligation)
    if not problem.roots or not len(problem.rows.member):
        return None
    bounds = bounded(problem.program, problem.roots[0], None, lambda: False, raised=False)
    if not bounds.context.usable().all():
        return None
    model = Model()
    code = Encoder(model, bounds.context, bounds.known, bounds.optimiser.unstable)
    code.encode(bounds.context.program.outputs)
    try:
        return model.scaled(np.zeros(model.columns))
    except Unfit:
        return None


def numbers() -> list[int]:
    return [number for number in range(40) if program(case(number, SEED).obligation) is not None]


def test_the_rows_are_the_same_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = numbers()
    assert len(chosen) > 20
    for number in chosen:
        whole = program(case(number, SEED).obligation)
        with monkeypatch.context() as patch:
            patch.setattr(network, "_BLOCK", 1)
            parts = program(case(number, SEED).obligation)
        assert whole is not None
        assert parts is not None
        for name in ("start", "index", "value", "row_lower", "row_upper"):
            assert np.array_equal(getattr(whole, name), getattr(parts, name))


def test_the_rows_are_those_of_the_matrices() -> None:
    """But for what rounding makes of the bounds that scale them: the same places, nearly the same numbers."""
    compared = 0
    for number in numbers():
        one = case(number, SEED).obligation
        whole, other = program(one), program(in_other_forms(one, Random(number)))  # noqa: S311 - to be repeated
        if whole is None or other is None or len(whole.value) != len(other.value):
            continue  # a neuron at the edge of being stable
        assert np.array_equal(whole.index, other.index)
        unscaled = [p.value / p.columns[p.index] for p in (whole, other)]
        rows = [np.repeat(p.rows, np.diff(p.start)) for p in (whole, other)]
        assert unscaled[0] / rows[0] == pytest.approx(unscaled[1] / rows[1], rel=1e-6)
        compared += 1
    assert compared > 20


def test_a_program_of_too_many_entries_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "MAX_ENTRIES", 3)
    model = Model()
    columns = model.add_columns(np.zeros(2), np.ones(2), np.ones(2))
    rows = model.add_rows(np.zeros(2), np.ones(2))
    model.put(rows, columns, np.ones(2))
    with pytest.raises(Unfit, match="more than 3 entries"):
        model.put_block(rows, columns, np.ones((2, 2)))
