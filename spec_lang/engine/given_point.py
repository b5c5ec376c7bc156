"""What is wrong with a point, or a radius, as it was given, before anything is asked of it.

In: the texts of `--at` and `--within`, as expressions, and how many inputs there are.  Out: a diagnostic, or
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

ARRAYS: Final = (".npy", ".csv", ".gz", ".idx")
POINT: Final = "NN461"  # a point that there is no decision at to explain


def is_file(text: str) -> bool:
    """Whether this names a file of numbers."""
    return Path(text).suffix in ARRAYS


def file_for_a_spec(text: str) -> Diagnostic:
    """Beside a spec, points of files are data that it declares."""
    fix = f'declare it in the spec, as `data given = "{text}": real[…]`, and say `--at given`'
    return Diagnostic(POINT, f"`{text}` is a file, and no point of the spec's", None, fix)


def flaw_in_point(at: ast.Expr, text: str, size: int, span: Span) -> Diagnostic | None:
    """Where it is written out, and has not one number for each input."""
    if not isinstance(at, ast.TensorLiteral) or any(isinstance(node, ast.Name) for node in walk(at)):
        return None
    numbers = _numbers(at)
    if numbers == size:
        return None
    problem = f"`{text}` has {counted(numbers, 'number')}, and the network {counted(size, 'input')}"
    return Diagnostic(POINT, problem, span, "give a number for each input")


def flaw_in_radius(within: ast.Expr | None, text: str | None, span: Span) -> Diagnostic | None:
    """Where it is written as a number below 0."""
    if not isinstance(within, ast.Negate):
        return None
    problem = f"nothing is within `{text}` of a point"
    return Diagnostic(POINT, problem, span, "give a radius of 0 or more")


def _numbers(value: ast.Expr) -> int:
    return sum(map(_numbers, value.elements)) if isinstance(value, ast.TensorLiteral) else 1
