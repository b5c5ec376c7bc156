"""`python -m benchmarks.gradients`: radii, explanations, Lipschitz constants and slopes, and what is true.

In: networks that are trained for it on the data of scikit-learn, recorded ones of ACAS Xu, and a time limit.
Out: a table for each question: plain intervals, this engine, and what the gradient really reaches, or reaches
at the least, by floats.  Exits 1 when something proved leaves out what a network really does.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import Final

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from benchmarks import gradient_specs as specs
from benchmarks.explained import Explained, explained, first, furthest, leaves_out, width
from benchmarks.gradient_cells import exact
from benchmarks.gradient_engine import Enclosures, graph_of
from benchmarks.gradient_floats import weight_interval_gradients
from benchmarks.gradient_networks import default_folder, trained
from benchmarks.gradient_witnesses import ascend, other_weights
from benchmarks.instances import add_data
from spec_lang.bounding.linear_radii import linear_radii

# Networks, and by how much each input may be off.
TASKS: Final = (("cancer", 0.02), ("digits", 0.003), ("digits", 0.01), ("digits", 0.02))
CLAIMED: Final = (("cancer", 0.02), ("digits", 0.003), ("digits", 0.01))
SHARES: Final = (0.25, 0.5, 1.0)  # of the length of an explanation, in either norm
COSINES: Final = (0.95, 0.9, 0.8)
FEW, HARD, SEARCHED = (1, 12), (15, 25), (1, 8)  # unstable neurons
SECONDS: Final = 5.0  # of a search of one point


@dataclass(frozen=True, slots=True)
class Setting:
    """Where networks are kept, where recorded ones are, how many points of each, and seconds a question."""

    folder: Path
    data: Path
    points: int
    timeout: float


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table; `wrong` where something proved is not so."""

    text: str
    wrong: bool = False


def limits(value: float, must: float, aim: float, unit: str = "") -> str:
    """`value (must …, aim …)`, and what of it is missed."""
    missed = "  MISSED" if value > must else "  aim missed" if value > aim else ""
    return f"{value:.3g}{unit} (must {must:g}{unit}, aim {aim:g}{unit}){missed}"


def points_of(
    setting: Setting, name: str, reach: float, between: tuple[float, float] = (0, np.inf)
) -> list[Explained]:
    return explained(trained(name, setting.folder), reach, setting.points, between)


def radii(setting: Setting) -> Iterator[Row]:
    """How far the network is linear around 500 points."""
    network = trained("digits", setting.folder)
    graph, points = graph_of(network.path), network.points[:500]
    started = time.perf_counter()
    found = linear_radii(graph, points)
    seconds = time.perf_counter() - started
    for norm, ends in (("l1", found.l1), ("l2", found.l2), ("linf", found.linf)):
        low, high = np.median(ends, axis=0)
        yield Row(f"{norm:<5} median of {len(points)} points between {low:.6g} and {high:.6g}")
    yield Row(f"all   {limits(seconds, 0.5, 0.1, ' s')}")


def widths(setting: Setting) -> Iterator[Row]:
    """Enclosures over the exact range, summed over all coordinates, where few neurons are unstable."""
    for name, reach in TASKS:
        ratios, linear, plain, seconds, wrong = [], [], [], [], False
        for one in points_of(setting, name, reach, FEW):
            ends = exact(one.logit, first(one.box))
            if ends is None or width(ends) == 0.0:
                continue
            found, took = one.engine()
            wrong |= leaves_out(found, ends)
            ratios.append(width(found) / width(ends))
            linear.append(width(one.bounds()) / width(ends))
            plain.append(width(one.intervals()) / width(ends))
            seconds.append(took)
        if ratios:
            text = f"intervals {median(plain):.3g}, linear bounds {median(linear):.3g}, "
            text += f"and cells {limits(median(ratios), 1.25, 1.15)}"
            text += f", {limits(1e3 * median(seconds), 20, 5, ' ms')} a point, {len(ratios)} points"
            yield Row(f"{name} {reach:g}  {text}", wrong)


