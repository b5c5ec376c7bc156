"""What formulas say of networks: applied, hidden tensors, outputs, gradients, pre-activations.

In: networks as values, and points.  Out: tensors over the graph of the claim, which grows; what the user got
wrong is logged, and `Rejected` is raised.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from spec_lang.diagnostics import DiagnosticLog, Span, did_you_mean
from spec_lang.semantics import codes
from spec_lang.semantics.claim_graph.appended import head_obstacle, is_exact
from spec_lang.semantics.claim_graph.blocks import Wanted
from spec_lang.semantics.claim_graph.encoding import opaque
from spec_lang.semantics.claim_graph.gradients import ClaimGraph
from spec_lang.semantics.claim_graph.phases import check_phases
from spec_lang.semantics.claim_graph.signature import Signature, Space
from spec_lang.semantics.claim_graph.spaces import Signatures
from spec_lang.semantics.model import NetworkUse
from spec_lang.semantics.rejection import Rejected
from spec_lang.semantics.terms.elements import Fragment, Need
from spec_lang.semantics.terms.expressions import Arguments
from spec_lang.semantics.terms.values import (
    Head,
    LayerValue,
    NetworkValue,
    OutputsValue,
    OutputValue,
    Tensor,
    Value,
)
from spec_lang.semantics.wording import describe, listed
from spec_lang.syntax import ast


class NetworkTerms:
    """The networks of one claim; `applications` is its graph."""

    def __init__(self, signatures: Signatures, log: DiagnosticLog) -> None:
        self.log = log
        self.fragments: dict[Fragment, Span] = {}
        self.applications = ClaimGraph()
        self._signatures = signatures

    def uses(self, fragment: Fragment, span: Span) -> None:
        """Something that makes the claim less simple than linear, and that backends take."""
        self.fragments.setdefault(fragment, span)

    # -- networks at points ----------------------------------------------------------------------------

    def apply(self, function: NetworkValue | LayerValue, arguments: Arguments, span: Span) -> Value:
        use = function.use
        signature = self._signature(use)
        given = tuple(self._arguments(signature, arguments, span))
        need = _not_linear(use, span)
        if function.radius is not None:
            signature = signature.near(function.radius, function.number)
        wanted = Wanted(signature, tuple(v for v, _ in given), tuple(w for _, w in given), need)
        if isinstance(function, LayerValue):
            return self.applications.hidden(wanted, function.layer)
        if function.head is not None:
            return self._head(wanted, function, span)
        return _outputs(use, self.applications.outputs(wanted), signature)

    def _head(self, wanted: Wanted, function: NetworkValue, span: Span) -> Tensor:
        space = wanted.signature.output
        if function.head is None or not is_exact(wanted.signature):
            return opaque(space.shape, _not_exact(function, span), space)
        self.uses(Fragment.SMOOTH, span)
        return self.applications.headed(wanted, function.head)

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
        if name.text in declared and network.head is None:
            if name.text not in signature.layers:
                raise Rejected  # the ONNX file lacks it, or did not load: reported there
            return LayerValue(use, name.text, network.radius, network.number)
        names = signature.output.names
        if names is not None and name.text in names.names:
            return OutputValue(network, names.names.index(name.text))
        problem = f"`{network.text}` has no layer and no output `{name.text}`"
        known = (*declared, "domain", *(names.names if names is not None else ()))
        fix = did_you_mean(name.text, known) or f'declare it: `layer {name.text} = "…"`'
        self.log.error(codes.COMPONENT, problem, name.span, fix)
        raise Rejected

    def output(self, network: NetworkValue, position: int, span: Span) -> OutputValue:
        size = self._signature(network.use).output.size
        if not 0 <= position < size:
            problem = f"`{network.text}` has no output {position}"
            self.log.error(codes.ELEMENT, problem, span, f"outputs run from 0 to {size - 1}")
            raise Rejected
        return OutputValue(network, position)

    def special(self, name: str, written: ast.Call, arguments: Sequence[Value]) -> Value:
        places = [argument.value.span for argument in written.arguments]
        about, *others = arguments
        if name == "grad":
            return self._gradient(written, about, _point(others[0]), places)
        if not isinstance(about, NetworkValue):
            problem = f"{describe(about)} stands where a network is needed"
            fix = None
            if name != "preactivations" and isinstance(about, Tensor):
                fix = f"write `{name}(f)(x)` for what `{name}` makes of the outputs of f at x"
            self.log.error(codes.KIND, problem, places[0], fix)
            raise Rejected
        if name != "preactivations":
            return self._headed(about, Head(name), places[0])
        signature = self._signature(about.use)
        check_phases(about.use.label, signature.graph, places[0], self.log)
        if about.radius is not None:
            signature = signature.near(about.radius, about.number)
        at_expr = written.arguments[1].value
        ((value, _),) = self._arguments(signature, [(None, _point(others[0]), at_expr)], written.span)
        need = _not_linear(about.use, written.span)
        return self.applications.preactivations(Wanted(signature, (value,), (at_expr,), need))

    def _headed(self, network: NetworkValue, head: Head, place: Span) -> NetworkValue:
        """`softmax(f)`, a network as well."""
        if network.head is not None:
            problem = f"`{network.text}` stands where a network without a head is needed"
            self.log.error(codes.KIND, problem, place)
            raise Rejected
        obstacle = head_obstacle(self._signature(network.use), head)
        if obstacle is not None:
            fix = f"write `sigmoid({network.use.label})`" if "one output, " in obstacle else None
            self.log.error(codes.KIND, obstacle, place, fix)
            raise Rejected
        return replace(network, head=head)

    def _gradient(self, written: ast.Call, about: Value, at: Tensor, places: Sequence[Span]) -> Tensor:
        about = self._one_output(about, places[0])
        network = about.network
        signature = self._signature(network.use)
        at = self._fitting(signature.input, at, places[1], network.use.label)
        if network.radius is not None:
            signature = signature.near(network.radius, network.number)
        if network.head is not None and not is_exact(signature):
            return opaque(signature.input.shape, _not_exact(network, written.span), signature.input)
        self.uses(Fragment.GRADIENT, written.span)
        need = _not_linear(network.use, written.span)
        values, start = [], 0
        for space in signature.inputs:
            part = at.elements[start : start + space.size]
            values.append(at if len(signature.inputs) == 1 else Tensor(space.shape, part))
            start += space.size
        written_at = (written.arguments[1].value,) * len(values)
        wanted = Wanted(signature, tuple(values), written_at, need)
        return self.applications.gradient(wanted, about.position, network.head)

    def _one_output(self, about: Value, place: Span) -> OutputValue:
        """What is differentiated; of a network with one output, that one."""
        if isinstance(about, OutputValue):
            return about
        if not isinstance(about, NetworkValue):
            problem = f"{describe(about)} stands where an output of a network is needed"
            self.log.error(codes.KIND, problem, place, "write `grad(f.speed, x)` or `grad(f[0], x)`")
            raise Rejected
        size = self._signature(about.use).output.size
        if size != 1:
            problem = f"`{about.text}` has {size} outputs; which one's gradient is it?"
            self.log.error(codes.KIND, problem, place, f"write `{about.text}[0]`")
            raise Rejected
        return OutputValue(about, 0)


def _not_linear(use: NetworkUse, span: Span) -> Need:
    problem = f"this applies `{use.label}` to what is not linear in the points of the claim"
    return Need(Fragment.PIECEWISE, problem, span)


def _not_exact(network: NetworkValue, span: Span) -> Need:
    problem = f"`{network.text}` decodes outputs by numbers that are not exact in binary"
    return Need(Fragment.COMPOSITION, problem, span)


def _point(value: Value) -> Tensor:
    if not isinstance(value, Tensor):
        raise Rejected
    return value


def _outputs(use: NetworkUse, tensors: Sequence[Tensor], signature: Signature) -> Tensor | OutputsValue:
    if len(tensors) == 1:
        return tensors[0]
    named = zip((space.name for space in signature.outputs), tensors, strict=True)
    return OutputsValue(use.label, dict(named))
