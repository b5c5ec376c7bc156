"""Conditions as bytes, and back: what a stored proof by a case split says of its cases.

In: a condition over the inputs and outputs of a graph that is not stored.  Out: its numbers, exactly, without
the words that it came from.  What is read is of the right form and no deeper than what is written; whether it
fits the graph is for the kernel to say.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Final

from spec_lang.obligations.model import All, Any, Condition, LinearAtom, Terms
from spec_lang.store.columns import BadRecord, ColumnReader, ColumnWriter, Unkeepable

_ATOM, _ALL, _ANY = range(3)
_DEEPEST: Final = 100

Write = Callable[[ColumnWriter, Fraction], None]
Read = Callable[[ColumnReader], Fraction]


def write_condition(writer: ColumnWriter, condition: Condition, write: Write, depth: int = 0) -> None:
    """Raises `Unkeepable` for a condition that is too deep to be read."""
    if depth > _DEEPEST:
        raise Unkeepable("the condition of a cut is too deep")
    if isinstance(condition, LinearAtom):
        writer.number(_ATOM)
        writer.number(int(condition.strict))
        write(writer, condition.constant)
        for terms in (condition.inputs, condition.outputs):
            writer.number(len(terms))
            for index, coefficient in terms:
                writer.number(index)
                write(writer, coefficient)
        return
    writer.number(_ALL if isinstance(condition, All) else _ANY)
    writer.number(len(condition.parts))
    for part in condition.parts:
        write_condition(writer, part, write, depth + 1)


def read_condition(reader: ColumnReader, read: Read, depth: int = 0) -> Condition:
    """Raises `BadRecord`."""
    kind = reader.number()
    if kind == _ATOM:
        strict = reader.number()
        if strict not in (0, 1):
            raise BadRecord("an atom is neither strict nor closed")
        constant = read(reader)
        inputs, outputs = _read_terms(reader, read), _read_terms(reader, read)
        return LinearAtom(inputs, outputs, constant, bool(strict))
    if kind not in (_ALL, _ANY) or depth >= _DEEPEST:
        raise BadRecord("a condition is none")
    parts = tuple(read_condition(reader, read, depth + 1) for _ in range(reader.count()))
    return All(parts) if kind == _ALL else Any(parts)


def _read_terms(reader: ColumnReader, read: Read) -> Terms:
    return tuple((reader.number(), read(reader)) for _ in range(reader.count()))
