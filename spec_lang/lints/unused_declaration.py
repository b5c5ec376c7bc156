"""NN603: a declaration that nothing in the file uses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from spec_lang.lints._names import expressions
from spec_lang.lints.base import Finding, Lint, LintContext
from spec_lang.semantics.traverse import children
from spec_lang.syntax import ast

_Statement = ast.ClaimDecl | ast.InvariantDecl | ast.MeasureDecl
_Named = ast.NetworkDecl | ast.RegionDecl | ast.ParamDecl | ast.DataDecl | ast.DefDecl
_KINDS: Final[dict[type[ast.Declaration], str]] = {
    ast.NetworkDecl: "network",
    ast.RegionDecl: "region",
    ast.ParamDecl: "parameter",
    ast.DataDecl: "data",
    ast.DefDecl: "definition",
}


def _run(context: LintContext) -> Iterator[Finding]:
    declarations = context.module.declarations
    # A file that states nothing, or that others import, is a library: its names are for them.
    if context.imported or context.scope.broken or not any(isinstance(d, _Statement) for d in declarations):
        return
    mentions = [_mentions(declaration) for declaration in declarations]
    everywhere = Counter(name for names in mentions for name in names)
    networks = sum(isinstance(declaration, ast.NetworkDecl) for declaration in declarations)
    for declaration, own in zip(declarations, mentions, strict=True):
        if not isinstance(declaration, _Named):
            continue
        name = declaration.name
        # The only network is that of every region, also of one that does not name it.
        is_meant = networks == 1 and isinstance(declaration, ast.NetworkDecl)
        if everywhere[name.text] == (name.text in own) and not is_meant and not name.text.startswith("_"):
            problem = f"nothing uses the {_KINDS[type(declaration)]} `{name.text}`"
            yield Finding(problem, name.span, "use it, or leave it out")
        if isinstance(declaration, ast.NetworkDecl):
            yield from _unused_layers(declaration, everywhere)


def _unused_layers(network: ast.NetworkDecl, used: Counter[str]) -> Iterator[Finding]:
    for item in network.items:
        if isinstance(item, ast.Layer) and item.name.text not in used:
            yield Finding(f"nothing uses the layer `{item.name.text}`", item.name.span, "leave it out")


def _mentions(declaration: ast.Declaration) -> frozenset[str]:
    """Every name that stands in `declaration`, also behind a dot, but for the one that it declares."""
    found: set[str] = set()
    stack = [*expressions(declaration), *_ranges(declaration), *_settings(declaration)]
    while stack:
        node = stack.pop()
        match node:
            case ast.Name(text=text):
                found.add(text)
            case ast.Attribute(name=name):
                found.add(name.text)
            case ast.Number() | ast.String():
                continue
            case _:
                pass
        stack.extend(children(node))
    if isinstance(declaration, ast.NetworkDecl) and declaration.like is not None:
        found.add(declaration.like.text)
    if isinstance(declaration, ast.DataDecl | ast.ParamDecl):
        found.update(_dimensions(declaration))
    return frozenset(found)


def _settings(declaration: ast.Declaration) -> Iterator[ast.Expr]:
    """The arguments of its attributes."""
    if isinstance(declaration, _Statement):
        yield from (value for attribute in declaration.attributes for value in attribute.arguments)


def _ranges(declaration: ast.Declaration) -> Iterator[ast.Expr]:
    """The ends and values of its indices."""
    if not isinstance(declaration, _Statement | ast.NetworkDecl | ast.RegionDecl):
        return
    for binding in declaration.family:
        match binding.values:
            case ast.IndexRange(first=first, last=last):
                yield from (first, last)
            case ast.IndexSet(elements=elements):
                yield from elements
            case _:
                pass


def _dimensions(declaration: ast.DataDecl | ast.ParamDecl) -> Iterator[str]:
    """The names in its types: a parameter may be a dimension."""
    match declaration:
        case ast.DataDecl(arrays=arrays, whole=whole):
            types = (*(array.type for array in arrays), whole)
        case ast.ParamDecl(type=type_):
            types = (type_,)
    for found in types:
        yield from (size.text for size in (found.shape if found else ()) if isinstance(size, ast.Name))


LINT: Final = Lint("NN603", "unused-declaration", "a declaration that nothing uses", _run)
