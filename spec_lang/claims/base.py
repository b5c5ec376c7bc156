"""What a claim form is: a typed function with named arguments that stands for a formula.

A form is a library over the core language: `expand` turns a call into the core formula, as syntax, and
from there on it is checked, lowered, decided and explained like anything that the user could have
written.  The grammar does not know any form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Final, Protocol

from spec_lang._values import dataclass
from spec_lang.diagnostics import Span
from spec_lang.syntax import ast

EXTREMA: Final = ("argmax", "argmin")


class ArgumentKind(Enum):
    """What an argument must be; the value is how a diagnostic names it."""

    NETWORK = "a network"
    OUTPUT = "an output of a network, such as `f.speed` or `f[2]`"
    POINT = "a point of the network's input space"
    TENSOR = "a tensor, such as `f.layer(x)`"
    SCALAR = "a number"
    TOLERANCE = "a number, or a list with one for each output"
    SHARE = "a share, such as `1 %`"
    LABEL = "one of the network's outputs, by name or number"
    REGION = "a region"
    NORM = "a norm: `linf`, `l2` or `l1`"
    INTERVAL = "an interval `[lower, upper]`"
    WORD = "one of its words"
    COMPONENTS = "an input of the network, by name or number, or a list of them"
    NEURONS = "a list of neurons, by number"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter; `default` is the argument's source text, None when the parameter may be left out
    with no default, in which case `required` says whether that is an error.

    `words` are the bare words that a `WORD` may be; they are no names of the file.  A number that is not
    `signed` must not be negative.
    """

    name: str
    kind: ArgumentKind
    meaning: str
    required: bool = True
    positional: bool = False
    default: str | None = None
    words: tuple[str, ...] = ()
    signed: bool = True

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ValueError(f"`{self.name}` cannot be the name of a parameter")
        if not self.meaning.strip():
            raise ValueError(f"the parameter `{self.name}` has no meaning written down")
        if bool(self.words) != (self.kind is ArgumentKind.WORD):
            raise ValueError(f"the parameter `{self.name}` has words if and only if its kind is WORD")

    @property
    def described(self) -> str:
        """What an argument for it must be."""
        if self.words:
            return " or ".join(f"`{word}`" for word in self.words)
        return self.kind.value


class Core(Protocol):
    """`core` of an `Expansion`: see there."""

    def __call__(self, text: str, **values: ast.Expr | Callable[..., ast.Expr]) -> ast.Expr: ...


@dataclass(frozen=True, slots=True)
class Expansion:
    """What `expand` is given.

    `arguments` are the arguments by parameter, defaults included; `given` names those that were written.
    `core` is how a form writes its formula: as text, in which the parameters' names stand for their
    arguments, the name of an output applied to a point is that output's value there, and what the text
    binds never meets a name of the user's.  Its keywords are further names of the text: expressions, or
    functions that build one from the arguments of a call.  `fresh` gives names that are free to bind, for
    a formula that is built by hand; `inputs` the names of a network's inputs, none if it does not say.
    """

    arguments: Mapping[str, ast.Expr]
    given: frozenset[str]
    span: Span
    core: Core
    fresh: Callable[[str], str]
    inputs: Callable[[ast.Expr], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Variant:
    """What a form stands for when it is called in another way; `when` is how."""

    when: str
    formula: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim form, as a module constant `CLAIM`.

    `formula` is its definition, printed by `nnspec explain`, and `expand` must agree with it; `variants`
    are those for other arguments, `notes` what a reader should know beside them.  `example` is a whole
    spec.  `package` is where a third-party form comes from; its author does not set it.
    """

    name: str
    summary: str
    formula: str
    parameters: tuple[Parameter, ...]
    expand: Callable[[Expansion], ast.Expr]
    example: str
    variants: tuple[Variant, ...] = ()
    notes: str = ""
    package: str | None = None

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ValueError(f"`{self.name}` cannot be the name of a form")
        for what in ("summary", "formula", "example"):
            if not getattr(self, what).strip():
                raise ValueError(f"the form `{self.name}` has no {what}")
        names = [parameter.name for parameter in self.parameters]
        if len(set(names)) < len(names):
            raise ValueError(f"two parameters of `{self.name}` have the same name")


class ArgumentMismatch(Exception):
    """Raised by `expand` when arguments that are each fine do not fit together; in the user's words.

    `at` is the argument that is to blame, if one is.
    """

    def __init__(self, problem: str, fix: str | None = None, at: str | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.fix = fix
        self.at = at
