"""Discovery of open sets: claims, operators, backends, reporters.

In: a package and the name of the constant that each of its modules must define.  Out: the constants,
in the order of the modules' names.  A module that lacks the constant is a mistake of ours and is
reported; `base`, `model` and modules whose name starts with an underscore are not plug-ins.

Other packages offer plug-ins by entry points: nothing of theirs is imported before `load`, and whatever goes
wrong then is their mistake, a `BrokenPlugIn`.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import TYPE_CHECKING, Final, TypeVar

from spec_lang._values import dataclass
from spec_lang.diagnostics import InternalError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

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


class BrokenPlugIn(Exception):
    """What another package offers cannot be used; says why."""


@dataclass(frozen=True, slots=True)
class PlugIn:
    """What another package offers under a name; not loaded yet.  `package` has its version."""

    name: str
    package: str
    entry: EntryPoint


def plug_ins(group: str) -> tuple[PlugIn, ...]:
    """What installed packages offer in the entry-point group, by name; looks at their metadata alone."""
    from importlib import metadata  # noqa: PLC0415 - start-up: few files need it

    found = (PlugIn(entry.name, _package(entry), entry) for entry in metadata.entry_points(group=group))
    return tuple(sorted(found, key=lambda plug_in: (plug_in.name, plug_in.package)))


def load(plug_in: PlugIn, constant: str, kind: type[T]) -> T:
    """The plug-in: what its entry point names, or the `constant` of it.  Raises `BrokenPlugIn`."""
    try:
        loaded: object = plug_in.entry.load()
    except (Exception, SystemExit) as failure:
        raise BrokenPlugIn(f"{type(failure).__name__}: {failure}") from failure
    found = loaded if isinstance(loaded, kind) else getattr(loaded, constant, None)
    if not isinstance(found, kind):
        raise BrokenPlugIn(f"`{plug_in.entry.value}` is no {kind.__name__} and has no {constant} that is one")
    return found


def _package(entry: EntryPoint) -> str:
    return "?" if entry.dist is None else f"{entry.dist.name} {entry.dist.version}"