def searched(setting: Setting) -> Iterator[Row]:
    """All coordinates exactly, by branch and bound, against the cells of the box."""
    for name, reach in TASKS:
        seconds, done, wrong = [], [], False
        for one in points_of(setting, name, reach, SEARCHED):
            found, took = one.searched(SECONDS)
            ends = exact(one.logit, first(one.box))
            wrong |= ends is not None and leaves_out(first(found.outer.ends), ends)
            seconds.append(took)
            done.append(found.exact and took <= 2.0)
        if done:
            text = f"exact in 2 s: {np.mean(done):.0%} of {len(done)} points (must 90%), "
            text += f"{limits(median(seconds), 2.0, 0.2, ' s')} a point"
            yield Row(f"{name} {reach:g}  {text}", wrong)


def hard(setting: Setting) -> Iterator[Row]:
    """Enclosures over the best witness, where many neurons are unstable: before a search, and after it."""
    for name, reach in TASKS:
        ratios, before, plain, wrong = [], [], [], False
        for one in points_of(setting, name, reach, HARD):
            seen = ascend(one.logit, one.point, reach)
            found, _ = one.searched(SECONDS)
            inner = np.minimum(seen.lower, found.inner.lower[0]), np.maximum(seen.upper, found.inner.upper[0])
            wrong |= leaves_out(first(found.outer.ends), (seen.lower, seen.upper))
            ratios.append(width(first(found.outer.ends)) / width(inner))
            before.append(width(one.bounds()) / width(inner))
            plain.append(width(one.intervals()) / width(inner))
        if ratios:
            text = f"intervals {median(plain):.3g}, bounds {median(before):.3g}, in {SECONDS:g} s "
            text += f"{limits(median(ratios), 1.7, 1.2)}, {len(ratios)} points"
            yield Row(f"{name} {reach:g}  {text}", wrong)


def certified(setting: Setting) -> Iterator[Row]:
    """The share of points whose explanation is proved to stay near, coordinate by coordinate: by intervals,
    by a search of a second, and at the most."""
    for name, reach in TASKS:
        chosen = points_of(setting, name, reach)
        bases = [one.base for one in chosen]
        found = [
            [
                furthest(one.intervals(), base),
                furthest(first(one.searched(1.0)[0].outer.ends), base),
                _reached(one),
            ]
            for one, base in zip(chosen, bases, strict=True)
        ]
        lengths = [(float(np.linalg.norm(base)), float(abs(base).max())) for base in bases]
        wrong = any(engine[0] < most[0] - 1e-6 for _, engine, most in found)
        for norm in (0, 1):
            cells = [
                _shares([[e[norm] <= share * size[norm] for e in entry] for entry, size in pairs])
                for share in SHARES
                for pairs in [list(zip(found, lengths, strict=True))]
            ]
            named = ", ".join(f"δ {share:g}: {cell}" for share, cell in zip(SHARES, cells, strict=True))
            yield Row(f"{name} {reach:g} {('l2', 'linf')[norm]:<6} {named}", wrong)
        cells = [_shares([[e[2] >= least for e in entry] for entry in found]) for least in COSINES]
        named = ", ".join(f"≥ {least:g}: {cell}" for least, cell in zip(COSINES, cells, strict=True))
        yield Row(f"{name} {reach:g} cosine {named}", wrong)


def claimed(setting: Setting) -> Iterator[Row]:
    """The share of claims of stable explanations that are proved, and refuted, in ℓ2 and by angle: what
    coordinates one by one do not say."""
    bounds = [f"within: {share:g} * {{}}" for share in SHARES] + [f"cosine: {least:g}" for least in COSINES]
    for name, reach in CLAIMED:
        chosen = points_of(setting, name, reach)
        reports = specs.stable(chosen, bounds, min(setting.timeout, SECONDS), jobs=2)
        seconds = median(report.seconds for of_point in reports for report in of_point)
        cells = []
        for place, bound in enumerate(bounds):
            statuses = [of_point[place].status.value for of_point in reports]
            shares = [statuses.count(word) / len(statuses) for word in ("proved", "refuted")]
            cells.append(f"{bound.replace('{}', '|v|')}: {shares[0]:.2f}, {shares[1]:.2f}")
        yield Row(f"{name} {reach:g} proved, refuted: {'; '.join(cells)}; median {seconds:.2g} s")


