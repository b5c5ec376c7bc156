"""What is still to be covered of a decision's points, and boxes that are cut, drawn from and measured.

In: signatures at the data, and findings.  Out: the points that no proved candidate speaks of, points that
broke something, parts of boxes.  Nothing in here depends on time, only on the seed and on verdicts.
"""

from __future__ import annotations

from dataclasses import field

import numpy as np

from spec_lang._values import dataclass
from spec_lang.inference.inquiries import Setting
from spec_lang.inference.model import F64, Candidate, Indices, Mask
from spec_lang.inference.proving import Finding
from spec_lang.inference.signatures import Signatures, room, signatures
from spec_lang.kernel.verdict import Status

Box = tuple[F64, F64]
LEAST = 2.0**-40  # of the domain's volume
_JITTER = 200  # points around a counterexample
_ASIDE = 0.5  # of the outputs' median distance from another decision
_REMEMBERED = 40  # batches of points that broke something


@dataclass(slots=True, eq=False)
class Cover:
    """Points of the data that are still to be covered, and points that refuted something."""

    setting: Setting
    decision: int
    support: int
    left: Mask
    limit: float = 1.0  # of the domain's volume: larger boxes are cut before they are asked about
    least: float = 0.0  # points that are nearer than this to another decision stay outside of boxes
    against: list[F64] = field(default_factory=list)
    draws: int = 0

    @classmethod
    def start(cls, setting: Setting, decision: int, support: int) -> Cover:
        found = setting.found
        own = found.decided == decision
        away = room(found.decisions[decision], found.points[own], found.outputs[own])
        least = _ASIDE * float(np.median(away)) if len(away) else 0.0
        return cls(setting, decision, support, own, least=least)

    def away(self, found: Signatures) -> Mask:
        """The points that stay outside of boxes."""
        distance = room(found.decisions[self.decision], found.points, found.outputs)
        return np.asarray(distance <= self.least)

    def rng(self) -> np.random.Generator:
        """Another one each time, the same in every run."""
        self.draws += 1
        return np.random.default_rng([self.setting.seed, self.decision, self.draws])

    def within(self, box: Box) -> Indices:
        """The points that are left in a box."""
        rows = np.flatnonzero(self.left)
        points = self.setting.found.points[rows]
        return rows[((points >= box[0]) & (points <= box[1])).all(axis=1)]

    def hear(self, candidate: Candidate, finding: Finding) -> None:
        """Cross off what is proved; keep a counterexample, and points around it that break the decision."""
        if finding.status is Status.PROVED:
            self.left &= ~self.setting.found.where(candidate)
        if finding.witness is None:
            return
        center = np.array([float(v) for v in finding.witness])
        low, high = self.setting.domain
        rng = self.rng()
        reach = np.geomspace(1e-4, 0.05, _JITTER)[:, None] * (high - low)
        near = np.clip(center + reach * rng.normal(size=(_JITTER, len(center))), low, high)
        every = np.concatenate([center[None], near])
        decided = self.evaluated(every).decided
        self.against.append(every[(decided != self.decision) | (np.arange(len(every)) == 0)])

    def evaluated(self, points: F64) -> Signatures:
        found = self.setting.found
        return signatures(found.subject, found.decisions, points)

    def others(self) -> F64:
        return (
            np.concatenate(self.against)
            if self.against
            else np.zeros((0, self.setting.found.points.shape[1]))
        )


def drawn(box: Box, rng: np.random.Generator, count: int) -> F64:
    """Points of a box, half of them with some coordinates at its ends."""
    shape = (count, len(box[0]))
    at = rng.random(shape)
    snapped = rng.random(shape) < np.where(np.arange(count) % 2, rng.random(count), 0.0)[:, None]
    return box[0] + np.where(snapped, np.round(at), at) * (box[1] - box[0])


def volume_of(box: Box, domain: Box) -> float:
    """The share of the domain that a box is; of sides that are flat nothing is counted."""
    width = domain[1] - domain[0]
    return float(np.prod(np.where(width > 0, (box[1] - box[0]) / np.where(width > 0, width, 1.0), 1.0)))


def divided(cover: Cover, box: Box) -> tuple[Box, Box]:
    """Two parts: cut where the decision is told best from the others, or where the box is wide."""
    domain = cover.setting.domain
    points = cover.setting.found.points
    rows = np.flatnonzero(((points >= box[0]) & (points <= box[1])).all(axis=1))[:2000]
    own = (cover.setting.found.decided[rows] == cover.decision).astype(np.float64)
    shares = np.arange(1, 8) / 8
    cuts = box[0] + shares[:, None] * (box[1] - box[0])
    width = (box[1] - box[0]) / np.where(domain[1] > domain[0], domain[1] - domain[0], 1.0)
    score = 0.3 * width / max(float(width.max()), 1e-300) - abs(shares - 0.5)[:, None] * 0.2
    if len(rows):
        below = (points[rows][:, None] <= cuts).astype(np.float64)
        score = score + _told(below, own)
    score = np.where(width > 0, score, -np.inf)
    cut, axis = np.unravel_index(int(np.argmax(score)), score.shape)
    first, second = box[1].copy(), box[0].copy()
    first[axis] = second[axis] = cuts[cut, axis]
    return (box[0], first), (second, box[1])


def _told(below: F64, own: F64) -> F64:
    """The share of the impurity [Gini] that a cut takes away."""
    total = len(own)
    count, mine = below.sum(axis=0), np.einsum("n,nca->ca", own, below)
    before = own.mean() * (1 - own.mean())
    rest, others = total - count, own.sum() - mine
    after = (
        mine * (count - mine) / np.maximum(count, 1) + others * (rest - others) / np.maximum(rest, 1)
    ) / total
    gain: F64 = (before - after) / max(float(before), 1e-12)
    return gain
