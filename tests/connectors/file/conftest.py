"""Three staged files."""

from __future__ import annotations

from pathlib import Path

import pytest

from beam_ingest import StagedFile
from tests.connectors.file.bulk import LINES, staged, text


@pytest.fixture
def files(tmp_path: Path) -> list[StagedFile]:
    return [staged(tmp_path / "staged", name, text(name, n)) for name, n in LINES.items()]
