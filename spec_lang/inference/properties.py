"""What an invariant may imply: the decisions of a network, or a formula over its outputs.

In: a subject, and `argmin`, `argmax`, or a formula over `input` and `output`.  Out: `Decision` values with
the ways that each can fail, as the engine understands the formula; their text is what the file will say.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, product

from spec_lang.diagnostics import Diagnostic, did_you_mean
from spec_lang.inference import codes
from spec_lang.inference.model import Decision
from spec_lang.inference.subject import PROBE, Refused, Subject, goal_of, tasks_of
from spec_lang.obligations.model import All, Condition, LinearAtom, Obligation

_CHOICES = ("argmin", "argmax")
HOLDS = "holds"  # the label of a formula
_MANY = 1000  # ways to fail: beyond this every one of them is a program of its own


def decisions_of(subject: Subject, said: str) -> tuple[Decision, ...]:
    """Raises `Refused`."""
    if said in _CHOICES:
        labels = labels_of(subject)
        formulas = [(label, f"{said}(output) == {label}") for label in labels]
    else:
        if said.isidentifier():
            fix = did_you_mean(said, _CHOICES) or "say `argmin`, `argmax`, or a formula over `output`"
            raise Refused(Diagnostic(codes.PROPERTY, f"there is no property `{said}`", fix=fix))
        formulas = [(HOLDS, said)]
    on = f" on {subject.region}" if subject.region else ""
    claims = [
        f"invariant {PROBE}_{n} of {subject.network}{on}: {formula}"
        for n, (_, formula) in enumerate(formulas)
    ]
    text = "\n".join(["language 1", subject.header, *claims, ""])
    tasks = tasks_of(text, subject.file)
    return tuple(
        Decision(label, formula, _rivals(goal_of(task).obligations))
        for (label, formula), task in zip(formulas, tasks, strict=True)
    )


def labels_of(subject: Subject) -> tuple[str, ...]:
    """The names of the outputs as the spec has them, else their numbers."""
    names = tuple(axis.name for axis in subject.frame.outputs)
    plain = all(name.isidentifier() for name in names)
    return names if plain else tuple(str(number) for number in range(len(names)))


def chosen(decisions: tuple[Decision, ...], labels: str | None) -> tuple[int, ...]:
    """The numbers of the decisions that are asked for.  Raises `Refused`."""
    if labels is None:
        return tuple(range(len(decisions)))
    names = [decision.label for decision in decisions]
    wanted = [label.strip() for label in labels.split(",") if label.strip()]
    for label in wanted:
        if label not in names:
            fix = did_you_mean(label, names) or "there is " + ", ".join(f"`{name}`" for name in names[:12])
            raise Refused(Diagnostic(codes.PROPERTY, f"there is no label `{label}`", fix=fix))
    return tuple(names.index(label) for label in dict.fromkeys(wanted))


def _rivals(obligations: tuple[Obligation, ...]) -> tuple[tuple[LinearAtom, ...], ...]:
    found: list[tuple[LinearAtom, ...]] = []
    for obligation in obligations:
        ways = list(islice(_ways(obligation.violation), _MANY + 1))
        found += [way for way in ways if way not in found]
    if len(found) > _MANY:
        problem = f"the property can fail in more than {_MANY} ways"
        raise Refused(Diagnostic(codes.PROPERTY, problem, fix="infer a simpler property"))
    return tuple(found)


def _ways(condition: Condition) -> Iterator[tuple[LinearAtom, ...]]:
    """The disjuncts of a condition's disjunctive normal form."""
    if isinstance(condition, LinearAtom):
        yield (condition,)
    elif isinstance(condition, All):
        for parts in product(*(tuple(islice(_ways(part), _MANY + 1)) for part in condition.parts)):
            yield tuple(dict.fromkeys(atom for part in parts for atom in part))
    else:
        for part in condition.parts:
            yield from _ways(part)
