"""How diagnostics speak of values, shapes and names.

In: what a diagnostic is about.  Out: words.  Nothing is decided by them.
"""

from __future__ import annotations

from collections.abc import Iterable

from spec_lang.diagnostics import Diagnostic, did_you_mean
from spec_lang.semantics import codes
from spec_lang.semantics.terms.values import (
    ArrayValue,
    Cosine,
    DataValue,
    Extremisers,
    FamilyValue,
    FormulaValue,
    LayerValue,
    NetworkValue,
    OutputsValue,
    OutputValue,
    Tensor,
    Topmost,
    Value,
)
from spec_lang.syntax import ast


def unknown_name(name: ast.Name, known: Iterable[str], otherwise: str | None = None) -> Diagnostic:
    """The diagnostic for a name that nothing declares; `otherwise` is the fix when none is close."""
    fix = did_you_mean(name.text, known) or otherwise
    return Diagnostic(codes.UNKNOWN_NAME, f"`{name.text}` is not declared", name.span, fix)


def shape_text(shape: tuple[int, ...]) -> str:
    """`[5]`, `[1, 28, 28]`; a scalar is `[]`."""
    return f"[{', '.join(map(str, shape))}]"


def listed(words: Iterable[str]) -> str:
    """`` `a`, `b` ``"""
    return ", ".join(f"`{word}`" for word in words)


def counted(number: int, noun: str) -> str:
    """`1 name`, `2 names`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def describe(value: Value) -> str:
    """What a value is."""
    match value:
        case Tensor(shape=()):
            return "a number"
        case Tensor(shape=shape):
            return f"a tensor of shape {shape_text(shape)}"
        case Extremisers(which=which):
            return f"`{which.value}` (a set of positions)"
        case Topmost():
            return "`argtop` (a set of positions)"
        case Cosine():
            return "a cosine"
        case NetworkValue():
            return f"the network `{value.text}`"
        case LayerValue(use=use, layer=layer):
            return f"the hidden tensor `{use.label}.{layer}`, not applied,"
        case OutputValue(network=network, position=position):
            return f"output {position} of the network `{network.text}`, not applied,"
        case OutputsValue(name=name):
            return f"the outputs of `{name}` (say which: there are several)"
        case FormulaValue():
            return "a formula"
        case FamilyValue(kind=kind, name=name):
            return f"the {kind} `{name}`"
        case ArrayValue(name=name, shape=shape):
            return f"the array `{name}` of shape {shape_text(shape)}"
        case DataValue(name=name):
            return f"the data `{name}`"
