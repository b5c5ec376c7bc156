"""The TextMate grammar, made from the table of rules: `python -m spec_lang.editor.textmate`.

In: the rules.  Out: `nnspec.tmLanguage.json` beside this file, which editors read; a test makes it again and
compares, so nobody edits it by hand.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from spec_lang.editor.rules import RULES, Look, LookRule

FILE: Final = Path(__file__).with_name("nnspec.tmLanguage.json")
SCOPES: Final[Mapping[Look, str | None]] = {
    Look.BLANK: None,
    Look.NAME: None,
    Look.DOC: "comment.line.documentation",
    Look.COMMENT: "comment.line.number-sign",
    Look.STRING: "string.quoted.double",
    Look.NUMBER: "constant.numeric",
    Look.UNIT: "keyword.other.unit",
    Look.DECLARATION: "keyword.declaration",
    Look.DECLARED: "entity.name.function",
    Look.KEYWORD: "keyword.control",
    Look.OPERATOR_WORD: "keyword.operator.word",
    Look.TYPE: "support.type",
    Look.ATTRIBUTE: "storage.modifier",
    Look.MEMBER: "variable.other.member",
    Look.LABEL: "variable.parameter",
    Look.FUNCTION: "support.function",
    Look.CONSTANT: "constant.language",
    Look.CALL: "entity.name.function.call",
    Look.OPERATOR: "keyword.operator",
    Look.PUNCTUATION: "punctuation",
}
"""TextMate's usual scopes; None where nothing is coloured."""


def _scope(look: Look) -> str | None:
    scope = SCOPES[look]
    return scope and f"{scope}.nnspec"


def _pattern(rule: LookRule) -> dict[str, object]:
    if len(rule.looks) == 1:
        named = _scope(rule.looks[0])
        return {"match": rule.pattern, "name": named} if named else {"match": rule.pattern}
    scopes = {str(number): _scope(look) for number, look in enumerate(rule.looks, 1)}
    return {
        "match": rule.pattern,
        "captures": {number: {"name": scope} for number, scope in scopes.items() if scope},
    }


def grammar() -> str:
    """The grammar as JSON text."""
    content = {
        "$schema": "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json",
        "name": "nnspec",
        "scopeName": "source.nnspec",
        "fileTypes": ["nnspec"],
        "patterns": [_pattern(rule) for rule in RULES],
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(grammar(), encoding="utf-8")
