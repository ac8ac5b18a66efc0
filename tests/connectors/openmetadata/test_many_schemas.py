"""Whole runs over many small schemas: they cost hardly more requests than a few large ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from beam_ingest.api.report import Report
from beam_ingest.workflow import Workflow
from tests.servers.openmetadata import BOT_TOKEN, FakeOpenMetadata


def requests_of(tmp_path: Path, tables: int, schemas: int) -> dict[str, int]:
    """How many requests a first run takes, and one in which nothing has changed."""
    taken: dict[str, int] = {}
    with FakeOpenMetadata() as fake:
        for name in ("first", "second"):
            report = run(fake, tmp_path / f"{schemas}", tables, schemas)
            assert report.status == "success", report.sentence
            taken[name] = len(fake.counted.requests)
            fake.counted.requests.clear()
        assert len(fake.names("table")) == tables
        assert {fake.counted.sent[name] for name in fake.names("table")} == {1}
    return taken


def run(fake: FakeOpenMetadata, folder: Path, tables: int, schemas: int) -> Report:
    server = {"hostPort": fake.url, "securityConfig": {"jwtToken": BOT_TOKEN}}
    return Workflow.from_config(
        {
            "source": {
                "type": "tests.connectors.openmetadata.catalogue_source.Catalogue",
                "serviceName": "shop",
                "config": {"tables": tables, "schemas": schemas},
            },
            "sink": {"type": "metadata-rest", "config": {}},
            "workflowConfig": {"openMetadataServerConfig": server},
            "beam": {"workDir": str(folder), "skipUnchanged": "server"},
        }
    ).run()


@pytest.mark.slow
@pytest.mark.parametrize(("tables", "many", "few"), [(4_000, 800, 4)])
def test_many_small_schemas_take_hardly_more_requests(
    tmp_path: Path, tables: int, many: int, few: int
) -> None:
    small, large = requests_of(tmp_path, tables, many), requests_of(tmp_path, tables, few)
    for name in ("first", "second"):
        assert small[name] <= 1.5 * large[name], (small, large)
