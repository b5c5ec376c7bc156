"""What a run keeps for the next one: findings by what was asked of the engine, beside the output.

In: a file, and what the question is.  Out: the findings that it holds, or `Refused` where it answers another
question.  Nothing rests on it: a spec that is written from it is decided anew by `nnspec check`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

from spec_lang.diagnostics import Diagnostic
from spec_lang.inference import codes
from spec_lang.inference.model import Candidate, Method
from spec_lang.inference.proving import Finding
from spec_lang.inference.subject import Refused
from spec_lang.kernel.verdict import Status

_ANY = Candidate(-1, Method.BOX)  # a finding is looked up by its text, and gets the candidate that asks


def path_of(output: Path) -> Path:
    return output.with_name(output.name + ".state")


def question_of(files: Sequence[Path], words: Sequence[str]) -> str:
    """One word for the contents of files and what is asked of them."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    for word in words:
        digest.update(word.encode() + b"\0")
    return digest.hexdigest()


def load(path: Path, question: str) -> dict[str, Finding]:
    """What is known; nothing where there is no file.  Raises `Refused`."""
    if not path.exists():
        return {}
    fix = "leave out `--resume`, or remove the file"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["question"] != question:
            problem = f"`{path}` is of a run with another network, data, property or domain"
            raise Refused(Diagnostic(codes.STATE, problem, fix=fix))
        return {key: _read(value) for key, value in content["findings"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        problem = f"`{path}` holds no state of a run"
        raise Refused(Diagnostic(codes.STATE, problem, fix=fix)) from None


def save(path: Path, question: str, known: Mapping[str, Finding]) -> None:
    """Written as a whole, then put in its place: a run that ends meanwhile leaves the old one."""
    findings = {key: _written(finding) for key, finding in known.items()}
    beside = path.with_name(path.name + ".new")
    beside.write_text(json.dumps({"question": question, "findings": findings}), encoding="utf-8")
    beside.replace(path)


def _written(finding: Finding) -> dict[str, object]:
    return {
        "status": finding.status.value,
        "reason": finding.reason,
        "witness": None if finding.witness is None else [str(value) for value in finding.witness],
        "seconds": finding.seconds,
        "evidence": finding.evidence,
    }


def _read(value: Mapping[str, object]) -> Finding:
    witness = value["witness"]
    reason, evidence, seconds = value["reason"], value["evidence"], value["seconds"]
    return Finding(
        _ANY,
        Status(value["status"]),
        None if reason is None else str(reason),
        tuple(Fraction(str(v)) for v in witness) if isinstance(witness, list) else None,
        float(str(seconds)),
        None if evidence is None else str(evidence),
    )
