"""Laws of earlier proofs: other weights get the verdict that they get without them, by less work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import pytest
from hypothesis import strategies as st
from onnx import helper

from spec_lang.engine import CheckOptions, check
from spec_lang.engine.audit import audit
from spec_lang.engine.warm_start import BY_POINT, BY_PROOF
from spec_lang.kernel.verdict import EvidenceKind, Status
from spec_lang.obligations.model import Semantics
from spec_lang.reporters.model import ClaimReport
from spec_lang.store.files import Store
from tests.laws import law
from tests.tiny_networks import onnx_bytes

Layers = list[tuple[np.ndarray, np.ndarray]]
SPEC: Final = """language 1
network f = "f.onnx" {{
    input a, b
    output p, q
    domain a in [-1, 1], b in [-1, 1]
}}
claim above: {claim}
"""
ABOVE: Final = "forall x in f.domain: f(x).p >= {0}"
BOTH: Final = "forall x in f.domain: f(x).p >= {0} and f(x).q >= {1}"
WAYS: Final = (
    CheckOptions(),
    CheckOptions(evidence=EvidenceKind.CHECKED),
    CheckOptions(semantics=Semantics.FLOAT32, evidence=EvidenceKind.CHECKED_ROUNDED),
)


def layers(seed: int, sizes: tuple[int, ...] = (2, 8, 8, 2)) -> Layers:
    rng = np.random.default_rng(seed)
    return [(rng.standard_normal((n, m)), rng.standard_normal(m) / 2) for n, m in pairwise(sizes)]


def retrained(old: Layers, share: float, seed: int = 0) -> Layers:
    """Every number changed by about such a share of itself."""
    rng = np.random.default_rng(seed)
    return [tuple(a * (1 + share * rng.standard_normal(a.shape)) for a in layer) for layer in old]  # type: ignore[misc]


def onnx_of(network: Layers) -> bytes:
    nodes, last = [], "x"
    weights: dict[str, np.ndarray] = {}
    for number, (weight, bias) in enumerate(network):
        weights |= {f"w{number}": weight.astype(np.float32), f"b{number}": bias.astype(np.float32)}
        end = number == len(network) - 1
        nodes.append(
            helper.make_node("Gemm", [last, f"w{number}", f"b{number}"], ["y" if end else f"z{number}"])
        )
        if not end:
            nodes.append(helper.make_node("Relu", [f"z{number}"], [f"a{number}"]))
        last = f"a{number}"
    return onnx_bytes(nodes, {"x": [1, len(network[0][0])]}, weights=weights)


def least(network: Layers) -> np.ndarray:
    """Of every output at points of a grid."""
    ends = np.linspace(-1, 1, 41)
    values = np.stack(np.meshgrid(ends, ends), axis=-1).reshape(-1, 2)
    for number, (weight, bias) in enumerate(network):
        values = values @ weight + bias
        if number < len(network) - 1:
            values = np.maximum(values, 0)
    found: np.ndarray = values.min(axis=0)
    return found


class Project:
    """A spec, its network and a store in a folder."""

    def __init__(self, folder: Path, claim: str) -> None:
        self.spec, self.network = folder / "f.nnspec", folder / "f.onnx"
        self.store = Store(folder / "proofs")
        self.spec.write_text(SPEC.format(claim=claim), encoding="utf-8")

    def check(self, network: Layers, options: CheckOptions = WAYS[0], **others: object) -> ClaimReport:
        self.network.write_bytes(onnx_of(network))
        known = replace(options, **{"store": self.store.folder, **others})  # type: ignore[arg-type]
        return check([self.spec], known)["above"]


def begun(report: ClaimReport) -> list[str]:
    return [step.backend for step in report.plan if step.backend in (BY_POINT, BY_PROOF)]


@pytest.mark.parametrize("way", WAYS, ids=["rounded", "exact", "float32"])
@pytest.mark.parametrize("claim", [ABOVE, BOTH], ids=["one", "two"])
@law(
    2,
    60,
    seed=st.integers(0, 5),
    share=st.sampled_from([1e-6, 1e-3, 1e-2, 0.1, 1.0]),
    below=st.sampled_from([0.3, 0.05, -0.02]),
    change=st.integers(0, 3),
)
def test_a_verdict_is_the_one_without_anything_earlier(
    seed: int, share: float, below: float, change: int, way: CheckOptions, claim: str
) -> None:
    old = layers(seed)
    with TemporaryDirectory() as folder:
        project = Project(Path(folder), claim.format(*(float(value) for value in least(old) - below)))
        first = project.check(old, way)
        new = retrained(old, share, change)
        cold = project.check(new, way, earlier=False, store=None)
        warm = project.check(new, way)
        assert warm.status is cold.status or cold.status is Status.UNKNOWN
        assert begun(warm) == {Status.PROVED: [BY_PROOF], Status.REFUTED: [BY_POINT]}.get(first.status, [])
        again = audit([project.spec], replace(way, store=project.store.folder))
        assert again.report["above"].status is warm.status


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Of a claim that holds of `layers(3)`, by some cuts."""
    return Project(tmp_path, ABOVE.format(float(least(layers(3))[0] - 0.05)))


def units(report: ClaimReport) -> int:
    return sum(count for _, count in report.work)


