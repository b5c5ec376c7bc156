"""Claims that compare a measure with a number: `claim safe: worst_gap <= 0.05`.

In: a claim's body in the core language, and the measures of its file.  Out: the body with the formula that
each comparison stands for in its place, and what is left to be checked of the measures and numbers.  A
comparison speaks of the values, or of the numbers for which a claim holds: where no value is the greatest,
`<` and `>=` say less, and more, of the least upper bound.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from spec_lang._values import dataclass
from spec_lang.diagnostics import DiagnosticLog, Note, Span
from spec_lang.semantics import codes
from spec_lang.semantics.formulas.clauses import clause_text
from spec_lang.semantics.names.scope import ClaimFamily, ComparedMeasure
from spec_lang.semantics.rejection import Rejected
from spec_lang.semantics.traverse import bound_names, mentioned, rebuild, substitute
from spec_lang.syntax import ast

_MIRRORED: Final[Mapping[ast.Comparison, ast.Comparison]] = {
    ast.Comparison.LE: ast.Comparison.GE,
    ast.Comparison.LT: ast.Comparison.GT,
    ast.Comparison.GE: ast.Comparison.LE,
    ast.Comparison.GT: ast.Comparison.LT,
}
_OTHER: Final[Mapping[ast.Comparison, ast.Comparison]] = {
    ast.Comparison.LE: ast.Comparison.LT,
    ast.Comparison.LT: ast.Comparison.LE,
    ast.Comparison.GE: ast.Comparison.GT,
    ast.Comparison.GT: ast.Comparison.GE,
}
_UPWARDS: Final = (ast.Comparison.GE, ast.Comparison.GT)
_NUMBER: Final = "the number"  # no name of a spec: it stands for what is compared with

_ALL, _SOME = ast.Quantifier.FORALL, ast.Quantifier.EXISTS
_Bound = frozenset[str]


@dataclass(frozen=True, slots=True)
class WrittenOut:
    """A claim's body in the core language, and the measures that it compares."""

    body: ast.Expr
    compared: tuple[ComparedMeasure, ...]


def compares(body: ast.Expr, measures: frozenset[str]) -> bool:
    """Whether a body may speak of one of these measures."""
    return bool(measures) and not measures.isdisjoint(mentioned(body))


def write_out(
    body: ast.Expr,
    measures: frozenset[str],
    family_of: Callable[[str], ClaimFamily | None],
    log: DiagnosticLog,
) -> WrittenOut:
    """`body` without its comparisons of `measures`.  Raises `Rejected`."""
    writer = _Writer(measures, family_of, log)
    written = writer.visit(body, frozenset())
    writer.check_quantifiers()
    return WrittenOut(written, tuple(writer.compared))


