"""The networks of a run, each file read once.

In: the networks that a spec names, and the ones that the caller puts in their place.  Out: graphs by the
label that the spec uses.  A file that cannot be loaded is reported wherever it is named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from pathlib import Path

from spec_lang._values import dataclass
from spec_lang.diagnostics import Diagnostic, DiagnosticLog, Span, did_you_mean
from spec_lang.engine import codes
from spec_lang.engine.options import CheckOptions, NetworkSource
from spec_lang.network.graph import Graph
from spec_lang.network.onnx_import import load_graph
from spec_lang.semantics.model import NetworkUse


@dataclass(slots=True)
class Networks:
    """Loads networks, and remembers them and which of the caller's were used.

    `folders` are those that the paths in a file are relative to, by the file's name.
    """

    options: CheckOptions
    folders: Mapping[str, Path] = field(default_factory=dict)
    _loaded: dict[NetworkSource, tuple[Graph | None, tuple[Diagnostic, ...]]] = field(default_factory=dict)
    _named: dict[Path, None] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)
    _labels: set[str] = field(default_factory=set)

    def source(self, use: NetworkUse, folder: Path, only: bool) -> NetworkSource:
        """Where `use` is loaded from: relative to the file that declares it, else to `folder`.

        `only` says that its spec has no other network.
        """
        name = use.declaration.name.text
        self._labels.update((use.label, name))
        given = dict(self.options.networks)
        for key in (use.label, name, *([""] if only else [])):
            if key in given:
                self._used.add(key)
                return given[key]
        return self.folders.get(use.span.file, folder) / use.path

    def for_query(self, file: str, problems: DiagnosticLog) -> NetworkSource | None:
        """The one network that a VNN-LIB query without network names is about."""
        given = self.options.networks
        if len(given) != 1:
            number = f"{len(given)} are" if given else "none is"
            problem = f"`{file}` speaks of one network, and {number} given"
            problems.error(codes.QUERY_NETWORK, problem, None, "name it with `--network FILE`")
            return None
        self._used.add(given[0][0])
        return given[0][1]

    def load(
        self, source: NetworkSource, name: str, span: Span | None, problems: DiagnosticLog
    ) -> Graph | None:
        """The graph of `source`; None when it does not load, which is said at `span`."""
        key = source
        if isinstance(source, Path):
            self._named[source] = None
            key = _resolved(source)
        if key not in self._loaded:
            self._loaded[key] = load_graph(source, name, span)
        graph, diagnostics = self._loaded[key]
        problems.extend(replace(diagnostic, span=span) if span else diagnostic for diagnostic in diagnostics)
        return graph

    @property
    def files(self) -> tuple[Path, ...]:
        """Those that were read, as they were named."""
        return tuple(self._named)

    def unused(self) -> Iterator[Diagnostic]:
        """One error for every network of the caller's that no spec has."""
        for name, _ in self.options.networks:
            if name in self._used:
                continue
            if name:
                problem = f"there is no network `{name}` to put a file in the place of"
                fix = did_you_mean(name, sorted(self._labels))
            else:
                problem = "it is not said which network the file of `--network` is"
                fix = "name it: `--network NAME=FILE`"
            yield Diagnostic(codes.NO_NETWORK, problem, fix=fix)


def _resolved(path: Path) -> Path:
    """The file behind `path`, or `path` itself where that leads nowhere: a loop, an impossible name."""
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):
        return path.absolute()
