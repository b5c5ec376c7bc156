"""Claims about networks with smooth functions, and what the bounds engine makes of them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from spec_lang.backends.base import Budget, Run, Session
from spec_lang.backends.bounds import BACKEND
from spec_lang.kernel.proof import examine
from spec_lang.kernel.verdict import Witness
from spec_lang.kernel.witness import check_witness
from spec_lang.network.graph import Graph, Node, TensorSpec
from spec_lang.network.primitives import RELU, Affine, Dense, Primitive, Smooth, frozen
from spec_lang.obligations.certificate import Flaw, Proof
from spec_lang.obligations.model import Box, LinearAtom, Obligation, Region
from spec_lang.obligations.outcome import Certificate, Proved, Refuted

KINDS: list[list[Primitive]] = [[Smooth.SIGMOID], [Smooth.TANH], [Smooth.TANH, RELU], [RELU, Smooth.SIGMOID]]


def run(obligation: Obligation, work: int | None = 4000) -> Run:
    def examined(proof: Certificate) -> Flaw | None:
        return examine(obligation, proof).flaw

    session = Session(
        Budget(None, work),
        lambda point: check_witness(obligation, point) is not None,
        lambda _: None,
        examine=examined,
    )
    return BACKEND.run(obligation, session)


def cube(size: int, radius: Fraction) -> Region:
    return Region((Box((-radius,) * size, (radius,) * size),))


def above(bound: Fraction, *, strict: bool = False, output: int = 0) -> LinearAtom:
    """`y[output] >= bound`"""
    return LinearAtom((), ((output, Fraction(-1)),), bound, strict)


def proved(obligation: Obligation) -> Proof:
    """The proof, which both arithmetics accept or, where chords of few bits lose it, the second."""
    outcome = run(obligation).outcome
    assert isinstance(outcome, Proved), outcome
    assert isinstance(outcome.proof, Proof)
    assert examine(obligation, outcome.proof).evidence is not None
    return outcome.proof


def refuted(obligation: Obligation) -> Witness:
    outcome = run(obligation).outcome
    assert isinstance(outcome, Refuted), outcome
    witness = check_witness(obligation, outcome.point)
    assert witness is not None
    return witness


def curve(function: Smooth, factor: float, *after: float) -> Graph:
    """`after · function(factor · x)` for one input."""
    spec = TensorSpec("x", (1,))

    def scale(number: float) -> Affine:
        return Affine((Dense(frozen(np.array([[number]]))),), frozen(np.zeros(1)))

    nodes = [Node(scale(factor), (0,), spec), Node(function, (1,), spec)]
    nodes += [Node(scale(number), (2,), spec) for number in after]
    return Graph((spec,), tuple(nodes), (len(nodes),))


UNIT = Region((Box((Fraction(0),), (Fraction(1),)),))
