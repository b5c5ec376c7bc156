"""`nnspec explain … --at`: from a spec and a claim, or an ONNX file, to an explanation at a point.

In: paths and texts as they stand on the command line.  Out: an explanation, or diagnostics and the texts that
they point at.  For an ONNX file the decision is which of its outputs is the greatest, or whether its only one
is above 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from spec_lang._values import dataclass
from spec_lang.diagnostics import Diagnostic, DiagnosticLog
from spec_lang.engine.decision import NOT_ONE_POINT, Asked, Decision, Maker
from spec_lang.engine.explain_at import explain_at
from spec_lang.engine.given_point import POINT, file_for_a_spec, flaw, is_file
from spec_lang.engine.options import CheckOptions, Observer
from spec_lang.engine.prepare import Spec, parse_source
from spec_lang.engine.sources import Source, read_sources
from spec_lang.explanations.model import Explained
from spec_lang.kernel.enclosed import EnclosedNetwork
from spec_lang.network.onnx_import import load_graph

_BITS: Final = 128
_CLAIM: Final = "decision"


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """`found` is None where there is an error among the diagnostics."""

    found: Explained | None
    diagnostics: tuple[Diagnostic, ...]
    sources: Mapping[str, str]


def explain_claim(
    path: Path, asked: Asked, options: CheckOptions, observer: Observer | None = None
) -> Answered:
    """Why a claim of a spec holds at a point."""
    problems = DiagnosticLog()
    specs = [parse_source(source) for source in read_sources([path], problems)]
    if len(specs) != 1 or specs[0].parsed is None:
        if not problems.has_errors:
            problems.error(POINT, f"`{path}` is not one spec", None, "name a file: `SPEC.nnspec::CLAIM`")
        return Answered(None, tuple(problems), {})
    if is_file(asked.at):
        return Answered(None, (file_for_a_spec(asked.at),), {})
    return _answered(Maker(specs[0], asked, options), observer)


def explain_model(
    path: Path, asked: Asked, options: CheckOptions, observer: Observer | None = None
) -> Answered:
    """Why a network decides as it does at a point."""
    graph, diagnostics = load_graph(path, "f")
    if graph is None:
        return Answered(None, diagnostics, {})
    if len(graph.inputs) > 1:
        problem = f"`{path}` has {len(graph.inputs)} inputs, and a decision is explained of one"
        return Answered(
            None, (Diagnostic(NOT_ONE_POINT, problem, None, "ask of a network of one input"),), {}
        )
    wrong = flaw(asked.at, asked.within, graph.input_size, None)
    if wrong is not None:
        return Answered(None, (wrong,), {})
    options = replace(options, networks=(("f", path),))
    at = asked.at
    data = ""
    if is_file(at):
        shape = ", ".join(map(str, graph.inputs[0].shape))
        data, at = f'data given = "{Path(at).resolve().as_posix()}": real[{shape}]\n', "given"
    asked = replace(asked, claim=_CLAIM, at=at)
    within, asked = asked.within or "0", replace(asked, within=None)
    probe = Maker(_spec(path, data, asked, within, "f(x)[0] <= 0"), replace(asked, layer=None), options)
    decision = probe.make()
    if decision is None:
        return Answered(None, tuple(probe.problems), probe.texts)
    spec = _spec(path, data, asked, within, _decided(decision))
    return _answered(Maker(spec, asked, options), observer)


def _answered(maker: Maker, observer: Observer | None) -> Answered:
    decision = maker.make()
    found = None if decision is None else explain_at(decision, maker.options, observer)
    if isinstance(found, Diagnostic):
        maker.problems.add(found)
        found = None
    return Answered(found, tuple(maker.problems), maker.texts)


def _spec(path: Path, data: str, asked: Asked, within: str, body: str) -> Spec:
    """A spec of the network and of one claim near the point."""
    text = f'language 1\nnetwork f = "model.onnx"\n{data}'
    text += f"claim {_CLAIM}: forall x in ball({asked.at}, {within}, linf): {body}\n"
    return parse_source(Source(f"<{path.name}>", text, path.parent))


def _decided(decision: Decision) -> str:
    """What the network decides at the point, by an enclosure of its outputs."""
    graph = decision.statement.graph
    values = [(low + high) / 2 for low, high in EnclosedNetwork(graph)(decision.point, _BITS)]
    if len(values) == 1:
        return "f(x)[0] > 0" if values[0] > 0 else "f(x)[0] <= 0"
    return f"argmax(f(x)) == {values.index(max(values))}"
