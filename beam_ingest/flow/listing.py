"""Listing: what a source's ``splits`` yields, checked, since what follows from it deletes.

What is wrong with one item is the listing's error: the item is left out, the others are read,
and nothing is retired.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from beam_ingest.api.source import Remember, Scope, Split
from beam_ingest.flow.run_dir import DEFERRED, PARENTS


class Listing:
    """The splits and scopes of a source, and what it remembers.

    ``error`` says why they are not all, or is None.
    """

    def __init__(self) -> None:
        self.splits: list[Split] = []
        self.scopes: list[Scope] = []
        self.remember: dict[str, Any] = {}
        self.error: str | None = None

    def collect(self, items: Iterable[object], stopping: Callable[[], bool]) -> None:
        """Take ``items`` from the start. Raises what they raise; what came before is kept."""
        self.splits, self.scopes, self.remember, self.error = [], [], {}, None
        keys = {PARENTS, DEFERRED}
        known: set[tuple[str, str]] = set()
        for item in items:
            if stopping():
                self.error = "the run was stopped"
                return
            if isinstance(item, Split):
                fault = _fault_of_split(item, keys)
                if fault is None:
                    keys.add(item.key)
                    self.splits.append(item)
            elif isinstance(item, Scope):
                # Read once: names may come from a generator, and what they name is not retired.
                names = item.names if _is_text(item.names) else list(item.names)
                fault = _fault_of_scope(scope := replace(item, names=names), known)
                if fault is None:
                    known.add((scope.fqn, scope.entity_type))
                    self.scopes.append(scope)
            elif isinstance(item, Remember):
                fault = fault_of_remember(item)
                if fault is None:
                    self.remember[item.key] = item.value
            else:
                fault = f"the source listed a {type(item).__name__}, which is no Split and no Scope"
            self.error = self.error or fault


def fault_of_remember(item: Remember) -> str | None:
    """Why ``item`` cannot be remembered, or None."""
    if not _is_text(item.key):
        return f"the source remembers something under a key that is no text: {item.key!r}"
    try:
        json.dumps(item.value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        return f"what the source remembers as {item.key!r} is no JSON: {error}"
    return None


def _fault_of_split(split: Split, keys: set[str]) -> str | None:
    if not _is_text(split.key):
        return f"the source listed a Split whose key is no text: {split.key!r}"
    if split.key in keys:
        return f"the source listed two splits with the key {split.key!r}"
    try:
        json.dumps(split.payload)
    except (TypeError, ValueError, RecursionError) as error:
        return f"the payload of the split {split.key!r} is no JSON: {error}"
    return None


def _fault_of_scope(scope: Scope, known: set[tuple[str, str]]) -> str | None:
    name = f"the scope {scope.fqn!r} ({scope.entity_type})"
    if not _is_text(scope.fqn) or not _is_text(scope.entity_type):
        return f"{name} has a name or a type that is no text"
    if _is_text(scope.names):
        return f"{name} has a text for its names, not a list of them"
    if (scope.fqn, scope.entity_type) in known:
        return f"{name} is listed twice"
    for each in scope.names:
        if not _is_text(each):
            return f"{name} has a name that is no text: {each!r}"
    return None


def _is_text(value: object) -> bool:
    return isinstance(value, str)
