"""File names as other tools want them: from the root of the repository, or as URIs.

In: a file name of a report, and its invocation.  Out: text.  Nothing is looked up: `..` is folded as text,
and bytes that are no characters are kept in a URI and shown as escapes elsewhere.
"""

from __future__ import annotations

import re
from posixpath import isabs, join, normpath
from typing import Final
from urllib.parse import quote

from spec_lang.reporters._invocation import Invocation

_DRIVE: Final = re.compile(r"[A-Za-z]:/")


def from_root(file: str, invocation: Invocation) -> str:
    """`file` relative to the root of the repository; absolute where it lies outside, as it is where no root
    is known."""
    if invocation.root is None or invocation.folder is None:
        return file
    whole = file if _is_absolute(file) else normpath(join(invocation.folder, file))
    inside = _with_slash(invocation.root)
    return whole.removeprefix(inside) if whole.startswith(inside) else whole


def is_inside(path: str) -> bool:
    """Whether a path that `from_root` gave is relative."""
    return not _is_absolute(path)


def uri(path: str) -> str:
    """The path as a URI reference: relative, or with the scheme `file`."""
    drive = "/" if _DRIVE.match(path) else ""
    quoted = quote(path.encode("utf-8", "surrogateescape"), safe="/")
    return (
        f"file://{drive}{quoted.replace('%3A', ':', 1) if drive else quoted}"
        if _is_absolute(path)
        else quoted
    )


def folder_uri(path: str) -> str:
    """The URI of a folder, which ends in a slash."""
    return uri(_with_slash(path))


def readable(text: str) -> str:
    """Text that can be encoded: bytes of a file name that are no characters become escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _is_absolute(path: str) -> bool:
    return isabs(path) or _DRIVE.match(path) is not None


def _with_slash(folder: str) -> str:
    return folder if folder.endswith("/") else folder + "/"
