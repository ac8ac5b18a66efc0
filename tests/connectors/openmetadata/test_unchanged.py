from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from beam_ingest.api.entities import ColumnLineage, LineageEdge, Table
from beam_ingest.api.errors import FatalError
from beam_ingest.api.outcomes import UNCHANGED, WRITTEN, Outcome
from beam_ingest.api.record import Record
from tests.connectors.openmetadata.support import (
    SCHEMA,
    context_of,
    opened,
    parents,
    table,
    write,
    write_with_waves,
)
from tests.servers.openmetadata import FakeOpenMetadata


def lists(fake: FakeOpenMetadata) -> list[dict[str, str]]:
    return [s.query for s in fake.counted.requests if s.method == "GET" and s.path == "/v1/tables"]


def test_a_second_run_sends_nothing_and_lists_once(fake: FakeOpenMetadata) -> None:
    tables: list[Table] = [
        table("a", f"{SCHEMA}.b"),
        table("b", f"{SCHEMA}.a"),
        *(table(f"t{n}", description=f"number {n}") for n in range(1200)),
    ]
    for run in ("one", "two"):
        with opened(context_of(fake, run_id=run, skipUnchanged="server")) as sink:
            outcomes = write_with_waves(sink, [*parents(), *tables])
            if run == "one":
                assert outcomes == [WRITTEN] * len(outcomes)
                fake.counted.requests.clear()
    assert outcomes == [UNCHANGED] * len(outcomes)
    assert fake.counted.count("PUT") == 0
    assert [query.get("after") is None for query in lists(fake)] == [True, False]  # two pages


def test_lineage_of_unchanged_tables_needs_no_list_of_its_own(fake: FakeOpenMetadata) -> None:
    tables: list[Table] = [table(f"t{n}") for n in range(5)]
    edge = LineageEdge(
        name="e",
        from_fqn=f"{SCHEMA}.t0",
        to_fqn=f"{SCHEMA}.t1",
        columns_lineage=[
            ColumnLineage(from_columns=[f"{SCHEMA}.t0.id"], to_column=f"{SCHEMA}.t1.id")
        ],
    )
    for run in ("one", "two"):
        fake.counted.requests.clear()
        with opened(context_of(fake, run_id=run, skipUnchanged="server")) as sink:
            write_with_waves(sink, [*parents(), *tables, edge])
    assert len(lists(fake)) == 1
    ((_, details),) = fake.store.edges.items()
    assert len(details["columnsLineage"]) == 1


def test_lineage_that_the_server_has_is_not_sent_again(
    fake: FakeOpenMetadata, tmp_path: Path
) -> None:
    edges = [
        LineageEdge(name="e", from_fqn=f"{SCHEMA}.t{n}", to_fqn=f"{SCHEMA}.v") for n in range(3)
    ]
    tables: list[Record] = [*(table(f"t{n}") for n in range(3)), table("v")]

    def run(name: str, *records: Record, commit: bool = True) -> list[Outcome]:
        fake.counted.requests.clear()
        settings: dict[str, Any] = {"skipUnchanged": "server", "workDir": str(tmp_path)}
        with opened(context_of(fake, run_id=name, **settings)) as sink:
            outcomes = write_with_waves(sink, [*parents(), *records])
            sink.commit(None) if commit else sink.abort(None)
        return outcomes[-len(edges) :]

    assert run("one", *tables, *edges, commit=False) == [WRITTEN] * 3
    assert run("two", *tables, *edges) == [WRITTEN] * 3, "an aborted run is not counted on"
    assert run("three", *tables, *edges) == [UNCHANGED] * 3
    assert fake.counted.count("PUT") == 0
    changed = edges[1].model_copy(update={"sql_query": "select 1"})
    assert run("four", *tables, edges[0], changed, edges[2]) == [UNCHANGED, WRITTEN, UNCHANGED]
    fake.store.delete("table", fake.entity("table", f"{SCHEMA}.t0"), hard=True, recursive=True)
    assert run("five", *tables, edges[0], changed, edges[2]) == [WRITTEN, UNCHANGED, UNCHANGED]


