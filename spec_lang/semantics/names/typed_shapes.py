"""Types as they are written (`real[N, 64]`) against the shapes that there are.

In: a type and the shape of what it is the type of.  Out: whether they fit; the sizes of named dimensions are
remembered, and have to agree everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Final

from spec_lang._values import dataclass
from spec_lang.diagnostics import DiagnosticLog, Note, Span, did_you_mean
from spec_lang.semantics import codes
from spec_lang.semantics.terms.expressions import Evaluator, Rejected
from spec_lang.semantics.wording import counted, shape_text
from spec_lang.syntax import ast

ELEMENTS: Final = ("real", "int", "label")
_OTHER_WORDS: Final[Mapping[str, str]] = {
    "float": "real",
    "float32": "real",
    "float64": "real",
    "double": "real",
    "number": "real",
    "integer": "int",
    "int32": "int",
    "int64": "int",
    "uint8": "int",
    "class": "label",
}


@dataclass(frozen=True, slots=True)
class Subject:
    """What has a shape: how it is called, where its shape comes from, and the code of a mismatch."""

    name: str  # "`digits.images`"
    holder: str  # "the file", "the value"
    code: str


@dataclass(frozen=True, slots=True)
class Dimensions:
    """The sizes of named dimensions, and where each was found first."""

    log: DiagnosticLog
    sizes: dict[str, int] = field(default_factory=dict)
    _places: dict[str, tuple[Span, str]] = field(default_factory=dict)

    def fits(self, kind: ast.TypeName, shape: tuple[int, ...], subject: Subject) -> bool:
        """Whether `shape` is one that `kind` says; every extent that is not is reported."""
        if len(kind.shape) != len(shape):
            problem = f"{subject.name} has {counted(len(shape), 'dimension')} in {subject.holder}, "
            problem += f"shape {shape_text(shape)}, and its type has {len(kind.shape)}"
            fix = f"write `{kind.element.text}{shape_text(shape) if shape else ''}`"
            self.log.error(subject.code, problem, kind.span, fix)
            return False
        pairs = zip(kind.shape, shape, strict=True)
        wrong = [extent for extent, size in pairs if not self._extent(extent, size, subject)]
        return not wrong

    def _extent(self, extent: ast.Expr, size: int, subject: Subject) -> bool:
        if isinstance(extent, ast.Name):
            return self._named(extent, size, subject)
        try:
            expected = Evaluator(self.log, {}).integer(extent, "the size of a dimension")
        except Rejected:
            return False
        if expected < 0:
            problem = f"a dimension cannot have {expected} elements"
            self.log.error(codes.TYPE_NAME, problem, extent.span, "write its size, or a name for it")
            return False
        if expected != size:
            problem = f"{subject.name}: expected {expected}, {subject.holder} has {size}"
            self.log.error(subject.code, problem, extent.span, f"write `{size}`, or a name for it")
            return False
        return True

    def _named(self, name: ast.Name, size: int, subject: Subject) -> bool:
        known = self.sizes.setdefault(name.text, size)
        place, first = self._places.setdefault(name.text, (name.span, subject.name))
        if known == size:
            return True
        problem = f"the dimension `{name.text}` is {size} for {subject.name} and {known} for {first}"
        notes = (Note(f"here it is {known}", place),)
        fix = "give one of them another name" if place != name.span else None
        self.log.error(codes.NAMED_DIMENSION, problem, name.span, fix, notes)
        return False


def check_element(kind: ast.TypeName, log: DiagnosticLog) -> bool:
    """Whether the word of a type is one; reported otherwise."""
    word = kind.element.text
    if word in ELEMENTS:
        return True
    other = _OTHER_WORDS.get(word.lower())
    close = f"write `{other}`" if other else did_you_mean(word, ELEMENTS)
    fix = close or "types are `real`, `int` and `label`, and tensors of them: `real[3]`"
    log.error(codes.TYPE_NAME, f"`{word}` is not a type", kind.element.span, fix)
    return False
