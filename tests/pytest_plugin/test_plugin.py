"""The pytest plug-in: what is collected, and what a claim's verdict makes of its item.

In: small specs in a folder of pytest's own `pytester`.  Out: nothing but failures.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest

from spec_lang import pytest_plugin as plugin
from spec_lang._registry import plug_ins
from spec_lang.diagnostics import Span
from spec_lang.engine.options import NetworkSource
from spec_lang.engine.prepare import Preparation, Spec
from spec_lang.engine.run import check_tasks
from spec_lang.engine.task import Task
from spec_lang.network.onnx_import import load_graph
from spec_lang.pytest_plugin.items import _options
from spec_lang.pytest_plugin.limits import OPTIONS, limits
from spec_lang.reporters.model import Report
from tests.engine.specs import EMPTY, FAILS, FAMILY, FLAW, HEAD, HOLDS, LUCK, write
from tests.engine.test_invariants import SHARES
from tests.engine.test_invariants import write as write_shares

pytest_plugins = ["pytester"]

NAME = "spec_lang.pytest_plugin"
# Where nnspec is installed from this checkout, pytest knows the plug-in already.
KNOWN = any(plug_in.entry.value == NAME for plug_in in plug_ins("pytest11"))
PLUGIN = () if KNOWN else ("-p", NAME)
SLOW = "claim slow @timeout(0.001): forall x in f.domain: f(x).p * f(x).p <= 1e9\n"


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """pytest in this process, in the tester's folder, without colours and plug-ins that are not meant."""
    plugins = [] if KNOWN else [plugin]
    options = ("-p", "no:cacheprovider", "-p", "no:xdist", *arguments)
    return pytester.runpytest_inprocess(*options, plugins=plugins)


def test_the_project_offers_the_plug_in(checkout: Path) -> None:
    project = tomllib.loads((checkout / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {"nnspec": NAME}


# -- what is collected ---------------------------------------------------------------------------------


def test_a_spec_is_collected_where_it_is_asked_for_and_nowhere_else(pytester: pytest.Pytester) -> None:
    write(pytester.path, HOLDS)
    pytester.makepyfile("def test_other(): pass")
    run(pytester).assert_outcomes(passed=1)
    run(pytester, "--nnspec").assert_outcomes(passed=2)
    run(pytester, "f.nnspec").assert_outcomes(passed=1)
    pytester.makeini("[pytest]\nnnspec = true\n")
    run(pytester).assert_outcomes(passed=2)
    run(pytester, "-m", "not nnspec", "--strict-markers").assert_outcomes(passed=1, deselected=1)


def test_a_member_of_a_family_is_an_item_with_an_id_of_its_own(pytester: pytest.Pytester) -> None:
    write(pytester.mkdir("specs"), HOLDS, FAMILY)
    result = run(pytester, "--nnspec", "--collect-only", "-q")
    ids = [f"specs/f.nnspec::{name}" for name in ("holds", "every[0]", "every[3]")]
    result.stdout.fnmatch_lines([node.replace("[", "[[]") for node in ids])
    result = run(pytester, "specs/f.nnspec::every[1]", "-v")
    result.assert_outcomes(passed=1)
    run(pytester, "--nnspec", "-k", "every and not 2").assert_outcomes(passed=3, deselected=2)


def test_an_item_decides_its_own_claim_alone(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided: list[list[str]] = []
    loaded: list[NetworkSource] = []

    def deciding(preparation: Preparation, specs: Sequence[Spec], chosen: Sequence[Task]) -> Report:
        decided.append([task.name for task in chosen])
        return check_tasks(preparation, specs, chosen)

    def loading(source: NetworkSource, name: str, span: Span | None) -> object:
        loaded.append(source)
        return load_graph(source, name, span)

    monkeypatch.setattr("spec_lang.pytest_plugin.items.check_tasks", deciding)
    monkeypatch.setattr("spec_lang.engine.networks.load_graph", loading)
    write(pytester.path, HOLDS, FAMILY)
    run(pytester, "f.nnspec::every[2]").assert_outcomes(passed=1)
    assert (decided, len(loaded)) == ([["every[2]"]], 1)
    run(pytester, "--nnspec").assert_outcomes(passed=5)
    assert (len(decided), len(loaded)) == (6, 2)


def test_a_coverage_is_decided_with_the_invariants_that_it_is_about(pytester: pytest.Pytester) -> None:
    write_shares(pytester.path, SHARES)
    run(pytester, "f.nnspec::said", "f.nnspec::size").assert_outcomes(passed=2)


# -- what comes of it ----------------------------------------------------------------------------------


def test_a_failure_shows_the_counterexample_and_no_traceback(pytester: pytest.Pytester) -> None:
    write(pytester.path, FAILS)
    result = run(pytester, "--nnspec")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*`fails` is refuted: `f(x).p <= -100` fails at a = *", "at x", "  a  * m", "replay *: confirmed; *"]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*spec_lang*")


def test_a_verdict_that_is_expected_passes_and_one_that_is_not_fails(pytester: pytest.Pytester) -> None:
    write(pytester.path, FLAW, LUCK)
    result = run(pytester, "--nnspec")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*`luck` is proved, but `@expect(refuted)`"])


def test_an_unknown_fails_or_is_skipped_with_a_warning(pytester: pytest.Pytester) -> None:
    write(pytester.path, SLOW)
    result = run(pytester, "--nnspec")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["`slow` is unknown: *"])
    result = run(pytester, "--nnspec", "--nnspec-unknown=warn", "-rs")
    result.assert_outcomes(skipped=1, warnings=1)
    result.stdout.fnmatch_lines(["SKIPPED [[]1[]] f.nnspec:6: `slow` is unknown: *"])


def test_a_vacuous_claim_passes_with_a_warning(pytester: pytest.Pytester) -> None:
    write(pytester.path, EMPTY)
    result = run(pytester, "--nnspec")
    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines(["*warning[[]NN501[]]: `empty` says nothing: *"])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("claim bad: forall x in f.domain: f(x).z >= 0\n", "error[[]NN*[]]: *`z`*"),
        ("claim bad forall\n", "error[[]NN0*[]]: *"),
    ],
)
def test_a_mistake_in_a_spec_is_an_error_of_the_collection(
    pytester: pytest.Pytester, text: str, line: str
) -> None:
    write(pytester.path, text)
    result = run(pytester, "--nnspec")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([line, "  at f.nnspec:6:*"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_a_network_that_is_not_there_is_named(pytester: pytest.Pytester) -> None:
    write(pytester.path, HOLDS)
    pytester.path.joinpath("f.onnx").unlink()
    result = run(pytester, "--nnspec")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["error[[]NN201[]]: *f.onnx*"])


def test_the_first_failure_can_end_the_run(pytester: pytest.Pytester) -> None:
    write(pytester.path, FAILS, HOLDS)
    run(pytester, "--nnspec", "-x").assert_outcomes(failed=1)


def test_the_verdict_is_in_pytests_own_junit_file(pytester: pytest.Pytester) -> None:
    write(pytester.path, HOLDS)
    run(pytester, "--nnspec", "--junitxml=report.xml")
    assert '<property name="verdict" value="proved"' in pytester.path.joinpath("report.xml").read_text()


# -- limits --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "ini", "timeout", "budget"),
    [
        ((), "", 60.0, None),
        (("--nnspec-timeout=7",), "", 7.0, None),
        (("--nnspec-timeout=inf",), "", None, None),
        ((), "nnspec_timeout = 9", 9.0, None),
        (("--nnspec-timeout=7",), "nnspec_timeout = 9", 7.0, None),
        (("--nnspec-budget=100",), "", None, 100),
        (("--nnspec-budget=100", "--nnspec-timeout=7"), "", 7.0, 100),
    ],
)
def test_limits_are_those_of_the_command_line_or_of_the_configuration(
    pytester: pytest.Pytester, arguments: tuple[str, ...], ini: str, timeout: float | None, budget: int | None
) -> None:
    pytester.makeini(f"[pytest]\n{ini}\n")
    pytester.plugins = [] if KNOWN else [plugin]
    config = pytester.parseconfig(*arguments)
    options = _options(limits(config))
    assert (options.timeout, options.budget) == (timeout, budget)


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("--nnspec-timeout=soon", "`--nnspec-timeout soon` is not a number of seconds"),
        ("--nnspec-budget=0", "`--nnspec-budget 0` is not a number of units of work"),
        ("--nnspec-unknown=pass", "`--nnspec-unknown` does not take `pass`"),
    ],
)
def test_a_limit_that_is_none_is_a_usage_error(pytester: pytest.Pytester, argument: str, words: str) -> None:
    result = run(pytester, argument)
    assert result.ret is pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {words}*"])


