"""Certificates as bytes, and back, each by the number of its kind.

In: a certificate, whose parts may be certificates.  Out: its numbers, exactly, and nothing else.  What is
read is of the right form, and no deeper than what the kernel looks at; whether it proves anything is for the
kernel to say.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final, assert_never

from spec_lang.obligations.cases_certificate import CasesProof, CaseTree, Clash
from spec_lang.obligations.certificate import Proof
from spec_lang.obligations.cut_certificate import CutProof, Wider, WiderProof
from spec_lang.obligations.mean_value_certificate import MeanValueProof
from spec_lang.obligations.model import Box, LinearAtom, Region
from spec_lang.obligations.narrow_certificate import Directions, NarrowProof
from spec_lang.obligations.outcome import Certificate
from spec_lang.obligations.pair_certificate import DegreeProof, PairProof
from spec_lang.obligations.piece_certificate import PieceProof
from spec_lang.store.box_proofs import has_squares, read_proof, write_proof
from spec_lang.store.columns import BadRecord, ColumnReader, Columns, ColumnWriter, Unkeepable
from spec_lang.store.conditions import read_condition, write_condition

# What has neither squares nor pairs is written as it was before there were any.
_PROOF, _PROOF_BY_SQUARES, _BY_PAIRS, _BY_DEGREE, _BY_PIECES, _BY_MEANS = 1, 3, 4, 5, 6, 7
_BY_CUT, _BEHIND, _WIDER, _BY_CASES = 9, 10, 11, 12

# Certificates within a certificate, one in the other.
_DEEPEST: Final = 8
# Bytes of one numerator or denominator: a thousand times what a float needs, and still quick to reduce.
_MAX_INTEGER: Final = 8192
_NO_END, _END = range(2)


def kind_of(proof: Certificate) -> int:
    """The number that tells `read_certificate` what it is."""
    match proof:
        case Proof():
            return _PROOF_BY_SQUARES if has_squares(proof) else _PROOF
        case PairProof():
            return _BY_PAIRS
        case DegreeProof():
            return _BY_DEGREE
        case PieceProof():
            return _BY_PIECES
        case MeanValueProof():
            return _BY_MEANS
        case CutProof():
            return _BY_CUT
        case NarrowProof():
            return _BEHIND
        case WiderProof():
            return _WIDER
        case CasesProof():
            return _BY_CASES
        case _ as unreachable:
            assert_never(unreachable)


def write_certificate(writer: ColumnWriter, proof: Certificate, depth: int = 0) -> None:
    """Without its kind.  Raises `Unkeepable` for what would not be read."""
    if depth > _DEEPEST:
        raise Unkeepable("it has proofs within proofs, too deep")
    match proof:
        case Proof():
            write_proof(writer, proof)
        case PairProof():
            writer.array(Columns.WEIGHTS, proof.axes)
            writer.array(Columns.NODE_SLOPES, proof.codes)
            writer.matrix(Columns.CUT, proof.tangents)
        case DegreeProof():
            writer.matrix(Columns.CUT, proof.weights)
            writer.number(proof.sign)
            writer.array(Columns.SIDES, proof.axis)
            writer.matrix(Columns.CUT, proof.tangents)
        case PieceProof():
            writer.matrix(Columns.CUT, proof.anchors)
        case MeanValueProof(parts):
            writer.number(len(parts))
            for part in parts:
                _write_part(writer, part, depth)
        case CutProof():
            write_condition(writer, proof.condition, write_fraction)
            for each in proof.parts:
                _write_part(writer, each, depth)
        case NarrowProof():
            writer.number(proof.value)
            writer.matrix(Columns.CUT, proof.directions.weights)
            writer.matrix(Columns.CUT, proof.directions.multipliers)
            _write_part(writer, proof.proof, depth)
        case CasesProof():
            writer.number(len(proof.trees))
            for tree in proof.trees:
                _write_tree(writer, tree)
        case WiderProof():
            _write_region(writer, proof.said.region)
            writer.number(len(proof.said.outputs))
            for output in proof.said.outputs:
                writer.number(output)
            write_condition(writer, proof.said.violation, write_fraction)
            _write_part(writer, proof.proof, depth)


def read_certificate(reader: ColumnReader, kind: int, depth: int = 0) -> Certificate:
    """What was written as a certificate of this kind.  Raises `BadRecord`."""
    if depth > _DEEPEST:
        raise BadRecord("it has proofs within proofs, too deep")
    if kind in (_PROOF, _PROOF_BY_SQUARES):
        return read_proof(reader, with_squares=kind == _PROOF_BY_SQUARES)
    if kind == _BY_PAIRS:
        return PairProof(
            axes=reader.array(Columns.WEIGHTS),
            codes=reader.array(Columns.NODE_SLOPES),
            tangents=reader.matrix(Columns.CUT),
        )
    if kind == _BY_DEGREE:
        return DegreeProof(
            weights=reader.matrix(Columns.CUT),
            sign=reader.number(),
            axis=reader.array(Columns.SIDES),
            tangents=reader.matrix(Columns.CUT),
        )
    if kind == _BY_PIECES:
        return PieceProof(reader.matrix(Columns.CUT))
    if kind == _BY_MEANS:
        return MeanValueProof(tuple(_read_plain(reader) for _ in range(reader.count())))
    if kind == _BY_CUT:
        condition = read_condition(reader, read_fraction)
        return CutProof(condition, (_read_part(reader, depth), _read_part(reader, depth)))
    if kind == _BEHIND:
        value = reader.number()
        directions = Directions(reader.matrix(Columns.CUT), reader.matrix(Columns.CUT))
        return NarrowProof(value, directions, _read_plain(reader))
    if kind == _BY_CASES:
        return CasesProof(tuple(_read_tree(reader) for _ in range(reader.count())))
    if kind == _WIDER:
        region = _read_region(reader)
        outputs = tuple(reader.number() for _ in range(reader.count()))
        violation = read_condition(reader, read_fraction)
        return WiderProof(Wider(region, outputs, violation), _read_part(reader, depth))
    raise BadRecord(f"there is no outcome of kind {kind}")


def _write_part(writer: ColumnWriter, proof: Certificate, depth: int) -> None:
    writer.number(kind_of(proof))
    write_certificate(writer, proof, depth + 1)


def _read_part(reader: ColumnReader, depth: int) -> Certificate:
    return read_certificate(reader, reader.number(), depth + 1)


def _read_plain(reader: ColumnReader) -> Proof:
    """A part that is no other than a proof about one point."""
    kind = reader.number()
    if kind not in (_PROOF, _PROOF_BY_SQUARES):
        raise BadRecord(f"there is no proof of kind {kind}")
    return read_proof(reader, with_squares=kind == _PROOF_BY_SQUARES)


def _write_tree(writer: ColumnWriter, tree: CaseTree) -> None:
    writer.array(Columns.NEURONS, tree.neuron)
    writer.number(len(tree.clashes))
    for clashes in tree.clashes:
        writer.number(len(clashes))
        for clash in clashes:
            writer.number(len(clash))
            for row, multiplier in clash:
                writer.number(row)
                write_fraction(writer, multiplier)


def _read_tree(reader: ColumnReader) -> CaseTree:
    neuron = reader.array(Columns.NEURONS)
    return CaseTree(neuron, tuple(_read_clashes(reader) for _ in range(reader.count())))


def _read_clashes(reader: ColumnReader) -> tuple[Clash, ...]:
    return tuple(
        tuple((reader.number(), read_fraction(reader)) for _ in range(reader.count()))
        for _ in range(reader.count())
    )


# -- regions, and numbers --------------------------------------------------------------------------------


def _write_region(writer: ColumnWriter, region: Region) -> None:
    writer.number(len(region.boxes))
    for box in region.boxes:
        writer.number(len(box.lower))
        for end in (*box.lower, *box.upper):
            writer.number(_NO_END if end is None else _END)
            if end is not None:
                write_fraction(writer, end)
    writer.number(len(region.constraints))
    for constraint in region.constraints:
        write_condition(writer, constraint, write_fraction)


def _read_region(reader: ColumnReader) -> Region:
    boxes = []
    for _ in range(reader.count()):
        size = reader.count()
        boxes.append(Box(_read_side(reader, size), _read_side(reader, size)))
    return Region(tuple(boxes), tuple(_read_constraint(reader) for _ in range(reader.count())))


def _read_side(reader: ColumnReader, size: int) -> tuple[Fraction | None, ...]:
    side: list[Fraction | None] = []
    for _ in range(size):
        kind = reader.number()
        if kind not in (_NO_END, _END):
            raise BadRecord("a side of a box is none")
        side.append(None if kind == _NO_END else read_fraction(reader))
    return tuple(side)


def _read_constraint(reader: ColumnReader) -> LinearAtom:
    found = read_condition(reader, read_fraction)
    if not isinstance(found, LinearAtom) or found.outputs:
        raise BadRecord("a constraint of a region is none")
    return found


def write_fraction(writer: ColumnWriter, value: Fraction) -> None:
    """Raises `Unkeepable` for a number that is too long."""
    _write_integer(writer, value.numerator)
    _write_integer(writer, value.denominator)


def read_fraction(reader: ColumnReader) -> Fraction:
    """Raises `BadRecord`."""
    numerator = int.from_bytes(reader.blob(_MAX_INTEGER), "little", signed=True)
    denominator = int.from_bytes(reader.blob(_MAX_INTEGER), "little", signed=True)
    if denominator <= 0:
        raise BadRecord("a denominator is not positive")
    return Fraction(numerator, denominator)


def _write_integer(writer: ColumnWriter, value: int) -> None:
    size = (value.bit_length() + 8) // 8  # and a bit for the sign
    if size > _MAX_INTEGER:
        raise Unkeepable(f"a number of the point has more than {8 * _MAX_INTEGER:,} bits")
    writer.blob(value.to_bytes(size, "little", signed=True))
