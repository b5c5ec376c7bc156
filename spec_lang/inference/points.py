"""The points that invariants are inferred from, and the labels beside them.

In: a data file, and how many inputs the network has.  Out: finite floats (N, n) with the labels that the file
has, or `Refused` with what is wrong.  A point counts as the float64 that its number is nearest to.
"""

from __future__ import annotations

from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.data.base import DataFile, Fault, FaultKind, Misfit, Request, StoredArray
from spec_lang.data.read import open_data
from spec_lang.diagnostics import Diagnostic
from spec_lang.inference import codes
from spec_lang.inference.model import F64
from spec_lang.inference.subject import Refused

_LABELS = "labels"
_NAMES = ("inputs", None)  # of the array of points; None is the only one
_MOST_RANK = 5
_STRETCH = 1 << 18


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """`inputs` (N, n); `labels` are the numbers of outputs, where the file says them."""

    inputs: F64
    labels: NDArray[np.intp] | None


def read_points(path: Path, width: int) -> Points:
    """Raises `Refused`."""
    file = open_data(path.resolve())
    if isinstance(file, Fault):
        raise _refused(file.problem, file.fix)
    inputs = _inputs(path, file)
    columns = prod(inputs.shape[1:])
    if not inputs.shape[0]:
        raise _refused(f"`{path}` has no points", "give at least some points for every decision")
    labels = _labels(file, inputs.shape[0])
    if labels is None and columns == width + 1 and inputs.kind.name == "DECIMAL":
        table = _floats(path, inputs).reshape(-1, columns)
        return Points(np.ascontiguousarray(table[:, :width]), _whole(path, table[:, width]))
    if columns != width:
        problem = f"`{path}` has points of {columns} numbers, and the network takes {width}"
        raise _refused(problem, "give one row for each point, in the order of the network's inputs")
    return Points(_floats(path, inputs).reshape(-1, width), labels)


def _inputs(path: Path, file: DataFile) -> StoredArray:
    fault: Fault | None = None
    for name in _NAMES:
        for rank in range(2, _MOST_RANK + 1):
            found = file.array(Request(name, rank, written=name is not None))
            if isinstance(found, StoredArray):
                return found
            if fault is None or (found.kind is not FaultKind.SHAPE and fault.kind is FaultKind.SHAPE):
                fault = found
    problem = f"`{path}` has no array `inputs`" if fault is None else fault.problem
    raise _refused(problem, "name the array of points `inputs`, one row for each point")


def _labels(file: DataFile, count: int) -> NDArray[np.intp] | None:
    found = file.array(Request(_LABELS, 1, written=True))
    if isinstance(found, Fault):
        return None
    if found.shape != (count,):
        raise _refused(f"there are {found.shape[0]} labels for {count} points", "give one label for each")
    return _whole(Path(_LABELS), np.array([float(v) for v in found.elements.fractions(0, count)]))


def _whole(path: Path, values: F64) -> NDArray[np.intp]:
    if not np.array_equal(values, np.round(values)):
        raise _refused(f"`{path}` has labels that are no whole numbers", "labels are the numbers of outputs")
    return values.astype(np.intp)


def _floats(path: Path, array: StoredArray) -> F64:
    """Every element, a stretch at a time: exact rationals take much room."""
    size = prod(array.shape)
    values = np.empty(size)
    try:
        for start in range(0, size, _STRETCH):
            stop = min(size, start + _STRETCH)
            values[start:stop] = [v.numerator / v.denominator for v in array.elements.fractions(start, stop)]
    except Misfit as error:
        at = "" if error.position is None else f" {error.position // max(1, prod(array.shape[1:]))}"
        raise _refused(
            f"point{at} of `{path}` has {error.text}", "leave out points that are not finite"
        ) from None
    except OverflowError:
        raise _refused(
            f"`{path}` has numbers beyond float64", "give the points in the network's range"
        ) from None
    return values


def _refused(problem: str, fix: str | None) -> Refused:
    return Refused(Diagnostic(codes.DATA, problem, fix=fix))
