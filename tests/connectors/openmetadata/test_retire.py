from __future__ import annotations

import time
from pathlib import Path

import pytest

from beam_ingest.api.entities import StoredProcedure, StoredProcedureCode
from beam_ingest.api.errors import FatalError, IngestError, RetireRefused
from beam_ingest.api.outcomes import Retired
from beam_ingest.api.source import Scope
from beam_ingest.api.source_config import DatabaseMetadata
from beam_ingest.connectors.openmetadata.clock import begun
from tests.connectors.openmetadata.support import (
    SCHEMA,
    context_of,
    opened,
    parents,
    table,
    write,
)
from tests.servers.openmetadata import FORBIDDEN_TOKEN, FakeOpenMetadata


def fill(fake: FakeOpenMetadata, count: int) -> list[str]:
    with opened(context_of(fake, run_id="earlier")) as sink:
        write(sink, *parents(), *(table(f"t{n:03}") for n in range(count)))
    return fake.names("table")


@pytest.mark.parametrize("version", ["1.12.6", "2.0.7"])
@pytest.mark.parametrize("gone", [2, 40])
def test_what_the_scope_lost_is_soft_deleted(version: str, gone: int) -> None:
    with FakeOpenMetadata(version) as fake:
        names = fill(fake, 300)
        with opened(context_of(fake)) as sink:
            assert sink.retire(Scope(SCHEMA, names[gone:])) == Retired(gone)
        assert fake.names("table") == names[gone:]
        assert fake.names("table", "deleted") == names[:gone]
        by_one_request = version == "2.0.7" and gone == 40
        assert fake.counted.count("DELETE", "/deleteStale") == by_one_request
        assert fake.counted.count("DELETE") == (1 if by_one_request else gone)


def test_other_schemas_are_left_alone(fake: FakeOpenMetadata) -> None:
    with opened(context_of(fake, run_id="earlier")) as sink:
        write(sink, *parents("sales", "sales2"), table("t"), table("t", schema="shop.db.sales2"))
    with opened(context_of(fake)) as sink:
        assert sink.retire(Scope(SCHEMA, ())) == Retired(1)
    assert fake.names("table") == ["shop.db.sales2.t"]


def test_a_failed_listing_deletes_nothing(fake: FakeOpenMetadata) -> None:
    names = fill(fake, 3)
    with opened(context_of(fake)) as sink:
        assert sink.retire(Scope(SCHEMA, (), failed="permission denied")) is None
    assert fake.names("table") == names
    assert fake.counted.count("DELETE") == 0


def test_too_large_a_share_is_refused(fake: FakeOpenMetadata) -> None:
    names = fill(fake, 30)
    with (
        opened(context_of(fake)) as sink,
        pytest.raises(RetireRefused, match="11 of 30 names would be retired"),
    ):
        sink.retire(Scope(SCHEMA, names[11:]))
    assert fake.names("table") == names


def test_mark_deleted_tables_false_is_kept_to(fake: FakeOpenMetadata) -> None:
    names = fill(fake, 3)
    config = DatabaseMetadata(mark_deleted_tables=False)
    with opened(context_of(fake, source_config=config)) as sink:
        assert sink.retire(Scope(SCHEMA, ())) is None
    assert fake.names("table") == names


def test_what_the_run_itself_wrote_is_not_gone(fake: FakeOpenMetadata) -> None:
    # A processor may rename: the listing then calls the table otherwise.
    context = context_of(fake, run_id="now")
    with opened(context) as sink:
        write(sink, *parents(), table("renamed"))
        assert sink.retire(Scope(SCHEMA, [f"{SCHEMA}.as_it_was"])) == Retired(0)


@pytest.mark.parametrize("skip", ["server", "local"])
def test_what_the_run_found_unchanged_is_not_gone(
    fake: FakeOpenMetadata, tmp_path: Path, skip: str
) -> None:
    for run_id in ("one", "two"):
        context = context_of(fake, run_id=run_id, skipUnchanged=skip, workDir=str(tmp_path))
        with opened(context) as sink:
            write(sink, *parents(), table("renamed"))
            assert sink.retire(Scope(SCHEMA, [f"{SCHEMA}.as_it_was"])) == Retired(0)
            sink.commit(None)


def test_schemas_are_retired_with_what_is_inside(fake: FakeOpenMetadata) -> None:
    with opened(context_of(fake, run_id="earlier")) as sink:
        write(sink, *parents("a", "b"), table("t", schema="shop.db.a"))
    config = DatabaseMetadata(mark_deleted_schemas=True)
    with opened(context_of(fake, source_config=config)) as sink:
        scope = Scope("shop.db", ["shop.db.b"], "databaseSchema")
        assert sink.retire(scope) == Retired(1)
    assert fake.names("databaseSchema") == ["shop.db.b"]
    assert fake.names("table") == []


