"""A report with everything that can be looked at, and one whose names are hostile."""

from __future__ import annotations

from dataclasses import replace

from spec_lang.kernel.verdict import Status
from spec_lang.reporters._pictures import Course, Ends, Layer, Moment, NetworkView, Picture, Port, Side, Slice
from spec_lang.reporters.model import ClaimReport, Readings, Report
from tests.reporters.example import COUNTEREXAMPLE, FILE, MEASURED, PROVED, REFUTED, REPORT, SOURCE, variant

HOSTILE = (
    "</script><script>document.title='broken'</script>",
    "\"'><img src=x onerror=document.title='broken'>",
    "javascript:document.title='broken'",
    "</style></title><svg onload=document.title='broken'>",
    "a\x00\x07\x1b[2Jb\u202ec\u2028d\ud800e",
    "שלום &amp; <!-- ]]>",
)


def image(name: str = "x") -> Picture:
    values = tuple(i / 15 for i in range(16))
    return Picture(name, (1, 4, 4), values, beside=tuple(reversed(values)), beside_words="what was given")


def side(name: str, unit: str | None = None) -> Side:
    return Side(name, unit, -1.0, 3.0, 0.5)


def disc(steps: int = 9) -> tuple[tuple[float, ...], ...]:
    """Margins of being more than 1 away from the middle."""
    places = [-2 + 4 * k / (steps - 1) for k in range(steps)]
    return tuple(tuple(x * x + y * y - 1 for x in places) for y in places)


SLICE = Slice(side("gap", "m"), side("speed"), ((-1, -1), (3, -1), (3, 3), (-1, 3)), disc(), 2, ("z",))
COURSE = Course(
    "s",
    tuple(Moment(k / 8, k // 5, 10 * k, 30 - 2 * k, -8.0 / (k + 1)) for k in range(10)),
    (Ends(0.1, 0, None, 5.0), Ends(0.5, 0, 1.0, 5.0), Ends(0.75, 0, 1.0, 2.0)),
)
NETWORK = NetworkView(
    ("car",),
    "car.onnx",
    f"sha256:{'7c' * 32}",
    (Port("input", (2,), (("gap", "m"), ("speed", "m/s"))),),
    (Port("output", (1,)),),
    (
        Layer("dense", 12, (0,), (4,)),
        Layer("ReLU", 0, (1,), (4,)),
        Layer("dense", 20, (2,), (4,)),
        Layer("sum", 0, (3, 2), (4,)),
        Layer("dense", 5, (4,), (1,)),
    ),
    (5,),
    (PROVED.id, REFUTED.id),
)
SEEN = (
    replace(PROVED, course=COURSE),
    replace(REFUTED, counterexample=replace(COUNTEREXAMPLE, slice=SLICE)),
    variant("drawn", Status.REFUTED, counterexample=replace(COUNTEREXAMPLE, pictures=(image(),))),
    replace(MEASURED, course=COURSE),
)
OTHERS = tuple(claim for claim in REPORT.claims if claim.id not in {seen.id for seen in SEEN})
LOOKED_AT = replace(REPORT, claims=(*SEEN, *OTHERS), networks=(NETWORK,), sources=((FILE, SOURCE),))


def hostile() -> Report:
    """Every name that a user may choose is one that nobody should."""
    claims = tuple(_hostile(words, number) for number, words in enumerate(HOSTILE))
    view = replace(
        NETWORK,
        names=HOSTILE,
        file=HOSTILE[0],
        inputs=(Port(HOSTILE[1], (2,), ((HOSTILE[0], HOSTILE[1]), (HOSTILE[4], None))),),
        outputs=(Port(HOSTILE[3], (1,)),),
        claims=tuple(claim.id for claim in claims),
    )
    return replace(
        REPORT, claims=claims, networks=(view,), sources=tuple((words, words) for words in HOSTILE)
    )


def _hostile(words: str, number: int) -> ClaimReport:
    parts = [
        Readings(words, tuple(replace(r, name=words, unit=words) for r in part.readings))
        for part in (*COUNTEREXAMPLE.points, *COUNTEREXAMPLE.results)
    ]
    found = replace(
        COUNTEREXAMPLE,
        points=(parts[0],),
        results=(parts[1],),
        violates=words,
        pictures=(image(words),),
        slice=replace(SLICE, across=side(words, words), up=side(words), follow=(words,)),
    )
    step = replace(PROVED.plan[0], backend=words, why=words, outcomes=((words, 2),))
    return variant(
        f"{words}[{number}]",
        Status.REFUTED,
        title=words,
        file=words,
        reason=words,
        backend=words,
        note=words,
        region=words,
        counterexample=found,
        plan=(step,),
        work=((words, 3),),
    )


def many(count: int) -> Report:
    """A report of so many claims, most of them of families."""
    claims = tuple(
        replace(
            (PROVED, REFUTED, MEASURED)[0 if k % 50 else 1],
            id=f"spec_{k // 100}.nnspec::claim_{k // 20}[{k}]",
            name=f"claim_{k // 20}[{k}]",
            file=f"spec_{k // 100}.nnspec",
        )
        for k in range(count)
    )
    return replace(REPORT, claims=claims, diagnostics=())
