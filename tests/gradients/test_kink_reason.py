"""Claims that hang on a choice at a kink are left open for that reason, and for no other."""

from __future__ import annotations

from pathlib import Path

from spec_lang.kernel.verdict import Status
from spec_lang.obligations.outcome import GaveUpReason
from tests.gradients.oracle import Answer
from tests.gradients.test_referee import asked_of, reports_on


def test_a_claim_that_fails_at_kinks_alone_says_so(tmp_path: Path) -> None:
    questions = asked_of({"same_signs": (7, 17), "mixed": (10,)})
    for report in reports_on(questions, tmp_path):
        one, (_, decide) = questions[report.name]
        assert decide(one.pieces).answer is Answer.KINK
        assert report.status is Status.UNKNOWN
        assert report.reason is not None
        assert report.reason.startswith(f"{GaveUpReason.KINK.value}: ")
        assert "numerical" not in report.reason
