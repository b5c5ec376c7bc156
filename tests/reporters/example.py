"""One report that has everything in it: what the reporters' tests render."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from spec_lang.diagnostics import Diagnostic, Note, Severity, Span
from spec_lang.kernel.verdict import Evidence, EvidenceKind, Status
from spec_lang.reporters.model import (
    Bracket,
    ClaimReport,
    Counterexample,
    End,
    Measurement,
    Reading,
    Readings,
    Replay,
    Report,
    Step,
)

FILE = "car.nnspec"
SOURCE = 'network car = "car.onnx"\n\nclaim stops:\n\tforall x in near: car(x).brake >= 0.5\n'
TRUSTED = Evidence(EvidenceKind.TRUSTED, "bounds 0.1.0, input splitting")


def span(line: int, column: int, end_column: int) -> Span:
    return Span(FILE, line, column, line, end_column)


PROVED = ClaimReport(
    id=f"{FILE}::steady",
    name="steady",
    title="does not swerve",
    file=FILE,
    span=span(3, 1, 12),
    kind="claim",
    status=Status.PROVED,
    reason=None,
    semantics="real",
    evidence=TRUSTED,
    backend="bounds",
    plan=(
        Step("bounds", "it reaches furthest", (("timeout", 1), ("proved", 2)), 0.125),
        Step("smt", "for what `bounds` leaves open", (("proved", 1),), 0.0625),
    ),
    seconds=0.25,
    work=(("boxes", 95),),
    bound=None,
    counterexample=None,
    expected=Status.PROVED,
    as_expected=True,
)


def variant(name: str, status: Status, **changes: object) -> ClaimReport:
    """A claim like `steady`, with another name and verdict."""
    claim = replace(PROVED, id=f"{FILE}::{name}", name=name, title=None, status=status, evidence=None)
    return replace(claim, as_expected=status is Status.PROVED, **changes)  # type: ignore[arg-type]


COUNTEREXAMPLE = Counterexample(
    points=(
        Readings(
            "x",
            (
                Reading("gap", "m", Fraction(25, 2), Fraction(1, 8)),
                Reading("speed", "m/s", Fraction(10, 3), Fraction(1, 30)),
            ),
        ),
    ),
    results=(Readings("car", (Reading("brake", None, Fraction(-1, 10), Fraction(-1, 10)),)),),
    violates="car(x).brake >= 0.5",
    replay=Replay(True, True, (-0.10000000149011612,)),
)
REFUTED = variant(
    "stops", Status.REFUTED, evidence=Evidence(EvidenceKind.CHECKED), counterexample=COUNTEREXAMPLE
)
FLAW = replace(REFUTED, id=f"{FILE}::flaw", name="flaw", expected=Status.REFUTED, as_expected=True)
LUCK = replace(PROVED, id=f"{FILE}::luck", name="luck", expected=Status.REFUTED, as_expected=False)
CHECKED = replace(
    PROVED,
    id=f"{FILE}::sure",
    name="sure",
    evidence=Evidence(EvidenceKind.CHECKED_ROUNDED),
    semantics="float32",
    certificate=f"sha256:{'5e' * 32}",
    proof_bytes=12_345,
)
UNKEPT = replace(
    PROVED,
    id=f"{FILE}::large",
    name="large",
    evidence=Evidence(EvidenceKind.CHECKED),
    note="the proof is not stored: No space left on device",
)
FAMILY = (
    *(
        replace(CHECKED, id=f"{FILE}::all[{i}]", name=f"all[{i}]", title="all of them", proof_bytes=10**i)
        for i in range(1, 6)
    ),
    *(replace(PROVED, id=f"{FILE}::most[{i}]", name=f"most[{i}]", title=None) for i in range(1, 4)),
    variant("most[4]", Status.UNKNOWN, reason="timeout: 30 s", bound=-0.125),
)
REACHED = End(Fraction(1, 3), Evidence(EvidenceKind.CHECKED), COUNTEREXAMPLE, f"sha256:{'1a' * 32}", 200)
MEASURED = replace(
    PROVED,
    id=f"{FILE}::worst",
    name="worst",
    kind="measure",
    evidence=Evidence(EvidenceKind.CHECKED_ROUNDED),
    proof_bytes=712,
    measurement=Measurement(
        "max",
        "car(x).brake",
        "m/s²",
        Fraction(1, 20),
        relative=True,
        said=True,
        reached=True,
        brackets=(
            Bracket(
                "greatest",
                REACHED,
                End(
                    Fraction(35, 100),
                    Evidence(EvidenceKind.CHECKED_ROUNDED),
                    None,
                    f"sha256:{'2b' * 32}",
                    512,
                ),
            ),
        ),
    ),
)
ASKED_RANGE = Measurement(
    "range",
    "car(x).brake",
    None,
    Fraction(1, 100),
    relative=True,
    said=False,
    reached=False,
    brackets=(
        Bracket("least", None, replace(REACHED, value=Fraction(-1, 10))),
        Bracket("greatest", replace(REACHED, value=Fraction(2)), End(Fraction(2), TRUSTED)),
    ),
)
RADIUS = Measurement(
    "largest",
    "r",
    None,
    Fraction(1, 1000),
    relative=False,
    said=True,
    reached=True,
    brackets=(
        Bracket("largest", End(Fraction(1, 4), TRUSTED), replace(REACHED, value=Fraction(2501, 10000))),
    ),
)
MEASURES = (
    MEASURED,
    variant("spread", Status.UNKNOWN, kind="measure", reason="interrupted", measurement=ASKED_RANGE),
    variant("radius", Status.PROVED, kind="measure", evidence=TRUSTED, measurement=RADIUS),
)
CLAIMS = (
    PROVED,
    REFUTED,
    FLAW,
    LUCK,
    CHECKED,
    UNKEPT,
    variant("slow", Status.UNKNOWN, reason="unsupported: bounds: the region is unbounded"),
    variant("empty", Status.VACUOUS, reason="the region is empty: `x.gap < 0` clashes with `x.gap >= 0`"),
    variant("crash", Status.ERROR, reason="internal error, please report: KeyError: 3"),
    *FAMILY,
    *MEASURES,
)
ERROR = Diagnostic(
    "NN117",
    "`car` has no output `brake`",
    span(4, 27, 32),
    "did you mean `break`?",
    notes=(Note("its outputs are named here", span(1, 1, 8)), Note("and nowhere else")),
)
WARNING = Diagnostic("NN501", "`empty` says nothing", None, None, Severity.WARNING)
REPORT = Report(
    version="0.1.0",
    claims=CLAIMS,
    diagnostics=(ERROR, WARNING),
    sources=((FILE, SOURCE),),
    seconds=3.5,
)
