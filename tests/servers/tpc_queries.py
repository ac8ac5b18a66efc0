"""The queries of TPC-H and TPC-DS as DuckDB's extensions have them, from their packages on PyPI.

They are never a dependency: a script in an environment of its own prints them. The environment
is made once, under ``.cache/`` of the checkout.
"""

from __future__ import annotations

import json
import subprocess
from functools import cache

from tests.servers.environment import python_with
from tests.servers.missing import cannot_be_had

VERSION = "1.5.5"

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
        python = python_with(f"tpc-queries-{VERSION}", _PACKAGES)
        told = subprocess.run(
            [python, "-I", "-c", _SCRIPT], check=True, capture_output=True, text=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        why = (getattr(error, "stderr", "") or str(error)).strip()[-400:]
        cannot_be_had(f"the queries of TPC ({why})", f"pip install {' '.join(_PACKAGES)}")
    queries: dict[str, list[str]] = json.loads(told.stdout)
    return queries
