"""The search benchmark: 100,000 tables into a real Elasticsearch and a real OpenSearch.

The bulk sink beside ``opensearch-py``'s own helpers on the same documents; a whole run, which
stages all before it publishes, beside a script with these, which does not. All the while a search
client looks at the alias. Then a run is killed in the middle of publishing, and run again.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from beam_ingest.api.codec import encode
from beam_ingest.connectors.search.documents import document_of
from beam_ingest.testing.records import sample_tables
from tests.benchmarks.measure import ROOT, Usage, measure, pairs
from tests.servers.elasticsearch import elasticsearch_server
from tests.servers.opensearch import opensearch_server
from tests.servers.search_server import SearchServer

DOCUMENTS = 100_000
ALIAS = "metadata_search"
HEAP = 1_000
"""MB of a server."""


def main(folder: Path, times: int, documents: int = DOCUMENTS) -> bool:
    """Print the ratios; whether all are within their limits."""
    _write(folder, documents)
    ok = True
    for servers in (elasticsearch_server(HEAP), opensearch_server(HEAP)):
        for server in servers:
            ok &= _of(server, folder, times, documents)
    return ok


def _of(server: SearchServer, folder: Path, times: int, documents: int) -> bool:
    # What is garbage counts for its breaker, and the helpers give up at its first 429.
    settings = {"persistent": {"indices.breaker.total.limit": "100%"}}
    server.ask("PUT", "/_cluster/settings", settings)
    (folder / "workflow.yaml").write_text(yaml.safe_dump(_workflow(server)))
    whole = [str(Path(sys.executable).with_name("beam-ingest")), "run", "-c", "workflow.yaml"]
    measure(whole, folder)  # also warms the server up
    ok = True
    with _polling(server) as seen:
        for helper in ("parallel", "streaming"):
            ours, theirs = (_command(way, server, "documents.jsonl") for way in ("sink", helper))
            ok &= _compare(
                f"{server.name}: publishing, beside {helper}_bulk",
                pairs(theirs, ours, folder, times), documents, 1.0,
            )  # fmt: skip
        script = _command("script", server, "tables.jsonl")
        ok &= _compare(
            f"{server.name}: a whole run, beside a script with parallel_bulk",
            pairs(script, whole, folder, times), documents, 1.1,
        )  # fmt: skip
        ok &= _killed(server, folder, whole, documents)
    clean = seen == {documents}
    print(f"  a search client has seen {sorted(map(str, seen))} documents (limit {documents})")
    return ok and clean


def _compare(name: str, measured: tuple[Usage, Usage, float], documents: int, limit: float) -> bool:
    theirs, ours, ratio = measured
    print(
        f"{name}: theirs {documents / theirs.wall:,.0f} documents/s ({theirs.wall:.1f} s, CPU "
        f"{theirs.cpu:.1f} s, {theirs.peak:.0f} MB), ours {documents / ours.wall:,.0f} "
        f"({ours.wall:.1f} s, CPU {ours.cpu:.1f} s, {ours.peak:.0f} MB); wall ratio {ratio:.2f} "
        f"(limit {limit:g})",
        flush=True,
    )
    return ratio <= limit


def _killed(server: SearchServer, folder: Path, whole: list[str], documents: int) -> bool:
    process = subprocess.Popen(
        whole, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    sent = 0
    while sent < documents // 4 and process.poll() is None:
        time.sleep(0.05)
        new = [name for name, aliases in server.indexes(ALIAS).items() if not aliases]
        for name in new:
            stats = server.ask("GET", f"/{name}/_stats/indexing")["_all"]["primaries"]
            sent = stats["indexing"]["index_total"]
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    half = server.indexes(ALIAS)
    measure(whole, folder)
    left, count = server.indexes(ALIAS), server.count(ALIAS)
    print(
        f"{server.name}: killed with {sent:,} documents sent ({len(half)} indexes), and run again: "
        f"{count:,} documents, {len(left)} index (limits {documents:,} and 1)",
        flush=True,
    )
    return sent < documents and len(half) == 2 and len(left) == 1 and count == documents


@contextmanager
def _polling(server: SearchServer) -> Iterator[set[object]]:
    seen: set[object] = set()
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(0.02):
            try:
                seen.add(server.count(ALIAS))
            except OSError as error:
                seen.add(str(error))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


def _write(folder: Path, documents: int) -> None:
    with (
        (folder / "tables.jsonl").open("wb", 1 << 20) as tables,
        (folder / "documents.jsonl").open("wb", 1 << 20) as made,
    ):
        for table in sample_tables(documents):
            document = document_of(table)
            assert document is not None
            tables.write(encode(table) + b"\n")
            made.write(encode(document) + b"\n")


def _command(way: str, server: SearchServer, file: str) -> list[str]:
    module = "tests.benchmarks.plain_search"
    return [sys.executable, "-m", module, way, server.pom, server.url, file]


def _workflow(server: SearchServer) -> dict[str, object]:
    source = {"type": "File", "path": "tables.jsonl"}
    return {
        "source": {
            "type": "file", "serviceName": "shop", "serviceConnection": {"config": source},
        },
        "sink": {"type": server.pom, "config": {"hostPort": server.url}},
    }  # fmt: skip
