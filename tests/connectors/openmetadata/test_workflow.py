"""Whole runs into the fake server, as a user's workflow file starts them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from beam_ingest.api.errors import FatalError
from beam_ingest.api.report import Report, StepReport
from beam_ingest.http import RetryPolicy
from beam_ingest.workflow import Workflow
from tests.servers.openmetadata import BOT_TOKEN, EXPIRED_TOKEN, FakeOpenMetadata

Run = Callable[..., Report]

TABLES = """
create table customers (id integer primary key, email varchar(320) not null);
create table orders (
    id integer primary key, customer_id integer references customers(id),
    first_order integer references orders(id));
create table a (id integer primary key, b integer references b(id));
create table b (id integer primary key, a integer references a(id));
create view spenders as select c.id, c.email from customers c join orders o
    on o.customer_id = c.id;
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(TABLES)
    return path


@pytest.fixture
def run(tmp_path: Path, fake: FakeOpenMetadata, database: Path) -> Run:
    def run(*, token: str = BOT_TOKEN, url: str | None = None, **beam: Any) -> Report:
        connection = {"type": "SQLite", "databaseMode": str(database)}
        document = {
            "source": {
                "type": "sqlite",
                "serviceName": "shop",
                "serviceConnection": {"config": connection},
                "sourceConfig": {"config": {"type": "DatabaseMetadata"}},
            },
            "sink": {"type": "metadata-rest", "config": {}},
            "workflowConfig": {"openMetadataServerConfig": server(url or fake.url, token)},
            "beam": {"workDir": str(tmp_path / "runs"), **beam},
        }
        return Workflow.from_config(document).run()

    return run


def server(url: str, token: str = BOT_TOKEN) -> dict[str, Any]:
    return {"hostPort": url, "securityConfig": {"jwtToken": token}}


def step(report: Report, kind: str) -> StepReport:
    return next(each for each in report.steps if each.kind == kind)


def names(fake: FakeOpenMetadata) -> list[str]:
    return [name.rpartition(".")[2] for name in fake.names("table")]


def keys(fake: FakeOpenMetadata, table: str) -> list[str]:
    constraints = fake.entity("table", f"shop.default.main.{table}").get("tableConstraints", [])
    columns = [column for each in constraints for column in each.get("referredColumns", [])]
    return sorted(column.removeprefix("shop.default.main.") for column in columns)


def test_a_catalogue_arrives_with_its_cyclic_keys(run: Run, fake: FakeOpenMetadata) -> None:
    report = run()
    assert report.status == "success", report.sentence
    assert names(fake) == ["a", "b", "customers", "orders", "spenders"]
    assert keys(fake, "a") == ["b.id"]
    assert keys(fake, "b") == ["a.id"]
    assert keys(fake, "orders") == ["customers.id", "orders.id"]
    lineage = fake.store.edges["shop.default.main.customers", "shop.default.main.spenders"]
    assert lineage["source"] == "ViewLineage"
    assert {mapping["toColumn"] for mapping in lineage["columnsLineage"]} == {
        "shop.default.main.spenders.id",
        "shop.default.main.spenders.email",
    }


def test_a_second_run_sends_nothing_that_did_not_change(run: Run, fake: FakeOpenMetadata) -> None:
    run()
    fake.counted.requests.clear()
    report = run(skipUnchanged="server")
    assert report.status == "success", report.sentence
    assert fake.counted.count("PUT", "bulk") == 0
    assert step(report, "sink").unchanged >= 5


def test_a_second_run_by_fingerprints_asks_for_nothing(run: Run, fake: FakeOpenMetadata) -> None:
    run(skipUnchanged="local")
    fake.counted.requests.clear()
    report = run(skipUnchanged="local")
    assert report.status == "success", report.sentence
    assert [(seen.method, seen.path) for seen in fake.counted.requests] == [
        ("GET", "/v1/system/version"),
        ("GET", "/v1/services/databaseServices"),
    ]
    assert step(report, "sink").unchanged == step(report, "sink").in_


def test_a_dropped_table_is_soft_deleted_and_an_edit_survives(
    run: Run, fake: FakeOpenMetadata, database: Path
) -> None:
    run()
    edited = fake.entity("table", "shop.default.main.customers")
    fake.store.entities["table"][edited["fullyQualifiedName"]] = {
        **edited, "description": "by hand",
    }  # fmt: skip
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("drop view spenders")
    report = run()
    assert report.status == "success", report.sentence
    assert report.retired.names == 1
    assert fake.names("table", "deleted") == ["shop.default.main.spenders"]
    assert fake.entity("table", "shop.default.main.customers")["description"] == "by hand"


def test_a_wrong_token_ends_the_run_at_once(run: Run, fake: FakeOpenMetadata) -> None:
    report = run(token=EXPIRED_TOKEN)
    assert (report.status, report.exit_code) == ("failed", 3)
    assert report.stopped is not None
    assert "Expired token!" in report.stopped
    assert fake.counted.count("PUT") == 0


def test_a_server_that_dies_ends_the_run_and_the_report_says_what_was_written(
    run: Run, fake: FakeOpenMetadata, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "beam_ingest.http.session.RetryPolicy",
        lambda: RetryPolicy(base=0.01, cap=0.05, budget=0.3),
    )
    one_by_one = {"batchSize": 1, "concurrency": 1}
    with FakeOpenMetadata() as healthy:
        run(url=healthy.url, **one_by_one)
        paths = [request.path for request in healthy.counted.requests]
    bulks = [number for number, path in enumerate(paths) if "/tables/bulk" in path]
    fake.faults.add("", after=bulks[1] + 1, times=None, cut="before")
    report = run(**one_by_one)
    assert (report.status, report.exit_code) == ("failed", 3)
    assert report.stopped is not None
    assert "does not answer any more" in report.stopped
    kinds = ("databaseService", "database", "databaseSchema", "table")
    assert len(fake.names("table")) == 2
    assert sum(each.out for each in report.steps if each.kind == "sink") == sum(
        len(fake.names(kind)) for kind in kinds
    )
    assert all(each.in_ == each.passed + each.filtered + each.failed for each in report.steps)