class _Writer:
    def __init__(
        self, measures: frozenset[str], family_of: Callable[[str], ClaimFamily | None], log: DiagnosticLog
    ) -> None:
        self._measures = measures
        self._family_of = family_of
        self._log = log
        self._said: dict[ast.Quantifier, Span] = {}
        self.compared: list[ComparedMeasure] = []

    def visit(self, expr: ast.Expr, bound: _Bound) -> ast.Expr:
        name = self._measure(expr, bound)
        if name is not None:
            raise self._misused(name)
        match expr:
            case ast.Compare(first=first, rest=rest):
                if any(self._measure(side, bound) for side in (first, *(side for _, side in rest))):
                    return self._chain(expr, bound)
            case ast.Not(operand=operand):
                written = self.visit(operand, bound)
                return expr if written is operand else negation(written)
            case _:
                pass
        inner = bound | {name.text for name in bound_names(expr)}
        return rebuild(expr, lambda part: self.visit(part, inner))

    def check_quantifiers(self) -> None:
        """Reports comparisons of which some say that all points do something, and others that one does."""
        if len(self._said) == 2:
            problem = "this says that all values do something, and that there is one that does another thing"
            notes = (Note("this says it of all", self._said[_ALL]),)
            fix = "write a claim for each of the comparisons"
            self._log.error(codes.COMPARED, problem, self._said[_SOME], fix, notes)
            raise Rejected

    # -- what is a measure -----------------------------------------------------------------------------

    def _measure(self, expr: ast.Expr, bound: _Bound) -> ast.Name | None:
        """The name of the measure that `expr` is, or is a member of."""
        match expr:
            case (ast.Name() as name) | ast.Index(base=ast.Name() as name):
                return name if name.text in self._measures and name.text not in bound else None
            case _:
                return None

    def _misused(self, name: ast.Name) -> Rejected:
        problem = f"`{name.text}` is a measure, which is compared with a number, and not computed with"
        fix = f"write `{name.text} <= 0.1`, or use its formula"
        self._log.error(codes.MEASURE_USE, problem, name.span, fix)
        return Rejected()

    # -- comparisons -----------------------------------------------------------------------------------

    def _chain(self, chain: ast.Compare, bound: _Bound) -> ast.Expr:
        sides = (chain.first, *(side for _, side in chain.rest))
        parts: list[ast.Expr] = []
        for place, (relation, right) in enumerate(chain.rest):
            left = sides[place]
            first, second = self._measure(left, bound), self._measure(right, bound)
            if first is not None and second is not None:
                problem = f"`{first.text}` and `{second.text}` are measures; one is compared with a number"
                fix = "give the difference of their formulas a measure of its own"
                self._log.error(codes.MEASURE_USE, problem, chain.span, fix)
                raise Rejected
            if first is not None:
                parts.append(self._pair((left, relation, right), first, chain.span, bound))
            elif second is not None:
                turned = _MIRRORED.get(relation, relation)
                parts.append(self._pair((right, turned, left), second, chain.span, bound))
            else:
                pair = ast.Compare(chain.span, left, ((relation, right),))
                parts.append(rebuild(pair, lambda part: self.visit(part, bound)))
        return parts[0] if len(parts) == 1 else ast.And(chain.span, tuple(parts))

    def _pair(
        self, pair: tuple[ast.Expr, ast.Comparison, ast.Expr], name: ast.Name, span: Span, bound: _Bound
    ) -> ast.Expr:
        measure, relation, number = pair
        if relation not in _MIRRORED:
            problem = f"a measure is compared by `<`, `<=`, `>` or `>=`, not by `{relation.value}`"
            self._log.error(codes.COMPARED, problem, span, f"write `{name.text} <= {clause_text(number)}`")
            raise Rejected
        number = self.visit(number, bound)
        family = self._family_of(name.text)
        if family is None or family.quantity is None:
            raise Rejected  # what is wrong with it has been reported
        indices = measure.indices if isinstance(measure, ast.Index) else ()
        values = self._indices(family, name, indices, span)
        found = ComparedMeasure(family, tuple(values.values()), number, span)
        self.compared.append(found)
        if isinstance(family.quantity, ast.Count | ast.Share):
            problem = f"`{name.text}` counts linear regions, and no claim says how many there are"
            if isinstance(family.quantity, ast.Share):
                problem = f"`{name.text}` is a share of data, which no claim is about"
            self._log.error(codes.COMPARED, problem, span, "read its bracket in the report")
            raise Rejected
        if isinstance(family.quantity, ast.Optimum):
            return self._optimum(family.quantity, relation, number, values)
        return self._radius(found, relation, bound)

    def _indices(
        self,
        family: ClaimFamily,
        name: ast.Name,
        given: tuple[ast.Expr | ast.Slice, ...],
        span: Span,
    ) -> dict[str, ast.Expr]:
        names = family.family.indices
        written = [index for index in given if not isinstance(index, ast.Slice)]
        if len(written) != len(given) or len(given) != len(names):
            listed = ", ".join(names)
            problem = f"`{name.text}` is {'a family of measures' if names else 'one measure'}"
            fix = f"write `{name.text}`" if not names else f"say which member: `{name.text}[{listed}]`"
            self._log.error(codes.MEMBER, problem, span, fix)
            raise Rejected
        return dict(zip(names, written, strict=True))

    def _optimum(
        self,
        quantity: ast.Optimum,
        relation: ast.Comparison,
        number: ast.Expr,
        values: Mapping[str, ast.Expr],
    ) -> ast.Expr:
        """`max e <= c`: all values are; `max e >= c`: one is.  A range is compared as a whole."""
        upwards = relation in _UPWARDS
        some = upwards if quantity.extreme is ast.Extreme.MAX else not upwards
        quantifier = _SOME if some and quantity.extreme is not ast.Extreme.RANGE else _ALL
        limit = ast.Name(number.span, _NUMBER)
        pair = ast.Compare(quantity.value.span, quantity.value, ((relation, limit),))
        whole = ast.Quantified(quantity.span, quantifier, quantity.bindings, pair)
        self._said.setdefault(quantifier, number.span)
        return substitute(whole, {**values, _NUMBER: number})

    def _radius(self, found: ComparedMeasure, relation: ast.Comparison, bound: _Bound) -> ast.Expr:
        """`largest r with C(r) >= c`: C(c), as all that is less than a number for which it holds is one, too;
        `< c` that C(c) fails."""
        quantity, number = found.measure.quantity, found.number
        if not isinstance(quantity, ast.Radius):
            raise Rejected
        points = sorted(mentioned(number) & bound)
        if points:
            problem = f"`{clause_text(number)}` depends on `{points[0]}`, and a measure is one number"
            self._log.error(codes.COMPARED, problem, number.span, "write the number")
            raise Rejected
        largest = quantity.threshold is ast.Threshold.LARGEST
        holds = ast.Comparison.GE if largest else ast.Comparison.LE
        fails = ast.Comparison.LT if largest else ast.Comparison.GT
        if relation not in (holds, fails):
            raise self._beyond(found, relation, largest=largest)
        values = dict(zip(found.measure.family.indices, found.indices, strict=True))
        formula = substitute(quantity.claim, {**values, quantity.variable.text: number})
        formula = formula if relation is holds else negation(formula)
        if isinstance(formula, ast.Quantified):
            self._said.setdefault(formula.quantifier, number.span)
        return formula

    def _beyond(self, found: ComparedMeasure, relation: ast.Comparison, *, largest: bool) -> Rejected:
        """Logs that a comparison speaks of all numbers on one side, or of one of them that is not named."""
        beyond = "greater" if largest else "smaller"
        some = (relation in _UPWARDS) is largest
        which = f"holds with some {beyond} number" if some else f"fails with every {beyond} number"
        name, number = found.measure.declaration.name.text, clause_text(found.number)
        problem = f"`{name} {relation.value} {number}` says that the claim {which}, which is not one claim"
        self._log.error(
            codes.COMPARED, problem, found.span, f"write `{name} {_OTHER[relation].value} {number}`"
        )
        return Rejected()


def negation(formula: ast.Expr) -> ast.Expr:
    """Where `formula` fails: the quantifiers that it begins with turned, and the rest negated."""
    match formula:
        case ast.Quantified(quantifier=quantifier, body=body):
            other = _SOME if quantifier is _ALL else _ALL
            return ast.Quantified(formula.span, other, formula.bindings, negation(body))
        case ast.Not(operand=operand):
            return operand
        case _:
            return ast.Not(formula.span, formula)
