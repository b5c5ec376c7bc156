"""Every word of the language with the part that it plays, for tools that show specs.

In: the words that the parser shares.  Out: a table, held against the grammar by a test: a word that is
added to the grammar is coloured by every editor, or the test fails.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

from spec_lang.syntax.words import (
    DECLARATIONS,
    MEASURES,
    NETWORK_ITEMS,
    OPERATORS,
    PLACED_WORDS,
    TYPES,
)


class Role(Enum):
    """What a word is for."""

    DECLARATION = "declaration"  # begins a declaration; never a name
    BINDER = "binder"  # `forall`, `let`, `if` and their parts; never a name
    OPERATOR = "operator"  # joins formulas; never a name
    ITEM = "item"  # begins a part of a network; a name elsewhere
    PLACED = "placed"  # joins the parts of one declaration; a name elsewhere
    MEASURE = "measure"  # begins what a measure asks for; a name elsewhere
    TYPE = "type"  # behind the colon of data and parameters; a name elsewhere


_JOINING: Final = frozenset({"and", "or", "not", "in"})


def _keywords() -> dict[str, Role]:
    table = dict.fromkeys(DECLARATIONS, Role.DECLARATION)
    for word in OPERATORS:
        table[word] = Role.OPERATOR if word in _JOINING else Role.BINDER
    table |= dict.fromkeys(NETWORK_ITEMS, Role.ITEM)
    table |= dict.fromkeys(PLACED_WORDS, Role.PLACED) | dict.fromkeys(MEASURES, Role.MEASURE)
    return table | dict.fromkeys(TYPES, Role.TYPE)


KEYWORDS: Final[Mapping[str, Role]] = _keywords()


def words_of(*roles: Role) -> tuple[str, ...]:
    """The words with one of these roles, longest first, so that no word hides a longer one."""
    return tuple(sorted((w for w, role in KEYWORDS.items() if role in roles), key=lambda w: (-len(w), w)))
