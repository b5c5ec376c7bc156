"""Counts of linear regions: of which network, and over which points.

In: `regions of f over data`, and values for its indices.  Out: the network's graph and the points, in network
space and exact.  What has no linear regions is reported: a network with smooth functions, several inputs, or
points that are not points of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from spec_lang.diagnostics import DiagnosticLog, InternalError
from spec_lang.network.graph import Graph
from spec_lang.network.primitives import RELU, Affine
from spec_lang.obligations.model import IDENTITY_SCALING
from spec_lang.semantics import codes
from spec_lang.semantics.claim_graph.signature import Signature, Space
from spec_lang.semantics.claim_graph.spaces import Signatures
from spec_lang.semantics.context import Context
from spec_lang.semantics.formulas.clauses import clause_text
from spec_lang.semantics.model import Counted, Expectation, TypedClaim
from spec_lang.semantics.names.scope import ClaimFamily
from spec_lang.semantics.rejection import Rejected
from spec_lang.semantics.terms.values import NetworkValue, Tensor
from spec_lang.semantics.traverse import substitute
from spec_lang.semantics.wording import describe
from spec_lang.syntax import ast


def read_count(
    family: ClaimFamily,
    name: str,
    values: Mapping[str, ast.Expr],
    tools: tuple[Context, Signatures],
) -> TypedClaim | None:
    """A member of a family of counts; None where the network did not load.  Raises `Rejected`."""
    context, signatures = tools
    declaration, count = family.declaration, family.quantity
    if not isinstance(count, ast.Count):
        raise InternalError("a count that counts nothing")
    check_attributes(family, context.log)
    evaluator = context.translator.evaluator
    network, points = substitute(count.network, values), substitute(count.points, values)
    value = evaluator.value(network)
    if not isinstance(value, NetworkValue):
        problem = f"linear regions are those of a network; this is {describe(value)}"
        raise evaluator.reject(codes.REGIONS, problem, network.span, "write `regions of f over …`")
    given = evaluator.constant(points, "what regions are counted over")
    signature = signatures(value.use)
    if signature is None or signature.graph is None:
        return None
    graph = _piecewise(signature, signature.graph, network, context.log)
    rows = rows_of(signature.input, given, points, context.log)
    counted = Counted(graph, rows, f"{clause_text(network)} over {clause_text(points)}")
    formula = ast.Call(count.span, network, (ast.Argument(points.span, None, points),))
    title, attributes, uses = declaration.title, family.attributes, (value.use,)
    return TypedClaim(name, "measure", declaration, title, attributes, formula, uses, None, counted=counted)


def check_attributes(family: ClaimFamily, log: DiagnosticLog) -> None:
    """Reports attributes that say of a count what is said of claims."""
    attributes = family.attributes
    places = {use.name.text: use.span for use in family.declaration.attributes}
    if attributes.using is not None:
        problem = "the kernel counts, and no backend takes part"
        log.error(codes.ATTRIBUTE, problem, places["using"], "leave it out")
    if attributes.expect is not Expectation.PROVED:
        problem = f"a count is not {attributes.expect.value}"
        log.error(codes.ATTRIBUTE, problem, places["expect"], "leave it out")


def _piecewise(signature: Signature, graph: Graph, network: ast.Expr, log: DiagnosticLog) -> Graph:
    label = signature.use.label
    if len(signature.inputs) != 1:
        problem = f"`{label}` has several inputs; regions are counted of networks with one"
        log.error(codes.REGIONS, problem, network.span)
        raise Rejected
    for node in graph.nodes:
        if not isinstance(node.primitive, Affine) and node.primitive != RELU:
            problem = f"`{label}` has no linear regions: `{node.tensor.name}` is not piecewise linear"
            log.error(codes.REGIONS, problem, network.span)
            raise Rejected
    return graph


def rows_of(
    space: Space,
    given: Tensor,
    written: ast.Expr,
    log: DiagnosticLog,
    asked: str = "regions are counted over",
) -> tuple[tuple[Fraction, ...], ...]:
    """The points, encoded; each may be a vector in the place of a tensor of as many elements."""
    count, *rest = given.shape or (1,)
    if not given.shape or (tuple(rest) != space.shape and rest != [space.size]):
        shape = ", ".join(map(str, ("N", *space.shape)))
        problem = f"this is {describe(given)}; what {asked} has shape [{shape}]"
        fix = "write `[x]` for one point" if given.shape == space.shape else None
        log.error(codes.DIMENSION, problem, written.span, fix)
        raise Rejected
    scalings = [axis.scaling for axis in space.axes]
    constants, size = given.constants, space.size
    parts = (constants[start : start + size] for start in range(0, count * size, size))
    if all(scaling == IDENTITY_SCALING for scaling in scalings):
        return tuple(parts)
    return tuple(tuple(s.to_network(x) for s, x in zip(scalings, part, strict=True)) for part in parts)
