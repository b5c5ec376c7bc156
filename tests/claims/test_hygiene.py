"""Expansion is hygienic: what a form binds never meets a name of the user's, whatever that is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spec_lang.claims.base import ArgumentKind, Claim, Parameter
from spec_lang.semantics.forms.library import built_in_forms
from spec_lang.semantics.traverse import bound_names, walk
from spec_lang.syntax import ast
from tests.claims.calls import expand_file, formula_of, tree_of

FORMS = built_in_forms()
# Every name that a form binds or gives a parameter, and some that it does not.
NASTY = (
    "x",
    "y",
    "g",
    "j",
    "k",
    "i",
    "v",
    "w",
    "i_0",
    "x_1",
    "y_1",
    "j_1",
    "f",
    "at",
    "on",
    "of",
    "lower",
    "upper",
    "within",
)


def argument(parameter: Parameter, name: str, network: str) -> str:
    """An argument that mentions `name` wherever the kind allows it."""
    match parameter.kind:
        case ArgumentKind.NETWORK:
            return network
        case ArgumentKind.OUTPUT:
            return f"{network}[{name} + 1]"
        case ArgumentKind.REGION:
            return f"ball({name}, {name}, linf) & {{ z | z[0] <= {name} }}"
        case ArgumentKind.INTERVAL | ArgumentKind.TOLERANCE | ArgumentKind.NEURONS:
            return f"[{name}, {name} + 1]"
        case ArgumentKind.COMPONENTS:
            return f"[{name}, {name} + 1]"
        case ArgumentKind.WORD:
            return parameter.words[0]
        case ArgumentKind.NORM:
            return "l1"
        case _:
            return name


def call_of(form: Claim, given: Mapping[str, str], network: str, leave_out: frozenset[str]) -> str:
    arguments = [
        f"{p.name}: {argument(p, given[p.name], network)}" for p in form.parameters if p.name not in leave_out
    ]
    return f"{form.name}({', '.join(arguments)})"


# Arguments that exclude each other: one side is left out.
CHOICES: dict[str, tuple[frozenset[str], ...]] = {
    "affine": (frozenset(), frozenset({"at", "within"})),
    "equivalent": (frozenset({"relative", "norm"}), frozenset({"within", "norm"})),
    "explanation_stable": (
        frozenset({"on", "cosine", "never_near"}),
        frozenset({"on", "within", "norm"}),
        frozenset({"weights", "cosine", "never_near"}),
        frozenset({"weights", "within", "norm", "at"}),
    ),
    "same_decision": (frozenset(), frozenset({"unless_within"})),
    "same_signs": (frozenset({"on"}), frozenset({"weights"})),
    "same_top": (frozenset({"on"}), frozenset({"weights"})),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
@given(st.data())
@settings(max_examples=50)
def test_names_of_arguments_change_nothing_but_themselves(form: Claim, data: st.DataObject) -> None:
    """With names that nothing binds, the formula is the same but for these names."""
    network, *drawn = data.draw(st.permutations(NASTY))
    nasty = dict(zip((p.name for p in form.parameters), drawn, strict=False))
    harmless = {name: f"plain_{name}" for name in NASTY}
    left_out = data.draw(st.sampled_from(CHOICES.get(form.name, (frozenset(),))))
    found = tree_of(call_of(form, nasty, network, left_out), head(network))
    plain = {parameter: harmless[name] for parameter, name in nasty.items()}
    expected = tree_of(call_of(form, plain, harmless[network], left_out), head(harmless[network]))
    back = {plain: name for name, plain in harmless.items()}
    assert outline(found, {}, {}) == outline(expected, {}, back)


def head(network: str) -> str:
    return f'network {network} = "f.onnx"\n'


def outline(node: object, bound: Mapping[str, int], renamed: Mapping[str, str]) -> object:
    """`node` with numbers for the variables that it binds: equal for formulas that differ in these alone."""
    match node:
        case ast.Name(text=text):
            return bound[text] if text in bound else renamed.get(text, text)
        case ast.Attribute(base=base, name=name):
            return ("attribute", outline(base, bound, renamed), name.text)
        case ast.Quantified(quantifier=quantifier, bindings=bindings, body=body):
            domains = []
            for binding in bindings:
                domains.append(outline(binding.domain, bound, renamed))
                bound = {**bound, binding.variable.text: len(bound)}
            return (quantifier, tuple(domains), outline(body, bound, renamed))
        case ast.Let(definitions=definitions, body=body):
            values = []
            for definition in definitions:
                values.append(outline(definition.value, bound, renamed))
                bound = {**bound, definition.name.text: len(bound)}
            return ("let", tuple(values), outline(body, bound, renamed))
        case ast.SetBuilder(variable=variable, condition=condition):
            return ("set", outline(condition, {**bound, variable.text: len(bound)}, renamed))
        case tuple():
            return tuple(outline(part, bound, renamed) for part in node)
        case _ if is_dataclass(node) and not isinstance(node, type):
            names = (field.name for field in fields(node) if field.name != "span")
            return (type(node).__name__, *(outline(getattr(node, name), bound, renamed) for name in names))
        case _:
            return node


def test_a_form_binds_no_name_that_the_file_declares_or_an_output_has() -> None:
    head = 'network x = "x.onnx" { input a  output j, k }\nnetwork y = "y.onnx"\nparam x_1 = 0\n'
    tree = tree_of("same_decision(x, y, on: x.domain, unless_within: 1)", head)
    bound = {name.text for node in walk(tree) for name in bound_names(node)}
    assert bound.isdisjoint({"x", "y", "x_1", "j", "k"})
    assert formula_of("same_decision(x, y, on: x.domain, unless_within: 1)", head) == (
        "forall x_2 in x.domain, k_1: (forall j_1: j_1 != k_1 => x(x_2)[j_1] + 1 < x(x_2)[k_1]) "
        "=> argmax(y(x_2)) == k_1"
    )


def test_a_definition_that_wraps_a_form_is_hygienic() -> None:
    text = """
network f = "f.onnx" { input a, b }
param x = [0, 0]
def near(y) = injective(f, on: ball(y, 1, linf))
claim c: near(x)
"""
    assert expand_file(text).texts["c"] == (
        "forall x_1 in ball(x, 1, linf), y in ball(x, 1, linf): f(x_1) == f(y) => x_1 == y"
    )
