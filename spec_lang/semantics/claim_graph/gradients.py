"""Gradients, probabilities and losses of the networks that a claim applies.

In: a network at a point, and which of its outputs.  Out: tensors over the outputs of the claim's graph, in
problem space.  At a constant point of a piecewise linear network a gradient is a constant, unless it has
several values there; where a claim speaks of gradients, so are the outputs.
"""

from __future__ import annotations

from fractions import Fraction

from spec_lang.network.transform.gradient_at import gradient_at, outputs_at
from spec_lang.obligations.model import Axis, Scaling
from spec_lang.semantics.claim_graph.applications import Applications
from spec_lang.semantics.claim_graph.blocks import Wanted
from spec_lang.semantics.claim_graph.encoding import encoded, opaque
from spec_lang.semantics.claim_graph.growing import forms_of
from spec_lang.semantics.terms.elements import ZERO, Linear, Need
from spec_lang.semantics.terms.values import Head, Tensor

# A network, which of those near it, a point, and an output whose gradient it is
_Known = tuple[str, int, tuple[Fraction, ...], int | None]


class ClaimGraph(Applications):
    """The blocks and applications of one claim, and what it makes of them."""

    __slots__ = ("_known", "folding")

    def __init__(self) -> None:
        super().__init__()
        self.folding = False  # outputs at constant points, too
        self._known: dict[_Known, tuple[Fraction, ...] | None] = {}

    def outputs(self, wanted: Wanted) -> list[Tensor]:
        numbers = self._constant_outputs(wanted) if self.folding else None
        if numbers is None:
            return super().outputs(wanted)
        found: list[Tensor] = []
        start = 0
        for space in wanted.signature.outputs:
            pairs = zip(numbers[start : start + space.size], space.axes, strict=True)
            elements = tuple(Linear(axis.scaling.to_problem(number)) for number, axis in pairs)
            found.append(Tensor(space.shape, elements, space.names, space.units))
            start += space.size
        return found

    def headed(self, wanted: Wanted, head: Head) -> Tensor:
        """What a head makes of a network's outputs at a point; opaque where the point is."""
        space = wanted.signature.output
        place = self._apply(wanted)
        if isinstance(place, Need):
            return opaque(space.shape, place, space)
        applied = self._applied[place]
        axes = tuple(Axis(axis.name) for axis in space.axes)
        label = f"{head.value}({applied.label})"
        result = self._read(place, applied, applied.appended.head(head), axes, label)
        return Tensor(space.shape, forms_of(result), space.names)

    def gradient(self, wanted: Wanted, output: int, head: Head | None = None) -> Tensor:
        """The gradient of a flat output at a point, or of what a head makes of it; opaque where that is."""
        signature = wanted.signature
        # With a head, the decoding of the outputs is a part of the graph.
        slope = signature.output.axes[output].scaling.factor if head is None else Fraction(1)
        slopes = [slope / axis.scaling.factor for axis in signature.input.axes]
        constant = self._constant_gradient(wanted, output) if head is None else None
        if constant is not None:
            elements = tuple(Linear(c * factor) for c, factor in zip(constant, slopes, strict=True))
            return Tensor(signature.input.shape, elements, signature.input.names)
        place = self._apply(wanted)
        if isinstance(place, Need):
            return opaque(signature.input.shape, place, signature.input)
        return self._read_gradient(place, output, head, slopes)

    def _read_gradient(self, place: int, output: int, head: Head | None, slopes: list[Fraction]) -> Tensor:
        applied = self._applied[place]
        signature = applied.signature
        what = signature.output.axes[output].name
        whole = f"{head.value}({what})" if head is not None else what
        label = f"∇{applied.label.replace('(', f'.{what}(', 1)}"
        if head is not None:
            label = f"∇{head.value}({applied.label}).{what}"
        forms: list[Linear] = []
        for number, part in zip(applied.appended.gradient(head, output), signature.inputs, strict=True):
            factors = slopes[len(forms) : len(forms) + part.size]
            axes = tuple(
                Axis(f"∂{whole}/∂{axis.name}", None, Scaling(factor, ZERO))
                for axis, factor in zip(part.axes, factors, strict=True)
            )
            result = self._read(place, applied, number, axes, label)
            forms += (Linear(ZERO, (), ((result.start + i, factor),)) for i, factor in enumerate(factors))
        return Tensor(signature.input.shape, tuple(forms), signature.input.names)

    def _constant_gradient(self, wanted: Wanted, output: int) -> tuple[Fraction, ...] | None:
        """In the network's own units."""
        graph, point = wanted.signature.graph, _constant_point(wanted)
        if graph is None or point is None:
            return None
        key = (wanted.signature.use.label, wanted.signature.number, point, output)
        if key not in self._known:
            self._known[key] = gradient_at(graph, point, output)
        return self._known[key]

    def _constant_outputs(self, wanted: Wanted) -> tuple[Fraction, ...] | None:
        """In the network's own units."""
        graph, point = wanted.signature.graph, _constant_point(wanted)
        if graph is None or point is None:
            return None
        key = (wanted.signature.use.label, wanted.signature.number, point, None)
        if key not in self._known:
            self._known[key] = outputs_at(graph, point)
        return self._known[key]


def _constant_point(wanted: Wanted) -> tuple[Fraction, ...] | None:
    """The network-space point, where it does not vary."""
    if not all(value.is_constant for value in wanted.values):
        return None
    point: list[Fraction] = []
    for value, space in zip(wanted.values, wanted.signature.inputs, strict=True):
        form = encoded(value, space, wanted.need)
        if isinstance(form, Need):
            return None
        point += (each.constant for each in form)
    return tuple(point)
