"""What is known of the Brusselator's networks: claims with their answers, radii with many digits.

In: nothing.  Out: text of specs about the files that `brusselator.write_all` writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from spec_lang.kernel.verdict import Status

PROVED, REFUTED = Status.PROVED, Status.REFUTED

HEAD: Final = """language 1
network para = "para.onnx" { input u, v }
network ts = "ts.onnx" { input u, v }
network ts_half = "ts_half.onnx" { input u, v }
network family = "family.onnx" { input u, v, b }
network both = "both.onnx" { input u, v }
param c = [1.96433, 1.24951]
def twice(x) = para(para(x))
def thrice(x) = para(twice(x))
def four_times(x) = twice(twice(x))
"""


def _injective(net: str, radius: str, norm: str = "linf") -> str:
    return f"injective({net}, on: ball(c, {radius}, {norm}))"


def _alone(net: str, radius: str, norm: str = "linf") -> str:
    return f"no_other_preimage({net}, of: c, on: ball(c, {radius}, {norm}))"


_FAMILY: Final = "box([1.36433, 0.64951, 2], [2.56433, 1.84951, 2.2])"
CLAIMS: Final[dict[str, tuple[str, Status]]] = {
    "para_300": (_injective("para", "0.3"), PROVED),
    "para_500": (_injective("para", "0.5"), PROVED),
    "para_600": (_injective("para", "0.6"), PROVED),
    "para_650": (_injective("para", "0.65"), PROVED),
    "para_6553": (_injective("para", "0.6553"), PROVED),
    "para_near": (_injective("para", "0.65547034"), PROVED),
    "para_just_beyond": (_injective("para", "0.65547035"), REFUTED),
    "para_660": (_injective("para", "0.66"), REFUTED),
    "para_700": (_injective("para", "0.7"), REFUTED),
    "ghost_2770": (_alone("para", "2.77"), PROVED),
    "ghost_2775": (_alone("para", "2.775"), REFUTED),
    "para_l1": (_injective("para", "1.077", "l1"), PROVED),
    "para_l1_beyond": (_injective("para", "1.0773", "l1"), REFUTED),
    "para_l2": (_injective("para", "0.826", "l2"), PROVED),
    "para_l2_beyond": (_injective("para", "0.8263", "l2"), REFUTED),
    "ts_688": (_injective("ts", "0.688"), PROVED),
    "ts_689": (_injective("ts", "0.689"), REFUTED),
    "ts_ghost": (_alone("ts", "1.45"), PROVED),
    "ts_ghost_beyond": (_alone("ts", "1.451"), REFUTED),
    "ts_half_417": (_injective("ts_half", "0.417"), PROVED),
    "ts_half_419": (_injective("ts_half", "0.419"), REFUTED),
    "twice_600": (_injective("twice", "0.6"), PROVED),
    "thrice_400": (_injective("thrice", "0.4"), PROVED),
    "four_400": (_injective("four_times", "0.4"), PROVED),
    "family_600": (f"injective(family, on: {_FAMILY}, given: b)", PROVED),
    "both_1000": (_injective("both", "1"), PROVED),
    "para_gives_both": ("determines(para, both, on: ball(c, 0.6, linf))", PROVED),
    "both_gives_ts": ("determines(both, ts, on: ball(c, 1, linf))", PROVED),
}


@dataclass(frozen=True, slots=True)
class Known:
    """What is asked, and the ends between which the oracle says that the radius lies."""

    text: str
    below: Fraction
    above: Fraction


def _radius(claim: str, known: str) -> Known:
    """`known`: rounded to these digits, down or up."""
    text = f"largest r in [0, 3] with {claim}, to 0.000001"
    unit = Fraction(1, 10 ** len(known.split(".")[1]))
    return Known(text, Fraction(known) - unit, Fraction(known) + unit)


RADII: Final[dict[str, Known]] = {
    "r_para": _radius(_injective("para", "r"), "0.65547034431"),
    "r_para_l1": _radius(_injective("para", "r", "l1"), "1.07714819413"),
    "r_para_l2": _radius(_injective("para", "r", "l2"), "0.82612009"),
    "ghost_para": _radius(_alone("para", "r"), "2.7739140318"),
    "r_ts": _radius(_injective("ts", "r"), "0.68878532998"),
    "r_ts_l1": _radius(_injective("ts", "r", "l1"), "1.06683725778"),
    "r_ts_l2": _radius(_injective("ts", "r", "l2"), "0.85485157"),
    "ghost_ts": _radius(_alone("ts", "r"), "1.45061117395"),
    "r_ts_half": _radius(_injective("ts_half", "r"), "0.41802669495"),
    "r_ts_half_l1": _radius(_injective("ts_half", "r", "l1"), "0.48606276568"),
    "ghost_ts_half": _radius(_alone("ts_half", "r"), "1.11616852466"),
}
