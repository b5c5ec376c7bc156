"""Why a decision is what it is at a point: inputs, or neurons of a layer, that imply it.

In: a decision at a point, and the options of a check.  Out: a small set of elements that is enough, and for
each of them what happens without it.  What is said to be enough was proved by the ordinary engine, and what
is shown to break the decision was replayed exactly; floats only say what to ask about first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

import numpy as np

from spec_lang._values import dataclass
from spec_lang.backends.base import Progress
from spec_lang.diagnostics import Diagnostic, Note
from spec_lang.engine.decision import LAYER, Decision, Point
from spec_lang.engine.given_point import POINT
from spec_lang.engine.options import CheckOptions, Observer, Silent
from spec_lang.engine.questions import Broken, Questions
from spec_lang.explanations.drops import Drops, drops_of
from spec_lang.explanations.minimal import Answer, Kept, Outcome, Search
from spec_lang.explanations.model import Change, Element, Explained, Stayed
from spec_lang.explanations.sensitivity import (
    Floats,
    Scene,
    fewer_moved,
    inputs_alone,
    neurons_by_samples,
)
from spec_lang.kernel.verdict import Status
from spec_lang.obligations.lower import TooManyCases
from spec_lang.obligations.model import All, Axis
from spec_lang.reporters._numbers import shown
from spec_lang.reporters.model import ClaimReport

_MOST_CHANGES = 3  # that are shown of a counterexample
_TRIED = 64  # samples that the kernel is asked about beforehand


def explain_at(
    decision: Decision, options: CheckOptions, observer: Observer | None = None
) -> Explained | Diagnostic:
    """The explanation, or why there is none."""
    listener = observer or Silent()
    questions = Questions(decision, options, listener)
    if decision.first is not None and questions.phases is None:
        problem = f"`{decision.layer}` has a neuron whose phase at the point is not known"
        return Diagnostic(LAYER, problem, decision.typed.span, "choose another layer")
    try:
        fault = _fault(questions)
        return fault if fault is not None else _searched(questions, listener)
    except TooManyCases as error:
        return Diagnostic(POINT, str(error), decision.typed.span, "explain one of its parts")


def _fault(questions: Questions) -> Diagnostic | None:
    """The decision has to hold at the point, and where nothing is free, or there is nothing to explain.

    Raises `TooManyCases`.
    """
    decision = questions.decision
    name, span = decision.typed.name, decision.typed.span
    if questions.at_point() is False:
        problem = f"`{name}` does not hold at this point: there is no decision to explain"
        return Diagnostic(POINT, problem, span, "choose another point")
    report = questions.report(frozenset())
    if report.status is Status.PROVED:
        return None
    if report.status is Status.VACUOUS or questions.at_point() is None:
        problem = f"the point is not in the region that `{name}` is about"
        return Diagnostic(POINT, problem, span, "choose another point")
    if report.status is Status.REFUTED and decision.first is not None:
        return _not_implied(decision, report)
    fix = "give it more time with `--timeout`, or a smaller region with `--within`"
    return Diagnostic(POINT, f"`{name}` is not decided at this point: {report.reason}", span, fix)


def _not_implied(decision: Decision, report: ClaimReport) -> Diagnostic:
    """A point with the phases of all neurons of the layer, where the decision is another one."""
    name, found = decision.typed.name, report.counterexample
    problem = f"the phases of all neurons of `{decision.layer}` together do not imply `{name}`"
    if found is None:
        return Diagnostic(LAYER, problem, decision.typed.span, "choose another layer, or say `--within`")
    axes = decision.statement.frame.inputs
    here = [axis.scaling.to_problem(value) for axis, value in zip(axes, decision.point, strict=True)]
    there = [reading.problem for reading in found.inputs]
    off = [abs(one - two) for one, two in zip(here, there, strict=True)]
    moved = sorted((n for n, by in enumerate(off) if by), key=lambda n: -off[n])
    words = ", ".join(f"{axes[n].name} {shown(here[n])} → {shown(there[n])}" for n in moved[:_MOST_CHANGES])
    more = len(moved) - _MOST_CHANGES
    words += f", … and {more} more changes" if more > 0 else ""
    note = Note(f"with {words} no neuron changes its phase, and this fails: {found.violates}")
    fix = (
        f"stay nearer to the point, with `--within` less than {float(max(off)):.3g}; choose another layer; "
        "or ask about inputs, without `--neurons`"
    )
    return Diagnostic(LAYER, problem, decision.typed.span, fix, notes=(note,))


def _searched(questions: Questions, observer: Observer) -> Explained:
    scene = _scene(questions)
    name = questions.decision.typed.name
    start = Start(list(range(questions.size)))

    def ask(freed: frozenset[int]) -> Answer[Broken]:
        done = len(search.freed) + len(search.kept)
        observer.progress(name, Progress(done, questions.size - done))
        return _smaller(questions, scene, start.order, questions.ask(freed))

    def probe(freed: frozenset[int], rest: Sequence[int]) -> Iterator[Answer[Broken]]:
        return _probed(questions, scene, start, freed, rest)

    search: Search[Broken] = Search(start.order, ask)
    interrupted = False
    observer.start(1)
    try:
        start = _beforehand(questions, scene)
        search = Search(start.order, ask, start.known, probe)
        search.run(start.likely)
        questions.patience = True
        if search.again():
            search.run()
    except KeyboardInterrupt:
        interrupted = True
        search.stop("interrupted")
    finally:
        observer.close()
    return _explained(questions, search, interrupted=interrupted)


# -- what is asked about first -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Start:
    """The elements in the order in which they are asked about, of which the first `likely` are likely to be
    free together; and what is known to break the decision."""

    order: list[int]
    known: tuple[Answer[Broken], ...] = ()
    likely: int = 0
    drops: Drops | None = None


def _beforehand(questions: Questions, scene: Scene) -> Start:
    """What floats say, and what the kernel says of their points."""
    decision = questions.decision
    confirm = questions.confirmer(questions.everything)
    if decision.first is not None and questions.phases is not None:
        order, points = neurons_by_samples(scene, decision.first, questions.phases)
        found = (confirm(_exactly(decision.point, point)) for point in points[:_TRIED])
        return Start(order, tuple(answer for answer in found if answer is not None and answer.moved))
    order, alone = inputs_alone(scene)
    answers = [confirm(_exactly(decision.point, point)) for point in alone]
    known = [answer for answer in answers if answer is not None and answer.moved]
    box = (scene.lower, scene.upper)
    drops = drops_of(questions.goal(questions.everything).obligations, scene.point, box, questions.expired)
    if drops is None:
        return Start(order, tuple(known))
    kept = {element for answer in known for element in answer.moved}
    freed = drops.largest([element for element in order if element not in kept])
    rest = [element for element in order if element not in freed]
    return Start([*freed, *rest], tuple(known), len(freed), drops)


def _probed(
    questions: Questions, scene: Scene, start: Start, freed: frozenset[int], rest: Sequence[int]
) -> Iterator[Answer[Broken]]:
    """Counterexamples where one of `rest` is free besides, for as many of these as descents find one."""
    if start.drops is None:
        return
    confirm = questions.confirmer(questions.everything)
    found: set[int] = set()
    for element, point in start.drops.breaking(sorted(freed), rest):
        answer = None if element in found else confirm(_exactly(questions.decision.point, point))
        if answer is not None and answer.moved <= freed | {element}:
            found.add(element)
            yield _smaller(questions, scene, start.order, answer)


def _smaller(
    questions: Questions, scene: Scene, order: Sequence[int], answer: Answer[Broken]
) -> Answer[Broken]:
    """An answer whose counterexample moves fewer inputs, where one is found."""
    if answer.witness is None or questions.decision.first is not None:
        return answer
    floats = np.array([float(value) for value in answer.witness.point])
    fewer = _exactly(questions.decision.point, fewer_moved(scene, order, floats))
    found = questions.confirmer(answer.moved)(fewer)
    return answer if found is None or not found.moved < answer.moved else found


def _exactly(exact: Point, found: Floats) -> Point:
    """The numbers of `found`, and the point's own where floats do not tell them apart."""
    return tuple(
        own if float(own) == value else Fraction(value)
        for own, value in zip(exact, found.tolist(), strict=True)
    )


