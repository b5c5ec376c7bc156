"""What the readers of data files share: arrays whose shape is known and whose elements are read when used.

In: a file.  Out: its arrays as `StoredArray`, or a `Fault` that says in the user's words what is wrong with
the file.  Elements are exact: decimals as they are spelled, binary floats as the dyadic rationals they are.
"""

from __future__ import annotations

from enum import Enum
from fractions import Fraction
from math import prod
from typing import Final, Protocol

from spec_lang._values import dataclass

# What one array may take of the memory, and a table of text, which is read as a whole: larger ones are
# training sets, of which a spec names a part.
MAX_ARRAY_BYTES: Final = 1 << 30
MAX_TEXT_BYTES: Final = 256 << 20
MAX_ELEMENTS: Final = 1 << 28


class FaultKind(Enum):
    """What is wrong, for whoever gives it a code."""

    FILE = "the file cannot be had, or is not what it should be"
    ARRAY = "the file has no such array"
    SHAPE = "the array has another number of dimensions than is asked for"
    TYPE = "the array does not hold numbers"
    SIZE = "it is too large"


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an array cannot be had, and what to do about it."""

    kind: FaultKind
    problem: str
    fix: str | None = None


class Misfit(ValueError):
    """An element that is no finite number, at `position` (row-major); None when nothing can be read."""

    def __init__(self, position: int | None, text: str) -> None:
        super().__init__(text)
        self.position = position
        self.text = text


class Kind(Enum):
    """What an array's elements are known to be before they are read."""

    NATURAL = "integers of 0 and more"
    INTEGER = "integers"
    REAL = "binary floats"
    DECIMAL = "numbers as text"


class Elements(Protocol):
    """The numbers of an array, row-major."""

    def fractions(self, start: int, stop: int) -> tuple[Fraction, ...]:
        """The elements `start … stop − 1`, exact.  Raises `Misfit`."""


@dataclass(frozen=True, slots=True, eq=False)
class StoredArray:
    """An array of a file; `stored` is how it is stored there (`float32`), for a diagnostic."""

    shape: tuple[int, ...]
    kind: Kind
    stored: str
    elements: Elements


@dataclass(frozen=True, slots=True)
class Request:
    """What a spec asks a file for: an array by its name, or (`name` None) the only one.

    `written` says that the name is the file's own, not the spec's; `rank` is the number of dimensions.
    """

    name: str | None
    rank: int
    written: bool = False


class DataFile(Protocol):
    """An open file: what it holds is known, and not read yet."""

    def array(self, request: Request) -> StoredArray | Fault:
        """The array that is asked for."""


def size_fault(shape: tuple[int, ...], width: int, what: str) -> Fault | None:
    """Why an array of this shape, `width` bytes an element, is not read; None when it is."""
    size = prod(shape)
    if size <= MAX_ELEMENTS and size * width <= MAX_ARRAY_BYTES:
        return None
    limit = f"{MAX_ELEMENTS:,} elements or {MAX_ARRAY_BYTES >> 20} MB"
    problem = f"{what} has {size:,} elements in {size * width / 1e6:,.0f} MB; at most {limit} are read"
    return Fault(FaultKind.SIZE, problem, "store the part that the spec speaks of in a file of its own")


def exact(value: float, position: int) -> Fraction:
    """The rational that `value` is.  Raises `Misfit` for NaN and the infinities."""
    try:
        return Fraction(value)
    except (ValueError, OverflowError):
        raise Misfit(position, f"{value}, not a finite number") from None
