"""Mutations of specs: a text goes in, a text that resembles a spec comes out.

In: texts, and a source of random numbers.  Out: one mutated text and the names of the mutations; the same
numbers give the same text.  Nothing is known of the grammar but what its words look like.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from typing import Final

# Comments and strings whole, words, numbers, the longer signs, blanks, and every other character by itself.
_PIECES: Final = re.compile(
    r"#[^\n]*|\"[^\"\n]*\"|[A-Za-z_]\w*|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|<=>|=>|<=|>=|==|!=|\.\.<?|\s+|.",
    re.DOTALL,
)
_BRACKETS: Final = "()[]{}"


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_WORDS: Final = _listed(
    "language import network region param data def claim invariant measure input output encode decode "
    "domain  layer like on of max min range largest smallest for with to forall exists let if then else "
    "and or not in  true false abs sum mean norm dot flat argmax argmin grad preactivations box ball "
    "perturbed robust pattern  output_range linf l1 l2 real label infinity f x y"
)
_WORDS_ALONE: Final = frozenset(_WORDS[: _WORDS.index("true")])
_SIGNS: Final = _listed(
    "= : , ; % . | & <=> => @ ..< .. <= < >= > == != + - * / ( ) [ ] { } ' # ! && || ^ ** ≤ ∀ \\ $ ~ \""
)
_NUMBERS: Final = _listed(
    "0 1 -1 2 3 1.5 0.1 1e3 1e-3 1e400 1e99999 1e-99999 00 1. .5 0x10 1_000 999999999999 4096 100000000 "
    "1/0 1e"
)
# One of a class in the place of another leaves the syntax as it is.
_CLASSES: Final = (
    ("<=", "<", ">=", ">", "==", "!=", "in"),
    ("+", "-", "*", "/"),
    ("and", "or", "=>", "<=>"),
    ("forall", "exists"),
    ("&", "|"),
    ("..", "..<"),
    ("max", "min", "sum", "mean", "abs", "flat", "argmax", "argmin"),
    ("linf", "l1", "l2"),
    ("proved", "refuted", "unknown", "vacuous"),
    ("real", "label"),
)
_CLASS_OF: Final = {word: members for members in _CLASSES for word in members}
_CLOSING: Final = {"(": ")", "[": "]", "{": "}"}
_DECLARATIONS: Final = frozenset(
    _listed("language import network region param data def claim invariant measure")
)

Mutation = Callable[[list[str], random.Random, Sequence[str]], None]


def pieces(text: str) -> list[str]:
    """`text`, cut at the borders of its words and signs."""
    return _PIECES.findall(text)


def mutate(text: str, others: Sequence[str], rng: random.Random) -> tuple[str, tuple[str, ...]]:
    """`text` after one to four mutations, and their names; `others` may be spliced into it."""
    parts = pieces(text)
    names: list[str] = []
    mild = rng.random() < 0.6  # so that more than a few of them reach the type checker
    for _ in range(min(4, 1 + int(rng.expovariate(1.0)))):
        name = rng.choice(MILD if mild else tuple(MUTATIONS))
        MUTATIONS[name](parts, rng, others)
        names.append(name)
    return "".join(parts), tuple(names)


def _words(parts: Sequence[str]) -> list[int]:
    """The places of what is no blank; [0] for an empty text, which then gets a piece."""
    return [place for place, part in enumerate(parts) if not part.isspace()]


def _place(parts: list[str], rng: random.Random) -> int:
    places = _words(parts)
    if not places:
        parts.append("x")
        return len(parts) - 1
    return rng.choice(places)


def _delete(parts: list[str], rng: random.Random, _others: Sequence[str]) -> None:
    start = _place(parts, rng)
    del parts[start : start + rng.choice((1, 1, 1, 2, 5, 20))]


def _duplicate(parts: list[str], rng: random.Random, _others: Sequence[str]) -> None:
    start = _place(parts, rng)
    length = rng.choice((1, 1, 3, 10, 40))
    copy = [" ", *parts[start : start + length]]
    target = _place(parts, rng) if rng.random() < 0.5 else start
    parts[target:target] = copy * rng.choice((1, 1, 2, 30))


def _swap(parts: list[str], rng: random.Random, _others: Sequence[str]) -> None:
    one, other = _place(parts, rng), _place(parts, rng)
    parts[one], parts[other] = parts[other], parts[one]


def _splice(parts: list[str], rng: random.Random, others: Sequence[str]) -> None:
    donor = pieces(rng.choice(others))
    start = rng.randrange(len(donor) + 1)
    end = start + rng.choice((1, 3, 10, 40, len(donor)))
    place = _place(parts, rng)
    kept = place + rng.choice((0, 0, 1, 5, len(parts)))
    parts[place:kept] = [" ", *donor[start:end], " "]


def _bytes(parts: list[str], rng: random.Random, _others: Sequence[str]) -> None:
    data = bytes(rng.randrange(256) for _ in range(rng.choice((1, 1, 2, 8))))
    noise = data.decode(rng.choice(("latin-1", "utf-8")), errors="replace")
    parts.insert(_place(parts, rng), noise)


def _brackets(parts: list[str], rng: random.Random, _others: Sequence[str]) -> None:
    found = [place for place, part in enumerate(parts) if part in _BRACKETS and part]
    if not found or rng.random() < 0.2:
        depth = rng.choice((1, 1, 2, 150))
        parts.insert(_place(parts, rng), rng.choice(_BRACKETS) * depth)
    elif rng.random() < 0.5:
        del parts[rng.choice(found)]
    else:
        parts[rng.choice(found)] = rng.choice(_BRACKETS)


def _number(parts: list[str], rng: random.Random, _others: Sequence[str]) -> None:
    found = [place for place, part in enumerate(parts) if part[:1].isdigit()]
    place = rng.choice(found) if found else _place(parts, rng)
    parts[place] = rng.choice((*_NUMBERS, str(rng.randrange(-100, 100)), str(rng.randrange(10**9))))


def _word(parts: list[str], rng: random.Random, _others: Sequence[str]) -> None:
    found = [place for place, part in enumerate(parts) if part[:1].isalpha()]
    names = sorted({parts[place] for place in found})
    place = rng.choice(found) if found else _place(parts, rng)
    parts[place] = rng.choice(names if names and rng.random() < 0.6 else _WORDS)


def _sign(parts: list[str], rng: random.Random, _others: Sequence[str]) -> None:
    found = [place for place in _words(parts) if not parts[place][:1].isalnum()]
    place = rng.choice(found) if found else _place(parts, rng)
    parts[place] = rng.choice(_SIGNS)


def _truncate(parts: list[str], rng: random.Random, _others: Sequence[str]) -> None:
    place = _place(parts, rng)
    del parts[place:]
    parts.append(rng.choice(("", "", " ", "\n", '"', "#", "\\")))


def _nest(parts: list[str], rng: random.Random, _others: Sequence[str]) -> None:
    """Put a stretch into brackets, or under a word, many times."""
    place = _place(parts, rng)
    opening, closing = rng.choice(
        (("(", ")"), ("[", "]"), ("not ", ""), ("-", ""), ("if a then ", " else b"))
    )
    depth = rng.choice((1, 5, 90, 101, 400))
    parts[place] = opening * depth + parts[place] + closing * depth


def _name(parts: list[str], rng: random.Random, others: Sequence[str]) -> None:
    """A name for a name."""
    found = [place for place in _words(parts) if _is_name(parts[place])]
    known = [part for part in (parts if rng.random() < 0.7 else pieces(rng.choice(others))) if _is_name(part)]
    if found and known:
        parts[rng.choice(found)] = rng.choice(known)


def _is_name(part: str) -> bool:
    return (part[:1].isalpha() or part[:1] == "_") and part not in _WORDS_ALONE


def _same_class(parts: list[str], rng: random.Random, _others: Sequence[str]) -> None:
    found = [place for place, part in enumerate(parts) if part in _CLASS_OF]
    if found:
        place = rng.choice(found)
        parts[place] = rng.choice(_CLASS_OF[parts[place]])


def _group(parts: list[str], rng: random.Random, others: Sequence[str]) -> None:
    """A bracketed part, or what stands between two commas of it, for another."""
    targets, donors = _groups(parts), parts if rng.random() < 0.5 else pieces(rng.choice(others))
    sources = _groups(donors)
    if targets and sources:
        start, end = rng.choice(targets)
        first, last = rng.choice(sources)
        if donors[first] != parts[start]:  # the inside of the other one, in the brackets of this one
            start, end, first, last = start + 1, end - 1, first + 1, last - 1
        parts[start:end] = donors[first:last]


def _groups(parts: Sequence[str]) -> list[tuple[int, int]]:
    """From each opening bracket to behind its own closing one."""
    found: list[tuple[int, int]] = []
    opened: list[int] = []
    for place, part in enumerate(parts):
        if part in _CLOSING:
            opened.append(place)
        elif opened and part == _CLOSING[parts[opened[-1]]]:
            found.append((opened.pop(), place + 1))
    return found


def _declaration(parts: list[str], rng: random.Random, others: Sequence[str]) -> None:
    """A declaration is dropped, repeated, moved, or taken over from another text."""
    starts = [0, *(n for n, part in enumerate(parts) if part in _DECLARATIONS and _begins_line(parts, n))]
    borders = [*starts[1:], len(parts)]
    number = rng.randrange(len(starts))
    start, end = starts[number], borders[number]
    one = parts[start:end]
    match rng.randrange(4):
        case 0:
            del parts[start:end]
        case 1:
            parts[end:end] = ["\n", *one]
        case 2:
            del parts[start:end]
            parts.extend(["\n", *one])
        case _:
            parts.extend(["\n", *pieces(rng.choice(others))])


def _begins_line(parts: Sequence[str], place: int) -> bool:
    return place == 0 or parts[place - 1].endswith("\n")


MUTATIONS: Final[dict[str, Mutation]] = {
    "delete": _delete,
    "duplicate": _duplicate,
    "swap": _swap,
    "splice": _splice,
    "bytes": _bytes,
    "brackets": _brackets,
    "number": _number,
    "word": _word,
    "sign": _sign,
    "truncate": _truncate,
    "nest": _nest,
    "name": _name,
    "same class": _same_class,
    "group": _group,
    "declaration": _declaration,
}
MILD: Final = ("name", "same class", "group", "declaration", "number", "name", "group")
