"""`data` declarations against their files.

In: a declaration, its open file, and the dimensions found so far.  Out: what its name denotes, or None once
every mistake is logged.  Elements of `real` are read when a claim uses them; labels and integers, which are
few, are looked at here, unless there are very many.
"""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import Final

from spec_lang._values import dataclass
from spec_lang.data.base import DataFile, Elements, Fault, FaultKind, Kind, Misfit, Request, StoredArray
from spec_lang.diagnostics import DiagnosticLog, Note, Span
from spec_lang.semantics import codes
from spec_lang.semantics.names.typed_shapes import Dimensions, Subject, check_element
from spec_lang.semantics.terms.values import ArrayValue, DataValue, unravel
from spec_lang.semantics.wording import shape_text
from spec_lang.syntax import ast

# Looking at more at once would be felt by an editor; larger arrays are checked where they are used.
_LOOKED_AT: Final = 100_000
_CODES: Final = {
    FaultKind.FILE: codes.DATA_FILE,
    FaultKind.ARRAY: codes.DATA_ARRAY,
    FaultKind.SHAPE: codes.DATA_SHAPE,
    FaultKind.TYPE: codes.DATA_TYPE,
    FaultKind.SIZE: codes.DATA_SIZE,
}


def read_data(
    declaration: ast.DataDecl, file: DataFile | Fault | None, dimensions: Dimensions, log: DiagnosticLog
) -> DataValue | ArrayValue | None:
    """What the name of `declaration` denotes; without a `file`, nothing can be said of it."""
    wrong = [kind for kind in _types(declaration) if not check_element(kind, log)]
    fine = _check_names(declaration, log) and not wrong
    if file is None:
        return None
    if isinstance(file, Fault):
        log.error(_CODES[file.kind], file.problem, declaration.path.span, file.fix)
        return None
    reader = _Reader(declaration, file, dimensions, log)
    if declaration.whole is not None:
        return reader.array(None, declaration.whole) if fine else None
    arrays = {a.name.text: reader.array(a, a.type) for a in declaration.arrays if fine}
    found = {name: array for name, array in arrays.items() if array is not None}
    complete = fine and len(found) == len(arrays)
    return DataValue(declaration.name.text, found) if complete else None


def _types(declaration: ast.DataDecl) -> tuple[ast.TypeName, ...]:
    if declaration.whole is not None:
        return (declaration.whole,)
    return tuple(array.type for array in declaration.arrays)


def _check_names(declaration: ast.DataDecl, log: DiagnosticLog) -> bool:
    seen: dict[str, Span] = {}
    for array in declaration.arrays:
        name = array.name
        if name.text in seen:
            notes = (Note("it is named here first", seen[name.text]),)
            log.error(codes.DUPLICATE, f"`{name.text}` is named twice", name.span, None, notes)
        seen.setdefault(name.text, name.span)
    return len(seen) == len(declaration.arrays)


@dataclass(frozen=True, slots=True)
class _Reader:
    declaration: ast.DataDecl
    file: DataFile
    dimensions: Dimensions
    log: DiagnosticLog

    def array(self, array: ast.DataArray | None, kind: ast.TypeName) -> ArrayValue | None:
        """One array; `array` is None where the file has only one."""
        name, span = self.declaration.name.text, self.declaration.path.span
        request = Request(None, len(kind.shape))
        if array is not None:
            name, span = f"{name}.{array.name.text}", array.name.span
            request = Request(array.source or array.name.text, len(kind.shape), array.source is not None)
        stored = self.file.array(request)
        if isinstance(stored, Fault):
            self.log.error(_CODES[stored.kind], stored.problem, span, stored.fix)
            return None
        subject = Subject(f"`{name}`", "the file", codes.DATA_SHAPE)
        fits = self.dimensions.fits(kind, stored.shape, subject)
        cells = self._cells(name, kind, stored)
        if not fits or cells is None:
            return None
        return ArrayValue(name, kind.element.text, stored.shape, cells)

    def _cells(self, name: str, kind: ast.TypeName, stored: StoredArray) -> _Cells | None:
        word = kind.element.text
        if word != "real" and stored.kind is Kind.REAL:
            problem = f"`{name}` is stored as {stored.stored}, and `{word}` takes integers"
            fix = f"write `real{'[…]' if kind.shape else ''}`, or store it as integers"
            self.log.error(codes.DATA_TYPE, problem, kind.element.span, fix)
            return None
        cells = _Cells(name, word, stored.shape, stored.elements)
        unknown = stored.kind is Kind.DECIMAL or (word == "label" and stored.kind is Kind.INTEGER)
        if word != "real" and unknown and prod(stored.shape) <= _LOOKED_AT:
            misfit = cells.misfit()
            if misfit is not None:
                self.log.error(codes.DATA_TYPE, misfit, kind.element.span, _FIXES[word])
                return None
        return cells


_FIXES: Final = {
    "int": "write `real`, or correct the file",
    "label": "labels are the numbers of outputs, from 0; write `int` or `real`, or correct the file",
}


@dataclass(frozen=True, slots=True)
class _Cells:
    """The elements of an array, of which every one that is used fits its type."""

    name: str
    word: str
    shape: tuple[int, ...]
    elements: Elements

    def fractions(self, start: int, stop: int) -> tuple[Fraction, ...]:
        try:
            values = self.elements.fractions(start, stop)
        except Misfit as misfit:
            if misfit.position is None:
                raise ValueError(misfit.text) from None
            raise ValueError(f"{self._place(misfit.position)} is {misfit.text}") from None
        if self.word != "real":
            for position, value in enumerate(values, start):
                if value.denominator != 1:
                    raise ValueError(f"{self._place(position)} is {float(value):g}, not an integer")
                if self.word == "label" and value < 0:
                    raise ValueError(f"{self._place(position)} is {value}, and no label is negative")
        return values

    def misfit(self) -> str | None:
        """The first element that does not fit, if one does not."""
        try:
            self.fractions(0, prod(self.shape))
        except ValueError as error:
            return str(error)
        return None

    def _place(self, position: int) -> str:
        if not self.shape:
            return f"`{self.name}`"
        return f"`{self.name}{shape_text(unravel(self.shape, position))}`"
