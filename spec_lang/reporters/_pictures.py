"""What of a report can be looked at: images, slices of regions, courses of searches, networks.

In: nothing.  Out: values, which the engine computes and reporters draw.  Numbers are floats, since nobody
sees more of them; none of them is evidence of anything.
"""

from __future__ import annotations

from spec_lang._values import dataclass


@dataclass(frozen=True, slots=True)
class Picture:
    """A point of a claim that is an image, in problem space: `size` is channels, height and width; `values`
    are in this order, or with `channels_last` in that of height, width and channels.

    `name` is the variable's.  `beside` is what it is compared with, and `beside_words` say what that is; None
    where there is nothing.  With `guessed` nothing but the number of inputs says that they are an image.
    """

    name: str
    size: tuple[int, int, int]
    values: tuple[float, ...]
    channels_last: bool = False
    beside: tuple[float, ...] | None = None
    beside_words: str = ""
    guessed: bool = False


@dataclass(frozen=True, slots=True)
class Side:
    """An axis of a slice, in problem space: from where to where it reaches, and where the point is on it."""

    name: str
    unit: str | None
    low: float
    high: float
    at: float


@dataclass(frozen=True, slots=True)
class Slice:
    """A plane through a counterexample: two inputs vary, the others keep the point's values, but for those
    that `follow` because the claim ties them to the two.

    `margins` are rows from the bottom up, each from left to right, over the whole of both sides: what the
    claim leaves, evaluated in floats; it is broken at 0 and below.  `outline` are the corners of the
    region's part in the plane.
    """

    across: Side
    up: Side
    outline: tuple[tuple[float, float], ...]
    margins: tuple[tuple[float, ...], ...]
    fixed: int
    follow: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment of a search: `at` so many units of the course, sub-problems done and open, and the least
    proved bound on what is open.  `search` numbers the searches of a claim."""

    at: float
    search: int
    done: int
    open: int
    bound: float | None


@dataclass(frozen=True, slots=True)
class Ends:
    """The bracket number `bracket` of a measure, at a moment; None where nothing is proved on that side."""

    at: float
    bracket: int
    lower: float | None
    upper: float | None


@dataclass(frozen=True, slots=True)
class Course:
    """How a claim was searched, in few moments; `unit` is that of their places: `s`, or `sub-problems` where
    work is limited and not time."""

    unit: str
    moments: tuple[Moment, ...] = ()
    ends: tuple[Ends, ...] = ()


@dataclass(frozen=True, slots=True)
class Port:
    """A tensor that a network takes or gives: its ONNX name, its shape, and its elements' names and units
    where a spec declares them."""

    name: str
    shape: tuple[int, ...]
    elements: tuple[tuple[str, str | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Layer:
    """A value of a network: what computes it of `operands`, which number the inputs and then the layers, and
    how many parameters that has; its shape."""

    kind: str
    parameters: int
    operands: tuple[int, ...]
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class NetworkView:
    """A network for readers: what specs call it, its file, the digest of its bytes, what it is made of, and
    the ids of the claims that speak of it."""

    names: tuple[str, ...]
    file: str | None
    digest: str | None
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    layers: tuple[Layer, ...]
    results: tuple[int, ...]  # the numbers of the outputs
    claims: tuple[str, ...] = ()

    @property
    def parameters(self) -> int:
        """The numbers that it computes with."""
        return sum(layer.parameters for layer in self.layers)
