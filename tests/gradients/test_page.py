"""The spec of docs/gradients.md is one: it is read, and decided on the network of examples/loan."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from spec_lang.engine import CheckOptions, check
from spec_lang.kernel.verdict import Status

ROOT = Path(__file__).parent.parent.parent


def test_the_spec_of_the_page_is_decided(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "gradients.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"```nnspec\n(.*?)```", page, re.DOTALL)
    shutil.copy(ROOT / "examples" / "loan" / "model.onnx", tmp_path)
    spec = tmp_path / "page.nnspec"
    spec.write_text(text, encoding="utf-8")
    report = check([spec], CheckOptions(budget=20_000, jobs=1))
    assert not [d for d in report.diagnostics if d.is_error], report.diagnostics
    found = {claim.name: (claim.status, claim.reason) for claim in report.claims}
    assert len(found) == 10
    refuted = {name for name, (status, _) in found.items() if status is Status.REFUTED}
    assert refuted == {"unmoved"}
    assert all(name in refuted or status is Status.PROVED for name, (status, _) in found.items()), found
