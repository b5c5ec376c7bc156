"""The reference meaning of every construct at concrete points, over fractions or floats.

Independent of type-checking and lowering: it reads the syntax and the file's tables alone.
"""

from spec_lang.semantics.evaluate.arrays import Array, Number, Real
from spec_lang.semantics.evaluate.points import (
    Meaning,
    Quantity,
    evaluate,
    evaluate_at,
    holds,
    optimum_at,
    radius_at,
)
from spec_lang.semantics.evaluate.surds import Surd
from spec_lang.semantics.evaluate.world import AtKink, Hidden, Network, Port, World

__all__ = [
    "Array",
    "AtKink",
    "Hidden",
    "Meaning",
    "Network",
    "Number",
    "Port",
    "Quantity",
    "Real",
    "Surd",
    "World",
    "evaluate",
    "evaluate_at",
    "holds",
    "optimum_at",
    "radius_at",
]
