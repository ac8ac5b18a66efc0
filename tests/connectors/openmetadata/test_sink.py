from __future__ import annotations

from dataclasses import replace

import pytest

from beam_ingest.api.entities import Column, DatabaseService, StoredProcedure, StoredProcedureCode
from beam_ingest.api.entities.table import Table
from beam_ingest.api.errors import FatalError
from beam_ingest.api.outcomes import UNCHANGED, WRITTEN, Deferred, Rejected
from beam_ingest.connectors.openmetadata.sink import MetadataRestSink
from tests.connectors.openmetadata.support import (
    SCHEMA,
    context_of,
    keys_of,
    opened,
    parents,
    table,
    write,
    write_with_waves,
)
from tests.servers.openmetadata import BOT_TOKEN, EXPIRED_TOKEN, FORBIDDEN_TOKEN, FakeOpenMetadata


def test_parents_and_tables_arrive_in_bulk(fake: FakeOpenMetadata) -> None:
    with opened(context_of(fake)) as sink:
        assert write(sink, *parents("sales", "hr")) == [WRITTEN] * 4
        assert write(sink, *(table(f"t{n}") for n in range(250))) == [WRITTEN] * 250
    assert fake.names("databaseSchema") == ["shop.db.hr", "shop.db.sales"]
    assert len(fake.names("table")) == 250
    assert fake.counted.count("PUT", "/tables/bulk") == 4  # as many as may be in flight
    assert fake.entity("table", f"{SCHEMA}.t7")["sourceHash"] == table("t7").source_hash


def test_a_mixed_batch_is_written_parents_first(fake: FakeOpenMetadata) -> None:
    procedure = StoredProcedure(
        name="p", database_schema=SCHEMA, stored_procedure_code=StoredProcedureCode(code="select 1")
    )
    with opened(context_of(fake)) as sink:
        records = [procedure, table("t"), *reversed(parents())]
        assert write(sink, *records) == [WRITTEN] * 5


def test_a_request_keeps_to_its_size(fake: FakeOpenMetadata) -> None:
    with opened(context_of(fake), maxRequestBytes=10_000) as sink:
        write(sink, *parents(), *(table(f"t{n}", description="x" * 4000) for n in range(5)))
    rows = [seen.rows for seen in fake.counted.requests if "/tables/bulk" in seen.path]
    assert sorted(rows) == [1, 2, 2]


def test_no_more_requests_are_in_flight_than_were_allowed() -> None:
    with FakeOpenMetadata(seconds_per_row=0.001) as fake:
        with opened(context_of(fake, concurrency=3), bulk_sink_batch_size=10) as sink:
            write(sink, *parents())
            write(sink, *(table(f"t{n}") for n in range(200)))
        assert fake.counted.most_in_flight == 3


def test_each_row_has_its_own_outcome_in_the_servers_words(fake: FakeOpenMetadata) -> None:
    unsized = [Column(name="c", data_type="VARCHAR")]
    twice = [Column(name="c", data_type="INT"), Column(name="C", data_type="INT")]
    with opened(context_of(fake)) as sink:
        write(sink, *parents())
        assert write(
            sink,
            table("a"),
            table("b", schema="shop.db.nosuch"),
            table("c", columns=unsized),
            table("d"),
            table("e", columns=twice),
            table("f" * 257),
            table("g::h"),
        ) == [
            WRITTEN,
            Rejected("databaseSchema instance for shop.db.nosuch not found"),
            Rejected(
                "For column data types char, varchar, binary, varbinary dataLength must not be null"
            ),
            WRITTEN,
            Rejected("Column name C is repeated"),
            Rejected("[name size must be between 1 and 256]"),
            Rejected('[name must match "^((?!::).)*$"]'),
        ]


def test_a_value_that_the_server_does_not_know_costs_one_row(fake: FakeOpenMetadata) -> None:
    odd = Table.model_construct(
        name="odd", database_schema=SCHEMA,
        columns=[Column.model_construct(name="c", data_type="NOPE")],  # type: ignore[arg-type]
    )  # fmt: skip
    tables = [table(f"t{n}") for n in range(40)]
    with opened(context_of(fake)) as sink:
        write(sink, *parents())
        before = fake.counted.count("PUT")
        outcomes = write(sink, *tables[:20], odd, *tables[20:])
    assert [n for n, outcome in enumerate(outcomes) if outcome != WRITTEN] == [20]
    assert isinstance(outcomes[20], Rejected)
    assert "problem: NOPE" in outcomes[20].why
    assert fake.counted.count("PUT") - before == 3  # the server told which one it was


