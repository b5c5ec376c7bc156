"""Imports through the whole engine: files on disk, each read once, every path relative to its own file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from spec_lang.diagnostics import Diagnostic, DiagnosticLog
from spec_lang.engine import CheckOptions, check
from spec_lang.engine import imports as engine_imports
from spec_lang.engine.prepare import parse_source, prepare
from spec_lang.engine.sources import Source, read_source
from spec_lang.kernel.verdict import Status
from spec_lang.reporters.model import Report
from tests.engine.specs import HEAD
from tests.tiny_networks import perceptron

CLAIM = "claim holds: forall x in f.domain: f(x).p >= -100\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """`lib/f.nnspec`, which declares a network that is beside it."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "f.onnx").write_bytes(perceptron().SerializeToString())
    (tmp_path / "lib" / "f.nnspec").write_text(HEAD, encoding="utf-8")
    return tmp_path


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def errors(report: Report) -> list[Diagnostic]:
    return [diagnostic for diagnostic in report.diagnostics if diagnostic.is_error]


def only(report: Report) -> Diagnostic:
    (found,) = errors(report)
    assert found.span is not None
    return found


def place(diagnostic: Diagnostic) -> tuple[str, int]:
    assert diagnostic.span is not None
    return Path(diagnostic.span.file).name, diagnostic.span.line


def test_paths_of_an_imported_file_are_relative_to_that_file(folder: Path) -> None:
    np.savez(folder / "lib" / "d.npz", x=np.array([[0.5, 0.25]]))
    write(folder, "lib/d.nnspec", 'data d = "d.npz" { x: real[N, 2] }\n')
    text = 'import "lib/f.nnspec"\nimport "lib/d.nnspec"\nnetwork g = "lib/f.onnx" like f\n'
    text += "claim near[n in 0..<N]: forall x in ball(d.x[n], 0.1, linf): f(x).p - g(x).p <= 1\n"
    report = check([write(folder, "main.nnspec", text + CLAIM)])
    assert errors(report) == []
    assert {claim.name: claim.status for claim in report.claims} == {
        "near[0]": Status.PROVED,
        "holds": Status.PROVED,
    }


def test_a_file_that_is_reached_twice_counts_once(folder: Path) -> None:
    write(folder, "a.nnspec", 'import "lib/f.nnspec"\nparam eps = 1\n')
    write(folder, "b.nnspec", 'import "lib/../lib/f.nnspec"\nregion low on f = { x | x.a <= 1/2 }\n')
    main = write(folder, "main.nnspec", 'import "a.nnspec"\nimport "b.nnspec"\nimport "a.nnspec"\n' + CLAIM)
    report = check([main])
    assert (errors(report), [claim.status for claim in report.claims]) == ([], [Status.PROVED])


def test_a_file_is_read_once_however_often_it_is_needed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def spy(path: Path, problems: DiagnosticLog, name: str) -> Source | None:
        read.append(path.name)
        return read_source(path, problems, name)

    monkeypatch.setattr(engine_imports, "read_source", spy)
    for name in ("a", "b"):
        write(folder, f"{name}.nnspec", 'import "lib/f.nnspec"\n' + CLAIM)
    check([folder / "a.nnspec", folder / "b.nnspec"])
    assert read == ["f.nnspec"]
    read.clear()
    report = check([folder])
    assert read == []
    assert [Path(claim.file).name for claim in report.claims] == ["a.nnspec", "b.nnspec"]


def test_claims_of_an_imported_file_are_not_checked_again(folder: Path) -> None:
    write(folder, "lib/f.nnspec", HEAD + CLAIM)
    report = check([write(folder, "main.nnspec", 'import "lib/f.nnspec"\n' + CLAIM)])
    assert [Path(claim.file).name for claim in report.claims] == ["main.nnspec"]


def test_a_parameter_of_an_imported_file_is_set_from_outside(folder: Path) -> None:
    write(folder, "lib/p.nnspec", "param low: real\n")
    text = 'import "lib/f.nnspec"\nimport "lib/p.nnspec"\nclaim c: forall x in f.domain: f(x).p >= low\n'
    main = write(folder, "main.nnspec", text)
    given = check([main], CheckOptions(parameters=(("low", "-10 * 10"),)))
    assert (errors(given), [claim.status for claim in given.claims]) == ([], [Status.PROVED])
    assert only(check([main])).code == "NN107"


def test_mistakes_of_an_imported_file_are_reported_there_and_once(folder: Path) -> None:
    write(folder, "lib/bad.nnspec", "param eps = \nregion r = { x | x.a <= nothing }\n")
    write(folder, "one.nnspec", 'import "lib/bad.nnspec"\nimport "lib/f.nnspec"\n' + CLAIM)
    write(folder, "two.nnspec", 'import "lib/bad.nnspec"\nparam delta = 2 * eps\n')
    report = check([folder])
    assert sorted((d.code, *place(d)) for d in errors(report)) == [
        ("NN019", "bad.nnspec", 1),
        ("NN102", "bad.nnspec", 2),
    ]
    assert report.claims == ()


