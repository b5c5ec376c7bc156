"""Specs over one tiny network, for tests of the engine and of the command line.

The network is `f(a, b) = (p, q)` of `tests.tiny_networks.perceptron`, on disk beside the spec.
"""

from __future__ import annotations

from pathlib import Path

from tests.tiny_networks import perceptron

HEAD = 'network f = "f.onnx" {\n    input a "m", b\n    output p, q\n    domain a in [0, 1], b in [0, 1]\n}\n'
HOLDS = "claim holds: forall x in f.domain: f(x).p >= -100\n"
FAILS = "claim fails: forall x in f.domain: f(x).p <= -100\n"
FLAW = "claim flaw @expect(refuted): forall x in f.domain: f(x).p <= -100\n"
LUCK = "claim luck @expect(refuted): forall x in f.domain: f(x).p >= -100\n"
EMPTY = "claim empty: forall x in { x | x.a >= 2 }: f(x).p <= -100\n"
FAMILY = "claim every[i in 0..3]: forall x in f.domain: f(x).p >= -100 - i\n"


def write(folder: Path, *claims: str, name: str = "f.nnspec", head: str = HEAD) -> Path:
    """A spec of these claims, and its network beside it."""
    (folder / "f.onnx").write_bytes(perceptron().SerializeToString())
    path = folder / name
    path.write_text(head + "".join(claims), encoding="utf-8")
    return path
