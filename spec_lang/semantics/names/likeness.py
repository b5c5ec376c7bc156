"""`network a = "…" like b`: the items of `b` hold for `a` where it has none of its own.

In: the declared networks.  Out: the same with all their items, so that no later stage knows of `like`.
Items keep their spans: a mistake in one is shown where it stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from spec_lang.diagnostics import DiagnosticLog, Note, did_you_mean
from spec_lang.semantics import codes
from spec_lang.semantics.names.declared import Declared, View
from spec_lang.syntax import ast


def with_all_items(
    found: Declared, views: Mapping[str, View], broken: frozenset[str], log: DiagnosticLog
) -> dict[str, ast.NetworkDecl]:
    """The networks that could be completed; why another could not is logged, or it did not parse."""
    return _Completion(found, views, broken, log).all()


class _Completion:
    __slots__ = ("_broken", "_done", "_found", "_log", "_open", "_views")

    def __init__(
        self, found: Declared, views: Mapping[str, View], broken: frozenset[str], log: DiagnosticLog
    ) -> None:
        self._found = found
        self._views = views
        self._broken = broken
        self._log = log
        self._open: list[ast.NetworkDecl] = []
        self._done: dict[str, ast.NetworkDecl | None] = {}

    def all(self) -> dict[str, ast.NetworkDecl]:
        for network in self._found.networks.values():
            self._complete(network)
        done = ((name, self._done[name]) for name in self._found.networks)
        return {name: network for name, network in done if network is not None}

    def _complete(self, network: ast.NetworkDecl) -> ast.NetworkDecl | None:
        """`network` and what it is like, one after the other: a chain may be long."""
        chain: list[ast.NetworkDecl] = []
        at: ast.NetworkDecl | None = network
        while at is not None and at.name.text not in self._done:
            if at in chain:
                self._circle(chain[chain.index(at) :])
                break
            chain.append(at)
            at = None if at.like is None else self._origin(at.like)
        for part in reversed(chain):
            if part.name.text not in self._done:
                self._done[part.name.text] = self._merged(part)
        return self._done[network.name.text]

    def _merged(self, network: ast.NetworkDecl) -> ast.NetworkDecl | None:
        if network.like is None:
            return network
        origin = self._done.get(network.like.text)
        return None if origin is None else replace(network, items=_items(network, origin))

    def _origin(self, like: ast.Name) -> ast.NetworkDecl | None:
        view = self._views[like.span.file]
        if like.text in view.declared and like.text in self._found.networks:
            return self._found.networks[like.text]
        if like.text in self._broken or (not view.complete and like.text not in view.declared):
            return None
        if like.text in view.declared:
            problem = f"`{like.text}` is no network, and a network can be like another network alone"
            notes = (Note("it is declared here", view.declared[like.text]),)
            self._log.error(codes.LIKE, problem, like.span, None, notes)
        else:
            networks = [name for name in view.declared if name in self._found.networks]
            fix = did_you_mean(like.text, networks) or "name a network that is declared"
            self._log.error(codes.LIKE, f"there is no network `{like.text}` to be like", like.span, fix)
        return None

    def _circle(self, chain: list[ast.NetworkDecl]) -> None:
        names = [network.name.text for network in chain]
        start = names.index(min(names))  # one report, whichever network is looked at first
        first, *others = chain[start:] + chain[:start]
        path = " → ".join((*names[start:], *names[:start], names[start]))
        problem = f"`{first.name.text}` is like itself: {path}"
        notes = tuple(Note(f"`{n.name.text}` is like the next", n.like.span) for n in others if n.like)
        span = first.span if first.like is None else first.like.span
        self._log.error(codes.LIKE, problem, span, "give one of them its items", notes)
        self._done.update(dict.fromkeys(names))


def _items(network: ast.NetworkDecl, origin: ast.NetworkDecl) -> tuple[ast.NetworkItem, ...]:
    own = {_key(item) for item in network.items}
    return (*network.items, *(item for item in origin.items if _key(item) not in own))


def _key(item: ast.NetworkItem) -> tuple[str, str]:
    """What there is one of: `domain`, or the layer of one name."""
    return type(item).__name__, item.name.text if isinstance(item, ast.Layer) else ""
