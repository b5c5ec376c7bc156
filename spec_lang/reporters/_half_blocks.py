"""Images of counterexamples in a terminal: two pixels a character.

In: pictures, and how many characters there are in a line.  Out: lines of painted pieces, each of which has a
character that stands for it where there are no colours.  Images that do not fit beside each other are left
out, the compared one first; large ones are sampled.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from spec_lang.reporters._layout import Line, Paint, Piece, Role, line
from spec_lang.reporters._pictures import Picture
from spec_lang.reporters._pixels import Pixels, difference, rgb, shown_range

_INDENT: Final = 8
_BETWEEN: Final = 3
_WIDEST: Final = 48  # characters an image
_USUAL: Final = 24  # to which small ones are enlarged
_RAMP: Final = " .:-=+*#%@"


def picture_lines(pictures: Sequence[Picture], width: int) -> Iterator[Line]:
    """Every picture; nothing where there is no room for one image."""
    for picture in pictures:
        shown = _fitting(_images(picture), width - _INDENT)
        if shown:
            yield line(" " * _INDENT, *_captions(shown))
            rows = max(len(cells) for _, cells in shown)
            yield from (_row(shown, number) for number in range(rows))


_Cells = list[list[Piece]]  # by line


def _images(picture: Picture) -> list[tuple[str, _Cells]]:
    """Named, the most telling first."""
    ends = shown_range(picture)
    found = [(picture.name, _cells(rgb(picture, picture.values, ends)))]
    if picture.beside is not None:
        most, pixels = difference(picture, picture.beside)
        found.append((f"difference, ±{most:.3g}", _cells(pixels)))
        found.append((picture.beside_words, _cells(rgb(picture, picture.beside, ends))))
    return found


def _fitting(images: list[tuple[str, _Cells]], room: int) -> list[tuple[str, _Cells]]:
    kept: list[tuple[str, _Cells]] = []
    for name, cells in images:
        room -= len(cells[0]) + _BETWEEN * bool(kept)
        if room < 0:
            break
        kept.append((name, cells))
    return kept


def _cells(pixels: Pixels) -> _Cells:
    """One character for two pixels, one above the other; the last of an odd number of rows is repeated."""
    width, height, data = pixels
    step, times = -(-width // _WIDEST), max(1, _USUAL // width)
    xs = [x for x in range(0, width, step) for _ in range(times)]
    ys = [y for y in range(0, height, step) for _ in range(times)]

    def at(x: int, y: int) -> tuple[int, int, int]:
        start = 3 * (y * width + x)
        red, green, blue = data[start : start + 3]
        return red, green, blue

    pairs = list(zip(ys[::2], [*ys[1::2], *ys[-1:]], strict=False))
    return [[_cell(at(x, above), at(x, below)) for x in xs] for above, below in pairs]


def _cell(above: tuple[int, int, int], below: tuple[int, int, int]) -> Piece:
    level = sum((*above, *below)) / (6 * 255)
    return _RAMP[min(len(_RAMP) - 1, int(level * len(_RAMP)))], Paint(above, below)


def _captions(shown: Sequence[tuple[str, _Cells]]) -> Iterator[Piece]:
    for name, cells in shown:
        width = len(cells[0])
        yield (name if len(name) <= width else name[: width - 1] + "…").ljust(width + _BETWEEN), Role.DIM


def _row(shown: Sequence[tuple[str, _Cells]], number: int) -> Line:
    pieces: list[Piece] = [(" " * _INDENT, Role.TEXT)]
    for _, cells in shown:
        blank: Piece = (" " * len(cells[0]), Role.TEXT)
        pieces += cells[number] if number < len(cells) else [blank]
        pieces.append((" " * _BETWEEN, Role.TEXT))
    return tuple(pieces)
