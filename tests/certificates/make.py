"""Writes the stored proofs of this folder: `python -m tests.certificates.make`.

In: the obligations and the producer of the tests.  Out: `correct/*.proof`, which the kernel accepts, and
`incorrect/*.proof`, each a correct one with one thing wrong, named by its obligation and by what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from spec_lang.obligations.certificate import BoxProof, Lemma, PhaseProof, PhaseTree, Proof
from spec_lang.obligations.outcome import Attestation, Proved
from spec_lang.store.codec import decode, encode
from tests.certificates.obligations import OBLIGATIONS
from tests.certificates.producer import Producer

FOLDER: Final = Path(__file__).parent
_STAMP: Final = Attestation("tests", "1", "by trial")
Change = Callable[[Proof], Proof]


def lemma() -> Lemma:
    """Of the second layer of `lemmas`: both neurons from both sides, by the slopes of the first."""
    return Lemma(
        np.array([3, 4, 3, 4], dtype=np.int32),
        np.array([1, 1, -1, -1], dtype=np.int8),
        np.full(4, -1, dtype=np.int32),
        np.zeros((4, 0), dtype=np.float32),
        np.array([0, 1, 2], dtype=np.int32),
        np.tile(np.array([1, 0.5, 0], dtype=np.float32), (4, 1)),
    )


def correct() -> dict[str, Proof]:
    """A proof of every obligation that holds, by what it is closed by."""
    found: dict[str, Proof | None] = {
        "alternatives-by-cuts": Producer(OBLIGATIONS["alternatives"]).by_cuts(),
        "alternatives-by-both": Producer(OBLIGATIONS["alternatives"], seed=1, effort=200).by_both(),
        "boxes-by-both": Producer(OBLIGATIONS["boxes"]).by_both(),
        "constraints-by-cuts": Producer(OBLIGATIONS["constraints"]).by_cuts(),
        "cuts-by-cuts": Producer(OBLIGATIONS["cuts"]).by_cuts(),
        "cuts-by-both": Producer(OBLIGATIONS["cuts"]).by_both(),
        "float32-by-phases": Producer(OBLIGATIONS["float32"]).by_phases(),
        "lemmas-by-phases": Producer(OBLIGATIONS["lemmas"]).by_phases([lemma()]),
        "phases-by-cuts": Producer(OBLIGATIONS["phases"]).by_cuts(),
        "phases-by-phases": Producer(OBLIGATIONS["phases"], effort=200).by_phases(),
        "strict-by-phases": Producer(OBLIGATIONS["strict"]).by_phases(),
    }
    assert all(found.values()), [name for name, proof in found.items() if proof is None]
    return {name: proof for name, proof in found.items() if proof is not None}


# -- changes ---------------------------------------------------------------------------------------------


def _part(change: Callable[[BoxProof], BoxProof]) -> Change:
    return lambda proof: Proof((change(proof.parts[0]), *proof.parts[1:]))


def _box(**arrays: object) -> Change:
    return _part(lambda part: replace(part, **arrays))  # type: ignore[arg-type]


def _phases(change: Callable[[PhaseProof], PhaseProof]) -> Change:
    return _part(lambda part: replace(part, phases=(change(part.phases[0]), *part.phases[1:])))


def _tree(change: Callable[[PhaseTree], PhaseTree]) -> Change:
    return _phases(lambda found: replace(found, trees=(change(found.trees[0]), *found.trees[1:])))


def _lemma(change: Callable[[Lemma], Lemma]) -> Change:
    return _phases(lambda found: replace(found, lemmas=(change(found.lemmas[0]), *found.lemmas[1:])))


def _put(array: np.ndarray[Any, Any], place: int | tuple[int, int], value: float) -> np.ndarray[Any, Any]:
    changed = np.array(array)
    changed[place] = value
    return changed


def _multiplier(value: float) -> Change:
    return _tree(lambda tree: replace(tree, multipliers=_put(tree.multipliers, (0, 0), value)))


def _slope(value: float) -> Change:
    return _tree(lambda tree: replace(tree, slopes=_put(tree.slopes, (0, 0), value)))


def _swapped(tree: PhaseTree) -> PhaseTree:
    """The numbers of the leaves in the opposite order: each is said of the other phase."""
    return replace(tree, multipliers=tree.multipliers[::-1].copy(), slopes=tree.slopes[::-1].copy())


def _other_neuron(tree: PhaseTree) -> PhaseTree:
    return replace(tree, neuron=np.where(tree.neuron < 0, -1, 1 - tree.neuron).astype(np.int32))


def _first_phase_only(tree: PhaseTree) -> PhaseTree:
    """A tree whose root lost its second child, and says nothing of having had one."""
    return replace(
        tree,
        neuron=np.array([-1], dtype=np.int32),
        multipliers=tree.multipliers[:1],
        slopes=tree.slopes[:1],
    )


# What is wrong, by the correct proof that it is done to.  A change that leaves a proof as it is makes one of
# another obligation: the name before the dash is that of the obligation.
INCORRECT: Final[dict[str, tuple[str, Change]]] = {
    "phases-negative-multiplier": ("phases-by-phases", _multiplier(-1.0)),
    "phases-all-multipliers-zero": ("phases-by-phases", _multiplier(0.0)),
    "phases-multiplier-nan": ("phases-by-phases", _multiplier(np.nan)),
    "phases-multiplier-infinite": ("phases-by-phases", _multiplier(np.inf)),
    "phases-negative-beta": ("phases-by-phases", _slope(-1.0)),
    "phases-beta-nan": ("phases-by-phases", _slope(np.nan)),
    "phases-beta-infinite": ("phases-by-phases", _slope(np.inf)),
    "phases-swapped-phases": ("phases-by-phases", _tree(_swapped)),
    "phases-another-neuron": ("phases-by-phases", _tree(_other_neuron)),
    "phases-no-such-neuron": (
        "phases-by-phases",
        _tree(lambda tree: replace(tree, neuron=np.where(tree.neuron < 0, -1, 2).astype(np.int32))),
    ),
    "phases-neuron-below-a-leaf": (
        "phases-by-phases",
        _tree(lambda tree: replace(tree, neuron=np.where(tree.neuron < 0, -2, tree.neuron).astype(np.int32))),
    ),
    "phases-dropped-phase": ("phases-by-phases", _tree(_first_phase_only)),
    "phases-dropped-node": (
        "phases-by-phases",
        _tree(lambda tree: replace(tree, neuron=tree.neuron[:-1])),
    ),
    "phases-extra-node": (
        "phases-by-phases",
        _tree(lambda tree: replace(tree, neuron=np.append(tree.neuron, np.int32(-1)))),
    ),
    "phases-extra-leaf": (
        "phases-by-phases",
        _tree(
            lambda tree: replace(
                tree,
                multipliers=np.vstack([tree.multipliers, tree.multipliers[:1]]),
                slopes=np.vstack([tree.slopes, tree.slopes[:1]]),
            )
        ),
    ),
    "phases-columns-in-no-order": (
        "phases-by-phases",
        _tree(lambda tree: replace(tree, columns=tree.columns[::-1].copy())),
    ),
    "phases-column-of-no-neuron": (
        "phases-by-phases",
        _tree(lambda tree: replace(tree, columns=tree.columns + np.int32(1))),
    ),
    "phases-missing-tree": (
        "phases-by-phases",
        _phases(lambda found: replace(found, trees=found.trees[:-1])),
    ),
    "phases-missing-conjunction": (
        "phases-by-phases",
        _phases(lambda found: replace(found, trees=(found.trees[0], replace(found.trees[1], conjunction=0)))),
    ),
    "phases-no-such-conjunction": (
        "phases-by-phases",
        _phases(lambda found: replace(found, trees=(found.trees[0], replace(found.trees[1], conjunction=2)))),
    ),
    "phases-missing-phase-proof": ("phases-by-phases", _box(phases=())),
    "float32-slope-above-one": ("float32-by-phases", _slope(1.5)),
    "float32-negative-slope": ("float32-by-phases", _slope(-0.5)),
    "lemmas-slope-nan": (
        "lemmas-by-phases",
        _lemma(lambda one: replace(one, slopes=_put(one.slopes, (0, 0), np.nan))),
    ),
    "lemmas-of-no-side": ("lemmas-by-phases", _lemma(lambda one: replace(one, side=_put(one.side, 0, 0)))),
    "lemmas-of-no-neuron": (
        "lemmas-by-phases",
        _lemma(lambda one: replace(one, neuron=_put(one.neuron, 0, 9))),
    ),
    "lemmas-of-two-layers": (
        "lemmas-by-phases",
        _lemma(lambda one: replace(one, neuron=_put(one.neuron, 0, 0))),
    ),
    "phases-dropped-child": (
        "phases-by-cuts",
        _part(lambda part: replace(part, axis=part.axis[:-1], weights=part.weights[:-1])),
    ),
    "phases-root-for-the-tree": (
        "phases-by-cuts",
        _part(lambda part: replace(part, axis=part.axis[-1:], cut=part.cut[:0], weights=part.weights[-1:])),
    ),
    "phases-no-such-input": (
        "phases-by-cuts",
        _part(lambda part: replace(part, axis=np.where(part.axis < 0, -1, 1).astype(np.int32))),
    ),
    "phases-no-such-leaf": (
        "phases-by-cuts",
        _part(lambda part: replace(part, axis=np.where(part.axis < 0, -3, part.axis).astype(np.int32))),
    ),
    "phases-cut-outside-the-box": ("phases-by-cuts", _part(lambda part: replace(part, cut=part.cut * 0 + 9))),
    "phases-cut-nan": ("phases-by-cuts", _part(lambda part: replace(part, cut=part.cut * np.nan))),
    "phases-cut-infinite": ("phases-by-cuts", _part(lambda part: replace(part, cut=part.cut + np.inf))),
    "phases-missing-cut": ("phases-by-cuts", _part(lambda part: replace(part, cut=part.cut[:-1]))),
    "alternatives-missing-weights": (
        "alternatives-by-cuts",
        _part(lambda part: replace(part, weights=part.weights[:, :0])),
    ),
    "boxes-missing-box": ("boxes-by-both", lambda proof: Proof(proof.parts[:-1])),
    "boxes-the-same-box-twice": ("boxes-by-both", lambda proof: Proof(proof.parts[:1] * 2)),
    "boxes-extra-box": ("boxes-by-both", lambda proof: Proof((*proof.parts, proof.parts[0]))),
    "boxes-no-box": ("boxes-by-both", lambda _: Proof(())),
    "false-another-obligation": ("cuts-by-both", lambda proof: proof),
    "false_tie-a-strict-atom-was-meant": ("strict-by-phases", lambda proof: proof),
    "false_phases-another-threshold": ("phases-by-phases", lambda proof: proof),
    "false_region-a-larger-region": ("cuts-by-both", lambda proof: proof),
    "false_second_box-one-box-of-two": ("cuts-by-both", lambda proof: proof),
    "false_second_box-the-first-for-the-second": (
        "cuts-by-both",
        lambda proof: Proof((proof.parts[0], replace(proof.parts[0], box=1))),
    ),
    "false_second_alternative-another-disjunct": ("alternatives-by-both", lambda proof: proof),
    "false_weight-a-changed-weight": ("cuts-by-both", lambda proof: proof),
    "false_weight_of_phases-a-changed-weight": ("phases-by-phases", lambda proof: proof),
}


def stored(path: Path) -> Proof:
    """The proof in a file."""
    (outcome,) = decode(path.read_bytes()).outcomes
    assert isinstance(outcome, Proved)
    assert isinstance(outcome.proof, Proof)
    return outcome.proof


def incorrect() -> dict[str, Proof]:
    """Every incorrect proof, made of the stored correct ones."""
    return {
        name: change(stored(FOLDER / "correct" / f"{base}.proof"))
        for name, (base, change) in INCORRECT.items()
    }


def main() -> None:
    """Write both folders anew."""
    for folder, make in (("correct", correct), ("incorrect", incorrect)):
        target = FOLDER / folder
        target.mkdir(exist_ok=True)
        for old in target.glob("*.proof"):
            old.unlink()
        for name, proof in make().items():
            (target / f"{name}.proof").write_bytes(encode([Proved(_STAMP, proof)]))


if __name__ == "__main__":
    main()
