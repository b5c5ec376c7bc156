"""Every kind of declaration, as the tree that it means and where that stands."""

from __future__ import annotations

from fractions import Fraction

import pytest

from spec_lang.diagnostics import Span
from spec_lang.syntax import ast
from spec_lang.syntax.format import format_expression
from spec_lang.syntax.parse import parse_module
from spec_lang.syntax.words import PLACED_WORDS


def declarations(text: str) -> tuple[ast.Declaration, ...]:
    parsed = parse_module(text, "test.nnspec")
    assert parsed.diagnostics == ()
    assert parsed.broken == frozenset()
    return parsed.module.declarations


def declaration(text: str) -> ast.Declaration:
    (only,) = declarations(text)
    return only


def at(line: int, column: int, end_line: int, end_column: int) -> Span:
    return Span("test.nnspec", line, column, end_line, end_column)


@pytest.mark.parametrize("text", ["", "\n", "  \t\n\r\n", "# only a comment", "## doc\n# and more\n"])
def test_a_file_of_nothing_is_a_module_of_nothing(text: str) -> None:
    assert declarations(text) == ()


def test_a_language_declaration() -> None:
    language = declaration("language 1")
    assert isinstance(language, ast.LanguageDecl)
    assert Fraction(1) == language.version.value
    assert at(1, 1, 1, 11) == language.span


NETWORK = """\
network acas[i in 1..5, j in 0..<n - 1] = "nets/{i}_{j}.onnx" {
    input  rho "ft", theta   # the rest has no unit
    output coc, weak_left
    encode x = (x - [1, 2]) / 3
    decode y = y * 373.94992 + 7.518884
    domain rho in [0, 60760],
           theta in [-3.14, 3.14]
    layer  relu_5 = "relu 5"
}
"""


def test_a_network_with_everything() -> None:
    network = declaration(NETWORK)
    assert isinstance(network, ast.NetworkDecl)
    assert (network.name.text, network.path.value) == ("acas", "nets/{i}_{j}.onnx")
    assert at(1, 1, 9, 2) == network.span
    inputs, outputs, encode, decode, domain, layer = network.items
    assert isinstance(inputs, ast.Inputs)
    assert [(c.name.text, c.unit) for c in inputs.components] == [("rho", "ft"), ("theta", None)]
    assert at(2, 5, 2, 27) == inputs.span
    assert isinstance(outputs, ast.Outputs)
    assert [component.name.text for component in outputs.components] == ["coc", "weak_left"]
    assert isinstance(encode, ast.Encode)
    assert (encode.variable.text, format_expression(encode.value)) == ("x", "(x - [1, 2]) / 3")
    assert isinstance(decode, ast.Decode)
    assert (decode.variable.text, format_expression(decode.value)) == ("y", "y * 373.94992 + 7.518884")
    assert isinstance(domain, ast.Domain)
    assert [
        (item.component.text, format_expression(item.lower), format_expression(item.upper))
        for item in domain.items
    ] == [("rho", "0", "60760"), ("theta", "-3.14", "3.14")]
    assert at(6, 5, 7, 34) == domain.span
    assert isinstance(layer, ast.Layer)
    assert (layer.name.text, layer.tensor.value) == ("relu_5", "relu 5")


def test_a_family_knows_its_ranges() -> None:
    network = declaration(NETWORK)
    assert isinstance(network, ast.NetworkDecl)
    i, j = network.family
    assert isinstance(i.values, ast.IndexRange)
    assert (
        i.values.exclusive,
        format_expression(i.values.first),
        format_expression(i.values.last),
    ) == (False, "1", "5")
    assert isinstance(j.values, ast.IndexRange)
    assert (j.values.exclusive, format_expression(j.values.last)) == (True, "n - 1")
    assert at(1, 14, 1, 23) == i.span


def test_a_family_may_run_over_a_set() -> None:
    claim = declaration("claim c[i in {1, 2 * n}]: x")
    assert isinstance(claim, ast.ClaimDecl)
    (i,) = claim.family
    assert isinstance(i.values, ast.IndexSet)
    assert [format_expression(element) for element in i.values.elements] == ["1", "2 * n"]
    assert at(1, 9, 1, 24) == i.span
    assert at(1, 14, 1, 24) == i.values.span


def test_an_import() -> None:
    import_ = declaration('import "regions.nnspec"')
    assert isinstance(import_, ast.ImportDecl)
    assert import_.path.value == "regions.nnspec"
    assert at(1, 1, 1, 24) == import_.span


def test_a_network_like_another() -> None:
    bare, full = declarations('network g = "g.onnx" like f\nnetwork h[i in 1..2] = "h" like f {\n input a }')
    assert isinstance(bare, ast.NetworkDecl)
    assert bare.like is not None
    assert (bare.like.text, bare.items) == ("f", ())
    assert at(1, 1, 1, 28) == bare.span
    assert isinstance(full, ast.NetworkDecl)
    assert full.like is not None
    assert (full.like.text, len(full.items), len(full.family)) == ("f", 1, 1)


