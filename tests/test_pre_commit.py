"""The hook of `.pre-commit-hooks.yaml`, run by the real `pre-commit` program in a scratch Git repository.

In: a commit of this checkout, made in a temporary clone, which `pre-commit` installs into an environment
of its own.  Out: whether a commit of a good spec passes, and one of a refuted spec does not.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

# What an installation needs; a copy of the whole checkout would take caches and environments along.
_SHIPPED = ("spec_lang", "grammar", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml")


def _run(folder: Path, cache: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {
        "PRE_COMMIT_HOME": str(cache),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_AUTHOR_NAME": "a test",
        "GIT_AUTHOR_EMAIL": "test@example.org",
        "GIT_COMMITTER_NAME": "a test",
        "GIT_COMMITTER_EMAIL": "test@example.org",
    }
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False
    )


def _commit_everything(folder: Path, cache: Path) -> subprocess.CompletedProcess[str]:
    _run(folder, cache, "git", "add", "--all")
    return _run(folder, cache, "git", "commit", "--message", "a change")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pre-commit")


@pytest.fixture(scope="module")
def hook_repository(checkout: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as a repository with a commit, whatever state this checkout is in."""
    folder = tmp_path_factory.mktemp("nnspec")
    for name in _SHIPPED:
        source = checkout / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, folder / name)
    _run(folder, cache, "git", "init", "--quiet")
    committed = _commit_everything(folder, cache)
    assert committed.returncode == 0, committed.stderr
    return folder


@pytest.fixture
def users_repository(checkout: Path, cache: Path, hook_repository: Path, tmp_path: Path) -> Path:
    """A repository that uses the hook, with a network and a spec that holds, both committed."""
    commit = _run(hook_repository, cache, "git", "rev-parse", "HEAD").stdout.strip()
    (tmp_path / ".pre-commit-config.yaml").write_text(
        f"repos:\n- repo: {hook_repository}\n  rev: {commit}\n  hooks:\n  - id: nnspec-check\n"
    )
    shutil.copy2(checkout / "examples" / "moons" / "model.onnx", tmp_path / "model.onnx")
    _write_spec(tmp_path, "forall p in box([-1, 1.5], [0, 2]): moons(p)[0] > moons(p)[1]")
    _run(tmp_path, cache, "git", "init", "--quiet")
    installed = _run(tmp_path, cache, sys.executable, "-m", "pre_commit", "install")
    assert installed.returncode == 0, installed.stdout + installed.stderr
    committed = _commit_everything(tmp_path, cache)
    assert committed.returncode == 0, committed.stdout + committed.stderr
    assert "nnspec check" in committed.stderr
    assert "Passed" in committed.stderr
    return tmp_path


def _write_spec(folder: Path, formula: str) -> None:
    (folder / "moons.nnspec").write_text(
        f'language 1\nnetwork moons = "model.onnx"\nclaim upper: {formula}\n'
    )


def test_a_commit_whose_claim_is_refuted_is_stopped_with_the_counterexample(
    users_repository: Path, cache: Path
) -> None:
    _write_spec(users_repository, "forall p in box([-1, -2], [0, 2]): moons(p)[0] > moons(p)[1]")
    stopped = _commit_everything(users_repository, cache)
    assert stopped.returncode == 1
    assert "Failed" in stopped.stderr
    assert "refuted" in stopped.stderr
    log = _run(users_repository, cache, "git", "log", "--oneline").stdout
    assert len(log.splitlines()) == 1


def test_a_commit_of_a_new_network_rechecks_the_specs_that_did_not_change(
    users_repository: Path, cache: Path, checkout: Path
) -> None:
    shutil.copy2(checkout / "examples" / "braking" / "model.onnx", users_repository / "model.onnx")
    stopped = _commit_everything(users_repository, cache)
    assert stopped.returncode == 1
    assert "Failed" in stopped.stderr


def test_a_commit_without_specs_networks_or_queries_is_not_checked(
    users_repository: Path, cache: Path
) -> None:
    (users_repository / "notes.txt").write_text("nothing to prove\n")
    committed = _commit_everything(users_repository, cache)
    assert committed.returncode == 0, committed.stderr
    assert "Skipped" in committed.stderr
