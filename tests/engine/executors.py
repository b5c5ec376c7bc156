"""Executors that do what no pool does on purpose: lose workers, forget networks, tell lies."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import Any

import pytest

from spec_lang.engine import jobs
from spec_lang.engine.jobs import Job, perform
from spec_lang.engine.travelling import Warehouse

Change = Callable[[object], object]


class Remote(Executor):
    """As many workers as `warehouses`, which take turns, in this process; what travels is pickled both ways,
    and `sent` are the jobs as they arrive.  `lose` says of the number of a call whether its worker is lost,
    `change` makes another answer of one."""

    def __init__(
        self,
        workers: int = 1,
        *,
        lose: Callable[[int], BaseException | None] = lambda _: None,
        change: Change = lambda answer: answer,
    ) -> None:
        self.warehouses = [Warehouse() for _ in range(workers)]
        self.sent: list[tuple[int, Job]] = []
        self.sizes: list[int] = []
        self._lose, self._change = lose, change
        self._max_workers = workers

    def submit(self, fn: Callable[..., Any], /, *arguments: object, **_: object) -> Future[Any]:
        assert fn is perform
        content = pickle.dumps(arguments)
        (job,) = pickle.loads(content)  # noqa: S301 - our own
        number = len(self.sent)
        worker = number % len(self.warehouses)
        self.sent.append((worker, job))
        self.sizes.append(len(content))
        future: Future[Any] = Future()
        problem = self._lose(number)
        if problem is not None:
            future.set_exception(problem)
            return future
        with at(self.warehouses[worker]):
            answer = pickle.loads(pickle.dumps(fn(job)))  # noqa: S301 - our own
            future.set_result(self._change(answer))
        return future


@contextmanager
def at(warehouse: Warehouse) -> Iterator[None]:
    """As a process that has these blobs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs, "warehouse", lambda: warehouse)
        yield
