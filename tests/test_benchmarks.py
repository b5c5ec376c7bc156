"""A sample of the benchmark families, through the runner: no verdict contradicts the recorded ones.

In: the benchmark data.  Out: nothing but failures.  The whole families are for `python -m benchmarks`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.decide import Measured
from benchmarks.instances import Instance, acasxu_claim, read_instances
from benchmarks.table import line, totals

# Decided within seconds, with both answers among them.
ACASXU = [
    "*_1_1_* prop_5",
    "*_1_1_* prop_1",
    "*_2_9_* prop_8",
    "*_3_3_* prop_9",
    "*_2_2_* prop_2",
    "*_1_2_* prop_3",
]


def measured(answer: str, expected: str) -> Measured:
    return Measured(
        Instance(Path("n.onnx"), Path("q.vnnlib"), expected), answer, None, 1.5, (("boxes", 7),), 2**20
    )


def test_an_answer_contradicts_only_the_opposite_one() -> None:
    answers = ("sat", "unsat", "unknown", "error")
    wrong = {(a, e) for a in answers for e in ("sat", "unsat", "unknown") if measured(a, e).wrong}
    assert wrong == {("sat", "unsat"), ("unsat", "sat")}


def test_the_table_says_what_was_found_and_marks_a_contradiction() -> None:
    rows = [measured("sat", "unsat"), measured("unsat", "unsat"), measured("unknown", "sat")]
    assert line(rows[0], 10) == "n q         sat      unsat       1.50 s  boxes=7  CONTRADICTS"
    verdicts, resources = totals(rows, 4.5).splitlines()
    assert verdicts == (
        "2 of 3 decided (1 sat, 1 unknown, 1 unsat): 1 as expected, 1 contradict, 0 with no expectation"
    )
    assert resources == "4.5 s in all, 1.5 s the longest, 4.5 s of wall time, 1 MiB at most a process"


def test_every_family_has_an_expectation_for_each_instance(data_root: Path) -> None:
    for family, count in (("acasxu", 186), ("mnist_fc", 66), ("rl_benchmarks", 202), ("tllverifybench", 5)):
        instances = read_instances(data_root / family)
        assert len(instances) == count
        assert all(instance.onnx.is_file() and instance.vnnlib.is_file() for instance in instances)


def test_an_acasxu_instance_has_its_claim() -> None:
    network = Path("ACASXU_run2a_3_7_batch_2000.onnx")
    assert acasxu_claim(Instance(network, Path("prop_2.vnnlib"), "sat")) == "property_2[3,7]"
    assert acasxu_claim(Instance(network, Path("prop_10.vnnlib"), "sat")) == "property_10"


@pytest.mark.slow
@pytest.mark.parametrize("only", ACASXU)
@pytest.mark.parametrize("via", ["vnnlib", "spec"])
def test_acasxu_verdicts_agree_with_the_recorded_ones(
    only: str, via: str, data_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["acasxu", "--data", str(data_root), "--timeout", "60", "--only", only, "--via", via]
    assert main(arguments) == 0
    assert "1 of 1 decided" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("family", "only"),
    [("test", "*"), ("tllverifybench", "*"), ("rl_benchmarks", "cartpole cartpole_case_*_1*")],
)
def test_the_small_families_agree_with_the_recorded_verdicts(
    family: str, only: str, data_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([family, "--data", str(data_root), "--timeout", "60", "--only", only, "--jobs", "2"]) == 0
    assert "0 contradict" in capsys.readouterr().out


@pytest.mark.slow
def test_a_whole_process_gives_the_same_answer(data_root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["test", "--data", str(data_root), "--only", "test_nano*", "--whole-process"]
    assert main(arguments) == 0
    assert "1 of 1 decided (1 unsat)" in capsys.readouterr().out


def test_a_family_that_is_not_there_is_said_to_be_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["acasxu", "--data", str(tmp_path)]) == 2
    assert "set NNSPEC_DATA" in capsys.readouterr().err
