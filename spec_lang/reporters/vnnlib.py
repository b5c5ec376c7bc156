"""The answers of VNN-COMP: `sat`, `unsat`, `unknown`, `timeout` or `error`, and the witness of a `sat`.

In: a report.  Out: one answer a claim, in network space.  Numbers are the shortest decimals that read back
as the same doubles; the outputs are onnxruntime's, as the competition's checker computes them, where there
are any.
"""

from __future__ import annotations

from typing import Final, TextIO

from spec_lang.kernel.verdict import Status
from spec_lang.reporters._numbers import as_float
from spec_lang.reporters.base import Reporter
from spec_lang.reporters.model import ClaimReport, Counterexample, Report

_ANSWERS: Final = {
    Status.PROVED: "unsat",
    Status.VACUOUS: "unsat",
    Status.REFUTED: "sat",
    Status.UNKNOWN: "unknown",
    Status.ERROR: "error",
}


class _VnnLib:
    name = "vnnlib"
    summary = "`sat`, `unsat`, `unknown` or `timeout`, and the witness, as VNN-COMP has them"

    def render(self, report: Report, stream: TextIO) -> None:
        if not report.claims:
            stream.write("error\n")
        for claim in report.claims:
            if claim.kind == "measure":  # which is no question of this form
                continue
            stream.write(_answer(claim) + "\n")
            if claim.counterexample is not None and claim.status is Status.REFUTED:
                stream.write(_witness(claim.counterexample) + "\n")


def _answer(claim: ClaimReport) -> str:
    if claim.status is Status.UNKNOWN and (claim.reason or "").startswith("timeout"):
        return "timeout"
    return _ANSWERS[claim.status]


def _witness(found: Counterexample) -> str:
    outputs = found.replay.onnxruntime_outputs
    if outputs is None:
        outputs = tuple(as_float(reading.network) for reading in found.outputs)
    values = [f"(X_{i} {as_float(reading.network)!r})" for i, reading in enumerate(found.inputs)]
    values += [f"(Y_{j} {value!r})" for j, value in enumerate(outputs)]
    return "(" + "\n ".join(values) + ")"


REPORTER: Final[Reporter] = _VnnLib()
