"""A sample database, so that a new workflow has something to read."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from importlib.resources import files
from pathlib import Path


def make_sample_database(path: Path) -> None:
    """Write a SQLite database of a small shop: 7 tables, 2 views. Replaces what is there."""
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    script = files("beam_ingest.cli.templates").joinpath("shop.sql").read_text("utf-8")
    with closing(sqlite3.connect(new)) as database:
        database.executescript(script)
    new.replace(path)
