"""The search path that a session of PostgreSQL begins with, by database and user."""

from __future__ import annotations

from beam_ingest.connectors.sql.postgres.connection import Connection, query
from beam_ingest.connectors.sql.query_log.search_path import DEFAULT, names, of_user

_SETTINGS = """
SELECT /* beam-ingest */ coalesce(d.datname, ''), coalesce(r.rolname, ''), substr(c, 13)
FROM pg_catalog.pg_db_role_setting s
LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
CROSS JOIN unnest(s.setconfig) c
WHERE c LIKE 'search\\_path=%'
"""


class SearchPaths:
    """What ``ALTER ROLE … SET search_path`` and ``ALTER DATABASE`` say.

    As in PostgreSQL the setting of the role in the database goes first, then the role's, then
    the database's. What ``postgresql.conf`` sets is not known here: ``"$user", public`` is taken.
    """

    def __init__(self, settings: dict[tuple[str, str], str]) -> None:
        self._settings = {key: names(text) for key, text in settings.items()}

    def of(self, database: str, user: str | None) -> list[str]:
        """The schemas, in order. ``user`` None: one that is gone."""
        name = user or ""
        for key in ((database, name), ("", name), (database, ""), ("", "")):
            if key in self._settings:
                return of_user(self._settings[key], name)
        return of_user(DEFAULT, name)


def read_search_paths(connection: Connection) -> SearchPaths:
    """One statement."""
    rows = query(connection, _SETTINGS)
    return SearchPaths({(database, user): text for database, user, text in rows})
