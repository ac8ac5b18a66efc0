"""Secret stores: what reads a reference such as ``gcp-secret:projects/P/secrets/S`` on a worker.

The part before the colon names an entry point of the group ``beam_ingest.secret_stores``: a
subclass of ``SecretStore``, imported when such a reference is met.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.metadata import EntryPoint, entry_points

_FORM = re.compile(r"([a-z]+-secret):")
"""Checked before any entry point is looked for: most secrets are no such reference."""


class SecretStore:
    """A secret store. Built without arguments, where a secret is read."""

    def fault(self, name: str) -> tuple[str, str | None] | None:
        """What is wrong with a name, and the remedy; None where nothing is. Connects to nothing."""
        return None

    def read(self, name: str) -> str:
        """The value of the secret ``name``: what follows the colon.

        Raises ``FatalError`` where it cannot be had, ``TransientError`` where another try may
        help, ``MissingDependency`` where the store's library is not installed.
        """
        raise NotImplementedError


def is_stored(text: str) -> bool:
    """Whether ``text`` refers to a secret store that there is."""
    found = _FORM.match(text)
    return found is not None and found[1] in _stores()


def stored_fault(reference: str) -> tuple[str, str | None] | None:
    """``SecretStore.fault`` of a reference."""
    scheme, _, name = reference.partition(":")
    return _store(scheme).fault(name)


def read_stored(reference: str) -> str:
    """``SecretStore.read`` of a reference."""
    scheme, _, name = reference.partition(":")
    return _store(scheme).read(name)


@cache
def _stores() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group="beam_ingest.secret_stores")}


def _store(scheme: str) -> SecretStore:
    store: type[SecretStore] = _stores()[scheme].load()
    return store()
