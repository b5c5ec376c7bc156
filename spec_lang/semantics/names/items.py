"""The items of a network's declaration, seen without its ONNX file.

In: a declaration, and where the names of the file are declared.  Out: diagnostics alone, for items given
twice and for components whose names are taken.  What an item says is read by `interface.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from spec_lang.diagnostics import DiagnosticLog, Note, Span
from spec_lang.semantics import codes
from spec_lang.syntax import ast

_WORDS: Final[Mapping[type[ast.NetworkItem], str]] = {
    ast.Inputs: "input",
    ast.Outputs: "output",
    ast.Encode: "encode",
    ast.Decode: "decode",
    ast.Domain: "domain",
}


def check_items(network: ast.NetworkDecl, declared: Mapping[str, Span], log: DiagnosticLog) -> None:
    """Reports repeated items, repeated components, and outputs that bear the name of a declaration."""
    seen: dict[str, Span] = {}
    for item in network.items:
        word = f"layer {item.name.text}" if isinstance(item, ast.Layer) else _WORDS[type(item)]
        if word in seen:
            notes = (Note("it is given here first", seen[word]),)
            problem = f"`{word}` is given twice for `{network.name.text}`"
            log.error(codes.NETWORK_ITEM, problem, item.span, None, notes)
        seen.setdefault(word, item.span)
        if isinstance(item, ast.Inputs | ast.Outputs):
            _check_components(item, declared, log)


def _check_components(
    item: ast.Inputs | ast.Outputs, declared: Mapping[str, Span], log: DiagnosticLog
) -> None:
    seen: dict[str, Span] = {}
    for component in item.components:
        name = component.name
        if name.text in seen:
            notes = (Note("it is named here first", seen[name.text]),)
            log.error(codes.DUPLICATE, f"`{name.text}` is named twice", name.span, None, notes)
        seen.setdefault(name.text, name.span)
        # `argmax(f(x)) == coc` names an output: nothing else in the file may be meant by it.
        place = declared.get(name.text)
        if isinstance(item, ast.Outputs) and place is not None:
            notes = (Note("it is declared here", place),)
            problem = f"the output `{name.text}` has the name of something else in this file"
            log.error(codes.SHADOWING, problem, name.span, "choose another name", notes)
