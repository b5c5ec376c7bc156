"""Whatever is done to a spec, diagnostics come out and nothing else.

In: a sample of what `python -m benchmarks.fuzz` runs, which does 100,000.  Out: nothing but failures, each
with the smallest text that still fails.
"""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import fuzz_case
from benchmarks.fuzz import Setup, Tally, report_failure, run_all, table
from benchmarks.fuzz_case import STAGES, Way, examine
from benchmarks.fuzz_corpus import Corpus, corpus
from benchmarks.fuzz_layout import LayoutChanged, check_layout, comments, same_tree
from benchmarks.fuzz_minimise import minimise
from benchmarks.fuzz_mutations import MUTATIONS, mutate, pieces
from spec_lang.syntax.parse import parse_module

GOOD = 'network f = "f.onnx"  # a comment\nclaim c: forall x in box(0, 1): f(x)[0] <= 1.5e3\n'


@pytest.fixture(scope="module")
def setup(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Setup:
    folder = tmp_path_factory.mktemp("networks")
    return Setup(corpus(checkout, folder), 1, Way(folder, STAGES[-1], 30.0))


@pytest.fixture
def way(tmp_path: Path) -> Way:
    return Way(tmp_path, "parse", 30.0)


@pytest.mark.slow
@pytest.mark.parametrize("count", [500, pytest.param(5000, marks=pytest.mark.long)])
def test_mutated_specs_give_diagnostics_alone(setup: Setup, count: int) -> None:
    total = Tally()
    for tally in run_all(setup, range(count), jobs=2):
        total.add(tally)
    shown = [report_failure(one, total.failed[place], setup) for place, one in total.failures.items()]
    assert shown == []
    assert total.cases == count
    assert len(total.codes) > 50, "the mutations no longer reach the stages that they are for"


@pytest.mark.slow
def test_the_specs_of_the_corpus_are_understood_to_the_end(setup: Setup) -> None:
    assert len(setup.corpus.texts) > len(setup.corpus.good) > 100
    examples = [text for text in setup.corpus.good if "_model.onnx" in text]
    assert len(examples) >= 3
    assert {examine(text, setup.way).result for text in examples} == {"nothing to say"}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mutation_changes_most_texts_and_is_the_same_for_the_same_numbers(name: str) -> None:
    def mutated(seed: int) -> str:
        parts = pieces(GOOD)
        MUTATIONS[name](parts, random.Random(seed), [GOOD])  # noqa: S311 - to be repeated
        return "".join(parts)

    results = [mutated(seed) for seed in range(20)]
    assert results == [mutated(seed) for seed in range(20)]
    assert sum(result != GOOD for result in results) >= 10


def test_pieces_are_the_whole_text() -> None:
    assert "".join(pieces(GOOD)) == GOOD
    assert "1.5e3" in pieces(GOOD)
    assert "# a comment" in pieces(GOOD)


def test_an_empty_text_can_be_mutated() -> None:
    for seed in range(200):
        mutate("", [GOOD], random.Random(seed))  # noqa: S311 - to be repeated


def _broken(text: str, _file: str) -> object:
    if "nowhere" in text:
        raise ZeroDivisionError("a mistake that the test puts in")
    return parse_module(text, "test.nnspec")


def test_an_exception_is_a_failure_and_is_made_small(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz_case, "parse_module", _broken)
    text = GOOD + "claim d: forall x in nowhere: x[0] <= 1\n" + GOOD
    outcome = examine(text, way)
    assert outcome.result == "failure"
    assert outcome.failure is not None
    assert outcome.failure.place.startswith("ZeroDivisionError")
    assert minimise(outcome.failure, way).text == "nowhere"


def _endless(_text: str, _file: str) -> object:
    while True:
        pass


def test_a_case_that_passes_its_limit_is_a_failure(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz_case, "parse_module", _endless)
    outcome = examine(GOOD, replace(way, limit=0.05))
    assert outcome.failure is not None
    assert outcome.failure.place == "PastLimit"


def test_the_table_counts_every_case_and_every_failure(way: Way) -> None:
    tally = Tally(cases=4, slowest=(0.5, 3))
    tally.results.update({"syntax errors": 3, "failure": 1})
    tally.failed["TypeError x.py:1"] += 1
    total = Tally()
    total.add(tally)
    total.add(tally)
    lines = list(table(total, 2.0, Setup(Corpus((GOOD,), (GOOD,)), 7, way)))
    assert lines[0] == "8 mutated specs of 1 texts, seed 7, up to parse"
    assert lines[1] == f"  {'syntax errors':<24}        6   75.0 %"
    assert "the slowest 0.50 s (number 3)" in lines[-2]
    assert lines[-1] == "2 failures in 0 places"


def test_a_layout_that_changes_the_tree_or_the_comments_is_noticed() -> None:
    module = parse_module(GOOD, "a").module
    check_layout(GOOD, module, "a")
    assert same_tree(module, parse_module("\n" + GOOD, "a").module)
    other = parse_module(GOOD.replace("1.5e3", "1.6e3"), "a").module
    assert not same_tree(module, other)
    with pytest.raises(LayoutChanged):
        check_layout(GOOD, other, "a")
    assert comments(GOOD) != comments(GOOD.replace("a comment", "another"))
