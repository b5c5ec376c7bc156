"""The graph of one claim as it grows: blocks of inputs, and values computed from them and from each other.

In: variables, and forms to be squared or to have their positive parts taken, in the order in which the
formulas mention them.  Out: tensors and forms over the flat inputs and outputs of the graph.  What is
computed once is not computed again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import count

from spec_lang.network.primitives import RELU, PiecewiseLinear, Smooth
from spec_lang.network.transform.assemble import AffineSource, InputSource
from spec_lang.obligations.model import Axis
from spec_lang.semantics.claim_graph.blocks import Applied, Block, Computed, Result
from spec_lang.semantics.claim_graph.positives import Ramp, of_two, positive, positive_axes, with_positive
from spec_lang.semantics.claim_graph.signature import Space
from spec_lang.semantics.claim_graph.squares import Squares, normal, square_axes
from spec_lang.semantics.model import NetworkUse
from spec_lang.semantics.terms.elements import ONE, ZERO, Element, Kink, Linear
from spec_lang.semantics.terms.values import Tensor, elements_named


class Growing:
    """Blocks, and parts: networks applied, squares and positive parts."""

    __slots__ = ("_blocks", "_inputs", "_outputs", "_parts", "_results", "_squares")

    def __init__(self) -> None:
        self._blocks: list[Block] = []
        self._parts: list[Applied | Computed] = []
        self._results: list[Result] = []
        self._squares: dict[Linear | Ramp, Linear] = {}  # and positive parts
        self._inputs = 0
        self._outputs = 0

    # -- variables -----------------------------------------------------------------------------------

    def variable(self, name: str, space: Space, use: NetworkUse) -> Tensor:
        """A point of a network's input space."""
        return space.as_inputs(self._block(name, space), use)

    def free(self, name: str, shape: tuple[int, ...]) -> Tensor:
        """A tensor of numbers that belong to no network."""
        names = elements_named(name, shape) if shape else (name,)
        space = Space(shape, tuple(Axis(word) for word in names), None)
        return space.as_inputs(self._block(name, space), None)

    def _block(self, name: str | None, space: Space) -> int:
        taken = {block.name for block in self._blocks}
        if name is not None and name in taken:  # by a variable of another part of the formula
            name = next(n for n in (f"{name}_{k}" for k in count(2)) if n not in taken)
        block = Block(name, self._inputs, space)
        self._blocks.append(block)
        self._inputs += space.size
        return block.start

    # -- squares ---------------------------------------------------------------------------------------

    def squares(self, forms: Sequence[Linear]) -> tuple[Element, ...] | None:
        """The squares of these forms, as forms over a graph that computes them; None where floats do not hold
        the coefficients of one."""
        found = [None if form.is_constant else normal(form) for form in forms]
        if any(each is None and not form.is_constant for each, form in zip(found, forms, strict=True)):
            return None
        roots = [each.root for each in found if each is not None]
        self._square(tuple(root for root in dict.fromkeys(roots) if root not in self._squares))
        return tuple(
            Linear(form.constant**2) if each is None else each.squared(self._squares[each.root])
            for form, each in zip(forms, found, strict=True)
        )

    def _square(self, roots: tuple[Linear, ...]) -> None:
        """New values of the graph, the squares of `roots`."""
        if roots:
            found = self._computed(roots, Smooth.SQUARE, square_axes)
            self._squares.update(zip(roots, found, strict=True))

    def _computed(
        self,
        roots: tuple[Linear, ...],
        function: Smooth | PiecewiseLinear,
        named: Callable[..., tuple[Axis, ...]],
    ) -> tuple[Linear, ...]:
        """New values of the graph, a function of `roots`."""
        block = self._same_block(roots)
        source = self._affine(roots, (len(roots),)) if block is None else InputSource(block)
        axes = named(
            roots,
            [axis for block in self._blocks for axis in block.space.axes],
            [axis for result in self._results for axis in result.axes],
        )
        return self._made(Squares((source,), len(roots), function), 1, axes)

    def _made(self, part: Computed, value: int, axes: tuple[Axis, ...]) -> tuple[Linear, ...]:
        """The elements of a value of a new part."""
        derived = {(r.part, r.value) for r in self._results if r.derived}
        located = (o for s in part.sources if isinstance(s, AffineSource) for row in s.outputs for o in row)
        is_derived = any((other, number) in derived for other, number, _, _ in located)
        result = Result(len(self._parts), value, self._outputs, axes, None, is_derived)
        self._parts.append(part)
        self._results.append(result)
        self._outputs += len(axes)
        return forms_of(result)

    def greater(self, kinks: Sequence[Kink]) -> tuple[Element | None, ...]:
        """Kinks that are the greater of two forms each, as forms over a graph that computes their positive
        parts; None for another one, and for one whose numbers floats do not hold."""
        pairs = [of_two(kink) for kink in kinks]
        found = [None if pair is None else positive(pair[0]) for pair in pairs]
        roots = dict.fromkeys(each.root for each in found if each is not None)
        new = tuple(root for root in roots if Ramp(root) not in self._squares)
        if new:
            forms = self._computed(new, RELU, positive_axes)
            self._squares.update((Ramp(root), form) for root, form in zip(new, forms, strict=True))
        return tuple(
            None
            if pair is None or each is None
            else with_positive(pair[1], each, self._squares[Ramp(each.root)])
            for pair, each in zip(pairs, found, strict=True)
        )

    # -- where values come from ----------------------------------------------------------------------

    def _affine(self, forms: tuple[Linear, ...], shape: tuple[int, ...]) -> AffineSource:
        return AffineSource(
            tuple(form.inputs for form in forms),
            tuple(self._located(form) for form in forms),
            tuple(form.constant for form in forms),
            shape,
        )

    def _computed_from(self) -> Iterator[int]:
        """The inputs that values of the claim itself are computed from."""
        for part in self._parts:
            for source in () if isinstance(part, Applied) else part.sources:
                if isinstance(source, AffineSource):
                    yield from (index for terms in source.inputs for index, _ in terms)
                else:
                    block = self._blocks[source.block]
                    yield from range(block.start, block.start + block.size)

    def _is_derived(self, form: Linear) -> bool:
        """Whether a gradient or a probability is in `form`."""
        places = [(r.start, r.start + len(r.axes)) for r in self._results if r.derived]
        return any(start <= index < end for index, _ in form.outputs for start, end in places)

    def _same_block(self, forms: tuple[Linear, ...]) -> int | None:
        """The block whose inputs `forms` are, in order."""
        for number, block in enumerate(self._blocks):
            if block.size == len(forms) and all(
                form == Linear(ZERO, ((block.start + i, ONE),)) for i, form in enumerate(forms)
            ):
                return number
        return None

    def _located(self, form: Linear) -> tuple[tuple[int, int, int, Fraction], ...]:
        """The outputs in `form` as (part, value, offset, coefficient)."""
        found: list[tuple[int, int, int, Fraction]] = []
        for index, coefficient in form.outputs:
            result = next(r for r in self._results if r.start <= index < r.start + len(r.axes))
            found.append((result.part, result.value, index - result.start, coefficient))
        return tuple(found)


def forms_of(result: Result) -> tuple[Linear, ...]:
    """Its elements."""
    return tuple(Linear(ZERO, (), ((result.start + i, ONE),)) for i in range(len(result.axes)))
