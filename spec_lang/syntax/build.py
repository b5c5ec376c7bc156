"""Expressions, built bottom-up while the parser reduces.

In: the tokens and nodes that a rule of the grammar has matched; each method bears the name of its rule.
Out: the frozen nodes of `syntax.ast`.  No recursion: a node is made when its children exist.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, cast

from spec_lang.syntax import ast
from spec_lang.syntax.build_leaves import LeafBuilder
from spec_lang.syntax.parts import binding_parts, index_parts

_COMPARISONS: Final = {comparison.value: comparison for comparison in ast.Comparison}


class Builder(LeafBuilder):
    """Builds expressions; the rules of the grammar for formulas, terms and regions end here."""

    # -- formulas ------------------------------------------------------------------------------

    def group(self, children: Sequence[object]) -> ast.Expr:
        opening, inner, closing = children
        expr = cast(ast.Expr, inner)
        node = replace(expr, span=self._span(opening, closing))
        self._depth[id(node)] = self._depth[id(expr)]
        return node

    def iff(self, children: Sequence[ast.Expr]) -> ast.Iff:
        left, right = children
        return self._branch(ast.Iff(self._span(left, right), left, right), children)

    def implies(self, children: Sequence[ast.Expr]) -> ast.Implies:
        premise, conclusion = children
        return self._branch(ast.Implies(self._span(premise, conclusion), premise, conclusion), children)

    def or_(self, children: Sequence[ast.Expr]) -> ast.Or:
        return self._branch(ast.Or(self._span(children[0], children[-1]), tuple(children)), children)

    def and_(self, children: Sequence[ast.Expr]) -> ast.And:
        return self._branch(ast.And(self._span(children[0], children[-1]), tuple(children)), children)

    def not_(self, children: Sequence[object]) -> ast.Not:
        operand = cast(ast.Expr, children[1])
        return self._branch(ast.Not(self._span(children[0], operand), operand), (operand,))

    def index_range(self, children: Sequence[object]) -> ast.IndexRange:
        first, sign, last = children
        return ast.IndexRange(
            self._span(first, last), cast(ast.Expr, first), cast(ast.Expr, last), str(sign) == "..<"
        )

    def index_set(self, children: Sequence[object]) -> ast.IndexSet:
        opening, *elements, closing = children
        return ast.IndexSet(self._span(opening, closing), tuple(cast("list[ast.Expr]", elements)))

    def binding(self, children: Sequence[object]) -> ast.Binding:
        variable, _, domain = children
        span = self._span(variable, domain if domain is not None else variable)
        return ast.Binding(span, cast(ast.Name, variable), cast("ast.Expr | None", domain))

    def quantified(self, children: Sequence[object]) -> ast.Quantified:
        keyword, *bound, inner = children
        bindings = tuple(cast(list[ast.Binding], bound))
        body = cast(ast.Expr, inner)
        quantifier = ast.Quantifier(str(keyword))
        node = ast.Quantified(self._span(keyword, body), quantifier, bindings, body)
        return self._branch(node, (body, *(part for b in bindings for part in binding_parts(b))))

    def definition(self, children: Sequence[object]) -> ast.Definition:
        name, value = cast(ast.Name, children[0]), cast(ast.Expr, children[1])
        return ast.Definition(self._span(name, value), name, value)

    def let(self, children: Sequence[object]) -> ast.Let:
        keyword, *defined, inner = children
        definitions = tuple(cast(list[ast.Definition], defined))
        body = cast(ast.Expr, inner)
        node = ast.Let(self._span(keyword, body), definitions, body)
        return self._branch(node, (body, *(definition.value for definition in definitions)))

    def conditional(self, children: Sequence[object]) -> ast.If:
        condition, then, otherwise = cast(list[ast.Expr], children[1::2])
        node = ast.If(self._span(children[0], otherwise), condition, then, otherwise)
        return self._branch(node, (condition, then, otherwise))

    def compare(self, children: Sequence[object]) -> ast.Compare:
        operands = cast(Sequence[ast.Expr], children[::2])
        signs = (_COMPARISONS[str(sign)] for sign in children[1::2])
        rest = tuple(zip(signs, operands[1:], strict=True))
        return self._branch(ast.Compare(self._span(operands[0], operands[-1]), operands[0], rest), operands)

    # -- terms and regions ---------------------------------------------------------------------

    def intersection(self, children: Sequence[ast.Expr]) -> ast.Meet:
        return self._branch(ast.Meet(self._span(children[0], children[-1]), tuple(children)), children)

    def union(self, children: Sequence[ast.Expr]) -> ast.Join:
        return self._branch(ast.Join(self._span(children[0], children[-1]), tuple(children)), children)

    def addition(self, children: Sequence[object]) -> ast.Sum:
        operands = cast(Sequence[ast.Expr], children[::2])
        subtracted = (False, *(str(sign) == "-" for sign in children[1::2]))
        span = self._span(operands[0], operands[-1])
        return self._branch(ast.Sum(span, tuple(zip(subtracted, operands, strict=True))), operands)

    def multiplication(self, children: Sequence[object]) -> ast.Product:
        operands = cast(Sequence[ast.Expr], children[::2])
        divides = (False, *(str(sign) == "/" for sign in children[1::2]))
        span = self._span(operands[0], operands[-1])
        return self._branch(ast.Product(span, tuple(zip(divides, operands, strict=True))), operands)

    def negate(self, children: Sequence[object]) -> ast.Negate:
        operand = cast(ast.Expr, children[1])
        return self._branch(ast.Negate(self._span(children[0], operand), operand), (operand,))

    def member(self, children: Sequence[object]) -> ast.Attribute:
        base, name = cast(ast.Expr, children[0]), cast(ast.Name, children[1])
        return self._branch(ast.Attribute(self._span(base, name), base, name), (base,))

    def index(self, children: Sequence[object]) -> ast.Index:
        base, _, *inner, closing = children
        indices = cast("list[ast.Expr | ast.Slice]", inner)
        node = ast.Index(self._span(base, closing), cast(ast.Expr, base), tuple(indices))
        return self._branch(node, (node.base, *(part for index in indices for part in index_parts(index))))

    def slice(self, children: Sequence[object]) -> ast.Slice:
        first, colon, last = children
        span = self._span(first if first is not None else colon, last if last is not None else colon)
        return ast.Slice(span, cast("ast.Expr | None", first), cast("ast.Expr | None", last))

    def positional(self, children: Sequence[ast.Expr]) -> ast.Argument:
        return ast.Argument(children[0].span, None, children[0])

    def named(self, children: Sequence[object]) -> ast.Argument:
        name, value = cast(ast.Name, children[0]), cast(ast.Expr, children[1])
        return ast.Argument(self._span(name, value), name, value)

    def arguments(self, children: Sequence[ast.Argument]) -> tuple[ast.Argument, ...]:
        return tuple(children)

    def call(self, children: Sequence[object]) -> ast.Call:
        function = cast(ast.Expr, children[0])
        arguments = cast("tuple[ast.Argument, ...]", children[2] or ())
        node = ast.Call(self._span(function, children[3]), function, arguments)
        return self._branch(node, (function, *(argument.value for argument in arguments)))

    def tensor(self, children: Sequence[object]) -> ast.TensorLiteral:
        opening, *inner, closing = children
        elements = cast(list[ast.Expr], inner)
        return self._branch(ast.TensorLiteral(self._span(opening, closing), tuple(elements)), elements)

    def set_builder(self, children: Sequence[object]) -> ast.SetBuilder:
        opening, variable, inner, closing = children
        condition = cast(ast.Expr, inner)
        node = ast.SetBuilder(self._span(opening, closing), cast(ast.Name, variable), condition)
        return self._branch(node, (condition,))
