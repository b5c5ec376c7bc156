"""`docs/claims.md` is what the forms say of themselves; `python -m tests.claims.test_page` writes it anew."""

from __future__ import annotations

from pathlib import Path

from spec_lang.semantics.forms.library import built_in_forms
from spec_lang.semantics.forms.page import forms_page

FILE = Path(__file__).parent.parent.parent / "docs" / "claims.md"
START = """# Claim forms

A claim form is a function that stands for a formula of the language. `nnspec explain NAME` prints the same as
this page, which is made from the forms themselves. In a formula an argument's name stands for what is given,
and `output(x)` is the value of the output at `x`. What a formula binds never meets a name of yours.

"""


def page() -> str:
    return START + forms_page(built_in_forms().values())


def test_the_page_is_up_to_date() -> None:
    assert FILE.read_text(encoding="utf-8") == page()


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
