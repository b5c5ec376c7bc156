"""A claim form for a reader: what it says, the formula that it stands for, its arguments, an example.

In: the form.  Out: lines of text for a terminal, or of Markdown.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import Final

from spec_lang.claims.base import ArgumentKind, Claim, Parameter
from spec_lang.semantics.forms.library import example_formulas

_WIDTH: Final = 100
_SHORT: Final = {
    ArgumentKind.OUTPUT: "an output, `f.speed` or `f[2]`",
    ArgumentKind.POINT: "a point",
    ArgumentKind.TENSOR: "a tensor",
    ArgumentKind.LABEL: "an output, by name or number",
    ArgumentKind.NORM: "`linf`, `l2` or `l1`",
    ArgumentKind.COMPONENTS: "an input or a list of inputs",
    ArgumentKind.TOLERANCE: "a number, or one for each output",
    ArgumentKind.NEURONS: "a list of neurons",
}


def form_lines(form: Claim) -> Iterator[str]:
    """The page that `nnspec explain` prints."""
    yield f"{signature(form)}"
    yield f"  {form.summary}"
    if form.package is not None:
        yield f"  from the package {form.package}"
    yield "  stands for"
    yield from (f"    {line}" for line in formula_lines(form))
    if form.notes:
        yield from textwrap.wrap(form.notes, _WIDTH, initial_indent="  ", subsequent_indent="  ")
    yield "  arguments"
    rows = [(p.name, _kind(p), f"{p.meaning}{_presence(p)}") for p in form.parameters]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for name, kind, meaning in rows:
        yield f"    {name:{widths[0]}}  {kind:{widths[1]}}  {meaning}"
    yield "  example"
    yield from (f"    {line}".rstrip() for line in form.example.strip().splitlines())
    yield "  which stands for"
    yield from (f"    {line}" for line in example_formulas(form))


def formula_lines(form: Claim) -> Iterator[str]:
    """The definition, then those for other arguments."""
    yield form.formula
    for variant in form.variants:
        yield f"{variant.when}: {variant.formula}"


def signature(form: Claim) -> str:
    """How the form is called: `robust(f, at:, label:, within:, norm: linf, clip:, by: argmax)`."""
    return f"{form.name}({', '.join(map(_place, form.parameters))})"


def forms_page(forms: Iterable[Claim]) -> str:
    """The reference of forms, in Markdown."""
    lines: list[str] = []
    for form in sorted(forms, key=lambda form: form.name):
        lines += ["", f"## {form.name}", "", f"`{signature(form)}`: {form.summary}.", ""]
        lines += ["| with | stands for |", "|---|---|", f"| | `{_cell(form.formula)}` |"]
        lines += [f"| {_cell(variant.when)} | `{_cell(variant.formula)}` |" for variant in form.variants]
        if form.notes:
            lines += ["", form.notes]
        lines += ["", "| argument | is | meaning |", "|---|---|---|"]
        lines += [f"| `{p.name}` | {_kind(p)} | {p.meaning}{_presence(p)} |" for p in form.parameters]
        lines += ["", "```nnspec", form.example.strip(), "```", "", "The claims stand for", "", "```text"]
        lines += [*example_formulas(form), "```"]
    return "".join(f"{line}\n" for line in lines[1:])


def _place(parameter: Parameter) -> str:
    if parameter.positional:
        return " or ".join(parameter.words) or parameter.name
    default = f" {parameter.default}" if parameter.default is not None else ""
    return f"{parameter.name}:{default}"


def _kind(parameter: Parameter) -> str:
    return parameter.described if parameter.words else _SHORT.get(parameter.kind, parameter.kind.value)


def _presence(parameter: Parameter) -> str:
    if parameter.default is not None:
        return f"; `{parameter.default}` if it is left out"
    return "" if parameter.required else "; may be left out"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
