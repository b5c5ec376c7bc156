"""HiGHS, asked for one thing at a time, with every return code looked at.

In: a `Model`.  Out: an `Answer`.  Whatever the solver says is a hint: `INFEASIBLE` and `OPTIMAL` are words,
and anything unforeseen is `FAILED`, never one of these.  One thread; the deadline is the solver's, too.
"""

from __future__ import annotations

import time
from enum import Enum
from typing import Final

import highspy
import numpy as np
from highspy import HighsModelStatus, HighsStatus

from spec_lang._values import dataclass
from spec_lang.backends._lp.model import Model, Unfit
from spec_lang.bounding.program import F64, Indices
from spec_lang.diagnostics import InternalError

UNBOUNDED_TIME: Final = 1e18


class Status(Enum):
    OPTIMAL = "optimal"
    INFEASIBLE = "infeasible"  # a claim, for which `ray` may be evidence
    STOPPED = "stopped"  # at a limit that was asked for: time, or the first solution
    FAILED = "failed"


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What the solver says, in the model's own units.

    `x` is there when the solver has a point, `duals` (rows) and `reduced` (columns) when it has them; `ray`
    are row multipliers that are said to prove a program infeasible.
    """

    status: Status
    detail: str
    objective: float = np.nan
    x: F64 | None = None
    duals: F64 | None = None
    reduced: F64 | None = None
    ray: F64 | None = None


def version() -> str:
    return str(highspy.Highs().version())  # type: ignore[no-untyped-call]


class Solver:
    """One model in the solver; between runs only bounds change, so that each starts warm."""

    def __init__(self, model: Model, cost: F64 | None = None) -> None:
        """Raises `Unfit`."""
        self.scaled = model.scaled(np.zeros(model.columns) if cost is None else cost)
        self.highs = highspy.Highs()  # type: ignore[no-untyped-call]
        for option, value in (("output_flag", False), ("threads", 1), ("random_seed", 0)):
            _expect_ok(self.highs.setOptionValue(option, value))
        self.is_integer = bool(self.scaled.integer.any())
        if not self.is_integer:
            # Without it the solver starts from the last basis and knows a ray when there is no point.
            _expect_ok(self.highs.setOptionValue("presolve", "off"))
        self.goal: int | None = None  # the column that is minimised instead of the cost
        self.unit = 1.0 / self.scaled.objective  # of the objective
        self.nodes = 0  # of the searches for integers, over all runs
        self.iterations = 0  # of the simplex method, over all runs: what they cost, on any machine
        self._pass()

    def _pass(self) -> None:
        scaled = self.scaled
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(scaled.cost), len(scaled.row_lower)
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = scaled.cost, scaled.lower, scaled.upper
        lp.row_lower_, lp.row_upper_ = scaled.row_lower, scaled.row_upper
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_, lp.a_matrix_.index_ = scaled.start, scaled.index
        lp.a_matrix_.value_ = scaled.value
        if self.is_integer:
            kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
            lp.integrality_ = [kinds[int(kind)] for kind in scaled.integer]
        # A warning would mean that a coefficient was dropped.
        if self.highs.passModel(lp) != HighsStatus.kOk:
            raise Unfit("the solver does not take the program as it is")

    def option(self, name: str, value: float | str | bool) -> None:
        """Set one of the solver's options."""
        _expect_ok(self.highs.setOptionValue(name, value))

    def tolerate(self, violation: float) -> None:
        """By how much bounds, and signs of multipliers, may be violated (scaled; HiGHS starts with 1e-7)."""
        self.option("primal_feasibility_tolerance", violation)
        self.option("dual_feasibility_tolerance", violation)

    def bound_columns(self, columns: Indices, lower: F64, upper: F64) -> None:
        """New bounds of some columns."""
        scale = self.scaled.columns[columns]
        for column, low, high in zip(columns, lower / scale, upper / scale, strict=True):
            _expect_ok(self.highs.changeColBounds(int(column), float(low), float(high)))

    def bound_rows(self, rows: Indices, lower: F64, upper: F64) -> None:
        """New bounds of some rows."""
        scale = self.scaled.rows[rows]
        for row, low, high in zip(rows, lower * scale, upper * scale, strict=True):
            _expect_ok(self.highs.changeRowBounds(int(row), float(low), float(high)))

    def minimise(self, column: int, sign: float) -> None:
        """`sign` times one column from now on, in place of the cost."""
        if self.goal is None:
            for old in np.flatnonzero(self.scaled.cost):
                _expect_ok(self.highs.changeColCost(int(old), 0.0))
        elif self.goal != column:
            _expect_ok(self.highs.changeColCost(self.goal, 0.0))
        _expect_ok(self.highs.changeColCost(column, sign))
        self.goal, self.unit = column, float(self.scaled.columns[column])

    def run(self, deadline: float | None) -> Answer:
        """Solve, until `deadline` (a `time.monotonic()` moment) at the latest."""
        answer = self._run(deadline)
        if answer.status is Status.FAILED:
            # A basis that served a thousand programs may have led into a corner: once more, without it.
            _expect_ok(self.highs.clearSolver())
            answer = self._run(deadline)
        return answer

    def _run(self, deadline: float | None) -> Answer:
        left = UNBOUNDED_TIME if deadline is None else deadline - time.monotonic()
        if left <= 0:
            return Answer(Status.STOPPED, "no time is left")
        self.option("time_limit", left)
        code = self.highs.run()
        self.iterations += max(0, int(self.highs.getInfo().simplex_iteration_count))
        self.nodes += max(0, int(self.highs.getInfo().mip_node_count))
        status = self.highs.getModelStatus()
        detail = f"HiGHS {self.highs.version()}: {self.highs.modelStatusToString(status)}"
        match code, status:
            case HighsStatus.kOk, HighsModelStatus.kOptimal:
                return self._with_solution(Status.OPTIMAL, detail)
            case HighsStatus.kOk, HighsModelStatus.kInfeasible:
                return Answer(Status.INFEASIBLE, detail, ray=self._ray())
            case HighsStatus.kOk | HighsStatus.kWarning, HighsModelStatus.kTimeLimit:
                return self._with_solution(Status.STOPPED, detail)
            case HighsStatus.kOk | HighsStatus.kWarning, HighsModelStatus.kSolutionLimit:
                return self._with_solution(Status.STOPPED, detail)
            case _:
                return Answer(Status.FAILED, f"{detail} ({code.name})")

    def _with_solution(self, status: Status, detail: str) -> Answer:
        solution, scaled = self.highs.getSolution(), self.scaled
        objective = float(self.highs.getInfo().objective_function_value) * self.unit
        x = duals = reduced = None
        if solution.value_valid:
            x = _finite(np.asarray(solution.col_value) * scaled.columns)
        if solution.dual_valid and status is Status.OPTIMAL and not self.is_integer:
            duals = _finite(np.asarray(solution.row_dual) * scaled.rows * self.unit)
            reduced = _finite(np.asarray(solution.col_dual) / scaled.columns * self.unit)
        if status is Status.OPTIMAL and (x is None or (duals is None and not self.is_integer)):
            return Answer(Status.FAILED, f"{detail}, without a solution")
        return Answer(status, detail, objective, x, duals, reduced)

    def _ray(self) -> F64 | None:
        if self.is_integer:
            return None
        code, known, ray = self.highs.getDualRay()  # type: ignore[attr-defined]
        if code != HighsStatus.kOk or not known or ray is None:
            return None
        return _finite(np.asarray(ray) * self.scaled.rows)


def _finite(values: F64) -> F64 | None:
    return values if np.isfinite(values).all() else None


def _expect_ok(code: HighsStatus) -> None:
    if code != HighsStatus.kOk:
        raise InternalError(f"HiGHS refused a setting or a bound: {code.name}")
