"""What a check found, in the user's names and units: all that a reporter is given.

Numbers of a counterexample are kept twice, as exact rationals and ready to print; nothing here needs a
network to be read again.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from spec_lang._values import dataclass
from spec_lang.diagnostics import Diagnostic, Span
from spec_lang.kernel.verdict import Evidence, Status
from spec_lang.reporters._counts import DataCount, ShareCount
from spec_lang.reporters._cut import CutCourse
from spec_lang.reporters._invocation import Invocation
from spec_lang.reporters._known import Known as Known  # noqa: PLC0414 - a part of the model
from spec_lang.reporters._pictures import Course, NetworkView, Picture, Slice


@dataclass(frozen=True, slots=True)
class Reading:
    """One element of an input or output: its name and unit, its value in both spaces, exact."""

    name: str
    unit: str | None
    problem: Fraction
    network: Fraction


@dataclass(frozen=True, slots=True)
class Replay:
    """`exact`: the kernel's evaluation in rationals.  `onnxruntime`: whether its float32 run at the
    nearest input violates the claim as well; None when it could not be asked, with `note` saying why."""

    exact: bool
    onnxruntime: bool | None
    onnxruntime_outputs: tuple[float, ...] | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Readings:
    """A variable (`x`), or what a network gives (`f`; `f(x)` where there are several), and its elements."""

    name: str
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class Plane:
    """What can be drawn in a plane: points with two elements each, of the same names and units, and the
    corners of the regions that they are from, in order around each; in problem space."""

    spots: tuple[Readings, ...]
    outlines: tuple[tuple[tuple[Fraction, Fraction], ...], ...] = ()


@dataclass(frozen=True, slots=True)
class ChangedArray:
    """By how much numbers of a network are off, exactly, in row-major order."""

    name: str
    shape: tuple[int, ...]
    changes: tuple[Fraction, ...]


@dataclass(frozen=True, slots=True)
class ChangedNetwork:
    """A network whose weights are off: how many of all, and by what share of themselves at most, about."""

    name: str
    changed: int
    total: int
    most: float
    arrays: tuple[ChangedArray, ...]


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A point that breaks a claim; of an `exists`, the point that makes it true.

    `violates` is the clause that fails, or holds then, as the user wrote it.  Outputs of a network with
    smooth functions are irrational: in network space each is within `error` of what is said.  Where points of
    a plane have one image, `planes` are those of the points and of the images.  `networks` are those that
    have other weights than their files.  Where pictures were asked for, points that are images are
    `pictures`, and others are seen on a `slice` of their region.
    """

    points: tuple[Readings, ...]
    results: tuple[Readings, ...]
    violates: str
    replay: Replay
    error: Fraction = Fraction(0)
    planes: tuple[Plane, ...] = ()
    networks: tuple[ChangedNetwork, ...] = ()
    pictures: tuple[Picture, ...] = ()
    slice: Slice | None = None

    @property
    def inputs(self) -> tuple[Reading, ...]:
        """The elements of all points."""
        return tuple(reading for point in self.points for reading in point.readings)

    @property
    def outputs(self) -> tuple[Reading, ...]:
        """The elements of all results."""
        return tuple(reading for result in self.results for reading in result.readings)


@dataclass(frozen=True, slots=True)
class End:
    """One end of a bracket, exact: a proof says that nothing lies beyond it, or `point` reaches it."""

    value: Fraction
    evidence: Evidence
    point: Counterexample | None = None
    certificate: str | None = None  # "sha256:…" of what is stored of it
    proof_bytes: int | None = None  # its size as stored


@dataclass(frozen=True, slots=True)
class Bracket:
    """The `name` (`least`, `greatest`; `largest`, `smallest`) of a measure lies between these ends; None
    where nothing is proved on that side."""

    name: str
    lower: End | None
    upper: End | None


