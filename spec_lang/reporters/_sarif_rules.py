"""The rules of a SARIF log: a kind of declaration, or the code of a diagnostic.

In: a kind, or a code.  Out: the rule's descriptor, with the whole help text: nobody has to look elsewhere.
"""

from __future__ import annotations

import re
from typing import Final

from spec_lang.pages import explain_code, page
from spec_lang.reporters._documents import Json
from spec_lang.reporters._markdown_text import cut

PREFIX: Final = "nnspec/"
_KINDS: Final = {
    "claim": "A claim about a neural network",
    "invariant": "An invariant of a neural network's own tensors",
    "measure": "A measure of a neural network",
    "query": "A VNN-LIB query",
}
_WORD: Final = re.compile(r"[A-Za-z0-9]+")
_TAGS: Final = ("neural-network", "verification")
_MOST: Final = 1024  # characters of a description that GitHub takes
_MEANING: Final = (
    "What a spec declares is decided for all real numbers that it speaks of. An error says that it does not "
    "hold, with a counterexample that was replayed in exact arithmetic, or that it could not be looked at; "
    "a warning, or an open result, that it was neither proved nor refuted."
)
_HELP: Final = """# {title}

{meaning}

| verdict | what to do |
|---|---|
| refuted | look at the counterexample: the network breaks the claim there, or the claim asks for too much |
| unknown | give it more time (`--timeout`) or work (`--budget`); `nnspec plan` says what is tried |
| error | the message says what is in the way |
| not as expected | `@expect` in the spec names another verdict: change it, or find out what has changed |

`nnspec explain CLAIM` prints what a claim stands for; `nnspec check --claim NAME` decides it alone.
"""


def rule_of_kind(kind: str) -> Json:
    """The rule that the declarations of a kind have to keep."""
    title = _KINDS.get(kind, _KINDS["claim"])
    markdown = _HELP.format(title=title, meaning=_MEANING)
    text = markdown.removeprefix("# ").replace("`", "")
    return _rule(PREFIX + kind, (title, _MEANING), (text, markdown), "error")


def rule_of_code(code: str, severity: str) -> Json:
    """The rule behind a diagnostic: its page."""
    markdown, text = page(code) or f"# {code}: a problem\n", explain_code(code) or code
    title, _, rest = markdown.partition("\n")
    meaning = rest.partition("## What it means")[2].partition("\n## ")[0]
    short = title.partition(": ")[2] or code
    return _rule(code, (short, " ".join(meaning.split()) or short), (text, markdown), severity)


def _rule(name: str, descriptions: tuple[str, str], helps: tuple[str, str], severity: str) -> Json:
    (short, full), (text, markdown) = descriptions, helps
    return {
        "id": name,
        "name": _pascal(short),
        "shortDescription": {"text": cut(short, _MOST)},
        "fullDescription": {"text": cut(full, _MOST)},
        "help": {"text": text, "markdown": markdown},
        "defaultConfiguration": {"level": severity},
        "properties": {"tags": _TAGS, "precision": "very-high", "problem.severity": severity},
    }


def _pascal(title: str) -> str:
    """A rule's name, as the specification wants it: words in one."""
    return "".join(word.capitalize() for word in _WORD.findall(title))
