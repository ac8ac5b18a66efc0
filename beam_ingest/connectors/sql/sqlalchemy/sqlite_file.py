"""Whether a URL of SQLite's leads to a file: SQLite would make the one that it does not find."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from sqlalchemy.engine import URL

from beam_ingest.api.errors import FatalError

_MEMORY = ":memory:"


def refuse_what_is_no_file(url: URL) -> None:
    """Raises ``FatalError`` where there is no such file, and for a database in memory."""
    path = url.database or _MEMORY
    if "uri" in url.query and path.startswith("file:"):
        path = unquote(urlsplit(path).path)
    if path == _MEMORY or url.query.get("mode") == "memory":
        raise FatalError(
            "url is of SQLite's ':memory:', an empty database of this process: nothing to read",
            hint="url: sqlite:///path/of/the/file.db",
        )
    if not Path(path).is_file():
        kind = "a directory" if Path(path).is_dir() else "no such file"
        raise FatalError(
            f"{path}: {kind}",
            hint="after sqlite:/// url has the path of the SQLite file, from the current folder",
        )
