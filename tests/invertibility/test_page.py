"""The spec of docs/invertibility.md is one: it is read, and decided on a network that can be inverted."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from spec_lang.engine import CheckOptions, check
from spec_lang.kernel.verdict import Status
from tests.invertibility.networks import shears, write

PAGE = Path(__file__).parent.parent.parent / "docs" / "invertibility.md"


def test_the_spec_of_the_page_is_decided(tmp_path: Path) -> None:
    (text,) = re.findall(r"```nnspec\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    write(shears(np.random.default_rng(3)), tmp_path / "step.onnx")
    spec = tmp_path / "page.nnspec"
    spec.write_text(text, encoding="utf-8")
    report = check([spec], CheckOptions(budget=4000, jobs=1))
    assert not [d for d in report.diagnostics if d.is_error], report.diagnostics
    found = {claim.name: claim for claim in report.claims}
    assert len(found) == 5
    for name in ("reversible", "no_ghosts", "still_so"):
        assert found[name].status is Status.PROVED, found[name].reason
    far = found["how_far"].measurement
    assert far is not None
    assert far.brackets[0].lower is not None
    assert far.brackets[0].lower.value == 3
