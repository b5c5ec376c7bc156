"""What a formula is read in: the variables and regions of its claim, what it needs, and how much there is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from spec_lang._values import dataclass
from spec_lang.diagnostics import Span
from spec_lang.obligations.model import Condition
from spec_lang.semantics.terms.elements import Element, Fragment, Kink, Linear, Need
from spec_lang.semantics.terms.values import NetworkValue, Tensor
from spec_lang.syntax import ast

if TYPE_CHECKING:
    from spec_lang.semantics.formulas.translate import Translator


@dataclass(slots=True)
class PartCount:
    """Parts looked at so far, over all the formulas of one claim."""

    made: int = 0


class Surroundings(Protocol):
    """What a formula is read in: the claim's variables, regions and needs."""

    def inside(self, region: ast.Expr, point: Tensor, translator: Translator) -> Condition:
        """What it means for `point` to lie in `region`.  Raises `Rejected`."""

    def bind(self, binding: ast.Binding, rest: ast.Expr, translator: Translator) -> Tensor | NetworkValue:
        """A new variable, whose place in `rest` says what it is a point of.  Raises `Rejected`."""

    def beyond(self, need: Need) -> None:
        """Something that no backend takes."""

    def squares(self, forms: Sequence[Linear]) -> tuple[Element, ...] | None:
        """The squares of these forms; None where floats do not hold their coefficients."""

    def greater(self, kinks: Sequence[Kink]) -> tuple[Element | None, ...]:
        """Kinks that are the greater of two forms each, as values of the graph; None for another one, and for
        one whose numbers floats do not hold."""

    def uses(self, fragment: Fragment, span: Span) -> None:
        """Something that makes the claim less simple than linear, and that backends take."""

    def family_values(self, name: str) -> tuple[tuple[int, ...], ...]:
        """What the indices of a network family range over; none for another name."""
