"""`nnspec monitor`: invariants as runtime checks in the network's ONNX file.

In: a spec, the names of invariants, and the options of a check.  Out: the bytes of a model and what each of
its new outputs stands for, or diagnostics.  What is not proved is not exported unless that is asked for; a
stored proof is checked again, and only what none is stored for is decided.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Final

from spec_lang import __version__
from spec_lang._values import dataclass
from spec_lang.diagnostics import Diagnostic, DiagnosticLog, Span
from spec_lang.engine.antecedents import antecedent_of, denied
from spec_lang.engine.audit import audit
from spec_lang.engine.options import CheckOptions, NetworkSource, Observer
from spec_lang.engine.prepare import Preparation, Spec, parse_source, prepare, texts_of
from spec_lang.engine.run import check
from spec_lang.engine.sources import read_sources
from spec_lang.engine.task import Run, Task
from spec_lang.kernel.verdict import Status
from spec_lang.monitors.circuit import circuit_of
from spec_lang.monitors.export import Check, with_checks
from spec_lang.monitors.layout import misplaced
from spec_lang.monitors.rows import PRECISIONS, NotComputable
from spec_lang.network.graph import Graph
from spec_lang.network.onnx_file import read_model
from spec_lang.obligations.model import All, Condition
from spec_lang.reporters.model import ClaimReport
from spec_lang.semantics.model import TypedClaim
from spec_lang.syntax import ast
from spec_lang.syntax.format import format_expression

NOT_COMPUTABLE: Final = "NN450"  # an invariant that a runtime check cannot stand for
UNPROVED: Final = "NN451"  # an invariant that is not proved
NO_INVARIANT: Final = "NN452"  # what was asked for is no invariant, or there is none

_STATUSES: Final = {status.value: status for status in Status}


@dataclass(frozen=True, slots=True)
class Monitored:
    """An invariant, the output that is true where it applies, and its verdict; `exact` says whether the
    output is true at all of these points."""

    name: str
    output: str
    verdict: Status
    evidence: str | None
    exact: bool


@dataclass(frozen=True, slots=True)
class Exported:
    """The model, None where there is a diagnostic with an error; `sources` are what diagnostics point at."""

    model: bytes | None
    monitors: tuple[Monitored, ...]
    diagnostics: tuple[Diagnostic, ...]
    sources: Mapping[str, str]
    interrupted: bool = False


def monitor(
    path: Path, options: CheckOptions, observer: Observer | None = None, *, unproved: bool = False
) -> Exported:
    """The network of `path` with a check for each invariant that `options.claims` name, or for all."""
    problems = DiagnosticLog()
    specs = tuple(map(parse_source, read_sources([path], problems)))
    original, _ = prepare(specs, options)
    texts = texts_of(original, specs)
    problems.extend(original.problems)
    wanted = _invariants(original, options, problems)
    if problems.has_errors:
        return Exported(None, (), tuple(problems), texts)
    found = _computed([spec for spec in specs if spec.parsed is not None], wanted, options, problems)
    if found is None or problems.has_errors:
        return Exported(None, (), tuple(problems), texts)
    reports, interrupted = _verdicts(specs, wanted, options, observer)
    if not unproved and not interrupted:
        problems.extend(_unproved(wanted, reports))
    if interrupted or problems.has_errors:
        return Exported(None, (), tuple(problems), texts, interrupted)
    data, checks = found
    return _exported(data, checks, wanted, reports, problems, texts)


def _exported(  # noqa: PLR0913, PLR0917 - what has been found, to be put together
    data: bytes,
    checks: Sequence[Check],
    wanted: Mapping[str, TypedClaim],
    reports: Mapping[str, ClaimReport],
    problems: DiagnosticLog,
    texts: Mapping[str, str],
) -> Exported:
    metadata = {"nnspec.version": __version__, "nnspec.network.sha256": sha256(data).hexdigest()}
    for check_ in checks:
        about = _about(wanted[check_.name], reports[check_.name], check_)
        metadata[f"nnspec.invariant.{check_.name}"] = json.dumps(about, ensure_ascii=False)
    try:
        model, outputs = with_checks(data, checks, metadata)
    except NotComputable as reason:
        span = next(iter(wanted.values())).span
        problems.error(NOT_COMPUTABLE, f"there is no runtime check for these invariants: {reason}", span)
        return Exported(None, (), tuple(problems), texts)
    monitors = tuple(
        Monitored(
            check_.name,
            output,
            reports[check_.name].status,
            None if reports[check_.name].evidence is None else str(reports[check_.name].evidence),
            check_.circuit.is_exact,
        )
        for check_, output in zip(checks, outputs, strict=True)
    )
    return Exported(model, monitors, tuple(problems), texts)


def _about(typed: TypedClaim, report: ClaimReport, check_: Check) -> dict[str, object]:
    """What a reader of the file is told."""
    declaration = typed.declaration
    if not isinstance(declaration, ast.InvariantDecl):
        raise TypeError("only invariants are exported")
    premise, region = antecedent_of(declaration.body), declaration.region
    return {
        "invariant": format_expression(declaration.body),
        "when": None if premise is None else format_expression(premise),
        "region": "the network's domain" if region is None else format_expression(region),
        "formula": format_expression(typed.formula),
        "verdict": report.status.value,
        "evidence": None if report.evidence is None else str(report.evidence),
        "semantics": report.semantics,
        "exact": check_.circuit.is_exact,
    }


# -- which invariants, and their verdicts --------------------------------------------------------------


def _invariants(
    preparation: Preparation, options: CheckOptions, problems: DiagnosticLog
) -> dict[str, TypedClaim]:
    """Those asked for, by name."""
    typed = [preparation.typed[task.id] for task in preparation.tasks if task.id in preparation.typed]
    found = {claim.name: claim for claim in typed if isinstance(claim.declaration, ast.InvariantDecl)}
    for claim in typed if options.claims else ():
        if claim.name not in found:
            problem = f"`{claim.name}` is a {claim.kind}; a monitor is made of invariants"
            problems.error(NO_INVARIANT, problem, claim.span, "`invariant … of f: pattern(…) => …`")
    if not found and not problems.has_errors:
        fix = "`invariant … of f: pattern(…) => …`"
        problems.error(NO_INVARIANT, "there is no invariant to make a monitor of", None, fix)
    return found


def _verdicts(
    specs: Sequence[Spec],
    wanted: Mapping[str, TypedClaim],
    options: CheckOptions,
    observer: Observer | None,
) -> tuple[dict[str, ClaimReport], bool]:
    """The reports by name: of stored proofs, where the kernel accepts them, otherwise of a check."""
    found: dict[str, ClaimReport] = {}
    if options.store is not None:
        stored = audit(specs, replace(options, claims=tuple(wanted))).report
        found = {report.name: report for report in stored if report.status is Status.PROVED}
        if stored.interrupted:
            return found, True
    rest = tuple(name for name in wanted if name not in found)
    if not rest:
        return found, False
    report = check(specs, replace(options, claims=rest), observer)
    return found | {claim.name: claim for claim in report}, report.interrupted


def _unproved(wanted: Mapping[str, TypedClaim], reports: Mapping[str, ClaimReport]) -> Iterator[Diagnostic]:
    for name, typed in wanted.items():
        report = reports[name]
        if report.status is not Status.PROVED:
            why = f": {report.reason}" if report.reason else ""
            problem = f"`{name}` is not proved, but {report.status.value}{why}"
            fix = "see `nnspec check`, or export it all the same with `--unproved`"
            yield Diagnostic(UNPROVED, problem, typed.span, fix)


# -- from conditions to checks -------------------------------------------------------------------------


def _computed(
    specs: Sequence[Spec],
    wanted: Mapping[str, TypedClaim],
    options: CheckOptions,
    problems: DiagnosticLog,
) -> tuple[bytes, tuple[Check, ...]] | None:
    """The network's file and a check for each invariant; None once the log says why not."""
    texts = tuple(replace(spec, parsed=denied(spec.parsed)) for spec in specs if spec.parsed is not None)
    preparation, _ = prepare(texts, replace(options, claims=tuple(wanted)))
    problems.extend(d for d in preparation.problems if d.is_error)
    checks: list[Check] = []
    graphs: dict[tuple[tuple[str, int], ...], tuple[str, Graph]] = {}
    sources: dict[NetworkSource, Span | None] = {}
    for task in preparation.tasks:
        typed = preparation.typed[task.id]
        try:
            run, graph, check_ = _check_of(task, typed, antecedent=_has_antecedent(wanted[typed.name]))
        except NotComputable as reason:
            problem = f"there is no runtime check for `{typed.name}`: {reason}"
            problems.error(NOT_COMPUTABLE, problem, typed.span, "compare sums of inputs, layers and outputs")
        else:
            sources.setdefault(run.source, typed.span)
            checks.append(check_)
            graphs.setdefault(check_.tensors, (check_.name, graph))
    if len(sources) > 1:
        problem = "these invariants are of several networks, and a monitor is of one"
        problems.error(NOT_COMPUTABLE, problem, list(sources.values())[1], "name those of one network")
    if problems.has_errors or not sources:
        return None
    ((source, span),) = sources.items()
    data = read_model(source, span) if isinstance(source, Path) else source
    if isinstance(data, Diagnostic):
        problems.add(data)
        return None
    for tensors, (name, graph) in graphs.items():
        wrong = misplaced(data, graph, tensors)
        if wrong is not None:
            problem = f"there is no runtime check for `{name}`: {wrong}"
            problems.error(NOT_COMPUTABLE, problem, span, "export the network for one example at a time")
            return None
    return data, tuple(checks)


