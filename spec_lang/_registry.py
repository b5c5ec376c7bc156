"""Discovery of open sets: claims, operators, backends, reporters.

In: a package and the name of the constant that each of its modules must define.  Out: the constants,
in the order of the modules' names.  A module that lacks the constant is a mistake of ours and is
reported; `base`, `model` and modules whose name starts with an underscore are not plug-ins.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Final, TypeVar

from spec_lang.diagnostics import InternalError

_NOT_PLUG_INS: Final = frozenset({"base", "model"})

T = TypeVar("T")


def module_names(package: ModuleType) -> tuple[str, ...]:
    """Names of the plug-in modules of `package`, sorted; nothing is imported."""
    names = (info.name for info in iter_modules(package.__path__))
    return tuple(sorted(n for n in names if n not in _NOT_PLUG_INS and not n.startswith("_")))


def discover(package: ModuleType, constant: str, kind: type[T]) -> tuple[T, ...]:
    """The `constant` of every plug-in module of `package`.

    Raises `InternalError` when a module lacks it, when it is not a `kind`, or when two of them share
    a `name`.
    """
    found: dict[str, T] = {}
    for module_name in module_names(package):
        module = import_module(f"{package.__name__}.{module_name}")
        plug_in = getattr(module, constant, None)
        if not isinstance(plug_in, kind):
            raise InternalError(f"{module.__name__} must define {constant}: {kind.__name__}")
        name = str(getattr(plug_in, "name", module_name))
        if name in found:
            raise InternalError(f"{module.__name__} repeats the name {name!r}")
        found[name] = plug_in
    return tuple(found.values())
