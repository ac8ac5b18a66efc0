"""Fully qualified names as the server builds them (``FullyQualifiedName`` in its source)."""

from __future__ import annotations


def quoted(name: str) -> str:
    """One part of an FQN."""
    if "." in name or '"' in name:
        return '"' + name.replace('"', '""') + '"'
    return name


def parent(fqn: str) -> str:
    """The FQN of the container: all but the last part, minding quotes."""
    inside = False
    for position in range(len(fqn) - 1, -1, -1):
        if fqn[position] == '"':
            inside = not inside
        elif fqn[position] == "." and not inside:
            return fqn[:position]
    return ""
