"""Specs over tiny networks for tests: texts to typed claims, and the reference meaning beside them.

In: the text of a spec.  Out: a `Checked` with scope, graphs, typed claims and diagnostics.  Networks without
a graph of their own get a small one with integer weights, so that ties are common and everything is exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

from spec_lang.diagnostics import Diagnostic, DiagnosticLog
from spec_lang.kernel.exact import evaluate_exact
from spec_lang.kernel.witness import holds
from spec_lang.network.graph import Graph
from spec_lang.network.primitives import RELU
from spec_lang.obligations.model import All, Any, Condition, Goal, LinearAtom
from spec_lang.obligations.simplify import simplify
from spec_lang.semantics.evaluate import Meaning, World, evaluate
from spec_lang.semantics.forms.library import built_in_forms
from spec_lang.semantics.model import Statement, TypedClaim, TypedSpec
from spec_lang.semantics.names.resolve import resolve
from spec_lang.semantics.names.scope import Scope
from spec_lang.semantics.typecheck import typecheck
from spec_lang.syntax import ast
from spec_lang.syntax.parse import parse_expression, parse_module
from tests.tiny_networks import chain, dense, runnable

FORMS = built_in_forms()


@dataclass(frozen=True)
class Checked:
    scope: Scope
    graphs: Mapping[str, Graph]
    spec: TypedSpec
    problems: tuple[Diagnostic, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(problem.code for problem in self.problems)

    def __getitem__(self, name: str) -> TypedClaim:
        return next(claim for claim in self.spec.claims if claim.name == name)


def network(inputs: int = 3, outputs: int = 2, seed: int = 1) -> Graph:
    """`inputs` → 3 ReLUs → `outputs`, weights between −2 and 2; its hidden tensor is called `t1`."""
    numbers = iter((seed * (i + 1) * 7 + i * i * 3) % 5 - 2 for i in range(1000))
    first = [[next(numbers) for _ in range(inputs)] for _ in range(3)]
    second = [[next(numbers) for _ in range(3)] for _ in range(outputs)]
    graph = chain(inputs, dense(first, [0, 1, -1]), RELU, dense(second, [0] * outputs))
    names = (("x", 0), ("t0", 1), ("t1", 2), ("t2", 3))
    return Graph(graph.inputs, graph.nodes, graph.outputs, names)


def check(
    text: str,
    graphs: Mapping[str, Graph] | None = None,
    parameters: Mapping[str, str] | None = None,
) -> Checked:
    """Everything up to typed claims; `graphs` by label, the others are `network()`."""
    log = DiagnosticLog()
    parsed = parse_module(text, "spec.nnspec")
    log.extend(parsed.diagnostics)
    given: dict[str, ast.Expr] = {}
    for name, value in (parameters or {}).items():
        expression, problems = parse_expression(value, f"-p {name}")
        log.extend(problems)
        if expression is not None:
            given[name] = expression
    scope = resolve(parsed.module, given, FORMS, parsed.broken, log)
    known = {use.label: network() for use in scope.networks} if graphs is None else dict(graphs)
    spec = typecheck(scope, known, log)
    return Checked(scope, known, spec, tuple(log))


def accepted(text: str, graphs: Mapping[str, Graph] | None = None) -> Checked:
    """`check`, for a spec without mistakes."""
    checked = check(text, graphs)
    assert checked.problems == ()
    return checked


def stated(claim: TypedClaim) -> Statement:
    """What there is to decide of a claim that backends take."""
    assert claim.statement is not None, claim.needs
    return claim.statement


def network_point(claim: TypedClaim, point: Sequence[Fraction]) -> tuple[Fraction, ...]:
    """A problem-space point in network space."""
    axes = stated(claim).frame.inputs
    return tuple(axis.scaling.to_network(value) for axis, value in zip(axes, point, strict=True))


def is_true(condition: Condition, point: Sequence[Fraction], outputs: Sequence[Fraction]) -> bool:
    """The value of a condition, atom by atom."""
    if isinstance(condition, LinearAtom):
        return holds(condition, point, outputs)
    values = [is_true(part, point, outputs) for part in condition.parts]
    return all(values) if isinstance(condition, All) else any(values)


def is_violated(goal: Goal, point: Sequence[Fraction], free: frozenset[int] = frozenset()) -> bool:
    """Whether some obligation of `goal` fails at the network-space point, wherever its `free` inputs are
    fixed."""
    for obligation in goal.obligations:
        region = obligation.region
        spoken = {index for row in region.constraints for index, _ in row.inputs}
        inside = any(
            all(
                ((low is None or low <= x) and (high is None or x <= high))
                or (index in free - spoken and low == high == 0)
                for index, (low, x, high) in enumerate(zip(box.lower, point, box.upper, strict=True))
            )
            for box in region.boxes
        )
        if inside and all(holds(row, point, ()) for row in region.constraints):
            outputs = evaluate_exact(obligation.graph, point)
            if is_true(obligation.violation, point, outputs):
                return True
    return False


def loose(claim: TypedClaim) -> frozenset[int]:
    """The inputs that the region, or one of its alternatives, leaves free.  Lowering may fix one at 0 where
    an obligation does not depend on it, which changes nothing."""
    statement = stated(claim)
    everything = frozenset(range(statement.graph.input_size))
    return everything - frozenset.intersection(everything, *_bounded(simplify(statement.region)))


def _bounded(condition: Condition) -> list[frozenset[int]]:
    """The inputs that each alternative of a condition speaks of."""
    match condition:
        case LinearAtom(inputs=inputs):
            return [frozenset(index for index, _ in inputs)]
        case Any(parts=parts):
            return [found for part in parts for found in _bounded(part)]
        case All(parts=parts):
            return [frozenset().union(*chosen) for chosen in product(*map(_bounded, parts))]


def meaning(checked: Checked, claim: TypedClaim, point: Sequence[Fraction]) -> Meaning:
    """What the reference semantics says of a problem-space point."""
    networks = {
        use.label: runnable(checked.graphs[use.label], use.declaration)
        for use in checked.scope.networks
        if use.label in checked.graphs
    }
    assert isinstance(claim.formula, ast.Quantified)
    return evaluate(claim.formula, point, World(checked.scope, networks))
