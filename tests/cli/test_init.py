"""Laws of `nnspec init` as a command: where it writes, what it says, and when it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import run
from tests.tiny_networks import perceptron


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "nets" / "tiny net.onnx"
    path.parent.mkdir()
    path.write_bytes(perceptron().SerializeToString())
    return path


def test_the_spec_goes_into_the_current_folder_and_checks(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    status, out, err = run(capsys, "init", model)
    assert (status, err) == (0, "")
    assert "proved  output_in_range" in out
    assert out.endswith("then `nnspec check 'tiny net.nnspec'`\n")
    assert 'network tiny_net = "nets/tiny net.onnx" {' in (tmp_path / "tiny net.nnspec").read_text()
    assert run(capsys, "lint", "tiny net.nnspec", "--strict")[0] == 0
    assert run(capsys, "fmt", "--check", "tiny net.nnspec")[0] == 0
    assert run(capsys, "check", "tiny net.nnspec")[0] == 0


def test_a_file_is_replaced_with_force_alone(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.nnspec"
    file.write_text("language 1\n")
    status, out, _ = run(capsys, "init", model, "-o", file)
    assert (status, file.read_text()) == (2, "language 1\n")
    assert "error[NN422]" in out
    assert "--force" in out
    assert run(capsys, "init", model, "-o", file, "--force")[0] == 0
    assert "network tiny_net" in file.read_text()


@pytest.mark.parametrize(
    ("content", "code"),
    [(None, "NN201"), (b"", "NN204"), (b"a text file\n", "NN205"), (b"\x08\x08\xff", "NN206")],
)
def test_what_is_no_network_is_refused_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, code: str
) -> None:
    path = tmp_path / "bad.onnx"
    if content is not None:
        path.write_bytes(content)
    status, out, err = run(capsys, "init", path, "-o", tmp_path / "out.nnspec")
    assert (status, err) == (2, "")
    assert f"error[{code}]" in out
    assert not (tmp_path / "out.nnspec").exists()


@pytest.mark.parametrize(
    ("name", "problem"),
    [("out.txt", "a spec's name ends in `.nnspec`"), ("no/out.nnspec", "there is no folder")],
)
def test_a_place_that_no_spec_can_have_is_a_usage_error(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str], name: str, problem: str
) -> None:
    status, out, err = run(capsys, "init", model, "-o", tmp_path / name)
    assert (status, out) == (2, "")
    assert problem in err
