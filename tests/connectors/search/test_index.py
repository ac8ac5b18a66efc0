"""A new index behind the alias, or the one that is there: on the real servers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from beam_ingest.api.bulk_sink import Tally
from beam_ingest.api.errors import FatalError, NotComplete, RetireRefused
from beam_ingest.api.outcomes import Rejected, Retired
from beam_ingest.api.record import Record
from beam_ingest.api.source import Scope
from beam_ingest.api.source_config import DatabaseMetadata
from beam_ingest.connectors.search.index import index_name
from tests.connectors.search.support import (
    SCHEMA,
    TOO_LONG,
    opened,
    staged_file,
    staged_lines,
    table,
)
from tests.servers.flaky_proxy import FlakyProxy
from tests.servers.search_server import SearchServer

pytestmark = pytest.mark.server
ALIAS = "metadata_search"


def kind(server: SearchServer) -> str:
    return server.pom


def filled(
    server: SearchServer, folder: Path, run_id: str, records: Sequence[Record], **config: Any
) -> tuple[Any, Tally]:
    """An index that a run has begun and published to; its token and tally."""
    file = staged_file(folder, staged_lines(records))
    with opened(kind(server), run_id, hostPort=server.url, **config) as sink:
        token = sink.begin()
        outcomes = list(sink.publish(file))
    refused = sum(isinstance(outcome, Rejected) for outcome in outcomes)
    return token, Tally(len(outcomes) - refused, refused, [file])


def run(
    server: SearchServer, folder: Path, run_id: str, records: Sequence[Record], **config: Any
) -> None:
    token, tally = filled(server, folder, run_id, records, **config)
    with opened(kind(server), run_id, hostPort=server.url, **config) as sink:
        sink.verify(token, tally)
        sink.commit(token)


def names(server: SearchServer, index: str = ALIAS) -> list[str]:
    return sorted(document["name"] for document in server.documents(index))


def test_a_run_takes_the_alias_over_and_leaves_no_other_index(
    both: SearchServer, tmp_path: Path
) -> None:
    run(both, tmp_path, "r1", [table("a"), table("b")])
    assert names(both) == ["a", "b"]
    run(both, tmp_path, "r2", [table("c")])
    assert names(both) == ["c"]
    assert both.indexes(ALIAS) == {index_name(ALIAS, "r2"): [ALIAS]}


def test_until_then_the_old_index_serves_and_an_abort_leaves_it(
    both: SearchServer, tmp_path: Path
) -> None:
    run(both, tmp_path, "r1", [table("a")])
    token, _ = filled(both, tmp_path, "r2", [table("b")])
    assert names(both) == ["a"]
    with opened(kind(both), "r2", hostPort=both.url) as sink:
        sink.abort(token)
        sink.abort(token)
    assert both.indexes(ALIAS) == {index_name(ALIAS, "r1"): [ALIAS]}
    with opened(kind(both), "r1", hostPort=both.url) as sink:
        sink.abort({"index": index_name(ALIAS, "r1"), "alias": ALIAS})
    assert names(both) == ["a"], "what serves is never removed"


def test_the_alias_is_swapped_in_one_request(real: SearchServer, tmp_path: Path) -> None:
    run(real, tmp_path, "r1", [table("a")])
    with FlakyProxy(real.url) as proxy:
        token, _ = filled(real, tmp_path, "r2", [table("b")])
        with opened("opensearch", "r2", hostPort=proxy.url) as sink:
            sink.commit(token)
    changes = [seen for seen in proxy.seen if not seen.startswith(("GET", "HEAD"))]
    assert changes == [
        f"PUT /{index_name(ALIAS, 'r2')}/_mapping",
        f"PUT /{index_name(ALIAS, 'r2')}/_settings",
        f"POST /{index_name(ALIAS, 'r2')}/_refresh",
        "POST /_aliases",
        f"DELETE /{index_name(ALIAS, 'r1')}",
    ]


def test_what_a_run_that_died_after_its_swap_has_left_is_removed(
    real: SearchServer, tmp_path: Path
) -> None:
    run(real, tmp_path, "r1", [table("a")])
    token, _ = filled(real, tmp_path, "r2", [table("b")])
    with FlakyProxy(real.url, path="/_stats") as proxy:
        proxy.away_from = 1
        with (
            opened("opensearch", "r2", hostPort=proxy.url, giveUpAfter=0.1) as sink,
            pytest.raises(FatalError),
        ):
            sink.commit(token)
    assert len(real.indexes(ALIAS)) == 2
    with opened("opensearch", "r2", hostPort=real.url) as sink:
        sink.abort(token)
    assert real.indexes(ALIAS) == {index_name(ALIAS, "r2"): [ALIAS]}


def test_somebody_elses_index_loses_the_alias_and_stays(real: SearchServer, tmp_path: Path) -> None:
    real.ask("PUT", f"/{ALIAS}-by-hand", {"aliases": {ALIAS: {}}})
    run(real, tmp_path, "r1", [table("a")])
    assert real.indexes(ALIAS) == {f"{ALIAS}-by-hand": [], index_name(ALIAS, "r1"): [ALIAS]}


def test_an_index_that_has_the_name_of_the_alias_is_told(both: SearchServer) -> None:
    both.ask("PUT", f"/{ALIAS}")
    with (
        opened(kind(both), hostPort=both.url) as sink,
        pytest.raises(FatalError, match=rf"{ALIAS} is an index of .*recreateIndexes: false"),
    ):
        sink.begin()
    assert both.indexes(ALIAS) == {ALIAS: []}


def test_an_index_that_lost_a_document_is_not_swapped_in(
    both: SearchServer, tmp_path: Path
) -> None:
    token, tally = filled(both, tmp_path, "r1", [table("a"), table("b"), table("c")])
    new = token["index"]
    both.ask("POST", f"/{new}/_refresh")
    both.ask("POST", f"/{new}/_delete_by_query?refresh=true", {"query": {"term": {"name": "b"}}})
    with (
        opened(kind(both), hostPort=both.url) as sink,
        pytest.raises(NotComplete, match="holds 2 documents, and 3 were published under 3 names"),
    ):
        sink.verify(token, tally)


def test_an_index_that_was_removed_and_made_anew_is_not_swapped_in(
    real: SearchServer, tmp_path: Path
) -> None:
    token, _ = filled(real, tmp_path, "r1", [table("a")])
    real.ask("DELETE", f"/{token['index']}")
    with opened("opensearch", hostPort=real.url) as sink:
        file = staged_file(tmp_path, staged_lines([table("b")]))
        list(sink.publish(file))  # which makes it, with a mapping that the server guesses
        with pytest.raises(NotComplete, match="not the one that this run has made"):
            sink.verify(token, Tally(1, 0, [file]))


def test_a_name_that_comes_twice_is_one_document(real: SearchServer, tmp_path: Path) -> None:
    records = [table("a", description="old"), table("b"), table("a", description="new")]
    run(real, tmp_path, "r1", records)
    found = {document["name"]: document.get("description") for document in real.documents(ALIAS)}
    assert found == {"a": "new", "b": None}


def test_a_refused_document_is_not_missing(both: SearchServer, tmp_path: Path) -> None:
    file = staged_file(tmp_path, staged_lines([table("a"), table("b", length=TOO_LONG)]))
    with opened(kind(both), hostPort=both.url) as sink:
        token = sink.begin()
        _, rejected = sink.publish(file)
        assert isinstance(rejected, Rejected)
        assert "columns.dataLength" in rejected.why
        assert "out of range" in rejected.why
        sink.verify(token, Tally(1, 1, [file]))


def test_a_served_index_is_refreshed_and_copied_as_the_user_says(
    real: SearchServer, tmp_path: Path
) -> None:
    keys: dict[str, Any] = {
        "replicas": 0,
        "settings": {"index": {"refresh_interval": "7s", "max_result_window": 20_000}},
        "mappings": {"properties": {"domains": {"type": "text"}}},
    }
    token, _ = filled(real, tmp_path, "r1", [table("a")], **keys)
    new = token["index"]

    def settings() -> dict[str, str]:
        held = real.ask("GET", f"/{new}/_settings")[new]["settings"]["index"]
        wanted = ("refresh_interval", "number_of_replicas", "max_result_window")
        return {key: held.get(key) for key in wanted}

    assert list(settings().values()) == ["-1", "0", "20000"]
    with opened("opensearch", "r1", hostPort=real.url, **keys) as sink:
        sink.commit(token)
    assert list(settings().values()) == ["7s", "0", "20000"]
    mappings = real.ask("GET", f"/{new}/_mapping")[new]["mappings"]
    assert mappings["properties"]["domains"] == {"type": "text"}
    assert mappings["properties"]["fqnHash"]["type"] == "keyword"


def test_search_finds_tables_by_name_column_and_schema(both: SearchServer, tmp_path: Path) -> None:
    run(both, tmp_path, "r1", [table("customers", description="people who buy"), table("orders")])
    for query in (
        {"match": {"description": "buy"}},
        {"term": {"fqnParts": "sales.customers"}},
        {"bool": {"must": [{"term": {"columnNames": "id"}}, {"match": {"name": "customers"}}]}},
        {"term": {"name.keyword": "customers"}},
    ):
        found = both.ask("POST", f"/{ALIAS}/_search", {"query": query})["hits"]["hits"]
        assert [hit["_source"]["name"] for hit in found] == ["customers"], query


def test_in_place_a_missing_index_is_made_behind_the_alias(
    both: SearchServer, tmp_path: Path
) -> None:
    run(both, tmp_path, "r1", [table("a")], recreateIndexes=False)
    run(both, tmp_path, "r2", [table("b")], recreateIndexes=False)
    assert both.indexes(ALIAS) == {f"{ALIAS}-1": [ALIAS]}
    assert names(both) == ["a", "b"]
    run(both, tmp_path, "r3", [table("c")])
    assert names(both) == ["c"], "a new index takes over from it"


def test_in_place_an_empty_index_of_that_name_gets_the_mapping(
    real: SearchServer, tmp_path: Path
) -> None:
    real.ask("PUT", f"/{ALIAS}")
    run(real, tmp_path, "r1", [table("a")], recreateIndexes=False)
    assert real.indexes(ALIAS) == {ALIAS: []}
    assert names(real) == ["a"]
    mappings = real.ask("GET", f"/{ALIAS}/_mapping")[ALIAS]["mappings"]
    assert mappings["properties"]["fqnHash"]["type"] == "keyword"


def test_in_place_an_alias_of_two_indexes_is_told(real: SearchServer) -> None:
    for number in (1, 2):
        real.ask("PUT", f"/{ALIAS}-{number}", {"aliases": {ALIAS: {}}})
    with (
        opened("opensearch", hostPort=real.url, recreateIndexes=False) as sink,
        pytest.raises(FatalError, match="alias of several indexes"),
    ):
        sink.begin()


def test_in_place_what_is_gone_is_removed_with_what_was_in_it(
    both: SearchServer, tmp_path: Path
) -> None:
    from beam_ingest.api.entities import DatabaseSchema

    schemas = [DatabaseSchema(name=name, database="shop.db") for name in ("sales", "old")]
    tables = [table("a"), table("b"), table("c", schema="shop.db.old")]
    keys: dict[str, Any] = {"hostPort": both.url, "recreateIndexes": False}
    run(both, tmp_path, "r1", [*schemas, *tables], recreateIndexes=False)
    with opened(kind(both), "r2", **keys) as sink:
        assert sink.retire(Scope(SCHEMA, [f"{SCHEMA}.a"])) == Retired(1)
        assert names(both) == ["a", "c", "old", "sales"]
        scope = Scope("shop.db", ["shop.db.sales"], "databaseSchema")
        assert sink.retire(scope) == Retired(1)
        assert names(both) == ["a", "sales"]
        assert sink.retire(Scope(SCHEMA, failed="no rights")) is None


def test_in_place_the_switches_and_limits_of_retiring_hold(
    real: SearchServer, tmp_path: Path
) -> None:
    run(real, tmp_path, "r1", [table(f"t{n}") for n in range(12)], recreateIndexes=False)
    keys: dict[str, Any] = {"hostPort": real.url, "recreateIndexes": False}
    with opened("opensearch", **keys) as sink, pytest.raises(RetireRefused):
        sink.retire(Scope(SCHEMA, []))
    off = DatabaseMetadata(mark_deleted_tables=False)
    with opened("opensearch", source_config=off, **keys) as sink:
        assert sink.retire(Scope(SCHEMA, [])) is None
    assert len(names(real)) == 12


def test_the_name_of_an_index_is_of_one_run() -> None:
    first = index_name("tables", "20260101T093000Z-4f6d")
    assert first == index_name("tables", "20260101T093000Z-4f6d")
    assert first.startswith("tables-20260101t093000z-4f6d-")
    assert index_name("tables", "a/b") != index_name("tables", "a b")
