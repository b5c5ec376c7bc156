"""VNN-LIB 1.0: what a query means, exactly, and what is said of one that means nothing."""

from __future__ import annotations

import csv
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_lang.diagnostics import Diagnostic, Span
from spec_lang.formats.vnnlib1 import read_query
from spec_lang.network.graph import Graph
from spec_lang.network.onnx_import import load_graph
from spec_lang.network.primitives import Affine, Dense, frozen
from spec_lang.obligations.model import All, Any, Condition, LinearAtom, atoms
from tests.tiny_networks import chain, dense

TWO = chain(2, dense([[1, 0], [0, 1]]))  # X_0, X_1 -> Y_0, Y_1
DECLARED = "".join(f"(declare-const {name} Real)\n" for name in ("X_0", "X_1", "Y_0", "Y_1"))
HEADER_LINES = 4
ONE = Fraction(1)


def meaning(assertions: str, graph: Graph = TWO) -> tuple[Condition, ...]:
    condition, problems = read_query(DECLARED + assertions, "q.vnnlib", graph)
    assert problems == ()
    assert isinstance(condition, All)
    return condition.parts


def bare(condition: Condition) -> Condition:
    """The condition without its sources and places."""
    match condition:
        case LinearAtom():
            return LinearAtom(condition.inputs, condition.outputs, condition.constant, condition.strict)
        case All(parts):
            return All(tuple(map(bare, parts)))
        case Any(parts):
            return Any(tuple(map(bare, parts)))


def refused(text: str, graph: Graph = TWO) -> tuple[Diagnostic, ...]:
    condition, problems = read_query(text, "q.vnnlib", graph)
    assert condition is None
    assert problems
    assert all(problem.is_error for problem in problems)
    return problems


def atom(
    inputs: dict[int, str] | None = None,
    outputs: dict[int, str] | None = None,
    constant: str = "0",
    strict: bool = False,
) -> LinearAtom:
    """`inputs·x + outputs·y + constant <= 0`."""
    return LinearAtom(
        tuple((i, Fraction(c)) for i, c in (inputs or {}).items()),
        tuple((i, Fraction(c)) for i, c in (outputs or {}).items()),
        Fraction(constant),
        strict,
    )


@pytest.mark.parametrize(
    ("assertion", "expected"),
    [
        ("(assert (<= X_0 0.1))", atom({0: "1"}, constant="-1/10")),
        ("(assert (>= X_0 -0.5))", atom({0: "-1"}, constant="-1/2")),
        ("(assert (< Y_0 Y_1))", atom(outputs={0: "1", 1: "-1"}, strict=True)),
        ("(assert (> Y_0 Y_1))", atom(outputs={0: "-1", 1: "1"}, strict=True)),
        ("( assert ( <= X_1 1.5e-3 ) )", atom({1: "1"}, constant="-3/2000")),
        ("(assert (<= X_1 (- 3)))", atom({1: "1"}, constant="3")),
        ("(assert (<= X_1 +2E+2))", atom({1: "1"}, constant="-200")),
        ("(assert (<= X_1 5.))", atom({1: "1"}, constant="-5")),
        ("(assert (<= X_1 .5))", atom({1: "1"}, constant="-1/2")),
        ("(assert (<= (+ X_0 (* 2 Y_0) 1) (- X_1 Y_0 3)))", atom({0: "1", 1: "-1"}, {0: "3"}, "4")),
        ("(assert (<= (* X_0 2 (/ 1 3)) 0))", atom({0: "2/3"})),
        ("(assert (<= (/ X_0 4) 0))", atom({0: "1/4"})),
        ("(assert (<= (* (- X_0 X_0) Y_0) 1))", atom(constant="-1")),
        ("(assert (<= X_0 X_0))", atom()),
        ("(assert ((<= (X_0) 1)))", None),
        ("(assert (= X_0 1))", All((atom({0: "1"}, constant="-1"), atom({0: "-1"}, constant="1")))),
        ("(assert (<= 0 X_0 1))", All((atom({0: "-1"}), atom({0: "1"}, constant="-1")))),
        ("(assert (not (<= X_0 1)))", atom({0: "-1"}, constant="1", strict=True)),
        (
            "(assert (not (and (<= X_0 1) (< Y_0 0))))",
            Any((atom({0: "-1"}, constant="1", strict=True), atom(outputs={0: "-1"}))),
        ),
        ("(assert (not (or (<= X_0 0))))", All((atom({0: "-1"}, strict=True),))),
        ("(assert (=> (<= X_0 0) (<= Y_0 0)))", Any((atom({0: "-1"}, strict=True), atom(outputs={0: "1"})))),
        (
            "(assert (or (and (<= Y_0 Y_1)) (and (>= X_0 0) (<= X_0 1))))",
            Any(
                (
                    All((atom(outputs={0: "1", 1: "-1"}),)),
                    All((atom({0: "-1"}), atom({0: "1"}, constant="-1"))),
                )
            ),
        ),
        ("(assert true)", All(())),
        ("(assert false)", Any(())),
    ],
)
def test_an_assertion_means_what_it_says(assertion: str, expected: Condition | None) -> None:
    if expected is None:
        (problem,) = refused(DECLARED + assertion)
        assert problem.code == "NN310"
        return
    (part,) = meaning(assertion)
    assert expected == bare(part)


