"""From a spec to a report: proofs are stored and audited, pairs replayed, constants measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import helper, numpy_helper

from spec_lang.engine import CheckOptions, check
from spec_lang.engine.audit import audit
from spec_lang.kernel.verdict import EvidenceKind, Status
from tests.invertibility.networks import write
from tests.mean_value.asking import layers_of
from tests.mean_value.test_proofs import BENT

SPEC = """language 1
network f = "f.onnx" { input a, b  output u, v  encode x = (x - [1, 2]) / [2, 4]  decode y = 3 * y }
region on on f = { x | -1 <= x.a and x.a <= 3 and -2 <= x.b and x.b <= 6 }
claim steep:   lipschitz(f, on: on, at_most: 9)
claim steeper: lipschitz(f, on: on, at_most: 6, norm: l2)
claim rises:   monotone(f.u, in: [a, b], increasing, on: on)
claim falls:   monotone(f.v, in: a, decreasing, on: on)
measure constant = smallest K in [0, 100] with lipschitz(f, on: on, at_most: K, norm: l1), to 5 %
"""
"""u = 3·relu(p + q) and v = 9·relu(p − q) with p = (a − 1)/2 and q = (b − 2)/4: |∂v/∂a| + |∂v/∂b| <= 27/4."""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    write(layers_of(BENT.graph), tmp_path / "f.onnx")
    (tmp_path / "f.nnspec").write_text(SPEC, encoding="utf-8")
    return tmp_path / "f.nnspec"


def test_a_spec_is_decided_and_audited(spec: Path, tmp_path: Path) -> None:
    options = CheckOptions(timeout=60, budget=40_000, jobs=1, store=tmp_path / "store")
    report = check([spec], options)
    found = {claim.name: claim for claim in report.claims}
    statuses = {name: claim.status for name, claim in found.items()}
    assert statuses == {
        "steep": Status.PROVED,
        "steeper": Status.PROVED,
        "rises": Status.PROVED,
        "falls": Status.REFUTED,
        "constant": Status.PROVED,
    }
    assert {claim.backend for claim in report.claims} == {"slopes"}
    measured = found["constant"].measurement
    assert measured is not None
    (bracket,) = measured.brackets
    # Of the columns (3/2, 9/2) and (3/4, 9/4) the first sums to 6 where both neurons are on.
    assert bracket.lower is not None
    assert bracket.upper is not None
    assert bracket.lower.value <= 6 <= bracket.upper.value
    again = audit([spec], options).report.claims
    assert [claim.status for claim in again] == [claim.status for claim in report.claims]
    assert all(c.evidence is None or c.evidence.kind is not EvidenceKind.TRUSTED for c in again)


def test_convolutions(tmp_path: Path) -> None:
    """A positive kernel before ReLUs and positive weights: the sum rises with every input."""
    kernel = np.array([[[[0.5, 0.25], [0.125, 1]]]], dtype=np.float32)
    initializers = [
        numpy_helper.from_array(kernel, "w"),
        numpy_helper.from_array(np.array([-0.5], dtype=np.float32), "b"),
        numpy_helper.from_array(np.array([-1, 4], dtype=np.int64), "shape"),
        numpy_helper.from_array(np.ones((4, 1), dtype=np.float32), "sum"),
    ]
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["z"]),
        helper.make_node("Relu", ["z"], ["h"]),
        helper.make_node("Reshape", ["h", "shape"], ["flat"]),
        helper.make_node("MatMul", ["flat", "sum"], ["y"]),
    ]
    x, y = (helper.make_tensor_value_info(n, 1, s) for n, s in (("x", [1, 1, 3, 3]), ("y", [1, 1])))
    graph = helper.make_graph(nodes, "g", [x], [y], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    (tmp_path / "c.onnx").write_bytes(model.SerializeToString())
    lines = [
        "language 1",
        'network c = "c.onnx"',
        "region on on c = { x | forall i: -1 <= flat(x)[i] and flat(x)[i] <= 1 }",
        "claim up:   monotone(c[0], in: [0, 4], increasing, on: on)",
        "claim down: monotone(c[0], in: 4, decreasing, on: on)",
        "claim slow: lipschitz(c, on: on, at_most: 7.6)",
    ]
    (tmp_path / "c.nnspec").write_text("\n".join([*lines, ""]), encoding="utf-8")
    report = check([tmp_path / "c.nnspec"], CheckOptions(timeout=60, budget=4000, jobs=1))
    assert not [d for d in report.diagnostics if d.is_error], report.diagnostics
    statuses = {claim.name: claim.status for claim in report.claims}
    assert statuses == {"up": Status.PROVED, "down": Status.REFUTED, "slow": Status.PROVED}
