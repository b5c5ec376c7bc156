"""Completion for fish.

In: the commands.  Out: a script to be sourced, or to be put as `nnspec.fish` among the user's completions; it
starts no process of ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from spec_lang.cli.completion import Command, Option, Value

_HEAD = """\
# fish completion for nnspec, made by `nnspec completion fish`.

complete -c nnspec -f
complete -c nnspec -n __fish_use_subcommand -s h -l help -d 'what there is'
complete -c nnspec -n __fish_use_subcommand -l version -d 'which version this is'
"""


def script(commands: Sequence[Command]) -> str:
    """The whole script."""
    return _HEAD + "\n".join(_lines(commands)) + "\n"


def _lines(commands: Sequence[Command]) -> Iterator[str]:
    for command in commands:
        yield f"complete -c nnspec -n __fish_use_subcommand -a {command.name} -d {_quoted(command.help)}"
    for command in commands:
        begin = f"complete -c nnspec -n '__fish_seen_subcommand_from {command.name}'"
        for option in command.options:
            yield " ".join((begin, *_names(option), *_value(option.takes), "-d", _quoted(option.help)))
        for operand in command.operands:
            given = _given(operand)
            if given:
                yield f"{begin} -a {_quoted(given)}"


def _names(option: Option) -> Iterator[str]:
    for name in option.names:
        yield f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}"


def _value(takes: Value | None) -> Iterator[str]:
    """`-x`: a value comes, and no other file; `-rF`: a value comes, which may be any file."""
    if takes is None:
        return
    if takes.extensions == ():
        yield "-rF"
        return
    yield "-x"
    if given := _given(takes):
        yield f"-a {_quoted(given)}"


def _given(takes: Value) -> str:
    """The words, and a call for the files."""
    files = (f"(__fish_complete_suffix .{extension})" for extension in takes.extensions or ())
    return " ".join((*takes.words, *files))


def _quoted(text: str) -> str:
    inner = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{inner}'"
