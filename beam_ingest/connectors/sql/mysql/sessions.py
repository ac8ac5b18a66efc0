"""Which schema each session of a general log was in.

A line of the log says nothing of it; the lines of the session before it do: ``Connect`` names the
schema, ``Init DB`` and ``USE`` change it.
"""

from __future__ import annotations

import re

_CONNECT = re.compile(r".*?@.*? on (?P<schema>.*?)(?: using \S+)?")
_USE = re.compile(r"\s*USE\s+`?(?P<schema>[^`;\s]+)`?\s*;?\s*", re.IGNORECASE)

CHANGES = ("Connect", "Change user", "Init DB", "Quit")
"""The commands that say where a session is, beside a statement ``USE``."""


class Sessions:
    """By thread; a number is given again after a restart, and then begins with ``Connect``."""

    def __init__(self) -> None:
        self._schemas: dict[int, str] = {}

    def changed(self, thread: int, command: str, argument: str) -> None:
        """A line with one of ``CHANGES``."""
        if command == "Init DB":
            self._schemas[thread] = argument
            return
        self._schemas.pop(thread, None)
        if command != "Quit":
            found = _CONNECT.fullmatch(argument)
            if found and found["schema"]:
                self._schemas[thread] = found["schema"]

    def used(self, thread: int, statement: str) -> bool:
        """Whether a statement is ``USE``, which is then taken note of."""
        found = _USE.fullmatch(statement)
        if found:
            self._schemas[thread] = found["schema"]
        return found is not None

    def schema(self, thread: int) -> str | None:
        """Where the session is, or None where the log does not say."""
        return self._schemas.get(thread)
