"""Published rules about two networks, as specs: which neurons are on or off, and what is decided there.

In: a folder of recorded rules and networks.  Out: for each question a spec and what was said or seen of its
claims elsewhere.  Rules that are printed with unequal numbers of neurons and signs are left out, and counted.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile
from typing import Final

import numpy as np

from benchmarks.nnet import to_onnx

ADVICE: Final = ("coc", "weak_left", "weak_right", "strong_left", "strong_right")
ENDS: Final = ("lo", "hi")
LIMITS: Final = ((-0.3284228772, 0.6798577687), *((-0.5, 0.5),) * 4)


@dataclass(frozen=True, slots=True)
class Rule:
    """Neurons by layer (from 1) and whether they are on; `known` is what was said of it: `proved`, `refuted`
    or nothing."""

    name: str
    label: int
    neurons: tuple[tuple[int, int, bool], ...]  # layer, neuron, on
    known: str = ""

    def body(self, decision: str) -> str:
        layers = sorted({layer for layer, _, _ in self.neurons})
        return " and ".join(map(self._pattern, layers)) + f" => {decision}"

    def _pattern(self, layer: int) -> str:
        sides = []
        for word, wanted in (("on", True), ("off", False)):
            chosen = [str(n) for at, n, on in self.neurons if at == layer and on is wanted]
            sides += [f"{word}: [{', '.join(chosen)}]"] if chosen else []
        return f"pattern(r{layer}, {', '.join(sides)})"


@dataclass(frozen=True, slots=True)
class Asked:
    """`spec` was written; `known` by claim; `left_out` are rules that cannot be read."""

    spec: Path
    known: dict[str, str]
    left_out: int = 0


def _numbered(neurons: Iterable[int], on: Iterable[int], width: int) -> tuple[tuple[int, int, bool], ...]:
    pairs = zip(neurons, on, strict=True)
    return tuple((n // width + 1, n % width, bool(sign)) for n, sign in pairs)


def _acas_header(folder: Path, data: Path, layers: Sequence[int]) -> str:
    source = data / "acasxu" / "onnx" / "ACASXU_run2a_1_1_batch_2000.onnx"
    copyfile(source, folder / "acas.onnx")
    names = [f'    layer r{layer} = "relu_{layer}"' for layer in layers]
    limits = ", ".join(
        f"{axis} in [{low}, {high}]" for axis, (low, high) in zip("abcde", LIMITS, strict=True)
    )
    lines = ["    input a, b, c, d, e", f"    output {', '.join(ADVICE)}", *names]
    lines += [f"    domain {limits}"] if layers else []  # recorded boxes reach beyond them by a rounding
    return "\n".join(["language 1", 'network acas = "acas.onnx" {', *lines, "}"])


def _write(folder: Path, name: str, header: str, claims: Iterable[str]) -> Path:
    path = folder / f"{name}.nnspec"
    path.write_text("\n".join([header, *claims, ""]), encoding="utf-8")
    return path


def input_rules(folder: Path, data: Path) -> Asked:
    """Rules over the first layers of ACAS Xu 1_1; some of them have a counterexample among random points."""
    recorded = json.loads((data / "prophecy/acasxu/inp_invs_sampled.json").read_text(encoding="utf-8"))
    rules = [
        Rule(f"rule_{r['index']}", r["label"], _numbered(r["neurons"], r["on"], 50), _seen(r))
        for r in recorded
        if not r["duplicate"]
    ]
    claims = [f"invariant {r.name} of acas: {r.body(f'argmin(output) == {ADVICE[r.label]}')}" for r in rules]
    spec = _write(folder, "rules", _acas_header(folder, data, (1, 2)), claims)
    return Asked(spec, {rule.name: rule.known for rule in rules})


def _seen(recorded: dict[str, object]) -> str:
    return "refuted" if recorded["counterexample"] else ""


def layer_5(folder: Path, data: Path) -> Asked:
    """Twenty neurons of the fifth layer of ACAS Xu 1_1, and clear of conflict."""
    r = json.loads((data / "prophecy/acasxu/layer5_coc_pattern.json").read_text(encoding="utf-8"))
    pairs = zip(r["neurons_0based"], r["signature_on"], strict=True)
    rule = Rule("core", r["implies_label"], tuple((5, n, bool(on)) for n, on in pairs))
    claims = [f"invariant core of acas: {rule.body(f'argmin(output) == {ADVICE[rule.label]}')}"]
    return Asked(_write(folder, "layer_5", _acas_header(folder, data, (5,)), claims), {"core": ""})


def boxes(folder: Path, data: Path) -> Asked:
    """Boxes of inputs on which ACAS Xu 1_1 says clear of conflict; no sample of them says otherwise."""
    lines = [_acas_header(folder, data, ())]
    for part in (1, 2):
        with (data / f"prophecy/acasxu/COV_prop6_part{part}_boxes.csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        low, high = (
            np.array([[float(row[f"attr{i}_{end}"]) for i in range(5)] for row in rows]) for end in ENDS
        )
        np.savez(folder / f"boxes{part}.npz", lo=low, hi=high)
        lines.append(f'data part{part} = "boxes{part}.npz" {{ lo: real[N{part}, 5]; hi: real[N{part}, 5] }}')
        lines.append(
            f"claim box{part}[n in 0..<{len(rows)}]: "
            f"forall x in box(part{part}.lo[n], part{part}.hi[n]): argmin(acas(x)) == coc"
        )
    return Asked(_write(folder, "boxes", lines[0], lines[1:]), {})


def mnist(folder: Path, data: Path) -> Asked:
    """Rules about a network with ten layers of ten neurons, with verdicts of another checker: a rule's last
    one is that of all neurons listed."""
    source = data / "prophecy" / "mnist_10x10"
    hidden = to_onnx(source / "mnist_10_layer.nnet", folder / "mnist.onnx")
    layers = [f'    layer r{k} = "r{k}"' for k in range(1, hidden + 1)]
    header = "\n".join(["language 1", 'network mnist = "mnist.onnx" {', *layers, "}"])
    rules, left_out = list[Rule](), 0
    for name, verdicts in (("InputInvariants1", slice(3, 7)), ("inter_invariants", slice(3, 5))):
        with (source / f"{name}.csv").open(encoding="utf-8") as file:
            rows = [row for row in csv.reader(file) if len(row) > 3 and row[0].strip().isdigit()]
        for number, row in enumerate(rows):
            neurons, on = _numbers(row[1], 10 * hidden), _numbers(row[2], 2)
            said = [word.strip("` ") for word in row[verdicts] if word.strip() not in ("", "NA")]
            if len(neurons) != len(on) or not neurons or not said:
                left_out += 1
                continue
            known = {"UNSAT": "proved", "SAT": "refuted"}[said[-1]]
            rules.append(Rule(f"{name[:5].lower()}_{number}", int(row[0]), _numbered(neurons, on, 10), known))
    claims = [
        f"invariant {r.name} of mnist on box(0, 1): {r.body(f'argmax(output) == {r.label}')}" for r in rules
    ]
    return Asked(_write(folder, "mnist", header, claims), {rule.name: rule.known for rule in rules}, left_out)


def _numbers(text: str, below: int) -> list[int]:
    """None where they are not what a rule can have."""
    words = [word.strip() for word in text.replace("\n", "").split(",") if word.strip()]
    found = [int(word) for word in words if word.isdigit() and int(word) < below]
    return found if len(found) == len(words) and (below == 2 or len(set(found)) == len(found)) else []
