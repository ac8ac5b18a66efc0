from pathlib import Path
from typing import Any

import pytest

from beam_ingest.testing import SourceSuite
from tests.connectors.sql.query_log.support import SourceOfThatDay, csv_text, row


class TestQueryLogUsage(SourceSuite):
    component = SourceOfThatDay
    config = {"dialect": "postgres"}

    @pytest.fixture
    def source_config(self, tmp_path: Path) -> dict[str, Any]:
        text = csv_text([row(f"select {number}") for number in range(30)])
        (tmp_path / "log.csv").write_text(text)
        return {"type": "DatabaseUsage", "queryLogFilePath": str(tmp_path)}