def test_data_of_several_arrays_and_of_one() -> None:
    several, one = declarations(
        'data d = "d.npz" { images "x_test": real[N, 8 * 8]; labels: label[N]; }\ndata p = "p.csv": real[3]'
    )
    assert isinstance(several, ast.DataDecl)
    images, labels = several.arrays
    assert (images.name.text, images.source, images.type.element.text) == ("images", "x_test", "real")
    assert [format_expression(extent) for extent in images.type.shape] == ["N", "8 * 8"]
    assert (labels.source, labels.type.element.text, several.whole) == (None, "label", None)
    assert at(1, 1, 1, 72) == several.span
    assert at(1, 20, 1, 51) == images.span
    assert isinstance(one, ast.DataDecl)
    assert one.whole is not None
    assert (one.arrays, one.whole.element.text, len(one.whole.shape)) == ((), "real", 1)
    assert at(2, 1, 2, 26) == one.span


def test_a_parameter_with_a_type() -> None:
    point, count = declarations("param p: real[2] = [0, 1]\nparam n: int")
    assert isinstance(point, ast.ParamDecl)
    assert point.type is not None
    assert point.value is not None
    assert (point.type.element.text, format_expression(point.value)) == ("real", "[0, 1]")
    assert isinstance(count, ast.ParamDecl)
    assert count.type is not None
    assert (count.type.element.text, count.type.shape, count.value) == ("int", (), None)
    assert at(2, 1, 2, 13) == count.span


def test_an_invariant_over_data_and_shares_of_data() -> None:
    over, listed, size, said = declarations(
        'invariant p of f on near over seen.at[0:3] "t": a >= 0\n'
        'invariant q of f over [[1, 2], [3, 4]] "t": a >= 0\n'
        "measure size = support of p over seen.at\nmeasure said = coverage of [p, q[1]] over [[1, 2]]"
    )
    assert isinstance(over, ast.InvariantDecl)
    assert isinstance(listed, ast.InvariantDecl)
    assert (over.title, listed.title, listed.region) == ("t", "t", None)
    assert isinstance(over.points, ast.Index)
    assert isinstance(listed.points, ast.TensorLiteral)
    assert isinstance(size, ast.MeasureDecl)
    assert isinstance(said, ast.MeasureDecl)
    assert isinstance(size.quantity, ast.Share)
    assert isinstance(said.quantity, ast.Share)
    assert (size.quantity.asked, size.quantity.listed) == (ast.Sharing.SUPPORT, False)
    assert (said.quantity.asked, len(said.quantity.invariants)) == (ast.Sharing.COVERAGE, 2)


def test_an_invariant() -> None:
    short, full = declarations(
        'invariant p of f: a >= 0\ninvariant q[i] of f[i, 2] on near.part[i] "t" @slow(3 s): output[0] <= 1'
    )
    assert isinstance(short, ast.InvariantDecl)
    assert (format_expression(short.network), short.region, short.title) == ("f", None, None)
    assert isinstance(full, ast.InvariantDecl)
    assert full.region is not None
    assert format_expression(full.network) == "f[i, 2]"
    assert format_expression(full.region) == "near.part[i]"
    assert (full.title, [attribute.name.text for attribute in full.attributes]) == ("t", ["slow"])
    assert format_expression(full.body) == "output[0] <= 1"
    assert at(2, 1, 2, 73) == full.span


@pytest.mark.parametrize("extreme", ast.Extreme)
def test_a_measure_over_points(extreme: ast.Extreme) -> None:
    text = f'measure m[i] "t" @slow = {extreme.value} f(x)[i] for x in r, j in 0..3, to 1 %'
    measure = declaration(text)
    assert isinstance(measure, ast.MeasureDecl)
    assert (measure.title, len(measure.attributes), len(measure.family)) == ("t", 1, 1)
    optimum = measure.quantity
    assert isinstance(optimum, ast.Optimum)
    assert optimum.extreme is extreme
    assert [binding.variable.text for binding in optimum.bindings] == ["x", "j"]
    assert optimum.precision is not None
    assert format_expression(optimum.precision) == "1 %"
    assert at(1, 1, 1, len(text) + 1) == measure.span


@pytest.mark.parametrize("threshold", ast.Threshold)
def test_a_measure_over_claims(threshold: ast.Threshold) -> None:
    measure = declaration(f"measure m = {threshold.value} r in [0, 2 * a] with forall x in b(r): x <= 3")
    assert isinstance(measure, ast.MeasureDecl)
    radius = measure.quantity
    assert isinstance(radius, ast.Radius)
    assert (radius.threshold, radius.variable.text, radius.precision) == (threshold, "r", None)
    assert (format_expression(radius.lower), format_expression(radius.upper)) == ("0", "2 * a")
    assert format_expression(radius.claim) == "forall x in b(r): x <= 3"


def test_a_measure_that_counts() -> None:
    text = 'measure m[i] "t" = regions of f[i] over digits.images[0:9]'
    first, second = declarations(f"{text}\nmeasure regions = regions of over over over")
    assert isinstance(first, ast.MeasureDecl)
    assert isinstance(second, ast.MeasureDecl)
    assert isinstance(first.quantity, ast.Count)
    assert isinstance(second.quantity, ast.Count)
    assert format_expression(first.quantity.network) == "f[i]"
    assert format_expression(first.quantity.points) == "digits.images[0:9]"
    assert format_expression(second.quantity.network) == "over"
    assert format_expression(second.quantity.points) == "over"
    assert first.quantity.span == at(1, 20, 1, 59)


