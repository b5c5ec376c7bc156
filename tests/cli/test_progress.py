"""Laws of progress on a terminal: what a person sees, when nothing is drawn, and that nothing is left."""

from __future__ import annotations

import io
import re
import signal
import sys
from itertools import count
from pathlib import Path

import pytest

from spec_lang.backends.base import Progress
from spec_lang.cli import inferred, outputs, progress
from spec_lang.cli.progress import TerminalProgress
from tests.cli.commands import process, write_endless
from tests.cli.screen import on_terminal
from tests.engine.specs import FAILS, HOLDS, write
from tests.reporters.example import PROVED, REFUTED

COLOURS = re.compile(rb"\x1b\[[0-9;]*3[0-7]m")


@pytest.mark.slow
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_claim_that_runs_has_a_line_with_its_backend_and_its_time(tmp_path: Path, jobs: str) -> None:
    with on_terminal("check", write_endless(tmp_path), "--jobs", jobs) as terminal:
        begun = re.compile(r"  proved   quick.*\n  running  endless.* open")
        lines = terminal.until(lambda lines: begun.match("\n".join(lines)) is not None)
        assert re.fullmatch(r"  proved   quick +\d+ s", lines[0])
        assert re.match(r"  running  endless +\d+ s  bounds [\d,]+ done, [\d,]+ open", lines[1])
        assert re.fullmatch(r"  ━+─+ 1/2 \d+ s  1 proved", lines[2])
        assert len(lines) == 3
        terminal.interrupt()
        assert terminal.end() == 130
        assert terminal.scrolled == []
        assert not any("running" in line or "━" in line for line in terminal.lines)
        assert terminal.lines[-1].startswith("1 proved, 1 unknown, interrupted in")


@pytest.mark.slow
def test_on_a_narrow_terminal_that_becomes_narrower_no_line_wraps(tmp_path: Path) -> None:
    path = write_endless(tmp_path)
    long = "a_claim_whose_name_is_longer_than_the_terminal"
    path.write_text(path.read_text().replace("claim endless", f"claim {long}"))
    with on_terminal("check", path, "--jobs", "2", size=(60, 12)) as terminal:
        terminal.until(lambda lines: "terminal" in "".join(lines[1:2]))
        terminal.resize(40, 10)
        lines = terminal.until(lambda lines: bool(lines) and "──" in lines[-1] and len(lines[-1]) < 40)
        assert lines[-2].startswith("  running  a_claim_")
        assert "…" in lines[-2]
        assert max(map(len, lines[-3:])) <= 40


@pytest.mark.slow
def test_the_report_goes_to_a_file_while_progress_is_on_the_terminal(tmp_path: Path) -> None:
    report = tmp_path / "report.txt"
    with on_terminal("check", write_endless(tmp_path), "--jobs", "2", stdout=report) as terminal:
        terminal.until(lambda lines: any("proved   quick" in line for line in lines))
        assert COLOURS.search(terminal.bytes)
        terminal.interrupt()
        terminal.end()
        assert terminal.lines == []
    assert report.read_text().endswith(" s\n")
    assert "\x1b" not in report.read_text()


@pytest.mark.slow
def test_without_colours_progress_is_drawn_without_them(tmp_path: Path) -> None:
    path = write_endless(tmp_path)
    with on_terminal("check", path, "--jobs", "2", environment={"NO_COLOR": "1"}) as terminal:
        terminal.until(lambda lines: any("proved   quick" in line for line in lines))
        terminal.interrupt()
        terminal.end()
        assert not COLOURS.search(terminal.bytes)


@pytest.mark.slow
def test_an_explanation_and_an_audit_draw_progress_too(tmp_path: Path) -> None:
    with on_terminal("audit", write_endless(tmp_path), "--jobs", "2") as terminal:
        assert terminal.end() == 3
        assert "stored proof" in terminal.lines[-1]
    point = "[" + ", ".join(["0"] * 12) + "]"
    with on_terminal("explain", f"{tmp_path / 'f.nnspec'}::endless", "--at", point) as terminal:
        terminal.until(lambda lines: any(re.search(r"running  endless.*\d open", line) for line in lines))
        terminal.interrupt()
        terminal.end()


@pytest.mark.parametrize("name", ["CI", "PRE_COMMIT", "TERM"])
def test_where_nobody_looks_nothing_is_drawn(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for other in ("CI", "PRE_COMMIT", "TERM"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert outputs.is_watched()
    rounds = inferred.observer()
    assert rounds is not None
    assert isinstance(rounds("deciding", 3), TerminalProgress)
    monkeypatch.setenv(name, "dumb" if name == "TERM" else "true")
    assert not outputs.is_watched()
    assert outputs.observer() is None
    assert inferred.observer() is None


def test_in_a_pipe_a_check_says_nothing_but_its_report(tmp_path: Path) -> None:
    checked = process("check", write(tmp_path, HOLDS, FAILS), environment={"CI": ""})
    out, err = checked.communicate(timeout=120)
    assert "\x1b" not in out + err
    assert "running" not in err


# -- without a terminal --------------------------------------------------------------------------------


class Clock:
    """Time that passes by a step whenever somebody looks."""

    def __init__(self, step: float) -> None:
        self.times = count(1000.0, step)

    def monotonic(self) -> float:
        return next(self.times)


def test_three_hundred_quick_claims_are_no_more_than_ten_frames_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(progress, "time", Clock(0.001))
    stream = io.StringIO()
    shown = TerminalProgress(stream, patience=0.0)
    shown.start(300)
    drawn = []
    monkeypatch.setattr(shown._live, "update", lambda frame, **_: drawn.append(frame))
    for number in range(300):
        shown.began(f"a.nnspec::c{number}")
        shown.progress(f"a.nnspec::c{number}", Progress(1, 2, None, "bounds"))
        shown.decided(PROVED)
    shown.close()
    assert 10 <= len(drawn) <= 40  # the clock was looked at some 1,500 times: 1.5 s and more


def test_what_takes_no_time_is_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "time", Clock(0.0))
    stream = io.StringIO()
    shown = TerminalProgress(stream)
    shown.start(2)
    shown.began("a.nnspec::p")
    shown.decided(PROVED)
    shown.decided(REFUTED)
    shown.close()
    assert stream.getvalue() == ""


def test_a_tick_while_a_frame_is_drawn_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = TerminalProgress(io.StringIO(), patience=0.0)
    frames = []

    def draw(frame: object, refresh: bool) -> None:
        frames.append((frame, refresh))
        signal.raise_signal(signal.SIGALRM)

    monkeypatch.setattr(shown._live, "update", draw)
    shown.start(1)
    try:
        shown.began("a.nnspec::p")
    finally:
        shown.close()
    assert len(frames) == 1
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_an_alarm_of_somebody_else_is_left_alone() -> None:
    def theirs(_signal: int, _frame: object) -> None:
        raise AssertionError

    before = signal.signal(signal.SIGALRM, theirs)
    try:
        shown = TerminalProgress(io.StringIO())
        shown.start(1)
        shown.close()
        assert signal.getsignal(signal.SIGALRM) is theirs
    finally:
        signal.signal(signal.SIGALRM, before)


def test_a_terminal_that_goes_away_does_not_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_args: object, **_options: object) -> None:
        raise OSError(5, "Input/output error")

    shown = TerminalProgress(io.StringIO(), patience=0.0)
    monkeypatch.setattr(shown._live, "update", gone)
    monkeypatch.setattr(shown._live, "stop", gone)
    shown.start(1)
    shown.decided(PROVED)
    shown.close()
    assert shown._counts[PROVED.status] == 1