def test_a_file_alone_is_checked_as_in_a_folder(folder: Path) -> None:
    write(folder, "lib/bad.nnspec", "region r = { x | x.a <= nothing }\n")
    main = write(folder, "main.nnspec", 'import "lib/bad.nnspec"\n')
    (alone,), (among,) = errors(check([main])), errors(check([folder]))
    assert (alone.code, alone.span) == (among.code, among.span)


def test_texts_of_imported_files_are_at_hand_for_their_diagnostics(folder: Path) -> None:
    text = "region r = { x | x.a <= nothing }\n"
    bad = write(folder, "lib/bad.nnspec", text)
    main = write(folder, "main.nnspec", 'import "lib/bad.nnspec"\n')
    preparation, _ = prepare([main], CheckOptions())
    assert preparation.imports.texts()[bad.as_posix()] == text


@pytest.mark.parametrize("entry", ["a.nnspec", "b.nnspec", "."])
def test_a_circle_is_reported_once_with_its_path(tmp_path: Path, entry: str) -> None:
    write(tmp_path, "a.nnspec", 'import "b.nnspec"\nparam x = y\n')
    write(tmp_path, "b.nnspec", '\nimport "c.nnspec"\nparam y = 1\n')
    write(tmp_path, "c.nnspec", 'import "a.nnspec"\nparam z = 1\n')
    found = only(check([tmp_path / entry]))
    assert (found.code, place(found)) == ("NN131", ("a.nnspec", 1))
    words = found.problem.replace(f"{tmp_path.as_posix()}/", "")
    assert words == "`a.nnspec` imports itself: a.nnspec → b.nnspec → c.nnspec → a.nnspec"
    assert [Path(note.span.file).name for note in found.notes if note.span] == ["b.nnspec", "c.nnspec"]


def test_a_file_that_imports_itself_is_told_so(tmp_path: Path) -> None:
    found = only(check([write(tmp_path, "a.nnspec", 'import "../' + tmp_path.name + '/a.nnspec"\n')]))
    assert (found.code, found.fix) == ("NN131", "leave it out")


def test_a_long_chain_of_imports_is_followed(tmp_path: Path) -> None:
    for number in range(1500):
        write(tmp_path, f"n{number}.nnspec", f'import "n{number + 1}.nnspec"\n')
    write(tmp_path, "n1500.nnspec", "param x\n")
    assert only(check([tmp_path / "n0.nnspec"])).code == "NN107"


MISSING = [
    ("nets.nnspec", "there is no file", "did you mean `net.nnspec`?"),
    ("none/net.nnspec", "there is no file", "relative to the file that imports"),
    ("https://example.org/a.nnspec", "is an address", "beside the spec"),
    ("f.onnx", "is not a spec", 'network f = "f.onnx"'),
    ("d.npz", "is not a spec", "data d ="),
    ("notes.txt", "is not a spec", "`.nnspec`"),
    ("", "needs the path of a file", "import"),
    ("folder.nnspec", "is a folder", "name a file"),
    ("latin.nnspec", "not UTF-8", ""),
    ("large.nnspec", "more than the 10 MB", "split"),
]


@pytest.mark.parametrize(("path", "words", "fix"), MISSING)
def test_an_import_that_cannot_be_had_says_why_and_hides_nothing_else(
    tmp_path: Path, path: str, words: str, fix: str
) -> None:
    write(tmp_path, "net.nnspec", "param x = 1\n")
    (tmp_path / "folder.nnspec").mkdir()
    (tmp_path / "latin.nnspec").write_bytes(b"param a = 1 # \xff\n")
    with (tmp_path / "large.nnspec").open("wb") as stream:
        stream.truncate(10_000_001)
    text = f'import "{path}"\nregion r = unknown & box(0, other)\nparam n: int = 1/2\n'
    report = check([write(tmp_path, "main.nnspec", text)])
    found, second = errors(report)
    assert words in found.problem
    assert fix in (found.fix or "")
    expected = "NN001" if "latin" in path else "NN130"
    assert (found.code, second.code) == (expected, "NN135")
    assert place(found) == (("latin.nnspec", 1) if "latin" in path else ("main.nnspec", 1))


def test_a_text_without_a_file_imports_from_its_folder(folder: Path) -> None:
    spec = parse_source(Source("<text>", 'import "f.nnspec"\n' + CLAIM, folder / "lib"))
    other = parse_source(Source("<text>", "param x\n", folder))
    assert [claim.status for claim in check([spec]).claims] == [Status.PROVED]
    assert [d.code for d in errors(check([spec, other]))] == ["NN107"]


def test_what_is_wrong_with_data_is_said_at_its_declaration(folder: Path) -> None:
    (folder / "d.npz").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    found = only(check([write(folder, "main.nnspec", 'data d = "d.npz" { x: real[N] }\n')]))
    assert (found.code, found.fix, place(found)) == (
        "NN136",
        "run `git lfs pull` to fetch the data",
        ("main.nnspec", 1),
    )


def test_a_network_in_place_of_an_imported_one_is_found_by_its_name(folder: Path) -> None:
    (folder / "lib" / "f.onnx").rename(folder / "other.onnx")
    main = write(folder, "main.nnspec", 'import "lib/f.nnspec"\n' + CLAIM)
    report = check([main], CheckOptions(networks=(("f", folder / "other.onnx"),)))
    assert (errors(report), [claim.status for claim in report.claims]) == ([], [Status.PROVED])
