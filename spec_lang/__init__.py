"""nnspec: state what a neural network must do, and have it proved or refuted.

    import spec_lang as nn

    report = nn.check("specs/acasxu.nnspec", timeout=60)
    report["property_1[1,1]"].status

Everything here is public and stays; importing it is cheap, the rest is loaded by the first call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from threading import Event

    from spec_lang.engine.prepare import Spec
    from spec_lang.reporters.model import Report

__version__: Final = "0.1.0"
__all__ = ["OnnxModel", "__version__", "check", "parse"]


class OnnxModel(Protocol):
    """An `onnx.ModelProto`, or whatever else turns itself into the bytes of an ONNX file."""

    def SerializeToString(self) -> bytes: ...  # noqa: N802 - protobuf's own name


def parse(text: str, file: str = "<text>") -> Spec:
    """The spec in `text`, to be checked; what is wrong with its syntax is in its `diagnostics`.

    `file` is its name in messages.  Networks are looked for in the current folder.
    """
    from spec_lang.engine.prepare import parse_source  # noqa: PLC0415 - start-up
    from spec_lang.engine.sources import Source  # noqa: PLC0415

    return parse_source(Source(file, text, Path()))


def check(  # noqa: PLR0913 - named options, as the command has them
    spec: str | PathLike[str] | Spec | Sequence[str | PathLike[str] | Spec],
    *,
    networks: Mapping[str, str | PathLike[str] | bytes | OnnxModel] | None = None,
    parameters: Mapping[str, Any] | None = None,
    claims: Sequence[str] = (),
    timeout: float | None = 60.0,
    budget: int | None = None,
    using: str | None = None,
    jobs: int = 1,
    strict: bool = False,
    evidence: str = "any",
    semantics: str = "real",
    memory: int | None = None,
    pictures: bool = True,
    executor: Executor | None = None,
    cancel: Event | None = None,
) -> Report:
    """Check specs: paths of files or folders, or what `parse` returns.

    `networks` puts models, in memory or on disk, in the place of those that a spec names.  `parameters`
    sets its `param`s; a float means the decimal that it prints as.  `claims` are globs that select.
    `timeout` is in seconds a claim, None for no limit.  `budget` is in units of work a claim: with it, and
    without a timeout, no verdict depends on the machine's speed.  Up to `jobs` processes are busy at a time.
    `evidence` is the weakest that counts as a proof: `any`, `checked-rounded` or `checked`.  `semantics` is
    `real` or `float32`, for claims that do not say.  `memory` is in bytes a claim, None for no limit.
    With `pictures` a notebook, or `Report.html`, shows counterexamples, searches and networks.
    `executor` decides claims in the place of processes of our own: a pool of processes, or dask's
    `Client.get_executor()`.  Whoever sets `cancel`, from another thread, ends the run as an interrupt does.
    Mistakes in a spec raise nothing: they are in the report's `diagnostics`.
    """
    from spec_lang.engine import CheckOptions  # noqa: PLC0415 - start-up
    from spec_lang.engine import check as run  # noqa: PLC0415
    from spec_lang.kernel.verdict import EvidenceKind  # noqa: PLC0415
    from spec_lang.obligations.model import Semantics  # noqa: PLC0415

    options = CheckOptions(
        claims=tuple(claims),
        parameters=tuple((name, str(value)) for name, value in (parameters or {}).items()),
        networks=tuple((name, _source(value)) for name, value in (networks or {}).items()),
        timeout=timeout,
        budget=budget,
        jobs=jobs,
        using=using,
        strict=strict,
        memory=memory,
        evidence=EvidenceKind.TRUSTED if evidence == "any" else EvidenceKind(evidence),
        semantics=Semantics(semantics),
        pictures=pictures,
    )
    several = spec if isinstance(spec, Sequence) and not isinstance(spec, str) else (spec,)
    return run(
        [Path(one) if isinstance(one, PathLike) else one for one in several],
        options,
        executor=executor,
        cancel=cancel,
    )


def _source(value: str | PathLike[str] | bytes | OnnxModel) -> Path | bytes:
    if isinstance(value, str | PathLike):
        return Path(value)
    return value if isinstance(value, bytes) else value.SerializeToString()
