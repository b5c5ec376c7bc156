"""`@via(core)`: the left side of an invariant, read as a case split of a claim's proof.

In: a claim and the invariant that it names.  Out: a `Cut` over the graph of the claim's statement.  The claim
has to say of its points what the invariant concludes; whether the invariant speaks of all of them is left
to who has the statement.  A cut changes nothing of what a claim means, and any would do.
"""

from __future__ import annotations

from collections.abc import Mapping

from spec_lang.diagnostics import Span
from spec_lang.semantics import codes
from spec_lang.semantics.context import Context
from spec_lang.semantics.formulas.clauses import clause_text
from spec_lang.semantics.formulas.translate import negated
from spec_lang.semantics.model import Cut
from spec_lang.semantics.names.scope import ClaimFamily, ReferredInvariant
from spec_lang.semantics.rejection import Rejected
from spec_lang.semantics.terms.values import NetworkValue
from spec_lang.semantics.traverse import substitute
from spec_lang.syntax import ast
from spec_lang.syntax.format import format_expression

_Domain = ast.Expr | ast.IndexRange | ast.IndexSet | None


class Cutter:
    """Reads one cut in the context that the claim is read in."""

    __slots__ = ("_context", "_formula", "_name", "_network", "_span", "cut")

    def __init__(self, name: str, invariant: ReferredInvariant, values: Mapping[str, ast.Expr]) -> None:
        declaration = invariant.invariant.declaration
        self.cut: Cut | None = None
        self._name = name
        self._span = invariant.span
        self._formula = substitute(invariant.invariant.body, values)
        self._network = (
            substitute(declaration.network, values) if isinstance(declaration, ast.InvariantDecl) else None
        )
        self._context: Context | None = None

    def within(self, context: Context) -> Cutter:
        self._context = context
        return self

    def read(self, claim: ast.Expr) -> None:
        """Once the claim has been read.  Raises `Rejected`."""
        if self._context is None or self._network is None:
            raise Rejected
        context, name = self._context, self._name
        binding = _only_binding(claim)
        if binding is None or not isinstance(claim, ast.Quantified):
            problem = "`@via` is for claims about every point of a region: `forall x in …: …`"
            raise self._reject(problem, "leave it out")
        premise, conclusion, region = self._parts(binding.variable)
        if premise is None or conclusion is None:
            problem = f"`{name}` is no implication, and divides no proof"
            raise self._reject(problem, "name an invariant `A => B`")
        said = claim.body.conclusion if isinstance(claim.body, ast.Implies) else claim.body
        if _text(conclusion) not in (_text(said), _text(claim.body)):
            problem = (
                f"`{name}` concludes `{clause_text(conclusion)}`, and the claim says `{clause_text(said)}`"
            )
            raise self._reject(problem, "an invariant leads to a claim that says what it concludes")
        network = context.translator.evaluator.value(self._network)
        point = context.point_of(network.use) if isinstance(network, NetworkValue) else None
        if point is None:
            problem = f"`{name}` is of `{clause_text(self._network)}`, and the claim's points are not"
            raise self._reject(problem, "name an invariant of the network that the claim is about")
        inner = context.translator.with_name(binding.variable.text, point)
        where = ast.Binding(binding.span, binding.variable, region)
        outside = negated(context.translator.region_of(where, point))
        holds, fails = inner.condition(premise, True), inner.condition(premise, False)
        self.cut = Cut(name, self._span, holds, fails, outside)

    def _parts(self, variable: ast.Name) -> tuple[ast.Expr | None, ast.Expr | None, _Domain]:
        """Both sides of the invariant with the claim's variable in them, and its region."""
        binding = _only_binding(self._formula)
        if binding is None or not isinstance(self._formula, ast.Quantified):
            return None, None, None
        renamed = {binding.variable.text: variable}
        body = self._formula.body
        if not isinstance(body, ast.Implies):
            return None, None, None
        return substitute(body.premise, renamed), substitute(body.conclusion, renamed), binding.domain

    def _reject(self, problem: str, fix: str) -> Rejected:
        if self._context is not None:
            self._context.log.error(codes.VIA, problem, self._span, fix)
        return Rejected()


def cutter_of(family: ClaimFamily, values: Mapping[str, ast.Expr], context: Context) -> Cutter | None:
    """For a member of a family of claims `@via` an invariant, or None.  Raises `Rejected`."""
    declaration = family.declaration
    if family.attributes.via is None:
        return None
    (invariant,) = family.referred
    evaluator = context.translator.evaluator
    span: Span = invariant.span
    if not isinstance(declaration, ast.ClaimDecl):
        raise evaluator.reject(codes.ATTRIBUTE, "`@via` is for claims", span, "leave it out")
    indices = tuple(substitute(index, values) for index in invariant.indices)
    member = tuple(evaluator.integer(index, "an index") for index in indices)
    name = invariant.invariant.member_name(member)
    assigned = invariant.invariant.family.values(member, f"`{name}`", span, context.log)
    if assigned is None:
        raise Rejected
    return Cutter(name, invariant, assigned).within(context)


def _only_binding(formula: ast.Expr) -> ast.Binding | None:
    """The binding of a formula that begins with `forall`, over one point."""
    if not isinstance(formula, ast.Quantified) or formula.quantifier is not ast.Quantifier.FORALL:
        return None
    return formula.bindings[0] if len(formula.bindings) == 1 else None


def _text(expr: ast.Expr) -> str:
    return format_expression(expr)