def test_refused_rows_are_dead_letters_in_the_servers_words(
    run: Run, fake: FakeOpenMetadata
) -> None:
    fake.faults.add("/tables/bulk", rows={1: (400, "not this one")})
    report = run()
    assert (report.status, report.exit_code) == ("failed", 1)
    assert {failure.reason: failure.count for failure in report.failures} == {
        "not this one": 1,
        # two edges lead to the refused view
        "the table shop.default.main.spenders is not on the server": 2,
    }
    assert names(fake) == ["a", "b", "customers", "orders"]


def test_a_server_without_bulk_comes_to_the_same(run: Run, fake: FakeOpenMetadata) -> None:
    run()
    with FakeOpenMetadata("1.10.4") as old:
        report = run(url=old.url)
        assert report.status == "success", report.sentence
        assert names(old) == names(fake)
        for table in names(fake):
            fqn = f"shop.default.main.{table}"
            assert old.entity("table", fqn)["columns"] == fake.entity("table", fqn)["columns"]
            assert keys(old, table) == keys(fake, table)


def test_a_catalogue_is_moved_to_another_server(
    run: Run, fake: FakeOpenMetadata, tmp_path: Path
) -> None:
    run()
    with FakeOpenMetadata() as other:
        document = {
            "source": {
                "type": "metadata",
                "serviceName": "export",
                "serviceConnection": {"config": {"type": "OpenMetadata", **server(fake.url)}},
                "sourceConfig": {"config": {}},
            },
            "sink": {"type": "metadata-rest", "config": {}},
            "workflowConfig": {"openMetadataServerConfig": server(other.url)},
            "beam": {"workDir": str(tmp_path / "moves")},
        }
        report = Workflow.from_config(document).run()
        assert report.status == "success", report.sentence
        assert names(other) == names(fake)
        assert keys(other, "a") == ["b.id"]


def test_staged_files_are_published(fake: FakeOpenMetadata, database: Path, tmp_path: Path) -> None:
    fake.add("databaseService", "shop", serviceType="SQLite")
    fake.add("database", "default", service="shop")
    fake.add("databaseSchema", "main", database="shop.default")
    document = {
        "source": {
            "type": "sqlite",
            "serviceName": "shop",
            "serviceConnection": {"config": {"type": "SQLite", "databaseMode": str(database)}},
            "sourceConfig": {"config": {"type": "DatabaseMetadata"}},
        },
        "stage": {"type": "file", "config": {}},
        "bulkSink": {"type": "metadata-rest", "config": {}},
        "workflowConfig": {"openMetadataServerConfig": server(fake.url)},
        "beam": {"workDir": str(tmp_path / "staged")},
    }
    report = Workflow.from_config(document).run()
    assert report.status == "success", report.sentence
    assert names(fake) == ["a", "b", "customers", "orders", "spenders"]
    assert keys(fake, "orders") == ["customers.id", "orders.id"]
    assert len(fake.store.edges) == 2


def document(tmp_path: Path, fake: FakeOpenMetadata, **more: Any) -> dict[str, Any]:
    return {
        "source": {
            "type": "sqlite",
            "serviceName": "shop",
            "sourceConfig": {"config": {"type": "DatabaseMetadata"}},
        },
        "sink": {"type": "file", "config": {"path": str(tmp_path / "out.jsonl")}},
        "workflowConfig": {"openMetadataServerConfig": server(fake.url)},
        "beam": {"workDir": str(tmp_path / "runs")},
        **more,
    }


def test_a_connection_that_is_not_written_is_the_servers(
    tmp_path: Path, fake: FakeOpenMetadata, database: Path
) -> None:
    config = {"type": "SQLite", "databaseMode": str(database), "keptByANewerServer": 1}
    fake.add("databaseService", "shop", serviceType="SQLite", connection={"config": config})
    workflow = Workflow.from_config(document(tmp_path, fake))
    assert workflow.run().status == "success"
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) >= 8


def test_without_the_service_the_run_cannot_start(tmp_path: Path, fake: FakeOpenMetadata) -> None:
    with pytest.raises(FatalError, match=r"the service shop of .* does not exist"):
        Workflow.from_config(document(tmp_path, fake)).run()
    assert not (tmp_path / "runs").exists()


def test_the_servers_page_of_the_pipeline_shows_the_run(
    tmp_path: Path, fake: FakeOpenMetadata, database: Path
) -> None:
    config = {"type": "SQLite", "databaseMode": str(database)}
    fake.add("databaseService", "shop", serviceType="SQLite", connection={"config": config})
    fake.add("ingestionPipeline", "nightly")
    told = document(tmp_path, fake, ingestionPipelineFQN="nightly")
    report = Workflow.from_config(told).run()
    (status,) = fake.store.pipeline_statuses["nightly"]
    assert (report.status, status["pipelineState"]) == ("success", "success")
    assert status["runId"] == report.run_id


def test_a_server_that_cannot_be_told_does_not_fail_the_run(
    tmp_path: Path, fake: FakeOpenMetadata, database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = {"type": "SQLite", "databaseMode": str(database)}
    fake.add("databaseService", "shop", serviceType="SQLite", connection={"config": config})
    told = document(tmp_path, fake, ingestionPipelineFQN="shop.unknown")
    report = Workflow.from_config(told).run()
    assert report.status == "success"
    assert "could not be told of the run's status" in caplog.text
