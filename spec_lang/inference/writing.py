"""Candidates as text of the language.

In: a subject and candidates.  Out: the formula and region of each, and specs that declare them.  What is
decided is this text; nothing else of a candidate reaches the engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from spec_lang.inference.domain import box_text
from spec_lang.inference.model import Candidate, Decision, InputBox, Literal
from spec_lang.inference.numbers import decimal, plain
from spec_lang.inference.subject import Subject


def body(subject: Subject, decisions: Sequence[Decision], candidate: Candidate) -> str:
    """The formula: conditions, layer by layer, that imply the decision."""
    decision = decisions[candidate.decision].formula
    conditions = list(_conditions(subject, candidate.literals))
    if not conditions:
        return decision
    conclusion = decision if decision.count("=") <= 2 and " and " not in decision else f"({decision})"
    return f"{' and '.join(conditions)} => {conclusion}"


def _conditions(subject: Subject, literals: Sequence[Literal]) -> Iterable[str]:
    for number in sorted({literal.layer for literal in literals}):
        layer = subject.layers[number]
        tensor = layer.name if layer.is_vector else f"flat({layer.name})"
        here = sorted(literal for literal in literals if literal.layer == number)
        parts = [
            f"{word}: [{', '.join(str(c.neuron) for c in here if not c.bound and c.above == above)}]"
            for word, above in (("on", True), ("off", False))
            if any(not c.bound and c.above == above for c in here)
        ]
        if parts:
            yield f"pattern({', '.join([tensor, *parts])})"
        for c in here:
            if c.bound:
                yield f"{tensor}[{c.neuron}] {'>' if c.above else '<='} {plain(c.bound)}"


def region(subject: Subject, candidate: Candidate) -> str:
    """What follows `on`; nothing where the network's domain is meant."""
    if candidate.box is None:
        return subject.region
    axes = subject.frame.inputs
    pairs = [
        sorted((axis.scaling.to_problem(low), axis.scaling.to_problem(high)))
        for axis, low, high in zip(axes, candidate.box.lower, candidate.box.upper, strict=True)
    ]
    return box_text([low for low, _ in pairs], [high for _, high in pairs], subject.graph.inputs[0].shape)


def short_box(subject: Subject, lower: Sequence[Fraction], upper: Sequence[Fraction]) -> InputBox | None:
    """The largest box inside this one whose ends are short decimals in the spec's units; None where there
    is none."""
    ends = []
    for axis, low, high in zip(subject.frame.inputs, lower, upper, strict=True):
        first, last = sorted((axis.scaling.to_problem(low), axis.scaling.to_problem(high)))
        inner = Fraction(decimal(first, up=True)), Fraction(decimal(last, up=False))
        if inner[0] > inner[1]:
            return None
        ends.append(sorted(axis.scaling.to_network(end) for end in inner))
    return InputBox(tuple(low for low, _ in ends), tuple(high for _, high in ends))


def statement(subject: Subject, decisions: Sequence[Decision], candidate: Candidate, name: str) -> str:
    """The declaration."""
    on = region(subject, candidate)
    formula = body(subject, decisions, candidate)
    return f"invariant {name} of {subject.network}{f' on {on}' if on else ''}: {formula}"
