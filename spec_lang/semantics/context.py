"""What the formulas of one claim are read in: its variables, the networks put to work, its needs.

In: a scope and the signatures of its networks.  Out: values for variables, applications and hidden tensors,
over the flat inputs and outputs of a graph that grows as the formulas are read; and, in the end, that graph.
"""

from __future__ import annotations

from spec_lang.diagnostics import DiagnosticLog, Span
from spec_lang.obligations.model import Condition
from spec_lang.semantics import codes
from spec_lang.semantics.claim_graph.signature import Space
from spec_lang.semantics.claim_graph.spaces import (
    Home,
    Signatures,
    home_of,
    input_of,
    own_shape,
    report_functions,
)
from spec_lang.semantics.formulas.regions import Regions
from spec_lang.semantics.formulas.translate import PartCount, Translator
from spec_lang.semantics.model import NetworkUse
from spec_lang.semantics.names.scope import Scope
from spec_lang.semantics.network_terms import NetworkTerms
from spec_lang.semantics.rejection import Rejected
from spec_lang.semantics.terms.elements import Fragment, Need
from spec_lang.semantics.terms.expressions import Evaluator, Observer
from spec_lang.semantics.terms.values import NetworkValue, Tensor
from spec_lang.semantics.traverse import walk
from spec_lang.semantics.wording import describe, listed
from spec_lang.syntax import ast
from spec_lang.syntax.parts import binding_parts


class Context(NetworkTerms):
    """One claim's variables and applications; `needs` are what keeps it from being decided."""

    def __init__(
        self, scope: Scope, signatures: Signatures, log: DiagnosticLog, observer: Observer | None = None
    ) -> None:
        super().__init__(signatures, log)
        self.scope = scope
        self.needs: dict[Need, None] = {}
        self.squares = self.applications.squares
        self.products = self.applications.products
        self.summed = self.applications.summed
        self.greater = self.applications.greater
        self._count = PartCount()
        self._perturbations = 0
        self._points: dict[NetworkUse, tuple[Tensor, Span]] = {}
        evaluator = Evaluator(log, scope.names, self, scope.broken, observer)
        self.translator = Translator(evaluator, self, self._count)
        self._regions = Regions(scope, signatures, self.translator)

    # -- what a translator asks ----------------------------------------------------------------------

    def inside(self, region: ast.Expr, point: Tensor, translator: Translator) -> Condition:
        home = None if point.space is None else self._signatures(point.space)
        return self._regions.inside(region, point, home, translator)

    def beyond(self, need: Need) -> None:
        self.needs.setdefault(need)

    def put_to_work(self) -> None:
        """Applies a network to a variable where the formulas apply none, so that there is a graph."""
        for use, (point, span) in self._points.items():
            if self.applications.networks or len(self._signature(use).inputs) != 1:
                return
            variable = ast.Name(span, "…")
            self.apply(NetworkValue(use), [(None, point, variable)], span)

    def point_of(self, use: NetworkUse) -> Tensor | None:
        """The first variable that is a point of the network."""
        found = self._points.get(use)
        return None if found is None else found[0]

    def family_values(self, name: str) -> tuple[tuple[int, ...], ...]:
        family = self.scope.families.get(name)
        return () if family is None else tuple(tuple(values) for values in family.family.ranges)

    def bind(self, binding: ast.Binding, rest: ast.Expr, translator: Translator) -> Tensor | NetworkValue:
        domain = binding.domain
        match domain:
            case ast.Call(function=ast.Name(text="perturbed")) if not translator.evaluator.knows("perturbed"):
                return self._perturbed(domain, translator)
        variable = binding.variable
        home = home_of(binding, rest, translator.evaluator, self.scope)
        if home is None:
            if self._has_unknown_names(binding, rest):
                raise Rejected
            report_functions(binding, rest, translator.evaluator)
            problem = f"nothing says what `{variable.text}` is a point of"
            fix = f"apply a network to it: `f({variable.text})`"
            raise translator.evaluator.reject(codes.ONE_NETWORK, problem, binding.span, fix)
        if isinstance(home, Home):
            use, space = home.use, self._space(home, variable, translator)
            if not home.bare and (shape := own_shape(binding, space, translator.evaluator)) is not None:
                return self.applications.free(variable.text, shape)
            point = self.applications.variable(variable.text, space, use)
            self._points.setdefault(use, (point, binding.span))
            return point
        return self.applications.free(variable.text, home)

    def _space(self, home: Home, variable: ast.Name, translator: Translator) -> Space:
        signature = self._signatures(home.use)
        if signature is None:
            raise Rejected
        if (space := input_of(signature, home)) is not None:
            return space
        words = [s.name for s in signature.inputs]
        problem = f"`{home.use.label}` has several inputs; which one is `{variable.text}`?"
        if home.tensor is not None:
            problem = f"`{home.use.label}` has no input `{home.tensor}`"
        fix = f"its inputs are {listed(words)}"
        if len(words) > 1:
            fix += f": write `{home.use.label}({words[0]}: {variable.text}, {words[1]}: …)`"
        raise translator.evaluator.reject(codes.TENSOR_NAMES, problem, variable.span, fix)

    def _has_unknown_names(self, binding: ast.Binding, rest: ast.Expr) -> bool:
        """Whether a name has been reported as unknown: it may well have been a network."""
        unknown = {problem.span for problem in self.log if problem.code == codes.UNKNOWN_NAME}
        nodes = (node for part in (*binding_parts(binding), rest) for node in walk(part))
        return any(isinstance(node, ast.Name) and node.span in unknown for node in nodes)

    def _perturbed(self, call: ast.Call, translator: Translator) -> NetworkValue:
        evaluator = translator.evaluator
        if len(call.arguments) != 2 or any(argument.name is not None for argument in call.arguments):
            problem = "`perturbed` takes a network and by how much its weights may change"
            raise evaluator.reject(codes.ARGUMENTS, problem, call.span, "write `perturbed(f, 1 %)`")
        network = evaluator.value(call.arguments[0].value)
        share = evaluator.number(call.arguments[1].value, "the change of the weights")
        if not isinstance(network, NetworkValue):
            problem = f"{describe(network)} stands where a network is needed"
            raise evaluator.reject(codes.KIND, problem, call.arguments[0].value.span)
        if share < 0:
            problem = f"weights cannot change by {share}"
            raise evaluator.reject(codes.KIND, problem, call.arguments[1].value.span, "write `1 %`")
        self.uses(Fragment.PERTURBATION, call.span)
        self._perturbations += 1
        return NetworkValue(network.use, share, network.head, self._perturbations)

    # -- what an evaluator asks ----------------------------------------------------------------------

    def branches(self, condition: ast.Expr, evaluator: Evaluator) -> tuple[Condition, Condition]:
        return Translator(evaluator, self, self._count).branches(condition)

    def label(self, name: str) -> int | None:
        return self.scope.labels.get(name)

    def member(self, name: ast.Name, indices: tuple[int, ...], span: Span) -> NetworkValue:
        family = self.scope.families.get(name.text)
        if family is None:
            self.log.error(codes.KIND, f"the region `{name.text}` stands where a number is needed", span)
            raise Rejected
        if family.family.values(indices, f"`{name.text}`", span, self.log) is None:
            raise Rejected
        return NetworkValue(family.uses[indices])
