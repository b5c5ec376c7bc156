"""Every mistake in names, types and shapes has a code, a place and words that help."""

from __future__ import annotations

import pytest

from tests.semantics.worlds import Checked, check, network

FILE = """
network f = "f.onnx" {
    input a, b, c
    output p, q
    domain a in [0, 1], b in [0, 1], c in [0, 1]
    layer relu = "t1"
}
network g[i in 1..3] = "g_{i}.onnx" {
    input a, b, c
    output p, q
}
region near[k in 0..2] on f = { x | x[k] <= 1/2 }
param eps = 1/2
def sloped(v, k) = v * k
"""


def problem(checked: Checked) -> tuple[str, str, str]:
    """Code, problem and fix of the only diagnostic."""
    assert len(checked.problems) == 1, checked.problems
    found = checked.problems[0]
    assert found.span is not None
    return found.code, found.problem, found.fix or ""


CLAIMS = [
    # words that have a meaning, and none as a network
    ("injective(ball, on: f.domain)", "NN109", "must be a network", ""),
    ("injective(robust, on: f.domain)", "NN178", "`robust` is a claim form", ""),
    ("injective(p, on: f.domain)", "NN109", "must be a network", ""),
    # names
    ("forall x in f.domain: f(x).p <= epss", "NN102", "`epss` is not declared", "`eps`"),
    ("forall x in f.domain: ff(x).p <= 0", "NN102", "`ff` is not declared", "`f`"),
    ("forall x in nearer: f(x).p <= 0", "NN102", "`nearer` is not declared", "`near`"),
    ("forall x in f.domain: slopes(x.a, 2) <= 0", "NN102", "`slopes` is not declared", "`sloped`"),
    ("forall x in bal(0, 1, linf): f(x).p <= 0", "NN102", "`bal` is not declared", "`ball`"),
    ("forall eps in f.domain: f(eps).p <= 0", "NN110", "`eps` already names something", "another name"),
    # families
    ("forall x in f.domain: g[4](x).p <= 0", "NN106", "no member with i = 4", ""),
    ("forall x in f.domain: g[1, 2](x).p <= 0", "NN106", "`g` has 1 index, 2 given", ""),
    ("forall x in near[3]: f(x).p <= 0", "NN106", "k runs over 0..2", ""),
    ("forall x in near: f(x).p <= 0", "NN106", "region `near` has 1 index, 0 given", ""),
    ("forall x in near[1/2]: f(x).p <= 0", "NN118", "an index must be an integer, this is 1/2", ""),
    ("forall x in box(0, 1): g(x).p <= 0", "NN118", "`g` is a network family", "`g[…]`"),
    # arguments
    (
        "forall x in ball(0, radious: 1, norm: linf): f(x).p <= 0",
        "NN109",
        "no argument `radious`",
        "`radius`",
    ),
    ("forall x in ball([0, 0, 0], 1): f(x).p <= 0", "NN109", "`ball` needs `norm`", "`norm: …`"),
    ("forall x in box(0, 1, 2): f(x).p <= 0", "NN109", "`box` takes 2 arguments", ""),
    ("forall x in box(0, lower: 1, upper: 2): f(x).p <= 0", "NN109", "`lower` is given twice", ""),
    ("forall x in f.domain: sloped(x.a) <= 0", "NN109", "`sloped` needs `k`", "`k: …`"),
    ("forall x in f.domain: sloped <= 0", "NN109", "`sloped` takes arguments", "`sloped(v, k)`"),
    ("forall x in f.domain: f(x, x).p <= 0", "NN109", "applied to one point", ""),
    ("forall x in f.domain: f(state: x).p <= 0", "NN109", "applied to one point", ""),
    # components and elements
    ("forall x in f.domain: f(x).pp <= 0", "NN117", "`f` has no component `pp`", "`p`"),
    ("forall x in f.domain: x.p <= 0", "NN117", "`f` has no component `p`", "`a`, `b`, `c`"),
    ("forall x in f.domain: f.rely(x)[0] <= 0", "NN117", "`f` has no layer and no output `rely`", "`relu`"),
    (
        "forall x in f.domain: f.p <= 0",
        "NN118",
        "output 0 of the network `f`, not applied,",
        "apply the network",
    ),
    ("forall x in f.domain: f.relu(x).p <= 0", "NN117", "elements of `f.relu(x)` have no names", "[0]"),
    ("forall x in f.domain: f(x)[2] <= 0", "NN122", "`f(x)` has no element 2", "0 to 1"),
    ("forall x in f.domain: f(x)[0, 0] <= 0", "NN122", "shape [2], not 2 dimensions", ""),
    ("forall x in f.domain: x.a[1] <= 0", "NN122", "no element 1", ""),
    # shapes
    (
        "forall x in ball([0, 0], 1, linf): f(x).p <= 0",
        "NN119",
        "shape [2], but the input of `f` has shape [3]",
        "",
    ),
    ("forall x in ball(0, 1, linf): f(x).p <= 0", "NN119", "is one number, but the input of `f`", ""),
    ("forall x in box([0, 0], 1): f(x).p <= 0", "NN119", "the lower corner of a box has shape [2]", ""),
    ("forall x in ball([0, 0, 0], [1, 1], linf): f(x).p <= 0", "NN119", "must be one number, this has 2", ""),
    ("forall x in f.domain: sum(x + [1, 2]) <= 0", "NN119", "shapes [3] and [2]", ""),
    ("forall x in f.domain: sum([[1, 2], [3]]) <= 0", "NN119", "shape [1], the first one [2]", ""),
    ("forall x in f.domain: dot(x, f(x)) <= 0", "NN119", "3 and of 2 elements", ""),
    # arithmetic
    ("forall x in f.domain: abs(x.a) * f(x).p <= 0", "NN120", "`abs(x.a)` times `f(x).p`: both vary", ""),
    ("forall x in f.domain: 1 / x.a <= 0", "NN120", "`x.a` divides, but it is not constant", ""),
    ("forall x in f.domain: dot(x, max(x, 0)) <= 0", "NN120", "`x` times `max(x, 0)`", ""),
    ("forall x in f.domain: x.a / (1 - 2 * eps) <= 0", "NN121", "division by zero", ""),
    # norms and labels
    ("forall x in ball([0, 0, 0], 1, linff): f(x).p <= 0", "NN123", "`linff` is not a norm", "`linf`"),
    ("forall x in f.domain: norm(max(x, 0), l2) <= 1", "NN153", "`max(x, 0)` is one of absolute values", ""),
    ("forall x in f.domain: norm(x, l2) + norm(f(x), l2) <= 1", "NN153", "compares sums of Euclidean", ""),
    ("forall x in f.domain: argmax(f(x)) == pp", "NN124", "`pp` is not one of the labels of `f`", "`p`"),
    ("forall x in f.domain: argmax(f(x)) == 2", "NN124", "no label 2", "0 to 1"),
    ("forall x in f.domain: r in argmin(f(x))", "NN124", "`r` is not one of the labels", "`p`, `q`"),
    ("forall x in f.domain: argmax(f(x)) <= p", "NN125", "cannot be compared by `<=`", "`==`"),
    # comparisons and kinds
    ("forall x in f.domain: f(x).p", "NN118", "a number stands where a condition is needed", "compare"),
    ("forall x in f.domain: f(x).p <= (x.a <= 1)", "NN118", "a condition stands where a number", ""),
    ("forall x in f.domain: f.domain <= 0", "NN118", "a region stands where a number", ""),
    ("forall x in f.domain: near <= 0", "NN118", "the region `near` stands where a number", ""),
    ("forall x in f: f(x).p <= 0", "NN118", "the network `f` stands where a region", "`f.domain`"),
    ("forall x in eps: f(x).p <= 0", "NN118", "a number stands where a region", ""),
    ("forall x in f.domain: f <= 0", "NN118", "the network `f` stands where a number", ""),
    ("forall x in f.domain: f.relu <= 0", "NN118", "hidden tensor `f.relu`", ""),
    ('forall x in f.domain: f(x).p <= "a"', "NN118", "text stands where a number", ""),
    ("forall x in box(x, 1): f(x).p <= 0", "NN102", "`x` is not declared", ""),
    ("forall x in g[1].domain: g[1](x).p <= 0", "NN115", "`g` declares no domain", "box"),
    # quantifiers and networks
    ("f(eps) <= 0", "NN119", "the input of `f` has shape [3]", ""),
    ("eps <= 0", "NN126", "every point of a region", "forall"),
    ("forall x in box(0, 1): 1 <= 2", "NN127", "nothing says what `x` is a point of", "`f(x)`"),
    # claim forms
    ("robust(f, at: [0, 0, 0], lable: p, within: 1)", "NN109", "no argument `lable`", "`label`"),
    ("robust(f, at: [0, 0, 0], label: p)", "NN109", "`robust` needs `within`", "`within: …`"),
    ("robust(f, [0, 0, 0], label: p, within: 1)", "NN109", "must say which it is", "`at: …`"),
    ("robust(h, at: [0, 0, 0], label: p, within: 1)", "NN102", "`h` is not declared", ""),
    ("robust(g, at: [0, 0, 0], label: p, within: 1)", "NN109", "`g` is a network family", "`g[…]`"),
    ("robust(eps, at: [0, 0, 0], label: p, within: 1)", "NN109", "must be a network", ""),
    ("robust(f, at: [0, 0, 0], label: p, within: 1, norm: lin)", "NN123", "`lin` is not a norm", "`linf`"),
    ("robust(f, at: [0, 0, 0], label: p, within: 1, clip: 3)", "NN109", "an interval", "`[lower, upper]`"),
    (
        "robust(f, at: [0, 0], label: p, within: 1)",
        "NN119",
        "shape [2], but the input of `f` has shape [3]",
        "",
    ),
    ("robust(f, at: [0, 0, 0], label: r, within: 1)", "NN124", "`r` is not one of the labels", ""),
    ("output_range(f.p, on: f.domain)", "NN171", "states no limit", "`within: [lower, upper]`"),
    (
        "output_range(f, on: f.domain, at_most: 1)",
        "NN109",
        "`f` is a network, not one of its outputs",
        "`f[0]`",
    ),
    ("output_range(f.r, on: f.domain, at_most: 1)", "NN117", "no component `r`", ""),
]


