"""Measures: what is asked for, how precisely, and the formula that a threshold stands for.

In: the quantity that a measure asks for, and the context of a claim that the quantity is read in.  Out: an
`Asked`, whose formulas are closed claims once a threshold is given.  For `largest r` it is seen to, over the
atoms of the claim with `r` as a variable, that what holds for one `r` holds for all smaller ones: one proof
and one counterexample enclose the number then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Final

from spec_lang._values import dataclass
from spec_lang.diagnostics import InternalError
from spec_lang.obligations.model import Condition, atoms
from spec_lang.semantics import codes
from spec_lang.semantics.context import Context
from spec_lang.semantics.formulas.clauses import clause_text
from spec_lang.semantics.formulas.indices import is_index
from spec_lang.semantics.formulas.translate import Translator
from spec_lang.semantics.model import Precision
from spec_lang.semantics.names.scope import ComparedMeasure
from spec_lang.semantics.rejection import Rejected
from spec_lang.semantics.terms.elements import Element, Fragment, Linear, Need
from spec_lang.semantics.traverse import substitute, walk
from spec_lang.semantics.wording import describe
from spec_lang.syntax import ast

_DEFAULT: Final = Precision(Fraction(1, 100), relative=True, said=False)
_AT_MOST: Final = {ast.Comparison.LE, ast.Comparison.LT}
_AT_LEAST: Final = {ast.Comparison.GE, ast.Comparison.GT}


@dataclass(frozen=True, slots=True)
class Asked:
    """A quantity with its indices filled in; `body` is the value with its bindings, or the claim."""

    quantity: ast.Optimum | ast.Radius
    body: ast.Expr
    precision: Precision
    value: Element | None = None
    unit: str | None = None
    interval: tuple[Fraction, Fraction] | None = None

    @property
    def words(self) -> str:
        """What is measured, as the user wrote it."""
        if isinstance(self.quantity, ast.Radius):
            return self.quantity.variable.text
        return clause_text(self.body.body if isinstance(self.body, ast.Quantified) else self.body)

    def formula(self, relation: ast.Comparison, threshold: Fraction) -> ast.Expr:
        """The claim of a threshold."""
        number = ast.Number(self.quantity.span, threshold, str(threshold))
        if isinstance(self.quantity, ast.Radius):
            return substitute(self.body, {self.quantity.variable.text: number})
        return self._compared(((relation, number),))

    def shown(self) -> ast.Expr:
        """The claim with names in the place of thresholds, for readers."""
        if isinstance(self.quantity, ast.Radius):
            return self.body
        span = self.quantity.span
        lower, upper = ast.Name(span, "lower"), ast.Name(span, "upper")
        most = ((ast.Comparison.LE, upper),)
        match self.quantity.extreme:
            case ast.Extreme.MAX:
                return self._compared(most)
            case ast.Extreme.MIN:
                return self._compared(((ast.Comparison.GE, lower),))
            case ast.Extreme.RANGE:
                return self._compared(most, lower)

    def _compared(
        self, rest: tuple[tuple[ast.Comparison, ast.Expr], ...], least: ast.Expr | None = None
    ) -> ast.Expr:
        whole = self.body
        if not isinstance(whole, ast.Quantified):
            raise InternalError("a measure over points without points")
        chain = ast.Compare(whole.body.span, whole.body, rest)
        if least is not None:
            chain = ast.Compare(chain.span, least, ((ast.Comparison.LE, whole.body), *rest))
        return ast.Quantified(whole.span, whole.quantifier, whole.bindings, chain)


def read_measure(
    quantity: ast.Optimum | ast.Radius, values: Mapping[str, ast.Expr], context: Context
) -> Asked:
    """What the measure asks for.  Raises `Rejected`."""
    precision = _precision(quantity.precision, values, context.translator)
    if isinstance(quantity, ast.Optimum):
        return _optimum(quantity, values, context, precision)
    return _radius(quantity, values, context, precision)


def read_compared(
    compared: ComparedMeasure, values: Mapping[str, ast.Expr], context: Context
) -> tuple[Need, ...]:
    """What keeps a measure that a claim compares with a number from being measured.

    Raises `Rejected` where there is no such measure, or it is never such a number.
    """
    measure, evaluator = compared.measure, context.translator.evaluator
    name = measure.declaration.name.text
    if measure.quantity is None or isinstance(measure.quantity, ast.Count | ast.Share):
        raise InternalError("a measure without a quantity that claims compare")
    member = [evaluator.integer(substitute(index, values), "an index") for index in compared.indices]
    assigned = measure.family.values(tuple(member), f"`{name}`", compared.span, context.log)
    if assigned is None:
        raise Rejected
    interval = read_measure(measure.quantity, assigned, context).interval
    if interval is not None:
        low, high = interval
        number = evaluator.number(substitute(compared.number, values), "what a measure is compared with")
        if not low <= number <= high:
            problem = f"`{name}` lies between {low} and {high}, and is compared with {number}"
            raise evaluator.reject(codes.COMPARED, problem, compared.span, "make the interval larger")
    return tuple(need for need in context.needs if need.fragment is Fragment.MEASURE)


def _optimum(
    quantity: ast.Optimum, values: Mapping[str, ast.Expr], context: Context, precision: Precision
) -> Asked:
    whole = ast.Quantified(quantity.span, ast.Quantifier.FORALL, quantity.bindings, quantity.value)
    filled = substitute(whole, values)
    if not isinstance(filled, ast.Quantified):  # pragma: no cover - substitution keeps the form
        raise Rejected
    translator = context.translator
    for binding in filled.bindings:
        if is_index(binding):
            name = binding.variable.text
            problem = f"`{name}` is an index here, and a measure is taken over points"
            fix = f"measure each by itself: `measure name[{name} in …] = …`"
            raise translator.evaluator.reject(codes.KIND, problem, binding.span, fix)
        point = context.bind(binding, filled.body, translator)
        translator.region_of(binding, point)
        translator = translator.with_name(binding.variable.text, point)
    value = translator.evaluator.tensor(filled.body)
    if value.size != 1:
        problem = f"a measure is of one number; this is {describe(value)}"
        fix = "say which element, or take its `norm(…, linf)`"
        raise translator.evaluator.reject(codes.DIMENSION, problem, filled.body.span, fix)
    unit = value.units[0] if value.units is not None else None
    return Asked(quantity, filled, precision, value.elements[0], unit)


def _radius(
    quantity: ast.Radius, values: Mapping[str, ast.Expr], context: Context, precision: Precision
) -> Asked:
    evaluator = context.translator.evaluator
    lower, upper = (
        evaluator.number(substitute(end, values), f"the {word} end of the interval")
        for end, word in ((quantity.lower, "lower"), (quantity.upper, "upper"))
    )
    if lower >= upper:
        problem = f"`{quantity.variable.text}` ranges over nothing: {lower} is not below {upper}"
        raise evaluator.reject(codes.DOMAIN, problem, quantity.lower.span.to(quantity.upper.span))
    variable = quantity.variable.text
    claim = substitute(quantity.claim, {n: v for n, v in values.items() if n != variable})
    place = context.applications.free(variable, ())
    fails = context.translator.with_name(variable, place).condition(claim, False)
    unread = bool(context.needs) or context.applications.reads(_index_of(place.elements[0]))
    context.needs.clear()  # what a variable `r` would need, a number in its place may not
    if not _goes_one_way(quantity, claim, fails, _index_of(place.elements[0]), unread):
        way = "smaller" if quantity.threshold is ast.Threshold.LARGEST else "greater"
        problem = f"it is not seen that what this says of one `{variable}` holds for all {way} ones"
        context.beyond(Need(Fragment.MEASURE, problem, quantity.claim.span))
    return Asked(quantity, claim, precision, interval=(lower, upper))


def _index_of(place: Element) -> int:
    if not isinstance(place, Linear):
        raise InternalError("a variable is not linear in itself")
    return place.inputs[0][0]


def _goes_one_way(quantity: ast.Radius, claim: ast.Expr, fails: Condition, index: int, unread: bool) -> bool:
    """Whether the claim falls as the variable grows, for `largest`; or rises, for `smallest`.

    It falls where every atom of its negation stays true: `a + k·r <= 0` with `k <= 0`, as negations stand at
    the atoms alone.  Where the atoms do not say all, it does where only radii of balls that the claim
    quantifies over speak of it, or the lesser side of its comparison alone; it rises where the greater does.
    """
    largest = quantity.threshold is ast.Threshold.LARGEST
    if unread:
        name = quantity.variable.text
        return (largest and _only_radii(claim, name)) or _only_limit(claim, name, below=largest)
    slopes = (c for atom in atoms(fails) for i, c in atom.inputs if i == index)
    return all(slope <= 0 if largest else slope >= 0 for slope in slopes)


def _only_radii(claim: ast.Expr, variable: str) -> bool:
    """Whether all mentions of a variable are radii of the outermost quantified balls."""
    radii = list(_radii(claim, variable))
    mentions = [n for n in walk(claim) if isinstance(n, ast.Name) and n.text == variable]
    return len(mentions) == len(radii)


def _only_limit(claim: ast.Expr, variable: str, *, below: bool) -> bool:
    """Whether the one mention of a variable is the right side of the claim's comparison, or a factor there
    besides a norm: `below` it is to be that which is not the greater."""
    mentions = [n for n in walk(claim) if isinstance(n, ast.Name) and n.text == variable]
    while True:
        match claim:
            case ast.Quantified(quantifier=ast.Quantifier.FORALL):
                claim = claim.body
            case ast.Implies():
                claim = claim.conclusion
            case ast.Compare(rest=((relation, limit),)):
                ways = _AT_LEAST if below else _AT_MOST
                return relation in ways and len(mentions) == 1 and _grows(limit, variable)
            case _:
                return False


def _grows(limit: ast.Expr, variable: str) -> bool:
    """Whether an expression is a variable, or that times what is not negative."""
    factors = limit.factors if isinstance(limit, ast.Product) else ((False, limit),)
    alone = [factor for _, factor in factors if isinstance(factor, ast.Name) and factor.text == variable]
    sizes = sum(_is_size(factor) for _, factor in factors)
    return len(alone) == 1 and sizes == len(factors) - 1 and not any(divided for divided, _ in factors)


def _is_size(factor: ast.Expr) -> bool:
    match factor:
        case ast.Call(function=ast.Name(text="norm" | "abs")):
            return True
    return False


def _radii(claim: ast.Expr, variable: str) -> Iterator[ast.Expr]:
    while isinstance(claim, ast.Quantified) and claim.quantifier is ast.Quantifier.FORALL:
        for binding in claim.bindings:
            match binding.domain:
                case ast.Call(function=ast.Name(text="ball"), arguments=(_, radius, *_)):
                    if isinstance(radius.value, ast.Name) and radius.value.text == variable:
                        yield radius.value
        claim = claim.body


def _precision(
    precision: ast.Expr | None, values: Mapping[str, ast.Expr], translator: Translator
) -> Precision:
    if precision is None:
        return _DEFAULT
    evaluator = translator.evaluator
    filled = substitute(precision, values)
    width = evaluator.number(filled, "a precision")
    if width <= 0:
        problem = "a precision is greater than 0"
        raise evaluator.reject(codes.PRECISION, problem, precision.span, "write `to 1 %` or `to 0.001`")
    return Precision(width, relative=isinstance(filled, ast.Number) and filled.unit == "%")
