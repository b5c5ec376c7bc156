"""A package adds a claim form: installed beside nnspec, found when a spec calls it, and never a crash."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

import pytest

from spec_lang.diagnostics import Diagnostic, DiagnosticLog, Severity
from spec_lang.engine import CheckOptions
from spec_lang.engine.explain import explain, explain_form
from spec_lang.engine.run import check
from spec_lang.kernel.verdict import Status
from spec_lang.semantics.forms.library import all_forms, built_in_forms, find_form, forms_for
from spec_lang.syntax.parse import parse_module
from tests.claims.calls import Expanded, expand_file
from tests.pages.models import write_model

EXAMPLE = Path(__file__).parent / "example"
SPEC = """
network f = "f.onnx" { input a, b  output p, q }
claim shift_invariant: shift_invariant(f.p, by: [x, 1], on: box(-1, 1))
param x = 1
"""
Offer = Callable[..., None]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example package, installed by pip into a folder of its own; nothing is downloaded."""
    folder = tmp_path_factory.mktemp("site")
    quiet = ("--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check")
    command = [sys.executable, "-m", "pip", "install", *quiet, "--target", str(folder), str(EXAMPLE)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return folder


@pytest.fixture
def example(installed: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(installed)
    yield
    _forget("nnspec_symmetry")


@pytest.fixture
def offer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Offer]:
    """Installs a package, written by hand, that offers forms."""
    modules: list[str] = []

    def install(package: str, code: str, *entries: str) -> None:
        module = package.replace("-", "_")
        modules.append(module)
        (tmp_path / f"{module}.py").write_text(code)
        info = tmp_path / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[nnspec.claims]\n" + "".join(f"{e}\n" for e in entries))

    monkeypatch.syspath_prepend(tmp_path)
    yield install
    for module in modules:
        _forget(module)


def _forget(package: str) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        del sys.modules[name]


def expanded(text: str) -> tuple[Expanded, list[Diagnostic]]:
    """A file with the forms that it finds, and what was wrong with finding them."""
    log = DiagnosticLog()
    forms, unusable = forms_for([parse_module(text, "spec.nnspec").module], log)
    assert unusable.isdisjoint(forms)
    return expand_file(text, forms), list(log)


FORM = """
from spec_lang.claims.base import ArgumentKind, Claim, Parameter
PARAMETERS = (Parameter("f", ArgumentKind.NETWORK, "the network", positional=True),)
EXAMPLE = 'network f = "f.onnx"\\nclaim c: {name}(f)'
def expand(call):
    {body}
CLAIM = Claim("{name}", "a form", "forall x in f.domain: f(x) == x", PARAMETERS, expand, EXAMPLE)
"""
BODY = 'return call.core("forall x in everywhere(): f(x) == x")'
USE = 'network g = "g.onnx"\nclaim c: {name}(g)\n'


# -- the example ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("example")
def test_a_spec_uses_the_form_of_an_installed_package() -> None:
    found, problems = expanded(SPEC)
    assert (found.problems, problems) == ((), [])
    assert found.texts == {"shift_invariant": "forall x_1 in box(-1, 1): f(x_1 + [x, 1]).p == f(x_1).p"}


@pytest.mark.usefixtures("example")
def test_its_arguments_are_checked_like_those_of_a_built_in_form() -> None:
    found, _ = expanded(SPEC.replace("on: box(-1, 1)", "on: 3, within: -1"))
    assert [problem.problem for problem in found.problems] == [
        "`on` of `shift_invariant` must be a region, not a number",
        "`within` cannot be below 0: it is `-1`",
    ]


@pytest.mark.usefixtures("example")
def test_it_is_listed_and_explained_with_its_package() -> None:
    log = DiagnosticLog()
    assert set(all_forms(log)) == {*built_in_forms(), "shift_invariant"}
    assert len(log) == 0
    page = explain_form("shift_invariant")
    assert page is not None
    assert "  from the package nnspec-symmetry 1.2\n" in page
    assert "    forall x in box(-1, 1): abs(f(x + [1, 1]).p - f(x).p) <= 0.1\n" in page


@pytest.mark.usefixtures("example")
def test_a_check_decides_a_claim_of_the_form(tmp_path: Path) -> None:
    write_model(tmp_path / "f.onnx", None, 2, 2)
    spec = tmp_path / "spec.nnspec"
    spec.write_text(SPEC.replace("on: box", "within: 100, on: box"))
    report = check([spec])
    assert report.diagnostics == ()
    (claim,) = report.claims
    assert claim.status is Status.PROVED
    text, _ = explain([spec], CheckOptions())
    assert "the form `shift_invariant`: an output does not change" in text


def test_without_the_package_there_is_no_such_form() -> None:
    found, problems = expanded(SPEC)
    assert problems == []
    assert find_form("shift_invariant", DiagnosticLog()) is None
    assert explain_form("shift_invariant") is None
    assert found.texts["shift_invariant"].startswith("shift_invariant(f.p")  # left as it is: an unknown name


def test_packages_are_looked_at_only_when_a_name_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(**_: object) -> object:
        raise AssertionError("the metadata of packages was read")

    monkeypatch.setattr(metadata, "entry_points", never)
    text = """
network f = "f.onnx" { input a, b  output p, q  layer h = "h" }
def near(r) = ball([0, 0], r, linf)
claim c: injective(f, on: near(1)) and forall x in near(1): norm(f(x), l1) <= abs(sum(f.h(x)))
claim d: robust(f, at: [0, 0], label: p, within: 1)
"""
    assert expanded(text)[0].problems == ()
    with pytest.raises(AssertionError):
        expanded(text + "claim e: unheard_of(f)\n")


def test_the_name_of_a_declaration_is_the_file_s_own(offer: Offer) -> None:
    offer("pack", "raise RuntimeError", "near = pack")
    assert expanded('network near = "g.onnx"\nclaim c: forall x in near.domain: near(x)[0] <= 0\n')[1] == []


# -- packages with mistakes ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "entry", "words"),
    [
        ("import missing_module", "turned = pack", "ModuleNotFoundError: No module named 'missing_module'"),
        ("raise RuntimeError('no licence')", "turned = pack", "RuntimeError: no licence"),
        ("raise SystemExit(3)", "turned = pack", "SystemExit: 3"),
        ("def f(:", "turned = pack", "SyntaxError"),
        ("CLAIM = 3", "turned = pack", "`pack` is no Claim and has no CLAIM that is one"),
        ("", "turned = pack:CLAIM", "AttributeError"),
        (FORM.format(name="other", body=BODY), "turned = pack", "it is called `other` there"),
        (FORM.format(name="turned", body=BODY).replace('"a form"', '""'), "turned = pack", "has no summary"),
        (
            FORM.format(name="turned", body=BODY).replace("positional=True", 'default="1 +"'),
            "turned = pack",
            "the formula `1 +` does not parse",
        ),
    ],
)
def test_a_broken_package_is_named(offer: Offer, code: str, entry: str, words: str) -> None:
    offer("pack", code, entry)
    _, (problem,) = expanded(USE.format(name="turned"))
    assert problem.code == "NN175"
    assert problem.problem.startswith("the form `turned` of the package `pack 1.0` cannot be used: ")
    assert words in problem.problem
    assert problem.span is not None
    assert (problem.span.line, problem.span.column) == (2, 10)
    assert "`pack 1.0`" in (explain_form("turned") or "")
    parsed = parse_module(USE.format(name="turned"), "spec.nnspec")
    assert forms_for([parsed.module], DiagnosticLog())[1] == {"turned"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return 1 / 0", "ZeroDivisionError: division by zero"),
        ("return None", "TypeError: None is no expression"),
        (
            "from spec_lang.syntax import ast; return ast.Number(call.span, 0.5, '')",
            "TypeError: the number 0.5",
        ),
        ("return call.core('forall x in')", "InternalError: the formula `forall x in` does not parse"),
        ("return call.core('forall f in f.domain: f == 0')", "binds the name of a parameter"),
        ("return call.core('turned(f)')", "the form `turned` stands for itself"),
    ],
)
def test_a_form_that_fails_is_a_diagnostic_with_its_package(offer: Offer, body: str, words: str) -> None:
    offer("pack", FORM.format(name="turned", body=body), "turned = pack")
    found, problems = expanded(USE.format(name="turned"))
    assert problems == []
    (problem,) = found.problems
    assert problem.code == "NN177"
    assert "`turned`" in problem.problem
    assert words in problem.problem
    assert "pack 1.0" in (explain_form("turned") or "")