@pytest.mark.parametrize(("claim", "code", "words", "fix"), CLAIMS)
def test_a_claim_with_a_mistake_says_which(claim: str, code: str, words: str, fix: str) -> None:
    found = problem(check(f"{FILE}\nclaim c: {claim}\n"))
    assert found[0] == code
    assert words in found[1]
    assert fix in found[2]


DECLARATIONS = [
    (
        "claim t[i in 1..3]: robust(i[i], at: [0, 0, 0], label: 1, within: 1)",
        "NN109",
        "`f` of `robust` must be a network",
        "",
    ),
    ("claim t @timeout(1e400): forall x in f.domain: f(x).p <= 0", "NN111", "at most 1,000,000,000 s", "inf"),
    ("invariant t of box: x[0] <= 0", "NN144", "`box` is not a network", "invariant"),
    ("param eps = 2", "NN101", "`eps` is declared twice", ""),
    ("def f(x) = x", "NN101", "`f` is declared twice", ""),
    ("def argmax(x) = x", "NN110", "`argmax` is built in", ""),
    ("param robust = 1", "NN110", "`robust` is built in", ""),
    ("def d(v, v) = v", "NN101", "`v` is bound twice", ""),
    ("def d(v) = v + w", "NN102", "`w` is not declared", ""),
    ("def d(v) = d(v)", "NN108", "`d` is defined by itself: d → d", ""),
    ("param one = two\nparam two = one", "NN108", "is defined by itself", ""),
    ("param zero = 1 / 0", "NN121", "division by zero", ""),
    ("param nothing", "NN107", "`nothing` has no value", "-p nothing"),
    ("region r = r & box(0, 1)", "NN108", "the region `r` is defined by itself", ""),
    ("region r on f = { x | x.z <= 0 }", "NN117", "no component `z`", ""),
    ("region r on g[9] = box(0, 1)", "NN106", "no member with i = 9", ""),
    ("region r[p in 0..1] = box(0, p)", "NN110", "the index `p` has the name of an output", ""),
    ('network n = "n_{i}.onnx"', "NN102", "`n` has no index `i`", ""),
    ('network n[i in 3..1] = "n_{i}.onnx"', "NN104", "the range 3..1 is empty", ""),
    ('network n[i in 0..<0] = "n_{i}.onnx"', "NN104", "the range 0..<0 is empty", ""),
    ('network n[i in 1..1/2] = "n_{i}.onnx"', "NN118", "must be an integer", ""),
    ('network n[i in 1..999, j in 1..999] = "n.onnx"', "NN104", "998,001 members", ""),
    ('network n[i] = "n.onnx"', "NN105", "has no range", "write it"),
    ('network n[i in 1..2, i in 1..2] = "n.onnx"', "NN101", "index `i` is declared twice", ""),
    ('network n = "n.onnx" { input a, a, c }', "NN101", "`a` is named twice", ""),
    ('network n = "n.onnx" { output eps, q }', "NN110", "output `eps` has the name of something else", ""),
    ('network n = "n.onnx" { input a, b, c\n input a, b, c }', "NN112", "`input` is given twice", ""),
    ('network n = "n.onnx" { input a, b }', "NN113", "has 3 inputs, 2 names are declared", ""),
    ('network n = "n.onnx" { output a }', "NN113", "has 2 outputs, 1 name is declared", ""),
    ('network n = "n.onnx" { encode x = x * 0 }', "NN114", "does not depend on `x`", "scale not 0"),
    ('network n = "n.onnx" { encode x = x + sum(x) }', "NN114", "mixes elements", "scale"),
    ('network n = "n.onnx" { encode x = [x[1], x[0], x[2]] }', "NN114", "element 0", ""),
    ('network n = "n.onnx" { decode y = sum(y) }', "NN114", "gives 1 element for 2", ""),
    ('network n = "n.onnx" { decode y = y * y }', "NN114", "is not a multiple of an element", ""),
    ('network n = "n.onnx" { decode y = y * [1, 2, 3] }', "NN119", "shapes [2] and [3]", ""),
    ('network n = "n.onnx" { domain a in [0, 1] }', "NN115", "names no inputs", "`input`"),
    ('network n = "n.onnx" { input a, b, c\n domain d in [0, 1] }', "NN117", "no input `d`", ""),
    ('network n = "n.onnx" { input a, b, c\n domain a in [1, 0] }', "NN115", "no `a` lies in `[1, 0]`", ""),
    ('network n = "n.onnx" { input a, b, c\n domain a in [0, 1], a in [0, 1] }', "NN115", "`a` twice", ""),
    ('network n = "n.onnx" { layer l = "t11" }', "NN116", "no tensor `t11`", "`t1`"),
    ("claim c @timeot(1 s): forall x in f.domain: f(x).p <= 0", "NN111", "`@timeot`", "`timeout`"),
    ("claim c @timeout(soon): forall x in f.domain: f(x).p <= 0", "NN111", "a positive time", "30 s"),
    ("claim c @timeout(0 s): forall x in f.domain: f(x).p <= 0", "NN111", "a positive time", ""),
    ("claim c @timeout(3 ft): forall x in f.domain: f(x).p <= 0", "NN111", "a positive time", "`min`"),
    ("claim c @using(1): forall x in f.domain: f(x).p <= 0", "NN111", "name of a backend", ""),
    ("claim c @expect(refutd): forall x in f.domain: f(x).p <= 0", "NN111", "not a verdict", "`refuted`"),
    ("claim c @tags(1): forall x in f.domain: f(x).p <= 0", "NN111", "a tag is a word", ""),
    ("claim c @tags(a) @tags(b): forall x in f.domain: f(x).p <= 0", "NN111", "given twice", ""),
    ("claim c[i]: forall x in f.domain: f(x)[i] <= 0", "NN105", "`i` has no range", "`i in 1..5`"),
    ("claim c[i]: forall x in near[i]: g[i](x).p <= 0", "NN105", "have different ones", ""),
    ("claim c[q in 0..1]: forall x in f.domain: f(x)[q] <= 0", "NN110", "index `q` has the name", ""),
    (
        "claim c[x in 0..1]: forall x in f.domain: f(x).p <= 0",
        "NN110",
        "`x` already names something here",
        "",
    ),
    ("def d(x) = { x | x.a <= 0 }", "NN110", "`x` already names something here", "another name"),
    ("claim c[i in 1..4]: forall x in box(0, 1): g[i](x).p <= 0", "NN106", "no member with i = 4", ""),
]


