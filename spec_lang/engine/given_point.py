"""What is wrong with a point, or a radius, as it was given, before anything is asked of it.

In: the texts of `--at` and `--within`, and how many inputs there are.  Out: a diagnostic, or
None: numbers spread over several inputs, as the language spreads them, would be another point than was meant,
and a radius below 0 leaves no point at all.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from spec_lang.diagnostics import Diagnostic, Span
from spec_lang.semantics.traverse import walk
from spec_lang.semantics.wording import counted
from spec_lang.syntax import ast
from spec_lang.syntax.parse import parse_expression

ARRAYS: Final = (".npy", ".csv", ".gz", ".idx")
POINT: Final = "NN461"  # a point that there is no decision at to explain


def is_file(text: str) -> bool:
    """Whether this names a file of numbers."""
    return Path(text).suffix in ARRAYS


def file_for_a_spec(text: str) -> Diagnostic:
    """Beside a spec, points of files are data that it declares."""
    fix = f'declare it in the spec, as `data given = "{text}": real[…]`, and say `--at given`'
    return Diagnostic(POINT, f"`{text}` is a file, and no point of the spec's", None, fix)


def flaw(at: str, within: str | None, size: int, span: Span | None) -> Diagnostic | None:
    """What is wrong with how these are written, if anything is; what does not parse is reported elsewhere."""
    found = None if is_file(at) else _flaw_in_point(at, size, span)
    return found or (None if within is None else _flaw_in_radius(within, span))


def _flaw_in_point(text: str, size: int, span: Span | None) -> Diagnostic | None:
    """Where it is written out, and has not one number for each input."""
    at, _ = parse_expression(text, "--at")
    if not isinstance(at, ast.TensorLiteral) or any(isinstance(node, ast.Name) for node in walk(at)):
        return None
    numbers = _numbers(at)
    if numbers == size:
        return None
    problem = f"`{text}` has {counted(numbers, 'number')}, and the network {counted(size, 'input')}"
    return Diagnostic(POINT, problem, span, "give a number for each input")


def _flaw_in_radius(text: str, span: Span | None) -> Diagnostic | None:
    """Where it is written as a number below 0."""
    within, _ = parse_expression(text, "--within")
    if not isinstance(within, ast.Negate):
        return None
    problem = f"nothing is within `{text}` of a point"
    return Diagnostic(POINT, problem, span, "give a radius of 0 or more")


def _numbers(value: ast.Expr) -> int:
    return sum(map(_numbers, value.elements)) if isinstance(value, ast.TensorLiteral) else 1
