"""The functions of the language on concrete tensors.

In: a function's name and its arguments.  Out: its value.  Over fractions everything is exact, the `l2` norm
included; over floats everything is a float.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import reduce
from math import hypot
from typing import Any

from spec_lang.diagnostics import InternalError
from spec_lang.semantics.evaluate.arrays import Array, Real, Unit, elementwise, plus, scalar, times
from spec_lang.semantics.evaluate.denotations import Applicable, Extremisers, Reader
from spec_lang.semantics.evaluate.heads import HEADS
from spec_lang.semantics.evaluate.networks import derivative, headed, preactivations
from spec_lang.semantics.evaluate.surds import Surd, root
from spec_lang.syntax import ast


def call(name: str, expr: ast.Call, reader: Reader) -> Array | Extremisers | Applicable:
    """The value of `name(…)`."""
    if name in _OF_NETWORKS:
        function, x = in_order(expr.arguments, ("output" if name == "grad" else "network", "at"))
        return _OF_NETWORKS[name](function, x, reader)
    if name in HEADS:
        (network,) = in_order(expr.arguments, ("network",))
        return headed(network, name, reader)
    if name == "norm":
        vector, kind = in_order(expr.arguments, ("tensor", "norm"))
        return norm(reader.value(vector), norm_name(kind))
    arrays = [reader.value(argument.value) for argument in expr.arguments]
    convert = reader.world.converted
    match name, arrays:
        case "argmax", [array]:
            return _where(max(array.elements), array)
        case "argmin", [array]:
            return _where(min(array.elements), array)
        case "argtop", [array, count]:
            return _topmost(array, count.position())
        case "cosine", [a, b] if a.size == b.size:
            return scalar(_cosine(a.elements, b.elements))
        case "abs", [array]:
            return array.with_elements([magnitude(e) for e in array.elements])
        case (("max" | "min"), [array]):
            return scalar(_EXTREMES[name](array.elements), _unit(array))
        case (("max" | "min"), _):
            return reduce(lambda a, b: elementwise(_EXTREMES[name], a, b, convert), arrays)
        case "sum", [array]:
            return scalar(total(array.elements), _unit(array))
        case "mean", [array]:
            return scalar(total(array.elements) / array.size, _unit(array))
        case "dot", [a, b] if a.size == b.size:
            return scalar(total(list(map(operator.mul, a.elements, b.elements))))
        case "flat", [array]:
            return Array((array.size,), array.elements, array.names, array.units)
        case _:
            raise InternalError(f"{name} does not take {len(arrays)} such arguments")


_OF_NETWORKS = {"grad": derivative, "preactivations": preactivations}
_EXTREMES: dict[str, Callable[..., Any]] = {"max": max, "min": min}


def norm(vector: Array, kind: str) -> Array:
    """`l1`, `l2` or `linf` of all elements."""
    return scalar(_norm(vector.elements, kind), _unit(vector))


def _norm(elements: Sequence[Real], kind: str) -> Real:
    if kind == "l1":
        return total([magnitude(e) for e in elements])
    if kind == "linf":
        return max(magnitude(e) for e in elements)
    if kind != "l2":
        raise InternalError(f"{kind} is not a norm")
    if any(isinstance(e, float) for e in elements):
        return hypot(*map(float, elements))
    squares = total([times(e, e) for e in elements])
    if isinstance(squares, Surd | float):
        raise InternalError("the root of a root")
    return root(squares)


def norm_name(expr: ast.Expr) -> str:
    """The norm that a name stands for."""
    if not isinstance(expr, ast.Name):
        raise InternalError(f"{type(expr).__name__} is not a norm")
    return expr.text


def total(elements: Sequence[Real]) -> Real:
    """The sum of one element or more."""
    return reduce(plus, elements)


def magnitude(value: Real) -> Real:
    """The absolute value."""
    return -value if value < 0 else value


def _where(best: Real, array: Array) -> Extremisers:
    return Extremisers(frozenset(i for i, e in enumerate(array.elements) if e == best), array.names)


def _topmost(array: Array, count: int) -> Extremisers:
    """Those with fewer than `count` greater ones."""
    greater = [sum(operator.gt(other, e) for other in array.elements) for e in array.elements]
    return Extremisers(frozenset(i for i, number in enumerate(greater) if number < count), array.names)


def _cosine(a: Sequence[Real], b: Sequence[Real]) -> Real:
    """0 where one of them is 0 in every element."""
    if not any(e != 0 for e in a) or not any(e != 0 for e in b):
        return a[0] * 0
    along, lengths = total(list(map(times, a, b))), times(_norm(a, "l2"), _norm(b, "l2"))
    result: Real = operator.truediv(along, lengths)
    return result


def _unit(array: Array) -> Unit | None:
    """The unit that all elements have."""
    units = set(array.units)
    return units.pop() if len(units) == 1 else None


def in_order(arguments: Sequence[ast.Argument], names: Sequence[str]) -> list[ast.Expr]:
    """The arguments in the order of the parameters; those with a name may stand anywhere."""
    named = {a.name.text: a.value for a in arguments if a.name is not None}
    plain = [a.value for a in arguments if a.name is None]
    found = [named[name] if name in named else plain.pop(0) for name in names if name in named or plain]
    if plain or len(found) != len(names) or len(arguments) != len(names):
        raise InternalError(f"{len(arguments)} arguments for {', '.join(names)}")
    return found
