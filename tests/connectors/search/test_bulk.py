"""``_bulk`` requests against a server that answers what a test scripted."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from beam_ingest.api.errors import FatalError, TransientError
from beam_ingest.api.outcomes import WRITTEN, Rejected, Skipped
from beam_ingest.connectors.search.bulk import BulkSender
from beam_ingest.connectors.search.config import SearchConfig
from beam_ingest.connectors.search.server import Server
from beam_ingest.http import Surroundings
from tests.connectors.search.support import staged_lines, table
from tests.http.scripted import CUT, Answer, ScriptedServer, Seen

REJECTED = {"type": "es_rejected_execution_exception", "reason": "the queue is full"}
BROKEN = {
    "type": "mapper_parsing_exception",
    "reason": "failed to parse field [columns.dataLength]",
    "caused_by": {"type": "x", "reason": "out of range of long"},
}


def items(*results: int | tuple[int, Any]) -> Answer:
    listed = [(each, None) if isinstance(each, int) else each for each in results]
    shown = [
        {"index": {"status": status} | ({"error": error} if error else {})}
        for status, error in listed
    ]
    return Answer(200, json.dumps({"items": shown}).encode())


@contextmanager
def sender(
    *script: Answer, count: int = 1000, size: int = 5_000_000, concurrency: int = 1, **keys: Any
) -> Iterator[tuple[BulkSender, ScriptedServer, list[float]]]:
    waits: list[float] = []
    with ScriptedServer(*script) as scripted:
        config = SearchConfig.model_validate({"hostPort": scripted.url, "compress": False, **keys})
        server = Server(config, concurrency, Surroundings(jitter=lambda: 0.0, wait=waits.append))
        made = BulkSender(server, "tables-1", concurrency, count, size)
        try:
            yield made, scripted, waits
        finally:
            server.close()
            made.close()


def names(seen: Seen) -> list[str]:
    """The names of the documents of a request, in order."""
    lines = [json.loads(line) for line in seen.body.splitlines()]
    return [line["name"] for line in lines if "name" in line]


def lines_of(*tables: str) -> list[bytes]:
    return staged_lines([table(name) for name in tables])


def test_an_action_has_the_id_and_the_source_as_it_was_staged() -> None:
    (line,) = lines_of("a")
    with sender(items(201)) as (bulk, server, _):
        assert bulk.send([line]) == [WRITTEN]
    (seen,) = server.seen
    hash_ = json.loads(line)["fqnHash"]
    assert seen.body == f'{{"index":{{"_id":"table:{hash_}"}}}}\n'.encode() + line + b"\n"
    assert seen.path.startswith("/tables-1/_bulk?filter_path=items.")
    assert seen.headers["Content-Type"] == "application/json"


def test_requests_are_closed_by_count_and_by_size() -> None:
    lines = lines_of(*"abcde")
    with sender(*(items(201, 201), items(201, 201), items(201)), count=2) as (bulk, server, _):
        assert bulk.send(lines) == [WRITTEN] * 5
    assert [names(seen) for seen in server.seen] == [["a", "b"], ["c", "d"], ["e"]]
    size = 2 * len(lines[0]) + 340
    with sender(*(items(201, 201), items(201, 201), items(201)), size=size) as (bulk, server, _):
        assert bulk.send(lines) == [WRITTEN] * 5
    assert max(len(seen.body) for seen in server.seen) <= size


def test_a_request_is_compressed_unless_it_should_not_be() -> None:
    with sender(items(201), compress=True) as (bulk, server, _):
        bulk.send(lines_of("a"))
    (seen,) = server.seen
    assert seen.headers["Content-Encoding"] == "gzip"
    assert b'"name":"a"' in gzip.decompress(seen.body)


def test_a_document_that_breaks_the_mapping_is_rejected_in_the_servers_words() -> None:
    with sender(items(201, (400, BROKEN), 201)) as (bulk, server, _):
        outcomes = bulk.send(lines_of("a", "b", "c"))
    why = (
        "mapper_parsing_exception: failed to parse field [columns.dataLength]: out of range of long"
    )
    assert outcomes == [WRITTEN, Rejected(why), WRITTEN]
    assert len(server.seen) == 1


def test_what_the_server_puts_off_is_sent_again_alone_and_later() -> None:
    script = items(201, (429, REJECTED), (429, REJECTED)), items((429, REJECTED), 201), items(201)
    with sender(*script) as (bulk, server, waits):
        assert bulk.send(lines_of("a", "b", "c")) == [WRITTEN] * 3
    assert [names(seen) for seen in server.seen] == [["a", "b", "c"], ["b", "c"], ["b"]]
    assert [0.25, 0.5] <= waits <= [0.5, 1.0]


def test_what_is_put_off_for_ever_fails_the_file() -> None:
    with sender() as (bulk, server, waits):
        server.always = items((429, REJECTED))
        with pytest.raises(TransientError, match=r"puts off 1 documents.*queue is full"):
            bulk.send(lines_of("a"))
        assert len(server.seen) == 8
        assert 25 < sum(waits) < 60


@pytest.mark.parametrize("status", [429, 503, 502, CUT])
def test_a_request_that_is_put_off_is_sent_again(status: int) -> None:
    with sender(Answer(status), items(201)) as (bulk, server, waits):
        assert bulk.send(lines_of("a")) == [WRITTEN]
    assert len(server.seen) == 2
    assert len(waits) == 1


def test_a_request_that_is_too_large_is_halved() -> None:
    too_large = Answer(413)
    script = too_large, items(201), too_large, items(201), items(201)
    with sender(*script) as (bulk, server, _):
        assert bulk.send(lines_of("a", "b", "c")) == [WRITTEN] * 3
    assert [names(seen) for seen in server.seen] == [
        ["a", "b", "c"], ["a"], ["b", "c"], ["b"], ["c"],
    ]  # fmt: skip


def test_a_document_that_is_too_large_by_itself_is_rejected() -> None:
    with sender(Answer(413), Answer(413), items(201)) as (bulk, _, _):
        first, second = bulk.send(lines_of("a", "b"))
    assert isinstance(first, Rejected)
    assert "too many for the server" in first.why
    assert second == WRITTEN


@pytest.mark.parametrize(
    ("status", "type_"), [(404, "index_not_found_exception"), (403, "security_exception")]
)
def test_without_an_index_or_rights_the_run_stops(status: int, type_: str) -> None:
    error = {"type": type_, "reason": "no such thing"}
    with (
        sender(items((status, error))) as (bulk, _, _),
        pytest.raises(FatalError, match=f"writing to tables-1.*{type_}"),
    ):
        bulk.send(lines_of("a"))


def test_a_request_that_is_refused_as_a_whole_stops_the_run() -> None:
    body = json.dumps({"error": {"type": "x", "reason": "this is no index"}, "status": 400})
    with (
        sender(Answer(400, body.encode())) as (bulk, _, _),
        pytest.raises(FatalError, match="answered 400: this is no index"),
    ):
        bulk.send(lines_of("a", "b"))


def test_an_answer_without_all_items_is_no_success() -> None:
    with (
        sender(items(201)) as (bulk, _, _),
        pytest.raises(TransientError, match="without its items"),
    ):
        bulk.send(lines_of("a", "b"))


def test_lines_that_are_no_entity_are_rejected_and_lineage_is_not_sent() -> None:
    edge = (
        b'{"entityType":"lineage","fullyQualifiedName":"a -> b",'
        b'"entity":{"name":"a","fromFqn":"s.d.x.a","toFqn":"s.d.x.b"}}'
    )
    with sender(items(201)) as (bulk, server, _):
        outcomes = bulk.send([b"nonsense", b'{"a":1}', edge, *lines_of("a")])
    assert [type(outcome) for outcome in outcomes[:2]] == [Rejected, Rejected]
    assert isinstance(outcomes[2], Skipped)
    assert outcomes[3] == WRITTEN
    assert names(server.seen[0]) == ["a"]


def test_of_lines_with_one_name_the_last_is_sent_last() -> None:
    """Requests overtake each other: the second waits until the first was answered."""
    lines = staged_lines([table("a", description=text) for text in ("old", "new")])
    script = items((429, REJECTED)), items(201), items(201)
    with sender(*script, count=1, concurrency=4) as (bulk, server, _):
        assert bulk.send(lines) == [WRITTEN] * 2
    told = [json.loads(seen.body.splitlines()[1])["description"] for seen in server.seen]
    assert told == ["old", "old", "new"]


def test_as_many_requests_are_in_flight_as_were_asked_for() -> None:
    import threading

    gate = threading.Event()
    script = [Answer(200, items(201).body, delay=gate) for _ in range(3)]
    with sender(*script, count=1, concurrency=3) as (bulk, server, _):
        thread = threading.Thread(target=bulk.send, args=(lines_of("a", "b", "c"),))
        thread.start()
        while len(server.seen) < 3:
            gate.wait(0.01)
        gate.set()
        thread.join()
