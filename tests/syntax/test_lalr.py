"""The quick loop and lexer read what the generator's own read, and stop where those stop."""

from __future__ import annotations

from pathlib import Path

import lark
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lark.exceptions import UnexpectedCharacters, UnexpectedToken
from lark.lexer import ContextualLexer, LexerThread

from spec_lang.diagnostics import InternalError
from spec_lang.syntax.build_declarations import ModuleBuilder
from spec_lang.syntax.build_leaves import Rejected
from spec_lang.syntax.grammar_file import grammar_text
from spec_lang.syntax.lalr import LazyLexer, QuickLexer, State, Tables

CHECKOUT = Path(__file__).parents[2]
EXAMPLES = sorted(CHECKOUT.glob("examples/*/*.nnspec"))
TEXTS = [path.read_text(encoding="utf-8") for path in EXAMPLES]


def generated(grammar: str, builder: ModuleBuilder | None, lexer: type[ContextualLexer]) -> lark.Lark:
    plugins = {"ContextualLexer": lexer}
    return lark.Lark(
        grammar,
        parser="lalr",
        start="module",
        maybe_placeholders=True,
        transformer=builder,
        _plugins=plugins,
    )


BUILDER = ModuleBuilder()
OWN = generated(grammar_text(), BUILDER, ContextualLexer)
QUICK = generated(grammar_text(), BUILDER, LazyLexer)
LOOP = QUICK.parser.parser.parser
LEXER = QuickLexer(QUICK.parser.lexer)
TABLES = Tables(LOOP.parse_table, LOOP.callbacks, "module")


def quickly(text: str) -> object:
    return LOOP.parse_from_state(State(TABLES, LexerThread.from_text(LEXER, text)))


def outcome(parse: object, text: str) -> tuple[object, ...]:
    """The tree with its places, or the error with everything that messages are made of."""
    assert callable(parse)
    BUILDER.begin("file", 0)
    try:
        return ("tree", parse(text), BUILDER.problems)
    except UnexpectedToken as error:
        token = error.token
        place = (token.start_pos, token.line, token.column, token.end_line, token.end_column)
        return ("token", token.type, str(token), place, error.accepts, error.expected)
    except UnexpectedCharacters as error:
        return ("characters", error.pos_in_stream, error.line, error.column, error.allowed)
    except Rejected as error:
        return ("rejected", error.diagnostic)


@pytest.mark.parametrize("text", TEXTS, ids=[path.stem for path in EXAMPLES])
def test_a_spec_gives_the_same_tree(text: str) -> None:
    assert outcome(quickly, text) == outcome(OWN.parse, text)
    assert outcome(quickly, text)[0] == "tree"


@given(data=st.data())
def test_a_spec_with_a_mistake_gives_the_same_error(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(TEXTS))
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 10)))
    word = data.draw(
        st.sampled_from(["", "§", "\n", '"', " forall ", "(", ")", " = ", "\r\n# x\n", "a:", "3 x"])
    )
    mistaken = text[:start] + word + text[end:]
    assert outcome(quickly, mistaken) == outcome(OWN.parse, mistaken)


def test_a_grammar_that_the_quick_lexer_does_not_know_is_refused() -> None:
    """With a word as a string the generator first reads a name, then looks whether it is the word."""
    words = generated('module: "let" NAME | NAME NAME\nNAME: /[a-z]+/\n%ignore " "\n', None, LazyLexer)
    front_end = words.parser.parser.parser
    lexer = QuickLexer(words.parser.lexer)
    state = State(
        Tables(front_end.parse_table, front_end.callbacks, "module"), LexerThread.from_text(lexer, "let x")
    )
    with pytest.raises(InternalError, match="regular expression"):
        front_end.parse_from_state(state)
