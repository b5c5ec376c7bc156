"""What onnxruntime says at a point: a second opinion beside the kernel's exact replay.

In: the ONNX file (or its bytes), the graph that was read from it, and a point, or several at once.  Out: the
network's outputs at the float32 numbers nearest to the point, flat and in the graph's order, or a note that
says why there are none.  No verdict depends on the answer; a disagreement is shown to the user.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from spec_lang._values import dataclass
from spec_lang.network.graph import Graph

if TYPE_CHECKING:
    import onnxruntime

T = TypeVar("T")

_DTYPES: Final = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(float16)": np.float16}
_SILENT: Final = 4  # onnxruntime's severity "fatal": it would write to stderr by itself


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """The flat outputs, or None and a `note` for the user."""

    outputs: tuple[float, ...] | None
    note: str | None = None


def replay(source: Path | bytes, graph: Graph, point: Sequence[float]) -> ReplayResult:
    """Run the file once, on one thread and without graph optimisations, on one example."""
    found = _with_session(source, lambda session: _run(session, graph, point))
    return ReplayResult(None, found) if isinstance(found, str) else found


def tensors_together(
    model: bytes, graph: Graph, names: Sequence[str], points: NDArray[np.float64]
) -> list[NDArray[np.float64]] | str:
    """Outputs of the model, each as a whole, where `points` (examples, inputs) are run together; a note where
    that is not possible."""

    def run(session: onnxruntime.InferenceSession) -> list[NDArray[np.float64]] | str:
        feed = _feed(session, graph, points)
        if isinstance(feed, str):
            return feed
        return [np.asarray(array, dtype=np.float64) for array in session.run(list(names), feed)]

    return _with_session(model, run)


def _with_session(source: Path | bytes, run: Callable[[onnxruntime.InferenceSession], T]) -> T | str:
    """What `run` makes of a session of the file; a note where onnxruntime fails."""
    import onnxruntime  # noqa: PLC0415  (0.2 s, and only counterexamples and monitors need it)
    from onnxruntime.capi import onnxruntime_pybind11_state as errors  # noqa: PLC0415

    failures = (
        errors.EPFail,
        errors.Fail,
        errors.InvalidArgument,
        errors.InvalidGraph,
        errors.InvalidProtobuf,
        errors.NoModel,
        errors.NoSuchFile,
        errors.NotImplemented,
        errors.RuntimeException,
        ValueError,
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = _SILENT
    model = str(source) if isinstance(source, Path) else source
    try:
        return run(onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"]))
    except failures as error:
        first_line = str(error).partition("\n")[0]
        return f"onnxruntime could not run the network: {first_line[:200]}"


def _run(session: onnxruntime.InferenceSession, graph: Graph, point: Sequence[float]) -> ReplayResult:
    wanted = [graph.value(output).name for output in graph.outputs]
    hidden = set(wanted) - {output.name for output in session.get_outputs()}
    if hidden:
        names = ", ".join(f"`{name}`" for name in sorted(hidden))
        return ReplayResult(None, f"onnxruntime does not show hidden tensors ({names})")
    feed = _feed(session, graph, np.asarray([point], dtype=np.float64))
    if isinstance(feed, str):
        return ReplayResult(None, feed)
    outputs = np.concatenate([np.ravel(array).astype(np.float64) for array in session.run(wanted, feed)])
    if not np.isfinite(outputs).all():
        return ReplayResult(None, "onnxruntime's outputs are not finite numbers: float32 overflows here")
    return ReplayResult(tuple(outputs.tolist()))


def _feed(
    session: onnxruntime.InferenceSession, graph: Graph, points: NDArray[np.float64]
) -> dict[str, NDArray[Any]] | str:
    """The inputs at `points` (examples, inputs), in the open dimension of each; or why there are none."""
    shapes = {entry.name: (entry.shape, entry.type) for entry in session.get_inputs()}
    ends = accumulate((spec.size for spec in graph.inputs), initial=0)
    feed: dict[str, NDArray[Any]] = {}
    for spec, (start, end) in zip(graph.inputs, pairwise(ends), strict=True):
        if spec.name not in shapes or shapes[spec.name][1] not in _DTYPES:
            return f"onnxruntime does not take the input `{spec.name}`"
        shape, kind = shapes[spec.name]
        sizes = [size if isinstance(size, int) and size > 0 else len(points) for size in shape]
        with np.errstate(over="ignore"):
            nearest = points[:, start:end].astype(_DTYPES[kind])
        if not np.isfinite(nearest).all():
            return f"the point is beyond the numbers of the input `{spec.name}`"
        feed[spec.name] = nearest.reshape(sizes)
    return feed