def test_a_schema_the_server_does_not_know_has_nothing_to_retire(fake: FakeOpenMetadata) -> None:
    with opened(context_of(fake)) as sink:
        assert sink.retire(Scope("shop.db.unknown", ["shop.db.unknown.t"])) == Retired(0)


def test_a_list_that_breaks_off_deletes_nothing(fake: FakeOpenMetadata) -> None:
    names = fill(fake, 3)
    fake.faults.add("/v1/tables$", method="GET", status=200, body={"data": None}, times=None)
    with (
        opened(context_of(fake)) as sink,
        pytest.raises(IngestError, match="answered with no list"),
    ):
        sink.retire(Scope(SCHEMA, names[:1]))
    assert fake.names("table") == names


def test_what_the_server_refuses_to_delete_is_told(fake: FakeOpenMetadata) -> None:
    names = fill(fake, 3)
    with (
        opened(context_of(fake, token=FORBIDDEN_TOKEN)) as sink,
        pytest.raises(IngestError, match=r"operations \[EditAll\] not allowed"),
    ):
        sink.retire(Scope(SCHEMA, names[1:]))


def test_a_server_that_refuses_to_list_ends_the_run(fake: FakeOpenMetadata) -> None:
    fake.faults.add("/v1/tables$", method="GET", status=403)
    with opened(context_of(fake)) as sink, pytest.raises(FatalError, match="allowed to view"):
        sink.retire(Scope(SCHEMA, ()))


def test_small_schemas_are_listed_together(fake: FakeOpenMetadata) -> None:
    schemas = [f"s{n}" for n in range(60)]
    with opened(context_of(fake, run_id="earlier")) as sink:
        write(sink, *parents(*schemas), *(table("t", schema=f"shop.db.{s}") for s in schemas))
    fake.counted.requests.clear()
    with opened(context_of(fake)) as sink:
        for name in schemas:
            assert sink.retire(Scope(f"shop.db.{name}", [f"shop.db.{name}.t"])) == Retired(0)
    assert len(fake.counted.requests) <= 10


def test_what_cannot_be_listed_by_database_is_listed_at_large(fake: FakeOpenMetadata) -> None:
    schemas = [f"s{n}" for n in range(60)]
    code = StoredProcedureCode(code="select 1")
    procedures = [
        StoredProcedure(name="p", database_schema=f"shop.db.{s}", stored_procedure_code=code)
        for s in schemas
    ]
    with opened(context_of(fake, run_id="earlier")) as sink:
        write(sink, *parents(*schemas), *procedures)
    fake.counted.requests.clear()
    with opened(context_of(fake)) as sink:
        for name in schemas:
            names = [] if name == "s7" else [f"shop.db.{name}.p"]
            retired = sink.retire(Scope(f"shop.db.{name}", names, "storedProcedure"))
            assert retired == Retired(name == "s7")
    assert len(fake.counted.requests) <= 12
    assert len(fake.names("storedProcedure")) == 59


@pytest.mark.parametrize("skip", ["off", "server", "local"])
@pytest.mark.parametrize(("version", "gone"), [("1.12.6", 2), ("1.12.6", 40), ("2.0.7", 40)])
def test_what_another_run_has_written_meanwhile_is_not_gone(
    version: str, gone: int, skip: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with FakeOpenMetadata(version) as fake:
        names = fill(fake, 300)
        context = context_of(fake, run_id="slow", skipUnchanged=skip, workDir=str(tmp_path))
        with opened(context) as slow:
            write(slow, *parents(), table("t299"))
            with opened(context_of(fake, run_id="quick")) as quick:
                write(quick, table("fresh"), table("t000", schema_definition="made anew"))
            assert slow.retire(Scope(SCHEMA, names[gone:])) == Retired(gone - 1)
        assert fake.names("table") == [f"{SCHEMA}.fresh", names[0], *names[gone:]]
    assert f"{SCHEMA}: 2 that are not in this run's listing were written since" in caplog.text


def test_what_was_written_meanwhile_is_told_by_the_servers_clock(tmp_path: Path) -> None:
    # The server's clock is an hour behind ours.
    with FakeOpenMetadata(clock=lambda: time.time() - 3600) as fake:
        names = fill(fake, 2)
        fake.store.entities["table"][names[0]]["updatedAt"] -= 60_000
        with opened(context_of(fake, run_id="slow")) as slow:
            slow.begin()
            with opened(context_of(fake, run_id="quick")) as quick:
                write(quick, table("fresh"))
            assert slow.retire(Scope(SCHEMA, names[1:])) == Retired(1)
        assert fake.names("table") == [f"{SCHEMA}.fresh", names[1]]


@pytest.mark.parametrize(
    ("run_id", "expected"),
    [
        ("20261126T052957Z-d5ea", 1795670998.0),
        ("one", 1795671000.0),
        ("29990101T000000Z-a", 1795671000.0),
    ],
)
def test_a_process_that_comes_late_into_a_run_knows_when_it_began(
    run_id: str, expected: float
) -> None:
    assert begun(run_id, lambda: 1795671000.0) == expected
