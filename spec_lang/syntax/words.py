"""The words of the language, its limits, and the codes of its syntax diagnostics.

In: nothing.  Out: constants that the builder, the recovery and the messages share.  A test holds the
words against the grammar and the codes against the reference in `grammar/README.md`.
"""

from __future__ import annotations

from typing import Final

LANGUAGE_VERSION: Final = 1

# Ten megabytes is some 100,000 claims; a larger file is a mistake, such as a model given as a spec.
MAX_SPEC_BYTES: Final = 10_000_000

# Deep enough for any formula that a person can read; shallow enough for later stages to recurse with
# several calls a level, and definitions expanded, below Python's limit of 1000.
MAX_DEPTH: Final = 100

# Room for every binary64 number written out; `1e999999999` would fill the memory.
MAX_DIGITS: Final = 2000

DECLARATIONS: Final = (
    "language",
    "import",
    "network",
    "region",
    "param",
    "data",
    "def",
    "claim",
    "invariant",
    "measure",
)
OPERATORS: Final = ("forall", "exists", "let", "if", "then", "else", "and", "or", "not", "in")
# What these begin reaches as far to the right as it can.
OPENING: Final = ("forall", "exists", "let", "if", "not")
MEASURES: Final = ("max", "min", "range", "largest", "smallest", "regions", "support", "coverage")
# Words that mean something in one place each, and are names everywhere else.
PLACED_WORDS: Final = ("like", "on", "of", "for", "with", "to", "over", *MEASURES)
TRUTH_VALUES: Final = frozenset({"true", "false", "True", "False"})
TYPES: Final = ("real", "int", "label")
NETWORK_ITEMS: Final = ("input", "output", "encode", "decode", "domain", "layer")

RESERVED: Final = frozenset((*DECLARATIONS, *OPERATORS)) | TRUTH_VALUES
WORDS: Final = RESERVED | frozenset((*NETWORK_ITEMS, *PLACED_WORDS))
"""Every word with a meaning anywhere."""

CODES: Final = {
    "encoding": "NN001",
    "size": "NN002",
    "depth": "NN003",
    "character": "NN004",
    "spelling": "NN005",
    "unfinished string": "NN006",
    "escape": "NN007",
    "number": "NN008",
    "reserved word": "NN009",
    "truth value": "NN010",
    "equals": "NN011",
    "unclosed": "NN012",
    "unopened": "NN013",
    "missing sign": "NN014",
    "missing region": "NN015",
    "comma": "NN016",
    "not a declaration": "NN018",
    "missing value": "NN019",
    "chain": "NN020",
    "version": "NN021",
    "unexpected": "NN022",
    "many": "NN023",
    "unit": "NN024",
    "measure": "NN025",
    "missing type": "NN026",
    "range": "NN027",
    "quotes": "NN028",
    "separator": "NN029",
    "conditional": "NN030",
    "order": "NN031",
    "parentheses": "NN032",
}
"""Kind of mistake -> code.  NN017 was in use before the language was complete, and stays empty."""
