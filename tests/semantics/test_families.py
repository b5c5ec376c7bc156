"""Families: members, names, inferred ranges, paths."""

from __future__ import annotations

from tests.semantics.worlds import accepted, check, network, stated

FILE = """
network g[i in 1..3, j in 0..<2] = "nets/g_{i}_{j}.onnx" {
    input a, b, c
    output p, q
    domain a in [0, 1]
}
region low[k in 0..2] on g = { x | x[k] <= 1/2 }
region own[m in 1..3, n] on g[m, n] = low[m - 1]
"""


def names(claims: str) -> list[str]:
    return [claim.name for claim in accepted(FILE + claims).spec.claims]


def test_every_member_of_a_network_has_its_label_and_path() -> None:
    uses = accepted(FILE).scope.networks
    assert len(uses) == 6
    assert (uses[1].label, uses[1].path, uses[1].member) == ("g[1,1]", "nets/g_1_1.onnx", (1, 1))


def test_a_claim_without_a_family_has_a_plain_name() -> None:
    assert names("claim c: forall x in low[0]: g[1, 0](x).p <= 0") == ["c"]


def test_an_index_takes_the_range_of_the_place_where_it_is_used() -> None:
    found = names("claim c[i, j]: forall x in low[0]: g[i, j](x).p <= 0")
    assert found == ["c[1,0]", "c[1,1]", "c[2,0]", "c[2,1]", "c[3,0]", "c[3,1]"]


def test_written_and_inferred_ranges_mix() -> None:
    found = names("claim c[i in 2..3, j]: forall x in low[0]: g[i, j](x).p <= 0")
    assert found == ["c[2,0]", "c[2,1]", "c[3,0]", "c[3,1]"]


def test_an_index_may_take_its_range_from_a_region() -> None:
    assert names("claim c[k]: forall x in low[k]: g[1, 0](x).p <= 0") == ["c[0]", "c[1]", "c[2]"]
    assert names("claim c[k]: forall x in own[1, k]: g[1, k](x).p <= 0") == ["c[0]", "c[1]"]


def test_an_index_is_found_behind_a_definition() -> None:
    text = "def score(i, x) = g[i, 0](x).p\nclaim c[k]: forall x in g.domain: score(k, x) <= 0"
    assert names(text) == ["c[1]", "c[2]", "c[3]"]


def test_indices_are_numbers_in_the_clause() -> None:
    claim = accepted(FILE + "claim c[i, k in 2..2]: forall x in low[0]: g[i, 1](x).p <= k / i").spec.claims[2]
    assert claim.name == "c[3,2]"
    assert claim.networks[0].label == "g[3,1]"
    assert stated(claim).frame.network == "g[3,1]"


def test_a_parameter_may_bound_a_range() -> None:
    text = FILE + "param count = 2\nclaim c[k in 0..<count]: forall x in g.domain: g[1, k](x).p <= 0"
    assert [claim.name for claim in accepted(text).spec.claims] == ["c[0]", "c[1]"]
    assert [claim.name for claim in check(text, parameters={"count": "1"}).spec.claims] == ["c[0]"]


def test_points_and_labels_may_come_from_parameters() -> None:
    text = """
network f = "f.onnx"
param points = [[0, 0, 0], [1, 0, -1]]
param labels = [1, 0]
claim c[n in 0..1]: robust(f, at: points[n], label: labels[n], within: 0.1)
"""
    assert [claim.name for claim in accepted(text).spec.claims] == ["c[0]", "c[1]"]


def test_a_region_of_one_network_is_one_of_another_with_the_same_inputs() -> None:
    assert accepted(FILE + "claim c: forall x in own[1, 0]: g[2, 0](x).p <= 0")["c"].statement is not None
    other = 'network h = "h.onnx" { input u, v, w }\n'
    (found,) = check(FILE + other + "claim c: forall x in own[1, 0]: h(x)[0] <= 0").problems
    assert (found.code, found.span and found.span.line) == ("NN119", 8)
    assert "other names" in found.problem


def test_members_without_a_network_are_left_out_and_the_others_kept() -> None:
    text = FILE + "claim c[i]: forall x in g.domain: g[i, 0](x).p <= 0"
    checked = check(text, {"g[1,0]": network(), "g[3,0]": network()})
    assert checked.problems == ()
    assert [claim.name for claim in checked.spec.claims] == ["c[1]", "c[3]"]


def test_claims_have_names_of_their_own() -> None:
    text = FILE + "claim g: forall x in low[0]: g[1, 0](x).p <= 0"
    assert [claim.name for claim in accepted(text).spec.claims] == ["g"]
