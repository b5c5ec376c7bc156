"""`nnspec init`: a starter spec for an ONNX file, whose claims have been tried.

In: the model, where the spec goes, and whether it may replace a file.  Out: the text that was written, what a
check of it said, or diagnostics.  Limits come from random inputs and are widened until they are proved; a
claim that is not decided within seconds is left out.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from math import floor, log10
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.diagnostics import Diagnostic
from spec_lang.engine import starter
from spec_lang.engine.options import CheckOptions
from spec_lang.engine.prepare import parse_source
from spec_lang.engine.run import check
from spec_lang.engine.sources import Source
from spec_lang.kernel.verdict import Status
from spec_lang.network.evaluate import evaluate
from spec_lang.network.graph import Graph
from spec_lang.network.onnx_import import load_graph
from spec_lang.reporters.model import Report

EXISTS: Final = "NN422"  # a file that `init` would have to replace
UNWRITABLE: Final = "NN423"  # a file that the system does not let us write
SEVERAL_TENSORS: Final = "NN424"  # a network that `init` writes no spec for

_SECONDS: Final = 2.5  # for one try of one claim: a first spec is checked while its author waits
_POINTS: Final = 1000
_ELEMENTS: Final = 2_000_000  # of all points together: pictures are large
_WIDER: Final = (Fraction(1, 10), Fraction(2), Fraction(30), Fraction(1000))
_RADII: Final = ("0.1", "0.01", "0.001")

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Written:
    """`text` is None when nothing was written, for the reasons in `diagnostics`."""

    text: str | None
    diagnostics: tuple[Diagnostic, ...] = ()
    report: Report | None = None


def init(model: Path, file: Path, *, force: bool = False) -> Written:
    """Write a spec for `model` to `file`."""
    if file.exists() and not force:
        fix = "give another name with `-o`, or `--force` to replace it"
        return Written(None, (Diagnostic(EXISTS, f"there is a file `{file}` already", fix=fix),))
    graph, diagnostics = load_graph(model, model.stem)
    if graph is None:
        return Written(None, diagnostics)
    if len(graph.inputs) > 1 or len(graph.outputs) > 1:
        problem = f"`{model}` has {len(graph.inputs)} inputs and {len(graph.outputs)} outputs"
        fix = "write the spec by hand: a claim says `f(a: …, b: …).c`, by their ONNX names"
        return Written(None, (Diagnostic(SEVERAL_TENSORS, f"{problem}; a starter has one of each", fix=fix),))
    about = starter.subject(graph, _relative(model, file.parent), model.stem)
    trial = _Trial(about, file)
    found = (_first_that_holds(trial, tuple(tries)) for tries in (_ranges(graph), _stable(graph)))
    proposals = [proposal for proposal in found if proposal is not None]
    text = trial.text(proposals)
    report = trial.check(proposals)
    if any(diagnostic.is_error for diagnostic in report.diagnostics):
        return Written(None, report.diagnostics)
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        problem = f"`{file}` cannot be written: {error.strerror or error}"
        return Written(None, (Diagnostic(UNWRITABLE, problem, fix="give another name with `-o`"),))
    return Written(text, (), report)


@dataclass(frozen=True, slots=True)
class _Trial:
    """Checks drafts of the spec as if they stood in `file`."""

    about: starter.Subject
    file: Path

    def text(self, proposals: Sequence[starter.Proposal]) -> str:
        return starter.text(self.about, proposals, f"nnspec check {shlex.quote(self.file.name)}")

    def check(self, proposals: Sequence[starter.Proposal]) -> Report:
        source = Source(self.file.as_posix(), self.text(proposals), self.file.parent)
        return check([parse_source(source)], CheckOptions(timeout=_SECONDS))

    def status(self, proposal: starter.Proposal) -> Status | None:
        """What a check of this claim alone says; None where the spec has a mistake."""
        return next((claim.status for claim in self.check([proposal])), None)


def _first_that_holds(trial: _Trial, proposals: Sequence[starter.Proposal]) -> starter.Proposal | None:
    """The first of `proposals` that is proved; else the last, unless it fails, which says that it was not."""
    status = None
    for proposal in proposals:
        status = trial.status(proposal)
        if status is Status.PROVED:
            return proposal
    return replace(proposals[-1], proved=False) if status is Status.UNKNOWN else None


def _relative(model: Path, folder: Path) -> str:
    """The model's path as the spec writes it."""
    try:
        return Path(os.path.relpath(model, folder)).as_posix()
    except ValueError:  # another drive
        return model.resolve().as_posix()


# -- what to claim -------------------------------------------------------------------------------------


def _ranges(graph: Graph) -> Iterator[starter.Range]:
    """Limits of the first output, around what it is at random points, wider and wider."""
    lowest, highest = starter.DOMAIN
    points = min(_POINTS, max(10, _ELEMENTS // graph.input_size))
    inputs = np.random.default_rng(0).uniform(lowest, highest, size=(points, graph.input_size))
    seen = evaluate(graph, inputs)[:, 0]
    if not np.isfinite(seen).all():
        return
    lower, upper = Fraction(float(seen.min())), Fraction(float(seen.max()))
    size = (upper - lower) or abs(upper) or Fraction(1)
    for factor in _WIDER:
        yield starter.Range(
            _round(lower - factor * size, size, False), _round(upper + factor * size, size, True)
        )


def _round(value: Fraction, size: Fraction, up: bool) -> Fraction:
    """`value`, moved outwards to a decimal with two digits of `size`."""
    step = Fraction(10) ** (floor(log10(size)) - 1)
    steps = value / step
    return step * (-floor(-steps) if up else floor(steps))


def _stable(graph: Graph) -> Iterator[starter.Stable]:
    """Balls around the middle, smaller and smaller; none where no output is the greatest."""
    if graph.output_size == 1:
        return
    values: Array = evaluate(graph, np.zeros((1, graph.input_size)))[0]
    label = int(np.argmax(values))
    others = np.delete(values, label)
    if not np.isfinite(values).all() or not values[label] > others.max():
        return
    for radius in _RADII:
        yield starter.Stable(label, radius)
