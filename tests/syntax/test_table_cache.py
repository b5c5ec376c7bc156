"""The stored table is the table that was stored, or a miss; and a miss costs time alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_lang.syntax import parse
from spec_lang.syntax.table_cache import Plain, load_table, store_table

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inside: st.lists(inside) | st.dictionaries(st.integers() | st.text(), inside),
    max_leaves=10,
)
TABLE: Plain = {"states": {0: {"NAME": (0, 1)}, 1: {}}, "start": ["module"], "": None}


@given(table=PLAIN)
def test_what_is_stored_is_loaded(table: Plain, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("cache")
    assert store_table(folder, "key", table)
    assert table == load_table(folder, "key")
    assert [file.name for file in folder.iterdir()] == ["key.json"], "nothing temporary stays"


def test_another_key_is_a_miss(tmp_path: Path) -> None:
    assert store_table(tmp_path, "key", TABLE)
    assert load_table(tmp_path, "other") is None
    assert load_table(tmp_path / "absent", "key") is None


def test_a_corrupt_file_is_a_miss_at_every_byte(tmp_path: Path) -> None:
    assert store_table(tmp_path, "key", TABLE)
    file = tmp_path / "key.json"
    good = file.read_bytes()
    for position in range(len(good)):
        file.write_bytes(good[:position])
        assert load_table(tmp_path, "key") is None
        file.write_bytes(good[:position] + bytes([good[position] ^ 1]) + good[position + 1 :])
        assert load_table(tmp_path, "key") is None


def test_a_folder_that_others_may_write_is_not_trusted(tmp_path: Path) -> None:
    assert store_table(tmp_path, "key", TABLE)
    tmp_path.chmod(0o777)
    assert load_table(tmp_path, "key") is None
    assert not store_table(tmp_path, "key", TABLE)


def test_a_folder_made_for_the_table_is_the_users_alone(tmp_path: Path) -> None:
    folder = tmp_path / "nnspec"
    assert store_table(folder, "key", TABLE)
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_place_that_cannot_be_a_folder_is_a_miss(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert not store_table(tmp_path / "file", "key", TABLE)
    assert not store_table(tmp_path / "file" / "inside", "key", TABLE)
    assert load_table(tmp_path / "file", "key") is None


@pytest.mark.parametrize("state", ["absent", "stored", "corrupt", "unwritable"])
def test_the_parser_works_whatever_the_cache_holds(
    state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "file" if state == "unwritable" else tmp_path
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(parse, "user_cache_path", lambda _: place)
    parse._parser.cache_clear()
    try:
        if state in ("stored", "corrupt"):
            assert parse.parse_module("claim a: x", "test").diagnostics == ()
            parse._parser.cache_clear()
        if state == "corrupt":
            (stored,) = (tmp_path / "grammar").iterdir()
            stored.write_bytes(stored.read_bytes()[:-5])
        parsed = parse.parse_module("claim a: forall x in r: f(in: x) <= 3\nclaim b: x = 3", "test")
        assert [diagnostic.code for diagnostic in parsed.diagnostics] == ["NN011"]
        assert len(parsed.module.declarations) == 1
    finally:
        parse._parser.cache_clear()
