"""Images of a report as pixels: grey values and colours that a page and a terminal show.

In: a picture.  Out: RGB bytes, row by row.  Values are scaled to the range of what is shown together, and a
difference to its own largest one.
"""

from __future__ import annotations

from collections.abc import Sequence

from spec_lang.reporters._pictures import Picture

_ABOVE, _BELOW, _SAME = (0xC2, 0x41, 0x0C), (0x1D, 0x4E, 0xD8), (0xF4, 0xF3, 0xF0)

Pixels = tuple[int, int, bytes]  # width, height, RGB


def shown_range(picture: Picture) -> tuple[float, float]:
    """From the least to the greatest of what is shown."""
    values = (*picture.values, *(picture.beside or ()))
    low, high = min(values), max(values)
    return (low, high) if low < high else (low, low + 1)


def rgb(picture: Picture, values: Sequence[float], ends: tuple[float, float]) -> Pixels:
    """Grey, or in colours."""
    low, high = ends
    levels = bytes(min(255, max(0, round(255 * (v - low) / (high - low)))) for v in values)
    channels, height, width = picture.size
    if channels == 1:
        return width, height, bytes(level for level in levels for _ in range(3))
    return width, height, levels if picture.channels_last else _interleaved(levels, width * height)


def difference(picture: Picture, beside: Sequence[float]) -> tuple[float, Pixels]:
    """The largest difference, and all of them: signed in two colours, or around grey where there are
    three."""
    differences = [a - b for a, b in zip(picture.values, beside, strict=True)]
    most = max(map(abs, differences)) or 1.0
    channels, height, width = picture.size
    if channels > 1:
        levels = bytes(round(127.5 * (1 + d / most)) for d in differences)
        pixels = levels if picture.channels_last else _interleaved(levels, width * height)
    else:
        pixels = bytes(level for d in differences for level in _signed(d / most))
    return most, (width, height, pixels)


def _signed(share: float) -> tuple[int, ...]:
    end = _ABOVE if share > 0 else _BELOW
    return tuple(round(a + (b - a) * abs(share)) for a, b in zip(_SAME, end, strict=True))


def _interleaved(levels: bytes, size: int) -> bytes:
    """Channel after channel in, pixel after pixel out."""
    return bytes(levels[channel * size + pixel] for pixel in range(size) for channel in range(3))
