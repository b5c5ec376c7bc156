"""Data, typed parameters, `like`, imports, invariants, measures: what they stand for, and every mistake."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec_lang.data.base import DataFile, Fault, FaultKind, Kind, StoredArray
from spec_lang.obligations.model import Semantics
from spec_lang.semantics.names.families import Family
from spec_lang.semantics.terms.values import ArrayValue, DataValue, Tensor, Value
from spec_lang.syntax import ast
from tests.data.arrays import Memory, Numbers, array
from tests.semantics.resolving import Resolved, accepted, resolved

NATURAL = Kind.NATURAL
DIGITS = Memory({"images": array((100, 64)), "labels": array((100,), NATURAL)})
FILES: dict[str, DataFile | Fault] = {
    "d.npz": DIGITS,
    "w.npy": Memory({None: array((3, 2))}),
    "short.npz": Memory({"labels": array((99,), NATURAL)}),
    "signed.npz": Memory({"labels": array((3,), Kind.INTEGER, -1)}),
    "text.csv": Memory(
        {"labels": StoredArray((2,), Kind.DECIMAL, "text", Numbers((Fraction(1), Fraction(1, 2))))}
    ),
    "gone.npz": Fault(FaultKind.FILE, "there is no data file `gone.npz`", "did you mean `d.npz`?"),
    "big.npz": Fault(FaultKind.SIZE, "too large", "store a part"),
}
DATA = 'data digits = "d.npz" { images: real[N, 64]; labels: label[N] }\n'
FILE = """
network f = "f.onnx" {
    input a, b, c
    output p, q
    domain a in [0, 1]
    layer relu = "t1"
}
network g[i in 1..3] = "g_{i}.onnx" like f
region near on f = { x | x.a <= 1/2 }
param eps = 1/2
"""


def numbers(value: Value) -> tuple[str, ...]:
    """The elements of a constant or of a part of an array."""
    if isinstance(value, ArrayValue):
        value = value.tensor()
    assert isinstance(value, Tensor)
    return tuple(map(str, value.constants))


def only(found: Resolved) -> tuple[str, str, str]:
    """Code, problem and fix of the only diagnostic, which has a place."""
    assert len(found.problems) == 1, found.problems
    (problem,) = found.problems
    assert problem.span is not None
    return problem.code, problem.problem, problem.fix or ""


# -- data and dimensions ---------------------------------------------------------------------------


def test_arrays_of_data_are_known_by_name_and_share_their_dimensions() -> None:
    scope = accepted(DATA, data=FILES).scope
    digits = scope.data["digits"]
    assert isinstance(digits, DataValue)
    assert {name: a.shape for name, a in digits.arrays.items()} == {"images": (100, 64), "labels": (100,)}
    assert scope.dimensions == {"N": 100}
    assert {"digits", "N"} <= scope.names.keys()
    assert numbers(digits.arrays["images"].row(2))[:2] == ("128", "129")


def test_a_file_of_one_array_is_the_array() -> None:
    value = accepted('data w = "w.npy": real[K, 2]', data=FILES).scope.data["w"]
    assert isinstance(value, ArrayValue)
    assert numbers(value.row(1)) == ("2", "3")


def test_a_dimension_counts_wherever_a_constant_stands() -> None:
    text = FILE + DATA + "param n = N - 98\nregion r[k in 0..<n] on f = { x | x.b <= k / N }\n"
    text += "claim c[k in 0..<N - 97]: forall x in r[0]: f(x).p <= k"
    found = accepted(text, data=FILES)
    assert found.scope.regions["r"].family == Family(("k",), (range(2),))
    assert found["c"].family.ranges == (range(3),)


def test_parameters_may_use_data() -> None:
    text = DATA + 'data w = "w.npy": real[3, 2]\nparam first: real[64] = digits.images[1]\nparam e = w[1, 1]'
    values = accepted(text, data=FILES).scope.parameters
    assert (numbers(values["first"])[0], numbers(values["e"])) == ("64", ("3",))


def test_what_did_not_load_is_reported_once_and_its_names_are_lost_quietly() -> None:
    text = (
        FILE + 'data d = "gone.npz" { a: real[N] }\nclaim c[n in 0..<N]: forall x in near: f(x).p <= d.a[n]'
    )
    found = resolved(text, data=FILES)
    assert only(found) == ("NN136", "there is no data file `gone.npz`", "did you mean `d.npz`?")
    assert {"d", "N"} <= found.scope.broken


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=4), st.lists(st.integers(0, 3), min_size=1, max_size=4)
)
def test_a_dimension_has_one_size_in_all_arrays(a: list[int], b: list[int]) -> None:
    names = "NMKL"
    files: dict[str, DataFile | Fault] = {"x.npz": Memory({"a": array(a), "b": array(b)})}
    shapes = [", ".join(names[: len(shape)]) for shape in (a, b)]
    found = resolved(f'data x = "x.npz" {{ a: real[{shapes[0]}]; b: real[{shapes[1]}] }}', data=files)
    clashes = sum(p != q for p, q in zip(a, b, strict=False))
    assert found.codes == ("NN139",) * clashes
    expected = dict(zip(names, a, strict=False))
    assert found.scope.dimensions == {**dict(zip(names, b, strict=False)), **expected}


DATA_MISTAKES = [
    (
        DATA + 'data e = "short.npz" { labels: label[N] }',
        "NN139",
        "`N` is 99 for `e.labels` and 100 for `digits",
        "",
    ),
    ('data d = "d.npz" { images: real[N, 784] }', "NN138", "expected 784, the file has 64", "write `64`"),
    (
        'data d = "d.npz" { images: real[N] }',
        "NN138",
        "2 dimensions in the file, shape [100, 64]",
        "real[100, 64]",
    ),
    ('data d = "d.npz" { images: real[N, -1] }', "NN134", "cannot have -1 elements", "its size"),
    ('data d = "d.npz" { images: real[N, 1/2] }', "NN118", "must be an integer", ""),
    ('data d = "d.npz" { image: real[N, 64] }', "NN137", "no array `image`", ""),
    ('data d = "d.npz" { images: float[N, 64] }', "NN134", "`float` is not a type", "write `real`"),
    ('data d = "d.npz" { images: rael[N, 64] }', "NN134", "`rael` is not a type", "`real`"),
    ('data d = "d.npz" { images: thing[N, 64] }', "NN134", "`thing` is not a type", "`label`"),
    (
        'data d = "d.npz" { images: label[N, 64] }',
        "NN140",
        "stored as float64, and `label` takes integers",
        "real",
    ),
    (
        'data d = "signed.npz" { labels: label[N] }',
        "NN140",
        "`d.labels[0]` is -1, and no label is negative",
        "int",
    ),
    ('data d = "text.csv" { labels: int[N] }', "NN140", "`d.labels[1]` is 0.5, not an integer", "`real`"),
    ('data d = "gone.npz": real[N]', "NN136", "no data file", "`d.npz`"),
    ('data d = "big.npz": real[N]', "NN141", "too large", "a part"),
    ('data d = "d.npz" { labels: int[N]; labels: int[N] }', "NN101", "`labels` is named twice", ""),
    (DATA + "param N = 3", "NN101", "the dimension `N` has the name of something else", "another"),
    (DATA + "def N(x) = x", "NN101", "the dimension `N` has the name of something else", "another"),
    (DATA + "param digits = 3", "NN101", "`digits` is declared twice", ""),
    ('data d = "d.npz" { labels: int[max] }', "NN110", "`max` is built in", "another name"),
    (FILE + DATA + "claim c: forall N in near: f(N).p <= 0", "NN110", "`N` already names something", ""),
    (
        FILE + DATA + "claim c[digits in 0..1]: forall x in near: f(x).p <= 0",
        "NN110",
        "`digits` already names",
        "",
    ),
]


@pytest.mark.parametrize(("text", "code", "words", "fix"), DATA_MISTAKES)
def test_data_with_a_mistake_says_which(text: str, code: str, words: str, fix: str) -> None:
    found = only(resolved(text, data=FILES))
    assert found[0] == code
    assert words in found[1]
    assert fix in found[2]


def test_a_clash_of_dimensions_names_both_places() -> None:
    (found,) = resolved(DATA + 'data e = "short.npz" { labels: label[N] }', data=FILES).problems
    assert found.span is not None
    (note,) = found.notes
    assert note.span is not None
    assert (found.span.line, note.span.line, note.text) == (2, 1, "here it is 100")


def test_integers_are_looked_at_when_they_are_used_if_there_are_many() -> None:
    files: dict[str, DataFile | Fault] = {"a.npz": Memory({"x": array((400, 500), Kind.INTEGER, -7)})}
    value = accepted('data a = "a.npz" { x: label[N, M] }', data=files).scope.data["a"]
    assert isinstance(value, DataValue)
    with pytest.raises(ValueError, match=r"`a.x\[0, 3\]` is -4, and no label is negative"):
        value.arrays["x"].cells.fractions(3, 5)


# -- typed parameters ------------------------------------------------------------------------------


def test_a_dimension_may_come_from_the_value_of_a_parameter() -> None:
    text = "param last = w[K - 1]\nparam w: real[K] = [1, 2, 5]\nparam k: int = K"
    scope = accepted(text).scope
    assert (numbers(scope.parameters["last"]), scope.dimensions) == (("5",), {"K": 3})


def test_any_constant_expression_may_be_given() -> None:
    values = accepted("param n: int\nparam m = 2", parameters={"n": "2 * m + 1"}).scope.parameters
    assert numbers(values["n"]) == ("5",)


PARAMETER_MISTAKES = [
    ("param n: int = 1/2", "NN135", "`n` is an integer, and its value has 1/2", "an integer"),
    ("param n: label = -1", "NN135", "a label: an integer of 0 or more, and its value has -1", ""),
    ("param n: real = [1, 2]", "NN135", "`n` has 1 dimension in the value", "write `real[2]`"),
    (
        "param n: real[3] = [1, 2]",
        "NN135",
        "expected 3, the value (a tensor of shape [2]) has 2",
        "write `2`",
    ),
    ("param n: real[3] = 1", "NN135", "`n` has 0 dimensions in the value (a number)", "write `real`"),
    ("param n: integer = 1", "NN134", "`integer` is not a type", "write `int`"),
    ("param n: int", "NN107", "`n` has no value", "-p n=…"),
    (
        "param v: real[K] = [1, 2]\nparam w: real[K] = [1, 2, 3]",
        "NN139",
        "`K` is 3 for `w` and 2 for `v`",
        "",
    ),
    (FILE + "param n = f", "NN118", "cannot use the network `f`", ""),
    ("def d = 2\nparam n = 1 + d", "NN118", "cannot use the definition `d`", "`def`"),
    ("param v: real[K] = [K, 2]", "NN108", "`v` is defined by itself: v → v", ""),
]


@pytest.mark.parametrize(("text", "code", "words", "fix"), PARAMETER_MISTAKES)
def test_a_parameter_that_is_not_of_its_type_says_why(text: str, code: str, words: str, fix: str) -> None:
    found = only(resolved(text))
    assert found[0] == code
    assert words in found[1]
    assert fix in found[2]


def test_a_value_from_outside_is_held_against_the_type() -> None:
    found = resolved("param n: int = 1", parameters={"n": "0.5"})
    assert only(found)[0] == "NN135"
    assert found.problems[0].span is not None
    assert found.problems[0].span.file == "-p n"


# -- like ------------------------------------------------------------------------------------------


def test_a_network_takes_over_what_it_does_not_say() -> None:
    text = FILE + 'network h = "h.onnx" like g { domain b in [0, 2]\n layer l = "t" }'
    families = accepted(text).scope.families
    items = families["h"].declaration.items
    assert [type(item).__name__ for item in items] == ["Domain", "Layer", "Inputs", "Outputs", "Layer"]
    assert [item.name.text for item in items if isinstance(item, ast.Layer)] == ["l", "relu"]
    assert items[2] in families["f"].declaration.items
    assert families["g"].declaration.items == families["f"].declaration.items


def test_a_long_chain_of_likes_is_followed() -> None:
    text = 'network n0 = "f.onnx" { output p, q }\n'
    text += "".join(f'network n{i} = "f.onnx" like n{i - 1}\n' for i in range(1100, 0, -1))
    families = accepted(text).scope.families
    assert all(len(family.declaration.items) == 1 for family in families.values())


LIKE_MISTAKES = [
    ('network n = "n.onnx" like ff', "NN133", "no network `ff`", "`f`"),
    ('network n = "n.onnx" like near', "NN133", "`near` is no network", ""),
    ('network n = "n.onnx" like n', "NN133", "`n` is like itself: n → n", "its items"),
    ('network m = "m.onnx" like n\nnetwork n = "n.onnx" like m', "NN133", "m → n → m", ""),
    ('network n = "n.onnx" like f { input a, a }', "NN101", "`a` is named twice", ""),
]


@pytest.mark.parametrize(("text", "code", "words", "fix"), LIKE_MISTAKES)
def test_like_something_that_cannot_be_says_why(text: str, code: str, words: str, fix: str) -> None:
    found = only(resolved(FILE + text))
    assert found[0] == code
    assert words in found[1]
    assert fix in found[2]


# -- sets of indices -------------------------------------------------------------------------------


def test_an_index_may_run_over_a_set_and_pass_it_on() -> None:
    text = 'network s[i in {5, 1, 3}] = "s_{i}.onnx" like f\nclaim c[i]: forall x in near: s[i](x).p <= 0'
    found = accepted(FILE + text)
    assert [use.label for use in found.scope.networks if use.label[0] == "s"] == ["s[5]", "s[1]", "s[3]"]
    assert [found["c"].member_name(m) for m in found["c"].family.members()] == ["c[5]", "c[1]", "c[3]"]
    assert found["c"].family.fault((2,)) == "has no member with i = 2: i runs over {5, 1, 3}"


def test_a_set_and_a_range_of_the_same_numbers_agree() -> None:
    text = 'network s[i in {1, 2, 3}] = "s_{i}.onnx" like f\n'
    text += "claim c[i]: forall x in near: s[i](x).p <= g[i](x).p"
    assert len(list(accepted(FILE + text)["c"].family.members())) == 3


SET_MISTAKES = [
    ("claim c[i in {1, 2, 1}]: forall x in near: f(x).p <= i", "NN142", "has 1 twice", "leave one"),
    ("claim c[i in {1/2}]: forall x in near: f(x).p <= i", "NN118", "must be an integer", ""),
    ("claim c[i in 0..1e30]: forall x in near: f(x).p <= i", "NN104", "members", ""),
]


@pytest.mark.parametrize(("text", "code", "words", "fix"), SET_MISTAKES)
def test_a_set_with_a_mistake_says_which(text: str, code: str, words: str, fix: str) -> None:
    found = only(resolved(FILE + text))
    assert found[0] == code
    assert words in found[1]
    assert fix in found[2]


def test_an_index_of_a_family_that_was_not_understood_is_not_reported_as_well() -> None:
    text = 'network s[i in 3..1] = "s_{i}.onnx" like f\nclaim c[i]: forall x in near: s[i](x).p <= 0\n'
    text += "invariant v[i] of s[i] on near: output.p <= 0"
    assert resolved(FILE + text).codes == ("NN104",)
    text = "claim c[i]: forall x in near: gg[i](x).p <= 0\n"
    assert resolved(FILE + text).codes == ("NN102",)
    text = 'network n = "n.onnx" like nothing\nclaim c: output_range(n.p, on: near, at_most: 1)'
    assert resolved(FILE + text).codes == ("NN133",)


# -- invariants and measures -----------------------------------------------------------------------


def test_an_invariant_stands_for_a_formula_about_one_run() -> None:
    found = accepted(FILE + "invariant v of f on near: relu[0] > 0 and input.a >= 0 => argmin(output) == p")
    expected = "forall x in near: f.relu(x)[0] > 0 and x.a >= 0 => argmin(f(x)) == p"
    assert found.body("v") == expected


def test_an_invariant_speaks_of_the_domain_or_of_every_point() -> None:
    text = 'network n = "n.onnx"\ninvariant v of f: output.p <= 1\ninvariant w of n: output[0] <= 1'
    found = accepted(FILE + text)
    assert found.body("v") == "forall x in f.domain: f(x).p <= 1"
    assert found.body("w") == "forall x in everywhere(n): n(x)[0] <= 1"


def test_the_variable_of_an_invariant_meets_no_name_of_the_user() -> None:
    text = 'network f = "f.onnx" { input a, b\n domain a in [0, 1] }\nparam x = 1\ndef d(x_1) = x_1.a\n'
    text += "invariant v[x_2 in 0..1] of f: forall x_3 in f.domain: d(input) <= x + x_2"
    assert accepted(text).body("v") == "forall x_1 in f.domain: forall x_3 in f.domain: x_1.a <= x + x_2"


def test_an_invariant_of_a_member_takes_the_indices_of_its_family() -> None:
    found = accepted(FILE + "invariant v[i] of g[i] on near: output.p <= i")
    assert found["v"].family.ranges == (range(1, 4),)
    assert found.body("v") == "forall x in near: g[i](x).p <= i"


def test_places_in_an_invariant_are_those_of_its_words() -> None:
    body = accepted('network f = "f.onnx"\ninvariant v of f: output[0] <= 1')["v"].body
    assert isinstance(body, ast.Quantified)
    assert isinstance(body.body, ast.Compare)
    assert body.body.first.span.column == len("invariant v of f: ") + 1


def test_a_measure_keeps_its_quantity_expanded() -> None:
    text = "def gap(x) = f(x).p - f(x).q\nmeasure m = max gap(x) for x in near, y in f.domain, to 2 * eps\n"
    text += "measure r[i] = largest r in [0, 3] with "
    text += "output_range(g[i].p, on: ball([0, 0, 0], r, linf), at_most: 1)"
    found = accepted(FILE + text)
    m, r = found["m"], found["r"]
    assert isinstance(m.quantity, ast.Optimum)
    assert isinstance(r.quantity, ast.Radius)
    assert found.body("m") == "f(x).p - f(x).q"
    assert m.quantity.value == m.body
    assert found.body("r") == "forall x in ball([0, 0, 0], r, linf): g[i](x).p <= 1"
    assert r.family.ranges == (range(1, 4),)


STATEMENT_MISTAKES = [
    ("invariant v of g: output.p <= 1", "NN144", "`g` is a network family", "`g[i]`"),
    ("invariant v of near: 1 <= 1", "NN144", "an invariant is of a network", ""),
    ("invariant v of ff: output.p <= 1", "NN102", "`ff` is not declared", "`f`"),
    ("invariant v of f: outptu.p <= 1", "NN102", "`outptu` is not declared", "`output`"),
    ("invariant v of f: rely[0] <= 1", "NN102", "`rely` is not declared", "`relu`"),
    ("param output = 1\ninvariant v of f: output.p <= 1", "NN110", "`output` is part of the run", ""),
    ("param relu = 1\ninvariant v of f: relu[0] <= 1", "NN110", "`relu` is a layer of `f`", ""),
    (
        "invariant v of f: forall input in near: f(input).p <= 1",
        "NN110",
        "`input` already names something",
        "",
    ),
    (
        "claim v: forall x in near: f(x).p <= 0\ninvariant v of f: output.p <= 1",
        "NN101",
        "there is a claim of",
        "",
    ),
    (
        "measure v = max f(x).p for x in near\nmeasure v = min f(x).p for x in near",
        "NN101",
        "measure `v`",
        "",
    ),
    ("measure v = max f(x).r + z for x in near", "NN102", "`z` is not declared", ""),
    ("measure v = max f(y).p for x in near", "NN102", "`y` is not declared", ""),
    ("measure v = max f(x).p for x in near, to epss", "NN102", "`epss` is not declared", "`eps`"),
    ("measure v = max f(x).p for x in near, x in near", "NN101", "`x` is bound twice", ""),
    (
        "measure v = largest eps in [0, 1] with forall x in near: f(x).p <= 0",
        "NN110",
        "`eps` already names",
        "",
    ),
    (
        "measure v = largest r in [0, r] with forall x in near: f(x).p <= 0",
        "NN102",
        "`r` is not declared",
        "",
    ),
    ("claim c: forall x in ball(y, 1, linf), y in near: f(x).p <= 0", "NN102", "`y` is not declared", ""),
    ("claim c: forall x in near, j in 0..k: f(x)[j] <= 0", "NN102", "`k` is not declared", ""),
    ("claim c: forall x in near, q: f(x)[q] <= 0", "NN110", "the index `q` has the name of an output", ""),
    (
        "claim c: forall x in near: let p = 1: f(x)[0] <= p",
        "NN110",
        "the name `p` has the name of an output",
        "",
    ),
    ("claim c: forall x in near: let u = v, v = 1: f(x)[0] <= u", "NN102", "`v` is not declared", ""),
    ("claim c: forall x in near: let u = 1, u = 1: f(x)[0] <= u", "NN101", "`u` is bound twice", ""),
    (
        "claim c @semantics(float16): forall x in near: f(x).p <= 0",
        "NN143",
        "no semantics `float16`",
        "float32",
    ),
    ("claim c @semantics(reel): forall x in near: f(x).p <= 0", "NN143", "no semantics `reel`", "`real`"),
    ("claim c @semantics(1): forall x in near: f(x).p <= 0", "NN111", "takes one word", "float32"),
]


@pytest.mark.parametrize(("text", "code", "words", "fix"), STATEMENT_MISTAKES)
def test_a_statement_with_a_mistake_says_which(text: str, code: str, words: str, fix: str) -> None:
    found = only(resolved(FILE + text))
    assert found[0] == code
    assert words in found[1]
    assert fix in found[2]


def test_later_bindings_may_use_those_before_them() -> None:
    text = (
        "claim c: forall x in near, y in ball(x, 0.1, linf), k in {0, 1}: let u = k, w = u: f(y)[w] <= x[u]"
    )
    accepted(FILE + text)


@pytest.mark.parametrize("semantics", Semantics)
def test_the_semantics_of_a_claim_is_what_it_says(semantics: Semantics) -> None:
    text = f"claim c @semantics({semantics.value}): forall x in near: f(x).p <= 0"
    assert accepted(FILE + text)["c"].attributes.semantics is semantics


def test_a_claim_that_names_no_semantics_leaves_it_to_the_run() -> None:
    assert accepted(FILE + "claim c: forall x in near: f(x).p <= 0")["c"].attributes.semantics is None


# -- imported names --------------------------------------------------------------------------------


def test_what_is_imported_is_used_like_one_s_own() -> None:
    text = "region own on f = near\nclaim c[n in 0..<N]: forall x in own: g[1](x).p <= eps * n"
    found = accepted(text, imports={"lib.nnspec": FILE, "data.nnspec": DATA}, data=FILES)
    assert found.scope.parameters.keys() == {"eps"}
    assert found.scope.file == "spec.nnspec"
    assert len(list(found["c"].family.members())) == 100


def test_statements_of_an_imported_file_are_its_own() -> None:
    lib = FILE + "claim c: forall x in near: f(x).p <= nothing"
    assert accepted("claim c: forall x in near: f(x).p <= 0", imports={"lib.nnspec": lib}).scope.claims


def test_a_parameter_of_an_imported_file_is_set_like_one_s_own() -> None:
    found = accepted("", imports={"lib.nnspec": "param n: int"}, parameters={"n": "3"})
    assert numbers(found.scope.parameters["n"]) == ("3",)


def test_dimensions_agree_across_files() -> None:
    text = 'data e = "short.npz" { labels: label[N] }'
    (found,) = resolved(text, imports={"data.nnspec": DATA}, data=FILES).problems
    assert found.code == "NN139"
    assert [note.span.file for note in found.notes if note.span] == ["data.nnspec"]


def test_a_clash_of_names_shows_both_files() -> None:
    (found,) = resolved("param eps = 1", imports={"lib.nnspec": FILE}).problems
    assert found.span is not None
    assert (found.code, found.span.file) == ("NN132", "spec.nnspec")
    assert [note.span.file for note in found.notes if note.span] == ["lib.nnspec"]


def test_an_imported_file_cannot_use_the_names_of_the_one_that_imports_it() -> None:
    found = resolved("param mine = 1", imports={"lib.nnspec": "def d(x) = x * mine"})
    assert only(found)[:2] == ("NN102", "`mine` is not declared")
    assert found.problems[0].span is not None
    assert found.problems[0].span.file == "lib.nnspec"
