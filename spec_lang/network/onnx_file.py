"""The bytes of an ONNX file, or why the path cannot be one.

In: a path as the user wrote it, resolved.  Out: its bytes, or one diagnostic that says what the file is,
what was expected, and what to do.  Nothing is parsed here and `onnx` is not imported; what comes back may
still be damaged.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from spec_lang.diagnostics import Diagnostic, Span, did_you_mean

# Protobuf itself ends at 2 GiB; a model that verification can do something with is far below this.
MAX_BYTES: Final = 512 * 1024 * 1024

_LFS_MARK: Final = b"version https://git-lfs"
_SNIFFED: Final = 512  # bytes; enough to tell prose from protobuf


def read_model(path: Path, span: Span | None) -> bytes | Diagnostic:
    """The file's bytes, or the diagnostic (NN201 to NN205, NN207) for a path that is no ONNX file."""
    problem = _path_problem(path, span)
    if problem is not None:
        return problem
    try:
        if path.stat().st_size > MAX_BYTES:
            return _too_large(path, span)
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        return Diagnostic(
            "NN202",
            f"the ONNX file `{path}` cannot be read: {error.strerror or error}",
            span,
            "check the file's permissions",
        )
    if len(data) > MAX_BYTES:
        return _too_large(path, span)
    return content_problem(data, f"`{path}`", span) or data


def content_problem(data: bytes, what: str, span: Span | None) -> Diagnostic | None:
    """What is wrong with these bytes at first sight: nothing in them, a Git-LFS pointer, a text."""
    if not data:
        return Diagnostic(
            "NN204",
            f"{what} is empty (0 bytes), where an ONNX model was expected",
            span,
            "export or copy the model again",
        )
    head = data[:_SNIFFED]
    if head.startswith(_LFS_MARK):
        return Diagnostic(
            "NN203",
            f"{what} is a Git-LFS pointer, not the ONNX model that it stands for",
            span,
            "run `git lfs pull` to fetch the model",
        )
    if _is_text(head):
        return Diagnostic(
            "NN205",
            f"{what} is a text file (it starts with {_excerpt(head)}), where an ONNX model was expected",
            span,
            "give the path of a binary `.onnx` file",
        )
    return None


def _path_problem(path: Path, span: Span | None) -> Diagnostic | None:
    try:
        if path.is_dir():
            return Diagnostic(
                "NN202",
                f"`{path}` is a folder, where an ONNX file was expected",
                span,
                _models_in(path),
            )
        if path.is_file():
            return None
        if path.exists():
            return Diagnostic("NN202", f"`{path}` is not a regular file", span, "give a `.onnx` file")
    except (OSError, ValueError) as error:  # a name too long, a null character, no permission
        return Diagnostic("NN202", f"`{path}` cannot be opened: {error}", span, "check the path")
    return Diagnostic("NN201", f"there is no ONNX file `{path}`", span, _nearest(path))


def _nearest(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f"there is no folder `{folder}`; paths are relative to the file that names them"
    names = _names(folder)
    return did_you_mean(path.name, names) or _models_in(folder)


def _models_in(folder: Path) -> str:
    models = [name for name in _names(folder) if name.endswith(".onnx")]
    if not models:
        return f"there are no `.onnx` files in `{folder}`"
    more = "" if len(models) <= 3 else f" and {len(models) - 3} more"
    return f"`{folder}` holds " + ", ".join(f"`{name}`" for name in models[:3]) + more


def _names(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir() if entry.is_file())
    except OSError:
        return []


def _too_large(path: Path, span: Span | None) -> Diagnostic:
    return Diagnostic(
        "NN207",
        f"`{path}` is larger than {MAX_BYTES // 1024 // 1024} MB, the most that is read",
        span,
        "check that this is the network you mean",
    )


def _is_text(head: bytes) -> bool:
    """Whether the bytes are printable text.  A protobuf has control characters within its first fields."""
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # not merely a character cut off at the end
            return False
        text = head[: error.start].decode("utf-8")
    return all(character.isprintable() or character in "\n\r\t\f" for character in text)


def _excerpt(head: bytes) -> str:
    lines = head.decode("utf-8", errors="ignore").strip().splitlines()
    first = lines[0] if lines else ""
    return f"`{first[:40]}…`" if len(first) > 40 else f"`{first}`"