def test_words_with_a_place_are_names_everywhere_else() -> None:
    for word in PLACED_WORDS:
        definition, claim = declarations(
            f"def {word}({word}) = {word} + 3 * {word}(1)\nclaim {word}: {word} <= 3"
        )
        assert isinstance(definition, ast.DefDecl)
        assert definition.name.text == word
        assert isinstance(claim, ast.ClaimDecl)
    measure = declaration("measure max = max max(a, to) for for in on, to to")
    assert isinstance(measure, ast.MeasureDecl)


@pytest.mark.parametrize(
    "text", ['network f = "f.onnx"', 'network f = "f.onnx" {}', 'network f="f.onnx"{\n}']
)
def test_a_network_needs_no_body(text: str) -> None:
    network = declaration(text)
    assert isinstance(network, ast.NetworkDecl)
    assert (network.family, network.items, network.path.value) == ((), (), "f.onnx")


def test_words_of_a_network_are_names_where_only_a_name_can_stand() -> None:
    text = 'network f = "f" { input input, on output domain layer layer = "t" encode encode = decode }'
    network = declaration(text)
    assert isinstance(network, ast.NetworkDecl)
    assert [ast.Inputs, ast.Outputs, ast.Layer, ast.Encode] == [type(item) for item in network.items]


def test_a_region_with_and_without_a_network() -> None:
    near, far, member = declarations(
        "region near = box(0, 1)\nregion far on f = near\nregion part[i, j] on acas[i, j] = { x | x.a >= 1 }"
    )
    assert isinstance(near, ast.RegionDecl)
    assert near.network is None
    assert isinstance(far, ast.RegionDecl)
    assert far.network is not None
    assert format_expression(far.network) == "f"
    assert isinstance(member, ast.RegionDecl)
    assert member.network is not None
    assert format_expression(member.network) == "acas[i, j]"
    assert format_expression(member.value) == "{ x | x.a >= 1 }"
    assert [binding.name.text for binding in member.family] == ["i", "j"]
    assert [binding.values for binding in member.family] == [None, None]


def test_a_parameter_with_and_without_a_value() -> None:
    required, optional = declarations("param eps\nparam delta = 1/3")
    assert isinstance(required, ast.ParamDecl)
    assert required.value is None
    assert at(1, 1, 1, 10) == required.span
    assert isinstance(optional, ast.ParamDecl)
    assert optional.value is not None
    assert format_expression(optional.value) == "1 / 3"


def test_a_definition_with_and_without_parameters() -> None:
    function, constant = declarations("def prefers(y, k) = y[k] < y[0]\ndef centre = [0.5, 0.5]")
    assert isinstance(function, ast.DefDecl)
    assert [parameter.text for parameter in function.parameters] == ["y", "k"]
    assert isinstance(constant, ast.DefDecl)
    assert constant.parameters == ()


def test_a_claim_with_everything() -> None:
    claim = declaration(
        'claim p[n in 0..<100] "never \\"far\\"" @timeout(30 s) @tags("a", "b") @slow:\n    f(x) <= 3'
    )
    assert isinstance(claim, ast.ClaimDecl)
    assert (claim.name.text, claim.title, format_expression(claim.body)) == ("p", 'never "far"', "f(x) <= 3")
    timeout, tags, slow = claim.attributes
    assert [format_expression(argument) for argument in timeout.arguments] == ["30 s"]
    assert at(1, 39, 1, 53) == timeout.span
    assert [format_expression(argument) for argument in tags.arguments] == ['"a"', '"b"']
    assert (slow.name.text, slow.arguments) == ("slow", ())
    assert at(1, 1, 2, 14) == claim.span


def test_a_claim_needs_a_name_and_a_formula_alone() -> None:
    claim = declaration("claim p: x")
    assert isinstance(claim, ast.ClaimDecl)
    assert (claim.family, claim.title, claim.attributes) == ((), None, ())


def test_newlines_and_comments_separate_words_and_nothing_else() -> None:
    one_line = declaration("claim p: forall x in box(0, 1): f(in: x) <= 3")
    many = declaration(
        "claim # c\np\n:\nforall # (\nx\nin\tbox(0\n,1):\n f(in # a comment: \n : x)\n<=\n\n3 # end"
    )
    assert isinstance(one_line, ast.ClaimDecl)
    assert isinstance(many, ast.ClaimDecl)
    assert format_expression(one_line.body) == format_expression(many.body)


def test_declarations_stay_in_order_and_may_share_a_line() -> None:
    kinds = [type(d) for d in declarations('language 1 param a = 3 claim b: a <= 3 network f = "f" param c')]
    assert [ast.LanguageDecl, ast.ParamDecl, ast.ClaimDecl, ast.NetworkDecl, ast.ParamDecl] == kinds