def test_a_limit_is_that_of_every_claim(pytester: pytest.Pytester) -> None:
    write(pytester.path, "claim slow: forall x in f.domain: f(x).p * f(x).p <= 1e9\n")
    result = run(pytester, "--nnspec", "--nnspec-timeout=0.001")
    result.stdout.fnmatch_lines(["`slow` is unknown: timeout: *"])


# -- runs of its own -----------------------------------------------------------------------------------


def process(folder: Path, checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """pytest as a process of its own; one that does not end fails."""
    command = [sys.executable, "-m", "pytest", *PLUGIN, "-p", "no:cacheprovider", "-c", "/dev/null"]
    options = [f"--rootdir={folder}", *arguments]
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    return subprocess.run(
        [*command, *options],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_a_run_without_claims_imports_nothing_of_nnspec_but_the_plug_in(
    tmp_path: Path, checkout: Path
) -> None:
    (tmp_path / "test_modules.py").write_text(
        "import sys\n"
        "def test_modules():\n"
        "    ours = {n for n in sys.modules if n.partition('.')[0] in ('spec_lang', 'numpy', 'onnx')}\n"
        f"    assert ours == {{'spec_lang', 'spec_lang._values', '{NAME}', '{NAME}.limits'}}\n"
    )
    write(tmp_path, FAILS)
    done = process(tmp_path, checkout, str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_claims_are_shared_out_by_xdist(tmp_path: Path, checkout: Path) -> None:
    write(tmp_path, HOLDS, FAMILY, FAILS)
    done = process(tmp_path, checkout, "--nnspec", "-n", "2", str(tmp_path))
    assert "1 failed, 5 passed" in done.stdout, done.stdout + done.stderr
    assert "f.nnspec::fails" in done.stdout


@pytest.mark.slow
def test_an_example_is_a_test_suite_as_the_page_says(checkout: Path) -> None:
    page = (checkout / "docs" / "pytest.md").read_text()
    (block,) = re.findall(r"^```console\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)
    command, *printed = block.splitlines()
    done = process(checkout, checkout, *command.removeprefix("$ python -m pytest ").split())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "13 passed" in done.stdout
    assert all(row in done.stdout for row in printed)


def test_the_page_names_every_option(checkout: Path) -> None:
    page = (checkout / "docs" / "pytest.md").read_text()
    options = {f"--nnspec-{name}" for name, _, _ in OPTIONS} | {"--nnspec"}
    assert set(re.findall(r"^\| `(--[\w-]+)", page, flags=re.MULTILINE)) == options


def test_the_header_of_the_specs_is_that_of_the_engine_tests() -> None:
    assert HEAD.count("\n") == 5  # the lines of mistakes above are counted from it
