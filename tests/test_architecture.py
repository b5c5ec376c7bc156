"""The shape of the project: layers, plug-ins, sizes, and what may be done where.

In: the source text and the import graph.  Out: nothing but failures.  The import contracts are those of
`pyproject.toml`.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import grimp
import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

from spec_lang import _registry, backends, claims, lints, reporters
from spec_lang.backends.base import Backend
from spec_lang.claims.base import Claim
from spec_lang.cli import commands
from spec_lang.cli.commands.base import Command
from spec_lang.lints.base import Lint
from spec_lang.network import ops
from spec_lang.network.ops.base import Operator
from spec_lang.reporters.base import Reporter

OPEN_SETS = [(claims, "CLAIM", Claim), (ops, "OP", Operator), (backends, "BACKEND", Backend)]
OPEN_SETS += [(reporters, "REPORTER", Reporter), (lints, "LINT", Lint), (commands, "COMMAND", Command)]
PACKAGES = [package for package, _, _ in OPEN_SETS]

HARD_LOOK = 300
# Longer files, each with the reason why one reads better than two.
LONG_FILES = {
    "spec_lang/semantics/terms/expressions.py": "one evaluator over a closed set of nodes",
}


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("spec_lang", include_external_packages=True, cache_dir=None)


def sources(checkout: Path) -> Iterator[Path]:
    yield from sorted((checkout / "spec_lang").rglob("*.py"))


def module_name(package: ModuleType) -> str:
    return package.__name__


def test_the_import_contracts_hold(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(checkout)
    assert lint_imports(no_cache=True) == EXIT_STATUS_SUCCESS, "run `lint-imports` for the chains"


def test_every_module_stands_in_a_layer(checkout: Path, graph: grimp.ImportGraph) -> None:
    contract = _contract(checkout, "Lower layers never import higher ones")
    layered = {name.strip() for layer in contract["layers"] for name in layer.replace(":", "|").split("|")}
    packages = {m for m in graph.modules if m.startswith("spec_lang") and graph.find_children(m)}
    homeless = {
        module
        for module in graph.modules
        if module.startswith("spec_lang")
        and module not in packages
        and not any(module == layer or module.startswith(f"{layer}.") for layer in layered)
    }
    assert homeless == set()


def _contract(checkout: Path, name: str) -> dict[str, list[str]]:
    with (checkout / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    (found,) = (contract for contract in contracts if contract["name"] == name)
    return dict(found)


@pytest.mark.parametrize("package", PACKAGES, ids=module_name)
def test_nobody_imports_a_plug_in_by_name(package: ModuleType, graph: grimp.ImportGraph) -> None:
    for name in _registry.module_names(package):
        plug_in = f"{package.__name__}.{name}"
        parts = {plug_in, *graph.find_descendants(plug_in)}
        importers = {i for part in parts for i in graph.find_modules_that_directly_import(part)}
        assert importers - parts == set(), plug_in


@pytest.mark.parametrize(("package", "constant", "kind"), OPEN_SETS, ids=str)
def test_every_plug_in_defines_its_constant(package: ModuleType, constant: str, kind: type) -> None:
    found: tuple[object, ...] = _registry.discover(package, constant, kind)
    assert len(found) == len(_registry.module_names(package)) > 0


def test_files_over_three_hundred_lines_have_a_reason(checkout: Path) -> None:
    lengths = {
        str(path.relative_to(checkout)): len(path.read_text().splitlines()) for path in sources(checkout)
    }
    assert {name for name, lines in lengths.items() if lines > HARD_LOOK} == set(LONG_FILES)


def test_only_the_command_line_prints(checkout: Path) -> None:
    for path in sources(checkout):
        calls = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
        prints = any(isinstance(call.func, ast.Name) and call.func.id == "print" for call in calls)
        assert not prints or path.stem == "cli" or path.parent.name in ("cli", "reporters"), path


def test_only_the_command_line_reads_the_environment(checkout: Path) -> None:
    for path in sources(checkout):
        if path.stem == "cli" or path.parent.name == "cli":
            continue
        nodes = ast.walk(ast.parse(path.read_text()))
        words = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
        assert not words & {"environ", "getenv"}, path


def test_only_the_kernel_makes_verdicts(checkout: Path) -> None:
    for path in sources(checkout):
        calls = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
        names = {ast.unparse(call.func).split(".")[-1] for call in calls}
        assert not names & {"Verdict", "Evidence"} or path.parent.name == "kernel", path