def _scene(questions: Questions) -> Scene:
    """The decision in floats, in the box of its region; an unbounded side is as far from the point as 0 is,
    and one more.  Raises `TooManyCases`."""
    statement = questions.decision.statement
    point = np.array([float(value) for value in questions.decision.point])
    obligations = questions.goal(questions.everything).obligations
    boxes = [box for obligation in obligations for box in obligation.region.boxes]
    far = abs(point) + 1
    lower, upper = point.copy(), point.copy()
    for box in boxes:
        lower = np.minimum(lower, _side(box.lower, point - far))
        upper = np.maximum(upper, _side(box.upper, point + far))
    condition = All((statement.region, statement.violation))
    return Scene(statement.graph, condition, point, lower, upper)


def _side(limits: Iterable[Fraction | None], otherwise: Floats) -> Floats:
    pairs = zip(limits, otherwise.tolist(), strict=True)
    return np.array([free if limit is None else float(limit) for limit, free in pairs])


# -- what is said --------------------------------------------------------------------------------------


def _explained(questions: Questions, search: Search[Broken], *, interrupted: bool) -> Explained:
    decision = questions.decision
    kept = sorted(search.kept, key=lambda one: one.element)
    within = decision.first is not None
    return Explained(
        name=decision.typed.name,
        what=f"neurons of {decision.layer}" if within else "inputs",
        claim=decision.words,
        range=decision.range,
        elements=tuple(_elements(questions)),
        shape=decision.shape,
        stayed=tuple(_stayed(questions, one) for one in kept),
        evidence=None if questions.evidence is None else str(questions.evidence),
        questions=search.asked + 1,
        seconds=questions.seconds,
        interrupted=interrupted,
    )


def _axes(questions: Questions) -> tuple[Axis, ...]:
    frame, first = questions.decision.statement.frame, questions.decision.first
    return frame.inputs if first is None else frame.outputs[first : first + questions.size]


def _elements(questions: Questions) -> Iterator[Element]:
    axes, phases = _axes(questions), questions.phases
    for place, axis in enumerate(axes):
        if phases is None:
            value = axis.scaling.to_problem(questions.decision.point[place])
            yield Element(axis.name, value, axis.unit)
        else:
            yield Element(axis.name, None, _phase(phases[place]))


def _stayed(questions: Questions, kept: Kept[Broken]) -> Stayed:
    why = kept.why
    if why.outcome is not Outcome.BROKEN or why.witness is None:
        return Stayed(kept.element, reason=why.reason or "it is not known")
    axes, phases = _axes(questions), questions.phases
    changes = []
    for place in sorted(why.moved, key=lambda moved: (moved != kept.element, moved)):
        axis = axes[place]
        if phases is None:
            here, there = (
                shown(axis.scaling.to_problem(point[place]))
                for point in (questions.decision.point, why.witness.point)
            )
        else:
            here, there = _phase(phases[place]), _phase(not phases[place])
        changes.append(Change(axis.name, here, there))
    return Stayed(kept.element, tuple(changes), why.witness.fails)


def _phase(on: bool) -> str:
    return "on" if on else "off"
