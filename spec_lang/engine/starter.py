"""The text of a starter spec: what `nnspec init` writes for a network.

In: the network's names and shapes, and the claims that were tried.  Out: a spec in the one layout, with
comments that say what to edit.  Nothing is loaded or decided here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Final

from spec_lang._values import dataclass
from spec_lang.network.graph import Graph, TensorSpec
from spec_lang.syntax.layout.module import format_module
from spec_lang.syntax.words import WORDS

# More components than this are not listed: nobody names the pixels of a picture.
MANY: Final = 16
_LONG: Final = 20  # characters of a name that is not shortened to a letter
DOMAIN: Final = (-1, 1)  # a placeholder: what scaled inputs are like
RANGE_CLAIM: Final = "output_in_range"
ROBUST_CLAIM: Final = "middle_is_stable"


@dataclass(frozen=True, slots=True)
class Subject:
    """The network as the spec calls it.  `inputs` and `outputs` are empty where components have no names."""

    network: str
    path: str
    input: TensorSpec
    output: TensorSpec
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    @property
    def region(self) -> str:
        """The placeholder for where the inputs can be."""
        return f"{self.network}.domain" if self.inputs else f"box({DOMAIN[0]}, {DOMAIN[1]})"

    @property
    def middle(self) -> str:
        """The middle of the placeholder, as a point."""
        return f"[{', '.join('0' for _ in self.inputs)}]"

    def output_name(self, position: int) -> str:
        return self.outputs[position] if self.outputs else str(position)


@dataclass(frozen=True, slots=True)
class Range:
    """`lower <= output 0 <= upper`."""

    lower: Fraction
    upper: Fraction
    proved: bool = True


@dataclass(frozen=True, slots=True)
class Stable:
    """Output `label` is the greatest at the middle, and within `radius` of it."""

    label: int
    radius: str
    proved: bool = True


Proposal = Range | Stable


def subject(graph: Graph, path: str, stem: str) -> Subject:
    """What to call a network with one input and one output tensor, and their elements."""
    source, result = graph.inputs[0], graph.value(graph.outputs[0])
    network = identifier(stem) or "f"
    inputs = _components(source, "x", frozenset({network}))
    outputs = _components(result, "y", frozenset({network, *inputs}))
    return Subject(network, path, source, result, inputs, outputs)


def identifier(text: str) -> str:
    """`text` as a name of the language, or nothing when little of it would be left."""
    name = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_").lower()
    name = re.sub(r"^[0-9_]+", "", name)
    return "" if name in WORDS or len(name) > _LONG else name


def _components(tensor: TensorSpec, letter: str, taken: frozenset[str]) -> tuple[str, ...]:
    """Names for the elements: a single one has its tensor's, several are numbered; many have none."""
    if tensor.size > MANY:
        return ()
    own = identifier(tensor.name)
    if tensor.size == 1 and own and own not in taken:
        return (own,)
    return tuple(f"{letter}{number}" for number in range(tensor.size))


def text(about: Subject, proposals: Sequence[Proposal], command: str) -> str:
    """The spec, laid out; `command` is how to check it."""
    draft = "\n".join(_lines(about, proposals, command)) + "\n"
    return format_module(draft, "starter").text or draft


def _lines(about: Subject, proposals: Sequence[Proposal], command: str) -> Iterator[str]:
    yield "language 1"
    yield ""
    yield f"# A first spec, to be edited. `{_printable(command)}` decides its claims."
    yield ""
    yield f"# {_tensor('Input', about.input)}; {_tensor('output', about.output).lower()}."
    yield from _network(about)
    yield ""
    if not about.inputs:
        yield f"# The elements of a point `x` are written `x[{', '.join('0' for _ in about.input.shape)}]`."
        yield "# Where they can be: a placeholder. Write the limits that hold in use."
        yield f"region plausible on {about.network} = {about.region}"
        yield ""
    for proposal in proposals:
        yield from _claim(about, proposal)
        yield ""


def _tensor(what: str, tensor: TensorSpec) -> str:
    shape = ", ".join(map(str, tensor.shape))
    return f"{what} `{_printable(tensor.name)}` of shape [{shape}]"


def _printable(name: str) -> str:
    """`name` as a comment can have it, which ends with its line."""
    return "".join(c if c.isprintable() and c != "`" else "?" for c in name)[:80]


def _network(about: Subject) -> Iterator[str]:
    path = about.path.replace("\\", "\\\\").replace('"', '\\"')
    if not about.inputs and not about.outputs:
        yield f'network {about.network} = "{path}"'
        return
    yield f'network {about.network} = "{path}" {{'
    if about.inputs:
        yield '    # Better names, and units to print: `input speed "m/s", gap "m"`.'
        yield f"    input {', '.join(about.inputs)}"
    if about.outputs:
        yield f"    output {', '.join(about.outputs)}"
    if about.inputs:
        yield "    # Where the inputs can be: a placeholder. Write the limits that hold in use."
        yield "    # `encode x = (x - offset) / scale` lets the spec speak in units if the inputs are scaled."
        yield f"    domain {', '.join(f'{name} in [{DOMAIN[0]}, {DOMAIN[1]}]' for name in about.inputs)}"
    yield "}"


def _claim(about: Subject, proposal: Proposal) -> Iterator[str]:
    region = about.region if about.inputs else "plausible"
    match proposal:
        case Range():
            output = (
                f"{about.network}.{about.outputs[0]}" if about.outputs else f"{about.network}{_first(about)}"
            )
            limits = f"[{_decimal(proposal.lower)}, {_decimal(proposal.upper)}]"
            yield "# Limits around what random inputs gave. Write those that the output must keep."
            yield from _note(proposal)
            yield f"claim {RANGE_CLAIM}: output_range({output}, on: {region}, within: {limits})"
        case Stable():
            label = about.output_name(proposal.label)
            yield f"# In the middle, `{label}` is the greatest output. Write a point that means something."
            yield from _note(proposal)
            yield f"claim {ROBUST_CLAIM}: {_stable(about, label, proposal.radius)}"


def _note(proposal: Proposal) -> Iterator[str]:
    if not proposal.proved:
        yield "# It was not decided within seconds: try a smaller region, or `--timeout`."


def _stable(about: Subject, label: str, radius: str) -> str:
    """The form where its point can be written out, else what it stands for."""
    if about.inputs and len(about.input.shape) <= 1:
        return f"robust({about.network}, at: {about.middle}, label: {label}, within: {radius}, norm: linf)"
    return f"forall x in box(-{radius}, {radius}): argmax({about.network}(x)) == {label}"


def _first(about: Subject) -> str:
    """The index of the first output."""
    return f"[{', '.join('0' for _ in about.output.shape) or '0'}]"


def _decimal(value: Fraction) -> str:
    """A number of `init`'s own making, which is a decimal of few digits."""
    shown = f"{float(value):.12f}".rstrip("0").rstrip(".")
    return shown if Fraction(shown) == value else f"{float(value):.6e}"
