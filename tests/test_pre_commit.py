"""The hooks of `.pre-commit-hooks.yaml`, run by the real `pre-commit` program in a scratch Git repository.

In: a commit of this checkout, made in a temporary clone, which `pre-commit` installs into an environment
of its own.  Out: which commits pass, which do not, and what those read who made them.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from spec_lang.store.lock import read_lock
from tests.cli.commands import write_endless

pytestmark = pytest.mark.slow

# What an installation needs; a copy of the whole checkout would take caches and environments along.
_SHIPPED = ("spec_lang", "grammar", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml")

HOOKS = ("nnspec fmt", "nnspec lint", "nnspec check")  # `check` last, as its options follow
HOLDS = "forall p in box([-1, 1.5], [0, 2]): moons(p)[0] > moons(p)[1]"
FAILS = "forall p in box([-1, -2], [0, 2]): moons(p)[0] > moons(p)[1]"


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


@pytest.fixture(scope="module")
def first_commit(
    checkout: Path, cache: Path, hook_repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A repository that uses the hooks, with a network and a spec that holds, both committed."""
    folder = tmp_path_factory.mktemp("first")
    _use_hooks(folder, cache, hook_repository)
    shutil.copy2(checkout / "examples" / "moons" / "model.onnx", folder / "model.onnx")
    _write_spec(folder, HOLDS)
    _run(folder, cache, "git", "init", "--quiet")
    installed = _run(folder, cache, sys.executable, "-m", "pre_commit", "install")
    assert installed.returncode == 0, installed.stdout + installed.stderr
    committed = _commit_everything(folder, cache)
    assert committed.returncode == 0, committed.stdout + committed.stderr
    assert [_outcome(committed, hook) for hook in HOOKS] == ["Passed"] * 3
    return folder


