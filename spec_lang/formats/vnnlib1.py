"""VNN-LIB 1.0 queries: what must not happen, over the inputs `X_i` and outputs `Y_j` of one network.

In: the text of a query and the graph that it is about.  Out: the conjunction of its assertions as a
condition over flat network-space inputs and outputs, numbers exact, or diagnostics for all that is wrong.
A point that makes the condition true answers the query with `sat`.
"""

from __future__ import annotations

import re
from typing import Final

from spec_lang.diagnostics import Diagnostic, DiagnosticLog, Span, did_you_mean
from spec_lang.formats._sexpr import Form, Places, read_forms
from spec_lang.formats._vnnlib_terms import BadTermError, Translator
from spec_lang.network.graph import Graph
from spec_lang.obligations.model import All, Condition

_IGNORED: Final = frozenset(
    {"check-sat", "echo", "exit", "get-model", "get-value", "set-info", "set-logic", "set-option"}
)
_KNOWN: Final = ("assert", "declare-const", *sorted(_IGNORED))
_VERSION_2: Final = frozenset({"vnnlib-version", "declare-network", "declare-input", "declare-output"})
_VARIABLE: Final = re.compile(r"([XY])_(0|[1-9][0-9]{0,8})")
_MOST_ERRORS: Final = 100  # in one query; the rest is counted


def read_query(text: str, file: str, graph: Graph) -> tuple[Condition | None, tuple[Diagnostic, ...]]:
    """The condition that the query asks about, or None and why there is none."""
    reader = _Reader(text, file)
    condition = reader.read(graph)
    found = tuple(reader.log)
    if len(found) > _MOST_ERRORS:
        rest = Diagnostic("NN300", f"`{file}` has {len(found) - _MOST_ERRORS} more problems like these")
        found = (*found[:_MOST_ERRORS], rest)
    return (None if reader.log.has_errors else condition), found


class _Reader:
    def __init__(self, text: str, file: str) -> None:
        self.log = DiagnosticLog()
        self._text = text
        self._file = file
        self._places = Places(text)
        self._declared: dict[str, Form] = {}

    def read(self, graph: Graph) -> Condition | None:
        forms, misplaced = read_forms(self._text)
        if self._is_version_2(forms):
            return None
        for wrong in misplaced:
            self._error("NN301", wrong.problem, self._span(wrong.offset, wrong.offset + 1), wrong.fix)
        assertions = [form for form in forms if self._command(form)]
        fits = self._check_counts(graph)
        parts = self._conditions(assertions)
        if not assertions and not self.log.has_errors:
            self._error("NN302", f"`{self._file}` asserts nothing", None, "add `(assert …)`")
        return All(parts) if fits else None

    def _error(self, code: str, problem: str, span: Span | None, fix: str | None = None) -> None:
        self.log.error(code, problem, span, fix)

    def _span(self, start: int, end: int) -> Span:
        line, column = self._places.of(start)
        end_line, end_column = self._places.of(end)
        return Span(self._file, line, column, end_line, end_column)

    def _form_span(self, form: Form) -> Span:
        return self._span(form.start, form.end)

    def _word_span(self, form: Form, word: str) -> Span:
        """Where `word` stands in `form`."""
        pattern = re.compile(rf"(?<![^\s()]){re.escape(word)}(?![^\s()])")
        match = pattern.search(self._text, form.start, form.end)
        return self._form_span(form) if match is None else self._span(match.start(), match.end())

    def _is_version_2(self, forms: list[Form]) -> bool:
        for form in forms:
            if form.head in _VERSION_2:
                problem = "this is a VNN-LIB 2.0 query, and 1.0 is what is read"
                fix = "declare inputs as `(declare-const X_0 Real)` and outputs as `(declare-const Y_0 Real)`"
                self._error("NN303", problem, self._form_span(form), fix)
                return True
        return False

    def _command(self, form: Form) -> bool:
        """Carries out a declaration; true for an assertion, which waits until all are known."""
        match form.items:
            case ["assert", _]:
                return True
            case ["declare-const", str(name), str(sort)] | [
                "declare-fun",
                str(name),
                Form(items=[]),
                str(sort),
            ]:
                self._declare(form, name, sort)
            case [str(head), *_] if head in _IGNORED:
                pass
            case ["assert", *_]:
                self._error("NN304", "`assert` takes one condition", self._form_span(form), "use `(and …)`")
            case ["declare-const" | "declare-fun", *_]:
                fix = "write `(declare-const X_0 Real)`"
                self._error("NN304", "this declaration is not understood", self._form_span(form), fix)
            case [str(head), *_]:
                fix = did_you_mean(head, _KNOWN) or "commands are `declare-const` and `assert`"
                self._error("NN305", f"unknown command `{head[:40]}`", self._word_span(form, head), fix)
            case _:
                fix = "commands are `declare-const` and `assert`"
                self._error("NN305", "this is not a command", self._form_span(form), fix)
        return False

    def _declare(self, form: Form, name: str, sort: str) -> None:
        if not _VARIABLE.fullmatch(name):
            fix = "inputs are `X_0`, `X_1`, …, outputs `Y_0`, `Y_1`, …"
            problem = f"`{name[:40]}` is no input or output of a network"
            self._error("NN306", problem, self._word_span(form, name), fix)
        elif sort.lower() != "real":
            problem = f"`{name}` is declared `{sort[:40]}`, where `Real` is expected"
            self._error("NN306", problem, self._word_span(form, sort), "write `Real`")
        elif name in self._declared:
            self._error(
                "NN306", f"`{name}` is declared twice", self._form_span(form), "remove one of the two"
            )
        else:
            self._declared[name] = form

    def _check_counts(self, graph: Graph) -> bool:
        """Whether the declared variables are exactly the network's inputs and outputs."""
        fits = True
        for letter, what, size in (("X", "input", graph.input_size), ("Y", "output", graph.output_size)):
            declared = {int(name[2:]): form for name, form in self._declared.items() if name[0] == letter}
            missing = [i for i in range(size) if i not in declared] if len(declared) <= size else []
            extra = next((i for i in declared if i >= size), None)
            if extra is None and not missing:
                continue
            fits = False
            elements = f"{size} {what}" + ("" if size == 1 else "s")
            problem = f"the network has {elements}, and the query declares {len(declared)} `{letter}_i`"
            if missing and len(declared) > 0:
                problem += f" (`{letter}_{missing[0]}` is missing)"
            fix = f"declare `{letter}_0` to `{letter}_{size - 1}`, or check that this is the right network"
            span = None if extra is None else self._form_span(declared[extra])
            self._error("NN307", problem, span or self._first_span(declared), fix)
        return fits

    def _first_span(self, declared: dict[int, Form]) -> Span:
        return self._form_span(next(iter(declared.values()))) if declared else self._span(0, 0)

    def _conditions(self, assertions: list[Form]) -> tuple[Condition, ...]:
        translator = Translator(self._text, frozenset(self._declared), self._form_span)
        parts: list[Condition] = []
        undeclared: set[str] = set()
        for form in assertions:
            try:
                parts.append(translator.condition(form.items[1], form))
            except BadTermError as bad:
                if bad.word is not None and bad.code == "NN308":
                    if bad.word in undeclared:
                        continue
                    undeclared.add(bad.word)
                span = self._form_span(bad.form) if bad.word is None else self._word_span(bad.form, bad.word)
                self._error(bad.code, bad.problem, span, bad.fix)
        return tuple(parts)
