"""What the expressions of one claim are read against: its network, its point, the hidden tensors it mentions.

In: a scope and the network's signature.  Out: values for applications and hidden tensors.  Hidden tensors are
given places behind the network's outputs in the order of their first use.
"""

from __future__ import annotations

from spec_lang.diagnostics import DiagnosticLog, Note, Span, did_you_mean
from spec_lang.network.graph import Graph, TensorSpec
from spec_lang.obligations.model import Axis
from spec_lang.semantics import codes
from spec_lang.semantics.expressions import Evaluator, Rejected
from spec_lang.semantics.model import NetworkUse
from spec_lang.semantics.scope import Scope
from spec_lang.semantics.signature import Signature
from spec_lang.semantics.values import (
    ONE,
    ZERO,
    LayerValue,
    Linear,
    NetworkValue,
    Tensor,
    elements_named,
)
from spec_lang.syntax import ast


class Context:
    """One claim's network and point; records which hidden tensors are used."""

    __slots__ = ("_hidden", "_outputs", "global_evaluator", "log", "point", "scope", "signature")

    def __init__(self, scope: Scope, signature: Signature, log: DiagnosticLog) -> None:
        self.scope = scope
        self.signature = signature
        self.log = log
        self.point = signature.input.as_inputs()
        self._outputs = signature.output.as_outputs()
        self._hidden: dict[str, tuple[int, int, TensorSpec]] = {}  # name: value number, offset, tensor
        self.global_evaluator = Evaluator(log, scope.names, self, scope.broken)

    # -- what an evaluator asks ----------------------------------------------------------------------

    def member(self, name: ast.Name, indices: tuple[int, ...], span: Span) -> NetworkValue:
        family = self.scope.families.get(name.text)
        if family is None:
            self.log.error(codes.KIND, f"the region `{name.text}` stands where a number is needed", span)
            raise Rejected
        if family.family.values(indices, f"`{name.text}`", span, self.log) is None:
            raise Rejected
        return NetworkValue(family.uses[indices])

    def apply(self, function: NetworkValue | LayerValue, span: Span) -> Tensor:
        self.require_network(function.use, span)
        if isinstance(function, NetworkValue):
            return self._outputs
        return self._hidden_tensor(function.layer)

    def layer(self, network: NetworkValue, name: ast.Name) -> LayerValue:
        self.require_network(network.use, name.span)
        declared = {item.name.text for item in network.use.declaration.items if isinstance(item, ast.Layer)}
        if name.text in declared:
            if name.text not in self.signature.layers:
                raise Rejected  # the ONNX file lacks it, or did not load: reported there
            return LayerValue(network.use, name.text)
        problem = f"`{network.use.label}` has no layer `{name.text}`"
        fix = did_you_mean(name.text, (*declared, "domain"))
        names = self.signature.output.names
        if names is not None and name.text in names.names:
            fix = f"apply it first: `{network.use.label}(x).{name.text}`"
        self.log.error(codes.COMPONENT, problem, name.span, fix or f'declare it: `layer {name.text} = "…"`')
        raise Rejected

    # -- one network at a time -----------------------------------------------------------------------

    def require_network(self, use: NetworkUse, span: Span) -> None:
        """Raises `Rejected` when `use` is not the network that this claim speaks of."""
        own = self.signature.use
        if use.label != own.label:
            problem = f"this claim speaks of `{own.label}` and of `{use.label}`"
            fix = "this version compares one network at a time"
            self.log.error(codes.ONE_NETWORK, problem, span, fix)
            raise Rejected

    def require_family(self, name: str, span: Span) -> None:
        """Raises `Rejected` when the network is not a member of the family `name`."""
        own = self.signature.use
        if own.declaration.name.text != name:
            problem = f"this claim speaks of `{own.label}`, and this is about `{name}`"
            notes = (Note(f"`{own.label}` is declared here", own.declaration.name.span),)
            self.log.error(codes.ONE_NETWORK, problem, span, "regions are on one network", notes)
            raise Rejected

    # -- hidden tensors ------------------------------------------------------------------------------

    def _hidden_tensor(self, layer: str) -> Tensor:
        if layer not in self._hidden:
            number, spec = self.signature.layers[layer]
            offset = self.signature.output.size + sum(s.size for _, _, s in self._hidden.values())
            self._hidden[layer] = (number, offset, spec)
        _, offset, spec = self._hidden[layer]
        elements = tuple(Linear(ZERO, (), ((offset + i, ONE),)) for i in range(spec.size))
        return Tensor(spec.shape, elements)

    def graph(self, graph: Graph) -> Graph:
        """The claim's graph: all outputs, then the hidden tensors in use."""
        if not self._hidden:
            return graph
        return graph.with_outputs((*graph.outputs, *(number for number, _, _ in self._hidden.values())))

    def output_axes(self) -> tuple[Axis, ...]:
        """One axis for each flat output of `graph`."""
        hidden = (
            Axis(name)
            for layer, (_, _, spec) in self._hidden.items()
            for name in elements_named(layer, spec.shape)
        )
        return (*self.signature.output.axes, *hidden)
