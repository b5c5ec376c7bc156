"""An ONNX tensor as a numpy array, exactly.

In: a `TensorProto` that nobody has checked.  Out: a read-only array of the stored values; the narrow
float formats are widened to float32, which loses nothing.  Raises `MalformedModelError` for anything that is
not a plain dense tensor of finite numbers whose size fits its shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Final, Protocol

import numpy as np

from spec_lang.network.onnx_model import MalformedModelError
from spec_lang.network.ops._linear import MAX_RANK
from spec_lang.network.ops.base import Constant

# TensorProto.DataType -> (name, little-endian dtype, the field that holds values when raw_data does not)
_FORMATS: Final = {
    1: ("float32", "<f4", "float_data"),
    2: ("uint8", "<u1", "int32_data"),
    3: ("int8", "<i1", "int32_data"),
    4: ("uint16", "<u2", "int32_data"),
    5: ("int16", "<i2", "int32_data"),
    6: ("int32", "<i4", "int32_data"),
    7: ("int64", "<i8", "int64_data"),
    9: ("bool", "<u1", "int32_data"),
    10: ("float16", "<u2", "int32_data"),
    11: ("float64", "<f8", "double_data"),
    12: ("uint32", "<u4", "uint64_data"),
    13: ("uint64", "<u8", "uint64_data"),
    16: ("bfloat16", "<u2", "int32_data"),
}
FLOAT_INPUTS: Final = frozenset({1, 10, 11, 16})

_OTHER_NAMES: Final = {0: "undefined", 8: "string", 14: "complex64", 15: "complex128"}
_MOST_ELEMENTS: Final = 1 << 40  # far beyond the largest file that is read
_EXTERNAL: Final = 1  # TensorProto.DataLocation


class TensorMessage(Protocol):
    """The parts of a `TensorProto` that are read here; the values' own fields are read by name."""

    data_type: int
    data_location: int
    raw_data: bytes

    @property
    def dims(self) -> Sequence[int]: ...

    @property
    def external_data(self) -> Sequence[object]: ...

    def HasField(self, field_name: str, /) -> bool: ...  # noqa: N802  (protobuf's own name)


def type_name(data_type: int) -> str:
    """How an element type is called in a diagnostic."""
    if data_type in _FORMATS:
        return _FORMATS[data_type][0]
    return _OTHER_NAMES.get(data_type, f"element type {data_type}")


def is_external(proto: TensorMessage) -> bool:
    """Whether the values are kept in another file, which is never opened."""
    return bool(proto.data_location == _EXTERNAL or len(proto.external_data))


def decode_tensor(proto: TensorMessage) -> Constant:
    """The stored values, exact, in the tensor's shape."""
    if proto.HasField("segment"):
        raise MalformedModelError("is stored in segments")
    if proto.data_type not in _FORMATS:
        raise MalformedModelError(
            f"has elements of a kind that is not supported ({type_name(proto.data_type)})"
        )
    name, dtype, field = _FORMATS[proto.data_type]
    shape = tuple(proto.dims)
    # Also of a tensor without elements, whose other dimensions may be anything: numpy multiplies them.
    if any(dim < 0 for dim in shape) or len(shape) > MAX_RANK or prod(filter(None, shape)) > _MOST_ELEMENTS:
        raise MalformedModelError(f"has an impossible shape, {list(shape)}")
    flat = _stored(proto, dtype, field)
    if flat.size != prod(shape):
        raise MalformedModelError(
            f"holds {flat.size} values, but its shape {list(shape)} needs {prod(shape)}"
        )
    values = _widened(flat, name).reshape(shape)
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise MalformedModelError(f"holds {_non_finite(values)}")
    values.flags.writeable = False
    return values


def _stored(proto: TensorMessage, dtype: str, field: str) -> Constant:
    if proto.HasField("raw_data"):
        raw = proto.raw_data
        if len(raw) % np.dtype(dtype).itemsize:
            raise MalformedModelError(f"holds {len(raw)} bytes, which is no whole number of values")
        return np.frombuffer(raw, dtype=dtype)
    values = getattr(proto, field)
    if field in ("int32_data", "uint64_data"):
        wide = np.array(values, dtype=np.int64 if field == "int32_data" else np.uint64)
        narrow = wide.astype(dtype)
        if not np.array_equal(narrow.astype(wide.dtype), wide):
            raise MalformedModelError("holds values outside the range of its element type")
        return narrow
    return np.array(values, dtype=dtype)


def _widened(flat: Constant, name: str) -> Constant:
    if name == "float16":
        return flat.view("<f2").astype(np.float32)
    if name == "bfloat16":
        return (flat.astype(np.uint32) << np.uint32(16)).view(np.float32)
    if name == "bool":
        return flat.astype(np.bool_)
    return flat.astype(flat.dtype.newbyteorder("="))


def _non_finite(values: Constant) -> str:
    flat = values.ravel()
    where = int(np.flatnonzero(~np.isfinite(flat))[0])
    index = [int(i) for i in np.unravel_index(where, values.shape)] if values.shape else []
    count = int((~np.isfinite(flat)).sum())
    kind = "NaN" if np.isnan(flat[where]) else "an infinity"
    return f"{kind} at {index}" + (f", and {count - 1} more such values" if count > 1 else "")
