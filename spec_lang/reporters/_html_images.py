"""Images of counterexamples as pictures in a page: the point, what it is compared with, the difference.

In: pictures of a report.  Out: figures whose images are PNG files in the page itself.  Grey values and
colours are scaled to the range of what is shown, and the difference to its own largest one, which is said.
"""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode
from typing import Final

from spec_lang.reporters._html_text import Html, element
from spec_lang.reporters._pictures import Picture
from spec_lang.reporters._pixels import Pixels, difference, rgb, shown_range

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_SHOWN: Final = 168  # CSS pixels that the longer side has at least


def picture_html(picture: Picture) -> Html:
    """The figure of one picture."""
    low, high = shown_range(picture)
    parts = [_figure(picture.name, "", rgb(picture, picture.values, (low, high)))]
    said = f"black is {low:.4g}, white {high:.4g}"
    if picture.size[0] > 1:
        said = f"each of three colours from {low:.4g} to {high:.4g}"
    notes = [said]
    if picture.beside is not None:
        parts.insert(0, _figure(picture.beside_words, "", rgb(picture, picture.beside, (low, high))))
        most, pixels = difference(picture, picture.beside)
        changed = sum(a != b for a, b in zip(picture.values, picture.beside, strict=True))
        words = "blue is less, orange more" if picture.size[0] == 1 else "grey is no difference"
        parts.append(_figure(f"difference, up to {most:.4g}", "diff", pixels))
        notes.append(f"{changed:,} of {len(picture.values):,} values differ; {words}, at most {most:.4g}")
    if picture.guessed:
        channels, height, width = picture.size
        notes.append(f"taken for {height} by {width} pixels by the number of inputs ({channels} channels)")
    caption = element("p", "; ".join(notes) + ".", class_="caption")
    return element("div", element("div", parts, class_="images"), caption, class_="picture")


def _figure(caption: str, kind: str, pixels: Pixels) -> Html:
    width, height, _ = pixels
    scale = max(1, -(-_SHOWN // max(width, height)))
    image = element(
        "img",
        src="data:image/png;base64," + b64encode(png(pixels)).decode("ascii"),
        alt=f"{caption}, {width} by {height} pixels",
        width=width * scale,
        height=height * scale,
        class_="pixels",
    )
    return element("figure", image, element("figcaption", caption), class_=kind or None)


def png(pixels: Pixels) -> bytes:
    """A PNG file with 8 bits a channel [RFC 2083]."""
    width, height, data = pixels
    rows = b"".join(b"\0" + data[3 * width * y : 3 * width * (y + 1)] for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return _SIGNATURE + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
