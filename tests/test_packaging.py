"""The wheel: what it holds, and that it runs without the checkout.

In: this checkout.  Out: a wheel built from it, installed into an empty folder and run from there, so that
the grammar is the packaged one; and by uvx and pipx, which fetch what it needs from the package index.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built by the installed hatchling, without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    built = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (result,) = folder.glob("nnspec-*.whl")
    return result


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder)]
    done = subprocess.run([*command, str(wheel)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_wheel_holds_the_grammar_the_types_the_schema_and_the_licence(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "spec_lang/_grammar/nnspec.lark" in names
    assert "spec_lang/py.typed" in names
    assert "spec_lang/reporters/report.schema.json" in names
    assert {"spec_lang/reporters/_page/report.css", "spec_lang/reporters/_page/report.js"} <= set(names)
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_wheel_holds_no_tests_examples_or_benchmarks(wheel: Path) -> None:
    roots = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {root for root in roots if not root.endswith(".dist-info")} == {"spec_lang"}


def test_an_installed_wheel_checks_a_spec_with_the_packaged_grammar(
    installed: Path, checkout: Path, tmp_path: Path
) -> None:
    # -S: no site-packages, so that an editable installation of the checkout cannot be found.
    packages = [str(installed), *(p for p in sys.path if p.endswith("site-packages"))]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(packages), "XDG_CACHE_HOME": str(tmp_path)}
    where = "import spec_lang; print(spec_lang.__file__)"

    def python(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-S", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    assert Path(python("-c", where).stdout.strip()).parent == installed / "spec_lang"
    checked = python("-m", "spec_lang", "check", str(checkout / "examples" / "moons"))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "proved" in checked.stdout


@pytest.mark.long
@pytest.mark.parametrize(
    "runner",
    [("uvx", "--python", sys.executable, "--from"), ("pipx", "run", "--python", sys.executable, "--spec")],
    ids=lambda runner: runner[0],
)
def test_a_wheel_runs_without_an_installation(
    wheel: Path, checkout: Path, tmp_path: Path, runner: tuple[str, ...]
) -> None:
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    folders = {"HOME": "home", "XDG_CACHE_HOME": "cache", "UV_CACHE_DIR": "uv", "PIPX_HOME": "pipx"}
    environment = kept | {name: str(tmp_path / folder) for name, folder in folders.items()}

    def nnspec(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*runner, str(wheel), "nnspec", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )

    version = nnspec("--version")
    assert version.returncode == 0, version.stderr
    assert version.stdout.startswith("nnspec ")
    checked = nnspec("check", str(checkout / "examples" / "moons"))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "proved" in checked.stdout
