"""The files that specs import, each read and parsed once.

In: a parsed spec.  Out: its `Surroundings`: every file that it imports, directly or not, and the data files
that any of them names.  What is wrong with an import is said at the `import`; what is wrong with the imported
file, in that file.
"""

from __future__ import annotations

import os.path
from collections.abc import Iterable, Iterator
from dataclasses import field, replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from spec_lang._values import dataclass
from spec_lang.data.base import DataFile, Fault
from spec_lang.diagnostics import Diagnostic, DiagnosticLog, Note, Span, did_you_mean
from spec_lang.engine.sources import Source, read_source
from spec_lang.semantics import codes
from spec_lang.semantics.names.surroundings import Surroundings
from spec_lang.syntax import ast
from spec_lang.syntax.parse import Parsed, parse_module


@dataclass(slots=True)
class _File:
    """A parsed file; `imports` are the files that it names, None for one that cannot be had."""

    source: Source
    parsed: Parsed
    problems: DiagnosticLog = field(default_factory=DiagnosticLog)
    imports: list[tuple[ast.ImportDecl, str | None]] | None = None


@dataclass(slots=True)
class Imports:
    """Remembers the files of a run.

    `folders` are what the paths in a file are relative to, by the name that spans carry.
    """

    folders: dict[str, Path] = field(default_factory=dict)
    _files: dict[str, _File] = field(default_factory=dict)
    _names: dict[Path, str] = field(default_factory=dict)
    _written: dict[Path, None] = field(default_factory=dict)
    _data: dict[Path, DataFile | Fault] = field(default_factory=dict)

    def know(self, source: Source, parsed: Parsed) -> None:
        """Takes in a spec that the caller named, so that nobody reads it again."""
        self._files[source.file] = _File(source, parsed)
        self.folders[source.file] = source.folder
        if source.path is not None:
            self._names[source.path.resolve()] = source.file
            self._written[source.path] = None

    @property
    def imported(self) -> frozenset[str]:
        """The files that another one imports, by the names that spans carry."""
        links = (link for file in self._files.values() for link in file.imports or ())
        return frozenset(name for _, name in links if name is not None)

    @property
    def files(self) -> tuple[Path, ...]:
        """All that were read, specs and data, as they were named."""
        return (*self._written, *self._data)

    def around(self, source: Source, parsed: Parsed, problems: DiagnosticLog) -> Surroundings:
        """What a spec imports; `problems` takes what is wrong with the imports and in the imported files."""
        file = source.file
        if file not in self._files or self._files[file].parsed is not parsed:
            self.know(source, parsed)  # two texts without files have the same name
        reached = self._reach(file)
        edges = {
            name: {to for _, to in self._files[name].imports or () if to is not None} for name in reached
        }
        circular = self._cut_circles(edges, problems)
        order = [name for name in TopologicalSorter(edges).static_order() if name in edges]
        visible: dict[str, frozenset[str]] = {}
        incomplete = set(circular)
        for name in order:
            visible[name] = frozenset(edges[name]).union(*(visible[to] for to in edges[name]))
            lost = any(to is None for _, to in self._files[name].imports or ())
            if lost or not incomplete.isdisjoint(visible[name]):
                incomplete.add(name)
        others = [self._files[name] for name in order if name != file]
        for other in others:
            problems.extend(other.parsed.diagnostics)
        for name in reached:
            problems.extend(self._files[name].problems)
        return Surroundings(
            tuple(other.parsed.module for other in others),
            visible,
            frozenset(incomplete),
            frozenset[str]().union(*(other.parsed.broken for other in others)),
            dict(self._data_files(self._files[name].parsed.module for name in order)),
        )

    def texts(self) -> dict[str, str]:
        """The texts of all files, imported or named by the caller, for whoever shows a place in them."""
        return {name: file.source.text for name, file in self._files.items()}

    # -- the files -----------------------------------------------------------------------------------

    def _reach(self, file: str) -> list[str]:
        """The files that `file` imports, itself first, each once."""
        reached = [file]
        for name in reached:  # grows while it is walked
            for _, to in self._imports_of(self._files[name]):
                if to is not None and to not in reached:
                    reached.append(to)
        return reached

    def _imports_of(self, file: _File) -> list[tuple[ast.ImportDecl, str | None]]:
        if file.imports is None:
            declared = [d for d in file.parsed.module.declarations if isinstance(d, ast.ImportDecl)]
            file.imports = [(d, self._load(d.path, file.source.folder, file.problems)) for d in declared]
        return file.imports

    def _load(self, path: ast.String, folder: Path, problems: DiagnosticLog) -> str | None:
        """The name of the file that an import means; None when it cannot be had, which is logged."""
        fault = _fault(path, folder)
        if fault is not None:
            problems.add(fault)
            return None
        written = folder / path.value
        self._written[written] = None
        target = written.resolve()
        if target in self._names:
            return self._names[target]
        name = self._name(written, target)
        found = DiagnosticLog()
        source = read_source(written, found, name)
        problems.extend(d if d.span else replace(d, code=codes.IMPORT, span=path.span) for d in found)
        if source is None:
            return None
        self.know(source, parse_module(source.text, source.file))
        return name

    def _name(self, written: Path, target: Path) -> str:
        """What messages call a file: its path without detours, if that is still the same file."""
        plain = Path(os.path.normpath(written))
        name = (plain if plain.resolve() == target else written).as_posix()
        return target.as_posix() if name in self._files else name

    # -- circles -------------------------------------------------------------------------------------

    def _cut_circles(self, edges: dict[str, set[str]], problems: DiagnosticLog) -> set[str]:
        """Reports each circle of imports and takes an edge out of it; the files that are in one."""
        circular: set[str] = set()
        while (circle := _circle(edges)) is not None:
            start = circle.index(min(circle))
            path = circle[start:] + circle[:start]
            steps = list(zip(path, [*path[1:], path[0]], strict=True))
            places = [self._import_of(name, to) for name, to in steps]
            problem = f"`{path[0]}` imports itself: {' → '.join((*path, path[0]))}"
            notes = tuple(Note("this import is part of the circle", place) for place in places[1:])
            fix = "move what both need into a file of its own" if len(path) > 1 else "leave it out"
            problems.error(codes.IMPORT_CYCLE, problem, places[0], fix, notes)
            circular.update(path)
            edges[steps[-1][0]].discard(steps[-1][1])
        return circular

    def _import_of(self, name: str, to: str) -> Span | None:
        spans = (d.path.span for d, target in self._files[name].imports or () if target == to)
        return next(spans, None)

    # -- data ----------------------------------------------------------------------------------------

    def _data_files(self, modules: Iterable[ast.Module]) -> Iterator[tuple[Span, DataFile | Fault]]:
        for module in modules:
            for declaration in module.declarations:
                if isinstance(declaration, ast.DataDecl):
                    path = self.folders[module.file] / declaration.path.value
                    yield declaration.path.span, self._open(path)

    def _open(self, path: Path) -> DataFile | Fault:
        if path not in self._data:
            from spec_lang.data.read import open_data  # noqa: PLC0415 - few specs have data

            self._data[path] = open_data(path)
        return self._data[path]