def test_assertions_join_in_the_order_of_the_file() -> None:
    parts = meaning(
        "(assert (<= X_0 1))\n(assert (<= X_1 1)) ; a comment (with (parentheses\n(assert (<= Y_0 1))"
    )
    assert [(p.source[4:7],) for p in parts if isinstance(p, LinearAtom)] == [("X_0",), ("X_1",), ("Y_0",)]


def test_an_atom_quotes_its_clause_and_knows_its_place() -> None:
    (disjunction,) = meaning("(assert (or\n  (and (<= Y_0 Y_1))\n  (and (>= X_0\n     3))))")
    first, second = atoms(disjunction)
    assert first.source == "(<= Y_0 Y_1)"
    assert Span("q.vnnlib", HEADER_LINES + 2, 8, HEADER_LINES + 2, 20) == first.span
    assert second.source == "(>= X_0 3)"
    assert Span("q.vnnlib", HEADER_LINES + 3, 8, HEADER_LINES + 4, 8) == second.span


def test_what_is_said_leniently_is_read() -> None:
    text = (
        '(set-logic QF_LRA)\n(set-info :source "a ) quoted")\n'
        "(declare-fun X_0 () Real)(declare-const X_1 real)"
        "(declare-const |Y_9| Real)(declare-const Y_0 Real)(declare-const Y_1 Real)"
        "(assert (<= X_0 0))(check-sat)(exit)"
    )
    (problem,) = refused(text)
    assert "|Y_9|" in problem.problem
    condition, problems = read_query(text.replace("(declare-const |Y_9| Real)", ""), "q.vnnlib", TWO)
    assert problems == ()
    assert condition is not None


@given(st.fractions(), st.fractions(), st.sampled_from(["<=", ">=", "<", ">"]))
def test_a_decimal_number_is_the_rational_that_it_spells(
    left: Fraction, right: Fraction, comparison: str
) -> None:
    decimal = f"{float(left):.17e}"
    (part,) = meaning(f"(assert ({comparison} (+ X_0 {decimal}) (/ {right.numerator} {right.denominator})))")
    assert isinstance(part, LinearAtom)
    sign = 1 if comparison in ("<=", "<") else -1
    assert sign * (Fraction(decimal) - right) == part.constant
    assert part.strict == (comparison in ("<", ">"))


