"""`python -m benchmarks.rounding`: what accounting for rounding errors costs the bounds engine.

In: a few instances of the families, each searched for the same number of sub-problems with the error terms
and, in this benchmark alone, without.  Out: processor seconds of both, and how much more the engine takes
with them; in turns, the least of several runs each.  Exits 1 when the mean is beyond the target.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from statistics import geometric_mean
from typing import Final

from benchmarks.instances import Instance, add_data, read_instances
from benchmarks.measured import sub_problems
from benchmarks.without_rounding import switched_off
from spec_lang.backends.base import Budget, Run, Session
from spec_lang.backends.bounds import BACKEND
from spec_lang.diagnostics import InternalError
from spec_lang.engine.queries import query_frame
from spec_lang.formats.vnnlib1 import read_query
from spec_lang.network.onnx_import import load_graph
from spec_lang.obligations.lower import lower_condition
from spec_lang.obligations.model import Obligation

TARGET: Final = 15.0  # per cent
# Family, instance, sub-problems: splitting of inputs, of phases, and both of convolutional networks.
SAMPLE: Final = (
    ("acasxu", "*_1_1_* prop_3", 2000),
    ("acasxu", "*_3_3_* prop_2", 2000),
    ("acasxu", "*_4_2_* prop_2", 2000),
    ("mnist_fc", "*256x2 prop_10_0.05", 1200),
    ("mnist_fc", "*256x4 prop_3_0.05", 1200),
    ("mnist_fc", "*256x6 prop_12_0.05", 1200),
    ("verivital", "Convnet_avgpool prop_0_0.02", 200),
    ("oval21", "cifar_base_kw cifar_base_kw-img2908-*", 300),
    ("oval21", "cifar_deep_kw cifar_deep_kw-img5168-*", 300),
)


@dataclass(frozen=True, slots=True)
class Cost:
    """Processor seconds and sub-problems of one search."""

    seconds: float
    units: int

    @property
    def each(self) -> float:
        return self.seconds / max(1, self.units)


def obligations(instance: Instance) -> tuple[Obligation, ...] | str:
    """What the query asks, or why it cannot be asked."""
    graph, problems = load_graph(instance.onnx, "f", None)
    if graph is None:
        return "; ".join(d.problem for d in problems if d.is_error)
    condition, problems = read_query(instance.vnnlib.read_text(encoding="utf-8"), instance.vnnlib.name, graph)
    if condition is None:
        return "; ".join(d.problem for d in problems if d.is_error)
    found = lower_condition(graph, condition, query_frame(graph), "query").obligations
    refused = [reason for one in found if (reason := BACKEND.supports(one)) is not None]
    return refused[0] if refused else found


def search(asked: Sequence[Obligation], work: int) -> Cost:
    """All of them, for so many sub-problems each; what comes of it is of no interest."""
    started, units = time.process_time(), 0
    for obligation in asked:
        run: Run = BACKEND.run(
            obligation, Session(Budget(work=work), lambda _point: False, lambda _progress: None)
        )
        units += sub_problems(run.work.units)
    return Cost(time.process_time() - started, units)


def compare(asked: Sequence[Obligation], work: int, repeats: int) -> tuple[Cost, Cost]:
    """With error terms and without, in turns; of each the fastest."""
    search(asked, min(work, 100))  # what is loaded or made at first use
    found: tuple[list[Cost], list[Cost]] = ([], [])
    for _ in range(repeats):
        for costs, off in zip(found, (False, True), strict=True):
            with switched_off() if off else nullcontext():
                costs.append(search(asked, work))
    with_terms, without = (min(costs, key=lambda cost: cost.each) for costs in found)
    return with_terms, without


def overhead(with_terms: Cost, without: Cost) -> float:
    """Per cent that a sub-problem takes more."""
    return 100.0 * (with_terms.each / without.each - 1.0)


def line(name: str, with_terms: Cost, without: Cost) -> str:
    """`name: seconds with, seconds without, sub-problems, per cent`."""
    seconds = f"{with_terms.seconds:.2f} s with error terms, {without.seconds:.2f} s without"
    units = f"{with_terms.units:,} and {without.units:,} sub-problems"
    return f"{name}: {seconds}, of {units}: {overhead(with_terms, without):+.1f} %"


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rounding", description=__doc__.split("\n")[0])
    parser.add_argument("--family", help="of the sample, these instances alone")
    parser.add_argument("--repeats", type=int, default=9, metavar="N", help="runs of each (9)")
    parser.add_argument("--work", type=int, metavar="N", help="sub-problems (what the sample says)")
    parser.add_argument("--what", action="store_true", help="also name what is switched off")
    add_data(parser)
    return parser.parse_args(argv)


def chosen(options: argparse.Namespace) -> Iterator[tuple[str, Instance, int]]:
    """Raises `InternalError` where the sample names an instance that a family does not have."""
    for family, only, work in SAMPLE:
        if options.family in (None, family) and (options.data / family / "instances.csv").is_file():
            found = read_instances(options.data / family, only)
            if len(found) != 1:
                raise InternalError(f"{family}: {len(found)} instances match {only}")
            yield family, found[0], options.work or work


def main(argv: Sequence[str] | None = None) -> int:
    options = arguments(argv)
    sample = tuple(chosen(options))
    if not sample:
        print(f"no instance in {options.data}: set NNSPEC_DATA or give --data", file=sys.stderr)
        return 2
    if options.what:
        with switched_off() as names:
            print("\n".join(f"switched off: {name}" for name in names))
    shares: list[float] = []
    try:
        for family, instance, work in sample:
            asked = obligations(instance)
            if isinstance(asked, str):
                print(f"{family}  {instance.name}: not measured: {asked}", flush=True)
                continue
            with_terms, without = compare(asked, work, options.repeats)
            shares.append(overhead(with_terms, without))
            print(line(f"{family}  {instance.name}", with_terms, without), flush=True)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
    if not shares:
        return 2
    mean = 100.0 * (geometric_mean([1 + share / 100.0 for share in shares]) - 1)
    word = "met" if mean <= TARGET else "MISSED"
    print(f"accounting for rounding costs {mean:+.1f} %, {max(shares):+.1f} % at most")
    print(f"target {word}: at most {TARGET:g} %")
    return int(mean > TARGET)


if __name__ == "__main__":
    sys.exit(main())
