"""The words of the language, its limits, and the codes of its syntax diagnostics.

In: nothing.  Out: constants that the builder, the recovery and the messages share.  A test holds the
words against the grammar and the codes against the reference in `grammar/README.md`.
"""

from __future__ import annotations

from typing import Final

from spec_lang.diagnostics import Diagnostic, Span

LANGUAGE_VERSION: Final = 1

# Ten megabytes is some 100,000 claims; a larger file is a mistake, such as a model given as a spec.
MAX_SPEC_BYTES: Final = 10_000_000

# Deep enough for any formula that a person can read; shallow enough for later stages to recurse with
# several calls a level, and definitions expanded, below Python's limit of 1000.
MAX_DEPTH: Final = 100

# Room for every binary64 number written out; `1e999999999` would fill the memory.
MAX_DIGITS: Final = 2000

DECLARATIONS: Final = ("language", "network", "region", "param", "def", "claim")
LATER_DECLARATIONS: Final = ("measure", "invariant", "data", "import")
OPERATORS: Final = ("forall", "and", "or", "not", "in")
LATER_OPERATORS: Final = ("exists", "let", "if", "then", "else")
TRUTH_VALUES: Final = frozenset({"true", "false", "True", "False"})
NETWORK_ITEMS: Final = ("input", "output", "encode", "decode", "domain", "layer")

RESERVED: Final = frozenset((*DECLARATIONS, *LATER_DECLARATIONS, *OPERATORS, *LATER_OPERATORS)) | TRUTH_VALUES

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
    "later": "NN017",
    "not a declaration": "NN018",
    "missing value": "NN019",
    "chain": "NN020",
    "version": "NN021",
    "unexpected": "NN022",
    "many": "NN023",
}

LATER_FIXES: Final = {
    "measure": "state a `claim` with a bound",
    "invariant": "state it as a `claim`",
    "data": "write the values in the spec, as `def point = [0, 1]`",
    "import": "write the declarations in this file",
    "like": "repeat what is between `{` and `}`",
    "exists": "state with `forall` that there is none, with `@expect(refuted)`",
    "let": "name the part with `def`",
    "if": "write `(c => a) and (not c => b)`",
    "then": "write `(c => a) and (not c => b)`",
    "else": "write `(c => a) and (not c => b)`",
    "|": "state one claim for each region",
    "..": "a range stands after `in` in the brackets of a family: `claim c[i in 1..5]: …`",
    "..<": "a range stands after `in` in the brackets of a family: `claim c[i in 0..<5]: …`",
}
"""What the language will have and this version does not, and what to write meanwhile."""


def later(word: str, span: Span) -> Diagnostic:
    problem = f"`{word}` is not in this version of the language"
    return Diagnostic(CODES["later"], problem, span, LATER_FIXES[word])
