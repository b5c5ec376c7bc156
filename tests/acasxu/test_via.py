"""What a claim about a published network takes by itself, and by way of an invariant that has been proved.

In: ACAS Xu 1_1 around the region of its property 3, in network space.  Out: nothing but failures.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from spec_lang.engine import CheckOptions, check
from spec_lang.kernel.verdict import Status

NOT_CLEAR = "not (Y[0] <= Y[1] and Y[0] <= Y[2] and Y[0] <= Y[3] and Y[0] <= Y[4])"
SPEC = f"""network f = "{{onnx}}" {{{{ layer r = "relu_1" }}}}
region wide on f = box([-0.3076, -0.0249, 0.488, 0.14, 0.14], [-0.2945, 0.0249, 0.5, 0.5, 0.5])
region here on f = box([-0.306, -0.0191, 0.4901, 0.2, 0.2], [-0.2961, 0.0191, 0.5, 0.5, 0.5])
invariant core of f on wide: pattern(r, off: [39]) => {NOT_CLEAR.replace("Y", "output")}
claim alone: forall x in here: {NOT_CLEAR.replace("Y", "f(x)")}
claim cut @via(core): forall x in here: {NOT_CLEAR.replace("Y", "f(x)")}
"""


@pytest.mark.data
@pytest.mark.long
def test_a_proved_invariant_leaves_little_to_do(data_root: Path, tmp_path: Path) -> None:
    onnx = data_root / "acasxu" / "onnx" / "ACASXU_run2a_1_1_batch_2000.onnx"
    path = tmp_path / "f.nnspec"
    path.write_text(SPEC.format(onnx=onnx), encoding="utf-8")
    report = check([path], CheckOptions(budget=400_000, timeout=None, jobs=2))
    assert {claim.status for claim in report} == {Status.PROVED}
    cut = report["cut"].cut
    assert cut is not None
    assert cut.alone
    assert cut.reused is not None
    # What the claim takes without could not be spent: half of a budget is for the cut.
    needed = dict(report["alone"].work)["boxes"]
    assert needed > 3_000
    little = check([path], CheckOptions(budget=needed // 10, timeout=None, claims=("alone",)))["alone"]
    assert little.status is Status.UNKNOWN
    assert sum(count for _, count in report["cut"].work) * 1_000 < needed
