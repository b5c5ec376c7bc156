"""The measurement of what rounding costs: what it switches off is off inside, and on again afterwards."""

from __future__ import annotations

from pathlib import Path
from types import FunctionType

import numpy as np
import pytest

from benchmarks import without_rounding
from benchmarks.rounding import Cost, line, main, obligations, overhead, search
from benchmarks.without_rounding import cut, switched_off
from spec_lang.bounding import propagate as passes
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.linear import Substitution, lower_bounds
from spec_lang.bounding.program import compile_graph
from spec_lang.diagnostics import InternalError
from tests.test_benchmarks import HOLDS, instance_of
from tests.tiny_networks import relu_network


def bound() -> float:
    """Of the first output of a network over a box, from below."""
    program = compile_graph(relu_network())
    context, _ = passes.propagate(program, Boxes(np.array([[0.1, 0.2]]), np.array([[0.3, 0.7]])))
    rows = {program.outputs[0]: np.ones((1, 1))}
    return float(lower_bounds(context, rows, np.zeros(1), np.zeros(1, dtype=np.intp)).minimum[0])


def test_bounds_without_error_terms_are_the_same_but_for_rounding() -> None:
    rigorous = bound()
    with switched_off():
        plain = bound()
    assert rigorous < plain <= rigorous + 1e-12


def test_everything_is_on_again_afterwards() -> None:
    before = dict(vars(Substitution)), vars(passes)["relax"], bound()
    with pytest.raises(KeyError), switched_off():
        raise KeyError
    assert (dict(vars(Substitution)), vars(passes)["relax"], bound()) == before


def test_what_adds_to_the_error_is_cut_and_nothing_else() -> None:
    def adds(self: object, part: int, rows: list[int]) -> int:
        size = part * 2
        for row in rows:
            self.weight += size * row  # type: ignore[attr-defined]
        last = rows.pop()  # noqa: F841 - only what nobody reads any more is dropped
        self.inexact_start(size)  # type: ignore[attr-defined]
        return part + 1

    assert isinstance(adds, FunctionType)
    rows = [1, 2]
    assert cut(adds)(object(), 3, rows) == 4  # neither `weight` nor `inexact_start` is there
    assert rows == [1]


def test_a_function_that_is_gone_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = (*without_rounding._METHODS, (Substitution, "no_such_method", lambda self: self))
    monkeypatch.setattr(without_rounding, "_METHODS", gone)
    with pytest.raises(InternalError, match="no function `no_such_method`"), switched_off():
        pass
    other = ((Substitution, "concretise", lambda self: self),)
    monkeypatch.setattr(without_rounding, "_METHODS", other)
    with pytest.raises(InternalError, match="takes"), switched_off():
        pass


def test_a_search_counts_its_work(tmp_path: Path) -> None:
    asked = obligations(instance_of(tmp_path, "holds", HOLDS, "unsat"))
    assert not isinstance(asked, str)
    assert search(asked, 10).units == len(asked)


def test_a_line_has_the_overhead() -> None:
    assert overhead(Cost(3.0, 200), Cost(1.0, 100)) == pytest.approx(50.0)
    said = "a: 3.00 s with error terms, 1.00 s without, of 200 and 100 sub-problems: +50.0 %"
    assert line("a", Cost(3.0, 200), Cost(1.0, 100)) == said


def test_data_that_are_not_there_are_said_to_be_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--data", str(tmp_path)]) == 2
    assert "set NNSPEC_DATA" in capsys.readouterr().err
