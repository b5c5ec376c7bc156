"""Regions to conditions: what it means for the quantified point to lie in one.

In: a region expression and the claim's context.  Out: a `Condition` over the network-space inputs, exact.
Set-builders lie within the network's domain; `box` and `ball` are what they say, domain or not.
"""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import Final

from spec_lang.diagnostics import Note, did_you_mean
from spec_lang.obligations.model import All, Condition, LinearAtom
from spec_lang.semantics import codes
from spec_lang.semantics.arguments import Signed, bind_arguments
from spec_lang.semantics.clauses import clause_text
from spec_lang.semantics.context import Context
from spec_lang.semantics.expressions import Rejected
from spec_lang.semantics.formulas import Translator, every
from spec_lang.semantics.functions import NORMS, REGION_FUNCTIONS
from spec_lang.semantics.signature import Limits
from spec_lang.semantics.traverse import substitute
from spec_lang.semantics.values import ONE, FamilyValue, Linear, NetworkValue, combine
from spec_lang.semantics.wording import describe, listed, shape_text
from spec_lang.syntax import ast

# An l1 ball of n dimensions has 2^n faces.
MAX_L1_DIMENSIONS: Final = 10


def region_condition(context: Context, expr: ast.Expr, translator: Translator) -> Condition:
    """True exactly where the context's point lies in the region `expr`.  Raises `Rejected`."""
    reject = translator.evaluator.reject
    match expr:
        case ast.Meet(operands=operands):
            return All(every(*(partial(region_condition, context, part, translator) for part in operands)))
        case ast.SetBuilder(variable=variable, condition=condition):
            inner = translator.with_name(variable.text, context.point)
            return All((domain_condition(context), inner.condition(condition, True)))
        case ast.Call(function=ast.Name(text="box")):
            return _box(context, expr, translator)
        case ast.Call(function=ast.Name(text="ball")):
            return _ball(context, expr, translator)
        case ast.Call(function=ast.Name() as name) if not translator.evaluator.knows(name.text):
            if translator.evaluator.is_broken(name.text):
                raise Rejected
            known = (*translator.evaluator.names, *REGION_FUNCTIONS)
            fix = "regions are made by `box(…)`, `ball(…)` and `{ x | … }`"
            raise translator.evaluator.reject_name(name, known, fix)
        case ast.Attribute(base=base, name=ast.Name(text="domain")):
            return _domain_of(context, base, expr, translator)
        case ast.Name() | ast.Index(base=ast.Name()):
            return _named(context, expr, translator)
        case _:
            value = translator.evaluator.value(expr)
            raise reject(codes.KIND, f"{describe(value)} stands where a region is needed", expr.span)


def domain_condition(context: Context) -> Condition:
    """The declared domain; no constraint where nothing is declared."""
    elements = context.point.elements
    found: list[Condition] = []
    for limits in context.signature.domain:
        form = elements[limits.position]
        below = combine(((-ONE, form), (ONE, Linear(limits.lower))))
        above = combine(((ONE, form), (-ONE, Linear(limits.upper))))
        found.extend(_atom(side, limits.source, limits) for side in (below, above))
    return All(tuple(found))


def _domain_of(context: Context, base: ast.Expr, expr: ast.Attribute, translator: Translator) -> Condition:
    value = translator.evaluator.value(base)
    if isinstance(value, NetworkValue):
        context.require_network(value.use, base.span)
    elif isinstance(value, FamilyValue) and value.kind == "network family":
        context.require_family(value.name, base.span)
    else:
        problem = f"{describe(value)} has no domain"
        raise translator.evaluator.reject(codes.KIND, problem, base.span)
    if not context.signature.domain:
        name = context.signature.use.declaration.name
        problem = f"`{name.text}` declares no domain: every point belongs to it"
        notes = (Note("a `domain` line belongs here", name.span),)
        raise translator.evaluator.reject(
            codes.DOMAIN, problem, expr.span, "declare one, or use `box(…)`", notes
        )
    return domain_condition(context)


def _named(context: Context, expr: ast.Name | ast.Index, translator: Translator) -> Condition:
    evaluator = translator.evaluator
    name = expr if isinstance(expr, ast.Name) else expr.base
    if not isinstance(name, ast.Name):  # pragma: no cover - the caller matched it
        raise Rejected
    symbol = context.scope.regions.get(name.text)
    if symbol is None:
        value = evaluator.value(expr)
        fix = None
        if isinstance(value, NetworkValue):
            fix = f"its domain is `{clause_text(expr)}.domain`"
        problem = f"{describe(value)} stands where a region is needed"
        raise evaluator.reject(codes.KIND, problem, expr.span, fix)
    written = expr.indices if isinstance(expr, ast.Index) else ()
    indices = tuple(evaluator.integer(index, "an index") for index in written)
    values = symbol.family.values(indices, f"the region `{name.text}`", expr.span, evaluator.log)
    if values is None:
        raise Rejected
    declaration = symbol.declaration
    if declaration.network is not None:
        _require_on(context, substitute(declaration.network, values), translator)
    plain = Translator(context.global_evaluator, translator.region_rule, translator.count)
    return region_condition(context, substitute(symbol.value, values), plain)