def _circle(edges: dict[str, set[str]]) -> list[str] | None:
    """The files of a circle, each importing the next, or None."""
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found[:0:-1]
    return None


def _fault(path: ast.String, folder: Path) -> Diagnostic | None:
    """Why a path cannot be a spec to import."""
    text = path.value

    def fault(problem: str, fix: str | None) -> Diagnostic:
        return Diagnostic(codes.IMPORT, problem, path.span, fix)

    if "://" in text:
        return fault(f"`{text}` is an address; a spec imports files", "store the file beside the spec")
    if "\0" in text or not text.strip():
        return fault("an import needs the path of a file", 'write `import "regions.nnspec"`')
    written = folder / text
    if written.suffix != ".nnspec":
        fixes = {".onnx": f'declare it: `network f = "{text}"`'}
        data = f'declare it: `data d = "{text}" {{ … }}`'
        fixes |= dict.fromkeys((".npz", ".npy", ".csv", ".gz", ".idx"), data)
        fix = fixes.get(written.suffix, "give the path of a file that ends in `.nnspec`")
        return fault(f"`{text}` is not a spec (`*.nnspec`), and only specs are imported", fix)
    try:
        if written.is_file():
            return None
        kind = "a folder" if written.is_dir() else "not a regular file" if written.exists() else None
        near = sorted(p.name for p in written.parent.glob("*.nnspec")) if written.parent.is_dir() else []
    except OSError as error:  # a name too long, no permission
        return fault(f"`{written}` cannot be opened: {error.strerror or error}", "check the path")
    if kind is not None:
        return fault(f"`{written}` is {kind}, where a spec is imported", "name a file")
    fix = did_you_mean(written.name, near) or "paths are relative to the file that imports"
    return fault(f"there is no file `{written}` to import", fix)
