"""What onnxruntime says at a point: a second opinion beside the kernel's exact replay.

In: the ONNX file (or its bytes), the graph that was read from it, and a point.  Out: the network's outputs
at the float32 numbers nearest to the point, flat and in the graph's order, or a note that says why there
are none.  Nothing depends on the answer; a disagreement is shown to the user.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from spec_lang._values import dataclass
from spec_lang.network.graph import Graph

if TYPE_CHECKING:
    import onnxruntime

_DTYPES: Final = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(float16)": np.float16}
_SILENT: Final = 4  # onnxruntime's severity "fatal": it would write to stderr by itself


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """The flat outputs, or None and a `note` for the user."""

    outputs: tuple[float, ...] | None
    note: str | None = None


def replay(source: Path | bytes, graph: Graph, point: Sequence[float]) -> ReplayResult:
    """Run the file once, on one thread and without graph optimisations, on one example."""
    import onnxruntime  # noqa: PLC0415  (0.2 s, and only counterexamples need it)
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
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        return _run(session, graph, point)
    except failures as error:
        first_line = str(error).partition("\n")[0]
        return ReplayResult(None, f"onnxruntime could not run the network: {first_line[:200]}")


def _run(session: onnxruntime.InferenceSession, graph: Graph, point: Sequence[float]) -> ReplayResult:
    wanted = [graph.value(output).name for output in graph.outputs]
    hidden = set(wanted) - {output.name for output in session.get_outputs()}
    if hidden:
        names = ", ".join(f"`{name}`" for name in sorted(hidden))
        return ReplayResult(None, f"onnxruntime does not show hidden tensors ({names})")
    shapes = {entry.name: (entry.shape, entry.type) for entry in session.get_inputs()}
    ends = accumulate((spec.size for spec in graph.inputs), initial=0)
    feed: dict[str, np.ndarray] = {}
    for spec, (start, end) in zip(graph.inputs, pairwise(ends), strict=True):
        if spec.name not in shapes or shapes[spec.name][1] not in _DTYPES:
            return ReplayResult(None, f"onnxruntime does not take the input `{spec.name}`")
        shape, kind = shapes[spec.name]
        sizes = [size if isinstance(size, int) and size > 0 else 1 for size in shape]
        with np.errstate(over="ignore"):
            nearest = np.asarray(point[start:end], dtype=np.float64).astype(_DTYPES[kind])
        if not np.isfinite(nearest).all():
            return ReplayResult(None, f"the point is beyond the numbers of the input `{spec.name}`")
        feed[spec.name] = nearest.reshape(sizes)
    outputs = np.concatenate([np.ravel(array).astype(np.float64) for array in session.run(wanted, feed)])
    if not np.isfinite(outputs).all():
        return ReplayResult(None, "onnxruntime's outputs are not finite numbers: float32 overflows here")
    return ReplayResult(tuple(outputs.tolist()))
