"""Whether a URL of SQLite's leads to a file: SQLite would make the one that it does not find."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from sqlalchemy.engine import URL

from beam_ingest.api.errors import FatalError
from beam_ingest.connectors.sql.sqlite.config import MEMORY
from beam_ingest.connectors.sql.sqlite.connection import check_is_file


def refuse_what_is_no_file(url: URL) -> None:
    """Raises ``FatalError`` where there is no such file, and for a database in memory."""
    path = url.database or MEMORY
    if "uri" in url.query and path.startswith("file:"):
        path = unquote(urlsplit(path).path)
    if path == MEMORY or url.query.get("mode") == "memory":
        raise FatalError(
            "url is of SQLite's ':memory:', an empty database of this process: nothing to read",
            hint="url: sqlite:///path/of/the/file.db",
        )
    check_is_file(
        path, "after sqlite:/// url has the path of the SQLite file, from the current folder"
    )
