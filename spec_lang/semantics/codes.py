"""The diagnostic codes of names, types and shapes (NN1xx), and of vacuity (NN5xx).

Stable: a code, once published, keeps its meaning.  The comment beside each says what it is about.
"""

from __future__ import annotations

from typing import Final

DUPLICATE: Final = "NN101"  # a name is declared twice
UNKNOWN_NAME: Final = "NN102"  # a name that nothing declares
INDEX_RANGE: Final = "NN104"  # a family's range is not integer, is empty, or is too large
INDEX_UNDETERMINED: Final = "NN105"  # no range is written, and no use gives one
MEMBER: Final = "NN106"  # wrong number of indices, or an index outside its range
PARAMETER: Final = "NN107"  # an unknown or missing `-p`, or a value that is not constant
DEFINITION: Final = "NN108"  # a recursive or too large definition
ARGUMENTS: Final = "NN109"  # missing, unknown, repeated or ill-kinded arguments
SHADOWING: Final = "NN110"  # a bound name that hides another
ATTRIBUTE: Final = "NN111"  # an unknown or ill-formed `@attribute`
NETWORK_ITEM: Final = "NN112"  # a network's item is repeated or does not fit the others
SHAPE: Final = "NN113"  # names against the ONNX file's shapes
SCALING: Final = "NN114"  # `encode`/`decode` is not component-wise affine
DOMAIN: Final = "NN115"  # an impossible domain
LAYER: Final = "NN116"  # a layer that the ONNX file does not have
COMPONENT: Final = "NN117"  # an unknown component
KIND: Final = "NN118"  # one kind of thing where another is needed
DIMENSION: Final = "NN119"  # shapes that do not fit together
NONLINEAR: Final = "NN120"  # a product or quotient of two variables
DIVISION_BY_ZERO: Final = "NN121"
ELEMENT: Final = "NN122"  # an index outside of a tensor
NORM: Final = "NN123"  # an unknown norm, or one that is not linear
LABEL: Final = "NN124"  # not one of the network's outputs
COMPARISON: Final = "NN125"  # a comparison of things that cannot be compared
QUANTIFIER: Final = "NN126"  # a `forall` where this version takes none
ONE_NETWORK: Final = "NN127"  # two networks, or none, in one claim
UNSUPPORTED: Final = "NN128"  # part of the language that this version does not decide
TOO_MANY_CASES: Final = "NN129"  # a condition with too many cases

EMPTY_REGION: Final = "NN501"  # a claim over a region without points
