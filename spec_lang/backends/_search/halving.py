"""The steps of a search that halves boxes: bounds of the rows, shrinking, and where to cut.

In: batches of boxes whose relaxations are complete.  Out: which conjunctions are possible, what clipping
leaves of the boxes, an input and a place for each.  The kernel repeats the first two as they are done here.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.backends._search.problem import Problem, conjunction_margins
from spec_lang.backends._search.record import BoxRecord, Nodes
from spec_lang.bounding import gates
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.clip import RowBounds, clip
from spec_lang.bounding.context import Context
from spec_lang.bounding.gaps import scores
from spec_lang.bounding.linear import lower_bounds
from spec_lang.bounding.program import F64
from spec_lang.bounding.quick import Quick
from spec_lang.bounding.raised import Raised
from spec_lang.bounding.raising import STEPS, Raising
from spec_lang.bounding.rows import Rows, read_by, start_of

Mask = NDArray[np.bool_]
# A box this much narrower than its root, in every direction, is beyond what float64 bounds separate.
NARROWEST: Final = 2.0**-40
# How much the steepness of a row counts beside its change across a box, when an input is chosen.
TILT: Final = 0.03
# What rows in plain float32 are lowered by, as a share of their constants: the kernel, which accounts for its
# rounding, is to close what they close, and to clip what they clip.
QUICK_MARGIN: Final = 1e-3
# The same of gradients, whose bounds do not change any more once all gates of a box are decided: what a
# margin leaves open there stays open.
GRADIENT_MARGIN: Final = 1e-5


@dataclass(frozen=True, slots=True, eq=False)
class Combined:
    """Raised combinations of conjunctions on boxes: row r is of conjunction `conjunction[r]` on box
    `raised.owner[r]`; whether it excludes it."""

    conjunction: Nodes
    closed: Mask
    raised: Raised


@dataclass(frozen=True, slots=True, eq=False)
class Arriving:
    """With what coefficients rows arrive at differences of two ReLUs and at gates, by value (n, carried): row
    `row[j]` of box `owner[j]`."""

    owner: Nodes
    row: Nodes
    coefficients: dict[int, F64]


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What bounds say of a batch of boxes: of every row, which conjunctions these leave possible
    (batch, conjunctions), and what combinations say of those; None where there is nothing to combine."""

    bounds: RowBounds
    minimum: F64  # (batch, rows)
    alive: Mask
    combined: Combined | None
    arriving: Arriving | None = None

    def margins(self, rows: Rows) -> F64:
        """A lower bound, box by box, on the largest row of every conjunction (batch, conjunctions); rigorous
        unless the bounds are those of plain float32."""
        found = conjunction_margins(rows, self.minimum)
        if self.combined is not None:
            raised, place = self.combined.raised, (self.combined.raised.owner, self.combined.conjunction)
            mean = raised.bounds.minimum / np.maximum(raised.weights.sum(axis=1, dtype=np.intp), 1)
            found[place] = np.fmax(found[place], mean)
        return found


def bounds_of(problem: Problem, context: Context, alive: Mask, *, quick: bool = False) -> Found:
    """Bounds of the rows, and of combinations of those conjunctions that the rows leave possible."""
    bounds, minimum, arriving = row_bounds(problem, context, alive, quick=quick)
    alive = still_possible(problem.rows, alive, minimum)
    return Found(bounds, minimum, alive, raise_combinations(problem, context, alive, bounds), arriving)


def row_bounds(
    problem: Problem, context: Context, alive: Mask, *, quick: bool = False
) -> tuple[RowBounds, F64, Arriving | None]:
    """Affine bounds of the rows that some open conjunction needs, their minima, and with `quick`, which takes
    plain float32, how they arrive.

    A row that is not needed, or whose bound is not finite, says nothing: 0·x + 0, minimum −inf.
    """
    rows, inputs = problem.rows, problem.program.input_size
    needed = (alive.astype(np.float64) @ rows.member > 0) & context.usable()[:, None]
    owner, row = np.nonzero(needed)
    batch = len(context.boxes)
    coefficients = np.zeros((batch, rows.count, inputs))
    constant = np.zeros((batch, rows.count))
    minimum = np.full((batch, rows.count), -np.inf)
    arriving: Arriving | None = None
    if len(owner):
        start = start_of(rows, context, row)
        if quick:
            single = Quick(context)
            a, c, coming = single.traced(start, rows.constant[row], owner)
            margin = GRADIENT_MARGIN if problem.program.gates else QUICK_MARGIN
            c -= margin * abs(rows.constant[row])
            found, arriving = single.minimised(a, c, owner), Arriving(owner, row, coming)
        else:
            found = lower_bounds(context, start, rows.constant[row], owner, rows.relative)
        good = np.isfinite(found.minimum)
        owner, row = owner[good], row[good]
        coefficients[owner, row] = found.coefficients[good]
        constant[owner, row] = found.constant[good]
        minimum[owner, row] = found.minimum[good]
    return RowBounds(coefficients, constant, rows.strict), minimum, arriving


def still_possible(rows: Rows, alive: Mask, minimum: F64) -> Mask:
    """The conjunctions that no row's minimum excludes."""
    closed = (minimum > 0) | (rows.strict & (minimum >= 0))
    return alive & ~(closed.astype(np.float64) @ rows.member.T > 0)


