"""Trains the loan officer: `python -m examples.loan.train` writes `model.onnx`.

The network learns from 20,000 simulated loans who pays back: the log odds of it, given six things about an
applicant.  Training asks for slopes, too: at random applicants, more income and more savings should speak for
a loan, and more defaults against it.  What it does at all the others is for the spec to say.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from examples.perceptron import Array, Recipe, Slopes, squared_error, train, values, write_onnx

# Income and debt in k€ (a year, and in all), age and years employed, savings in k€, loans not paid back.
LOWER = np.array([0.0, 0.0, 18.0, 0.0, 0.0, 0.0])
UPPER = np.array([150.0, 100.0, 80.0, 40.0, 100.0, 5.0])
SIGNS = np.array([1.0, 0.0, 0.0, 0.0, 1.0, -1.0])
LEAST_SLOPE = 0.3  # of the log odds, from the least of an input to the most


def applicants(random: np.random.Generator, count: int) -> Array:
    """Nobody works before the age of 16, or has been employed for longer than 40 years."""
    income = np.clip(random.gamma(4.0, 12.0, count), LOWER[0], UPPER[0])
    debt = np.clip(random.gamma(1.5, 16.0, count), LOWER[1], UPPER[1])
    age = random.uniform(LOWER[2], UPPER[2], count)
    employed = random.uniform(0.0, 1.0, count) * np.minimum(age - 16.0, UPPER[3])
    savings = np.clip(random.gamma(1.2, 20.0, count), LOWER[4], UPPER[4])
    defaults = np.clip(random.poisson(0.6, count), LOWER[5], UPPER[5])
    return np.stack([income, debt, age, employed, savings, defaults], axis=1)


def odds(x: Array) -> Array:
    """The log odds that an applicant pays back; debt that three years' income would not pay weighs more."""
    income, debt, age, employed, savings, defaults = x.T
    secure = 0.05 * np.minimum(employed, 10.0) - 0.02 * np.maximum(age - 60.0, 0.0)
    burden = 0.01 * debt + 0.04 * np.maximum(debt - income / 3.0, 0.0)
    result: Array = 0.5 + 0.02 * income + 0.015 * savings - 0.9 * defaults - burden + secure
    return result


def paid_back(predicted: Array, outcome: Array) -> Array:
    """The gradient of the mean loss of `1 / (1 + exp(-predicted))` against outcomes 0 and 1."""
    return squared_error(1.0 / (1.0 + np.exp(-predicted)), outcome)


def main(path: Path) -> None:
    random = np.random.default_rng(11)
    x = applicants(random, 20_000)
    outcome: Array = (random.uniform(size=len(x)) < 1.0 / (1.0 + np.exp(-odds(x)))).astype(np.float64)
    # What the network sees goes from 0 to 1; `encode` in the spec says the same.
    scaled = (x - LOWER) / (UPPER - LOWER)
    slopes = Slopes(np.zeros(6), np.ones(6), SIGNS, LEAST_SLOPE, weight=0.3)
    recipe = Recipe(sizes=(6, 16, 16, 1), epochs=30, batch=200, rate=5e-3, decay=3e-2, seed=11)
    layers = train(scaled, outcome[:, None], paid_back, recipe, slopes)
    write_onnx(path, layers, "loan", shape=(6,))
    learnt = values(layers, scaled)[-1][:, 0]
    right = (learnt > 0.0) == (outcome > 0.5)
    print(f"{path}: mean error of the log odds {abs(learnt - odds(x)).mean():.2f}, {right.mean():.1%} right")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).with_name("model.onnx"))
