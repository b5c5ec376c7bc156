"""What stands around a file: the files that it imports, and the data files that all of them name.

In: what the engine has read, since resolution reads nothing.  Out: lookups.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Final

from spec_lang._values import dataclass
from spec_lang.data.base import DataFile, Fault
from spec_lang.diagnostics import Span
from spec_lang.syntax import ast


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`modules` are the imported files, each once, those that import nothing first.

    `visible` are the files whose names a file may use, itself left out.  `incomplete` are files of which an
    import could not be had, which has been reported: what they name may be declared there.  `broken` are
    names in imported files that did not parse.  `data` are the files of data declarations, by the place of
    the path.
    """

    modules: tuple[ast.Module, ...] = ()
    visible: Mapping[str, frozenset[str]] = field(default_factory=dict)
    incomplete: frozenset[str] = frozenset()
    broken: frozenset[str] = frozenset()
    data: Mapping[Span, DataFile | Fault] = field(default_factory=dict)


ALONE: Final = Surroundings()
