"""HTML and SVG by elements: what is text is escaped, and only what is made here is not.

In: names of elements, their contents and attributes.  Out: `Html`.  Text of a user's reaches a page through
`element` or `text` alone, so that no name can end a tag, start a script, or turn the direction of what
follows.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Final

_VOID: Final = frozenset(("br", "img", "input", "meta", "circle", "line", "path", "rect", "polygon"))

Attribute = str | int | float | bool | None


class Html(str):
    """Markup, made by `element` or written in this package."""

    __slots__ = ()


Content = str | None | Iterable["str | None"]  # plain strings are text; None is nothing


def text(words: str) -> Html:
    """A user's words.  What cannot be seen, or steers how the rest is shown, is written out."""
    return Html(escape(words if words.isprintable() else "".join(map(_seen, words))))


def _seen(character: str) -> str:
    if character.isprintable() or character in "\n\t":
        return character
    return f"\\u{ord(character):04x}"


def joined(parts: Iterable[str | None]) -> Html:
    """The parts, one after the other."""
    return Html("".join(p if isinstance(p, Html) else text(p) for p in parts if p is not None))


def element(name: str, /, *contents: Content, **attributes: Attribute) -> Html:
    """`<name …>contents</name>`; `class_` stands for `class`, other underscores for hyphens.  An attribute
    that is None or False is left out; what is True has no value."""
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID and not contents:
        return Html(f"<{name}{written}>" if name in ("br", "img", "input", "meta") else f"<{name}{written}/>")
    return Html(f"<{name}{written}>{''.join(map(_content, contents))}</{name}>")


def _content(content: Content) -> str:
    if content is None or isinstance(content, str):
        return joined((content,))
    return joined(content)


def _attribute(key: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    name = key.removesuffix("_").replace("_", "-")
    if value is True:
        return f" {name}"
    written = number(value) if isinstance(value, float) else str(value)
    return f' {name}="{text(written)}"'


def number(value: float) -> str:
    """A coordinate: a tenth of a pixel is seen by nobody."""
    return f"{value:.1f}".removesuffix(".0")
