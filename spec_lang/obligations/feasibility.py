"""Is a conjunction of linear atoms satisfiable?  Exact, with evidence either way.

In: atoms over inputs and outputs, strict and closed.  Out: a `Point` that satisfies all of them, or a
`Clash`: rows and non-negative multipliers that add up to a contradiction (Farkas).  Method: the general
simplex of Dutertre & de Moura (CAV 2006) over delta-rationals, with Bland's rule, so that it always ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Final

from spec_lang._values import dataclass
from spec_lang.diagnostics import InternalError
from spec_lang.obligations.model import LinearAtom

_ZERO: Final = Fraction(0)
_ONE: Final = Fraction(1)

# `r + d·δ` for an infinitesimal δ > 0; tuples compare lexicographically, which is the order that is meant.
_Delta = tuple[Fraction, Fraction]

# An input (False, i) or an output (True, i).
_Variable = tuple[bool, int]


@dataclass(frozen=True, slots=True)
class Point:
    """A satisfying point; variables that no atom mentions are left out."""

    inputs: dict[int, Fraction]
    outputs: dict[int, Fraction]


@dataclass(frozen=True, slots=True)
class Clash:
    """`Σ multiplier · row` says `c <= 0` with `c > 0`, or `c < 0` with `c >= 0`; multipliers are positive."""

    rows: tuple[LinearAtom, ...]
    multipliers: tuple[Fraction, ...]


# Coefficients that pivots may change before the answer is `None`: about a second.  Exact coefficients grow
# with every pivot, so a large dense system could otherwise run for hours.
MAX_WORK: Final = 100_000


def decide(rows: Sequence[LinearAtom], work: int = MAX_WORK) -> Point | Clash | None:
    """A point that satisfies every row, or the reason why there is none; exact.  None after `work`.

    Rows over one variable cost no pivot, and no work.
    """
    tableau = _Tableau(work)
    for row in rows:
        clash = tableau.add(row)
        if clash is not None:
            return _checked(clash)
    result = tableau.solve()
    if isinstance(result, Clash):
        return _checked(result)
    return result


@dataclass(frozen=True, slots=True)
class _Bound:
    """A limit of one variable, and the row that imposes it: `scale · row` is `±(variable − value)`."""

    value: _Delta
    row: LinearAtom
    scale: Fraction


class _Tableau:
    """Variables are numbered; `_rows` gives each basic one as a combination of non-basic ones."""

    __slots__ = ("_forms", "_lower", "_numbers", "_rows", "_upper", "_values", "_work")

    def __init__(self, work: int) -> None:
        self._work = work
        self._numbers: dict[_Variable, int] = {}
        self._forms: dict[tuple[tuple[_Variable, Fraction], ...], int] = {}
        self._lower: list[_Bound | None] = []
        self._upper: list[_Bound | None] = []
        self._values: list[_Delta] = []
        self._rows: dict[int, dict[int, Fraction]] = {}

    # -- rows ----------------------------------------------------------------------------------------

    def add(self, row: LinearAtom) -> Clash | None:
        """Impose `row` as a bound on a variable, or on the slack variable of its linear form."""
        terms = [((False, i), c) for i, c in row.inputs if c] + [((True, i), c) for i, c in row.outputs if c]
        if not terms:
            false = row.constant > 0 or (row.strict and row.constant == 0)
            return Clash((row,), (_ONE,)) if false else None
        lead = terms[0][1]
        variable = self._structural(terms[0][0]) if len(terms) == 1 else self._slack(terms, lead)
        limit = -row.constant / lead
        infinitesimal = _ONE if row.strict else _ZERO
        if lead > 0:
            return self._bound_above(variable, _Bound((limit, -infinitesimal), row, 1 / lead))
        return self._bound_below(variable, _Bound((limit, infinitesimal), row, -1 / lead))

    def _new(self) -> int:
        self._lower.append(None)
        self._upper.append(None)
        self._values.append((_ZERO, _ZERO))
        return len(self._values) - 1

    def _structural(self, variable: _Variable) -> int:
        if variable not in self._numbers:
            self._numbers[variable] = self._new()
        return self._numbers[variable]

    def _slack(self, terms: Sequence[tuple[_Variable, Fraction]], lead: Fraction) -> int:
        """The variable that stands for `terms / lead`; parallel rows share it."""
        form = tuple((variable, coefficient / lead) for variable, coefficient in terms)
        if form not in self._forms:
            row = {self._structural(variable): coefficient for variable, coefficient in form}
            self._forms[form] = self._new()
            self._rows[self._forms[form]] = row
        return self._forms[form]

    def _bound_above(self, variable: int, bound: _Bound) -> Clash | None:
        known, other = self._upper[variable], self._lower[variable]
        if known is None or bound.value < known.value:
            self._upper[variable] = bound
        return _crossing(other, bound)

    def _bound_below(self, variable: int, bound: _Bound) -> Clash | None:
        known, other = self._lower[variable], self._upper[variable]
        if known is None or bound.value > known.value:
            self._lower[variable] = bound
        return _crossing(bound, other)

    # -- search --------------------------------------------------------------------------------------

    def solve(self) -> Point | Clash | None:
        for variable in self._numbers.values():
            self._values[variable] = (self._inside(variable), _ZERO)
        for basic, row in self._rows.items():
            self._values[basic] = self._evaluate(row)
        while True:
            broken = self._first_broken()
            if broken is None:
                return self._point()
            basic, bound, below = broken
            entering = self._entering(basic, below)
            if entering is None:
                return self._conflict(basic, bound, below)
            if self._work < 0:
                return None
            self._pivot(basic, entering, bound.value)

    def _inside(self, variable: int) -> Fraction:
        """A value within the variable's bounds, which do not cross."""
        lower, upper = self._lower[variable], self._upper[variable]
        if lower is not None and upper is not None:
            return (lower.value[0] + upper.value[0]) / 2
        if lower is not None:
            return lower.value[0] + lower.value[1]
        if upper is not None:
            return upper.value[0] + upper.value[1]
        return _ZERO

    def _evaluate(self, row: dict[int, Fraction]) -> _Delta:
        real = infinitesimal = _ZERO
        for variable, coefficient in row.items():
            value = self._values[variable]
            real += coefficient * value[0]
            infinitesimal += coefficient * value[1]
        return real, infinitesimal

    def _first_broken(self) -> tuple[int, _Bound, bool] | None:
        """The basic variable of the smallest number that breaks a bound (Bland), and which bound."""
        for basic in sorted(self._rows):
            value, lower, upper = self._values[basic], self._lower[basic], self._upper[basic]
            if lower is not None and value < lower.value:
                return basic, lower, True
            if upper is not None and value > upper.value:
                return basic, upper, False
        return None

    def _entering(self, basic: int, below: bool) -> int | None:
        """The non-basic variable of the smallest number that can move `basic` towards its bound."""
        for variable, coefficient in sorted(self._rows[basic].items()):
            value = self._values[variable]
            if (coefficient > 0) is below:
                limit = self._upper[variable]
                free = limit is None or value < limit.value
            else:
                limit = self._lower[variable]
                free = limit is None or value > limit.value
            if free:
                return variable
        return None

    def _pivot(self, basic: int, entering: int, target: _Delta) -> None:
        """`basic` takes the value `target` and leaves the basis; `entering` takes its place."""
        row = self._rows.pop(basic)
        pivot = row.pop(entering)
        old = self._values[basic]
        step = ((target[0] - old[0]) / pivot, (target[1] - old[1]) / pivot)
        solved = {variable: -coefficient / pivot for variable, coefficient in row.items()}
        solved[basic] = 1 / pivot
        self._values[basic] = target
        self._values[entering] = _plus(self._values[entering], _ONE, step)
        for other, combination in self._rows.items():
            factor = combination.pop(entering, None)
            if factor is None:
                continue
            self._values[other] = _plus(self._values[other], factor, step)
            self._work -= len(solved)
            for variable, coefficient in solved.items():
                total = combination.get(variable, _ZERO) + factor * coefficient
                if total:
                    combination[variable] = total
                else:
                    combination.pop(variable, None)
        self._rows[entering] = solved

    # -- answers -------------------------------------------------------------------------------------

    def _conflict(self, basic: int, bound: _Bound, below: bool) -> Clash:
        """Every variable of the row stands at the bound that blocks it: these bounds clash.

        Sound because the row is an identity, so `bound` and the blocking bounds, weighted by the row's
        coefficients, add up to a constant, which has the wrong sign.
        """
        found = [(bound, _ONE)]
        for variable, coefficient in self._rows[basic].items():
            blocking = self._upper[variable] if (coefficient > 0) is below else self._lower[variable]
            if blocking is None:
                raise InternalError("a variable without a bound cannot block")
            found.append((blocking, abs(coefficient)))
        return _combination(found)

    def _point(self) -> Point:
        epsilon = self._epsilon()
        inputs: dict[int, Fraction] = {}
        outputs: dict[int, Fraction] = {}
        for (is_output, index), variable in self._numbers.items():
            real, infinitesimal = self._values[variable]
            (outputs if is_output else inputs)[index] = real + infinitesimal * epsilon
        return Point(inputs, outputs)

    def _epsilon(self) -> Fraction:
        """A positive number that may stand for δ: no comparison of a value with its bounds changes."""
        epsilon = _ONE
        for value, lower, upper in zip(self._values, self._lower, self._upper, strict=True):
            ordered = []
            if lower is not None:
                ordered.append((lower.value, value))
            if upper is not None:
                ordered.append((value, upper.value))
            for small, great in ordered:
                if small[0] < great[0] and small[1] > great[1]:
                    epsilon = min(epsilon, (great[0] - small[0]) / (small[1] - great[1]))
        return epsilon