def _has_antecedent(typed: TypedClaim) -> bool:
    declaration = typed.declaration
    return isinstance(declaration, ast.InvariantDecl) and antecedent_of(declaration.body) is not None


def _check_of(task: Task, typed: TypedClaim, *, antecedent: bool) -> tuple[Run, Graph, Check]:
    """The run that an invariant is about which is `denied`, its graph, and what it takes for granted; without
    an `antecedent`, the region alone.  Raises `NotComputable`."""
    statement = typed.statement
    if statement is None or not task.runs or len(task.runs) > 1 or statement.ties:
        raise NotComputable(task.beyond or "its antecedent is about more than one run of the network")
    run, graph = task.runs[0], statement.graph
    if graph.inputs != run.network.inputs:
        raise NotComputable("its antecedent is about more than the network's inputs")
    if run.network.precision not in PRECISIONS:
        raise NotComputable("the network computes in numbers of several types")
    condition: Condition = statement.region
    if antecedent:
        condition = All((statement.region, statement.violation))
    circuit = circuit_of(condition, graph.input_size, run.network.precision)
    return run, graph, Check(typed.name, circuit, _tensors(graph, run.network))


def _tensors(graph: Graph, network: Graph) -> tuple[tuple[str, int], ...]:
    """The ONNX tensors that the flat inputs and outputs are, each with its size.  Raises `NotComputable`."""
    own = {name for name, _ in network.tensors}
    named = {number: name for name, number in reversed(graph.tensors) if name in own}
    numbers = (*range(len(graph.inputs)), *graph.outputs)
    if any(number not in named for number in numbers):
        raise NotComputable("it needs more than linear terms")
    return tuple((named[number], graph.value(number).size) for number in numbers)
