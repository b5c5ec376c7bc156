"""Where the grammar is.

In: nothing.  Out: the text of `nnspec.lark`, from the copy that a wheel carries or else from the
checkout's `grammar/` folder.  Both are the same file; an editable install has only the second.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from spec_lang.diagnostics import InternalError

_PACKAGE: Final = Path(__file__).resolve().parent.parent
_PLACES: Final = (_PACKAGE / "_grammar" / "nnspec.lark", _PACKAGE.parent / "grammar" / "nnspec.lark")


def grammar_text() -> str:
    """The grammar; raises `InternalError` when the installation lacks it."""
    for place in _PLACES:
        if place.is_file():
            return place.read_text(encoding="utf-8")
    raise InternalError("the grammar nnspec.lark is missing from the installation")