def test_a_form_may_be_written_in_terms_of_others(offer: Offer) -> None:
    body = 'return call.core("injective(f, on: box(0, 1)) and lipschitz(f, on: box(0, 1), at_most: 2)")'
    offer("pack", FORM.format(name="tame", body=body), "tame = pack:CLAIM")
    found, problems = expanded(USE.format(name="tame"))
    assert (found.problems, problems) == ((), [])
    assert found.texts["c"] == (
        "(forall x in box(0, 1), y in box(0, 1): g(x) == g(y) => x == y) and "
        "forall x in box(0, 1), y in box(0, 1): norm(g(x) - g(y), linf) <= 2 * norm(x - y, linf)"
    )


def test_a_built_in_form_cannot_be_replaced(offer: Offer) -> None:
    offer("pack", FORM.format(name="robust", body=BODY), "robust = pack")
    log = DiagnosticLog()
    assert all_forms(log)["robust"] is built_in_forms()["robust"]
    (problem,) = log
    assert (problem.code, problem.severity) == ("NN176", Severity.WARNING)
    assert problem.problem == "the form `robust` of the package `pack 1.0` has a name that is built in"
    assert find_form("robust", log) is built_in_forms()["robust"]


def test_two_packages_with_one_name_are_both_named(offer: Offer) -> None:
    for package in ("one", "two"):
        offer(package, FORM.format(name="turned", body=BODY), f"turned = {package}")
    found, (problem,) = expanded(USE.format(name="turned"))
    assert problem.code == "NN176"
    assert problem.problem == "several packages have a form `turned`: `one 1.0`, `two 1.0`"
    assert found.texts["c"] == "turned(g)"
