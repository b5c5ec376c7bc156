"""One decision of a network at one point, ready to be asked about.

In: a spec, the name of a claim about one point, and the point as an expression of the language; a radius, and
a layer.  Out: the claim's statement over the inputs of one run, near the point if that was said, the layer
among its outputs; and the point.  Or diagnostics.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from fractions import Fraction
from typing import Final

from spec_lang._values import dataclass
from spec_lang.diagnostics import DiagnosticLog, Span
from spec_lang.engine.given_point import POINT, flaw
from spec_lang.engine.options import CheckOptions
from spec_lang.engine.prepare import Spec, prepare
from spec_lang.engine.task import Task
from spec_lang.obligations.lower import TooManyCases
from spec_lang.obligations.model import Condition
from spec_lang.semantics.claim_graph.interface import tensor_word
from spec_lang.semantics.model import Statement, TypedClaim
from spec_lang.semantics.traverse import fresh_name
from spec_lang.syntax import ast
from spec_lang.syntax.format import format_expression
from spec_lang.syntax.parse import parse_expression

NOT_ONE_POINT: Final = "NN460"  # a claim that cannot be explained at a point
LAYER: Final = "NN462"  # a layer whose neurons cannot be told from the claim

Point = tuple[Fraction, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """`at` and `within` are expressions of the language."""

    claim: str
    at: str
    within: str | None = None
    layer: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """`statement` holds the claim's region; `point` is in network space.  With a layer, its neurons are the
    outputs from `first` on, of the shape `shape`; otherwise `shape` is that of the inputs."""

    task: Task
    typed: TypedClaim
    statement: Statement
    point: Point
    shape: tuple[int, ...]
    words: str
    range: str
    first: int | None = None
    layer: str | None = None

    @property
    def violation(self) -> Condition:
        return self.statement.violation


@dataclass(slots=True)
class Maker:
    """Makes the decision of one spec; what is wrong is in `problems`."""

    spec: Spec
    asked: Asked
    options: CheckOptions
    problems: DiagnosticLog = field(default_factory=DiagnosticLog)
    texts: Mapping[str, str] = field(default_factory=dict)

    def make(self) -> Decision | None:
        """None where a problem is an error."""
        found = self._typed((self.asked.claim,), self.spec)
        at = self._expression(self.asked.at, "--at")
        within = None if self.asked.within is None else self._expression(self.asked.within, "--within")
        if found is None or at is None or (within is None) is not (self.asked.within is None):
            return None
        if len(found) > 1:
            problem = f"`{self.asked.claim}` is {len(found)} claims, and one decision is explained at a time"
            fix = "name one: " + ", ".join(f"`{typed.name}`" for _, typed in found[:3])
            self.problems.error(NOT_ONE_POINT, problem, found[0][1].span, fix)
            return None
        task, typed = found[0]
        formula = self._formula(task, typed)
        if formula is None or typed.statement is None:
            return None
        size = typed.statement.graph.input_size
        if (wrong := flaw(self.asked.at, self.asked.within, size, typed.span)) is not None:
            self.problems.add(wrong)
            return None
        return self._decision(typed, formula, at, within)

    def _decision(
        self, typed: TypedClaim, formula: ast.Quantified, at: ast.Expr, within: ast.Expr | None
    ) -> Decision | None:
        (binding,) = formula.bindings
        domain, body = binding.domain, formula.body
        if domain is None or isinstance(domain, ast.IndexRange | ast.IndexSet):
            return None
        near = domain if within is None else ast.Meet(at.span, (domain, _ball(at, within)))
        spec, layer = self._with_layer(typed)
        if self.problems.has_errors:
            return None
        seen = body if layer is None else ast.Or(body.span, (body, _mention(typed, binding, layer)))
        taken = frozenset(declared_names(self.spec))
        names = [fresh_name(word, taken) for word in ("explained", "read", "point")]
        exact = ast.Call(at.span, ast.Name(at.span, "box"), (_given(at), _given(at)))
        claims = (
            _claim(typed, names[0], formula, near, body),
            _claim(typed, names[1], formula, near, seen),
            _claim(typed, names[2], formula, exact, body),
        )
        found = self._typed(tuple(names), _with_claims(spec, claims))
        if found is None:
            return None
        (task, plain), (_, whole), (probe, _) = found
        point = self._point(probe)
        if plain.statement is None or whole.statement is None or point is None:
            return None
        decision = Decision(
            replace(task, name=typed.name, runs=None),
            typed,
            replace(whole.statement, violation=plain.statement.violation),
            point,
            plain.statement.graph.inputs[0].shape,
            format_expression(body),
            format_expression(near),
        )
        return decision if layer is None else self._at_layer(decision, plain.statement)

    def _formula(self, task: Task, typed: TypedClaim) -> ast.Quantified | None:
        """The claim as `forall x in R: …` about one run of a network, or a diagnostic."""
        formula, statement = typed.formula, typed.statement
        reason: str | None = None
        if not isinstance(formula, ast.Quantified) or formula.quantifier is not ast.Quantifier.FORALL:
            reason = "it is not of the form `forall x in …: …`"
        elif len(formula.bindings) != 1:
            reason = "it is about several points"
        elif statement is None or task.measure is not None or task.counted is not None:
            reason = task.beyond or "it is no claim that holds or does not"
        elif not task.runs or len(task.runs) > 1 or statement.ties:
            reason = "it is about several runs of networks"
        elif statement.graph.inputs != task.runs[0].network.inputs or len(statement.graph.inputs) > 1:
            reason = "it is about more than the inputs of one run"
        if reason is None and isinstance(formula, ast.Quantified):
            return formula
        problem = f"`{typed.name}` cannot be explained at a point: {reason}"
        self.problems.error(NOT_ONE_POINT, problem, typed.span, "explain a claim `forall x in R: … f(x) …`")
        return None

    # -- parts ---------------------------------------------------------------------------------------

    def _typed(self, names: tuple[str, ...], spec: Spec) -> list[tuple[Task, TypedClaim]] | None:
        """The claims of `spec` that these names select, in their order."""
        preparation, _ = prepare([spec], replace(self.options, claims=names))
        self.texts = preparation.imports.texts() | {self.spec.source.file: self.spec.source.text}
        if preparation.problems.has_errors:
            self.problems.extend(d for d in preparation.problems if d.is_error)
            return None
        return [(task, preparation.typed[task.id]) for task in preparation.tasks]

    def _expression(self, text: str, option: str) -> ast.Expr | None:
        expr, diagnostics = parse_expression(text, option)
        self.problems.extend(diagnostics)
        return expr

    def _point(self, probe: Task) -> Point | None:
        """Where the claim at the point alone is about."""
        try:
            goal = probe.goal()
        except TooManyCases as error:
            self.problems.error(POINT, str(error), None)
            return None
        box = goal.obligations[0].region.boxes[0]
        point = tuple(value for value in box.lower if value is not None)
        if goal.conflict is not None or len(point) < len(box.lower) or box.lower != box.upper:
            self.problems.error(POINT, f"`{self.asked.at}` is no point", None, "give a number for each input")
            return None
        return point

    # -- layers --------------------------------------------------------------------------------------

    def _with_layer(self, typed: TypedClaim) -> tuple[Spec, str | None]:
        """The spec with a name for the layer, and that name: its own, or a new one for an ONNX tensor."""
        wanted = self.asked.layer
        if wanted is None:
            return self.spec, None
        network = typed.networks[0].declaration
        layers = [item for item in network.items if isinstance(item, ast.Layer)]
        for item in layers:
            if wanted in (item.name.text, item.tensor.value):
                return self.spec, item.name.text
        if self.spec.parsed is None or network not in self.spec.parsed.module.declarations:
            problem = f"`{network.name.text}` is declared elsewhere, and has no layer `{wanted}` there"
            fix = f'declare it there: `layer {tensor_word(wanted)} = "{wanted}"`'
            self.problems.error(LAYER, problem, network.span, fix)
            return self.spec, None
        taken = declared_names(self.spec) | {item.name.text for item in layers}
        name = fresh_name(tensor_word(wanted), frozenset(taken))
        item = ast.Layer(network.span, ast.Name(network.span, name), ast.String(network.span, wanted))
        changed = replace(network, items=(*network.items, item))
        return _with_declaration(self.spec, network, changed), name

    def _at_layer(self, decision: Decision, plain: Statement) -> Decision | None:
        """The decision with its layer found among the outputs; those of the claim come before it."""
        graph, before = decision.statement.graph, plain.graph
        sizes = [graph.value(number).size for number in graph.outputs]
        names = [graph.value(number).name for number in graph.outputs]
        already = [before.value(number).name for number in before.outputs]
        if names[: len(already)] != already or len(names) > len(already) + 1:
            problem = "the neurons of this layer cannot be told from what the claim says"
            self.problems.error(LAYER, problem, decision.typed.span, "choose another layer")
            return None
        place = len(names) - 1
        if len(names) == len(already):  # the claim speaks of the layer itself
            tensor = self._tensor(decision)
            place = next(n for n, number in enumerate(graph.outputs) if (tensor, number) in graph.tensors)
        shape = graph.value(graph.outputs[place]).shape
        return replace(decision, first=sum(sizes[:place]), shape=shape, layer=self.asked.layer)

    def _tensor(self, decision: Decision) -> str:
        layers = decision.typed.networks[0].declaration.items
        names = {item.name.text: item.tensor.value for item in layers if isinstance(item, ast.Layer)}
        wanted = self.asked.layer or ""
        return names.get(wanted, wanted)


def declared_names(spec: Spec) -> set[str]:
    """Every name that stands in the file, so that a new one is none of them."""
    return set() if spec.parsed is None else set(_words(spec))


def _words(spec: Spec) -> Iterator[str]:
    word = ""
    for character in spec.source.text + " ":
        if character.isalnum() or character == "_":
            word += character
        elif word:
            yield word
            word = ""


def _given(value: ast.Expr) -> ast.Argument:
    return ast.Argument(value.span, None, value)


def _ball(at: ast.Expr, radius: ast.Expr) -> ast.Expr:
    norm = ast.Name(at.span, "linf")
    return ast.Call(at.span, ast.Name(at.span, "ball"), (_given(at), _given(radius), _given(norm)))


def _mention(typed: TypedClaim, binding: ast.Binding, layer: str) -> ast.Expr:
    """A comparison that speaks of the layer at the claim's point."""
    span, use = binding.span, typed.networks[0]
    reference: ast.Expr = ast.Name(span, use.declaration.name.text)
    if use.member:
        numbers = tuple(ast.Number(span, Fraction(index), str(index)) for index in use.member)
        reference = ast.Index(span, reference, numbers)
    applied = ast.Call(
        span, ast.Attribute(span, reference, ast.Name(span, layer)), (_given(binding.variable),)
    )
    flat = ast.Call(span, ast.Name(span, "flat"), (_given(applied),))
    zero = ast.Number(span, Fraction(0), "0")
    return ast.Compare(span, ast.Index(span, flat, (zero,)), ((ast.Comparison.GT, zero),))


def _claim(
    typed: TypedClaim, name: str, formula: ast.Quantified, domain: ast.Expr, body: ast.Expr
) -> ast.ClaimDecl:
    span: Span = typed.span
    (binding,) = formula.bindings
    bound = replace(formula, bindings=(replace(binding, domain=domain),), body=body)
    kept = tuple(use for use in typed.declaration.attributes if use.name.text in ("semantics", "using"))
    return ast.ClaimDecl(span, ast.Name(span, name), (), None, kept, bound)


def _with_claims(spec: Spec, claims: tuple[ast.ClaimDecl, ...]) -> Spec:
    if spec.parsed is None:
        return spec
    module = replace(spec.parsed.module, declarations=(*spec.parsed.module.declarations, *claims))
    return replace(spec, parsed=replace(spec.parsed, module=module))


def _with_declaration(spec: Spec, old: ast.Declaration, new: ast.Declaration) -> Spec:
    if spec.parsed is None:
        return spec
    declarations = tuple(new if d is old else d for d in spec.parsed.module.declarations)
    return replace(
        spec, parsed=replace(spec.parsed, module=replace(spec.parsed.module, declarations=declarations))
    )
