"""The search path that a session of PostgreSQL begins with, by database and user."""

from __future__ import annotations

import re

from beam_ingest.connectors.sql.postgres.connection import Connection, query

_DEFAULT = ("$user", "public")
_SETTINGS = """
SELECT /* beam-ingest */ coalesce(d.datname, ''), coalesce(r.rolname, ''), substr(c, 13)
FROM pg_catalog.pg_db_role_setting s
LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
CROSS JOIN unnest(s.setconfig) c
WHERE c LIKE 'search\\_path=%'
"""
_NAME = re.compile(r'"((?:[^"]|"")*)"|([^,\s]+)')


class SearchPaths:
    """What ``ALTER ROLE … SET search_path`` and ``ALTER DATABASE`` say.

    As in PostgreSQL the setting of the role in the database goes first, then the role's, then
    the database's. What ``postgresql.conf`` sets is not known here: ``"$user", public`` is taken.
    """

    def __init__(self, settings: dict[tuple[str, str], str]) -> None:
        self._settings = {key: _names(text) for key, text in settings.items()}

    def of(self, database: str, user: str | None) -> list[str]:
        """The schemas, in order. ``user`` None: one that is gone."""
        name = user or ""
        for key in ((database, name), ("", name), (database, ""), ("", "")):
            if key in self._settings:
                found = self._settings[key]
                break
        else:
            found = _DEFAULT
        schemas = (name if schema == "$user" else schema for schema in found)
        return [schema for schema in schemas if schema]


def read_search_paths(connection: Connection) -> SearchPaths:
    """One statement."""
    rows = query(connection, _SETTINGS)
    return SearchPaths({(database, user): text for database, user, text in rows})


def _names(text: str) -> tuple[str, ...]:
    return tuple(
        quoted.replace('""', '"') if quoted else plain.lower()
        for quoted, plain in _NAME.findall(text)
    )
