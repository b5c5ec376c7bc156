"""The blocks of a page, and what nnspec says to them.

In: a page's Markdown.  Out: its fences, and the diagnostics of the real pipeline for one of them.  What
stands behind a fence's language says how it is run:

* `nnspec` and `vnnlib` blocks are files, linted beside tiny networks made for them;
* `console` blocks are commands, run in the folder of the files; the output begins with what is printed;
* `model=lfs` takes that file of `tests.pages.models` for every network, and `outputs=2` is the number of
  outputs that the file has; `file=NAME` is only written, for a command or an import; `times=9` repeats the
  text, `bytes=9` makes the file so long, `encoding=latin-1` stores it so; `parse` parses it and no more;
  `param=eps:1` is `-p eps=1`; `also=NN305` is another code that cannot be avoided; `package=broken` is a
  package of claim forms that is installed; `unreadable`, `unwritable` and `unavailable` are the machine's
  own state.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from spec_lang.cli import main
from spec_lang.diagnostics import DiagnosticLog
from spec_lang.engine import CheckOptions
from spec_lang.engine.lint import lint
from spec_lang.semantics.names.resolve import resolve
from spec_lang.syntax import ast
from spec_lang.syntax.parse import parse_module
from tests.pages.models import write_model
from tests.pages.packages import install

_FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SECTION = re.compile(r"^## (.*)\n", re.MULTILINE)
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
SECTIONS = ["What it means", "Why it matters", "Example", "Fix"]


@dataclass(frozen=True)
class Block:
    language: str
    words: Mapping[str, str]
    text: str

    @property
    def is_only_a_file(self) -> bool:
        return "file" in self.words


def sections(markdown: str) -> dict[str, str]:
    """The text below each heading."""
    _, *parts = _SECTION.split(markdown)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def blocks(text: str) -> tuple[Block, ...]:
    """The fences of a section."""
    found = []
    for language, words, body in _FENCE.findall(text):
        pairs = (word.partition("=") for word in words.split())
        found.append(Block(language, {name: value for name, _, value in pairs}, body))
    return tuple(found)


def diagnostics_of(section: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The codes that the section's blocks give."""
    parts = blocks(section)
    for block in parts:
        if block.is_only_a_file:
            _write(block, folder / block.words["file"], monkeypatch)
    codes: list[str] = []
    for number, block in enumerate(part for part in parts if not part.is_only_a_file):
        also = block.words.get("also", "").split(",")
        codes += [code for code in _run(block, folder, f"page{number}", monkeypatch) if code not in also]
    return codes


def _run(block: Block, folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    if block.language == "console":
        yield from _command(block, folder, monkeypatch)
        return
    if "parse" in block.words:
        parsed = parse_module(block.text * int(block.words.get("times", "1")), "page.nnspec")
        yield from (diagnostic.code for diagnostic in parsed.diagnostics)
        return
    path = folder / f"{name}.{block.language}"
    _write(block, path, monkeypatch)
    options = CheckOptions()
    if "param" in block.words:
        name, _, value = block.words["param"].partition(":")
        options = CheckOptions(parameters=((name, value),))
    if block.language == "vnnlib":
        options = CheckOptions(networks=(("f", folder / "f.onnx"),))
    yield from (diagnostic.code for diagnostic in lint([path], options).report.diagnostics)


def _command(block: Block, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    first, _, printed = block.text.partition("\n")
    assert first.startswith("$ nnspec ")
    monkeypatch.chdir(folder)
    if "unwritable" in block.words:
        _make_unwritable(block.words["unwritable"], monkeypatch)
    if "unavailable" in block.words:
        _take_away(block.words["unavailable"], monkeypatch)
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        main(shlex.split(first)[2:])
    assert said.getvalue().startswith(printed), said.getvalue()
    yield from re.findall(r"^(?:error|warning)\[(NN\d+)\]", said.getvalue(), re.MULTILINE)


def _take_away(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from spec_lang.engine.decide import installed_backends  # noqa: PLC0415 - for one page

    if backend == "sklearn":  # a library, which is then missing
        monkeypatch.setitem(sys.modules, "sklearn.tree", None)
        return
    (found,) = (b for b in installed_backends() if b.name == backend)
    monkeypatch.setattr(type(found), "availability", lambda _: "a library that it needs is not installed")


def _write(block: Block, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = block.text * int(block.words.get("times", "1"))
    path.write_bytes(text.encode(block.words.get("encoding", "utf-8")))
    if "bytes" in block.words:  # the rest takes no space on the disk, and is refused before it is read
        with path.open("r+b") as stream:
            stream.truncate(int(block.words["bytes"]))
    if "unreadable" in block.words:
        _make_unreadable(path.name, monkeypatch)
    if path.suffix == ".nnspec":
        _write_networks(block, text, path.parent)
    elif path.suffix == ".vnnlib":
        write_model(path.parent / "f.onnx", None, 2, 2)
    if "package" in block.words:
        install(block.words["package"], path.parent / "packages", monkeypatch)


def _make_unreadable(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for a user without the right to read: the tests may run as one who may read everything."""
    read = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name == name:
            raise PermissionError(13, "Permission denied")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)


def _make_unwritable(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for a user without the right to write."""

    def refuse(path: Path, *_: object, **__: object) -> int:
        assert path.name == name
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "write_text", refuse)
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != name or mode != os.W_OK)


def _write_networks(block: Block, text: str, folder: Path) -> None:
    """A file for every network that the text declares, with as many inputs and outputs as it names."""
    parsed = parse_module(text, "page.nnspec")
    scope = resolve(parsed.module, {}, {}, parsed.broken, DiagnosticLog())
    for use in scope.networks:
        inputs, outputs = 2, 2
        for item in use.declaration.items:
            if isinstance(item, ast.Inputs):
                inputs = len(item.components)
            elif isinstance(item, ast.Outputs):
                outputs = len(item.components)
        if not _PLACEHOLDER.search(use.path):
            outputs = int(block.words.get("outputs", outputs))
            write_model(folder / use.path, block.words.get("model"), inputs, outputs)
