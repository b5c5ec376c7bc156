"""`nnspec completion`: a script by which a shell completes commands, options, their values and files."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from typing import Final

from spec_lang.cli import usage
from spec_lang.cli.commands.base import Command
from spec_lang.cli.status import OK

_SHELLS: Final = ("bash", "fish", "zsh")


class _Completion:
    name = "completion"
    summary = "print a script that completes commands in a shell"
    description = (
        "Print the completion of this version for a shell. It is a static script: no Python is started when "
        "Tab is pressed. For bash, say `nnspec completion bash > "
        "~/.local/share/bash-completion/completions/nnspec`; for zsh, write it as `_nnspec` into a folder of "
        "`fpath`; for fish, into `~/.config/fish/completions/nnspec.fish`."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "shell",
            metavar="{" + ",".join(_SHELLS) + "}",
            type=usage.choice("completion", _SHELLS),
            help="which shell",
        )

    def run(self, arguments: argparse.Namespace) -> int:
        from spec_lang.cli.arguments import known_commands, parsers_of  # noqa: PLC0415 - start-up
        from spec_lang.cli.completion import commands_of  # noqa: PLC0415

        known = known_commands()
        _, parsers = parsers_of(known)
        commands = commands_of(parsers, {name: command.summary for name, command in known.items()})
        shell = import_module(f"spec_lang.cli.completion.{arguments.shell}")
        sys.stdout.write(shell.script(commands))
        return OK


COMMAND: Final[Command] = _Completion()
