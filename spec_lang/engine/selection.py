"""Which claims were asked for.

In: globs.  Out: a predicate on claim names that remembers what it saw, so that a glob that selects nothing
can be told from one that does.  `*` and `?` are wild; brackets are literal, since members have them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import field

from spec_lang._values import dataclass
from spec_lang.diagnostics import Diagnostic, did_you_mean
from spec_lang.engine import codes


@dataclass(slots=True)
class Selection:
    """A claim is selected by its name (`p[1,2]`), its family's name (`p`) or its id (`f.nnspec::p[1,2]`)."""

    globs: Sequence[str]
    _matched: set[str] = field(default_factory=set)
    _seen: dict[str, None] = field(default_factory=dict)

    def wants(self, file: str, name: str) -> bool:
        """Whether the claim `name` of `file` is asked for."""
        self._seen[name] = None
        if not self.globs:
            return True
        names = (name, family_of(name), f"{file}::{name}", f"{file}::{family_of(name)}")
        hits = [glob for glob in self.globs if any(_pattern(glob).fullmatch(n) for n in names)]
        self._matched.update(hits)
        return bool(hits)

    def unmatched(self) -> Iterator[Diagnostic]:
        """One error for every glob that has selected nothing."""
        for glob in self.globs:
            if glob not in self._matched:
                known = [*self._seen, *map(family_of, self._seen)]
                fix = did_you_mean(glob, known)
                if fix is None and self._seen:
                    families = tuple(dict.fromkeys(map(family_of, self._seen)))
                    more = ", …" if len(families) > 5 else ""
                    fix = "the claims are " + ", ".join(f"`{name}`" for name in families[:5]) + more
                yield Diagnostic(codes.NO_CLAIM, f"no claim matches `{glob}`", fix=fix)


def family_of(name: str) -> str:
    """The name of the declaration behind a member: `p` for `p[1,2]`."""
    return name.partition("[")[0]


def _pattern(glob: str) -> re.Pattern[str]:
    wild = {"*": ".*", "?": "."}
    compact = re.sub(r",\s+", ",", glob)  # `p[1, 2]` as it is written in a spec
    return re.compile("".join(wild.get(c) or re.escape(c) for c in compact), re.DOTALL)
