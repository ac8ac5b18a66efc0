"""The quickstart in a folder of its own, and a server that the workflows write to."""

from __future__ import annotations

import runpy
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.openmetadata import BOT_TOKEN, FakeOpenMetadata

PIPELINES = Path(__file__).parent.parent.parent / "pipelines"


@pytest.fixture
def quickstart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with ``pipelines/`` in it and the database made by its script."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(PIPELINES, tmp_path / "pipelines")
    (tmp_path / "out").mkdir()
    monkeypatch.setattr(sys, "argv", ["quickstart_db.py", "out/shop.db"])
    runpy.run_path("pipelines/quickstart_db.py", run_name="__main__")
    return tmp_path


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeOpenMetadata]:
    with FakeOpenMetadata() as running:
        monkeypatch.setenv("OPENMETADATA_URL", running.url)
        monkeypatch.setenv("OPENMETADATA_TOKEN", BOT_TOKEN)
        monkeypatch.setenv("SHOP_DB", "out/shop.db")
        yield running
