"""What an index runs over: written ranges and sets, or the extent of what it indexes.

In: a binding and the expressions that use its variable.  Out: its values, finite and exact.  An index that
picks elements with names is a label as well: `j != coc`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

from spec_lang.diagnostics import InternalError
from spec_lang.semantics.evaluate.arrays import Array, scalar
from spec_lang.semantics.evaluate.denotations import Applicable, Closure, FamilyName, Reader
from spec_lang.semantics.terms.values import ArrayValue
from spec_lang.semantics.traverse import children
from spec_lang.syntax import ast
from spec_lang.syntax.parts import binding_parts

Extent = tuple[Sequence[int], tuple[str, ...]]  # positions, and their names where they have some


def index_values(
    binding: ast.Binding, rest: Sequence[ast.Binding], body: ast.Expr, reader: Reader
) -> Iterator[Array]:
    """The values of an index, which `rest` and `body` may use."""
    name, domain = binding.variable.text, binding.domain
    number = reader.world.number
    found = _under(name, rest, body, reader.bind(name, scalar(number(Fraction(0)))))
    positions: Sequence[int]
    match domain:
        case ast.IndexRange(first=first, last=last, exclusive=exclusive):
            end = reader.value(last).position()
            positions = range(reader.value(first).position(), end if exclusive else end + 1)
        case ast.IndexSet(elements=elements):
            positions = [reader.value(element).position() for element in elements]
        case _ if found is None:
            raise InternalError(f"nothing says what {name} runs over")
        case _:
            positions = found[0]
    labels = found[1] if found is not None else ()
    for position in positions:
        yield replace(scalar(number(Fraction(position))), labels=labels)


def _extent(name: str, expr: ast.Expr, reader: Reader) -> Extent | None:
    """What `name` runs over where `expr` indexes something by it, or None when it does not."""
    match expr:
        case ast.Index(base=base, indices=indices):
            for axis, index in enumerate(indices):
                if isinstance(index, ast.Name) and index.text == name:
                    return _along(base, axis, reader)
            return _first(name, children(expr), reader)
        case ast.Let(definitions=definitions, body=body):
            for definition in definitions:
                found = _extent(name, definition.value, reader)
                if found is not None or definition.name.text == name:
                    return found
                reader = reader.bind(definition.name.text, Closure(definition.value, reader))
            return _extent(name, body, reader)
        case ast.Quantified(bindings=bindings, body=body):
            return _under(name, bindings, body, reader)
        case ast.Compare(first=point, rest=((ast.Comparison.IN, ast.SetBuilder() as region),)):
            inner = reader.bind(region.variable.text, Closure(point, reader))
            return _extent(name, point, reader) or _extent(name, region.condition, inner)
        case ast.SetBuilder():
            return None  # another use has to tell: the point is not known here
        case _:
            return _first(name, children(expr), reader)


def _first(name: str, parts: Sequence[ast.Expr], reader: Reader) -> Extent | None:
    return next(filter(None, (_extent(name, part, reader) for part in parts)), None)


def _under(name: str, bindings: Sequence[ast.Binding], body: ast.Expr, reader: Reader) -> Extent | None:
    """Below other quantifiers: shapes do not depend on what a variable is, so its first value will do."""
    if not bindings:
        return _extent(name, body, reader)
    binding, rest = bindings[0], bindings[1:]
    found = _first(name, binding_parts(binding), reader)
    if found is not None or binding.variable.text == name:
        return found
    value: Array | Applicable | None
    match binding.domain:
        case None:
            value = scalar(reader.world.number(Fraction(0)))
        case ast.IndexRange(first=first):
            value = reader.value(first)
        case ast.IndexSet(elements=elements):
            value = reader.value(elements[0])
        case _:
            value = next(iter(reader.given(binding, body)), None)
    return _under(name, rest, body, reader if value is None else reader.bind(binding.variable.text, value))


def _along(base: ast.Expr, axis: int, reader: Reader) -> Extent | None:
    if isinstance(base, ast.Name) and base.text in reader.world.scope.regions:
        return reader.world.scope.regions[base.text].family.ranges[axis], ()
    match reader.denote(base):
        case Array(shape=shape, names=names) if axis < len(shape or (1,)):
            extents = shape or (1,)
            return range(extents[axis]), names if len(extents) == 1 else ()
        case ArrayValue(shape=shape) if axis < len(shape):
            return range(shape[axis]), ()
        case FamilyName(name=name):
            return reader.world.scope.families[name].family.ranges[axis], ()
        case Applicable(network=network, part=None):
            return range(network.output_size), reader.world.outputs_named(network.declaration)[0]
        case _:
            return None
