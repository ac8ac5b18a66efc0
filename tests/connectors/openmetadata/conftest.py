from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.openmetadata import FakeOpenMetadata


@pytest.fixture
def fake() -> Iterator[FakeOpenMetadata]:
    with FakeOpenMetadata() as running:
        yield running


@pytest.fixture(autouse=True)
def _folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``beam.workDir`` is ``runs`` in the current folder."""
    monkeypatch.chdir(tmp_path)
