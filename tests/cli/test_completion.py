"""Laws of completion: what shells propose is what the command line takes, and they start nothing for it."""

from __future__ import annotations

import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from spec_lang import _registry, backends
from spec_lang.backends.base import Backend
from spec_lang.cli.arguments import known_commands, parsers_of
from spec_lang.cli.completion import commands_of
from spec_lang.cli.shared import formats
from tests.cli.running import run
from tests.cli.screen import program_on_terminal

SHELLS = ("bash", "fish", "zsh")
HERE = {shell: shutil.which(shell) for shell in SHELLS}
# Prints what bash has found, having been asked about the last word of its arguments.
ASK_BASH = """
source "$1"; shift
COMP_WORDS=(); for word in "$@"; do COMP_WORDS+=("$word"); done
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
PATH=/nowhere
_nnspec 2>/dev/null
printf '%s\\n' "${COMPREPLY[@]}"
"""


def with_shells(*shells: str) -> list[object]:
    """bash has to be there; the others are skipped, and listed, where they are not."""

    def skipped(shell: str) -> list[pytest.MarkDecorator]:
        absent = pytest.mark.skipif(HERE[shell] is None, reason=f"there is no {shell}")
        return [] if shell == "bash" else [absent]

    return [pytest.param(shell, marks=skipped(shell)) for shell in shells]


@pytest.fixture
def scripts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Path]:
    """The script of every shell, beside some files."""
    found = {}
    for shell in SHELLS:
        status, out, err = run(capsys, "completion", shell)
        assert (status, err) == (0, "")
        found[shell] = tmp_path / f"completion.{shell}"
        found[shell].write_text(out)
    for name in ("a.nnspec", "b c.nnspec", "q.vnnlib", "f.onnx", "notes.txt"):
        (tmp_path / name).touch()
    (tmp_path / "specs").mkdir()
    return found


def bash(scripts: dict[str, Path], *words: str) -> set[str]:
    """What bash proposes for the last of `words`, which are split as bash splits them."""
    command = ["bash", "--norc", "-c", ASK_BASH, "ask", str(scripts["bash"]), "nnspec", *words]
    asked = subprocess.run(
        command, cwd=scripts["bash"].parent, capture_output=True, text=True, timeout=60, check=True
    )
    assert asked.stderr == ""
    return set(asked.stdout.splitlines()) - {""}


def test_every_script_has_every_command_and_every_option(scripts: dict[str, Path]) -> None:
    known = known_commands()
    _, parsers = parsers_of(known)
    for name, parser in parsers.items():
        options = [option for action in parser._actions for option in action.option_strings]
        texts = {shell: script.read_text() for shell, script in scripts.items()}
        for option in (*options, name):
            assert f"{option}" in texts["bash"]
            assert f"{option}" in texts["zsh"]
            assert option.lstrip("-") in texts["fish"]


def test_backends_are_proposed_by_the_names_that_they_have() -> None:
    installed = _registry.discover(backends, "BACKEND", Backend)  # type: ignore[type-abstract]
    known = known_commands()
    commands = commands_of(parsers_of(known)[1], {name: command.summary for name, command in known.items()})
    (check,) = (command for command in commands if command.name == "check")
    (using,) = (option for option in check.options if "--using" in option.names)
    assert using.takes is not None
    assert set(using.takes.words) == {backend.name for backend in installed}


@pytest.mark.parametrize(
    ("words", "proposed"),
    [
        (["che"], {"check"}),
        (["--v"], {"--version"}),
        (["check", "--output-f"], {"--output-format", "--output-file"}),
        (["check", "--using", "mi"], {"milp"}),
        (["check", "--using", "=", "mi"], {"milp"}),
        (["check", "--unknown", "="], {"fail", "warn"}),
        (["check", "--output-format", ""], set(formats())),
        (["check", ""], {"a.nnspec", "b c.nnspec", "q.vnnlib", "specs"}),
        (["check", "--strict", "q"], {"q.vnnlib"}),
        (["check", "--network", ""], {"f.onnx", "specs"}),
        (["check", "--network", "f", "=", ""], {"f.onnx", "specs"}),
        (["check", "--network", "f.onnx", "x", "a"], {"a.nnspec"}),
        (["check", "--output-file", "n"], {"notes.txt"}),
        (["check", "--claim", ""], set()),
        (["init", "--force", ""], {"f.onnx", "specs"}),
        (["monitor", "a.nnspec", "-o", ""], {"f.onnx", "specs"}),
        (["completion", "z"], {"zsh"}),
        (["explain", "robus"], {"robust"}),
        (["nothing", ""], set()),
    ],
)
def test_bash_proposes_what_can_stand_there_and_starts_nothing(
    scripts: dict[str, Path], words: list[str], proposed: set[str]
) -> None:
    assert bash(scripts, *words) == proposed


def test_every_word_that_bash_proposes_is_taken(
    scripts: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    for before, _ in pairwise(("--evidence", "--semantics", "--unknown", "--output-format", "")):
        for word in bash(scripts, "check", before, ""):
            status, _, err = run(capsys, "check", before, word, scripts["bash"].parent / "none.nnspec")
            assert status == 2
            assert "does not take" not in err


@pytest.mark.parametrize("shell", with_shells(*SHELLS))
def test_a_script_is_one_of_its_shell(scripts: dict[str, Path], shell: str) -> None:
    checked = subprocess.run(
        [shell, "-n", scripts[shell]], capture_output=True, text=True, timeout=60, check=False
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_the_script_for_bash_has_nothing_that_shellcheck_minds(scripts: dict[str, Path]) -> None:
    checked = subprocess.run(
        ["shellcheck", scripts["bash"]], capture_output=True, text=True, timeout=120, check=False
    )
    assert checked.stdout == ""


@pytest.mark.slow
@pytest.mark.parametrize("shell", with_shells(*SHELLS))
def test_tab_completes_in_a_shell_at_which_somebody_sits(scripts: dict[str, Path], shell: str) -> None:
    script = scripts[shell]
    start = {
        "bash": (["bash", "--norc", "-i"], f"source {script}; bind 'set enable-bracketed-paste off'"),
        "fish": (["fish", "--private", "--no-config"], f"source {script}"),
        "zsh": (["zsh", "-f", "-i"], f"autoload -U compinit; compinit -D; source {script}"),
    }
    command, prepare = start[shell]
    home = {"HOME": str(script.parent), "PS1": "ready> ", "XDG_CONFIG_HOME": str(script.parent)}
    with program_on_terminal(command, size=(120, 40), environment=home) as terminal:
        terminal.type(f" cd {script.parent}; {prepare}; echo pre''pared\r")
        terminal.until(lambda lines: any(line.strip() == "prepared" for line in lines))
        terminal.type("nnspec che\t")
        terminal.until(lambda lines: any("nnspec check" in line for line in lines))
        terminal.type("--using mi\t")
        terminal.until(lambda lines: any("nnspec check --using milp" in line for line in lines))
        terminal.type("--qui\t")
        terminal.until(lambda lines: any("--using milp --quiet" in line for line in lines))
        terminal.type("q\t")
        terminal.until(lambda lines: any("--quiet q.vnnlib" in line for line in lines))
