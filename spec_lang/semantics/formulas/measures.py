"""Measures: type-checked here; no backend of this version encloses one.

In: the quantity that a measure asks for, and the claim's context.  Out: the formula or value that it is
about; its need is recorded, so that nothing is decided of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from spec_lang.semantics import codes
from spec_lang.semantics.context import Context
from spec_lang.semantics.formulas.translate import Translator
from spec_lang.semantics.rejection import Rejected
from spec_lang.semantics.terms.elements import Fragment, Need
from spec_lang.semantics.traverse import substitute
from spec_lang.semantics.wording import describe
from spec_lang.syntax import ast

_PROBLEM: Final = "a measure asks for a number between proved ends"


def check_measure(
    quantity: ast.Optimum | ast.Radius, values: Mapping[str, ast.Expr], context: Context
) -> ast.Expr:
    """What the measure is about, its indices filled in.  Raises `Rejected`."""
    context.beyond(Need(Fragment.MEASURE, _PROBLEM, quantity.span))
    _check_precision(quantity.precision, values, context.translator)
    if isinstance(quantity, ast.Optimum):
        return _optimum(quantity, values, context)
    return _radius(quantity, values, context)


def _optimum(quantity: ast.Optimum, values: Mapping[str, ast.Expr], context: Context) -> ast.Expr:
    whole = ast.Quantified(quantity.span, ast.Quantifier.FORALL, quantity.bindings, quantity.value)
    whole_filled = substitute(whole, values)
    if not isinstance(whole_filled, ast.Quantified):  # pragma: no cover - substitution keeps the form
        raise Rejected
    translator = context.translator
    for binding in whole_filled.bindings:
        point = context.bind(binding, whole_filled.body, translator)
        translator.region_of(binding, point)
        translator = translator.with_name(binding.variable.text, point)
    value = translator.evaluator.tensor(whole_filled.body)
    if value.size != 1:
        problem = f"a measure is of one number; this is {describe(value)}"
        fix = "say which element, or take its `norm(…, linf)`"
        raise translator.evaluator.reject(codes.DIMENSION, problem, whole_filled.body.span, fix)
    return whole_filled


def _radius(quantity: ast.Radius, values: Mapping[str, ast.Expr], context: Context) -> ast.Expr:
    evaluator = context.translator.evaluator
    ends = [
        evaluator.number(substitute(end, values), f"the {word} end of the interval")
        for end, word in ((quantity.lower, "lower"), (quantity.upper, "upper"))
    ]
    if ends[0] >= ends[1]:
        problem = f"`{quantity.variable.text}` ranges over nothing: {ends[0]} is not below {ends[1]}"
        raise evaluator.reject(codes.DOMAIN, problem, quantity.lower.span.to(quantity.upper.span))
    claim = substitute(quantity.claim, {n: v for n, v in values.items() if n != quantity.variable.text})
    radius = context.applications.free(quantity.variable.text, ())
    context.translator.with_name(quantity.variable.text, radius).condition(claim, False)
    return claim


def _check_precision(
    precision: ast.Expr | None, values: Mapping[str, ast.Expr], translator: Translator
) -> None:
    if precision is None:
        return
    evaluator = translator.evaluator
    value = evaluator.number(substitute(precision, values), "a precision")
    if value <= 0:
        problem = "a precision is greater than 0"
        raise evaluator.reject(codes.PRECISION, problem, precision.span, "write `to 1 %` or `to 0.001`")