@pytest.fixture
def users_repository(first_commit: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    folder = tmp_path / "users"
    shutil.copytree(first_commit, folder)
    return folder


def _use_hooks(folder: Path, cache: Path, hook_repository: Path, check: str = "") -> None:
    """Write the configuration; `check` says more about that hook."""
    commit = _run(hook_repository, cache, "git", "rev-parse", "HEAD").stdout.strip()
    hooks = "".join(f"  - id: {hook.replace(' ', '-')}\n" for hook in HOOKS)
    (folder / ".pre-commit-config.yaml").write_text(
        f"repos:\n- repo: {hook_repository}\n  rev: {commit}\n  hooks:\n{hooks}{check}"
    )


def _write_spec(folder: Path, formula: str, name: str = "moons.nnspec") -> None:
    text = f'language 1\n\nnetwork moons = "model.onnx"\n\nclaim upper: {formula}\n'
    (folder / name).write_text(text)


def _outcome(committed: subprocess.CompletedProcess[str], hook: str) -> str:
    """`Passed`, `Failed` or `Skipped`."""
    (line,) = (line for line in committed.stderr.splitlines() if line.startswith(f"{hook}."))
    return line.rpartition(".")[2].removeprefix("(no files to check)")


def _commits(folder: Path, cache: Path) -> int:
    return len(_run(folder, cache, "git", "log", "--oneline").stdout.splitlines())


def test_a_commit_whose_claim_is_refuted_is_stopped_with_the_counterexample_at_the_end(
    users_repository: Path, cache: Path
) -> None:
    for number in range(12):
        _write_spec(users_repository, HOLDS, f"other{number}.nnspec")
    _write_spec(users_repository, FAILS)
    stopped = _commit_everything(users_repository, cache)
    assert stopped.returncode == 1
    assert _outcome(stopped, "nnspec check") == "Failed"
    _, _, said = stopped.stderr.partition("exit code: 1")
    assert "moons.nnspec\n  refuted  upper" in said
    assert "fails   moons(p)[0] > moons(p)[1]" in said
    assert "replay  exact rationals: confirmed" in said
    assert "12 proved, 1 refuted in" in said
    assert len(said.strip().splitlines()) < 20
    assert _commits(users_repository, cache) == 1


def test_a_commit_of_a_new_network_rechecks_the_specs_that_did_not_change(
    users_repository: Path, cache: Path, checkout: Path
) -> None:
    shutil.copy2(checkout / "examples" / "braking" / "model.onnx", users_repository / "model.onnx")
    stopped = _commit_everything(users_repository, cache)
    assert stopped.returncode == 1
    assert _outcome(stopped, "nnspec check") == "Failed"
    assert [_outcome(stopped, hook) for hook in ("nnspec fmt", "nnspec lint")] == ["Skipped"] * 2


def test_a_commit_without_specs_networks_or_queries_is_not_checked(
    users_repository: Path, cache: Path
) -> None:
    (users_repository / "notes.txt").write_text("nothing to prove\n")
    committed = _commit_everything(users_repository, cache)
    assert committed.returncode == 0, committed.stderr
    assert [_outcome(committed, hook) for hook in HOOKS] == ["Skipped"] * 3


def test_a_commit_of_a_spec_in_another_layout_is_stopped_and_the_file_laid_out(
    users_repository: Path, cache: Path
) -> None:
    path = users_repository / "moons.nnspec"
    right = path.read_text() + "# the end\n"
    path.write_text(right.replace(" = ", "="))
    stopped = _commit_everything(users_repository, cache)
    assert stopped.returncode == 1
    assert _outcome(stopped, "nnspec fmt") == "Failed"
    assert "files were modified by this hook" in stopped.stderr
    assert _outcome(stopped, "nnspec check") == "Passed"
    assert path.read_text() == right
    assert _commit_everything(users_repository, cache).returncode == 0
    assert _commits(users_repository, cache) == 2


def test_a_commit_of_a_spec_with_a_mistake_is_stopped_by_what_is_wrong(
    users_repository: Path, cache: Path
) -> None:
    _write_spec(users_repository, HOLDS.replace("moons(p)[0]", "moon(p)[0]"))
    stopped = _commit_everything(users_repository, cache)
    assert stopped.returncode == 1
    assert _outcome(stopped, "nnspec lint") == "Failed"
    assert "moons.nnspec:5:" in stopped.stderr
    assert "did you mean `moons`?" in stopped.stderr


def test_a_git_lfs_pointer_in_the_place_of_the_network_is_named_with_the_fix(
    users_repository: Path, cache: Path
) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"
    (users_repository / "model.onnx").write_text(pointer)
    stopped = _commit_everything(users_repository, cache)
    assert stopped.returncode == 1
    assert "error[NN203]" in stopped.stderr
    assert "fix: run `git lfs pull` to fetch the model" in stopped.stderr


def test_what_is_not_staged_is_not_checked_and_not_lost(users_repository: Path, cache: Path) -> None:
    _write_spec(users_repository, HOLDS.replace("box([-1,", "box([-0.5,"))
    _run(users_repository, cache, "git", "add", "--all")
    _write_spec(users_repository, FAILS)
    committed = _run(users_repository, cache, "git", "commit", "--message", "a part")
    assert committed.returncode == 0, committed.stderr
    assert _outcome(committed, "nnspec check") == "Passed"
    assert FAILS in (users_repository / "moons.nnspec").read_text()


def test_a_budget_keeps_a_hook_short_and_the_hook_says_what_it_left_open(
    users_repository: Path, cache: Path, hook_repository: Path
) -> None:
    limits = '    args: [., --using, falsify, --budget, "1", --unknown, warn]\n    verbose: true\n'
    _use_hooks(users_repository, cache, hook_repository, limits)
    _write_spec(users_repository, HOLDS.replace("box([-1,", "box([-0.75,"), "another.nnspec")
    committed = _commit_everything(users_repository, cache)
    assert committed.returncode == 0, committed.stderr
    assert "2 claims not decided within the budget: upper" in committed.stderr
    assert "without `--budget`" in committed.stderr


def test_a_commit_that_changes_what_is_known_is_stopped_until_the_lock_is_part_of_it(
    users_repository: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with a formatter: the hook writes, the user adds."""
    monkeypatch.delenv("NNSPEC_LOCK")
    lock = users_repository / "nnspec.lock"
    _write_spec(users_repository, HOLDS, "another.nnspec")
    assert _commit_everything(users_repository, cache).returncode == 0
    assert len(read_lock(lock).lines) == 2  # one meaning, two claims
    assert _commit_everything(users_repository, cache).returncode == 0
    tracked = _run(users_repository, cache, "git", "ls-files", "nnspec.lock").stdout
    assert tracked == "nnspec.lock\n"
    _write_spec(users_repository, HOLDS.replace("box([-1,", "box([-0.75,"))
    stopped = _commit_everything(users_repository, cache)
    assert stopped.returncode == 1
    assert "files were modified by this hook" in stopped.stderr
    assert "nnspec.lock: 1 changed" in stopped.stderr
    assert _commit_everything(users_repository, cache).returncode == 0
    assert _commits(users_repository, cache) == 4


def test_a_verdict_that_somebody_writes_into_the_lock_is_no_verdict(
    users_repository: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NNSPEC_LOCK")
    lock = users_repository / "nnspec.lock"
    _write_spec(users_repository, FAILS)
    assert _commit_everything(users_repository, cache).returncode == 1
    assert '"verdict":"refuted"' in lock.read_text()
    lock.write_text(lock.read_text().replace("refuted", "proved"))
    stopped = _commit_everything(users_repository, cache)
    assert stopped.returncode == 1
    assert "refuted  upper" in stopped.stderr
    assert '"verdict":"refuted"' in lock.read_text()


def test_on_the_terminal_that_pre_commit_hands_its_hooks_there_are_colours_and_no_progress(
    users_repository: Path, cache: Path, hook_repository: Path
) -> None:
    path = write_endless(users_repository)
    _use_hooks(users_repository, cache, hook_repository, '    args: [f.nnspec, --timeout, "2"]\n')
    _run(users_repository, cache, "git", "add", "--all")
    command = (sys.executable, "-m", "pre_commit", "run", "nnspec-check", "--color", "always")
    checked = _run(users_repository, cache, *command)
    assert checked.returncode == 1
    assert "endless" in checked.stdout
    assert f"{path.name}" in checked.stdout
    assert re.search(r"\x1b\[[0-9;]*33m", checked.stdout)  # yellow: an unknown
    assert "running" not in checked.stdout
    assert not re.search(r"\x1b\[[0-9?]*[A-La-l]", checked.stdout)  # the cursor moves, or is hidden