def raise_combinations(problem: Problem, context: Context, alive: Mask, bounds: RowBounds) -> Combined | None:
    """The open conjunctions' combinations, with slopes of their own; None where there is nothing to raise."""
    rows = problem.rows
    owner, k = np.nonzero(alive & context.usable()[:, None])
    # What is raised are the slopes of single ReLUs, on which the bound of a difference hardly depends, and
    # that of a gradient not at all.
    flat = not problem.program.reaches_relus(read_by(rows, problem.program))
    alone = (flat or bool(problem.program.deltas)) and bool((rows.member.sum(axis=1) <= 1).all())
    if not len(owner) or not rows.count or alone:
        return None
    member = rows.member[k]
    raised = Raising(rows, context, owner, member, bounds).run(STEPS)
    minimum = np.nan_to_num(raised.bounds.minimum, nan=-np.inf)
    # A sum of rows <= 0 is < 0 once a strict one takes part.
    strict = ((raised.weights > 0) & rows.strict).any(axis=1)
    return Combined(k, (minimum > 0) | (strict & (minimum >= 0)), raised)


def shrunk(record: BoxRecord, node: Nodes, boxes: Boxes, found: Found) -> tuple[Boxes, Mask]:
    """Each box becomes the hull of what its open conjunctions leave of it; nothing is left of those that
    have none.  How they were combined is recorded."""
    lower, upper = np.full_like(boxes.lower, np.inf), np.full_like(boxes.upper, -np.inf)
    alive, bounds, combined = found.alive.copy(), found.bounds, found.combined
    if combined is not None:
        record.combine(node[combined.raised.owner], combined.conjunction, combined.raised)
        alive[combined.raised.owner[combined.closed], combined.conjunction[combined.closed]] = False
    for k, member in enumerate(record.rows.member):
        here, mine = np.flatnonzero(alive[:, k]), np.flatnonzero(member)
        if not len(here):
            continue
        local = RowBounds(
            bounds.coefficients[np.ix_(here, mine)], bounds.constant[np.ix_(here, mine)], bounds.strict[mine]
        )
        clipped = clip(Boxes(boxes.lower[here], boxes.upper[here]), local, _of(combined, k, here, len(alive)))
        alive[here[clipped.empty], k] = False
        left = ~clipped.empty
        kept = here[left]
        lower[kept] = np.minimum(lower[kept], clipped.boxes.lower[left])
        upper[kept] = np.maximum(upper[kept], clipped.boxes.upper[left])
    return Boxes(lower, upper), alive


def _of(combined: Combined | None, k: int, here: Nodes, batch: int) -> tuple[F64, F64] | None:
    """The combinations of conjunction k on the boxes `here`; one that is not there says nothing."""
    if combined is None:
        return None
    found = combined.raised.bounds
    place = np.full(batch, -1, dtype=np.intp)
    mine = np.flatnonzero((combined.conjunction == k) & np.isfinite(found.minimum))
    place[combined.raised.owner[mine]] = mine
    rows = place[here]
    missing = rows < 0
    return (
        np.where(missing[:, None], 0.0, found.coefficients[rows]),
        np.where(missing, -1.0, found.constant[rows]),
    )


def effects(problem: Problem, context: Context, found: Found, margins: F64) -> F64:
    """How much every input counts, by its width, for the open conjunctions of every box (batch, inputs): by
    the slopes of the rows' bounds, or by what relaxing differences of two ReLUs costs; and gates."""
    owner, k = np.nonzero(found.alive & context.usable()[:, None])
    program = problem.program
    most = abs(found.bounds.coefficients).max(axis=1, initial=0.0)
    effect: F64 = most / 2 + TILT * most.max(axis=1, initial=0.0)[:, None]
    if not (program.deltas or program.gates) or not len(owner):
        return effect
    member = problem.rows.member[k]
    if found.arriving is not None and bool((member.sum(axis=1) == 1).all()):
        coming = _of_rows(found.arriving, owner, member.argmax(axis=1))
    else:
        coming = Raising(problem.rows, context, owner, member, found.bounds).arriving()
    weight = np.maximum(-margins[owner, k], 0.0)
    cost = np.zeros_like(effect)
    if program.deltas:
        effect, cost = cost, scores(context, coming, owner, weight)
    if program.gates:
        cost = cost + gates.scores(context, coming, owner, weight)
    width = context.boxes.upper - context.boxes.lower
    return effect + np.where(width > 0, cost / np.where(width > 0, width, 1.0), 0.0)


def _of_rows(arriving: Arriving, owner: Nodes, row: Nodes) -> dict[int, F64]:
    """How some rows of some boxes arrive."""
    place = np.zeros((int(arriving.owner.max()) + 1, int(arriving.row.max()) + 1), dtype=np.intp)
    place[arriving.owner, arriving.row] = np.arange(len(arriving.owner))
    chosen = place[owner, row]
    return {value: rows[chosen] for value, rows in arriving.coefficients.items()}


def halving(boxes: Boxes, effect: F64, root_width: F64) -> tuple[Nodes, F64]:
    """Where to halve every box: across the input with the largest effect; input −1 where every side is
    degenerate or too narrow for floats."""
    lower, upper = boxes.lower, boxes.upper
    width = upper - lower
    score = np.where(width > 0, effect, 0.0) * width  # of an infinite effect across nothing, too
    middle = lower + 0.5 * width
    score[(middle <= lower) | (middle >= upper) | (width <= NARROWEST * root_width)] = -1.0
    if not score.shape[1]:
        return np.full(len(boxes), -1, dtype=np.intp), np.zeros(len(boxes))
    axis, number = score.argmax(axis=1), np.arange(len(boxes))
    cut = short_cut(lower[number, axis], middle[number, axis], upper[number, axis])
    return np.where(score[number, axis] >= 0, axis, -1), cut


def short_cut(lower: F64, middle: F64, upper: F64) -> F64:
    """`middle` as a float32, where that is strictly inside: half the size in a certificate."""
    short = middle.astype(np.float32).astype(np.float64)
    return np.where((lower < short) & (short < upper), short, middle)
