"""Regions to conditions: what it means for a point to lie in one.

In: a region expression, a point, and the claim's context.  Out: a `Condition`, exact.  Set-builders lie
within the domain of the network that they are about; `box` and `ball` are what they say, domain or not.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from spec_lang.diagnostics import Note
from spec_lang.obligations.model import All, Any, Condition
from spec_lang.semantics import codes
from spec_lang.semantics.claim_graph.signature import Signature
from spec_lang.semantics.claim_graph.spaces import Signatures, network_of
from spec_lang.semantics.forms.arguments import Signed, bind_arguments
from spec_lang.semantics.formulas.clauses import Clause, clause_text
from spec_lang.semantics.formulas.translate import Translator, every
from spec_lang.semantics.names.scope import Scope
from spec_lang.semantics.rejection import Rejected
from spec_lang.semantics.terms.calls import read_norm, values_of
from spec_lang.semantics.terms.elements import Linear, difference
from spec_lang.semantics.terms.functions import REGION_FUNCTIONS, norm
from spec_lang.semantics.terms.units_of import Units, settled
from spec_lang.semantics.terms.values import NetworkValue, Tensor
from spec_lang.semantics.traverse import substitute
from spec_lang.semantics.wording import describe, shape_text
from spec_lang.syntax import ast

_BOX: Final = ("lower", "upper")
_BALL: Final = ("center", "radius", "norm")


class Regions:
    """Membership in the regions of one file.  `home` is the network whose domain a set-builder lies in."""

    __slots__ = ("_plain", "_scope", "_signatures")

    def __init__(self, scope: Scope, signatures: Signatures, plain: Translator) -> None:
        self._scope = scope
        self._signatures = signatures
        self._plain = plain  # where nothing but the file's declarations has a name

    def inside(
        self, expr: ast.Expr, point: Tensor, home: Signature | None, translator: Translator
    ) -> Condition:
        """True exactly where `point` lies in the region `expr`.  Raises `Rejected`."""
        match expr:
            case ast.Meet(operands=operands):
                return All(every(*(partial(self.inside, o, point, home, translator) for o in operands)))
            case ast.Join(operands=operands):
                return Any(every(*(partial(self.inside, o, point, home, translator) for o in operands)))
            case ast.SetBuilder(variable=variable, condition=condition):
                inner = translator.with_name(variable.text, point)
                domain = All(()) if home is None else domain_condition(home, point, translator)
                return All((domain, inner.condition(condition, True)))
            case ast.Call(function=ast.Name() as name) if not translator.evaluator.knows(name.text):
                return self._call(name, expr, point, translator)
            case ast.Attribute(base=base, name=ast.Name(text="domain")):
                return self._domain_of(base, expr, point, translator)
            case ast.Name() | ast.Index(base=ast.Name()):
                return self._named(expr, point, home, translator)
            case _:
                value = translator.evaluator.value(expr)
                problem = f"{describe(value)} stands where a region is needed"
                raise translator.evaluator.reject(codes.KIND, problem, expr.span)

    def _call(self, name: ast.Name, expr: ast.Call, point: Tensor, translator: Translator) -> Condition:
        evaluator = translator.evaluator
        match name.text:
            case "box":
                return _box(expr, point, translator)
            case "ball":
                return _ball(expr, point, translator)
            case "everywhere":
                bound = bind_arguments(expr, Signed("everywhere", *(("network",),) * 3), evaluator.log)
                if bound is None:
                    raise Rejected
                self._signature(bound["network"], point, translator)
                return All(())
        if evaluator.is_broken(name.text):
            raise Rejected
        fix = "regions are made by `box(…)`, `ball(…)` and `{ x | … }`"
        raise evaluator.reject_name(name, (*evaluator.names, *REGION_FUNCTIONS), fix)

    # -- domains -------------------------------------------------------------------------------------

    def _domain_of(
        self, base: ast.Expr, expr: ast.Attribute, point: Tensor, translator: Translator
    ) -> Condition:
        signature = self._signature(base, point, translator)
        if not signature.domain:
            name = signature.use.declaration.name
            problem = f"`{name.text}` declares no domain: every point belongs to it"
            notes = (Note("a `domain` line belongs here", name.span),)
            raise translator.evaluator.reject(
                codes.DOMAIN, problem, expr.span, "declare one, or use `box(…)`", notes
            )
        return domain_condition(signature, point, translator)

    def _signature(self, network: ast.Expr, point: Tensor, translator: Translator) -> Signature:
        """The network that `network` names, or a member of the family, whose input `point` can be.

        A bare family stands for the member that the point belongs to, else for its first: members share
        names, scalings and domain.
        """
        value = translator.evaluator.value(network)
        use = network_of(value, point.space, self._scope)
        if use is None:
            problem = f"{describe(value)} stands where a network is needed"
            raise translator.evaluator.reject(codes.KIND, problem, network.span)
        signature = self._signatures(use)
        if signature is None:
            raise Rejected
        self._check_fit(signature, network, point, translator)
        return signature

    def _check_fit(
        self, signature: Signature, network: ast.Expr, point: Tensor, translator: Translator
    ) -> None:
        space = signature.input
        theirs = space.names.names if space.names is not None else None
        ours = point.names.names if point.names is not None else None
        label = signature.use.label
        if space.size != point.size:
            problem = f"points of `{label}` have {space.size} elements, this one has {point.size}"
        elif theirs is not None and ours is not None and theirs != ours:
            problem = f"the inputs of `{label}` have other names than the elements of this point"
        else:
            return
        notes: tuple[Note, ...] = (Note(f"`{label}` is declared here", signature.use.declaration.name.span),)
        if point.space is not None and point.space.label != label:
            notes += (Note(f"the point is one of `{point.space.label}`", point.space.declaration.name.span),)
        raise translator.evaluator.reject(codes.DIMENSION, problem, network.span, None, notes)

    # -- names ---------------------------------------------------------------------------------------

    def _named(
        self,
        expr: ast.Name | ast.Index,
        point: Tensor,
        home: Signature | None,
        translator: Translator,
    ) -> Condition:
        evaluator = translator.evaluator
        name = expr if isinstance(expr, ast.Name) else expr.base
        if not isinstance(name, ast.Name):  # pragma: no cover - the caller matched it
            raise Rejected
        symbol = self._scope.regions.get(name.text)
        if symbol is None:
            value = evaluator.value(expr)
            fix = f"its domain is `{clause_text(expr)}.domain`" if isinstance(value, NetworkValue) else None
            problem = f"{describe(value)} stands where a region is needed"
            raise evaluator.reject(codes.KIND, problem, expr.span, fix)
        indices = evaluator.integers(expr) if isinstance(expr, ast.Index) else ()
        values = symbol.family.values(indices, f"the region `{name.text}`", expr.span, evaluator.log)
        if values is None:
            raise Rejected
        network = symbol.declaration.network
        if network is not None:
            home = self._signature(substitute(network, values), point, self._plain)
        plain = translator.reading(self._plain.evaluator)
        return self.inside(substitute(symbol.value, values), point, home, plain)


def domain_condition(signature: Signature, point: Tensor, translator: Translator) -> Condition:
    """The declared domain of a network at a point of as many elements; true where nothing is declared."""
    found: list[Condition] = []
    for limits in signature.domain:
        element = point.elements[limits.position]
        clause = Clause(limits.source, limits.span)
        found.append(translator.below(difference(Linear(limits.lower), element), False, clause))
        found.append(translator.below(difference(element, Linear(limits.upper)), False, clause))
    return All(tuple(found))


# -- box and ball ------------------------------------------------------------------------------------


def _box(call: ast.Call, point: Tensor, translator: Translator) -> Condition:
    bound = bind_arguments(call, Signed("box", _BOX, _BOX, _BOX), translator.evaluator.log)
    if bound is None:
        raise Rejected
    lower, upper = every(
        *(partial(_corner, bound[side], f"the {side} corner of a box", point, translator) for side in _BOX)
    )
    clause = Clause(call, call.span)
    found: list[Condition] = []
    for element, low, high in zip(point.elements, lower.elements, upper.elements, strict=True):
        found.append(translator.below(difference(low, element), False, clause))
        found.append(translator.below(difference(element, high), False, clause))
    return All(tuple(found))


def _ball(call: ast.Call, point: Tensor, translator: Translator) -> Condition:
    evaluator = translator.evaluator
    bound = bind_arguments(call, Signed("ball", _BALL, _BALL, _BALL), evaluator.log)
    if bound is None:
        raise Rejected
    kind = read_norm(evaluator, bound["norm"])
    center = _corner(bound["center"], "the center of a ball", point, translator, scalars=False)
    radius = _radius(bound["radius"], point, translator)
    clause = Clause(call, call.span)
    gaps = tuple(map(difference, point.elements, center.elements))
    hull = All(
        tuple(
            translator.below(difference(gap, radius.elements[0]), False, clause)
            for here, middle in zip(point.elements, center.elements, strict=True)
            for gap in (difference(here, middle), difference(middle, here))
        )
    )
    if kind == "linf" or len(gaps) == 1:
        return hull
    written = Clause(f"x - {clause_text(bound['center'])}", call.span)
    distance = norm(Tensor((len(gaps),), gaps), kind, written, values_of(evaluator)).elements[0]
    return All((hull, translator.below(difference(distance, radius.elements[0]), False, clause)))


def _radius(expr: ast.Expr, point: Tensor, translator: Translator) -> Tensor:
    evaluator = translator.evaluator
    units: Units | None = None
    if point.units is not None and len(set(point.units)) == 1:
        units = point.units[:1]
    radius = settled(evaluator.operand(expr), units, expr, evaluator)
    if radius.size == 1:
        return radius
    problem = f"the radius of a ball must be one number, this has {radius.size}"
    raise evaluator.reject(codes.DIMENSION, problem, expr.span)


def _corner(
    expr: ast.Expr, what: str, point: Tensor, translator: Translator, *, scalars: bool = True
) -> Tensor:
    """A point of the same space; a vector may stand for a tensor of as many elements, row-major."""
    evaluator = translator.evaluator
    value = evaluator.operand(expr)
    if value.size == 1 and (scalars or point.size == 1):
        spread = value.elements * point.size
        units = None if value.units is None else value.units * point.size
        value = Tensor(point.shape, spread, units=units, written=value.written)
    if value.shape == point.shape or (len(value.shape) == 1 and value.size == point.size):
        return settled(value, point.units, expr, evaluator)
    shape = "is one number" if value.shape == () else f"has shape {shape_text(value.shape)}"
    whose = "the point" if point.space is None else f"the input of `{point.space.label}`"
    problem = f"{what} {shape}, but {whose} has shape {shape_text(point.shape)}"
    notes: tuple[Note, ...] = ()
    if point.space is not None:
        place = point.space.declaration.name.span
        notes = (Note(f"`{point.space.label}` takes {point.size} inputs", place),)
    raise evaluator.reject(codes.DIMENSION, problem, expr.span, None, notes)
