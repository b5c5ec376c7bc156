"""From the bytes of a file to text.

In: the bytes of an `.nnspec` file.  Out: its text with `\\n` line ends and no byte-order mark, or the
diagnostic that says what the file is instead.  Positions count characters of that text.
"""

from __future__ import annotations

from spec_lang.diagnostics import Diagnostic, Span
from spec_lang.syntax.words import CODES, MAX_SPEC_BYTES


def decode_source(data: bytes, file: str) -> str | Diagnostic:
    """The text of a file's bytes."""
    if len(data) > MAX_SPEC_BYTES:
        return _too_large(file)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _not_text("this file is UTF-16 text", Span(file, 1, 1, 1, 2))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode("utf-8", "replace")
        line = before.count("\n") + 1
        column = len(before) - before.rfind("\n")
        span = Span(file, line, column, line, column + 1)
        return _not_text(f"the byte 0x{data[error.start]:02x} here is not UTF-8 text", span)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def oversize(text: str, file: str) -> Diagnostic | None:
    """Refuses a text that is larger than `MAX_SPEC_BYTES`; None when it is not."""
    if len(text) > MAX_SPEC_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_SPEC_BYTES:
        return _too_large(file)
    return None


def _too_large(file: str) -> Diagnostic:
    limit = MAX_SPEC_BYTES // 1_000_000
    problem = f"this file is larger than {limit} MB, too large for a spec"
    fix = "is it a model or data? A spec names those files; it does not contain them"
    return Diagnostic(CODES["size"], problem, Span(file, 1, 1, 1, 2), fix)


def _not_text(problem: str, span: Span) -> Diagnostic:
    return Diagnostic(CODES["encoding"], problem, span, "save the spec as UTF-8 text")
