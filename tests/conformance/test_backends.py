"""Every registered backend against exact enumeration: what it proves is true, what it refutes is false."""

from __future__ import annotations

import time
from fractions import Fraction

import pytest
from hypothesis import strategies as st

from spec_lang import _registry, backends
from spec_lang.backends.base import Backend
from spec_lang.kernel.proof import examine
from spec_lang.kernel.verdict import EvidenceKind
from spec_lang.obligations.model import All, Any, Box, LinearAtom, Obligation, Region
from spec_lang.obligations.outcome import GaveUp, Proved, Refuted
from tests.backends.enumeration import counterexample
from tests.backends.oracle import session, violates
from tests.graphs import chains
from tests.laws import law
from tests.tiny_networks import relu_network

BACKENDS = _registry.discover(backends, "BACKEND", Backend)  # type: ignore[type-abstract]
STRENGTH = tuple(EvidenceKind)  # strongest first

coefficients = st.sampled_from([Fraction(1), Fraction(-1), Fraction(1, 10), Fraction(-3, 7)])


def atoms(inputs: int, outputs: int) -> st.SearchStrategy[LinearAtom]:
    return st.builds(
        lambda xs, ys, constant, strict: LinearAtom(
            tuple(sorted(xs.items())), tuple(sorted(ys.items())), constant, strict
        ),
        st.dictionaries(st.integers(0, inputs - 1), coefficients, max_size=2),
        st.dictionaries(st.integers(0, outputs - 1), coefficients, min_size=1, max_size=2),
        st.fractions(-3, 3, max_denominator=16),
        st.booleans(),
    )


@st.composite
def obligations(draw: st.DrawFn) -> Obligation:
    graph = draw(chains(hidden=2, width=3))
    size = graph.input_size
    conjunction = st.lists(atoms(size, graph.output_size), min_size=1, max_size=3).map(
        lambda a: All(tuple(a))
    )
    violation = Any(tuple(draw(st.lists(conjunction, min_size=1, max_size=2))))
    ends = [sorted((draw(st.fractions(-2, 2)), draw(st.fractions(-2, 2)))) for _ in range(size)]
    box = Box(tuple(e[0] for e in ends), tuple(e[1] for e in ends))
    constraint = LinearAtom(
        tuple((i, draw(coefficients)) for i in range(size)),
        (),
        draw(st.fractions(-1, 1)),
        draw(st.booleans()),
    )
    constraints = (constraint,) if draw(st.booleans()) else ()
    return Obligation(graph, Region((box,), constraints), violation)


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda backend: backend.name)
@law(50, 400, obligation=obligations())
def test_a_backend_agrees_with_exact_enumeration(backend: Backend, obligation: Obligation) -> None:
    if backend.supports(obligation) is not None:
        return
    can = backend.capabilities
    limits = session(obligation, deadline=time.monotonic() + 1.0, work=2000)
    match backend.run(obligation, limits).outcome:
        case Proved(proof=proof):
            assert can.proves
            assert counterexample(obligation) is None
            if proof is None:
                return
            examined = examine(obligation, proof)
            assert examined.evidence is not None, examined.flaw
            assert STRENGTH.index(examined.evidence.kind) >= STRENGTH.index(can.evidence)
        case Refuted(point):
            assert can.refutes
            assert violates(obligation, point)
            assert counterexample(obligation) is not None
        case GaveUp(detail=detail):
            assert detail


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda backend: backend.name)
def test_a_backend_takes_what_is_unbounded_as_it_declares(backend: Backend) -> None:
    sides = (Fraction(0), None)
    region = Region((Box((Fraction(0), Fraction(0)), sides),))
    atom = LinearAtom((), ((0, Fraction(1)),), Fraction(0), False)
    obstacle = backend.supports(Obligation(relu_network(), region, atom))
    assert (obstacle is None) == backend.capabilities.unbounded


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda backend: backend.name)
def test_a_backend_can_run_here(backend: Backend) -> None:
    assert backend.availability() is None
