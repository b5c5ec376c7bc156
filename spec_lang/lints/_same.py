"""Which expressions are the same, wherever they stand: equal trees have equal numbers.

In: expressions.  Out: numbers, each subtree looked at once.  Names are compared as they are spelt, so the
answer is meant for expressions with the same variables around them.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import fields
from fractions import Fraction
from typing import Final

from spec_lang.syntax import ast

_LEAVES: Final = (str, bool, Fraction, ast.Comparison, ast.Quantifier)


class Numbering:
    """Gives equal numbers to expressions that differ in their places alone."""

    __slots__ = ("_done", "_fields", "_numbers")

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}
        self._done: dict[int, tuple[object, int]] = {}  # what is kept alive keeps its identity
        self._fields: dict[type, tuple[str, ...]] = {}

    def of(self, node: object) -> int:
        """The number of `node`: an expression, or a part of one."""
        known = self._done.get(id(node))
        if known is not None:
            return known[1]
        number = self._numbers.setdefault(self._key(node), len(self._numbers))
        self._done[id(node)] = (node, number)
        return number

    def _key(self, node: object) -> Hashable:
        match node:
            case None:
                return None
            case ast.Name(text=text):
                return text
            case ast.Number(value=value, unit=unit):
                return (value, unit)
            case tuple():
                return (tuple, *map(self.of, node))
            case _ if isinstance(node, _LEAVES):
                return (type(node), node)
            case _:
                return (type(node), *(self.of(getattr(node, name)) for name in self._parts(node)))

    def _parts(self, node: object) -> tuple[str, ...]:
        """The fields of a node, but for its place."""
        kind = type(node)
        if kind not in self._fields:
            self._fields[kind] = tuple(f.name for f in fields(node) if f.name != "span")  # type: ignore[arg-type]
        return self._fields[kind]
