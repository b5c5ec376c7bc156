"""What holds of every output format that there is."""

from __future__ import annotations

import io

import pytest

from spec_lang import _registry, reporters
from spec_lang.reporters.base import Reporter
from tests.reporters.example import REPORT
from tests.reporters.odd import REPORTS
from tests.reporters.rendering import rendered

MODULES = _registry.module_names(reporters)
FORMATS: tuple[Reporter, ...] = _registry.discover(reporters, "REPORTER", Reporter)  # type: ignore[type-abstract]


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("name", REPORTS)
def test_every_format_renders_every_report_the_same_way_twice(module: str, name: str) -> None:
    once = rendered(module, REPORTS[name])
    assert once == rendered(module, REPORTS[name])
    once.encode("utf-8", "backslashreplace")  # as files and terminals take it
    assert once.endswith("\n") or module == "vnnlib"


@pytest.mark.parametrize("module", sorted({*MODULES} - {"plain", "terminal", "vnnlib"}))
def test_a_document_holds_bytes_of_file_names_in_a_way_that_can_be_written(module: str) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace")
    stream.write(rendered(module, REPORTS["hostile"]))
    stream.flush()


def test_every_format_says_what_it_is() -> None:
    assert all(reporter.summary and "\n" not in reporter.summary for reporter in FORMATS)


@pytest.mark.parametrize("module", sorted({*MODULES} - {"vnnlib"}))
def test_every_format_says_which_claim_is_refuted(module: str) -> None:
    assert "stops" in rendered(module, REPORT)
