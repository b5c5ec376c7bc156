"""Attributes of a claim: how to check it, and which function its networks denote.

In: the attributes as written.  Out: `Attributes`; what is unknown or ill-formed is logged and left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Final

from spec_lang.diagnostics import DiagnosticLog, did_you_mean
from spec_lang.obligations.model import Semantics
from spec_lang.semantics import codes
from spec_lang.semantics.model import Attributes, Expectation
from spec_lang.syntax import ast

_LONGEST: Final = 1_000_000_000  # some thirty years; longer ones are no numbers that a clock takes
_SECONDS: Final = {
    "ms": Fraction(1, 1000),
    "s": Fraction(1),
    "min": Fraction(60),
    "h": Fraction(3600),
}


def read_attributes(uses: tuple[ast.AttributeUse, ...], log: DiagnosticLog) -> Attributes:
    """The attributes of one claim."""
    result = Attributes()
    seen: set[str] = set()
    for use in uses:
        name = use.name.text
        if name not in _READERS:
            known = ", ".join(f"`@{known}`" for known in _READERS)
            fix = did_you_mean(name, _READERS) or f"attributes are {known}"
            log.error(codes.ATTRIBUTE, f"there is no attribute `@{name}`", use.name.span, fix)
        elif name in seen:
            log.error(codes.ATTRIBUTE, f"`@{name}` is given twice", use.span)
        else:
            seen.add(name)
            result = _READERS[name](use, result, log)
    return result


def _timeout(use: ast.AttributeUse, result: Attributes, log: DiagnosticLog) -> Attributes:
    match use.arguments:
        case (ast.Number(value=value, unit=unit),) if value > 0 and (unit is None or unit in _SECONDS):
            seconds = value * _SECONDS[unit or "s"]
            if seconds <= _LONGEST:
                return replace(result, timeout=seconds)
            problem = f"`@timeout` takes at most {_LONGEST:,} s"
            log.error(codes.ATTRIBUTE, problem, use.span, "leave it out, and say `--timeout inf`")
            return result
        case _:
            units = ", ".join(f"`{unit}`" for unit in _SECONDS)
            fix = f"write `@timeout(30 s)`; units are {units}"
            log.error(codes.ATTRIBUTE, "`@timeout` takes a positive time", use.span, fix)
            return result


def _using(use: ast.AttributeUse, result: Attributes, log: DiagnosticLog) -> Attributes:
    match use.arguments:
        case (ast.Name() as name,):
            return replace(result, using=name)
        case _:
            log.error(codes.ATTRIBUTE, "`@using` takes the name of a backend", use.span, "`@using(bounds)`")
            return result


def _expect(use: ast.AttributeUse, result: Attributes, log: DiagnosticLog) -> Attributes:
    words = tuple(expectation.value for expectation in Expectation)
    match use.arguments:
        case (ast.Name(text=text),) if text in words:
            return replace(result, expect=Expectation(text))
        case (ast.Name(text=text, span=span),):
            fix = did_you_mean(text, words) or f"verdicts are {', '.join(f'`{word}`' for word in words)}"
            log.error(codes.ATTRIBUTE, f"`{text}` is not a verdict", span, fix)
        case _:
            log.error(codes.ATTRIBUTE, "`@expect` takes one verdict", use.span, "`@expect(refuted)`")
    return result


def _tags(use: ast.AttributeUse, result: Attributes, log: DiagnosticLog) -> Attributes:
    tags: list[str] = []
    for argument in use.arguments:
        match argument:
            case ast.Name(text=tag) | ast.String(value=tag):
                tags.append(tag)
            case _:
                log.error(codes.ATTRIBUTE, "a tag is a word", argument.span, "`@tags(nightly)`")
    if not use.arguments:
        log.error(codes.ATTRIBUTE, "`@tags` takes a tag", use.span, "`@tags(nightly)`")
    return replace(result, tags=tuple(tags))


def _semantics(use: ast.AttributeUse, result: Attributes, log: DiagnosticLog) -> Attributes:
    words = tuple(semantics.value for semantics in Semantics)
    match use.arguments:
        case (ast.Name(text=text),) if text in words:
            return replace(result, semantics=Semantics(text))
        case (ast.Name(text=text, span=span),):
            fix = did_you_mean(text, words) or f"there are {' and '.join(f'`{word}`' for word in words)}"
            log.error(codes.SEMANTICS, f"there is no semantics `{text}`", span, fix)
        case _:
            fix = "write `@semantics(float32)`"
            log.error(codes.ATTRIBUTE, "`@semantics` takes one word", use.span, fix)
    return result


def _via(use: ast.AttributeUse, result: Attributes, log: DiagnosticLog) -> Attributes:
    match use.arguments:
        case ((ast.Name() | ast.Index(base=ast.Name())) as invariant,):
            return replace(result, via=invariant)
        case _:
            log.error(codes.ATTRIBUTE, "`@via` takes the name of an invariant", use.span, "`@via(core)`")
            return result


_READERS: Final[dict[str, Callable[[ast.AttributeUse, Attributes, DiagnosticLog], Attributes]]] = {
    "timeout": _timeout,
    "using": _using,
    "expect": _expect,
    "tags": _tags,
    "semantics": _semantics,
    "via": _via,
}
