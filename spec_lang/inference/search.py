"""Which inquiries are made, and how they take turns.

In: signatures, a prover, and what is asked for.  Out: all findings, in an order that depends on the seed and
on verdicts alone.  One candidate of every line is decided at a time, so that no line waits for another.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace

import numpy as np

from spec_lang._values import dataclass
from spec_lang.inference.boxing import by_boxes
from spec_lang.inference.cover import Cover
from spec_lang.inference.covering import around_point, by_rules
from spec_lang.inference.growing import clearance
from spec_lang.inference.inquiries import Inquiry, Setting, of_layer, of_prefix
from spec_lang.inference.layerwise import relaxed
from spec_lang.inference.model import Candidate, Method
from spec_lang.inference.partition import Proposals, partition
from spec_lang.inference.proving import Finding, Interrupted, Prover
from spec_lang.inference.signatures import Signatures, room
from spec_lang.inference.trees import leaves
from spec_lang.inference.wide import MANY_INPUTS, by_cuts, by_growth, told
from spec_lang.kernel.verdict import Status

_DRAWN = 48  # points of a decision that seeds are chosen among
_ROOMY = 4  # points that rules are grown around
_BESIDE, _MORE = 2, 8  # lines that grow boxes of one decision, and for its share of the points
_PARTS, _MORE_PARTS = 4000, 200  # that the domain is cut into: at least, and for each that is written
_SHARES = (0.3, 0.5)  # of the time: for cutting, and until they are decided, if there are other lines
_TOGETHER = 64  # parts that are decided together
_PROVING = 0.9  # of the time that is left, when new lines begin
_WAVE = 32  # lines at a time, whose candidates are decided together


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to infer: of which `decisions` and `layers`, by which methods, `most` of each for a decision, with
    at least `support` points of the data."""

    decisions: tuple[int, ...]
    layers: tuple[int, ...]
    methods: tuple[Method, ...]
    most: int
    support: int
    seed: int


@dataclass(slots=True)
class Found:
    """All findings, and whether the search was cut short."""

    findings: list[Finding]
    interrupted: bool = False


def search(found: Signatures, prover: Prover, wanted: Wanted) -> Found:
    """Never raises `Interrupted`.  May raise `Refused`."""
    result = Found([])
    waiting = _lines(found, wanted)
    asking: list[tuple[Inquiry, Candidate]] = []
    try:
        if Method.PARTITION in wanted.methods:
            _parts(found, prover, wanted, result.findings)
        while prover.seconds_left > 0:
            asking += _started(waiting, prover, _WAVE - len(asking))
            if not asking:
                break
            asking = _advanced(found, prover, asking, wanted, result.findings)
    except (Interrupted, KeyboardInterrupt):  # while candidates are decided, or are looked for
        result.interrupted = True
    return result


def _parts(found: Signatures, prover: Prover, wanted: Wanted, findings: list[Finding]) -> None:
    """Of each decision, the parts of the domain with most points; within a share of the time."""
    left, alone = prover.seconds_left, len(wanted.methods) == 1
    cut, asked_until = ((1 - share) * left if left < np.inf else -np.inf for share in _SHARES)
    parts, setting = max(_PARTS, _MORE_PARTS * wanted.most), Setting(found, wanted.seed)
    halves = partition(setting, wanted.decisions, parts, lambda: prover.seconds_left < cut)
    waiting = [] if halves is None else [Proposals.start(halves, number) for number in wanted.decisions]
    while waiting and prover.seconds_left > (0.0 if alone else asked_until):
        for line in list(waiting):
            asked = line.next(min(_TOGETHER, wanted.most - line.proved))
            asked = [(part, c) for part, c in asked if _has_support(found, c, wanted)]
            if not asked:
                waiting.remove(line)
                continue
            answers = prover.decide([candidate for _, candidate in asked])
            findings += answers
            for (part, _), answer in zip(asked, answers, strict=True):
                line.hear(part, answer.status)


