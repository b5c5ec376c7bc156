"""What a command is: its arguments, and what it does with them."""

from __future__ import annotations

import argparse
from typing import Protocol, runtime_checkable


@runtime_checkable
class Command(Protocol):
    """A command, as a module constant `COMMAND`.

    `--help` imports every command: whatever is not needed for the arguments is imported by `run`.
    """

    name: str
    summary: str  # a line of `nnspec --help`
    description: str  # at the head of `nnspec COMMAND --help`

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare positional arguments and options."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it; the result is the exit status.  `arguments.debug` asks for tracebacks.  May raise
        `UsageError`."""