@pytest.mark.parametrize(
    ("text", "code", "problem", "place"),
    [
        ("(assert (<= X_0 Y_2))", "NN308", "`Y_2` is not declared", (5, 17)),
        ("(assert (<= (* X_0 Y_1) 1))", "NN311", "product of two variables is not linear", (5, 13)),
        ("(assert (<= (/ 1 X_0) 1))", "NN311", "quotient by a variable is not linear", (5, 13)),
        ("(assert (<= (/ X_0 0) 1))", "NN310", "divides by 0", (5, 13)),
        ("(assert (<= (sin X_0) 1))", "NN310", "`sin` makes no linear term", (5, 14)),
        ("(assert (<= X_0 1e999999999))", "NN310", "too long or too large", (5, 17)),
        ("(assert (<= X_0 1e2001))", "NN310", "too long or too large", (5, 17)),
        (f"(assert (<= X_0 {'9' * 5000}))", "NN310", "too long or too large", (5, 17)),
        ("(assert (<= X_0 0x10))", "NN308", "`0x10` is not declared", (5, 17)),
        ("(assert (xor true))", "NN309", "`xor` makes no condition", (5, 10)),
        ("(assert (<= X_0))", "NN309", "`<=` compares two terms", (5, 9)),
        ("(assert (not))", "NN309", "`not` has the wrong number of operands", (5, 9)),
        ("(assert X_0)", "NN309", "`X_0` is no condition", (5, 9)),
        ("(assert ())", "NN309", "this is no condition", (5, 9)),
        ("(assert (<= X_0 ()))", "NN310", "this is no linear term", (5, 17)),
        ("(assert)", "NN304", "`assert` takes one condition", (5, 1)),
        ("(declare-const X_5)(assert true)", "NN304", "declaration is not understood", (5, 1)),
        ("(asert (<= X_0 1))", "NN305", "unknown command `asert`", (5, 2)),
        ("()(assert true)", "NN305", "this is not a command", (5, 1)),
        ("(declare-const Z Real)(assert true)", "NN306", "`Z` is no input or output of a network", (5, 16)),
        ("(declare-const X_01 Real)(assert true)", "NN306", "`X_01` is no input or output", (5, 16)),
        ("(declare-const X_0 Real)(assert true)", "NN306", "`X_0` is declared twice", (5, 1)),
        ("(declare-const X_1 Int)(assert true)", "NN306", "`X_1` is declared `Int`", (5, 20)),
        ("(assert (<= X_0 1)", "NN301", "this `(` is never closed", (5, 1)),
        ("(assert (<= X_0 1)))", "NN301", "this `)` closes nothing", (5, 20)),
        ("X_0 (assert true)", "NN301", "`X_0` stands outside of any command", (5, 1)),
        ("", "NN302", "asserts nothing", None),
    ],
)
def test_a_mistake_is_named_at_its_place(
    text: str, code: str, problem: str, place: tuple[int, int] | None
) -> None:
    found = refused(DECLARED + text)
    assert [code] == [diagnostic.code for diagnostic in found]
    assert problem in found[0].problem
    span = found[0].span
    assert place == (None if span is None else (span.line, span.column))


def test_a_misspelt_word_proposes_the_right_one() -> None:
    assert refused(DECLARED + "(assrt (<= X_0 1))")[0].fix == "did you mean `assert`?"
    assert refused(DECLARED + "(assert (annd (<= X_0 1)))")[0].fix == "did you mean `and`?"
    assert refused(DECLARED + "(assert (<= X_O 1))")[0].fix in ("did you mean `X_0`?", "did you mean `X_1`?")


@pytest.mark.parametrize(
    ("graph", "problem"),
    [
        (chain(1, dense([[1], [1]])), "the network has 1 input, and the query declares 2 `X_i`"),
        (
            chain(3, dense([[1] * 3] * 2)),
            "the network has 3 inputs, and the query declares 2 `X_i` (`X_2` is missing)",
        ),
        (
            chain(2, dense([[1, 1]] * 3)),
            "the network has 3 outputs, and the query declares 2 `Y_i` (`Y_2` is missing)",
        ),
        (chain(2, dense([[1, 1]])), "the network has 1 output, and the query declares 2 `Y_i`"),
    ],
)
def test_variables_that_do_not_fit_the_network_are_counted(graph: Graph, problem: str) -> None:
    (found,) = refused(DECLARED + "(assert (<= X_1 Y_1))", graph)
    assert found.code == "NN307"
    assert problem == found.problem
    assert found.span is not None


def test_a_query_about_no_variable_at_all_is_counted_too() -> None:
    inputs, outputs = refused("(assert true)")
    assert inputs.problem == "the network has 2 inputs, and the query declares 0 `X_i`"
    assert outputs.problem == "the network has 2 outputs, and the query declares 0 `Y_i`"


def test_a_variable_of_the_right_count_but_the_wrong_number_is_found() -> None:
    text = DECLARED.replace("X_1", "X_7") + "(assert (<= X_0 1))"
    (found,) = refused(text)
    assert found.code == "NN307"
    assert "(`X_1` is missing)" in found.problem


