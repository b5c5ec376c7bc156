"""Families: the values of their indices, their members, and the members' names.

In: index bindings and, for those without a range or set, the expressions that use them.  Out: a `Family`, or
None once every mistake is logged.  A family without indices has one member.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import product
from math import prod
from typing import Final

from spec_lang._values import dataclass
from spec_lang.diagnostics import DiagnosticLog, Note, Span
from spec_lang.semantics import codes
from spec_lang.semantics.rejection import Rejected
from spec_lang.semantics.terms.expressions import Evaluator
from spec_lang.semantics.traverse import walk
from spec_lang.syntax import ast

# Larger families are a slip of the keyboard, and would fill the memory before anything is reported.
MAX_MEMBERS: Final = 100_000

# What an index runs over: a range as it is written, or the elements of a set in their order.
Values = range | tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Family:
    """Index names and their values, in order."""

    indices: tuple[str, ...] = ()
    ranges: tuple[Values, ...] = ()

    def members(self) -> Iterator[tuple[int, ...]]:
        """Every member, the last index running fastest; `()` alone when there are no indices."""
        return product(*self.ranges)

    def assignment(self, member: tuple[int, ...], span: Span) -> dict[str, ast.Expr]:
        """The indices of a member as numbers, for substitution."""
        numbers = (ast.Number(span, Fraction(value), str(value)) for value in member)
        return dict(zip(self.indices, numbers, strict=True))

    def fault(self, member: tuple[int, ...]) -> str | None:
        """Why this is not a member, as the end of a sentence about the family, or None."""
        if len(member) != len(self.indices):
            if not self.indices:
                return "is not a family and has no indices"
            noun = "index" if len(self.indices) == 1 else "indices"
            return f"has {len(self.indices)} {noun}, {len(member)} given"
        for name, values, value in zip(self.indices, self.ranges, member, strict=True):
            if value not in values:
                return f"has no member with {name} = {value}: {name} runs over {range_text(values)}"
        return None

    def values(
        self, member: tuple[int, ...], what: str, span: Span, log: DiagnosticLog
    ) -> dict[str, ast.Expr] | None:
        """`assignment`, for a member that the user wrote; None once it is reported that there is none."""
        fault = self.fault(member)
        if fault is not None:
            log.error(codes.MEMBER, f"{what} {fault}", span)
            return None
        return self.assignment(member, span)


def range_text(values: Values) -> str:
    """`1..5`, `{1, 3, 5}`."""
    if isinstance(values, range):
        return f"{values.start}..{values.stop - 1}"
    return f"{{{', '.join(map(str, values))}}}"


def member_name(name: str, member: tuple[int, ...]) -> str:
    """`p[1,1]`; `p` when there is no family."""
    return f"{name}[{','.join(map(str, member))}]" if member else name


def read_family(
    bindings: Sequence[ast.IndexBinding],
    evaluator: Evaluator,
    uses: Sequence[ast.Expr],
    families: Mapping[str, Family],
) -> Family | None:
    """The family that `bindings` declare.

    An index without values takes those of the family, among `families`, that it indexes in `uses`.
    """
    names: list[str] = []
    ranges: list[Values] = []
    fine = True
    for binding in bindings:
        if binding.name.text in names:
            evaluator.log.error(
                codes.DUPLICATE, f"the index `{binding.name.text}` is declared twice", binding.name.span
            )
            fine = False
            continue
        names.append(binding.name.text)
        try:
            if binding.values is not None:
                ranges.append(_written(binding.values, evaluator))
            else:
                ranges.append(_inferred(binding.name, evaluator, uses, families))
        except Rejected:
            fine = False
    size = prod(map(_count, ranges))
    if size > MAX_MEMBERS:
        problem = f"this family has {size:,} members; the limit is {MAX_MEMBERS:,}"
        evaluator.log.error(codes.INDEX_RANGE, problem, bindings[0].span.to(bindings[-1].span))
        fine = False
    return Family(tuple(names), tuple(ranges)) if fine else None


def _count(values: Values) -> int:
    """The number of values; `len` of a range ends at 2⁶³."""
    return values.stop - values.start if isinstance(values, range) else len(values)


def _written(values: ast.IndexRange | ast.IndexSet, evaluator: Evaluator) -> Values:
    if isinstance(values, ast.IndexSet):
        return _set(values, evaluator)
    first = evaluator.integer(values.first, "the start of a range")
    last = evaluator.integer(values.last, "the end of a range")
    result = range(first, last if values.exclusive else last + 1)
    if result.stop <= result.start:
        dots = "..<" if values.exclusive else ".."
        raise evaluator.reject(codes.INDEX_RANGE, f"the range {first}{dots}{last} is empty", values.span)
    return result


def _set(values: ast.IndexSet, evaluator: Evaluator) -> tuple[int, ...]:
    found: dict[int, Span] = {}
    fine = True
    for element in values.elements:
        value = evaluator.integer(element, "an element of a set")
        if value in found:
            notes = (Note("here it is first", found[value]),)
            problem = f"the set of the index has {value} twice"
            evaluator.log.error(codes.INDEX_SET, problem, element.span, "leave one of them out", notes)
            fine = False
        found.setdefault(value, element.span)
    if not fine:
        raise Rejected
    return tuple(found)


def _is_lost(name: ast.Name, evaluator: Evaluator) -> bool:
    """Whether a mistake in the declaration of `name`, or its absence, has been reported."""
    unknown = (problem.span for problem in evaluator.log if problem.code == codes.UNKNOWN_NAME)
    return evaluator.is_broken(name.text) or name.span in unknown


def _inferred(
    name: ast.Name, evaluator: Evaluator, uses: Sequence[ast.Expr], families: Mapping[str, Family]
) -> Values:
    found: dict[Values, Span] = {}
    indexed = [
        (node.base, [isinstance(i, ast.Name) and i.text == name.text for i in node.indices], node.span)
        for use in uses
        for node in walk(use)
        if isinstance(node, ast.Index) and isinstance(node.base, ast.Name)
    ]
    for base, places, span in indexed:
        ranges = families[base.text].ranges if base.text in families else ()
        for values, here in zip(ranges, places, strict=False):
            if here:
                found.setdefault(values, span)
    if len(found) == 1 or len({tuple(values) for values in found}) == 1:
        return next(iter(found))
    if not found and any(any(places) and _is_lost(base, evaluator) for base, places, _ in indexed):
        raise Rejected  # it would have a range, had that family been understood
    fix = f"write it: `{name.text} in 1..5`"
    if not found:
        problem = f"the index `{name.text}` has no range, and no family that it indexes gives it one"
        raise evaluator.reject(codes.INDEX_UNDETERMINED, problem, name.span, fix)
    problem = f"the index `{name.text}` has no range, and the families that it indexes have different ones"
    notes = tuple(Note(f"here it runs over {range_text(values)}", span) for values, span in found.items())
    raise evaluator.reject(codes.INDEX_UNDETERMINED, problem, name.span, fix, notes)
