"""Laws that hold of whatever Hypothesis draws: of few cases by default, of many behind the marker `long`.

In: how many cases, and strategies by the names of the test's parameters.  Out: a test that pytest may
parametrise further.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

Test = Callable[..., None]


def law(few: int, many: int, /, **strategies: st.SearchStrategy[object]) -> Callable[[Test], Test]:
    """`@given(**strategies)`, with `few` cases or with `many`."""

    def decorate(test: Test) -> Test:
        @wraps(test)
        def with_cases(*, cases: int, **fixed: object) -> None:
            def holds(**drawn: object) -> None:
                test(**fixed, **drawn)

            holds.__name__ = test.__name__  # by which Hypothesis keeps the failures of laws apart
            settings(max_examples=cases, deadline=None)(given(**strategies)(holds))()

        named = inspect.signature(test).parameters.values()
        others = [parameter for parameter in named if parameter.name not in strategies]
        cases = inspect.Parameter("cases", inspect.Parameter.KEYWORD_ONLY)
        vars(with_cases)["__signature__"] = inspect.Signature([*others, cases])
        amounts = [few, pytest.param(many, marks=pytest.mark.long)]
        return pytest.mark.parametrize("cases", amounts)(with_cases)

    return decorate
