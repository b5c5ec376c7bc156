"""Proofs by boxes, phases and squares as columns, and back.

In: a `Proof`, or the columns of one.  Out: columns, or the proof, exactly.  What has no squares is written as
it was before there were any, so that whoever reads has to know whether there are.
"""

from __future__ import annotations

from dataclasses import replace

from spec_lang.obligations.certificate import (
    BoxProof,
    Lemma,
    NodeSlopes,
    PhaseProof,
    PhaseTree,
    Proof,
    SquareProof,
)
from spec_lang.store.columns import ColumnReader, Columns, ColumnWriter


def has_squares(proof: Proof) -> bool:
    return any(phases.squares for part in proof.parts for phases in part.phases)


def write_proof(writer: ColumnWriter, proof: Proof) -> None:
    by_squares = has_squares(proof)
    writer.number(len(proof.parts))
    for part in proof.parts:
        _write_part(writer, part)
        if by_squares:
            _write_squares(writer, part)


def read_proof(reader: ColumnReader, *, with_squares: bool) -> Proof:
    """Raises `BadRecord`."""
    read = _read_part_by_squares if with_squares else _read_part
    return Proof(tuple(read(reader) for _ in range(reader.count())))


def _write_part(writer: ColumnWriter, part: BoxProof) -> None:
    writer.number(part.box)
    writer.array(Columns.AXIS, part.axis)
    writer.array(Columns.CUT, part.cut)
    writer.matrix(Columns.WEIGHTS, part.weights)
    writer.array(Columns.NODES, part.slopes.node)
    writer.array(Columns.CONJUNCTIONS, part.slopes.conjunction)
    writer.array(Columns.COUNTS, part.slopes.count)
    writer.array(Columns.NODE_NEURONS, part.slopes.neuron)
    writer.array(Columns.NODE_SLOPES, part.slopes.slope)
    writer.number(len(part.phases))
    for proof in part.phases:
        writer.number(len(proof.lemmas))
        for lemma in proof.lemmas:
            _write_lemma(writer, lemma)
        writer.number(len(proof.trees))
        for tree in proof.trees:
            writer.number(tree.conjunction)
            writer.number(len(tree.lemmas))
            for lemma in tree.lemmas:
                _write_lemma(writer, lemma)
            writer.array(Columns.SPLITS, tree.neuron)
            writer.matrix(Columns.MULTIPLIERS, tree.multipliers)
            writer.array(Columns.NEURONS, tree.columns)
            writer.matrix(Columns.SLOPES, tree.slopes)


def _write_squares(writer: ColumnWriter, part: BoxProof) -> None:
    for proof in part.phases:
        writer.number(len(proof.squares))
        for square in proof.squares:
            writer.number(square.conjunction)
            writer.array(Columns.MULTIPLIERS, square.multipliers)
            writer.array(Columns.NEURONS, square.neuron)
            for numbers in (square.tilt, square.below, square.bend, square.slope, square.shares):
                writer.array(Columns.SLOPES, numbers)


def _write_lemma(writer: ColumnWriter, lemma: Lemma) -> None:
    writer.array(Columns.ROWS, lemma.neuron)
    writer.array(Columns.SIDES, lemma.side)
    writer.array(Columns.SPLITS, lemma.tree)
    writer.matrix(Columns.MULTIPLIERS, lemma.multipliers)
    writer.array(Columns.NEURONS, lemma.columns)
    writer.matrix(Columns.SLOPES, lemma.slopes)


def _read_part(reader: ColumnReader) -> BoxProof:
    return BoxProof(
        box=reader.number(),
        axis=reader.array(Columns.AXIS),
        cut=reader.array(Columns.CUT),
        weights=reader.matrix(Columns.WEIGHTS),
        slopes=NodeSlopes(
            node=reader.array(Columns.NODES),
            conjunction=reader.array(Columns.CONJUNCTIONS),
            count=reader.array(Columns.COUNTS),
            neuron=reader.array(Columns.NODE_NEURONS),
            slope=reader.array(Columns.NODE_SLOPES),
        ),
        phases=tuple(_read_phases(reader) for _ in range(reader.count())),
    )


def _read_part_by_squares(reader: ColumnReader) -> BoxProof:
    part = _read_part(reader)
    phases = [
        replace(proof, squares=tuple(_read_squares(reader) for _ in range(reader.count())))
        for proof in part.phases
    ]
    return replace(part, phases=tuple(phases))


def _read_squares(reader: ColumnReader) -> SquareProof:
    return SquareProof(
        conjunction=reader.number(),
        multipliers=reader.array(Columns.MULTIPLIERS),
        neuron=reader.array(Columns.NEURONS),
        tilt=reader.array(Columns.SLOPES),
        below=reader.array(Columns.SLOPES),
        bend=reader.array(Columns.SLOPES),
        slope=reader.array(Columns.SLOPES),
        shares=reader.array(Columns.SLOPES),
    )


def _read_phases(reader: ColumnReader) -> PhaseProof:
    lemmas = tuple(_read_lemma(reader) for _ in range(reader.count()))
    return PhaseProof(lemmas, tuple(_read_tree(reader) for _ in range(reader.count())))


def _read_lemma(reader: ColumnReader) -> Lemma:
    return Lemma(
        neuron=reader.array(Columns.ROWS),
        side=reader.array(Columns.SIDES),
        tree=reader.array(Columns.SPLITS),
        multipliers=reader.matrix(Columns.MULTIPLIERS),
        columns=reader.array(Columns.NEURONS),
        slopes=reader.matrix(Columns.SLOPES),
    )


def _read_tree(reader: ColumnReader) -> PhaseTree:
    return PhaseTree(
        conjunction=reader.number(),
        lemmas=tuple(_read_lemma(reader) for _ in range(reader.count())),
        neuron=reader.array(Columns.SPLITS),
        multipliers=reader.matrix(Columns.MULTIPLIERS),
        columns=reader.array(Columns.NEURONS),
        slopes=reader.matrix(Columns.SLOPES),
    )
