"""Usage errors, and the values of options: texts of the command line in, values or a `UsageError` out.

Imports nothing that is slow: `nnspec --help` loads it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from spec_lang.diagnostics import did_you_mean

_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]i?b?)", re.IGNORECASE)
_SCHEDULER: Final = re.compile(
    r"(?P<scheme>dask|dask\+tls)://(?P<host>[\w.-]+|\[[\da-fA-F:.]+\]):(?P<port>\d{1,5})"
)
_UNITS: Final = {
    letter + rest: (1024 if rest.startswith("i") else 1000) ** power
    for power, letter in enumerate("kmgt", start=1)
    for rest in ("", "b", "i", "ib")
}
_LEAST_MEMORY: Final = 64 * 2**20


class UsageError(Exception):
    """What is wrong with the command line, and a fix where one is known."""

    def __init__(self, problem: str, fix: str | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.fix = fix


def assignment(text: str) -> tuple[str, str]:
    """`name=value`."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip() or not value.strip():
        raise UsageError(f"`-p {text}` is not of the form `name=value`")
    return name.strip(), value.strip()


def network(text: str) -> tuple[str, Path]:
    """`name=FILE`, or `FILE` for the only network, whose name is then empty; a path may have a `=`, too."""
    name, equals, file = text.partition("=")
    if "/" in name or os.sep in name or Path(text).is_file():
        return "", Path(text)
    if equals and (not name or not file):
        raise UsageError(f"`--network {text}` is not of the form `name=FILE` or `FILE`")
    return (name, Path(file)) if equals else ("", Path(text))


def timeout(text: str) -> float | None:
    """Seconds; None for `inf`."""
    try:
        seconds = float(text.removesuffix("s"))
    except ValueError:
        seconds = -1.0
    if not seconds > 0:
        raise UsageError(f"`--timeout {text}` is not a number of seconds", "say `--timeout 60`, or `inf`")
    return None if seconds == float("inf") else seconds


def budget(text: str) -> int:
    """Units of work."""
    digits = text.replace("_", "").replace(",", "")
    if not digits.isdecimal() or not 1 <= int(digits) <= 10**15:
        fix = "say `--budget 100000`; a limit of time is `--timeout 60`"
        raise UsageError(f"`--budget {text}` is not a number of units of work", fix)
    return int(digits)


def jobs(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1024:
        raise UsageError(f"`--jobs {text}` is not a number of processes", "say `--jobs 2`")
    return int(text)


def executor(text: str) -> tuple[str, str, int]:
    """The scheme, host and port of a scheduler."""
    found = _SCHEDULER.fullmatch(text)
    if found is None or not 0 < int(found["port"]) < 2**16:
        fix = "say `--executor dask://HOST:PORT`, or `dask+tls://HOST:PORT`"
        raise UsageError(f"`--executor {text}` is not the address of a scheduler", fix)
    return found["scheme"], found["host"].strip("[]"), int(found["port"])


def memory(text: str) -> int | None:
    """Bytes; None for `inf`."""
    found = _SIZE.fullmatch(text.strip())
    if text.strip() == "inf":
        return None
    size = float(found[1]) * _UNITS[found[2].lower()] if found is not None else 0.0
    if size < _LEAST_MEMORY:
        fix = "say `--memory 4GiB`, at least 64MiB, or `inf`"
        raise UsageError(f"`--memory {text}` is not an amount of memory to work with", fix)
    return int(size)


def output_file(text: str) -> Path:
    path = Path(text)
    if path.is_dir() or not path.parent.is_dir():
        raise UsageError(f"`--output-file {text}`: there is no folder `{path.parent}` to write a file in")
    return path


def choice(option: str, known: Sequence[str]) -> Callable[[str], str]:
    """A check that a text is one of `known`."""

    def check(text: str) -> str:
        if text not in known:
            fix = did_you_mean(text, known) or "it is one of " + ", ".join(f"`{word}`" for word in known)
            raise UsageError(f"`{option}` does not take `{text}`", fix)
        return text

    return check
