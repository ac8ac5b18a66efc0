"""Fully qualified names, by OpenMetadata's rule: built, quoted and parsed here and nowhere else.

Parts are joined by dots. A part that holds a dot or a double quote is put into double quotes,
and a quote inside it is doubled (OpenMetadata's ``FullyQualifiedName.quoteName``).
"""

from __future__ import annotations


def quote(name: str) -> str:
    """``name`` as one part of an FQN."""
    if "." in name or '"' in name:
        return '"' + name.replace('"', '""') + '"'
    return name


def unquote(part: str) -> str:
    """The name that ``quote`` made ``part`` of."""
    if len(part) >= 2 and part[0] == part[-1] == '"':
        return part[1:-1].replace('""', '"')
    return part


def join(parent: str, name: str) -> str:
    """The FQN of ``name`` in the container whose FQN is ``parent`` (empty: none)."""
    return f"{parent}.{quote(name)}" if parent else quote(name)


def build(*names: str) -> str:
    """The FQN of plain names, outermost first."""
    return ".".join(quote(name) for name in names)


def split(fqn: str) -> list[str]:
    """The plain names of an FQN. Raises ``ValueError`` for one that is not well formed."""
    if '"' not in fqn:
        return fqn.split(".")
    names: list[str] = []
    position = 0
    while True:
        name, position = _part(fqn, position)
        names.append(name)
        if position == len(fqn):
            return names
        position += 1  # the dot


def parent_of(fqn: str) -> str:
    """The FQN of the container; empty for a top level name."""
    return build(*split(fqn)[:-1])


def _part(fqn: str, start: int) -> tuple[str, int]:
    if start < len(fqn) and fqn[start] == '"':
        end = start + 1
        while True:
            end = fqn.find('"', end)
            if end < 0:
                raise ValueError(f"a quote is not closed in {fqn!r}")
            if fqn[end + 1 : end + 2] != '"':
                break
            end += 2
        after = end + 1
        if after < len(fqn) and fqn[after] != ".":
            raise ValueError(f"a dot is missing after a quoted part in {fqn!r}")
        return fqn[start + 1 : end].replace('""', '"'), after
    end = fqn.find(".", start)
    end = len(fqn) if end < 0 else end
    if '"' in fqn[start:end]:
        raise ValueError(f"a quote stands inside an unquoted part in {fqn!r}")
    return fqn[start:end], end