def _started(waiting: Iterator[Inquiry], prover: Prover, most: int) -> list[tuple[Inquiry, Candidate]]:
    """New lines with their first candidates: no more than a share of the time that is left is for these."""
    asking: list[tuple[Inquiry, Candidate]] = []
    enough = 0.0 if prover.ends is None else _PROVING * prover.seconds_left
    while len(asking) < most and prover.seconds_left > (enough if asking else 0.0):
        line = next(waiting, None)
        if line is None:
            break
        candidate = next(line, None)
        if candidate is not None:
            asking.append((line, candidate))
    return asking


def _advanced(
    found: Signatures,
    prover: Prover,
    asking: list[tuple[Inquiry, Candidate]],
    wanted: Wanted,
    findings: list[Finding],
) -> list[tuple[Inquiry, Candidate]]:
    """What the lines ask next, after one answer each; a line whose candidate has too few points ends."""
    worth = [(line, c) for line, c in asking if _has_support(found, c, wanted)]
    known = [_implied(c, findings) for _, c in worth]
    fresh = [c for (_, c), answer in zip(worth, known, strict=True) if answer is None]
    decided = iter(prover.decide(fresh))
    following = []
    for (line, _), before in zip(worth, known, strict=True):
        answer = next(decided) if before is None else before
        if before is None:
            findings.append(answer)
        asked = _sent(line, answer) if prover.seconds_left > 0 else None
        if asked is not None:
            following.append((line, asked))
    return following


def _implied(candidate: Candidate, findings: list[Finding]) -> Finding | None:
    """That a candidate is proved already, by its form."""
    proved = (f for f in findings if f.status is Status.PROVED and candidate.implied_by(f.candidate))
    return next((replace(f, candidate=candidate) for f in proved), None)


def _sent(line: Inquiry, answer: Finding) -> Candidate | None:
    try:
        return line.send(answer)
    except StopIteration:
        return None


def _has_support(found: Signatures, candidate: Candidate, wanted: Wanted) -> bool:
    return int(found.where(candidate).sum()) >= wanted.support


