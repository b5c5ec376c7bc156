"""From text to abstract syntax; with `lalr`, the only module that knows the parser generator.

In: the text of a file, or of one expression.  Out: the declarations that are right, and diagnostics for
all that are not: a file that fails as a whole is parsed again, declaration by declaration.  No input
makes this raise, and the trees that come out are at most `MAX_DEPTH` deep.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import cache
from hashlib import sha256
from threading import Lock
from typing import Any, Final, cast

import lark
from lark.exceptions import UnexpectedCharacters, UnexpectedToken
from lark.grammar import Rule
from lark.lexer import Lexer, LexerState, LexerThread, TerminalDef
from lark.parsers.lalr_parser_state import ParserState
from platformdirs import user_cache_path

from spec_lang._memory import no_collection
from spec_lang._values import dataclass
from spec_lang.diagnostics import Diagnostic
from spec_lang.syntax import ast
from spec_lang.syntax.build_declarations import ModuleBuilder
from spec_lang.syntax.build_leaves import Rejected, too_deep
from spec_lang.syntax.docs import documented
from spec_lang.syntax.grammar_file import grammar_text
from spec_lang.syntax.lalr import LazyLexer, QuickLexer, State, Tables
from spec_lang.syntax.recover import Attempt, recover
from spec_lang.syntax.scan import too_deep_at
from spec_lang.syntax.source import oversize
from spec_lang.syntax.syntax_errors import Piece, Stop, explain, place
from spec_lang.syntax.table_cache import Plain, load_table, store_table
from spec_lang.syntax.words import MAX_DEPTH

# Part of the cache's key: a change of what is stored, or of how, must not meet the old files.
_TABLE_FORMAT: Final = 2
_STARTS: Final = ("module", "expression")
# An expression that is open on the parser's stack holds at most seven of its entries (a call: function,
# bracket, arguments, comma, name, colon, and the operator before it), a pair of parentheses one.
_MAX_STACK: Final = 8 * MAX_DEPTH


@dataclass(frozen=True, slots=True)
class Parsed:
    """What is right in a file, what is wrong, and the names of the declarations that are wrong."""

    module: ast.Module
    diagnostics: tuple[Diagnostic, ...]
    broken: frozenset[str]


@no_collection()
def parse_module(text: str, file: str) -> Parsed:
    """Parses a whole file; `file` is the name that spans carry."""
    if (refusal := oversize(text, file)) is not None:
        return Parsed(ast.Module(file, ()), (refusal,), frozenset())
    parser = _parser()
    if too_deep_at(text) is None:
        outcome = parser.module(Piece(text, file, 1))
        if outcome.module is not None:
            module = ast.Module(file, documented(text, outcome.module.declarations))
            return Parsed(module, outcome.problems, outcome.broken)
    recovered = recover(text, file, parser.module)
    module = ast.Module(file, documented(text, recovered.declarations))
    return Parsed(module, recovered.diagnostics, recovered.broken)


def parse_expression(text: str, file: str) -> tuple[ast.Expr | None, tuple[Diagnostic, ...]]:
    """Parses one expression, such as a parameter's value on the command line."""
    if (refusal := oversize(text, file)) is not None:
        return None, (refusal,)
    piece = Piece(text, file, 1)
    if (deep := too_deep_at(text)) is not None:
        return None, (too_deep(place(piece, deep)),)
    tree, problems, _, stop = _parser().run(piece, "expression")
    if stop is not None:
        return None, explain(piece, stop, problems)
    return (None if problems else cast(ast.Expr, tree)), problems


class _BoundedLexer(Lexer):
    """Stops a text whose nesting the parser would otherwise follow to its end before the builder sees it."""

    def __init__(self, lexer: Lexer, builder: ModuleBuilder) -> None:
        self._lexer = lexer
        self._builder = builder

    def lex(self, lexer_state: LexerState, parser_state: ParserState[int]) -> Iterator[lark.Token]:
        stack = parser_state.state_stack
        for token in self._lexer.lex(lexer_state, parser_state):
            if len(stack) > _MAX_STACK:
                raise Rejected(too_deep(self._builder.span_of(token)))
            yield token


class _Parser:
    """The generated parser with its builder; one text at a time, hence the lock."""

    def __init__(self, table: dict[str, Any]) -> None:
        self._lock = Lock()
        self._builder = ModuleBuilder()
        # The method by which lark's own stand-alone parsers load a table that is not a pickle.
        load = cast("Callable[..., lark.Lark]", lark.Lark._load_from_dict)
        self._lark = load(
            table["data"],
            table["memo"],
            transformer=self._builder,
            _plugins={"ContextualLexer": LazyLexer},
        )
        front_end = self._lark.parser
        self._lexer = _BoundedLexer(QuickLexer(front_end.lexer), self._builder)
        self._loop = front_end.parser.parser
        self._tables = {
            start: Tables(self._loop.parse_table, self._loop.callbacks, start) for start in _STARTS
        }

    def module(self, piece: Piece) -> Attempt:
        tree, problems, broken, stop = self.run(piece, "module")
        return Attempt(cast("ast.Module | None", tree), problems, broken, stop)

    def run(
        self, piece: Piece, start: str
    ) -> tuple[object | None, tuple[Diagnostic, ...], frozenset[str], Stop | None]:
        """The tree or None, the mistakes that the builder saw, the names they break, the parser's stop."""
        builder = self._builder
        with self._lock:
            builder.begin(piece.file, piece.first_line - 1)
            tree: object | None = None
            stop: Stop | None = None
            try:
                lexer = LexerThread.from_text(self._lexer, piece.text)
                tree = self._loop.parse_from_state(State(self._tables[start], lexer))
            except Rejected as rejected:
                builder.problems.append(rejected.diagnostic)
            except UnexpectedToken as error:
                offset = len(piece.text) if error.token.type == "$END" else error.token.start_pos
                stop = Stop(cast(int, offset), frozenset(error.accepts or error.expected))
            except UnexpectedCharacters as error:
                stop = Stop(cast(int, error.pos_in_stream), frozenset(error.allowed))
            found = tuple(builder.problems), frozenset(builder.broken)
            builder.begin("", 0)  # keeps nothing of this text
            return tree, *found, stop


@cache
def _parser() -> _Parser:
    grammar = grammar_text()
    versions = f"{_TABLE_FORMAT} {lark.__version__} {sys.version} {grammar}"
    key = sha256(versions.encode()).hexdigest()[:32]
    folder = user_cache_path("nnspec") / "grammar"
    table = load_table(folder, key)
    if table is None:
        table = build_table(grammar)
        store_table(folder, key, table)
    return _Parser(cast("dict[str, Any]", table))


def build_table(grammar: str) -> Plain:
    """The LALR table of `grammar`, as plain data."""
    generated = lark.Lark(
        grammar, parser="lalr", lexer="contextual", start=list(_STARTS), maybe_placeholders=True
    )
    data, memo = generated.memo_serialize([TerminalDef, Rule])
    # Options with objects of Python in them are given again when the table is loaded.
    data["options"] = {
        name: value
        for name, value in data["options"].items()
        if value is None or isinstance(value, bool | int | str | list)
    }
    return {"data": data, "memo": memo}
