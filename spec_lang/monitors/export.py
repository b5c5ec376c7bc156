"""A network's ONNX file with a runtime check for each of several conditions.

In: the file's bytes, what its tensors are to the conditions, and the conditions as circuits.  Out: the bytes
of a model with the same inputs and outputs, and one more boolean output, an element for each example, for
every circuit.  Nothing that was in the file is changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any, Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.monitors.circuit import Circuit, Gate
from spec_lang.monitors.nodes import BOOL, DOUBLE, FLOAT, OLDEST_OPSET, Nodes, batch_of, names_in, opset_of
from spec_lang.monitors.rows import Long, NotComputable, Short
from spec_lang.network.onnx_messages import message_classes

_MOST_WEIGHTS: Final = 1 << 24  # of long rows; more would make the file larger than most networks


@dataclass(frozen=True, slots=True)
class Check:
    """`tensors` are what the circuit's variables lie in, in order, each with its size for one example."""

    name: str
    circuit: Circuit
    tensors: tuple[tuple[str, int], ...]


def with_checks(
    data: bytes, checks: Sequence[Check], metadata: Mapping[str, str]
) -> tuple[bytes, tuple[str, ...]]:
    """The model, and the names of the outputs that are new.  Raises `NotComputable`."""
    model = message_classes().ModelProto.FromString(data)
    opset = opset_of(model)
    if opset < OLDEST_OPSET:
        words = f"its ONNX operator set {opset} cannot say it; export the network with {OLDEST_OPSET} or more"
        raise NotComputable(words)
    taken = names_in(model)
    outputs = [_output_name(check.name, taken) for check in checks]
    for check, output in zip(checks, outputs, strict=True):
        _add(model, check, output, taken)
    for key, value in metadata.items():
        model.metadata_props.add(key=key, value=value)
    return bytes(model.SerializeToString(deterministic=True)), tuple(outputs)


def _output_name(name: str, taken: set[str]) -> str:
    """The invariant's name, or where the file has one like it, with a word behind it."""
    candidates = (name, *(f"{name}_holds{'_' * k}" for k in range(len(taken) + 1)))
    free = next(candidate for candidate in candidates if candidate not in taken)
    taken.add(free)
    return free


def _add(model: Any, check: Check, output: str, taken: set[str]) -> None:  # noqa: ANN401
    nodes = Nodes(model, f"nnspec/{check.name}", taken)
    batch = batch_of(model)
    top = _Writer(nodes, check, 1 if batch is None else -1).write()
    whole = nodes.add("Greater", (top, nodes.constant(np.array([[0.5]], np.float32))))
    nodes.add("Reshape", (whole, nodes.constant(np.array([-1], np.int64))), output)
    info = model.graph.output.add(name=output)
    info.type.tensor_type.elem_type = BOOL
    size = info.type.tensor_type.shape.dim.add()
    if batch is None:
        size.dim_value = 1
    elif batch.dim_param:
        size.dim_param = batch.dim_param


