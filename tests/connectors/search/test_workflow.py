"""Whole runs into a real search server, as a user's workflow file starts them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from beam_ingest.api.codec import encode
from beam_ingest.api.record import Record
from beam_ingest.api.report import Report
from beam_ingest.connectors.search.index import index_name
from beam_ingest.workflow import Workflow
from tests.acceptance.command import Project, wait_for
from tests.connectors.search.support import TOO_LONG, table
from tests.servers.flaky_proxy import FlakyProxy
from tests.servers.search_server import SearchServer

pytestmark = [pytest.mark.server, pytest.mark.slow]
ALIAS = "metadata_search"


def tables(count: int) -> list[Record]:
    return [table(f"t{number:05d}") for number in range(count)]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path)


def write_records(folder: Path, records: Sequence[Record]) -> None:
    """As one file of several splits, so that there are several staged files."""
    (folder / "tables.jsonl").write_bytes(b"".join(encode(each) + b"\n" for each in records))


def workflow(server: SearchServer, url: str | None = None, **keys: Any) -> dict[str, Any]:
    source = {"type": "File", "path": "tables.jsonl", "splitSize": 200_000}
    config = {"hostPort": url or server.url, "batchSize": 500, **keys.pop("sink", {})}
    return {
        "source": {
            "type": "file", "serviceName": "shop", "serviceConnection": {"config": source},
        },
        "sink": {"type": server.pom, "config": config},
        **keys,
    }  # fmt: skip


def run(document: dict[str, Any]) -> Report:
    return Workflow.from_config(document).run()


@contextmanager
def polling(server: SearchServer) -> Iterator[set[Any]]:
    """A search client that looks all the time; the counts it has seen, -1: no such index."""
    seen: set[Any] = set()
    ended = threading.Event()

    def look() -> None:
        while True:
            last = ended.is_set()
            try:
                seen.add(server.count(ALIAS))
            except OSError as error:
                seen.add(str(error))
            if last:
                return

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


def test_a_search_client_never_sees_a_missing_or_half_filled_index(
    real: SearchServer, project: Project
) -> None:
    write_records(project.folder, tables(300))
    assert run(workflow(real)).status == "success"
    write_records(project.folder, tables(3_000))
    with polling(real) as seen:
        report = run(workflow(real, beam={"concurrency": 3}))
    assert report.status == "success", report.sentence
    assert report.files is not None
    assert report.files.done > 2
    assert seen == {300, 3_000}
    assert real.count(ALIAS) == 3_000
    assert len(real.indexes(ALIAS)) == 1


def test_one_document_that_breaks_the_mapping_costs_one_document(
    real: SearchServer, project: Project
) -> None:
    write_records(project.folder, tables(3))
    assert run(workflow(real)).exit_code == 0
    records = tables(10_000)
    records[7_000] = table("broken", length=TOO_LONG)
    write_records(project.folder, records)

    report = run(workflow(real))
    assert report.exit_code == 1
    (published,) = [step for step in report.steps if step.kind == "bulk-sink"]
    assert (published.in_, published.out, published.failed) == (10_000, 9_999, 1)
    (failure,) = report.failures
    assert "columns.dataLength" in failure.reason
    (file,) = report.dead_letters.files
    (letter,) = map(json.loads, Path(report.run_dir, file).read_bytes().splitlines())
    assert letter["name"] == "shop.db.sales.broken"
    assert real.count(ALIAS) == 3, "the alias was not swapped"
    assert len(real.indexes(ALIAS)) == 1, "and the new index is gone"

    write_records(project.folder, [*tables(1_999), table("broken", length=TOO_LONG)])
    forgiven = run(workflow(real, workflowConfig={"successThreshold": 99.9}))
    assert (forgiven.status, forgiven.exit_code) == ("partialSuccess", 0)
    assert real.count(ALIAS) == 1_999


def test_a_server_that_is_away_for_a_while_costs_nothing(
    real: SearchServer, project: Project
) -> None:
    write_records(project.folder, tables(2_000))
    with FlakyProxy(real.url) as proxy:
        proxy.away_from, proxy.times = 2, 6
        report = run(workflow(real, proxy.url))
    assert proxy.refused == 6
    assert report.status == "success", report.sentence
    assert real.count(ALIAS) == 2_000


def test_a_server_that_is_gone_stops_the_run_which_goes_on_without_the_source(
    real: SearchServer, project: Project
) -> None:
    write_records(project.folder, tables(2_000))
    with FlakyProxy(real.url) as proxy:
        proxy.away_from = 2
        project.write(workflow(real, proxy.url, sink={"giveUpAfter": 1}))
        ended = project.run("run", "-c", "workflow.yaml")
        assert ended.returncode == 3, ended.stderr
        assert "does not answer any more" in ended.stderr
        assert "Traceback" not in ended.stdout + ended.stderr
        staged = list((project.run_dir / "staged").rglob("*.jsonl"))
        assert sum(len(file.read_bytes().splitlines()) for file in staged) == 2_000
        assert real.count(ALIAS) == -1

        proxy.be_back()
        (project.folder / "tables.jsonl").unlink()  # the source cannot be read any more
        again = project.run("run", "-c", "workflow.yaml", "--resume", "latest")
    assert again.returncode == 0, again.stdout + again.stderr
    assert real.count(ALIAS) == 2_000
    assert len(real.indexes(ALIAS)) == 1


def test_killed_in_mid_publish_and_run_again(real: SearchServer, project: Project) -> None:
    write_records(project.folder, tables(100))
    assert run(workflow(real, beam={"workDir": "before"})).exit_code == 0
    write_records(project.folder, tables(2_000))
    with FlakyProxy(real.url) as proxy:
        proxy.hold_from = 3
        project.write(workflow(real, proxy.url))
        process = project.start("run", "-c", "workflow.yaml")
        wait_for(lambda: proxy.counted >= 3, process)
        process.kill()
        process.communicate()
        assert len(real.indexes(ALIAS)) == 2, "the old one and a half filled one"
        assert real.count(ALIAS) == 100
        proxy.be_back()
        ended = project.run("run", "-c", "workflow.yaml")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert real.count(ALIAS) == 2_000
    ((name, aliases),) = real.indexes(ALIAS).items()
    last = sorted((project.folder / "runs").iterdir())[-1].name
    assert (name, aliases) == (index_name(ALIAS, last), [ALIAS])


def test_a_document_that_was_lost_fails_the_run_and_keeps_the_alias(
    real: SearchServer, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from beam_ingest.connectors.search.index import NewIndex

    verify = NewIndex.verify

    def lose_one(index: Any, tally: Any) -> None:
        path = f"/{index.name}/_delete_by_query?refresh=true"
        real.ask("POST", f"/{index.name}/_refresh")
        real.ask("POST", path, {"query": {"term": {"name.keyword": "t00001"}}})
        verify(index, tally)

    monkeypatch.setattr(NewIndex, "verify", lose_one)
    write_records(project.folder, tables(10))
    report = run(workflow(real))
    assert report.exit_code == 1
    assert "holds 9 documents, and 10 were published" in report.failures[0].reason
    assert real.indexes(ALIAS) == {}
    monkeypatch.undo()
    monkeypatch.chdir(project.folder)
    again = Workflow.from_config(workflow(real)).run(resume="latest")
    assert again.status == "success", again.sentence
    assert real.count(ALIAS) == 10


def test_what_the_catalogue_server_holds_is_indexed(
    real: SearchServer, elasticsearch: SearchServer, project: Project
) -> None:
    from tests.connectors.openmetadata.support import parents
    from tests.servers.openmetadata import BOT_TOKEN, FakeOpenMetadata

    with FakeOpenMetadata() as fake:
        fill = {
            "source": {
                "type": "file", "serviceName": "shop",
                "serviceConnection": {"config": {"type": "File", "path": "tables.jsonl"}},
            },
            "sink": {"type": "metadata-rest", "config": {}},
            "workflowConfig": {
                "openMetadataServerConfig": {
                    "hostPort": fake.url, "securityConfig": {"jwtToken": BOT_TOKEN},
                }
            },
        }  # fmt: skip
        write_records(project.folder, [*parents(), *tables(20)])
        assert run(fill).status == "success"
        reindex = {
            "source": {
                "type": "metadata", "serviceName": "openMetadata",
                "serviceConnection": {"config": {"type": "MetadataES"}},
                "sourceConfig": {"config": {"type": "MetadataToElasticSearch"}},
            },
            "sink": {
                "type": "opensearch",
                "config": {
                    "es_host": "127.0.0.1", "es_port": real.port, "recreate_indexes": True,
                },
            },
            "workflowConfig": fill["workflowConfig"],
        }  # fmt: skip
        assert run(reindex).status == "success"
        # The same through stage and bulk sink, to the other kind of server.
        del reindex["sink"]
        reindex["stage"] = {"type": "search-documents", "config": {}}
        config = {"hostPort": elasticsearch.url}
        reindex["bulkSink"] = {"type": "elasticsearch", "config": config}
        assert run(reindex).status == "success"
    documents = real.documents(ALIAS)
    types = [document["entityType"] for document in documents]
    assert {type_: types.count(type_) for type_ in types} == {
        "databaseService": 1, "database": 1, "databaseSchema": 1, "table": 20,
    }  # fmt: skip
    assert elasticsearch.documents(ALIAS) == documents
    elasticsearch.remove(ALIAS)


def test_the_connection_is_tested(real: SearchServer, project: Project) -> None:
    write_records(project.folder, tables(1))
    project.write(workflow(real))
    told = project.run("test-connection", "-c", "workflow.yaml")
    assert told.returncode == 0, told.stderr
    assert f"{real.url}, OpenSearch 3.8.0" in told.stdout + told.stderr
    wrong = workflow(real)
    wrong["sink"]["type"] = "elasticsearch"
    project.write(wrong)
    told = project.run("test-connection", "-c", "workflow.yaml")
    assert told.returncode == 3
    assert "write type: opensearch" in told.stdout + told.stderr
