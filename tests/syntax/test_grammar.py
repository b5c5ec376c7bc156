"""The grammar is LALR(1) without a conflict, and the code that speaks of its words agrees with it."""

from __future__ import annotations

import logging
import re

import lark
import pytest

from spec_lang.syntax.build_declarations import ModuleBuilder
from spec_lang.syntax.expectations import AFTER_VALUE, SIGNS, VALUES
from spec_lang.syntax.grammar_file import grammar_text
from spec_lang.syntax.keywords import KEYWORDS
from spec_lang.syntax.words import (
    DECLARATIONS,
    NETWORK_ITEMS,
    OPENING,
    OPERATORS,
    PLACED_WORDS,
    RESERVED,
    TRUTH_VALUES,
    TYPES,
)


@pytest.fixture(scope="module")
def conflicts() -> list[str]:
    """What the generator of the parser says when it resolves a conflict by itself."""
    said: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    listener, level = Listener(), lark.logger.level
    lark.logger.addHandler(listener)
    lark.logger.setLevel(logging.DEBUG)
    try:
        ambiguous = 'start: start start | "a"'
        lark.Lark(ambiguous, parser="lalr", debug=True)
        assert any("conflict" in message.lower() for message in said), "conflicts would not be heard"
        said.clear()
        lark.Lark(grammar_text(), parser="lalr", start=["module", "expression"], debug=True)
    finally:
        lark.logger.removeHandler(listener)
        lark.logger.setLevel(level)
    return [message for message in said if "conflict" in message.lower()]


@pytest.fixture(scope="module")
def generated() -> lark.Lark:
    return lark.Lark(grammar_text(), parser="lalr", start=["module", "expression"])


def test_no_conflict_is_resolved_in_silence(conflicts: list[str]) -> None:
    assert conflicts == []


def test_the_words_of_the_grammar_are_the_words_of_the_code(generated: lark.Lark) -> None:
    words = {
        match[1]
        for terminal in generated.terminals
        if (match := re.match(r"([a-z]+)\(\?!", str(terminal.pattern.value)))
    }
    assert {*DECLARATIONS, *NETWORK_ITEMS, *OPERATORS, *PLACED_WORDS} == words == set(KEYWORDS) - {*TYPES}
    assert {*DECLARATIONS, *OPERATORS} <= RESERVED


def test_what_opens_an_expression_is_no_unit(generated: lark.Lark) -> None:
    (unit,) = (str(terminal.pattern.value) for terminal in generated.terminals if terminal.name == "UNIT")
    for word in RESERVED:
        assert (re.compile(unit).match(f"3 {word}", 2) is None) == (word in {*OPENING, *TRUTH_VALUES}), word
    assert re.compile(unit).match("3 iffy", 2)


def test_every_rule_has_its_method(generated: lark.Lark) -> None:
    made = {
        rule.alias or rule.origin.name
        for rule in generated.rules
        if not rule.origin.name.startswith("_") and not (rule.options.expand1 and not rule.alias)
    }
    missing = {name for name in made if not callable(getattr(ModuleBuilder, name, None))}
    assert set() == missing


def test_every_terminal_has_words_for_a_message(generated: lark.Lark) -> None:
    named = {terminal.name for terminal in generated.terminals} - {"COMMENT", "BLANK"}
    words = {word.upper() for word in (*DECLARATIONS, *NETWORK_ITEMS)}
    assert named <= {*SIGNS, *VALUES, *AFTER_VALUE, *words}
