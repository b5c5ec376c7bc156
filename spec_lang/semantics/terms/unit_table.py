"""The units that nnspec knows, each with its exact size in base units.

In: nothing.  Out: constants.  Sizes are the international definitions (the inch is 2.54 cm), so that every
conversion is a rational number; what is measured and not defined (an atomic mass) is not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

Dimension = tuple[tuple[str, int], ...]
"""Base quantities and their powers, sorted; `()` is a plain number."""


def _dimension(**powers: int) -> Dimension:
    return tuple(sorted(powers.items()))


_NUMBER: Final = _dimension()
_LENGTH: Final = _dimension(length=1)
_AREA: Final = _dimension(length=2)
_VOLUME: Final = _dimension(length=3)
_TIME: Final = _dimension(time=1)
_MASS: Final = _dimension(mass=1)
_SPEED: Final = _dimension(length=1, time=-1)
_FREQUENCY: Final = _dimension(time=-1)
_DEGREE: Final = _dimension(degree=1)
_RADIAN: Final = _dimension(radian=1)
_FORCE: Final = _dimension(length=1, mass=1, time=-2)
_PRESSURE: Final = _dimension(length=-1, mass=1, time=-2)
_ENERGY: Final = _dimension(length=2, mass=1, time=-2)
_POWER: Final = _dimension(length=2, mass=1, time=-3)
_CURRENT: Final = _dimension(current=1)
_CHARGE: Final = _dimension(current=1, time=1)
_VOLTAGE: Final = _dimension(current=-1, length=2, mass=1, time=-3)
_RESISTANCE: Final = _dimension(current=-2, length=2, mass=1, time=-3)
_TEMPERATURE: Final = _dimension(temperature=1)
_AMOUNT: Final = _dimension(amount=1)
_LIGHT: Final = _dimension(luminosity=1)
_DATA: Final = _dimension(data=1)

_INCH: Final = Fraction(254, 10000)
_FOOT: Final = 12 * _INCH
_MILE: Final = 5280 * _FOOT
_HOUR: Final = Fraction(3600)
_POUND: Final = Fraction(45359237, 10**8)
_GRAVITY: Final = Fraction(980665, 10**5)  # standard, in m/s²
_POUND_FORCE: Final = _POUND * _GRAVITY

# Symbol: size in base units, what it measures, and whether it takes an SI prefix.
UNITS: Final[Mapping[str, tuple[Fraction, Dimension, bool]]] = {
    "%": (Fraction(1, 100), _NUMBER, False),
    "‰": (Fraction(1, 1000), _NUMBER, False),
    "ppm": (Fraction(1, 10**6), _NUMBER, False),
    "m": (Fraction(1), _LENGTH, True),
    "in": (_INCH, _LENGTH, False),
    "inch": (_INCH, _LENGTH, False),
    "ft": (_FOOT, _LENGTH, False),
    "yd": (3 * _FOOT, _LENGTH, False),
    "mi": (_MILE, _LENGTH, False),
    "nmi": (Fraction(1852), _LENGTH, False),
    "NM": (Fraction(1852), _LENGTH, False),
    "ha": (Fraction(10**4), _AREA, False),
    "L": (Fraction(1, 1000), _VOLUME, True),
    "l": (Fraction(1, 1000), _VOLUME, True),
    "s": (Fraction(1), _TIME, True),
    "sec": (Fraction(1), _TIME, False),
    "min": (Fraction(60), _TIME, False),
    "h": (_HOUR, _TIME, False),
    "hr": (_HOUR, _TIME, False),
    "d": (24 * _HOUR, _TIME, False),
    "day": (24 * _HOUR, _TIME, False),
    "wk": (7 * 24 * _HOUR, _TIME, False),
    "g": (Fraction(1, 1000), _MASS, True),
    "t": (Fraction(1000), _MASS, False),
    "lb": (_POUND, _MASS, False),
    "oz": (_POUND / 16, _MASS, False),
    "kn": (1852 / _HOUR, _SPEED, False),
    "kt": (1852 / _HOUR, _SPEED, False),
    "mph": (_MILE / _HOUR, _SPEED, False),
    "kph": (1000 / _HOUR, _SPEED, False),
    "kmh": (1000 / _HOUR, _SPEED, False),
    "fps": (_FOOT, _SPEED, False),
    "fpm": (_FOOT / 60, _SPEED, False),
    "Hz": (Fraction(1), _FREQUENCY, True),
    "deg": (Fraction(1), _DEGREE, False),
    "°": (Fraction(1), _DEGREE, False),
    "arcmin": (Fraction(1, 60), _DEGREE, False),
    "arcsec": (Fraction(1, 3600), _DEGREE, False),
    "gon": (Fraction(9, 10), _DEGREE, False),
    "rev": (Fraction(360), _DEGREE, False),
    "turn": (Fraction(360), _DEGREE, False),
    "rpm": (Fraction(6), _dimension(degree=1, time=-1), False),
    "rad": (Fraction(1), _RADIAN, True),
    "N": (Fraction(1), _FORCE, True),
    "lbf": (_POUND_FORCE, _FORCE, False),
    "kgf": (_GRAVITY, _FORCE, False),
    "Pa": (Fraction(1), _PRESSURE, True),
    "bar": (Fraction(10**5), _PRESSURE, True),
    "atm": (Fraction(101325), _PRESSURE, False),
    "psi": (_POUND_FORCE / _INCH**2, _PRESSURE, False),
    "J": (Fraction(1), _ENERGY, True),
    "Wh": (_HOUR, _ENERGY, True),
    "cal": (Fraction(4184, 1000), _ENERGY, True),
    "W": (Fraction(1), _POWER, True),
    "hp": (550 * _FOOT * _POUND_FORCE, _POWER, False),
    "A": (Fraction(1), _CURRENT, True),
    "Ah": (_HOUR, _CHARGE, True),
    "C": (Fraction(1), _CHARGE, True),
    "V": (Fraction(1), _VOLTAGE, True),
    "ohm": (Fraction(1), _RESISTANCE, True),
    "K": (Fraction(1), _TEMPERATURE, True),
    "mol": (Fraction(1), _AMOUNT, True),
    "cd": (Fraction(1), _LIGHT, True),
    "bit": (Fraction(1), _DATA, True),
    "B": (Fraction(8), _DATA, True),
}

# A temperature in one of these is not a multiple of a unit: 20 °C is no twice 10 °C.
OFFSET_SCALES: Final = frozenset({"degC", "degF", "°C", "°F"})

PREFIXES: Final[Mapping[str, Fraction]] = {
    "p": Fraction(1, 10**12),
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 10**3),
    "c": Fraction(1, 10**2),
    "d": Fraction(1, 10),
    "da": Fraction(10),
    "h": Fraction(10**2),
    "k": Fraction(10**3),
    "M": Fraction(10**6),
    "G": Fraction(10**9),
    "T": Fraction(10**12),
}

# Units with a prefix that are worth proposing to someone who has slipped.
COMMON: Final = ("km", "cm", "mm", "kg", "mg", "ms", "kHz", "kN", "kPa", "kW", "kWh")

KINDS: Final[Mapping[Dimension, str]] = {
    _NUMBER: "a plain number",
    _LENGTH: "a length",
    _AREA: "an area",
    _VOLUME: "a volume",
    _TIME: "a time",
    _MASS: "a mass",
    _SPEED: "a speed",
    _dimension(length=1, time=-2): "an acceleration",
    _FREQUENCY: "a frequency",
    _DEGREE: "an angle",
    _RADIAN: "an angle",
    _dimension(degree=1, time=-1): "an angular speed",
    _dimension(radian=1, time=-1): "an angular speed",
    _FORCE: "a force",
    _PRESSURE: "a pressure",
    _ENERGY: "an energy",
    _POWER: "a power",
    _CURRENT: "a current",
    _CHARGE: "a charge",
    _VOLTAGE: "a voltage",
    _RESISTANCE: "a resistance",
    _TEMPERATURE: "a temperature",
    _AMOUNT: "an amount of substance",
    _LIGHT: "a luminous intensity",
    _DATA: "an amount of data",
}

LONG_NAMES: Final[Mapping[str, str]] = {
    "metre": "m",
    "meter": "m",
    "kilometre": "km",
    "kilometer": "km",
    "foot": "ft",
    "feet": "ft",
    "inche": "in",
    "yard": "yd",
    "mile": "mi",
    "knot": "kn",
    "second": "s",
    "minute": "min",
    "hour": "h",
    "week": "wk",
    "gram": "g",
    "kilogram": "kg",
    "tonne": "t",
    "ton": "t",
    "pound": "lb",
    "ounce": "oz",
    "degree": "deg",
    "radian": "rad",
    "revolution": "rev",
    "percent": "%",
    "newton": "N",
    "pascal": "Pa",
    "joule": "J",
    "watt": "W",
    "volt": "V",
    "ampere": "A",
    "kelvin": "K",
    "celsius": "°C",
    "fahrenheit": "°F",
    "litre": "L",
    "liter": "L",
    "hertz": "Hz",
}