class _Writer:
    """The nodes of one check.  Tensors are matrices here, with a row for each example: `rows` is 1, or −1
    where the runtime counts them."""

    def __init__(self, nodes: Nodes, check: Check, rows: int) -> None:
        self._nodes = nodes
        self._check = check
        self._rows = rows

    def write(self) -> str:
        """The name of a float of 1 for every example where the circuit is true, else of 0."""
        circuit = self._check.circuit
        used = sorted(_variables(circuit))
        if not used:
            raise NotComputable("it speaks of no number of the run")
        places = {variable: place for place, variable in enumerate(used)}
        values = self._values(used)
        parts = []
        if circuit.short:
            parts.append(self._short(values, circuit.short, places))
        if circuit.long:
            parts.append(self._long(values, circuit.long, places))
        leaves = parts[0] if len(parts) == 1 else self._nodes.add("Concat", parts, axis=1)
        return self._gate(circuit.top, leaves)

    def _values(self, used: Sequence[int]) -> str:
        """The variables in use, as binary64."""
        add, constant = self._nodes.add, self._nodes.constant
        starts = [0, *accumulate(size for _, size in self._check.tensors)]
        parts: list[str] = []
        for (tensor, size), start in zip(self._check.tensors, starts[:-1], strict=True):
            mine = [variable - start for variable in used if start <= variable < start + size]
            if mine:
                shape = constant(np.array([self._rows, size], np.int64))
                flat = add("Reshape", (tensor, shape))
                chosen = add("Gather", (flat, constant(np.array(mine, np.int64))), axis=1)
                parts.append(add("Cast", (chosen,), to=DOUBLE))
        return parts[0] if len(parts) == 1 else add("Concat", parts, axis=1)

    def _short(self, values: str, rows: Sequence[Short], places: Mapping[int, int]) -> str:
        add = self._nodes.add
        first = self._scaled(values, [(places[row.first], row.a) for row in rows])
        if any(row.b for row in rows):
            second = self._scaled(values, [(places[row.second], row.b) for row in rows])
            first = add("Add", (first, second))
        return self._below(first, [row.below for row in rows])

    def _scaled(self, values: str, terms: Iterable[tuple[int, float]]) -> str:
        indices, factors = zip(*terms, strict=True)
        add, constant = self._nodes.add, self._nodes.constant
        chosen = add("Gather", (values, constant(np.array(indices, np.int64))), axis=1)
        return add("Mul", (chosen, constant(np.array([factors], np.float64))))

    def _long(self, values: str, rows: Sequence[Long], places: Mapping[int, int]) -> str:
        columns = sorted({places[index] for row in rows for index, _ in row.terms})
        if len(columns) * len(rows) > _MOST_WEIGHTS:
            raise NotComputable(f"{len(rows)} sums of up to {len(columns)} terms are too many")
        add, constant = self._nodes.add, self._nodes.constant
        order = {place: column for column, place in enumerate(columns)}
        weight = np.zeros((len(columns), len(rows)))
        for number, row in enumerate(rows):
            for index, factor in row.terms:
                weight[order[places[index]], number] = factor
        chosen = add("Gather", (values, constant(np.array(columns, np.int64))), axis=1)
        constants = np.array([[row.constant for row in rows]])
        sums = add("Add", (add("MatMul", (chosen, constant(weight))), constant(constants)))
        product = add("MatMul", (add("Abs", (chosen,)), constant(np.abs(weight))))
        sizes = add("Add", (product, constant(np.abs(constants))))
        margin = add("Mul", (sizes, constant(np.array([[row.margin for row in rows]]))))
        return self._below(add("Add", (sums, margin)), [row.below for row in rows])

    def _below(self, sums: str, limits: Sequence[float]) -> str:
        add, constant = self._nodes.add, self._nodes.constant
        less = add("Less", (sums, constant(np.array([limits], np.float64))))
        return add("Cast", (less,), to=FLOAT)

    def _gate(self, gate: Gate, leaves: str) -> str:
        """Counts of so few things are exact in float32."""
        add, constant = self._nodes.add, self._nodes.constant
        parts = [self._gate(part, leaves) for part in gate.gates]
        if gate.rows:
            parts.insert(0, add("Gather", (leaves, constant(np.array(gate.rows, np.int64))), axis=1))
        if gate.size == gate.needed == 1:
            return parts[0]
        together = parts[0] if len(parts) == 1 else add("Concat", parts, axis=1)
        true = add("MatMul", (together, constant(np.ones((gate.size, 1), np.float32))))
        enough = add("Greater", (true, constant(np.array([[gate.needed - 0.5]], np.float32))))
        return add("Cast", (enough,), to=FLOAT)


def _variables(circuit: Circuit) -> set[int]:
    short = {index for row in circuit.short for index in (row.first, row.second)}
    return short | {index for row in circuit.long for index, _ in row.terms}
