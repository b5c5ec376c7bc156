"""The space of a quantified variable: which network's inputs its points are.

In: a binding and the expressions that use its variable.  Out: the point, with the shape and the names that
the network gives it.  The network is the first that is applied to the variable itself, else to something that
mentions it, else the one that its region is on or speaks of.  Without one the point has the shape of a corner
or centre of its region, and belongs where that does, else of the input of the only network that there is,
else it is a vector.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from spec_lang.semantics.evaluate.arrays import Array, Number
from spec_lang.semantics.evaluate.denotations import Applicable, Reader
from spec_lang.semantics.evaluate.heads import HEADS
from spec_lang.semantics.evaluate.world import Network
from spec_lang.semantics.traverse import mentioned, walk
from spec_lang.syntax import ast

Candidate = tuple[Network, str | None]  # the network, and which of its inputs where it has several


def point_of(
    elements: Sequence[Number], binding: ast.Binding, uses: Sequence[ast.Expr], reader: Reader
) -> Array:
    """The point with these coordinates, as a value of the variable."""
    region = binding.domain
    candidates: list[Iterator[Candidate]] = [
        _put_into(binding.variable.text, uses, reader, alone=True),
        _put_into(binding.variable.text, uses, reader, alone=False),
    ]
    flat = Array((len(elements),), tuple(elements))
    if region is not None and not isinstance(region, ast.IndexRange | ast.IndexSet):
        candidates.append((network, None) for network in _spoken_of(region, reader))
        flat = next(_like_a_corner(region, elements, reader), flat)
    for network, port in chain.from_iterable(candidates):
        return _as_input(network, port, elements, reader)
    if not flat.shape[1:] and len(reader.world.scope.families) == 1:
        (only,) = reader.world.scope.families
        network_of_file = _declared(only, reader)
        if network_of_file is not None:
            return _as_input(network_of_file, None, elements, reader)
    return flat


def _as_input(network: Network, port: str | None, elements: Sequence[Number], reader: Reader) -> Array:
    for candidate in network.inputs if len(network.inputs) > 1 else ():
        if candidate.name == port:
            return Array(candidate.shape, tuple(elements))
    return reader.world.input_of(network, elements)


# -- networks that are applied ---------------------------------------------------------------------------


def _put_into(name: str, uses: Sequence[ast.Expr], reader: Reader, *, alone: bool) -> Iterator[Candidate]:
    """Every network that is applied to the variable alone, or else to what mentions it."""
    for network, arguments in _applications(uses, reader):
        for argument in arguments:
            is_alone = isinstance(argument.value, ast.Name) and argument.value.text == name
            if is_alone if alone else name in mentioned(argument.value):
                yield network, None if argument.name is None else argument.name.text


def _applications(
    uses: Sequence[ast.Expr], reader: Reader
) -> Iterator[tuple[Network, tuple[ast.Argument, ...]]]:
    for node in (node for use in uses for node in walk(use)):
        match node:
            case ast.Call(function=ast.Name(text="grad" | "preactivations"), arguments=(first, *rest)):
                function, arguments = first.value, tuple(rest)
            case ast.Call(function=function, arguments=arguments):
                pass
            case _:
                continue
        network = _network(function, reader)
        if network is not None:
            yield network, arguments


def _network(function: ast.Expr, reader: Reader) -> Network | None:
    """The network of `f`, `f[i, j]`, `f.layer`; any member of a family, since they share their spaces."""
    match function:
        case ast.Attribute(base=base) | ast.Index(base=base):
            return _network(base, reader)
        case ast.Call(function=ast.Name(text=text), arguments=(network,)) if text in HEADS:
            return _network(network.value, reader)
        case ast.Name(text=text):
            bound = reader.bound.get(text)
            if isinstance(bound, Applicable):
                return bound.network
            return None if bound is not None else _declared(text, reader)
        case _:
            return None


def _declared(name: str, reader: Reader) -> Network | None:
    family = reader.world.scope.families.get(name)
    uses = family.uses.values() if family is not None else ()
    networks = reader.world.networks
    return next((networks[use.label] for use in uses if use.label in networks), None)


# -- regions ---------------------------------------------------------------------------------------------


def _spoken_of(region: ast.Expr, reader: Reader) -> Iterator[Network]:
    """Every network in the region, and those that its named regions are on, or else speak of."""
    for node in walk(region):
        if not isinstance(node, ast.Name) or node.text in reader.bound:
            continue
        network = _declared(node.text, reader)
        if network is not None:
            yield network
        symbol = reader.world.scope.regions.get(node.text)
        if symbol is not None:
            yield from _spoken_of(symbol.declaration.network or symbol.value, reader.file())


def _like_a_corner(region: ast.Expr, elements: Sequence[Number], reader: Reader) -> Iterator[Array]:
    """In the shape of every corner of a box, and centre of a ball, that has as many elements."""
    for node in walk(region):
        match node:
            case ast.Call(function=ast.Name(text="box" | "ball" as kind), arguments=arguments):
                for argument in arguments[: 2 if kind == "box" else 1]:
                    corner = reader.value(argument.value)
                    if corner.shape and corner.size == len(elements):
                        names, units, space = corner.names, corner.units, corner.space
                        yield Array(corner.shape, tuple(elements), names, units, space=space)
            case _:
                continue
