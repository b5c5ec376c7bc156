"""Large specs of several shapes, for measuring the front end.

In: a shape and a number of claims.  Out: the text of a spec with that many claims, about five lines a claim,
all of them over the one tiny network `f` of two inputs and two outputs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

HEAD: Final = """\
language 1
network f = "f.onnx" {
    input  a "m", b
    output p, q
    encode x = (x - [0.5, 1]) / [2, 4]
    decode y = 3 * y + 0.25
    domain a in [0, 1], b in [-1, 1]
}
param eps = 0.05
region near on f = { x | x.a <= 0.5 and x.b >= 0 }
"""


def short(n: int) -> str:
    """A claim of one comparison, a title, a comment."""
    return f"""
## Claim {n} of many.
claim short_{n} "it stays below":
    forall x in near:
        f(x).p <= {n % 97} + eps
"""


def dense(n: int) -> str:
    """A formula that fills three lines."""
    return f"""
claim dense_{n} @timeout(30 s): forall x in box([0, {n % 7}/10], [1, 1]) & near:
    (0 <= f(x).p < {n % 13}.5 or f(x).q >= 2 * x.a - 0.1 * x.b + {n % 5}) and not (x.b == 0 and f(x)[0] > 1)
    => (if x.a <= 0.5 then f(x).p + f(x).q else abs(f(x).p - f(x).q)) <= {n}.25e1 + 3 * (x.a - 2 * x.b)
       and max(f(x)) >= -{n % 100}
"""


def family(n: int) -> str:
    """Four members each, over a family of regions of its own."""
    return f"""
region slab_{n}[i in 0..3] on f = {{ x | i / 4 <= x.a <= (i + 1) / 4 }}
claim family_{n}[i in 0..3] "in each slab":
    forall x in slab_{n}[i]:
        f(x).q >= -{n % 89} - i

"""


def defined(n: int) -> str:
    """A definition, used by the next claim and the one after it."""
    before = max(0, n - 1)
    return f"""
def better_{n}(y, k) = forall j: j != k => y[j] < y[k] + {n % 11}
claim defined_{n}:
    forall x in near:
        better_{n}(f(x), 0) or better_{before}(f(x), 1)
"""


def region(n: int) -> str:
    """A region of its own for every claim, made of others."""
    before = max(0, n - 1)
    return f"""
region place_{n} on f = {{ x | x.a + x.b <= {1 + n % 10}/10 }} & box([0, -1], [1, {1 + n % 3}])
region both_{n} on f = place_{n} & place_{before}
claim region_{n}:
    forall x in both_{n}: f(x).p >= -{n % 77}
"""


def form(n: int) -> str:
    """Claim forms, with what they take."""
    return f"""
claim form_{n}:
    robust(f, at: [0.{n % 9 + 1}, 0.25], label: {"pq"[n % 2]},
           within: 0.0{n % 9 + 1}, norm: linf)
claim form_range_{n}: output_range(f.p, on: near, within: [-{n % 50}, {n % 50}])
"""


SHAPES: Final[dict[str, Callable[[int], str]]] = {
    "short": short,
    "dense": dense,
    "family": family,
    "defined": defined,
    "region": region,
    "form": form,
}


def mixed(n: int) -> str:
    """Each shape in turn."""
    return tuple(SHAPES.values())[n % len(SHAPES)](n // len(SHAPES))


def spec(shape: str, claims: int) -> str:
    """The text of a spec with `claims` declarations of `shape`, or of `mixed` ones."""
    one = mixed if shape == "mixed" else SHAPES[shape]
    return HEAD + "".join(one(n) for n in range(claims))