def test_all_mistakes_are_reported_and_a_name_once() -> None:
    text = DECLARED + "(assert (<= Q 1))\n(assert (>= Q 1))\n(assert (<= (* X_0 X_0) 1))\n(foo)"
    assert sorted(problem.code for problem in refused(text)) == ["NN305", "NN308", "NN311"]


def test_a_flood_of_mistakes_is_counted() -> None:
    found = refused(DECLARED + "(foo)\n" * 1000)
    assert len(found) == 101
    assert "900 more problems" in found[-1].problem


@pytest.mark.parametrize(
    "first", ["(vnnlib-version <2.0>)", "(declare-network f (declare-input X Real [2]))"]
)
def test_version_2_is_recognised(first: str) -> None:
    (problem,) = refused(first + "\n(assert (< X[0] 1))")
    assert problem.code == "NN303"
    assert "VNN-LIB 2.0" in problem.problem


def test_a_nesting_of_two_hundred_thousand_levels_is_a_diagnostic() -> None:
    text = DECLARED + "(assert " + "(and " * 200_000 + "true" + ")" * 200_000 + ")"
    found = refused(text)
    assert "nested deeper than 200 levels" in found[0].problem
    (unclosed, *_) = refused("(" * 200_000)
    assert unclosed.code == "NN301"


def test_a_nesting_just_below_the_limit_is_read() -> None:
    (part,) = meaning("(assert " + "(and " * 190 + "(<= X_0 1)" + ")" * 190 + ")")
    assert [atom({0: "1"}, constant="-1")] == [bare(a) for a in atoms(part)]
    deep = "(+ " * 190 + "X_0" + " 1)" * 190
    (part,) = meaning(f"(assert (<= {deep} 0))")
    assert atom({0: "1"}, constant="190") == bare(part)


@given(st.text(alphabet='()XY_01 .-+*/<=>;|"eandorst\n', max_size=80))
def test_no_text_is_a_traceback(text: str) -> None:
    condition, problems = read_query(DECLARED + text, "q.vnnlib", TWO)
    assert (condition is None) == bool(problems)


def _of_size(inputs: int, outputs: int) -> Graph:
    weight = frozen(np.zeros((outputs, inputs), dtype=np.float32))
    return chain(inputs, Affine((Dense(weight),), frozen(np.zeros(outputs, dtype=np.float32))))


@pytest.mark.data
@pytest.mark.parametrize("family", ["acasxu", "mnist_fc", "rl_benchmarks", "tllverifybench", "test"])
def test_every_benchmark_query_is_read_for_its_network(family: str, data_root: Path) -> None:
    folder = data_root / family
    graphs: dict[str, Graph] = {}
    with (folder / "instances.csv").open() as stream:
        for onnx_name, query, *_ in csv.reader(stream):
            if onnx_name not in graphs:
                graph, problems = load_graph(folder / onnx_name, family)
                assert graph is not None, problems
                graphs[onnx_name] = graph
            condition, problems = read_query((folder / query).read_text(), query, graphs[onnx_name])
            assert problems == ()
            assert condition is not None


@pytest.mark.data
def test_property_1_of_acas_xu_is_the_condition_that_it_spells(data_root: Path) -> None:
    graph, _ = load_graph(data_root / "acasxu" / "onnx" / "ACASXU_run2a_1_1_batch_2000.onnx", "acas")
    assert graph is not None
    text = (data_root / "acasxu" / "vnnlib" / "prop_1.vnnlib").read_text()
    condition, problems = read_query(text, "prop_1.vnnlib", graph)
    assert problems == ()
    bounds = [("0.679857769", "0.6"), ("0.5", "-0.5"), ("0.5", "-0.5"), ("0.5", "0.45"), ("-0.45", "-0.5")]
    expected: list[LinearAtom] = []
    for i, (upper, lower) in enumerate(bounds):
        expected.append(atom({i: "1"}, constant=str(-Fraction(upper))))
        expected.append(atom({i: "-1"}, constant=lower))
    expected.append(atom(outputs={0: "-1"}, constant="3.991125645861615"))
    assert condition is not None
    assert expected == [bare(a) for a in atoms(condition)]
