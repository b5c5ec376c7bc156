"""How a family is asked for: each instance in a process of its own, or all of them in one.

In: instances and `Asked`.  Out: `Measured` values; of a whole family, also the `Usage` of the process.  What
is asked is the command `nnspec check` of this checkout, with a store of proofs that is empty at first.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.family_spec import family_spec
from benchmarks.instances import CHECKOUT, Instance, acasxu_claim, acasxu_folder
from benchmarks.measured import Measured, failed, of_claim, report_of, trouble
from benchmarks.processes import Done, Usage, run

_ACASXU: Final = CHECKOUT / "tests" / "acasxu" / "acasxu.nnspec"
# What a process may take beyond the time limit before it is ended: the check of its proof, start-up and the
# report.
_LEAST_CHECK: Final = 30.0
_GRACE: Final = 30.0
_NO_BYTECODE, _BYTECODE = "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX"


@dataclass(frozen=True, slots=True)
class Asked:
    """`timeout` in seconds a claim, None without a limit; `jobs`, `budget` and `using` as options of
    `nnspec`, None for its own choice."""

    timeout: float | None
    jobs: int | None = None
    budget: int | None = None
    using: str | None = None

    def options(self) -> list[str]:
        found = ["--timeout", "inf" if self.timeout is None else str(self.timeout)]
        for name, value in (("--jobs", self.jobs), ("--budget", self.budget), ("--using", self.using)):
            found += [] if value is None else [name, str(value)]
        return [*found, "--output-format", "json"]

    @property
    def patience(self) -> float | None:
        """Seconds for a process with one claim."""
        return None if self.timeout is None else self.timeout + max(_LEAST_CHECK, self.timeout) + _GRACE


def ask_each(instances: Sequence[Instance], asked: Asked, at_once: int) -> Iterator[Measured]:
    """One process an instance; in the order in which they end."""
    if at_once == 1:
        yield from (ask(instance, asked) for instance in instances)
        return
    pool = ProcessPoolExecutor(at_once)
    try:
        waiting = [pool.submit(ask, instance, asked) for instance in instances]
        yield from (done.result() for done in as_completed(waiting))
    finally:
        pool.shutdown(cancel_futures=True)


def ask(instance: Instance, asked: Asked) -> Measured:
    """One instance in a process of its own.  Raises `KeyboardInterrupt`."""
    arguments = ["check", str(instance.vnnlib), "--network", str(instance.onnx), *asked.options()]
    done = _nnspec(arguments, asked.patience)
    if done.interrupted:
        raise KeyboardInterrupt
    report = report_of(done)
    if report is None or len(report["claims"]) != 1:
        return failed(instance, trouble(done, report), done.usage)
    return of_claim(instance, report["claims"][0], done.usage)


def ask_once(instances: Sequence[Instance], asked: Asked) -> tuple[list[Measured], Usage, bool]:
    """All instances in one process, what that took, and whether it was interrupted."""
    with tempfile.TemporaryDirectory() as folder:
        spec, claims, rows = _laid_out(instances, Path(folder))
        if not claims:
            return rows, Usage(0.0, 0.0, 0), False
        chosen = [f"--claim={name}" for name in claims]  # a spec of the checkout may have more
        done = _nnspec(["check", str(spec), *chosen, *asked.options()], None, show=sys.stderr.isatty())
        report = report_of(done)
        said = {} if report is None else {claim["name"]: claim for claim in report["claims"]}
        for name, instance in claims.items():
            if name in said:
                rows.append(of_claim(instance, said[name]))
            elif not done.interrupted:
                rows.append(failed(instance, trouble(done, report)))
        return rows, done.usage, done.interrupted


def _laid_out(
    instances: Sequence[Instance], folder: Path
) -> tuple[Path, dict[str, Instance], list[Measured]]:
    """A spec of the instances, its claims, and those that it has no claim for."""
    if all(instance.onnx.stem.startswith("ACASXU_run2a_") for instance in instances):
        networks = instances[0].onnx.parent
        return acasxu_folder(_ACASXU, networks, folder), {acasxu_claim(i): i for i in instances}, []
    family = family_spec(instances)
    path = folder / "family.nnspec"
    path.write_text(family.text, encoding="utf-8")
    return path, family.claims, [failed(i, reason) for i, reason in family.refused.items()]


@contextmanager
def compiled(instance: Instance) -> Iterator[None]:
    """Inside, what is asked finds its modules compiled, as an installed one does, whatever this environment
    says of writing byte code; without that, every start compiles all of them again."""
    plan = ["plan", str(instance.vnnlib), "--network", str(instance.onnx)]
    if _NO_BYTECODE not in os.environ:
        _nnspec(plan, _GRACE)  # imports everything, once
        yield
        return
    before = {name: os.environ.pop(name) for name in (_NO_BYTECODE, _BYTECODE) if name in os.environ}
    with tempfile.TemporaryDirectory() as folder:
        os.environ[_BYTECODE] = folder
        try:
            _nnspec(plan, _GRACE)
            yield
        finally:
            del os.environ[_BYTECODE]
            os.environ.update(before)


def _nnspec(arguments: Sequence[str], limit: float | None, *, show: bool = False) -> Done:
    with tempfile.TemporaryDirectory() as store:
        own = {"XDG_CACHE_HOME": store, "PYTHONPATH": str(CHECKOUT)}
        command = [sys.executable, "-m", "spec_lang", *arguments]
        return run(command, dict(os.environ) | own, limit, show=show)
