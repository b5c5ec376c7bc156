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
TOO_MANY_CASES: Final = "NN129"  # a condition with too many cases

IMPORT: Final = "NN130"  # an imported file that cannot be had
IMPORT_CYCLE: Final = "NN131"  # files that import each other
IMPORT_CLASH: Final = "NN132"  # a name of an imported file that is declared elsewhere, too
LIKE: Final = "NN133"  # `like` something that is no network, or in a circle
TYPE_NAME: Final = "NN134"  # a type that does not exist, or an extent that is none
PARAMETER_TYPE: Final = "NN135"  # a parameter's value that is not of its type
DATA_FILE: Final = "NN136"  # a data file that is missing, empty, damaged, or something else
DATA_ARRAY: Final = "NN137"  # an array or a column that the data file does not have
DATA_SHAPE: Final = "NN138"  # an array of another shape than is declared
NAMED_DIMENSION: Final = "NN139"  # a named dimension with two sizes
DATA_TYPE: Final = "NN140"  # an array that does not hold what its type says
DATA_SIZE: Final = "NN141"  # a data file that is not read for its size
INDEX_SET: Final = "NN142"  # a value twice in the set of an index
SEMANTICS: Final = "NN143"  # a semantics that there is not, or not for this network or claim
INVARIANT: Final = "NN144"  # an invariant of something that is no network, or of one with several inputs

DATA_VALUE: Final = "NN150"  # an element of a data file that is no finite number
UNIT: Final = "NN151"  # a quantity whose unit does not fit, or is not wanted
GRADIENT: Final = "NN152"  # a direction, or a ranking, of something that has none
SMOOTH: Final = "NN153"  # a function that is not piecewise linear
ALTERNATION: Final = "NN154"  # `exists` inside `forall`, or the other way round
COMPOSED: Final = "NN156"  # a composition through scalings that are not exact in binary
MEASURED: Final = "NN157"  # a measure of a claim that is not seen to fall, or rise, with its variable
TENSOR_NAMES: Final = "NN158"  # inputs and outputs of a network that has several
PRECISION: Final = "NN159"  # how precise a measure is to be
MEASURE_USE: Final = "NN160"  # a measure that is not compared with a number by a claim
COMPARED: Final = "NN161"  # a comparison of a measure that no claim says
REGIONS: Final = "NN162"  # a count of the linear regions of something that has none
SUPPORT: Final = "NN163"  # a share of data that is asked of something else than an invariant
VIA: Final = "NN164"  # an invariant that does not lead to the claim

EMPTY_REGION: Final = "NN501"  # a claim over a region without points
