"""Whether a point lies in a region.

In: a region, a problem-space point, and the reader that knows the names.  Out: the truth.  A set-builder
lies within the domain of the network whose inputs the points are; `box` and `ball` are what they say.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from spec_lang.diagnostics import InternalError
from spec_lang.semantics.evaluate.arrays import Array, compare, component, elementwise
from spec_lang.semantics.evaluate.denotations import Applicable, Closure, FamilyName, Reader
from spec_lang.semantics.evaluate.functions import in_order, norm, norm_name
from spec_lang.semantics.traverse import substitute
from spec_lang.syntax import ast


def membership(region: ast.Expr, point: Array, reader: Reader) -> bool:
    """Whether `point` lies in `region`."""
    match region:
        case ast.Meet(operands=operands):
            return all(reader.contains(part, point) for part in operands)
        case ast.Join(operands=operands):
            return any(reader.contains(part, point) for part in operands)
        case ast.If(condition=condition, then=then, otherwise=otherwise):
            return reader.contains(then if reader.holds(condition) else otherwise, point)
        case ast.SetBuilder(variable=variable, condition=condition):
            return _in_domain(point.space, point, reader) and reader.bind(variable.text, point).holds(
                condition
            )
        case ast.Attribute(base=base, name=ast.Name(text="domain")):
            return _in_domain(_declared(base, reader), point, reader)
        case ast.Call(function=ast.Name(text="everywhere")):
            return True
        case ast.Call(function=ast.Name(text="box"), arguments=arguments):
            lower, upper = (_corner(e, point, reader) for e in in_order(arguments, ("lower", "upper")))
            return _within(lower, point, upper, reader)
        case ast.Call(function=ast.Name(text="ball"), arguments=arguments):
            return _in_ball(in_order(arguments, ("center", "radius", "norm")), point, reader)
        case ast.Name(text=text) if isinstance(reader.bound.get(text), Closure):
            closure = reader.bound[text]
            return isinstance(closure, Closure) and closure.reader.contains(closure.expr, point)
        case ast.Name(text=text):
            return _in_named(text, (), point, reader)
        case ast.Index(base=ast.Name(text=text), indices=indices):
            return _in_named(text, indices, point, reader)
        case ast.TensorLiteral(elements=(lower, upper)) if point.size == 1:
            return _within(reader.value(lower), point, reader.value(upper), reader)
        case _:
            raise InternalError(f"{type(region).__name__} is not a region")


def _in_ball(arguments: Sequence[ast.Expr], point: Array, reader: Reader) -> bool:
    center, radius, kind = arguments
    convert = reader.world.converted
    gap = elementwise(operator.sub, point, _corner(center, point, reader), convert)
    return compare(norm(gap, norm_name(kind)), ast.Comparison.LE, reader.value(radius), convert)


def _corner(expr: ast.Expr, point: Array, reader: Reader) -> Array:
    """A point of the same space; a flat vector may stand for a tensor of as many elements."""
    array = reader.value(expr)
    return replace(array, shape=point.shape) if array.size == point.size else array


def _within(lower: Array, point: Array, upper: Array, reader: Reader) -> bool:
    convert = reader.world.converted
    closed = ast.Comparison.LE
    return compare(lower, closed, point, convert) and compare(point, closed, upper, convert)


# -- names and domains -----------------------------------------------------------------------------------


def _in_named(name: str, indices: Sequence[ast.Expr | ast.Slice], point: Array, reader: Reader) -> bool:
    """A declared region is read in the file's scope; one that is on a network speaks of its inputs."""
    symbol = reader.world.scope.regions.get(name)
    if symbol is None or len(indices) != len(symbol.family.indices):
        raise InternalError(f"{name} is not a region with {len(indices)} indices")
    positions = [index for index in indices if not isinstance(index, ast.Slice)]
    member = {
        index: _numeral(reader.value(expr).position(), expr)
        for index, expr in zip(symbol.family.indices, positions, strict=True)
    }
    if symbol.declaration.network is not None:
        on = _declared(substitute(symbol.declaration.network, member), reader.file())
        point = _input_of(on, point, reader)
    return reader.file().contains(substitute(symbol.value, member), point)


def _numeral(position: int, place: ast.Expr) -> ast.Expr:
    if position < 0:
        return ast.Negate(place.span, _numeral(-position, place))
    return ast.Number(place.span, Fraction(position), str(position))


def _declared(expr: ast.Expr, reader: Reader) -> str:
    """The name of the declaration of a network, or of a whole family."""
    match reader.denote(expr):
        case Applicable(network=network, part=None):
            return network.declaration.name.text
        case FamilyName(name=name):
            return name
        case _:
            raise InternalError("a network is meant here")


def _input_of(declared: str, point: Array, reader: Reader) -> Array:
    names, units = reader.world.inputs_named(reader.world.scope.families[declared].declaration)
    if names and len(names) != point.size:
        raise InternalError(f"a point of {point.size} elements for {len(names)} inputs")
    return replace(point, names=names, units=units, space=declared)


def _in_domain(declared: str, point: Array, reader: Reader) -> bool:
    """Within the declared domain; where nothing is declared, or no network is known, everywhere."""
    if not declared:
        return True
    declaration = reader.world.scope.families[declared].declaration
    whole = _input_of(declared, point, reader)
    limits = [part for item in reader.world.items(declaration, ast.Domain) for part in item.items]
    file = reader.file()
    return all(
        _within(file.value(p.lower), component(whole, p.component.text), file.value(p.upper), reader)
        for p in limits
    )
