"""The blocks of the reference, and what nnspec says of them.

In: Markdown.  Out: its fenced blocks, and the diagnostics of one, by line.  What stands behind `nnspec`:

* nothing: the block parses;
* `check`: it is also checked, in a folder with small networks and arrays of the shapes that it names, and
  gives the diagnostics that its comments announce: `# error: NN118`, `# warning: NN601`, and no other. A
  comment `# type: real[5]` is the type of the widest expression that stands on its line alone;
* `lint`: it is linted, too, and gives the warnings that its comments announce;
* `error=NN016`: it gives that diagnostic of the parser and no other;
* `file=NAME`: it parses, and is what `import` finds under that name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from spec_lang.diagnostics import Diagnostic, Span
from spec_lang.engine import prepare as preparing
from spec_lang.engine.lint import lint
from spec_lang.engine.options import CheckOptions
from spec_lang.semantics.terms.values import Value
from spec_lang.semantics.typecheck import typecheck
from spec_lang.semantics.types import type_of, type_text
from spec_lang.syntax import ast
from spec_lang.syntax.parse import parse_module
from tests.pages.models import good

_FENCE = re.compile(r"^```nnspec([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ANNOUNCED = re.compile(r"#.*?\b(?:error|warning): (NN\d{3}(?:, NN\d{3})*)")
_TYPE = re.compile(r"#.*?\btype: (.*)$")
_DIMENSION = 3  # what a dimension that only has a name is long


@dataclass(frozen=True)
class Block:
    line: int
    words: Mapping[str, str]
    text: str

    def __str__(self) -> str:
        return f"line {self.line}"


def blocks(markdown: str) -> tuple[Block, ...]:
    found = []
    for match in _FENCE.finditer(markdown):
        pairs = (word.partition("=") for word in match[1].split())
        line = markdown.count("\n", 0, match.start()) + 2
        found.append(Block(line, {name: value for name, _, value in pairs}, match[2]))
    return tuple(found)


def announced(text: str) -> list[tuple[int, str]]:
    """The diagnostics that the comments of a block announce, each with its line."""
    return [
        (line, code)
        for line, row in enumerate(text.splitlines(), 1)
        if (match := _ANNOUNCED.search(row))
        for code in match[1].split(", ")
    ]


def announced_types(text: str) -> list[tuple[int, str]]:
    """The types that the comments of a block announce, each with its line."""
    rows = enumerate(text.splitlines(), 1)
    return [(line, match[1].strip()) for line, row in rows if (match := _TYPE.search(row))]


@dataclass(frozen=True)
class Findings:
    """What checking a block gives: the codes, each with its line, and what was heard of each expression."""

    codes: list[tuple[int, str]]
    types: Mapping[Span, frozenset[str]]

    def type_at(self, line: int) -> str:
        """The type of the widest expression that stands on `line` alone."""
        spans = [span for span in self.types if span.line == span.end_line == line]
        if not spans:
            return "nothing"
        widest = max(spans, key=lambda span: span.end_column - span.column)
        return " or ".join(sorted(self.types[widest]))


def checked(block: Block, folder: Path, files: Mapping[str, str]) -> Findings:
    """What checking a block gives; `files` are what it may import."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    declarations = parse_module(block.text, "block").module.declarations
    for declaration in declarations:
        if isinstance(declaration, ast.NetworkDecl):
            _write_networks(declaration, declarations, folder)
        elif isinstance(declaration, ast.DataDecl):
            _write_data(declaration, folder)
    path = folder / "block.nnspec"
    path.write_text(block.text, encoding="utf-8")
    types: dict[Span, frozenset[str]] = {}

    def hear(expr: ast.Expr, value: Value) -> None:
        types[expr.span] = types.get(expr.span, frozenset()) | {type_text(type_of(value))}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preparing, "typecheck", partial(typecheck, observer=hear))
        if "lint" in block.words:
            found = lint([path], CheckOptions()).report.diagnostics
        else:
            found = tuple(preparing.prepare([path], CheckOptions())[0].problems)
    own = {span: texts for span, texts in types.items() if Path(span.file).name == path.name}
    return Findings(sorted((_line(diagnostic), diagnostic.code) for diagnostic in found), own)


def _line(diagnostic: Diagnostic) -> int:
    return diagnostic.span.line if diagnostic.span is not None else 0


def _write_networks(
    network: ast.NetworkDecl, declarations: tuple[ast.Declaration, ...], folder: Path
) -> None:
    """One file for each member of the network, of as many inputs and outputs as are named, else two."""
    sizes = {ast.Inputs: 2, ast.Outputs: 2}
    like = next((d for d in declarations if _is_named(d, network.like)), None)
    for one in (like, network):
        for item in one.items if isinstance(one, ast.NetworkDecl) else ():
            if isinstance(item, ast.Inputs | ast.Outputs):
                sizes[type(item)] = len(item.components)
    model = bytes(good(sizes[ast.Inputs], sizes[ast.Outputs]).SerializeToString())
    for indices in product(*(_values(binding) for binding in network.family)):
        named = dict(zip((binding.name.text for binding in network.family), indices, strict=True))
        path = folder / network.path.value.format(**named)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(model)


def _is_named(declaration: ast.Declaration, name: ast.Name | None) -> bool:
    return (
        isinstance(declaration, ast.NetworkDecl) and name is not None and declaration.name.text == name.text
    )


def _values(binding: ast.IndexBinding) -> Iterator[int]:
    """The values of a family's index, which the reference spells with plain numbers."""
    match binding.values:
        case ast.IndexRange(first=ast.Number(value=first), last=ast.Number(value=last), exclusive=exclusive):
            yield from range(int(first), int(last) + (not exclusive))
        case ast.IndexSet(elements=elements):
            yield from (int(element.value) for element in elements if isinstance(element, ast.Number))
        case _:
            raise ValueError("a network of the reference has an index that is no plain number")


def _write_data(data: ast.DataDecl, folder: Path) -> None:
    """Zeros of the declared shapes."""
    path = folder / data.path.value
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {array.source or array.name.text: _zeros(array.type) for array in data.arrays}
    if data.whole is not None:
        whole = np.atleast_1d(_zeros(data.whole))
        np.save(path, whole) if path.suffix == ".npy" else np.savetxt(path, whole, delimiter=",")
    else:
        np.savez(path, **arrays)  # type: ignore[arg-type]


def _zeros(kind: ast.TypeName) -> np.ndarray[tuple[int, ...], np.dtype[np.float64 | np.int64]]:
    shape = tuple(
        int(extent.value) if isinstance(extent, ast.Number) else _DIMENSION for extent in kind.shape
    )
    return np.zeros(shape, dtype=np.float64 if kind.element.text == "real" else np.int64)
