"""From the paths of a command line to texts.

In: files and folders.  Out: `Source` values, each path once, in a fixed order, and diagnostics for whatever
cannot be read.  The size of a file is looked at before its content; a folder is searched for `*.nnspec`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from spec_lang._values import dataclass
from spec_lang.diagnostics import Diagnostic, DiagnosticLog
from spec_lang.engine import codes
from spec_lang.engine.spec_files import specs_below
from spec_lang.syntax.source import decode_source
from spec_lang.syntax.words import MAX_SPEC_BYTES


@dataclass(frozen=True, slots=True)
class Source:
    """A spec or a query: its name in messages, its text, and the folder that its paths are relative to.

    `path` is None for a text that is no file.
    """

    file: str
    text: str
    folder: Path
    is_query: bool = False
    path: Path | None = None


def read_sources(paths: Sequence[str | Path], problems: DiagnosticLog) -> tuple[Source, ...]:
    """The texts behind `paths`; what cannot be had is in `problems`."""
    files: dict[Path, None] = {}
    for path in paths:
        files.update(dict.fromkeys(_files(Path(path), problems)))
    sources = (read_source(file, problems, file.as_posix()) for file in files)
    return tuple(source for source in sources if source is not None)


def _files(path: Path, problems: DiagnosticLog) -> Iterator[Path]:
    fix: str | None
    if path.is_dir():
        found = specs_below(path)
        if not found:
            fix = "name a file, or a folder with `*.nnspec` files"
            problems.error(codes.NO_SPECS, f"there is no `*.nnspec` file in the folder `{path}`", None, fix)
        yield from found
    elif not path.exists():
        nearby = sorted(path.parent.glob("*.nnspec")) if path.parent.is_dir() else []
        fix = "there is " + ", ".join(f"`{p}`" for p in nearby[:3]) if nearby else None
        problems.error(codes.NO_FILE, f"there is no file or folder `{path}`", None, fix)
    elif path.suffix not in (".nnspec", ".vnnlib"):
        fix = "a model is given by `--network NAME=FILE`" if path.suffix == ".onnx" else None
        problems.error(
            codes.NOT_A_SPEC, f"`{path}` is neither a spec (`*.nnspec`) nor a query (`*.vnnlib`)", None, fix
        )
    else:
        yield path


def read_source(path: Path, problems: DiagnosticLog, name: str) -> Source | None:
    """The text of one file, which messages call `name`; None when it cannot be had."""
    limit = MAX_SPEC_BYTES
    try:
        size = path.stat().st_size
        if size > limit:
            problem = f"`{path}` has {size / 1e6:.0f} MB, more than the {limit / 1e6:.0f} MB that are read"
            problems.error(codes.TOO_LARGE, problem, None, "split it into several files")
            return None
        data = path.read_bytes()
    except OSError as error:
        problems.error(codes.UNREADABLE, f"`{path}` cannot be read: {error.strerror or error}", None)
        return None
    text = decode_source(data, name)
    if isinstance(text, Diagnostic):
        problems.add(text)
        return None
    return Source(name, text, path.parent, path.suffix == ".vnnlib", path)
