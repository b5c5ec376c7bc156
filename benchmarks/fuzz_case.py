"""One mutated spec through the front end, stage by stage.

In: the number of the case, the texts to mutate, the folder of their networks.  Out: what became of it: a
result, the codes of its diagnostics, and the failure when something else than diagnostics came out.
"""

from __future__ import annotations

import random
import signal
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.fuzz_corpus import Corpus
from benchmarks.fuzz_layout import LayoutChanged, check_layout
from benchmarks.fuzz_mutations import mutate
from spec_lang.diagnostics import Diagnostic
from spec_lang.engine.lint import lint
from spec_lang.engine.options import CheckOptions
from spec_lang.engine.prepare import Spec
from spec_lang.engine.sources import Source
from spec_lang.syntax.parse import parse_module

STAGES: Final = ("parse", "lint", "format")
_FILE: Final = "mutant.nnspec"
_FROM_GOOD: Final = 0.8  # of the cases; the others start from what may be wrong already


@dataclass(frozen=True, slots=True)
class Way:
    """`folder` has the networks; `stage` is the last one; `limit` is in seconds."""

    folder: Path
    stage: str
    limit: float


@dataclass(frozen=True, slots=True)
class Failure:
    """`place` is the exception and where it was raised, by which failures are told apart."""

    number: int
    place: str
    traceback: str
    text: str
    mutations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    result: str
    codes: tuple[str, ...] = ()
    failure: Failure | None = None


class PastLimit(BaseException):
    """The case has used its time; no `except Exception` on the way stops it."""


def run_case(number: int, corpus: Corpus, seed: int, way: Way) -> Outcome:
    """Case `number`: the same text for the same number and seed."""
    rng = random.Random(f"{seed}:{number}")  # noqa: S311 - to be repeated, not to be secret
    start = rng.choice(corpus.good if rng.random() < _FROM_GOOD else corpus.texts)
    text, mutations = mutate(start, corpus.good, rng)
    return examine(text, way, number, mutations)


def examine(text: str, way: Way, number: int = -1, mutations: tuple[str, ...] = ()) -> Outcome:
    """What becomes of `text`."""
    try:
        with _time_limit(way.limit):
            return _front_end(text, way)
    except (PastLimit, Exception) as error:  # noqa: BLE001 - the failures are what is looked for
        frames = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in frames if "spec_lang" in frame.filename] or list(frames)
        # Where it was when its time was up is chance.
        place = "" if isinstance(error, PastLimit) else f" {Path(ours[-1].filename).name}:{ours[-1].lineno}"
        place = f" {error}" if isinstance(error, LayoutChanged) else place
        shown = "".join(traceback.format_exception(error, limit=-12))
        failure = Failure(number, f"{type(error).__name__}{place}", shown, text, mutations)
        return Outcome("failure", (), failure)


def _front_end(text: str, way: Way) -> Outcome:
    parsed = parse_module(text, _FILE)
    if way.stage == "parse":
        return _outcome(parsed.diagnostics)
    diagnostics = lint([Spec(Source(_FILE, text, way.folder), parsed)], CheckOptions()).report.diagnostics
    if way.stage == "format" and not parsed.diagnostics:
        check_layout(text, parsed.module, _FILE)
    return _outcome(diagnostics)


def _outcome(diagnostics: Sequence[Diagnostic]) -> Outcome:
    codes = tuple(dict.fromkeys(diagnostic.code for diagnostic in diagnostics))
    errors = [diagnostic for diagnostic in diagnostics if diagnostic.is_error]
    kind = min((diagnostic.code[2] for diagnostic in errors), default="")
    names = {"0": "syntax errors", "1": "errors of names and types", "2": "errors of networks"}
    if errors:
        return Outcome(names.get(kind, "other errors"), codes)
    return Outcome("warnings alone" if diagnostics else "nothing to say", codes)


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    def stop(_signal: int, _frame: object) -> None:
        raise PastLimit

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