@dataclass(frozen=True, slots=True)
class Measurement:
    """What is known of a measure: `asked` is its word, `words` what is measured, the value of points or the
    variable of a claim.  A `range` has two brackets; the ends of a count, of `regions`, are whole numbers,
    and no precision is asked for; nor is it for a `share` of data, whose ends are parts of 1.

    The ends are wanted `precision` apart, or with `relative` that share of the one that is larger in size;
    `said` in the spec, or taken where it says nothing.
    """

    asked: str
    words: str
    unit: str | None
    precision: Fraction | None
    relative: bool
    said: bool
    reached: bool
    brackets: tuple[Bracket, ...]
    share: ShareCount | None = None

    @property
    def of_points(self) -> bool:
        """Whether values at points are measured, and not for which numbers a claim holds."""
        return self.asked in ("max", "min", "range")

    @property
    def lower(self) -> End | None:
        """The lowest end: below it there is no value."""
        return self.brackets[0].lower

    @property
    def upper(self) -> End | None:
        """The highest end: above it there is no value."""
        return self.brackets[-1].upper

    @property
    def ends(self) -> tuple[End, ...]:
        """All that there are."""
        return tuple(e for b in self.brackets for e in (b.lower, b.upper) if e is not None)


@dataclass(frozen=True, slots=True)
class Step:
    """A backend that was tried, with the reason for it, and what came of it: how often it answered with
    which word (`proved`, `refuted`, or why it gave up), one answer an obligation and attempt, and how long
    it took in all."""

    backend: str
    why: str
    outcomes: tuple[tuple[str, int], ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class ClaimReport:
    """The report of one claim (one member of a family)."""

    id: str  # "acasxu.nnspec::property_1[1,1]"
    name: str  # "property_1[1,1]"
    title: str | None
    file: str
    span: Span | None
    kind: str
    status: Status
    reason: str | None
    semantics: str
    evidence: Evidence | None
    backend: str | None
    plan: tuple[Step, ...]
    seconds: float
    work: tuple[tuple[str, int], ...]
    bound: float | None
    counterexample: Counterexample | None
    expected: Status  # what `@expect` says; PROVED without it
    as_expected: bool
    certificate: str | None = None  # "sha256:…" of the stored proof
    proof_bytes: int | None = None  # its size as stored
    note: str | None = None  # what else is worth a line, such as why a proof is not stored
    measurement: Measurement | None = None  # of a measure, once an end is proved
    region: str | None = None  # of an invariant: where its verdict holds
    data: DataCount | None = None  # of an invariant over data
    cut: CutCourse | None = None  # of a claim `@via` an invariant
    key: str | None = None  # what the claim means, as a hash; None for one that is never stored
    known: Known | None = None  # where the verdict was found, if it was not searched for
    left: str | None = None  # "sha256:…" of the proof that an invariant has left for claims `@via` it
    course: Course | None = None  # of its search, where pictures were asked for

    @property
    def verdict(self) -> Status:
        """The status, by the name that the JSON report gives it."""
        return self.status

    def _repr_html_(self) -> str:
        """How a notebook shows it."""
        from spec_lang.reporters._html import notebook_html  # noqa: PLC0415 - for notebooks alone

        return notebook_html((self,))


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that one run decided; `interrupted` when it was cut short."""

    version: str
    claims: tuple[ClaimReport, ...]
    diagnostics: tuple[Diagnostic, ...]
    sources: tuple[tuple[str, str], ...] = ()  # file name, text: for rendering the source lines
    interrupted: bool = False
    seconds: float = 0.0
    aside: str = ""  # what the run has done besides: to `nnspec.lock`
    invocation: Invocation = Invocation()
    networks: tuple[NetworkView, ...] = ()  # where pictures were asked for

    def __getitem__(self, name: str) -> ClaimReport:
        """The claim with this id or name.  Raises KeyError."""
        for claim in self.claims:
            if name in (claim.id, claim.name):
                return claim
        raise KeyError(name)

    def __iter__(self) -> Iterator[ClaimReport]:
        return iter(self.claims)

    def __len__(self) -> int:
        return len(self.claims)

    def _repr_html_(self) -> str:
        """How a notebook shows it."""
        from spec_lang.reporters._html import notebook_html  # noqa: PLC0415 - for notebooks alone

        return notebook_html(self.claims, self.diagnostics, self.sources)

    def html(self) -> str:
        """The page that `nnspec report` writes."""
        from spec_lang.reporters._html_page import page_parts  # noqa: PLC0415 - for this alone

        return "".join(page_parts(self))

    def count(self, status: Status) -> int:
        return sum(claim.status is status for claim in self.claims)