def _lines(found: Signatures, wanted: Wanted) -> Iterator[Inquiry]:
    """Every line of inquiry, the first of every kind before the second of any."""
    if found.subject.graph.input_size > MANY_INPUTS:
        return _in_turns(list(_wide_groups(found, wanted)))
    setting = Setting(found, wanted.seed)
    groups: list[Iterator[Inquiry]] = []
    for decision in wanted.decisions:
        if Method.RULE in wanted.methods:
            for layer in reversed(wanted.layers):
                cover = Cover.start(setting, decision, wanted.support)
                groups.append(iter([by_rules(cover, layer, wanted.most)]))
        if Method.BOX in wanted.methods:
            cover = Cover.start(setting, decision, wanted.support)
            beside = _BESIDE + round(_MORE * int(found.counts[decision]) / len(found))
            most = -(-wanted.most // beside)
            groups += [iter([by_boxes(cover, most)]) for _ in range(beside)]
    if Method.RULE in wanted.methods:
        for decision in wanted.decisions:
            rows = roomy(found, decision, min(wanted.most, _ROOMY))
            groups += [
                (around_point(setting, layer, row) for row in rows) for layer in reversed(wanted.layers)
            ]
    for decision in wanted.decisions:
        seeds = seeds_of(found, decision, wanted)
        if Method.RELAX in wanted.methods:
            groups.append(of_prefix(setting, row) for row in seeds[: 2 * wanted.most])
        if Method.LAYER in wanted.methods:
            for layer in reversed(wanted.layers):
                rows = _best_rows(found, layer, seeds[::-1], wanted.most)
                groups.append(of_layer(setting, layer, row) for row in rows)
    if Method.TREE in wanted.methods:
        groups += list(_of_trees(found, wanted))
    return _in_turns(groups)


def _wide_groups(found: Signatures, wanted: Wanted) -> Iterator[Iterator[Inquiry]]:
    """Of patterns and leaves those alone that bounds tell: others are not decided in any time."""
    setting = Setting(found, wanted.seed)
    for decision in wanted.decisions:
        if Method.RULE in wanted.methods:
            for layer in reversed(wanted.layers):
                cover = Cover.start(setting, decision, wanted.support)
                yield iter([by_cuts(cover, layer, wanted.most)])
        if Method.BOX in wanted.methods:
            cover = Cover.start(setting, decision, wanted.support)
            yield iter([by_growth(cover, wanted.most)])
    for decision in wanted.decisions:
        seeds = seeds_of(found, decision, wanted)
        if Method.RELAX in wanted.methods:
            yield (of_prefix(setting, row) for row in seeds[: wanted.most])
        if Method.LAYER in wanted.methods:
            for layer in reversed(wanted.layers):
                patterns = (
                    relaxed(found, layer, row) for row in _best_rows(found, layer, seeds, wanted.most)
                )
                yield map(_once, told(found, [pattern for pattern in patterns if pattern is not None]))
    if Method.TREE in wanted.methods:
        for layer in reversed(wanted.layers):
            for on_values in (False, True):
                every = leaves(found, layer, wanted.seed, on_values=on_values)
                mine = [[c for c in every if c.decision == d][: wanted.most] for d in wanted.decisions]
                yield map(_once, told(found, [leaf for part in mine for leaf in part]))


def roomy(found: Signatures, decision: int, most: int) -> list[int]:
    """Points of a decision at which the outputs are farthest from another one."""
    rows = np.flatnonzero(found.decided == decision)
    away = room(found.decisions[decision], found.points[rows], found.outputs[rows])
    return [int(row) for row in rows[np.argsort(-away, kind="stable")][:most]]


def _best_rows(found: Signatures, layer: int, seeds: Sequence[int], most: int) -> list[int]:
    """Of some points, those whose pattern in a layer has the most support; different patterns."""
    best: dict[Candidate, int] = {}
    for row in seeds[: 3 * most]:
        candidate = relaxed(found, layer, row)
        if candidate is not None:
            best.setdefault(candidate_of(candidate), row)
    ranked = sorted(best.items(), key=lambda item: -int(found.where(item[0]).sum()))
    rows = [row for _, row in ranked]
    return (rows + [row for row in seeds if row not in rows])[:most]


def candidate_of(candidate: Candidate) -> Candidate:
    """The candidate without its note, to compare by what it says."""
    return replace(candidate, note="")


def _of_trees(found: Signatures, wanted: Wanted) -> Iterator[Iterator[Inquiry]]:
    for layer in reversed(wanted.layers):
        for on_values in (False, True):
            every = leaves(found, layer, wanted.seed, on_values=on_values)
            for decision in wanted.decisions:
                mine = [leaf for leaf in every if leaf.decision == decision][: wanted.most]
                yield (_once(leaf) for leaf in mine)


def _once(candidate: Candidate) -> Inquiry:
    yield candidate


def _in_turns(groups: Sequence[Iterator[Inquiry]]) -> Generator[Inquiry, None, None]:
    waiting = list(groups)
    while waiting:
        for group in list(waiting):
            line = next(group, None)
            if line is None:
                waiting.remove(group)
            else:
                yield line


def seeds_of(found: Signatures, decision: int, wanted: Wanted) -> list[int]:
    """Points of a decision to start from: of some that are drawn, those far from points of other decisions
    first, and far from each other's."""
    rows = np.flatnonzero(found.decided == decision)
    if not len(rows):
        return []
    rng = np.random.default_rng([wanted.seed, decision])
    drawn = rng.permutation(rows)[:_DRAWN]
    span = found.points.max(axis=0) - found.points.min(axis=0)
    scale = np.where(span > 0, span, 1.0)
    room = clearance(found.points, drawn.tolist(), found.decided != decision, scale)
    ordered = drawn[np.argsort(-room, kind="stable")].tolist()
    chosen: list[int] = []
    for row, reach in zip(ordered, np.sort(-room, kind="stable") * -1, strict=True):
        near = abs((found.points[chosen] - found.points[row]) / scale).max(axis=1) if chosen else np.ones(0)
        if (near > min(float(reach), 1.0)).all():
            chosen.append(row)
    return chosen + [row for row in ordered if row not in chosen]
