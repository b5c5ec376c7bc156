"""Invariants at data: which points one speaks of, and where it is broken.

In: an invariant `over` some points, or a share of points that a measure asks for.  Out: a `Support` for each
invariant: conditions over a graph of its own, and the points in network space, exact.  What a point alone
does not decide is reported: a formula about several points, or points that are none of the network's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from spec_lang.diagnostics import InternalError
from spec_lang.obligations.model import All
from spec_lang.semantics import codes
from spec_lang.semantics.claim_graph.spaces import Signatures
from spec_lang.semantics.context import Context
from spec_lang.semantics.formulas.clauses import clause_text
from spec_lang.semantics.formulas.counts import check_attributes, rows_of
from spec_lang.semantics.formulas.indices import is_index
from spec_lang.semantics.model import Rows, Shared, Support, TypedClaim
from spec_lang.semantics.names.scope import ClaimFamily
from spec_lang.semantics.rejection import Rejected
from spec_lang.semantics.terms.values import NetworkValue
from spec_lang.semantics.traverse import substitute, walk
from spec_lang.syntax import ast
from spec_lang.syntax.format import format_expression

_Values = Mapping[str, ast.Expr]


class Supports:
    """Reads them for one file; points that several invariants are over are read once."""

    __slots__ = ("_context", "_rows", "_signatures")

    def __init__(self, context: Callable[[], Context], signatures: Signatures) -> None:
        self._context = context
        self._signatures = signatures
        self._rows: dict[tuple[str, str], Rows] = {}

    def of_invariant(self, family: ClaimFamily, name: str, values: _Values) -> Support | None:
        """Of a member of a family of invariants; None where it is over no data.  Raises `Rejected`."""
        self._check_one_input(family, values)
        if family.points is None:
            return None
        return self._support(family, name, values, substitute(family.points, values))

    def _check_one_input(self, family: ClaimFamily, values: _Values) -> None:
        """`input` is one tensor."""
        if not isinstance(family.declaration, ast.InvariantDecl):
            return
        evaluator = self._context().translator.evaluator
        value = evaluator.value(substitute(family.declaration.network, values))
        signature = self._signatures(value.use) if isinstance(value, NetworkValue) else None
        if signature is None or len(signature.inputs) == 1:
            return
        first, second, *_ = (space.name for space in signature.inputs)
        label = family.declaration.network
        problem = f"`{clause_text(label)}` has several inputs, and an invariant speaks of one"
        fix = f"write a claim: `forall x in …, y in …: … {clause_text(label)}({first}: x, {second}: y) …`"
        raise evaluator.reject(codes.INVARIANT, problem, label.span, fix)

    def share(self, family: ClaimFamily, name: str, values: _Values) -> TypedClaim | None:
        """A member of a family of shares; None where a network did not load.  Raises `Rejected`."""
        share, declaration = family.quantity, family.declaration
        if not isinstance(share, ast.Share):
            raise InternalError("a share of nothing")
        context = self._context()
        check_attributes(family, context.log)
        points = substitute(share.points, values)
        found: list[Support | None] = []
        names: dict[str, None] = {}
        for one in family.referred:
            indices = (substitute(index, values) for index in one.indices)
            written = tuple(context.translator.evaluator.integer(index, "an index") for index in indices)
            for member in one.members(written):
                label = one.invariant.member_name(member)
                assigned = one.invariant.family.values(member, f"`{label}`", one.span, context.log)
                if assigned is None:
                    raise Rejected
                if label not in names:
                    names[label] = None
                    found.append(self._support(one.invariant, label, assigned, points))
        if share.asked is ast.Sharing.SUPPORT and len(names) > 1:
            problem = "the support is that of one invariant, and these are several"
            fix = "say which member, or write `coverage of`"
            context.log.error(codes.SUPPORT, problem, family.referred[0].span, fix)
            raise Rejected
        supports = tuple(one for one in found if one is not None)
        if len(supports) < len(found):
            return None
        of = ", ".join(map(clause_text, share.invariants))
        of = f"[{of}]" if share.listed else of
        shared = Shared(share.asked, supports, f"{of} over {clause_text(points)}")
        formula = ast.Call(share.span, share.invariants[0], (ast.Argument(points.span, None, points),))
        title, attributes = declaration.title, family.attributes
        return TypedClaim(name, "measure", declaration, title, attributes, formula, (), None, shared=shared)

    def _support(self, family: ClaimFamily, name: str, values: _Values, points: ast.Expr) -> Support | None:
        """None where the network did not load, or no backend takes what the invariant says."""
        context, declaration = self._context(), family.declaration
        formula = substitute(family.body, values)
        if not isinstance(formula, ast.Quantified) or not isinstance(declaration, ast.InvariantDecl):
            raise InternalError("an invariant that is none")
        _check_one_point(formula.body, name, points, context)
        (binding,) = formula.bindings
        translator, body = context.translator, formula.body
        point = context.bind(binding, body, translator)
        inner = translator.with_name(binding.variable.text, point)
        region = translator.region_of(binding, point)
        premise = inner.condition(body.premise, True) if isinstance(body, ast.Implies) else All(())
        broken = inner.condition(body, False)
        context.put_to_work()
        applications = context.applications
        equations, graph = applications.equations(), applications.graph()
        network = substitute(declaration.network, values)
        rows = self._points(network, points, context)
        if context.needs or graph is None or rows is None:
            return None
        if any(len(row) + len(applications.ties) != graph.input_size for row in rows.points[:1]):
            raise _not_one_point(name, points, context)
        return Support(
            name,
            clause_text(points),
            graph,
            rows,
            premise,
            All((broken, equations)) if equations.parts else broken,
            region,
            applications.ties,
        )

    def _points(self, network: ast.Expr, points: ast.Expr, context: Context) -> Rows | None:
        """In network space; None where the network did not load."""
        evaluator = context.translator.evaluator
        value = evaluator.value(network)
        if not isinstance(value, NetworkValue):
            raise InternalError("an invariant of no network")
        key = (value.use.label, format_expression(points))
        if key not in self._rows:
            given = evaluator.constant(points, "what an invariant is over")
            signature = self._signatures(value.use)
            if signature is None or signature.graph is None:
                return None
            if len(signature.inputs) != 1:
                problem = f"`{value.use.label}` has several inputs; data are counted of networks with one"
                raise evaluator.reject(codes.SUPPORT, problem, points.span)
            if not given.size:
                raise evaluator.reject(codes.SUPPORT, "there are no points to count", points.span)
            self._rows[key] = Rows(
                rows_of(signature.input, given, points, context.log, "an invariant is counted over")
            )
        return self._rows[key]


def _check_one_point(body: ast.Expr, name: str, points: ast.Expr, context: Context) -> None:
    for node in walk(body):
        if isinstance(node, ast.Quantified) and not all(map(is_index, node.bindings)):
            raise _not_one_point(name, points, context)


def _not_one_point(name: str, points: ast.Expr, context: Context) -> Rejected:
    problem = f"`{name}` speaks of more than one point, and cannot be counted over points"
    return context.translator.evaluator.reject(codes.SUPPORT, problem, points.span, "leave out `over`")
