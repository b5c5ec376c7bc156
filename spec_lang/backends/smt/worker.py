"""The solver's own process: z3 on one question at a time, with neurons decided as they are violated.

In: a question over pipes, in plain exact data (this file is run as a script, and imports nothing of ours but
the file beside it, which says what a question is).  Out: replies.  The process ends when its input does, so
that it never outlives who asks.

At first the solver knows nothing of neurons and products but intervals.  While its model is outside the
convex hull of some neuron's graph, the facets that it violates most are added; then, while some neuron or
product is not what it should be, the cases of those that are furthest off, as clauses: the solver's own
search decides them, and what it learns is kept.  On networks of 20 neurons that was faster than all clauses
at once and than a depth-first search with push and pop.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import pickle
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import IO, TYPE_CHECKING, Any


def _beside(name: str) -> ModuleType:
    """The file of that name in this file's folder, which is not on the path."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    if spec is None or spec.loader is None:
        raise ImportError(name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if TYPE_CHECKING:
    from spec_lang.backends.smt import statements
else:
    statements = _beside("statements")

Asked = tuple["statements.Question", int | None]  # and z3's own units of work that it may take, or None
# (UNSAT, effort), (MODEL, effort, inputs, whether every neuron is as it should be), (UNKNOWN, effort, why),
# (MEMORY,) or (FAILED, why); the effort is what the question has taken so far, in z3's own units.
Reply = tuple[Any, ...]
Model = Any  # z3 has no types

# What is added in one round: a few, since each moves the model of all others.
FACETS_A_ROUND, CLAUSES_A_ROUND = 8, 4
UNSAT, MODEL, UNKNOWN, MEMORY, FAILED = "unsat", "model", "unknown", "memory", "failed"
SPENT = "its share of the budget is spent"
LEAST_MEMORY = 2**25  # bytes that Python needs to tell of it


def send(stream: IO[bytes], message: object) -> None:
    pickle.dump(message, stream)
    stream.flush()


def pump(stream: IO[bytes], inbox: queue.SimpleQueue[Any], at_end: Callable[[], None]) -> None:
    """Put what arrives into `inbox`, and say when that ends, in whatever way."""
    try:
        while True:
            inbox.put(pickle.load(stream))  # noqa: S301 - it comes from the process at the other end
    except Exception:  # noqa: BLE001 - a process that was ended may leave half a message
        at_end()


def limit_memory(limit: int) -> int:
    """Allow this process `limit` bytes; how many of them are left."""
    import resource  # noqa: PLC0415 - not on every system

    with contextlib.suppress(ValueError, OSError):  # z3's own limit is left where there is no other
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        return limit - pages * resource.getpagesize()
    except OSError:
        scale = 1 if sys.platform == "darwin" else 1024
        return limit - resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale


class Solver:
    """z3, and how its values are read."""

    def __init__(self) -> None:
        self.z3: Any = importlib.import_module("z3")
        self.most: int | None = None  # bytes

    def limit(self, most: int) -> bool:
        """Allow z3 so many bytes: it then says so, instead of crashing, when the process has no more."""
        self.most = most
        if most > 0:
            self.z3.set_param("memory_max_size", most // 2**20 + 1)
        return most > 0

    def is_full(self) -> bool:
        """Whether z3 has come to its limit, whatever it says of that."""
        return self.most is not None and self.z3.Z3_get_estimated_alloc_size() >= 0.9 * self.most

    def value(self, model: Model, name: str) -> Fraction:
        found = model.eval(self.z3.Real(name), model_completion=True)
        if not self.z3.is_rational_value(found):
            raise ValueError(f"{name} has no rational value")
        return Fraction(found.numerator_as_long(), found.denominator_as_long())

    def effort(self, solver: Any) -> int:  # noqa: ANN401 - z3 has no types
        """What this process has taken so far; the same on every machine."""
        found = solver.statistics()
        known = {found[i][0]: found[i][1] for i in range(len(found))}
        return int(known.get("rlimit count", 0))

    def answers(self, question: statements.Question, most: int | None) -> Iterator[Reply]:
        """Models, each of which may break the claim; then the last word, unless a model was that."""
        _, inputs, neurons, _, (_, _, products, _), seconds = question
        stop = None if seconds is None else time.monotonic() + seconds
        solver = self.z3.SimpleSolver()
        solver.set("smt.arith.propagation_mode", 0)  # rows are dense: what they imply is found by pivoting
        solver.from_string("\n".join(statements.statements(question)))
        said: set[str] = set()
        before, spent = self.effort(solver), 0
        while True:
            if most is not None:
                solver.set("rlimit", max(1, most - spent))
            if stop is not None:
                solver.set("timeout", max(1, int(1000 * (stop - time.monotonic()))))
            answer = solver.check()
            spent = self.effort(solver) - before
            if answer == self.z3.unsat:
                yield UNSAT, spent
                return
            if answer != self.z3.sat:
                why = SPENT if most is not None and spent >= most else solver.reason_unknown()
                yield (MEMORY,) if self.is_full() else (UNKNOWN, spent, why)
                return
            model = solver.model()
            missing = self.missing(model, neurons, products, said)
            yield MODEL, spent, tuple(self.value(model, f"v{i}") for i in range(inputs)), not missing
            if not missing:
                return
            said.update(missing)
            solver.from_string("\n".join(missing))

    def missing(
        self,
        model: Model,
        neurons: tuple[statements.Neuron, ...],
        products: tuple[statements.Product, ...],
        said: set[str],
    ) -> list[str]:
        """What the model violates most, and the solver has not been told: facets, or else clauses."""
        facets, clauses = [], []
        for k, neuron in enumerate(neurons):
            z, a = self.value(model, f"z{k}"), self.value(model, f"v{neuron[1]}")
            if gap := abs(a - statements.meant(neuron, z)):
                clauses.append((-gap, statements.clause(neuron, k)))
            for relation, lines, sign in ((">=", neuron[2], 1), ("<=", neuron[3], -1)):
                for slope, offset in lines if gap else ():
                    excess = sign * (slope * z + offset - a)
                    if excess > 0:
                        line = statements.line_text((slope, offset), f"z{k}")
                        facets.append((-excess, f"(assert ({relation} v{neuron[1]} {line}))"))
        for k, product in enumerate(products):
            y, value = self.value(model, f"y{k}"), self.value(model, f"v{product[2]}")
            x = y if product[-1] else self.value(model, f"x{k}")
            if value != x * y:
                clauses.append((-abs(value - x * y), statements.product_text(product, k, y, value)))
        chosen = sorted(facets)[:FACETS_A_ROUND] or sorted(clauses)[:CLAUSES_A_ROUND]
        return [text for _, text in chosen if text not in said]


def serve(limit: int | None) -> None:
    """Answer questions; after a model that is not the last word, wait whether to go on."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no reply
    sys.set_int_max_str_digits(0)  # exact numbers may be long
    inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=pump, args=(sys.stdin.buffer, inbox, lambda: os._exit(0)), daemon=True).start()
    solver = None
    try:
        solver = Solver()
        if limit is not None and not solver.limit(limit_memory(limit) - LEAST_MEMORY):
            raise MemoryError  # noqa: TRY301 - it is one
        while True:
            for reply in solver.answers(*inbox.get()):
                send(out, reply)
                if reply[0] == MODEL and not reply[3] and not inbox.get():
                    break
    except MemoryError:
        send(out, (MEMORY,))
    except Exception as error:  # noqa: BLE001 - whoever asks must hear of it, whatever it is
        short = "memory" in str(error) or (solver is not None and solver.is_full())
        send(out, (MEMORY,) if short else (FAILED, f"{type(error).__name__}: {error}"))


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal interrupts the whole group; who asks decides
    serve(int(sys.argv[1]) if len(sys.argv) > 1 else None)
