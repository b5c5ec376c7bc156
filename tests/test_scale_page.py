"""The example of `docs/scale.md` does what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.engine.specs import FAILS, HOLDS, write


def test_the_example_decides_in_a_pool(tmp_path: Path, checkout: Path) -> None:
    page = (checkout / "docs" / "scale.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    write(tmp_path, HOLDS, FAILS)
    (tmp_path / "example.py").write_text(code, encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "example.py"], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
    )
    assert run.stdout.split() == ["holds", "proved", "fails", "refuted"], run.stderr