def test_a_name_that_comes_twice_is_sent_once_as_it_came_last(fake: FakeOpenMetadata) -> None:
    with opened(context_of(fake)) as sink:
        write(sink, *parents())
        first, last = table("t", description="first"), table("t", description="last")
        assert write(sink, first, last) == [WRITTEN, WRITTEN]
    assert fake.entity("table", f"{SCHEMA}.t")["description"] == "last"
    assert fake.counted.sent[f"{SCHEMA}.t"] == 1


def test_names_with_dots_and_quotes_keep_their_outcomes(fake: FakeOpenMetadata) -> None:
    with opened(context_of(fake)) as sink:
        write(sink, *parents("my.schema"))
        schema = 'shop.db."my.schema"'
        assert (
            write(sink, table("a.b", schema=schema), table('c"d', schema=schema)) == [WRITTEN] * 2
        )
    assert fake.names("table") == [f'{schema}."a.b"', f'{schema}."c""d"']


def test_a_service_that_is_there_keeps_its_connection(fake: FakeOpenMetadata) -> None:
    config = {"type": "Postgres", "password": "kept"}
    fake.add("databaseService", "shop", serviceType="Postgres", connection={"config": config})
    with opened(context_of(fake)) as sink:
        assert write(sink, *parents()) == [UNCHANGED, WRITTEN, WRITTEN]
    stored = fake.entity("databaseService", "shop")
    assert stored["connection"]["config"]["password"] == "kept"


def test_a_service_of_another_type_is_refused(fake: FakeOpenMetadata) -> None:
    fake.add("databaseService", "shop", serviceType="Mysql")
    with opened(context_of(fake)) as sink:
        (outcome,) = write(sink, parents()[0])
    assert outcome == Rejected(
        "the server has a service shop of type Mysql, not Postgres: choose another serviceName"
    )


def test_store_service_connection_false_leaves_it_out(fake: FakeOpenMetadata) -> None:
    with opened(context_of(fake, server={"storeServiceConnection": False})) as sink:
        write(sink, parents()[0])
    assert "connection" not in fake.entity("databaseService", "shop")


def test_extra_headers_are_sent(fake: FakeOpenMetadata) -> None:
    context = context_of(fake, server={"extraHeaders": {"Authorization": "ignored", "X-A": "b"}})
    with opened(context) as sink:
        write(sink, parents()[0])
    put = fake.counted.requests[-1]
    assert (put.headers["x-a"], put.headers["authorization"]) == ("b", f"Bearer {BOT_TOKEN}")


def test_what_people_wrote_is_not_replaced_by_nothing(fake: FakeOpenMetadata) -> None:
    with opened(context_of(fake)) as sink:
        write(sink, *parents(), table("t", description="", tags=[], owners=[]))
        entity = fake.entity("table", f"{SCHEMA}.t")
        assert not {"description", "tags", "owners"} & entity.keys()
        fake.add(
            "table", "t", databaseSchema=SCHEMA, description="by hand", columns=entity["columns"]
        )
        write(sink, table("t", description="from the database"))
    assert fake.entity("table", f"{SCHEMA}.t")["description"] == "by hand"


def test_override_metadata_replaces_it_on_a_server_that_can() -> None:
    with FakeOpenMetadata("2.0.7") as fake, opened(context_of(fake), overrideMetadata=True) as sink:
        write(sink, *parents(), table("t", description="old"))
        write(sink, table("t", description="new"))
        assert fake.entity("table", f"{SCHEMA}.t")["description"] == "new"


def test_an_owner_is_found_by_name_once_and_an_unknown_one_left_out(
    fake: FakeOpenMetadata, caplog: pytest.LogCaptureFixture
) -> None:
    fake.add("user", "ann")
    owners = [{"type": "user", "name": "ann"}, {"type": "user", "name": "bob"}]
    with opened(context_of(fake)) as sink:
        write(sink, *parents(), table("t", owners=owners), table("u", owners=owners))
    ann = fake.entity("user", "ann")["id"]
    assert fake.entity("table", f"{SCHEMA}.u")["owners"] == [{"id": ann, "type": "user"}]
    assert fake.counted.count("GET", "/users/name/") == 2
    assert "bob is not on the server" in caplog.text


def test_a_mapping_that_is_no_entity_is_refused(fake: FakeOpenMetadata) -> None:
    with opened(context_of(fake)) as sink:
        outcomes = write(sink, {"a": 1}, {"entityType": "table", "entity": {"name": 1}})
    assert [type(outcome) for outcome in outcomes] == [Rejected, Rejected]


