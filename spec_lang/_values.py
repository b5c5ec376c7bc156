"""`dataclass` as the standard library has it, but frozen and slotted classes are made in a third of the time.

In: a class with annotated fields.  Out: the same as from `dataclasses`, for `fields`, `replace`, `match` and
`pickle`, and for type checkers.  Before Python 3.13 the library compiles six functions for a class, of which
`__init__` alone gains by it; a start of `nnspec` makes some 240 classes, and spent a third of its time so.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from functools import partial
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, Final, cast

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(cls: type | None = None, /, **options: bool) -> Any:  # noqa: ANN401
        """As `dataclasses.dataclass`."""
        compared = options.get("eq", True)
        if cls is None and options | {"eq": compared} == {"frozen": True, "slots": True, "eq": compared}:
            return partial(_value, compared=compared)
        return dataclasses.dataclass(cls, **options)


_NAME: Final = "__init__"


def _value(cls: type[Any], *, compared: bool) -> type[Any]:
    """`cls` with slots, closed to assignment; if `compared`, equal by its fields, and hashable."""
    if cls.__doc__ is None:
        cls.__doc__ = cls.__name__  # else the library makes a signature, which is slow
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True)(cls)
    fields = dataclasses.fields(made)
    own = vars(cls)
    methods = _methods(tuple(f.name for f in fields), _contents([f.name for f in fields if f.compare]))
    methods[_NAME] = _initialiser(made, fields)
    if not compared:
        del methods["__eq__"], methods["__hash__"]
    for name, method in methods.items():
        # A class that says what is equal and not how to hash has a `__hash__` of None.
        if own.get(name) is None:
            method.__qualname__ = f"{made.__qualname__}.{name}"
            setattr(made, name, method)
    return cast("type[Any]", made)


def _contents(names: Sequence[str]) -> Callable[[Any], tuple[object, ...]]:
    if len(names) > 1:
        return attrgetter(*names)
    return lambda value: tuple(getattr(value, name) for name in names)


def _methods(
    names: tuple[str, ...], contents: Callable[[Any], tuple[object, ...]]
) -> dict[str, Callable[..., Any]]:
    def equal(self: object, other: object) -> Any:  # noqa: ANN401 - NotImplemented
        return contents(self) == contents(other) if other.__class__ is self.__class__ else NotImplemented

    def hashed(self: object) -> int:
        return hash(contents(self))

    @recursive_repr()
    def shown(self: object) -> str:
        return f"{self.__class__.__qualname__}({', '.join(f'{n}={getattr(self, n)!r}' for n in names)})"

    def set_closed(_self: object, name: str, _value: object) -> None:
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")

    def delete_closed(_self: object, name: str) -> None:
        raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")

    def state(self: object) -> list[object]:
        return [getattr(self, name) for name in names]

    def restore(self: object, saved: list[object]) -> None:
        for name, value in zip(names, saved, strict=True):
            object.__setattr__(self, name, value)

    return {
        "__eq__": equal,
        "__hash__": hashed,
        "__repr__": shown,
        "__setattr__": set_closed,
        "__delattr__": delete_closed,
        "__getstate__": state,
        "__setstate__": restore,
    }


def _initialiser(made: type[Any], fields: Sequence[dataclasses.Field[Any]]) -> Callable[..., None]:
    """`__init__`, compiled: the one method that runs too often to look its fields up."""
    scope: dict[str, Any] = {"MISSING": dataclasses.MISSING}
    parameters, body = ["self"], []
    for field in fields:
        name = given = field.name
        scope[f"set_{name}"] = getattr(made, name).__set__
        if field.default_factory is not dataclasses.MISSING:
            scope[f"make_{name}"] = field.default_factory
            parameters.append(f"{name}=MISSING")
            given = f"make_{name}() if {name} is MISSING else {name}"
        elif field.default is not dataclasses.MISSING:
            scope[f"default_{name}"] = field.default
            parameters.append(f"{name}=default_{name}")
        else:
            parameters.append(name)
        body.append(f"set_{name}(self, {given})")
    if hasattr(made, "__post_init__"):
        body.append("self.__post_init__()")
    exec(f"def {_NAME}({', '.join(parameters)}):\n " + ("; ".join(body) or "pass"), scope)  # noqa: S102
    made_init: Callable[..., None] = scope[_NAME]
    return made_init
