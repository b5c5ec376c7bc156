"""Arrays for tests, as a reader gives them, and in memory where no file is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from pathlib import Path

from spec_lang.data.base import DataFile, Fault, FaultKind, Kind, Request, StoredArray
from spec_lang.data.read import open_data


def opened(path: Path) -> DataFile:
    """The file at `path`, which is in order."""
    file = open_data(path)
    assert not isinstance(file, Fault), file.problem
    return file


def stored(path: Path, name: str | None = None, rank: int = 1, written: bool = False) -> StoredArray:
    """An array that is there."""
    array = opened(path).array(Request(name, rank, written))
    assert not isinstance(array, Fault), array.problem
    return array


def fault(path: Path, name: str | None = None, rank: int = 1, written: bool = False) -> Fault:
    """Why the file, or the array in it, cannot be had."""
    file = open_data(path)
    if isinstance(file, Fault):
        return file
    array = file.array(Request(name, rank, written))
    assert isinstance(array, Fault)
    return array


def elements(array: StoredArray) -> tuple[Fraction, ...]:
    return array.elements.fractions(0, prod(array.shape))


@dataclass(frozen=True)
class Numbers:
    values: tuple[Fraction, ...]

    def fractions(self, start: int, stop: int) -> tuple[Fraction, ...]:
        return self.values[start:stop]


@dataclass(frozen=True)
class Memory:
    """A data file that is none: arrays by name, the only one by None."""

    arrays: Mapping[str | None, StoredArray]

    def array(self, request: Request) -> StoredArray | Fault:
        found = self.arrays.get(request.name)
        return found or Fault(FaultKind.ARRAY, f"there is no array `{request.name}`")


def array(shape: Sequence[int], kind: Kind = Kind.REAL, first: int = 0) -> StoredArray:
    """Elements that count up from `first`."""
    values = tuple(Fraction(first + i) for i in range(prod(shape)))
    return StoredArray(tuple(shape), kind, "float64" if kind is Kind.REAL else "int64", Numbers(values))
