"""What can be typed after `nnspec`, read off the parsers: what the scripts for shells are made of.

In: the command line's parsers.  Out: commands with their options, and what each of them takes.  What that is,
is told by the metavar: `{a,b}` are words, `FILE.onnx` is a file of that kind, `GLOB` is free text.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping
from typing import Final

from spec_lang import _registry, backends, claims
from spec_lang._values import dataclass

_FILES: Final = {
    "PATH": ("nnspec", "vnnlib"),
    "MODEL": ("onnx",),
    "[NAME=]FILE": ("onnx",),
    "FILE": (),
}
_WORDS: Final = re.compile(r"\{(.+)\}")
_LENGTH: Final = 70  # of what is said of an option


@dataclass(frozen=True, slots=True)
class Value:
    """What may stand there: these words, and files with these extensions; of any kind where there are none,
    and no files where that is None."""

    name: str
    words: tuple[str, ...] = ()
    extensions: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """`takes` is None for a switch."""

    names: tuple[str, ...]
    help: str
    takes: Value | None
    repeats: bool


@dataclass(frozen=True, slots=True)
class Command:
    """`operands` are what stands without an option's name, in order; the last may be repeated."""

    name: str
    help: str
    options: tuple[Option, ...]
    operands: tuple[Value, ...]
    repeats: bool


def commands_of(
    parsers: Mapping[str, argparse.ArgumentParser], help_of: Mapping[str, str]
) -> tuple[Command, ...]:
    """Every command."""
    return tuple(_command(name, help_of[name], parser._actions) for name, parser in parsers.items())


def _command(name: str, summary: str, actions: list[argparse.Action]) -> Command:
    options = tuple(_option(action) for action in actions if action.option_strings)
    operands = [action for action in actions if not action.option_strings]
    return Command(
        name,
        _short(summary),
        options,
        tuple(map(_value, operands)),
        bool(operands) and operands[-1].nargs == "*",
    )


def _option(action: argparse.Action) -> Option:
    switch = action.nargs == 0
    # `append` is for options that are given several times; so are those of reports, each with its file.
    repeats = isinstance(action, argparse._AppendAction) or action.dest == "outputs"
    names = tuple(action.option_strings)
    return Option(names, _short(action.help or ""), None if switch else _value(action), repeats)


def _value(action: argparse.Action) -> Value:
    name = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    words = _WORDS.fullmatch(name)
    if words is not None:
        return Value(action.dest, tuple(words[1].split(",")))
    extension = name.rpartition(".")[2]
    if extension != name:
        return Value(name, extensions=(extension,))
    return Value(name, tuple(_named(name)), _FILES.get(name))


def _named(metavar: str) -> Iterator[str]:
    """Words that are not in the metavar, as there are many of them."""
    if metavar == "BACKEND":
        yield from _registry.module_names(backends)
    if metavar == "CLAIM":
        yield from _registry.module_names(claims)


def _short(text: str) -> str:
    """The beginning of a help text, up to where it explains."""
    first = re.split(r"; | \(|: ", text.replace("%%", "%").replace("`", ""))[0]
    return first if len(first) <= _LENGTH else f"{first[: _LENGTH - 1].rsplit(' ', 1)[0]}…"
