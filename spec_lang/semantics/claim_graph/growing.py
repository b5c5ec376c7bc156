"""The graph of one claim as it grows: blocks of inputs, and values computed from them and from each other.

In: variables, and forms to be squared, in the order in which the formulas mention them.  Out: tensors and
forms over the flat inputs and outputs of the graph.  What is computed once is not computed again.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import count

from spec_lang.network.transform.assemble import AffineSource, InputSource
from spec_lang.obligations.model import Axis
from spec_lang.semantics.claim_graph.blocks import Applied, Block, Result
from spec_lang.semantics.claim_graph.signature import Space
from spec_lang.semantics.claim_graph.squares import Squares, normal, square_axes
from spec_lang.semantics.model import NetworkUse
from spec_lang.semantics.terms.elements import ONE, ZERO, Element, Linear
from spec_lang.semantics.terms.values import Tensor, elements_named


class Growing:
    """Blocks, and parts: networks applied, and squares."""

    __slots__ = ("_blocks", "_inputs", "_outputs", "_parts", "_results", "_squares")

    def __init__(self) -> None:
        self._blocks: list[Block] = []
        self._parts: list[Applied | Squares] = []
        self._results: list[Result] = []
        self._squares: dict[Linear, Linear] = {}
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
        if not roots:
            return
        block = self._same_block(roots)
        source = self._affine(roots, (len(roots),)) if block is None else InputSource(block)
        axes = square_axes(
            roots,
            [axis for block in self._blocks for axis in block.space.axes],
            [axis for result in self._results for axis in result.axes],
        )
        result = Result(len(self._parts), 1, self._outputs, axes)
        self._parts.append(Squares((source,), len(roots)))
        self._results.append(result)
        self._outputs += len(axes)
        self._squares.update(zip(roots, forms_of(result), strict=True))

    # -- where values come from ----------------------------------------------------------------------

    def _affine(self, forms: tuple[Linear, ...], shape: tuple[int, ...]) -> AffineSource:
        return AffineSource(
            tuple(form.inputs for form in forms),
            tuple(self._located(form) for form in forms),
            tuple(form.constant for form in forms),
            shape,
        )

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
