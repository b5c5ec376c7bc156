"""Laws of the command: exit statuses, usage errors, where output goes, and what an interrupt leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from spec_lang import __version__
from spec_lang.cli import main, usage
from spec_lang.cli.arguments import parse_arguments
from spec_lang.cli.shared import planning_options
from spec_lang.store import places
from tests.cli.commands import process, write_endless
from tests.cli.running import run
from tests.engine.specs import EMPTY, FAILS, FAMILY, FLAW, HOLDS, LUCK, write

COMMANDS = ("audit", "check", "completion", "explain", "fmt", "init", "lint", "plan")
UNBOUNDED = "claim unbounded @using(bounds): forall x in { x | x.a >= 0 }: f(x).p >= -100\n"
NO_DOMAIN = 'network f = "f.onnx" {\n    input a, b\n    output p, q\n}\n'


# -- exit statuses -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claims", "options", "status"),
    [
        ((HOLDS,), (), 0),
        ((HOLDS, FAILS), (), 1),
        ((HOLDS, FLAW), (), 0),
        ((HOLDS, LUCK), (), 1),
        ((HOLDS, EMPTY), (), 0),
        ((HOLDS, EMPTY), ("--strict",), 2),
        ((FAILS, EMPTY), ("--strict",), 2),
        ((HOLDS, "claim bad: 1 < f\n"), (), 2),
        ((FAILS,), ("--claim", "nothing"), 2),
        ((HOLDS, FAILS), ("--claim", "holds"), 0),
        ((HOLDS,), ("--using", "falsify", "--timeout", "1"), 3),
    ],
)
def test_the_exit_status_is_the_worst_of_what_was_found(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    claims: tuple[str, ...],
    options: tuple[str, ...],
    status: int,
) -> None:
    assert run(capsys, "check", write(tmp_path, *claims), *options)[0] == status


@pytest.mark.parametrize(
    ("claims", "options", "status"),
    [
        ((UNBOUNDED,), (), 3),
        ((UNBOUNDED,), ("--unknown", "fail"), 3),
        ((UNBOUNDED,), ("--unknown", "warn"), 0),
        ((UNBOUNDED.replace(":", " @expect(unknown):", 1),), (), 0),
        ((UNBOUNDED, "claim no: forall x in box(0, 1): f(x).p <= -100\n"), (), 1),
        ((UNBOUNDED, "claim bad: 1 < f\n"), (), 2),
    ],
)
def test_an_unknown_is_worse_than_a_proof_and_better_than_a_refutation(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    claims: tuple[str, ...],
    options: tuple[str, ...],
    status: int,
) -> None:
    path = write(tmp_path, *claims, head=NO_DOMAIN)
    assert run(capsys, "check", path, *options)[0] == status


# -- usage errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "problem", "fix"),
    [
        (["chekc"], "there is no command `chekc`", "did you mean `check`?"),
        (["frobnicate"], "there is no command", "the commands are `audit`, `check`, `completion`"),
        (["check", "--strct"], "there is no option `--strct`", "did you mean `--strict`?"),
        (["check", "--clam=x"], "there is no option `--clam`", "did you mean `--claim`?"),
        (["--verison"], "there is no option `--verison`", "did you mean `--version`?"),
        (["check", "--output-format", "jsno"], "does not take `jsno`", "did you mean `json`?"),
        (["check", "--output-format", "xml"], "does not take `xml`", "it is one of `github`, `html`"),
        (["check", "--unknown", "fial"], "does not take `fial`", "did you mean `fail`?"),
        (["check", "--timeout", "soon"], "not a number of seconds", "--timeout 60"),
        (["check", "--timeout", "-1"], "not a number of seconds", "--timeout 60"),
        (["check", "--timeout", "nan"], "not a number of seconds", "--timeout 60"),
        (["check", "--evidence", "chekced"], "does not take `chekced`", "did you mean `checked`?"),
        (["check", "--semantics", "double"], "does not take `double`", "it is one of `real`, `float32`"),
        (["check", "--memory", "much"], "not an amount of memory", "--memory 4GiB"),
        (["check", "--memory", "1kB"], "not an amount of memory", "at least 64MiB"),
        (["plan", "--jobs", "2"], "there is no option `--jobs`", "see `nnspec --help`"),
        (["plan", "--output-format", "rihc"], "does not take `rihc`", "it is one of `plain`, `json`"),
        (["check", "--budget", "0"], "not a number of units of work", "--budget 100000"),
        (["check", "--budget", "30s"], "not a number of units of work", "--timeout 60"),
        (["plan", "--budget", "1.5"], "not a number of units of work", "--budget 100000"),
        (["audit", "--budget", "5"], "there is no option `--budget`", "see `nnspec --help`"),
        (["check", "--jobs", "0"], "not a number of processes", "--jobs 2"),
        (["check", "-p", "eps"], "not of the form `name=value`", "see `nnspec --help`"),
        (["check", "--network", "=f.onnx"], "not of the form", "see `nnspec --help`"),
        (["check", "--output-file", "x"], "follows the `--output-format`", "see `nnspec --help`"),
        (["check", "--claim"], "expected one argument", "see `nnspec --help`"),
        (["explain"], "required: CLAIM", "see `nnspec --help`"),
        (["check", "--output-format", "json", "--output-format", "plain"], "two reports", "`--output-file`"),
        (
            ["check", "--output-format", "json", "--output-file", "/nowhere/x"],
            "no folder",
            "see `nnspec --help`",
        ),
    ],
)
def test_a_usage_error_says_what_was_meant_and_exits_with_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], problem: str, fix: str
) -> None:
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (2, "")
    assert err.startswith("error: ")
    assert problem in err
    assert fix in err


@pytest.mark.parametrize(
    ("options", "problem", "fix"),
    [
        (("--using", "bouns"), "there is no backend `bouns`", "did you mean `bounds`?"),
        (("--claim", "hold"), "no claim matches `hold`", "did you mean `holds`?"),
        (("--network", "g=f.onnx"), "there is no network `g`", None),
        (("-p", "eps=1"), "there is no parameter `eps`", None),
        (("-p", "eps=1 +"), "-p eps", None),
    ],
)
def test_a_name_that_the_specs_do_not_know_is_a_diagnostic(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    problem: str,
    fix: str | None,
) -> None:
    status, out, err = run(capsys, "check", write(tmp_path, HOLDS), *options)
    assert (status, err) == (2, "")
    assert problem in out
    assert fix is None or f"fix: {fix}" in out


# -- help and start-up ---------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [[], ["--help"], *([command, "--help"] for command in COMMANDS)])
def test_help_is_printed_and_is_no_error(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    status, out, err = run(capsys, *arguments)
    assert (status, err) == (0, "")
    assert out.startswith("usage: nnspec")


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str], checkout: Path) -> None:
    assert run(capsys, "--version")[:2] == (0, f"nnspec {__version__}\n")
    assert f'version = "{__version__}"' in (checkout / "pyproject.toml").read_text()


@pytest.mark.parametrize("module", ["numpy", "onnx", "onnxruntime", "rich", "lark", "multiprocessing"])
@pytest.mark.parametrize("command", COMMANDS)
def test_help_imports_nothing_slow(command: str, module: str) -> None:
    arguments = [command, "--help"]
    code = f"import sys, spec_lang.cli as c; c.main({arguments}); sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


def test_a_check_without_counterexample_does_not_import_onnxruntime(tmp_path: Path) -> None:
    arguments = ["check", str(write(tmp_path, HOLDS)), "--jobs", "1"]
    code = f"import sys, spec_lang.cli as c; c.main({arguments}); sys.exit('onnxruntime' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


# -- output --------------------------------------------------------------------------------------------


def test_the_report_is_plain_where_stdout_is_no_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run(capsys, "check", write(tmp_path, HOLDS))
    assert (status, err) == (0, "")
    assert "\x1b" not in out
    assert "1 proved" in out


def test_reports_go_to_stdout_and_files_side_by_side(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, other = tmp_path / "report.json", tmp_path / "report.txt"
    first = ("--output-format", "json", "--output-file", file)
    others = ("--output-format", "vnnlib", "--output-format", "rich", "--output-file", other)
    status, out, _ = run(capsys, "check", write(tmp_path, HOLDS), *first, *others)
    assert (status, out) == (0, "unsat\n")
    assert json.loads(file.read_text())["summary"]["proved"] == 1
    assert "1 proved" in other.read_text()


def test_a_quiet_check_prints_what_is_not_as_expected_and_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, HOLDS, FLAW)
    status, out, err = run(capsys, "check", path, "--quiet")
    assert (status, err) == (0, "")
    assert out.startswith("1 proved, 1 refuted (as expected) in ")
    assert out.count("\n") == 1
    status, out, _ = run(capsys, "check", write(tmp_path, HOLDS, FAILS), "-q")
    assert status == 1
    assert "holds" not in out
    assert "refuted  fails" in out
    assert "f(x).p <= -100" in out


def test_a_quiet_check_writes_whole_reports_to_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "report.txt"
    given = ("--output-format", "plain", "--output-file", file, "--output-format", "json")
    _, out, _ = run(capsys, "check", "-q", write(tmp_path, HOLDS), *given)
    assert json.loads(out)["summary"]["proved"] == 1
    assert "proved   holds" in file.read_text()


@pytest.mark.parametrize(
    ("claims", "options", "why"),
    [
        ((HOLDS,), (), None),
        ((HOLDS, FAILS), (), "1 claim refuted"),
        ((FAILS, LUCK), (), "1 claim refuted, 1 verdict not what `@expect` says"),
        ((FAILS, "claim bad: 1 < f\n"), (), "1 problem"),
        (
            (HOLDS,),
            ("--using", "falsify", "--budget", "1"),
            "1 claim unknown; with `--unknown warn` that is no failure",
        ),
        ((HOLDS,), ("--using", "falsify", "--budget", "1", "--unknown", "warn"), None),
    ],
)
def test_on_a_terminal_the_exit_status_is_said_in_words(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    claims: tuple[str, ...],
    options: tuple[str, ...],
    why: str | None,
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    status, _, err = run(capsys, "check", write(tmp_path, *claims), *options)
    assert err == ("" if why is None else f"exit status {status}: {why}\n")
    assert (status == 0) == (why is None)


def test_json_has_the_diagnostics(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, err = run(capsys, "check", write(tmp_path, "claim bad: 1 < f\n"), "--output-format", "json")
    assert json.loads(out)["diagnostics"]
    assert err == ""


@pytest.mark.parametrize(
    ("text", "size"), [("4GiB", 2**32), ("64 MiB", 2**26), ("1.5g", 1.5e9), ("inf", None)]
)
def test_an_amount_of_memory_is_written_as_people_do(text: str, size: float | None) -> None:
    assert usage.memory(text) == size


def test_proofs_go_to_the_users_cache_unless_that_is_declined(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = write(tmp_path, FAILS)
    run(capsys, "check", path, "--no-cache")
    assert not list((tmp_path / "cache").rglob("*.proof"))
    _, out, _ = run(capsys, "check", path, "--output-format", "json")
    (record,) = (tmp_path / "cache").rglob("*.proof")
    (claim,) = json.loads(out)["claims"]
    assert claim["certificate"].startswith("sha256:")
    assert 0 < claim["proof_bytes"] <= record.stat().st_size


def test_with_the_answers_of_vnnlib_the_diagnostics_go_to_stderr(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "q.vnnlib").write_text("(assert (<= X_0 1))")
    status, out, err = run(capsys, "check", tmp_path / "q.vnnlib", "--output-format", "vnnlib")
    assert (status, out) == (2, "error\n")
    assert "error[NN408]" in err


def test_the_current_folder_is_checked_where_no_path_is_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, FAMILY)
    monkeypatch.chdir(tmp_path)
    status, out, _ = run(capsys, "check")
    assert status == 0
    assert "4 members" in out


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    checking = process("check", write(tmp_path, FAILS))
    assert checking.stdout is not None
    checking.stdout.close()
    assert checking.stderr is not None
    errors = checking.stderr.read()
    assert (checking.wait(60), errors) == (1, "")


# -- explain -------------------------------------------------------------------------------------------


def test_explain_prints_the_claim_its_meaning_its_obligations_and_the_plan(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    claim = 'claim r "stays": robust(f, at: [0.5, 0.25], label: p, within: 0.25, norm: linf)\n'
    path = write(tmp_path, claim, HOLDS)
    status, out, err = run(capsys, "explain", "r", path)
    assert (status, err) == (0, "")
    expected = [
        f'r  "stays"  ({path}:6)',
        "    claim r",
        "  the form `robust`",
        "  stands for",
        "    forall x in ball([0.5, 0.25], 0.25, linf)",
        "  obligation 1 of 1",
        "    size: 2 inputs, 3 neurons, 2 outputs, 1 way to be broken",
        "      a in [0.25, 0.75] m",
        "      b in [0, 0.5]",
        "      p <= q    not: argmax(f(x)) == p",
        "    plan",
        "      bounds, ",
    ]
    lines = iter(out.splitlines())
    assert [start for start in expected if not any(line.startswith(start) for line in lines)] == []
    assert "holds" not in out


def test_explain_shows_boxes_and_atoms_in_problem_space(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    items = "input a, b\n output p, q\n encode x = (10 - x) / 4\n decode y = 3 - 2 * y\n"
    claims = "claim c: forall x in box([2, 6], [6, 10]): x.a <= x.b => f(x).p <= 2 * f(x).q + 7\n"
    path = write(tmp_path, claims, head=f'network f = "f.onnx" {{ {items} }}\n')
    _, out, _ = run(capsys, "explain", "c", path)
    assert "a in [2, 6]" in out
    assert "b in [6, 10]" in out
    assert "2 q + 7 < p" in out


def test_explain_of_a_code_prints_its_page(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "explain", "nn012")
    assert (status, err) == (0, "")
    assert out.startswith("NN012: ")


def test_explain_of_an_unknown_code_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "explain", "NN999")
    assert (status, out) == (2, "")
    assert "there is no diagnostic `NN999`" in err


def test_explain_of_a_claim_form_prints_the_formula_that_it_stands_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, out, err = run(capsys, "explain", "robust")
    assert (status, err) == (0, "")
    assert out.startswith("robust(f, at")
    assert "forall x in ball(at, within, norm)" in out


def test_with_a_path_a_claim_that_is_called_like_a_form_is_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, HOLDS.replace("holds", "robust"))
    status, out, _ = run(capsys, "explain", "robust", path)
    assert status == 0
    assert out.startswith(f"robust  ({path}:6)")


def test_explain_of_nothing_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "explain", "hold", write(tmp_path, HOLDS))
    assert status == 2
    assert "did you mean `holds`?" in out


# -- errors of ours, and interrupts ---------------------------------------------------------------------


def test_an_error_of_ours_is_said_without_a_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("spec_lang.engine.run.check", broken)
    monkeypatch.delenv("NNSPEC_DEBUG", raising=False)
    status, out, err = run(capsys, "check")
    assert (status, out) == (2, "")
    assert "internal error: ZeroDivisionError: oops" in err
    assert "please report" in err
    monkeypatch.setenv("NNSPEC_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        main(["check"])


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_prints_what_was_decided_and_leaves_nothing_behind(
    tmp_path: Path, jobs: str, number: signal.Signals
) -> None:
    checking = process("check", write_endless(tmp_path), "--jobs", jobs, "--timeout", "inf")
    wait_for_a_proof()
    os.killpg(checking.pid, number) if number is signal.SIGINT else checking.send_signal(number)
    try:
        out, err = checking.communicate(timeout=20)
    finally:
        left_behind = in_session(checking.pid)
        for pid in left_behind:
            os.kill(pid, signal.SIGKILL)
    assert (checking.returncode, err) == (130, "")
    assert "proved   quick" in out
    assert "unknown  endless" in out
    assert "interrupted" in out
    assert not left_behind


def wait_for_a_proof() -> None:
    """Until a claim is decided, and a moment longer: its report is on its way."""
    end = time.monotonic() + 60
    while not list(places.proofs().rglob("*.proof")) and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(1)


def in_session(session: int) -> list[int]:
    """The processes of a session that run, workers and what they have started among them."""
    processes = subprocess.run(["ps", "-eo", "pid=,sess=,stat="], capture_output=True, text=True, check=True)
    rows = (row.split() for row in processes.stdout.splitlines())
    return [int(pid) for pid, sess, state in rows if int(sess) == session and not state.startswith("Z")]


def test_a_claim_that_is_out_of_time_is_unknown_and_says_how_far_it_came(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = run(capsys, "check", write_endless(tmp_path), "--timeout", "1")
    assert status == 3
    assert "timeout" in out
    assert "bound" in out


@pytest.mark.parametrize(
    ("options", "timeout", "budget"),
    [
        ((), 60.0, None),
        (("--timeout", "inf"), None, None),
        (("--budget", "12"), None, 12),
        (("--budget", "1,200", "--timeout", "7"), 7.0, 1200),
    ],
)
def test_a_budget_takes_the_place_of_the_limit_of_time(
    options: tuple[str, ...], timeout: float | None, budget: int | None
) -> None:
    command, arguments = parse_arguments(["check", *options])
    arguments.debug = False
    found = planning_options(arguments, ())
    assert (command.name, found.timeout, found.budget) == ("check", timeout, budget)


def test_a_spent_budget_is_the_reason_in_every_format(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--budget", "1", "--using", "falsify")
    status, out, _ = run(capsys, "check", write(tmp_path, HOLDS), *options, "--output-format", "json")
    (claim,) = json.loads(out)["claims"]
    assert (status, claim["verdict"], claim["plan"][0]["outcomes"]) == (3, "unknown", {"budget": 1})
    assert claim["reason"].startswith("budget: all 1 units are spent")
    assert claim["work"]["attacks"] >= 1
    assert "all 1 units are spent" in run(capsys, "check", write(tmp_path, HOLDS), *options)[1]
