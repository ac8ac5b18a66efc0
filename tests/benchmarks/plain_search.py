"""What is measured against each other: the bulk sink, and a script with the client's own helpers.

``python -m tests.benchmarks.plain_search WAY TYPE URL FILE`` fills a new index and swaps the alias.
WAY is ``sink`` (the bulk sink), ``parallel`` or ``streaming`` (the helpers), each with a FILE of
documents as the stage makes them; or ``script``: the entities of FILE, made into documents and
sent with ``parallel_bulk``, as a plain script would.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from opensearchpy import OpenSearch
from opensearchpy.helpers import parallel_bulk, streaming_bulk

from beam_ingest.api.bulk_sink import StagedFile, Tally
from beam_ingest.api.codec import decode
from beam_ingest.api.component import Context
from beam_ingest.api.outcomes import WRITTEN
from beam_ingest.api.registry import Kind, find
from beam_ingest.connectors.search.documents import document_of

COUNT, SIZE, THREADS = 1000, 5_000_000, 4


def main(way: str, type_: str, url: str, path: str) -> None:
    """Fill an index of its own and swap the alias."""
    cls: Any = find(Kind.BULK_SINK, type_)
    config = cls.Config.model_validate({"hostPort": url, "batchSize": COUNT})
    staged = Path(path)
    sink = cls(config, Context(run_id=f"{way}-{staged.name}"))
    file = StagedFile("all", path, 0, lambda: staged.open("rb"))
    sink.open()
    try:
        token = sink.begin()
        if way == "sink":
            taken = sum(outcome == WRITTEN for outcome in sink.publish(file))
        else:
            taken = helped(way, url, token["index"], file)
        sink.verify(token, Tally(taken, 0, [file]))
        sink.commit(token)
    finally:
        sink.close()


def helped(way: str, url: str, index: str, file: StagedFile) -> int:
    """Send all with a helper of the client; how many the server took."""
    client = OpenSearch(url, timeout=60, pool_maxsize=THREADS)
    actions = _actions(index, _entities(file) if way == "script" else map(json.loads, file.lines()))
    limits: dict[str, Any] = {"chunk_size": COUNT, "max_chunk_bytes": SIZE}
    if way == "streaming":
        results = streaming_bulk(client, actions, **limits)
    else:
        results = parallel_bulk(client, actions, thread_count=THREADS, **limits)
    return sum(ok for ok, _ in results)


def _entities(file: StagedFile) -> Iterator[dict[str, Any]]:
    for line in file.lines():
        document = document_of(decode(line))
        if document is not None:
            yield document


def _actions(index: str, documents: Any) -> Iterator[dict[str, Any]]:
    for document in documents:
        id_ = f"{document['entityType']}:{document['fqnHash']}"
        yield {"_index": index, "_id": id_, "_source": document}


if __name__ == "__main__":
    main(*sys.argv[1:])
