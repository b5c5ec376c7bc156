"""Tables of text: columns by name, number or pattern, numbers as they are spelled."""

from __future__ import annotations

import tempfile
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_lang.data.base import FaultKind, Misfit
from tests.data.arrays import elements, fault, stored

HEADED = "a,b,pixel0,pixel1\n1,0.1,3,4\n-2,1e-3,7,8\n"


def table(folder: Path, text: str, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def fractions(*texts: str) -> tuple[Fraction, ...]:
    return tuple(map(Fraction, texts))


def test_a_column_is_found_by_its_name(tmp_path: Path) -> None:
    path = table(tmp_path, HEADED)
    assert elements(stored(path, "b")) == fractions("1/10", "1/1000")
    assert elements(stored(path, "a", written=True)) == fractions("1", "-2")


@pytest.mark.parametrize("source", ["pixel0, pixel1", "pixel*", "pixel0,pixel*1"])
def test_several_columns_are_listed_or_match_a_pattern(tmp_path: Path, source: str) -> None:
    found = stored(table(tmp_path, HEADED), source, 2, written=True)
    assert found.shape == (2, 2)
    assert elements(found) == fractions("3", "4", "7", "8")
    assert found.elements.fractions(1, 3) == fractions("4", "7")


def test_without_a_header_the_columns_are_all_or_numbered(tmp_path: Path) -> None:
    path = table(tmp_path, "1;2;3\n4;5;6\n")
    assert stored(path, None, 2).shape == (2, 3)
    assert stored(path, "rows", 2).shape == (2, 3)
    assert elements(stored(path, "1..2", 2, written=True)) == fractions("2", "3", "5", "6")
    assert elements(stored(path, "0", written=True)) == fractions("1", "4")


@pytest.mark.parametrize("text", ["1\t2\n", '"1","2"\n', "\ufeff1,2\r\n\r\n", "x,y\n1,2", '"x","y"\n1,"2"\n'])
def test_every_way_to_write_a_table_is_read(tmp_path: Path, text: str) -> None:
    assert elements(stored(table(tmp_path, text), None, 2)) == fractions("1", "2")


@given(
    st.lists(st.fractions(max_denominator=10**6).map(lambda f: round(float(f), 9)), min_size=1, max_size=20)
)
def test_decimals_are_exactly_as_they_are_spelled(numbers: list[float]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = table(Path(folder), "x\n" + "".join(f"{n!r}\n" for n in numbers))
        assert elements(stored(path, "x")) == tuple(Fraction(repr(n)) for n in numbers)


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("", "empty"),
        ("nan", "`nan`, not a number"),
        ("inf", "not a number"),
        ("1e9999", "more than 2000 digits"),
        ("1_0", "not a number"),
        ("١", "not a number"),
        ("0x1", "not a number"),
    ],
)
def test_a_cell_that_is_no_number_is_named_when_it_is_used(tmp_path: Path, cell: str, words: str) -> None:
    found = stored(table(tmp_path, f"x,y\n1,2\n{cell},2\n"), "x")
    with pytest.raises(Misfit, match=words) as misfit:
        elements(found)
    assert misfit.value.position == 1


FAULTS = [
    ("", None, 1, FaultKind.FILE, "is empty"),
    ("\n\n", None, 1, FaultKind.FILE, "no rows"),
    ("1,2\n3\n", None, 2, FaultKind.FILE, "row 2 of"),
    ('"1,2\n3', None, 2, FaultKind.FILE, "is not a table"),
    (HEADED, "aa", 1, FaultKind.ARRAY, "no column `aa`"),
    (HEADED, "rows", 2, FaultKind.ARRAY, "not said which columns"),
    (HEADED, None, 1, FaultKind.SHAPE, "these are 4 columns"),
    (HEADED, None, 3, FaultKind.SHAPE, "a column has the shape `[N]`"),
    ("x,x\n1,2\n", "x", 1, FaultKind.ARRAY, "2 columns `x`"),
    ("1,2\n", "x", 1, FaultKind.ARRAY, "has no header"),
    ("0.1O,0.2\n1,2\n", None, 2, FaultKind.FILE, "has the word `0.1O` and the number `0.2`"),
    ("1,-2,three\n1,2,3\n", None, 2, FaultKind.FILE, "has the word `three` and the number `-2`"),
]


@pytest.mark.parametrize(("text", "name", "rank", "kind", "words"), FAULTS)
def test_what_a_table_does_not_have_is_said(
    tmp_path: Path, text: str, name: str | None, rank: int, kind: FaultKind, words: str
) -> None:
    found = fault(table(tmp_path, text), name, rank)
    assert found.kind is kind
    assert words in found.problem
    assert found.fix


def test_columns_may_be_called_by_numbers(tmp_path: Path) -> None:
    found = stored(table(tmp_path, "label,0,1\n7,0.5,0.25\n"), "1")
    assert list(elements(found)) == [Fraction(1, 4)]


@pytest.mark.parametrize("source", ["2..1", "0..9", "99999999999999999999999", "a", "-1"])
def test_a_column_number_that_is_none_is_said(tmp_path: Path, source: str) -> None:
    assert fault(table(tmp_path, "1,2\n3,4\n"), source, 2, written=True).kind is FaultKind.ARRAY


def test_bytes_that_are_no_text_are_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"1,\xff\n")
    assert "not UTF-8" in fault(path).problem
