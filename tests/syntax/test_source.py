"""From bytes to text: what is not UTF-8 text is said to be what it is."""

from __future__ import annotations

import pytest

from spec_lang.diagnostics import Diagnostic, Span
from spec_lang.syntax.source import decode_source
from spec_lang.syntax.words import MAX_SPEC_BYTES


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"\xef\xbb\xbfparam a", "param a"),
        (b"a\r\nb\rc\n", "a\nb\nc\n"),
        ("# é 𝔸".encode(), "# é 𝔸"),
        (b"a\x00b", "a\x00b"),
        (b"#" * MAX_SPEC_BYTES, "#" * MAX_SPEC_BYTES),
    ],
)
def test_text_is_decoded(data: bytes, text: str) -> None:
    assert text == decode_source(data, "test.nnspec")


@pytest.mark.parametrize(
    ("data", "code", "line", "column"),
    [
        (b"\xff", "NN001", 1, 1),
        ("# é".encode() + b"\n\xc3\xa9 \x80", "NN001", 2, 3),
        (b"caf\xe9 = 1", "NN001", 1, 4),
        ("param a".encode("utf-16"), "NN001", 1, 1),
        (b"\x08\x07\x12\x07pytorch\xf0\x01", "NN001", 1, 12),
        (b"#" * (MAX_SPEC_BYTES + 1), "NN002", 1, 1),
    ],
)
def test_what_is_not_text_is_a_diagnostic(data: bytes, code: str, line: int, column: int) -> None:
    diagnostic = decode_source(data, "test.nnspec")
    assert isinstance(diagnostic, Diagnostic)
    assert code == diagnostic.code
    assert Span("test.nnspec", line, column, line, column + 1) == diagnostic.span
    assert diagnostic.fix
