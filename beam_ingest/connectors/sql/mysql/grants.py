"""What a user may see: ``information_schema`` shows no more, and does not say so.

A listing is complete only where the user may ``SELECT`` from the whole schema; with privileges
on single tables the others would look as if they were gone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_LINE = re.compile(r"(GRANT|REVOKE) (.+?) ON (?:TABLE )?(`(?:[^`]|``)+`|\*)\.(`(?:[^`]|``)+`|\*) ")
_ALWAYS = {"information_schema", "performance_schema"}


class Grants:
    """The lines of ``SHOW GRANTS``, understood: where the user has ``privilege``."""

    def __init__(self, lines: Iterable[str], privilege: str = "SELECT") -> None:
        self._everywhere = False
        self._schemas: list[re.Pattern[str]] = []
        self._revoked: set[str] = set()
        for line in lines:
            match = _LINE.match(line + " ")
            if match is None or match[4] != "*":
                continue
            verb, privileges, schema, _ = match.groups()
            if not {privilege, "ALL", "ALL PRIVILEGES"} & set(privileges.split(", ")):
                continue
            if verb == "REVOKE":
                self._revoked.add(_unquoted(schema))
            elif schema == "*":
                self._everywhere = True
            else:
                self._schemas.append(_pattern(_unquoted(schema)))

    def whole(self, schema: str) -> bool:
        """Whether the privilege is on every table of ``schema``."""
        if schema.lower() in _ALWAYS:
            return True
        if schema in self._revoked:
            return False
        return self._everywhere or any(each.fullmatch(schema) for each in self._schemas)


def _unquoted(name: str) -> str:
    return name[1:-1].replace("``", "`") if name.startswith("`") else name


def _pattern(name: str) -> re.Pattern[str]:
    """In a grant on a schema, % and _ are wildcards unless a backslash stands before them."""
    parts = re.findall(r"\\[%_\\]|.", name, re.DOTALL)
    wild = {"%": ".*", "_": "."}
    text = "".join(
        re.escape(part[1]) if len(part) == 2 else wild.get(part) or re.escape(part)
        for part in parts
    )
    return re.compile(text, re.DOTALL)
