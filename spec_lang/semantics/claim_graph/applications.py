"""The graph of one claim as it grows: blocks of inputs, and networks applied to them or to each other.

In: variables and applications in the order in which the formulas mention them.  Out: tensors over the flat
inputs and outputs of the graph, and finally the graph itself, how its inputs are tied, and how to show it.
An application to the same point is made once.  All is exact: a point that cannot be computed from the inputs
by numbers of binary64 becomes a block of its own, tied to them by equations.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from spec_lang.network.graph import Graph, TensorSpec
from spec_lang.network.primitives import PiecewiseLinear
from spec_lang.network.transform.assemble import InputSource, Part, Source, assemble
from spec_lang.obligations.model import All, Axis, Frame, Group, LinearAtom, Tie
from spec_lang.semantics.claim_graph.appended import Appended
from spec_lang.semantics.claim_graph.blocks import Applied, Result, Wanted
from spec_lang.semantics.claim_graph.encoding import encoded, is_dyadic, opaque
from spec_lang.semantics.claim_graph.growing import forms_of
from spec_lang.semantics.claim_graph.products import Multiplying
from spec_lang.semantics.claim_graph.signature import Space
from spec_lang.semantics.formulas.clauses import clause_text
from spec_lang.semantics.model import NetworkRun, NetworkUse
from spec_lang.semantics.terms.elements import (
    ONE,
    ZERO,
    Element,
    Fragment,
    Linear,
    Need,
    difference,
    scaled,
)
from spec_lang.semantics.terms.values import Tensor, elements_named

_Which = tuple[str, int]  # a network, and of those near it which
_Key = tuple[_Which, tuple[tuple[Linear, ...], ...]]
_TIE_SOURCE: Final = "the same point"


class Applications(Multiplying):
    """The blocks and applications of one claim."""

    __slots__ = ("_applied", "_constants", "_keys", "_quick", "_ties")

    def __init__(self) -> None:
        super().__init__()
        self._applied: dict[int, Applied] = {}  # by the number of the part
        self._keys: dict[_Key, int] = {}
        self._quick: dict[tuple[_Which, int], tuple[object, int]] = {}
        self._ties: list[Tie] = []
        self._constants: dict[Fraction, int] = {}  # the inputs that are tied to numbers

    # -- applications --------------------------------------------------------------------------------

    def outputs(self, wanted: Wanted) -> list[Tensor]:
        """The outputs at a point; opaque where the point is."""
        signature = wanted.signature
        place = self._apply(wanted)
        if isinstance(place, Need):
            return [opaque(space.shape, place, space) for space in signature.outputs]
        applied = self._applied[place]
        graph = signature.graph
        numbers = (
            graph.outputs if graph is not None else tuple(-1 - i for i, _ in enumerate(signature.outputs))
        )
        tensors: list[Tensor] = []
        for number, space in zip(numbers, signature.outputs, strict=True):
            result = self._read(place, applied, number, space.axes)
            tensors.append(space.as_outputs(result.start))
        return tensors

    def hidden(self, wanted: Wanted, layer: str) -> Tensor:
        """A hidden tensor at a point; opaque where the point is."""
        signature = wanted.signature
        number, spec = signature.layers[layer]
        shape = spec.shape
        place = self._apply(wanted)
        if isinstance(place, Need):
            return opaque(shape, place)
        axes = tuple(map(Axis, elements_named(layer, shape)))
        result = self._read(place, self._applied[place], number, axes)
        return Tensor(shape, forms_of(result))

    def preactivations(self, wanted: Wanted) -> Tensor:
        """What all piecewise linear functions of the network get, flat; opaque where the point is, and where
        the network has smooth ones, which is an error."""
        place = self._apply(wanted)
        graph = wanted.signature.graph
        if isinstance(place, Need) or graph is None or graph.smooth:
            found = place if isinstance(place, Need) else wanted.need
            return opaque((1,), found)
        applied = self._applied[place]
        elements: list[Element] = []
        for node in graph.nodes:
            if isinstance(node.primitive, PiecewiseLinear):
                number = node.operands[0]
                spec = graph.value(number)
                axes = tuple(map(Axis, elements_named(spec.name, (spec.size,))))
                elements += forms_of(self._read(place, applied, number, axes))
        return Tensor((len(elements),), tuple(elements))

    def _read(
        self,
        place: int,
        applied: Applied,
        number: int,
        axes: tuple[Axis, ...],
        label: str | None = None,
    ) -> Result:
        if number not in applied.results:
            result = Result(place, number, self._outputs, axes, label, label is not None)
            applied.results[number] = result
            self._results.append(result)
            self._outputs += len(axes)
        return applied.results[number]

    def _apply(self, wanted: Wanted) -> int | Need:
        """The number of the application, made when there is none at this point; or what it would take."""
        signature = wanted.signature
        forms: list[tuple[Linear, ...]] = []
        for value, space in zip(wanted.values, signature.inputs, strict=True):
            form = encoded(value, space, wanted.need)
            if isinstance(form, Need):
                return form
            forms.append(form)
        # Nearly all are applied to a variable, and to each more than once: its forms need no hashing then.
        which = signature.use.label, signature.number
        met, place = self._quick.get((which, id(forms[0])), (None, 0))
        if met is forms[0] and len(forms) == 1:
            return place
        key = (which, tuple(forms))
        if key not in self._keys:
            sources: list[Source] = []
            for form, space in zip(forms, signature.inputs, strict=True):
                source = self._source(form, space, signature.use, wanted.need)
                if isinstance(source, Need):
                    return source
                sources.append(source)
            label = self._label(wanted, sources)
            self._keys[key] = place = len(self._parts)
            point = tuple(e for form in forms for e in form)
            applied = Applied(signature, tuple(sources), label, point, Appended(signature))
            self._parts.append(applied)
            self._applied[place] = applied
            self._read_outputs(place, applied)
        self._quick[which, id(forms[0])] = (forms[0], self._keys[key])
        return self._keys[key]

    def _read_outputs(self, place: int, applied: Applied) -> None:
        """All outputs come first, so that a counterexample shows them whatever the claim reads."""
        graph = applied.signature.graph
        if graph is not None:
            for number, space in zip(graph.outputs, applied.signature.outputs, strict=True):
                self._read(place, applied, number, space.axes)

    def _label(self, wanted: Wanted, sources: Sequence[Source]) -> str:
        """How a reader is told this application from others: `f(x)`."""
        names = [
            (self._blocks[source.block].name if isinstance(source, InputSource) else None)
            or clause_text(expr)
            for source, expr in zip(sources, wanted.written, strict=True)
        ]
        return f"{wanted.signature.label}({', '.join(names)})"

    # -- where an input comes from -------------------------------------------------------------------

    def _source(self, forms: tuple[Linear, ...], space: Space, use: NetworkUse, need: Need) -> Source | Need:
        block = self._same_block(forms)
        if block is not None:
            return InputSource(block)
        if all(form.is_constant for form in forms):
            return InputSource(self._tied(forms, space))
        forms = self._with_tied_constants(forms, space)
        if not is_dyadic(forms):
            if any(form.outputs for form in forms):
                problem = f"what `{use.label}` is applied to here comes through scalings that are not exact "
                return Need(Fragment.COMPOSITION, problem + "in binary", need.span)
            return InputSource(self._tied(forms, space))
        return self._affine(forms, space.shape)

    def _tied(self, forms: tuple[Linear, ...], space: Space) -> int:
        """A new block that equals `forms`."""
        start = self._block(None, space)
        for place, form in enumerate(forms):
            self._ties.append(Tie(start + place, form.inputs, form.constant))
        return len(self._blocks) - 1

    def _with_tied_constants(self, forms: tuple[Linear, ...], space: Space) -> tuple[Linear, ...]:
        """`forms`, with a tied input in the place of each that is a number that binary64 does not hold."""
        found: list[Linear] = []
        for form, axis in zip(forms, space.axes, strict=True):
            if not form.is_constant or is_dyadic((form,)):
                found.append(form)
                continue
            if form.constant not in self._constants:
                block = self._tied((form,), Space((1,), (Axis(axis.name),), None))
                self._constants[form.constant] = self._blocks[block].start
            found.append(Linear(ZERO, ((self._constants[form.constant], ONE),)))
        return tuple(found)

    # -- the end -------------------------------------------------------------------------------------

    @property
    def networks(self) -> tuple[NetworkUse, ...]:
        """The networks at work, each once."""
        return tuple({a.signature.use.label: a.signature.use for a in self._applied.values()}.values())

    def reads(self, index: int) -> bool:
        """Whether a value of the graph, and not the formulas alone, depends on the input `index`."""
        ties = (tie.terms for tie in self._ties)
        points = (form.inputs for applied in self._applied.values() for form in applied.point)
        said = any(i == index for terms in (*ties, *points) for i, _ in terms)
        return said or index in self._computed_from()

    @property
    def ties(self) -> tuple[Tie, ...]:
        return tuple(self._ties)

    def equations(self) -> All:
        """The ties as a condition."""
        forms = [
            difference(Linear(ZERO, ((tie.input, ONE),)), Linear(tie.constant, tie.terms))
            for tie in self._ties
        ]
        sides = (side for form in forms for side in (form, scaled(form, -ONE)))
        return All(
            tuple(
                LinearAtom(side.inputs, (), side.constant, False, _TIE_SOURCE)
                for side in sides
                if isinstance(side, Linear)
            )
        )

    def graph(self) -> Graph | None:
        """The graph: every block an input, every result an output in order; None when a file did not load."""
        parts: list[Part] = []
        for part in self._parts:
            if not isinstance(part, Applied):
                parts.append(Part(part.graph, part.sources, None))
                continue
            graph = part.appended.graph
            if graph is None:
                return None
            parts.append(Part(graph, part.sources, part.label))
        inputs = tuple(
            TensorSpec(block.name or f"tied_{number}", block.space.shape)
            for number, block in enumerate(self._blocks)
        )
        return assemble(inputs, tuple(parts), tuple((r.part, r.value) for r in self._results))

    def runs(self) -> tuple[NetworkRun, ...] | None:
        """How to run each network by itself; None when one is applied to another's outputs."""
        found: list[NetworkRun] = []
        for applied in self._applied.values():
            if any(form.outputs for form in applied.point):
                return None
            graph = applied.signature.graph
            starts = [applied.results[number].start for number in graph.outputs] if graph is not None else []
            point = tuple((form.inputs, form.constant) for form in applied.point)
            found.append(NetworkRun(applied.signature.use, point, min(starts, default=0)))
        return tuple(found)

    def frame(self) -> Frame:
        """How to show a point of the graph."""
        inputs = tuple(axis for block in self._blocks for axis in block.space.axes)
        outputs = tuple(axis for result in self._results for axis in result.axes)
        variables = tuple(Group(b.name, b.start, b.size) for b in self._blocks if b.name is not None)
        several = len(self._applied) > 1
        results: list[Group] = []
        for applied in self._applied.values():
            label = applied.label if several else applied.signature.label
            results += (Group(r.label or label, r.start, len(r.axes)) for r in applied.results.values())
        network = next((a.signature.use.label for a in self._applied.values()), "")
        variable = variables[0].name if variables else ""
        return Frame(network, variable, inputs, outputs, variables, tuple(results))
