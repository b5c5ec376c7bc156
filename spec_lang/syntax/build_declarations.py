"""Declarations and the module, built like the expressions in `syntax.build`.

In: what the declarations' rules have matched.  Out: `syntax.ast` declarations, and the names of those
that contain a mistake.  Optional parts that are absent arrive as None.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar, cast

from spec_lang.syntax import ast
from spec_lang.syntax.build import Builder
from spec_lang.syntax.words import LANGUAGE_VERSION

D = TypeVar("D", bound=ast.Declaration)


class ModuleBuilder(Builder):
    """Builds whole files; the rules of the grammar that start a declaration end here."""

    def module(self, children: Sequence[ast.Declaration]) -> ast.Module:
        return ast.Module(self._file, tuple(children))

    def _declared(self, declaration: D, name: str | None) -> D:
        """Problems found since the last declaration are this one's: the parser reduces in order."""
        if name is not None and len(self.problems) > self._reported:
            self.broken.add(name)
        self._reported = len(self.problems)
        return declaration

    def language(self, children: Sequence[str]) -> ast.LanguageDecl:
        keyword, token = children
        version = self.number([token])
        if version.value != LANGUAGE_VERSION:
            self._problem(
                "version",
                f"this file asks for language {version.text}; this nnspec reads language {LANGUAGE_VERSION}",
                version.span,
                f"write `language {LANGUAGE_VERSION}`, or install the nnspec that reads it",
            )
        return self._declared(ast.LanguageDecl(self._span(keyword, token), version), None)

    # -- networks ------------------------------------------------------------------------------

    def import_(self, children: Sequence[object]) -> ast.ImportDecl:
        keyword, path = children
        span = self._span(keyword, path)
        return self._declared(ast.ImportDecl(span, cast(ast.String, path)), None)

    def network(self, children: Sequence[object]) -> ast.NetworkDecl:
        keyword, name, family, path, like, *body = children
        present = [part for part in body if part is not None]
        last = present[-1] if present else path if like is None else like
        declaration = ast.NetworkDecl(
            self._span(keyword, last),
            cast(ast.Name, name),
            _family(family),
            cast(ast.String, path),
            cast("tuple[ast.NetworkItem, ...]", tuple(present[1:-1])),
            cast("ast.Name | None", like),
        )
        return self._declared(declaration, declaration.name.text)

    def inputs(self, children: Sequence[object]) -> ast.Inputs:
        parts = cast("tuple[ast.Component, ...]", tuple(children[1:]))
        return ast.Inputs(self._span(children[0], parts[-1]), parts)

    def outputs(self, children: Sequence[object]) -> ast.Outputs:
        parts = cast("tuple[ast.Component, ...]", tuple(children[1:]))
        return ast.Outputs(self._span(children[0], parts[-1]), parts)

    def component(self, children: Sequence[object]) -> ast.Component:
        name, unit = cast(ast.Name, children[0]), cast(ast.String | None, children[1])
        return ast.Component(self._span(name, unit or name), name, unit.value if unit else None)

    def encode(self, children: Sequence[object]) -> ast.Encode:
        keyword, variable, value = children
        return ast.Encode(self._span(keyword, value), cast(ast.Name, variable), cast(ast.Expr, value))

    def decode(self, children: Sequence[object]) -> ast.Decode:
        keyword, variable, value = children
        return ast.Decode(self._span(keyword, value), cast(ast.Name, variable), cast(ast.Expr, value))

    def domain(self, children: Sequence[object]) -> ast.Domain:
        items = cast("tuple[ast.DomainItem, ...]", tuple(children[1:]))
        return ast.Domain(self._span(children[0], items[-1]), items)

    def domain_item(self, children: Sequence[object]) -> ast.DomainItem:
        component, _, _, lower, upper, closing = children
        span = self._span(component, closing)
        return ast.DomainItem(span, cast(ast.Name, component), cast(ast.Expr, lower), cast(ast.Expr, upper))

    def layer(self, children: Sequence[object]) -> ast.Layer:
        keyword, name, tensor = children
        return ast.Layer(self._span(keyword, tensor), cast(ast.Name, name), cast(ast.String, tensor))

    # -- families ------------------------------------------------------------------------------

    def family(self, children: Sequence[object]) -> tuple[ast.IndexBinding, ...]:
        return cast("tuple[ast.IndexBinding, ...]", tuple(children[1:-1]))

    def index_binding(self, children: Sequence[object]) -> ast.IndexBinding:
        name, _, values = children
        span = self._span(name, values if values is not None else name)
        domain = cast("ast.IndexRange | ast.IndexSet | None", values)
        return ast.IndexBinding(span, cast(ast.Name, name), domain)

    # -- the rest ------------------------------------------------------------------------------

    def region(self, children: Sequence[object]) -> ast.RegionDecl:
        keyword, name, family, network, value = children
        declaration = ast.RegionDecl(
            self._span(keyword, value),
            cast(ast.Name, name),
            _family(family),
            cast(ast.Expr | None, network),
            cast(ast.Expr, value),
        )
        return self._declared(declaration, declaration.name.text)

    def param(self, children: Sequence[object]) -> ast.ParamDecl:
        keyword, name, kind, value = children
        last = next(part for part in (value, kind, name) if part is not None)
        declaration = ast.ParamDecl(
            self._span(keyword, last),
            cast(ast.Name, name),
            cast("ast.Expr | None", value),
            cast("ast.TypeName | None", kind),
        )
        return self._declared(declaration, declaration.name.text)

    def type_name(self, children: Sequence[object]) -> ast.TypeName:
        name, *shape = [child for child in children if child is not None]
        if not shape:
            return ast.TypeName(self._span(name, name), cast(ast.Name, name), ())
        extents = cast("tuple[ast.Expr, ...]", tuple(shape[1:-1]))
        return ast.TypeName(self._span(name, shape[-1]), cast(ast.Name, name), extents)

    def data_array(self, children: Sequence[object]) -> ast.DataArray:
        name, source, kind = children
        return ast.DataArray(
            self._span(name, kind),
            cast(ast.Name, name),
            cast(ast.String, source).value if source is not None else None,
            cast(ast.TypeName, kind),
        )

    def data(self, children: Sequence[object]) -> ast.DataDecl:
        keyword, name, path, _, *arrays, closing = [child for child in children if child is not None]
        declaration = ast.DataDecl(
            self._span(keyword, closing),
            cast(ast.Name, name),
            cast(ast.String, path),
            cast("tuple[ast.DataArray, ...]", tuple(arrays)),
        )
        return self._declared(declaration, declaration.name.text)

    def data_whole(self, children: Sequence[object]) -> ast.DataDecl:
        keyword, name, path, kind = children
        span = self._span(keyword, kind)
        whole = cast(ast.TypeName, kind)
        declaration = ast.DataDecl(span, cast(ast.Name, name), cast(ast.String, path), (), whole)
        return self._declared(declaration, declaration.name.text)

    def def_(self, children: Sequence[object]) -> ast.DefDecl:
        keyword, name, parameters, value = children
        declaration = ast.DefDecl(
            self._span(keyword, value),
            cast(ast.Name, name),
            cast("tuple[ast.Name, ...]", parameters or ()),
            cast(ast.Expr, value),
        )
        return self._declared(declaration, declaration.name.text)

    def parameters(self, children: Sequence[object]) -> tuple[ast.Name, ...]:
        return cast("tuple[ast.Name, ...]", tuple(children[1:-1]))

    def claim(self, children: Sequence[object]) -> ast.ClaimDecl:
        keyword, name, family, title, *attributes, body = children
        declaration = ast.ClaimDecl(
            self._span(keyword, body),
            cast(ast.Name, name),
            _family(family),
            cast(ast.String, title).value if title is not None else None,
            cast("tuple[ast.AttributeUse, ...]", tuple(attributes)),
            cast(ast.Expr, body),
        )
        return self._declared(declaration, declaration.name.text)

    def invariant(self, children: Sequence[object]) -> ast.InvariantDecl:
        keyword, name, family, network, region, _, points, title, *attributes, body = children
        declaration = ast.InvariantDecl(
            self._span(keyword, body),
            cast(ast.Name, name),
            _family(family),
            cast(ast.Expr, network),
            cast("ast.Expr | None", region),
            cast("ast.Expr | None", points),
            cast(ast.String, title).value if title is not None else None,
            cast("tuple[ast.AttributeUse, ...]", tuple(attributes)),
            cast(ast.Expr, body),
        )
        return self._declared(declaration, declaration.name.text)

    def measure(self, children: Sequence[object]) -> ast.MeasureDecl:
        keyword, name, family, title, *attributes, quantity = children
        declaration = ast.MeasureDecl(
            self._span(keyword, quantity),
            cast(ast.Name, name),
            _family(family),
            cast(ast.String, title).value if title is not None else None,
            cast("tuple[ast.AttributeUse, ...]", tuple(attributes)),
            cast("ast.Quantity", quantity),
        )
        return self._declared(declaration, declaration.name.text)

    def precision(self, children: Sequence[object]) -> ast.Expr:
        return cast(ast.Expr, children[1])

    def optimum(self, children: Sequence[object]) -> ast.Optimum:
        keyword, value, _, *bindings, precision = children
        return ast.Optimum(
            self._span(keyword, precision if precision is not None else bindings[-1]),
            ast.Extreme(str(keyword)),
            cast(ast.Expr, value),
            cast("tuple[ast.Binding, ...]", tuple(bindings)),
            cast("ast.Expr | None", precision),
        )

    def radius(self, children: Sequence[object]) -> ast.Radius:
        keyword, variable, _, _, lower, upper, _, _, claim, precision = children
        return ast.Radius(
            self._span(keyword, precision if precision is not None else claim),
            ast.Threshold(str(keyword)),
            cast(ast.Name, variable),
            cast(ast.Expr, lower),
            cast(ast.Expr, upper),
            cast(ast.Expr, claim),
            cast("ast.Expr | None", precision),
        )

    def count(self, children: Sequence[object]) -> ast.Count:
        keyword, network, _, points = children
        return ast.Count(self._span(keyword, points), cast(ast.Expr, network), cast(ast.Expr, points))

    def share(self, children: Sequence[object]) -> ast.Share:
        keyword, named, _, points = children
        listed = isinstance(named, ast.TensorLiteral)
        invariants = named.elements if isinstance(named, ast.TensorLiteral) else (cast(ast.Expr, named),)
        asked, over = ast.Sharing(str(keyword)), cast(ast.Expr, points)
        return ast.Share(self._span(keyword, points), asked, invariants, listed, over)

    def attribute(self, children: Sequence[object]) -> ast.AttributeUse:
        sign, name, *rest = children
        present = [part for part in rest if part is not None]
        last = present[-1] if present else name
        arguments = cast("tuple[ast.Expr, ...]", tuple(present[1:-1]))
        return ast.AttributeUse(self._span(sign, last), cast(ast.Name, name), arguments)


def _family(children: object) -> tuple[ast.IndexBinding, ...]:
    return cast("tuple[ast.IndexBinding, ...]", children or ())