@pytest.mark.parametrize(("declaration", "code", "words", "fix"), DECLARATIONS)
def test_a_declaration_with_a_mistake_says_which(declaration: str, code: str, words: str, fix: str) -> None:
    found = problem(check(f"{FILE}\n{declaration}\n"))
    assert found[0] == code
    assert words in found[1]
    assert fix in found[2]


def test_a_shape_error_points_at_both_places() -> None:
    checked = check('network f = "nets/f.onnx" {\n    output a, b, c\n}\n')
    (found,) = checked.problems
    assert found.span is not None
    assert (found.code, found.span.line) == ("NN113", 2)
    (note,) = found.notes
    assert note.span is not None
    assert "nets/f.onnx" in note.text
    assert "[2]" in note.text
    assert note.span.line == 1


def test_a_product_names_both_factors() -> None:
    checked = check(f"{FILE}\nclaim c: forall x in f.domain: 2 * abs(x.a) * 3 * f(x).p <= 0\n")
    (found,) = checked.problems
    assert [note.text for note in found.notes] == ["`abs(x.a)` varies", "`f(x).p` varies"]
    assert all(note.span is not None for note in found.notes)


def test_every_mistake_of_a_file_is_reported_once() -> None:
    text = f"""{FILE}
claim one[i in 1..3]: forall x in ball([0], 1, linf): g[i](x).z <= 0 and g[i](x)[9] <= nothing
claim two: forall x in f.domain: f(x).z <= 0
"""
    assert sorted(check(text).codes) == ["NN102", "NN117", "NN117", "NN119", "NN122"]


def test_a_parameter_that_nobody_declares_is_reported() -> None:
    checked = check(FILE, parameters={"epps": "1"})
    (found,) = checked.problems
    assert (found.code, found.fix) == ("NN107", "did you mean `eps`?")


def test_a_network_that_did_not_load_hides_no_other_mistake() -> None:
    text = (
        f"{FILE}\nclaim c: forall x in f.domain: f(x).pp <= 0\nclaim d: forall x in f.domain: f(x).p <= 0\n"
    )
    checked = check(text, {f"g[{i}]": network() for i in (1, 2, 3)})
    assert checked.codes == ("NN117",)
    assert checked.spec.claims == ()


def test_what_did_not_parse_is_not_reported_as_unknown() -> None:
    text = (
        FILE.replace("param eps = 1/2", "param eps = ") + "\nclaim c: forall x in f.domain: f(x).p <= eps\n"
    )
    checked = check(text)
    assert not [code for code in checked.codes if code.startswith("NN1")]
    assert checked.spec.claims == ()
