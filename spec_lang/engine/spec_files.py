"""The specs in a folder.

In: a folder.  Out: the `*.nnspec` files below it, in a fixed order; what is hidden is not looked into.
"""

from __future__ import annotations

import os
from pathlib import Path


def specs_below(folder: Path) -> list[Path]:
    """Each as a path that begins with `folder`."""
    found: list[Path] = []
    for name, folders, files in os.walk(folder):
        folders[:] = [one for one in folders if not one.startswith(".")]
        here = Path(name)
        specs = (here / file for file in files if file.endswith(".nnspec") and not file.startswith("."))
        found += [path for path in specs if path.is_file()]
    return sorted(found)
