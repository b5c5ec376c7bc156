"""`.npy` and `.npz`: what numpy wrote is read exactly, and nothing else is believed."""

from __future__ import annotations

import io
import tempfile
import zipfile
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from spec_lang.data import base
from spec_lang.data.base import Fault, FaultKind, Kind, Misfit, Request
from spec_lang.data.read import open_data
from tests.data.arrays import elements, fault, stored

TYPES = st.sampled_from(
    [np.dtype(t) for t in ("<f4", ">f4", "<f8", ">f8", "<f2", "u1", "i1", "<i4", ">i8", "<u8", "?")]
)


@given(
    array=TYPES.flatmap(
        lambda dtype: arrays(
            dtype,
            array_shapes(min_dims=0, max_dims=3, max_side=4),
            elements={"allow_nan": False, "allow_infinity": False} if dtype.kind == "f" else None,
        )
    ),
    fortran=st.booleans(),
    packed=st.sampled_from(["npy", "npz", "compressed"]),
)
def test_every_array_comes_back_exactly_in_row_major_order(
    array: np.ndarray, fortran: bool, packed: str
) -> None:
    given = np.asfortranarray(array) if fortran and array.ndim else array
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        with path.open("wb") as stream:
            if packed == "npy":
                np.save(stream, given)
            else:
                (np.savez if packed == "npz" else np.savez_compressed)(stream, a=given)
        found = stored(path, None if packed == "npy" else "a", array.ndim)
        expected = tuple(Fraction(value) for value in array.ravel(order="C").tolist())
        assert found.shape == array.shape
        assert elements(found) == expected
        if len(expected) > 1:
            assert found.elements.fractions(1, len(expected)) == expected[1:]


@pytest.mark.parametrize(
    ("dtype", "kind"),
    [("u1", Kind.NATURAL), ("?", Kind.NATURAL), ("i4", Kind.INTEGER), ("f4", Kind.REAL), ("f2", Kind.REAL)],
)
def test_the_type_says_what_the_elements_are(tmp_path: Path, dtype: str, kind: Kind) -> None:
    np.save(tmp_path / "a.npy", np.zeros(2, dtype))
    assert stored(tmp_path / "a.npy").kind is kind


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_an_element_that_is_no_finite_number_is_named_when_it_is_used(tmp_path: Path, value: float) -> None:
    np.save(tmp_path / "a.npy", np.array([0.5, value]))
    found = stored(tmp_path / "a.npy")
    assert found.elements.fractions(0, 1) == (Fraction(1, 2),)
    with pytest.raises(Misfit, match="not a finite number") as misfit:
        found.elements.fractions(0, 2)
    assert misfit.value.position == 1


def npz(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return path


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def header(text: str, version: bytes = b"\x01\x00") -> bytes:
    return b"\x93NUMPY" + version + len(text).to_bytes(2, "little") + text.encode("latin1")


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", a=np.array([{}], dtype=object))
    found = fault(tmp_path / "a.npz", "a")
    assert (found.kind, "never unpickled" in found.problem) == (FaultKind.TYPE, True)


@pytest.mark.parametrize("dtype", ["U3", "S3", "c8", "M8[s]", [("x", "f4")]])
def test_what_is_no_number_is_refused(tmp_path: Path, dtype: object) -> None:
    np.save(tmp_path / "a.npy", np.zeros(2, dtype))  # type: ignore[call-overload]
    assert fault(tmp_path / "a.npy").kind is FaultKind.TYPE


def test_an_array_that_is_not_there_is_reported_with_one_that_is(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=np.zeros(2), labels=np.zeros(2))
    found = fault(tmp_path / "a.npz", "image")
    assert (found.kind, found.fix) == (FaultKind.ARRAY, "did you mean `images`?")
    assert "2 arrays: `images`, `labels`" in fault(tmp_path / "a.npz", None).problem


def test_the_only_array_needs_no_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=np.zeros(2))
    assert stored(tmp_path / "a.npz", None).shape == (2,)


def test_an_array_without_a_name_has_none(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros(2))
    assert fault(tmp_path / "a.npy", "images").kind is FaultKind.ARRAY


def test_a_size_is_refused_before_anything_is_allocated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def allocate(*_: object) -> None:
        raise AssertionError("elements are read")

    monkeypatch.setattr(np, "frombuffer", allocate)
    huge = header("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 8), }\n")
    found = fault(npz(tmp_path / "a.npz", a=huge), "a", 2)
    assert (found.kind, "8,000,000,000,000 elements" in found.problem) == (FaultKind.SIZE, True)


def test_a_bomb_is_refused_by_its_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "MAX_ARRAY_BYTES", 1000)
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", npy(np.zeros(100_000)))
    assert (tmp_path / "a.npz").stat().st_size < 2000
    assert fault(tmp_path / "a.npz", "a").kind is FaultKind.SIZE


HEADERS = [
    header(""),
    header("nonsense"),
    header("{}"),
    header("(" * 1500),
    header("-" * 1900 + "1"),
    header("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }"),
    header("{'descr': '<f8', 'fortran_order': 3, 'shape': (1,), }"),
    header("{'descr': [], 'fortran_order': False, 'shape': (1,), }"),
    header("{'descr': ('S', 3, 'b'), 'fortran_order': False, 'shape': (1,), }"),
    header("{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }") + b"\x00" * 8,
    header("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }", b"\x09\x00"),
    b"\x93NUMPY",
    b"\x93NUMPY\x01\x00\xff\xff",
]


@pytest.mark.parametrize("content", HEADERS)
def test_a_damaged_array_is_a_fault(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.npy").write_bytes(content)
    kinds = (FaultKind.FILE, FaultKind.TYPE)  # a type of no fields is one of no numbers
    assert fault(tmp_path / "a.npy").kind in kinds
    assert fault(npz(tmp_path / "a.npz", a=content), "a").kind in kinds


@given(place=st.floats(0, 1), byte=st.integers(0, 255), cut=st.booleans(), single=st.booleans())
def test_a_damaged_file_gives_numbers_or_a_fault_and_nothing_else(
    place: float, byte: int, cut: bool, single: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.npz"
        array = np.arange(6.0).reshape(2, 3)
        content = npy(array) if single else npz(path, a=npy(array)).read_bytes()
        at = int(place * (len(content) - 1))
        path.write_bytes(content[:at] + bytes([byte]) + (b"" if cut else content[at + 1 :]))
        file = open_data(path)
        if isinstance(file, Fault):
            return
        found = file.array(Request(None if single else "a", 2))
        if isinstance(found, Fault):
            return
        try:
            values = elements(found)
        except Misfit as misfit:
            assert misfit.text
        else:
            assert len(values) == np.prod(found.shape)


def test_an_archive_of_something_else_is_a_fault(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("notes.txt", "hello")
    assert "without arrays" in fault(tmp_path / "a.npz", "a").problem
