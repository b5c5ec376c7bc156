"""Units of measurement: a small table, exact in rationals, imported only when a spec has a quantity.

In: a value, the unit that it is in, and the one that it is wanted in, both as written (`km/h`, `m/s^2`).
Out: the value in that unit, or what keeps it from being converted, in the user's words.  Degrees and
radians are kept apart, because π is not rational; scales with a zero of their own are never converted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Final, NoReturn

from spec_lang._values import dataclass
from spec_lang.diagnostics import did_you_mean
from spec_lang.semantics.terms.unit_table import (
    COMMON,
    KINDS,
    LONG_NAMES,
    OFFSET_SCALES,
    PREFIXES,
    UNITS,
    Dimension,
)

# Nobody writes longer ones; the parser recurses for parentheses.
_MAX_TEXT: Final = 60
_MAX_POWER: Final = 9
_SPELLINGS: Final = str.maketrans(
    {"µ": "u", "μ": "u", "Ω": "ohm", "·": "*", "×": "*", "−": "-", "²": "^2", "³": "^3", "¹": "^1", "⁻": "^-"}
)
_TOKEN: Final = re.compile(r"\s*(?:([A-Za-z°%‰]+[A-Za-z°%‰0-9]*)|(\^-?\d+|\*\*-?\d+)|([*/()])|(1))")


@dataclass(frozen=True, slots=True)
class UnitProblem:
    """Why a conversion cannot be had, and what to do about it."""

    problem: str
    fix: str | None = None


@dataclass(frozen=True, slots=True)
class Unit:
    """`factor` times the base unit of `dimension`."""

    factor: Fraction
    dimension: Dimension


class _Refused(Exception):
    """A unit that is not understood; unwinds to the entry point."""

    def __init__(self, problem: str, fix: str | None = None) -> None:
        super().__init__(problem)
        self.found = UnitProblem(problem, fix)


def convert(value: Fraction, from_unit: str, to_unit: str) -> Fraction | UnitProblem:
    """`value`, which is in `from_unit`, in `to_unit`; exact.

    A unit is itself whatever it is called: `3 widgets` is 3 where "widgets" are wanted.
    """
    if from_unit.strip() == to_unit.strip():
        return value
    source, target = parse_unit(from_unit), parse_unit(to_unit)
    if isinstance(source, UnitProblem):
        return source
    if isinstance(target, UnitProblem):
        return UnitProblem(f"`{from_unit}` cannot be converted: {target.problem}", target.fix)
    if source.dimension == target.dimension:
        return value * source.factor / target.factor
    return _mismatch((from_unit, source), (to_unit, target))


def parse_unit(text: str) -> Unit | UnitProblem:
    """What a unit stands for: symbols of the table with SI prefixes, powers, `*`, `/` and parentheses."""
    try:
        return _Reader(text).read()
    except _Refused as refused:
        return refused.found


def kind_of(unit: Unit) -> str | None:
    """`a length`, `a speed`; None for a kind that has no name."""
    return KINDS.get(_plain(unit.dimension))


def _mismatch(a: tuple[str, Unit], b: tuple[str, Unit]) -> UnitProblem:
    (first, source), (second, target) = a, b
    if _turns(source.dimension) == _turns(target.dimension):
        problem = f"`{first}` and `{second}` differ by a multiple of π, which is not rational"
        return UnitProblem(problem, f"give the number in `{second}`")
    kinds = kind_of(source), kind_of(target)
    if None in kinds or kinds[0] == kinds[1]:
        return UnitProblem(f"`{first}` cannot be converted to `{second}`: they measure different things")
    return UnitProblem(f"`{first}` is {kinds[0]} and `{second}` is {kinds[1]}")


def _plain(dimension: Dimension) -> Dimension:
    return tuple(sorted(dimension))


def _turns(dimension: Dimension) -> Dimension:
    """The dimension with degrees and radians taken for the same."""
    powers: dict[str, int] = {}
    for base, power in dimension:
        name = "angle" if base in ("degree", "radian") else base
        powers[name] = powers.get(name, 0) + power
    return _normal(powers)


def _normal(powers: Mapping[str, int]) -> Dimension:
    return tuple(sorted((base, power) for base, power in powers.items() if power))


class _Reader:
    """Reads one unit by recursive descent; `a/b c` is a / b · c, from left to right."""

    __slots__ = ("_at", "_text", "_tokens", "_written")

    def __init__(self, text: str) -> None:
        self._written = text.strip()
        if not self._written:
            raise _Refused("the unit is empty", "leave it out")
        if len(self._written) > _MAX_TEXT:
            raise _Refused(f"a unit of {len(self._written)} characters is no unit", "write one like `ft/s`")
        self._text = re.sub(r"\^-\^", "^-", self._written.translate(_SPELLINGS))
        self._tokens = self._split()
        self._at = 0

    def read(self) -> Unit:
        unit = self._product()
        if self._at < len(self._tokens):
            self._refuse()
        return unit

    def _split(self) -> list[str]:
        tokens: list[str] = []
        place = 0
        while place < len(self._text):
            match = _TOKEN.match(self._text, place)
            if match is None:
                self._refuse()
            tokens.append(next(part for part in match.groups() if part is not None))
            place = match.end()
        return tokens

    def _refuse(self) -> NoReturn:
        raise _Refused(
            f"`{self._written}` is not a unit that nnspec knows", "write one like `ft/s` or `m/s^2`"
        )

    def _peek(self) -> str | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _product(self) -> Unit:
        total = self._power()
        while (sign := self._peek()) is not None and sign != ")":
            if sign in "*/":
                self._at += 1
            total = _times(total, self._power(), -1 if sign == "/" else 1)
        return total

    def _power(self) -> Unit:
        base = self._atom()
        sign = self._peek()
        if sign is None or not sign.startswith(("^", "**")):
            return base
        self._at += 1
        power = int(sign.lstrip("^*"))
        if abs(power) > _MAX_POWER:
            raise _Refused(f"the power in `{self._written}` is too large", f"at most {_MAX_POWER}")
        return _times(Unit(Fraction(1), ()), base, power)

    def _atom(self) -> Unit:
        symbol = self._peek()
        if symbol is None or symbol in "*/)" or symbol.startswith("^"):
            self._refuse()
        self._at += 1
        if symbol == "1":
            return Unit(Fraction(1), ())
        if symbol != "(":
            return _symbol(symbol)
        inside = self._product()
        if self._peek() != ")":
            self._refuse()
        self._at += 1
        return inside


def _times(a: Unit, b: Unit, power: int) -> Unit:
    """`a · b^power`."""
    powers = dict(a.dimension)
    for base, exponent in b.dimension:
        powers[base] = powers.get(base, 0) + exponent * power
    return Unit(a.factor * b.factor**power, _normal(powers))


def _symbol(symbol: str) -> Unit:
    for known in (symbol, symbol.replace("°", "deg")):
        if known in OFFSET_SCALES:
            fix = f"give the number in the wanted unit; `{symbol}` is taken only where `{symbol}` is wanted"
            raise _Refused(f"the scale `{symbol}` has a zero of its own, so it is not converted", fix)
        if known in UNITS:
            factor, dimension, _ = UNITS[known]
            return Unit(factor, dimension)
    for length in (2, 1):
        prefix, rest = symbol[:length], symbol[length:]
        if prefix in PREFIXES and rest in UNITS and UNITS[rest][2]:
            factor, dimension, _ = UNITS[rest]
            return Unit(PREFIXES[prefix] * factor, dimension)
    raise _Refused(f"`{symbol}` is not a unit that nnspec knows", _proposal(symbol))


def _proposal(symbol: str) -> str:
    lower = symbol.lower()
    known = (*UNITS, *COMMON)
    found = LONG_NAMES.get(lower) or LONG_NAMES.get(lower.removesuffix("s"))
    found = found or next((unit for unit in known if unit.lower() == lower), None)
    if found is not None:
        return f"write `{found}`"
    return did_you_mean(symbol, known) or "units are symbols like `m`, `ft`, `s`, `km/h`, `kg`, `deg`"