def test_where_no_folder_can_keep_notes_lineage_is_sent_again(fake: FakeOpenMetadata) -> None:
    edge = LineageEdge(name="e", from_fqn=f"{SCHEMA}.a", to_fqn=f"{SCHEMA}.b")
    for run in ("one", "two"):
        settings: dict[str, Any] = {"skipUnchanged": "server", "workDir": "gs://bucket/runs"}
        with opened(context_of(fake, run_id=run, **settings)) as sink:
            outcomes = write_with_waves(sink, [*parents(), table("a"), table("b"), edge])
            sink.commit(None)
        assert outcomes[-1] == WRITTEN


def test_only_what_changed_is_sent(fake: FakeOpenMetadata) -> None:
    with opened(context_of(fake, skipUnchanged="server")) as sink:
        write(sink, *parents(), *(table(f"t{n}") for n in range(5)))
    fake.counted.sent.clear()
    changed = table("t3", schema_definition="create table t3 ()")
    with opened(context_of(fake, skipUnchanged="server")) as sink:
        outcomes = write(sink, *(table(f"t{n}") for n in range(3)), changed, table("new"))
    assert outcomes == [UNCHANGED] * 3 + [WRITTEN] * 2
    assert sorted(fake.counted.sent) == [f"{SCHEMA}.new", f"{SCHEMA}.t3"]


def test_a_persons_edit_is_no_change_of_the_source(fake: FakeOpenMetadata) -> None:
    with opened(context_of(fake)) as sink:
        write(sink, *parents(), *(table(f"t{n}") for n in range(5)))
    entity = fake.entity("table", f"{SCHEMA}.t1")
    fake.store.entities["table"][f"{SCHEMA}.t1"] = {**entity, "description": "by hand"}
    with opened(context_of(fake, skipUnchanged="server")) as sink:
        assert write(sink, *(table(f"t{n}") for n in range(5))) == [UNCHANGED] * 5
    assert fake.entity("table", f"{SCHEMA}.t1")["description"] == "by hand"


def test_a_deleted_table_is_sent_again_although_it_did_not_change(fake: FakeOpenMetadata) -> None:
    with opened(context_of(fake)) as sink:
        write(sink, *parents(), table("t"))
    fake.store.delete("table", fake.entity("table", f"{SCHEMA}.t"), hard=False, recursive=True)
    with opened(context_of(fake, skipUnchanged="server")) as sink:
        assert write(sink, table("t")) == [WRITTEN]


def test_many_small_schemas_cost_hardly_more_lists_than_a_few_large_ones() -> None:
    def requests(schemas: int, tables: int) -> int:
        names = [f"s{n}" for n in range(schemas)]
        records = [
            table(f"t{m}", schema=f"shop.db.{name}") for name in names for m in range(tables)
        ]
        with FakeOpenMetadata() as fake:
            for run in ("one", "two"):
                with opened(context_of(fake, run_id=run, skipUnchanged="server")) as sink:
                    write(sink, *parents(*names))
                    for start in range(0, len(records), 500):
                        write(sink, *records[start : start + 500])
            return len(fake.counted.requests)

    few, many = requests(4, 500), requests(400, 5)
    assert many <= 1.5 * few


def test_a_server_that_does_not_let_us_list_stops_the_run(fake: FakeOpenMetadata) -> None:
    fake.faults.add("/v1/tables$", method="GET", status=403, times=None)
    tables = [table(f"t{m}", schema=f"shop.db.s{n}") for n in range(9) for m in range(3)]
    with opened(context_of(fake, skipUnchanged="server")) as sink:
        with pytest.raises(FatalError, match="what the server holds cannot be read"):
            write(sink, *tables)
        assert fake.counted.count("GET", "/tables") == 1


def test_instances_of_one_run_in_a_process_share_what_they_know(fake: FakeOpenMetadata) -> None:
    with opened(context_of(fake)) as earlier:
        write(earlier, *parents())
    fake.counted.requests.clear()
    context = context_of(fake, run_id="one", skipUnchanged="server")
    with opened(context) as first:
        write(first, *parents(), *(table(f"t{n}") for n in range(5)))
        with opened(context) as second:
            assert write(second, table("u", f"{SCHEMA}.t1")) == [WRITTEN]
    with opened(context) as third:  # after the others were closed
        assert write(third, table("v", f"{SCHEMA}.u")) == [WRITTEN]
    assert len(lists(fake)) == 1
    assert fake.counted.count("GET", "/system/version") == 1
