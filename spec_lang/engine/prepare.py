"""From texts to tasks: parse, resolve, load networks, type-check.

In: specs and queries, and the run's options.  Out: the tasks that were asked for, and every diagnostic of
every file.  A file with an error gives no task, and does not keep the other files from being checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from spec_lang._values import dataclass
from spec_lang.claims.base import Claim
from spec_lang.diagnostics import Diagnostic, DiagnosticLog, Note, Span, did_you_mean
from spec_lang.engine import codes
from spec_lang.engine.cut_regions import check_cut
from spec_lang.engine.imports import Imports
from spec_lang.engine.networks import Networks
from spec_lang.engine.options import CheckOptions
from spec_lang.engine.queries import query_frame, whole_input
from spec_lang.engine.selection import Selection
from spec_lang.engine.sources import Source, read_sources
from spec_lang.engine.task import QUERY, Run, Task, beyond_of, measure_of, region_of
from spec_lang.kernel.verdict import Status
from spec_lang.network.graph import Graph
from spec_lang.obligations.lower import lower, lower_condition
from spec_lang.obligations.model import Semantics
from spec_lang.semantics.codes import SEMANTICS
from spec_lang.semantics.float32 import check_semantics, float32_obstacle
from spec_lang.semantics.forms.library import built_in_forms, forms_for
from spec_lang.semantics.model import TypedClaim, TypedSpec
from spec_lang.semantics.names.resolve import resolve
from spec_lang.semantics.names.scope import Scope
from spec_lang.semantics.names.surroundings import Surroundings
from spec_lang.semantics.typecheck import typecheck
from spec_lang.syntax import ast
from spec_lang.syntax.parse import Parsed, parse_expression, parse_module


@dataclass(frozen=True, slots=True)
class Spec:
    """A parsed source; `parsed` is None for a query, which is read with its network at hand."""

    source: Source
    parsed: Parsed | None

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What is wrong with its syntax."""
        return self.parsed.diagnostics if self.parsed is not None else ()


@dataclass(frozen=True, slots=True, eq=False)
class TypedFile:
    """A file without errors; `typed` is None where not every claim was type-checked."""

    source: Source
    module: ast.Module
    scope: Scope
    typed: TypedSpec | None


def parse_source(source: Source) -> Spec:
    """`source`, parsed; mistakes are in its diagnostics."""
    return Spec(source, None if source.is_query else parse_module(source.text, source.file))


def prepare(
    paths: Sequence[str | Path | Spec], options: CheckOptions
) -> tuple[Preparation, tuple[Spec, ...]]:
    """Everything that comes before deciding, and the specs in the order they were named."""
    problems = DiagnosticLog()
    specs: list[Spec] = []
    for path in paths:
        if isinstance(path, Spec):
            specs.append(path)
        else:
            known = {spec.source.file for spec in specs}
            found = (source for source in read_sources([path], problems) if source.file not in known)
            specs.extend(map(parse_source, found))
    preparation = Preparation(options, problems)
    preparation.add_all(specs)
    return preparation, tuple(specs)


def texts_of(preparation: Preparation, specs: Sequence[Spec]) -> dict[str, str]:
    """The texts of the specs and of what they import, by file, for whoever shows source lines."""
    return preparation.imports.texts() | {spec.source.file: spec.source.text for spec in specs}


