"""Staged on Flink and published into a real search server: the documents of a local run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from beam_ingest.api.codec import encode
from tests.connectors.search.support import table
from tests.engines.same import totals
from tests.flow.workflows import run
from tests.servers.flink import JobServer
from tests.servers.search_server import SearchServer

pytestmark = [pytest.mark.slow, pytest.mark.server]

TABLES = 600
PREFIX = "engines_search"


def test_a_staged_catalogue_is_published_into_opensearch(
    tmp_path: Path, flink: JobServer, opensearch: SearchServer
) -> None:
    lines = [encode(table(f"t{number:05d}")) + b"\n" for number in range(TABLES)]
    (tmp_path / "tables.jsonl").write_bytes(b"".join(lines))
    size = sum(map(len, lines)) // 8
    reports, documents = {}, {}
    try:
        for name, beam in {"local": {}, "flink": flink.beam(workers=4)}.items():
            alias = f"{PREFIX}_{name}"
            config: dict[str, Any] = {
                "source": {
                    "type": "file",
                    "serviceName": "shop",
                    "serviceConnection": {
                        "config": {
                            "type": "File",
                            "path": str(tmp_path / "tables.jsonl"),
                            "splitSize": size,
                        }
                    },
                },
                "stage": {"type": "search-documents"},
                "bulkSink": {
                    "type": "opensearch",
                    "config": {"hostPort": opensearch.url, "index": alias},
                },
                "beam": {"workDir": str(tmp_path / "runs"), **beam},
            }
            reports[name] = run(config)
            documents[name] = opensearch.documents(alias)
            (index,) = opensearch.indexes(alias).items()
            assert index[1] == [alias]
        assert totals(reports["local"]) == totals(reports["flink"])
        assert reports["flink"].splits.done > 4
        assert len(documents["flink"]) == TABLES
        assert documents["local"] == documents["flink"]
    finally:
        opensearch.remove(PREFIX)
