"""The names that a file and its imports declare, each once.

In: modules.  Out: declarations by name and kind, and for every file the names that it may use.  A name that
is taken is reported at the later place, with the earlier one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field

from spec_lang._values import dataclass
from spec_lang.claims.base import Claim
from spec_lang.diagnostics import DiagnosticLog, Note, Span
from spec_lang.semantics import codes
from spec_lang.semantics.names.surroundings import Surroundings
from spec_lang.semantics.terms.functions import BUILT_IN
from spec_lang.syntax import ast


@dataclass(frozen=True, slots=True)
class View:
    """What the expressions of one file may name; unless `complete`, there is more that is not known.

    `networks` are those that are declared, whether or not they can be resolved.
    """

    declared: Mapping[str, Span]
    networks: frozenset[str]
    labels: frozenset[str]
    inputs: frozenset[str]
    complete: bool


@dataclass(frozen=True, slots=True)
class Declared:
    """Declarations by name; `places` has all names, dimensions included, in the order of their files."""

    places: dict[str, Span] = field(default_factory=dict)
    networks: dict[str, ast.NetworkDecl] = field(default_factory=dict)
    params: dict[str, ast.ParamDecl] = field(default_factory=dict)
    regions: dict[str, ast.RegionDecl] = field(default_factory=dict)
    definitions: dict[str, ast.DefDecl] = field(default_factory=dict)
    data: dict[str, ast.DataDecl] = field(default_factory=dict)
    dimensions: dict[str, Span] = field(default_factory=dict)
    users: dict[str, set[str]] = field(default_factory=dict)  # of a dimension: the files that name it


def declare(modules: tuple[ast.Module, ...], forms: Mapping[str, Claim], log: DiagnosticLog) -> Declared:
    """The declarations of `modules`, of which the last is the file itself."""
    found = Declared()
    named = [d for module in modules for d in module.declarations if _is_named(d)]
    for declaration in named:
        _enter(declaration, found, forms, log)
    dimensions = [name for declaration in named for name in dimension_names(declaration)]
    taken = {name.text for name in dimensions if name.text in found.places}
    for name in dimensions:
        _enter_dimension(name, found, taken, forms, log)
    return found


def _is_named(declaration: ast.Declaration) -> bool:
    # Claims, invariants and measures have names of their own.
    kinds = ast.NetworkDecl | ast.ParamDecl | ast.RegionDecl | ast.DefDecl | ast.DataDecl
    return isinstance(declaration, kinds)


def _enter(
    declaration: ast.Declaration, found: Declared, forms: Mapping[str, Claim], log: DiagnosticLog
) -> None:
    match declaration:
        case ast.NetworkDecl(name=name) if _is_free(name, found, forms, log):
            found.networks[name.text] = declaration
        case ast.ParamDecl(name=name) if _is_free(name, found, forms, log):
            found.params[name.text] = declaration
        case ast.RegionDecl(name=name) if _is_free(name, found, forms, log):
            found.regions[name.text] = declaration
        case ast.DefDecl(name=name) if _is_free(name, found, forms, log):
            found.definitions[name.text] = declaration
        case ast.DataDecl(name=name) if _is_free(name, found, forms, log):
            found.data[name.text] = declaration
        case _:
            pass  # a name that is taken has been reported


def _enter_dimension(
    name: ast.Name, found: Declared, taken: set[str], forms: Mapping[str, Claim], log: DiagnosticLog
) -> None:
    if name.text not in found.dimensions:
        if name.text in taken:
            taken.remove(name.text)  # once is enough
            problem = f"the dimension `{name.text}` has the name of something else"
            notes = (Note("it is declared here", found.places[name.text]),)
            log.error(codes.DUPLICATE, problem, name.span, "choose another name", notes)
            return
        if name.text in found.places or not _is_free(name, found, forms, log):
            return
        found.dimensions[name.text] = name.span
    found.users.setdefault(name.text, set()).add(name.span.file)


def _is_free(name: ast.Name, found: Declared, forms: Mapping[str, Claim], log: DiagnosticLog) -> bool:
    """Takes `name`, unless it is taken, which is reported."""
    if name.text in BUILT_IN or name.text in forms:
        log.error(codes.SHADOWING, f"`{name.text}` is built in", name.span, "choose another name")
        return False
    place = found.places.get(name.text)
    if place is None:
        found.places[name.text] = name.span
        return True
    if place.file == name.span.file:
        notes = (Note("it is declared here first", place),)
        log.error(codes.DUPLICATE, f"`{name.text}` is declared twice", name.span, None, notes)
    else:
        problem = f"`{name.text}` is declared in `{place.file}`, too, which is imported"
        notes = (Note("it is declared here", place),)
        log.error(codes.IMPORT_CLASH, problem, name.span, "choose another name for one of them", notes)
    return False


def dimension_names(declaration: ast.Declaration) -> Iterator[ast.Name]:
    """The names of dimensions in the types of `declaration`."""
    for kind in types_of(declaration):
        for extent in kind.shape:
            if isinstance(extent, ast.Name):
                yield extent


def types_of(declaration: ast.Declaration) -> Iterator[ast.TypeName]:
    """The types that `declaration` writes."""
    match declaration:
        case ast.ParamDecl(type=kind) if kind is not None:
            yield kind
        case ast.DataDecl(arrays=arrays, whole=whole):
            yield from (array.type for array in arrays)
            if whole is not None:
                yield whole
        case _:
            pass


def view(
    file: str, found: Declared, networks: Mapping[str, ast.NetworkDecl], surroundings: Surroundings
) -> View:
    """What `file` may name: its own declarations and those of its imports."""
    files = surroundings.visible.get(file, frozenset()) | {file}
    declared = {name: place for name, place in found.places.items() if place.file in files}
    for name, users in found.users.items():
        if not users.isdisjoint(files):
            declared.setdefault(name, found.dimensions[name])
    seen = [network for network in networks.values() if network.span.file in files]
    return View(
        declared,
        frozenset(found.networks.keys() & declared.keys()),
        frozenset(c.name.text for c in components(seen, ast.Outputs)),
        frozenset(c.name.text for c in components(seen, ast.Inputs)),
        file not in surroundings.incomplete,
    )


def components(
    networks: list[ast.NetworkDecl], kind: type[ast.Inputs] | type[ast.Outputs]
) -> Iterator[ast.Component]:
    """The named inputs or outputs of networks."""
    for network in networks:
        for item in network.items:
            if isinstance(item, kind):
                yield from item.components
