"""Checking a workflow starts no engine."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import sys
from beam_ingest.config.load import load
load({
    "source": {"type": "sqlite", "serviceName": "x", "config": {"databaseMode": "x.db"}},
    "sink": {"type": "console"},
})
heavy = {"apache_beam", "sqlalchemy", "sqlglot", "rich", "requests", "numpy", "grpc"}
print(sorted(heavy & set(sys.modules)))
"""


def test_loading_imports_no_beam_and_nothing_else_that_is_slow() -> None:
    run = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
