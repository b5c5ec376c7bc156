"""Decision trees on what a layer's neurons are, or on their values: every pure leaf is a candidate.

In: signatures, and a layer.  Out: candidates, those of most points first.  scikit-learn, which is needed for
this alone, is imported here and nowhere else.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from spec_lang.diagnostics import Diagnostic
from spec_lang.inference import codes
from spec_lang.inference.model import F64, Candidate, Indices, Literal, Method
from spec_lang.inference.numbers import decimal
from spec_lang.inference.signatures import NONE, Signatures
from spec_lang.inference.subject import Refused

if TYPE_CHECKING:
    from sklearn.tree import DecisionTreeClassifier

_MOST_POINTS = 20_000  # that a tree is grown on; its leaves are counted on all
_DEPTH = 12


def leaves(found: Signatures, layer: int, seed: int, *, on_values: bool) -> tuple[Candidate, ...]:
    """The pure leaves of a tree.  Raises `Refused` without scikit-learn."""
    try:
        from sklearn.tree import DecisionTreeClassifier  # noqa: PLC0415 - an extra, and slow to import
    except ImportError:
        fix = "`pip install 'nnspec[infer]'`, or choose other methods: `--method layer,box,relax`"
        raise Refused(Diagnostic(codes.EXTRA, "decision trees need scikit-learn", fix=fix)) from None
    rows = np.flatnonzero(found.decided != NONE)
    if len(rows) > _MOST_POINTS:
        rows = np.sort(np.random.default_rng(seed).permutation(rows)[:_MOST_POINTS])
    what: F64 = found.values(layer, rows) if on_values else found.bits[layer][rows].astype(np.float64)
    tree = DecisionTreeClassifier(max_depth=_DEPTH, random_state=seed)
    tree.fit(what, found.decided[rows])
    return tuple(_pure(tree, found, (layer, on_values), what[:0]))


def _pure(
    tree: DecisionTreeClassifier, found: Signatures, of: tuple[int, bool], _like: F64
) -> list[Candidate]:
    layer, on_values = of
    nodes = tree.tree_
    result: list[tuple[int, Candidate]] = []
    waiting: list[tuple[int, tuple[Literal, ...]]] = [(0, ())]
    while waiting:
        node, path = waiting.pop()
        left, right = int(nodes.children_left[node]), int(nodes.children_right[node])
        if left != right:
            literals = (_split(node, nodes, layer, above, on_values) for above in (False, True))
            waiting += [(child, (*path, c)) for child, c in zip((left, right), literals, strict=True)]
            continue
        values: Indices = nodes.value[node][0]
        if np.count_nonzero(values) == 1:
            decision = int(tree.classes_[int(np.argmax(values))])
            what = "values" if on_values else "bits"
            note = f"a leaf of a decision tree on the {what} of {found.subject.layers[layer].name}"
            candidate = Candidate(decision, Method.TREE, _tightened(path), note=note)
            result.append((int(nodes.n_node_samples[node]), candidate))
    result.sort(key=lambda pair: (-pair[0], pair[1].literals))
    return [candidate for _, candidate in result]


def _split(node: int, nodes: object, layer: int, above: bool, on_values: bool) -> Literal:
    neuron = int(getattr(nodes, "feature")[node])  # noqa: B009 - the library's own, without types
    threshold = Fraction(float(getattr(nodes, "threshold")[node]))  # noqa: B009
    bound = Fraction(decimal(threshold, up=False, digits=6)) if on_values and threshold > 0 else Fraction(0)
    return Literal(layer, neuron, above, bound)


def _tightened(path: tuple[Literal, ...]) -> tuple[Literal, ...]:
    """One condition for each neuron and side: the strongest."""
    found: dict[tuple[int, bool], Literal] = {}
    for literal in path:
        key = (literal.neuron, literal.above)
        known = found.get(key)
        if known is None or (literal.bound > known.bound) == literal.above:
            found[key] = literal
    return tuple(sorted(found.values()))
