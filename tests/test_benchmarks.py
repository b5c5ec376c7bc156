"""The runner of benchmark families: what it measures, what it says of it, and a sample of the families.

In: made-up measurements, a tiny network, and the benchmark data.  Out: nothing but failures; no verdict
contradicts the recorded ones.  The whole families are for `python -m benchmarks`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.__main__ import FAMILIES, main
from benchmarks.asking import Asked, ask, ask_once
from benchmarks.family_spec import family_spec, number
from benchmarks.figures import PROTOTYPE, Family, Peer, Target, Total, families
from benchmarks.instances import CHECKOUT, Instance, acasxu_claim, read_instances
from benchmarks.measured import Measured
from benchmarks.processes import Usage, run
from benchmarks.table import line, size_text, totals
from benchmarks.targets import judged
from tests.tiny_networks import perceptron

# Decided within seconds, with both answers among them.
ACASXU = [
    "*_1_1_* prop_5",
    "*_1_1_* prop_1",
    "*_2_9_* prop_8",
    "*_3_3_* prop_9",
    "*_2_2_* prop_2",
    "*_1_2_* prop_3",
]
ACASXU_QUICK = ("*_2_9_* prop_8", "*_2_2_* prop_2")
COUNTS = {
    "acasxu": 186,
    "mnist_fc": 66,
    "rl_benchmarks": 202,
    "tllverifybench": 5,
    "verivital": 41,
    "oval21": 22,
    "marabou_cifar10_small": 21,
    "test": 5,
}
SPENT = Usage(4.5, 3.0, 2 * 10**6)
SECONDS = (
    "4.5 s in all, 1.50 s the median, 1.5 s the longest; 4.5 s of wall time, 3.0 s of processor time; "
    "2 MB at the peak"
)
# Of `perceptron`: its outputs never reach 100 on the box, and never fall below -100.
HOLDS = "(assert (>= Y_0 100))"
FAILS = "(assert (or (and (<= Y_0 100) (<= Y_1 100)) (and (>= Y_1 100))))"
SPLIT = "(assert (or (and (<= X_0 0.25) (<= Y_0 -100)) (and (>= X_0 0.75) (> X_1 0.5) (>= (+ Y_0 Y_1) 2e2))))"


@pytest.fixture(autouse=True, scope="module")
def _compiled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is started compiles the modules once for all tests, whatever the environment says."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        patch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path_factory.mktemp("bytecode")))
        yield


def measured(answer: str, expected: str = "unsat", query: str = "q", seconds: float = 1.5) -> Measured:
    instance = Instance(Path("n.onnx"), Path(f"{query}.vnnlib"), expected)
    return Measured(instance, answer, None, seconds, (("boxes", 7),), 1.25, 10**6, "checked", 1200)


def family(*targets: Target, peers: tuple[tuple[str, Peer], ...] = ()) -> Family:
    total = Total("nnenum", "local", limit=60, decided=3, seconds=9.5, note="two processes")
    return Family("f", 60.0, targets, (total,), peers)


def instance_of(folder: Path, name: str, assertion: str, expected: str) -> Instance:
    """A query over the unit square, beside the network that it is about."""
    onnx = folder / "n=1.onnx"  # an `=` in a path is no name of a network
    onnx.write_bytes(perceptron().SerializeToString())
    declared = "".join(f"(declare-const {v} Real)\n" for v in ("X_0", "X_1", "Y_0", "Y_1"))
    sides = "".join(f"(assert (>= X_{i} 0))\n(assert (<= X_{i} 1.0))\n" for i in range(2))
    query = folder / f"{name}.vnnlib"
    query.write_text(declared + sides + assertion + "\n", encoding="utf-8")
    return Instance(onnx, query, expected)


def family_folder(folder: Path) -> Path:
    """The family `test` with three instances of its own."""
    whole = folder / "test"
    whole.mkdir()
    rows = [("holds", HOLDS, "unsat"), ("fails", FAILS, "sat"), ("split", SPLIT, "unsat")]
    made = [instance_of(whole, name, assertion, expected) for name, assertion, expected in rows]
    pairs = [f"{i.onnx.name},{i.vnnlib.name}" for i in made]
    (whole / "instances.csv").write_text("".join(f"{pair},60\n" for pair in pairs))
    expected = (f"{pair},{i.expected}\n" for pair, i in zip(pairs, made, strict=True))
    (whole / "expected.csv").write_text("onnx,vnnlib,expected\n" + "".join(expected))
    return folder


# -- what is said of it --------------------------------------------------------------------------------


def test_an_answer_contradicts_only_the_opposite_one() -> None:
    answers = ("sat", "unsat", "unknown", "error")
    wrong = {(a, e) for a in answers for e in ("sat", "unsat", "unknown") if measured(a, e).wrong}
    assert wrong == {("sat", "unsat"), ("unsat", "sat")}


def test_a_line_says_what_was_found_beside_the_peers_and_shouts_what_is_wrong() -> None:
    peers = (
        ("n *", Peer(PROTOTYPE, 3.0, finished=True)),
        ("n q", Peer("nnenum", 60.0, finished=False)),
        ("n other", Peer("Marabou", 1.0, finished=True)),
        ("n q", Peer("α,β-CROWN", None, finished=False)),
    )
    assert line(measured("sat"), 5, family(peers=peers)) == (
        "n q    sat      unsat       1.50 s     1.25 s cpu  7 boxes (5/s)  1 MB  checked 1.2 kB"
        "  design prototype 3 s (0.5×)  nnenum 60+ s (<0.025×)  α,β-CROWN crash  WRONG"
    )
    assert "WRONG" not in line(measured("unsat"), 5)


def test_the_totals_count_answers_work_proofs_and_peers() -> None:
    rows = [measured("sat"), measured("unsat"), measured("unknown", "sat")]
    peers = (("n q", Peer("nnenum", 3.0, finished=True)), ("n q", Peer("nnenum", 60.0, finished=False)))
    assert list(totals(rows, SPENT, family(peers=peers))) == [
        "2 of 3 decided (1 sat, 1 unknown, 1 unsat): 1 as expected, 1 wrong, 0 with no expectation",
        SECONDS,
        "work: 21 boxes; 5 sub-problems a second",
        "proofs: 3 checked; 3.6 kB in all, 1.2 kB the median",
        "nnenum: 3.0 s against 6.0 s on 2, geometric mean of ratios 0.50; 2 more that it did not finish",
        "recorded: nnenum (local): 3 decided, 9.5 s, limit 60 s, two processes",
    ]
    assert list(totals([], SPENT)) == ["nothing measured"]


@pytest.mark.parametrize(("size", "text"), [(999, "999 B"), (1000, "1.0 kB"), (2.5e6, "2.5 MB")])
def test_sizes_have_units(size: float, text: str) -> None:
    assert size_text(size) == text


@pytest.mark.parametrize(
    ("target", "verdict"),
    [
        (Target("right", must=2), "met         right: 2 (must 2)"),
        (Target("right", must=3), "MISSED      right: 2 (must 3)"),
        (Target("decided", must=2, aim=3), "aim missed  decided: 2 (must 2, aim 3)"),
        (Target("sat", must=1), "met         sat: 1 (must 1)"),
        (Target("longest", must=1, aim=0.5), "MISSED      longest: inf s (must 1 s, aim 0.5 s)"),
        (Target("longest", "n [ab]", must=3), "met         longest of n [ab]: 2 s (must 3 s)"),
        (Target("sum", "n [ab]", aim=2), "aim missed  sum of n [ab]: 3 s (aim 2 s)"),
        (Target("wall", must=5), "met         wall: 4.5 s (must 5 s)"),
        (Target("memory", must=1), "MISSED      memory: 2 MB (must 1 MB)"),
        (Target("right", "elsewhere", must=1), "open        right of elsewhere: not measured here (must 1)"),
    ],
)
def test_a_target_is_met_or_missed(target: Target, verdict: str) -> None:
    rows = [
        measured("unsat", query="a", seconds=1.0),
        measured("sat", "sat", query="b", seconds=2.0),
        measured("unknown", query="c", seconds=0.1),
    ]
    (found,) = judged(family(target), [row.instance for row in rows], rows, SPENT, in_one=True)
    assert str(found) == f"target {verdict}"


def test_a_target_is_open_where_instances_were_left_out_or_ran_apart() -> None:
    rows = [measured("unsat", query="a"), measured("unsat", query="b")]
    every = [row.instance for row in rows]
    (found,) = judged(family(Target("right", must=1)), every, rows[:1], SPENT, in_one=True)
    assert (found.value, "target open" in str(found)) == (None, True)
    (found,) = judged(family(Target("wall", must=9)), every, rows, SPENT, in_one=False)
    assert found.value is None


# -- the figures ---------------------------------------------------------------------------------------


def test_every_figure_is_about_one_instance_and_every_target_about_some(data_root: Path) -> None:
    assert set(families()) == set(COUNTS) == set(FAMILIES)
    for known in families().values():
        names = [instance.name for instance in read_instances(data_root / known.name)]
        for target in known.targets:
            assert read_instances(data_root / known.name, target.only), (known.name, target)
        for only, _ in known.peers:
            assert len(read_instances(data_root / known.name, only)) == 1, only
        assert len(names) == COUNTS[known.name]


def test_every_family_has_an_expectation_for_each_instance(data_root: Path) -> None:
    for name, count in COUNTS.items():
        instances = read_instances(data_root / name)
        assert len(instances) == count
        assert all(instance.onnx.is_file() and instance.vnnlib.is_file() for instance in instances)


# -- a family as a spec --------------------------------------------------------------------------------


@given(st.decimals(allow_nan=False, allow_infinity=False, places=12))
def test_a_number_is_written_as_the_decimal_that_it_is(value: object) -> None:
    exact = Fraction(str(value))
    assert Fraction(number(exact)) == exact


def test_a_spec_asks_what_the_queries_ask(tmp_path: Path) -> None:
    folder = family_folder(tmp_path) / "test"
    instances = read_instances(folder)
    apart = [ask(instance, Asked(20.0)).answer for instance in instances]
    rows, usage, interrupted = ask_once(instances, Asked(20.0, jobs=1))
    assert [row.answer for row in rows] == apart == ["unsat", "sat", "unsat"]
    assert (usage.cpu > 0, usage.peak_bytes > 10**7, interrupted) == (True, True, False)
    assert all(row.proof_bytes for row in rows if row.answer == "unsat")


def test_what_cannot_be_read_has_a_reason_and_hides_no_other(tmp_path: Path) -> None:
    good = instance_of(tmp_path, "good", HOLDS, "unsat")
    bad = instance_of(tmp_path, "bad", "(assert (>= Y_7 1))", "unsat")
    spec = family_spec([bad, good])
    assert (list(spec.claims.values()), list(spec.refused)) == ([good], [bad])
    rows, _, _ = ask_once([bad, good], Asked(20.0))
    assert [(row.instance, row.answer) for row in rows] == [(bad, "error"), (good, "unsat")]
    assert ask(bad, Asked(20.0)).answer == "error"


def test_an_acasxu_instance_has_its_claim() -> None:
    network = Path("ACASXU_run2a_3_7_batch_2000.onnx")
    assert acasxu_claim(Instance(network, Path("prop_2.vnnlib"), "sat")) == "property_2[3,7]"
    assert acasxu_claim(Instance(network, Path("prop_10.vnnlib"), "sat")) == "property_10"


# -- processes -----------------------------------------------------------------------------------------


def test_a_process_tree_is_measured_whole() -> None:
    busy = "t = time.process_time()\nwhile time.process_time() < t + 0.3: pass"
    child = f"import time; x = bytearray(60_000_000); {busy}"
    parent = "import subprocess, sys; x = bytearray(60_000_000); "
    done = run(
        [sys.executable, "-c", f"{parent}subprocess.run([sys.executable, '-c', {child!r}])"], os.environ, None
    )
    assert done.code == 0
    assert done.usage.cpu >= 0.3
    assert done.usage.peak_bytes >= 120_000_000


def test_a_process_that_does_not_end_is_ended() -> None:
    command = [sys.executable, "-c", "import time; print('so far', flush=True); time.sleep(60)"]
    done = run(command, os.environ, 1.0)
    assert (done.code, done.out) == (None, "so far\n")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_what_was_measured(tmp_path: Path, how: signal.Signals) -> None:
    folder = family_folder(tmp_path)
    endless = instance_of(folder / "test", "endless", HOLDS, "unsat")
    endless.vnnlib.unlink()
    os.mkfifo(endless.vnnlib)  # its check waits for a writer
    with (folder / "test" / "instances.csv").open("a") as file:
        file.write("n=1.onnx,endless.vnnlib,60\n")
    command = [sys.executable, "-m", "benchmarks", "test", "--data", str(folder)]
    process = subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    seen = [process.stdout.readline() for _ in range(3)]
    time.sleep(1.0)
    process.send_signal(how)
    rest, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert [text.split()[:2] for text in seen] == [["n=1", "holds"], ["n=1", "fails"], ["n=1", "split"]]
    assert "3 of 3 decided (1 sat, 2 unsat): 3 as expected" in rest


# -- the command ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("via", ["vnnlib", "spec"])
def test_a_run_prints_a_table_and_writes_a_document(
    via: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, document = family_folder(tmp_path), tmp_path / "out.json"
    assert main(["test", "--data", str(folder), "--via", via, "--json", str(document)]) == 0
    out = capsys.readouterr().out
    assert "3 of 3 decided (1 sat, 2 unsat): 3 as expected, 0 wrong, 0 with no expectation" in out
    assert "target MISSED      right: 3 (must 5)" in out
    found = json.loads(document.read_text())
    assert [entry["answer"] for entry in found["instances"]] == ["unsat", "sat", "unsat"]
    assert {entry["what"] for entry in found["targets"]} == {"right", "memory"}


def test_a_wrong_verdict_is_shouted_and_the_status_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = family_folder(tmp_path)
    expected = folder / "test" / "expected.csv"
    expected.write_text(expected.read_text().replace("holds.vnnlib,unsat", "holds.vnnlib,sat"))
    assert main(["test", "--data", str(folder), "--only", "* holds", "--at-once", "2"]) == 1
    assert "WRONG: n=1 holds\n" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("only", "via"),
    [
        *((only, "vnnlib") for only in ACASXU),
        *(
            pytest.param(only, "spec", marks=[pytest.mark.long] * (only not in ACASXU_QUICK))
            for only in ACASXU
        ),
    ],
)
def test_acasxu_verdicts_agree_with_the_recorded_ones(
    only: str, via: str, data_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["acasxu", "--data", str(data_root), "--timeout", "60", "--only", only, "--via", via]
    assert main(arguments) == 0
    assert "1 of 1 decided" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("family", "only"),
    [
        ("test", "*"),
        ("tllverifybench", "*"),
        ("rl_benchmarks", "cartpole cartpole_case_*_1[14]*"),
        pytest.param("rl_benchmarks", "cartpole cartpole_case_*_1*", marks=pytest.mark.long),
    ],
)
def test_the_small_families_agree_with_the_recorded_verdicts(
    family: str, only: str, data_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [family, "--data", str(data_root), "--timeout", "60", "--only", only, "--at-once", "2"]
    assert main(arguments) == 0
    assert ", 0 wrong, " in capsys.readouterr().out


def test_a_family_that_is_not_there_is_said_to_be_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["acasxu", "--data", str(tmp_path)]) == 2
    assert "set NNSPEC_DATA" in capsys.readouterr().err
