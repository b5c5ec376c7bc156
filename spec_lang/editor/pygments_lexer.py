"""The lexer for Pygments, and with it for Sphinx, Jupyter and many a web page.

In: the rules.  Out: a class that Pygments finds by its entry point.  Pygments is no dependency of nnspec;
nothing but Pygments imports this module.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from pygments import token
from pygments.lexer import RegexLexer, bygroups

from spec_lang.editor.rules import RULES, Look, LookRule

TOKENS: Final[Mapping[Look, Any]] = {
    Look.BLANK: token.Whitespace,
    Look.DOC: token.String.Doc,
    Look.COMMENT: token.Comment.Single,
    Look.STRING: token.String.Double,
    Look.NUMBER: token.Number,
    Look.UNIT: token.Literal,
    Look.DECLARATION: token.Keyword.Declaration,
    Look.DECLARED: token.Name.Function,
    Look.KEYWORD: token.Keyword,
    Look.OPERATOR_WORD: token.Operator.Word,
    Look.TYPE: token.Keyword.Type,
    Look.ATTRIBUTE: token.Name.Decorator,
    Look.MEMBER: token.Name.Attribute,
    Look.LABEL: token.Name.Label,
    Look.FUNCTION: token.Name.Builtin,
    Look.CONSTANT: token.Name.Constant,
    Look.CALL: token.Name.Function.Magic,  # a kind of its own, shown like a function
    Look.NAME: token.Name,
    Look.OPERATOR: token.Operator,
    Look.PUNCTUATION: token.Punctuation,
}


def _rule(rule: LookRule) -> tuple[str, Any]:
    tokens = [TOKENS[look] for look in rule.looks]
    return rule.pattern, tokens[0] if len(tokens) == 1 else bygroups(*tokens)  # type: ignore[no-untyped-call]


class NnspecLexer(RegexLexer):
    """Pygments' lexer for `.nnspec` files."""

    name = "nnspec"
    aliases: ClassVar = ["nnspec"]
    filenames: ClassVar = ["*.nnspec"]
    mimetypes: ClassVar = ["text/x-nnspec"]
    tokens: ClassVar = {"root": [(r"\n", token.Whitespace), *(_rule(rule) for rule in RULES)]}
