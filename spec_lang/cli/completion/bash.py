"""Completion for bash, 3.2 and newer, which needs no other package.

In: the commands.  Out: a script to be sourced, which starts no process of ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from spec_lang.cli.completion import Command, Value

_HEAD = """\
# bash completion for nnspec, made by `nnspec completion bash`.

_nnspec_words() {
    local word
    while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$1" -- "$current")
}

_nnspec_files() {
    local file kind
    compopt -o filenames 2>/dev/null
    while IFS= read -r file; do COMPREPLY+=("$file"); done < <(compgen -d -- "$current")
    for kind in "$@"; do
        while IFS= read -r file; do
            [[ -d $file ]] || COMPREPLY+=("$file")
        done < <(compgen -f -X "!*$kind" -- "$current")
    done
}

_nnspec() {
    local current=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD-1]} command='' word at
    COMPREPLY=()
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        if [[ $word != -* ]]; then command=$word; break; fi
    done
    # `--option=value` and `--network name=value` are several words here.
    at=$((COMP_CWORD - 1))
    if [[ $option == = ]]; then at=$((COMP_CWORD - 2)); fi
    if [[ $current == = || $option == = ]] && ((at > 1)); then
        if [[ ${COMP_WORDS[at]} != -* ]]; then at=$((at - 1)); fi
        option=${COMP_WORDS[at]}
    fi
    if [[ $current == = ]]; then current=''; fi
    if [[ -z $command ]]; then
"""


def script(commands: Sequence[Command]) -> str:
    """The whole script."""
    return _HEAD + "\n".join(_cases(commands)) + "\n"


def _cases(commands: Sequence[Command]) -> Iterator[str]:
    names = " ".join((*(command.name for command in commands), "--help", "--version"))
    yield f'        _nnspec_words "{names}"'
    yield "        return"
    yield "    fi"
    yield '    case "$command:$option" in'
    for calls, options in _by_value(commands).items():
        yield f"        {'|'.join(options)})"
        yield from (f"            {call}" for call in calls)
        yield "            return ;;"
    yield "    esac"
    yield '    case "$command:$current" in'
    for command in commands:
        options_of = " ".join(name for option in command.options for name in option.names)
        yield f'        {command.name}:-*) _nnspec_words "{options_of}" ;;'
        operands = [call for operand in command.operands for call in _calls(operand)]
        yield f"        {command.name}:*) {'; '.join(operands) or ':'} ;;"
    yield "    esac"
    yield "}"
    yield ""
    yield "complete -F _nnspec nnspec"


def _by_value(commands: Sequence[Command]) -> dict[tuple[str, ...], list[str]]:
    """Which options take the same: `check:--using`, `plan:--using`.  After free text nothing is proposed."""
    found: dict[tuple[str, ...], list[str]] = {}
    for command in commands:
        for option in command.options:
            if option.takes is not None:
                calls = _calls(option.takes)
                found.setdefault(calls, []).extend(f"{command.name}:{name}" for name in option.names)
    return found


def _calls(takes: Value) -> tuple[str, ...]:
    calls = [f'_nnspec_words "{" ".join(takes.words)}"'] if takes.words else []
    if takes.extensions is not None:
        kinds = " ".join(f".{extension}" for extension in takes.extensions) or "''"
        calls.append(f"_nnspec_files {kinds}")
    return tuple(calls)
