"""Installed packages that offer claim forms, and do it wrongly."""

from __future__ import annotations

from pathlib import Path

import pytest

_FORM = """
from fractions import Fraction

from spec_lang.claims.base import ArgumentKind, Claim, Parameter


def expand(expansion):
    raise KeyError("radius")


CLAIM = Claim(
    name="{name}",
    summary="a form of another package",
    formula="forall x in on: f(x)[0] <= 1",
    parameters=(
        Parameter("f", ArgumentKind.NETWORK, "the network", positional=True),
        Parameter("on", ArgumentKind.REGION, "where"),
    ),
    expand=expand,
    example="network f = 'f.onnx'\\nclaim c: {name}(f, on: f.domain)",
)
"""
_PACKAGES = {
    "broken": ("steady", "import a_library_that_is_not_installed\n"),
    "taken": ("robust", _FORM.format(name="robust")),
    "failing": ("steady", _FORM.format(name="steady")),
}


def install(kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the package `acme-forms` on the path, as an installer would; `kind` is what is wrong with it."""
    name, source = _PACKAGES[kind]
    module = f"acme_forms_{kind}"
    about = folder / f"{module}-1.0.dist-info"
    about.mkdir(parents=True)
    (folder / f"{module}.py").write_text(source, encoding="utf-8")
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-forms\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[nnspec.claims]\n{name} = {module}\n")
    monkeypatch.syspath_prepend(folder)
