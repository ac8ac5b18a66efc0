"""The queries of TPC-H and TPC-DS as DuckDB's extensions have them, from their packages on PyPI.

They are never a dependency: a script in an environment of its own prints them. The environment
is made once, under ``.cache/`` of the checkout.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from tests.servers.missing import cannot_be_had

VERSION = "1.5.5"

_ENVIRONMENT = Path(__file__).resolve().parents[2] / ".cache" / f"tpc-queries-{VERSION}"
_PACKAGES = [
    f"duckdb=={VERSION}",
    f"duckdb-extension-tpch=={VERSION}",
    f"duckdb-extension-tpcds=={VERSION}",
]
_SCRIPT = """
import importlib.util, json, pathlib, duckdb
connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
queries = {}
for name in ("tpch", "tpcds"):
    (folder,) = importlib.util.find_spec(f"duckdb_extension_{name}").submodule_search_locations
    (extension,) = pathlib.Path(folder).rglob("*.duckdb_extension")
    connection.execute(f"load '{extension}'")
    rows = connection.execute(f"select query from {name}_queries() order by query_nr").fetchall()
    queries[name] = [query for query, in rows]
print(json.dumps(queries))
"""


@cache
def tpc_queries() -> dict[str, list[str]]:
    """``tpch`` and ``tpcds``: their queries, in order. Skips or fails where there are none."""
    try:
        python = _installed()
        told = subprocess.run(
            [python, "-I", "-c", _SCRIPT], check=True, capture_output=True, text=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        why = (getattr(error, "stderr", "") or str(error)).strip()[-400:]
        cannot_be_had(f"the queries of TPC ({why})", f"pip install {' '.join(_PACKAGES)}")
    queries: dict[str, list[str]] = json.loads(told.stdout)
    return queries


def _installed() -> Path:
    python = _ENVIRONMENT / "bin" / "python"
    if python.exists():
        return python
    making = _ENVIRONMENT.with_name(f"{_ENVIRONMENT.name}.{os.getpid()}")
    shutil.rmtree(making, ignore_errors=True)
    try:
        _run("venv", "--without-pip", str(making))
        _run("pip", "--python", str(making / "bin" / "python"), "install", "--quiet",
             "--disable-pip-version-check", *_PACKAGES)  # fmt: skip
        if not python.exists():  # another process may have been faster
            making.rename(_ENVIRONMENT)  # whole, or not there
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return python


def _run(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", *arguments], check=True, capture_output=True, text=True)
