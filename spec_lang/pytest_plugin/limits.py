"""The limits of claims, as pytest's command line and configuration say them.

In: pytest's configuration.  Out: values, or a `pytest.UsageError`, in the words of `nnspec check`.
"""

from __future__ import annotations

from typing import Final

import pytest

from spec_lang._values import dataclass

OPTIONS: Final = (
    ("timeout", "S", "seconds for each claim, or `inf` (default: 60; `@timeout` in a spec goes first)"),
    ("budget", "N", "units of work for each claim, instead of seconds"),
    ("unknown", "{fail,warn}", "whether an unknown fails, or is skipped with a warning (default: fail)"),
)


@dataclass(frozen=True, slots=True)
class Limits:
    """Of every claim; `timeout` is as it was said, of which `is_said` tells whether it was."""

    timeout: float | None
    is_said: bool
    budget: int | None
    unknown_fails: bool


def limits(config: pytest.Config) -> Limits:
    """What the command line and the configuration say.  Raises `pytest.UsageError`."""
    from spec_lang.cli import usage  # noqa: PLC0415 - start-up

    timeout, budget, unknown = (said(config, name) for name, _, _ in OPTIONS)
    try:
        return Limits(
            timeout=None if timeout is None else usage.timeout(timeout),
            is_said=timeout is not None,
            budget=None if budget is None else usage.budget(budget),
            unknown_fails=usage.choice("--unknown", ("fail", "warn"))(unknown or "fail") == "fail",
        )
    except usage.UsageError as error:
        words = f"{error.problem}; {error.fix}" if error.fix else error.problem
        raise pytest.UsageError(words.replace("--", "--nnspec-")) from None


def said(config: pytest.Config, name: str) -> str | None:
    """The option, or else the line of the configuration; None where neither says anything."""
    said = config.getoption(f"nnspec_{name}") or config.getini(f"nnspec_{name}")
    return str(said) if said else None
