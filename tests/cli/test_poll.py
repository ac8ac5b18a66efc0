"""``beam.poll``: the command runs the workflow again and again, until a signal."""

from __future__ import annotations

import json
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from time import monotonic, sleep

import pytest

from tests.acceptance.command import Project

pytestmark = pytest.mark.slow


def until(met: Callable[[], bool]) -> None:
    limit = monotonic() + 60
    while not met():
        assert monotonic() < limit
        sleep(0.05)


def test_a_catalogue_stays_current_until_a_signal(tmp_path: Path) -> None:
    database, out = tmp_path / "shop.db", tmp_path / "out.jsonl"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE first (a int)")
    project = Project(tmp_path)
    project.write({
        "source": {
            "type": "sqlite", "serviceName": "s",
            "serviceConnection": {"config": {"type": "SQLite", "databaseMode": str(database)}},
        },
        "sink": {"type": "file", "config": {"path": str(out)}},
        "beam": {"poll": "1s", "workDir": str(tmp_path / "runs")},
    })  # fmt: skip

    def names() -> set[str]:
        lines = out.read_text().splitlines() if out.exists() else []
        return {json.loads(line)["fullyQualifiedName"].rpartition(".")[2] for line in lines}

    with project.start("run", "-c", "workflow.yaml") as process:
        until(lambda: "first" in names())
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("CREATE TABLE second (a int)")
        until(lambda: "second" in names())
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 0, told
    assert told.count("The run succeeded: ") >= 2
