"""Float64 rounded outward: its constants, and the clipping of boxes.

In: boxes, and affine lower bounds of rows that must be at most 0.  Out: smaller boxes that keep every point
where they are.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from spec_lang.kernel.network import F64
from spec_lang.kernel.scene import CLIP_ROUNDS, Clipped, Ends, Mask, Rows

UNIT: Final = 2.0**-53
# Beyond this the underflow term below would be no proof.
LARGEST: Final = 1e120
# Every product that underflows loses at most 2^-1074, times a magnitude within `LARGEST`, times fewer terms
# than any network has.
UNDERFLOW: Final = 1e-140


def clipped(ends: Ends, rows: Rows, strict: Mask, together: Rows | None) -> Clipped:
    """As `Scene.clip` says, of boxes with these ends."""
    lower, upper = ends[0].copy(), ends[1].copy()
    empty = np.zeros(len(lower), dtype=np.bool_)
    for _ in range(1 if together is None else CLIP_ROUNDS):
        if together is not None:
            a, c = together.coefficients[:, 0], together.constant[:, 0]
            empty |= clip_by(lower, upper, a, c, strict=bool(strict.all()))
        for i in range(len(strict)):
            a, c = rows.coefficients[:, i], rows.constant[:, i]
            empty |= clip_by(lower, upper, a, c, strict=bool(strict[i]))
    lower[empty], upper[empty] = ends[0][empty], ends[1][empty]
    return Clipped(lower, upper, empty)


def clip_by(lower: F64, upper: F64, a: F64, c: F64, *, strict: bool) -> Mask:
    """Shrink in place; which boxes the row empties."""
    size = abs(a)
    spread = (size * np.maximum(abs(lower), abs(upper))).sum(axis=1) + abs(c)
    least = np.where(a > 0, a * lower, a * upper).sum(axis=1) + c
    least = least - ((a.shape[1] + 8) * UNIT * spread + UNDERFLOW)
    empty: Mask = least >= 0 if strict else least > 0
    reach = np.maximum(-least, 0.0)[:, None] / size * (1 + 8 * UNIT)
    # Where a is 0 the reach is infinite or NaN: `fmin` and `fmax` leave such a side alone.
    high, low = np.nextafter(lower + reach, np.inf), np.nextafter(upper - reach, -np.inf)
    new_upper = np.where(a > 0, np.fmin(upper, high), upper)
    new_lower = np.where(a < 0, np.fmax(lower, low), lower)
    empty = empty | (new_lower > new_upper).any(axis=1)
    lower[...] = np.where(empty[:, None], lower, new_lower)
    upper[...] = np.where(empty[:, None], upper, new_upper)
    return empty


def fault() -> str | None:
    """Why this process's floats do not round as the bounds here assume, or None."""
    one, tiny = np.float64(1.0), np.float64(5e-324)
    if one + np.float64(UNIT) != one or one + np.float64(UNIT * 1.5) == one:
        return "the processor does not round to nearest"
    if tiny * np.float64(1.0) == 0 or np.float64(2.0**-1022) * np.float64(0.5) == 0:
        return "the processor flushes subnormal numbers to zero"
    return None
