"""The bounds engine with its error terms switched off, for one measurement: what it finds so is no proof.

In: the modules of `spec_lang.bounding`, as they are.  Out: inside `switched_off`, the same without what
accounts for rounding.  What adds to the error of a row (`weight`, `inexact_start`) is cut out of the
functions that do so, wherever they are; the few that compute with it otherwise are replaced by plain ones.
Raises `InternalError` where a function that is replaced is gone or takes something else, and where nothing
was left to cut.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FunctionType, ModuleType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

import spec_lang.bounding
from spec_lang.bounding import interval
from spec_lang.bounding.boxes import Boxes
from spec_lang.bounding.clip import _clip_by_row
from spec_lang.bounding.context import Context
from spec_lang.bounding.interval import _ends
from spec_lang.bounding.linear import LinearBounds, Substitution
from spec_lang.bounding.program import F64, AffineStep
from spec_lang.bounding.relax.relu import Relaxation, relax
from spec_lang.diagnostics import InternalError

_ERROR: Final = "weight"  # the attribute that gathers what the error of a row scales with
_GATHERS: Final = "inexact_start"  # the method that does nothing else


# -- plain ones ----------------------------------------------------------------------------------------


def _enter(self: Context, step: AffineStep) -> None:
    batch, size = len(self.boxes), len(step.bias)
    self.magnitudes[step.value] = np.broadcast_to(np.inf, (batch, size))
    self.norms[step.value] = np.broadcast_to(0.0, (batch,))


def _norm_of(self: Context, value: int) -> F64:
    del value
    return np.broadcast_to(0.0, (len(self.boxes),))


def _inexact_start(self: Substitution, start: dict[int, F64], relative: float) -> None:
    del self, start, relative


def _concretise(self: Substitution, coefficients: F64) -> LinearBounds:
    center, radius = self.context.center[self.owner], self.context.radius[self.owner]
    reach = np.einsum("rd,rd->r", abs(coefficients), radius)
    least = np.einsum("rd,rd->r", coefficients, center) - reach + self.constant
    return LinearBounds(coefficients, self.constant, least)


def _spread(context: Context, step: AffineStep) -> tuple[F64, F64]:
    ends = {operand: _ends(context, operand) for operand in step.operands}
    middle = step.forward({operand: 0.5 * (low + high) for operand, (low, high) in ends.items()})
    reach = step.magnitude({operand: 0.5 * (high - low) for operand, (low, high) in ends.items()})
    reach = reach - step.bias_magnitude
    return middle - reach, middle + reach


def _radius(self: Boxes, center: F64) -> F64:
    return self.upper - center


def _relax(lower: F64, upper: F64) -> Relaxation:
    active = lower >= 0
    unstable = (upper > 0) & ~active
    chord = np.where(unstable, upper / np.where(unstable, upper - lower, 1.0), 0.0)
    intercept = np.where(unstable, -chord * lower, 0.0)
    steep = unstable & (upper > -lower)
    return Relaxation(np.where(active | steep, 1.0, 0.0), np.where(active, 1.0, chord), intercept)


def _clip(lower: F64, upper: F64, a: F64, c: F64, *, strict: bool) -> NDArray[np.bool_]:
    least = np.where(a > 0, a * lower, a * upper).sum(axis=1) + c
    closed: NDArray[np.bool_] = least >= 0 if strict else least > 0
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        reach = np.maximum(-least, 0.0)[:, None] / abs(a)
    new_upper = np.where(a > 0, np.fmin(upper, lower + reach), upper)
    new_lower = np.where(a < 0, np.fmax(lower, upper - reach), lower)
    closed = closed | (new_lower > new_upper).any(axis=1)
    lower[...] = np.where(closed[:, None], lower, new_lower)
    upper[...] = np.where(closed[:, None], upper, new_upper)
    return closed


_METHODS: Final[tuple[tuple[type, str, Callable[..., Any]], ...]] = (
    (Context, "enter", _enter),
    (Context, "norm_of", _norm_of),
    (Substitution, _GATHERS, _inexact_start),
    (Substitution, "concretise", _concretise),
    (Boxes, "radius", _radius),
)
_FUNCTIONS: Final[tuple[tuple[Callable[..., Any], Callable[..., Any]], ...]] = (
    (interval._spread, _spread),
    (relax, _relax),
    (_clip_by_row, _clip),
)


# -- in their place ------------------------------------------------------------------------------------


@contextmanager
def switched_off() -> Iterator[list[str]]:
    """Inside, bounds account for no rounding; the names of what was replaced."""
    undo: list[tuple[Any, str, Any]] = []
    names: list[str] = []

    def put(owner: Any, name: str, new: object) -> None:  # noqa: ANN401 - a class or a module
        undo.append((owner, name, owner.__dict__[name]))
        setattr(owner, name, new)
        names.append(f"{owner.__name__}.{name}")

    try:
        modules = tuple(_modules())
        for owner, name, new in _METHODS:
            put(owner, name, _fitting(owner.__dict__.get(name), new, name))
        for old, new in _FUNCTIONS:
            for module, name in _places(old):
                put(module, name, _fitting(old, new, name))
        own = {new for _, _, new in _METHODS}
        for owner, name, function in _gathering(modules):
            if function not in own:
                for place, called in [(owner, name)] if isinstance(owner, type) else _places(function):
                    put(place, called, cut(function))
        yield names
    finally:
        for owner, name, old in reversed(undo):
            setattr(owner, name, old)


def _modules() -> Iterator[ModuleType]:
    """All of `spec_lang.bounding`."""
    yield spec_lang.bounding
    for found in pkgutil.walk_packages(spec_lang.bounding.__path__, "spec_lang.bounding."):
        yield importlib.import_module(found.name)


def _places(function: Callable[..., Any]) -> Iterator[tuple[ModuleType, str]]:
    """Where a function is known by a name: modules copy the names that they import."""
    for name, module in list(sys.modules.items()):
        if name.startswith("spec_lang."):
            yield from ((module, key) for key, value in list(vars(module).items()) if value is function)


def _fitting(old: object, new: Callable[..., Any], name: str) -> Callable[..., Any]:
    if not isinstance(old, FunctionType):
        raise InternalError(f"there is no function `{name}` any more: the benchmark is out of date")
    ours, theirs = (list(inspect.signature(one).parameters) for one in (new, old))
    if ours != theirs:
        raise InternalError(f"`{name}` takes {theirs}, and the benchmark's takes {ours}")
    return new


def _gathering(modules: tuple[ModuleType, ...]) -> Iterator[tuple[Any, str, FunctionType]]:
    """Every function and method that adds to the error of a row, but where it starts at what is given."""
    found = 0
    for module in modules:
        for owner in (module, *(c for c in vars(module).values() if _is_of(c, module, type))):
            for name, value in list(vars(owner).items()):
                # What starts at nothing adds nothing; some of these are made, and have no source.
                if not name.startswith("__") and _is_of(value, module, FunctionType) and _statements(value):
                    found += 1
                    yield owner, name, value
    if not found:
        raise InternalError(f"nothing adds to `{_ERROR}` any more: the benchmark is out of date")


def _is_of(value: object, module: ModuleType, kind: type) -> bool:
    return isinstance(value, kind) and getattr(value, "__module__", None) == module.__name__


def _tree(function: FunctionType) -> ast.FunctionDef:
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    if not isinstance(tree, ast.FunctionDef):
        raise InternalError(f"`{function.__name__}` is no plain function")
    return tree


def _statements(function: FunctionType) -> int:
    """How many statements of a function do nothing but add to an error."""
    if function.__name__ in ("concretise", _GATHERS):
        return 0
    return sum(_gathers(node) for node in ast.walk(_tree(function)) if isinstance(node, ast.stmt))


def _gathers(node: ast.stmt) -> bool:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return isinstance(node.value.func, ast.Attribute) and node.value.func.attr == _GATHERS
    targets = node.targets if isinstance(node, ast.Assign) else []
    targets = [node.target] if isinstance(node, ast.AugAssign) else targets
    return any(isinstance(target, ast.Attribute) and target.attr == _ERROR for target in targets)


def cut(function: FunctionType) -> FunctionType:
    """The function without the statements that add to an error, and without what only they have read."""
    tree = _tree(function)
    tree.decorator_list = []
    once = _read(tree)
    while True:
        before = ast.dump(tree)
        tree.body = _kept(tree.body, once - _read(tree)) or [ast.Pass()]
        if ast.dump(tree) == before:
            break
    module = ast.fix_missing_locations(ast.Module([tree], []))
    scope: dict[str, Any] = {}
    code = compile(module, f"<{function.__name__} without error terms>", "exec")
    exec(code, function.__globals__, scope)  # noqa: S102 - the project's own source
    made: FunctionType = scope[tree.name]
    made.__kwdefaults__, made.__defaults__ = function.__kwdefaults__, function.__defaults__
    return made


def _read(tree: ast.AST) -> set[str]:
    """The names that somebody reads."""
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def _kept(body: list[ast.stmt], idle: set[str]) -> list[ast.stmt]:
    """The statements that are left, where nobody reads the names in `idle` any more."""
    kept: list[ast.stmt] = []
    for node in body:
        if _gathers(node) or _is_idle(node, idle):
            continue
        if isinstance(node, ast.For | ast.If):
            node.body, node.orelse = _kept(node.body, idle), _kept(node.orelse, idle)
            if not node.body and not node.orelse:
                continue
            node.body = node.body or [ast.Pass()]
        kept.append(node)
    return kept


def _is_idle(node: ast.stmt, idle: set[str]) -> bool:
    """Whether it assigns to such names alone."""
    if not isinstance(node, ast.Assign | ast.AugAssign):
        return False
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    parts = [n for target in targets for n in ast.walk(target) if not isinstance(n, ast.expr_context)]
    names = [n.id for n in parts if isinstance(n, ast.Name)]
    return all(isinstance(n, ast.Name | ast.Tuple) for n in parts) and set(names) <= idle
