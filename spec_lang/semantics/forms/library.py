"""The claim forms that a file can use: those of the language, and those of installed packages.

In: a parsed file.  Out: the forms by name.  A package is looked for only when a file calls a name that
nothing else has; one that is broken is a diagnostic that names it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Final

from spec_lang import _registry, claims
from spec_lang._registry import BrokenPlugIn, PlugIn
from spec_lang.claims.base import Claim
from spec_lang.diagnostics import Diagnostic, DiagnosticLog, InternalError, Severity, Span
from spec_lang.semantics.forms import codes as form_codes
from spec_lang.semantics.forms.expansion import Expander
from spec_lang.semantics.forms.scope import form_scope
from spec_lang.semantics.forms.templates import template
from spec_lang.semantics.terms.functions import BUILT_IN
from spec_lang.semantics.traverse import walk
from spec_lang.semantics.wording import listed
from spec_lang.syntax import ast
from spec_lang.syntax.format import format_expression

GROUP: Final = "nnspec.claims"
# Claims, invariants and measures have names of their own, which hide no form.
_DECLARING: Final = (ast.NetworkDecl, ast.RegionDecl, ast.ParamDecl, ast.DataDecl, ast.DefDecl)


@cache
def built_in_forms() -> Mapping[str, Claim]:
    """The forms of the language."""
    return {form.name: form for form in _registry.discover(claims, "CLAIM", Claim)}


def forms_for(
    modules: Iterable[ast.Module], log: DiagnosticLog, broken: frozenset[str] = frozenset()
) -> tuple[dict[str, Claim], frozenset[str]]:
    """The forms that the files know: the language's, and those of packages that they call.

    `broken` are the names of declarations that did not parse: they are no one else's.  The second result are
    the names of forms that a package has but that cannot be used, which has been reported.
    """
    forms = dict(built_in_forms())
    calls: dict[str, Span] = {}
    declared: set[str] = {*BUILT_IN, *forms, *broken}
    for module in modules:
        for declaration in module.declarations:
            declared |= {declaration.name.text} if isinstance(declaration, _DECLARING) else set()
            for name in (name for body in bodies(declaration) for name in called_names(body)):
                calls.setdefault(name.text, name.span)
    unknown = {name: span for name, span in calls.items() if name not in declared}
    if not unknown:
        return forms, frozenset()
    found = _third_party(unknown, log)
    forms.update({name: form for name, form in found.items() if form is not None})
    return forms, frozenset(found.keys() - forms.keys())


def all_forms(log: DiagnosticLog) -> dict[str, Claim]:
    """Every form, for a list of them; of installed packages as well."""
    names = dict.fromkeys(plug_in.name for plug_in in _registry.plug_ins(GROUP))
    found = _third_party(names, log).items()
    return {**built_in_forms(), **{name: form for name, form in found if form is not None}}


def find_form(name: str, log: DiagnosticLog) -> Claim | None:
    """The form `name`, wherever it comes from."""
    return built_in_forms().get(name) or _third_party({name: None}, log).get(name)


def example_formulas(form: Claim) -> tuple[str, ...]:
    """What the claims of a form's example stand for, one line each.  Raises `InternalError` for a mistake."""
    from spec_lang.syntax.parse import parse_module  # noqa: PLC0415 - the parser is costly to load

    parsed = parse_module(form.example, f"<{form.name}>")
    log = DiagnosticLog()
    log.extend(parsed.diagnostics)
    declarations = parsed.module.declarations
    networks = {d.name.text: d for d in declarations if isinstance(d, ast.NetworkDecl)}
    params = [d for d in declarations if isinstance(d, ast.ParamDecl)]
    values = {param.name.text: param.value for param in params if param.value is not None}
    regions = frozenset(d.name.text for d in declarations if isinstance(d, ast.RegionDecl))
    definitions = {d.name.text: d for d in declarations if isinstance(d, ast.DefDecl)}
    names = frozenset((*networks, *values, *regions, *definitions))
    scope = form_scope(networks, values, names, regions)
    expander = Expander(definitions, {**built_in_forms(), form.name: form}, scope, log)
    claimed = (expander.expand(d.body) for d in declarations if isinstance(d, ast.ClaimDecl))
    formulas = tuple(format_expression(formula) for formula in claimed if formula is not None)
    if log.has_errors or not formulas:
        problems = "; ".join(problem.problem for problem in log) or "it makes no claim"
        raise InternalError(f"the example of `{form.name}`: {problems}")
    return formulas


# -- the forms of other packages -----------------------------------------------------------------------


def _third_party(wanted: Mapping[str, Span | None], log: DiagnosticLog) -> dict[str, Claim | None]:
    """Those forms of installed packages that are wanted; None for one that cannot be used, which is said."""
    offered: dict[str, list[PlugIn]] = {}
    for plug_in in _registry.plug_ins(GROUP):
        offered.setdefault(plug_in.name, []).append(plug_in)
    for name in sorted(offered.keys() & (built_in_forms().keys() | BUILT_IN)):
        for plug_in in offered.pop(name):
            problem = f"the form `{name}` of the package `{plug_in.package}` has a name that is built in"
            fix = "the built-in one is used"
            log.add(Diagnostic(form_codes.TAKEN_NAME, problem, None, fix, Severity.WARNING))
    found: dict[str, Claim | None] = {}
    for name, span in wanted.items():
        several = offered.get(name, ())
        if len(several) > 1:
            problem = f"several packages have a form `{name}`: {listed(p.package for p in several)}"
            log.error(form_codes.TAKEN_NAME, problem, span, "uninstall all but one")
            found[name] = None
        elif several:
            found[name] = _loaded(several[0], span, log)
    return found


def _loaded(plug_in: PlugIn, span: Span | None, log: DiagnosticLog) -> Claim | None:
    try:
        form = _checked(_registry.load(plug_in, "CLAIM", Claim), plug_in)
    except (BrokenPlugIn, InternalError) as broken:
        problem = f"the form `{plug_in.name}` of the package `{plug_in.package}` cannot be used: {broken}"
        fix = f"update or reinstall `{plug_in.package}`"
        log.add(Diagnostic(form_codes.BROKEN_PACKAGE, problem, span, fix))
        return None
    return form


def _checked(form: Claim, plug_in: PlugIn) -> Claim:
    """`form` with its package.  Raises `BrokenPlugIn` or `InternalError` for one that cannot work."""
    if form.name != plug_in.name:
        raise BrokenPlugIn(f"it is called `{form.name}` there")
    for parameter in form.parameters:
        if parameter.default is not None:
            template(parameter.default)
    return replace(form, package=plug_in.package)


# -- what a file calls -----------------------------------------------------------------------------------


def bodies(declaration: ast.Declaration) -> tuple[ast.Expr, ...]:
    """The expressions of a declaration in which a form can be called."""
    match declaration:
        case ast.ClaimDecl(body=body) | ast.InvariantDecl(body=body):
            return (body,)
        case ast.DefDecl(value=value) | ast.RegionDecl(value=value):
            return (value,)
        case ast.MeasureDecl(quantity=ast.Optimum(value=value)):
            return (value,)
        case ast.MeasureDecl(quantity=ast.Radius(claim=claim)):
            return (claim,)
        case _:
            return ()


def called_names(expr: ast.Expr) -> Iterator[ast.Name]:
    """Every name that stands before a parenthesis."""
    for node in walk(expr):
        if isinstance(node, ast.Call) and isinstance(node.function, ast.Name):
            yield node.function
