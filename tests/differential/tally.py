"""Runs numbered cases through backends and counts what became of them.

In: numbers of cases, backends by name, limits.  Out: a `Tally`, and its table.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial

from spec_lang import _registry, backends
from spec_lang.backends.base import Backend
from tests.differential.cases import case
from tests.differential.examine import Answer, Limits, answer

_CHUNK = 25


def installed() -> tuple[Backend, ...]:
    """Every backend that there is and that can run here."""
    found = _registry.discover(backends, "BACKEND", Backend)  # type: ignore[type-abstract]
    return tuple(backend for backend in found if backend.availability() is None)


@dataclass(frozen=True, slots=True)
class Series:
    """Which cases, by what and how long.

    A backend in `patient`, such as one that starts a process for every question, is asked of every `every`th
    case alone, and has as many times the seconds.
    """

    numbers: range
    seed: int = 1
    limits: Limits = field(default_factory=Limits)
    only: tuple[str, ...] = ()  # names of backends; all of them when empty
    patient: tuple[str, ...] = ()
    every: int = 1

    def backends(self) -> list[Backend]:
        return [b for b in installed() if not self.only or b.name in self.only]

    def limits_of(self, backend: Backend, number: int) -> Limits | None:
        """What the backend may take for a case; None when it is not asked."""
        if backend.name not in self.patient:
            return self.limits
        if number % self.every:
            return None
        return replace(self.limits, seconds=self.limits.seconds * self.every)


@dataclass(frozen=True, slots=True)
class Finding:
    """A wrong answer; `python -m benchmarks.differential --first NUMBER --cases 1` has it again."""

    seed: int
    number: int
    backend: str
    problem: str


@dataclass(slots=True)
class Tally:
    """What became of the cases."""

    holding: int = 0
    failing: int = 0
    words: Counter[tuple[str, str]] = field(default_factory=Counter)
    evidence: Counter[tuple[str, str]] = field(default_factory=Counter)
    rejected: Counter[tuple[str, str]] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)
    undecided: int = 0  # cases that no backend decides
    slowest: dict[str, tuple[float, int]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    examples: dict[tuple[str, str], int] = field(default_factory=dict)  # of rejected proofs

    @property
    def cases(self) -> int:
        return self.holding + self.failing

    def add(self, other: Tally) -> None:
        self.holding += other.holding
        self.failing += other.failing
        self.undecided += other.undecided
        for mine, more in (
            (self.words, other.words),
            (self.evidence, other.evidence),
            (self.rejected, other.rejected),
        ):
            mine.update(more)
        for name, spent in other.seconds.items():
            self.seconds[name] = self.seconds.get(name, 0.0) + spent
        for name, slow in other.slowest.items():
            self.slowest[name] = max(slow, self.slowest.get(name, slow))
        self.findings += other.findings
        for key, number in other.examples.items():
            self.examples.setdefault(key, number)

    def count(self, number: int, seed: int, given: Answer) -> None:
        name = given.backend
        self.words[name, given.word] += 1
        self.seconds[name] = self.seconds.get(name, 0.0) + given.seconds
        self.slowest[name] = max((given.seconds, number), self.slowest.get(name, (0.0, number)))
        if given.evidence is not None:
            self.evidence[name, given.evidence] += 1
        if given.rejected is not None:
            problem = given.rejected.split(":")[0][:60]
            self.rejected[name, problem] += 1
            self.examples.setdefault((name, problem), number)
        self.findings += [Finding(seed, number, name, problem) for problem in given.wrong]


def run_series(series: Series, jobs: int = 1) -> Tally:
    """All of them."""
    total = Tally()
    for tally in run_chunks(series, jobs):
        total.add(tally)
    return total


def run_chunks(series: Series, jobs: int) -> Iterator[Tally]:
    """One tally a chunk, in order."""
    numbers = series.numbers
    chunks = [numbers[start : start + _CHUNK] for start in range(0, len(numbers), _CHUNK)]
    if jobs == 1:
        yield from map(partial(run_chunk, series), chunks)
        return
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(partial(run_chunk, series), chunks)


def run_chunk(series: Series, numbers: range) -> Tally:
    tally = Tally()
    chosen = series.backends()
    for number in numbers:
        one = case(number, series.seed)
        tally.holding += one.holds
        tally.failing += not one.holds
        asked = [(backend, series.limits_of(backend, number)) for backend in chosen]
        answers = [
            answer(backend, one.obligation, one.witness, limits) for backend, limits in asked if limits
        ]
        for given in answers:
            tally.count(number, series.seed, given)
        tally.undecided += not any(given.decided for given in answers)
    return tally


def table(tally: Tally, names: Sequence[str]) -> Iterator[str]:
    """One line a backend: the share that it decides, by what evidence, and why not the others."""
    yield f"{tally.cases} obligations: {tally.holding} hold, {tally.failing} do not"
    for name in names:
        decided = sum(count for (who, _), count in tally.evidence.items() if who == name)
        asked = sum(count for (who, _), count in tally.words.items() if who == name)
        taken = asked - tally.words[name, "not taken"]
        slow, number = tally.slowest.get(name, (0.0, -1))
        each = 1000 * tally.seconds.get(name, 0.0) / max(1, taken)
        yield (
            f"{name:<10} decides {100 * decided / max(1, asked):5.1f} % of {asked}  "
            f"({_counts(tally.words, name)}; evidence: {_counts(tally.evidence, name)}; "
            f"{each:.0f} ms each, at most {slow:.1f} s: number {number})"
        )
        for (who, problem), count in tally.rejected.most_common():
            if who == name:
                example = tally.examples[name, problem]
                yield f"{'':<10} {count} proofs rejected: {problem} (such as number {example})"
    yield f"decided by none that was asked: {100 * tally.undecided / max(1, tally.cases):.1f} %"
    yield f"wrong: {len(tally.findings)}"


def _counts(counter: Counter[tuple[str, str]], name: str) -> str:
    found = sorted(((word, count) for (who, word), count in counter.items() if who == name))
    return ", ".join(f"{count} {word}" for word, count in found) or "none"