class Preparation:
    """Collects the tasks and diagnostics of one run; `typed` keeps what `explain` shows of a task, `files`
    what `lint` looks at."""

    def __init__(self, options: CheckOptions, problems: DiagnosticLog) -> None:
        self.options = options
        self.problems = problems
        self.tasks: list[Task] = []
        self.typed: dict[str, TypedClaim] = {}
        self.files: list[TypedFile] = []
        self.forms: dict[str, Claim] = dict(built_in_forms())  # and those of packages that a file calls
        self.imports = Imports()
        self.networks = Networks(options, self.imports.folders)
        self._selection = Selection(options.claims)
        self._parameters: dict[str, ast.Expr] = {}
        self._declared: set[str] = set()

    def add_all(self, specs: Sequence[Spec]) -> None:
        """Prepare every spec, then look for what the caller named and nothing has."""
        usage = DiagnosticLog()
        self._check_using(self.options.using, None, usage)
        self._parameters = self._parse_parameters(usage)
        self.problems.extend(usage)
        for spec in specs:
            if spec.parsed is not None:
                self.imports.know(spec.source, spec.parsed)
        for spec in specs:
            if spec.parsed is not None:
                around = self.imports.around(spec.source, spec.parsed, DiagnosticLog())
                self._declared |= _parameter_names(spec.parsed, around)
        for spec in specs:
            problems = DiagnosticLog()
            tasks = (
                self._query_tasks(spec, problems) if spec.parsed is None else self._spec_tasks(spec, problems)
            )
            self.problems.extend(problems)
            if not problems.has_errors and not usage.has_errors:
                self.tasks.extend(tasks)
        if specs and not self.problems.has_errors:
            self.problems.extend(self.networks.unused())
            self.problems.extend(self._selection.unmatched())

    def _spec_tasks(self, spec: Spec, problems: DiagnosticLog) -> tuple[Task, ...]:
        parsed, source = spec.parsed, spec.source
        if parsed is None:
            return ()
        problems.extend(parsed.diagnostics)
        around = self.imports.around(source, parsed, problems)
        given = self._parameters_of(parsed, around)
        forms, unusable = forms_for((*around.modules, parsed.module), problems, parsed.broken | around.broken)
        self.forms.update(forms)
        broken = parsed.broken | unusable
        scope = resolve(parsed.module, given, forms, broken, problems, surroundings=around)
        graphs = self._graphs(scope, source, problems)
        spec_typed = typecheck(scope, graphs, problems, partial(self._selection.wants, source.file))
        check_semantics(spec_typed.claims, graphs, self.options.semantics, problems)
        if not problems.has_errors:
            whole = len(graphs) == len(scope.networks) and not self.options.claims
            self.files.append(TypedFile(source, parsed.module, scope, spec_typed if whole else None))
        return tuple(self._task(source, typed, graphs, scope, problems) for typed in spec_typed.claims)

    def _graphs(self, scope: Scope, source: Source, problems: DiagnosticLog) -> dict[str, Graph]:
        graphs: dict[str, Graph] = {}
        only = len(scope.networks) == 1
        faults = DiagnosticLog()
        for use in scope.networks:
            file = self.networks.source(use, source.folder, only)
            graph = self.networks.load(file, use.label, use.span, faults)
            if graph is not None:
                graphs[use.label] = graph
        problems.extend(_one_a_family(faults))
        return graphs

    def _task(
        self,
        source: Source,
        typed: TypedClaim,
        graphs: Mapping[str, Graph],
        scope: Scope,
        problems: DiagnosticLog,
    ) -> Task:
        attributes = typed.attributes
        using = attributes.using.text if attributes.using is not None else None
        if attributes.using is not None:
            self._check_using(using, attributes.using.span, problems)
        task = Task(
            file=source.file,
            name=typed.name,
            title=typed.title,
            span=typed.span,
            kind=typed.kind,
            goal=partial(lower, typed, self.options.semantics),
            runs=self._runs(typed, source, graphs, scope),
            timeout=self.options.seconds(attributes.timeout),
            using=using or self.options.using,
            expected=Status(attributes.expect.value),
            exists=typed.statement is not None and typed.statement.exists,
            beyond=beyond_of(typed),
            semantics=attributes.semantics or self.options.semantics,
            measure=measure_of(typed, self.options.semantics),
            counted=typed.counted,
            shared=typed.shared,
            region=region_of(typed),
            support=typed.support,
            cut=typed.cut,
        )
        self.typed[task.id] = typed
        check_cut(typed, problems)
        return task

    def _runs(
        self, typed: TypedClaim, source: Source, graphs: Mapping[str, Graph], scope: Scope
    ) -> tuple[Run, ...] | None:
        if typed.statement is None or typed.statement.runs is None:
            return None
        only = len(scope.networks) == 1
        return tuple(
            Run(
                self.networks.source(run.use, source.folder, only),
                graphs[run.use.label],
                run.point,
                run.output,
            )
            for run in typed.statement.runs
        )

    def _query_tasks(self, spec: Spec, problems: DiagnosticLog) -> tuple[Task, ...]:
        source = spec.source
        if not self._selection.wants(source.file, "query"):
            return ()
        onnx = self.networks.for_query(source.file, problems)
        graph = None if onnx is None else self.networks.load(onnx, "f", None, problems)
        if onnx is None or graph is None:
            return ()
        from spec_lang.formats.vnnlib1 import read_query  # noqa: PLC0415 - no spec needs it

        condition, diagnostics = read_query(source.text, source.file, graph)
        problems.extend(diagnostics)
        if self.options.semantics is Semantics.FLOAT32 and (obstacle := float32_obstacle(graph)) is not None:
            problem = f"the network has no float32 semantics: {obstacle}"
            problems.error(SEMANTICS, problem, None, "leave out `--semantics`")
        if condition is None:
            return ()
        frame = query_frame(graph)
        return (
            Task(
                file=source.file,
                name="query",
                title=None,
                span=None,
                kind=QUERY,
                goal=partial(
                    lower_condition, graph, condition, frame, "query", semantics=self.options.semantics
                ),
                runs=(Run(onnx, graph, whole_input(graph), 0),),
                timeout=self.options.timeout,
                using=self.options.using,
                semantics=self.options.semantics,
            ),
        )

    def _parameters_of(self, parsed: Parsed, around: Surroundings) -> dict[str, ast.Expr]:
        """The values for this file: those that it or an import of its declares, and those that no file does,
        which is its to say."""
        ours = _parameter_names(parsed, around)
        return {n: value for n, value in self._parameters.items() if n in ours or n not in self._declared}

    def _parse_parameters(self, problems: DiagnosticLog) -> dict[str, ast.Expr]:
        values: dict[str, ast.Expr] = {}
        for name, text in self.options.parameters:
            value, diagnostics = parse_expression(text, f"-p {name}")
            problems.extend(diagnostics)
            if value is not None:
                values[name] = value
        return values

    def _check_using(self, using: str | None, span: Span | None, problems: DiagnosticLog) -> None:
        if using is None:
            return
        from spec_lang.engine.decide import installed_backends  # noqa: PLC0415 - start-up

        known = {backend.name: backend for backend in installed_backends()}
        if using not in known:
            fix = did_you_mean(using, known) or "there is " + ", ".join(f"`{name}`" for name in known)
            problems.error(codes.NO_BACKEND, f"there is no backend `{using}`", span, fix)
        elif (obstacle := known[using].availability()) is not None:
            problems.error(codes.UNAVAILABLE, f"the backend `{using}` cannot run here: {obstacle}", span)


def _one_a_family(faults: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """The first fault of each kind at each place: what is wrong with one file of a family is often wrong
    with all of them."""
    kinds: dict[tuple[str, Span | None], list[Diagnostic]] = {}
    for fault in faults:
        kinds.setdefault((fault.code, fault.span), []).append(fault)
    for first, *rest in kinds.values():
        more = (Note(f"so it is with {len(rest)} more of the family"),) if rest and first.span else ()
        yield replace(first, notes=(*first.notes, *more))


def _parameter_names(parsed: Parsed, around: Surroundings) -> set[str]:
    """The parameters that a file and its imports declare, also by a declaration with a mistake in it."""
    declarations = (d for module in (parsed.module, *around.modules) for d in module.declarations)
    declared = {d.name.text for d in declarations if isinstance(d, ast.ParamDecl)}
    return declared | parsed.broken | around.broken