def _plus(value: _Delta, factor: Fraction, step: _Delta) -> _Delta:
    return value[0] + factor * step[0], value[1] + factor * step[1]


def _crossing(lower: _Bound | None, upper: _Bound | None) -> Clash | None:
    if lower is None or upper is None or lower.value <= upper.value:
        return None
    return _combination([(lower, _ONE), (upper, _ONE)])


def _combination(parts: Iterable[tuple[_Bound, Fraction]]) -> Clash:
    pairs = [(bound.row, bound.scale * weight) for bound, weight in parts]
    return Clash(tuple(row for row, _ in pairs), tuple(multiplier for _, multiplier in pairs))


def _checked(clash: Clash) -> Clash:
    """`clash`, once its sum is known to be a contradiction.  Raises `InternalError` otherwise."""
    total = _ZERO
    coefficients: dict[_Variable, Fraction] = {}
    for row, multiplier in zip(clash.rows, clash.multipliers, strict=True):
        total += multiplier * row.constant
        for is_output, terms in ((False, row.inputs), (True, row.outputs)):
            for index, coefficient in terms:
                key = (is_output, index)
                coefficients[key] = coefficients.get(key, _ZERO) + multiplier * coefficient
    strict = any(row.strict for row in clash.rows)
    wrong_sign = total > 0 or (strict and total == 0)
    if any(coefficients.values()) or not wrong_sign or any(m <= 0 for m in clash.multipliers):
        raise InternalError("the simplex made a combination that is no contradiction")
    return clash
