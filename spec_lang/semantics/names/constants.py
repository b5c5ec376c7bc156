"""What has a value without any network: data, the sizes of its dimensions, and parameters.

In: the declarations, the values given for parameters, and the data files.  Out: `Constants`.  Parameters may
use data, dimensions and each other, in any order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from fractions import Fraction

from spec_lang._values import dataclass
from spec_lang.diagnostics import DiagnosticLog, did_you_mean
from spec_lang.semantics import codes
from spec_lang.semantics.names.data_values import read_data
from spec_lang.semantics.names.declared import Declared, dimension_names
from spec_lang.semantics.names.ordering import in_order
from spec_lang.semantics.names.surroundings import Surroundings
from spec_lang.semantics.names.typed_shapes import Dimensions, Subject, check_element
from spec_lang.semantics.terms.expressions import Evaluator, Rejected
from spec_lang.semantics.terms.values import ArrayValue, DataValue, Tensor, Value, scalar
from spec_lang.semantics.traverse import walk
from spec_lang.semantics.wording import describe
from spec_lang.syntax import ast


@dataclass(frozen=True, slots=True)
class Constants:
    """Values by name; `expressions` are those of the parameters, as written."""

    parameters: dict[str, Value] = field(default_factory=dict)
    expressions: dict[str, ast.Expr] = field(default_factory=dict)
    data: dict[str, DataValue | ArrayValue] = field(default_factory=dict)
    dimensions: Mapping[str, int] = field(default_factory=dict)

    def names(self) -> dict[str, Value]:
        """What the names denote in an expression."""
        sizes = {name: scalar(Fraction(size)) for name, size in self.dimensions.items()}
        return {**self.data, **sizes, **self.parameters}


def read_constants(
    found: Declared,
    overrides: Mapping[str, ast.Expr],
    surroundings: Surroundings,
    broken: frozenset[str],
    log: DiagnosticLog,
) -> Constants:
    """The values that there are; why another is missing is logged."""
    dimensions = Dimensions(log)
    constants = Constants(dimensions=dimensions.sizes)
    for name, declaration in found.data.items():
        value = read_data(declaration, surroundings.data.get(declaration.path.span), dimensions, log)
        if value is not None:
            constants.data[name] = value
    expressions = _expressions(found.params, overrides, log)
    for name in _ordered(found, expressions, dimensions, log):
        known = constants.names()
        lost = (found.params.keys() | found.data.keys() | found.dimensions.keys()) - known.keys()
        evaluator = Evaluator(log, known, None, broken | lost)
        if not _is_of_constants(expressions[name], found, log):
            continue
        try:
            value_of = _parameter(found.params[name], expressions[name], evaluator, dimensions)
        except Rejected:
            continue
        constants.parameters[name] = value_of
        constants.expressions[name] = expressions[name]
    return constants


def _expressions(
    params: Mapping[str, ast.ParamDecl], overrides: Mapping[str, ast.Expr], log: DiagnosticLog
) -> dict[str, ast.Expr]:
    for name, value in overrides.items():
        if name not in params:
            fix = did_you_mean(name, params) or "parameters are declared by `param name = value`"
            log.error(codes.PARAMETER, f"there is no parameter `{name}`", value.span, fix)
    expressions: dict[str, ast.Expr] = {}
    for name, declaration in params.items():
        expression = overrides.get(name, declaration.value)
        if expression is None:
            problem = f"the parameter `{name}` has no value"
            log.error(codes.PARAMETER, problem, declaration.name.span, f"give it: `-p {name}=…`")
        else:
            expressions[name] = expression
    return expressions


def _ordered(
    found: Declared, expressions: Mapping[str, ast.Expr], dimensions: Dimensions, log: DiagnosticLog
) -> tuple[str, ...]:
    """Parameters after those that they use, or whose types give the size of a dimension that they use."""
    givers: dict[str, set[str]] = {}
    for name in expressions:
        for dimension in dimension_names(found.params[name]):
            if dimension.text not in dimensions.sizes:
                givers.setdefault(dimension.text, set()).add(name)
    uses: dict[str, set[str]] = {}
    for name, expression in expressions.items():
        mentioned = {node.text for node in walk(expression) if isinstance(node, ast.Name)}
        given = (givers.get(other, set()) for other in mentioned)
        uses[name] = (mentioned & expressions.keys()).union(*given)
    return in_order(uses, lambda name: found.params[name].name.span, "parameter", log)


def _is_of_constants(expression: ast.Expr, found: Declared, log: DiagnosticLog) -> bool:
    """Whether an expression names no network, region or definition; the first that it does is reported."""
    kinds = (
        ("network", found.networks.keys()),
        ("region", found.regions.keys()),
        ("definition", found.definitions.keys()),
    )
    for node in walk(expression):
        for kind, declared in kinds:
            if isinstance(node, ast.Name) and node.text in declared:
                problem = f"a parameter is a constant, and cannot use the {kind} `{node.text}`"
                log.error(codes.KIND, problem, node.span, "make it a `def`" if kind == "definition" else None)
                return False
    return True


def _parameter(
    declaration: ast.ParamDecl, expression: ast.Expr, evaluator: Evaluator, dimensions: Dimensions
) -> Tensor:
    """The value of a parameter, of its type.  Raises `Rejected`."""
    kind = declaration.type
    if kind is not None and not check_element(kind, evaluator.log):
        raise Rejected
    # Quantities keep their unit: it is converted where the parameter is used.
    value = evaluator.operand(expression)
    if not value.is_constant:
        raise evaluator.reject(codes.KIND, "a parameter must be constant", expression.span)
    if kind is None:
        return value
    name = declaration.name.text
    subject = Subject(f"`{name}`", f"the value ({describe(value)})", codes.PARAMETER_TYPE)
    if not dimensions.fits(kind, value.shape, subject):
        raise Rejected
    word = kind.element.text
    for number in value.constants if word != "real" else ():
        if number.denominator != 1 or (word == "label" and number < 0):
            wanted = "an integer" if word == "int" else "a label: an integer of 0 or more"
            problem = f"`{name}` is {wanted}, and its value has {number}"
            raise evaluator.reject(codes.PARAMETER_TYPE, problem, expression.span, f"give it {wanted}")
    return value
