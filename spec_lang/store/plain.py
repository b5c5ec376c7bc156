"""Frozen values as JSON, and back by their types.

In: dataclasses of texts, numbers, fractions, enumerations, options and tuples of these.  Out: what the
standard library writes as JSON; from it and the type an equal value.  What does not fit raises `Unfit`:
nothing is guessed, and nothing but such values is ever made.
"""

from __future__ import annotations

import dataclasses
from enum import Enum
from fractions import Fraction
from types import NoneType, UnionType
from typing import Any, Final, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")
_TYPES: Final[dict[Any, tuple[Any, ...]]] = {}


class Unfit(Exception):
    """A value, or its text, is not of this form."""


def to_plain(value: object) -> Any:  # noqa: ANN401 - what the standard library takes
    """`value` as JSON.  Raises `Unfit`."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Fraction():
            return f"{value.numerator:x}/{value.denominator:x}"
        case Enum():
            return value.value
        case tuple():
            return [to_plain(part) for part in value]
        case _ if dataclasses.is_dataclass(value):
            return [to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)]
        case _:
            raise Unfit(type(value).__name__)


def from_plain(kind: type[T], plain: object) -> T:
    """The value of type `kind` that `to_plain` was given.  Raises `Unfit`."""
    try:
        return cast("T", _value(kind, plain))
    except (TypeError, ValueError, AttributeError, OverflowError, ZeroDivisionError) as error:
        raise Unfit(str(error)) from None


def _value(kind: Any, plain: Any) -> object:  # noqa: ANN401 - a type, or what stands for several
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return _option(get_args(kind), plain)
    if origin is tuple:
        return _tuple(get_args(kind), plain)
    if dataclasses.is_dataclass(kind):
        types = _types(kind)
        if not isinstance(plain, list) or len(plain) != len(types):
            raise Unfit(f"no {kind}")
        return cast("type[Any]", kind)(*map(_value, types, plain))
    if kind is Fraction:
        numerator, denominator = plain.split("/")
        return Fraction(int(numerator, 16), int(denominator, 16))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(plain)
    if kind is float and type(plain) is int:
        return float(plain)
    if kind in (bool, int, float, str, NoneType) and type(plain) is (NoneType if plain is None else kind):
        return plain
    raise Unfit(f"{plain!r} is no {kind}")


def _option(kinds: tuple[Any, ...], plain: object) -> object:
    others = [kind for kind in kinds if kind is not NoneType]
    if plain is None and len(others) < len(kinds):
        return None
    if len(others) != 1:
        raise Unfit("one of several")
    return _value(others[0], plain)


def _tuple(kinds: tuple[Any, ...], plain: object) -> tuple[object, ...]:
    if not isinstance(plain, list):
        raise Unfit("no tuple")
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        return tuple(_value(kinds[0], part) for part in plain)
    if len(plain) != len(kinds):
        raise Unfit("a tuple of another length")
    return tuple(map(_value, kinds, plain))


def _types(kind: Any) -> tuple[Any, ...]:  # noqa: ANN401 - a dataclass
    """The types of its fields, in order."""
    if kind not in _TYPES:
        hints = get_type_hints(kind)
        _TYPES[kind] = tuple(hints[field.name] for field in dataclasses.fields(kind))
    return _TYPES[kind]
