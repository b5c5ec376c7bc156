"""The composition root: the one package that imports every stage, and runs them in order.

`check` is imported when it is asked for: what only reads specs loads no backend.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spec_lang.engine.options import CheckOptions, Observer, Silent

if TYPE_CHECKING:
    from spec_lang.engine.run import check

__all__ = ["CheckOptions", "Observer", "Silent", "check"]


def __getattr__(name: str) -> object:
    if name == "check":
        from spec_lang.engine.run import check  # noqa: PLC0415 - start-up

        return check
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