def test_a_proof_that_holds_still_takes_no_search(project: Project) -> None:
    cold, warm = project.check(layers(3)), project.check(retrained(layers(3), 1e-7))
    assert (cold.status, warm.status) == (Status.PROVED, Status.PROVED)
    assert units(cold) > 0
    assert units(warm) == 0
    assert begun(warm) == [BY_PROOF]
    assert "holds here" in warm.plan[0].why
    assert (warm.backend, warm.evidence) == (cold.backend, cold.evidence)


@pytest.mark.parametrize("seed", [3, 4])
def test_a_search_goes_on_where_a_proof_is_open(seed: int, tmp_path: Path) -> None:
    network = layers(seed)
    project = Project(tmp_path, ABOVE.format(float(least(network)[0] - 0.02)))
    assert project.check(network).status is Status.PROVED
    new = retrained(network, 0.03)
    cold, warm = project.check(new, earlier=False, store=None), project.check(new)
    assert (cold.status, warm.status) == (Status.PROVED, Status.PROVED)
    assert "leaves are closed here" in warm.plan[0].why
    assert len(warm.plan) == 1
    assert dict(warm.work)["boxes"] < dict(cold.work)["boxes"] / 4


def test_a_counterexample_is_tried_first(tmp_path: Path) -> None:
    network = layers(3)
    project = Project(tmp_path, ABOVE.format(float(least(network)[0] + 0.5)))
    assert project.check(network).status is Status.REFUTED
    warm = project.check(retrained(network, 1e-3))
    assert (warm.status, warm.backend, begun(warm)) == (Status.REFUTED, BY_POINT, [BY_POINT])
    assert units(warm) == 0
    better = [*network[:-1], (network[-1][0], network[-1][1] + 1.0)]
    proved = project.check(better)
    assert (proved.status, begun(proved)) == (Status.PROVED, [BY_POINT])


def test_a_proof_does_not_hide_that_the_claim_fails_now(project: Project) -> None:
    assert project.check(layers(3)).status is Status.PROVED
    worse = [*layers(3)[:-1], (layers(3)[-1][0], layers(3)[-1][1] - 1.0)]
    assert project.check(worse).status is Status.REFUTED


def test_what_was_checked_before_has_no_say_with_a_budget_or_where_nothing_earlier_is_wanted(
    project: Project,
) -> None:
    project.check(layers(3))
    new = retrained(layers(3), 1e-7)
    for options in (CheckOptions(budget=10_000, timeout=None), CheckOptions(earlier=False)):
        report = project.check(new, options)
        assert report.status is Status.PROVED
        assert begun(report) == []
        for path in project.store.folder.rglob("*.proof"):
            path.unlink()
        project.check(layers(3))


def test_another_structure_begins_anew(project: Project) -> None:
    project.check(layers(3))
    assert begun(project.check(layers(3, (2, 8, 7, 2)))) == []
    assert begun(project.check(layers(3))) == []  # what is stored of the very same network is no beginning


FORGED: Final[dict[str, Callable[[Store], None]]] = {}


def forged(function: Callable[[Store], None]) -> Callable[[Store], None]:
    FORGED[function.__name__] = function
    return function


@forged
def no_record(store: Store) -> None:
    for path in store.folder.rglob("*.proof"):
        if b"nnproof" in path.read_bytes():
            path.unlink()


@forged
def a_damaged_record(store: Store) -> None:
    for path in store.folder.rglob("*.proof"):
        path.write_bytes(path.read_bytes()[:-1])


@forged
def the_record_of_another_network(store: Store) -> None:
    """With the right name, and a proof about more inputs."""
    with TemporaryDirectory() as folder:
        other = Project(Path(folder), "forall x in f.domain: f(x).p >= -1000")
        other.spec.write_text(
            other.spec.read_text(encoding="utf-8")
            .replace("a, b", "a, b, c")
            .replace("b in [-1, 1]", "b in [-1, 1], c in [-1, 1]"),
            encoding="utf-8",
        )
        other.check(layers(1, (3, 8, 8, 2)))
        _overwritten(store, other.store)


@forged
def the_proof_of_a_weaker_claim(store: Store) -> None:
    with TemporaryDirectory() as folder:
        other = Project(Path(folder), "forall x in f.domain: f(x).p >= -1000")
        other.check(layers(3))
        _overwritten(store, other.store)


def _overwritten(store: Store, other: Store) -> None:
    """Every record gets the content of the other store's, under its own name."""
    (record,) = (path for path in other.folder.rglob("*.proof") if b"nnproof" in path.read_bytes())
    for path in store.folder.rglob("*.proof"):
        content = path.read_bytes()
        if b"nnproof" in content:
            path.write_bytes(content[:32] + record.read_bytes()[32:])


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
@pytest.mark.parametrize("lowered", [0.0, 1.0], ids=["holds", "fails"])
def test_whatever_is_stored_the_verdict_is_right(
    forge: Callable[[Store], None], lowered: float, project: Project
) -> None:
    project.check(layers(3))
    forge(project.store)
    new = [*layers(3)[:-1], (layers(3)[-1][0], layers(3)[-1][1] - lowered + 1e-6)]
    report = project.check(new)
    assert report.status is (Status.REFUTED if lowered else Status.PROVED)
