"""Networks applied at any point, hidden tensors, and gradients, in problem space.

In: a network and the value of its argument.  Out: its value there.  Each application encodes its argument and
decodes its result; hidden tensors and pre-activations are what the network computes, in its own space.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import reduce

from spec_lang.diagnostics import InternalError
from spec_lang.semantics.evaluate.arrays import Array, Number, Real, plus, times
from spec_lang.semantics.evaluate.denotations import Applicable, Reader
from spec_lang.semantics.evaluate.heads import head_slopes, head_values
from spec_lang.semantics.evaluate.surds import Surd
from spec_lang.semantics.evaluate.world import AtKink, Network
from spec_lang.syntax import ast


def application(function: Applicable, arguments: Sequence[ast.Argument], reader: Reader) -> Array:
    """`f(x)`, `f(image: a, state: b)` or `f.layer(x)`."""
    network = function.network
    x = _input(network, arguments, reader)
    inner = _encoded(network, x, reader)
    if function.part is None:
        outputs = reader.world.output_of(network, reader.run(network.run, inner))
        decoded = _scaled(ast.Decode, network, outputs, reader)
        if function.head is None:
            return outputs.with_elements(decoded)
        return replace(outputs, elements=head_values(function.head, decoded), units=())
    if not isinstance(function.part, str) or function.part not in network.hidden:
        raise InternalError(f"no hidden tensor {function.part}")
    hidden = network.hidden[function.part]
    return Array(hidden.shape, reader.run(hidden.run, inner))


def headed(function: ast.Expr, head: str, reader: Reader) -> Applicable:
    """`softmax(f)` and its like."""
    applicable = reader.denote(function)
    if not isinstance(applicable, Applicable) or applicable.part is not None or applicable.head is not None:
        raise InternalError(f"{head} is made of a network")
    return replace(applicable, head=head)


def preactivations(function: ast.Expr, x: ast.Expr, reader: Reader) -> Array:
    """The inputs of all ReLUs of a network at `x`, one after the other."""
    network = _network(reader.denote(function))
    if network.preactivations is None:
        raise InternalError("this network does not tell its pre-activations")
    point = _spread(network, reader.value(x), reader)
    elements = reader.run(network.preactivations, _encoded(network, point, reader))
    return Array((len(elements),), elements)


def derivative(output: ast.Expr, x: ast.Expr, reader: Reader) -> Array:
    """`grad(f.c, x)`: the gradient of one output at `x`.  Raises `AtKink` where there are several.

    By the chain rule; `encode` and `decode` scale and shift each element by itself.
    """
    function = reader.denote(output)
    network = _network(function)
    position = _output(network, function.part if isinstance(function, Applicable) else None, reader)
    point = _spread(network, reader.value(x), reader)
    if network.jacobian is None:
        raise InternalError("this network does not tell its gradients")
    place = _encoded(network, point, reader)
    rows = network.jacobian(place)
    if rows is None:
        raise AtKink
    outer = list(_slopes(ast.Decode, network, network.output_size, reader))
    inner = _slopes(ast.Encode, network, network.input_size, reader)
    weights: list[Real] = [slope if row == position else times(slope, 0) for row, slope in enumerate(outer)]
    if isinstance(function, Applicable) and function.head is not None:
        outputs = reader.world.output_of(network, reader.run(network.run, place))
        decoded = _scaled(ast.Decode, network, outputs, reader)
        weights = list(map(times, outer, head_slopes(function.head, decoded, position)))
    columns = [
        reduce(plus, (times(weight, row[column]) for weight, row in zip(weights, rows, strict=True)))
        for column in range(network.input_size)
    ]
    return point.with_elements(list(map(times, inner, columns)))


def _network(function: object) -> Network:
    if not isinstance(function, Applicable):
        raise InternalError("not a network")
    return function.network


def _output(network: Network, part: str | int | None, reader: Reader) -> int:
    if isinstance(part, int):
        return part
    if part is None and network.output_size == 1:
        return 0
    names = reader.world.outputs_named(network.declaration)[0]
    if part in names:
        return names.index(part)
    start = 0
    for port in network.outputs:
        if port.name == part and port.size == 1:
            return start
        start += port.size
    raise InternalError(f"{part} is not one output")


# -- arguments -------------------------------------------------------------------------------------------


def _input(network: Network, arguments: Sequence[ast.Argument], reader: Reader) -> Array:
    """The point that the arguments make: one tensor, or one for each ONNX input."""
    if len(arguments) == 1 and arguments[0].name is None:
        return _spread(network, reader.value(arguments[0].value), reader)
    named = {a.name.text: a.value for a in arguments if a.name is not None}
    plain = iter([a.value for a in arguments if a.name is None])
    elements: list[Real] = []
    for port in network.inputs:
        array = reader.value(named.pop(port.name) if port.name in named else next(plain))
        elements.extend(_fitting(array, port.size))
    if named or next(plain, None) is not None:
        raise InternalError("more arguments than inputs")
    return reader.world.input_of(network, elements)


def _spread(network: Network, array: Array, reader: Reader) -> Array:
    return reader.world.input_of(network, _fitting(array, network.input_size))


def _fitting(array: Array, size: int) -> Sequence[Real]:
    if array.size not in (1, size):
        raise InternalError(f"{array.size} elements for {size}")
    return array.elements * (size // array.size)


# -- encode and decode -----------------------------------------------------------------------------------


def _encoded(network: Network, x: Array, reader: Reader) -> tuple[Number, ...]:
    elements = _scaled(ast.Encode, network, x, reader)
    return tuple(map(_rational, elements))


def _rational(value: Real) -> Number:
    if isinstance(value, Surd):
        raise InternalError("a network is run on rational numbers")
    return value


def _scaled(
    kind: type[ast.Encode] | type[ast.Decode], network: Network, array: Array, reader: Reader
) -> tuple[Real, ...]:
    item = reader.world.item(network.declaration, kind)
    if item is None:
        return array.elements
    return tuple(_fitting(reader.file().bind(item.variable.text, array).value(item.value), array.size))


def _slopes(
    kind: type[ast.Encode] | type[ast.Decode], network: Network, size: int, reader: Reader
) -> tuple[Real, ...]:
    """What the scaling multiplies each element by: its value at ones less its value at zeros."""
    number = reader.world.number
    make = reader.world.input_of if kind is ast.Encode else reader.world.output_of
    at = [_scaled(kind, network, make(network, [number(Fraction(e))] * size), reader) for e in (0, 1)]
    return tuple(map(operator.sub, at[1], at[0]))
