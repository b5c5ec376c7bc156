"""Running a command in this process: exit status, stdout and stderr."""

from __future__ import annotations

from pathlib import Path

import pytest

from spec_lang.cli import main


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    """Exit status, stdout and stderr."""
    status = main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return status, out, err
