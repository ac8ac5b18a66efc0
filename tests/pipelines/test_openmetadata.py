"""The workflows that write to OpenMetadata, into a fake server."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from beam_ingest import Workflow
from tests.servers.flink import JobServer
from tests.servers.openmetadata import FakeOpenMetadata
from tests.servers.search_server import SearchServer


def query_logs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seven queries of one table, in a log that the workflow of usage is told of."""
    monkeypatch.setenv("QUERY_LOGS", "logs")
    (folder / "logs").mkdir()
    with (folder / "logs" / "queries.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["query_text", "start_time", "database_name", "schema_name", "user_name"])
        for number in range(7):
            query = f"select * from orders where id = {number}"
            rows.writerow([query, "2026-11-20T08:00:00Z", "default", "main", "ann"])


def test_a_database_comes_to_openmetadata_and_what_did_not_change_is_not_sent_again(
    quickstart: Path, fake: FakeOpenMetadata
) -> None:
    report = Workflow.from_config("pipelines/database-to-openmetadata.yaml").run()
    assert report.status == "success"
    tables = fake.store.entities["table"]
    assert "shop.default.main.orders" in tables
    again = Workflow.from_config("pipelines/database-to-openmetadata.yaml").run()
    (sink,) = [step for step in again.steps if step.kind == "sink"]
    assert again.status == "success"
    assert sink.unchanged >= len(tables)


def test_query_logs_become_usage_of_tables(
    quickstart: Path, fake: FakeOpenMetadata, monkeypatch: pytest.MonkeyPatch
) -> None:
    Workflow.from_config("pipelines/database-to-openmetadata.yaml").run().raise_for_status()
    query_logs(quickstart, monkeypatch)
    report = Workflow.from_config("pipelines/query-usage.yaml").run()
    assert report.status == "success"
    assert fake.store.usage == {("shop.default.main.orders", "2026-11-20"): 7}


@pytest.mark.server
@pytest.mark.slow
def test_a_database_and_its_usage_come_to_openmetadata_from_flink(
    quickstart: Path, fake: FakeOpenMetadata, flink: JobServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sets = ["beam.runner=flink", "beam.workers=2", f"beam.options.job_endpoint={flink.endpoint}"]
    database = "pipelines/database-to-openmetadata.yaml"
    report = Workflow.from_config(database, sets=sets).run()
    assert report.status == "success", report.to_json()
    on_flink = fake.store.entities
    query_logs(quickstart, monkeypatch)
    report = Workflow.from_config("pipelines/query-usage.yaml", sets=sets).run()
    assert report.status == "success", report.to_json()
    assert fake.store.usage == {("shop.default.main.orders", "2026-11-20"): 7}
    with FakeOpenMetadata() as other:
        monkeypatch.setenv("OPENMETADATA_URL", other.url)
        Workflow.from_config(database).run().raise_for_status()
        assert other.store.entities["table"].keys() == on_flink["table"].keys()


@pytest.mark.server
@pytest.mark.slow
def test_what_openmetadata_holds_comes_to_a_search_index(
    quickstart: Path,
    fake: FakeOpenMetadata,
    opensearch: SearchServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Workflow.from_config("pipelines/database-to-openmetadata.yaml").run().raise_for_status()
    monkeypatch.setenv("SEARCH_URL", opensearch.url)
    alias = "pipelines_search"
    try:
        report = Workflow.from_config(
            "pipelines/openmetadata-to-search.yaml", sets=[f"bulkSink.config.index={alias}"]
        ).run()
        assert report.status == "success"
        found = {each["fullyQualifiedName"] for each in opensearch.documents(alias)}
        assert found >= {"shop", "shop.default.main", *fake.store.entities["table"]}
    finally:
        opensearch.remove(alias)
