"""The claims of `.nnspec` files as pytest items: one a claim, one a member of a family.

In: pytest's hooks.  Out: items, where they are asked for: by `--nnspec`, by `nnspec = true` in pytest's
configuration, or by a file that the command line names.  A run that asks for none imports little more than
this file: what knows claims is imported with the first of them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from spec_lang.pytest_plugin.limits import OPTIONS, limits, said

if TYPE_CHECKING:
    from spec_lang.pytest_plugin.items import ClaimFile


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--nnspec` and its limits, each also a line of the configuration: `nnspec_timeout = 10`."""
    group = parser.getgroup("nnspec", "claims about neural networks")
    group.addoption("--nnspec", action="store_true", help="collect the claims of `*.nnspec` files")
    parser.addini("nnspec", "collect the claims of `*.nnspec` files", type="bool", default=False)
    for name, value, words in OPTIONS:
        group.addoption(f"--nnspec-{name}", metavar=value, help=words)
        parser.addini(f"nnspec_{name}", words)


def pytest_configure(config: pytest.Config) -> None:
    """`-m nnspec` selects claims; a limit that is none is said at once."""
    config.addinivalue_line("markers", "nnspec: a claim of an .nnspec file")
    if any(said(config, name) for name, _, _ in OPTIONS):
        limits(config)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> ClaimFile | None:
    """A spec, where it is asked for."""
    if file_path.suffix != ".nnspec":
        return None
    config = parent.config
    wanted = config.getoption("nnspec") or config.getini("nnspec") or parent.session.isinitpath(file_path)
    if not wanted:
        return None
    from spec_lang.pytest_plugin.items import ClaimFile  # noqa: PLC0415 - start-up: most runs have none

    return ClaimFile.from_parent(parent, path=file_path)
