"""Calls in expressions: functions of the language, and networks at points.

In: a call as written.  Out: its value.  Raises `Rejected` for a mistake, which is in the log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spec_lang.diagnostics import did_you_mean
from spec_lang.semantics import codes
from spec_lang.semantics.forms.arguments import Signed, bind_arguments
from spec_lang.semantics.formulas.clauses import Clause, clause_text
from spec_lang.semantics.rejection import Rejected
from spec_lang.semantics.terms.arithmetic import product_need
from spec_lang.semantics.terms.functions import (
    FUNCTIONS,
    NETWORK_FUNCTIONS,
    NETWORK_SETS,
    NORMS,
    REGION_FUNCTIONS,
    VARIADIC,
    Values,
    apply,
    dot,
    extreme,
    norm,
)
from spec_lang.semantics.terms.values import (
    Cosine,
    FamilyValue,
    LayerValue,
    NetworkValue,
    Tensor,
    Topmost,
    Value,
    broadcast,
)
from spec_lang.semantics.wording import describe, listed, shape_text
from spec_lang.syntax import ast

if TYPE_CHECKING:
    from spec_lang.semantics.terms.expressions import Evaluator


def call(evaluator: Evaluator, expr: ast.Call) -> Value:
    """The value of a call."""
    if isinstance(expr.function, ast.Name) and not evaluator.knows(expr.function.text):
        return _function(evaluator, expr, expr.function)
    function = evaluator.value(expr.function)
    if isinstance(function, FamilyValue):
        article = "is a network family" if function.kind == "network family" else "cannot be applied"
        fix = f"say which member: `{function.name}[…]`" if function.kind == "network family" else None
        raise evaluator.reject(codes.KIND, f"`{function.name}` {article}", expr.function.span, fix)
    if not isinstance(function, NetworkValue | LayerValue) or evaluator.networks is None:
        raise evaluator.reject(codes.KIND, f"{describe(function)} cannot be applied", expr.function.span)
    arguments = [(a.name, evaluator.tensor(a.value), a.value) for a in expr.arguments]
    return evaluator.networks.apply(function, arguments, expr.span)


def read_norm(evaluator: Evaluator, expr: ast.Expr) -> str:
    """A norm by its name.  Raises `Rejected`."""
    if isinstance(expr, ast.Name) and expr.text in NORMS:
        return expr.text
    fix = did_you_mean(expr.text, NORMS) if isinstance(expr, ast.Name) else None
    problem = f"`{clause_text(expr)}` is not a norm"
    raise evaluator.reject(codes.NORM, problem, expr.span, fix or f"norms are {listed(NORMS)}")


def _function(evaluator: Evaluator, expr: ast.Call, name: ast.Name) -> Value:
    if evaluator.is_broken(name.text):
        raise Rejected
    if name.text in REGION_FUNCTIONS:
        raise evaluator.reject(codes.KIND, "a region stands where a number is needed", expr.span)
    if name.text in NETWORK_SETS:
        fix = f"bind a network of it: `forall g in {name.text}(…): …`"
        raise evaluator.reject(
            codes.KIND, "a set of networks stands where a number is needed", expr.span, fix
        )
    if name.text in NETWORK_FUNCTIONS:
        return _network_function(evaluator, expr, name.text)
    if name.text not in FUNCTIONS:
        raise evaluator.reject_name(name, (*evaluator.names, *FUNCTIONS, *REGION_FUNCTIONS))
    if name.text in VARIADIC and len(expr.arguments) > 1:
        return _variadic(evaluator, expr, name.text)
    parameters = FUNCTIONS[name.text]
    bound = bind_arguments(expr, Signed(name.text, parameters, parameters, parameters), evaluator.log)
    if bound is None:
        raise Rejected
    tensor = evaluator.tensor(bound[parameters[0]])
    if name.text == "norm":
        kind = read_norm(evaluator, bound["norm"])
        return norm(tensor, kind, Clause(bound["tensor"], expr.span), values_of(evaluator))
    if name.text in ("cosine", "dot"):
        return _of_two(evaluator, expr, tensor, bound)
    if name.text == "argtop":
        return _topmost(evaluator, tensor, bound)
    return apply(name.text, tensor)


def _of_two(evaluator: Evaluator, expr: ast.Call, a: Tensor, bound: dict[str, ast.Expr]) -> Value:
    b = evaluator.tensor(bound["b"])
    name = clause_text(expr.function)
    if a.size != b.size:
        problem = f"`{name}` of tensors of {a.size} and of {b.size} elements"
        raise evaluator.reject(codes.DIMENSION, problem, expr.span)
    if name == "cosine":
        return Cosine(a, b, (bound["a"].span, bound["b"].span))
    return dot(a, b, product_need(bound["a"], bound["b"], expr.span), values_of(evaluator))


def _topmost(evaluator: Evaluator, tensor: Tensor, bound: dict[str, ast.Expr]) -> Topmost:
    count = evaluator.integer(bound["count"], "how many elements are the greatest")
    if 1 <= count < tensor.size:
        return Topmost(tensor, count)
    problem = f"`argtop` of {tensor.size} elements picks some of them, not {count}"
    fix = f"say how many, from 1 to {tensor.size - 1}" if tensor.size > 1 else None
    raise evaluator.reject(codes.DIMENSION, problem, bound["count"].span, fix)


def values_of(evaluator: Evaluator) -> Values | None:
    """What squares and multiplies forms of the claim that is read; among constants nothing has to."""
    return evaluator.networks


def _variadic(evaluator: Evaluator, expr: ast.Call, name: str) -> Tensor:
    named = next((a for a in expr.arguments if a.name is not None), None)
    if named is not None:
        problem = f"the operands of `{name}` have no names"
        raise evaluator.reject(codes.ARGUMENTS, problem, named.span, "leave the name out")
    tensors = [evaluator.tensor(argument.value) for argument in expr.arguments]
    widest = max(tensors, key=lambda tensor: (tensor.size, len(tensor.shape)))
    sides = []
    for tensor, argument in zip(tensors, expr.arguments, strict=True):
        pair = broadcast(widest, tensor)
        if pair is None or len(pair[0]) != len(widest.shape) or len(pair[1]) != widest.size:
            shapes = shape_text(tensor.shape), shape_text(widest.shape)
            problem = f"this operand of `{name}` has shape {shapes[0]}, another one {shapes[1]}"
            raise evaluator.reject(codes.DIMENSION, problem, argument.span)
        sides.append(pair[2])
    return Tensor(widest.shape, extreme(name, sides), widest.names, widest.units)


def _network_function(evaluator: Evaluator, expr: ast.Call, name: str) -> Value:
    parameters = NETWORK_FUNCTIONS[name]
    bound = bind_arguments(expr, Signed(name, parameters, parameters, parameters), evaluator.log)
    if bound is None or evaluator.networks is None:
        raise Rejected
    about = evaluator.value(bound[parameters[0]])
    points = [evaluator.tensor(bound[parameter]) for parameter in parameters[1:]]
    return evaluator.networks.special(name, expr, (about, *points))
