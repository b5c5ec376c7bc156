"""`nnspec infer`: from a network, points and a property to a spec of proved invariants.

In: what is asked.  Out: an `Outcome`, whose text is written; or `Refused`, with diagnostics.  An interrupt
ends the search, and what was decided is written like after a whole run.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np

from spec_lang._values import dataclass
from spec_lang.diagnostics import Diagnostic, Severity, did_you_mean
from spec_lang.engine.options import CheckOptions, Observer
from spec_lang.inference import codes, state
from spec_lang.inference.domain import subject
from spec_lang.inference.model import F64, Method
from spec_lang.inference.outcome import Outcome, kinds, ranked, shares, volume
from spec_lang.inference.points import Points, read_points
from spec_lang.inference.properties import chosen, decisions_of
from spec_lang.inference.proving import Prover
from spec_lang.inference.search import Wanted, search
from spec_lang.inference.signatures import NONE, Signatures, inside, layer_number, signatures
from spec_lang.inference.spec_file import text_of
from spec_lang.inference.subject import Refused, Subject, declared, probed
from spec_lang.obligations.model import Axis


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says; `options` are those of every candidate's check."""

    model: str
    data: Path
    property: str
    output: Path
    options: CheckOptions
    domain: str | None = None
    layers: str | None = None
    labels: str | None = None
    methods: tuple[Method, ...] = tuple(Method)
    most: int = 3
    support: int = 1
    seed: int = 0
    seconds: float | None = None
    resume: bool = False
    force: bool = False
    keep_undecided: bool = False


def infer(asked: Asked, observer: Callable[[str, int], Observer] | None = None) -> Outcome:
    """Raises `Refused`."""
    started = time.monotonic()
    _check_output(asked)
    network = declared(asked.model, asked.output)
    width = next(iter(probed(network, "", asked.output).obligations)).graph.input_size
    points = read_points(asked.data, width)
    about = subject(network, asked.output, asked.domain, points.inputs)
    decisions = decisions_of(about, asked.property)
    points = _within(points, about)
    found = signatures(about, decisions, to_network(points.inputs, about))
    wanted = _wanted(asked, found)
    notes = (*_label_notes(points, found), *_class_notes(found, wanted))
    question = state.question_of(
        [asked.data, Path(asked.model.partition("::")[0])], [about.header, about.region, asked.property]
    )
    kept = state.path_of(asked.output)
    prover = Prover(about, decisions, asked.options, observer=observer)
    prover.known.update(state.load(kept, question) if asked.resume else {})
    prover.save = lambda: state.save(kept, question, prover.known)
    prover.ends = None if asked.seconds is None else started + asked.seconds
    result = search(found, prover, wanted)
    rows = ranked(found, result.findings, undecided=True)
    text = text_of(about, decisions, rows, len(found), keep=asked.keep_undecided)
    _write(asked.output, text)
    return Outcome(
        rows,
        shares(found, rows, wanted.decisions),
        volume(about.domain, rows),
        sum(f.witness is not None for f in result.findings),
        len(result.findings),
        result.interrupted,
        time.monotonic() - started,
        text,
        notes,
        kinds(found, rows, result.findings, wanted.decisions),
    )


def _within(points: Points, about: Subject) -> Points:
    """Those in the domain: of others nothing is said.  Raises `Refused` where there are none."""
    kept = inside(to_network(points.inputs, about), about.domain.lower, about.domain.upper)
    if not kept.any():
        fix = "give data of the domain, or another one with `--domain`"
        raise Refused(Diagnostic(codes.DATA, "no point of the data lies in the domain", fix=fix))
    labels = None if points.labels is None else points.labels[kept]
    return Points(points.inputs[kept], labels)


def to_network(points: F64, about: Subject) -> F64:
    """Points in the spec's units as the network sees them."""
    return np.stack([_to_network(axis, points[:, n]) for n, axis in enumerate(about.frame.inputs)], axis=1)


def _to_network(axis: Axis, values: F64) -> F64:
    scaling = axis.scaling
    if (scaling.factor, scaling.offset) == (Fraction(1), Fraction(0)):
        return values
    moved: F64 = (values - float(scaling.offset)) / float(scaling.factor)
    return moved


def _check_output(asked: Asked) -> None:
    if asked.output.exists() and not (asked.force or asked.resume):
        fix = "give another name with `--output`, `--resume` to go on, or `--force` to replace it"
        raise Refused(Diagnostic(codes.OUTPUT, f"there is a file `{asked.output}` already", fix=fix))


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        problem = f"`{file}` cannot be written: {error.strerror or error}"
        raise Refused(Diagnostic(codes.OUTPUT, problem, fix="give another name with `--output`")) from None


def _wanted(asked: Asked, found: Signatures) -> Wanted:
    layers = found.subject.layers
    numbers = [len(layers) - 1] if asked.layers is None else []
    if asked.layers is None and len(layers) > 1:
        numbers = [len(layers) - 2, len(layers) - 1]
    for name in (asked.layers or "").split(","):
        number = layer_number(layers, name.strip())
        if name.strip() and number is None:
            names = [layer.name for layer in layers]
            fix = did_you_mean(name.strip(), names) or "there is " + ", ".join(f"`{n}`" for n in names[:12])
            raise Refused(Diagnostic(codes.PROPERTY, f"there is no layer `{name.strip()}`", fix=fix))
        if number is not None:
            numbers.append(number)
    decisions = chosen(found.decisions, asked.labels)
    return Wanted(
        decisions, tuple(dict.fromkeys(numbers)), asked.methods, asked.most, asked.support, asked.seed
    )


def _class_notes(found: Signatures, wanted: Wanted) -> tuple[Diagnostic, ...]:
    """Raises `Refused` where there is nothing to tell apart; says which decisions have no points."""
    counts = found.counts
    present = int((counts > 0).sum()) + int((found.decided == NONE).any())
    if present < 2:
        label = next((d.label for d, n in zip(found.decisions, counts, strict=True) if n), "none")
        problem = f"all {len(found)} points have one decision, `{label}`"
        fix = "add points that the network decides otherwise"
        raise Refused(Diagnostic(codes.ONE_CLASS, problem, fix=fix))
    missing = [found.decisions[d].label for d in wanted.decisions if not counts[d]]
    if not missing:
        return ()
    problem = f"no point has the decision {', '.join(f'`{label}`' for label in missing[:5])}"
    return (Diagnostic(codes.ONE_CLASS, problem, fix="add such points", severity=Severity.WARNING),)


def _label_notes(points: Points, found: Signatures) -> tuple[Diagnostic, ...]:
    """How often the file's labels are not what the network decides; the network's decisions are used."""
    if points.labels is None or len(found.decisions) == 1:
        return ()
    others = int((points.labels != found.decided).sum())
    if not others:
        return ()
    problem = f"{others} of {len(found)} labels are not what the network decides, which is what counts here"
    fix = "check the property, and the order of the outputs, if that is not what you expect"
    return (Diagnostic(codes.LABELS, problem, fix=fix, severity=Severity.WARNING),)
