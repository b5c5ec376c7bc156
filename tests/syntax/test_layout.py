"""Documents: words stay in order, lines are full and not too long, comments end lines."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from spec_lang.syntax.comments import Comment, tokens
from spec_lang.syntax.layout.documents import (
    HARD,
    LINE,
    SOFT,
    SPACE,
    Doc,
    align,
    choice,
    concat,
    fill,
    flat_text,
    group,
    nest,
    pad,
    separated,
    word,
)
from spec_lang.syntax.layout.render import WIDTH, render
from tests.laws import law
from tests.syntax.module_strategies import texts

WORDS = st.text("abc", min_size=1, max_size=12)


def lines(doc: Doc) -> list[str]:
    return [line.code + (f"  {line.comment}" if line.comment else "") for line in render(doc)]


def _larger(docs: st.SearchStrategy[Doc]) -> st.SearchStrategy[Doc]:
    several = st.lists(docs, min_size=1, max_size=6)
    return st.one_of(
        several.map(lambda parts: concat(*separated(parts, LINE))),
        several.map(lambda parts: group(*separated(parts, LINE))),
        several.map(
            lambda parts: group(concat(word("("), nest(4, SOFT, *separated(parts, LINE)), SOFT, word(")")))
        ),
        several.map(fill),
        st.tuples(docs, docs).map(
            lambda pair: choice(concat(pair[0], SPACE, pair[1]), concat(pair[0], HARD, pair[1]))
        ),
        docs.map(align),
    )


DOCS: st.SearchStrategy[Doc] = st.recursive(WORDS.map(word), _larger, max_leaves=40)


@given(DOCS)
def test_the_words_are_kept_in_order(doc: Doc) -> None:
    assert "".join(lines(doc)).replace(" ", "") == flat_text(doc).replace(" ", "")


@given(DOCS)
def test_a_document_knows_its_width(doc: Doc) -> None:
    assert doc.width == len(flat_text(doc))


@given(DOCS)
def test_a_group_that_fits_stands_on_one_line(doc: Doc) -> None:
    if doc.width <= WIDTH:
        assert lines(group(doc)) == [flat_text(doc)]


@given(st.lists(WORDS, min_size=2, max_size=80), st.integers(0, 20))
def test_lines_are_filled_and_no_further(words: list[str], by: int) -> None:
    filled = lines(fill([word(text) for text in words], by))
    assert all(len(line) <= WIDTH for line in filled)
    for line, following in pairwise(filled):
        assert len(line) + 1 + len(following.split()[0]) > WIDTH
        assert following.startswith(" " * by)


@given(st.lists(st.lists(WORDS, min_size=1, max_size=30), min_size=1, max_size=6))
def test_groups_inside_of_groups_keep_to_the_width(rows: list[list[str]]) -> None:
    inner = [
        group(word("("), nest(4, SOFT, *separated(map(word, row), LINE)), SOFT, word(")")) for row in rows
    ]
    assert all(len(line) <= WIDTH for line in lines(group(nest(4, *separated(inner, LINE)))))


def test_a_trailing_comment_ends_its_line_and_breaks_what_it_stands_in() -> None:
    behind = Comment("# behind a", trailing=True, blank=False)
    doc = group(word("a"), nest(4, LINE, word("b", (behind,)), LINE, word("c")))
    assert lines(doc) == ["a  # behind a", "    b", "    c"]


def test_a_comment_at_the_beginning_breaks_only_what_is_around() -> None:
    above = Comment("# above", trailing=False, blank=True)
    inner = group(word("b", (above,)), LINE, word("c"))
    assert lines(group(word("a"), nest(4, LINE, inner))) == ["a", "", "    # above", "    b c"]


def test_a_comment_before_a_closing_bracket_is_inside_of_it() -> None:
    last = Comment("# last", trailing=False, blank=False)
    doc = group(word("["), nest(4, SOFT, word("a")), SOFT, word("]", (last,), closes=True))
    assert lines(doc) == ["[", "    a", "    # last", "]"]


def test_blanks_before_a_word_hold_at_the_beginning_of_a_line() -> None:
    assert lines(concat(word("["), HARD, pad(2), word("a"))) == ["[", "  a"]


@law(40, 400, text=texts)
def test_every_character_is_in_a_token_or_a_comment(text: str) -> None:
    pieces = [piece for token in tokens(text) for piece in (*(c.text for c in token.comments), token.text)]
    assert "".join("".join(pieces).split()) == "".join(text.split())
