"""The laws of `nnspec fmt`, looked at for one text.

In: a text without syntax errors, parsed.  Out: nothing, or `LayoutChanged` with the law that is broken: the
layout parses to the same tree, laying it out again changes nothing, and no comment is lost.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import fields, is_dataclass
from typing import Final

from spec_lang.diagnostics import Span
from spec_lang.syntax import ast
from spec_lang.syntax.layout.module import format_module
from spec_lang.syntax.parse import parse_module

_COMMENT: Final = re.compile(r'"(?:[^"\\\n]|\\[^\n])*"|(#[^\n]*)')


class LayoutChanged(Exception):
    """A law of the layout is broken."""


def check_layout(text: str, module: ast.Module, file: str) -> None:
    """Raises `LayoutChanged`."""
    once = format_module(text, file).text
    if once is None:
        raise LayoutChanged("what parses is not laid out")
    parsed = parse_module(once, file)
    if parsed.diagnostics or not same_tree(parsed.module, module):
        raise LayoutChanged("the layout is another tree")
    if format_module(once, file).text != once:
        raise LayoutChanged("the layout of the layout is another text")
    if comments(once) != comments(text):
        raise LayoutChanged("the comments are not the same")


def same_tree(one: object, other: object) -> bool:
    """Equality but for places.  Without recursion over chains, which may be long."""
    waiting = [(one, other)]
    while waiting:
        a, b = waiting.pop()
        if isinstance(a, Span) and isinstance(b, Span):
            continue
        if isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b):
            waiting.extend(zip(a, b, strict=True))
        elif is_dataclass(a) and type(a) is type(b):
            waiting.extend((getattr(a, field.name), getattr(b, field.name)) for field in fields(a))
        elif a != b:
            return False
    return True


def comments(text: str) -> Counter[str]:
    """The words of all comments: blanks before and behind them are the layout's."""
    return Counter(found.lstrip("#").strip() for found in _COMMENT.findall(text) if found)