def _reached(one: Explained) -> tuple[float, float, float]:
    seen = ascend(one.logit, one.point, one.reach)
    return seen.l2, seen.linf, seen.cosine


def _shares(entries: Sequence[Sequence[bool]]) -> str:
    """`intervals → engine (ceiling)`."""
    plain, engine, most = np.mean(np.array(entries, dtype=float), axis=0)
    return f"{plain:.2f} → {engine:.2f} ({most:.2f})"


def weights(setting: Setting) -> Iterator[Row]:
    """How far explanations get when all weights and biases are 1 % off, in lengths of the explanation."""
    share = Fraction(1, 100)
    for name in ("cancer", "digits"):
        plain, ours, reached, wrong = [], [], [], False
        for one in points_of(setting, name, 0.0):
            seen, length = other_weights(one.logit, one.point, float(share)), float(np.linalg.norm(one.base))
            ends = first(weight_interval_gradients(one.logit, one.point[None], float(share)))
            found = first(Enclosures.of(one.path, one.logit.output, share)(one.box))
            wrong |= leaves_out(found, (seen.lower, seen.upper))
            plain.append(furthest(ends, one.base)[0] / length)
            ours.append(furthest(found, one.base)[0] / length)
            reached.append(seen.l2 / length)
        gain = median(a / b for a, b in zip(plain, ours, strict=True))
        gap = median(a / b for a, b in zip(ours, reached, strict=True))
        text = f"δ {median(plain):.3g} → {median(ours):.3g} ({median(reached):.3g}), {gain:.3g} times less"
        text += f" (must 50 for digits), {gap:.3g} times the witness (aim 1.5), {len(ours)} points"
        yield Row(f"{name} 1 %  {text}", wrong)


def lipschitz(setting: Setting) -> Iterator[Row]:
    """Brackets of `max ||grad f_0||_1` of ACAS Xu networks."""
    folder = setting.data / "acasxu"
    if not folder.is_dir():
        yield Row(f"no acasxu in {setting.data}: set NNSPEC_DATA or give --data")
        return
    for asked in specs.lipschitz(folder, setting.timeout):
        low, high = asked.ends
        ratio = f"ratio {limits(high / low, 1.2, 1.2)}" if low and high else asked.report.reason
        seconds = limits(asked.report.seconds, 40, 20, " s")
        yield Row(f"{asked.name}  {asked.report.status.value:<8} {ratio}, {seconds}")


def monotone(setting: Setting) -> Iterator[Row]:
    """Whether 6-32-32-1 rises with four of its inputs, over the whole box."""
    path = trained("monotone", setting.folder).path
    for asked in specs.slopes(path, range(4), setting.timeout):
        seconds = limits(asked.report.seconds, 1.0, 0.2, " s")
        wrong = asked.report.status.value == "refuted"
        yield Row(f"{asked.name}  {asked.report.status.value:<8} {seconds}", wrong)


QUESTIONS: Final[dict[str, Callable[[Setting], Iterator[Row]]]] = {
    "radii": radii,
    "widths": widths,
    "searched": searched,
    "hard": hard,
    "certified": certified,
    "claimed": claimed,
    "weights": weights,
    "lipschitz": lipschitz,
    "monotone": monotone,
}


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gradients", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--only", default="*", metavar="GLOB", help="questions by name")
    parser.add_argument("--points", type=int, default=20, metavar="N", help="points of each network (20)")
    parser.add_argument("--timeout", type=float, default=40.0, metavar="S", help="seconds a question (40)")
    parser.add_argument("--networks", type=Path, default=default_folder(), help="where trained ones are kept")
    add_data(parser)
    given = parser.parse_args(argv)
    chosen = [name for name in QUESTIONS if fnmatchcase(name, given.only)]
    if not chosen:
        print(f"nothing is called {given.only}", file=sys.stderr)
        return 2
    setting = Setting(given.networks, given.data, given.points, given.timeout)
    wrong = False
    for name in chosen:
        started = time.perf_counter()
        for row in QUESTIONS[name](setting):
            wrong |= row.wrong
            print(f"{name:<9}  {row.text}{'  WRONG' if row.wrong else ''}", flush=True)
        print(f"{name:<9}  {time.perf_counter() - started:.1f} s in all", flush=True)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
