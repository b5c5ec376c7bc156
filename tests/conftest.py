"""What every test may assume: one BLAS thread, a deterministic Hypothesis on CI, interrupts that are heard,
and the benchmark data.

In: the environment (`NNSPEC_DATA`, `CI`).  Out: the fixtures `checkout` and `data_root`, and a cache that
is not the user's.  A test that reads the benchmark data (by `data_root` or the marker `data`), or needs a
browser (the marker `browser`), is skipped where there is none, and listed with the reason.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

# Before numpy is imported by anyone: two test processes with a BLAS thread per core each are slower than one.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from hypothesis import HealthCheck, settings

from spec_lang.store import places

# A shell starts what it runs in the background with interrupts ignored, and so do all processes below that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

CHECKOUT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("NNSPEC_DATA", CHECKOUT.parent / "shared" / "data"))

settings.register_profile("default", deadline=None)
# A CI machine is shared: a slow moment of it is no failure, and the same commit gives the same answer.
settings.register_profile("ci", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ci" if os.environ.get("CI") else "default")


@pytest.hookimpl(tryfirst=True)  # before `-m data` selects
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "data_root" in getattr(item, "fixturenames", ()):
            item.add_marker("data")
    no_data = pytest.mark.skip(reason=f"no benchmark data in {DATA} (set NNSPEC_DATA)")
    no_browser = pytest.mark.skip(reason="no chromium and chromedriver (apt-get install chromium-driver)")
    absent = [("data", no_data)] if not (DATA / "acasxu").is_dir() else []
    absent += [("browser", no_browser)] if shutil.which("chromedriver") is None else []
    for item in items:
        for name, mark in absent:
            if item.get_closest_marker(name):
                item.add_marker(mark)


@pytest.fixture(scope="session", autouse=True)
def cache_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes what the user's cache holds, proofs and the parser's tables, nor a lock."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("NNSPEC_LOCK", "off")
        yield


@pytest.fixture(autouse=True)
def nothing_is_known() -> None:
    """No test is answered by what another one has found."""
    for folder in (places.proofs(), places.runs()):
        if folder.exists():
            shutil.rmtree(folder)


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The project's root folder."""
    return CHECKOUT


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder of the benchmark families; asking for it puts the marker `data` on a test."""
    return DATA
