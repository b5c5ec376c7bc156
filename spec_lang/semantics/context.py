"""What the formulas of one claim are read in: its variables, the networks put to work, its needs.

In: a scope and the signatures of its networks.  Out: values for variables, applications and hidden tensors,
over the flat inputs and outputs of a graph that grows as the formulas are read; and, in the end, that graph.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from spec_lang.diagnostics import DiagnosticLog, Span, did_you_mean
from spec_lang.obligations.model import Condition
from spec_lang.semantics import codes
from spec_lang.semantics.claim_graph.applications import Applications
from spec_lang.semantics.claim_graph.blocks import Wanted
from spec_lang.semantics.claim_graph.encoding import opaque
from spec_lang.semantics.claim_graph.phases import check_phases
from spec_lang.semantics.claim_graph.signature import Signature, Space
from spec_lang.semantics.claim_graph.spaces import (
    Home,
    Signatures,
    home_of,
    input_of,
    own_shape,
    report_functions,
)
from spec_lang.semantics.formulas.clauses import clause_text
from spec_lang.semantics.formulas.regions import Regions
from spec_lang.semantics.formulas.translate import PartCount, Translator
from spec_lang.semantics.model import NetworkUse
from spec_lang.semantics.names.scope import Scope
from spec_lang.semantics.rejection import Rejected
from spec_lang.semantics.terms.elements import Fragment, Need
from spec_lang.semantics.terms.expressions import Arguments, Evaluator, Observer
from spec_lang.semantics.terms.values import (
    LayerValue,
    NetworkValue,
    OutputsValue,
    OutputValue,
    Tensor,
    Value,
)
from spec_lang.semantics.traverse import walk
from spec_lang.semantics.wording import describe, listed
from spec_lang.syntax import ast
from spec_lang.syntax.parts import binding_parts


class Context:
    """One claim's variables and applications; `needs` are what keeps it from being decided."""

    def __init__(
        self, scope: Scope, signatures: Signatures, log: DiagnosticLog, observer: Observer | None = None
    ) -> None:
        self.scope = scope
        self.log = log
        self.needs: dict[Need, None] = {}
        self.fragments: dict[Fragment, Span] = {}
        self.applications = Applications()
        self.squares = self.applications.squares
        self._signatures = signatures
        self._count = PartCount()
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

    def uses(self, fragment: Fragment, span: Span) -> None:
        self.fragments.setdefault(fragment, span)

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
        problem = f"`{clause_text(call)}` is a set of networks"
        self.beyond(Need(Fragment.PERTURBATION, problem, call.span))
        return NetworkValue(network.use, share)

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

    def apply(self, function: NetworkValue | LayerValue, arguments: Arguments, span: Span) -> Value:
        use = function.use
        signature = self._signature(use)
        given = tuple(self._arguments(signature, arguments, span))
        need = _not_linear(use, span)
        if isinstance(function, NetworkValue) and function.radius is not None:
            need = Need(Fragment.PERTURBATION, f"`{use.label}` stands for a set of networks", span)
            return _outputs(use, [opaque(space.shape, need, space) for space in signature.outputs], signature)
        wanted = Wanted(signature, tuple(v for v, _ in given), tuple(w for _, w in given), need)
        if isinstance(function, LayerValue):
            return self.applications.hidden(wanted, function.layer)
        return _outputs(use, self.applications.outputs(wanted), signature)

    def _signature(self, use: NetworkUse) -> Signature:
        signature = self._signatures(use)
        if signature is None:
            raise Rejected
        return signature

    def _arguments(
        self, signature: Signature, arguments: Arguments, span: Span
    ) -> Iterator[tuple[Tensor, ast.Expr]]:
        """One tensor for each input, in the network's order, and how it is written."""
        label = signature.use.label
        if len(signature.inputs) == 1:
            if len(arguments) != 1 or arguments[0][0] is not None:
                self.log.error(codes.ARGUMENTS, "a network is applied to one point: `f(x)`", span)
                raise Rejected
            _, value, written = arguments[0]
            yield self._fitting(signature.inputs[0], value, written.span, label), written
            return
        words = [space.name for space in signature.inputs]
        given = {name.text: (value, place) for name, value, place in arguments if name is not None}
        missing = [word for word in words if word not in given]
        unknown = [name for name, _, _ in arguments if name is None or name.text not in words]
        if missing or unknown or len(given) != len(arguments):
            problem = f"`{label}` takes its inputs by their ONNX names, {listed(words)}"
            fix = f"write `{label}({', '.join(f'{word}: …' for word in words)})`"
            self.log.error(codes.TENSOR_NAMES, problem, span, fix)
            raise Rejected
        for space in signature.inputs:
            value, written = given[space.name]
            yield self._fitting(space, value, written.span, label), written

    def _fitting(self, space: Space, value: Tensor, span: Span, label: str) -> Tensor:
        """`value` as an input; a vector may stand for a tensor of as many elements, row-major."""
        if value.shape == space.shape or (value.size == space.size and len(value.shape) <= 1):
            return value
        sizes = f"{describe(value)}; the input of `{label}` has shape {list(space.shape)}"
        self.log.error(codes.DIMENSION, f"this is {sizes}", span)
        raise Rejected

    # -- networks that are not applied ---------------------------------------------------------------

    def part(self, network: NetworkValue, name: ast.Name) -> LayerValue | OutputValue:
        use = network.use
        signature = self._signature(use)
        declared = {item.name.text for item in use.declaration.items if isinstance(item, ast.Layer)}
        if name.text in declared:
            if name.text not in signature.layers:
                raise Rejected  # the ONNX file lacks it, or did not load: reported there
            return LayerValue(use, name.text)
        names = signature.output.names
        if names is not None and name.text in names.names:
            return OutputValue(network, names.names.index(name.text))
        problem = f"`{use.label}` has no layer and no output `{name.text}`"
        known = (*declared, "domain", *(names.names if names is not None else ()))
        fix = did_you_mean(name.text, known) or f'declare it: `layer {name.text} = "…"`'
        self.log.error(codes.COMPONENT, problem, name.span, fix)
        raise Rejected

    def output(self, network: NetworkValue, position: int, span: Span) -> OutputValue:
        size = self._signature(network.use).output.size
        if not 0 <= position < size:
            problem = f"`{network.use.label}` has no output {position}"
            self.log.error(codes.ELEMENT, problem, span, f"outputs run from 0 to {size - 1}")
            raise Rejected
        return OutputValue(network, position)

    def special(self, name: str, written: ast.Call, arguments: Sequence[Value]) -> Value:
        about, at = arguments
        if not isinstance(at, Tensor):
            raise Rejected
        places = [argument.value.span for argument in written.arguments]
        if name == "grad":
            return self._gradient(written, about, at, places)
        if not isinstance(about, NetworkValue):
            problem = f"{describe(about)} stands where a network is needed"
            self.log.error(codes.KIND, problem, places[0])
            raise Rejected
        signature = self._signature(about.use)
        check_phases(about.use.label, signature.graph, places[0], self.log)
        at_expr = written.arguments[1].value
        ((value, _),) = self._arguments(signature, [(None, at, at_expr)], written.span)
        need = _not_linear(about.use, written.span)
        return self.applications.preactivations(Wanted(signature, (value,), (at_expr,), need))

    def _gradient(self, written: ast.Call, about: Value, at: Tensor, places: Sequence[Span]) -> Tensor:
        network = about.network if isinstance(about, OutputValue) else about
        if not isinstance(network, NetworkValue):
            problem = f"{describe(about)} stands where an output of a network is needed"
            self.log.error(codes.KIND, problem, places[0], "write `grad(f.speed, x)` or `grad(f[0], x)`")
            raise Rejected
        signature = self._signature(network.use)
        if not isinstance(about, OutputValue) and signature.output.size != 1:
            problem = (
                f"`{network.use.label}` has {signature.output.size} outputs; which one's gradient is it?"
            )
            self.log.error(codes.KIND, problem, places[0], f"write `{network.use.label}[0]`")
            raise Rejected
        self._fitting(signature.input, at, places[1], network.use.label)
        problem = f"`{clause_text(written)}` is a gradient"
        space = signature.input
        return opaque(space.shape, Need(Fragment.GRADIENT, problem, written.span), space)


def _not_linear(use: NetworkUse, span: Span) -> Need:
    problem = f"this applies `{use.label}` to what is not linear in the points of the claim"
    return Need(Fragment.PIECEWISE, problem, span)


def _outputs(use: NetworkUse, tensors: Sequence[Tensor], signature: Signature) -> Tensor | OutputsValue:
    if len(tensors) == 1:
        return tensors[0]
    named = zip((space.name for space in signature.outputs), tensors, strict=True)
    return OutputsValue(use.label, dict(named))
