"""One function as ONNX files that say it in different ways has one verdict, through the whole of `check`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import NodeProto, helper

from spec_lang.engine import CheckOptions, check
from spec_lang.kernel.verdict import Status
from spec_lang.network.onnx_import import load_graph
from spec_lang.network.primitives import Convolution, frozen
from spec_lang.obligations.model import Semantics
from tests.adversarial.onnx_files import only_claim, write_spec
from tests.differential.tally import installed
from tests.maps import as_dense
from tests.tiny_networks import onnx_bytes, reference

Array = NDArray[np.float32]
MANNERS = [
    (None, Semantics.REAL),
    (None, Semantics.FLOAT32),
    *((backend.name, Semantics.REAL) for backend in installed()),
]

_RANDOM = np.random.default_rng(3)


def _quarters(*shape: int) -> Array:
    """Multiples of 1/4: sums of them, and of their doubles, are exact."""
    return (_RANDOM.integers(-4, 5, shape) / 4).astype(np.float32)


FIRST, FIRST_BIAS = _quarters(2, 1, 2, 2), _quarters(2)
SECOND = _quarters(4, 1, 1, 1)  # in two groups
LAST = _quarters(16, 2)
CONVOLUTION = Convolution(frozen(FIRST), 1, (4, 4), (2, 2), (2, 2), (1, 1), (0, 0))


@dataclass
class File:
    """A model that is being written."""

    nodes: list[NodeProto] = field(default_factory=list)
    weights: dict[str, NDArray[Any]] = field(default_factory=dict)

    def add(self, kind: str, *inputs: str | NDArray[Any], **attributes: Any) -> str:  # noqa: ANN401
        """A node of one output; arrays among its inputs are stored."""
        names = []
        for given in inputs:
            if not isinstance(given, str):
                name = f"w{len(self.weights)}"
                self.weights[name] = given
                given = name  # noqa: PLW2901 - the name stands for it
            names.append(given)
        output = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, names, [output], **attributes))
        return output

    def bytes(self, output: str) -> bytes:
        return onnx_bytes(
            [*self.nodes, helper.make_node("Identity", [output], ["y"])],
            {"x": [1, 1, 4, 4]},
            weights=self.weights,
        )


def whole(*numbers: int) -> NDArray[np.int64]:
    return np.array(numbers, dtype=np.int64)


# Each takes (1, 1, 4, 4) to (1, 2, 2, 2).
def plain(file: File, x: str) -> str:
    return file.add("Conv", x, FIRST, FIRST_BIAS, strides=[2, 2])


def as_product(file: File, x: str) -> str:
    flat = file.add("Flatten", x)
    product = file.add("MatMul", flat, np.ascontiguousarray(as_dense(CONVOLUTION).weight.T))
    total = file.add("Add", product, np.repeat(FIRST_BIAS, 4)[None])
    return file.add("Reshape", total, whole(1, 2, 2, 2))


def as_transpose(file: File, x: str) -> str:
    """A transposed convolution of 16 channels of one element."""
    flat = file.add("Reshape", x, whole(1, 16, 1))
    weight = np.ascontiguousarray(as_dense(CONVOLUTION).weight.T[:, None, :])
    total = file.add("Add", file.add("ConvTranspose", flat, weight), np.repeat(FIRST_BIAS, 4)[None, None])
    return file.add("Reshape", total, whole(1, 2, 2, 2))


def normalised(file: File, x: str) -> str:
    """Half of it, and a batch normalisation that doubles it: 2 (z/2 − b/2 − 1) + b + 2 is z."""
    half = file.add("Conv", x, FIRST / 2, FIRST_BIAS, strides=[2, 2])
    four = np.full(2, 4, dtype=np.float32)
    mean, shift = np.ones(2, dtype=np.float32) + FIRST_BIAS / 2, np.full(2, 2, dtype=np.float32)
    return file.add("BatchNormalization", half, four, shift, mean, four, epsilon=0.0)


def there_and_back(file: File, x: str) -> str:
    """Transposed twice, padded and sliced."""
    turned = file.add("Transpose", file.add("Transpose", x, perm=[0, 1, 3, 2]), perm=[0, 1, 3, 2])
    padded = file.add("Pad", turned, whole(0, 0, 1, 2, 0, 0, 2, 1), np.array(7, dtype=np.float32))
    sliced = file.add("Slice", padded, whole(1, 2), whole(5, 6), whole(2, 3))
    return plain(file, sliced)


def padded_inside(file: File, x: str) -> str:
    """A border of zeros, and strides that step over it: the kernel is padded, too."""
    kernel = np.pad(FIRST, [(0, 0), (0, 0), (1, 0), (1, 0)])
    return file.add("Conv", x, kernel, FIRST_BIAS, strides=[2, 2], pads=[1, 1, 0, 0])


FIRSTS: dict[str, Callable[[File, str], str]] = {
    "a convolution": plain,
    "a product": as_product,
    "a transposed convolution": as_transpose,
    "a batch normalisation": normalised,
    "index maps": there_and_back,
    "a padded kernel": padded_inside,
}


# Each takes (1, 2, 2, 2) to (1, 4, 2, 2), and ReLUs.
def grouped(file: File, x: str) -> str:
    return file.add("Relu", file.add("Conv", x, SECOND, group=2))


def in_parts(file: File, x: str) -> str:
    """Group by group."""
    parts = []
    for group in range(2):
        place = whole(group), whole(group + 1), whole(1)
        parts.append(file.add("Conv", file.add("Slice", x, *place), SECOND[2 * group : 2 * group + 2]))
    return file.add("Relu", file.add("Concat", *parts, axis=1))


def greatest(file: File, x: str) -> str:
    return file.add("Max", file.add("Conv", x, SECOND, group=2), np.zeros(1, dtype=np.float32))


def clipped(file: File, x: str) -> str:
    return file.add("Clip", file.add("Conv", x, SECOND, group=2), np.array(0, dtype=np.float32))


SECONDS: dict[str, Callable[[File, str], str]] = {
    "a convolution in groups": grouped,
    "its groups": in_parts,
    "maxima": greatest,
    "clipping": clipped,
}
WAYS = [(first, "a convolution in groups") for first in FIRSTS]
WAYS += [("a convolution", second) for second in SECONDS if second != "a convolution in groups"]


def model(first: str, second: str) -> bytes:
    file = File()
    bent = SECONDS[second](file, file.add("Relu", FIRSTS[first](file, "x")))
    return file.bytes(file.add("MatMul", file.add("Flatten", bent), LAST))


def reached() -> Fraction:
    """A great value of the first output less the second, at a point of float32 numbers."""
    graph, _ = load_graph(model(*WAYS[0]), "f")
    assert graph is not None
    found = []
    for corner in np.random.default_rng(0).integers(0, 2, (200, 16)):
        y = reference(graph, [Fraction(int(bit)) for bit in corner])
        found.append(y[0] - y[1])
    return max(found)


# The box's corners reach `GREATEST`; what sums of absolute weights allow is far beyond.
GREATEST = reached()
CLAIMS = {
    f"f(x)[0] - f(x)[1] <= {GREATEST * 4 + 8}": Status.PROVED,
    f"f(x)[0] - f(x)[1] < {GREATEST}": Status.REFUTED,
}


@pytest.mark.parametrize("way", WAYS, ids=", ".join)
def test_the_files_are_of_one_function(way: tuple[str, str]) -> None:
    graphs = [load_graph(model(*one), "f") for one in (way, WAYS[0])]
    assert [problems for _, problems in graphs] == [(), ()]
    for seed in range(5):
        values = np.random.default_rng(seed).integers(-8, 9, 16)
        point = [Fraction(int(value), 4) for value in values]
        one, other = (reference(graph, point) for graph, _ in graphs if graph is not None)
        assert one == other


def cases() -> Iterator[tuple[tuple[str, str], str | None, Semantics]]:
    for way in WAYS:
        for using, semantics in MANNERS:
            # A factor that was folded on import has no float32 semantics.
            if semantics is Semantics.REAL or way[0] != "a batch normalisation":
                yield way, using, semantics


@pytest.mark.parametrize(("way", "using", "semantics"), list(cases()))
def test_the_verdict_is_that_of_the_function(
    way: tuple[str, str], using: str | None, semantics: Semantics, tmp_path: Path
) -> None:
    timeout = 10.0 if using is None else 0.5
    options = CheckOptions(timeout=timeout, using=using, semantics=semantics)
    for claim, truth in CLAIMS.items():
        spec = write_spec(tmp_path, model(*way), f"claim c: forall x in box(0, 1): {claim}")
        report = only_claim(check([spec], options))
        assert report.status in ((truth,) if using is None else (truth, Status.UNKNOWN)), (claim, report)
