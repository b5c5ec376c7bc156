"""Why a decision is what it is at a point: inputs, or neurons of a layer, that imply it.

In: a decision at a point, and the options of a check.  Out: a small set of elements that is enough, and for
each of them what happens without it.  What is said to be enough was proved by the ordinary engine, and what
is shown to break the decision was replayed exactly; floats only say what to ask about first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

import numpy as np

from spec_lang.backends.base import Progress
from spec_lang.diagnostics import Diagnostic
from spec_lang.engine.decision import LAYER, POINT, Decision, Point
from spec_lang.engine.options import CheckOptions, Observer, Silent
from spec_lang.engine.questions import Broken, Questions
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
        problem = f"the phases of all neurons of `{decision.layer}` together do not imply `{name}`"
        return Diagnostic(LAYER, problem, span, "choose another layer, or say `--within`")
    return Diagnostic(POINT, f"`{name}` is not decided at this point: {report.reason}", span, None)


def _searched(questions: Questions, observer: Observer) -> Explained:
    scene = _scene(questions)
    order, known = _beforehand(questions, scene)
    name = questions.decision.typed.name

    def ask(freed: frozenset[int]) -> Answer[Broken]:
        done = len(search.freed) + len(search.kept)
        observer.progress(name, Progress(done, questions.size - done))
        answer = questions.ask(freed)
        if answer.witness is None or questions.decision.first is not None:
            return answer
        floats = np.array([float(value) for value in answer.witness.point])
        fewer = _exactly(questions.decision.point, fewer_moved(scene, order, floats))
        smaller = questions.confirmer(freed)(fewer)
        return answer if smaller is None or not smaller.moved < answer.moved else smaller

    search: Search[Broken] = Search(order, ask, known)
    interrupted = False
    observer.start(1)
    try:
        search.run()
    except KeyboardInterrupt:
        interrupted = True
        search.stop("interrupted")
    finally:
        observer.close()
    return _explained(questions, search, interrupted=interrupted)


# -- what is asked about first -------------------------------------------------------------------------


def _beforehand(questions: Questions, scene: Scene) -> tuple[list[int], list[Answer[Broken]]]:
    """The order of the elements, and what sampling shows to break the decision."""
    decision = questions.decision
    points: Iterable[Floats]
    if decision.first is None or questions.phases is None:
        order, points = inputs_alone(scene)
    else:
        order, points = neurons_by_samples(scene, decision.first, questions.phases)
        points = points[:_TRIED]
    confirm = questions.confirmer(questions.everything)
    answers = (confirm(_exactly(decision.point, point)) for point in points)
    return order, [answer for answer in answers if answer is not None and answer.moved]


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
