"""The points that a claim's regions are around, beside the counterexamples that are shown as images.

In: reports, and the specs that they are of.  Out: the same reports; a picture of a variable whose region is a
ball, or a part of one, stands beside the ball's center.  It stands beside the middle of its region still
where the center is not a number of the spec's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from spec_lang.diagnostics import InternalError
from spec_lang.reporters._numbers import as_float
from spec_lang.reporters._pictures import Picture
from spec_lang.reporters.model import ClaimReport
from spec_lang.semantics.evaluate.functions import in_order
from spec_lang.semantics.evaluate.points import no_samples
from spec_lang.semantics.evaluate.reader import ScopedReader
from spec_lang.semantics.evaluate.world import World
from spec_lang.semantics.model import TypedClaim
from spec_lang.semantics.names.scope import Scope
from spec_lang.syntax import ast

if TYPE_CHECKING:
    from spec_lang.engine.prepare import Preparation

_WORDS: Final = "the point that the region is around"


def with_originals(reports: Iterable[ClaimReport], preparation: Preparation) -> tuple[ClaimReport, ...]:
    """The reports, with centers of balls beside their pictures."""
    scopes = {file.source.file: file.scope for file in preparation.files}
    return tuple(
        _with(report, preparation.typed.get(report.id), scopes.get(report.file)) for report in reports
    )


def _with(report: ClaimReport, typed: TypedClaim | None, scope: Scope | None) -> ClaimReport:
    found = report.counterexample
    if found is None or not found.pictures or typed is None or scope is None:
        return report
    bindings = _bindings(typed.formula)
    pictures = tuple(_beside(picture, bindings, scope) for picture in found.pictures)
    return replace(report, counterexample=replace(found, pictures=pictures))


def _bindings(formula: ast.Expr) -> Sequence[ast.Binding]:
    """Those of the outermost quantifier."""
    match formula:
        case ast.Quantified(bindings=bindings):
            return bindings
        case ast.Let(body=body):
            return _bindings(body)
        case _:
            return ()


def _beside(picture: Picture, bindings: Iterable[ast.Binding], scope: Scope) -> Picture:
    domain = next((b.domain for b in bindings if b.variable.text == picture.name), None)
    center = _center(domain, scope)
    if center is None:
        return picture
    try:
        elements = ScopedReader(World(scope, {}), no_samples, {}).value(center).elements
    except InternalError:  # it depends on an index, or on what a network says
        return picture
    numbers = tuple(as_float(e) for e in elements if isinstance(e, Fraction))
    if len(numbers) != len(picture.values):
        return picture
    return replace(picture, beside=numbers, beside_words=_WORDS)


def _center(region: object, scope: Scope) -> ast.Expr | None:
    """The center of the first ball that all points of a region lie in."""
    match region:
        case ast.Call(function=ast.Name(text="ball"), arguments=arguments):
            return in_order(arguments, ("center", "radius", "norm"))[0]
        case ast.Meet(operands=operands):
            return next((c for part in operands if (c := _center(part, scope)) is not None), None)
        case ast.Name(text=text) if text in scope.regions and not scope.regions[text].family.indices:
            return _center(scope.regions[text].value, scope)
        case _:
            return None