def test_a_mapping_of_an_entity_is_written_as_that(fake: FakeOpenMetadata) -> None:
    body = {"name": "t", "databaseSchema": SCHEMA, "columns": []}
    with opened(context_of(fake)) as sink:
        write(sink, *parents())
        assert write(sink, {"entityType": "table", "entity": body}) == [WRITTEN]


@pytest.mark.parametrize("token", [EXPIRED_TOKEN, "nonsense"])
def test_a_bad_token_is_told_before_anything_is_read(fake: FakeOpenMetadata, token: str) -> None:
    with (
        opened(context_of(fake, token=token)) as sink,
        pytest.raises(FatalError, match=r"401: .*check the token") as caught,
    ):
        sink.begin()
    assert token not in str(caught.value)


def test_what_is_forbidden_is_told_for_each_row(fake: FakeOpenMetadata) -> None:
    with opened(context_of(fake)) as sink:
        write(sink, *parents())
    with opened(context_of(fake, token=FORBIDDEN_TOKEN)) as sink:
        outcomes = write(sink, table("a"), table("b"))
    assert [type(outcome) for outcome in outcomes] == [Rejected, Rejected]
    assert "operations [Create] not allowed" in str(outcomes[0])


def test_without_a_server_in_the_workflow_it_says_what_to_add(fake: FakeOpenMetadata) -> None:
    context = replace(context_of(fake), server=None)
    with pytest.raises(FatalError, match=r"add workflowConfig\.openMetadataServerConfig"):
        opened(context).__enter__()


def test_another_server_than_openmetadata_is_told_as_such(fake: FakeOpenMetadata) -> None:
    fake.faults.add("version", status=200, body={"version": "n/a"}, times=None)
    with (
        opened(context_of(fake)) as sink,
        pytest.raises(FatalError, match="is no OpenMetadata server"),
    ):
        sink.begin()


def test_the_checks_reach_the_server_and_try_the_token(fake: FakeOpenMetadata) -> None:
    good = MetadataRestSink(MetadataRestSink.Config(), context_of(fake))
    assert [check.run() for check in good.checks()] == [
        f"{fake.url}, OpenMetadata 1.12.6",
        None,
    ]
    bad = MetadataRestSink(MetadataRestSink.Config(), context_of(fake, token=EXPIRED_TOKEN))
    with pytest.raises(FatalError, match="Expired token"):
        list(bad.checks())[1].run()


def test_a_server_without_bulk_gets_one_request_an_entity() -> None:
    with FakeOpenMetadata("1.10.4") as fake, opened(context_of(fake)) as sink:
        records = [*parents(), table("a"), table("b", f"{SCHEMA}.a"), table("c", f"{SCHEMA}.c")]
        assert write_with_waves(sink, records) == [WRITTEN] * 6
        assert fake.counted.count("PUT", "/bulk") == 0
        assert keys_of(fake, "c") == [f"{SCHEMA}.c.id"]


def test_a_bulk_that_is_not_there_after_all_is_found_out_once(fake: FakeOpenMetadata) -> None:
    fake.faults.add("/tables/bulk", status=404, times=None)
    with opened(context_of(fake, concurrency=1)) as sink:
        write(sink, *parents())
        tables = [table(f"t{n}") for n in range(150)]
        assert write(sink, *tables) == [WRITTEN] * 150
        assert write(sink, table("more")) == [WRITTEN]
    assert fake.counted.count("PUT", "/tables/bulk") <= 2
    assert len(fake.names("table")) == 151


def test_an_entity_made_by_another_at_the_same_moment_is_written(fake: FakeOpenMetadata) -> None:
    fake.faults.add("/services/databaseServices$", method="PUT", status=409)
    with opened(context_of(fake)) as sink:
        service = parents()[0]
        assert isinstance(service, DatabaseService)
        fake.faults.add("/name/shop", method="GET", status=404)  # not there when first asked
        fake.add("databaseService", "shop", serviceType="Postgres")
        assert write(sink, service) == [WRITTEN]


def test_a_restored_table_is_no_longer_deleted(fake: FakeOpenMetadata) -> None:
    with opened(context_of(fake)) as sink:
        write(sink, *parents(), table("t"))
        fake.store.delete("table", fake.entity("table", f"{SCHEMA}.t"), hard=False, recursive=True)
        assert write(sink, table("t")) == [WRITTEN]
    assert fake.names("table") == [f"{SCHEMA}.t"]


def test_a_table_put_off_says_for_what(fake: FakeOpenMetadata) -> None:
    with opened(context_of(fake)) as sink:
        write(sink, *parents())
        (outcome,) = write(sink, table("a", f"{SCHEMA}.b"))
    assert outcome == Deferred(f"{SCHEMA}.b, which it refers to, is not there yet")
