"""The soak, in small: workers are killed at random, and nothing is lost."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.soak import Storm, soak
from spec_lang.kernel.verdict import Status


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked at as Linux shows them")
@pytest.mark.parametrize(
    ("claims", "seconds"), [(100, 1.0), pytest.param(2000, 1.0, marks=pytest.mark.long, id="long")]
)
def test_a_stormy_run_comes_to_what_a_calm_one_does(tmp_path: Path, claims: int, seconds: float) -> None:
    soaked = soak(tmp_path, claims, Storm(seconds, claims // 25))
    assert list(soaked.flaws()) == []
    assert len(soaked.calm) == claims
    assert soaked.kills > 0
    assert set(soaked.after_kills.values()) > {Status.UNKNOWN}
    assert set(soaked.calm.values()) == {Status.PROVED, Status.REFUTED}