def _require_on(context: Context, network: ast.Expr, translator: Translator) -> None:
    value = context.global_evaluator.value(network)
    if isinstance(value, NetworkValue):
        context.require_network(value.use, network.span)
    elif isinstance(value, FamilyValue) and value.kind == "network family":
        context.require_family(value.name, network.span)
    else:
        problem = f"{describe(value)} stands where a network is needed"
        raise translator.evaluator.reject(codes.KIND, problem, network.span)


# -- box and ball ------------------------------------------------------------------------------------


def _box(context: Context, call: ast.Call, translator: Translator) -> Condition:
    names = ("lower", "upper")
    bound = bind_arguments(call, Signed("box", names, names, names), translator.evaluator.log)
    if bound is None:
        raise Rejected
    lower, upper = every(
        *(partial(_point, context, bound[side], f"the {side} corner of a box", translator) for side in names)
    )
    return _between(context, lower, upper, call)


def _between(
    context: Context, lower: tuple[Linear, ...], upper: tuple[Linear, ...], source: ast.Call
) -> Condition:
    text = clause_text(source)
    found: list[Condition] = []
    for form, low, high in zip(context.point.elements, lower, upper, strict=True):
        ((index, factor),) = form.inputs
        below = Linear(low.constant - form.constant, ((index, -factor),))
        above = Linear(form.constant - high.constant, form.inputs)
        found.append(_atom(below, text, source))
        found.append(_atom(above, text, source))
    return All(tuple(found))


def _ball(context: Context, call: ast.Call, translator: Translator) -> Condition:
    evaluator = translator.evaluator
    names = ("center", "radius", "norm")
    bound = bind_arguments(call, Signed("ball", names, names, names), evaluator.log)
    if bound is None:
        raise Rejected
    norm = _norm(bound["norm"], translator)
    center = _point(context, bound["center"], "the center of a ball", translator, scalars=False)
    radius = evaluator.number(bound["radius"], "the radius of a ball")
    if norm == "l2":
        problem = "an `l2` ball is not linear, and this version decides linear regions alone"
        raise evaluator.reject(codes.NORM, problem, bound["norm"].span, "use `linf`, whose ball contains it")
    lower = tuple(Linear(c.constant - radius) for c in center)
    upper = tuple(Linear(c.constant + radius) for c in center)
    hull = _between(context, lower, upper, call)
    if norm == "linf":
        return hull
    if len(center) > MAX_L1_DIMENSIONS:
        problem = f"an `l1` ball of {len(center)} dimensions has 2^{len(center)} faces; this version takes "
        problem += f"{MAX_L1_DIMENSIONS} dimensions"
        raise evaluator.reject(codes.NORM, problem, bound["norm"].span, "use `linf`, whose ball contains it")
    text = clause_text(call)
    faces: list[Condition] = []
    for signs in product((ONE, -ONE), repeat=len(center)):
        parts = [
            part
            for sign, form, middle in zip(signs, context.point.elements, center, strict=True)
            for part in ((sign, form), (-sign, middle))
        ]
        faces.append(_atom(combine((*parts, (-ONE, Linear(radius)))), text, call))
    return All((hull, *faces))


def _norm(expr: ast.Expr, translator: Translator) -> str:
    if isinstance(expr, ast.Name) and expr.text in NORMS:
        return expr.text
    fix = did_you_mean(expr.text, NORMS) if isinstance(expr, ast.Name) else None
    problem = f"`{clause_text(expr)}` is not a norm"
    raise translator.evaluator.reject(codes.NORM, problem, expr.span, fix or f"norms are {listed(NORMS)}")


def _point(
    context: Context, expr: ast.Expr, what: str, translator: Translator, *, scalars: bool = True
) -> tuple[Linear, ...]:
    """A constant point of the input space; a vector may stand for a tensor of as many elements, row-major."""
    value = translator.evaluator.constant(expr, what)
    space = context.point
    if value.shape == space.shape or (len(value.shape) == 1 and value.size == space.size):
        return value.elements
    if value.size == 1 and (scalars or space.size == 1):
        return value.elements * space.size
    use = context.signature.use
    shape = "is one number" if value.shape == () else f"has shape {shape_text(value.shape)}"
    problem = f"{what} {shape}, but the input of `{use.label}` has shape {shape_text(space.shape)}"
    notes = (Note(f"`{use.label}` takes {space.size} inputs", use.declaration.name.span),)
    raise translator.evaluator.reject(codes.DIMENSION, problem, expr.span, None, notes)


def _atom(form: Linear, source: str, place: ast.Call | Limits) -> LinearAtom:
    return LinearAtom(form.inputs, form.outputs, form.constant, False, source, place.span)
