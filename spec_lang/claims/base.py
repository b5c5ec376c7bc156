"""What a claim form is: a typed function with named arguments that stands for a formula.

A form is a library over the core language: `expand` turns a call into the core formula, as syntax, and
from there on it is checked, lowered, decided and explained like anything that the user could have
written.  The grammar does not know any form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from spec_lang.diagnostics import Span
from spec_lang.syntax import ast


class ArgumentKind(Enum):
    """What an argument must be; the value is how a diagnostic names it."""

    NETWORK = "a network"
    OUTPUT = "an output of a network, such as `f.speed` or `f[2]`"
    POINT = "a point of the network's input space"
    SCALAR = "a number"
    LABEL = "one of the network's outputs, by name or number"
    REGION = "a region"
    NORM = "a norm: `linf`, `l2` or `l1`"
    INTERVAL = "an interval `[lower, upper]`"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter; `default` is the argument's source text, None when the parameter may be left out
    with no default, in which case `required` says whether that is an error."""

    name: str
    kind: ArgumentKind
    meaning: str
    required: bool = True
    positional: bool = False
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Expansion:
    """What `expand` is given: the arguments by name, the call's span, and names that are free to bind."""

    arguments: Mapping[str, ast.Expr]
    span: Span
    fresh: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim form, as a module constant `CLAIM`.

    `formula` is its definition in mathematics, printed by `nnspec explain`; `expand` must agree with it.
    """

    name: str
    summary: str
    formula: str
    parameters: tuple[Parameter, ...]
    expand: Callable[[Expansion], ast.Expr]


class ArgumentMismatch(Exception):
    """Raised by `expand` when arguments that are each fine do not fit together; in the user's words."""

    def __init__(self, problem: str, fix: str | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.fix = fix
