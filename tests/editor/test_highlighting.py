"""The highlighters read every spec that there is, and agree with the grammar and with each other.

In: the examples, the blocks of the reference, and the README's spec.  The TextMate grammar is applied as an
editor applies it: line by line, the earliest match, of equals the first rule.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from pygments import token
from pygments.lexers import get_lexer_for_filename

from spec_lang.editor.pygments_lexer import TOKENS, NnspecLexer
from spec_lang.editor.rules import RULES, Look
from spec_lang.editor.textmate import FILE, SCOPES, grammar
from spec_lang.semantics.terms.functions import BUILT_IN, NORMS
from spec_lang.syntax import ast
from spec_lang.syntax.format import format_expression
from spec_lang.syntax.keywords import KEYWORDS, Role, words_of
from spec_lang.syntax.parse import parse_expression
from tests.syntax.strategies import expressions

ROOT = Path(__file__).parents[2]
SPECS = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in ROOT.glob("examples/*/*.nnspec")
}
for page in ("README.md", "grammar/README.md"):
    blocks = re.findall(
        r"^```nnspec(?: check)?\n(.*?)^```$", (ROOT / page).read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    SPECS |= {f"{page} {number}": block for number, block in enumerate(blocks)}

KEYWORD_LOOKS = (Look.DECLARATION, Look.KEYWORD, Look.OPERATOR_WORD, Look.TYPE)
Piece = tuple[int, str, object]


def by_pygments(text: str) -> Iterator[Piece]:
    for offset, kind, piece in NnspecLexer().get_tokens_unprocessed(text):
        yield offset, piece, kind


def by_textmate(text: str) -> Iterator[Piece]:
    """Scopes without the language's name at their ends; None for what no scope names."""
    patterns = json.loads(FILE.read_text(encoding="utf-8"))["patterns"]
    rules = [(re.compile(rule["match"]), rule) for rule in patterns]
    start = 0
    for line in text.splitlines(keepends=True):
        position = 0
        while position < len(line):
            found = [
                (match.start(), number)
                for number, (regex, _) in enumerate(rules)
                if (match := regex.search(line, position)) and match.end() > match.start()
            ]
            if not found:
                break
            at, number = min(found)
            regex, rule = rules[number]
            match = regex.search(line, at)
            assert match is not None
            captures = rule.get("captures", {"0": {"name": rule.get("name")}})
            for group in range(1 if match.re.groups else 0, match.re.groups + 1):
                if match[group]:
                    scope = captures.get(str(group), {}).get("name")
                    yield start + match.start(group), match[group], scope and scope.removesuffix(".nnspec")
            position = match.end()
        start += len(line)


def test_the_committed_grammar_is_the_generated_one() -> None:
    assert FILE.read_text(encoding="utf-8") == grammar(), "run `python -m spec_lang.editor.textmate`"


def test_there_are_specs_to_read() -> None:
    assert len(SPECS) > 20


@pytest.mark.parametrize("name", SPECS)
def test_every_spec_is_read_without_an_error_and_to_the_same_text(name: str) -> None:
    pieces = list(by_pygments(SPECS[name]))
    assert "".join(text for _, text, _ in pieces) == SPECS[name]
    assert [piece for piece in pieces if piece[2] is token.Error] == []


@pytest.mark.parametrize("name", SPECS)
def test_textmate_and_pygments_say_the_same(name: str) -> None:
    looks = {kind: look for look, kind in TOKENS.items()}
    pygments = [
        (offset, text, SCOPES[looks[kind]]) for offset, text, kind in by_pygments(SPECS[name]) if text.strip()
    ]
    textmate = [piece for piece in by_textmate(SPECS[name]) if piece[1].strip()]
    assert pygments == textmate


@pytest.mark.parametrize("look", Look)
def test_every_look_has_a_token_and_a_scope_and_a_rule(look: Look) -> None:
    assert look in TOKENS
    assert look in SCOPES
    assert any(look in rule.looks for rule in RULES)


def test_no_rule_reaches_over_the_end_of_a_line() -> None:
    text = "\n".join(SPECS.values())
    for rule in RULES:
        for match in re.finditer(rule.pattern, text):
            assert "\n" not in match[0], rule
            assert match[0], rule


def looks_of(text: str) -> dict[str, Look]:
    """What each word of `text` is taken for."""
    looks = {kind: look for look, kind in TOKENS.items()}
    return {piece: looks[kind] for _, piece, kind in by_pygments(text)}


@pytest.mark.parametrize("word", sorted(KEYWORDS))
def test_every_word_is_coloured_in_its_place(word: str) -> None:
    where = {
        Role.DECLARATION: f"{word} x",
        Role.BINDER: f"{word} x",
        Role.OPERATOR: f"a {word} b",
        Role.ITEM: f"    {word} x",
        Role.PLACED: f"x {word} r",
        Role.MEASURE: f"measure m = {word} f(x) for x in r",
        Role.TYPE: f"param p: {word}[3]",
    }
    assert looks_of(where[KEYWORDS[word]])[word] in KEYWORD_LOOKS
    assert looks_of(f"f.{word} <= 3")[word] is Look.MEMBER
    assert looks_of(f"g({word}: 3)")[word] in (Look.LABEL, Look.NAME)


@pytest.mark.parametrize("word", words_of(Role.ITEM, Role.PLACED, Role.MEASURE, Role.TYPE))
def test_a_word_that_may_be_a_name_is_one_elsewhere(word: str) -> None:
    for text in (f"({word}) <= 3", f"{word}[0] <= {word} and {word} in r", f"forall {word} in r: f"):
        assert looks_of(text)[word] is Look.NAME, text


def test_functions_and_norms_are_those_of_the_semantics() -> None:
    assert {looks_of(f"{name}(x)")[name] for name in BUILT_IN} == {Look.FUNCTION}
    assert {looks_of(f"norm(x, {name})")[name] for name in NORMS} == {Look.CONSTANT}
    assert looks_of("boxes(x)")["boxes"] is not Look.FUNCTION
    assert looks_of("l12")["l12"] is Look.NAME


@given(expressions)
def test_every_expression_is_read_as_the_parser_reads_it(tree: ast.Expr) -> None:
    """No text of an expression has an error in it, and what is called a string or number is one."""
    text = format_expression(tree)
    pieces = list(by_pygments(text))
    assert "".join(piece for _, piece, _ in pieces) == text
    for _, piece, kind in pieces:
        assert kind is not token.Error
        if kind in (token.String.Double, token.Number):
            expression, diagnostics = parse_expression(piece, "piece")
            assert diagnostics == ()
            assert isinstance(expression, ast.String if kind is token.String.Double else ast.Number)


def test_pygments_finds_the_lexer_by_its_entry_point() -> None:
    assert isinstance(get_lexer_for_filename("spec.nnspec"), NnspecLexer)
