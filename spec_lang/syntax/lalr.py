"""The generated parser's loop and lexer, without the steps that change nothing.

In: the table, callbacks and terminals of the parser generator.  Out: a lexer and a state that read a text as
the generator's own do, and stop at the same place with the same error.  Between a name and the sum that it is
stand a dozen rules that build nothing: where such a chain ends is looked up once for a state and a token.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from copy import copy
from typing import Any, Final, cast

from lark import Token
from lark.common import LexerConf
from lark.grammar import Rule
from lark.lexer import AbstractBasicLexer, BasicLexer, ContextualLexer, Lexer, LexerState
from lark.parsers.lalr_analysis import ParseTableBase, Reduce, Shift
from lark.parsers.lalr_parser_state import ParseConf, ParserState

from spec_lang.diagnostics import InternalError

_Build = Callable[[list[Any]], Any]
# The state below the parts of a rule, the rule's name, and the next token's type.
_Reduced = tuple[int, str, str]


class Tables(ParseConf[int]):
    """What all texts that begin with the rule `start` have in common."""

    __slots__ = ("landings", "renaming", "steps")

    def __init__(self, table: ParseTableBase[int], callbacks: dict[Rule, _Build], start: str) -> None:
        super().__init__(table, cast(Any, callbacks), start)
        # The number of a rule's parts, what is built of them, and its name.  By identity: the table and the
        # callbacks share their rules, and to hash one is slow.
        self.steps: Final[dict[int, tuple[int, _Build, str]]] = {
            id(rule): (len(rule.expansion), build, rule.origin.name) for rule, build in callbacks.items()
        }
        self.renaming: Final = frozenset(id(rule) for rule in callbacks if _renames(rule))
        self.landings: Final[dict[_Reduced, int]] = {}

    def landing(self, reduced: _Reduced) -> int:
        """The state behind a rule that is reduced, and behind every renaming that follows it."""
        below, name, token = reduced
        state = self._behind(below, name)
        while True:
            action, rule = self.states[state].get(token, (Shift, None))
            if action is not Reduce or id(rule) not in self.renaming:
                return state
            state = self._behind(below, cast(Rule, rule).origin.name)

    def _behind(self, below: int, name: str) -> int:
        return cast(int, self.states[below][name][1])


class State(ParserState[int]):
    """Where the parser is in one text."""

    __slots__ = ()

    def feed_token(self, token: Token, is_end: bool = False) -> object:
        """Reduces what ends before `token`, shifts it; the tree if `is_end`.  Raises `UnexpectedToken`."""
        tables = cast(Tables, self.parse_conf)
        if not tables.callbacks:  # the generator asks what the parser could take here
            return super().feed_token(token, is_end)
        states, steps, landings = tables.states, tables.steps, tables.landings
        stack, values = self.state_stack, self.value_stack
        kind = token.type
        state = stack[-1]
        while (action := states[state].get(kind)) is not None:
            if action[0] is Shift:
                stack.append(action[1])
                values.append(token)
                return None
            size, build, name = steps[id(action[1])]
            parts = values[-size:] if size else []
            if size:
                del stack[-size:]
                del values[-size:]
            values.append(build(parts))
            reduced = (stack[-1], name, kind)
            found = landings.get(reduced)
            if found is None:
                found = landings[reduced] = tables.landing(reduced)
            state = found
            stack.append(state)
            if is_end and state == tables.end_state:
                return values[-1]
        return super().feed_token(token, is_end)  # says what was expected


def _renames(rule: Rule) -> bool:
    """Whether reducing the rule leaves the one value on the stack as it is."""
    only = rule.expansion
    if len(only) != 1 or rule.alias or not rule.options.expand1 or any(rule.options.empty_indices):
        return False
    symbol = cast(Any, only[0])
    return not (symbol.filter_out if symbol.is_term else symbol.name.startswith("_"))


class LazyLexer(ContextualLexer):
    """The generator's lexer, made of a lexer for each state, each when it is needed: a text needs few."""

    def __init__(
        self, conf: LexerConf, states: dict[int, Collection[str]], always_accept: Collection[str] = ()
    ) -> None:
        # Not the generator's own `__init__`, which makes them all.
        self.root_lexer = BasicLexer(conf)
        self.lexers = _LexersByState(conf, states, frozenset(always_accept))


class _LexersByState(dict[int, AbstractBasicLexer]):
    def __init__(
        self, conf: LexerConf, states: dict[int, Collection[str]], always_accept: frozenset[str]
    ) -> None:
        super().__init__()
        self._conf = conf
        self._states = states
        self._always = always_accept.union(conf.ignore)
        self._by_tokens: dict[frozenset[str], BasicLexer] = {}

    def __missing__(self, state: int) -> BasicLexer:
        tokens = self._always.union(self._states[state])
        if tokens not in self._by_tokens:
            conf = copy(self._conf)
            conf.terminals = [terminal for terminal in self._conf.terminals if terminal.name in tokens]
            conf.skip_validation = True  # done for all terminals at once
            self._by_tokens[tokens] = BasicLexer(conf)
        lexer = self[state] = self._by_tokens[tokens]
        return lexer


class QuickLexer(Lexer):
    """Reads tokens by the regular expressions of `slow`, and leaves it to `slow` to say why there is none."""

    def __init__(self, slow: ContextualLexer) -> None:
        self._slow = slow
        self._matchers: dict[int, Callable[[str, int], re.Match[str] | None]] = {}
        root = cast(BasicLexer, slow.root_lexer)
        self._ignored = root.ignore_types
        self._may_have_lines = root.newline_types

    def lex(self, lexer_state: LexerState, parser_state: ParserState[int]) -> Iterator[Token]:
        text = cast(str, getattr(lexer_state.text, "text", lexer_state.text))
        matchers, stack, counter = self._matchers, parser_state.state_stack, lexer_state.line_ctr
        start, line, line_start = counter.char_pos, counter.line, counter.line_start_pos
        while start < len(text):
            found = (matchers.get(stack[-1]) or self._matcher(stack[-1]))(text, start)
            if found is None:
                counter.char_pos, counter.line, counter.line_start_pos = start, line, line_start
                counter.column = start - line_start + 1
                yield from self._slow.lex(lexer_state, parser_state)
                return
            kind, value, end = found.lastgroup or "", found[0], found.end()
            first_line, column = line, start - line_start + 1
            if kind in self._may_have_lines and (lines := value.count("\n")):
                line += lines
                line_start = start + value.rindex("\n") + 1
            if kind not in self._ignored:
                token = Token(kind, value, start, first_line, column, line, end - line_start + 1, end)
                lexer_state.last_token = token
                yield token
            start = end

    def _matcher(self, state: int) -> Callable[[str, int], re.Match[str] | None]:
        lexer = cast(BasicLexer, self._slow.lexers[state])
        expressions = lexer.scanner._mres
        if len(expressions) != 1 or lexer.callback:
            raise InternalError("a terminal that is a word must be a regular expression, not a string")
        (expression,) = expressions
        match = self._matchers[state] = cast("re.Pattern[str]", expression).match
        return match
