"""Completion for zsh, by its own `_arguments`.

In: the commands.  Out: a script to be sourced, or to be put as `_nnspec` into a folder of `fpath`; it starts
no process of ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from spec_lang.cli.completion import Command, Option, Value

_HEAD = """\
#compdef nnspec
# zsh completion for nnspec, made by `nnspec completion zsh`.

_nnspec() {
    local context state state_descr line
    typeset -A opt_args
    _arguments -C '(- *)'{-h,--help}'[what there is]' '(- *)--version[which version this is]' \\
        '1:command:->command' '*::argument:->argument' && return
    case $state in
        command)
            local -a commands
            commands=(
"""
_TAIL = """\
            esac ;;
    esac
}

if [[ $funcstack[1] == _nnspec ]]; then _nnspec "$@"; else compdef _nnspec nnspec; fi
"""


def script(commands: Sequence[Command]) -> str:
    """The whole script."""
    return _HEAD + "\n".join(_body(commands)) + "\n" + _TAIL


def _body(commands: Sequence[Command]) -> Iterator[str]:
    for command in commands:
        yield f"                {_quoted(f'{command.name}:{_escaped(command.help)}')}"
    yield "            )"
    yield "            _describe command commands ;;"
    yield "        argument)"
    yield "            case $words[1] in"
    for command in commands:
        specs = [spec for option in command.options for spec in _option(option)] + _operands(command)
        yield f"                {command.name}) _arguments -s \\"
        yield " \\\n".join(f"                    {spec}" for spec in specs) + " ;;"


def _option(option: Option) -> Iterator[str]:
    takes = "" if option.takes is None else _value(option.takes)
    for name in option.names:
        others = " ".join(option.names)
        before = "*" if option.repeats else f"({others})" if len(option.names) > 1 else ""
        equals = "=" if takes and name.startswith("--") else ""
        yield _quoted(f"{before}{name}{equals}[{_escaped(option.help)}]{takes}")


def _operands(command: Command) -> list[str]:
    last = len(command.operands)
    return [
        _quoted(f"{'*' if command.repeats and number == last else number}{_value(operand)}")
        for number, operand in enumerate(command.operands, start=1)
    ]


def _value(takes: Value) -> str:
    if takes.words:
        does = f"({' '.join(takes.words)})"
    elif takes.extensions:
        does = f'_files -g "*.({"|".join(takes.extensions)})"'
    else:
        does = " " if takes.extensions is None else "_files"
    return f":{_escaped(takes.name)}:{does}"


def _escaped(text: str) -> str:
    for character in "\\[]:":
        text = text.replace(character, f"\\{character}")
    return text


def _quoted(text: str) -> str:
    inner = text.replace("'", "'\\''")
    return f"'{inner}'"
